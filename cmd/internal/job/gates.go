package job

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// GateError says that the input is too odd to be believed. No finding of the run is published.
type GateError struct {
	// Stops holds everything that stopped the run, at least one.
	Stops []Stop
}

// Stop is one gate that stopped a run.
type Stop struct {
	// Gate is the key under "gates" in leaver.yaml, or "people" for what only a repair of the source can mend.
	Gate   string
	Source string
	Text   string
	// Hint says what to do; empty for a gate that an override opens. Open is then the line to paste.
	Hint string
	Open string
}

// Error gives, line by line, the source and what is odd, and then what to do.
func (e *GateError) Error() string {
	var lines, hints, open []string
	for _, s := range e.Stops {
		lines = append(lines, s.String())
		if s.Hint != "" && !slices.Contains(hints, s.Hint) {
			hints = append(hints, s.Hint)
		}
		if s.Open != "" {
			open = append(open, "      - "+s.Open)
		}
	}
	for _, hint := range hints {
		lines = append(lines, "hint: "+hint)
	}
	if len(open) > 0 {
		lines = append(lines, "hint: repair the source and run again; or, if this is right, say so in leaver.yaml and run again:", "  gates:", "    overrides:")
		lines = append(lines, open...)
	}
	return strings.Join(lines, "\n")
}

// String gives the source, what is odd, and the gate that says so.
func (s Stop) String() string {
	text := s.Text
	if s.Gate != gatePeople {
		text += " (gate " + s.Gate + ")"
	}
	if s.Source != "" {
		text = s.Source + ": " + text
	}
	return text
}

// gatePeople names the refusals that no override opens.
const gatePeople = "people"

// Before is what the gates compare with: how the last accepted run stood.
type Before struct {
	AsOf       time.Time
	Population reports.Population
	// Sources holds every source by name as it was when it was last complete.
	Sources map[string]reports.Source
}

// LastAccepted collects from the run store what the gates compare with; nil before the first accepted run.
func LastAccepted(ctx context.Context, store *runstore.Store, c *config.Config) (*Before, error) {
	last, err := store.LatestAccepted(ctx)
	if err != nil || last == nil {
		return nil, err
	}
	before := &Before{AsOf: last.AsOf, Population: last.Population, Sources: map[string]reports.Source{}}
	for _, source := range slices.Concat(c.People, c.Sources) {
		was, _, err := store.LastComplete(ctx, source.Name)
		if err != nil {
			return nil, err
		}
		if was != nil {
			before.Sources[source.Name] = *was
		}
	}
	return before, nil
}

// gate is the surroundings of the gate checks of one run, and how they stood so far.
type gate struct {
	gates config.Gates
	// last is nil on a first run, which has nothing to compare with.
	last *Before
	asOf time.Time
	now  time.Time
	// results are the gates checked so far, stops those that stop the run.
	results []reports.Gate
	stops   []Stop
}

// measure is what one gate looks at: a name and a source, what would be too much, and what was seen.
type measure struct {
	name, source string
	limit        string
	seen         string
	tripped      bool
}

// check notes how a gate stands. It stops the run when it tripped, unless a dated override opens it.
func (g *gate) check(m measure) {
	if r := g.judge(m); r.Result == reports.GateStopped {
		g.stops = append(g.stops, Stop{Gate: m.name, Source: m.source, Text: m.seen + limitWords(m.limit), Open: r.Open})
	}
}

// judge notes how a gate stands and returns it.
func (g *gate) judge(m measure) *reports.Gate {
	r := reports.Gate{Name: m.name, Source: m.source, Result: reports.GatePassed, Measured: m.seen, Limit: m.limit}
	if m.tripped {
		r.Result, r.Open = reports.GateStopped, g.line(m.name, m.source)
		if o, open := g.gates.Opened(m.name, m.source, g.now); open {
			r.Result, r.Open = reports.GateOpened, ""
			r.Owner, r.Reason, r.Until, r.Place = o.Owner, o.Reason, o.Until, o.Place
		}
	}
	g.results = append(g.results, r)
	return &g.results[len(g.results)-1]
}

func limitWords(limit string) string {
	if limit == "" {
		return ""
	}
	return "; the limit is " + limit
}

// line is what opens a gate for a day, to be completed by whoever answers for it.
func (g *gate) line(name, source string) string {
	until := g.now.AddDate(0, 0, 1).Format(time.DateOnly)
	if source != "" {
		name += ", source: " + source
	}
	return fmt.Sprintf("{gate: %s, until: %s, owner: YOU, reason: WHY}", name, until)
}

// noBaseline notes gates that have nothing to compare with.
func (g *gate) noBaseline(source string, names ...string) {
	for _, name := range names {
		g.results = append(g.results, reports.Gate{Name: name, Source: source, Result: reports.GateNoBaseline,
			Measured: "nothing to compare with: no earlier accepted run shows it"})
	}
}

// refuse notes something that only a repair of the source can mend.
func (g *gate) refuse(source, text, hint string) {
	g.results = append(g.results, reports.Gate{Name: gatePeople, Source: source, Result: reports.GateStopped, Measured: text})
	g.stops = append(g.stops, Stop{Gate: gatePeople, Source: source, Text: text, Hint: hint})
}

