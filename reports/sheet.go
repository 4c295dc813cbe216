package reports

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"strings"

	"github.com/xuri/excelize/v2"
)

// A table sheet has the title in row 1, a note in row 2, the gold rule in row 3, groups of columns in row 4, column heads
// in row 5 and data from row 6.
const (
	groupRow  = 4
	headRow   = 5
	firstRow  = 6
	maxRows   = 1_048_576
	maxParts  = 16
	rowHeight = 16
	lineUnit  = 13
)

// column declares one column of a table sheet.
type column[T any] struct {
	head  string
	width float64
	// value makes the cell of a row.
	value func(T) cell
	// group starts a coloured band over this and the following columns.
	group string
	// style of the head; zero is the usual one.
	style style
	// aside marks columns that are not printed: the first of them and all after it.
	aside bool
}

// table declares a sheet: a new sheet is a new declaration.
type table[T any] struct {
	name, title, note string
	// none is what the sheet says when it has no row; it names the coverage that it rests on.
	none    string
	columns []column[T]
	// frozen is the number of columns that stay in view.
	frozen int
	lines  int64
	// sealed adds the column "Row seal"; choices are the words that the column "Decision" takes.
	sealed  bool
	choices []string
	// id is the row id that the seal covers.
	id func(T) string
}

// sheetWriter fills the sheet or sheets of one table.
type sheetWriter[T any] struct {
	book  *book
	table table[T]
	names []string
	part  int
	row   int
	left  int64
	out   *excelize.StreamWriter
	cells []excelize.Cell
	line  []any
	// seals covers every seal of the table, in order.
	seals hash.Hash
}

// decisionHead is the head of the column that takes a decision, and sealHead that of the last column of sealed tables.
const (
	decisionHead = "Decision"
	sealHead     = "Row seal"
)

// create makes the empty sheets of a table, in the order in which it is called.
func create[T any](b *book, t table[T]) (*sheetWriter[T], error) {
	names, err := b.addSheets(t.name, t.lines)
	if err != nil {
		return nil, err
	}
	if t.sealed {
		t.columns = append(t.columns, column[T]{head: sealHead, width: 20, aside: true})
	}
	w := &sheetWriter[T]{book: b, table: t, names: names, part: -1, seals: sha256.New(),
		cells: make([]excelize.Cell, len(t.columns)), line: make([]any, len(t.columns))}
	for i := range w.cells {
		w.line[i] = &w.cells[i]
	}
	return w, w.next()
}

// next finishes the current sheet and starts the one after it.
func (w *sheetWriter[T]) next() error {
	if err := w.finish(); err != nil {
		return err
	}
	w.part++
	w.left = min(w.book.rowLimit-headRow, w.table.lines-int64(w.part)*(w.book.rowLimit-headRow))
	w.row = firstRow
	sheet := w.names[w.part]
	if err := w.setUp(sheet); err != nil {
		return fmt.Errorf("sheet %q: %w", sheet, err)
	}
	if err := w.heads(); err != nil {
		return fmt.Errorf("sheet %q: %w", sheet, err)
	}
	return nil
}

// setUp does everything that has to come before the first row.
func (w *sheetWriter[T]) setUp(sheet string) error {
	last := max(int(w.left), 1) + headRow
	area := area{sheet: sheet, columns: len(w.table.columns), rows: last, printed: w.printed(), repeat: headRow, paper: paperA3, across: w.across(), beside: w.table.frozen}
	out, err := w.book.openSheet(area)
	if err != nil {
		return err
	}
	w.out = out
	for i, c := range w.table.columns {
		if err := out.SetColWidth(i+1, i+1, c.width); err != nil {
			return err
		}
	}
	return out.SetPanes(&excelize.Panes{Freeze: true, XSplit: w.table.frozen, YSplit: headRow,
		TopLeftCell: at(w.table.frozen+1, firstRow), ActivePane: "bottomRight",
		Selection: []excelize.Selection{{SQRef: at(w.table.frozen+1, firstRow), ActiveCell: at(w.table.frozen+1, firstRow), Pane: "bottomRight"}}})
}

