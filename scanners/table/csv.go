package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxRow is the longest row of a CSV file in bytes. A quote that is never closed would otherwise swallow the file.
const maxRow = 1 << 20

// csvGrid splits a text in UTF-8 into rows and fields. Quotes, doubled quotes, delimiters and line breaks inside quotes,
// CRLF, blanks after a delimiter and a missing final newline are read as RFC 4180 and its common dialects mean them.
// After a wrong quote it starts again on the next line; where that may be in the middle of a field, it has a doubt.
//
// Usual rows are cut by the marks of a window of the buffer, see usual.go. All others are split here, which says what is right.
type csvGrid struct {
	src   io.Reader
	delim []byte
	// separator is the first byte of what stands between the values of a cell.
	separator byte
	buf       []byte // with room for the marks of its last bytes behind it
	start     int    // of the unread bytes
	end       int
	eof       bool
	err       error // of src, other than io.EOF

	shape
	from   int   // of the current row
	lines  int64 // lines that the current row takes
	record []byte
	fields []field // the first of them, and all of an unusual row
	texts  arena
	doubt  string // the first reason for which following rows may be lost
	text   charset
	window window
}

// field is the place of one field in the record: without its quotes, with doubled quotes still doubled.
type field struct {
	from, to int
	doubled  bool
}

// newCSV splits what it reads from src. Separator stands between the values of a cell. The buffer grows when a row needs it.
func newCSV(src io.Reader, delim, separator string, text charset, buffer int) *csvGrid {
	g := &csvGrid{src: src, delim: []byte(delim), buf: newBuffer(buffer), text: text}
	if separator != "" {
		g.separator = separator[0]
	}
	g.wantFields(usualFields)
	return g
}

// newBuffer makes a buffer of n bytes and the room behind it.
func newBuffer(n int) []byte { return make([]byte, n, n+64) }

func (g *csvGrid) close() error { return nil }
func (g *csvGrid) row() *shape  { return &g.shape }
func (g *csvGrid) raw() string  { return strings.ToValidUTF8(string(g.record), "\uFFFD") }

func (g *csvGrid) doubts() []string {
	if g.doubt == "" {
		return nil
	}
	return []string{g.doubt}
}

// fill counts the fields that are not empty, up to 3.
func (g *csvGrid) fill() {
	g.filled = 0
	for i := 0; i < g.size; i++ {
		if i == len(g.fields) {
			g.splitAll()
		}
		f := &g.fields[i]
		if f.to > f.from && (plain(g.record[f.from]) || len(bytes.TrimSpace(g.record[f.from:f.to])) > 0) {
			if g.filled++; g.filled == 3 {
				return
			}
		}
	}
}

// pick makes one string of the span that holds all wanted fields and cuts the cells out of it.
func (g *csvGrid) pick(columns []int, into []cell) {
	low, high := len(g.record), 0
	for _, c := range columns {
		if c < 0 || c >= g.size {
			continue
		}
		if c >= len(g.fields) {
			g.splitAll()
		}
		low, high = min(low, g.fields[c].from), max(high, g.fields[c].to)
	}
	if low > high {
		low = high
	}
	span := g.texts.string(g.record[low:high])
	for i, c := range columns {
		if c < 0 || c >= g.size {
			into[i].setText("")
			continue
		}
		f := &g.fields[c]
		text := span[f.from-low : f.to-low]
		if g.window.holds && g.isWord(f) {
			into[i].setWord(text)
			continue
		}
		if f.doubled {
			text = strings.ReplaceAll(text, `""`, `"`)
		}
		into[i].setText(text)
	}
}

func (g *csvGrid) next() error {
	for {
		g.begin()
		if !g.usual() {
			if err := g.unusual(); err != nil {
				return err
			}
		}
		if g.fill(); g.wrong != nil || g.filled > 0 {
			return nil
		}
	}
}

// begin leaves the row before behind.
func (g *csvGrid) begin() {
	g.place = max(g.place+g.lines, 1)
	g.lines, g.wrong, g.cut = 1, nil, false
}

// check finds bytes that make the row as a whole unusable.
func (g *csvGrid) check() {
	switch {
	case g.wrong != nil:
	case bytes.IndexByte(g.buf[g.from:g.start], 0) >= 0:
		g.wrong = &defect{"", "a NUL byte in the row"}
	case !utf8.Valid(g.record):
		g.wrong = &defect{"", "bytes that are not UTF-8" + g.text.hint()}
	case g.text.decoded && bytes.Contains(g.record, []byte("\uFFFD")):
		g.wrong = &defect{"", "bytes that are not " + g.text.name}
	}
}

// unusual reads and splits the next record, blank or not.
func (g *csvGrid) unusual() error {
	g.window.holds = false
	consumed, err := g.lineEnd(0)
	if err != nil {
		return err
	}
	g.record = g.bytesUntil(consumed)
	if bytes.IndexByte(g.record, '"') < 0 {
		g.split()
	} else if consumed, err = g.splitQuoted(consumed); err != nil {
		return err
	}
	g.size = len(g.fields)
	g.from = g.start
	g.start += consumed
	g.check()
	return nil
}

