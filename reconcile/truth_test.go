package reconcile_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/fixtures/company"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// companySettings are the parameters that the invented company is told in, as its leaver.yaml has them.
func companySettings(c *company.Company, n int) reconcile.Settings {
	s := reconcile.Settings{
		AsOf: c.AsOf(n), Zone: zone(company.Zone), Keys: []string{reconcile.KeyAnchor, reconcile.KeyEmployeeID, reconcile.KeyMail}, PeopleComplete: true,
		Contractors: map[string]bool{company.Contractors: true}, MailDomains: map[string]string{company.FormerDomain: company.Domain},
		LoginRules: []reconcile.LoginRule{
			{Source: company.CRM, Of: company.CRM, Match: regexp.MustCompile(`(?is)^(?:adm-(.+))$`), To: "$1", Place: "rule 1"},
			{Source: company.Wiki, Of: company.CRM, Match: regexp.MustCompile(`(?is)^(?:admin\.(.+))$`), To: "$1", Place: "rule 2"},
		},
		Thresholds: reconcile.Thresholds{
			Profile: "custom", Dormant: company.Dormant, NeverUsed: company.NeverUsed, Tolerance: company.Tolerance,
			Early: company.Early, RecentUse: 30 * daySpan, FailedLogins: company.FailedSignIn,
		},
	}
	for l := range c.Links() {
		s.Links = append(s.Links, companyLink(l, s.Zone))
	}
	return s
}

// companyLink is an entry of the company's link table as the configuration reads it.
func companyLink(l company.Link, zone *time.Location) reconcile.Link {
	entry := reconcile.Link{Source: l.System, Account: l.Account, Kind: l.Kind, By: company.LinkedBy, Second: company.LinkSecond,
		Reason: "looked at", At: l.At.Midnight(zone), Place: "link of " + l.Account}
	form, person := l.Form()
	*map[string]*string{"person": &entry.Person, "owner": &entry.Owner, "not": &entry.Not}[form] = person
	if !l.Until.IsZero() {
		entry.Until = l.Until.AddDays(1).Midnight(zone)
	}
	return entry
}

// companyNight is what an engine knows on one night of the company.
func companyNight(c *company.Company, n int, history reconcile.History) *reconcile.Roster {
	return companyRoster(c, n, companySettings(c, n), history)
}

func companyRoster(c *company.Company, n int, settings reconcile.Settings, history reconcile.History) *reconcile.Roster {
	b := reconcile.NewRoster(settings, history)
	for _, roster := range company.Rosters() {
		for p := range c.People(roster, n) {
			b.Add(p)
		}
		for r := range c.Rejected(roster, n) {
			b.Reserve(roster, r)
		}
	}
	return b.Build()
}

// companyEngine has surveyed and resolved the accounts of night n.
func companyEngine(c *company.Company, n int, roster *reconcile.Roster) *reconcile.Engine {
	return surveyed(c, n, companySettings(c, n), roster)
}

func surveyed(c *company.Company, n int, settings reconcile.Settings, roster *reconcile.Roster) *reconcile.Engine {
	e := reconcile.NewEngine(settings, roster)
	eachAccount(c, n, e.Survey)
	if e.NeedsResolve() {
		eachAccount(c, n, e.Resolve)
	}
	return e
}

func eachAccount(c *company.Company, n int, f func(*scanners.Account)) {
	for a := range c.AllAccounts(n) {
		f(&a)
	}
}

// accountKey names an account over all systems.
type accountKey struct{ system, id string }

// TestTruth compares every verdict of every night with what the company's event log says about the account.
func TestTruth(t *testing.T) {
	cases := []struct {
		name    string
		options company.Options
	}{
		{"100,000 accounts", company.Options{Seed: 1, Accounts: 100_000, Now: instant("2026-03-10T02:00:00Z"), Nights: 4, AllCases: true}},
		{"another seed, in autumn", company.Options{Seed: 20261025, Accounts: 4000, Now: instant("2026-10-27T01:00:00Z"), Nights: 6, AllCases: true}},
		{"few cases among many people", company.Options{Seed: 7, Accounts: 2000, People: 900, Now: instant("2028-03-01T03:30:00Z"), Nights: 4, AllCases: true}},
		{"the smallest company", company.Options{Seed: 42, Now: instant("2026-04-01T00:30:00Z"), Nights: 8, AllCases: true}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && c.options.Accounts > 0 {
				t.Skip("-short: only the smallest company")
			}
			right := playNights(t, company.New(c.options))
			if c.options.Accounts == 100_000 {
				right.enough(t)
			}
		})
	}
}

