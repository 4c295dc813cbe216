package policies_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// TestDecideOrder: no finding, excluded, no rule, never due, in grace, due.
func TestDecideOrder(t *testing.T) {
	lock := rule("lock", 5)
	report := rule("report", 0, func(r *policies.Rule) { r.Action = policies.ActionReport })
	long := rule("long", 300)
	excluding := rule("excluding", 5, func(r *policies.Rule) { r.Exclude = []policies.Exclusion{exclusion("X-rule", about("A1"))} })
	withGlobal := func(s policies.Set) policies.Set {
		s.Exclusions = []policies.Exclusion{exclusion("X-other", about("A9")), exclusion("X-all", about("A1")), exclusion("X-late", about("A1"))}
		return s
	}
	inactive := rule("inactive", 5, func(r *policies.Rule) { r.Active = false })
	unseen, incomplete := known(), known()
	unseen.AccountSeen, incomplete.SourceComplete = false, false
	cases := []struct {
		name string
		set  policies.Set
		v    *reconcile.Verdict
		past policies.Past
		want policies.DecisionKind
		rule string
		by   string
	}{
		{"no finding", set(lock), leaver(kind(reconcile.KindNone)), known(), policies.DecideNone, "", ""},
		{"no finding, excluded", withGlobal(set(lock)), leaver(kind(reconcile.KindNone)), known(), policies.DecideNone, "", ""},
		{"excluded", withGlobal(set(lock)), leaver(), known(), policies.Excluded, "", "X-all"},
		{"excluded beats never due", withGlobal(set(lock)), leaver(flagged(reconcile.SuspectMatch)), known(), policies.Excluded, "", "X-all"},
		{"excluded without any rule", withGlobal(set()), leaver(), known(), policies.Excluded, "", "X-all"},
		{"no rule at all", set(), leaver(), known(), policies.ReportOnly, "", ""},
		{"no rule selects it", set(lock), leaver(kind(reconcile.Dormant)), known(), policies.ReportOnly, "", ""},
		{"only an inactive rule selects it", set(inactive), leaver(), known(), policies.ReportOnly, "", ""},
		{"its only rule excludes it", set(excluding), leaver(), known(), policies.Excluded, "", "X-rule"},
		{"one rule excludes it, another does not", set(excluding, long), leaver(), known(), policies.InGrace, "long", ""},
		{"a rule that only reports", set(report), leaver(), known(), policies.ReportOnly, "report", ""},
		{"a rule that acts beats one that reports", set(report, long), leaver(), known(), policies.InGrace, "long", ""},
		{"disputed", set(rule("r", 0, func(r *policies.Rule) { r.Trigger.Kinds = []reconcile.Kind{reconcile.Disputed} })), leaver(kind(reconcile.Disputed)), known(), policies.ReportOnly, "r", ""},
		{"contradiction", set(rule("r", 0, func(r *policies.Rule) { r.Trigger.Kinds = []reconcile.Kind{reconcile.Contradiction} })), leaver(kind(reconcile.Contradiction)), known(), policies.ReportOnly, "r", ""},
		{"suspect", set(lock), leaver(flagged(reconcile.SuspectMatch)), known(), policies.ReportOnly, "lock", ""},
		{"orphan", set(lock), orphan(), known(), policies.Due, "lock", ""},
		{"orphan, likely of somebody who left", set(lock), suggested(reconcile.Ended, reconcile.Employed), known(), policies.Due, "lock", ""},
		{"orphan, likely of somebody employed", set(lock), suggested(reconcile.Employed, reconcile.Ended), known(), policies.ReportOnly, "lock", ""},
		{"orphan, likely of somebody on leave", set(lock), suggested(reconcile.Leave), known(), policies.ReportOnly, "lock", ""},
		{"enabled unknown", set(lock), leaver(flagged(reconcile.EnabledUnknown)), known(), policies.ReportOnly, "lock", ""},
		{"in grace", set(long), leaver(), known(), policies.InGrace, "long", ""},
		{"due", set(lock), leaver(), known(), policies.Due, "lock", ""},
		{"grace over, account never seen before", set(lock), leaver(), unseen, policies.InGrace, "lock", ""},
		{"grace over, source incomplete", set(lock), leaver(), incomplete, policies.InGrace, "lock", ""},
		{"privileged accounts are due like others", set(lock), leaver(flagged(reconcile.Privileged)), known(), policies.Due, "lock", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d, clock := decide(c.set, c.v, c.past)
			if d.Kind != c.want || d.Rule != c.rule || d.By != c.by {
				t.Errorf("%s by rule %q, exclusion %q (%s), want %s, %q, %q", d.Kind, d.Rule, d.By, d.Why, c.want, c.rule, c.by)
			}
			if (d.Why == "") != (d.Kind == policies.DecideNone) {
				t.Errorf("%s because %q", d.Kind, d.Why)
			}
			if clock == nil && c.past.SourceComplete && (d.Kind == policies.Due || d.Kind == policies.InGrace) {
				t.Errorf("%s without a clock", d.Kind)
			}
			if d.Kind == policies.Due && !d.Until.Equal(clock.DueAt) {
				t.Errorf("due since %s, the clock says %s", d.Until, clock.DueAt)
			}
		})
	}
}

