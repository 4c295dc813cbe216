package policies_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

func compiled(t testing.TB, text string) *policies.Hook {
	t.Helper()
	h, err := policies.CompileHook(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return h
}

func hooked(t testing.TB, text string) policies.Trigger {
	t.Helper()
	return policies.Trigger{Hook: compiled(t, text)}
}

// used gives the account a known last use so many days ago; negative means provably never, see also unread.
func used(days int) func(*reconcile.Verdict) {
	return func(v *reconcile.Verdict) {
		at := scanners.Never[time.Time]()
		if days >= 0 {
			at = scanners.Known(now.Add(-time.Duration(days) * daySpan))
		}
		v.Account.Signals = []scanners.Signal{{Name: "logon", At: at}}
	}
}

func unread(v *reconcile.Verdict) {
	v.Account.Signals = []scanners.Signal{{Name: "logon", At: scanners.Unknown[time.Time]("not readable")}}
}

func enabled(v *reconcile.Verdict) { v.Account.Enabled = scanners.Known(true) }

// idle is an enabled account of an employee, without a finding.
func idle(changes ...func(*reconcile.Verdict)) *reconcile.Verdict {
	v := leaver(enabled, used(60))
	v.Kind, v.End, v.Severity = reconcile.KindNone, reconcile.End{}, reconcile.Info
	v.Person.State, v.Person.End = reconcile.Employed, reconcile.End{}
	for _, change := range changes {
		change(v)
	}
	return v
}

// TestHookTruth is the truth of hooks: known facts decide, and what rests on an unknown one never selects.
func TestHookTruth(t *testing.T) {
	expires := func(f scanners.Fact[time.Time]) func(*reconcile.Verdict) {
		return func(v *reconcile.Verdict) { v.Account.Expires = f }
	}
	never, past := expires(scanners.Never[time.Time]()), expires(scanners.Known(now.Add(-daySpan)))
	cases := []struct {
		name string
		hook string
		v    *reconcile.Verdict
		want bool
	}{
		{"idle long enough", "account.idle_days >= 60", idle(), true},
		{"not idle long enough", "account.idle_days >= 61", idle(), false},
		{"days()", "account.last_activity < now - days(59)", idle(), true},
		{"days() short of it", "account.last_activity < now - days(61)", idle(), false},
		{"unknown is not idle", "account.idle_days >= 1", idle(unread), false},
		{"and its denial is not true either", "!(account.idle_days >= 1)", idle(unread), false},
		{"no signal at all", "account.last_activity < now", idle(func(v *reconcile.Verdict) { v.Account.Signals = nil }), false},
		{"unknown or true", "account.idle_days >= 1 || account.system == 'crm'", idle(unread), true},
		{"true or unknown", "account.system == 'crm' || account.idle_days >= 1", idle(unread), true},
		{"unknown and false", "account.idle_days >= 1 && account.system == 'erp'", idle(unread), false},
		{"unknown and true", "account.idle_days >= 1 && account.system == 'crm'", idle(unread), false},
		{"unknown compared with unknown", "account.idle_days == account.idle_days", idle(unread), false},
		{"choice by unknown", "account.idle_days >= 1 ? true : true", idle(unread), false},
		{"never used has no last activity", "account.last_activity < now", idle(used(-1)), false},
		{"never used", "account.never_used", idle(used(-1)), true},
		{"not never used", "!account.never_used", idle(), true},
		{"unknown is not never used", "account.never_used", idle(unread), false},
		{"unknown is not ever used", "!account.never_used", idle(unread), false},
		{"has a value", "has(account.expires)", idle(past), true},
		{"has no value", "!has(account.expires)", idle(never), true},
		{"unknown is not having", "has(account.expires)", idle(), false},
		{"unknown is not lacking", "!has(account.expires)", idle(), false},
		{"either lacking or past", "!has(account.expires) || account.expires < now", idle(never), true},
		{"either lacking or past, past", "!has(account.expires) || account.expires < now", idle(past), true},
		{"either lacking or past, unknown", "!has(account.expires) || account.expires < now", idle(), false},
		{"nobody found", "!person.found", orphan(), true},
		{"nobody has no department", "person.department != 'Sales'", orphan(), false},
		{"department not read", "person.department != 'Sales'", idle(), false},
		{"department read", "person.department != 'Sales'", idle(func(v *reconcile.Verdict) { v.Person.Department = "IT" }), true},
		{"grant held", "account.grants.exists(g, g.name == 'Sales')", idle(), true},
		{"grant not held", "!account.grants.exists(g, g.name == 'Admins')", idle(), true},
		{"grants not read", "!account.grants.exists(g, g.name == 'Admins')", idle(func(v *reconcile.Verdict) { v.Account.Grants = nil }), false},
		{"login by pattern", "account.logins.exists(l, l.matches('^(?i)anna'))", idle(), true},
		{"flag", "'privileged' in verdict.flags", idle(flagged(reconcile.Privileged)), true},
		{"no flag", "!('privileged' in verdict.flags)", idle(), true},
		{"no finding", "verdict.kind == ''", idle(), true},
		{"a finding", "verdict.kind == 'leaver_active' && person.state == 'ended'", leaver(), true},
		{"end of employment", "person.end < now - days(30)", leaver(), true},
		{"failed sign-ins", "account.failed_logins >= 3", idle(func(v *reconcile.Verdict) { v.Account.FailedLogins = scanners.Known[int64](3) }), true},
		{"failed sign-ins not counted", "account.failed_logins < 3", idle(), false},
		{"enabled", "account.enabled", idle(), true},
		{"a kind that is not stated is a person's", "account.kind == 'person'", idle(), true},
		{"the source", "source.name == 'crm'", idle(), true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			trigger := hooked(t, c.hook)
			if got := trigger.Selects(c.v, now); got != c.want {
				t.Errorf("%s selects %v, want %v: %+v", c.hook, got, c.want, trigger.Clauses(c.v, now))
			}
		})
	}
}

