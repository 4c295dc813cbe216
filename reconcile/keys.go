package reconcile

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// The correlation keys, as the configuration names them.
const (
	KeyAnchor     = "anchor"
	KeyEmployeeID = "employee_id"
	KeyMail       = "mail"
)

// Fold is the common form of every key: NFKC, without leading, trailing, zero-width and doubled spaces, case-folded.
func Fold(s string) string {
	if folded, ok := foldASCII(s); ok {
		return folded
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u200b' || r == '\u200c' || r == '\u200d' || r == '\u2060' || r == '\ufeff':
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, norm.NFKC.String(s))
	return norm.NFKC.String(cases.Fold().String(strings.Join(strings.Fields(s), " ")))
}

// foldASCII handles the common case without the Unicode tables: plain ASCII without inner runs of spaces.
func foldASCII(s string) (string, bool) {
	if isFolded(s) {
		return s, true
	}
	if s == "" || s[0] <= ' ' || s[len(s)-1] <= ' ' {
		s = strings.Trim(s, " \t\r\n")
	}
	upper := false
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf || c < ' ' || c == ' ' && s[i-1] == ' ' {
			return "", false
		}
		upper = upper || c >= 'A' && c <= 'Z'
	}
	if upper {
		s = strings.ToLower(s)
	}
	return s, true
}

// isFolded reports whether s holds nothing that Fold might change: no blank, no capital letter, nothing beyond ASCII. It looks at
// eight bytes as one number, and at some bytes twice where s does not divide.
func isFolded(s string) bool {
	n := len(s)
	if n < 4 {
		for i := range n {
			if c := s[i]; c <= ' ' || c >= utf8.RuneSelf || c >= 'A' && c <= 'Z' {
				return false
			}
		}
		return true
	}
	if n < 8 {
		return unfolded(half(s)|half(s[n-4:])<<32) == 0
	}
	wrong := unfolded(half(s[n-8:]) | half(s[n-4:])<<32)
	for ; len(s) > 8; s = s[8:] {
		wrong |= unfolded(half(s) | half(s[4:])<<32)
	}
	return wrong == 0
}

// half is the first four bytes of s as a number.
func half(s string) uint64 {
	_ = s[3]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}

// unfolded is not 0 when one of the eight bytes of w is what Fold might change.
func unfolded(w uint64) uint64 {
	const lows, highs = 0x0101010101010101, 0x8080808080808080
	blank := (w - ('!' * lows)) &^ w
	capital := (w + (0x7f-'@')*lows) &^ (w + (0x7f-'Z')*lows)
	return (blank | capital | w) & highs
}

// mailKey folds an address: the whole address in folded case (the case of local parts is ignored in practice), the domain
// as A-label with aliases replaced. Plus addressing and dots are kept. A value without both parts is no key.
func mailKey(s string, aliases map[string]string) string {
	folded, plain := foldASCII(s)
	if !plain {
		folded = Fold(s)
	}
	s = strings.TrimPrefix(folded, "smtp:")
	at := strings.LastIndexByte(s, '@')
	switch {
	case at <= 0 || at == len(s)-1:
		return ""
	case plain && len(aliases) == 0:
		return s
	}
	local, domain := s[:at], s[at+1:]
	if !plain && !isPlain(domain) {
		if label, err := idna.Lookup.ToASCII(domain); err == nil {
			domain = label
		}
	}
	if real, ok := aliases[domain]; ok {
		domain = real
	}
	if domain == s[at+1:] {
		return s
	}
	return local + "@" + domain
}

func isPlain(s string) bool {
	_, plain := foldASCII(s)
	return plain
}

// digits reports whether s is a non-empty string of ASCII digits.
func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// stripZeros removes leading zeros from digits and leaves everything else alone. All zeros become "0".
func stripZeros(s string) string {
	if s == "" || s[0] != '0' || !digits(s) {
		return s
	}
	if t := strings.TrimLeft(s, "0"); t != "" {
		return t
	}
	return "0"
}

// dnKey folds a distinguished name so that differences in case and in spaces around separators do not matter.
func dnKey(dn string) string {
	var b strings.Builder
	escaped := false
	for _, r := range Fold(dn) {
		if r == ' ' && !escaped && endsWithSeparator(b.String()) {
			continue
		}
		if (r == ',' || r == '=' || r == '+') && !escaped {
			trimmed := strings.TrimRight(b.String(), " ")
			b.Reset()
			b.WriteString(trimmed)
		}
		b.WriteRune(r)
		escaped = r == '\\' && !escaped
	}
	return b.String()
}

// Below reports whether the entry with this DN stands below the folder, at any depth.
func Below(dn, folder string) bool {
	folder = dnKey(folder)
	name, below := strings.CutSuffix(dnKey(dn), ","+folder)
	escapes := len(name) - len(strings.TrimRight(name, `\`))
	return below && folder != "" && escapes%2 == 0 // an escaped comma is part of a name
}

func endsWithSeparator(s string) bool {
	return s == "" || strings.HasSuffix(s, ",") || strings.HasSuffix(s, "=") || strings.HasSuffix(s, "+")
}