// TestNeverDue has everything that keeps a decision from becoming due although its grace is over.
func TestNeverDue(t *testing.T) {
	past := func(changes ...func(*policies.Past)) policies.Past {
		p := known()
		for _, change := range changes {
			change(&p)
		}
		return p
	}
	cases := []struct {
		name string
		v    *reconcile.Verdict
		past policies.Past
		want policies.DecisionKind
		why  string
	}{
		{"nothing in the way", leaver(), past(), policies.Due, "grace"},
		{"first sight of the account", leaver(), past(func(p *policies.Past) { p.AccountSeen = false }), policies.InGrace, "first run that sees"},
		{"first sight of an orphan", orphan(), past(func(p *policies.Past) { p.AccountSeen = false }), policies.InGrace, "first run that sees"},
		{"first link to the person", leaver(), past(func(p *policies.Past) { p.LinkSeen = false }), policies.InGrace, "first run that links"},
		{"orphans have no link", orphan(), past(func(p *policies.Past) { p.LinkSeen, p.FirstSeen = false, now.Add(-30*daySpan) }), policies.Due, "grace"},
		{"incomplete source", leaver(), past(func(p *policies.Past) { p.SourceComplete = false }), policies.InGrace, "not read completely"},
		{"inferred tonight", leaver(inferred(0)), past(func(p *policies.Past) { p.FirstSeen = now.Add(-30 * daySpan) }), policies.InGrace, "inferred"},
		{"inferred, confirmed once", leaver(inferred(1)), past(func(p *policies.Past) { p.FirstSeen = now.Add(-30 * daySpan) }), policies.InGrace, "inferred"},
		{"inferred, confirmed twice", leaver(inferred(2)), past(func(p *policies.Past) { p.FirstSeen = now.Add(-30 * daySpan) }), policies.Due, "grace"},
		{"first of all runs", leaver(), policies.Past{SourceComplete: true}, policies.InGrace, "first run that sees"},
		{"nothing known of the past", leaver(), policies.Past{}, policies.InGrace, "not read completely"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d, _ := set(rule("r", 0)).Decide(c.v, c.past)
			if d.Kind != c.want || !strings.Contains(d.Why, c.why) {
				t.Errorf("%s (%s), want %s because %q", d.Kind, d.Why, c.want, c.why)
			}
			if d.Kind == policies.InGrace && !d.Until.Equal(now) {
				t.Errorf("in grace until %s: its date has passed, so any run after this one may make it due", d.Until)
			}
		})
	}
}

