package policies_test

import (
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

func TestExclusionMatches(t *testing.T) {
	type x = policies.Exclusion
	slashed := leaver(func(v *reconcile.Verdict) { v.Account.Logins = []string{`CORP\svc-print`, "host/print.corp.example"} })
	bracket := leaver(func(v *reconcile.Verdict) { v.Account.Logins = []string{"svc[1]"} })
	employee := leaver(func(v *reconcile.Verdict) { v.Person.Also = []string{"ext/X1"} })
	cases := []struct {
		name string
		x    policies.Exclusion
		v    *reconcile.Verdict
		want bool
	}{
		{"source", x{Source: "crm"}, leaver(), true},
		{"another source", x{Source: "erp"}, leaver(), false},
		{"part of the source's name", x{Source: "cr"}, leaver(), false},
		{"account by id", x{Account: "A1"}, leaver(), true},
		{"account by id in other case", x{Account: "a1"}, leaver(), true},
		{"account by login", x{Account: "anna"}, leaver(), true},
		{"account by its second login", x{Account: "Anna.Alba"}, leaver(), true},
		{"part of a login", x{Account: "ann"}, leaver(), false},
		{"another account", x{Account: "A2"}, leaver(), false},
		{"account of another source", x{Account: "A1", Source: "erp"}, leaver(), false},
		{"person", x{Person: "100"}, leaver(), true},
		{"person with source", x{Person: "hr/100"}, leaver(), true},
		{"another person", x{Person: "1000"}, leaver(), false},
		{"the person in another source", x{Person: "ext/X1"}, employee, true},
		{"the person in another source, by id", x{Person: "x1"}, employee, true},
		{"the id in the wrong source", x{Person: "hr/X1"}, employee, false},
		{"person of an orphan", x{Person: "100"}, orphan(), false},
		{"group by name", x{Group: "sales"}, leaver(), true},
		{"group by id", x{Group: "G-1"}, leaver(), true},
		{"another group", x{Group: "sale"}, leaver(), false},
		{"pattern", x{Pattern: "an*"}, leaver(), true},
		{"pattern in other case", x{Pattern: "AN*"}, leaver(), true},
		{"pattern on the second login", x{Pattern: "*.alba"}, leaver(), true},
		{"pattern is anchored in front", x{Pattern: "nna"}, leaver(), false},
		{"pattern is anchored behind", x{Pattern: "ann"}, leaver(), false},
		{"pattern does not look at the id", x{Pattern: "A1"}, leaver(), false},
		{"one character", x{Pattern: "?nna"}, leaver(), true},
		{"set of characters", x{Pattern: "[a-c]nna"}, leaver(), true},
		{"star crosses a slash", x{Pattern: "host*"}, slashed, true},
		{"star crosses a backslash", x{Pattern: "corp*"}, slashed, true},
		{"a backslash stands for itself", x{Pattern: `CORP\svc-*`}, slashed, true},
		{"a bracket in a set stands for itself", x{Pattern: "svc[[]1]"}, bracket, true},
		{"all fields hold", x{Source: "crm", Account: "A1", Person: "100", Group: "Sales", Pattern: "anna*"}, leaver(), true},
		{"all but the source", x{Source: "erp", Account: "A1", Person: "100", Group: "Sales", Pattern: "anna*"}, leaver(), false},
		{"all but the account", x{Source: "crm", Account: "A2", Person: "100", Group: "Sales", Pattern: "anna*"}, leaver(), false},
		{"all but the person", x{Source: "crm", Account: "A1", Person: "200", Group: "Sales", Pattern: "anna*"}, leaver(), false},
		{"all but the group", x{Source: "crm", Account: "A1", Person: "100", Group: "Legal", Pattern: "anna*"}, leaver(), false},
		{"all but the pattern", x{Source: "crm", Account: "A1", Person: "100", Group: "Sales", Pattern: "bert*"}, leaver(), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.x.ID, c.x.Owner, c.x.Reason, c.x.Expires = "X", "boss", "agreed", now.Add(daySpan)
			if err := c.x.Check(); err != nil {
				t.Fatalf("not a sound exclusion: %v", err)
			}
			if got := c.x.Matches(c.v); got != c.want {
				t.Errorf("matches %v, want %v", got, c.want)
			}
		})
	}
}

// TestExclusionExpiry: it holds up to its expiry, and not at that instant.
func TestExclusionExpiry(t *testing.T) {
	for _, c := range []struct {
		name    string
		expires time.Time
		want    policies.DecisionKind
	}{
		{"a second before it expires", now.Add(time.Second), policies.Excluded},
		{"at the instant", now, policies.Due},
		{"a second after", now.Add(-time.Second), policies.Due},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := exclusion("X-1", about("A1"))
			x.Expires = c.expires
			global, local := set(rule("r", 5)), set(rule("r", 5, func(r *policies.Rule) { r.Exclude = []policies.Exclusion{x} }))
			global.Exclusions = []policies.Exclusion{x}
			for name, s := range map[string]policies.Set{"of all rules": global, "of one rule": local} {
				if d, _ := s.Decide(leaver(), known()); d.Kind != c.want {
					t.Errorf("%s: %s (%s), want %s", name, d.Kind, d.Why, c.want)
				}
			}
		})
	}
}

func TestExclusionCheck(t *testing.T) {
	cases := []struct {
		name   string
		change func(*policies.Exclusion)
		want   string
	}{
		{"sound", about("A1"), ""},
		{"no id", func(x *policies.Exclusion) { x.ID = "" }, "without id"},
		{"no owner", func(x *policies.Exclusion) { x.Owner = "" }, "no owner"},
		{"no reason", func(x *policies.Exclusion) { x.Reason = "" }, "no reason"},
		{"no expiry", func(x *policies.Exclusion) { x.Expires = time.Time{} }, "never expires"},
		{"366 days", func(x *policies.Exclusion) { x.Created = x.Expires.Add(-366 * daySpan) }, ""},
		{"more than 366 days", func(x *policies.Exclusion) { x.Created = x.Expires.Add(-366*daySpan - time.Second) }, "more than 366 days"},
		{"matches everything", about(""), "matches everything"},
		{"bad pattern", func(x *policies.Exclusion) { x.Pattern = "[a" }, "pattern"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := exclusion("X-1", about("A1"), c.change).Check()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
			if c.want != "" && err != nil && c.name != "bad pattern" && !strings.Contains(err.Error(), "\nhint: ") {
				t.Errorf("error %q without a hint", err)
			}
		})
	}
}
