package table

import "encoding/binary"

// marks say of 64 bytes of a text which of them are of a kind: bit i stands for byte i.
type marks struct {
	delim uint64
	line  uint64 // line feeds
	quote uint64
	odd   uint64 // what no word has: blanks, control characters, all that is no ASCII, and what stands between values
	high  uint64 // no ASCII
	null  uint64
}

// keep leaves the marks of the first n bytes, which are fewer than 64.
func (m *marks) keep(n int) {
	low := uint64(1)<<n - 1
	m.delim, m.line, m.quote, m.odd, m.high, m.null = m.delim&low, m.line&low, m.quote&low, m.odd&low, m.high&low, m.null&low
}

// markWords is mark where there are no vector instructions: it looks at eight bytes at once.
func markWords(into []marks, text []byte, delim, separator byte) {
	for i := range into {
		var m marks
		for at := range 8 {
			word := binary.LittleEndian.Uint64(text[i*64+at*8:])
			shift := at * 8
			// Of a byte below 0x80, the highest bit of the sum is set when the byte is above a blank.
			visible := (word&^highs + (0x7f-' ')*lows) &^ word & highs &^ equal(word, 0x7f)
			between := equal(word, separator) | equal(word, ',') | equal(word|lows, ';')
			m.delim |= gather(equal(word, delim)) << shift
			m.line |= gather(equal(word, '\n')) << shift
			m.quote |= gather(equal(word, '"')) << shift
			m.odd |= gather(^visible&highs|between) << shift
			m.high |= gather(word&highs) << shift
			m.null |= gather(equal(word, 0)) << shift
		}
		into[i] = m
	}
}

// Eight bytes are looked at as one number: lows has the lowest bit of each byte, highs the highest.
const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// equal has the highest bit of each byte of word that is c, and no other bit.
func equal(word uint64, c byte) uint64 {
	other := word ^ uint64(c)*lows
	return ^((other&^highs + ^uint64(highs)) | other | ^uint64(highs))
}

// gather makes the highest bits of the eight bytes of word, which has no others, its eight lowest.
func gather(word uint64) uint64 { return word >> 7 * 0x0102040810204080 >> 56 }

// span gives the marks of one kind of the bytes from, … to-1 as the highest bits. The bytes are at least one and at most 64, the first
// of them among those of low; high has the marks of the 64 bytes behind.
func span(low, high uint64, from, to int) uint64 {
	at := uint(from) % 64
	return (low>>at | high<<1<<(63-at)) << (uint(from-to) % 64)
}
