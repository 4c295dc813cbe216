package reports

import (
	"fmt"
	"strings"
)

func (b *book) notCounted(g *grid, row int) int {
	g.numberedSection(row, colB, colM, "Population")
	words := shown("Not counted: the run stopped before the population was built. " + refusal(b.Refused))
	g.span(row+1, colB, colM, cell{value: words, style: cellText})
	g.fit(row+1, 18, cellText, words, g.width(colB, colM))
	return row + 2
}

// step is one line of the population bridge. A number without a formula is a plain one.
type step struct {
	what    string
	formula string
	now     int64
	// again is the same number counted by other means; its check compares the two. Empty words mean that there is none.
	again    string
	againNow int64
	words    string
}

// bridgeRows is how many rows the bridge takes, from its section title to the free row after it.
const bridgeRows = 11

// bridge leads from HR records to the rows of this file, every step a live formula.
func (b *book) bridge(g *grid, row int, people []string, accounts cellRange) int {
	g.numberedSection(row, colB, colM, "Population: from HR records to the rows of this file")
	g.heads(row+1, []headCell{{colB, colB, "Step", false}, {colC, colD, "What was counted", false}, {colE, colE, "Count", true},
		{colF, colF, "Counted again", true}, {colG, colL, "By what", false}, {colM, colM, "Check", false}})
	first := row + 2
	for i, s := range b.steps(first, people, accounts) {
		b.stepRow(g, first+i, fmt.Sprintf("P%d", i+1), s)
	}
	return first + bridgeRows - 3
}

func (b *book) steps(first int, people []string, accounts cellRange) []step {
	p := b.Population
	e := func(n int) string { return at(colE, first+n-1) }
	inFile := b.countRows("Row", letters[onTerminations]+"-*")
	var results []string
	var sum int64
	for _, r := range Results() {
		results = append(results, b.countRows("Result", string(r)))
		sum += b.tally.results[r]
	}
	leavers := p.Ended + p.Remembered
	return []step{
		{what: "HR records used (all people sources)", formula: sumOf(people), now: b.peopleUsed(), againNow: p.Rows, words: "records that the reconciliation took in"},
		{what: "– further records of the same person", now: -p.Merged},
		{what: "People in HR", formula: e(1) + "+" + e(2), now: b.peopleUsed() - p.Merged, again: fmt.Sprintf("%d+%d+%d", p.Employed, p.Prehire, p.Ended),
			againNow: p.Employed + p.Prehire + p.Ended, words: fmt.Sprintf("%s employed + %s not yet started + %s ended", count(p.Employed), count(p.Prehire), count(p.Ended))},
		{what: "– employed, or not yet started", now: -p.Employed - p.Prehire},
		{what: "+ gone from HR, remembered from earlier runs", now: p.Remembered},
		{what: "People who have left", formula: e(3) + "+" + e(4) + "+" + e(5), now: b.peopleUsed() - p.Merged - p.Employed - p.Prehire + p.Remembered,
			again: fmt.Sprintf("%d+%d", p.Ended, p.Remembered), againNow: leavers, words: "ended + remembered, as the reconciliation counted them"},
		{what: "Their accounts, in all systems", formula: accounts.sum(colL), now: b.leaverAccounts(), again: inFile, againNow: b.tally.lines[onTerminations],
			words: "rows of sheet Terminations"},
		{what: "Pass + Late + Open + In grace + Excluded + Not tested", formula: strings.Join(results, "+"), now: sum, again: e(7), againNow: b.leaverAccounts(),
			words: fmt.Sprintf("step P7: %s", b.resultWords())},
	}
}

func (b *book) resultWords() string {
	var parts []string
	for _, r := range Results() {
		parts = append(parts, count(b.tally.results[r]))
	}
	return strings.Join(parts, " + ")
}

func (b *book) stepRow(g *grid, row int, name string, s step) {
	bold := cellText
	if s.words != "" {
		bold = cellTextBold
	}
	g.put(row, colB, text(name).as(cellText))
	g.span(row, colC, colD, text(s.what).as(bold))
	g.put(row, colE, numberOr(s.formula, s.now).as(cellNumber))
	g.height(row, 17)
	if s.words == "" {
		g.blank(row, colF, colM, cellText)
		return
	}
	g.put(row, colF, numberOr(s.again, s.againNow).as(cellNumber))
	g.span(row, colG, colL, text(s.words).as(cellText))
	g.check(row, colM, at(colE, row)+"="+at(colF, row), s.now == s.againNow)
}

// numberOr is a live formula, or a plain number where there is no formula.
func numberOr(f string, now int64) cell {
	if f == "" {
		return number(now)
	}
	return formula(f, now)
}

