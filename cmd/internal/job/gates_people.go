package job

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// peopleCoverage refuses people sources that were not read completely: everybody that they lack would look like a leaver.
func (g *gate) peopleCoverage(people []scanned) {
	for _, s := range people {
		if s.Coverage.Verdict.Complete() {
			continue
		}
		hint := "repair the source and run again; nothing was published, and the last accepted run stays in force"
		why, mend, _ := strings.Cut(s.Coverage.Why, "\nhint: ")
		if mend != "" {
			hint = mend
		}
		text := fmt.Sprintf("the people source is %s: %s", s.Coverage.Verdict, why)
		if s.Coverage.Rejected > 0 {
			first, mend := firstRejection(s)
			text += fmt.Sprintf("; %d rows could not be read, the first: %s", s.Coverage.Rejected, first)
			if mend != "" {
				hint = mend
			}
		}
		if slices.ContainsFunc(s.Coverage.Canaries, func(c scanners.Canary) bool { return !c.Seen }) {
			hint = "a canary is somebody whom every export must show: ask for a whole export; if that person has left for good, name another one under canaries"
		}
		g.refuse(s.Name, text, hint)
	}
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

// unkeyedShare bounds people rows without a readable id, of whom nothing is known but that they exist: more than one, and
// more than one in so many.
const unkeyedShare = 10_000

// peopleFiles checks age, volume and content of each people source by itself.
func (g *gate) peopleFiles(people []scanned) {
	for i := range people {
		s := people[i]
		for _, m := range []*measure{g.age(s), g.older(s)} {
			if m != nil {
				g.check(*m)
			}
		}
		g.unchanged(&people[i])
		n := s.Coverage.Rejected
		g.limit("people_rejected", s.Name, g.gates.PeopleRejected, n, s.Coverage.Read, "%s", rejectedText(s, n, "could not be read"))
		if n := s.Coverage.RejectedUnkeyed; n > 1 && n*unkeyedShare > s.Coverage.Read {
			g.check(measure{"people_rejected", s.Name, "more than 1 and 0.01%", rejectedText(s, n, "have no id that can be read"), true})
		}
		g.volume(s)
	}
}

// volume compares a people source with what it was when it was last accepted.
func (g *gate) volume(s scanned) {
	before, known := g.before(s.Name)
	if !known {
		g.noBaseline(s.Name, "people_lost", "people_gained", "mail_drop", "manager_drop", "id_shape")
		return
	}
	lost := before.Used - s.Used
	g.limit("people_lost", s.Name, g.gates.PeopleLost, lost, before.Used, "%d people rows, %s", s.Used, change(-lost))
	g.limit("people_gained", s.Name, g.gates.PeopleGained, -lost, before.Used, "%d people rows, %s", s.Used, change(-lost))
	g.drop("mail_drop", s.Name, g.gates.MailDrop, share(before.WithMail, before.Used), share(s.WithMail, s.Used), "people have a mail address")
	g.drop("manager_drop", s.Name, g.gates.ManagerDrop, share(before.WithManager, before.Used), share(s.WithManager, s.Used), "people have a manager")
	g.forms(s)
}

// change says in words by how many n differs from the last accepted run.
func change(n int64) string {
	switch {
	case n < 0:
		return fmt.Sprintf("%d fewer than in the last accepted run", -n)
	case n > 0:
		return fmt.Sprintf("%d more than in the last accepted run", n)
	default:
		return "as many as in the last accepted run"
	}
}

// forms compares the forms of the ids: another prefix or length means that another column, another company or a damaged
// file was read.
func (g *gate) forms(s scanned) {
	before, _ := g.before(s.Name)
	if len(before.IDForms) == 0 || len(s.IDForms) == 0 {
		g.noBaseline(s.Name, "id_shape")
		return
	}
	moved, grown, most := 0.0, "", 0.0
	for form, n := range s.IDForms {
		more := share(n, s.Used) - share(before.IDForms[form], before.Used)
		if more > most || more == most && form < grown {
			grown, most = form, more
		}
		moved += max(0, more)
	}
	seen := "the employee ids have the forms that they had"
	if moved > 0 {
		seen = fmt.Sprintf("%.1f %% of the employee ids are of another form than before, most of them now %s", moved, grown)
	}
	g.check(measure{"id_shape", s.Name, points(g.gates.IDShape), seen, moved > float64(g.gates.IDShape)})
}

// mostForms is how many forms of ids are told apart; further ones count as one.
const mostForms = 32

// countForm counts the form of one more id.
func countForm(forms map[string]int64, id string) {
	form := formOf(reconcile.Fold(id))
	if _, known := forms[form]; !known && len(forms) >= mostForms {
		form = "one of many forms"
	}
	forms[form]++
}

// formOf is the prefix and the length of an id. Ids that are all digits are of one form, because leading zeros come and go
// with a spreadsheet; so are those of no common pattern.
func formOf(id string) string {
	digits := len(id) - len(strings.TrimRight(id, "0123456789"))
	prefix := id[:len(id)-digits]
	switch {
	case prefix == "":
		return "digits"
	case digits == 0 || strings.ContainsAny(prefix, "0123456789") || len(prefix) > 8:
		return "mixed characters"
	default:
		return fmt.Sprintf("%q and %d digits", prefix, digits)
	}
}

// people checks what the people data amounts to by itself and against the last accepted run.
func (g *gate) people(t *attempt, known lives) {
	now := t.roster.Population()
	g.content(t.roster, now)
	g.sameIDs(t.roster.Issues(), t.Config.Correlation.KeepZeros)
	if g.last == nil {
		g.noBaseline("", "employed_lost", "new_leavers", "people_changed", "ends_lost")
		return
	}
	g.sameLives(known, t.roster)
	g.departures(t.roster, t.Config)
	if t.result.Status != Kept {
		// A run for another night counts other people as employed; who is gone from the file was checked all the same.
		g.headcount(now)
	}
}

// headcount checks how many people work here, and how many have left in all.
func (g *gate) headcount(now reconcile.Population) {
	was := g.last.Population
	days := g.days()
	lost := was.Employed - now.Employed
	g.limit("employed_lost", "", perDay(g.gates.EmployedLost, days), lost, was.Employed, "%d people are employed, %s", now.Employed, change(-lost))
	leavers := g.gates.NewLeavers
	leavers.Count *= days
	g.limit("new_leavers", "", leavers, now.Ended-was.Ended, was.Employed, "%d employments are over, %s", now.Ended, change(now.Ended-was.Ended))
}

// content checks what one snapshot says without any other to compare with.
func (g *gate) content(roster *reconcile.Roster, now reconcile.Population) {
	people := now.Rows - now.Merged
	seen := fmt.Sprintf("%d of %d employee ids stand for several humans", now.Doubled, people)
	for _, issue := range roster.Issues() {
		if now.Doubled > 0 && strings.Contains(issue.Text, "stands for different people") {
			seen += ", the first at " + issue.Place
			break
		}
	}
	g.limit("ids_doubled", "", g.gates.IDsDoubled, now.Doubled, people, "%s", seen)
	var odd int64
	ends := map[scanners.Date]int64{}
	first := ""
	roster.People(func(p *reconcile.Person) {
		if p.Remembered {
			return
		}
		if what := oddDates(p.Employments, g.asOf); what != "" {
			if odd++; first == "" {
				first = p.Place + ": " + what
			}
		}
		if p.State == reconcile.Ended && !p.End.Inferred {
			ends[p.End.Date]++
		}
	})
	seen = fmt.Sprintf("%d of %d people have dates that nobody can have", odd, people)
	if odd > 0 {
		seen += ", the first: " + first
	}
	g.limit("odd_dates", "", g.gates.OddDates, odd, people, "%s", seen)
	var day scanners.Date
	for d, n := range ends {
		if n > ends[day] || n == ends[day] && d.Before(day) {
			day = d
		}
	}
	seen = "nobody has a past end of employment"
	if ends[day] > 0 {
		seen = fmt.Sprintf("%d of %d people have the same past end of employment, %s", ends[day], people, day)
	}
	g.limit("same_end", "", g.gates.SameEnd, ends[day], people, "%s", seen)
}

// oddDates says what is odd about the dates of somebody's employments; empty when nothing is. An end before the start is
// not: exports with one row for each person keep the old end of somebody who came back.
func oddDates(employments []scanners.Employment, asOf time.Time) string {
	today := scanners.DateOf(asOf)
	for _, e := range employments {
		start, started := e.Start.Get()
		end, ends := e.End.Get()
		switch {
		case started && (start.Year < 1930 || start.Year > today.Year+2):
			return "starts on " + start.String()
		case ends && end.Year > today.Year+70:
			return "ends on " + end.String()
		}
	}
	return ""
}

// sameIDs refuses ids that differ in leading zeros only. Are they one person, the zeros were lost in some rows; are they
// two, accounts must not be compared without zeros. Only the configuration can tell.
func (g *gate) sameIDs(issues []reconcile.Issue, keepZeros bool) {
	for _, issue := range issues {
		if !keepZeros && strings.HasSuffix(issue.Text, "differ only in leading zeros, so zeros are kept") {
			g.refuse(issue.Source, strings.TrimSuffix(issue.Text, ", so zeros are kept"),
				"if they are one person, repair the source: it has lost zeros; if they are two, add `zeros: keep` under correlation")
		}
	}
}

// sameLives checks that the people whom the last accepted run knew still have their names, their first day, the end that
// had passed and one that is to come: dates that all moved, or columns that changed places, give as many rows and as many
// employed people as ever.
func (g *gate) sameLives(known lives, roster *reconcile.Roster) {
	c := known.compare(roster)
	g.limit("people_changed", "", perDay(g.gates.PeopleChanged, g.days()), c.changed, c.of,
		"%d of %d people have another first day, another end than the one that had passed, or two other names than in the last accepted run", c.changed, c.of)
	g.limit("ends_lost", "", g.gates.EndsLost, c.endless, c.ending,
		"%d of %d people whose employment was to end have no stated end any more", c.endless, c.ending)
}

// departures checks who is gone from the people sources since the last accepted run, person by person: as many newcomers do
// not make up for them.
func (g *gate) departures(roster *reconcile.Roster, c *config.Config) {
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
		g.check(measure{"people_lost", "", "", fmt.Sprintf("%d people of %q would count as gone: the source is not configured any more", dropped[source], source), true})
	}
	days := g.days()
	g.limit("employed_lost", "", perDay(g.gates.EmployedLost, days), vanished, g.last.Population.Employed,
		"%d people are gone from the people sources since the last accepted run", vanished)
	limit := g.gates.NewLeavers
	limit.Count *= days
	g.limit("new_leavers", "", limit, vanished+ended, g.last.Population.Employed, "%d people ended or are gone since the last accepted run", vanished+ended)
}
