package policies_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

func drawVerdict(t *rapid.T) *reconcile.Verdict {
	v := leaver()
	v.Kind = rapid.SampledFrom(append(reconcile.Kinds(), reconcile.KindNone)).Draw(t, "kind")
	v.Flags = reconcile.Flags(rapid.Uint32Range(0, 1<<17-1).Draw(t, "flags") & rapid.Uint32Range(0, 1<<17-1).Draw(t, "fewer flags"))
	v.Account.System = rapid.SampledFrom([]string{"crm", "erp"}).Draw(t, "system")
	v.End.At = now.Add(-time.Duration(rapid.IntRange(0, 200).Draw(t, "days since the end")) * daySpan)
	v.End.Inferred = rapid.Bool().Draw(t, "inferred")
	v.Person.End, v.Person.Misses = v.End, rapid.IntRange(0, 4).Draw(t, "misses")
	v.Person.State = rapid.SampledFrom([]reconcile.PersonState{reconcile.Ended, reconcile.Vanished, reconcile.Employed}).Draw(t, "state")
	if v.Person.State == reconcile.Employed {
		v.End, v.Person.End = reconcile.End{}, reconcile.End{}
	}
	if rapid.IntRange(0, 3).Draw(t, "nobody") == 0 {
		v.Person, v.End = nil, reconcile.End{}
		state := rapid.SampledFrom([]reconcile.PersonState{reconcile.Ended, reconcile.Employed}).Draw(t, "state of the nearest match")
		v.Suggestions = []reconcile.Suggestion{{Person: &reconcile.Person{System: "hr", ID: "7", State: state}, Percent: 60}}
	}
	return v
}

// drawFacts gives the account facts that hooks ask for, each known, absent or unknown.
func drawFacts(t *rapid.T, v *reconcile.Verdict) {
	moment := func(name string) scanners.Fact[time.Time] {
		switch rapid.SampledFrom([]string{"unknown", "never", "known"}).Draw(t, name) {
		case "never":
			return scanners.Never[time.Time]()
		case "known":
			return scanners.Known(now.Add(-time.Duration(rapid.IntRange(-50, 200).Draw(t, name+" days ago")) * daySpan))
		}
		return scanners.Unknown[time.Time]("not read")
	}
	truth := func(name string) scanners.Fact[bool] {
		return rapid.SampledFrom([]scanners.Fact[bool]{{}, scanners.Known(true), scanners.Known(false)}).Draw(t, name)
	}
	a := v.Account
	a.Enabled, a.Privileged, a.Locked = truth("enabled"), truth("privileged"), truth("locked")
	a.Created, a.Expires = moment("created"), moment("expires")
	a.Signals = []scanners.Signal{{Name: "logon", At: moment("logon")}}
	if n := rapid.IntRange(-1, 20).Draw(t, "failed sign-ins"); n >= 0 {
		a.FailedLogins = scanners.Known(int64(n))
	}
	a.Kind = rapid.SampledFrom([]scanners.AccountKind{"", scanners.KindService, scanners.KindBreakGlass}).Draw(t, "account kind")
	if v.Person != nil && !v.Person.Gone() && rapid.Bool().Draw(t, "ends ahead") {
		v.Person.UpcomingAt = now.Add(time.Duration(rapid.IntRange(1, 20).Draw(t, "days ahead")) * daySpan)
	}
}

// drawHook makes a hook of random facts.
func drawHook(t *rapid.T, depth int) string {
	if depth == 0 || rapid.IntRange(0, 2).Draw(t, "leaf") == 0 {
		return rapid.SampledFrom([]string{"account.idle_days > 30", "account.last_activity < now - days(60)", "account.never_used", "account.enabled",
			"account.privileged", "account.locked", "has(account.expires)", "account.expires < now", "account.failed_logins >= 5", "account.age_days > 20",
			"account.system == 'crm'", "person.found", "person.state == 'ended'", "person.end < now - days(10)", "has(person.upcoming_end)",
			"verdict.kind in ['', 'dormant', 'orphan']", "'privileged' in verdict.flags", "account.grants.exists(g, g.name == 'Sales')",
			"account.licences.all(l, l != 'x')", "account.logins[5] == 'x'", "account.login != ''"}).Draw(t, "fact")
	}
	x, y := drawHook(t, depth-1), drawHook(t, depth-1)
	switch rapid.SampledFrom([]string{"and", "or", "not", "choice", "equal"}).Draw(t, "joined") {
	case "and":
		return "(" + x + " && " + y + ")"
	case "or":
		return "(" + x + " || " + y + ")"
	case "not":
		return "!(" + x + ")"
	case "choice":
		return "(" + x + " ? " + y + " : " + drawHook(t, depth-1) + ")"
	default:
		return "((" + x + ") == (" + y + "))"
	}
}

