package policies

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// Event is a change of a clock, for the audit log.
type Event struct {
	// Clock is the clock after the change; a closed one as it was.
	Clock  Clock
	Change Change
	// Reason says why in one sentence. It names no person.
	Reason string
}

// Change is what happened to a clock.
type Change string

// The changes. Restated: HR or a rule says something else that a running clock keeps in mind, without another date. Done: a
// stage whose date has come has nothing left to do. Told: the notice that a clock waits for went out.
const (
	Started  Change = "started"
	Extended Change = "extended"
	Restated Change = "restated"
	Paused   Change = "paused"
	Reopened Change = "reopened"
	Done     Change = "done"
	Told     Change = "told"
	Closed   Change = "closed"
)

// Tonight is what one run tells of the accounts that have clocks.
type Tonight struct {
	// Decided holds the clocks that [Set.Decide] returned, by finding; a finding without any is there with none.
	Decided map[string][]Clock
	// Sight says how the run saw an account; it is asked about accounts with clocks only.
	Sight func(system, account string) Sight
}

// Sight is how a run saw one account.
type Sight struct {
	// Complete is whether the account's source was read completely. An incomplete source neither pauses nor closes a clock.
	Complete bool
	// Unread is whether the account was there and its record could not be used.
	Unread bool
	// Verdict is nil when the run did not show the account.
	Verdict *reconcile.Verdict
}

// Advance moves the ledger by one run: from the clocks before it to those after it, and what changed, both ordered by
// finding, rule and owner. Nothing changes without an event.
func (s Set) Advance(before []Clock, t Tonight) (clocks []Clock, events []Event) {
	known := map[key]bool{}
	for _, was := range before {
		known[was.key()] = true
		decided, judged := t.Decided[was.Finding]
		is, changes := was, []Event(nil)
		i := slices.IndexFunc(decided, func(c Clock) bool { return c.key() == was.key() })
		switch {
		case i >= 0:
			is, changes = decided[i], changed(was, decided[i])
		case judged:
			changes = []Event{{was, Closed, s.unselected(was, t.Sight(was.System, was.Account).Verdict)}}
		default:
			is, changes = s.unfound(was, t.Sight(was.System, was.Account))
		}
		if len(changes) == 0 || changes[len(changes)-1].Change != Closed {
			clocks = append(clocks, is)
		}
		events = append(events, changes...)
	}
	for _, decided := range t.Decided {
		for _, c := range decided {
			if !known[c.key()] {
				clocks = append(clocks, c)
				events = append(append(events, Event{c, Started, startReason(c)}), doneSince(Clock{}, c)...)
			}
		}
	}
	slices.SortFunc(clocks, compareClocks)
	slices.SortStableFunc(events, func(a, b Event) int { return compareClocks(a.Clock, b.Clock) })
	return clocks, events
}

func compareClocks(a, b Clock) int {
	return cmp.Or(cmp.Compare(a.Finding, b.Finding), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Person, b.Person))
}

// doneSince tells that a stage is done, once.
func doneSince(was, is Clock) []Event {
	if is.DoneAt.IsZero() || is.DoneAt.Equal(was.DoneAt) {
		return nil
	}
	return []Event{{is, Done, fmt.Sprintf("stage %q has nothing left to do on %s", is.Stage, day(is.DoneAt))}}
}

func startReason(c Clock) string {
	if c.Basis.Equal(c.End) {
		return "counted from the end of employment that HR states, " + day(c.Basis)
	}
	return "counted from the run that first saw it, " + day(c.Basis)
}

// changed compares a clock of a finding that was judged with what it was before.
func changed(was, is Clock) []Event {
	var events []Event
	if !was.PausedAt.IsZero() && is.PausedAt.IsZero() {
		events = append(events, Event{is, Reopened, "the account is back after " + day(was.PausedAt) + ", and so is its date"})
	}
	switch {
	case !is.End.Equal(was.End) && is.Basis.Equal(is.End) && !is.Basis.Equal(was.Basis):
		events = append(events, Event{was, Closed, "hr-corrected: HR states another end of employment"}, Event{is, Started, startReason(is)})
		was.DoneAt = time.Time{}
	case is.DueAt.After(was.DueAt):
		events = append(events, Event{is, Extended, "due on " + day(was.DueAt) + " before; counted from " + day(is.Basis)})
	case !is.End.Equal(was.End):
		events = append(events, Event{is, Restated, "HR states the end of employment as " + day(is.End) + "; the date stays"})
	}
	return append(events, doneSince(was, is)...)
}

// unselected says why a clock is over although its finding was made again tonight.
func (s Set) unselected(c Clock, v *reconcile.Verdict) string {
	switch rule := s.rule(c.Rule); {
	case rule == nil:
		return fmt.Sprintf("rule %q is gone; a rule that takes its place keeps its date", c.Rule)
	case v != nil && owner(v) != c.Person:
		return "the account has another owner"
	case !rule.InForce(s.Now):
		return fmt.Sprintf("rule %q is not active any more", c.Rule)
	case c.Stage == "" && rule.Graceful():
		return fmt.Sprintf("rule %q has stages now, and they keep its date", c.Rule)
	case !s.knows(c.Rule, c.Stage):
		return fmt.Sprintf("stage %q of rule %q is gone; a stage that takes its place keeps its date", c.Stage, c.Rule)
	case !rule.acts():
		return fmt.Sprintf("rule %q only reports now", c.Rule)
	default:
		return fmt.Sprintf("rule %q does not select the finding any more", c.Rule)
	}
}

func owner(v *reconcile.Verdict) string {
	if v.Person == nil {
		return ""
	}
	return v.Person.Ref()
}

// unfound moves a clock whose finding was not made tonight.
func (s Set) unfound(c Clock, sight Sight) (Clock, []Event) {
	switch v := sight.Verdict; {
	case !sight.Complete, sight.Unread, v != nil && v.Kind == reconcile.Disputed:
		return c, nil // nothing can be said
	case v != nil:
		return c, []Event{{c, Closed, s.over(c, v)}}
	case c.PausedAt.IsZero():
		c.PausedAt = s.Now
		return c, []Event{{c, Paused, "gone: a complete scan does not show the account any more"}}
	default:
		return c, nil
	}
}

// over says why the finding of a clock does not hold any more for an account that was read.
func (s Set) over(c Clock, v *reconcile.Verdict) string {
	switch {
	case v.Kind != reconcile.KindNone:
		return "another finding took its place: " + string(v.Kind)
	case scanners.Is(v.Account.Enabled, false):
		return "fixed: the account is disabled"
	case owner(v) != c.Person:
		return "fixed: the account has another owner"
	case v.Person != nil && !v.Person.Gone() && !c.End.IsZero():
		return s.backAtWork(c, v.Person)
	default:
		return "fixed: the finding does not hold any more"
	}
}

// backAtWork tells a rehire from a correction of the end that HR had stated.
func (s Set) backAtWork(c Clock, p *reconcile.Person) string {
	today := scanners.DateOf(s.Now)
	for _, e := range p.Employments {
		if end, stated := e.End.Get(); stated && end.Before(today) {
			return "rehired: another employment of the owner is open"
		}
	}
	if !p.Start.IsZero() && p.Start.After(c.End) {
		return "rehired: another employment of the owner has begun"
	}
	return "hr-corrected: the employment of the owner has not ended"
}
