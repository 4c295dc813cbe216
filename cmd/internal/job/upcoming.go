package job

import (
	"slices"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// upcomingDays is how far reports look ahead; [reconcile.Population] counts with the same number.
const upcomingDays = 30

// upcoming gathers the accounts of employed people whose stated end is near, by "source/id".
type upcoming map[string]*reports.Upcoming

// upcomingEnds finds those people. They are the ones that Population.UpcomingEnds counts.
func upcomingEnds(roster *reconcile.Roster, asOf time.Time) upcoming {
	soon := scanners.DateOf(asOf.Add(upcomingDays * 24 * time.Hour))
	ends := upcoming{}
	roster.People(func(p *reconcile.Person) {
		if p.Remembered || p.State == reconcile.Prehire || p.Gone() || p.UpcomingEnd.IsZero() || soon.Before(p.UpcomingEnd) {
			return
		}
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
	switch {
	case person == nil:
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