// lineEnd gives the length up to and including the first newline at or after offset from g.start, or up to the end of the
// file. It returns io.EOF when nothing is left.
func (g *csvGrid) lineEnd(offset int) (int, error) {
	seen := offset
	for {
		if i := bytes.IndexByte(g.buf[g.start+seen:g.end], '\n'); i >= 0 {
			g.cut = false
			return seen + i + 1, nil
		}
		seen = g.end - g.start
		switch {
		case g.eof && g.err != nil:
			return 0, g.err
		case g.eof && seen > offset:
			g.cut = true
			return seen, nil
		case g.eof:
			return 0, io.EOF
		case seen > maxRow:
			return 0, broken("line %d is longer than %d bytes", g.place, maxRow)
		}
		g.more()
	}
}

// more reads further bytes into the buffer, making room first.
func (g *csvGrid) more() {
	if g.start > 0 {
		g.end = copy(g.buf, g.buf[g.start:g.end])
		g.start = 0
	}
	g.window.close()
	if g.end == len(g.buf) {
		full := g.buf
		g.buf = newBuffer(2 * len(full))
		copy(g.buf, full)
	}
	n, err := g.src.Read(g.buf[g.end:])
	g.end += n
	if err != nil {
		g.eof = true
		if !errors.Is(err, io.EOF) {
			g.err = err
		}
	}
}

// bytesUntil gives the next n bytes without the line end.
func (g *csvGrid) bytesUntil(n int) []byte {
	b := g.buf[g.start : g.start+n]
	if n > 0 && b[n-1] == '\n' {
		n--
	}
	if n > 0 && b[n-1] == '\r' {
		n--
	}
	return b[:n]
}

// split splits a record without quotes, at a delimiter of any length.
func (g *csvGrid) split() {
	from := 0
	g.fields = g.fields[:0]
	for {
		i := g.indexDelim(g.record[from:])
		if i < 0 {
			g.fields = append(g.fields, field{from: from, to: len(g.record)})
			return
		}
		g.fields = append(g.fields, field{from: from, to: from + i})
		from += i + len(g.delim)
	}
}

func (g *csvGrid) indexDelim(b []byte) int {
	if len(g.delim) == 1 {
		return bytes.IndexByte(b, g.delim[0])
	}
	return bytes.Index(b, g.delim)
}

// splitQuoted splits a record with quotes whose first line takes first bytes. It gives the number of bytes that the
// record takes in all.
func (g *csvGrid) splitQuoted(first int) (int, error) {
	length, at := first, 0
	g.fields = g.fields[:0]
	for {
		from, quoted := g.fieldStart(at)
		if !quoted {
			i := g.indexDelim(g.record[from:])
			if i < 0 {
				g.fields = append(g.fields, field{from: from, to: len(g.record)})
				return length, nil
			}
			g.fields = append(g.fields, field{from: from, to: from + i})
			at = from + i + len(g.delim)
			continue
		}
		f, after, err := g.quotedField(from, &length)
		if err != nil {
			return 0, err
		}
		if after < 0 {
			return g.wrongQuote(first), nil
		}
		g.fields = append(g.fields, f)
		if after == len(g.record) {
			return length, nil
		}
		at = after + len(g.delim)
	}
}

// fieldStart skips blanks before a quote. It gives where the content starts and whether it is quoted.
func (g *csvGrid) fieldStart(at int) (int, bool) {
	i := at
	for i < len(g.record) && isGap(g.record[i]) && !bytes.HasPrefix(g.record[i:], g.delim) {
		i++
	}
	if i < len(g.record) && g.record[i] == '"' {
		return i + 1, true
	}
	return at, false
}

// isGap reports whether b may stand between a delimiter and a quote.
func isGap(b byte) bool { return b == ' ' || b == '\t' }

// quotedField reads a field whose content starts at from, taking further lines as needed. It gives the place of the
// delimiter (or of the record's end) behind it, or -1 when the quotes are wrong.
func (g *csvGrid) quotedField(from int, length *int) (field, int, error) {
	f := field{from: from}
	for at := from; ; {
		i := bytes.IndexByte(g.record[at:], '"')
		if i < 0 {
			at = len(g.record)
			grown, err := g.extend(length)
			if err != nil || !grown {
				return f, -1, err
			}
			continue
		}
		at += i + 1
		if at < len(g.record) && g.record[at] == '"' {
			f.doubled = true
			at++
			continue
		}
		f.to = at - 1
		for at < len(g.record) && isGap(g.record[at]) && !bytes.HasPrefix(g.record[at:], g.delim) {
			at++
		}
		if at == len(g.record) || bytes.HasPrefix(g.record[at:], g.delim) {
			return f, at, nil
		}
		return f, -1, nil
	}
}

// extend adds the next line to the record. It reports false at the end of the file and beyond maxRow.
func (g *csvGrid) extend(length *int) (bool, error) {
	if *length > maxRow {
		return false, nil
	}
	end, err := g.lineEnd(*length)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	*length = end
	g.record = g.bytesUntil(end)
	g.lines++
	return true, nil
}

// wrongQuote gives up the record: its first line is the rejected row, and reading goes on with the next line. Unless the
// wrong quote is the last one of that line, the next line may be the middle of a field.
func (g *csvGrid) wrongQuote(first int) int {
	g.record = g.bytesUntil(first)
	g.fields, g.lines, g.cut = g.fields[:0], 1, false
	g.wrong = &defect{"", "a quote that is not closed, or with text behind its end"}
	if !closedBefore(g.record) && g.doubt == "" {
		g.doubt = fmt.Sprintf("line %d has a wrong quote, and the rows after it may have been read wrongly", g.place)
	}
	return first
}

// closedBefore reports whether the line has an even number of quotes, so that no field of it can reach into the next.
func closedBefore(line []byte) bool { return bytes.Count(line, []byte{'"'})%2 == 0 }
