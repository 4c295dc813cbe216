package table

import (
	"strings"
	"unicode/utf8"
)

// wordAt is the first eight bytes of s as one number.
func wordAt(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// halfAt is the first four bytes of s as one number.
func halfAt(s string) uint64 {
	_ = s[3]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}

// below has a high bit set, when one of the bytes of word is less than limit, which is at most 128; and none otherwise.
func below(word uint64, limit byte) uint64 { return (word - uint64(limit)*lows) &^ word & highs }

// holds is below for bytes that are c.
func holds(word uint64, c byte) uint64 { return below(word^uint64(c)*lows, 1) }

// areDigits reports whether eight bytes are decimal digits.
func areDigits(word uint64) bool {
	const zeros = '0' * lows
	return word&0xf0f0f0f0f0f0f0f0 == zeros && (word+6*lows)&0xf0f0f0f0f0f0f0f0 == zeros
}

// hasControl reports whether s holds a control character other than line breaks and tabs.
func hasControl(s string) bool {
	for rest := s; ; rest = rest[8:] {
		if len(rest) < 8 {
			return hasControlByte(rest)
		}
		if word := wordAt(rest); below(word, ' ')|holds(word, 0x7f) != 0 {
			return hasControlByte(rest)
		}
	}
}

func hasControlByte(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
			return true
		}
	}
	return false
}

func isASCII(s string) bool {
	if len(s) < 8 {
		for i := range len(s) {
			if s[i] >= utf8.RuneSelf {
				return false
			}
		}
		return true
	}
	all := wordAt(s[len(s)-8:])
	for ; len(s) >= 8; s = s[8:] {
		all |= wordAt(s)
	}
	return all&highs == 0
}

// isPlainMail reports whether s is one address and nothing else; word that it is known to be a word, see cell.
func isPlainMail(s string, word bool) bool {
	at := strings.IndexByte(s, '@')
	if at < 1 || at == len(s)-1 {
		return false
	}
	if word {
		return true
	}
	if len(s) < 8 {
		for i := range len(s) {
			if c := s[i]; c <= ' ' || c == ',' || c == ';' || c == ':' || c >= utf8.RuneSelf {
				return false
			}
		}
		return true
	}
	last := wordAt(s[len(s)-8:]) // some of its bytes are looked at twice
	for ; len(s) > 8; s = s[8:] {
		if !isMailWord(wordAt(s)) {
			return false
		}
	}
	return isMailWord(last)
}

// isMailWord reports whether eight bytes are ASCII without blanks, control characters and what separates addresses.
func isMailWord(word uint64) bool {
	return word&highs|below(word, '!')|holds(word, ',')|holds(word|lows, ';') == 0
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