func TestHookRefused(t *testing.T) {
	cases := map[string]struct {
		hook, want   string
		line, column int
	}{
		"misspelt fact":                     {"account.idle_dayz > 3", "undefined field 'idle_dayz'", 1, 8},
		"unknown variable":                  {"acount.idle_days > 3", "undeclared reference to 'acount'", 1, 1},
		"wrong type":                        {"account.idle_days > 'x'", "no matching overload", 1, 19},
		"duration and number":               {"now - account.created > 90", "no matching overload", 1, 23},
		"no truth":                          {"account.idle_days", "comes to a int", 1, 1},
		"second line":                       {"account.enabled &&\n  account.foo == 1", "undefined field 'foo'", 2, 10},
		"syntax":                            {"account.enabled &&", "Syntax error", 1, 19},
		"no fact":                           {"now > timestamp('2026-01-01T00:00:00Z')", "asks for no fact", 1, 1},
		"a constant":                        {"true", "asks for no fact", 1, 1},
		"an expression that cannot be read": {"account.login.matches('(')", "invalid matches argument", 1, 23},
		"a duration that is none":           {"now - duration('90d') > account.created", "invalid duration argument", 1, 16},
		"has() of no fact":                  {"has(now)", "has() takes one fact", 1, 5},
		"endless loop":                      {"account.grants.all(a, account.grants.all(b, account.grants.all(c, a.id != b.id || b.id != c.id)))", "may cost", 1, 19},
		"loops over numbers":                {"[1,2,3,4,5,6,7,8,9].all(a,[1,2,3,4,5,6,7,8,9].all(b,[1,2,3,4,5,6,7,8,9].all(c,[1,2,3,4,5,6,7,8,9].all(d,[1,2,3,4,5,6,7,8,9].all(e, account.idle_days > a+b+c+d+e)))))", "may cost", 1, 24},
		"deep nesting":                      {strings.Repeat("(", 3000) + "account.enabled" + strings.Repeat(")", 900), "", 1, 0},
		"nesting":                           {strings.Repeat("!(", 100) + "account.enabled" + strings.Repeat(")", 100), "recursion", 1, 0},
		"long text":                         {"account.login == '" + strings.Repeat("x", 5000) + "'", "size exceeds limit", 0, 0},
		"huge pattern":                      {"account.login.matches('((a{0,100}){0,100}){0,100}')", "", 1, 23},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := policies.CompileHook(c.hook)
			var told *policies.HookError
			if !errors.As(err, &told) || !strings.Contains(told.Problem, c.want) {
				t.Fatalf("error %v does not say %q", err, c.want)
			}
			if c.line > 0 && told.Line != c.line || c.column > 0 && told.Column != c.column {
				t.Errorf("at %d:%d, want %d:%d: %v", told.Line, told.Column, c.line, c.column, err)
			}
		})
	}
}

