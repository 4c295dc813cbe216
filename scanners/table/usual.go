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
	var null uint64
	var quotes quotes
	firstHigh, lastHigh := -1, 0
	words := (w.until - w.first + 63) / 64
	keep := ^uint64(0) << (uint(g.start) % 64)
	begins := keep &^ (keep << 1) // the places where a field begins that no delimiter of the same word tells
	for i := (g.start - w.first) / 64; i < words; i++ {
		m := &w.marks[i]
		base := w.first + i*64 - g.start
		line := m.line & keep
		if line != 0 {
			keep &= (line - 1) &^ line
		}
		null |= m.null & keep
		if high := m.high & keep; high != 0 {
			if firstHigh < 0 {
				firstHigh = base + bits.TrailingZeros64(high)
			}
			lastHigh = base + 64 - bits.LeadingZeros64(high)
		}
		delims := m.delim & keep
		if quote := m.quote & keep; quote != 0 || quotes.pending() {
			delims &^= quotes.add(quote, delims, line, begins)
		}
		begins = delims >> 63
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
			if quotes.early && g.buf[g.start+end-1] != '\r' {
				return false
			}
			if null != 0 || quotes.wrong || quotes.inside != 0 || firstHigh >= 0 && !utf8.Valid(g.buf[g.start+firstHigh:g.start+lastHigh]) {
				return false
			}
			g.fields, g.size = fields[:n], size
			g.takeLine(end, from, quotes.some, firstHigh >= 0)
			return true
		}
		keep = ^uint64(0)
	}
	return false
}

// quotes follows the quotes of a row from word to word.
type quotes struct {
	inside uint64 // all bits when a quote is open at the end of the word before, no bit when not
	closed uint64 // the lowest bit when the last byte of the word before closed a quote
	some   bool
	wrong  bool // a quote is not at the end of its field
	early  bool // a quote was closed one byte before the line feed
}

// pending reports whether the next word has to be looked at even when there is no quote in it.
func (q *quotes) pending() bool { return q.inside|q.closed != 0 }

// add takes the quotes of a word and gives the bytes that are inside of quotes. Fields begin behind delimiters outside, and at begins.
func (q *quotes) add(quote, delims, line, begins uint64) uint64 {
	inside := quote
	for shift := 1; shift < 64; shift *= 2 {
		inside ^= inside << shift
	}
	// Inside of quotes are now the bytes from one that opens up to, but for, the one that closes.
	inside ^= q.inside
	delims &^= inside
	opens, closes := quote&inside, quote&^inside
	behind := (closes<<1 | q.closed) &^ (delims | line)
	if behind != 0 && behind == line&-line>>1 {
		q.early, behind = true, 0
	}
	q.wrong = q.wrong || opens&^(delims<<1|begins) != 0 || behind != 0
	q.inside, q.closed, q.some = uint64(int64(inside)>>63), closes>>63, true
	return inside
}

// takeLine takes the line of n bytes whose fields were cut at its delimiters, but for the last one, which begins at from.
func (g *csvGrid) takeLine(n, from int, quotes, high bool) {
	g.from = g.start
	g.record = g.bytesUntil(n + 1)
	if len(g.fields) < g.window.wanted {
		g.fields = append(g.fields, field{from: from, to: len(g.record)})
	}
	for i := 0; quotes && i < len(g.fields); i++ {
		if f := &g.fields[i]; f.from < f.to && g.record[f.from] == '"' {
			f.from, f.to = f.from+1, f.to-1
		}
	}
	g.start += n + 1
	if high && g.text.decoded {
		g.check()
	}
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
