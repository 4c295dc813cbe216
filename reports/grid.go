package reports

import (
	"fmt"
	"maps"
	"slices"

	"github.com/xuri/excelize/v2"
)

// grid is a sheet that is laid out cell by cell: the Control sheet and the Summary. Cells may come in any order.
type grid struct {
	book    *book
	sheet   string
	widths  []float64
	cells   map[int]map[int]cell
	heights map[int]float64
	merges  [][4]int
	// rich replaces the value of a cell by a text whose first words stand out.
	rich   map[string][]excelize.RichTextRun
	links  [][2]string
	checks []string
	charts []placedChart
	last   int
	// numbered counts the numbered sections.
	numbered int
}

type placedChart struct {
	cell  string
	chart *excelize.Chart
}

func (b *book) newGrid(sheet string, widths []float64) (*grid, error) {
	g := &grid{book: b, sheet: sheet, widths: widths, cells: map[int]map[int]cell{}, heights: map[int]float64{},
		rich: map[string][]excelize.RichTextRun{}}
	return g, b.addSheet(sheet)
}

// put places a cell; row and column count from 1.
func (g *grid) put(row, col int, c cell) {
	if g.cells[row] == nil {
		g.cells[row] = map[int]cell{}
	}
	g.cells[row][col] = c
	g.last = max(g.last, row)
}

// span places a cell over several columns. The cells under it keep the look and stay without a value.
func (g *grid) span(row, from, to int, c cell) {
	g.put(row, from, c)
	for col := from + 1; col <= to; col++ {
		g.put(row, col, cell{style: c.style})
	}
	if to > from {
		g.merges = append(g.merges, [4]int{from, row, to, row})
	}
}

// blank gives a run of cells a look.
func (g *grid) blank(row, from, to int, s style) {
	for col := from; col <= to; col++ {
		g.put(row, col, cell{style: s})
	}
}

func (g *grid) height(row int, points float64) {
	g.heights[row] = points
	g.last = max(g.last, row)
}

// width is the width of the columns from to to together.
func (g *grid) width(from, to int) float64 {
	w := 0.0
	for col := from; col <= to; col++ {
		w += g.widths[col-1]
	}
	return w
}

// tallest is what a row may measure; a spreadsheet allows little more.
const tallest = 400

// fit makes row high enough for the text of a cell that is width wide, and at least points high.
func (g *grid) fit(row int, points float64, s style, value string, width float64) {
	n := looks[s].lines(value, width)
	size := max(looks[s].size, 10)
	g.height(row, min(max(g.heights[row], points, float64(n)*size*1.3+4), tallest))
}

// band writes the title, the line under it and the gold rule into rows 1 to 3.
func (g *grid) band(from int, title, note string) {
	to := len(g.widths)
	for row, style := range map[int]style{1: bandTitle, 2: bandNote, 3: bandRule} {
		g.blank(row, from, to, style)
	}
	g.put(1, from, cell{value: title, style: bandTitle})
	g.put(2, from, cell{value: note, style: bandNote})
	g.height(1, 34)
	g.height(2, 20)
	g.height(3, 3)
}

// section writes a section title with a navy line under it.
func (g *grid) section(row, from, to int, title string) {
	g.blank(row, from, to, section)
	g.put(row, from, cell{value: title, style: section})
	g.height(row, 22)
}

// numberedSection writes a section title with its number.
func (g *grid) numberedSection(row, from, to int, title string) {
	g.numbered++
	g.height(row-1, 8)
	g.section(row, from, to, fmt.Sprintf("%d  %s", g.numbered, title))
}

// check writes a live mark that says whether two numbers are equal, and its state now.
func (g *grid) check(row, col int, condition string, holds bool) {
	c := formula(fmt.Sprintf(`IF(%s,"✓ ties","✗ differs")`, condition), "✓ ties").as(checkGood)
	if !holds {
		c.value, c.style = "✗ differs", checkBad
	}
	g.put(row, col, c)
	g.checks = append(g.checks, at(col, row))
}

// tall reports whether the sheet is too high for one page of its width.
func (g *grid) tall() bool {
	points := 0.0
	for row := 1; row <= g.last; row++ {
		points += max(g.heights[row], 15)
	}
	return points > 0.82*5.6*g.width(1, len(g.widths))
}

// write streams the sheet out.
func (g *grid) write() error {
	a := area{sheet: g.sheet, columns: len(g.widths), rows: g.last, printed: len(g.widths), paper: paperA4, onePage: !g.tall()}
	out, err := g.book.openSheet(a)
	if err != nil {
		return err
	}
	for i, w := range g.widths {
		if err := out.SetColWidth(i+1, i+1, w); err != nil {
			return err
		}
	}
	if err := g.furnish(out); err != nil {
		return err
	}
	for row := 1; row <= g.last; row++ {
		if err := g.writeRow(out, row); err != nil {
			return err
		}
	}
	return out.Flush()
}

func (g *grid) writeRow(out *excelize.StreamWriter, row int) error {
	line := make([]any, len(g.widths))
	for _, col := range slices.Sorted(maps.Keys(g.cells[row])) {
		c := &excelize.Cell{}
		g.book.styles.excel(c, g.cells[row][col])
		if runs := g.rich[at(col, row)]; runs != nil {
			c.Value = runs
		}
		line[col-1] = c
	}
	return out.SetRow(at(1, row), line, excelize.RowOpts{Height: g.heights[row]})
}

// furnish adds merges, links, charts and the formats that turn a broken check red.
func (g *grid) furnish(out *excelize.StreamWriter) error {
	for _, m := range g.merges {
		if err := out.MergeCell(at(m[0], m[1]), at(m[2], m[3])); err != nil {
			return err
		}
	}
	for _, l := range g.links {
		if err := g.book.file.SetCellHyperLink(g.sheet, l[0], l[1], "Location"); err != nil {
			return err
		}
	}
	for _, c := range g.charts {
		if err := g.book.file.AddChart(g.sheet, c.cell, c.chart); err != nil {
			return err
		}
	}
	return g.watch()
}

// watch colours a check red when its formula says so after a change.
func (g *grid) watch() error {
	if len(g.checks) == 0 {
		return nil
	}
	bad, err := g.book.file.NewConditionalStyle(&excelize.Style{Font: &excelize.Font{Bold: true, Color: red},
		Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{redSoft}}})
	if err != nil {
		return err
	}
	for _, c := range g.checks {
		rule := []excelize.ConditionalFormatOptions{{Type: "cell", Criteria: "==", Value: `"✗ differs"`, Format: &bad}}
		if err := g.book.file.SetConditionalFormat(g.sheet, c, rule); err != nil {
			return err
		}
	}
	return nil
}
