package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// TestCopies: an account is not idle while its copy, or its original, is used; and a copy of which nothing is known takes nothing
// from what the original proves.
func TestCopies(t *testing.T) {
	days := func(n int) scanners.Fact[time.Time] { return scanners.Known(noon.Add(-time.Duration(n) * daySpan)) }
	never, unknown := scanners.Never[time.Time](), scanners.Unknown[time.Time]("not readable")
	account := func(system, id, original string, use scanners.Fact[time.Time]) scanners.Account {
		return scanners.Account{System: system, ID: id, AuthorityID: original, Logins: []string{id}, EmployeeIDs: []string{"100"}, Enabled: scanners.Known(true),
			Created: days(400), Signals: []scanners.Signal{{Name: "use", At: use}}}
	}
	for name, test := range map[string]struct {
		accounts []scanners.Account // the first is judged
		kind     reconcile.Kind
		why      string
	}{
		"idle, the copy is used":             {[]scanners.Account{account("ad", "G1", "", days(200)), account("entra", "e1", "g1", days(3))}, reconcile.KindNone, ""},
		"never used, the copy is used":       {[]scanners.Account{account("ad", "G1", "", never), account("entra", "e1", "G1", days(3))}, reconcile.KindNone, ""},
		"an idle copy, the original is used": {[]scanners.Account{account("entra", "e1", "G1", days(200)), account("ad", "G1", "", days(3))}, reconcile.KindNone, ""},
		"idle, another copy is used":         {[]scanners.Account{account("entra", "e1", "G1", days(200)), account("okta", "o1", "G1", days(3))}, reconcile.KindNone, ""},
		"all idle, the copy less":            {[]scanners.Account{account("ad", "G1", "", days(300)), account("entra", "e1", "G1", days(120))}, reconcile.Dormant, "used through e1 of entra"},
		"all idle, the copy more":            {[]scanners.Account{account("ad", "G1", "", days(120)), account("entra", "e1", "G1", days(300))}, reconcile.Dormant, "last used on"},
		"never used, the copy long ago":      {[]scanners.Account{account("ad", "G1", "", never), account("entra", "e1", "G1", days(300))}, reconcile.Dormant, "used through e1 of entra"},
		"never used, the copy before it": {[]scanners.Account{{System: "ad", ID: "G1", EmployeeIDs: []string{"100"}, Enabled: scanners.Known(true), Created: days(60), Signals: []scanners.Signal{{Name: "use", At: never}}},
			account("entra", "e1", "G1", days(70))}, reconcile.NeverUsed, "never used"},
		"none was ever used":              {[]scanners.Account{account("ad", "G1", "", never), account("entra", "e1", "G1", never)}, reconcile.NeverUsed, "never used"},
		"nothing is known of the copy":    {[]scanners.Account{account("ad", "G1", "", days(200)), account("entra", "e1", "G1", unknown)}, reconcile.Dormant, "last used on"},
		"nothing is known of the account": {[]scanners.Account{account("ad", "G1", "", unknown), account("entra", "e1", "G1", days(200))}, reconcile.KindNone, ""},
		"the copy of another one":         {[]scanners.Account{account("ad", "G1", "", days(200)), account("entra", "e1", "G2", days(3))}, reconcile.Dormant, "last used on"},
		"the id within the copy's system": {[]scanners.Account{account("entra", "G1", "", days(200)), account("entra", "e1", "G1", days(3))}, reconcile.Dormant, "last used on"},
		"a use that may have been later": {[]scanners.Account{account("ad", "G1", "", days(200)), {System: "entra", ID: "e1", AuthorityID: "G1", Enabled: scanners.Known(true),
			Signals: []scanners.Signal{{Name: "coarse", At: days(100), Precision: 20 * daySpan}}}}, reconcile.KindNone, ""},
	} {
		t.Run(name, func(t *testing.T) {
			settings := reconcile.Settings{AsOf: noon, Zone: time.UTC, Keys: []string{reconcile.KeyEmployeeID}, PeopleComplete: true,
				Thresholds: reconcile.Thresholds{Dormant: 90 * daySpan, NeverUsed: 45 * daySpan}}
			for _, order := range [][]int{{0, 1}, {1, 0}} {
				r := reconcile.NewRoster(settings, reconcile.History{})
				r.Add(scanners.Person{System: "hr", ID: "100", Employments: []scanners.Employment{tenureAs("2019-05-01", "", "")}})
				e := reconcile.NewEngine(settings, r.Build())
				for _, i := range order {
					e.Survey(&test.accounts[i])
				}
				if e.NeedsResolve() {
					for _, i := range order {
						e.Resolve(&test.accounts[i])
					}
				}
				v := e.Judge(&test.accounts[0])
				if v.Kind != test.kind || !strings.Contains(v.Why, test.why) {
					t.Errorf("%q: %s; want %q, %s", v.Kind, v.Why, test.kind, test.why)
				}
			}
		})
	}
}
