package policies

import (
	"fmt"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// Stage is one step of a graceful rule. It has a date of its own, which is never before that of the stage before it.
type Stage struct {
	Name string
	// Days after the instant that the rule's grace counts from, negative for before it, in working days when Business is set;
	// with the holidays of the rule's grace. Date, when it is set, is the day on which the stage begins instead.
	Days     int
	Business bool
	Date     scanners.Date
	// Action is what is due then: "report" for a notice, "revoke" and "reclaim" for some rights of the account, "lock" and
	// "delete" for the whole of it.
	Action string
	// Revoke are the rights that go, Keep those that stay although Revoke names them. Other actions have neither.
	Revoke, Keep []Rights
}

// partial reports whether the stage takes rights, and leaves the account in use.
func (s *Stage) partial() bool { return s.Action == ActionRevoke || s.Action == ActionReclaim }

// acts reports whether the stage asks for any change.
func (s *Stage) acts() bool { return s.Action != ActionReport }

// Check returns what is wrong with the stage by itself, or nil.
func (s *Stage) Check() error {
	switch {
	case s.Name == "":
		return fmt.Errorf("a stage without a name\nhint: add \"name:\"")
	case !slices.Contains(Actions(), s.Action):
		return fmt.Errorf("action %q is not one of %v", s.Action, Actions())
	case s.Days < -MaxGrace || s.Days > MaxGrace:
		return fmt.Errorf("%d days are not between %d and %d", s.Days, -MaxGrace, MaxGrace)
	case !s.Date.IsZero() && (s.Days != 0 || s.Business):
		return fmt.Errorf("a stage has days or a date, not both")
	case !s.partial() && len(s.Revoke)+len(s.Keep) > 0:
		return fmt.Errorf("revoke and keep are for the actions %s and %s\nhint: to take rights and then %s, write two stages", ActionRevoke, ActionReclaim, s.Action)
	case s.partial() && len(s.Revoke) == 0:
		return fmt.Errorf("nothing says which rights go\nhint: add for example revoke: [{groups: [\"project-*\"]}]")
	}
	for what, list := range map[string][]Rights{"revoke": s.Revoke, "keep": s.Keep} {
		for i := range list {
			if err := list[i].check(what); err != nil {
				return err
			}
			if s.Action == ActionReclaim && len(list[i].Groups)+len(list[i].Roles)+len(list[i].Applications) > 0 {
				return fmt.Errorf("%s takes licences only\nhint: write action: %s for other rights", ActionReclaim, ActionRevoke)
			}
		}
	}
	return nil
}

// Graceful reports whether the rule has stages.
func (r *Rule) Graceful() bool { return len(r.Stages) > 0 }

// acts reports whether the rule asks for a change at any time.
func (r *Rule) acts() bool {
	if r.Graceful() {
		return slices.ContainsFunc(r.Stages, func(s Stage) bool { return s.acts() })
	}
	return r.Action != ActionReport
}

// stage returns the stage of that name, nil when there is none.
func (r *Rule) stage(name string) *Stage {
	for i := range r.Stages {
		if r.Stages[i].Name == name {
			return &r.Stages[i]
		}
	}
	return nil
}

// checkStages returns what is wrong with the stages of a rule and what stands beside them.
func (r *Rule) checkStages() error {
	switch {
	case !r.Graceful() && r.Strategy == Graceful:
		return fmt.Errorf("a graceful rule without stages\nhint: add \"stages:\"")
	case !r.Graceful() && len(r.HandOver) > 0:
		return fmt.Errorf("hand_over belongs to stages\nhint: add \"stages:\", or remove hand_over")
	case !r.Graceful():
		return nil
	case r.Action != "":
		return fmt.Errorf("action %q beside stages\nhint: each stage has its own action", r.Action)
	case r.Grace.From == FromNotified:
		return fmt.Errorf("grace from the notice beside stages: the clocks of stages do not wait for a notice\nhint: count them from %s or %s", FromEndDate, FromFirstSeen)
	case r.Grace.Days != 0 || r.Grace.Business || len(r.Grace.Sources) > 0:
		return fmt.Errorf("grace has days beside stages\nhint: each stage has its own days; the grace of a graceful rule says from what they count, and with which holidays")
	}
	for i := range r.Stages {
		s := &r.Stages[i]
		if err := s.Check(); err != nil {
			return fmt.Errorf("stage %q: %w", s.Name, err)
		}
		if r.stage(s.Name) != s {
			return fmt.Errorf("two stages are named %q", s.Name)
		}
		if i > 0 && s.comesBefore(&r.Stages[i-1]) {
			return fmt.Errorf("stage %q comes before stage %q, which stands above it\nhint: write stages in the order of their dates", s.Name, r.Stages[i-1].Name)
		}
	}
	return nil
}

// comesBefore reports whether s has an earlier date than o. Stages that count in different ways cannot be compared.
func (s *Stage) comesBefore(o *Stage) bool {
	if !s.Date.IsZero() && !o.Date.IsZero() {
		return s.Date.Before(o.Date)
	}
	return s.Date.IsZero() && o.Date.IsZero() && s.Business == o.Business && s.Days < o.Days
}

// begins is when a stage begins by itself, counted from the given instant, in the person's zone.
func (s Set) begins(rule *Rule, stage *Stage, basis time.Time, p *reconcile.Person) time.Time {
	if !stage.Date.IsZero() {
		return stage.Date.Midnight(s.zoneOf(p)).UTC()
	}
	counting := Grace{Business: stage.Business, Holidays: rule.Grace.Holidays}
	return s.addDays(basis, counting, stage.Days, p)
}

// stageClocks are the clocks of a graceful rule, one for each stage, in order. No stage is due before the one before it. Where
// HR states no end, none begins before the finding was first seen; a stage that acts waits for the end unless the rule says
// before_end.
func (s Set) stageClocks(rule *Rule, v *reconcile.Verdict, past Past) []Clock {
	var clocks []Clock
	for i := range rule.Stages {
		c := *s.clock(rule, &rule.Stages[i], v, past)
		if past.SourceComplete {
			if i > 0 {
				c.DueAt = later(c.DueAt, clocks[i-1].DueAt)
			}
			if c.DoneAt.IsZero() && !s.Now.Before(c.DueAt) && rule.Stages[i].done(v) {
				c.DoneAt = s.Now
			}
		}
		clocks = append(clocks, c)
	}
	return clocks
}

// done reports whether a stage whose date has come has nothing left to do. A notice is given with the run that shows it.
// Rights are gone when the account shows others: a source that shows none may not have read them. That the whole account is out
// of use ends its finding.
func (s *Stage) done(v *reconcile.Verdict) bool {
	switch {
	case !s.acts():
		return true
	case !s.partial():
		return false
	}
	removes, _, stuck := s.divide(v.Account)
	return len(removes)+len(stuck) == 0 && len(rightsOf(v.Account)) > 0
}

// divide sorts what an account holds into what a stage takes, what stays, and what it would take but cannot: a right that
// arrives through another one, or that the system does not let go of.
func (s *Stage) divide(a *scanners.Account) (removes, stays, stuck []Right) {
	for _, h := range rightsOf(a) {
		goes := anyMatches(s.Revoke, a.System, h.Right) && !anyMatches(s.Keep, a.System, h.Right)
		switch {
		case !goes:
			stays = append(stays, h.Right)
		case h.removable:
			removes = append(removes, h.Right)
		default:
			stuck = append(stuck, h.Right)
		}
	}
	return removes, stays, stuck
}
