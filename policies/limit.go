package policies

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Limit is a count and a percentage, both of which have to be exceeded.
type Limit struct {
	Count   int64
	Percent float64
	// Off turns the limit off.
	Off bool
}

// Exceeded reports whether n is more than the limit allows of a set of base.
func (l Limit) Exceeded(n, base int64) bool {
	return !l.Off && n > l.Count && float64(n) > l.Percent/100*float64(base)
}

// Guards reports whether anything can exceed the limit: one that is off bounds nothing, nor does one that allows the whole set.
func (l Limit) Guards() bool { return !l.Off && l.Percent < 100 }

// String gives "more than 10 and 1%".
func (l Limit) String() string {
	if l.Percent == 0 {
		return fmt.Sprintf("more than %d", l.Count)
	}
	return fmt.Sprintf("more than %d and %g%%", l.Count, l.Percent)
}

// Limits say how much one run may propose. They are checked before anything is planned, for every run.
type Limits struct {
	// ActionsPerSource compares the due actions of a system with its accounts, ActionsTotal those of all systems with all
	// accounts, ActionsPerDepartment the people of a department on whose accounts an action is due with its people,
	// ActionsPrivileged the due actions on privileged accounts with all privileged accounts.
	ActionsPerSource, ActionsTotal, ActionsPerDepartment, ActionsPrivileged Limit
	// FindingsPerSource compares the findings that are new tonight with the accounts of their system, ExclusionsNew the
	// findings that an exclusion takes out tonight and did not in the run before with all findings.
	FindingsPerSource, ExclusionsNew Limit
}

// The names of the limits: the keys below "limits" in leaver.yaml.
const (
	LimitPerSource     = "actions_per_source"
	LimitTotal         = "actions_total"
	LimitPerDepartment = "actions_per_department"
	LimitPrivileged    = "actions_privileged"
	LimitFindings      = "findings_per_source"
	LimitExclusions    = "exclusions_new"
)

// NamedLimit is one limit with its name.
type NamedLimit struct {
	Name string
	Limit
}

// All lists the limits in their order.
func (l Limits) All() []NamedLimit {
	return []NamedLimit{{LimitPerSource, l.ActionsPerSource}, {LimitTotal, l.ActionsTotal}, {LimitPerDepartment, l.ActionsPerDepartment},
		{LimitPrivileged, l.ActionsPrivileged}, {LimitFindings, l.FindingsPerSource}, {LimitExclusions, l.ExclusionsNew}}
}

// Census is what limits are a share of.
type Census struct {
	// Accounts and Privileged count accounts that are not disabled, by source; People the people on record, by department;
	// Findings the findings of tonight.
	Accounts, Privileged, People map[string]int64
	Findings                     int64
	// NewFindings counts the findings that no run made up to the baseline, by source. It holds the sources that an earlier run read, and is
	// nil on a first run, which has nothing to compare with. NewExclusions counts the newly excluded findings.
	NewFindings   map[string]int64
	NewExclusions int64
}

// LimitState is how a limit stood.
type LimitState string

// The states. Idle is a limit that was exceeded while nothing in its scope is planned, so that there is nothing to hold.
const (
	LimitOff        LimitState = "off"
	LimitNoBaseline LimitState = "no baseline"
	LimitWithin     LimitState = "within"
	LimitExceeded   LimitState = "exceeded"
	LimitIdle       LimitState = "holds nothing"
	LimitHolds      LimitState = "holds"
	LimitLifted     LimitState = "lifted"
)

// Measured is how one limit stood: each scope that exceeded it by itself, otherwise the one with the most.
type Measured struct {
	Tripped
	State LimitState `json:"state"`
	// Since is the as-of after which something counts as new, for the limits on what is new; the zero time for the others.
	Since time.Time `json:"since,omitzero"`
}

// Tripped is a limit that was exceeded.
type Tripped struct {
	// Limit is the name of the limit, Scope the source or department in which it was exceeded; "" for all.
	Limit string `json:"limit"`
	Scope string `json:"scope,omitempty"`
	// Count is how many there were of Base, and Allowed the limit in words.
	Count   int64  `json:"count"`
	Base    int64  `json:"base"`
	Allowed string `json:"allowed"`
}

// Name is the limit, and its scope after a colon.
func (t Tripped) Name() string {
	if t.Scope == "" {
		return t.Limit
	}
	return t.Limit + ":" + t.Scope
}

// String tells what was exceeded.
func (t Tripped) String() string {
	return fmt.Sprintf("%s: %d of %d (limit: %s)", t.Name(), t.Count, t.Base, t.Allowed)
}

