package rest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// forms are the forms in which times are written.
func forms() []string {
	return []string{"rfc3339", "date", "unix", "unix_ms", "datetime", "datetime_utc"}
}

func (c *Reading) checkTimes() error {
	if len(c.Times) == 0 {
		c.Times = []string{"rfc3339"}
	}
	for _, form := range c.Times {
		if !slices.Contains(forms(), form) {
			return fmt.Errorf("times: %q is none of %s", form, strings.Join(forms(), ", "))
		}
	}
	return nil
}

// instant is a time as it was written. Day says that it has no time of day.
type instant struct {
	at  time.Time
	day bool
}

// parse reads a time in one of the declared forms.
func (c *Reading) parse(said string, zone *time.Location) (instant, error) {
	for _, form := range c.Times {
		if t, err := parseAs(form, said, zone); err == nil {
			return instant{t, form == "date"}, nil
		}
	}
	return instant{}, fmt.Errorf("%q is no time of the form %s", said, strings.Join(c.Times, " or "))
}

func parseAs(form, said string, zone *time.Location) (time.Time, error) {
	switch form {
	case "date":
		return time.ParseInLocation(time.DateOnly, said, zone)
	case "datetime":
		return time.ParseInLocation(time.DateTime, said, zone)
	case "datetime_utc":
		return time.ParseInLocation(time.DateTime, said, time.UTC)
	case "unix", "unix_ms":
		n, err := strconv.ParseFloat(said, 64)
		if err != nil || n < 0 || n > 1e14 {
			return time.Time{}, errors.New("no number of seconds")
		}
		if form == "unix" {
			n *= 1000
		}
		return time.UnixMilli(int64(n)).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339Nano, said)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05.999999999Z0700", said) // without the colon in the zone
	}
	return t, err
}

// field is one field: where it stands in the configuration, and its expression.
type field struct {
	name string
	expr
}

// time is a field that is a time, with how much coarser than an instant it is.
func (c *Reading) time(f field, s scope, zone *time.Location) (at scanners.Fact[time.Time], coarse time.Duration, err error) {
	if f.code == nil {
		return scanners.Unknown[time.Time]("the configuration maps no " + f.name), 0, nil
	}
	v, err := f.one(s)
	if err != nil {
		return at, 0, err
	}
	said, err := text(v)
	switch {
	case err != nil:
		return scanners.Unknown[time.Time](f.text + ": " + err.Error()), 0, nil
	case said == "":
		return c.missing(f, "the record states none"), 0, nil
	case said == "never":
		return scanners.Never[time.Time](), 0, nil
	}
	i, err := c.parse(said, zone)
	switch {
	case err != nil:
		return scanners.Unknown[time.Time](f.text + ": " + err.Error()), 0, nil
	case i.at.Before(time.Date(1970, time.January, 2, 0, 0, 0, 0, i.at.Location())):
		return c.noTime(f, said), 0, nil
	case i.day:
		coarse = 24 * time.Hour
	}
	return scanners.Known(i.at.UTC()), coarse, nil
}

// missing is what a missing time means.
func (c *Reading) missing(f field, why string) scanners.Fact[time.Time] {
	if c.Meaning[f.name] == "never" {
		return scanners.Never[time.Time]()
	}
	return scanners.Unknown[time.Time](why)
}

// noTime is a date of 1970 or before: of a use it means never, of anything else it says nothing.
func (c *Reading) noTime(f field, said string) scanners.Fact[time.Time] {
	if f.name == "last_activity" || f.name == "expires" {
		return scanners.Never[time.Time]()
	}
	return c.missing(f, f.text+" is "+said)
}

// truth is a field that is true or false.
func (c *Reading) truth(f field, s scope) (scanners.Fact[bool], error) {
	if f.code == nil {
		return scanners.Unknown[bool]("the configuration maps no " + f.name), nil
	}
	v, err := f.one(s)
	if err != nil {
		return scanners.Fact[bool]{}, err
	}
	return c.truthOf(f, v), nil
}

