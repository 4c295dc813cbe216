package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// controlWidths are the columns of the Control sheet; the first is the margin.
var controlWidths = [...]float64{1.8, 19, 16.5, 52, 11.5, 11.5, 10.5, 11.5, 11.5, 10, 21, 24, 21}

// The columns of the Control sheet that its tables use.
const (
	colB = iota + 2
	colC
	colD
	colE
	colF
	colG
	colH
	colI
	colJ
	colK
	colL
	colM
)

// control writes the Control sheet: what this is, what it rests on, and whether its numbers tie.
func (b *book) control(g *grid) error {
	g.band(colB, "Termination access report", b.under())
	g.height(4, 8)
	b.resultBox(g, 5)
	g.height(6, 8)
	row := b.howMade(g, 7)
	row, lines := b.sourcesTable(g, row+1)
	if b.Refused != "" {
		row = b.notCounted(g, row+1)
	} else {
		accounts := b.accountsRow(row + 1 + bridgeRows)
		row = b.bridge(g, row+1, lines.people, accounts)
		row = b.accountsTable(g, row+1, lines.accounts)
	}
	row = b.signOff(g, row+1)
	row = b.digests(g, row+1)
	b.howToVerify(g, row+1)
	return g.write()
}

// under is the line under the title of Control sheet and Summary.
func (b *book) under() string {
	return shown(fmt.Sprintf("%s  |  As of %s  |  Run %s", b.Organisation, stamp(b.AsOf), b.Run))
}

// resultBox writes the result sentence, its first words in the colour of the result.
func (b *book) resultBox(g *grid, row int) {
	lead, rest := b.sentence(b.tally)
	colour := red
	if strings.HasPrefix(lead, "Result: no ") {
		colour = blue
	}
	whole := shown(lead + " " + rest)
	g.span(row, colB, colM, cell{value: whole, style: resultText})
	g.rich[at(colB, row)] = []excelize.RichTextRun{
		{Text: lead, Font: &excelize.Font{Family: "Calibri", Size: 11, Bold: true, Color: colour}},
		{Text: "  " + strings.TrimPrefix(whole, lead+" "), Font: &excelize.Font{Family: "Calibri", Size: 11, Color: ink}},
	}
	g.fit(row, 40, resultText, whole, g.width(colB, colM))
	g.height(row, min(g.heights[row]+8, tallest))
}

// howMade says who made the report, when, and with what.
func (b *book) howMade(g *grid, row int) int {
	g.numberedSection(row, colB, colM, "How this report was made")
	pairs := [][4]string{
		{"Run ID", b.Run, "Policies", "sha256 " + grouped(b.PolicyDigest)},
		{"As of", stampSeconds(b.AsOf), "Configuration", b.Config + "  (sha256 " + grouped(b.ConfigDigest) + ")"},
		{"Started / ended", b.ran(), "Tool build", b.Tool + after("  (commit ", b.Commit) + closing(b.Commit)},
		{"Mode", b.Mode, "Started by", b.Operator + after(" on ", b.Host)},
		{"Baseline", b.baseline(), "Time zone", "Times are UTC; HR dates without a zone are meant in " + b.Zone},
	}
	for i, p := range pairs {
		at := row + 1 + i
		g.put(at, colB, cell{value: p[0], style: label})
		g.span(at, colC, colD, cell{value: shown(p[1]), style: fact})
		g.span(at, colE, colF, cell{value: p[2], style: label})
		g.span(at, colG, colM, cell{value: shown(p[3]), style: fact})
		g.fit(at, 18, fact, p[1], g.width(colC, colD))
		g.fit(at, 18, fact, p[3], g.width(colG, colM))
	}
	return row + len(pairs) + 1
}

