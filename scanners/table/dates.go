package table

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners/internal/columns"
)

// moment is a date or time as a file states it.
type moment = columns.Moment

// dateForms are the declared forms, and those that a hint may name.
type dateForms struct {
	declared, known columns.Forms
	iso             bool // the only form is that of ISO 8601
}

// compileDates reads the configured forms. Day numbers are a form that only spreadsheets know.
func compileDates(names []string) (dateForms, error) {
	excel := columns.Form{Name: "excel", Parse: func(s string) (moment, bool) { return parseSerial(s, false) }}
	declared, err := columns.Compile(names, excel)
	if err != nil {
		return dateForms{}, err
	}
	known, err := columns.Compile([]string{"iso", "DD.MM.YYYY", "DD.MM.YYYY hh:mm", "DD.MM.YYYY hh:mm:ss", "DD/MM/YYYY", "MM/DD/YYYY", "DD/MM/YYYY hh:mm",
		"MM/DD/YYYY hh:mm", "DD/MM/YYYY hh:mm:ss", "MM/DD/YYYY hh:mm:ss", "MM/DD/YYYY hh:mm:ss AM", "YYYY/MM/DD", "YYYY/MM/DD hh:mm:ss",
		"DD-MM-YYYY", "MM-DD-YYYY", "DD-MMM-YYYY", "DD MMM YYYY", "MMM DD, YYYY", "YYYYMMDD"})
	return dateForms{declared, known, declared.AreISO()}, err
}

// parse reads s in the declared forms.
func (f dateForms) parse(s string) (moment, error) {
	m, err := f.declared.Parse(s)
	if errors.Is(err, columns.ErrNoDate) {
		err = fmt.Errorf("%w%s", err, f.hint(s))
	}
	return m, err
}

// hint names the form that s may be written in. It never decides: a wrong guess moves dates silently.
func (f dateForms) hint(s string) string {
	var fits []string
	for _, form := range f.known {
		if _, ok := form.Parse(s); ok {
			fits = append(fits, form.Name)
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

// parseSerial reads a day number of a spreadsheet, counted from 1900 or, in the 1904 system, from 1904.
func parseSerial(s string, from1904 bool) (moment, bool) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return moment{}, false
	}
	t, ok := serialTime(n, from1904)
	return moment{At: t, DayOnly: n == math.Trunc(n)}, ok
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
