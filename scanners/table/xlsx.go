package table

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// sheetGrid reads the rows of one worksheet, hidden ones included, as they stand in the file.
type sheetGrid struct {
	book *workbook
	part io.ReadCloser
	d    *xml.Decoder
	shape
	column int
	cells  []cell
	count  int64
	closed bool // the end of the rows was seen
	// below is the row of the header, wanted the columns that are read, merged the cells that were merged among them.
	below  int64
	wanted []int
	merged []string
}

// openXLSX prepares a workbook.
func openXLSX(src io.ReaderAt, size int64, s *settings) (reader, error) {
	book, err := openWorkbook(src, size)
	if err != nil {
		return nil, err
	}
	chosen, err := book.choose(s.sheet)
	if err != nil {
		return nil, err
	}
	probe, err := book.grid(chosen)
	if err != nil {
		return nil, err
	}
	defer probe.close()
	head, err := s.findHeader(probe)
	if err != nil {
		return nil, err
	}
	g, err := book.grid(chosen)
	if err != nil {
		return nil, err
	}
	for range head.skip {
		if err := g.next(); err != nil {
			return nil, err
		}
	}
	g.below, g.wanted = g.place, head.columns
	return &gridReader{grid: g, name: "row", header: head.names, columns: head.columns, written: !s.noHeader, found: findings{sheet: chosen.name}}, nil
}

// choose gives the named sheet, or the only one that is not empty.
func (w *workbook) choose(name string) (sheet, error) {
	var names []string
	var filled []sheet
	for _, s := range w.sheets {
		if name != "" && s.name == name {
			return s, nil
		}
		names = append(names, s.name)
		g, err := w.grid(s)
		if err != nil {
			return sheet{}, err
		}
		err = g.next()
		_ = g.close()
		if err == nil {
			filled = append(filled, s)
		} else if !errors.Is(err, io.EOF) {
			return sheet{}, err
		}
	}
	switch {
	case name != "":
		near, _ := nearest(name, names)
		return sheet{}, configError("set sheet: to one of them", "no sheet %q (%q may be meant); there are %s", name, near, quoted(names))
	case len(filled) == 0:
		return sheet{}, errEmpty
	case len(filled) > 1:
		return sheet{}, configError("add `sheet:` with the name of one", "several sheets have rows: %s", quoted(sheetNames(filled)))
	}
	return filled[0], nil
}

func sheetNames(sheets []sheet) []string {
	names := make([]string, len(sheets))
	for i, s := range sheets {
		names[i] = s.name
	}
	return names
}

func (w *workbook) grid(s sheet) (*sheetGrid, error) {
	part, err := w.open(s.part)
	if err != nil {
		return nil, err
	}
	return &sheetGrid{book: w, part: part, d: xml.NewDecoder(part)}, nil
}

func (g *sheetGrid) close() error { return g.part.Close() }
func (g *sheetGrid) row() *shape  { return &g.shape }

func (g *sheetGrid) doubts() []string {
	if g.merged == nil {
		return nil
	}
	return []string{fmt.Sprintf("cells are merged across rows (%s), so only the first row has their value\nhint: undo the merging where the file is made",
		strings.Join(g.merged, ", "))}
}

// measure counts the cells, and up to 3 that are not empty.
func (g *sheetGrid) measure() {
	g.size, g.filled = len(g.cells), 0
	for i := range g.cells {
		if g.cells[i].kind != cellEmpty {
			if g.filled++; g.filled == 3 {
				break
			}
		}
	}
}

func (g *sheetGrid) pick(columns []int, into []cell) {
	for i, c := range columns {
		into[i] = cell{}
		if c >= 0 && c < len(g.cells) {
			into[i] = g.cells[c]
		}
	}
}

// raw shows the row as a line of tab-separated values.
func (g *sheetGrid) raw() string {
	texts := make([]string, len(g.cells))
	for i := range g.cells {
		texts[i] = g.cells[i].display()
	}
	return strings.Join(texts, "\t")
}

func (g *sheetGrid) next() error {
	for {
		e, err := g.element("row")
		if err != nil {
			return err
		}
		if err := g.readRow(e); err != nil {
			return err
		}
		if g.measure(); g.wrong != nil || g.filled > 0 {
			return nil
		}
	}
}

// element moves to the next start of the named element; io.EOF after the end of the rows.
func (g *sheetGrid) element(name string) (xml.StartElement, error) {
	for {
		token, err := g.d.Token()
		switch {
		case errors.Is(err, io.EOF) && g.closed:
			return xml.StartElement{}, io.EOF
		case err != nil:
			return xml.StartElement{}, xmlError("worksheet", noEOF(err))
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == name {
				return t, nil
			}
		case xml.EndElement:
			if t.Name.Local == "sheetData" {
				g.closed = true
				g.readMerged()
				return xml.StartElement{}, io.EOF
			}
		}
	}
}

// readMerged finds, behind the rows, which cells of several rows were merged into one. What cannot be read there holds no row.
func (g *sheetGrid) readMerged() {
	for g.wanted != nil && len(g.merged) < maxNamed {
		token, err := g.d.Token()
		if err != nil {
			return
		}
		t, ok := token.(xml.StartElement)
		if !ok || t.Name.Local != "mergeCell" {
			continue
		}
		from, to, _ := strings.Cut(attribute(t, "ref"), ":")
		if last := rowOf(to); last <= g.below || last == rowOf(from) {
			continue
		}
		if slices.ContainsFunc(g.wanted, func(c int) bool { return c >= columnOf(from) && c <= columnOf(to) }) {
			g.merged = append(g.merged, from+":"+to)
		}
	}
}

