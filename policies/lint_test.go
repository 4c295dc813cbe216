package policies_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

func TestLint(t *testing.T) {
	leaverKinds := []reconcile.Kind{reconcile.LeaverActive}
	kinds := func(list ...reconcile.Kind) func(*policies.Rule) {
		return func(r *policies.Rule) { r.Trigger.Kinds = list }
	}
	status := func(list ...reconcile.PersonState) func(*policies.Rule) {
		return func(r *policies.Rule) { r.Trigger.Status = list }
	}
	cases := []struct {
		name  string
		rules []policies.Rule
		want  string // part of the only remark; none when empty
	}{
		{"nothing to say", []policies.Rule{rule("a", 5), rule("b", 3, kinds(reconcile.Dormant))}, ""},
		{"not active", []policies.Rule{rule("a", 5, func(r *policies.Rule) { r.Active = false })}, "not active"},
		{"over", []policies.Rule{rule("a", 5, func(r *policies.Rule) { r.Effective.Until = now })}, "is over since 2026-03-10"},
		{"schedule off", []policies.Rule{rule("a", 5, func(r *policies.Rule) { r.Schedule = &policies.Schedule{Cron: "x"} })}, "schedule is not active"},
		{"kinds and status that never meet", []policies.Rule{rule("a", 5, kinds(leaverKinds...), status(reconcile.Employed))}, "selects nothing"},
		{"an owner of an orphan", []policies.Rule{rule("a", 5, kinds(reconcile.Orphan), status(reconcile.Ended))}, "selects nothing"},
		{"kinds and status of which one meets", []policies.Rule{rule("a", 5, kinds(reconcile.Orphan, reconcile.LeaverActive), status(reconcile.Ended))}, ""},
		{"a passed end of the employed", []policies.Rule{rule("a", 5, func(r *policies.Rule) {
			r.Trigger = policies.Trigger{Status: []reconcile.PersonState{reconcile.Employed}, EndDate: &policies.EndDate{}}
		})}, "do not meet"},
		{"disputed accounts", []policies.Rule{rule("a", 5, kinds(reconcile.Disputed))}, "never due"},
		{"suspect matches", []policies.Rule{rule("a", 5, func(r *policies.Rule) { r.Trigger.Flags = reconcile.SuspectMatch })}, "never due"},
		{"suspect matches, reported", []policies.Rule{rule("a", 5, func(r *policies.Rule) { r.Trigger.Flags, r.Action = reconcile.SuspectMatch, "report" })}, ""},
		{"before the end", []policies.Rule{rule("a", 5, func(r *policies.Rule) {
			r.Trigger = policies.Trigger{EndDate: &policies.EndDate{Offset: -daySpan, BeforeEnd: true}}
		})}, "still employed"},
		{"shadowed by a shorter grace", []policies.Rule{rule("a", 5), rule("b", 10, kinds(leaverKinds...))}, `rule "a" selects all`},
		{"shadowed by its twin", []policies.Rule{rule("a", 5), rule("b", 5)}, `rule "a" selects all`},
		{"not shadowed by a longer grace", []policies.Rule{rule("a", 10), rule("b", 5, kinds(leaverKinds...))}, ""},
		{"not shadowed: another system is faster", []policies.Rule{rule("a", 5), rule("b", 10, func(r *policies.Rule) { r.Grace.Sources = map[string]int{"crm": 1} })}, ""},
		{"not shadowed: the other has exclusions", []policies.Rule{rule("a", 5, func(r *policies.Rule) {
			r.Exclude = []policies.Exclusion{exclusion("X", about("A1"), func(x *policies.Exclusion) { x.Expires = now.Add(60 * daySpan) })}
		}), rule("b", 10)}, ""},
		{"not shadowed: the other asks a hook", []policies.Rule{rule("a", 5, func(r *policies.Rule) { r.Trigger.Hook = compiled(t, "account.enabled") }), rule("b", 10)}, ""},
		{"not shadowed: the other sleeps", []policies.Rule{rule("a", 5, func(r *policies.Rule) { r.Trigger.Sources = []string{"erp"} }), rule("b", 10)}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			remarks := policies.Lint(c.rules, nil, now)
			if c.want == "" && len(remarks) > 0 || c.want != "" && (len(remarks) != 1 || !strings.Contains(remarks[0].Text, c.want)) {
				t.Errorf("%+v, want %q", remarks, c.want)
			}
		})
	}
}

