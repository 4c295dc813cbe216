package reports

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/leaver-audit/leaver/policies"
)

// limitsTable lists the limits on the Control sheet: how each stood, what it holds, and who lifted it.
func (b *book) limitsTable(g *grid, row int) int {
	g.numberedSection(row, colB, colM, "Limits: how much one night may propose")
	g.heads(row+1, []headCell{{colB, colC, "Limit", false}, {colD, colD, "What was counted", false}, {colE, colG, "Too much would be", false},
		{colH, colL, "Lifted by, or how to lift it", false}, {colM, colM, "State", false}})
	row += 2
	if b.Plan == nil || b.Plan.Limits == nil {
		words := shown(b.noLimits())
		g.span(row, colB, colM, cell{value: words, style: cellText})
		g.fit(row, 18, cellText, words, g.width(colB, colM))
		return row + 1
	}
	for _, m := range b.Plan.Limits {
		b.limitRow(g, row, m.Name(), countedWords(m), allowedWords(m), b.lifted(m), limitCell(m.State))
		row++
	}
	for _, l := range b.Lifts {
		if l.Plan != b.Plan.Digest {
			b.limitRow(g, row, l.Limit, "lifted for another plan, "+grouped(l.Plan), dash, liftWords(l), text("no effect").as(labelNumber))
			row++
		}
	}
	return row
}

func (b *book) noLimits() string {
	if b.Refused != "" {
		return "Nothing was planned: the run was refused. " + refusal(b.Refused)
	}
	return "How the limits stood is not on record: an earlier version of the tool made the run."
}

func (b *book) limitRow(g *grid, row int, name, counted, allowed, lifted string, state cell) {
	name, counted, lifted = shown(name), shown(counted), shown(lifted)
	g.span(row, colB, colC, cell{value: name, style: cellTextBold})
	g.put(row, colD, cell{value: counted, style: cellText})
	g.span(row, colE, colG, cell{value: allowed, style: cellText})
	g.span(row, colH, colL, cell{value: lifted, style: cellText})
	g.put(row, colM, state)
	g.fit(row, 18, cellTextBold, name, g.width(colB, colC))
	g.fit(row, 18, cellText, counted, controlWidths[colD-1])
	g.fit(row, 18, cellText, lifted, g.width(colH, colL))
}

// countedWords says what a limit counted, in the scope that it names.
func countedWords(m policies.Measured) string {
	of := count(m.Base)
	switch {
	case m.State == policies.LimitOff:
		return "nothing: it is off"
	case m.State == policies.LimitNoBaseline:
		return noBaseline
	case m.Limit == policies.LimitPerDepartment:
		return fmt.Sprintf("%s people with a due action, of %s in the department%s", count(m.Count), of, most(m))
	case m.Limit == policies.LimitPrivileged:
		return fmt.Sprintf("%s due on privileged accounts, of %s", several(m.Count, "action"), of)
	case m.Limit == policies.LimitFindings:
		return fmt.Sprintf("%s made after %s only, on %s accounts%s", several(m.Count, "finding"), stamp(m.Since), of, most(m))
	case m.Limit == policies.LimitExclusions:
		return fmt.Sprintf("%s taken out by an exclusion after %s only, of %s", several(m.Count, "finding"), stamp(m.Since), of)
	default:
		return fmt.Sprintf("%s due, on %s accounts%s", several(m.Count, "action"), of, most(m))
	}
}

// most says that a limit that was kept names the scope with the most.
func most(m policies.Measured) string {
	if m.State == policies.LimitWithin && m.Scope != "" {
		return "; nowhere more"
	}
	return ""
}

func allowedWords(m policies.Measured) string {
	if m.State == policies.LimitOff {
		return dash
	}
	return m.Allowed
}

// lifted says who lifted a limit, or how two people lift it.
func (b *book) lifted(m policies.Measured) string {
	for _, l := range b.Plan.Lifts {
		if m.State == policies.LimitLifted && l.Limit == m.Name() {
			return liftWords(l)
		}
	}
	switch m.State {
	case policies.LimitHolds:
		return "two people, with the command that leaver plan prints: leaver lift " + m.Name()
	case policies.LimitIdle:
		return "nothing in its scope is planned tonight; it counts on until it is within the limit, or lifted"
	default:
		return dash
	}
}

func liftWords(l policies.Lift) string {
	return fmt.Sprintf("%s asked and %s agreed on %s: %s", l.By, l.Second, stamp(l.At), l.Reason)
}

func limitCell(s policies.LimitState) cell {
	c := text(string(s))
	switch s {
	case policies.LimitWithin:
		return c.as(checkGood)
	case policies.LimitHolds:
		return c.as(checkBad)
	default:
		return c.as(checkLate)
	}
}

