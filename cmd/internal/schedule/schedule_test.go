package schedule

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestClockChanges spells out the nights in which clocks change.
func TestClockChanges(t *testing.T) {
	tests := []struct {
		name, zone, cron string
		// from and until bound what is looked at, want are the planned instants in between.
		from, until string
		want        []string
	}{
		{"spring, skipped time", "America/Los_Angeles", "30 2 * * *", "2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z",
			[]string{"2026-03-08T10:00:00Z", "2026-03-09T09:30:00Z"}},
		{"spring, quarters", "Europe/Berlin", "*/15 1-3 * * *", "2026-03-29T00:40:00Z", "2026-03-29T01:20:00Z",
			[]string{"2026-03-29T00:45:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:15:00Z"}},
		{"autumn, doubled time", "America/Los_Angeles", "30 1 * * *", "2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z",
			[]string{"2026-11-01T08:30:00Z", "2026-11-02T09:30:00Z"}},
		{"autumn, hours", "Europe/Berlin", "0 * * * *", "2026-10-24T23:30:00Z", "2026-10-25T02:30:00Z",
			[]string{"2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"}},
		{"autumn, end of the doubled hour", "Europe/Berlin", "0 3 * * *", "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z",
			[]string{"2026-10-25T02:00:00Z"}},
		{"half an hour in spring", "Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00:00Z", "2026-10-05T00:00:00Z",
			[]string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
		{"half an hour in autumn", "Australia/Lord_Howe", "45 1 * * *", "2026-04-04T00:00:00Z", "2026-04-06T00:00:00Z",
			[]string{"2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"}},
		{"a day that never was", "Pacific/Apia", "30 2 * * *", "2011-12-29T00:00:00Z", "2012-01-01T00:00:00Z",
			[]string{"2011-12-29T12:30:00Z", "2011-12-30T10:00:00Z", "2011-12-30T12:30:00Z", "2011-12-31T12:30:00Z"}},
		{"UTC knows none of it", "UTC", "30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z",
			[]string{"2026-03-29T02:30:00Z", "2026-03-30T02:30:00Z"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := Parse(test.cron, zoneOf(t, test.zone))
			if err != nil {
				t.Fatal(err)
			}
			planned, total := s.Between(at(t, test.from), at(t, test.until), 10)
			var got []string
			for _, p := range planned {
				got = append(got, p.Format(time.RFC3339))
			}
			if diff := cmp.Diff(test.want, got); diff != "" || total != len(test.want) {
				t.Errorf("(-want +got), %d in all\n%s", total, diff)
			}
		})
	}
}

func TestBetweenListsTheLastOnes(t *testing.T) {
	s, err := Parse("@hourly", nil)
	if err != nil {
		t.Fatal(err)
	}
	planned, total := s.Between(at(t, "2026-11-20T00:00:00Z"), at(t, "2026-11-21T00:00:00Z"), 3)
	want := []time.Time{at(t, "2026-11-20T22:00:00Z"), at(t, "2026-11-20T23:00:00Z"), at(t, "2026-11-21T00:00:00Z")}
	if diff := cmp.Diff(want, planned); diff != "" || total != 24 {
		t.Errorf("%d in all (-want +got):\n%s", total, diff)
	}
	if planned, total := s.Between(want[2], want[0], 3); len(planned) > 0 || total > 0 {
		t.Errorf("%v between two instants the wrong way round", planned)
	}
}

// naive is a schedule as five lists, and the slow way to carry it out: a clerk with a wall clock who looks at it once a
// minute and does what its hands have reached or passed, unless they had been there before.
type naive struct {
	minutes, hours, days, months, weekdays []int // nil means any
}

func (n naive) matches(shown time.Time) bool {
	in := func(list []int, value int) bool { return list == nil || slices.Contains(list, value) }
	if !in(n.minutes, shown.Minute()) || !in(n.hours, shown.Hour()) || !in(n.months, int(shown.Month())) {
		return false
	}
	date, weekday := in(n.days, shown.Day()), in(n.weekdays, int(shown.Weekday()))
	if n.days != nil && n.weekdays != nil {
		return date || weekday
	}
	return date && weekday
}

func (n naive) planned(zone *time.Location, from, until time.Time) []time.Time {
	// What the hands show, written as if it were UTC.
	hands := func(at time.Time) time.Time {
		_, offset := at.In(zone).Zone()
		return at.Add(time.Duration(offset) * time.Second)
	}
	var list []time.Time
	// The clerk starts two days early to know what the hands had shown already.
	now := from.Add(-48 * time.Hour)
	for reached := hands(now); !now.After(until); now = now.Add(time.Minute) {
		due := false
		for shown := hands(now); reached.Before(shown); {
			reached = reached.Add(time.Minute)
			due = due || n.matches(reached)
		}
		if due && now.After(from) {
			list = append(list, now)
		}
	}
	return list
}

func (n naive) String() string {
	var words []string
	for _, list := range [][]int{n.minutes, n.hours, n.days, n.months, n.weekdays} {
		word := "*"
		if list != nil {
			word = strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ","), "[]")
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func zones() []string {
	return []string{"America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns",
		"Antarctica/Troll", "Africa/Casablanca", "Pacific/Apia", "America/Sao_Paulo", "Asia/Pyongyang"}
}

// TestAgainstTheClerk compares whole years of typical schedules with the naive way.
func TestAgainstTheClerk(t *testing.T) {
	crons := []naive{
		{minutes: []int{30}, hours: []int{1, 2}},
		{minutes: []int{0, 59}, hours: []int{0, 23}, weekdays: []int{0, 6}},
		{minutes: []int{1, 16, 31, 46}},
		{minutes: []int{0}, hours: []int{2, 3}, days: []int{1, 29, 31}, weekdays: []int{0}},
	}
	// Beside the years ahead, those in which somebody changed the rules.
	years := map[string][]int{"America/Los_Angeles": {2027, 2028}, "Europe/Berlin": {2028}, "Australia/Lord_Howe": {2027, 2028},
		"America/St_Johns": {2007, 2011}, "Pacific/Apia": {2011}, "America/Sao_Paulo": {2018}, "Asia/Pyongyang": {2015, 2018}}
	for _, name := range zones() {
		t.Run(name, func(t *testing.T) {
			if !testing.Short() {
				years[name] = append(years[name], 2026)
			}
			for _, year := range years[name] {
				from, months := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), 12
				if testing.Short() {
					from, months = from.AddDate(0, 9, 0), 2
				}
				for _, n := range crons {
					compare(t, n, zoneOf(t, name), from, from.AddDate(0, months, 0))
				}
			}
		})
	}
}

// TestAnyAgainstTheClerk compares schedules and zones that nobody thought of, around the changes of their clocks.
func TestAnyAgainstTheClerk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := func(low, high int, name string) []int {
			values := rapid.SliceOfNDistinct(rapid.IntRange(low, high), 0, 4, rapid.ID[int]).Draw(t, name)
			if len(values) == 0 {
				return nil
			}
			slices.Sort(values)
			return values
		}
		n := naive{list(0, 59, "minutes"), list(0, 23, "hours"), list(1, 28, "days"), list(1, 12, "months"), list(0, 6, "weekdays")}
		zone := zoneOf(t, rapid.SampledFrom(zones()).Draw(t, "zone"))
		from := time.Unix(rapid.Int64Range(1_100_000_000, 2_000_000_000).Draw(t, "from")/60*60, 0).UTC()
		if _, change := from.In(zone).ZoneBounds(); !change.IsZero() && rapid.Bool().Draw(t, "near a change") {
			from = change.UTC().Truncate(time.Minute).Add(-50 * time.Hour)
		}
		compare(t, n, zone, from, from.Add(100*time.Hour))
	})
}