// TestHookCost: a hook that is dearer for one account than anybody could foresee fails for it, loudly, and decides nothing.
func TestHookCost(t *testing.T) {
	s := set(rule("dear", 0, func(r *policies.Rule) {
		r.Trigger = hooked(t, "account.grants.exists(g, g.id == 'x') || account.idle_days > 1000")
	}))
	many := func(v *reconcile.Verdict) {
		v.Account.Grants = nil
		for range 50_000 {
			v.Account.Grants = append(v.Account.Grants, scanners.Grant{ID: "g"})
		}
	}
	why, selected := s.RuleMatch(idle(many))
	if !selected || !strings.Contains(why, `rule "dear" could not be applied`) || !strings.Contains(why, "cost limit") {
		t.Errorf("an account without a finding: %v, %q", selected, why)
	}
	for name, v := range map[string]*reconcile.Verdict{"made a finding": idle(many, kind(reconcile.RuleMatch)), "a finding before": leaver(many)} {
		d, clock := s.Decide(v, known())
		if d.Kind != policies.ReportOnly || len(clock) > 0 || !strings.Contains(d.Failed, "cost limit") || d.Why != d.Failed {
			t.Errorf("%s: %+v", name, d)
		}
	}
	running := policies.Clock{Finding: leaver().ID(), Rule: "dear", Person: "hr/100", DueAt: now.Add(daySpan)}
	if _, clocks := s.Decide(leaver(many), after(running)); len(clocks) != 1 || clocks[0] != running {
		t.Errorf("the clock of a rule that could not be applied: %+v", clocks)
	}
	s.Rules = append(s.Rules, rule("plain", 0))
	if d, _ := s.Decide(leaver(many), known()); d.Kind != policies.Due || d.Rule != "plain" || d.Failed == "" {
		t.Errorf("a rule that can be applied beside it: %+v", d)
	}
}

// TestHookCostIsCounted where it depends on the account, and for nothing else: counting takes half of the time.
func TestHookCostIsCounted(t *testing.T) {
	long := func(v *reconcile.Verdict) {
		v.Account.Logins = []string{strings.Repeat("x", 3_000_000)}
		v.Account.Mails = make([]string, 200_000)
	}
	for hook, fails := range map[string]bool{
		"account.idle_days > 30 && person.found":                               false,
		"now - account.last_activity > days(30) && account.kind in ['a', 'b']": false,
		"account.login == 'x' ? has(account.expires) : account.never_used":     false,
		"account.login.matches('y$')":                                          true,
		"account.login + 'y' == 'z'":                                           true,
		"'a' in account.mails":                                                 true,
		"account.mails.exists(m, m == 'a')":                                    true,
	} {
		s := set(rule("r", 0, func(r *policies.Rule) { r.Trigger = hooked(t, hook) }))
		if why, _ := s.RuleMatch(idle(long)); strings.Contains(why, "cost limit") != fails {
			t.Errorf("%s: %q", hook, why)
		}
	}
}

