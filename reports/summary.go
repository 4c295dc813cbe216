package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// summaryWidths are the columns of the Summary: a margin, then six tiles of two columns with a narrow gap between them.
var summaryWidths = [...]float64{1.8, 11.6, 11.6, 1.8, 11.6, 11.6, 1.8, 11.6, 11.6, 1.8, 11.6, 11.6, 1.8, 11.6, 11.6, 1.8, 11.6, 11.6}

const (
	firstCol   = 2
	lastCol    = len(summaryWidths)
	rightCol   = 11 // where the right half begins
	tileStride = 3
	chartRows  = 13
)

// summary writes the Summary: the finding as its title, six numbers, two charts and what to decide first.
func (b *book) summary(g *grid) error {
	g.band(firstCol, b.headline(b.tally), b.under())
	g.height(4, 8)
	b.tiles(g, 5)
	g.height(8, 8)
	row := b.heldStrip(g, b.strip(g, 9))
	if b.Refused != "" {
		return g.write()
	}
	data := b.chartData(row)
	b.drawCharts(g, row, data)
	row = b.decideFirst(g, row+data.rows+1)
	b.found(g, row+1)
	b.decided(g, row+1)
	b.systemsTable(g, data)
	b.runsTable(g, data)
	b.latenessTable(g, data.row+max(len(data.systems), len(data.runs), 1)+1, data.systems)
	return g.write()
}

// tile is one headline number.
type tile struct {
	label, note string
	value       any
	style       style
}

func (b *book) tiles(g *grid, row int) {
	t := b.tally
	tiles := []tile{
		{"People who have left", b.spreadWords(), b.Population.Ended + b.Population.Remembered, tileValue},
		b.onTimeTile(),
		{"Still enabled", b.delta(t.stillEnabled, func(p Totals) int64 { return p.StillEnabled }), t.stillEnabled, alarm(t.stillEnabled, tileValueBad)},
		{"Used after end", b.delta(t.kinds[reconcile.UsedAfterEnd], func(p Totals) int64 { return p.UsedAfterEnd }), t.kinds[reconcile.UsedAfterEnd],
			alarm(t.kinds[reconcile.UsedAfterEnd], tileValueBad)},
		{"Disabled late", fmt.Sprintf("%s not testable", count(t.results[NotTested])), t.results[Late], alarm(t.results[Late], tileValueLate)},
		{"Orphans", b.delta(t.kinds[reconcile.Orphan], func(p Totals) int64 { return p.Findings[reconcile.Orphan] }), t.kinds[reconcile.Orphan],
			alarm(t.kinds[reconcile.Orphan], tileValueLate)},
	}
	for i, c := range tiles {
		if b.Refused != "" {
			c.value, c.note, c.style = dash, "not tested", tileValue
		}
		from := firstCol + i*tileStride
		g.span(row, from, from+1, cell{value: c.label, style: tileLabel})
		g.span(row+1, from, from+1, cell{value: c.value, style: c.style})
		g.span(row+2, from, from+1, cell{value: c.note, style: tileNote})
	}
	g.height(row, 20)
	g.height(row+1, 34)
	g.height(row+2, 20)
}

// alarm colours a number when it is not zero.
func alarm(n int64, s style) style {
	if n == 0 {
		return tileValueGood
	}
	return s
}

func (b *book) spreadWords() string {
	return fmt.Sprintf("%s in %s", several(b.tally.lines[onTerminations], "account"), several(int64(len(b.tally.systems)), "system"))
}

func (b *book) onTimeTile() tile {
	share, passed, tested := b.tally.onTime()
	t := tile{label: "Removed on time", value: share, style: tileRatio, note: fmt.Sprintf("%s of %s tested", count(passed), count(tested))}
	if !b.Thresholds.RemovalStated {
		t.label, t.note = "Removed", t.note+"; no limit set"
	}
	if tested == 0 {
		t.value, t.note = dash, "nothing to test"
	}
	return t
}

// delta compares with the last accepted run.
func (b *book) delta(now int64, of func(Totals) int64) string {
	if len(b.Previous) == 0 {
		return "first run"
	}
	switch change := now - of(b.Previous[len(b.Previous)-1]); {
	case change > 0:
		return "▲ " + count(change) + " since last run"
	case change < 0:
		return "▼ " + count(-change) + " since last run"
	default:
		return "as in the last run"
	}
}