// sumOf adds cells; nothing adds up to zero.
func sumOf(cells []string) string {
	if len(cells) == 0 {
		return "0"
	}
	return "SUM(" + strings.Join(cells, ",") + ")"
}

func (b *book) peopleUsed() int64 {
	var n int64
	for _, s := range b.Sources {
		if s.People {
			n += s.Used
		}
	}
	return n
}

func (b *book) leaverAccounts() int64 {
	var n int64
	for _, s := range b.Sources {
		n += s.Accounts.LeaverAccounts
	}
	return n
}

// countRows is a formula that counts cells of a column of Terminations, over all its parts.
func (b *book) countRows(head, pattern string) string {
	t := b.terminationTable()
	col := 0
	for i, c := range t.columns {
		if c.head == head {
			col = i + 1
		}
	}
	var parts []string
	for _, sheet := range b.sheetNames(t.name, t.lines) {
		last := firstRow + int(min(max(t.lines, 1), b.rowLimit-headRow)) - 1
		parts = append(parts, fmt.Sprintf(`COUNTIF(%s!%s:%s,"%s")`, quoteSheet(sheet), absolute(col, firstRow), absolute(col, last), pattern))
	}
	return strings.Join(parts, "+")
}

// cellRange is a run of rows.
type cellRange struct{ from, to int }

func (r cellRange) sum(col int) string {
	if r.to < r.from {
		return "0"
	}
	return fmt.Sprintf("SUM(%s:%s)", at(col, r.from), at(col, r.to))
}

func (b *book) accountSources() []Source {
	var list []Source
	for _, s := range b.Sources {
		if !s.People {
			list = append(list, s)
		}
	}
	return list
}

// accountsRow is where the rows of the accounts table will stand when its section starts at row.
func (b *book) accountsRow(row int) cellRange {
	return cellRange{row + 2, row + 1 + len(b.accountSources())}
}

// accountsTable says how every account that was read fell: by state and by owner, both adding up to what was read.
func (b *book) accountsTable(g *grid, row int, lines []int) int {
	g.numberedSection(row, colB, colM, "Accounts: how every record fell")
	g.heads(row+1, []headCell{{colB, colB, "Source", false}, {colC, colC, "Accounts used", true}, {colD, colD, "What its coverage rests on", false},
		{colE, colE, "Enabled", true}, {colF, colF, "Disabled", true}, {colG, colG, "State unknown", true}, {colH, colH, "With an owner", true},
		{colI, colI, "Owner gone from HR", true}, {colJ, colJ, "Disputed", true}, {colK, colK, "Without an owner", true},
		{colL, colL, "Of people who left", true}, {colM, colM, "Check", false}})
	row += 2
	for i, s := range b.accountSources() {
		b.accountsLine(g, row, lines[i], s)
		row++
	}
	if len(b.accountSources()) == 0 {
		g.span(row, colB, colM, cell{value: "No account source is configured.", style: cellText})
		row++
	}
	return row
}

// accountsLine writes one source; source is its row in the table of sources.
func (b *book) accountsLine(g *grid, row, source int, s Source) {
	a := s.Accounts
	g.put(row, colB, text(s.Name).as(cellTextBold))
	g.put(row, colC, number(a.Read).as(cellNumber))
	why, _, _ := strings.Cut(s.Coverage.Why, "\nhint: ")
	g.put(row, colD, textOr(oneLine(why), dash).as(cellText))
	for i, n := range []int64{a.Enabled, a.Disabled, a.EnabledUnknown, a.Linked, a.Deleted, a.Disputed, a.Unmatched} {
		g.put(row, colE+i, number(n).as(cellPlainNumber))
	}
	g.put(row, colL, number(a.LeaverAccounts).as(cellPlainNumber))
	read := at(colC, row)
	g.check(row, colM, fmt.Sprintf("AND(%s=%s,%s=%s-%s,SUM(%s:%s)=%s,SUM(%s:%s)=%s)", read, at(colH, source), at(colH, source), at(colF, source),
		at(colG, source), at(colE, row), at(colG, row), read, at(colH, row), at(colK, row), read), s.fell())
	g.fit(row, 18, cellText, why, controlWidths[colD-1])
	g.fit(row, 18, cellTextBold, s.Name, controlWidths[colB-1])
}

// fell reports whether the accounts of the source add up.
func (s Source) fell() bool {
	a := s.Accounts
	return a.Read == s.Used && s.Used == s.Coverage.Read-s.Coverage.Rejected &&
		a.Enabled+a.Disabled+a.EnabledUnknown == a.Read && a.Linked+a.Deleted+a.Disputed+a.Unmatched == a.Read
}
