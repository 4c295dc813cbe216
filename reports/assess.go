package reports

import (
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// Result is the outcome of the termination test on one account of a person who left.
type Result string

// The results. Their definitions, for readers, stand in package rules and on the Rules sheet.
const (
	Pass      Result = "Pass"
	Late      Result = "Late"
	Open      Result = "Open"
	InGrace   Result = "In grace"
	Excluded  Result = "Excluded"
	NotTested Result = "Not tested"
)

// Results returns every result in the order in which the bridge on the Control sheet adds them up.
func Results() []Result { return []Result{Pass, Late, Open, InGrace, Excluded, NotTested} }

// Mark is the outcome of one attribute of the termination test.
type Mark string

// The marks. Untested also stands for "does not apply".
const (
	Met      Mark = "✓"
	NotMet   Mark = "✗"
	Untested Mark = "–"
)

// The attributes of the termination test, as indexes of Assessment.Marks.
const (
	EndAgrees = iota
	DisabledInTime
	NoUseAfterEnd
	DecisionRecorded
	StateReread
	attributes
)

// Assessment is the termination test of one account.
type Assessment struct {
	Result Result
	Marks  [attributes]Mark
}

// OfLeaver reports whether the account is a personal one of somebody whose employment has ended: whether it belongs to
// the population of the termination test. Accounts that a leaver only answers for (service, shared, guest …) do not.
func (r Row) OfLeaver() bool {
	switch r.Kind {
	case reconcile.UsedAfterEnd, reconcile.LeaverActive:
		return true
	case reconcile.Disputed, reconcile.Orphan, reconcile.OwnerLeft:
		return false
	}
	return r.Person != nil && r.Person.Gone() && r.Account.Kind.Personal() && r.MatchedBy != "sponsor"
}

// StillEnabled reports whether the account is enabled as far as anybody knows: an unknown state counts as enabled.
func (r Row) StillEnabled() bool { return !scanners.Is(r.Account.Enabled, false) }

// assess runs the termination test on an account of a leaver.
func (x *index) assess(r Row) Assessment {
	a := Assessment{Marks: [attributes]Mark{endAgrees(r), x.disabledInTime(r), x.noUseAfterEnd(r), Untested, reread(r)}}
	a.Result = x.result(r, a.Marks)
	a.Marks[DecisionRecorded] = x.decisionRecorded(r, a.Result)
	return a
}

func (x *index) result(r Row, marks [attributes]Mark) Result {
	kept := r.Decision.Kind == policies.Excluded || r.Decision.Kind == policies.Keep
	open := r.StillEnabled() || r.Kind == reconcile.Contradiction
	switch {
	case kept && open:
		return Excluded
	case r.StillEnabled() && r.Decision.Kind == policies.InGrace && marks[NoUseAfterEnd] != NotMet:
		return InGrace
	case open:
		return Open
	case marks[DisabledInTime] == NotMet || marks[NoUseAfterEnd] == NotMet:
		return Late
	case marks[DisabledInTime] == Met || !x.Thresholds.RemovalStated:
		return Pass
	default:
		return NotTested
	}
}

// endAgrees is attribute A.
func endAgrees(r Row) Mark {
	switch {
	case r.Flags.Has(reconcile.HRConflict):
		return NotMet
	case r.End.Ended() && !r.End.Inferred:
		return Met
	default:
		return Untested
	}
}

// disabledInTime is attribute B. Without a limit on record no disabled account can pass or fail it, and an enabled one
// fails it as soon as no grace period covers it: no reading of any rule lets an account stay for good.
func (x *index) disabledInTime(r Row) Mark {
	if !r.End.Ended() || r.End.Inferred {
		return Untested
	}
	if !x.Thresholds.RemovalStated {
		if r.StillEnabled() && r.Decision.Kind != policies.InGrace {
			return NotMet
		}
		return Untested
	}
	past, known := x.pastLimit(r)
	switch {
	case !known:
		return Untested
	case past:
		return NotMet
	case r.StillEnabled():
		return Untested
	default:
		return Met
	}
}

// pastLimit reports whether the account was, or is, enabled beyond the removal limit.
func (x *index) pastLimit(r Row) (past, known bool) {
	late, known := r.DaysLate.Get()
	if !known {
		return false, false
	}
	limit := x.Thresholds.Removal
	if limit == 0 {
		return late > 0, true
	}
	until := x.AsOf
	if !r.StillEnabled() {
		if until, known = r.Account.DisabledAt.Get(); !known {
			return false, false
		}
	}
	return until.Sub(r.End.At) > limit, true
}

// noUseAfterEnd is attribute C. It is met only when every sign of use was readable and the latest one, at the end of its
// error band, lies before the end.
func (x *index) noUseAfterEnd(r Row) Mark {
	if r.Kind == reconcile.UsedAfterEnd || r.Flags.Has(reconcile.InUse) {
		return NotMet
	}
	if !r.End.Ended() || r.End.Inferred {
		return Untested
	}
	end := r.End.At.Add(x.Thresholds.Tolerance)
	if at, known := r.LastUse.At.Get(); known && at.After(end.Add(r.LastUse.Precision)) {
		return NotMet
	}
	idle := r.Account.Idle()
	if at, known := idle.Get(); idle.IsNever() || known && !at.After(end) {
		return Met
	}
	return Untested
}

// decisionRecorded is attribute D.
func (x *index) decisionRecorded(r Row, result Result) Mark {
	switch {
	case result == Open:
		return NotMet
	case result != Excluded:
		return Untested
	case r.Decision.Kind == policies.Keep, x.exclusions[r.Decision.By].Approver != "":
		return Met
	default:
		return NotMet
	}
}

// reread is attribute E.
func reread(r Row) Mark {
	switch {
	case r.Kind == reconcile.Contradiction:
		return NotMet
	case r.StillEnabled():
		return Untested
	default:
		return Met
	}
}

// index is a Report with its sources and exclusions by name, for the many look-ups of one row.
type index struct {
	Report
	sources    map[string]*Source
	exclusions map[string]policies.Exclusion
	// planList are the lines of the sheet Plan, planned the same by finding.
	planList []*planLine
	planned  map[string]*planLine
}

func newIndex(r Report) *index {
	x := &index{Report: r, sources: map[string]*Source{}, exclusions: map[string]policies.Exclusion{}, planList: planLines(r.Plan), planned: map[string]*planLine{}}
	for _, l := range x.planList {
		x.planned[l.finding] = l
	}
	for i := range r.Sources {
		if !r.Sources[i].People {
			x.sources[r.Sources[i].Name] = &r.Sources[i]
		}
	}
	for _, rule := range r.Rules {
		for _, e := range rule.Exclude {
			x.exclusions[e.ID] = e
		}
	}
	for _, u := range r.Exclusions {
		x.exclusions[u.ID] = u.Exclusion
	}
	return x
}

// readAt is when the system of r was read; the zero time when the report does not list it.
func (x *index) readAt(r Row) time.Time {
	if s := x.sources[r.Account.System]; s != nil {
		return s.ReadAt
	}
	return time.Time{}
}