// strip says what was not tested; it returns the row of the charts.
func (b *book) strip(g *grid, row int) int {
	words := b.untested()
	if words == "" {
		return row
	}
	words = shown("Not fully tested:  " + words)
	g.span(row, firstCol, lastCol, cell{value: words, style: stripText})
	g.fit(row, 20, stripText, words, g.width(firstCol, lastCol))
	g.height(row+1, 8)
	return row + 2
}

// heldStrip says what keeps the plan from being carried out; it returns the row after it.
func (b *book) heldStrip(g *grid, row int) int {
	words := b.heldBack()
	if words == "" {
		return row
	}
	words = shown("Held back:  " + words)
	g.span(row, firstCol, lastCol, cell{value: words, style: stripText})
	g.fit(row, 20, stripText, words, g.width(firstCol, lastCol))
	g.height(row+1, 8)
	return row + 2
}

// heldBack names the limits that hold decisions, and why nothing of the plan may be carried out; empty for neither.
func (b *book) heldBack() string {
	if b.Plan == nil {
		return ""
	}
	var parts []string
	if n := b.tally.decisions[policies.Held]; n > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s due, until two people lift %s for this very plan, see sheet Plan", count(n),
			count(n+b.tally.decisions[policies.Due]), heldWords(b.Plan.Held)))
	}
	if b.Plan.Blocked != "" {
		parts = append(parts, strings.TrimRight(oneLine(b.Plan.Blocked), "."))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, "; ") + "."
}

func (b *book) untested() string {
	var parts []string
	if b.Refused != "" {
		parts = append(parts, "the run was refused: "+strings.TrimRight(oneLine(b.Refused), "."))
	}
	for _, g := range b.gaps() {
		if !g.source.Coverage.Verdict.Complete() && (g.what == wholeSource || g.what == partOfSource) {
			words := notRead(g.source)
			if n, known := g.count.Get(); known {
				words += fmt.Sprintf(", %s of %s records missing", count(n), count(g.source.Coverage.Claimed.Value))
			}
			parts = append(parts, fmt.Sprintf("%s, see sheet Coverage, row C-%02d", words, g.number))
		}
	}
	if n := b.tally.results[NotTested]; n > 0 {
		parts = append(parts, fmt.Sprintf("%s disabled at an unknown time", several(n, "account")))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, "; ") + "."
}

// decideFirst lists the rows that need somebody's decision first, with links to them.
func (b *book) decideFirst(g *grid, row int) int {
	g.section(row, firstCol, lastCol, "Needs a decision first")
	g.heads(row+1, []headCell{{2, 2, "Row", false}, {3, 3, "Severity", false}, {4, 5, "Person", false}, {6, 6, "System", false},
		{7, 9, "Account", false}, {10, 11, "Ended", false}, {12, 12, "Days late", true}, {13, lastCol, "Why it comes first", false}})
	row += 2
	for _, e := range b.tally.first {
		b.firstRow(g, row, e)
		row++
	}
	if len(b.tally.first) == 0 {
		words := shown(b.noneFound("Nothing needs a decision."))
		g.span(row, firstCol, lastCol, cell{value: words, style: cellText})
		g.fit(row, 18, cellText, words, g.width(firstCol, lastCol))
		row++
	}
	return row
}

func (b *book) firstRow(g *grid, row int, e entry) {
	sheet, at6 := b.place(sheetOf[e.home], e.seq)
	g.put(row, 2, cell{value: e.id(), style: link})
	g.links = append(g.links, [2]string{at(2, row), quoteSheet(sheet) + "!" + at(1, at6)})
	chip := severityCell(e)
	g.put(row, 3, chip)
	g.span(row, 4, 5, text(personName(e.Person)).as(cellText))
	g.put(row, 6, text(e.Account.System).as(cellText))
	g.span(row, 7, 9, text(e.Account.Login()).as(cellText))
	g.span(row, 10, 11, endCell(e).as(cellDate))
	late := text(dash)
	if e.home == onTerminations {
		late = factCount(e.DaysLate)
	}
	g.put(row, 12, late.as(cellPlainNumber))
	g.span(row, 13, lastCol, text(e.Why).as(cellText))
	for _, fit := range []struct {
		words    string
		from, to int
	}{{e.Why, 13, lastCol}, {personName(e.Person), 4, 5}, {e.Account.System, 6, 6}, {e.Account.Login(), 7, 9}} {
		g.fit(row, 17, cellText, shown(fit.words), g.width(fit.from, fit.to))
	}
}