// drawTrigger makes clauses of every sort.
func drawTrigger(t *rapid.T) policies.Trigger {
	var trigger policies.Trigger
	if rapid.Bool().Draw(t, "with kinds") {
		trigger.Kinds = rapid.SliceOfN(rapid.SampledFrom(reconcile.Kinds()), 1, 8).Draw(t, "kinds")
	}
	if rapid.IntRange(0, 3).Draw(t, "with end date") == 0 {
		trigger.EndDate = &policies.EndDate{Offset: time.Duration(rapid.IntRange(-30, 30).Draw(t, "offset")) * daySpan}
		trigger.EndDate.BeforeEnd = trigger.EndDate.Offset < 0 && rapid.Bool().Draw(t, "before the end")
	}
	if rapid.IntRange(0, 3).Draw(t, "with failed sign-ins") == 0 {
		trigger.FailedLogins = int64(rapid.IntRange(1, 10).Draw(t, "least failed sign-ins"))
	}
	if len(trigger.Kinds) == 0 || rapid.Bool().Draw(t, "with hook") {
		hook, err := policies.CompileHook(drawHook(t, 2))
		if err != nil {
			t.Fatal(err)
		}
		trigger.Hook = hook
	}
	return trigger
}

func drawExclusions(t *rapid.T, most int) []policies.Exclusion {
	var list []policies.Exclusion
	for range rapid.IntRange(0, most).Draw(t, "exclusions") {
		x := exclusion(fmt.Sprint("X-", rapid.IntRange(0, 9).Draw(t, "exclusion id")))
		x.Expires = now.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "expires")) * daySpan)
		x.Source = rapid.SampledFrom([]string{"", "crm", "erp"}).Draw(t, "excluded source")
		x.Account = rapid.SampledFrom([]string{"A1", "A2"}).Draw(t, "excluded account")
		list = append(list, x)
	}
	return list
}

func drawSet(t *rapid.T) policies.Set {
	s := set()
	for n := range rapid.IntRange(0, 5).Draw(t, "rules") {
		r := rule(fmt.Sprint("r", n), rapid.IntRange(0, 120).Draw(t, "days"))
		r.Active = rapid.IntRange(0, 4).Draw(t, "inactive") > 0
		r.Action = rapid.SampledFrom([]string{"report", "lock", "lock", "delete"}).Draw(t, "action")
		r.Grace.From = rapid.SampledFrom([]string{policies.FromEndDate, policies.FromFirstSeen}).Draw(t, "from")
		r.Trigger = drawTrigger(t)
		r.Grace.Business = rapid.Bool().Draw(t, "working days")
		if rapid.IntRange(0, 3).Draw(t, "with schedule") == 0 {
			r.Schedule = &policies.Schedule{Cron: "nightly", Active: rapid.Bool().Draw(t, "active schedule")}
		}
		r.Exclude = drawExclusions(t, 1)
		s.Rules = append(s.Rules, r)
	}
	s.Exclusions = drawExclusions(t, 1)
	wait := time.Duration(rapid.IntRange(0, 40).Draw(t, "planned after")) * daySpan
	s.Planned = func(_ policies.Schedule, t time.Time) (time.Time, error) { return t.Add(wait), nil }
	for n := range rapid.IntRange(0, 2).Draw(t, "too broad") {
		s.TooBroad = map[string]string{fmt.Sprint("X-", n): "matches everybody"}
	}
	return s
}

// drawCase is a verdict as the job hands it to the rules: one without a finding is asked about first.
func drawCase(t *rapid.T) (policies.Set, *reconcile.Verdict, policies.Past) {
	s, v := drawSet(t), drawVerdict(t)
	drawFacts(t, v)
	if v.Kind == reconcile.RuleMatch {
		v.Kind = reconcile.KindNone // only the rules themselves make such a finding
	}
	if why, selected := s.RuleMatch(v); selected {
		v.Kind, v.Why = reconcile.RuleMatch, why
	}
	return s, v, drawPast(t, s, v)
}