type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// compare checks that Next, walked forward, and Latest, at each planned instant and just before it, agree with the clerk.
func compare(t failer, n naive, zone *time.Location, from, until time.Time) {
	t.Helper()
	s, err := Parse(n.String(), zone)
	if err != nil {
		t.Fatal(err)
	}
	want := n.planned(zone, from, until)
	at := s.Next(from)
	for i, w := range want {
		if !at.Equal(w) {
			t.Fatalf("%q in %s: planned %s, want %s", n, zone, at.In(zone), w.In(zone))
		}
		if latest := s.Latest(w.Add(59 * time.Second)); !latest.Equal(w) {
			t.Fatalf("%q in %s: the latest at %s is %s", n, zone, w.In(zone), latest.In(zone))
		}
		if i > 0 {
			if latest := s.Latest(w.Add(-1)); !latest.Equal(want[i-1]) {
				t.Fatalf("%q in %s: the latest before %s is %s, want %s", n, zone, w.In(zone), latest.In(zone), want[i-1].In(zone))
			}
		}
		at = s.Next(at)
	}
	if !at.After(until) {
		t.Fatalf("%q in %s: planned %s, which the clerk knows nothing of", n, zone, at.In(zone))
	}
}

func zoneOf(t failer, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func BenchmarkLatest(b *testing.B) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	s, err := Parse("30 2 * * *", zone)
	if err != nil {
		b.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for b.Loop() {
		s.Latest(now)
	}
}
