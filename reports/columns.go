package reports

import (
	"strings"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// Cells that several sheets show alike.

func idCell(e entry) cell { return text(e.id()) }

func severityCell(e entry) cell {
	c := text(capital(e.Severity.String()))
	switch {
	case e.Kind == reconcile.KindNone:
		return text(dash).as(chipNone)
	case e.Severity == reconcile.Critical:
		return c.as(chipCritical)
	case e.Severity == reconcile.High:
		return c.as(chipHigh)
	case e.Severity == reconcile.Medium:
		return c.as(chipMedium)
	case e.Severity == reconcile.Low:
		return c.as(chipLow)
	default:
		return c.as(chipNone)
	}
}

func systemCell(e entry) cell { return text(e.Account.System) }

func loginCell(e entry) cell { return text(e.Account.Login()) }

func accountIDCell(e entry) cell { return text(e.Account.ID) }

func displayNameCell(e entry) cell { return textOr(e.Account.DisplayName, dash) }

func enabledCell(e entry) cell { return yesNo(e.Account.Enabled) }

func privilegedCell(e entry) cell {
	c := yesNo(e.Account.Privileged)
	if scanners.Is(e.Account.Privileged, true) {
		return c.as(centredBold)
	}
	return c
}

func createdCell(e entry) cell { return factTime(e.Account.Created) }

// lastUseCell shows the newest known sign of use. "never" needs every signal to say so.
func lastUseCell(e entry) cell {
	switch idle := e.Account.Idle(); {
	case e.LastUse.At.IsKnown():
		return instant(e.LastUse.At.Value)
	case idle.IsNever():
		return text(never).as(quiet)
	default:
		return text(unknown).as(quiet)
	}
}

func signalCell(e entry) cell { return textOr(e.LastUse.Name, dash) }

// laterHead is the head of the column beside every last sign-in.
const laterHead = "Or later by up to"

// lagCell says how much later than shown the account may have been used.
func lagCell(e entry) cell {
	if !e.LastUse.At.IsKnown() {
		return text(dash)
	}
	return text(span(e.LastUse.Precision))
}

func personCell(e entry) cell { return text(personName(e.Person)) }

func personName(p *reconcile.Person) string {
	if p == nil {
		return dash
	}
	return p.Name()
}

func personIDCell(e entry) cell {
	if e.Person == nil {
		return text(dash)
	}
	return text(e.Person.ID)
}

func managerCell(e entry) cell {
	if e.Person == nil {
		return text(dash)
	}
	return textOr(e.Person.Manager, dash)
}

// statusCell is the status as HR wrote it, or the state that HR's dates amount to.
func statusCell(e entry) cell {
	if e.Person == nil {
		return text(dash)
	}
	return text(personStatus(e.Person))
}

func personStatus(p *reconcile.Person) string {
	if p.Status != "" && p.State != reconcile.Vanished {
		return p.Status
	}
	return stateWords(p.State)
}

func stateWords(s reconcile.PersonState) string {
	return map[reconcile.PersonState]string{reconcile.Employed: "Employed", reconcile.Leave: "On leave", reconcile.Suspended: "Suspended",
		reconcile.Prehire: "Not yet started", reconcile.Ended: "Ended", reconcile.Vanished: "Gone from HR"}[s]
}

func kindCell(e entry) cell { return text(kindWords(e.Kind)) }

// kindWords turns a kind into words.
func kindWords(k reconcile.Kind) string {
	if k == reconcile.KindNone {
		return "no finding"
	}
	return strings.ReplaceAll(string(k), "_", " ")
}

func flagsCell(e entry) cell { return textOr(strings.Join(e.Flags.List(), ", "), dash) }

func whyCell(e entry) cell { return textOr(e.Why, dash) }

// matchedByCell is the key that found the person, and whether this is the first run to link the account to them.
func matchedByCell(e entry) cell {
	if e.MatchedBy != "" && e.Situation == reconcile.Unlinked {
		return text(e.MatchedBy + ", " + newLink)
	}
	return textOr(e.MatchedBy, dash)
}

// newLink marks a link that no earlier accepted run had seen.
const newLink = "new link"

// nearestCell is the likeliest owner of an orphan: a guess, as the head of its group says.
func nearestCell(e entry) cell {
	if len(e.Suggestions) == 0 {
		return text(dash)
	}
	return text(personName(e.Suggestions[0].Person))
}

func nearestIDCell(e entry) cell {
	if len(e.Suggestions) == 0 {
		return text(dash)
	}
	return text(e.Suggestions[0].Person.ID)
}

func nearestStatusCell(e entry) cell {
	if len(e.Suggestions) == 0 {
		return text(dash)
	}
	return text(personStatus(e.Suggestions[0].Person))
}

func confidenceCell(e entry) cell {
	if len(e.Suggestions) == 0 {
		return cell{style: numberCell}
	}
	return number(int64(e.Suggestions[0].Percent))
}

func nearestWhyCell(e entry) cell {
	if len(e.Suggestions) == 0 {
		return text(dash)
	}
	return textOr(strings.Join(e.Suggestions[0].Reasons, "; "), dash)
}

// otherMatchesCell lists the people who are less likely, with their confidence.
func otherMatchesCell(e entry) cell {
	var others []string
	for i, s := range e.Suggestions {
		if i > 0 {
			others = append(others, personName(s.Person)+" ("+s.Person.Ref()+", "+count(int64(s.Percent))+" %)")
		}
	}
	return textOr(strings.Join(others, "; "), dash)
}

func accountKindCell(e entry) cell {
	if e.Account.Kind == "" {
		return text(string(scanners.KindPerson))
	}
	return text(string(e.Account.Kind))
}

func ruleCell(e entry) cell { return textOr(e.Decision.Rule, dash) }

// graceCell is when a grace period ends, or ended for what is due.
func graceCell(e entry) cell {
	switch e.Decision.Kind {
	case policies.InGrace, policies.Due, policies.Held:
		return utcDay(e.Decision.Until)
	default:
		return cell{style: dateCell}
	}
}

// actionCell says what is happening about the row, in words.
func actionCell(e entry) cell { return text(actionWords(e)) }

func actionWords(e entry) string {
	d := e.Decision
	switch d.Kind {
	case policies.Due:
		if e.plan != nil && e.plan.state == LeftOut {
			return "Left out of the plan"
		}
		return "Due" + after(": ", d.Action) + dueStages(d.Stages)
	case policies.InGrace:
		if d.Notice != nil {
			return "Waiting: nobody was told"
		}
		return "Waiting"
	case policies.Held:
		return "Held" + after(" by ", d.By)
	case policies.Excluded:
		return "None" + after(" (", d.By) + closing(d.By)
	case policies.Keep:
		return "Kept until " + dayWords(d.Until)
	case policies.ReportOnly:
		return "Report only"
	}
	if e.StillEnabled() {
		return dash
	}
	return "Disabled"
}

// dueStages names the stages of a graceful rule that are due.
func dueStages(p *policies.Progress) string {
	if p == nil {
		return ""
	}
	var names []string
	for _, s := range p.Due() {
		names = append(names, s.Stage)
	}
	return " (stage " + strings.Join(names, ", then ") + ")"
}

func dayWords(t time.Time) string {
	if t.IsZero() {
		return "an open date"
	}
	return t.UTC().Format(time.DateOnly)
}

func after(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}

func closing(s string) string {
	if s == "" {
		return ""
	}
	return ")"
}

func findingCell(e entry) cell { return textOr(e.Verdict.ID(), dash).as(mono) }

func firstSeenCell(e entry) cell { return utcDay(e.Decision.FirstSeen) }

func decisionWhyCell(e entry) cell { return textOr(e.Decision.Why, dash) }

// inputColumns are the cells that a person fills in; want says for which rows they are drawn as such.
func inputColumns(want func(entry) bool) []column[entry] {
	blank := func(e entry) cell {
		if want(e) {
			return input()
		}
		return noInput()
	}
	return []column[entry]{
		{head: decisionHead, width: 13, group: "Your decision", style: headInput, value: blank},
		{head: "Approver", width: 13, style: headInput, value: blank},
		{head: "Reason", width: 16, style: headInput, value: blank},
	}
}

// always draws input cells in every row.
func always(entry) bool { return true }

// span writes a duration the way that limits are spoken of.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == 0:
		return "exact"
	case d%day == 0:
		return several(int64(d/day), "day")
	case d%time.Hour == 0:
		return several(int64(d/time.Hour), "hour")
	case d%time.Minute == 0:
		return several(int64(d/time.Minute), "minute")
	default:
		return d.String()
	}
}

// decisions are the words that a decision cell takes; ambiguous accounts are never disabled by one.
func decisions() []string { return []string{"Disable", "Keep until", "Not this person", "Ask owner"} }

func matchDecisions() []string { return []string{"This person", "Not this person", "Ask owner"} }
