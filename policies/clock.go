package policies

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// Clock is the grace clock of one finding under one rule. The run store keeps it between runs.
type Clock struct {
	// Finding is the id of the finding, Rule the name of the rule, Person "source/id" of the owner or "".
	Finding string
	Rule    string
	Person  string
	// FirstSeen is the as-of of the run that started the clock; Basis the instant that grace is counted from (the HR end
	// or FirstSeen); DueAt when the grace is over. DueAt is fixed at the start, and a later edit of the rule may only
	// move it later.
	FirstSeen time.Time
	Basis     time.Time
	DueAt     time.Time
}

// Event is a change of a clock, for the audit log.
type Event struct {
	Clock Clock
	// Change is "started", "restarted", "extended" or "closed"; Reason says why in one sentence.
	Change string
	Reason string
}

// clock starts the grace clock of rule for v, or carries on the one that runs. A running clock keeps its start; its end
// only ever moves later, unless HR corrected the end of employment, which starts it anew.
func (s Set) clock(rule *Rule, v *reconcile.Verdict, past Past) *Clock {
	fresh := Clock{Finding: v.ID(), Rule: rule.Name, FirstSeen: past.FirstSeen}
	if v.Person != nil {
		fresh.Person = v.Person.Ref()
	}
	old := past.Clock
	running := old != nil && old.Rule == fresh.Rule && old.Person == fresh.Person
	switch {
	case running:
		fresh.FirstSeen = old.FirstSeen
	case fresh.FirstSeen.IsZero() || old != nil && old.Person != fresh.Person:
		fresh.FirstSeen = s.Now
	}
	fresh.Basis = fresh.FirstSeen
	if rule.Grace.From == FromEndDate && v.End.Ended() && !v.End.Inferred {
		fresh.Basis = v.End.At
	}
	fresh.DueAt = s.addDays(fresh.Basis, rule.Grace.days(v.Account.System), v.Person)
	if running && old.Basis.Equal(fresh.Basis) && old.DueAt.After(fresh.DueAt) {
		fresh.DueAt = old.DueAt
	}
	return &fresh
}

// Advance compares the clocks of the last run with tonight's and returns what changed, ordered by finding. keep says
// of a clock that is missing tonight whether it stays as it is (its account could not be judged) or is closed.
func Advance(before, tonight []Clock, keep func(Clock) bool) (clocks []Clock, events []Event) {
	old := map[string]Clock{}
	for _, c := range before {
		old[c.Finding] = c
	}
	for _, c := range tonight {
		was, running := old[c.Finding]
		delete(old, c.Finding)
		clocks = append(clocks, c)
		switch {
		case !running:
			events = append(events, Event{c, "started", "first seen"})
		case was.Rule != c.Rule || was.Person != c.Person:
			events = append(events, Event{c, "restarted", fmt.Sprintf("rule %q and person %q before", was.Rule, was.Person)})
		case !was.Basis.Equal(c.Basis):
			events = append(events, Event{c, "restarted", "the end of employment was corrected from " + day(was.Basis)})
		case !was.DueAt.Equal(c.DueAt):
			events = append(events, Event{c, "extended", "due on " + day(was.DueAt) + " before"})
		}
	}
	for _, c := range old {
		if keep(c) {
			clocks = append(clocks, c)
		} else {
			events = append(events, Event{c, "closed", "the finding is gone"})
		}
	}
	slices.SortFunc(clocks, func(a, b Clock) int { return strings.Compare(a.Finding, b.Finding) })
	slices.SortFunc(events, func(a, b Event) int { return strings.Compare(a.Clock.Finding, b.Clock.Finding) })
	return clocks, events
}
