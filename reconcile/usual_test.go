package reconcile

import (
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leaver-audit/leaver/scanners"
)

// settled is what settling finds out about one person.
type settled struct {
	at       record
	start    int64
	endShown time.Time
}

// settleAgain settles person i once more by one way alone. It gives back what was there before that way, too.
func settleAgain(r *Roster, i int32, way func(keys rowReader) bool) (before, after settled, done bool) {
	read := func() settled {
		s := settled{at: r.records[i], start: r.starts[i]}
		if r.past != nil {
			s.endShown = r.past[i].endShown
		}
		return s
	}
	was := r.records[i]
	r.records[i], r.starts[i] = record{head: uint64(was.row()) << rowAt}, 0
	r.records[i].mark(remembered, was.has(remembered))
	if r.past != nil {
		r.past[i].endShown = time.Time{}
	}
	in := r.rows.keys.at(r.records[i].row())
	in.text()
	in.skipTexts()
	before, done = read(), way(in)
	return before, read(), done
}

// TestUsualIsWhole compares the short way to settle people with the long one: whatever the employments, zones, histories and the
// as-of are, both come to the same, or the short way leaves the person to the long one as they are.
func TestUsualIsWhole(t *testing.T) {
	short, long := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		b := drawPeople(t)
		r, s, whole := b.Build(), new(settler), new(settler)
		for i := range int32(len(r.records)) {
			before, got, done := settleAgain(r, i, func(in rowReader) bool { return s.settleUsual(b, r, i, in) })
			if !done {
				if long++; before != got {
					t.Fatalf("person %d is left to the long way, yet changed from %+v to %+v", i, before, got)
				}
				continue
			}
			short++
			if _, want, _ := settleAgain(r, i, func(rowReader) bool { whole.settleWhole(b, r, i); return true }); got != want {
				t.Fatalf("%+v at %s: %+v, want %+v", r.person(i), r.asOf, got, want)
			}
		}
	})
	if short == 0 || long == 0 {
		t.Errorf("%d people went the short way, %d the long one", short, long)
	}
}

// TestInstants: what is remembered of a day in a zone is true of no other day, no other zone and not of the other end of the day.
func TestInstants(t *testing.T) {
	known := new(instants)
	day, err := scanners.ParseDate("1972-01-01")
	if err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		day = day.AddDays(7)
		for _, name := range drawnZones[2:8] {
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, after := range []bool{false, true, false} {
				want, _ := scanners.Employment{End: scanners.Known(day), LastDayInclusive: after}.EndsAt(zone)
				if got := known.of(dayOf(day), after, zone); got != want.Unix() {
					t.Fatalf("%s in %s, after it %t: %d, want %d", day, name, after, got, want.Unix())
				}
			}
		}
	}
}

// Among the zones are some in which midnight, or a whole day, was left out.
var drawnZones = []string{"", "", "UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Asia/Beirut", "Africa/Monrovia", "No/Where"}

