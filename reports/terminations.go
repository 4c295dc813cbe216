package reports

import "github.com/leaver-audit/leaver/reconcile"

// terminationTable is one row per leaver and account: the population of the termination test, whole.
func (b *book) terminationTable() table[entry] {
	columns := []column[entry]{
		{head: "Row", width: 8.5, group: "Row", value: idCell},
		{head: "Severity", width: 8.5, value: severityCell},
		{head: "Person", width: 20, group: "Who left (HR)", value: quietPass(personCell)},
		{head: "Person ID", width: 9.5, value: personIDCell},
		{head: "HR status", width: 13.5, value: statusCell},
		{head: "End date", width: 10.5, value: endCell},
		{head: "System", width: 14, group: "What they still hold (system)", value: systemCell},
		{head: "Account", width: 17, value: loginCell},
		{head: "Priv.", width: 8.5, style: headCentre, value: privilegedCell},
		{head: "Enabled", width: 8.5, style: headCentre, value: enabledCell},
		{head: "Last sign-in (UTC)", width: 15.5, value: leaverUseCell},
		{head: laterHead, width: 11, value: lagCell},
		{head: "Disabled at (UTC)", width: 15.5, value: disabledAtCell},
		{head: "Days late", width: 8.5, style: headNumber, value: b.daysLateCell},
		{head: "Late by HR", width: 8.5, style: headNumber, value: daysLateHRCell},
		{head: "Late by IT", width: 8.5, style: headNumber, value: daysLateITCell},
		{head: "Result", width: 10, group: "Test result", value: resultCell},
		{head: "A", width: 3.4, style: headLetter, value: markCell(EndAgrees)},
		{head: "B", width: 3.4, style: headLetter, value: markCell(DisabledInTime)},
		{head: "C", width: 3.4, style: headLetter, value: markCell(NoUseAfterEnd)},
		{head: "D", width: 3.4, style: headLetter, value: markCell(DecisionRecorded)},
		{head: "E", width: 3.4, style: headLetter, value: markCell(StateReread)},
		{head: "Rule", width: 16.5, value: ruleCell},
		{head: "Grace until", width: 10.5, value: graceCell},
	}
	columns = append(columns, inputColumns(wantsDecision)...)
	columns = append(columns,
		column[entry]{head: "Action", width: 17, group: "Proof", value: actionCell},
		column[entry]{head: "Verified at (UTC)", width: 15.5, value: b.verifiedCell},
		column[entry]{head: "Finding", width: 18, value: findingCell},
		column[entry]{head: "Kind", width: 16, group: "More (not printed)", aside: true, value: kindCell},
		column[entry]{head: "Flags", width: 44, value: flagsCell},
		column[entry]{head: "Why", width: 90, value: whyCell},
		column[entry]{head: "Decided because", width: 60, value: decisionWhyCell},
		column[entry]{head: "In the plan", width: 30, value: planCell},
		column[entry]{head: "One by one because", width: 44, value: oneByOneWhyCell},
		column[entry]{head: "Matched by", width: 13, value: matchedByCell},
		column[entry]{head: "Signal", width: 18, value: signalCell},
		column[entry]{head: "Account ID", width: 40, value: accountIDCell},
		column[entry]{head: "First seen", width: 11, value: firstSeenCell},
	)
	return table[entry]{
		name: "Terminations", title: "Termination report – one row per leaver and account",
		note: "A end date agrees to HR   B disabled within limit   C no sign-in after end   D decision and approver recorded   " +
			"E state re-read from the system      ✓ met   ✗ not met   – not testable or does not apply",
		none:    b.noneFound("No account of a person who left was found."),
		columns: columns, frozen: 3, lines: b.tally.lines[onTerminations], sealed: true, choices: decisions(), id: func(e entry) string { return e.id() },
	}
}

// wantsDecision draws input cells where somebody has something to decide.
func wantsDecision(e entry) bool {
	return e.Result == Open || e.Result == InGrace || e.Result == Excluded
}

// quietPass keeps rows that passed in plain type, so that exceptions carry the page.
func quietPass(value func(entry) cell) func(entry) cell {
	return func(e entry) cell {
		c := value(e)
		if e.Result != Pass {
			return c.as(bodyBold)
		}
		return c
	}
}

// endCell is the calendar date that HR states; without one it says how the end is known.
func endCell(e entry) cell {
	switch {
	case !e.End.Date.IsZero():
		return day(e.End.Date)
	case e.End.Inferred:
		return text("inferred").as(quiet)
	default:
		return utcDay(e.End.At)
	}
}

func leaverUseCell(e entry) cell {
	c := lastUseCell(e)
	if _, dated := c.value.(float64); dated && e.Marks[NoUseAfterEnd] == NotMet {
		return c.as(instantBad)
	}
	return c
}

// disabledAtCell is empty for an account that is enabled: there is no such time.
func disabledAtCell(e entry) cell {
	if e.StillEnabled() && !e.Account.DisabledAt.IsKnown() {
		return cell{style: instantCell}
	}
	return factTime(e.Account.DisabledAt)
}

func (b *book) daysLateCell(e entry) cell {
	days, known := e.DaysLate.Get()
	c := factCount(e.DaysLate)
	switch {
	case !known || e.Marks[DisabledInTime] != NotMet:
		return c
	case e.StillEnabled() && days > 30:
		return c.as(numberBad)
	default:
		return c.as(numberLate)
	}
}

// daysLateHRCell is the part of the days late before HR showed the end: a retroactive end is not IT's delay.
func daysLateHRCell(e entry) cell { return factCount(e.DaysLateHR) }

func daysLateITCell(e entry) cell { return factCount(e.DaysLateIT()) }

func resultCell(e entry) cell {
	c := text(string(e.Result))
	switch e.Result {
	case Open:
		return c.as(stateBad)
	case Late:
		return c.as(stateLate)
	case InGrace, Excluded:
		return c.as(stateGood)
	case NotTested:
		return c.as(stateOpen)
	default:
		return c.as(statePass)
	}
}

func markCell(attribute int) func(entry) cell {
	return func(e entry) cell {
		c := text(string(e.Marks[attribute]))
		switch e.Marks[attribute] {
		case Met:
			return c.as(markMet)
		case NotMet:
			return c.as(markNot)
		default:
			return c.as(markNone)
		}
	}
}

// verifiedCell is when the disabled state was read; empty while the account is enabled or contradicts itself.
func (b *book) verifiedCell(e entry) cell {
	if e.StillEnabled() || e.Kind == reconcile.Contradiction {
		return cell{style: instantCell}
	}
	return instant(b.readAt(e.Row))
}
