package job

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// TestUpcomingEndsAreThoseOfThePopulation: the list holds exactly the people that the Control sheet counts.
func TestUpcomingEndsAreThoseOfThePopulation(t *testing.T) {
	asOf := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	b := reconcile.NewRoster(reconcile.Settings{AsOf: asOf, Zone: time.UTC, Keys: []string{"employee_id"}, PeopleComplete: true}, reconcile.History{})
	add := func(id string, start, end scanners.Fact[scanners.Date]) {
		b.Add(scanners.Person{System: "hr", ID: id, FamilyName: id, Employments: []scanners.Employment{{Start: start, End: end, LastDayInclusive: true}}})
	}
	on := func(year, day int) scanners.Fact[scanners.Date] {
		return scanners.Known(scanners.Date{Year: year, Month: 12, Day: day})
	}
	open := scanners.Never[scanners.Date]()
	add("soon", on(2020, 1), on(2026, 5))
	add("last-of-30-days", on(2020, 1), on(2026, 20))
	add("after-30-days", on(2020, 1), on(2026, 21))
	add("open", on(2020, 1), open)
	add("ended", on(2020, 1), on(2025, 1))
	add("not-begun", on(2026, 1), on(2026, 10))
	roster := b.Build()
	ends := upcomingEnds(roster)
	account := func(person string, enabled bool, kind scanners.AccountKind) {
		a := &scanners.Account{System: "crm", ID: person, Enabled: scanners.Known(enabled), Kind: kind, Privileged: scanners.Known(true)}
		roster.People(func(p *reconcile.Person) {
			if p.ID == person {
				ends.count(&reconcile.Verdict{Account: a, Person: p})
			}
		})
	}
	account("soon", true, scanners.KindPerson)
	account("soon", false, scanners.KindPerson)
	account("soon", true, scanners.KindService)
	account("after-30-days", true, scanners.KindPerson)
	want := []reports.Upcoming{
		{System: "hr", ID: "soon", Name: "soon", End: scanners.Date{Year: 2026, Month: 12, Day: 5}, Enabled: 1, Privileged: 1, AnswersFor: 1,
			Systems: map[string]int64{"crm": 2}},
		{System: "hr", ID: "last-of-30-days", Name: "last-of-30-days", End: scanners.Date{Year: 2026, Month: 12, Day: 20}},
	}
	if diff := cmp.Diff(want, ends.list()); diff != "" {
		t.Errorf("upcoming ends (-want +got):\n%s", diff)
	}
	if n := roster.Population().UpcomingEnds; n != int64(len(want)) {
		t.Errorf("the population counts %d upcoming ends, the list has %d", n, len(want))
	}
}
