package table

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// Eight bytes are looked at as one number: lows has the lowest bit of each byte, highs the highest.
const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// splitPlain splits a record without quotes at a delimiter of one byte and notes whether it is ASCII: most rows of most
// files are, and need no other look at their bytes.
func (g *csvGrid) splitPlain() {
	record, fields := g.record, g.fields[:0]
	pattern := uint64(g.delim[0]) * lows
	from, at, all := 0, 0, uint64(0)
	for ; at+8 <= len(record); at += 8 {
		word := binary.LittleEndian.Uint64(record[at:])
		all |= word
		// A byte of hits has its highest bit set where the record has the delimiter, and no other bit.
		other := word ^ pattern
		hits := ^((other&^highs + ^uint64(highs)) | other | ^uint64(highs))
		for ; hits != 0; hits &= hits - 1 {
			to := at + bits.TrailingZeros64(hits)/8
			fields = append(fields, field{from: from, to: to})
			from = to + 1
		}
	}
	for ; at < len(record); at++ {
		all |= uint64(record[at])
		if record[at] == g.delim[0] {
			fields = append(fields, field{from: from, to: at})
			from = at + 1
		}
	}
	g.fields = append(fields, field{from: from, to: len(record)})
	g.ascii = all&highs == 0
}

// arenaSize is how much text is made one string of. Whoever keeps one value of a row keeps as much in memory.
const arenaSize = 4 << 10

// arena makes strings of many short texts with one allocation for some tens of them.
type arena struct{ text strings.Builder }

func (a *arena) string(b []byte) string {
	if a.text.Cap()-a.text.Len() < len(b) {
		a.text = strings.Builder{}
		a.text.Grow(max(arenaSize, len(b)))
	}
	from := a.text.Len()
	a.text.Write(b)
	return a.text.String()[from:]
}
