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
		row = b.decisionBridge(g, row+1)
	}
	row = b.limitsTable(g, row+1)
	row = b.gatesTable(g, row+1)
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
	if b.Planned != nil {
		schedules, runs := b.Planned.plannedWords()
		pairs = append(pairs, [4]string{"Schedules", schedules, "Planned runs", runs})
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
	// Two tables may stand side by side.
	g.height(row, max(g.heights[row], high))
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
	if b.LogRoot != "" {
		listed = append(listed, [2]string{fmt.Sprintf("audit log before this run, %d records (root hash, base64)", b.LogSize), b.LogRoot})
	}
	if b.Plan != nil {
		listed = append(listed, [2]string{"items of the plan", b.Plan.Digest})
	}
	for _, s := range b.Sources {
		listed = append(listed, [2]string{"snapshot of " + s.Name, s.SnapshotDigest}, [2]string{"file read for " + s.Name, s.Coverage.Digest})
	}
	listed = append(listed, [2]string{"all row seals of this file", b.seals})
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