func TestLintExclusions(t *testing.T) {
	for _, c := range []struct {
		name string
		left time.Duration
		want string
	}{
		{"a month", 30 * daySpan, "expires in 30 days"},
		{"more than a month", 31 * daySpan, ""},
		{"this day", time.Hour, "expires in 0 days"},
		{"over", 0, "expired on"},
	} {
		x := exclusion("X", about("A1"), func(x *policies.Exclusion) { x.Expires = now.Add(c.left) })
		for where, remarks := range map[string][]policies.Remark{
			"global":    policies.Lint(nil, []policies.Exclusion{x}, now),
			"of a rule": policies.Lint([]policies.Rule{rule("r", 0, func(r *policies.Rule) { r.Exclude = []policies.Exclusion{x} })}, nil, now),
		} {
			if c.want == "" && len(remarks) > 0 || c.want != "" && (len(remarks) != 1 || !strings.Contains(remarks[0].Text, c.want)) {
				t.Errorf("%s, %s: %+v", c.name, where, remarks)
			}
		}
	}
}

// TestLintIsRight: a rule of which lint says that it never decides or selects nothing does not decide, whatever the account.
func TestLintIsRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, v, past := drawCase(t)
		s.TooBroad = nil
		for i := range s.Rules {
			s.Rules[i].Grace.Sources = rapid.SampledFrom([]map[string]int{nil, {"crm": 3}}).Draw(t, "grace of a system")
			if rapid.Bool().Draw(t, "no exclusions") {
				s.Rules[i].Exclude = nil
			}
		}
		idle := map[string]string{}
		for _, r := range policies.Lint(s.Rules, nil, s.Now) {
			if strings.HasPrefix(r.Text, "never decides") || strings.HasPrefix(r.Text, "selects nothing") {
				idle[r.About] = r.Text
			}
		}
		past.Clocks = nil
		if d, _ := s.Decide(v, past); idle[d.Rule] != "" && possible(v) {
			t.Fatalf("rule %q decides %+v although it %s\n%+v", d.Rule, d, idle[d.Rule], s.Rules)
		}
	})
}

// possible reports whether the engine could have made such a verdict: random ones put kinds and owners together that never meet.
func possible(v *reconcile.Verdict) bool {
	gone := v.Person != nil && v.Person.Gone()
	switch v.Kind {
	case reconcile.UsedAfterEnd, reconcile.LeaverActive, reconcile.OwnerLeft:
		return gone
	case reconcile.Orphan, reconcile.Disputed:
		return v.Person == nil
	case reconcile.SuspendedActive, reconcile.EarlyActive:
		return false
	case reconcile.NeverUsed, reconcile.Dormant:
		return !gone
	default:
		return true
	}
}