// stopped returns everything that stops the run, nil when nothing does.
func (g *gate) stopped() error {
	if len(g.stops) == 0 {
		return nil
	}
	return &GateError{g.stops}
}

func (g *gate) before(source string) (reports.Source, bool) {
	if g.last == nil {
		return reports.Source{}, false
	}
	s, known := g.last.Sources[source]
	return s, known
}

// days is how many days, at least one, lie between this run and the last accepted one.
func (g *gate) days() int64 { return max(1, int64(g.asOf.Sub(g.last.AsOf)/(24*time.Hour))) }

// perDay scales a limit that is meant per day, until the percentage reaches mostLost: however long the pause was, more than
// that at once has to be looked at.
func perDay(limit config.Limit, days int64) config.Limit {
	if limit.Percent > 0 {
		days = min(days, max(1, int64(mostLost/limit.Percent)))
	}
	return config.Limit{Count: limit.Count * days, Percent: limit.Percent * config.Percent(days)}
}

const mostLost config.Percent = 5

// age compares the time of a file with the wall clock, never with the as-of: a replayed night must not accept an old file.
// The result is nil for a source that has no such time.
func (g *gate) age(s scanned) *measure {
	made, known := s.Coverage.ProducedAt.Get()
	if !known {
		return nil
	}
	old, limit := g.now.Sub(made), config.FormatDuration(g.gates.MaxAge)
	m := &measure{name: "max_age", source: s.Name, limit: limit, seen: "the file is less than a minute old"}
	if old >= time.Minute {
		m.seen = fmt.Sprintf("the file is %s old", config.FormatDuration(old.Round(time.Minute)))
	}
	switch {
	case -old > clockSkew:
		m.tripped, m.seen, m.limit = true, fmt.Sprintf("the file is dated %s, which lies in the future", made.UTC().Format(time.RFC3339)), ""
	case old > g.gates.MaxAge:
		m.tripped = true
	}
	return m
}

// clockSkew is how far ahead of this machine's clock that of a file's maker may be.
const clockSkew = 10 * time.Minute

// older tells a file that was made before the one that the last accepted run read: an old export, put in place again. The
// result is nil when one of the two has no time.
func (g *gate) older(s scanned) *measure {
	before, _ := g.before(s.Name)
	made, known := s.Coverage.ProducedAt.Get()
	was, wasKnown := before.Coverage.ProducedAt.Get()
	if !known || !wasKnown {
		return nil
	}
	m := &measure{name: config.GateOlderFile, source: s.Name, seen: "the file is not older than the one that the last accepted run read"}
	if made.Before(was) {
		m.tripped = true
		m.seen = fmt.Sprintf("the file was made at %s, before the one of %s that the last accepted run read",
			made.UTC().Format(time.RFC3339), was.UTC().Format(time.RFC3339))
	}
	return m
}

// unchanged says of a source that its file is the very one that the last accepted run read: nothing newer is known.
func (g *gate) unchanged(s *scanned) {
	before, known := g.before(s.Name)
	if !known || s.Coverage.Digest == "" || s.Coverage.Digest != before.Coverage.Digest {
		return
	}
	s.Coverage.Gaps = append(s.Coverage.Gaps, scanners.Gap{What: "what changed since the last accepted run",
		Cause: "unchanged file: it is the very one that the last accepted run read", Effect: "the facts are those of the earlier run",
		Hint: "look whether the export still runs"})
}

// limit checks a number against count and percentage.
func (g *gate) limit(name, source string, l config.Limit, n, base int64, format string, args ...any) {
	g.check(measure{name, source, l.String(), fmt.Sprintf(format, args...), l.Exceeded(n, base)})
}

// drop checks how far a share fell, in percentage points.
func (g *gate) drop(name, source string, limit config.Percent, was, is float64, what string) {
	g.check(measure{name, source, points(limit), fmt.Sprintf("%.1f %% of the %s, %.1f %% in the last accepted run", is, what, was), was-is > float64(limit)})
}

func points(p config.Percent) string { return fmt.Sprintf("more than %g points", float64(p)) }

func share(part, whole int64) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}

// rejectedText tells how many rows were rejected, and the first of them.
func rejectedText(s scanned, n int64, what string) string {
	text := fmt.Sprintf("%d of %d people rows %s", n, s.Coverage.Read, what)
	if n > 0 {
		first, _ := firstRejection(s)
		text += ", the first: " + first
	}
	return text
}

// firstRejection tells the first rejected record of a source, and what its reader suggests to do.
func firstRejection(s scanned) (text, hint string) {
	if len(s.Rejections) == 0 {
		return "not kept", ""
	}
	r := s.Rejections[0]
	reason, hint, _ := strings.Cut(r.Reason, "\nhint: ")
	place := cmp.Or(r.Place, "unknown place")
	if r.Field != "" {
		place += ", " + r.Field
	}
	return place + ": " + maskLetters(reason), hint
}
