package reconcile_test

import (
	"testing"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

func rosterOf(t *testing.T, asOf time.Time, history reconcile.History, people ...scanners.Person) *reconcile.Engine {
	t.Helper()
	settings := reconcile.Settings{AsOf: asOf, Zone: time.UTC, Keys: []string{reconcile.KeyEmployeeID}, PeopleComplete: true,
		Thresholds: reconcile.Thresholds{Profile: "custom", Tolerance: 15 * time.Minute}}
	b := reconcile.NewRoster(settings, history)
	for _, p := range people {
		b.Add(p)
	}
	return reconcile.NewEngine(settings, b.Build())
}

func on(y int, m time.Month, d int) scanners.Fact[scanners.Date] {
	return scanners.Known(scanners.Date{Year: y, Month: m, Day: d})
}

// A single-row export shows a rehire as a start after the end. Before, between and after the two dates the row means
// three different things.
func TestSingleRowRehire(t *testing.T) {
	row := scanners.Person{System: "hr", ID: "7", Employments: []scanners.Employment{{
		Start: on(2026, 3, 15), End: on(2026, 1, 31), LastDayInclusive: true, Status: scanners.StatusActive, StatusRaw: "A"}}}
	account := scanners.Account{System: "crm", ID: "A", EmployeeIDs: []string{"7"}, Enabled: scanners.Known(true),
		Created: scanners.Known(time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC))}
	for _, c := range []struct {
		name  string
		asOf  time.Time
		kind  reconcile.Kind
		flags reconcile.Flags
	}{
		{"on the last day", time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), reconcile.KindNone, 0},
		{"between end and new start", time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC), reconcile.LeaverActive, reconcile.PossibleRehire},
		{"on the first day", time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC), reconcile.KindNone, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := rosterOf(t, c.asOf, reconcile.History{}, row).Judge(&account)
			if got := v.Flags &^ reconcile.ActivityUnknown; v.Kind != c.kind || got != c.flags {
				t.Errorf("kind %q, flags %v; want %q, %v", v.Kind, got.List(), c.kind, c.flags.List())
			}
		})
	}
}

// An id that HR gives to somebody else must not hand the old accounts to the newcomer, on any later night either.
func TestRecycledEmployeeID(t *testing.T) {
	asOf := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	person := func(given, family string) scanners.Person {
		return scanners.Person{System: "hr", ID: "7", GivenName: given, FamilyName: family,
			Employments: []scanners.Employment{{Start: on(2026, 4, 1), End: scanners.Never[scanners.Date]()}}}
	}
	created := func(at time.Time) *scanners.Account {
		return &scanners.Account{System: "crm", ID: "A", EmployeeIDs: []string{"7"}, Enabled: scanners.Known(true), Created: scanners.Known(at)}
	}
	old, young := created(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)), created(time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC))
	for _, c := range []struct {
		name    string
		before  reconcile.PastPerson
		account *scanners.Account
		suspect bool
	}{
		{"another human before", reconcile.PastPerson{Person: person("Ana", "Silva")}, old, true},
		{"another human, two nights ago", reconcile.PastPerson{Person: person("Bo", "Lee"), Recycled: true}, old, true},
		{"an account of the newcomer's own", reconcile.PastPerson{Person: person("Ana", "Silva")}, young, false},
		{"married", reconcile.PastPerson{Person: person("Bo", "Silva")}, old, false},
		{"the same", reconcile.PastPerson{Person: person("bo", "LEE")}, old, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := rosterOf(t, asOf, reconcile.History{People: []reconcile.PastPerson{c.before}}, person("Bo", "Lee"))
			if v := e.Judge(c.account); v.Flags.Has(reconcile.SuspectMatch) != c.suspect {
				t.Errorf("suspect_match is %v, want %v", !c.suspect, c.suspect)
			}
		})
	}
}

// Reading the same file again confirms nothing: an inferred end needs further snapshots.
func TestUnchangedSnapshotConfirmsNoAbsence(t *testing.T) {
	asOf := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	gone := reconcile.PastPerson{Person: scanners.Person{System: "hr", ID: "7"}, LastSeen: asOf.AddDate(0, 0, -1)}
	settings := reconcile.Settings{AsOf: asOf, Zone: time.UTC}
	for _, c := range []struct {
		name      string
		misses    int
		unchanged bool
		want      int
	}{
		{"first absence", 0, false, 1},
		{"first absence, seen late", 0, true, 1},
		{"another snapshot", 1, false, 2},
		{"the same snapshot", 1, true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			past := gone
			past.Misses = c.misses
			roster := reconcile.NewRoster(settings, reconcile.History{People: []reconcile.PastPerson{past}}).Build()
			for p := range roster.Remember(asOf, map[string]bool{"hr": c.unchanged}) {
				if p.Misses != c.want {
					t.Errorf("%d misses, want %d", p.Misses, c.want)
				}
			}
		})
	}
}

// A run for an earlier night does not call somebody gone whom a later run saw.
func TestSeenLaterIsNotGoneEarlier(t *testing.T) {
	asOf := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	past := reconcile.PastPerson{Person: scanners.Person{System: "hr", ID: "7"}, LastSeen: asOf.AddDate(0, 0, 5)}
	e := rosterOf(t, asOf, reconcile.History{People: []reconcile.PastPerson{past}})
	v := e.Judge(&scanners.Account{System: "crm", ID: "A", EmployeeIDs: []string{"7"}, Enabled: scanners.Known(true)})
	if v.Kind != reconcile.KindNone {
		t.Errorf("kind %q: %s", v.Kind, v.Why)
	}
}
