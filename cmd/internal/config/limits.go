package config

import "github.com/leaver-audit/leaver/policies"

// bound is a limit as written: count and percent, or the word off.
type bound struct {
	Limit `yaml:",inline"`
	Off   bool `yaml:"off" doc:"Turns the limit off."`
}

type limits struct {
	ActionsPerSource     *bound `yaml:"actions_per_source" doc:"Due actions in one system, as a share of its accounts (default more than 10 and 1%)."`
	ActionsTotal         *bound `yaml:"actions_total" doc:"Due actions in all systems, as a share of all accounts (default more than 50 and 0%)."`
	ActionsPerDepartment *bound `yaml:"actions_per_department" doc:"Due actions on the accounts of one department, as a share of its people (off by default)."`
	ActionsPrivileged    *bound `yaml:"actions_privileged" doc:"Due actions on privileged accounts, as a share of all privileged accounts (off by default)."`
	FindingsPerSource    *bound `yaml:"findings_per_source" doc:"Findings of one system that the last accepted run did not make, as a share of its accounts (off by default). It holds the actions of that system."`
	ExclusionsNew        *bound `yaml:"exclusions_new" doc:"Findings that an exclusion newly takes out, as a share of all findings (off by default). It holds every action."`
}

// limits checks the limits and fills in their defaults. One that counts all actions of a system, or of all, has to be there.
func (f *file) limits(l limits) policies.Limits {
	off := policies.Limit{Off: true}
	out := policies.Limits{
		ActionsPerSource:     l.ActionsPerSource.or(policies.Limit{Count: 10, Percent: 1}),
		ActionsTotal:         l.ActionsTotal.or(policies.Limit{Count: 50}),
		ActionsPerDepartment: l.ActionsPerDepartment.or(off), ActionsPrivileged: l.ActionsPrivileged.or(off),
		FindingsPerSource: l.FindingsPerSource.or(off), ExclusionsNew: l.ExclusionsNew.or(off),
	}
	if out.ActionsPerSource.Off && out.ActionsTotal.Off {
		f.fail("limits", "leave actions_per_source or actions_total on", "nothing bounds how many actions one night may propose")
	}
	for _, one := range []policies.Limit{out.ActionsPerSource, out.ActionsTotal, out.ActionsPerDepartment, out.ActionsPrivileged, out.FindingsPerSource, out.ExclusionsNew} {
		if one.Count < 0 {
			f.fail("limits", "", "a count cannot be negative")
		}
	}
	return out
}

func (b *bound) or(fallback policies.Limit) policies.Limit {
	if b == nil {
		return fallback
	}
	return policies.Limit{Count: b.Count, Percent: float64(b.Percent), Off: b.Off}
}
