package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// GateError says that the input is too odd to be believed. No finding of the run is published.
type GateError struct {
	// Gate is the key under "gates" in leaver.yaml, or "people" for a people source that was not read completely.
	Gate   string
	Source string
	Text   string
	Hint   string
}

// Error gives the source, what is odd, and what to do.
func (e *GateError) Error() string {
	text := e.Text
	if e.Source != "" {
		text = e.Source + ": " + text
	}
	if e.Hint != "" {
		text += "\nhint: " + e.Hint
	}
	return text
}

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

// gate is the surroundings of one gate check.
type gate struct {
	gates config.Gates
	// last is nil on a first run, which has nothing to compare with.
	last   *Before
	asOf   time.Time
	now    time.Time
	opened []config.Override
}

// stop returns the error of a tripped gate, or nil when a dated override opens it; the override is noted for the report.
func (g *gate) stop(name, source, format string, args ...any) error {
	if o, open := g.gates.Opened(name, source, g.now); open {
		g.opened = append(g.opened, o)
		return nil
	}
	until := g.now.AddDate(0, 0, 1).Format(time.DateOnly)
	where := ""
	if source != "" {
		where = ", source: " + source
	}
	return &GateError{Gate: name, Source: source, Text: fmt.Sprintf(format, args...), Hint: fmt.Sprintf(
		"if this is right, say so in leaver.yaml and run again:\n  gates:\n    overrides:\n      - {gate: %s%s, until: %s, owner: YOU, reason: WHY}", name, where, until)}
}

// peopleCoverage refuses people sources that were not read completely: everybody that they lack would look like a leaver.
func peopleCoverage(people []scanned) error {
	for _, s := range people {
		if !s.Coverage.Verdict.Complete() {
			hint := "repair the source and run again; nothing was published, and the last accepted run stays in force"
			text := fmt.Sprintf("the people source is %s: %s", s.Coverage.Verdict, s.Coverage.Why)
			if s.Coverage.Rejected > 0 {
				first, mend := firstRejection(s)
				text += fmt.Sprintf("; %d rows could not be read, the first: %s", s.Coverage.Rejected, first)
				if mend != "" {
					hint = mend
				}
			}
			return &GateError{Gate: "people", Source: s.Name, Text: text, Hint: hint}
		}
	}
	return nil
}

// peopleFiles checks age and volume of each people source.
func (g *gate) peopleFiles(people []scanned) error {
	for _, s := range people {
		if err := g.age(s); err != nil {
			return err
		}
		if n := s.Coverage.Rejected; g.gates.PeopleRejected.Exceeded(n, s.Coverage.Read) {
			first, _ := firstRejection(s)
			if err := g.stop("people_rejected", s.Name, "%d of %d people rows could not be read, the first: %s", n, s.Coverage.Read, first); err != nil {
				return err
			}
		}
		if n := s.Coverage.RejectedUnkeyed; n > 1 && n*unkeyedShare > s.Coverage.Read {
			first, _ := firstRejection(s)
			if err := g.stop("people_rejected", s.Name, "%d of %d people rows have no id that can be read, the first: %s", n, s.Coverage.Read, first); err != nil {
				return err
			}
		}
		if err := g.volume(s); err != nil {
			return err
		}
	}
	return nil
}

// unkeyedShare bounds people rows without a readable id, of whom nothing is known but that they exist: more than one, and
// more than one in so many.
const unkeyedShare = 10_000

// firstRejection tells the first rejected record of a source, and what its reader suggests to do.
func firstRejection(s scanned) (text, hint string) {
	if len(s.Rejections) == 0 {
		return "not kept", ""
	}
	r := s.Rejections[0]
	reason, hint, _ := strings.Cut(r.Reason, "\nhint: ")
	place := r.Place
	if r.Field != "" {
		place += ", " + r.Field
	}
	return place + ": " + maskLetters(reason), hint
}

// maskLetters hides what quoted values say and keeps their shape: messages end up in logs, where personal data must not be.
// A date that was not understood can still be recognised.
func maskLetters(text string) string {
	quoted := false
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted && unicode.IsLetter(r):
			return 'x'
		}
		return r
	}, text)
}