func TestGrace(t *testing.T) {
	firstSeen := now.Add(-3 * daySpan)
	cases := []struct {
		name  string
		rule  policies.Rule
		v     *reconcile.Verdict
		zone  string // of the person; "-" for nobody's
		basis time.Time
		due   string
	}{
		{"from the end date", rule("r", 30), leaver(), "Europe/Berlin", ended, "2026-03-02T23:00:00Z"},
		{"of no days", rule("r", 0), leaver(), "Europe/Berlin", ended, "2026-01-31T23:00:00Z"},
		{"from first seen", rule("r", 30, fromFirstSeen), leaver(), "Europe/Berlin", firstSeen, "2026-04-06T11:00:00Z"},
		{"from the end date that HR did not state", rule("r", 30), leaver(inferred(3)), "UTC", firstSeen, "2026-04-06T12:00:00Z"},
		{"from the end date of nobody", rule("r", 30), orphan(), "-", firstSeen, "2026-04-06T11:00:00Z"},
		{"days of the source", rule("r", 30, func(r *policies.Rule) { r.Grace.Sources = map[string]int{"crm": 10, "erp": 1} }), leaver(), "Europe/Berlin", ended, "2026-02-10T23:00:00Z"},
		{"no days for the source", rule("r", 30, func(r *policies.Rule) { r.Grace.Sources = map[string]int{"crm": 0} }), leaver(), "Europe/Berlin", ended, "2026-01-31T23:00:00Z"},
		{"days of another source", rule("r", 30, func(r *policies.Rule) { r.Grace.Sources = map[string]int{"erp": 1} }), leaver(), "Europe/Berlin", ended, "2026-03-02T23:00:00Z"},
		{"over the clock change in spring", rule("r", 60), leaver(), "Europe/Berlin", ended, "2026-04-01T22:00:00Z"},
		{"over the clock change of another zone", rule("r", 37), leaver(), "America/New_York", ended, "2026-03-09T22:00:00Z"},
		{"in a zone without clock changes", rule("r", 60), leaver(), "Asia/Tokyo", ended, "2026-04-01T23:00:00Z"},
		{"in a zone that does not exist", rule("r", 60), leaver(), "Mars/Olympus", ended, "2026-04-01T22:00:00Z"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.zone != "-" {
				c.v.Person.Zone = c.zone
			}
			past := known()
			past.FirstSeen = firstSeen
			d, clock := decide(set(c.rule), c.v, past)
			if !clock.Basis.Equal(c.basis) || !clock.DueAt.Equal(instant(c.due)) || !clock.FirstSeen.Equal(firstSeen) {
				t.Errorf("first seen %s, counted from %s to %s, want %s, %s, %s", clock.FirstSeen, clock.Basis, clock.DueAt, firstSeen, c.basis, c.due)
			}
			if !d.FirstSeen.Equal(firstSeen) {
				t.Errorf("decision first seen %s", d.FirstSeen)
			}
		})
	}
}

// TestGraceEnds at the instant, not a second before.
func TestGraceEnds(t *testing.T) {
	s := set(rule("r", 30))
	due := instant("2026-03-02T23:00:00Z")
	for _, c := range []struct {
		at   time.Time
		want policies.DecisionKind
	}{{due.Add(-time.Second), policies.InGrace}, {due, policies.Due}, {due.Add(time.Second), policies.Due}} {
		s.Now = c.at
		if d, _ := s.Decide(leaver(), known()); d.Kind != c.want || !d.Until.Equal(due) {
			t.Errorf("at %s: %s until %s, want %s until %s", c.at, d.Kind, d.Until, c.want, due)
		}
	}
}