// pageWidth is what one page shows at a size that can be read, in the unit of column widths. The widest sheet of fixed columns
// stays on one page.
const pageWidth = 420

// across is the number of pages side by side that the printed columns need.
func (w *sheetWriter[T]) across() int {
	width := 0.0
	for _, c := range w.table.columns[:w.printed()] {
		width += c.width
	}
	return int(math.Ceil(width / pageWidth))
}

// printed is the number of columns in the print area.
func (w *sheetWriter[T]) printed() int {
	for i, c := range w.table.columns {
		if c.aside {
			return i
		}
	}
	return len(w.table.columns)
}

// heads writes rows 1 to 5.
func (w *sheetWriter[T]) heads() error {
	title := w.table.title
	if len(w.names) > 1 {
		title += fmt.Sprintf(" (part %d of %d)", w.part+1, len(w.names))
	}
	bands := []struct {
		value  string
		style  style
		height float64
	}{{title, bandTitle, 34}, {w.table.note, bandNote, 20}, {"", bandRule, 3}}
	for i, band := range bands {
		w.fill(band.style)
		if band.value != "" {
			w.cells[0].Value = band.value
		}
		if err := w.out.SetRow(at(1, i+1), w.line, excelize.RowOpts{Height: band.height}); err != nil {
			return err
		}
	}
	if err := w.groups(); err != nil {
		return err
	}
	for i, c := range w.table.columns {
		st := c.style
		if st == body {
			st = head
		}
		w.book.styles.excel(&w.cells[i], cell{value: c.head, style: st})
	}
	return w.out.SetRow(at(1, headRow), w.line, excelize.RowOpts{Height: 30})
}

// groups writes the coloured bands over the heads.
func (w *sheetWriter[T]) groups() error {
	st, second := groupFirst, true
	for i, c := range w.table.columns {
		w.cells[i] = excelize.Cell{}
		if c.group != "" {
			if second = !second; second {
				st = groupSecond
			} else {
				st = groupFirst
			}
			if c.style == headInput {
				st = groupInput
			}
			w.cells[i].Value = c.group
		}
		w.cells[i].StyleID = w.book.styles.ids[st]
	}
	return w.out.SetRow(at(1, groupRow), w.line, excelize.RowOpts{Height: 15})
}

func (w *sheetWriter[T]) fill(st style) {
	for i := range w.cells {
		w.cells[i] = excelize.Cell{StyleID: w.book.styles.ids[st]}
	}
}

// add writes one row.
func (w *sheetWriter[T]) add(x T) error {
	if w.left == 0 {
		if err := w.next(); err != nil {
			return err
		}
	}
	w.left--
	lines := 1
	seal := w.sealer(x)
	for i, c := range w.table.columns {
		if c.value == nil {
			w.book.styles.excel(&w.cells[i], cell{value: seal.sum(), style: mono})
			continue
		}
		v := c.value(x)
		w.book.styles.excel(&w.cells[i], v)
		if s, ok := v.value.(string); ok && looks[v.style].wrap {
			lines = max(lines, looks[v.style].lines(s, c.width))
		}
		if !v.input {
			seal.add(v.canon)
		}
	}
	height := min(float64(rowHeight+(lines-1)*lineUnit), tallest)
	err := w.out.SetRow(at(1, w.row), w.line, excelize.RowOpts{Height: height})
	w.row++
	return err
}

// close finishes the table; a table without rows says so.
func (w *sheetWriter[T]) close() error {
	if w.table.lines == 0 {
		if err := w.state(w.table.none); err != nil {
			return err
		}
	}
	return w.finish()
}