func drawPast(t *rapid.T, s policies.Set, v *reconcile.Verdict) policies.Past {
	past := policies.Past{
		AccountSeen: rapid.Bool().Draw(t, "account seen"), LinkSeen: rapid.Bool().Draw(t, "link seen"),
		SourceComplete: rapid.Bool().Draw(t, "source complete"),
	}
	if past.AccountSeen && rapid.Bool().Draw(t, "finding seen") {
		past.FirstSeen = now.Add(-time.Duration(rapid.IntRange(1, 60).Draw(t, "days seen")) * daySpan)
		earlier := s
		earlier.Now = past.FirstSeen
		_, past.Clocks = earlier.Decide(v, policies.Past{SourceComplete: true})
	}
	return past
}

// TestDueNeedsEverything: nothing is due unless every condition of a safe decision holds.
func TestDueNeedsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, v, past := drawCase(t)
		d, clock := decide(s, v, past)
		if d.Kind != policies.Due {
			return
		}
		for what, broken := range map[string]bool{
			"no finding":                          v.Kind == reconcile.KindNone,
			"incomplete source":                   !past.SourceComplete,
			"first sight":                         !past.AccountSeen,
			"first link":                          v.Person != nil && !past.LinkSeen,
			"disputed":                            v.Kind == reconcile.Disputed,
			"disabled already":                    v.Kind == reconcile.Contradiction,
			"likely mis-keyed":                    v.LikelyMiskeyed(),
			"suspect":                             v.Flags.Has(reconcile.SuspectMatch),
			"enabled unknown":                     v.Flags.Has(reconcile.EnabledUnknown),
			"inferred tonight":                    v.End.Inferred && v.Person.Misses < 2,
			"no clock":                            clock == nil,
			"grace runs":                          clock != nil && s.Now.Before(clock.DueAt),
			"only reporting":                      d.Action == policies.ActionReport || d.Action == "",
			"grace never starts":                  clock != nil && clock.DueAt.Before(clock.Basis),
			"employed, and no word of it":         v.Person != nil && v.Person.UpcomingAt.After(now) && d.OneByOne == "",
			"by a rule that could not be applied": strings.Contains(d.Failed, fmt.Sprintf("rule %q", d.Rule)),
			"a schedule that is not active":       inactiveSchedule(s, d.Rule),
			"break-glass":                         v.Kind == reconcile.RuleMatch && v.Account.Kind == scanners.KindBreakGlass,
			"disabled, and only a rule says so":   v.Kind == reconcile.RuleMatch && scanners.Is(v.Account.Enabled, false),
		} {
			if broken {
				t.Fatalf("due although: %s\nverdict %+v\npast %+v\nclock %+v", what, v, past, clock)
			}
		}
	})
}

// TestGraceEndsAhead: what may not be due yet says when it could be, and that never lies in the past.
func TestGraceEndsAhead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, v, past := drawCase(t)
		if d, _ := s.Decide(v, past); d.Kind == policies.InGrace && d.Until.Before(s.Now) {
			t.Fatalf("in grace until %s (%s), judged at %s", d.Until, d.Why, s.Now)
		}
	})
}

func inactiveSchedule(s policies.Set, name string) bool {
	return slices.ContainsFunc(s.Rules, func(r policies.Rule) bool {
		return r.Name == name && r.Schedule != nil && !r.Schedule.Active
	})
}

// TestUnknownNeverSatisfies: when a hook selects an account of which a fact is unknown, it selects it whatever the fact is.
// No denial, choice or comparison of unknown can make it true.
func TestUnknownNeverSatisfies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hook, err := policies.CompileHook(drawHook(t, 3))
		if err != nil {
			t.Fatal(err)
		}
		trigger, v := policies.Trigger{Hook: hook}, drawVerdict(t)
		if v.Kind == reconcile.Disputed {
			return
		}
		drawFacts(t, v)
		less := *v
		account := *v.Account
		less.Account = &account
		switch rapid.SampledFrom([]string{"signals", "expires", "enabled", "failed sign-ins", "grants", "created"}).Draw(t, "hidden") {
		case "signals":
			account.Signals = nil
		case "expires":
			account.Expires = scanners.Unknown[time.Time]("hidden")
		case "enabled":
			account.Enabled = scanners.Unknown[bool]("hidden")
		case "failed sign-ins":
			account.FailedLogins = scanners.Unknown[int64]("hidden")
		case "grants":
			account.Grants = nil
		case "created":
			account.Created = scanners.Unknown[time.Time]("hidden")
		}
		if trigger.Selects(&less, now) && !trigger.Selects(v, now) {
			t.Fatalf("%s selects with less known: %+v, and not with more: %+v", hook, trigger.Clauses(&less, now), trigger.Clauses(v, now))
		}
	})
}

