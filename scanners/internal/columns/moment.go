package columns

import (
	"strconv"
	"strings"
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

// Precision reads how much later than written an account may have been used: a number of days such as 14d, or what Go calls a
// duration.
func Precision(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil { // as many days as are sure to fit
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, configError("write it like 14d or 36h", "precision %q is not a duration", s)
	}
	return d, nil
}