// TestRuleMatch: which accounts without a finding a rule may make one of.
func TestRuleMatch(t *testing.T) {
	hook := func(r *policies.Rule) { r.Trigger = hooked(t, "account.system == 'crm'") }
	soon := func(days int) func(*reconcile.Verdict) {
		return func(v *reconcile.Verdict) { v.Person.UpcomingAt = now.Add(time.Duration(days) * daySpan) }
	}
	early := func(r *policies.Rule) { r.Trigger = policies.Trigger{EndDate: &policies.EndDate{Offset: -3 * daySpan}} }
	cases := []struct {
		name string
		rule policies.Rule
		v    *reconcile.Verdict
		want bool
	}{
		{"a hook", rule("r", 0, hook), idle(), true},
		{"a hook of an account in an unknown state", rule("r", 0, hook), idle(func(v *reconcile.Verdict) { v.Account.Enabled = scanners.Fact[bool]{} }), true},
		{"a hook about the finding that it makes", rule("r", 0, func(r *policies.Rule) {
			r.Trigger = hooked(t, "verdict.kind == '' && !('failed_logins' in verdict.flags)")
		}), idle(), true},
		{"a disabled account", rule("r", 0, hook), idle(func(v *reconcile.Verdict) { v.Account.Enabled = scanners.Known(false) }), false},
		{"a break-glass account", rule("r", 0, hook), idle(func(v *reconcile.Verdict) { v.Account.Kind = scanners.KindBreakGlass }), false},
		{"an account with a finding", rule("r", 0, hook), leaver(enabled), false},
		{"a rule that sleeps", rule("r", 0, hook, func(r *policies.Rule) { r.Active = false }), idle(), false},
		{"a rule of another time", rule("r", 0, hook, func(r *policies.Rule) { r.Effective.From = now.Add(time.Second) }), idle(), false},
		{"a rule that is over", rule("r", 0, hook, func(r *policies.Rule) { r.Effective.Until = now }), idle(), false},
		{"a hook for one kind", rule("r", 0, hook, func(r *policies.Rule) { r.Trigger.Kinds = []reconcile.Kind{reconcile.Dormant} }), idle(), false},
		{"status alone is about findings", rule("r", 0, func(r *policies.Rule) {
			r.Trigger = policies.Trigger{Status: []reconcile.PersonState{reconcile.Employed}}
		}), idle(), false},
		{"status and kind rule_match", rule("r", 0, func(r *policies.Rule) {
			r.Trigger = policies.Trigger{Status: []reconcile.PersonState{reconcile.Leave}, Kinds: []reconcile.Kind{reconcile.RuleMatch}}
		}), idle(func(v *reconcile.Verdict) { v.Person.State = reconcile.Leave }), true},
		{"failed sign-ins alone are about findings", rule("r", 0, func(r *policies.Rule) { r.Trigger = policies.Trigger{FailedLogins: 3} }),
			idle(func(v *reconcile.Verdict) { v.Account.FailedLogins = scanners.Known[int64](5) }), false},
		{"an end three days ahead", rule("r", 0, early), idle(soon(3)), true},
		{"an end four days ahead", rule("r", 0, early), idle(soon(4)), false},
		{"no end ahead", rule("r", 0, early), idle(), false},
		{"an end ahead, offset zero", rule("r", 0, func(r *policies.Rule) { r.Trigger = policies.Trigger{EndDate: &policies.EndDate{}} }), idle(soon(0)), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := set(c.rule)
			why, got := s.RuleMatch(c.v)
			if got != c.want || got != (why != "") {
				t.Fatalf("%v (%s), want %v", got, why, c.want)
			}
			if !got {
				return
			}
			c.v.Kind, c.v.Flags = reconcile.RuleMatch, c.v.Flags|reconcile.FailedLogins
			if d, _ := s.Decide(c.v, known()); d.Rule != "r" {
				t.Errorf("the rule that made the finding does not select it: %+v", d)
			}
		})
	}
}

// TestRuleMatchStays: a rule that does not look at accounts without a finding does not decide on those that another made one.
func TestRuleMatchStays(t *testing.T) {
	flagsOnly := rule("flags", 0, func(r *policies.Rule) { r.Trigger = policies.Trigger{Flags: reconcile.Privileged} })
	d, _ := set(flagsOnly).Decide(idle(kind(reconcile.RuleMatch), flagged(reconcile.Privileged)), known())
	if d.Kind != policies.ReportOnly || d.Rule != "" {
		t.Errorf("%+v", d)
	}
}