func stampSeconds(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

func (b *book) ran() string {
	took := b.Ended.Sub(b.Started).Round(time.Second)
	return fmt.Sprintf("%s – %s UTC (%s)", b.Started.UTC().Format("2006-01-02 15:04:05"), b.Ended.UTC().Format("15:04:05"), took)
}

func (b *book) baseline() string {
	if len(b.Previous) == 0 {
		return "none: no earlier accepted run to compare with"
	}
	last := b.Previous[len(b.Previous)-1]
	return fmt.Sprintf("run %s, as of %s", last.Run, stamp(last.AsOf))
}

// sourceLines says where the sources stand: the cells with the used rows of people sources, the rows of account sources.
type sourceLines struct {
	people   []string
	accounts []int
}

// sourcesTable returns the next free row, too.
func (b *book) sourcesTable(g *grid, row int) (next int, lines sourceLines) {
	g.numberedSection(row, colB, colM, "Sources and control totals")
	g.heads(row+1, []headCell{{colB, colB, "Source", false}, {colC, colC, "Read at (UTC)", false}, {colD, colD, "What was asked", false},
		{colE, colE, "Source says", true}, {colF, colF, "Rows read", true}, {colG, colG, "Rejected", true}, {colH, colH, "Rows used", true},
		{colI, colI, "Difference", true}, {colJ, colJ, "Pages", true}, {colK, colK, "SHA-256 (first 16)", false},
		{colL, colL, "Sealed snapshot", false}, {colM, colM, "Coverage", false}})
	row += 2
	for _, s := range b.Sources {
		b.sourceRow(g, row, s)
		if s.People {
			lines.people = append(lines.people, at(colH, row))
		} else {
			lines.accounts = append(lines.accounts, row)
		}
		row++
	}
	return row, lines
}

func (b *book) sourceRow(g *grid, row int, s Source) {
	c := s.Coverage
	asked := c.Query
	if asked == "" {
		asked = s.Describe
	}
	name := s.Name + "  (" + s.Kind + ")"
	g.put(row, colB, text(name).as(cellTextBold))
	g.put(row, colC, instant(s.ReadAt).as(cellInstant))
	g.put(row, colD, text(asked).as(cellText))
	g.put(row, colF, number(c.Read).as(cellNumber))
	g.put(row, colG, number(c.Rejected).as(cellPlainNumber))
	g.put(row, colH, number(s.Used).as(cellNumber))
	g.put(row, colJ, number(c.Pages).as(cellNumber))
	g.put(row, colK, text(grouped(s.SnapshotDigest)).as(cellMono))
	g.put(row, colL, textOr(s.Snapshot, dash).as(cellText))
	if says, known := c.Claimed.Get(); known {
		difference := formula(fmt.Sprintf("%s-%s", at(colF, row), at(colE, row)), c.Read-says).as(cellPlainNumber)
		if c.Read != says {
			difference.style = cellNumberBad
		}
		g.put(row, colE, number(says).as(cellNumber))
		g.put(row, colI, difference)
	} else {
		g.put(row, colE, text("no count").as(labelNumber))
		g.put(row, colI, text(dash).as(labelNumber))
	}
	chip := coverageCell(c.Verdict)
	chip.style = map[style]style{stateBad: checkBad, stateLate: checkLate, stateGood: checkGood}[chip.style]
	g.put(row, colM, chip)
	g.fit(row, 18, cellTextBold, name, controlWidths[colB-1])
	g.fit(row, 18, cellText, asked, controlWidths[colD-1])
	g.fit(row, 18, cellText, s.Snapshot, controlWidths[colL-1])
}

// headCell is one head of a table on a grid.
type headCell struct {
	from, to int
	name     string
	number   bool
}

// heads writes the head row of a small table.
func (g *grid) heads(row int, cells []headCell) {
	high := 17.0
	for _, h := range cells {
		st := tableHead
		if h.number {
			st = tableHeadNumber
		}
		g.span(row, h.from, h.to, cell{value: h.name, style: st})
		if looks[st].lines(h.name, g.width(h.from, h.to)) > 1 {
			high = 28
		}
	}
	g.height(row, high)
}

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
	g.put(row, colD, textOr(s.Coverage.Why, dash).as(cellText))
	for i, n := range []int64{a.Enabled, a.Disabled, a.EnabledUnknown, a.Linked, a.Deleted, a.Disputed, a.Unmatched} {
		g.put(row, colE+i, number(n).as(cellPlainNumber))
	}
	g.put(row, colL, number(a.LeaverAccounts).as(cellPlainNumber))
	read := at(colC, row)
	g.check(row, colM, fmt.Sprintf("AND(%s=%s,%s=%s-%s,SUM(%s:%s)=%s,SUM(%s:%s)=%s)", read, at(colH, source), at(colH, source), at(colF, source),
		at(colG, source), at(colE, row), at(colG, row), read, at(colH, row), at(colK, row), read), s.fell())
	g.fit(row, 18, cellText, s.Coverage.Why, controlWidths[colD-1])
	g.fit(row, 18, cellTextBold, s.Name, controlWidths[colB-1])
}