// TestClockCarried: what a night leaves behind is the next night's past.
func TestClockCarried(t *testing.T) {
	start := func(r policies.Rule, v *reconcile.Verdict) (policies.Past, *policies.Clock) {
		s := set(r)
		s.Now = now.Add(-10 * daySpan)
		_, clock := decide(s, v, policies.Past{SourceComplete: true})
		past := known()
		past.FirstSeen, past.Clocks = s.Now, []policies.Clock{*clock}
		return past, clock
	}
	seen := now.Add(-10 * daySpan)
	moved := func(v *reconcile.Verdict) {
		v.End.At = ended.Add(5 * daySpan)
		v.Person.End = v.End
	}
	earlier := func(v *reconcile.Verdict) {
		v.End.At = ended.Add(-5 * daySpan)
		v.Person.End = v.End
	}
	somebodyElse := func(v *reconcile.Verdict) { v.Person.ID = "200" }
	cases := []struct {
		name          string
		before, after policies.Rule
		was, is       *reconcile.Verdict
		firstSeen     time.Time
		due           string
	}{
		{"nothing changed", rule("r", 60), rule("r", 60), leaver(), leaver(), seen, "2026-04-01T22:00:00Z"},
		{"nothing changed, from first seen", rule("r", 60, fromFirstSeen), rule("r", 60, fromFirstSeen), orphan(), orphan(), seen, "2026-04-29T11:00:00Z"},
		{"an edit gives more days", rule("r", 60), rule("r", 90), leaver(), leaver(), seen, "2026-05-01T22:00:00Z"},
		{"an edit gives fewer days", rule("r", 60), rule("r", 10), leaver(), leaver(), seen, "2026-04-01T22:00:00Z"},
		{"an edit gives the source fewer days", rule("r", 60), rule("r", 60, func(r *policies.Rule) { r.Grace.Sources = map[string]int{"crm": 1} }), leaver(), leaver(), seen, "2026-04-01T22:00:00Z"},
		{"escalated to used after end", rule("r", 60), rule("r", 10), leaver(), leaver(kind(reconcile.UsedAfterEnd)), seen, "2026-04-01T22:00:00Z"},
		{"HR moves the end later", rule("r", 60), rule("r", 60), leaver(), leaver(moved), seen, "2026-04-06T22:00:00Z"},
		{"HR moves the end earlier", rule("r", 60), rule("r", 60), leaver(), leaver(earlier), seen, "2026-03-27T23:00:00Z"},
		{"HR states an end that was inferred", rule("r", 60), rule("r", 60), leaver(inferred(1)), leaver(), seen, "2026-04-01T22:00:00Z"},
		{"another person", rule("r", 60, fromFirstSeen), rule("r", 60, fromFirstSeen), leaver(), leaver(somebodyElse), now, "2026-05-09T11:00:00Z"},
		{"nobody before, somebody now", rule("r", 60, fromFirstSeen), rule("r", 60, fromFirstSeen), orphan(), leaver(), now, "2026-05-09T11:00:00Z"},
		{"a rule under another name", rule("r", 60), rule("s", 60), leaver(), leaver(), seen, "2026-04-01T22:00:00Z"},
		{"another rule in its place gives fewer days", rule("r", 60), rule("s", 10), leaver(), leaver(), seen, "2026-04-01T22:00:00Z"},
		{"another rule in its place gives more days", rule("r", 60), rule("s", 90), leaver(), leaver(), seen, "2026-05-01T22:00:00Z"},
		{"an edit counts from the end date", rule("r", 60, fromFirstSeen), rule("r", 60), leaver(), leaver(), seen, "2026-04-29T11:00:00Z"},
		{"an edit counts from first seen", rule("r", 60), rule("r", 60, fromFirstSeen), leaver(), leaver(), seen, "2026-04-29T11:00:00Z"},
		{"HR takes the end back and states nothing else", rule("r", 60), rule("r", 60), leaver(), leaver(inferred(5)), seen, "2026-04-29T11:00:00Z"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			past, _ := start(c.before, c.was)
			_, clock := decide(set(c.after), c.is, past)
			if !clock.FirstSeen.Equal(c.firstSeen) || !clock.DueAt.Equal(instant(c.due)) {
				t.Errorf("first seen %s, due %s, want %s, %s", clock.FirstSeen, clock.DueAt, c.firstSeen, c.due)
			}
			if clock.Finding != c.is.ID() || clock.Rule != c.after.Name {
				t.Errorf("clock of %s under %q", clock.Finding, clock.Rule)
			}
		})
	}
	t.Run("an extension survives the edit that takes it back", func(t *testing.T) {
		past, _ := start(rule("r", 60), leaver())
		_, longer := decide(set(rule("r", 90)), leaver(), past)
		past.Clocks = []policies.Clock{*longer}
		_, back := decide(set(rule("r", 60)), leaver(), past)
		if !back.DueAt.Equal(longer.DueAt) {
			t.Errorf("due %s, was promised %s", back.DueAt, longer.DueAt)
		}
	})
	t.Run("the old clock is not written to", func(t *testing.T) {
		past, clock := start(rule("r", 60), leaver())
		before := *clock
		set(rule("r", 90)).Decide(leaver(moved), past)
		if before != *clock {
			t.Errorf("clock became %+v", *clock)
		}
	})
}