// decisionSteps lead from the decisions to the plan and to the grace clocks, as the bridge leads from HR records to rows.
func (b *book) decisionSteps(first int) []step {
	e := func(n int) string { return at(colE, first+n-1) }
	states, single := b.planCounts()
	plan := func(pattern string) string { return countIn(b, b.planTable(), cond{"State", pattern}) }
	clocks := func(conds ...cond) string { return countIn(b, b.clocksTable(), conds...) }
	c, w := b.Clocks, b.written
	due, held := b.tally.decisions[policies.Due], b.tally.decisions[policies.Held]
	return []step{
		{what: "Decisions that are due", now: due, again: plan(Proposed.words()) + "+" + plan(LeftOut.words()), againNow: states[Proposed] + states[LeftOut],
			words: "rows of sheet Plan that are proposed, or left out although they are due"},
		{what: "Decisions that a limit holds", now: held, again: plan(HeldBack.words()), againNow: states[HeldBack], words: "rows of sheet Plan that are held"},
		{what: "– due, and left out of the plan", formula: "-(" + plan(LeftOut.words()) + ")", now: -states[LeftOut]},
		{what: "Items of the plan, whose digest is " + grouped(b.Plan.Digest), formula: e(1) + "+" + e(2) + "+" + e(3), now: due + held - states[LeftOut],
			again: strconv.Itoa(len(b.Plan.Items)), againNow: int64(len(b.Plan.Items)), words: "items that the digest covers"},
		{what: "… of them for approval one by one", now: single, again: countIn(b, b.planTable(), cond{"One by one", "Yes"}), againNow: single, words: "rows of sheet Plan that say so"},
		{what: "Grace clocks before this run", now: c.Before},
		{what: "+ started in it", now: c.Started, again: clocks(cond{"Change", string(policies.Started)}, cond{"In this run", "Yes"}), againNow: w.Started,
			words: "rows of sheet " + clocksSheet + " that say so"},
		{what: "– closed in it", now: -c.Closed, again: "-(" + clocks(cond{"Change", string(policies.Closed)}, cond{"In this run", "Yes"}) + ")", againNow: -w.Closed,
			words: "rows of sheet " + clocksSheet + " that say so"},
		{what: "Grace clocks after this run", formula: e(6) + "+" + e(7) + "+" + e(8), now: c.After(),
			again:    clocks(cond{"Clock now", string(ClockRunning)}) + "+" + clocks(cond{"Clock now", string(ClockPaused)}) + "+" + clocks(cond{"Clock now", string(ClockDone)}),
			againNow: w.Running + w.Paused + w.Done, words: "clocks of sheet " + clocksSheet + " that run, are paused, or have done their stage"},
		{what: "… of them paused", now: c.Paused, again: clocks(cond{"Clock now", string(ClockPaused)}), againNow: w.Paused, words: "clocks of sheet " + clocksSheet + " that are paused"},
	}
}

// decisionBridge shows those steps; nothing for a run of which plan or clocks are not on record.
func (b *book) decisionBridge(g *grid, row int) int {
	if b.Plan == nil || b.Clocks == nil {
		return row - 1
	}
	g.numberedSection(row, colB, colM, "Decisions: from what is due to the plan, and the grace ledger")
	g.heads(row+1, []headCell{{colB, colB, "Step", false}, {colC, colD, "What was counted", false}, {colE, colE, "Count", true},
		{colF, colF, "Counted again", true}, {colG, colL, "By what", false}, {colM, colM, "Check", false}})
	first := row + 2
	steps := b.decisionSteps(first)
	for i, s := range steps {
		b.stepRow(g, first+i, fmt.Sprintf("D%d", i+1), s)
	}
	return first + len(steps)
}

// cond is a condition on a column: its head, and the text of the cell.
type cond struct{ head, is string }

// countIn is a formula that counts the rows of a table that meet every condition, over all its parts.
func countIn[T any](b *book, t table[T], conds ...cond) string {
	var parts []string
	for _, sheet := range b.sheetNames(t.name, t.lines) {
		last := firstRow + int(min(max(t.lines, 1), b.rowLimit-headRow)) - 1
		var args []string
		for _, c := range conds {
			for i, column := range t.columns {
				if column.head == c.head {
					args = append(args, fmt.Sprintf(`%s!%s:%s,"%s"`, quoteSheet(sheet), absolute(i+1, firstRow), absolute(i+1, last), c.is))
				}
			}
		}
		parts = append(parts, "COUNTIFS("+strings.Join(args, ",")+")")
	}
	return strings.Join(parts, "+")
}
