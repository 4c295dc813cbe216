package reports

import (
	"fmt"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// Sentence says what the run found, in a few sentences for people. The first one says so when the run was refused, when a
// source was not read completely, or when the facts are more than a day away from the as-of; nothing after it may be
// quoted without it. When the rows cannot be read it says that.
func Sentence(r Report) string {
	t, err := newIndex(r).tally()
	if err != nil {
		return Visible("No result: the rows of this report could not be read (" + oneLine(err.Error()) + ").")
	}
	lead, rest := r.sentence(t)
	return Visible(lead + " " + rest)
}

// sentence returns the words that lead the result and the rest. Like every text that this file makes for the sheets it
// holds names as the sources gave them: whoever prints it makes it visible, once.
func (r Report) sentence(t *tally) (lead, rest string) {
	partial, apart := r.partialClause(), r.apartClause()
	switch {
	case r.Refused != "":
		return "No result: the run was refused.", refusal(r.Refused) + joinClauses(" At the time ", partial, apart, ".") +
			" No account was judged, and nothing is claimed about any account." + strings.TrimRight(" "+r.missedSentence(), " ")
	case partial != "":
		return "Result on partial data:", joinClauses("", partial, apart, "; nothing is claimed about what was not read.") + " " + r.missedSentence() + r.findings(t)
	case apart != "":
		return "Result with facts of another time:", joinClauses("", apart, "", ".") + " " + r.missedSentence() + r.findings(t)
	case t.exceptions() > 0 || r.missed() > 0:
		return "Result: exceptions found.", r.missedSentence() + r.findings(t)
	default:
		return "Result: no exceptions found.", r.missedSentence() + r.findings(t)
	}
}

// oneLine joins the lines of a message.
func oneLine(s string) string { return strings.Join(strings.Split(strings.TrimSpace(s), "\n"), "; ") }

func refusal(why string) string { return "Reason: " + strings.TrimRight(oneLine(why), ".") + "." }

func joinClauses(before, a, b, after string) string {
	switch {
	case a == "" && b == "":
		return ""
	case a == "" || b == "":
		return before + a + b + after
	default:
		return before + a + ", and " + b + after
	}
}

func (r Report) partialClause() string {
	var parts []string
	for _, s := range r.incomplete() {
		parts = append(parts, notRead(s))
	}
	for _, s := range r.Sources {
		if n := s.Coverage.Rejected; n > 0 && s.Coverage.Verdict.Complete() {
			parts = append(parts, fmt.Sprintf("%s of %s could not be read", several(n, "record"), s.Name))
		}
	}
	return list(parts)
}

func notRead(s Source) string {
	how := "was read only in part"
	if s.Coverage.Verdict == scanners.Blind {
		how = "could not be read"
	}
	if s.Coverage.Why == "" {
		return s.Name + " " + how
	}
	why, _, _ := strings.Cut(s.Coverage.Why, "\nhint: ")
	return fmt.Sprintf("%s %s (%s)", s.Name, how, strings.TrimRight(oneLine(why), "."))
}

func (r Report) apartClause() string {
	from, to, far := r.far()
	if !far {
		return ""
	}
	span := stamp(from)
	if !to.Equal(from) {
		span += " to " + stamp(to)
	}
	return fmt.Sprintf("the facts are those of %s, more than 24 hours from the as-of %s", span, stamp(r.AsOf))
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") + " UTC" }

// findings says in words what was counted.
func (r Report) findings(t *tally) string {
	parts := []string{r.leaverSentence(t)}
	if late := r.lateSentence(t); late != "" {
		parts = append(parts, late)
	}
	return strings.Join(append(parts, r.otherSentence(t)), " ")
}

func (r Report) leaverSentence(t *tally) string {
	n := t.lines[onTerminations]
	if n == 0 {
		return fmt.Sprintf("No account of a person who left was found in %s.", r.coverageWords())
	}
	s := fmt.Sprintf("Of %s of people who left, %s %s still enabled", several(n, "account"), count(t.stillEnabled), isAre(t.stillEnabled))
	if t.stateUnknown > 0 {
		s += fmt.Sprintf(" (of %s of them the state is unknown)", count(t.stateUnknown))
	}
	if used := t.kinds[reconcile.UsedAfterEnd]; used > 0 {
		s += fmt.Sprintf(", and %s of these %s used after the end", count(used), wasWere(used))
	}
	return s + "."
}

func (r Report) lateSentence(t *tally) string {
	var parts []string
	add := func(n int64, words string) {
		if n > 0 {
			parts = append(parts, count(n)+" "+words)
		}
	}
	add(t.results[Pass], "passed")
	add(t.results[Late], "late")
	add(t.results[Open], "open")
	add(t.results[InGrace], "in grace")
	add(t.results[Excluded], "excluded")
	add(t.results[NotTested], "not testable")
	if len(parts) == 0 {
		return ""
	}
	s := "Test result: " + list(parts) + "."
	if t.deadYetUsed > 0 {
		s += fmt.Sprintf(" %s disabled, yet used afterwards.", capital(several(t.deadYetUsed, "account")+" "+isAre(t.deadYetUsed)))
	}
	return s
}

// otherSentence covers every kind that is not one of a leaver's account.
func (r Report) otherSentence(t *tally) string {
	words := []struct {
		n    int64
		noun string
	}{
		{t.orphans(), "orphan"}, {t.kinds[reconcile.Dormant], "dormant account"},
		{t.kinds[reconcile.NeverUsed], "never used account"}, {t.disputed, "disputed account"}, {t.lines[onOther], "other row"},
	}
	var parts []string
	for _, w := range words {
		if w.n > 0 {
			parts = append(parts, several(w.n, w.noun))
		}
		if n := t.lines[onMiskeyed]; n > 0 && w.noun == "orphan" {
			parts[len(parts)-1] += fmt.Sprintf(" (%s of them likely mis-keyed, not ownerless)", count(n))
		}
	}
	if len(parts) == 0 {
		return fmt.Sprintf("Nothing else was found in %s.", r.coverageWords())
	}
	return "Besides: " + list(parts) + "."
}

// coverageWords names what was read and how completely: what every "none found" rests on.
func (r Report) coverageWords() string {
	var parts []string
	for _, s := range r.Sources {
		if !s.People {
			parts = append(parts, fmt.Sprintf("%s (%s, %s)", s.Name, several(s.Used, "account"), s.Coverage.Verdict))
		}
	}
	if len(parts) == 0 {
		return "no account source at all"
	}
	if len(parts) > 6 {
		parts = append(parts[:5], fmt.Sprintf("%d more sources (see sheet Coverage)", len(parts)-5))
	}
	return list(parts)
}

// headline is the finding that titles the Summary.
func (r Report) headline(t *tally) string {
	complete := len(r.incomplete()) == 0
	switch n := t.stillEnabled; {
	case r.Refused != "":
		return "No result: the run was refused"
	case n > 0:
		return fmt.Sprintf("%s %s still enabled after %s owner left", several(n, "account"), isAre(n), theirIts(n))
	case !complete:
		return "Nobody who left holds an enabled account in what was read"
	case t.findings() > 0:
		return fmt.Sprintf("Nobody who left holds an enabled account; %s of other kinds", several(t.findings(), "finding"))
	default:
		return "Nobody who left holds an enabled account"
	}
}

func theirIts(n int64) string {
	if n == 1 {
		return "its"
	}
	return "their"
}