// TestIncompleteSourceKeepsTheDate: the date that is shown is the one of the clock, which does not move.
func TestIncompleteSourceKeepsTheDate(t *testing.T) {
	s := set(rule("r", 60))
	_, clocks := s.Decide(leaver(), known())
	past := after(clocks...)
	past.SourceComplete = false
	if d, same := s.Decide(leaver(endsOn(5)), past); !d.Until.Equal(clocks[0].DueAt) || !slices.Equal(same, clocks) {
		t.Errorf("in grace until %s, clocks %+v, want %+v", d.Until, same, clocks)
	}
}

// TestStrictestRule is the one whose grace is over first, whatever the order.
func TestStrictestRule(t *testing.T) {
	report := rule("report", 0, func(r *policies.Rule) { r.Action = policies.ActionReport })
	cases := []struct {
		name  string
		rules []policies.Rule
		want  string
	}{
		{"fewer days", []policies.Rule{rule("a", 60), rule("b", 10), rule("c", 30)}, "b"},
		{"earlier basis", []policies.Rule{rule("a", 20, fromFirstSeen), rule("b", 30)}, "b"},
		{"same days: by name", []policies.Rule{rule("b", 10), rule("a", 10)}, "a"},
		{"acting before reporting", []policies.Rule{report, rule("z", 300)}, "z"},
		{"only reporting: by name", []policies.Rule{report, rule("another", 0, func(r *policies.Rule) { r.Action = policies.ActionReport })}, "another"},
		{"inactive ones do not count", []policies.Rule{rule("a", 1, func(r *policies.Rule) { r.Active = false }), rule("b", 10)}, "b"},
		{"those that do not select do not count", []policies.Rule{rule("a", 1, func(r *policies.Rule) { r.Trigger.Sources = []string{"erp"} }), rule("b", 10)}, "b"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for range 2 {
				if d, _ := set(c.rules...).Decide(leaver(), known()); d.Rule != c.want {
					t.Errorf("rule %q, want %q", d.Rule, c.want)
				}
				slices.Reverse(c.rules)
			}
		})
	}
}

// TestExcludingRule: two rules exclude the account for reasons of their own; the order of rules does not choose.
func TestExcludingRule(t *testing.T) {
	excluding := func(name, id string) policies.Rule {
		return rule(name, 5, func(r *policies.Rule) { r.Exclude = []policies.Exclusion{exclusion(id, about("A1"))} })
	}
	rules := []policies.Rule{excluding("a", "X-2"), excluding("b", "X-1")}
	first, _ := set(rules...).Decide(leaver(), known())
	slices.Reverse(rules)
	second, _ := set(rules...).Decide(leaver(), known())
	if first != second || first.Kind != policies.Excluded {
		t.Errorf("%s by %q, reversed %s by %q", first.Kind, first.By, second.Kind, second.By)
	}
}

// TestUnreadCopiesAreNamed: a finding that waits because a copy of its account was not read says so, and not that its own source
// was not read.
func TestUnreadCopiesAreNamed(t *testing.T) {
	past := known()
	past.SourceComplete = false
	own, _ := set(rule("r", 0)).Decide(leaver(), past)
	past.Unread = "entra"
	copied, _ := set(rule("r", 0)).Decide(leaver(), past)
	if own.Kind != policies.InGrace || !strings.Contains(own.Why, "the source was not read") {
		t.Errorf("%+v", own)
	}
	if copied.Kind != policies.InGrace || !strings.Contains(copied.Why, "entra, through which the account may be used, was not read") {
		t.Errorf("%+v", copied)
	}
}
