package policies

import (
	"fmt"
	"slices"
	"time"
)

// oddStages says what of the stages of a graceful rule is never reached, or does something else than it seems to.
func (r *Rule) oddStages(rules []Rule, now time.Time) []string {
	var list []string
	for i := range r.Stages {
		s := &r.Stages[i]
		if closing := r.closedBefore(i); closing != "" {
			list = append(list, fmt.Sprintf("stage %q is never reached: stage %q puts the account out of use, and that ends the finding", s.Name, closing))
			continue
		}
		if other := r.overtaken(s, rules, now); other != "" {
			list = append(list, fmt.Sprintf("stage %q is never reached: rule %q is due on the whole account by then", s.Name, other))
		}
		if i > 0 && s.mayComeBefore(&r.Stages[i-1]) {
			list = append(list, fmt.Sprintf("stage %q may have an earlier date than stage %q above it, and then waits for that one", s.Name, r.Stages[i-1].Name))
		}
		list = append(list, r.lateStage(s)...)
		if s.partial() && everything(s.Keep) {
			list = append(list, fmt.Sprintf("stage %q takes nothing: it keeps everything", s.Name))
		}
	}
	if r.Graceful() && !slices.ContainsFunc(r.Stages, func(s Stage) bool { return s.closes() }) {
		list = append(list, fmt.Sprintf("the account stays enabled after the last stage, %q: no stage locks or deletes it", r.Stages[len(r.Stages)-1].Name))
	}
	return list
}

// closes reports whether the account is out of use after the stage.
func (s *Stage) closes() bool { return s.Action == ActionLock || s.Action == ActionDelete }

// closedBefore is the stage before the i-th after which the account is out of use; empty when it is not. A disabled account is
// no finding, so nothing is decided about it any more.
func (r *Rule) closedBefore(i int) string {
	for _, s := range r.Stages[:i] {
		if s.closes() {
			return s.Name
		}
	}
	return ""
}

// overtaken is a rule that takes every account of r out of use before the stage; empty when there is none that can be told.
func (r *Rule) overtaken(s *Stage, rules []Rule, now time.Time) string {
	for i := range rules {
		other := &rules[i]
		whole := other.Action == ActionLock || other.Action == ActionDelete
		if whole && other.precedes(r, now) && s.Date.IsZero() && s.Days > other.Grace.Days {
			return other.Name
		}
	}
	return ""
}

// mayComeBefore reports whether the date of s can be the earlier one, of two stages that count in different ways.
func (s *Stage) mayComeBefore(o *Stage) bool {
	switch {
	case s.Date.IsZero() != o.Date.IsZero():
		return true
	case !s.Date.IsZero() || s.Business == o.Business:
		return false // what can be compared is refused
	case s.Days >= 0 && o.Days >= 0:
		// n working days are n days at least, and no more than twice as many and a long weekend, holidays apart.
		return !s.Business && s.Days < 2*o.Days+4 || s.Business && s.Days < o.Days
	case s.Business:
		return 2*s.Days-4 < o.Days
	default:
		return s.Days < o.Days
	}
}

// lateStage says of a stage before the end that it has to wait for it, or that the rule looks too late.
func (r *Rule) lateStage(s *Stage) []string {
	if s.Days >= 0 || !s.Date.IsZero() {
		return nil
	}
	days := -s.Days
	if s.Business {
		days += days / 5 * 2
	}
	ahead := -time.Duration(days) * 24 * time.Hour
	switch e := r.Trigger.EndDate; {
	case !r.Trigger.early():
		return []string{fmt.Sprintf("stage %q begins late: the trigger selects nobody before the end; add end_date: {offset: %dd}", s.Name, s.Days)}
	case ahead < e.Offset:
		return []string{fmt.Sprintf("stage %q begins late: the trigger selects accounts %d days before the end only", s.Name, int(-e.Offset/(24*time.Hour)))}
	case s.acts() && !e.BeforeEnd:
		return []string{fmt.Sprintf("stage %q is due at the end, and gives notice until then; before_end lets it become due earlier", s.Name)}
	default:
		return nil
	}
}

// everything reports whether a list names all rights in all systems.
func everything(list []Rights) bool {
	return slices.ContainsFunc(list, func(r Rights) bool {
		return len(r.Sources) == 0 && !slices.ContainsFunc(RightKinds(), func(kind string) bool { return !slices.Contains(r.Names(kind), "*") })
	})
}
