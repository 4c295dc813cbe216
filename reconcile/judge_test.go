package reconcile_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// TestAheadDecidesNothing: the verdicts are those of an engine that never looked ahead, also where keys lead nowhere, are more
// than it looks at, or there is nobody at all.
func TestAheadDecidesNothing(t *testing.T) {
	many := make([]string, 300)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	accounts := []scanners.Account{
		login(), login(keys("00100")), login(keys("nobody"), mails("")), login(keys(), mails("P100@corp.example", "not an address")),
		login(keys(many...)), login(keys(), mails()), login(kind(scanners.KindService), sponsored("100")),
	}
	for name, w := range map[string]world{
		"one person": newWorld(human("100", tenure("2020-01-01", "2026-01-31"))), "nobody": newWorld(),
		"a person without addresses": newWorld(scanners.Person{System: "hr", ID: "100"}),
	} {
		t.Run(name, func(t *testing.T) {
			before, engine := w.engine(accounts...), w.engine(accounts...)
			var all []*scanners.Account
			for i := range accounts {
				all = append(all, &accounts[i])
			}
			n := 0
			err := engine.JudgeAll(all, func(o *reconcile.Outcome) error {
				a := all[n]
				n++
				if diff := cmp.Diff(before.Judge(a), o.Verdict()); diff != "" {
					t.Errorf("account with the keys %v and %v:\n%s", a.EmployeeIDs, a.Mails, diff)
				}
				return nil
			})
			if n != len(all) || err != nil {
				t.Errorf("%d of %d judged, %v", n, len(all), err)
			}
		})
	}
}

func unsigned(a *scanners.Account) { a.Signals = nil }

// TestNotQuiet judges accounts of somebody employed, without any sign of use, of which nevertheless something is found: what is wrong
// must not be overlooked because the rest looks as it should.
func TestNotQuiet(t *testing.T) {
	two := newWorld(human("100", hired), human("200", left), human("300", hired))
	shared := newWorld(human("100", hired), human("200", left))
	shared.people[0].Mails = []string{"both@corp.example"}
	shared.people[1].Mails = shared.people[0].Mails
	doubled := newWorld(human("100", hired), human("100", hired))
	doubled.people[1].GivenName, doubled.people[1].FamilyName = "Somebody", "Else"
	unread := newWorld(human("100", hired))
	unread.rejected = []scanners.Rejection{{Place: "line 9", ID: "300", Reason: "not a date"}}
	linked := newWorld(human("100", hired), human("200", left))
	linked.settings.Links = []reconcile.Link{{Source: "crm", Account: "a1", Person: "hr/200", By: "anna", Second: "bert", At: noon.Add(-daySpan), Place: "links:1"}}
	for _, c := range []struct {
		name    string
		world   world
		account scanners.Account
		want    reconcile.Kind
	}{
		{"nothing wrong", two, login(unsigned, mails("p100@corp.example")), none},
		{"nothing wrong by the address", two, login(unsigned, keys(), mails("P100@corp.example")), none},
		{"the address of another", two, login(unsigned, mails("p200@corp.example")), reconcile.Disputed},
		{"the address of a colleague", two, login(unsigned, mails("p300@corp.example")), reconcile.Disputed},
		{"the id of another", two, login(unsigned, keys("100", "200")), reconcile.Disputed},
		{"an address of two", shared, login(unsigned, keys(), mails("both@corp.example")), reconcile.Disputed},
		{"rows that contradict each other", doubled, login(unsigned), reconcile.Disputed},
		{"the id of a row that could not be read", unread, login(unsigned, keys("300"), mails("p100@corp.example")), reconcile.Disputed},
		{"a link to another", linked, login(unsigned), reconcile.LeaverActive},
		{"a sponsor who left", two, login(unsigned, kind(scanners.KindService), sponsored("200")), reconcile.OwnerLeft},
		{"somebody who left", two, login(unsigned, keys("200")), reconcile.LeaverActive},
		{"nobody", two, login(unsigned, keys("900")), reconcile.Orphan},
		{"disabled", two, login(unsigned, disabled, keys("200")), none},
		{"used after it was disabled", two, login(used(noon, 0), disabledAt(noon.Add(-9*daySpan))), reconcile.Contradiction},
	} {
		t.Run(c.name, func(t *testing.T) { wantKind(t, c.world, c.account, c.want) })
	}
}

// TestQuietFindsNothing: of what looks quiet, an explanation, which takes every step, finds nothing either.
func TestQuietFindsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, list := drawWorld(t)
		w.settings.Thresholds.Dormant, w.settings.Thresholds.NeverUsed = 0, 0
		if rapid.Bool().Draw(t, "all rows readable") {
			w.rejected = nil
		}
		for i := range list {
			if rapid.Bool().Draw(t, "usual") {
				list[i].Kind, list[i].Enabled = "", scanners.Known(true)
			}
		}
		e := w.engine(list...)
		for i := range list {
			if v, x := e.Judge(&list[i]), e.Explain(&list[i]); full(v) != full(x.Verdict) {
				t.Fatalf("%s: judged %s\nexplained %s", list[i].ID, full(v), full(x.Verdict))
			}
		}
	})
}
