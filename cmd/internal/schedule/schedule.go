package schedule

import (
	"slices"
	"time"
)

// Schedule says at which instants something is planned. Get one from [Parse]; the zero value plans nothing.
type Schedule struct {
	text string
	zone *time.Location
	// minutes, hours, days, months and weekdays are the values that match; Sunday is 0.
	minutes, hours, days, months, weekdays set
	// either says that one of days and weekdays is enough. Otherwise both have to match, and one of them holds all.
	either bool
}

// String is the expression as it was written.
func (s Schedule) String() string { return s.text }

// Zone is the zone that local times are meant in; nil for the zero value.
func (s Schedule) Zone() *time.Location { return s.zone }

// horizon is how many days are looked through for a planned one: 29 February may be eight years away.
const horizon = 9 * 366

// Next is the first planned instant later than after, in UTC. It is the zero time for the zero value.
func (s Schedule) Next(after time.Time) time.Time {
	if s.zone == nil {
		return time.Time{}
	}
	// The planned time may belong to a local day before that of after: what the clocks skipped is run late.
	for day, n := s.dayOf(after, -2), 0; n < horizon; day, n = day.AddDate(0, 0, 1), n+1 {
		if !s.planned(day) {
			continue
		}
		for hour := range 24 {
			if !s.hours.has(hour) || !s.instant(day, hour, 59).After(after) {
				continue
			}
			for minute := range 60 {
				if !s.minutes.has(minute) {
					continue
				}
				if at := s.instant(day, hour, minute); at.After(after) {
					return at
				}
			}
		}
	}
	return time.Time{}
}

// Latest is the last planned instant that is not later than now, in UTC. It is the zero time for the zero value.
func (s Schedule) Latest(now time.Time) time.Time {
	if s.zone == nil {
		return time.Time{}
	}
	for day, n := s.dayOf(now, 1), 0; n < horizon; day, n = day.AddDate(0, 0, -1), n+1 {
		if !s.planned(day) {
			continue
		}
		for hour := 23; hour >= 0; hour-- {
			if !s.hours.has(hour) || s.instant(day, hour, 0).After(now) {
				continue
			}
			for minute := 59; minute >= 0; minute-- {
				if !s.minutes.has(minute) {
					continue
				}
				if at := s.instant(day, hour, minute); !at.After(now) {
					return at
				}
			}
		}
	}
	return time.Time{}
}

// Between lists the planned instants later than after and not later than until: the last ones, at most limit of them, in
// their order. total is how many there are.
func (s Schedule) Between(after, until time.Time, limit int) (planned []time.Time, total int) {
	for at := s.Latest(until); at.After(after); at = s.Latest(at.Add(-1)) {
		if total++; len(planned) < limit {
			planned = append(planned, at)
		}
	}
	slices.Reverse(planned)
	return planned, total
}

// dayOf is the local day of an instant, so many days on, as midnight UTC.
func (s Schedule) dayOf(at time.Time, days int) time.Time {
	year, month, day := at.In(s.zone).Date()
	return time.Date(year, month, day+days, 0, 0, 0, 0, time.UTC)
}

// planned reports whether the day, given as midnight UTC, matches.
func (s Schedule) planned(day time.Time) bool {
	if !s.months.has(int(day.Month())) {
		return false
	}
	date, weekday := s.days.has(day.Day()), s.weekdays.has(int(day.Weekday()))
	if s.either {
		return date || weekday
	}
	return date && weekday
}

// instant is the first instant at which local clocks show the given time of the day, or a later one. It never decreases
// from one local time to a later one.
func (s Schedule) instant(day time.Time, hour, minute int) time.Time {
	shown := day.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	// No offset is longer than a day and a half, so the clocks show that time after this instant, if ever.
	for period := shown.Add(-36 * time.Hour).In(s.zone); ; {
		start, end := period.ZoneBounds()
		_, offset := period.Zone()
		at := shown.Add(-time.Duration(offset) * time.Second)
		if !start.IsZero() && at.Before(start) { // skipped by the change with which this period starts
			return start.UTC()
		}
		if end.IsZero() || at.Before(end) {
			return at
		}
		period = end
	}
}