// age is judged against the wall clock, never against the as-of: a replayed night must not accept an old file.
func (g *gate) age(s scanned) error {
	made, known := s.Coverage.ProducedAt.Get()
	if !known {
		return nil
	}
	if age := g.now.Sub(made); age > g.gates.MaxAge {
		return g.stop("max_age", s.Name, "the file is %s old, the limit is %s", config.FormatDuration(age.Round(time.Minute)), config.FormatDuration(g.gates.MaxAge))
	}
	if ahead := made.Sub(g.now); ahead > 10*time.Minute {
		return g.stop("max_age", s.Name, "the file is dated %s, which lies in the future", made.UTC().Format(time.RFC3339))
	}
	return nil
}

func (g *gate) volume(s scanned) error {
	before, known := g.before(s.Name)
	if !known {
		return nil
	}
	if lost := before.Used - s.Used; g.gates.PeopleLost.Exceeded(lost, before.Used) {
		return g.stop("people_lost", s.Name, "%d people rows, %d fewer than in the last accepted run (limit: %s)", s.Used, lost, g.gates.PeopleLost)
	}
	if gained := s.Used - before.Used; g.gates.PeopleGained.Exceeded(gained, before.Used) {
		return g.stop("people_gained", s.Name, "%d people rows, %d more than in the last accepted run (limit: %s)", s.Used, gained, g.gates.PeopleGained)
	}
	if drop := share(before.WithMail, before.Used) - share(s.WithMail, s.Used); drop > float64(g.gates.MailDrop) {
		return g.stop("mail_drop", s.Name, "%.1f %% of the people have a mail address, %.1f points fewer than in the last accepted run", share(s.WithMail, s.Used), drop)
	}
	return nil
}

func (g *gate) before(source string) (reports.Source, bool) {
	if g.last == nil {
		return reports.Source{}, false
	}
	s, known := g.last.Sources[source]
	return s, known
}

// roster checks what the people data amounts to: how many people work here, and how many have just left.
func (g *gate) roster(now reconcile.Population) error {
	if g.last == nil {
		return nil
	}
	was := g.last.Population
	days := g.days()
	limit := perDay(g.gates.EmployedLost, days)
	if lost := was.Employed - now.Employed; limit.Exceeded(lost, was.Employed) {
		return g.stop("employed_lost", "", "%d people are employed, %d fewer than in the last accepted run (limit: %s)", now.Employed, lost, limit)
	}
	leavers := g.gates.NewLeavers
	leavers.Count *= days
	if ended := now.Ended - was.Ended; leavers.Exceeded(ended, was.Employed) {
		return g.stop("new_leavers", "", "%d employments ended since the last accepted run (limit: %s)", ended, leavers)
	}
	return nil
}

// sameIDs refuses ids that differ in leading zeros only. Are they one person, the zeros were lost in some rows; are they
// two, accounts must not be compared without zeros. Only the configuration can tell.
func (g *gate) sameIDs(issues []reconcile.Issue, keepZeros bool) error {
	for _, issue := range issues {
		if !keepZeros && strings.HasSuffix(issue.Text, "differ only in leading zeros, so zeros are kept") {
			return &GateError{Gate: "people", Source: issue.Source, Text: strings.TrimSuffix(issue.Text, ", so zeros are kept"),
				Hint: "if they are one person, repair the source: it has lost zeros; if they are two, add `keep_zeros: true` under correlation"}
		}
	}
	return nil
}

// sameLives checks that the people whom the last accepted run knew still have their names, their first day and the end that
// had passed: dates that all moved, or columns that changed places, give as many rows and as many employed people as ever.
func (g *gate) sameLives(known lives, roster *reconcile.Roster) error {
	if g.last == nil {
		return nil
	}
	limit := perDay(g.gates.PeopleLost, g.days())
	if changed, of := known.changed(roster); limit.Exceeded(changed, of) {
		return g.stop("people_lost", "", "%d of %d people have another first day, another end than the one that had passed, or two other names than in the last accepted run (limit: %s)",
			changed, of, limit)
	}
	return nil
}

// days is how many days, at least one, lie between this run and the last accepted one.
func (g *gate) days() int64 { return max(1, int64(g.asOf.Sub(g.last.AsOf)/(24*time.Hour))) }