// sheetOf names the sheet of each home.
var sheetOf = [homes]string{"Terminations", "Orphans", miskeyedSheet, "Dormant", "Ambiguous", "Other findings"}

// found counts every row of the report by kind, with the sheets that hold them. The orphans that are likely mis-keyed are
// counted once more below them, and not twice in the sum.
func (b *book) found(g *grid, row int) {
	g.section(row, firstCol, 9, "What was found")
	g.heads(row+1, []headCell{{2, 3, "Finding", false}, {4, 5, "Rows", true}, {6, 9, "On sheet", false}})
	row += 2
	line := func(words string, rows cell, sheet string, st style) {
		g.span(row, 2, 3, text(words).as(st))
		g.span(row, 4, 5, rows.as(cellPlainNumber))
		g.span(row, 6, 9, text(sheet).as(cellText))
		g.height(row, 16)
		row++
	}
	first, after := row, row
	for _, kind := range append(reconcile.Kinds(), reconcile.KindNone) {
		line(kindWords(kind), number(b.tally.kinds[kind]), sheetsOfKind(kind), cellText)
		if kind == reconcile.Orphan {
			line(ofThemMiskeyed, number(b.tally.lines[onMiskeyed]), miskeyedSheet, cellText)
			after = row
		}
	}
	sum := fmt.Sprintf("SUM(%s:%s,%s:%s)", at(4, first), at(4, after-2), at(4, after), at(4, row-1))
	line("all rows", formula(sum, b.tally.rows), "all sheets together", cellTextBold)
}

// ofThemMiskeyed is the head of the line below the orphans.
const ofThemMiskeyed = "    of them likely mis-keyed"

func sheetsOfKind(k reconcile.Kind) string {
	switch k {
	case reconcile.Contradiction:
		return "Terminations, Other findings"
	case reconcile.Disputed:
		return "Ambiguous"
	case reconcile.UsedAfterEnd, reconcile.LeaverActive:
		return "Terminations"
	case reconcile.Orphan:
		return "Orphans, " + miskeyedSheet
	case reconcile.Dormant, reconcile.NeverUsed:
		return "Dormant"
	case reconcile.KindNone:
		return "Terminations, Other findings"
	default:
		return "Other findings"
	}
}

// decided counts every row of the report by decision.
func (b *book) decided(g *grid, row int) {
	g.section(row, rightCol, lastCol, "What the policies say")
	g.heads(row+1, []headCell{{rightCol, 12, "Decision", false}, {13, 14, "Rows", true}, {15, lastCol, "Meaning", false}})
	meaning := map[policies.DecisionKind]string{policies.Due: "grace is over", policies.InGrace: "grace is running", policies.Held: "due, a limit holds it",
		policies.Keep: "approved to stay", policies.Excluded: "see sheet Exclusions", policies.ReportOnly: "for people to decide", policies.DecideNone: "nothing to decide"}
	row += 2
	first := row
	for _, kind := range policies.DecisionKinds() {
		g.span(row, rightCol, 12, text(strings.ReplaceAll(string(kind), "_", " ")).as(cellText))
		g.span(row, 13, 14, number(b.tally.decisions[kind]).as(cellPlainNumber))
		g.span(row, 15, lastCol, text(meaning[kind]).as(cellText))
		row++
	}
	g.span(row, rightCol, 12, text("all rows").as(cellTextBold))
	g.span(row, 13, 14, formula(fmt.Sprintf("SUM(%s:%s)", at(13, first), at(13, row-1)), b.tally.rows).as(cellPlainNumber))
	g.span(row, 15, lastCol, text("").as(cellText))
}

// chartData is what the two charts show, and where on the sheet it stands.
type chartData struct {
	systems []systemLine
	runs    []Totals
	// rows is how many rows the charts take; row is that of the first data line of both tables.
	rows, row int
}

type systemLine struct {
	name string
	systemTally
}

// Limits of what a chart can show.
const (
	chartSystems = 12
	chartRuns    = 12
)

