package table

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
)

// row is one record of a file, reduced to the wanted columns.
type row struct {
	// cells holds one cell per wanted column. It is reused by the next read.
	cells []cell
	// defect says why the row as a whole cannot be used; nil when it can. Cells are then empty, but for those that are
	// readable without doubt.
	defect *defect
	// place is where the row stands, as a number in the reader's unit.
	place int64
}

// reader gives the rows of one file, whatever its format.
type reader interface {
	// read fills r with the next row. It returns io.EOF after the last, and a *brokenError when the file breaks off.
	read(r *row) error
	// unit is the word for a row's place: "line", "row", "record".
	unit() string
	// raw is the row read last as the file gave it, as text.
	raw() string
	// findings is what the reader learned of the file as a whole; valid after io.EOF.
	findings() findings
	// close frees what the reader holds.
	close() error
}

// findings is what a reader learned of its file.
type findings struct {
	// claimed is how many rows the file says it holds, claimedBy where it says so.
	claimed   scanners.Fact[int64]
	claimedBy string
	// doubts are the reasons for which rows may be missing.
	doubts []string
	// openEnded says that the last row has no line end.
	openEnded bool
	// sheet is the name of the sheet that was read.
	sheet string
}

// defect is why a row or a value cannot be used.
type defect struct{ field, reason string }

// brokenError means that the file ends or turns unreadable before its end. What was read before is good.
type brokenError struct{ why string }

func (e *brokenError) Error() string { return e.why }

// broken makes a *brokenError.
func broken(format string, args ...any) error { return &brokenError{fmt.Sprintf(format, args...)} }

// grid is a file of rows and numbered columns without a meaning yet.
type grid interface {
	// next moves to the next row that is not blank: io.EOF after the last, a *brokenError when the file breaks off.
	next() error
	// row is what the grid says of the row beside its cells. It stands in the same place for all rows.
	row() *shape
	// pick decodes the given columns; a column beyond the end of the row gives an empty cell.
	pick(columns []int, into []cell)
	// doubts are the reasons for which rows may have been lost so far.
	doubts() []string
	raw() string
	close() error
}

// shape is what a grid says of a row beside its cells.
type shape struct {
	place  int64   // number of the row's first line
	size   int     // of fields
	filled int     // fields that are not empty, counted up to 3
	wrong  *defect // why the row cannot be trusted, ragged rows aside
	cut    bool    // the row ends with the file, without a line end
}

// gridReader finds the header of a grid and reads the rows below it: it drops repeated headers and takes the last row
// for a control total when it says so.
type gridReader struct {
	grid    grid
	name    string // unit of place
	strict  bool   // rows must be as wide as the header
	header  []string
	columns []int // of each wanted column
	written bool  // the header is a row of the file
	found   findings

	held     *heldRow // a row that may be the trailer
	ahead    bool     // the grid already stands on the next row
	rawOf    string   // raw of a held row that was delivered
	fromHeld bool
}

// heldRow is a copy of a row that looks like a trailer.
type heldRow struct {
	row   row
	raw   string
	total int64
}

func (g *gridReader) unit() string { return g.name }
func (g *gridReader) close() error { return g.grid.close() }

func (g *gridReader) findings() findings {
	f := g.found
	f.doubts = append(f.doubts, g.grid.doubts()...)
	return f
}

func (g *gridReader) raw() string {
	if g.fromHeld {
		return g.rawOf
	}
	return g.grid.raw()
}

func (g *gridReader) read(r *row) error {
	g.fromHeld = false
	for {
		if g.ahead {
			g.ahead = false
		} else if err := g.grid.next(); err != nil {
			return g.finish(err)
		}
		if g.held != nil {
			g.deliverHeld(r)
			return nil
		}
		g.fill(r)
		if g.isHeader(r) {
			continue
		}
		is := g.grid.row()
		if is.wrong == nil && is.filled <= 2 {
			if total, ok := g.trailer(); ok {
				g.hold(r, total)
				continue
			}
		}
		if is.cut {
			g.suspectCut(r)
		}
		return nil
	}
}