// departures checks who is gone from the people sources since the last accepted run, person by person: as many newcomers do
// not make up for them.
func (g *gate) departures(roster *reconcile.Roster, c *config.Config) error {
	if g.last == nil {
		return nil
	}
	configured := map[string]bool{}
	for _, source := range c.People {
		configured[source.Name] = true
	}
	var vanished, ended int64
	dropped := map[string]int64{}
	roster.People(func(p *reconcile.Person) {
		switch {
		case p.State == reconcile.Vanished && p.Misses == 0:
			vanished++
			if !configured[p.System] {
				dropped[p.System]++
			}
		case p.State == reconcile.Ended && !p.Remembered && p.End.At.After(g.last.AsOf):
			ended++
		}
	})
	for _, source := range slices.Sorted(maps.Keys(dropped)) {
		if err := g.stop("people_lost", "", "%d people of %q would count as gone: the source is not configured any more", dropped[source], source); err != nil {
			return err
		}
	}
	days := g.days()
	if limit := perDay(g.gates.EmployedLost, days); limit.Exceeded(vanished, g.last.Population.Employed) {
		return g.stop("employed_lost", "", "%d people are gone from the people sources since the last accepted run (limit: %s)", vanished, limit)
	}
	limit := g.gates.NewLeavers
	limit.Count *= days
	if left := vanished + ended; limit.Exceeded(left, g.last.Population.Employed) {
		return g.stop("new_leavers", "", "%d people ended or are gone since the last accepted run (limit: %s)", left, limit)
	}
	return nil
}

// stale makes an account source partial whose file is too old: it cannot show the accounts that were made since.
func (g *gate) stale(s *scanned) {
	var old *GateError
	if !s.Coverage.Verdict.Complete() || !errors.As(g.age(*s), &old) {
		return
	}
	s.Coverage.Worsen(scanners.Partial, old.Text)
	s.Coverage.Gaps = append(s.Coverage.Gaps, scanners.Gap{What: "what changed since the file was made", Cause: old.Text,
		Effect: "accounts and sign-ins since then are not seen", Hint: old.Hint})
}

// perDay scales a limit that is meant per day, until the percentage reaches mostLost: however long the pause was, more than
// that at once has to be looked at.
func perDay(limit config.Limit, days int64) config.Limit {
	if limit.Percent > 0 {
		days = min(days, max(1, int64(mostLost/limit.Percent)))
	}
	return config.Limit{Count: limit.Count * days, Percent: limit.Percent * config.Percent(days)}
}

const mostLost config.Percent = 5

// joins checks that accounts still find their people: a key that lost its leading zeros shows here.
func (g *gate) joins(sources []scanned) error {
	for _, s := range sources {
		before, known := g.before(s.Name)
		enabled, was := open(s.Accounts), open(before.Accounts)
		if !known || min(enabled, was) < fewAccounts {
			continue
		}
		drop := share(before.Accounts.Owned, was) - share(s.Accounts.Owned, enabled)
		if drop <= float64(g.gates.MatchedDrop) {
			continue
		}
		if err := g.stop("matched_drop", s.Name, "%.1f %% of the enabled accounts have an owner, %.1f points fewer than in the last accepted run", share(s.Accounts.Owned, enabled), drop); err != nil {
			return err
		}
	}
	return nil
}

// fewAccounts is the number of enabled accounts below which a share in percent says nothing.
const fewAccounts = 20

func open(c reports.AccountTotals) int64 { return c.Enabled + c.EnabledUnknown }

// sourceLost makes an account source partial that shows far fewer accounts than when it was last complete.
func (g *gate) sourceLost(s *scanned) {
	before, known := g.before(s.Name)
	lost := before.Used - s.Used
	if !known || !s.Coverage.Verdict.Complete() || !g.gates.SourceLost.Exceeded(lost, before.Used) {
		return
	}
	why := g.stop("source_lost", s.Name, "%d accounts, %d fewer than when it was last complete (limit: %s)", s.Used, lost, g.gates.SourceLost)
	var tripped *GateError
	if !errors.As(why, &tripped) {
		return
	}
	s.Coverage.Worsen(scanners.Partial, tripped.Text)
	s.Coverage.Gaps = append(s.Coverage.Gaps, scanners.Gap{What: "accounts that were there before", Count: scanners.Known(lost),
		Cause: "the source shows fewer accounts", Effect: "accounts that are missing are not taken as gone", Hint: tripped.Hint})
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}
