package policies

import (
	"fmt"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// Remark is something about a rule or an exclusion that is allowed and probably not meant.
type Remark struct {
	// Place is "file:line" of the rule or exclusion, About its name or id.
	Place string
	About string
	Text  string
}

// expiringSoon is how long before its expiry an exclusion is remarked on.
const expiringSoon = 30 * 24 * time.Hour

// Lint looks for rules and stages that never decide, because they contradict themselves or another rule always comes first, for
// exclusions that are over or nearly so, and for early decisions. The remarks are in the order of the rules.
func Lint(rules []Rule, exclusions []Exclusion, now time.Time) []Remark {
	var list []Remark
	remark := func(place, about, format string, args ...any) {
		list = append(list, Remark{place, about, fmt.Sprintf(format, args...)})
	}
	for i := range rules {
		r := &rules[i]
		for _, problem := range slices.Concat(r.idle(now), r.oddStages(rules, now)) {
			remark(r.Place, r.Name, "%s", problem)
		}
		for j := range rules {
			if i != j && rules[j].shadows(r, now) {
				remark(r.Place, r.Name, "never decides: rule %q selects all that it selects, and its grace is never longer", rules[j].Name)
			}
		}
		if r.Trigger.EndDate != nil && r.Trigger.EndDate.BeforeEnd {
			remark(r.Place, r.Name, "acts on accounts of people who are still employed (before_end); each decision is for approval by itself")
		}
		exclusions = append(slices.Clip(exclusions), r.Exclude...)
	}
	for i := range exclusions {
		x := &exclusions[i]
		switch left := x.Expires.Sub(now); {
		case left <= 0:
			remark(x.Place, x.ID, "expired on %s: what it excluded is back", x.Expires.Format(time.DateOnly))
		case left <= expiringSoon:
			remark(x.Place, x.ID, "expires in %d days (%s): ask %s whether it is still needed", int(left/(24*time.Hour)), x.Expires.Format(time.DateOnly), x.Owner)
		}
	}
	return list
}

// idle says why a rule can never make a decision due, or decide at all.
func (r *Rule) idle(now time.Time) []string {
	var list []string
	t := &r.Trigger
	if !r.Active {
		list = append(list, "is not active")
	}
	if !r.Effective.Until.IsZero() && !now.Before(r.Effective.Until) {
		list = append(list, "is over since "+r.Effective.Until.Format(time.DateOnly))
	}
	if r.Schedule != nil && !r.Schedule.Active {
		list = append(list, "nothing becomes due: its schedule is not active")
	}
	if len(t.Kinds) > 0 && len(t.Status) > 0 && !slices.ContainsFunc(t.Kinds, func(k reconcile.Kind) bool {
		return slices.ContainsFunc(t.Status, func(s reconcile.PersonState) bool { return meet(k, s) })
	}) {
		list = append(list, fmt.Sprintf("selects nothing: no finding of kinds %v has an owner in status %v", t.Kinds, t.Status))
	}
	if t.EndDate != nil && t.EndDate.Offset >= 0 && len(t.Status) > 0 && !slices.Contains(t.Status, reconcile.Ended) && !slices.Contains(t.Status, reconcile.Vanished) {
		list = append(list, fmt.Sprintf("selects nothing: an end of employment that has passed and status %v do not meet", t.Status))
	}
	if r.acts() && len(t.Kinds) > 0 && !slices.ContainsFunc(t.Kinds, func(k reconcile.Kind) bool {
		return k != reconcile.Contradiction && k != reconcile.Disputed
	}) {
		list = append(list, fmt.Sprintf("is never due: findings of kinds %v are decided by a person", t.Kinds))
	}
	if r.acts() && t.Flags&(reconcile.SuspectMatch|reconcile.EnabledUnknown) != 0 {
		list = append(list, "is never due: accounts with the flags suspect_match and enabled_unknown are decided by a person")
	}
	if t.Flags.Has(reconcile.FailedLogins) && len(t.Kinds) == 1 && t.Kinds[0] == reconcile.RuleMatch {
		list = append(list, "selects nothing: only findings have the flag failed_logins; use the clause failed_logins")
	}
	return list
}

// meet reports whether a finding of the kind can have an owner in the state.
func meet(k reconcile.Kind, s reconcile.PersonState) bool {
	gone := s == reconcile.Ended || s == reconcile.Vanished
	switch k {
	case reconcile.UsedAfterEnd, reconcile.LeaverActive, reconcile.OwnerLeft:
		return gone
	case reconcile.Orphan, reconcile.Disputed:
		return false
	case reconcile.SuspendedActive:
		return s == reconcile.Suspended
	case reconcile.EarlyActive:
		return s == reconcile.Prehire
	case reconcile.NeverUsed, reconcile.Dormant:
		return s == reconcile.Employed || !gone // of a sponsor
	default:
		return true
	}
}

// shadows reports whether r always decides before other: it selects whatever other selects, acts, and its grace is over no
// later, on every system. It is careful: where it cannot tell, it says no.
func (r *Rule) shadows(other *Rule, now time.Time) bool {
	if other.Graceful() || !r.precedes(other, now) || other.Grace.Days < r.Grace.Days {
		return false
	}
	for _, days := range other.Grace.Sources {
		if days < r.Grace.Days {
			return false
		}
	}
	equal := other.Grace.Days == r.Grace.Days && len(other.Grace.Sources) == 0 && !other.Grace.Business
	return !equal || r.Name < other.Name
}

// precedes reports whether r, which is then simple enough to tell, selects whatever other selects, acts, and counts from the
// same instant.
func (r *Rule) precedes(other *Rule, now time.Time) bool {
	return r.InForce(now) && other.InForce(now) && !r.Graceful() && r.acts() && other.acts() && len(r.Exclude) == 0 && r.Schedule == nil &&
		r.Effective == (Effective{}) && r.Grace.From == other.Grace.From && !r.Grace.Business && len(r.Grace.Sources) == 0 &&
		r.Trigger.covers(&other.Trigger)
}

// covers reports whether t selects everything that other selects.
func (t *Trigger) covers(other *Trigger) bool {
	within := func(mine, theirs int, contains func() bool) bool { return mine == 0 || theirs > 0 && contains() }
	switch {
	case t.Hook != nil && (other.Hook == nil || !t.Hook.Equal(other.Hook)):
		return false
	case t.EndDate != nil && (other.EndDate == nil || *t.EndDate != *other.EndDate):
		return false
	case t.EndDate == nil && other.early():
		return false // they count from different instants
	case other.raises() && !t.raises():
		return false
	}
	return within(len(t.Sources), len(other.Sources), func() bool { return allIn(other.Sources, t.Sources) }) &&
		within(len(t.Kinds), len(other.Kinds), func() bool { return allIn(other.Kinds, t.Kinds) }) &&
		within(len(t.Status), len(other.Status), func() bool { return allIn(other.Status, t.Status) }) &&
		other.Flags.Has(t.Flags) && t.FailedLogins <= other.FailedLogins
}

func allIn[T comparable](some, all []T) bool {
	return !slices.ContainsFunc(some, func(s T) bool { return !slices.Contains(all, s) })
}
