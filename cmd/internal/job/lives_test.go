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
			if c := known.compare(b.Build()); c.changed != test.changed || c.of != 1 {
				t.Errorf("%d of %d changed, want %d of 1", c.changed, c.of, test.changed)
			}
		})
	}
}

// TestEndsThatAreNotStatedAnyMore checks who counts as having lost the end that was to come.
func TestEndsThatAreNotStatedAnyMore(t *testing.T) {
	asOf := time.Date(2026, 11, 21, 23, 0, 0, 0, time.UTC)
	until := func(y int, m time.Month, d int) scanners.Employment {
		return scanners.Employment{Start: scanners.Known(scanners.Date{Year: 2020, Month: 1, Day: 1}), LastDayInclusive: true,
			End: scanners.Known(scanners.Date{Year: y, Month: m, Day: d})}
	}
	open := scanners.Employment{Start: scanners.Known(scanners.Date{Year: 2020, Month: 1, Day: 1}), End: scanners.Never[scanners.Date]()}
	for name, test := range map[string]struct {
		was, is         []scanners.Employment
		ending, endless int64
	}{
		"still to come":                   {[]scanners.Employment{until(2027, 3, 31)}, []scanners.Employment{until(2027, 3, 31)}, 1, 0},
		"prolonged":                       {[]scanners.Employment{until(2027, 3, 31)}, []scanners.Employment{until(2028, 3, 31)}, 1, 0},
		"not stated any more":             {[]scanners.Employment{until(2027, 3, 31)}, []scanners.Employment{open}, 1, 1},
		"came":                            {[]scanners.Employment{until(2026, 11, 22)}, []scanners.Employment{until(2026, 11, 22)}, 1, 0},
		"moved into the past":             {[]scanners.Employment{until(2027, 3, 31)}, []scanners.Employment{until(2026, 11, 1)}, 1, 0},
		"never was any":                   {[]scanners.Employment{open}, []scanners.Employment{open}, 0, 0},
		"one of two had no end all along": {[]scanners.Employment{until(2027, 3, 31), open}, []scanners.Employment{until(2027, 3, 31), open}, 0, 0},
		"over long ago":                   {[]scanners.Employment{until(2026, 10, 31)}, []scanners.Employment{until(2026, 10, 31)}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			person := func(e []scanners.Employment) scanners.Person {
				return scanners.Person{System: "hr", ID: "1", GivenName: "Ada", FamilyName: "Byron", Employments: e}
			}
			known := livesOf(reconcile.History{People: []reconcile.PastPerson{{Person: person(test.was), FirstSeen: asOf, LastSeen: asOf}}})
			b := reconcile.NewRoster(reconcile.Settings{AsOf: asOf.AddDate(0, 0, 2), Zone: time.UTC}, reconcile.History{})
			b.Add(person(test.is))
			if c := known.compare(b.Build()); c.ending != test.ending || c.endless != test.endless {
				t.Errorf("%d of %d have lost their end, want %d of %d", c.endless, c.ending, test.endless, test.ending)
			}
		})
	}
}
