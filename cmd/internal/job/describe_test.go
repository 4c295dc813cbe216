package job

import (
	"fmt"
	"testing"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
)

func TestPeopleDataOnTheCoverageSheet(t *testing.T) {
	sources := []reports.Source{{Name: "hr", People: true}, {Name: "crm"}}
	issues := []reconcile.Issue{{Source: "hr", Place: "line 7", Text: "id stands for different people"}, {Source: "gone", Text: "nobody asks"}}
	tellPeople(sources, issues)
	if gaps := sources[0].Coverage.Gaps; len(gaps) != 1 || gaps[0].What != "people data" || gaps[0].Cause != "id stands for different people (line 7)" {
		t.Errorf("gaps %+v", gaps)
	}
	if gaps := sources[1].Coverage.Gaps; gaps != nil {
		t.Errorf("an account source got %+v", gaps)
	}
	for n := range 2 * maxOddities {
		issues = append(issues, reconcile.Issue{Source: "hr", Text: fmt.Sprint("oddity ", n)})
	}
	sources[0].Coverage.Gaps = nil
	tellPeople(sources, issues)
	if gaps := sources[0].Coverage.Gaps; len(gaps) != maxOddities+1 || gaps[maxOddities].Cause != "further oddities of this kind; `leaver check` lists all" {
		t.Errorf("%d gaps, want the first %d and a word about the rest: %+v", len(gaps), maxOddities, gaps[len(gaps)-1])
	}
}
