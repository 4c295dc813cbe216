package reports

import (
	"fmt"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// orphanTable is one row per enabled account that nobody of any authoritative source owns, as far as one can guess.
func (b *book) orphanTable() table[entry] {
	orphans := b.findingTable("Orphans", onOrphans, "Orphans – enabled accounts that nobody answers for",
		"An account is an orphan only when every people source was read completely and none of its keys names anybody, now or earlier."+b.miskeyedElsewhere(),
		b.noneFound("No orphan was found."+b.miskeyedElsewhere()), orphanColumns("Nearest match (a guess)"))
	orphans.columns = append(orphans.columns,
		column[entry]{head: "Match because", width: 60, aside: true, value: nearestWhyCell},
		column[entry]{head: "Other matches", width: 44, aside: true, value: otherMatchesCell})
	return orphans
}

// miskeyedTable is one row per orphan that most likely belongs to somebody who has not left. It stands apart, because what
// it needs is the right key, and taking it away would hit an employee.
func (b *book) miskeyedTable() table[entry] {
	miskeyed := b.findingTable(miskeyedSheet, onMiskeyed, "Likely mis-keyed – orphans that most likely belong to somebody who has not left",
		"Orphans too: no key of theirs names anybody. The owner is a guess for a person to decide on, so nothing is ever due about these accounts by itself.",
		b.noneFound("No orphan was found that looks like the account of somebody who has not left."), orphanColumns("Likely owner (a guess to decide on)"))
	miskeyed.columns = append(miskeyed.columns,
		column[entry]{head: "Match because", width: 60, aside: true, value: nearestWhyCell},
		column[entry]{head: "Other matches", width: 44, aside: true, value: otherMatchesCell})
	return miskeyed
}

// miskeyedSheet is the name of that sheet.
const miskeyedSheet = "Likely mis-keyed"

// orphanColumns are those of both sheets.
func orphanColumns(guess string) []column[entry] {
	return []column[entry]{
		{head: "Row", width: 8.5, group: "Row", value: idCell},
		{head: "Severity", width: 8.5, value: severityCell},
		{head: "System", width: 14, group: "Account (system)", value: systemCell},
		{head: "Account", width: 22, value: loginCell},
		{head: "Display name", width: 22, value: displayNameCell},
		{head: "Sort", width: 10, value: accountKindCell},
		{head: "Created (UTC)", width: 15.5, value: createdCell},
		{head: "Last sign-in (UTC)", width: 15.5, value: lastUseCell},
		{head: laterHead, width: 11, value: lagCell},
		{head: "Enabled", width: 8.5, style: headCentre, value: enabledCell},
		{head: "Priv.", width: 8.5, style: headCentre, value: privilegedCell},
		{head: "Why no owner", width: 32, group: "Finding", value: whyCell},
		{head: "Nearest match", width: 20, group: guess, value: nearestCell},
		{head: "Match person ID", width: 11, value: nearestIDCell},
		{head: "Match HR status", width: 13, value: nearestStatusCell},
		{head: "Confidence %", width: 10.5, style: headNumber, value: confidenceCell},
		{head: "Flags", width: 16, group: "Policy", value: flagsCell},
		{head: "Rule", width: 14, value: ruleCell},
		{head: "Grace until", width: 10.5, value: graceCell},
		{head: "Action", width: 18, value: actionCell},
	}
}

// miskeyedElsewhere says how many orphans stand on the sheet of their own.
func (b *book) miskeyedElsewhere() string {
	n := b.tally.lines[onMiskeyed]
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" %s more %s likely mis-keyed, not ownerless, and %s on the sheet %s.", several(n, "orphan"), isAre(n), standStands(n), miskeyedSheet)
}

func standStands(n int64) string {
	if n == 1 {
		return "stands"
	}
	return "stand"
}

// dormantTable is one row per account that is unused for too long, or was never used.
func (b *book) dormantTable() table[entry] {
	columns := []column[entry]{
		{head: "Row", width: 8.5, group: "Row", value: idCell},
		{head: "Severity", width: 8.5, value: severityCell},
		{head: "System", width: 14, group: "Account (system)", value: systemCell},
		{head: "Account", width: 20, value: loginCell},
		{head: "Sort", width: 10, value: accountKindCell},
		{head: "Created (UTC)", width: 15.5, value: createdCell},
		{head: "Enabled", width: 8.5, style: headCentre, value: enabledCell},
		{head: "Priv.", width: 8.5, style: headCentre, value: privilegedCell},
		{head: "Days idle", width: 8.5, style: headNumber, group: "Use", value: daysIdleCell},
		{head: "Never used", width: 8.5, style: headCentre, value: neverUsedCell},
		{head: "Threshold (days)", width: 10, style: headNumber, value: b.thresholdCell},
		{head: "Last sign-in (UTC)", width: 15.5, value: lastUseCell},
		{head: laterHead, width: 11, value: lagCell},
		{head: "Signal", width: 18, value: signalCell},
		{head: "Owner", width: 18, group: "Owner (HR)", value: personCell},
		{head: "Person ID", width: 10, value: personIDCell},
		{head: "Manager", width: 13, value: managerCell},
		{head: "Flags", width: 18, group: "Finding", value: flagsCell},
		{head: "Rule", width: 14, value: ruleCell},
		{head: "Grace until", width: 10.5, value: graceCell},
		{head: "Action", width: 18, value: actionCell},
	}
	return b.findingTable("Dormant", onDormant, "Dormant – enabled accounts that nobody uses",
		"Days idle count from the latest moment at which the account can have been used. Accounts whose last sign-in is unknown are never listed here; sheet Coverage counts them.",
		b.noneFound("No dormant and no never used account was found."+b.thresholdsOff()), columns)
}

