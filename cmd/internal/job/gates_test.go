package job

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

var tonight = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// defaults are the limits of a configuration that says nothing about gates.
func defaults() config.Gates {
	return config.Gates{
		PeopleRejected: config.Limit{Count: 1, Percent: 1}, PeopleLost: config.Limit{Count: 5, Percent: 2},
		EmployedLost: config.Limit{Count: 5, Percent: 1}, PeopleGained: config.Limit{Count: 20, Percent: 10},
		NewLeavers: config.Limit{Count: 20, Percent: 2}, SourceLost: config.Limit{Count: 10, Percent: 20},
		MatchedDrop: 2, MailDrop: 5, MaxAge: 36 * time.Hour,
	}
}

// night is a gate check after a last accepted run one day ago.
func night(change func(*Before)) *gate {
	last := &Before{AsOf: tonight.AddDate(0, 0, -1), Population: reconcilePopulation(1000, 200), Sources: map[string]reports.Source{
		"hr":  {Name: "hr", Used: 1200, WithMail: 1200},
		"crm": {Name: "crm", Used: 900, Accounts: reports.AccountTotals{Read: 900, Enabled: 800, Owned: 790}},
	}}
	if change != nil {
		change(last)
	}
	return &gate{gates: defaults(), last: last, asOf: tonight, now: tonight}
}

func reconcilePopulation(employed, ended int64) reports.Population {
	return reports.Population{Employed: employed, Ended: ended}
}

func hr(used, mails int64) scanned {
	return scanned{Source: reports.Source{Name: "hr", People: true, Used: used, WithMail: mails,
		Coverage: scanners.Coverage{Verdict: scanners.Consistent, Read: used, ProducedAt: scanners.Known(tonight.Add(-time.Hour))}}}
}

func tripped(err error) string {
	var g *GateError
	if errors.As(err, &g) {
		return g.Gate
	}
	return ""
}

func TestPeopleGates(t *testing.T) {
	aged := func(by time.Duration) scanned {
		s := hr(1200, 1200)
		s.Coverage.ProducedAt = scanners.Known(tonight.Add(-by))
		return s
	}
	rejecting := func(n int64) scanned {
		s := hr(1200-n, 1200-n)
		s.Coverage.Read, s.Coverage.Rejected = 1200, n
		return s
	}
	for _, c := range []struct {
		name string
		gate *gate
		file scanned
		want string
	}{
		{"the same as last night", night(nil), hr(1200, 1200), ""},
		{"at the limit of lost rows", night(nil), hr(1176, 1176), ""},
		{"beyond the limit of lost rows", night(nil), hr(1175, 1175), "people_lost"},
		{"few rows lost of a small company", night(func(b *Before) { b.Sources["hr"] = reports.Source{Used: 20, WithMail: 20} }), hr(15, 15), ""},
		{"many rows gained", night(nil), hr(1400, 1400), "people_gained"},
		{"a mail column that emptied", night(nil), hr(1200, 1100), "mail_drop"},
		{"a file of yesterday", night(nil), aged(36 * time.Hour), ""},
		{"a file of the day before", night(nil), aged(37 * time.Hour), "max_age"},
		{"a file from the future", night(nil), aged(-time.Hour), "max_age"},
		{"one row in a hundred rejected", night(nil), rejecting(12), ""},
		{"more rejected", night(nil), rejecting(13), "people_rejected"},
		{"the first run has nothing to compare with", &gate{gates: defaults(), asOf: tonight, now: tonight}, hr(3, 0), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := tripped(c.gate.peopleFiles([]scanned{c.file})); got != c.want {
				t.Errorf("gate %q, want %q", got, c.want)
			}
		})
	}
}

func TestRosterGates(t *testing.T) {
	for _, c := range []struct {
		name            string
		days            int
		employed, ended int64
		want            string
	}{
		{"a normal night", 1, 995, 205, ""},
		{"one percent", 1, 990, 210, ""},
		{"more than one percent", 1, 989, 210, "employed_lost"},
		{"three nights missed allow three percent", 3, 970, 230, ""},
		{"a month allows five percent and no more", 30, 949, 200, "employed_lost"},
		{"everybody ends at once", 1, 1000, 221, "new_leavers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := night(func(b *Before) { b.AsOf = tonight.AddDate(0, 0, -c.days) })
			if got := tripped(g.roster(reconcile.Population{Employed: c.employed, Ended: c.ended})); got != c.want {
				t.Errorf("gate %q, want %q", got, c.want)
			}
		})
	}
}

func TestMatchedDrop(t *testing.T) {
	crm := func(owned int64) []scanned {
		return []scanned{{Source: reports.Source{Name: "crm", Accounts: reports.AccountTotals{Read: 900, Enabled: 800, Owned: owned}}}}
	}
	if err := night(nil).joins(crm(780)); err != nil {
		t.Errorf("a drop of 1.25 points: %v", err)
	}
	err := night(nil).joins(crm(700))
	if tripped(err) != "matched_drop" {
		t.Errorf("zeros lost in the export went through: %v", err)
	}
	if !strings.Contains(err.Error(), "gate: matched_drop, source: crm, until: 2026-11-24") {
		t.Errorf("the hint is not the line to paste:\n%v", err)
	}
}

func TestSourceLostMakesTheSourcePartial(t *testing.T) {
	shrunk := func(used int64) *scanned {
		return &scanned{Source: reports.Source{Name: "crm", Used: used, Coverage: scanners.Coverage{Verdict: scanners.Proved, Why: "agrees"}}}
	}
	g := night(nil)
	few := shrunk(100)
	g.sourceLost(few)
	if few.Coverage.Verdict != scanners.Partial || len(few.Coverage.Gaps) != 1 {
		t.Errorf("800 accounts gone overnight: %s, %d gaps", few.Coverage.Verdict, len(few.Coverage.Gaps))
	}
	many := shrunk(850)
	g.sourceLost(many)
	if many.Coverage.Verdict != scanners.Proved {
		t.Errorf("50 accounts gone: %s", many.Coverage.Verdict)
	}
}

func TestOverrideOpensOneGateForAWhile(t *testing.T) {
	open := config.Override{Gate: "people_lost", Source: "hr", Until: tonight.Add(time.Hour), Owner: "it", Reason: "sold"}
	g := night(nil)
	g.gates.Overrides = []config.Override{open}
	if err := g.peopleFiles([]scanned{hr(100, 100)}); err != nil {
		t.Errorf("the override does not open the gate: %v", err)
	}
	if len(g.opened) != 1 || g.opened[0].Owner != "it" {
		t.Errorf("the override is not noted for the report: %+v", g.opened)
	}
	g = night(nil)
	open.Until = tonight.Add(-time.Second)
	g.gates.Overrides = []config.Override{open}
	if tripped(g.peopleFiles([]scanned{hr(100, 100)})) != "people_lost" {
		t.Error("an override that is over still opens the gate")
	}
}

func TestPeopleSourcesHaveToBeComplete(t *testing.T) {
	for _, verdict := range []scanners.CoverageVerdict{scanners.Blind, scanners.Partial} {
		s := hr(1200, 1200)
		s.Coverage.Verdict, s.Coverage.Why = verdict, "cut off"
		err := peopleCoverage([]scanned{hr(10, 10), s})
		if tripped(err) != "people" || !strings.Contains(err.Error(), "cut off") || !strings.Contains(err.Error(), "hint:") {
			t.Errorf("%s: %v", verdict, err)
		}
	}
	if err := peopleCoverage([]scanned{hr(10, 10)}); err != nil {
		t.Error(err)
	}
}
