package policies

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// Check returns what is wrong with a rule, or nil.
func (r Rule) Check() error {
	switch {
	case r.Name == "":
		return fmt.Errorf("rule without name\nhint: add \"name:\"")
	case r.Trigger.empty():
		return fmt.Errorf("rule %q has no trigger and would select every account\nhint: add kinds, status, end_date, flags, failed_logins or hook under \"trigger:\"", r.Name)
	case !r.Graceful() && !slices.Contains(Actions(), r.Action):
		return fmt.Errorf("rule %q: action %q is not one of %v", r.Name, r.Action, Actions())
	case r.Trigger.FailedLogins < 0:
		return fmt.Errorf("rule %q: failed_logins of %d is less than 0", r.Name, r.Trigger.FailedLogins)
	case !r.Effective.Until.IsZero() && !r.Effective.Until.After(r.Effective.From):
		return fmt.Errorf("rule %q is effective until a time before it begins", r.Name)
	}
	for _, kind := range r.Trigger.Kinds {
		if !slices.Contains(reconcile.Kinds(), kind) {
			return fmt.Errorf("rule %q: kind %q is not one of %v", r.Name, kind, reconcile.Kinds())
		}
	}
	for _, state := range r.Trigger.Status {
		if !slices.Contains(States(), string(state)) {
			return fmt.Errorf("rule %q: status %q is not one of %v", r.Name, state, States())
		}
	}
	for _, err := range []error{r.Trigger.EndDate.check(), r.Grace.check(), r.Allocation.check(), r.checkStages(), r.Notify.check(&r)} {
		if err != nil {
			return fmt.Errorf("rule %q: %w", r.Name, err)
		}
	}
	for _, x := range r.Exclude {
		if err := x.Check(); err != nil {
			return fmt.Errorf("rule %q: %w", r.Name, err)
		}
	}
	return nil
}

// maxOffset is how far before or after the end of employment an end-date clause may look.
const maxOffset = 3650 * 24 * time.Hour

func (e *EndDate) check() error {
	switch {
	case e == nil:
		return nil
	case e.Offset < -maxOffset || e.Offset > maxOffset:
		return fmt.Errorf("end_date: the offset is more than 3650 days")
	case e.BeforeEnd && e.Offset >= 0:
		return fmt.Errorf("end_date: before_end needs a negative offset\nhint: remove before_end, or write for example offset: -3d")
	default:
		return nil
	}
}

// The actions. ActionReport never asks for a change; ActionRevoke and ActionReclaim take rights or licences, ActionLock and
// ActionDelete are about the whole account.
const (
	ActionReport  = "report"
	ActionLock    = "lock"
	ActionRevoke  = "revoke"
	ActionReclaim = "reclaim"
	ActionDelete  = "delete"
)

// Actions lists what a rule may ask for.
func Actions() []string {
	return []string{ActionReport, ActionLock, ActionRevoke, ActionReclaim, ActionDelete}
}

// States lists the words of the status clause.
func States() []string {
	var all []string
	for _, s := range []reconcile.PersonState{reconcile.Employed, reconcile.Leave, reconcile.Suspended, reconcile.Prehire,
		reconcile.Ended, reconcile.Vanished} {
		all = append(all, string(s))
	}
	return all
}

func (t Trigger) empty() bool {
	return len(t.Status) == 0 && t.EndDate == nil && len(t.Kinds) == 0 && t.Flags == 0 && t.FailedLogins == 0 && t.Hook == nil
}

// raises reports whether the trigger makes findings of kind rule_match.
func (t *Trigger) raises() bool {
	if len(t.Kinds) > 0 {
		return slices.Contains(t.Kinds, reconcile.RuleMatch)
	}
	return t.Hook != nil || t.early()
}

// early reports whether the trigger looks ahead of the end of employment.
func (t *Trigger) early() bool { return t.EndDate != nil && t.EndDate.Offset < 0 }

// Clause is one clause of a trigger as it was applied to a verdict.
type Clause struct {
	// Name is the key of the clause in the policy file, Wants what the rule asks for, Has what the account has.
	Name  string
	Wants string
	Has   string
	Holds bool
}

// fixedClause is one of the clauses besides the hook. Its texts are made for explanations only.
type fixedClause struct {
	name       string
	set        func(*Trigger) bool
	holds      func(*Trigger, *facts) bool
	wants, has func(*Trigger, *facts) string
}

