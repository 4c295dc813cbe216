package table

import (
	"bytes"
	"math/bits"
	"slices"
	"unicode/utf8"
)

const (
	// windowWords is how many marks are found at once: for as much text as stays in the processor's nearest cache.
	windowWords = 256
	// usualFields is how many fields of a usual row are located when nothing says how many are wanted.
	usualFields = 16
)

// window holds the marks of a part of the buffer.
type window struct {
	first, until int  // what part it is; first is a multiple of 64
	holds        bool // the current row
	wanted       int  // fields to locate, counted from the left
	// marks has one place more than are ever used, so that every place in use has a next one.
	marks [windowWords + 1]marks
}

// close forgets the marks, because the buffer changes.
func (w *window) close() { w.first, w.until, w.holds = 0, 0, false }

// wantFields says how many fields of a row will be asked for. The others of usual rows are counted only.
func (g *csvGrid) wantFields(n int) {
	g.window.wanted = max(n, 1)
	g.fields = slices.Grow(g.fields, g.window.wanted)
}

// usual takes the next row by the marks of its bytes, and reports whether it could: the row is a line of at most a window in UTF-8
// without NUL bytes, its quotes, if any, stand at the ends of fields, and the delimiter is one byte.
func (g *csvGrid) usual() bool {
	if len(g.delim) != 1 {
		return false
	}
	for !g.cutRow() {
		if g.window.holds || !g.moveWindow() {
			return false
		}
	}
	return true
}

// moveWindow finds the marks from the current row on. It reports false when that gives no more of the row.
func (g *csvGrid) moveWindow() bool {
	w := &g.window
	first := g.start &^ 63
	if w.until == g.end || w.until > first && w.first == first {
		return false
	}
	w.first, w.until = first, min(g.end, first+windowWords*64)
	words := (w.until - first + 63) / 64
	mark(w.marks[:words], g.buf[first:first+words*64], g.delim[0], g.separator)
	if rest := w.until % 64; rest != 0 {
		w.marks[words-1].keep(rest)
	}
	return true
}

// cutRow takes the row when its marks are all in the window, and it is usual. Where they are not, the window does not hold it.
func (g *csvGrid) cutRow() bool {
	w := &g.window
	w.holds = false
	fields, n := g.fields[:w.wanted], 0
	from, size := 0, 1
	var quotes, null uint64
	firstHigh, lastHigh := -1, 0
	words := (w.until - w.first + 63) / 64
	keep := ^uint64(0) << (uint(g.start) % 64)
	for i := (g.start - w.first) / 64; i < words; i++ {
		m := &w.marks[i]
		base := w.first + i*64 - g.start
		line := m.line & keep
		if line != 0 {
			keep &= (line - 1) &^ line
		}
		quotes, null = quotes|m.quote&keep, null|m.null&keep
		if high := m.high & keep; high != 0 {
			if firstHigh < 0 {
				firstHigh = base + bits.TrailingZeros64(high)
			}
			lastHigh = base + 64 - bits.LeadingZeros64(high)
		}
		delims := m.delim & keep
		size += bits.OnesCount64(delims)
		for ; delims != 0 && n < len(fields); delims &= delims - 1 {
			to := base + bits.TrailingZeros64(delims)
			fields[n] = field{from: from, to: to}
			from = to + 1
			n++
		}
		if line != 0 {
			w.holds = true
			end := base + bits.TrailingZeros64(line)
			g.fields, g.size = fields[:n], size
			if firstHigh >= 0 && !utf8.Valid(g.buf[g.start+firstHigh:g.start+lastHigh]) || null != 0 {
				return false
			}
			return g.takeLine(end, from, quotes != 0, firstHigh >= 0)
		}
		keep = ^uint64(0)
	}
	return false
}

// takeLine takes the line of n bytes whose fields were cut at its delimiters, but for the last one, which begins at from.
func (g *csvGrid) takeLine(n, from int, quotes, high bool) bool {
	g.from = g.start
	g.record = g.bytesUntil(n + 1)
	if quotes {
		if !g.cutQuoted() {
			return false
		}
	} else if len(g.fields) < g.window.wanted {
		g.fields = append(g.fields, field{from: from, to: len(g.record)})
	}
	g.start += n + 1
	if high && g.text.decoded {
		g.check()
	}
	return true
}

// cutQuoted cuts the record at the delimiters outside of quotes. It reports false when a quote is not at the end of its field, or
// may mean something else.
func (g *csvGrid) cutQuoted() bool {
	w := &g.window
	g.fields, g.size = g.fields[:0], 1
	from, open, closed := 0, false, -1 // of the field at hand: where it begins, whether its quote is open, where it was closed
	for i := (g.start - w.first) / 64; i < len(w.marks); i++ {
		base := w.first + i*64 - g.start
		if base >= len(g.record) {
			break
		}
		for cuts := w.marks[i].delim | w.marks[i].quote; cuts != 0; cuts &= cuts - 1 {
			at := base + bits.TrailingZeros64(cuts)
			if at < 0 {
				continue
			}
			if at >= len(g.record) {
				break
			}
			switch quote := g.record[at] == '"'; {
			case quote && open:
				if at+1 < len(g.record) && g.record[at+1] != g.delim[0] {
					return false
				}
				open, closed = false, at
			case quote && at == from:
				open = true
			case quote && !open && isGap(g.record[from]):
				return false
			case !quote && !open:
				g.addField(from, at, closed)
				from, closed = at+1, -1
				g.size++
			}
		}
	}
	g.addField(from, len(g.record), closed)
	return !open
}

// isGap reports whether b may stand between a delimiter and a quote.
func isGap(b byte) bool { return b == ' ' || b == '\t' }

// addField adds a field when it is wanted; closed is the place of the quote at its end, if it is quoted.
func (g *csvGrid) addField(from, to, closed int) {
	if len(g.fields) == g.window.wanted {
		return
	}
	if closed >= 0 {
		from, to = from+1, closed
	}
	g.fields = append(g.fields, field{from: from, to: to})
}

// splitAll locates all fields of a usual row.
func (g *csvGrid) splitAll() {
	if bytes.IndexByte(g.record, '"') < 0 {
		g.split()
		return
	}
	_, _ = g.splitQuoted(len(g.record)) // no quote is left open, so nothing more is read
}

// isWord reports whether a field of a usual row is a word, see cell, and begins like no formula and no error of a spreadsheet; false
// for long fields, too.
func (g *csvGrid) isWord(f *field) bool {
	n := f.to - f.from
	if uint(n-1) >= 64 {
		return false
	}
	at := g.from + f.from - g.window.first
	m := g.window.marks[at/64:][:2]
	if span(m[0].odd, m[1].odd, at, at+n) != 0 {
		return false
	}
	c := g.record[f.from]
	return c > '#' && c != '='
}