// TestEarlyEnd: notice before the end of employment, and nothing due before it unless the rule says so.
func TestEarlyEnd(t *testing.T) {
	end := now.Add(2 * daySpan)
	ahead := func(v *reconcile.Verdict) { v.Kind, v.Person.UpcomingAt = reconcile.RuleMatch, end }
	early := func(before bool, from string) policies.Rule {
		return rule("early", 0, func(r *policies.Rule) {
			r.Trigger = policies.Trigger{EndDate: &policies.EndDate{Offset: -3 * daySpan, BeforeEnd: before}}
			r.Grace.From = from
		})
	}
	cases := []struct {
		name string
		rule policies.Rule
		want policies.DecisionKind
		due  time.Time
	}{
		{"notice", early(false, policies.FromEndDate), policies.InGrace, end},
		{"notice, grace from first seen", early(false, policies.FromFirstSeen), policies.InGrace, end},
		{"before the end", early(true, policies.FromEndDate), policies.Due, end.Add(-3 * daySpan)},
		{"before the end, with grace", func() policies.Rule { r := early(true, policies.FromEndDate); r.Grace.Days = 2; return r }(), policies.InGrace, end.Add(-daySpan)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d, _ := set(c.rule).Decide(idle(ahead), known())
			if d.Kind != c.want || !d.Until.Equal(c.due) {
				t.Errorf("%s until %s (%s), want %s until %s", d.Kind, d.Until, d.Why, c.want, c.due)
			}
			if !strings.Contains(d.OneByOne, "employment ends on") {
				t.Errorf("may be approved with others: %+v", d)
			}
		})
	}
	t.Run("HR moves the end", func(t *testing.T) {
		r := early(false, policies.FromEndDate)
		_, clocks := set(r).Decide(idle(ahead), known())
		for _, moved := range []time.Time{end.Add(20 * time.Hour), end.Add(-20 * time.Hour)} {
			later := func(v *reconcile.Verdict) { v.Kind, v.Person.UpcomingAt = reconcile.RuleMatch, moved }
			if d, _ := set(r).Decide(idle(later), after(clocks...)); d.Kind != policies.InGrace || !d.Until.Equal(moved) {
				t.Errorf("%s until %s, the end is %s now", d.Kind, d.Until, moved)
			}
		}
	})
	t.Run("the end has come", func(t *testing.T) {
		gone := leaver(func(v *reconcile.Verdict) { v.End.At = now.Add(-time.Hour); v.Person.End = v.End })
		if d, _ := set(early(false, policies.FromEndDate)).Decide(gone, known()); d.Kind != policies.Due || d.OneByOne != "" {
			t.Errorf("%+v", d)
		}
	})
	t.Run("a rule that does not look ahead counts from first seen", func(t *testing.T) {
		r := rule("idle", 10, func(r *policies.Rule) { r.Trigger = hooked(t, "account.idle_days > 5") })
		if _, clock := decide(set(r), idle(ahead), known()); !clock.Basis.Equal(known().FirstSeen) {
			t.Errorf("counted from %s", clock.Basis)
		}
	})
}

func TestHookExplains(t *testing.T) {
	trigger := hooked(t, "account.idle_days >= 30 && !(account.expires < now) && (account.login == 'Anna' || has(account.created))")
	want := []policies.Clause{
		{Name: "hook", Wants: "account.idle_days >= 30", Has: "account.idle_days = 60", Holds: true},
		{Name: "hook", Wants: "!(account.expires < now)", Has: "account.expires is unknown, so nobody knows"},
		{Name: "hook", Wants: `account.login == "Anna" || has(account.created)`, Has: `account.login = "Anna", account.created is unknown`, Holds: true},
	}
	if diff := cmp.Diff(want, trigger.Clauses(idle(), now)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestHookInJSON(t *testing.T) {
	in := rule("r", 0, func(r *policies.Rule) { r.Trigger = hooked(t, "account.idle_days > 5") })
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out policies.Rule
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" || !out.Trigger.Selects(idle(), now) {
		t.Errorf("-in +out:\n%s\n%s", diff, text)
	}
	if err := json.Unmarshal([]byte(`{"Trigger":{"Hook":"account.idle_dayz > 5"}}`), &out); err == nil {
		t.Error("a hook that does not compile was read")
	}
}

// TestHookFacts: every fact can be asked for, and has() of it is true, false or unknown, but never a failure.
func TestHookFacts(t *testing.T) {
	if len(policies.HookFacts()) < 40 {
		t.Fatalf("%d facts", len(policies.HookFacts()))
	}
	for _, fact := range policies.HookFacts() {
		trigger := hooked(t, "has("+fact.Name+")")
		for _, v := range []*reconcile.Verdict{leaver(), orphan(), idle(), {Account: &scanners.Account{}}} {
			if c := trigger.Clauses(v, now); strings.Contains(c[0].Has, "failed: ") {
				t.Errorf("%s: %+v", fact.Name, c)
			}
		}
	}
}
