package job

import (
	"testing"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// TestContacts: a reference leads to one person or to nobody, and of one human with two records to the one who is here.
func TestContacts(t *testing.T) {
	asOf := time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)
	b := reconcile.NewRoster(reconcile.Settings{AsOf: asOf, Zone: time.UTC, Zones: map[string]*time.Location{"hr": time.UTC, "contractors": time.UTC}}, reconcile.History{})
	add := func(system, id string, ended bool, mails ...string) {
		e := scanners.Employment{Start: scanners.Known(scanners.Date{Year: 2020, Month: 1, Day: 1}), End: scanners.Never[scanners.Date](), LastDayInclusive: true}
		if ended {
			e.End = scanners.Known(scanners.Date{Year: 2026, Month: 10, Day: 31})
		}
		b.Add(scanners.Person{System: system, ID: id, GivenName: "G" + system + id, FamilyName: "F", Mails: mails, Employments: []scanners.Employment{e}})
	}
	add("hr", "1", false, "maria@example.com", "shared@example.com")
	add("hr", "2", false, "shared@example.com")
	add("hr", "3", true, "gone@example.com")
	add("contractors", "1", false, "other@example.com")
	find := contact([]policies.Rule{{}, {HandOver: []string{"manager"}}}, b.Build())
	for ref, want := range map[string]string{"hr/1": "hr/1", "contractors/1": "contractors/1", "1": "", "2": "hr/2", " HR/2": "hr/2", "Maria@Example.com": "hr/1", "shared@example.com": "",
		"3": "hr/3", "9": "", "nobody@example.com": ""} {
		got := ""
		if p := find(ref); p != nil {
			got = p.Ref()
		}
		if got != want {
			t.Errorf("%q leads to %q, want %q", ref, got, want)
		}
	}
	if contact([]policies.Rule{{}}, nil) != nil {
		t.Error("rules that tell nobody ask for people")
	}
	same := &contacts{known: map[string]*reconcile.Person{}}
	gone := &reconcile.Person{System: "hr", ID: "7", State: reconcile.Ended, Also: []string{"contractors/8"}}
	here := &reconcile.Person{System: "contractors", ID: "8", State: reconcile.Employed, Also: []string{"hr/7"}}
	for _, order := range [][]*reconcile.Person{{gone, here}, {here, gone}} {
		clear(same.known)
		for _, p := range order {
			same.name("one@example.com", p)
		}
		if got := same.known["one@example.com"]; got != here {
			t.Errorf("one human leads to %+v", got)
		}
	}
}

// TestPastOfStages: a finding is shown its own clocks, and those of other findings of the same account apart.
func TestPastOfStages(t *testing.T) {
	v := &reconcile.Verdict{Account: &scanners.Account{System: "crm", ID: "A-1"}, Kind: reconcile.LeaverActive}
	before := *v
	before.Kind = reconcile.RuleMatch
	own, other := policies.Clock{Finding: v.ID(), System: "crm", Account: "A-1", Rule: "r", Stage: "lock"}, policies.Clock{Finding: before.ID(), System: "crm", Account: "A-1", Rule: "r", Stage: "lock"}
	p := &past{clocks: map[runstore.AccountKey][]policies.Clock{{Source: "crm", Account: "A-1"}: {own, other}, {Source: "crm", Account: "A-2"}: {{Finding: "x"}}}}
	got := p.of(v)
	if len(got.Clocks) != 1 || got.Clocks[0] != own || len(got.Elsewhere) != 1 || got.Elsewhere[0] != other {
		t.Errorf("%+v", got)
	}
}