// rowOf is the row of a reference such as B7; 0 when it has none.
func rowOf(ref string) int64 {
	n, err := strconv.ParseInt(strings.TrimLeft(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// readRow reads the cells of one row.
func (g *sheetGrid) readRow(e xml.StartElement) error {
	before := g.place
	g.place, g.column, g.wrong, g.cells = g.place+1, 0, nil, g.cells[:0]
	if r := attribute(e, "r"); r != "" {
		n, err := strconv.ParseInt(r, 10, 64)
		if err != nil || n <= before || n > maxRows {
			return broken("row number %q after row %d", r, before)
		}
		g.place = n
	}
	for {
		token, err := g.d.Token()
		if err != nil {
			return xmlError("worksheet", noEOF(err))
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == "c" {
				err = g.readCell(t)
			} else {
				err = g.d.Skip()
			}
			if err != nil {
				return xmlError("worksheet", noEOF(err))
			}
		case xml.EndElement:
			return nil
		}
	}
}

// readCell reads one cell. A formula counts by the value that the program which wrote the file last saw; a formula
// without one makes the row unusable.
func (g *sheetGrid) readCell(e xml.StartElement) error {
	if g.count++; g.count > maxCells {
		return fmt.Errorf("more than %d cells\nhint: export the rows as CSV", maxCells)
	}
	column := g.column
	if ref := attribute(e, "r"); ref != "" {
		column = columnOf(ref)
	}
	if column < g.column || column >= maxColumns {
		return broken("cell %q of row %d is out of order", attribute(e, "r"), g.place)
	}
	g.column = column + 1
	var value, inline string
	var hasValue, formula bool
	for {
		token, err := g.d.Token()
		if err != nil {
			return noEOF(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "v":
				value, err = richTextOf(g.d)
				hasValue = true
			case "is":
				inline, err = richText(g.d)
			case "f":
				formula = true
				err = g.d.Skip()
			default:
				err = g.d.Skip()
			}
			if err != nil {
				return err
			}
		case xml.EndElement:
			if formula && !hasValue && g.wrong == nil {
				g.wrong = &defect{"", fmt.Sprintf("cell %s holds a formula without its value\nhint: open the file in a spreadsheet program and save it, or export values", attribute(e, "r"))}
			}
			c, err := g.typed(attribute(e, "t"), attribute(e, "s"), value, inline)
			if err != nil {
				return err
			}
			if g.isDated(c, attribute(e, "t"), attribute(e, "s")) {
				c.dated = referenceOf(column, g.place)
			}
			g.set(column, c)
			return nil
		}
	}
}

// isDated reports whether a cell is shown as a date. A text is not, whatever its format: only numbers and the type d are.
func (g *sheetGrid) isDated(c cell, kind, style string) bool {
	return c.kind == cellSerial && g.book.style(style).dated || kind == "d"
}

// set puts a cell into its column.
func (g *sheetGrid) set(column int, c cell) {
	if c.kind == cellEmpty {
		return
	}
	for len(g.cells) <= column {
		g.cells = append(g.cells, cell{})
	}
	g.cells[column] = c
}

// richTextOf is the character data up to the end of the element that d is in.
func richTextOf(d *xml.Decoder) (string, error) {
	var text string
	for {
		token, err := d.Token()
		if err != nil {
			return "", noEOF(err)
		}
		switch t := token.(type) {
		case xml.CharData:
			text += string(t)
		case xml.StartElement:
			if err := d.Skip(); err != nil {
				return "", noEOF(err)
			}
		case xml.EndElement:
			return text, nil
		}
	}
}

// typed gives the cell that a value means by its type attribute.
func (g *sheetGrid) typed(kind, style, value, inline string) (cell, error) {
	switch kind {
	case "s":
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || n < 0 || n >= len(g.book.shared) {
			return cell{}, broken("row %d refers to text %q, which the workbook does not have", g.place, value)
		}
		return textCell(g.book.shared[n]), nil
	case "inlineStr":
		return textCell(inline), nil
	case "str":
		return textCell(unescape(value)), nil
	case "e":
		return cell{kind: cellError, text: value}, nil
	case "b":
		return boolCell(value == "1"), nil
	case "d":
		return textCell(value), nil
	}
	return g.numberCell(style, strings.TrimSpace(value)), nil
}

func boolCell(b bool) cell { return cell{kind: cellBool, text: strconv.FormatBool(b)} }

// numberCell is a number with the date that it means as a serial number. A style of zeros alone makes it text.
func (g *sheetGrid) numberCell(style, value string) cell {
	if value == "" {
		return cell{}
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return cell{kind: cellText, text: value}
	}
	if padding := g.book.style(style).padding; padding > 0 && allDigits(value) {
		return cell{kind: cellText, text: strings.Repeat("0", max(0, padding-len(value))) + value}
	}
	c := cell{kind: cellSerial, text: value}
	if at, ok := serialTime(n, g.book.from1904); ok {
		c.at = at
	}
	return c
}

// referenceOf is the name of a cell, such as "AB12"; columns count from 0.
func referenceOf(column int, row int64) string {
	letters := ""
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		letters = string(rune('A'+(n-1)%26)) + letters
	}
	return letters + strconv.FormatInt(row, 10)
}

// columnOf is the number of the column in a reference such as "AB12", from 0; maxColumns when it is none.
func columnOf(ref string) int {
	n := 0
	for i := range len(ref) {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		if n = n*26 + int(c-'A') + 1; n > maxColumns {
			return maxColumns
		}
	}
	if n == 0 {
		return maxColumns
	}
	return n - 1
}
