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
type csvGrid struct {
	src   io.Reader
	delim []byte
	buf   []byte
	start int // of the unread bytes
	end   int
	eof   bool
	err   error // of src, other than io.EOF

	from      int // of the current row
	nextNUL   int // there is none in buf from where this was looked for until here
	nextQuote int // the same of quotes

	line   int64 // number of the current row's first line
	lines  int64 // lines that the current row takes
	record []byte
	fields []field
	ascii  bool // the record is known to be ASCII
	texts  arena
	wrong  *defect
	doubt  string // the first reason for which following rows may be lost
	text   charset
	cutOff bool // the current row ends with the file, without a newline
}

// field is the place of one field in the record: without its quotes, with doubled quotes still doubled.
type field struct {
	from, to int
	doubled  bool
}

// newCSV splits what it reads from src. The buffer grows when a row needs it.
func newCSV(src io.Reader, delim string, text charset, buffer int) *csvGrid {
	return &csvGrid{src: src, delim: []byte(delim), buf: make([]byte, buffer), text: text}
}

func (g *csvGrid) close() error    { return nil }
func (g *csvGrid) size() int       { return len(g.fields) }
func (g *csvGrid) defect() *defect { return g.wrong }
func (g *csvGrid) cut() bool       { return g.cutOff }
func (g *csvGrid) place() int64    { return g.line }
func (g *csvGrid) raw() string     { return strings.ToValidUTF8(string(g.record), "\uFFFD") }

func (g *csvGrid) doubts() []string {
	if g.doubt == "" {
		return nil
	}
	return []string{g.doubt}
}

func (g *csvGrid) filled() int {
	n := 0
	for i := range g.fields {
		f := &g.fields[i]
		if f.to > f.from && (plain(g.record[f.from]) || len(bytes.TrimSpace(g.record[f.from:f.to])) > 0) {
			if n++; n == 3 {
				break
			}
		}
	}
	return n
}

// pick makes one string of the span that holds all wanted fields and cuts the cells out of it.
func (g *csvGrid) pick(columns []int, into []cell) {
	low, high := len(g.record), 0
	for _, c := range columns {
		if c >= 0 && c < len(g.fields) {
			low, high = min(low, g.fields[c].from), max(high, g.fields[c].to)
		}
	}
	if low > high {
		low = high
	}
	span := g.texts.string(g.record[low:high])
	for i, c := range columns {
		if c < 0 || c >= len(g.fields) {
			into[i].setText("")
			continue
		}
		f := &g.fields[c]
		text := span[f.from-low : f.to-low]
		if f.doubled {
			text = strings.ReplaceAll(text, `""`, `"`)
		}
		if isWord(text) {
			into[i].kind, into[i].text = cellText, text
			continue
		}
		into[i].setText(text)
	}
}

func (g *csvGrid) next() error {
	for {
		if err := g.advance(); err != nil {
			return err
		}
		if g.wrong != nil || g.filled() > 0 {
			g.check()
			return nil
		}
	}
}

// check finds bytes that make the row as a whole unusable.
func (g *csvGrid) check() {
	switch {
	case g.wrong != nil:
	case g.holds(0, &g.nextNUL, g.from, g.start):
		g.wrong = &defect{"", "a NUL byte in the row"}
	case g.ascii:
	case !utf8.Valid(g.record):
		g.wrong = &defect{"", "bytes that are not UTF-8" + g.text.hint()}
	case g.text.decoded && bytes.Contains(g.record, []byte("\uFFFD")):
		g.wrong = &defect{"", "bytes that are not " + g.text.name}
	}
}

// advance reads and splits the next record, blank or not.
func (g *csvGrid) advance() error {
	g.line += g.lines
	g.lines, g.wrong, g.fields, g.ascii = 1, nil, g.fields[:0], false
	if g.line == 0 {
		g.line = 1
	}
	end, err := g.lineEnd(0)
	if err != nil {
		return err
	}
	g.record, g.from = g.bytesUntil(end), g.start
	if !g.holds('"', &g.nextQuote, g.start, g.start+end) {
		if len(g.delim) == 1 {
			g.splitPlain()
		} else {
			g.split()
		}
		g.start += end
		return nil
	}
	consumed, err := g.splitQuoted(end)
	g.from = g.start
	g.start += consumed
	return err
}

// holds reports whether buf holds c between two places of it. None lies between where it was looked for last and next, so most
// rows cost no look of their own.
func (g *csvGrid) holds(c byte, next *int, from, to int) bool {
	if *next < from {
		*next = from
	}
	if *next < to {
		if i := bytes.IndexByte(g.buf[*next:g.end], c); i >= 0 {
			*next += i
		} else {
			*next = g.end
		}
	}
	return *next < to
}

// lineEnd gives the length up to and including the first newline at or after offset from g.start, or up to the end of the
// file. It returns io.EOF when nothing is left.
func (g *csvGrid) lineEnd(offset int) (int, error) {
	seen := offset
	for {
		if i := bytes.IndexByte(g.buf[g.start+seen:g.end], '\n'); i >= 0 {
			g.cutOff = false
			return seen + i + 1, nil
		}
		seen = g.end - g.start
		switch {
		case g.eof && g.err != nil:
			return 0, g.err
		case g.eof && seen > offset:
			g.cutOff = true
			return seen, nil
		case g.eof:
			return 0, io.EOF
		case seen > maxRow:
			return 0, broken("line %d is longer than %d bytes", g.line, maxRow)
		}
		g.more()
	}
}

// more reads further bytes into the buffer, making room first.
func (g *csvGrid) more() {
	if g.start > 0 {
		g.end = copy(g.buf, g.buf[g.start:g.end])
		g.nextNUL, g.nextQuote = g.nextNUL-g.start, g.nextQuote-g.start
		g.start = 0
	}
	if g.end == len(g.buf) {
		g.buf = append(g.buf, make([]byte, len(g.buf))...)
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
	for i < len(g.record) && (g.record[i] == ' ' || g.record[i] == '\t') && !bytes.HasPrefix(g.record[i:], g.delim) {
		i++
	}
	if i < len(g.record) && g.record[i] == '"' {
		return i + 1, true
	}
	return at, false
}

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
		for at < len(g.record) && (g.record[at] == ' ' || g.record[at] == '\t') && !bytes.HasPrefix(g.record[at:], g.delim) {
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
	g.fields, g.lines, g.cutOff = g.fields[:0], 1, false
	g.wrong = &defect{"", "a quote that is not closed, or with text behind its end"}
	if !closedBefore(g.record) && g.doubt == "" {
		g.doubt = fmt.Sprintf("line %d has a wrong quote, and the rows after it may have been read wrongly", g.line)
	}
	return first
}

// closedBefore reports whether the line has an even number of quotes, so that no field of it can reach into the next.
func closedBefore(line []byte) bool { return bytes.Count(line, []byte{'"'})%2 == 0 }
