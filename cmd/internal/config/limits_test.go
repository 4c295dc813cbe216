package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/policies"
)

func TestLimitsAsWritten(t *testing.T) {
	off := policies.Limit{Off: true}
	defaults := policies.Limits{ActionsPerSource: policies.Limit{Count: 10, Percent: 1}, ActionsTotal: policies.Limit{Count: 50},
		ActionsPerDepartment: policies.Limit{Count: 5, Percent: 20}, ActionsPrivileged: policies.Limit{Count: 5, Percent: 5},
		FindingsPerSource: policies.Limit{Count: 20, Percent: 5}, ExclusionsNew: policies.Limit{Count: 20, Percent: 10}}
	changed := defaults
	changed.ActionsTotal, changed.ActionsPrivileged, changed.ActionsPerSource = off, policies.Limit{Count: 2, Percent: 5}, policies.Limit{}
	for name, c := range map[string]struct {
		written limits
		want    policies.Limits
		wrong   bool
	}{
		"nothing":          {limits{}, defaults, false},
		"some":             {limits{ActionsTotal: &bound{Off: true}, ActionsPrivileged: &bound{Limit: Limit{2, 5}}, ActionsPerSource: &bound{}}, changed, false},
		"no bound left":    {limits{ActionsTotal: &bound{Off: true}, ActionsPerSource: &bound{Off: true}}, policies.Limits{}, true},
		"none that guards": {limits{ActionsTotal: &bound{Limit: Limit{50, 100}}, ActionsPerSource: &bound{Off: true}}, policies.Limits{}, true},
		"negative count":   {limits{ActionsTotal: &bound{Limit: Limit{Count: -1}}}, policies.Limits{}, true},
		"off with numbers": {limits{ActionsPrivileged: &bound{Limit: Limit{Count: 1}, Off: true}}, policies.Limits{}, true},
	} {
		f := &file{}
		got := f.limits(c.written)
		if (len(f.mistakes) > 0) != c.wrong {
			t.Errorf("%s: %v", name, f.mistakes)
		}
		if diff := cmp.Diff(c.want, got); diff != "" && !c.wrong {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}
