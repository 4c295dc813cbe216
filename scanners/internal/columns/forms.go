package columns

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// Form is one form in which a source writes dates.
type Form struct {
	Name  string
	Parse func(string) (Moment, bool)
}

// Forms are the forms that a configuration declares.
type Forms []Form

// ErrNoDate says that none of the declared forms reads a text.
var ErrNoDate = errors.New("not a date in the declared forms")

// common are the forms with a name that every source knows.
func common() []Form {
	return []Form{
		{"iso", ParseISO},
		{"rfc3339", ParseISO},
		{"unix", func(s string) (Moment, bool) { return parseUnix(s, time.Second) }},
		{"unix_ms", func(s string) (Moment, bool) { return parseUnix(s, time.Millisecond) }},
	}
}

// Compile reads the configured forms; none means iso. Own are the forms with a name that only this connector knows.
func Compile(names []string, own ...Form) (Forms, error) {
	if len(names) == 0 {
		names = []string{"iso"}
	}
	named := append(common(), own...)
	var forms Forms
	for _, name := range names {
		form, err := compile(name, named)
		if err != nil {
			return nil, err
		}
		forms = append(forms, form)
	}
	return forms, nil
}

func compile(name string, named Forms) (Form, error) {
	for _, form := range named {
		if strings.EqualFold(name, form.Name) {
			return Form{name, form.Parse}, nil
		}
	}
	layout, shape, ok := layoutOf(name)
	if !ok {
		last := len(named) - 1
		return Form{}, configError("write it like YYYY-MM-DD, DD.MM.YYYY, MM/DD/YYYY hh:mm:ss, or name "+named[:last].String()+" or "+named[last].Name+
			"; years need four digits", "dates: %q is not a form of date", name)
	}
	return Form{name, func(s string) (Moment, bool) { return parseLayout(layout, shape, s) }}, nil
}

// layoutOf translates a form such as "DD.MM.YYYY hh:mm" into Go's layout. Days, months, hours and minutes may have one
// digit or two.
func layoutOf(name string) (layout string, shape Moment, ok bool) {
	hour := "15"
	if strings.Contains(name, "AM") || strings.Contains(name, "PM") {
		hour = "3"
	}
	month, day := "1", "2"
	if compact := !strings.ContainsAny(name, "./- "); compact {
		month, day = "01", "02"
	}
	layout = strings.NewReplacer("YYYY", "2006", "MMMM", "January", "MMM", "Jan", "MM", month, "M", "1", "DD", day, "D", "2",
		"hh", hour, "mm", "4", "ss", "5", "AM", "PM", "PM", "PM", "±hh:mm", "-07:00", "Z", "Z07:00", "T", "T").Replace(name)
	if !strings.Contains(layout, "2006") || !strings.Contains(layout, day) || !strings.Contains(name, "M") {
		return "", Moment{}, false
	}
	shape.Zoned = strings.Contains(layout, "07:00")
	switch {
	case !strings.Contains(name, "hh"):
		shape.DayOnly = true
	case !strings.Contains(name, "mm"):
		shape.Precision = time.Hour
	case !strings.Contains(name, "ss"):
		shape.Precision = time.Minute
	}
	return layout, shape, true
}

func parseLayout(layout string, m Moment, s string) (Moment, bool) {
	t, err := time.Parse(layout, s)
	if err != nil || !plausible(t) {
		return Moment{}, false
	}
	if _, seconds := t.Zone(); m.Zoned {
		m.Offset = time.Duration(seconds) * time.Second
	}
	m.At = t.UTC().Add(m.Offset)
	return m, true
}

// parseUnix reads a count of units since 1970 in UTC.
func parseUnix(s string, unit time.Duration) (Moment, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/int64(unit) {
		return Moment{}, false
	}
	perSecond := int64(time.Second / unit)
	t := time.Unix(n/perSecond, n%perSecond*int64(unit)).UTC()
	return Moment{At: t, Zoned: true}, plausible(t)
}

// plausible keeps out years that only a misread form can give. 1601 is where Windows counts from.
func plausible(t time.Time) bool { return t.Year() >= 1601 && t.Year() <= 9999 }

// Parse reads s in the forms. A value that two of them read as different times is not read; one that none of them reads gives
// [ErrNoDate].
func (f Forms) Parse(s string) (Moment, error) {
	var got Moment
	by := ""
	for _, form := range f {
		m, ok := form.Parse(s)
		switch {
		case !ok:
		case by == "":
			got, by = m, form.Name
		case !m.At.Add(-m.Offset).Equal(got.At.Add(-got.Offset)):
			return Moment{}, fmt.Errorf("%q reads differently as %s and as %s", s, by, form.Name)
		}
	}
	if by == "" {
		return Moment{}, fmt.Errorf("%q is %w (%s)", s, ErrNoDate, f)
	}
	return got, nil
}

// AreISO reports whether ISO 8601 is the only form, so that what [ParseISO] and [ISODate] read is what Parse reads.
func (f Forms) AreISO() bool {
	return len(f) == 1 && (strings.EqualFold(f[0].Name, "iso") || strings.EqualFold(f[0].Name, "rfc3339"))
}

// String lists the names of the forms.
func (f Forms) String() string {
	names := make([]string, len(f))
	for i, form := range f {
		names[i] = form.Name
	}
	return strings.Join(names, ", ")
}

// configError makes a *scanners.ConfigError with a hint.
func configError(hint, format string, args ...any) error {
	return &scanners.ConfigError{Err: fmt.Errorf("%s\nhint: %s", fmt.Sprintf(format, args...), hint)}
}
