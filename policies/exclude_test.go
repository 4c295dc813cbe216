package policies_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
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
		{"application", x{Applications: []string{"erp", "crm"}}, leaver(), true},
		{"another application", x{Applications: []string{"erp"}}, leaver(), false},
		{"expression", x{Regexp: expression("an{2}a")}, leaver(), true},
		{"expression is anchored in front", x{Regexp: expression("nna")}, leaver(), false},
		{"expression is anchored behind", x{Regexp: expression("ann|x")}, leaver(), false},
		{"expression on the second login", x{Regexp: expression(`anna\.alb[a-c]`)}, leaver(), true},
		{"expression of another source", x{Source: "erp", Regexp: expression(".*")}, leaver(), false},
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
		{"an application", func(x *policies.Exclusion) { x.Account, x.Applications = "", []string{"crm"} }, ""},
		{"an application and a part of one", func(x *policies.Exclusion) { x.Applications = []string{"crm"} }, "whole applications and parts"},
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

func expression(text string) *regexp.Regexp {
	compiled, err := policies.CompileRegexp(text)
	if err != nil {
		panic(err)
	}
	return compiled
}

// TestReach: what is too broad, and what that does to a decision.
func TestReach(t *testing.T) {
	service := func(x *policies.Exclusion) { x.Pattern = "svc-*" }
	cases := []struct {
		name           string
		x              policies.Exclusion
		matching, rest int
		broad          bool
	}{
		{"a few of many", exclusion("X", service), 9, 300, false},
		{"a large share of few", exclusion("X", service), 9, 11, false},
		{"ten of two hundred", exclusion("X", service), 10, 190, false},
		{"ten of 199", exclusion("X", service), 10, 189, true},
		{"a hundred of many", exclusion("X", service), 100, 9900, false},
		{"101 of many", exclusion("X", service), 101, 99_000, true},
		{"meant to be broad", exclusion("X", service, func(x *policies.Exclusion) { x.Broad = true }), 150, 10, false},
		{"an application", exclusion("X", func(x *policies.Exclusion) { x.Applications = []string{"crm"} }), 150, 10, false},
		{"a whole source by another name", exclusion("X", func(x *policies.Exclusion) { x.Source = "crm" }), 150, 10, true},
		{"expired", exclusion("X", service, func(x *policies.Exclusion) { x.Expires = now }), 150, 10, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for where, reach := range map[string]*policies.Reach{
				"global":    policies.NewReach([]policies.Exclusion{c.x}, nil, now),
				"of a rule": policies.NewReach(nil, []policies.Rule{rule("r", 0, func(r *policies.Rule) { r.Exclude = []policies.Exclusion{c.x} })}, now),
			} {
				for i := range c.matching + c.rest {
					login := "anna"
					if i < c.matching {
						login = "SVC-1"
					}
					reach.Count(&reconcile.Verdict{Account: &scanners.Account{System: "crm", Logins: []string{login}}})
				}
				if why, broad := reach.TooBroad()["X"]; broad != c.broad {
					t.Errorf("%s: too broad %v (%s), want %v", where, broad, why, c.broad)
				}
			}
		})
	}
	t.Run("another system does not thin it out", func(t *testing.T) {
		reach := policies.NewReach([]policies.Exclusion{exclusion("X", service)}, nil, now)
		for i := range 5000 {
			system, login := "erp", "anna"
			if i < 20 {
				system, login = "crm", "svc-1"
			}
			reach.Count(&reconcile.Verdict{Account: &scanners.Account{System: system, Logins: []string{login}}})
		}
		if len(reach.TooBroad()) != 1 || reach.Matched("X") != 20 || reach.Matched("Y") != 0 {
			t.Errorf("%v, matched %d", reach.TooBroad(), reach.Matched("X"))
		}
	})
}

// TestTooBroad: an exclusion that grew too broad hides nothing, and nothing that it matches is due because of that.
func TestTooBroad(t *testing.T) {
	x := exclusion("X-1", func(x *policies.Exclusion) { x.Pattern = "an*" })
	global, local := set(rule("r", 5)), set(rule("r", 5, func(r *policies.Rule) { r.Exclude = []policies.Exclusion{x} }))
	global.Exclusions = []policies.Exclusion{x}
	for name, s := range map[string]policies.Set{"of all rules": global, "of one rule": local} {
		s.TooBroad = map[string]string{"X-1": "matches 150 of the 200 accounts of crm"}
		if d, _ := s.Decide(leaver(), known()); d.Kind != policies.ReportOnly || !strings.Contains(d.Why, "does not say broad: true") {
			t.Errorf("%s: %s (%s)", name, d.Kind, d.Why)
		}
		other := leaver(func(v *reconcile.Verdict) { v.Account.Logins = []string{"bert"} })
		if d, _ := s.Decide(other, known()); d.Kind != policies.Due {
			t.Errorf("%s, another account: %s (%s)", name, d.Kind, d.Why)
		}
		s.TooBroad = map[string]string{"X-2": "matches another"}
		if d, _ := s.Decide(leaver(), known()); d.Kind != policies.Excluded {
			t.Errorf("%s, another exclusion too broad: %s (%s)", name, d.Kind, d.Why)
		}
	}
}
