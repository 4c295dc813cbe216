package columns

import (
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// Moment is a date or time as a source states it.
type Moment struct {
	// At shows the clock as written, as if it were UTC. When Zoned, that clock is Offset ahead of UTC.
	At     time.Time
	Zoned  bool
	Offset time.Duration
	// DayOnly says that there is no time of day; Precision is how coarse the time of day is.
	DayOnly   bool
	Precision time.Duration
}

// Instant gives the UTC instant of m, whose wall clock is read in zone unless m states its own. Where clocks are set back
// and the wall clock occurs twice, it is the first one; imprecision adds the hour.
func (m Moment) Instant(zone *time.Location) (at time.Time, imprecision time.Duration) {
	imprecision = m.Precision
	if m.DayOnly {
		imprecision = 24 * time.Hour
	}
	if m.Zoned {
		return m.At.Add(-m.Offset), imprecision
	}
	if zone == time.UTC {
		return m.At, imprecision
	}
	y, month, d := m.At.Date()
	at = time.Date(y, month, d, m.At.Hour(), m.At.Minute(), m.At.Second(), m.At.Nanosecond(), zone)
	if later := at.Add(time.Hour); !m.DayOnly && later.Hour() == at.Hour() {
		imprecision += time.Hour
	} else if earlier := at.Add(-time.Hour); !m.DayOnly && earlier.Hour() == at.Hour() {
		at, imprecision = earlier, imprecision+time.Hour
	}
	return at.UTC(), imprecision
}

// Day is the calendar date that m states, as written. An instant of UTC is different: at midnight, and in the last minute of
// a day, it is a date that a program has dressed up; any other is seen in zone.
func (m Moment) Day(zone *time.Location) scanners.Date {
	clock := m.At.Sub(m.At.Truncate(24 * time.Hour))
	if m.Zoned && m.Offset == 0 && clock != 0 && clock < 24*time.Hour-time.Minute {
		return scanners.DateOf(m.At.In(zone))
	}
	return scanners.DateOf(m.At)
}