func (c *Reading) truthOf(f field, v any) scanners.Fact[bool] {
	if b, ok := v.(bool); ok {
		v = strconv.FormatBool(b)
	}
	said, err := text(v)
	switch {
	case err != nil:
		return scanners.Unknown[bool](f.text + ": " + err.Error())
	case said == "":
		return scanners.Unknown[bool]("the record states none")
	}
	if meaning, ok := c.Values[f.name][said]; ok {
		said = meaning
	}
	switch strings.ToLower(said) {
	case "true":
		return scanners.Known(true)
	case "false":
		return scanners.Known(false)
	}
	return scanners.Unknown[bool](fmt.Sprintf("%s is %q, which values does not translate", f.text, said))
}

// word is a field with a closed list of words; "" when it says nothing.
func (c *Reading) word(f field, s scope) (string, error) {
	v, err := f.one(s)
	if err != nil {
		return "", err
	}
	said, err := text(v)
	if err != nil {
		return "", fmt.Errorf("%s: %w", f.text, err)
	}
	if meaning, ok := c.Values[f.name][said]; ok {
		return meaning, nil
	}
	return said, nil
}

// say is a field that is one text.
func say(f field, s scope) (string, error) {
	v, err := f.one(s)
	if err != nil {
		return "", err
	}
	said, err := text(v)
	if err != nil {
		return "", fmt.Errorf("%s: %w", f.text, err)
	}
	return said, nil
}

// list is a field that is several texts.
func list(f field, s scope) ([]string, error) {
	values, err := f.all(s)
	if err != nil {
		return nil, err
	}
	all, err := texts(values)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.text, err)
	}
	return all, nil
}

// fields compiles the expressions of a mapping and notes what is wrong with them.
type fields struct{ errs []error }

func (f *fields) compile(name, text string) field {
	e, err := compile("fields."+name, text)
	if err != nil {
		f.errs = append(f.errs, err)
	}
	return field{name, e}
}

// holds tries an expression on records that hold nothing. What it gives even then has to be of the right sort.
func (f *fields) holds(c field, sort func(any) error) {
	for _, empty := range []any{nil, map[string]any{}} {
		values, err := c.all(scope{input: empty})
		if err != nil {
			continue // it needs something of the record
		}
		for _, v := range values {
			if err := sort(v); err != nil {
				f.errs = append(f.errs, fmt.Errorf("fields.%s: column 1 of %q: %w", c.name, c.text, err))
				return
			}
		}
	}
}

// nothing is the sort of an id in a record that holds none.
func nothing(v any) error {
	if t, err := text(v); err == nil && t == "" {
		return nil
	}
	return fmt.Errorf("it gives %q for a record that holds nothing, so that all such records would be the same\nhint: .id is enough: numbers are read as they are written", shown(v))
}

func textual(v any) error {
	_, err := texts([]any{v})
	return err
}

// truthful is the sort of a field that is true or false.
func (c *Reading) truthful(f field) func(any) error {
	return func(v any) error {
		if v == nil || c.truthOf(f, v).IsKnown() || c.Values[f.name] != nil {
			return nil
		}
		return fmt.Errorf("it gives %q, which is neither true nor false\nhint: translate words under values: {%s: …}", shown(v), f.name)
	}
}

// timely is the sort of a time.
func (c *Reading) timely(v any) error {
	said, err := text(v)
	if err != nil || said == "" || said == "never" {
		return err
	}
	_, err = c.parse(said, time.UTC)
	return err
}

// checkValues refuses words that mean nothing.
func (c *Reading) checkValues(allowed map[string][]string, times []string) error {
	var errs []error
	for name, words := range c.Values {
		may, ok := allowed[name]
		if !ok {
			errs = append(errs, fmt.Errorf("values: %q is no field with words", name))
			continue
		}
		for word, meaning := range words {
			if !slices.Contains(may, meaning) {
				errs = append(errs, fmt.Errorf("values: {%s: {%q: %s}}: it is none of %s", name, word, meaning, strings.Join(may, ", ")))
			}
		}
	}
	for name, meaning := range c.Meaning {
		if !slices.Contains(times, name) || meaning != "never" && meaning != "unknown" {
			errs = append(errs, fmt.Errorf("empty: {%s: %s}: the fields are %s, and mean never or unknown", name, meaning, strings.Join(times, ", ")))
		}
	}
	return errors.Join(errs...)
}
