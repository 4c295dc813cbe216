package table

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// moment is a date or time as a file states it.
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
	if zone == time.UTC {
		return m.at, imprecision
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

// dateForm is one form in which a file writes dates.
type dateForm struct {
	name  string
	parse func(string) (moment, bool)
}

// dateForms are the declared forms, and those that a hint may name.
type dateForms struct{ declared, known []dateForm }

// compileDates reads the configured forms; none means iso.
func compileDates(names []string) (dateForms, error) {
	if len(names) == 0 {
		names = []string{"iso"}
	}
	declared, err := compileAll(names)
	if err != nil {
		return dateForms{}, err
	}
	known, err := compileAll([]string{"iso", "DD.MM.YYYY", "DD.MM.YYYY hh:mm", "DD.MM.YYYY hh:mm:ss", "DD/MM/YYYY", "MM/DD/YYYY", "DD/MM/YYYY hh:mm",
		"MM/DD/YYYY hh:mm", "DD/MM/YYYY hh:mm:ss", "MM/DD/YYYY hh:mm:ss", "MM/DD/YYYY hh:mm:ss AM", "YYYY/MM/DD", "YYYY/MM/DD hh:mm:ss",
		"DD-MM-YYYY", "MM-DD-YYYY", "DD-MMM-YYYY", "DD MMM YYYY", "MMM DD, YYYY", "YYYYMMDD"})
	return dateForms{declared, known}, err
}

func compileAll(names []string) ([]dateForm, error) {
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
	case "excel":
		return dateForm{name, func(s string) (moment, bool) { return parseSerial(s, false) }}, nil
	}
	layout, shape, err := layoutOf(name)
	if err != nil {
		return dateForm{}, err
	}
	return dateForm{name, func(s string) (moment, bool) {
		t, err := time.Parse(layout, s)
		if err != nil || !plausible(t) {
			return moment{}, false
		}
		m := shape
		if _, seconds := t.Zone(); m.zoned {
			m.offset = time.Duration(seconds) * time.Second
		}
		m.at = t.UTC().Add(m.offset)
		return m, true
	}}, nil
}

// layoutOf translates a form such as "DD.MM.YYYY hh:mm" into Go's layout. Days, months, hours and minutes may have one
// digit or two.
func layoutOf(name string) (string, moment, error) {
	hour := "15"
	if strings.Contains(name, "AM") || strings.Contains(name, "PM") {
		hour = "3"
	}
	compact := !strings.ContainsAny(name, "./- ")
	month, day := "1", "2"
	if compact {
		month, day = "01", "02"
	}
	layout := strings.NewReplacer("YYYY", "2006", "MMMM", "January", "MMM", "Jan", "MM", month, "M", "1", "DD", day, "D", "2",
		"hh", hour, "mm", "4", "ss", "5", "AM", "PM", "PM", "PM", "±hh:mm", "-07:00", "Z", "Z07:00", "T", "T").Replace(name)
	if !strings.Contains(layout, "2006") || !strings.Contains(layout, day) || !strings.Contains(name, "M") {
		return "", moment{}, configError("write it like YYYY-MM-DD, DD.MM.YYYY, MM/DD/YYYY hh:mm:ss, or name iso, rfc3339, unix, unix_ms or excel;"+
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

// plausible keeps out years that only a misread form can give. 1601 is where Windows counts from.
func plausible(t time.Time) bool { return t.Year() >= 1601 && t.Year() <= 9999 }

// parse reads s in the declared forms. A value that two of them read as different times is not read.
func (f dateForms) parse(s string) (moment, error) {
	var got moment
	by := ""
	for _, form := range f.declared {
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
		return moment{}, fmt.Errorf("%q is not a date in the declared forms (%s)%s", s, f, f.hint(s))
	}
	return got, nil
}

// String lists the forms.
func (f dateForms) String() string {
	names := make([]string, len(f.declared))
	for i, form := range f.declared {
		names[i] = form.name
	}
	return strings.Join(names, ", ")
}

// hint names the form that s may be written in. It never decides: a wrong guess moves dates silently.
func (f dateForms) hint(s string) string {
	var fits []string
	for _, form := range f.known {
		if _, ok := form.parse(s); ok {
			fits = append(fits, form.name)
		}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		fits = append(fits, numberForms(n)...)
	}
	switch len(fits) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("\nhint: add `dates: [%s]`", fits[0])
	default:
		return fmt.Sprintf("\nhint: it may be %s; ask who makes the file and add for example `dates: [%s]`", strings.Join(fits, " or "), fits[0])
	}
}

func numberForms(n int64) []string {
	switch {
	case n >= 20_000 && n < 80_000:
		return []string{"excel"}
	case n >= 600_000_000 && n < 5_000_000_000:
		return []string{"unix"}
	case n >= 600_000_000_000 && n < 5_000_000_000_000:
		return []string{"unix_ms"}
	}
	return nil
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

// parseSerial reads a day number of a spreadsheet, counted from 1900 or, in the 1904 system, from 1904.
func parseSerial(s string, from1904 bool) (moment, bool) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return moment{}, false
	}
	t, ok := serialTime(n, from1904)
	return moment{at: t, dayOnly: n == math.Trunc(n)}, ok
}

// serialTime is the wall clock of a serial number. Day 60 of the 1900 system is a 29 February that never was; the days
// before it are counted from one day later.
func serialTime(n float64, from1904 bool) (time.Time, bool) {
	if n < 0 || n >= 2_958_466 || math.IsNaN(n) {
		return time.Time{}, false
	}
	base := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC)
	switch day := math.Trunc(n); {
	case from1904:
		base = time.Date(1904, time.January, 1, 0, 0, 0, 0, time.UTC)
	case day == 60:
		return time.Time{}, false
	case day < 60:
		base = base.AddDate(0, 0, 1)
	}
	seconds := math.Round((n - math.Trunc(n)) * 86400)
	t := base.AddDate(0, 0, int(n)).Add(time.Duration(seconds) * time.Second)
	return t, true
}
