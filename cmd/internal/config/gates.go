package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// Percent is a share in percent: 2 means two of a hundred. It is written 2 or 2%.
type Percent float64

// UnmarshalText reads "2", "0.5" or "2%".
func (p *Percent) UnmarshalText(text []byte) error {
	x, err := strconv.ParseFloat(strings.TrimSuffix(string(text), "%"), 64)
	if err != nil || !(x >= 0 && x <= 100) {
		return fmt.Errorf("%q is not a percentage between 0 and 100", text)
	}
	*p = Percent(x)
	return nil
}

// Limit is a limit as count and percent, both of which have to be exceeded: the count keeps small sets from tripping on a
// handful, the percentage keeps large ones from tripping on a normal day.
type Limit struct {
	Count   int64   `yaml:"count" doc:"As a number."`
	Percent Percent `yaml:"percent" doc:"As a share of what it is compared with."`
}

// Exceeded reports whether n is more than the limit allows of a set of base.
func (l Limit) Exceeded(n, base int64) bool {
	return n > l.Count && float64(n) > float64(l.Percent)/100*float64(base)
}

// String gives "more than 5 and 2%".
func (l Limit) String() string {
	return fmt.Sprintf("more than %d and %g%%", l.Count, float64(l.Percent))
}

// Gates say when the input is too odd to be believed.
type Gates struct {
	// These look at one snapshot alone and hold for a first run, too: rows that could not be read, ids that stand for
	// several humans, dates that nobody can have, one past end that too many share.
	PeopleRejected, IDsDoubled, OddDates, SameEnd Limit
	// The others compare with the last accepted run; a first run has none.
	PeopleLost, EmployedLost, PeopleGained, NewLeavers Limit
	PeopleChanged, EndsLost                            Limit
	// SourceLost makes an account source partial; it does not stop the run.
	SourceLost Limit
	// These are in percentage points.
	MatchedDrop, EmployeeIDDrop, MailDrop, ManagerDrop, IDShape Percent
	// MaxAge is how old a people file may be, judged against the wall clock.
	MaxAge    time.Duration
	Overrides []Override
}

// GateOlderFile is the gate that has no limit to set: a file made before the one that the last accepted run read.
const GateOlderFile = "older_file"

// Override opens one gate for a while.
type Override struct {
	// Gate is the key of the gate, such as "people_lost"; Source the source it is open for, empty for all.
	Gate   string
	Source string
	// Until is the instant at which it closes again: the end of the stated day in the run's zone.
	Until  time.Time
	Reason string
	Owner  string
	Place  string
}

// Opened returns the override that opens gate for source at the instant at.
func (g Gates) Opened(gate, source string, at time.Time) (Override, bool) {
	for _, o := range g.Overrides {
		if o.Gate == gate && (o.Source == "" || o.Source == source) && at.Before(o.Until) {
			return o, true
		}
	}
	return Override{}, false
}

// gateNames are the gates that an override may open.
func gateNames() []string {
	names := append(keysOf(typeFor[gates]()), GateOlderFile)
	return slices.DeleteFunc(names, func(n string) bool { return n == "overrides" })
}

func (f *file) gates(g gates, zone *time.Location, sources []string) Gates {
	out := Gates{
		PeopleRejected: or(g.Rejected, Limit{1, 1}),
		IDsDoubled:     or(g.IDsDoubled, Limit{5, 0.1}),
		OddDates:       or(g.OddDates, Limit{5, 1}),
		SameEnd:        or(g.SameEnd, Limit{20, 50}),
		PeopleLost:     or(g.PeopleLost, Limit{5, 2}),
		EmployedLost:   or(g.EmployedLost, Limit{5, 1}),
		PeopleGained:   or(g.PeopleGained, Limit{20, 10}),
		NewLeavers:     or(g.NewLeavers, Limit{20, 2}),
		SourceLost:     or(g.SourceLost, Limit{10, 20}),
		MatchedDrop:    or(g.MatchedDrop, 2),
		PeopleChanged:  or(g.PeopleChanged, Limit{5, 2}),
		EndsLost:       or(g.EndsLost, Limit{5, 10}),
		EmployeeIDDrop: or(g.EmployeeIDDrop, 1),
		MailDrop:       or(g.MailDrop, 5),
		ManagerDrop:    or(g.ManagerDrop, 10),
		IDShape:        or(g.IDShape, 5),
		MaxAge:         or(g.MaxAge, limit{set: 36 * time.Hour}).set,
	}
	if out.MaxAge == 0 {
		f.fail("gates.max_age", "to read an older file, add a dated entry to gates.overrides", "cannot be off")
	}
	for i, o := range g.Overrides {
		out.Overrides = append(out.Overrides, f.override(fmt.Sprintf("gates.overrides[%d]", i), o, zone, sources))
	}
	return out
}

func (f *file) override(key string, o override, zone *time.Location, sources []string) Override {
	f.oneOf(key+".gate", o.Gate, gateNames())
	if o.Source != "" {
		f.oneOf(key+".source", o.Source, sources)
	}
	f.need(key+".reason", o.Reason)
	f.need(key+".owner", o.Owner)
	until := f.endOfDay(key+".until", o.Until, zone)
	return Override{o.Gate, o.Source, until, o.Reason, o.Owner, f.where(key)}
}

// endOfDay returns the first instant after the day that text names.
func (f *file) endOfDay(key, text string, zone *time.Location) time.Time {
	date, ok := f.date(key, text)
	if !ok {
		return time.Time{}
	}
	if date.Year > lastYear {
		f.fail(key, "choose a day on which somebody will look at it again", "lies beyond the year %d", lastYear)
		return time.Time{}
	}
	return date.AddDays(1).Midnight(zone)
}

// date reads a mandatory date; false after noting a mistake.
func (f *file) date(key, text string) (scanners.Date, bool) {
	if !f.need(key, text) {
		return scanners.Date{}, false
	}
	date, err := scanners.ParseDate(text)
	if err != nil {
		f.fail(key, "", "%v", err)
	}
	return date, err == nil
}

// lastYear is the last year of an expiry. RFC 3339 ends with the year 9999.
const lastYear = 9998

// need notes a mistake when text is blank.
func (f *file) need(key, text string) bool {
	if strings.TrimSpace(text) == "" {
		f.fail(key, "", "is missing")
		return false
	}
	return true
}

// oneOf notes a mistake when text is none of known.
func (f *file) oneOf(key, text string, known []string) bool {
	if slices.Contains(known, text) {
		return true
	}
	problem := fmt.Sprintf("unknown value %q", text)
	if text == "" {
		problem = "is missing"
	} else if near := nearest(text, known); near != "" {
		problem += fmt.Sprintf("; did you mean %q?", near)
	}
	f.fail(key, "it is one of "+strings.Join(known, ", "), "%s", problem)
	return false
}

func or[T any](set *T, fallback T) T {
	if set != nil {
		return *set
	}
	return fallback
}