// fixedClauses are in the order in which they are applied and explained.
var fixedClauses = [...]fixedClause{
	{"sources", func(t *Trigger) bool { return len(t.Sources) > 0 },
		func(t *Trigger, f *facts) bool { return slices.Contains(t.Sources, f.v.Account.System) },
		func(t *Trigger, _ *facts) string { return fmt.Sprint(t.Sources) },
		func(_ *Trigger, f *facts) string { return f.v.Account.System }},
	{"kinds", func(t *Trigger) bool { return len(t.Kinds) > 0 },
		func(t *Trigger, f *facts) bool { return slices.Contains(t.Kinds, f.kind) },
		func(t *Trigger, _ *facts) string { return fmt.Sprint(t.Kinds) },
		func(_ *Trigger, f *facts) string { return string(f.v.Kind) }},
	{"status", func(t *Trigger) bool { return len(t.Status) > 0 },
		func(t *Trigger, f *facts) bool { return slices.Contains(t.Status, f.state()) },
		func(t *Trigger, _ *facts) string { return fmt.Sprint(t.Status) },
		func(_ *Trigger, f *facts) string { return string(f.state()) }},
	{"end_date", func(t *Trigger) bool { return t.EndDate != nil },
		func(t *Trigger, f *facts) bool { return t.EndDate.passed(f) },
		func(t *Trigger, _ *facts) string { return fmt.Sprintf("passed by %s", t.EndDate.Offset) },
		func(t *Trigger, f *facts) string { return t.EndDate.describe(f) }},
	{"flags", func(t *Trigger) bool { return t.Flags != 0 },
		func(t *Trigger, f *facts) bool { return f.v.Flags.Has(t.Flags) },
		func(t *Trigger, _ *facts) string { return fmt.Sprint(t.Flags.List()) },
		func(_ *Trigger, f *facts) string { return fmt.Sprint(f.v.Flags.List()) }},
	{"failed_logins", func(t *Trigger) bool { return t.FailedLogins > 0 },
		func(t *Trigger, f *facts) bool {
			count, counted := f.v.Account.FailedLogins.Get()
			return counted && count >= t.FailedLogins
		},
		func(t *Trigger, _ *facts) string { return fmt.Sprintf("at least %d", t.FailedLogins) },
		func(_ *Trigger, f *facts) string { return f.failedLogins() }},
}

// Selects reports whether every clause of the trigger holds for v at now. A hook that is unknown or fails does not hold.
func (t Trigger) Selects(v *reconcile.Verdict, now time.Time) bool {
	said, _ := t.ask(newFacts(v, now))
	return said == yes
}

// ask applies the clauses until one does not hold, and the hook last.
func (t *Trigger) ask(f *facts) (answer, error) {
	if f.kind == reconcile.RuleMatch && !t.raises() {
		return no, nil
	}
	for _, c := range fixedClauses {
		if c.set(t) && !c.holds(t, f) {
			return no, nil
		}
	}
	if t.Hook == nil {
		return yes, nil
	}
	return t.Hook.ask(f)
}

// Clauses applies every clause that is set, in a fixed order, those of the hook last.
func (t Trigger) Clauses(v *reconcile.Verdict, now time.Time) []Clause {
	f := newFacts(v, now)
	var list []Clause
	for _, c := range fixedClauses {
		if c.set(&t) {
			list = append(list, Clause{c.name, c.wants(&t, f), c.has(&t, f), c.holds(&t, f)})
		}
	}
	if t.Hook != nil {
		list = append(list, t.Hook.explain(f)...)
	}
	return list
}

// state is where the owner stands.
func (f *facts) state() reconcile.PersonState {
	if f.v.Person == nil {
		return "nobody"
	}
	return f.v.Person.State
}

func (f *facts) failedLogins() string {
	if count, counted := f.v.Account.FailedLogins.Get(); counted {
		return strconv.FormatInt(count, 10)
	}
	return "unknown"
}

// upcoming is the stated end that lies ahead of an owner who is still employed.
func upcoming(v *reconcile.Verdict) (time.Time, bool) {
	if v.Person == nil || v.Person.Gone() || v.Person.UpcomingAt.IsZero() {
		return time.Time{}, false
	}
	return v.Person.UpcomingAt, true
}

// passed reports whether the stated end of employment plus the offset lies before now. Inferred ends are not stated. An end
// that is yet to come counts for a negative offset.
func (e EndDate) passed(f *facts) bool {
	if ahead, ok := upcoming(f.v); ok && e.Offset < 0 {
		return !ahead.Add(e.Offset).After(f.now)
	}
	if !f.v.End.Ended() || f.v.End.Inferred {
		return false
	}
	return !f.v.End.At.Add(e.Offset).After(f.now)
}

func (e EndDate) describe(f *facts) string {
	if ahead, ok := upcoming(f.v); ok && e.Offset < 0 {
		return "ends on " + day(ahead)
	}
	if f.v.End.Ended() && !f.v.End.Inferred {
		return day(f.v.End.At)
	}
	return "no stated end"
}