// TestLintStages: what of stages is allowed and probably not meant.
func TestLintStages(t *testing.T) {
	ended := func(r *policies.Rule) { r.Trigger = policies.Trigger{Status: []reconcile.PersonState{reconcile.Ended}} }
	all := policies.Rights{Groups: []string{"*"}, Roles: []string{"*"}, Applications: []string{"*"}, Licences: []string{"*"}}
	working := func(days int) policies.Stage {
		return policies.Stage{Name: "working", Days: days, Business: true, Action: "lock"}
	}
	for _, c := range []struct {
		name  string
		rules []policies.Rule
		want  []string
	}{
		{"nothing", rules(graceful("r", path3, beforeEnd)), []string{"r acts on accounts of people who are still employed"}},
		{"after the lock", rules(graceful("r", []policies.Stage{locks("lock", 0), locks("again", 9)})), []string{`r stage "again" is never reached: stage "lock" puts the account out of use`}},
		{"nothing locks", rules(graceful("r", []policies.Stage{notice(0), revokes("mail", 9, "mail")})), []string{`r the account stays enabled after the last stage, "mail"`}},
		{"another rule locks first", rules(rule("other", 3, ended), graceful("r", []policies.Stage{revokes("mail", 3, "mail"), locks("lock", 4)}, ended)),
			[]string{`r stage "lock" is never reached: rule "other" is due on the whole account by then`}},
		{"another rule locks later", rules(rule("other", 4, ended), graceful("r", []policies.Stage{locks("lock", 4)}, ended)), nil},
		{"another rule only takes rights", rules(rule("other", 0, ended, func(r *policies.Rule) { r.Action = "revoke" }), graceful("r", []policies.Stage{locks("lock", 4)}, ended)), nil},
		{"before the trigger", rules(graceful("r", []policies.Stage{notice(-20), locks("lock", 0)})), []string{`r stage "notice" begins late: the trigger selects accounts 14 days before the end only`}},
		{"working days before the trigger", rules(graceful("r", []policies.Stage{{Name: "notice", Days: -13, Business: true, Action: "report"}, locks("lock", 0)})), []string{`r stage "notice" begins late`}},
		{"a trigger from the end on", rules(graceful("r", []policies.Stage{notice(-2), locks("lock", 0)}, ended)), []string{`r stage "notice" begins late: the trigger selects nobody before the end`}},
		{"notice only", rules(graceful("r", []policies.Stage{locks("lock", -2)})), []string{`r stage "lock" is due at the end, and gives notice until then`}},
		{"keeps all", rules(graceful("r", []policies.Stage{{Name: "mail", Action: "revoke", Revoke: []policies.Rights{all}, Keep: []policies.Rights{all}}, locks("lock", 1)})), []string{`r stage "mail" takes nothing`}},
		{"calendar days after working days", rules(graceful("r", []policies.Stage{{Name: "a", Days: 5, Business: true, Action: "report"}, locks("lock", 6)})), []string{`r stage "lock" may have an earlier date than stage "a"`}},
		{"enough of them", rules(graceful("r", []policies.Stage{{Name: "a", Days: 5, Business: true, Action: "report"}, locks("lock", 14)})), nil},
		{"working days after calendar days", rules(graceful("r", []policies.Stage{notice(5), working(5)})), nil},
		{"fewer working days", rules(graceful("r", []policies.Stage{notice(5), working(4)})), []string{`r stage "working" may have an earlier date`}},
		{"working days before the end", rules(graceful("r", []policies.Stage{notice(-10), {Name: "working", Days: -3, Business: true, Action: "report"}, locks("lock", 0)})), nil},
		{"too many of them", rules(graceful("r", []policies.Stage{notice(-8), {Name: "working", Days: -3, Business: true, Action: "report"}, locks("lock", 0)})), []string{`r stage "working" may have an earlier date`}},
		{"a date after days", rules(graceful("r", []policies.Stage{notice(5), {Name: "shut", Date: scanners.Date{Year: 2026, Month: 6, Day: 30}, Action: "lock"}})), []string{`r stage "shut" may have an earlier date`}},
		{"two rules with stages", rules(graceful("a", []policies.Stage{locks("lock", 0)}), graceful("b", []policies.Stage{locks("lock", 0)})), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, r := range policies.Lint(c.rules, nil, now) {
				got = append(got, r.About+" "+r.Text)
			}
			if !slices.EqualFunc(c.want, got, func(want, got string) bool { return strings.HasPrefix(got, want) }) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