// tally counts the accounts of one night whose verdicts are the truth, by kind, by flag and by case.
type tally struct{ kinds, flags, cases map[string]int }

// playNights runs night after night with the history of the nights before and counts what was right on the last night.
func playNights(t *testing.T, c *company.Company) tally {
	t.Helper()
	var history reconcile.History
	var right tally
	for n := range c.Nights() {
		settings := companySettings(c, n)
		roster := companyRoster(c, n, settings, history)
		right = compareNight(t, c, n, surveyed(c, n, settings, roster))
		history = reconcile.History{People: slices.Collect(roster.Remember(c.AsOf(n), nil))}
	}
	return right
}

// compareNight compares account by account and reports at most one difference per case.
func compareNight(t *testing.T, c *company.Company, n int, e *reconcile.Engine) tally {
	t.Helper()
	truths := map[accountKey]company.Truth{}
	for truth := range c.Truth(n) {
		truths[accountKey{truth.System, truth.AccountID}] = truth
	}
	right, told := tally{map[string]int{}, map[string]int{}, map[string]int{}}, map[string]bool{}
	eachAccount(c, n, func(a *scanners.Account) {
		key := accountKey{a.System, a.ID}
		truth, exists := truths[key]
		if !exists {
			t.Errorf("night %d: %v exists, the truth does not know it", n, key)
			return
		}
		delete(truths, key)
		v := e.Judge(a)
		if diff := differs(v, truth); diff == "" {
			right.count(truth)
		} else if !told[truth.Case] {
			told[truth.Case] = true
			t.Errorf("night %d, case %q, %s/%s: %s (why: %s)", n, truth.Case, a.System, a.ID, diff, v.Why)
		}
	})
	for key := range truths {
		t.Errorf("night %d: %v was not read", n, key)
	}
	return right
}

func (c tally) count(truth company.Truth) {
	c.kinds[truth.Kind]++
	c.cases[truth.Case]++
	for _, flag := range truth.Flags {
		c.flags[flag]++
	}
}

// enough fails unless every special situation, every kind and every flag occurred, and not just once.
func (c tally) enough(t *testing.T) {
	t.Helper()
	for _, s := range company.Situations() {
		n := 0
		for _, name := range s.Cases {
			n += c.cases[name]
		}
		t.Logf("%6d %s (at least %d)", n, s.Name, s.Least)
		if n < s.Least || n == 0 && s.Elsewhere == "" {
			t.Errorf("%q: %d accounts, want at least %d", s.Name, n, s.Least)
		}
	}
	for _, k := range reconcile.Kinds() {
		if n := c.kinds[string(k)]; k != reconcile.RuleMatch && n < 60 {
			t.Errorf("%d accounts of kind %q, want at least 60", n, k)
		}
	}
	// No source of the company is fed by another, and nobody verifies removals: leaver-remediate will.
	for _, flag := range (^reconcile.Flags(0) &^ (reconcile.Synced | reconcile.Regressed)).List() {
		if c.flags[flag] < 60 {
			t.Errorf("%d accounts with flag %q, want at least 60", c.flags[flag], flag)
		}
	}
	t.Logf("kinds: %v", c.kinds)
	t.Logf("flags: %v", c.flags)
}

// differs says in which respects the verdict is not the truth.
func differs(v reconcile.Verdict, truth company.Truth) string {
	var diffs []string
	compare := func(what, got, want string) {
		if got != want {
			diffs = append(diffs, fmt.Sprintf("%s %q, the truth is %q", what, got, want))
		}
	}
	names := v.Flags.List()
	slices.Sort(names)
	person := ""
	if v.Person != nil {
		person = v.Person.Ref()
	}
	compare("kind", string(v.Kind), truth.Kind)
	compare("flags", strings.Join(names, " "), strings.Join(truth.Flags, " "))
	compare("person", person, truth.Person)
	compare("situation", string(v.Situation), truth.Situation)
	return strings.Join(diffs, "; ")
}
