package policies

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// Progress is where an account stands in the stages of a graceful rule.
type Progress struct {
	// Stage is the last stage whose date has come; empty before the first.
	Stage string `json:"stage"`
	// Steps are the stages, in order.
	Steps []Step `json:"steps"`
	// HandOver is who takes over what the owner leaves behind.
	HandOver HandOver `json:"hand_over"`
}

// Step is one stage as it is about an account.
type Step struct {
	Stage  string    `json:"stage"`
	Action string    `json:"action"`
	At     time.Time `json:"at"`
	State  StepState `json:"state"`
	// Done is since when nothing is left to do; the zero time until then.
	Done time.Time `json:"done,omitzero"`
	// Removes are the rights that the stage takes, of those that the account holds tonight; Stays those that it leaves; Stuck
	// those that it names and that cannot be taken from this account. Of stages that take no rights they are empty.
	Removes []Right `json:"removes,omitempty"`
	Stays   []Right `json:"stays,omitempty"`
	Stuck   []Right `json:"stuck,omitempty"`
}

// StepState is whether a stage is over, due or ahead.
type StepState string

// The states of a stage. One is over when its date has come and nothing is left that it could do.
const (
	StepOver  StepState = "over"
	StepDue   StepState = "due"
	StepAhead StepState = "ahead"
)

// again reports whether rights of the step came back after it was done.
func (s *Step) again() bool { return !s.Done.IsZero() && s.State == StepDue }

func (s *Step) partial() bool { return s.Action == ActionRevoke || s.Action == ActionReclaim }

// Due returns the steps whose date has come and that have something to do, in order.
func (p *Progress) Due() []Step {
	var due []Step
	for _, s := range p.Steps {
		if s.State == StepDue {
			due = append(due, s)
		}
	}
	return due
}

// Next returns the first step whose date has not come; nil after the last.
func (p *Progress) Next() *Step {
	i := slices.IndexFunc(p.Steps, func(s Step) bool { return s.State == StepAhead })
	if i < 0 {
		return nil
	}
	return &p.Steps[i]
}

// Rights returns the rights that are due to go, by all steps that are due, and of the others those that these steps leave.
func (p *Progress) Rights() (removes, stays []Right) {
	for _, s := range p.Due() {
		for _, r := range s.Removes {
			if !slices.Contains(removes, r) {
				removes = append(removes, r)
			}
		}
	}
	for _, s := range p.Due() {
		for _, r := range s.Stays {
			if !slices.Contains(removes, r) && !slices.Contains(stays, r) {
				stays = append(stays, r)
			}
		}
	}
	return removes, stays
}

// decisive is the step that stands for the rule beside other rules: what is due about the whole account before what is due about
// some rights, the earlier one of each; when nothing is due, the first that acts and is ahead. Nil when nothing is left.
func (p *Progress) decisive() *Step {
	var rights, ahead *Step
	for i := range p.Steps {
		switch s := &p.Steps[i]; {
		case s.State == StepDue && !s.partial():
			return s
		case s.State == StepDue && rights == nil:
			rights = s
		case s.State == StepAhead && s.Action != ActionReport && ahead == nil:
			ahead = s
		}
	}
	if rights != nil {
		return rights
	}
	return ahead
}

// progress says how far an account is with the clocks of a graceful rule.
func (s Set) progress(rule *Rule, clocks []Clock, v *reconcile.Verdict) *Progress {
	p := &Progress{}
	for i := range rule.Stages {
		stage, c := &rule.Stages[i], &clocks[i]
		step := Step{Stage: stage.Name, Action: stage.Action, At: c.DueAt, State: StepAhead, Done: c.DoneAt}
		if stage.partial() {
			step.Removes, step.Stays, step.Stuck = stage.divide(v.Account)
		}
		if !s.Now.Before(c.DueAt) {
			p.Stage, step.State = stage.Name, StepOver
			if stage.acts() && (!stage.partial() || len(step.Removes) > 0) {
				step.State = StepDue
			}
		}
		p.Steps = append(p.Steps, step)
	}
	return p
}

// staged says in words what stages come to: what is due, or what is next, and to whom is handed over.
func (p *Progress) staged(rule *Rule) string {
	var parts []string
	for _, s := range p.Due() {
		parts = append(parts, fmt.Sprintf("stage %q of rule %q was due on %s%s", s.Stage, rule.Name, day(s.At), s.what()))
	}
	switch next := p.Next(); {
	case next != nil:
		parts = append(parts, fmt.Sprintf("stage %q of rule %q begins on %s%s", next.Stage, rule.Name, day(next.At), next.what()))
	case len(parts) == 0:
		parts = append(parts, fmt.Sprintf("every stage of rule %q is over, and the account is enabled", rule.Name))
	}
	for i := range p.Steps {
		if s := &p.Steps[i]; s.State == StepOver && len(s.Stuck) > 0 {
			parts = append(parts, fmt.Sprintf("stage %q cannot take %s: not removable from this account", s.Stage, some(s.Stuck)))
		}
	}
	if len(rule.HandOver) > 0 {
		parts = append(parts, "hand-over to "+p.HandOver.String())
	}
	return strings.Join(parts, "; ")
}

// what says what a step does.
func (s *Step) what() string {
	switch {
	case !s.partial():
		return " (" + s.Action + ")"
	case len(s.Removes) == 0:
		return fmt.Sprintf(" (%s: the account shows no such right)", s.Action)
	default:
		return fmt.Sprintf(" (%s: %s)", s.Action, some(s.Removes))
	}
}

// mostListed bounds how many rights one sentence names.
const mostListed = 5

func some(rights []Right) string {
	var names []string
	for i, r := range rights {
		if i == mostListed {
			names = append(names, fmt.Sprintf("and %d more", len(rights)-i))
			break
		}
		names = append(names, r.String())
	}
	return strings.Join(names, ", ")
}

// returned says which rights came back after a stage had taken them.
func (p *Progress) returned() string {
	var reasons []string
	if p == nil {
		return ""
	}
	for i := range p.Steps {
		if s := &p.Steps[i]; s.again() {
			reasons = append(reasons, fmt.Sprintf("stage %q was done on %s, and somebody gave %s again", s.Stage, day(s.Done), some(s.Removes)))
		}
	}
	return strings.Join(reasons, "; ")
}