// otherTable is one row per reported account of every other kind.
func (b *book) otherTable() table[entry] {
	columns := []column[entry]{
		{head: "Row", width: 8.5, group: "Row", value: idCell},
		{head: "Severity", width: 8.5, value: severityCell},
		{head: "Finding kind", width: 16, group: "Finding", value: kindCell},
		{head: "Why", width: 46, value: whyCell},
		{head: "Flags", width: 20, value: flagsCell},
		{head: "System", width: 14, group: "Account (system)", value: systemCell},
		{head: "Account", width: 20, value: loginCell},
		{head: "Sort", width: 10, value: accountKindCell},
		{head: "Enabled", width: 8.5, style: headCentre, value: enabledCell},
		{head: "Priv.", width: 8.5, style: headCentre, value: privilegedCell},
		{head: "Last sign-in (UTC)", width: 15.5, value: lastUseCell},
		{head: laterHead, width: 11, value: lagCell},
		{head: "Disabled at (UTC)", width: 15.5, value: disabledAtCell},
		{head: "Person", width: 18, group: "Owner or sponsor (HR)", value: personCell},
		{head: "Person ID", width: 10, value: personIDCell},
		{head: "HR status", width: 13, value: statusCell},
		{head: "Rule", width: 14, group: "Policy", value: ruleCell},
		{head: "Grace until", width: 10.5, value: graceCell},
		{head: "Action", width: 18, value: actionCell},
	}
	return b.findingTable("Other findings", onOther, "Other findings – contradictions, owners who left, suspended people, early accounts, rule matches",
		"Every reported account that has no sheet of its own, excluded and kept ones included.",
		b.noneFound("No other finding was made."), columns)
}

// findingTable completes the sheet of a finding: input cells, and what stands beside the printed page.
func (b *book) findingTable(name string, h home, title, note, none string, columns []column[entry]) table[entry] {
	columns = append(columns, inputColumns(always)...)
	columns = append(columns,
		column[entry]{head: "Finding", width: 18, group: "Proof", value: findingCell},
		column[entry]{head: "Account ID", width: 40, group: "More (not printed)", aside: true, value: accountIDCell},
		column[entry]{head: "Decided because", width: 60, value: decisionWhyCell},
		column[entry]{head: "In the plan", width: 30, value: planCell},
		column[entry]{head: "One by one because", width: 44, value: oneByOneWhyCell},
		column[entry]{head: "Matched by", width: 13, value: matchedByCell},
		column[entry]{head: "First seen", width: 11, value: firstSeenCell},
	)
	return table[entry]{name: name, title: title, note: note, none: none, columns: columns, frozen: 4, lines: b.tally.lines[h],
		sealed: true, choices: decisions(), id: func(e entry) string { return e.id() }}
}

func daysIdleCell(e entry) cell {
	if e.DaysIdle.IsUnknown() && e.Kind == reconcile.NeverUsed {
		return text(never).as(quietNumber)
	}
	return factCount(e.DaysIdle)
}

func neverUsedCell(e entry) cell {
	if e.Kind == reconcile.NeverUsed {
		return text("Yes").as(centred)
	}
	return text("No").as(centred)
}

// thresholdCell is the limit that made the finding.
func (b *book) thresholdCell(e entry) cell {
	limit := b.Thresholds.Dormant
	if e.Kind == reconcile.NeverUsed {
		limit = b.Thresholds.NeverUsed
	}
	if limit%(24*time.Hour) != 0 {
		return text(limit.String()).as(quietNumber)
	}
	return number(int64(limit / (24 * time.Hour)))
}

// thresholdsOff says which of the two kinds cannot occur because no threshold is set.
func (b *book) thresholdsOff() string {
	switch {
	case b.Thresholds.Dormant == 0 && b.Thresholds.NeverUsed == 0:
		return " No threshold is set for either, so neither was looked for."
	case b.Thresholds.Dormant == 0:
		return " No threshold is set for dormant accounts, so they were not looked for."
	case b.Thresholds.NeverUsed == 0:
		return " No threshold is set for never used accounts, so they were not looked for."
	default:
		return ""
	}
}

// noneFound completes the statement of an empty sheet with the coverage that it rests on.
func (b *book) noneFound(statement string) string {
	if b.Refused != "" {
		return "Nothing was tested: the run was refused. " + refusal(b.Refused)
	}
	if partial := b.partialClause(); partial != "" {
		return statement + " This holds only for what was read: " + partial + ". Read: " + b.coverageWords() + "."
	}
	return statement + " Read: " + b.coverageWords() + "."
}