// Holds reports whether the limit holds the item.
func (t Tripped) Holds(item Item) bool {
	switch t.Limit {
	case LimitPerSource, LimitFindings:
		return item.Source == t.Scope
	case LimitPerDepartment:
		return item.Department == t.Scope
	case LimitPrivileged:
		return item.Privileged
	default:
		return true
	}
}

// Measure compares the items with every limit, in a fixed order. What exceeds one is exceeded; [Plan.Bound] says what it holds.
func (l Limits) Measure(items []Item, c Census) []Measured {
	perSource, perDepartment, privileged := map[string]int64{}, map[string]int64{}, int64(0)
	people := map[[2]string]bool{}
	for _, item := range items {
		perSource[item.Source]++
		if who := [2]string{item.Department, item.Person}; item.Department != "" && !people[who] {
			people[who] = true
			perDepartment[item.Department]++
		}
		if item.Privileged {
			privileged++
		}
	}
	all := func(n int64) map[string]int64 { return map[string]int64{"": n} }
	var list []Measured
	list = append(list, measure(LimitPerSource, l.ActionsPerSource, perSource, c.Accounts)...)
	list = append(list, measure(LimitTotal, l.ActionsTotal, all(int64(len(items))), all(sum(c.Accounts)))...)
	list = append(list, measure(LimitPerDepartment, l.ActionsPerDepartment, perDepartment, c.People)...)
	list = append(list, measure(LimitPrivileged, l.ActionsPrivileged, all(privileged), all(sum(c.Privileged)))...)
	newExclusions := all(c.NewExclusions)
	if c.NewFindings == nil {
		newExclusions = nil
	}
	list = append(list, since(measure(LimitFindings, l.FindingsPerSource, c.NewFindings, c.Accounts), len(c.NewFindings) > 0)...)
	return append(list, since(measure(LimitExclusions, l.ExclusionsNew, newExclusions, all(c.Findings)), newExclusions != nil)...)
}

// measure compares the counts of one limit, by scope.
func measure(name string, limit Limit, counts, bases map[string]int64) []Measured {
	most := Measured{Tripped: Tripped{Limit: name, Allowed: limit.String()}, State: LimitWithin}
	if limit.Off {
		return []Measured{{Tripped: Tripped{Limit: name}, State: LimitOff}}
	}
	var exceeded []Measured
	for i, scope := range slices.Sorted(maps.Keys(counts)) {
		one := Measured{Tripped: Tripped{name, scope, counts[scope], bases[scope], limit.String()}, State: LimitExceeded}
		if limit.Exceeded(one.Count, one.Base) {
			exceeded = append(exceeded, one)
		}
		if i == 0 || one.Count > most.Count {
			most.Tripped = one.Tripped
		}
	}
	if len(exceeded) > 0 {
		return exceeded
	}
	return []Measured{most}
}

// since marks a limit that compares with earlier runs when there is none.
func since(measured []Measured, baseline bool) []Measured {
	if !baseline && measured[0].State != LimitOff {
		measured[0].State = LimitNoBaseline
	}
	return measured
}

func sum(counts map[string]int64) int64 {
	var all int64
	for _, n := range counts {
		all += n
	}
	return all
}

// Bound measures the limits and notes which of them hold items. Those that two people lifted for this very plan hold nothing.
func (p *Plan) Bound(l Limits, c Census, lifts []Lift) {
	for _, m := range l.Measure(p.Items, c) {
		if m.State == LimitExceeded {
			m.State = p.hold(m.Tripped, lifts)
		}
		p.Limits = append(p.Limits, m)
	}
}

// Hold notes the limits that the plan exceeds, as lifts have it.
func (p *Plan) Hold(tripped []Tripped, lifts []Lift) {
	for _, t := range tripped {
		p.hold(t, lifts)
	}
}

func (p *Plan) hold(t Tripped, lifts []Lift) LimitState {
	if !slices.ContainsFunc(p.Items, t.Holds) {
		return LimitIdle
	}
	if i := slices.IndexFunc(lifts, func(l Lift) bool { return l.Passes(t, p.Digest) }); i >= 0 {
		p.Lifted, p.Lifts = append(p.Lifted, t), append(p.Lifts, lifts[i])
		return LimitLifted
	}
	p.Held = append(p.Held, t)
	return LimitHolds
}

// Holders returns every limit that holds an item: it passes when all of them are lifted.
func (p *Plan) Holders(item Item) []Tripped {
	var all []Tripped
	for _, t := range p.Held {
		if t.Holds(item) {
			all = append(all, t)
		}
	}
	return all
}
