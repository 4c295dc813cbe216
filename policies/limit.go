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

// String gives "more than 10 and 1%".
func (l Limit) String() string { return fmt.Sprintf("more than %d and %g%%", l.Count, l.Percent) }

// Limits say how much one run may propose. They are checked before anything is planned, for every run.
type Limits struct {
	// ActionsPerSource compares the due actions of a system with its accounts, ActionsTotal those of all systems with all
	// accounts, ActionsPerDepartment those of a department with its people, ActionsPrivileged those on privileged accounts
	// with all privileged accounts.
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

// Census is what limits are a share of.
type Census struct {
	// Accounts and Privileged count accounts that are not disabled, by source; People the people on record, by department;
	// Findings the findings of tonight.
	Accounts, Privileged, People map[string]int64
	Findings                     int64
	// NewFindings counts the findings that no earlier run made, by source; nil on a first run, which has nothing to compare
	// with. NewExclusions counts the newly excluded ones.
	NewFindings   map[string]int64
	NewExclusions int64
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

// Lift is somebody's decision that a limit does not hold one very plan.
type Lift struct {
	// Limit is the [Tripped.Name], Plan the digest of the plan.
	Limit  string    `json:"limit"`
	Plan   string    `json:"plan"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// Check returns the limits that the items exceed, in a fixed order.
func (l Limits) Check(items []Item, c Census) []Tripped {
	perSource, perDepartment := map[string]int64{}, map[string]int64{}
	var privileged int64
	for _, item := range items {
		perSource[item.Source]++
		if item.Department != "" {
			perDepartment[item.Department]++
		}
		if item.Privileged {
			privileged++
		}
	}
	var tripped []Tripped
	check := func(name string, limit Limit, scope string, n, base int64) {
		if limit.Exceeded(n, base) {
			tripped = append(tripped, Tripped{name, scope, n, base, limit.String()})
		}
	}
	each := func(name string, limit Limit, counts, bases map[string]int64) {
		for _, scope := range slices.Sorted(maps.Keys(counts)) {
			check(name, limit, scope, counts[scope], bases[scope])
		}
	}
	each(LimitPerSource, l.ActionsPerSource, perSource, c.Accounts)
	check(LimitTotal, l.ActionsTotal, "", int64(len(items)), sum(c.Accounts))
	each(LimitPerDepartment, l.ActionsPerDepartment, perDepartment, c.People)
	check(LimitPrivileged, l.ActionsPrivileged, "", privileged, sum(c.Privileged))
	if len(items) > 0 {
		each(LimitFindings, l.FindingsPerSource, c.NewFindings, c.Accounts)
		check(LimitExclusions, l.ExclusionsNew, "", c.NewExclusions, c.Findings)
	}
	return tripped
}

func sum(counts map[string]int64) int64 {
	var all int64
	for _, n := range counts {
		all += n
	}
	return all
}

// Hold notes the limits that the plan exceeds. Those that were lifted for this very plan hold nothing.
func (p *Plan) Hold(tripped []Tripped, lifts []Lift) {
	for _, t := range tripped {
		if slices.ContainsFunc(lifts, func(l Lift) bool { return l.Limit == t.Name() && l.Plan == p.Digest }) {
			p.Lifted = append(p.Lifted, t)
		} else {
			p.Held = append(p.Held, t)
		}
	}
}

// HeldBy returns the limit that holds an item.
func (p *Plan) HeldBy(item Item) (Tripped, bool) {
	for _, t := range p.Held {
		if t.Holds(item) {
			return t, true
		}
	}
	return Tripped{}, false
}