// candidate is one line of the sheet Ambiguous: an account and one person that it might belong to.
type candidate struct {
	entry
	// number counts the candidates of the account, from 0.
	number int
}

func (c candidate) id() string { return rowID(onAmbiguous, c.ambiguous+int64(c.number)) }

// person is the candidate, with the key that names them; nil when none is on record.
func (c candidate) person() reconcile.Candidate {
	switch {
	case c.number < len(c.Candidates):
		return c.Candidates[c.number]
	case c.home != onAmbiguous:
		return reconcile.Candidate{Person: c.Person, Key: c.MatchedBy}
	default:
		return reconcile.Candidate{}
	}
}

// ambiguousTable is one row per account and candidate.
func (b *book) ambiguousTable() table[candidate] {
	columns := []column[candidate]{
		{head: "Row", width: 8.5, group: "Row", value: func(c candidate) cell { return text(c.id()) }},
		{head: "Severity", width: 8.5, value: ofEntry(severityCell)},
		{head: "Because", width: 14, value: becauseCell},
		{head: "System", width: 14, group: "Account (system)", value: ofEntry(systemCell)},
		{head: "Account", width: 20, value: ofEntry(loginCell)},
		{head: "Display name", width: 20, value: ofEntry(displayNameCell)},
		{head: "Enabled", width: 8.5, style: headCentre, value: ofEntry(enabledCell)},
		{head: "Created (UTC)", width: 15.5, value: ofEntry(createdCell)},
		{head: "Last sign-in (UTC)", width: 15.5, value: ofEntry(lastUseCell)},
		{head: laterHead, width: 11, value: ofEntry(lagCell)},
		{head: "Candidate", width: 10, group: "Candidate (HR)", value: numberOfCell},
		{head: "Name", width: 20, value: func(c candidate) cell { return text(personName(c.person().Person)) }},
		{head: "Person ID", width: 10, value: candidateIDCell},
		{head: "HR status", width: 13, value: candidateStatusCell},
		{head: "Key", width: 13, value: func(c candidate) cell { return textOr(c.person().Key, dash) }},
		{head: "Its value", width: 22, value: func(c candidate) cell { return textOr(c.person().Value, dash) }},
		{head: "Why", width: 40, group: "Finding", value: ambiguousWhyCell},
		{head: "Listed as", width: 9.5, value: func(c candidate) cell { return text(c.entry.listedAs()) }},
		{head: "Action", width: 17, value: ofEntry(actionCell)},
	}
	for _, c := range inputColumns(always) {
		columns = append(columns, column[candidate]{head: c.head, width: c.width, group: c.group, style: c.style, value: ofEntry(c.value)})
	}
	columns = append(columns,
		column[candidate]{head: "Finding", width: 18, group: "Proof", value: ofEntry(findingCell)},
		column[candidate]{head: "Account ID", width: 40, group: "More (not printed)", aside: true, value: ofEntry(accountIDCell)},
		column[candidate]{head: "Flags", width: 44, value: ofEntry(flagsCell)},
		column[candidate]{head: "Decided because", width: 60, value: ofEntry(decisionWhyCell)},
		column[candidate]{head: "In the plan", width: 30, value: ofEntry(planCell)},
		column[candidate]{head: "One by one because", width: 44, value: ofEntry(oneByOneWhyCell)},
	)
	return table[candidate]{name: "Ambiguous", title: "Ambiguous – accounts that may belong to more than one person",
		note: "One row per account and candidate. Nothing is ever done about these accounts without a person's decision. " + b.ambiguousCount(),
		none: b.noneFound("No disputed account and no suspect match was found."), columns: columns, frozen: 3,
		lines: b.tally.lines[onAmbiguous], sealed: true, choices: matchDecisions(), id: func(c candidate) string { return c.id() }}
}

func (b *book) ambiguousCount() string {
	return several(b.tally.disputed, "disputed account") + ", " + several(b.tally.suspect, "suspect match") + " (listed on another sheet as well)."
}

func ofEntry(value func(entry) cell) func(candidate) cell {
	return func(c candidate) cell { return value(c.entry) }
}

func becauseCell(c candidate) cell {
	if c.home == onAmbiguous {
		return text("disputed")
	}
	return text("suspect match")
}

func numberOfCell(c candidate) cell {
	if c.person().Person == nil {
		return text("none on record").as(quiet)
	}
	return text(count(int64(c.number+1)) + " of " + count(int64(c.of)))
}

func candidateIDCell(c candidate) cell {
	if p := c.person().Person; p != nil {
		return text(p.ID)
	}
	return text(dash)
}

func candidateStatusCell(c candidate) cell {
	if p := c.person().Person; p != nil {
		return text(personStatus(p))
	}
	return text(dash)
}

func ambiguousWhyCell(c candidate) cell {
	if c.home != onAmbiguous {
		return text("The key may have been given to a new person: the account is older than its owner's employment, or somebody else held the key before.")
	}
	return whyCell(c.entry)
}

// listedAs is the row under which the account itself is listed.
func (e *entry) listedAs() string {
	if e.home == onAmbiguous {
		return dash
	}
	return e.id()
}
