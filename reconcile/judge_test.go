package reconcile_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

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
