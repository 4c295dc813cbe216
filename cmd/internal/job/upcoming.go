package job

import (
	"slices"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// upcoming gathers the accounts of employed people whose stated end is near, by "source/id".
type upcoming map[string]*reports.Upcoming

// upcomingEnds finds those people. They are the ones that Population.UpcomingEnds counts.
func upcomingEnds(roster *reconcile.Roster) upcoming {
	ends := upcoming{}
	roster.Leaving(func(p *reconcile.Person) {
		ends[p.Ref()] = &reports.Upcoming{System: p.System, ID: p.ID, Name: p.Name(), Department: p.Department, Manager: p.Manager, End: p.UpcomingEnd}
	})
	return ends
}

// count adds one account to its owner, when that is one of them.
func (u upcoming) count(v *reconcile.Verdict) {
	if v.Person == nil || v.Person.UpcomingEnd.IsZero() || scanners.Is(v.Account.Enabled, false) {
		return
	}
	person := u[v.Person.Ref()]
	if person == nil {
		return
	}
	if person.Systems == nil {
		person.Systems = map[string]int64{}
	}
	person.Systems[v.Account.System]++
	switch {
	case !v.Account.Kind.Personal() || v.MatchedBy == "sponsor":
		person.AnswersFor++
	default:
		person.Enabled++
		if scanners.Is(v.Account.Privileged, true) {
			person.Privileged++
		}
	}
}

// list returns them in the order of reports.
func (u upcoming) list() []reports.Upcoming {
	list := make([]reports.Upcoming, 0, len(u))
	for _, person := range u {
		list = append(list, *person)
	}
	slices.SortFunc(list, reports.Upcoming.Compare)
	return list
}