// fell reports whether the accounts of the source add up.
func (s Source) fell() bool {
	a := s.Accounts
	return a.Read == s.Used && s.Used == s.Coverage.Read-s.Coverage.Rejected &&
		a.Enabled+a.Disabled+a.EnabledUnknown == a.Read && a.Linked+a.Deleted+a.Disputed+a.Unmatched == a.Read
}

// signOff leaves room for the people who answer for the report.
func (b *book) signOff(g *grid, row int) int {
	g.numberedSection(row, colB, colM, "Sign-off")
	g.heads(row+1, []headCell{{colB, colC, "Role", false}, {colD, colD, "Name", false}, {colE, colF, "Date", false}, {colG, colM, "Comment", false}})
	for i, role := range []string{"Prepared by", "Reviewed by (control owner)", "Approved by"} {
		at := row + 2 + i
		g.span(at, colB, colC, cell{value: role, style: cellText})
		g.span(at, colD, colD, input())
		g.span(at, colE, colF, input())
		g.span(at, colG, colM, input())
		g.height(at, 20)
	}
	g.put(row+2, colD, cell{value: shown(b.Operator), style: inputCell, input: true})
	g.put(row+2, colE, cell{value: instant(b.Ended).value, style: inputDate, input: true})
	return row + 5
}

// digests lists the SHA-256 of everything the report was made from, in two columns.
func (b *book) digests(g *grid, row int) int {
	g.numberedSection(row, colB, colM, "Digests (SHA-256)")
	listed := [][2]string{{"configuration", b.ConfigDigest}, {"policies", b.PolicyDigest}}
	for _, s := range b.Sources {
		listed = append(listed, [2]string{"snapshot of " + s.Name, s.SnapshotDigest}, [2]string{"file read for " + s.Name, s.Coverage.Digest})
	}
	listed = append(listed, [2]string{"all row seals of this file", b.plan})
	listed = slices.DeleteFunc(listed, func(d [2]string) bool { return d[1] == "" })
	half := (len(listed) + 1) / 2
	for i, d := range listed {
		line, name, value := row+1+i%half, colB, colD
		if i >= half {
			name, value = colG, colJ
		}
		g.span(line, name, value-1, cell{value: shown(d[0]), style: label})
		g.span(line, value, digestEnd(value), cell{value: shown(d[1]), style: cellMonoSmall})
		g.fit(line, 15, label, d[0], g.width(name, value-1))
	}
	return row + 1 + half
}

// digestEnd is the last column of a digest that starts at col.
func digestEnd(col int) int {
	if col == colD {
		return colF
	}
	return colM
}

func (b *book) howToVerify(g *grid, row int) {
	verify := "Check this file: the run folder of " + Visible(b.Run) + " keeps the sealed snapshots that every row was made from, and its manifest the SHA-256 of this workbook; " +
		"the report written again from that folder by the same version of the tool has the same bytes. The marks above are live formulas: they change when a number does. " +
		"Yellow cells with blue text are yours to fill; every other cell of a row is covered by its seal."
	g.span(row, colB, colM, cell{value: verify, style: footnote})
	g.fit(row, 26, footnote, verify, g.width(colB, colM))
}
