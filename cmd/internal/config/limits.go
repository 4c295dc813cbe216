package config

import "github.com/leaver-audit/leaver/policies"

// bound is a limit as written: count and percent, or the word off.
type bound struct {
	Limit `yaml:",inline"`
	Off   bool `yaml:"off" doc:"Turns the limit off."`
}

type limits struct {
	ActionsPerSource     *bound `yaml:"actions_per_source" doc:"Due actions in one system, as a share of its accounts (default more than 10 and 1%)."`
	ActionsTotal         *bound `yaml:"actions_total" doc:"Due actions in all systems, as a share of all accounts (default more than 50)."`
	ActionsPerDepartment *bound `yaml:"actions_per_department" doc:"People of one department on whose accounts an action is due, as a share of its people (default more than 5 and 20%)."`
	ActionsPrivileged    *bound `yaml:"actions_privileged" doc:"Due actions on privileged accounts, as a share of all privileged accounts (default more than 5 and 5%)."`
	FindingsPerSource    *bound `yaml:"findings_per_source" doc:"Findings of one system that are new since the last accepted run, as a share of its accounts (default more than 20 and 5%). It holds the actions of that system, also on later nights until two people lift it, and says nothing of a system that no earlier run read completely."`
	ExclusionsNew        *bound `yaml:"exclusions_new" doc:"Findings that an exclusion takes out and did not in the last accepted run, as a share of all findings (default more than 20 and 10%). It holds every action, also on later nights until two people lift it."`
}

// limits checks the limits and fills in their defaults. One that counts every action, of a system or of all, has to be there.
func (f *file) limits(l limits) policies.Limits {
	out := policies.Limits{
		ActionsPerSource:     f.bound("actions_per_source", l.ActionsPerSource, policies.Limit{Count: 10, Percent: 1}),
		ActionsTotal:         f.bound("actions_total", l.ActionsTotal, policies.Limit{Count: 50}),
		ActionsPerDepartment: f.bound("actions_per_department", l.ActionsPerDepartment, policies.Limit{Count: 5, Percent: 20}),
		ActionsPrivileged:    f.bound("actions_privileged", l.ActionsPrivileged, policies.Limit{Count: 5, Percent: 5}),
		FindingsPerSource:    f.bound("findings_per_source", l.FindingsPerSource, policies.Limit{Count: 20, Percent: 5}),
		ExclusionsNew:        f.bound("exclusions_new", l.ExclusionsNew, policies.Limit{Count: 20, Percent: 10}),
	}
	if !out.ActionsPerSource.Guards() && !out.ActionsTotal.Guards() {
		f.fail("limits", "leave actions_per_source or actions_total on, with less than 100%", "nothing bounds how many actions one night may propose")
	}
	return out
}

// bound is one limit, or its default. Without numbers it allows nothing; only off turns it off.
func (f *file) bound(name string, b *bound, fallback policies.Limit) policies.Limit {
	if b == nil {
		return fallback
	}
	key := "limits." + name
	switch {
	case b.Count < 0:
		f.fail(key, "", "a count cannot be negative")
	case b.Off && (b.Count > 0 || b.Percent > 0):
		f.fail(key, "leave out count and percent, or off", "is off and has numbers")
	}
	return policies.Limit{Count: b.Count, Percent: float64(b.Percent), Off: b.Off}
}