// suspectCut notes that a last row without line end and with missing fields is a file cut off in mid-row. With all its
// fields the row counts, because many programs leave the last line end out; but its last value may be cut.
func (g *gridReader) suspectCut(r *row) {
	if r.defect != nil {
		g.found.doubts = append(g.found.doubts, fmt.Sprintf("the file ends in the middle of %s %d", g.name, r.place))
		return
	}
	g.found.openEnded = true
}

// finish ends the reading; a held row is the trailer now.
func (g *gridReader) finish(err error) error {
	if errors.Is(err, io.EOF) && g.held != nil {
		g.found.claimed = scanners.Known(g.held.total)
		g.found.claimedBy = fmt.Sprintf("the trailer in %s %d", g.name, g.held.row.place)
		g.held = nil
	}
	return err
}

func (g *gridReader) hold(r *row, total int64) {
	g.held = &heldRow{row: *r, raw: g.grid.raw(), total: total}
	g.held.row.cells = append([]cell(nil), r.cells...)
}

// deliverHeld gives out a row that looked like a trailer but was followed by another row.
func (g *gridReader) deliverHeld(r *row) {
	cells := append(r.cells[:0], g.held.row.cells...)
	*r = g.held.row
	r.cells = cells
	g.rawOf, g.fromHeld, g.held, g.ahead = g.held.raw, true, nil, true
}

// fill decodes the current row of the grid.
func (g *gridReader) fill(r *row) {
	is := g.grid.row()
	r.place, r.defect = is.place, is.wrong
	if r.defect == nil && g.strict && is.size != len(g.header) {
		r.defect = &defect{"", fmt.Sprintf("%d fields where the header has %d", is.size, len(g.header))}
	}
	if r.defect == nil {
		g.grid.pick(g.columns, r.cells)
		return
	}
	// Fields may be shifted; only the first one cannot be.
	for i, column := range g.columns {
		r.cells[i] = cell{}
		if column == 0 && g.strict && is.wrong == nil {
			g.grid.pick(g.columns[i:i+1], r.cells[i:i+1])
		}
	}
}

// isHeader reports whether the row repeats the header, as after a page break.
func (g *gridReader) isHeader(r *row) bool {
	if r.defect != nil || !g.written {
		return false
	}
	for i, column := range g.columns {
		if column < 0 {
			continue
		}
		if r.cells[i].kind != cellText || r.cells[i].text != g.header[column] {
			return false
		}
	}
	return true
}

// trailer reads the current row as a control total: one or two filled fields such as "Total: 1234" or "Total", "1234".
func (g *gridReader) trailer() (int64, bool) {
	cells := make([]cell, g.grid.row().size)
	g.grid.pick(upTo(len(cells)), cells)
	var words []string
	for i := range cells {
		if text := cells[i].display(); text != "" {
			words = append(words, text)
		}
	}
	return controlTotal(strings.Join(words, " "))
}

// upTo gives 0, 1, … n-1.
func upTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

// controlTotal reads texts such as "Total: 1,234", "Rows 12" and "Anzahl = 7".
func controlTotal(s string) (int64, bool) {
	word, rest, _ := strings.Cut(strings.NewReplacer(":", " ", "=", " ").Replace(s), " ")
	switch strings.ToLower(word) {
	case "total", "totals", "count", "rows", "records", "trailer", "trl", "summe", "gesamt", "anzahl":
	default:
		return 0, false
	}
	rest = strings.TrimSpace(rest)
	for _, unit := range []string{" rows", " records", " lines", " employees", " accounts"} {
		rest = strings.TrimSuffix(strings.ToLower(rest), unit)
	}
	if strings.HasPrefix(rest, "rows ") || strings.HasPrefix(rest, "records ") {
		_, rest, _ = strings.Cut(rest, " ")
	}
	n, err := strconv.ParseInt(strings.NewReplacer(",", "", ".", "", "'", "").Replace(strings.TrimSpace(rest)), 10, 64)
	return n, err == nil && n >= 0
}
