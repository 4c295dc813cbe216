package policies_test

import (
	"testing"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// kept is a decision to keep the account of v for ten days.
func kept(v *reconcile.Verdict) *policies.Kept {
	return &policies.Kept{Finding: v.ID(), System: "crm", Account: "A1", Facts: policies.FactsDigest(v), At: now, Until: now.Add(10 * daySpan),
		By: "ann", Reason: "hand-over"}
}

// TestKept has every change of the facts that ends a decision to keep, and those that do not.
func TestKept(t *testing.T) {
	cases := []struct {
		name    string
		changes []func(*reconcile.Verdict)
		after   time.Duration
		over    string
	}{
		{"nothing changed", nil, 0, ""},
		{"just before its end", nil, 10*daySpan - 1, ""},
		{"at its end", nil, 10 * daySpan, "its date has passed"},
		{"used", []func(*reconcile.Verdict){flagged(reconcile.InUse), func(v *reconcile.Verdict) { v.LastUse.At = scanners.Known(now) }}, 0, ""},
		{"another day late", []func(*reconcile.Verdict){func(v *reconcile.Verdict) { v.DaysLate = scanners.Known[int64](9) }}, 0, ""},
		{"locked", []func(*reconcile.Verdict){flagged(reconcile.Locked)}, 0, ""},
		{"renamed", []func(*reconcile.Verdict){func(v *reconcile.Verdict) { v.Account.Logins = []string{"other"} }}, 0, ""},
		{"used after the end", []func(*reconcile.Verdict){kind(reconcile.UsedAfterEnd)}, 0, "the facts have changed"},
		{"privileged", []func(*reconcile.Verdict){flagged(reconcile.Privileged)}, 0, "the facts have changed"},
		{"another owner", []func(*reconcile.Verdict){func(v *reconcile.Verdict) { v.Person.ID = "7" }}, 0, "the facts have changed"},
		{"the zeros of the owner's id changed", []func(*reconcile.Verdict){func(v *reconcile.Verdict) { v.Person.Former, v.Person.ID = v.Person.ID, "0"+v.Person.ID }}, 0, ""},
		{"another end", []func(*reconcile.Verdict){endsOn(1)}, 0, "the facts have changed"},
		{"enabled for sure", []func(*reconcile.Verdict){func(v *reconcile.Verdict) { v.Account.Enabled = scanners.Known(true) }}, 0, "the facts have changed"},
		{"another finding", []func(*reconcile.Verdict){kind(reconcile.Dormant)}, 0, "its finding does not hold any more"},
		{"no finding", []func(*reconcile.Verdict){fixed}, 0, "its finding does not hold any more"},
		{"disputed", []func(*reconcile.Verdict){kind(reconcile.Disputed)}, 0, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			k, v := kept(leaver()), leaver(c.changes...)
			at := now.Add(c.after)
			if over := k.Over(at, policies.Sight{Complete: true, Verdict: v}); over != c.over {
				t.Errorf("over because %q, want %q", over, c.over)
			}
			s, past := set(rule("r", 0, func(r *policies.Rule) { r.Trigger.Kinds = reconcile.Kinds() })), known()
			s.Now, past.Kept = at, k
			d, _ := s.Decide(v, past)
			if want := c.over == "" && v.ID() == k.Finding; (d.Kind == policies.Keep) != want || want && !d.Until.Equal(k.Until) {
				t.Errorf("%s until %s (%s)", d.Kind, d.Until, d.Why)
			}
		})
	}
	for name, sight := range map[string]policies.Sight{"gone": {Complete: true}, "not read": {}, "clean in a part of the source": {Verdict: leaver(fixed)}} {
		if over := kept(leaver()).Over(now, sight); over != "" {
			t.Errorf("%s: over because %q", name, over)
		}
	}
}

// A decision to keep leaves the clock alone, and an exclusion comes before it.
func TestKeptAndTheRest(t *testing.T) {
	s := set(rule("r", 60))
	_, clocks := s.Decide(leaver(), known())
	past := after(clocks...)
	past.Kept = kept(leaver())
	if d, same := s.Decide(leaver(), past); d.Kind != policies.Keep || len(same) != 1 || same[0] != clocks[0] {
		t.Errorf("%s with clocks %+v", d.Kind, same)
	}
	s.Exclusions = []policies.Exclusion{exclusion("X", about("A1"))}
	if d, _ := s.Decide(leaver(), past); d.Kind != policies.Excluded {
		t.Errorf("%s, want the exclusion", d.Kind)
	}
}

// An account that somebody enabled again counts as active for a while, but only as far as inactivity goes.
func TestReactivationHold(t *testing.T) {
	all := rule("r", 0, func(r *policies.Rule) { r.Trigger.Kinds = reconcile.Kinds() })
	cases := []struct {
		name string
		v    *reconcile.Verdict
		back time.Duration // before now
		want policies.DecisionKind
	}{
		{"dormant, enabled again today", leaver(kind(reconcile.Dormant)), 0, policies.InGrace},
		{"dormant, on the last day", leaver(kind(reconcile.Dormant)), 7*daySpan - 1, policies.InGrace},
		{"dormant, after the hold", leaver(kind(reconcile.Dormant)), 7 * daySpan, policies.Due},
		{"never used", leaver(kind(reconcile.NeverUsed)), daySpan, policies.InGrace},
		{"a leaver's", leaver(), 0, policies.Due},
		{"used after the end", leaver(kind(reconcile.UsedAfterEnd)), 0, policies.Due},
		{"an orphan", orphan(), 0, policies.Due},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, past := set(all), known()
			s.Hold, past.Reactivated = 7*daySpan, now.Add(-c.back)
			d, _ := s.Decide(c.v, past)
			if d.Kind != c.want || d.Kind == policies.InGrace && !d.Until.Equal(past.Reactivated.Add(s.Hold)) {
				t.Errorf("%s until %s (%s), want %s", d.Kind, d.Until, d.Why, c.want)
			}
			s.Hold = 0
			if d, _ := s.Decide(c.v, past); d.Kind != policies.Due {
				t.Errorf("without a hold: %s (%s)", d.Kind, d.Why)
			}
		})
	}
}