// chartData collects the systems, worst first, and the last runs, oldest first. chartRow is the first row of the charts.
func (b *book) chartData(chartRow int) chartData {
	d := chartData{rows: chartRows}
	for _, name := range sortedKeys(b.tally.systems) {
		d.systems = append(d.systems, systemLine{name, *b.tally.systems[name]})
	}
	slices.SortStableFunc(d.systems, func(x, y systemLine) int {
		return cmp.Or(cmp.Compare(y.enabled, x.enabled), cmp.Compare(y.late, x.late), cmp.Compare(y.total(), x.total()))
	})
	if len(d.systems) > chartSystems {
		d.systems = gatherRest(d.systems)
	}
	if len(b.Previous) > 0 {
		d.runs = append(slices.Clone(b.Previous), b.totals(b.tally))
		d.runs = d.runs[max(0, len(d.runs)-chartRuns):]
	}
	if len(d.systems) == 0 && len(d.runs) == 0 {
		d.rows = 1
	}
	firstLines := max(1, len(b.tally.first))
	foundAt := chartRow + d.rows + 1 + 2 + firstLines + 1
	// Below its title and heads: the kinds, no finding, the mis-keyed, the sum, and two rows for the next title and heads.
	d.row = foundAt + 2 + len(reconcile.Kinds()) + 1 + 1 + 1 + 1 + 2
	return d
}

// gatherRest adds up the systems that the chart has no room for.
func gatherRest(all []systemLine) []systemLine {
	kept, rest := all[:chartSystems-1], systemLine{name: fmt.Sprintf("%d other systems", len(all)-chartSystems+1)}
	for _, s := range all[chartSystems-1:] {
		rest.onTime += s.onTime
		rest.late += s.late
		rest.unclear += s.unclear
		rest.enabled += s.enabled
		rest.lateness.merge(s.lateness)
	}
	return append(slices.Clone(kept), rest)
}

// systemsTable is the data of the first chart.
func (b *book) systemsTable(g *grid, d chartData) {
	g.section(d.row-2, firstCol, 9, "Accounts of people who left, by system")
	g.heads(d.row-1, []headCell{{2, 3, "System", false}, {4, 5, "Removed on time", true}, {6, 6, "Late", true}, {7, 8, "Disabled, unclear", true}, {9, 9, "Still enabled", true}})
	row := d.row
	for _, s := range d.systems {
		g.span(row, 2, 3, text(s.name).as(cellText))
		g.span(row, 4, 5, number(s.onTime).as(cellPlainNumber))
		g.put(row, 6, number(s.late).as(cellPlainNumber))
		g.span(row, 7, 8, number(s.unclear).as(cellPlainNumber))
		g.put(row, 9, number(s.enabled).as(cellPlainNumber))
		g.fit(row, 16, cellText, s.name, g.width(2, 3))
		row++
	}
	if len(d.systems) == 0 {
		words := shown(b.noneFound("No account of a person who left was found."))
		g.span(row, 2, 9, cell{value: words, style: cellText})
		g.fit(row, 16, cellText, words, g.width(2, 9))
	}
}

// runsTable is the data of the second chart.
func (b *book) runsTable(g *grid, d chartData) {
	g.section(d.row-2, rightCol, lastCol, "The last runs")
	g.heads(d.row-1, []headCell{{11, 11, "As of", false}, {12, 14, "Run", false}, {15, 15, "Sources", false}, {16, 17, "Still enabled", true}, {18, 18, "Used after end", true}})
	row := d.row
	for _, r := range d.runs {
		g.put(row, 11, utcDay(r.AsOf).as(cellDate))
		g.span(row, 12, 14, text(r.Run).as(cellText))
		g.span(row, 16, 17, number(r.StillEnabled).as(cellPlainNumber))
		g.put(row, 18, number(r.UsedAfterEnd).as(cellPlainNumber))
		words := "complete"
		if !r.Complete {
			words = "partial"
		}
		g.put(row, 15, text(words).as(cellText))
		g.fit(row, 16, cellText, r.Run, g.width(12, 14))
		row++
	}
	if len(d.runs) == 0 {
		g.span(row, rightCol, lastCol, cell{value: noTrend, style: cellText})
	}
}

const noTrend = "No trend yet: there is no earlier accepted run to compare with."

// most is the largest number of the second chart, for its axis.
func (d chartData) most() float64 {
	most := int64(0)
	for _, r := range d.runs {
		most = max(most, r.StillEnabled, r.UsedAfterEnd)
	}
	return math.Max(float64(most), 1)
}
