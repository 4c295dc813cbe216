package reports

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cellLimit is how many UTF-16 units of one text a cell shows. Excel's own limit is 32,767.
const cellLimit = 32_000

// Visible returns s with every character that a reader could not see, or that could deceive them, written as an escape:
// control and format characters (bidi controls, zero-width ones), line separators, noncharacters and bytes that are not
// UTF-8. Two different texts never become the same text.
func Visible(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\\' && looksEscaped(s[i:]):
			b.WriteString(`\\`)
		case hidden(r) && r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// plain reports whether s is printable ASCII without a backslash, the usual case.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == '\\' {
			return false
		}
	}
	return true
}

func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point)
}

// looksEscaped reports whether the backslashes that s starts with stand before what Visible writes as an escape, or before
// text that looks like one. Those are doubled, so that an odd number of them is an escape and an even number is not.
func looksEscaped(s string) bool {
	rest := strings.TrimLeft(s, `\`)
	if rest == "" {
		return false
	}
	if r, size := utf8.DecodeRuneInString(rest); hidden(r) || r == utf8.RuneError && size == 1 {
		return true
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[rest[0]]
	if digits == 0 || len(rest) <= digits {
		return false
	}
	_, err := hex.DecodeString(rest[1 : 1+digits])
	return err == nil
}

// shown is visible, cut to what a cell can hold. The mark at the cut carries a digest, so that two long texts with the same
// start stay different.
func shown(s string) string {
	v := Visible(s)
	if len(v) <= cellLimit {
		return v
	}
	units := 0
	for i, r := range v {
		if units++; r > 0xffff {
			units++
		}
		if units > cellLimit {
			sum := sha256.Sum256([]byte(s))
			return v[:i] + fmt.Sprintf("… [cut, full text in the JSON Lines file, sha256 %x]", sum[:8])
		}
	}
	return v
}

// evaluates reports whether a spreadsheet might take s for a formula when somebody edits or imports it.
func evaluates(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && strings.ContainsRune("=+-@'\t\r\x00＝＋－＠", r)
}

// utf8Text returns s with bytes that are not UTF-8 written as escapes, for formats that carry everything else.
func utf8Text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[i])
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// count writes n with thousands separators.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// several writes n and the noun in the right number: "1 account", "2 accounts".
func several(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "ch") {
		return count(n) + " " + noun + "es"
	}
	if strings.HasSuffix(noun, "y") && !strings.HasSuffix(noun, "ay") {
		return count(n) + " " + strings.TrimSuffix(noun, "y") + "ies"
	}
	return count(n) + " " + noun + "s"
}

// isAre is the verb that goes with n.
func isAre(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func wasWere(n int64) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// list joins parts as a person would: "a, b and c".
func list(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

// capital returns s with a capital first letter.
func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// grouped writes the first 16 hexadecimal digits of a digest in groups of four; "–" when there is none.
func grouped(digest string) string {
	if len(digest) < 16 {
		return dash
	}
	return digest[:4] + " " + digest[4:8] + " " + digest[8:12] + " " + digest[12:16]
}

// sortedKeys returns the keys of m in order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
