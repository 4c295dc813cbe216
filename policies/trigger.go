package policies

import (
	"fmt"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// Check returns what is wrong with a rule, or nil.
func (r Rule) Check() error {
	switch {
	case r.Name == "":
		return fmt.Errorf("rule without name\nhint: add \"name:\"")
	case r.Trigger.empty():
		return fmt.Errorf("rule %q has no trigger and would select every account\nhint: add kinds, status, end_date or flags under \"trigger:\"", r.Name)
	case !slices.Contains(actions, r.Action):
		return fmt.Errorf("rule %q: action %q is not one of %v", r.Name, r.Action, actions)
	case r.Grace.From != FromEndDate && r.Grace.From != FromFirstSeen:
		return fmt.Errorf("rule %q: grace from %q is neither %q nor %q", r.Name, r.Grace.From, FromEndDate, FromFirstSeen)
	case r.Grace.Days < 0 || r.Grace.Days > 3650:
		return fmt.Errorf("rule %q: grace of %d days is not between 0 and 3650", r.Name, r.Grace.Days)
	}
	for source, days := range r.Grace.Sources {
		if days < 0 || days > 3650 {
			return fmt.Errorf("rule %q: grace of %d days for %q is not between 0 and 3650", r.Name, days, source)
		}
	}
	for _, kind := range r.Trigger.Kinds {
		if !slices.Contains(reconcile.Kinds(), kind) {
			return fmt.Errorf("rule %q: kind %q is not one of %v", r.Name, kind, reconcile.Kinds())
		}
	}
	for _, state := range r.Trigger.Status {
		if !slices.Contains(states, state) {
			return fmt.Errorf("rule %q: status %q is not one of %v", r.Name, state, states)
		}
	}
	for _, x := range r.Exclude {
		if err := x.Check(); err != nil {
			return fmt.Errorf("rule %q: %w", r.Name, err)
		}
	}
	return nil
}

// Where a grace period is counted from.
const (
	FromEndDate   = "end_date"
	FromFirstSeen = "first_seen"
)

// ActionReport is the action that never asks for a change.
const ActionReport = "report"

var actions = []string{ActionReport, "lock", "revoke", "reclaim", "delete"}

var states = []reconcile.PersonState{reconcile.Employed, reconcile.Leave, reconcile.Suspended, reconcile.Prehire,
	reconcile.Ended, reconcile.Vanished}

func (t Trigger) empty() bool {
	return len(t.Status) == 0 && t.EndDate == nil && len(t.Kinds) == 0 && t.Flags == 0
}

// Clause is one clause of a trigger as it was applied to a verdict.
type Clause struct {
	// Name is the key of the clause in the policy file, Wants what the rule asks for, Has what the account has.
	Name  string
	Wants string
	Has   string
	Holds bool
}

// Selects reports whether every clause of the trigger holds for v at now.
func (t Trigger) Selects(v *reconcile.Verdict, now time.Time) bool {
	for _, clause := range t.Clauses(v, now) {
		if !clause.Holds {
			return false
		}
	}
	return true
}

// Clauses applies every clause that is set, in a fixed order.
func (t Trigger) Clauses(v *reconcile.Verdict, now time.Time) []Clause {
	var list []Clause
	if len(t.Sources) > 0 {
		list = append(list, Clause{"sources", fmt.Sprint(t.Sources), v.Account.System, slices.Contains(t.Sources, v.Account.System)})
	}
	if len(t.Kinds) > 0 {
		list = append(list, Clause{"kinds", fmt.Sprint(t.Kinds), string(v.Kind), slices.Contains(t.Kinds, v.Kind)})
	}
	if len(t.Status) > 0 {
		state := reconcile.PersonState("nobody")
		if v.Person != nil {
			state = v.Person.State
		}
		list = append(list, Clause{"status", fmt.Sprint(t.Status), string(state), slices.Contains(t.Status, state)})
	}
	if t.EndDate != nil {
		end := "no stated end"
		if v.End.Ended() && !v.End.Inferred {
			end = day(v.End.At)
		}
		list = append(list, Clause{"end_date", fmt.Sprintf("passed by %s", t.EndDate.Offset), end, t.EndDate.passed(v, now)})
	}
	if t.Flags != 0 {
		list = append(list, Clause{"flags", fmt.Sprint(t.Flags.List()), fmt.Sprint(v.Flags.List()), v.Flags.Has(t.Flags)})
	}
	return list
}

// passed reports whether the stated end of employment plus the offset lies before now. Inferred ends are not stated.
func (e EndDate) passed(v *reconcile.Verdict, now time.Time) bool {
	if !v.End.Ended() || v.End.Inferred {
		return false
	}
	return !v.End.At.Add(e.Offset).After(now)
}
