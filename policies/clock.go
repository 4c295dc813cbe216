package policies

import (
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// Clock is the grace clock of one finding under one rule, or one stage of it, for one owner. The run store keeps it between
// runs.
type Clock struct {
	// Finding is the id of the finding, System and Account (the immutable id) name its account.
	Finding string
	System  string
	Account string
	// Rule is the name of the rule, Stage that of its stage or "", Person "source/id" of the owner or "".
	Rule   string
	Stage  string
	Person string
	// FirstSeen is the as-of of the run that started the clock; Basis the instant that grace is counted from (the HR end
	// or FirstSeen); DueAt when the grace is over. DueAt is fixed at the start: a later edit of the rule may only move it
	// later.
	FirstSeen time.Time
	Basis     time.Time
	DueAt     time.Time
	// End is the end of employment that HR stated when the clock was set; the zero time when it stated none.
	End time.Time
	// PausedAt is the as-of of the complete run that first did not show the account any more; the zero time while the clock
	// runs. An account that comes back goes on with its old DueAt.
	PausedAt time.Time
	// DoneAt is the as-of of the run that first found nothing left to do for the stage; the zero time until then, and without a
	// stage.
	DoneAt time.Time
	// ToldAt is when the notice about it went out, ToldTo the address; zero and empty until then, and where the rule needs none.
	ToldAt time.Time
	ToldTo string
}

// key tells the clocks of one finding apart.
type key struct{ finding, rule, stage, person string }

func (c *Clock) key() key { return key{c.Finding, c.Rule, c.Stage, c.Person} }

// clock starts the grace clock of rule, or of a stage of it, for v, or carries on the one that runs. A running clock keeps its
// start, and its end moves in two cases only: HR states another end of employment, from which the rule counts; or the rule was
// edited, and gives more time than before. While the source is not read completely the clock stays as it is.
func (s Set) clock(rule *Rule, stage *Stage, v *reconcile.Verdict, past Past) *Clock {
	fresh := Clock{Finding: v.ID(), System: v.Account.System, Account: v.Account.ID, Rule: rule.Name, Person: owner(v), End: rule.end(v)}
	if stage != nil {
		fresh.Stage = stage.Name
	}
	old := s.running(past.Clocks, fresh.key())
	if old != nil && !past.SourceComplete {
		return old
	}
	fresh.FirstSeen = s.started(past, fresh.Person)
	if old != nil {
		fresh.FirstSeen = old.FirstSeen
	}
	fresh.Basis = fresh.FirstSeen
	if rule.Grace.From == FromEndDate && !fresh.End.IsZero() {
		fresh.Basis = fresh.End
	}
	fresh.DueAt = s.dueAt(rule, stage, &fresh, v)
	if old == nil {
		carry(&fresh, past.Elsewhere)
		return &fresh
	}
	if old.Rule == fresh.Rule && old.Stage == fresh.Stage {
		fresh.DoneAt, fresh.ToldAt, fresh.ToldTo = old.DoneAt, old.ToldAt, old.ToldTo
	}
	if corrected(rule, old, &fresh) {
		fresh.DoneAt, fresh.ToldAt, fresh.ToldTo = time.Time{}, time.Time{}, ""
		return &fresh
	}
	s.tellDue(rule, &fresh, v)
	if fresh.End.IsZero() {
		fresh.End = old.End // HR does not say it any more, and says nothing else
	}
	if !fresh.DueAt.After(old.DueAt) {
		fresh.Basis, fresh.DueAt = old.Basis, old.DueAt
	}
	return &fresh
}

// dueAt is when a clock that starts now comes to its end.
func (s Set) dueAt(rule *Rule, stage *Stage, c *Clock, v *reconcile.Verdict) time.Time {
	if stage == nil {
		return later(s.addDays(c.Basis, rule.Grace, rule.Grace.days(v.Account.System), v.Person), rule.notBefore(v))
	}
	at := s.begins(rule, stage, c.Basis, v.Person)
	if c.End.IsZero() {
		at = later(at, c.FirstSeen)
	}
	if early := rule.Trigger.EndDate != nil && rule.Trigger.EndDate.BeforeEnd; stage.acts() && !early {
		at = later(at, c.End)
	}
	return at
}

// carry takes over what a stage has come to under another finding of the account: that of somebody who was about to leave
// becomes that of a leaver, and a stage that was done before the end is not due anew after it, nor earlier.
func carry(fresh *Clock, elsewhere []Clock) {
	for i := range elsewhere {
		c := &elsewhere[i]
		if fresh.Stage != "" && c.Rule == fresh.Rule && c.Stage == fresh.Stage && c.Person == fresh.Person && c.End.Equal(fresh.End) {
			fresh.DueAt, fresh.DoneAt = later(fresh.DueAt, c.DueAt), c.DoneAt
		}
	}
}

// running finds the clock with the given key. When there is none, it is the one with the latest date of a rule or stage that
// is not there any more: to rename a rule, or to write it anew under another name, must not cut short what was promised.
func (s Set) running(clocks []Clock, k key) *Clock {
	var heir *Clock
	for i := range clocks {
		c := &clocks[i]
		switch {
		case c.key() == k:
			return c
		case c.Person == k.person && !s.knows(c.Rule, c.Stage) && (heir == nil || c.DueAt.After(heir.DueAt)):
			heir = c
		}
	}
	return heir
}

// rule returns the rule of that name, nil when there is none.
func (s Set) rule(name string) *Rule {
	for i := range s.Rules {
		if s.Rules[i].Name == name {
			return &s.Rules[i]
		}
	}
	return nil
}

// knows reports whether there is such a rule and, in it, such a stage; "" is the clock of a rule without stages.
func (s Set) knows(rule, stage string) bool {
	r := s.rule(rule)
	return r != nil && (stage == "" && !r.Graceful() || r.stage(stage) != nil)
}

// started is the as-of from which a new clock for person counts: since when the finding is known of this owner.
func (s Set) started(past Past, person string) time.Time {
	var first time.Time
	for i := range past.Clocks {
		if c := &past.Clocks[i]; c.Person == person && (first.IsZero() || c.FirstSeen.Before(first)) {
			first = c.FirstSeen
		}
	}
	switch {
	case !first.IsZero():
		return first
	case len(past.Clocks) > 0 || past.FirstSeen.IsZero():
		return s.Now
	default:
		return past.FirstSeen
	}
}

// corrected reports whether HR states another end than when the clock was set, and the rule counts from it.
func corrected(rule *Rule, old, fresh *Clock) bool {
	return rule.Grace.From == FromEndDate && !fresh.End.IsZero() && !fresh.End.Equal(old.End)
}

// frozen are the clocks of a rule that an exclusion takes the finding out of: they stay as they were.
func frozen(clocks []Clock, rule string) []Clock {
	var same []Clock
	for _, c := range clocks {
		if c.Rule == rule {
			same = append(same, c)
		}
	}
	return same
}

// later returns the later of two instants.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
