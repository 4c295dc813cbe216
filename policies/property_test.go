package policies_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
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
		r.Trigger.Kinds = rapid.SliceOfN(rapid.SampledFrom(reconcile.Kinds()), 1, 8).Draw(t, "kinds")
		r.Exclude = drawExclusions(t, 1)
		s.Rules = append(s.Rules, r)
	}
	s.Exclusions = drawExclusions(t, 1)
	return s
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
		s, v := drawSet(t), drawVerdict(t)
		past := drawPast(t, s, v)
		d, clock := decide(s, v, past)
		if d.Kind != policies.Due {
			return
		}
		for what, broken := range map[string]bool{
			"no finding":         v.Kind == reconcile.KindNone,
			"incomplete source":  !past.SourceComplete,
			"first sight":        !past.AccountSeen,
			"first link":         v.Person != nil && !past.LinkSeen,
			"disputed":           v.Kind == reconcile.Disputed,
			"disabled already":   v.Kind == reconcile.Contradiction,
			"likely mis-keyed":   v.LikelyMiskeyed(),
			"suspect":            v.Flags.Has(reconcile.SuspectMatch),
			"enabled unknown":    v.Flags.Has(reconcile.EnabledUnknown),
			"inferred tonight":   v.End.Inferred && v.Person.Misses < 2,
			"no clock":           clock == nil,
			"grace runs":         clock != nil && s.Now.Before(clock.DueAt),
			"only reporting":     d.Action == policies.ActionReport || d.Action == "",
			"grace never starts": clock != nil && clock.DueAt.Before(clock.Basis),
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
		s, v := drawSet(t), drawVerdict(t)
		if d, _ := s.Decide(v, drawPast(t, s, v)); d.Kind == policies.InGrace && d.Until.Before(s.Now) {
			t.Fatalf("in grace until %s (%s), judged at %s", d.Until, d.Why, s.Now)
		}
	})
}

// TestLosingTheSourceNeverMakesDue: an incomplete source takes due decisions away and adds none, for any past.
func TestLosingTheSourceNeverMakesDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, v := drawSet(t), drawVerdict(t)
		past := drawPast(t, s, v)
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
		s, v := drawSet(t), drawVerdict(t)
		past := drawPast(t, s, v)
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
		s, v := drawSet(t), drawVerdict(t)
		past := drawPast(t, s, v)
		before := fmt.Sprintf("%+v %+v %+v", s.Rules, *v.Account, past.Clocks)
		s.Decide(v, past)
		if after := fmt.Sprintf("%+v %+v %+v", s.Rules, *v.Account, past.Clocks); after != before {
			t.Fatalf("changed from\n%s\nto\n%s", before, after)
		}
	})
}