// drawPeople collects people whose dates lie close together, and around the as-of.
func drawPeople(t *rapid.T) *RosterBuilder {
	base := rapid.SampledFrom([]string{"2011-12-30", "2018-11-04", "2026-03-10", "2024-02-28", "1972-01-06", "9999-12-31", "1000-01-01"}).Draw(t, "base")
	middle, err := scanners.ParseDate(base)
	if err != nil {
		t.Fatal(err)
	}
	day := rapid.Custom(func(t *rapid.T) scanners.Date {
		far := rapid.SampledFrom([]int{0, 0, 0, 0, 22 * 12 * 31, 40000}).Draw(t, "far")
		return middle.AddDays(rapid.IntRange(-2, 2).Draw(t, "days") + far)
	})
	date := rapid.OneOf(day, day, day, rapid.SampledFrom([]scanners.Date{{}, {Year: 2026, Month: 2, Day: 31}, {Year: 1, Month: 1, Day: 1}, {Year: 2026, Month: 13, Day: 40}, {Year: 10000, Month: 1, Day: 1}}))
	fact := rapid.Custom(func(t *rapid.T) scanners.Fact[scanners.Date] {
		known := scanners.Known(date.Draw(t, "date"))
		return rapid.SampledFrom([]scanners.Fact[scanners.Date]{known, known, known, known, known, scanners.Never[scanners.Date](),
			scanners.Unknown[scanners.Date](""), scanners.Unknown[scanners.Date]("no such column"), {State: scanners.StateNever, Value: middle}, {State: scanners.StateKnown, Value: middle, Reason: "a reason"}}).Draw(t, "fact")
	})
	employment := rapid.Custom(func(t *rapid.T) scanners.Employment {
		return scanners.Employment{ID: rapid.SampledFrom([]string{"", "7"}).Draw(t, "employment"), Start: fact.Draw(t, "start"), End: fact.Draw(t, "end"),
			LastDayInclusive: rapid.Bool().Draw(t, "inclusive"), Type: rapid.SampledFrom([]string{"", "employee", "Contractor", "contingent  worker"}).Draw(t, "type"),
			StatusRaw: rapid.SampledFrom([]string{"", "A"}).Draw(t, "raw"), Status: rapid.SampledFrom([]scanners.Status{scanners.StatusUnstated, scanners.StatusUnstated, scanners.StatusActive,
				scanners.StatusLeave, scanners.StatusSuspended, scanners.StatusPrehire, scanners.StatusTerminated, scanners.StatusRetired, "of its own"}).Draw(t, "status")}
	})
	person := rapid.Custom(func(t *rapid.T) scanners.Person {
		return scanners.Person{System: rapid.SampledFrom([]string{"hr", "hr", "ext"}).Draw(t, "system"), ID: strconv.Itoa(rapid.IntRange(1, 12).Draw(t, "id")),
			OtherIDs: rapid.SliceOfN(rapid.SampledFrom([]string{"G1", "g1", "G2", ""}), 0, 2).Draw(t, "others"), GivenName: "Given", FamilyName: rapid.SampledFrom([]string{"Same", "Same", "Other"}).Draw(t, "family"),
			Mails: rapid.SliceOfN(rapid.SampledFrom([]string{"m1@corp.example", "M1@corp.example", "m2@old.example", "none"}), 0, 2).Draw(t, "mails"), Zone: rapid.SampledFrom(drawnZones).Draw(t, "zone"),
			Employments: rapid.OneOf(rapid.SliceOfN(employment, 1, 1), rapid.SliceOfN(employment, 0, 2)).Draw(t, "employments")}
	})
	instant := rapid.Custom(func(t *rapid.T) time.Time {
		zone, _ := time.LoadLocation(rapid.SampledFrom(drawnZones[2:8]).Draw(t, "as-of's zone"))
		return day.Draw(t, "as-of").Midnight(zone).Add(rapid.SampledFrom([]time.Duration{0, 0, 0, 1, -1, time.Second, -time.Second, 5 * time.Hour}).Draw(t, "later"))
	})
	settings := Settings{AsOf: instant.Draw(t, "now"), Zone: time.UTC, MailDomains: map[string]string{"old.example": "corp.example"}}
	if rapid.Bool().Draw(t, "zone of the source") {
		settings.Zones = map[string]*time.Location{"ext": time.FixedZone("east", 3*3600+1800)}
	}
	var history History
	for n := range rapid.SampledFrom([]int{0, 0, 4, 8}).Draw(t, "remembered") {
		past := PastPerson{Person: person.Draw(t, "past"), FirstSeen: instant.Draw(t, "first"), LastSeen: instant.Draw(t, "last"), EndShown: rapid.SampledFrom([]time.Time{{}, middle.Midnight(time.UTC)}).Draw(t, "shown")}
		past.Person.System, past.Person.ID = "hr", strconv.Itoa(n+1)
		if rapid.Bool().Draw(t, "inferred") {
			past.InferredSince, past.Misses = instant.Draw(t, "since"), 1
		}
		history.People = append(history.People, past)
	}
	b := NewRoster(settings, history)
	for range rapid.IntRange(1, 12).Draw(t, "rows") {
		b.Add(person.Draw(t, "row"))
	}
	if rapid.IntRange(0, 9).Draw(t, "rejected") == 0 {
		b.Reserve("hr", scanners.Rejection{ID: "3", Place: "line 3", Reason: "not a date"})
	}
	return b
}
