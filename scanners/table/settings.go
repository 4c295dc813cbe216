package table

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/columns"
)

// settings is a checked configuration.
type settings struct {
	paths     []string
	format    string
	encoding  string
	delimiter string
	noHeader  bool
	sheet     string
	records   []string
	separator string
	zone      *time.Location
	dates     dateForms
	empty     map[string]bool // fields whose empty cell means never
	values    columns.Words
	want      []string // the wanted columns, each once
	optional  map[string]bool
	expect    *int64
	sidecar   string
	allowNone bool
	seed      maphash.Seed // of the hashes of ids
	keys      hashKeys     // of the sums of rows
	// instead is what to do in place of mapping the columns that a file lacks.
	instead string
}

// slot is the place of a field's column in a row's cells; none means that the field is not mapped.
type slot int

const none slot = -1

// plan collects the wanted columns while the fields claim their slots.
type plan struct{ want []string }

func (p *plan) one(column string) slot {
	if column == "" {
		return none
	}
	if i := slices.Index(p.want, column); i >= 0 {
		return slot(i)
	}
	p.want = append(p.want, column)
	return slot(len(p.want) - 1)
}

func (p *plan) many(columns List) []slot {
	var slots []slot
	for _, column := range columns {
		if s := p.one(column); s != none {
			slots = append(slots, s)
		}
	}
	return slots
}

// configError makes a *scanners.ConfigError with a hint.
func configError(hint, format string, args ...any) error {
	return &scanners.ConfigError{Err: fmt.Errorf("%s\nhint: %s", fmt.Sprintf(format, args...), hint)}
}

// check turns the shared configuration into settings. Fields are the names that may appear under values and empty.
func (c *Reading) check(env scanners.Env, timeFields, wordFields []string) (*settings, error) {
	if len(c.Path) == 0 {
		return nil, configError("add `path: accounts.csv`", "no path")
	}
	s := &settings{
		format: strings.ToLower(c.Format), encoding: c.Encoding, sheet: c.Sheet, separator: c.ListSeparator,
		delimiter: unescapeDelimiter(c.Delimiter), noHeader: c.Header != nil && !*c.Header, zone: env.Zone,
		expect: c.ExpectRows, sidecar: c.Sidecar, allowNone: c.AllowEmpty, optional: map[string]bool{},
		seed: maphash.MakeSeed(), keys: newHashKeys(maphash.MakeSeed()),
	}
	if c.Records != "" {
		s.records = strings.Split(c.Records, ".")
	}
	if s.separator == "" {
		s.separator = ";"
	}
	for _, path := range c.Path {
		s.paths = append(s.paths, env.Path(path))
	}
	for _, step := range []func(*Reading) error{s.checkFormat, s.checkZone, s.checkDates,
		func(c *Reading) error { return s.checkEmpty(c, timeFields) },
		func(c *Reading) error { return s.checkValues(c, timeFields, wordFields) },
	} {
		if err := step(c); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func unescapeDelimiter(d string) string {
	switch strings.ToLower(d) {
	case "tab", `\t`:
		return "\t"
	}
	return d
}

func (s *settings) checkFormat(c *Reading) error {
	if formats := []string{"", "csv", "xlsx", "json", "jsonl", "parquet"}; !slices.Contains(formats, s.format) {
		return configError("use one of csv, xlsx, json, jsonl, parquet", "format %q is not known", c.Format)
	}
	if strings.ContainsAny(s.delimiter, "\"\r\n") {
		return configError("use one of , ; TAB | or several characters", "delimiter %q cannot be", c.Delimiter)
	}
	if _, _, err := named(c.Encoding); c.Encoding != "" && err != nil {
		return &scanners.ConfigError{Err: err}
	}
	return nil
}

func (s *settings) checkZone(c *Reading) error {
	if s.zone == nil {
		s.zone = time.UTC
	}
	if c.Zone == "" {
		return nil
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return configError("use a name such as Europe/Berlin", "zone %q is not known", c.Zone)
	}
	s.zone = zone
	return nil
}

func (s *settings) checkDates(c *Reading) (err error) {
	s.dates, err = compileDates(c.Dates)
	return err
}

func (s *settings) checkEmpty(c *Reading, timeFields []string) (err error) {
	s.empty, err = columns.CheckEmpty(c.Empty, timeFields, "empty")
	return err
}

func (s *settings) checkValues(c *Reading, timeFields, wordFields []string) (err error) {
	s.values, err = columns.CheckWords(c.Values, timeFields, wordFields, fold)
	return err
}

// checkOptional notes the columns of the optional fields.
func (s *settings) checkOptional(fields List, column map[string]List) error {
	for _, field := range fields {
		columns, ok := column[field]
		if !ok || field == "id" {
			return configError("list fields that columns: maps, other than id", "optional: %q is not such a field", field)
		}
		for _, name := range columns {
			s.optional[name] = true
		}
	}
	return nil
}