// state writes one sentence instead of rows.
func (w *sheetWriter[T]) state(sentence string) error {
	sentence = shown(sentence)
	w.fill(statement)
	w.cells[0].Value = sentence
	width := 0.0
	for _, c := range w.table.columns[:w.printed()] {
		width += c.width
	}
	height := min(12+15*float64(looks[statement].lines(sentence, width)), tallest)
	if err := w.out.MergeCell(at(1, firstRow), at(w.printed(), firstRow)); err != nil {
		return err
	}
	return w.out.SetRow(at(1, firstRow), w.line, excelize.RowOpts{Height: height})
}

// finish adds what belongs to the whole sheet and ends it.
func (w *sheetWriter[T]) finish() error {
	if w.out == nil {
		return nil
	}
	out, sheet := w.out, w.names[w.part]
	w.out = nil
	if w.row > firstRow {
		if err := w.furnish(out, sheet); err != nil {
			return fmt.Errorf("sheet %q: %w", sheet, err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("sheet %q: %w", sheet, err)
	}
	return nil
}

func (w *sheetWriter[T]) furnish(out *excelize.StreamWriter, sheet string) error {
	columns := len(w.table.columns)
	all := at(1, headRow) + ":" + at(columns, w.row-1)
	off := false
	err := out.AddTable(&excelize.Table{Range: all, Name: tableName(sheet), ShowRowStripes: &off})
	if err != nil {
		return err
	}
	if err := w.book.file.AddIgnoredErrors(sheet, all, excelize.IgnoredErrorsNumberStoredAsText); err != nil {
		return err
	}
	for i, c := range w.table.columns {
		if c.head != decisionHead || len(w.table.choices) == 0 {
			continue
		}
		return w.offer(sheet, at(i+1, firstRow)+":"+at(i+1, w.row-1))
	}
	return nil
}

// offer makes the decision cells a list to choose from.
func (w *sheetWriter[T]) offer(sheet, cells string) error {
	list := excelize.NewDataValidation(true)
	list.Sqref = cells
	if err := list.SetDropList(w.table.choices); err != nil {
		return err
	}
	list.SetInput(decisionHead, "Choose one, and give approver and reason. Blank means no decision.")
	list.SetError(excelize.DataValidationErrorStyleStop, "Not a decision", "Choose one of: "+strings.Join(w.table.choices, ", ")+".")
	return w.book.file.AddDataValidation(sheet, list)
}

// tableName turns a sheet name into the name of its table object.
func tableName(sheet string) string {
	return "tbl" + strings.NewReplacer(" ", "_", "-", "_").Replace(sheet)
}

// sealer hashes what a row says.
type sealer struct {
	row, all hash.Hash
}

// sealer starts the seal of x: a SHA-256 over the run, the sheet, the row id and the canonical text of every cell that is
// not for input, each with its length before it. The seal locates a change; it is no secret and no signature.
func (w *sheetWriter[T]) sealer(x T) sealer {
	if !w.table.sealed {
		return sealer{}
	}
	s := sealer{row: sha256.New(), all: w.seals}
	s.add(w.book.Run)
	s.add(w.table.name)
	s.add(w.table.id(x))
	return s
}

func (s sealer) add(canon string) {
	if s.row != nil {
		fmt.Fprintf(s.row, "%d:%s,", len(canon), canon)
	}
}

// sum ends the seal: 16 hexadecimal digits in groups of four.
func (s sealer) sum() string {
	digest := s.row.Sum(nil)
	_, _ = s.all.Write(digest)
	return grouped(hex.EncodeToString(digest[:8]))
}

// at is the reference of a cell, both numbers from 1.
func at(col, row int) string {
	name, err := excelize.CoordinatesToCellName(col, row)
	if err != nil {
		panic(err) // The numbers come from this package, never from data.
	}
	return name
}

// quoteSheet is a sheet name as formulas and links write it.
func quoteSheet(name string) string { return "'" + name + "'" }