// TestClausesAgree: what explain prints and what decides are the same: every clause holds, or the rule does not select.
func TestClausesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trigger, v := drawTrigger(t), drawVerdict(t)
		drawFacts(t, v)
		if v.Kind == reconcile.KindNone {
			v.Kind = reconcile.RuleMatch
		}
		all := true
		for _, c := range trigger.Clauses(v, now) {
			all = all && c.Holds
		}
		if selects := trigger.Selects(v, now); selects && !all || !selects && all && v.Kind != reconcile.RuleMatch {
			t.Fatalf("selects %v: %+v", selects, trigger.Clauses(v, now))
		}
	})
}

// TestLosingTheSourceNeverMakesDue: an incomplete source takes due decisions away and adds none, for any past.
func TestLosingTheSourceNeverMakesDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, v, past := drawCase(t)
		past.SourceComplete = true
		whole, _ := s.Decide(v, past)
		past.SourceComplete = false
		lost, _ := s.Decide(v, past)
		if lost.Kind == policies.Due {
			t.Fatalf("due from an incomplete source: %+v", lost)
		}
		if whole.Kind != policies.Due && whole != lost && whole.Kind != policies.InGrace {
			t.Fatalf("%+v became %+v", whole, lost)
		}
	})
}

// TestOrderOfRulesDoesNotMatter, nor does a rule that is not active.
func TestOrderOfRulesDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, v, past := drawCase(t)
		want, wantClock := s.Decide(v, past)
		other := s
		other.Rules = rapid.Permutation(s.Rules).Draw(t, "order")
		other.Rules = append(other.Rules, rule("a rule that sleeps", 0, func(r *policies.Rule) { r.Active = false }))
		got, gotClock := other.Decide(v, past)
		if diff := cmp.Diff(want, got) + cmp.Diff(wantClock, gotClock); diff != "" {
			t.Fatalf("another order of rules decides otherwise:\n%s", diff)
		}
	})
}

// TestClockNeverShortens: night after night, with rules edited and renamed in between, the end of a running grace only moves
// later.
func TestClockNeverShortens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := leaver()
		past := policies.Past{SourceComplete: true}
		var clocks []policies.Clock
		for n := range rapid.IntRange(2, 6).Draw(t, "nights") {
			name := rapid.SampledFrom([]string{"r", "r", "r", "renamed"}).Draw(t, "name")
			from := rapid.SampledFrom([]string{policies.FromEndDate, policies.FromFirstSeen}).Draw(t, "from")
			s := set(rule(name, rapid.IntRange(0, 90).Draw(t, "days"), func(r *policies.Rule) { r.Grace.From = from }))
			s.Now = now.Add(time.Duration(n) * daySpan)
			d, clock := decide(s, v, past)
			if len(clocks) > 0 && (clock.DueAt.Before(clocks[0].DueAt) || !clock.FirstSeen.Equal(clocks[0].FirstSeen)) {
				t.Fatalf("night %d: %+v after %+v", n, clock, clocks)
			}
			next, events := s.Advance(clocks, policies.Tonight{Decided: map[string][]policies.Clock{v.ID(): {*clock}},
				Sight: func(string, string) policies.Sight { return policies.Sight{Complete: true, Verdict: v} }})
			if n == 0 && (len(events) != 1 || events[0].Change != policies.Started) || len(events) > 2 || len(next) != 1 {
				t.Fatalf("night %d: clocks %+v, events %+v", n, next, events)
			}
			clocks = next
			past = policies.Past{AccountSeen: true, LinkSeen: true, SourceComplete: true, FirstSeen: d.FirstSeen, Clocks: clocks}
		}
	})
}

// TestDecideReadsOnly: what is handed in stays as it was.
func TestDecideReadsOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, v, past := drawCase(t)
		before := fmt.Sprintf("%+v %+v %+v", s.Rules, *v.Account, past.Clocks)
		s.Decide(v, past)
		if after := fmt.Sprintf("%+v %+v %+v", s.Rules, *v.Account, past.Clocks); after != before {
			t.Fatalf("changed from\n%s\nto\n%s", before, after)
		}
	})
}
