package sqldb

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// moment is a date or time as the database states it.
type moment struct {
	// at shows the clock as written, as if it were UTC. When zoned, that clock is offset ahead of UTC.
	at     time.Time
	zoned  bool
	offset time.Duration
	// dayOnly says that there is no time of day; precision is how coarse the time of day is.
	dayOnly   bool
	precision time.Duration
}

// instant gives the UTC instant of m, whose wall clock is read in zone unless m states its own. Where clocks are set back
// and the wall clock occurs twice, it is the first one; imprecision adds the hour.
func (m moment) instant(zone *time.Location) (at time.Time, imprecision time.Duration) {
	imprecision = m.precision
	if m.dayOnly {
		imprecision = 24 * time.Hour
	}
	if m.zoned {
		return m.at.Add(-m.offset), imprecision
	}
	y, month, d := m.at.Date()
	at = time.Date(y, month, d, m.at.Hour(), m.at.Minute(), m.at.Second(), m.at.Nanosecond(), zone)
	if later := at.Add(time.Hour); !m.dayOnly && later.Hour() == at.Hour() {
		imprecision += time.Hour
	} else if earlier := at.Add(-time.Hour); !m.dayOnly && earlier.Hour() == at.Hour() {
		at, imprecision = earlier, imprecision+time.Hour
	}
	return at.UTC(), imprecision
}

// dateForm is one form in which texts are dates.
type dateForm struct {
	name  string
	parse func(string) (moment, bool)
}

// compileDates reads the configured forms; none means iso.
func compileDates(names []string) ([]dateForm, error) {
	if len(names) == 0 {
		names = []string{"iso"}
	}
	var forms []dateForm
	for _, name := range names {
		form, err := compileDate(name)
		if err != nil {
			return nil, err
		}
		forms = append(forms, form)
	}
	return forms, nil
}

func compileDate(name string) (dateForm, error) {
	switch strings.ToLower(name) {
	case "iso", "rfc3339":
		return dateForm{name, parseISO}, nil
	case "unix":
		return dateForm{name, func(s string) (moment, bool) { return parseUnix(s, time.Second) }}, nil
	case "unix_ms":
		return dateForm{name, func(s string) (moment, bool) { return parseUnix(s, time.Millisecond) }}, nil
	}
	layout, shape, err := layoutOf(name)
	if err != nil {
		return dateForm{}, err
	}
	return dateForm{name, func(s string) (moment, bool) { return parseLayout(layout, shape, s) }}, nil
}

func parseLayout(layout string, shape moment, s string) (moment, bool) {
	t, err := time.Parse(layout, s)
	if err != nil || !plausible(t) {
		return moment{}, false
	}
	if _, seconds := t.Zone(); shape.zoned {
		shape.offset = time.Duration(seconds) * time.Second
	}
	shape.at = t.UTC().Add(shape.offset)
	return shape, true
}

// layoutOf translates a form such as "DD.MM.YYYY hh:mm" into Go's layout. Days, months, hours and minutes may have one digit
// or two.
func layoutOf(name string) (string, moment, error) {
	hour := "15"
	if strings.Contains(name, "AM") || strings.Contains(name, "PM") {
		hour = "3"
	}
	month, day := "1", "2"
	if !strings.ContainsAny(name, "./- ") {
		month, day = "01", "02"
	}
	layout := strings.NewReplacer("YYYY", "2006", "MMMM", "January", "MMM", "Jan", "MM", month, "M", "1", "DD", day, "D", "2",
		"hh", hour, "mm", "4", "ss", "5", "AM", "PM", "PM", "PM", "±hh:mm", "-07:00", "Z", "Z07:00", "T", "T").Replace(name)
	if !strings.Contains(layout, "2006") || !strings.Contains(layout, day) || !strings.Contains(name, "M") {
		return "", moment{}, configError("write it like YYYY-MM-DD, DD.MM.YYYY, MM/DD/YYYY hh:mm:ss, or name iso, rfc3339, unix or unix_ms;"+
			" years need four digits", "dates: %q is not a form of date", name)
	}
	shape := moment{zoned: strings.Contains(layout, "07:00")}
	switch {
	case !strings.Contains(name, "hh"):
		shape.dayOnly = true
	case !strings.Contains(name, "mm"):
		shape.precision = time.Hour
	case !strings.Contains(name, "ss"):
		shape.precision = time.Minute
	}
	return layout, shape, nil
}

// parseISO reads 2026-03-01, 2026-03-01T12:30, with seconds, fractions of a second, a blank in place of the T, and an offset.
func parseISO(s string) (moment, bool) {
	if len(s) > 10 && s[10] == ' ' {
		s = s[:10] + "T" + s[11:]
	}
	s = strings.TrimSuffix(s, " UTC") // as in "12:00:00 +0000 UTC"
	for _, form := range []struct {
		layout string
		shape  moment
	}{
		{"2006-01-02", moment{dayOnly: true}}, {"2006-01-02T15:04:05", moment{}}, {"2006-01-02T15:04", moment{precision: time.Minute}},
		{"2006-01-02T15:04:05Z07:00", moment{zoned: true}}, {"2006-01-02T15:04:05-0700", moment{zoned: true}}, {"2006-01-02T15:04:05-07", moment{zoned: true}},
		{"2006-01-02T15:04:05 Z07:00", moment{zoned: true}}, {"2006-01-02T15:04:05 -0700", moment{zoned: true}},
		{"2006-01-02T15:04Z07:00", moment{zoned: true, precision: time.Minute}},
	} {
		if m, ok := parseLayout(form.layout, form.shape, s); ok {
			return m, true
		}
	}
	return moment{}, false
}

// parseUnix reads a count of units since 1970 in UTC.
func parseUnix(s string, unit time.Duration) (moment, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/int64(unit) {
		return moment{}, false
	}
	perSecond := int64(time.Second / unit)
	t := time.Unix(n/perSecond, n%perSecond*int64(unit)).UTC()
	return moment{at: t, zoned: true}, plausible(t)
}

// plausible keeps out years that only a misread form can give. 1601 is where Windows counts from.
func plausible(t time.Time) bool { return t.Year() >= 1601 && t.Year() <= 9999 }

// parseDate reads s in the declared forms. A value that two of them read as different times is not read.
func parseDate(forms []dateForm, s string) (moment, error) {
	var got moment
	by := ""
	var names []string
	for _, form := range forms {
		names = append(names, form.name)
		m, ok := form.parse(s)
		switch {
		case !ok:
		case by == "":
			got, by = m, form.name
		case !m.at.Add(-m.offset).Equal(got.at.Add(-got.offset)):
			return moment{}, fmt.Errorf("%q reads differently as %s and as %s", s, by, form.name)
		}
	}
	if by == "" {
		return moment{}, fmt.Errorf("%q is not a date in the declared forms (%s)", s, strings.Join(names, ", "))
	}
	return got, nil
}
