package job

import (
	"testing"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// TestChangedLives checks which changes of a person between two nights count as odd.
func TestChangedLives(t *testing.T) {
	asOf := time.Date(2026, 11, 21, 23, 0, 0, 0, time.UTC)
	date := func(y int, m time.Month, d int) scanners.Fact[scanners.Date] {
		return scanners.Known(scanners.Date{Year: y, Month: m, Day: d})
	}
	person := func(alter func(*scanners.Person)) scanners.Person {
		p := scanners.Person{System: "hr", ID: "1", GivenName: "Ada", FamilyName: "Byron",
			Employments: []scanners.Employment{{Start: date(2020, 1, 1), End: date(2026, 10, 31), LastDayInclusive: true}}}
		alter(&p)
		return p
	}
	end := func(f scanners.Fact[scanners.Date]) func(*scanners.Person) {
		return func(p *scanners.Person) { p.Employments[0].End = f }
	}
	upcoming := func(p *scanners.Person) { p.Employments[0].End = date(2027, 3, 31) }
	for name, test := range map[string]struct {
		was, is func(*scanners.Person)
		changed int64
	}{
		"nothing":               {end(date(2026, 10, 31)), end(date(2026, 10, 31)), 0},
		"another start":         {end(date(2026, 10, 31)), func(p *scanners.Person) { p.Employments[0].Start = date(2020, 1, 2) }, 1},
		"a past end moved":      {end(date(2026, 10, 31)), end(date(2026, 11, 1)), 1},
		"a past end is gone":    {end(date(2026, 10, 31)), end(scanners.Never[scanners.Date]()), 1},
		"an upcoming end moved": {upcoming, end(date(2027, 6, 30)), 0},
		"an end was entered":    {end(scanners.Never[scanners.Date]()), end(date(2026, 11, 20)), 0},
		"a second employment": {end(date(2026, 10, 31)), func(p *scanners.Person) {
			p.Employments = append(p.Employments, scanners.Employment{Start: date(2026, 11, 20)})
		}, 0},
		"married":                   {end(date(2026, 10, 31)), func(p *scanners.Person) { p.FamilyName = "Lovelace" }, 0},
		"names in other letters":    {end(date(2026, 10, 31)), func(p *scanners.Person) { p.GivenName, p.FamilyName = "ADA", "BYRON" }, 0},
		"somebody else with the id": {end(date(2026, 10, 31)), func(p *scanners.Person) { p.GivenName, p.FamilyName = "Alan", "Turing" }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			known := livesOf(reconcile.History{People: []reconcile.PastPerson{{Person: person(test.was), FirstSeen: asOf, LastSeen: asOf}}})
			b := reconcile.NewRoster(reconcile.Settings{AsOf: asOf.AddDate(0, 0, 1), Zone: time.UTC}, reconcile.History{})
			b.Add(person(test.is))
			if changed, of := known.changed(b.Build()); changed != test.changed || of != 1 {
				t.Errorf("%d of %d changed, want %d of 1", changed, of, test.changed)
			}
		})
	}
}
