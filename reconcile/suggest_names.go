package reconcile

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// claim is one text of an account that may say whose it is, split into words in the order given name, family name as far as
// the text tells.
type claim struct {
	// from says for people which text it is: `login "jdoe"`.
	from  string
	words []string
	// local is the folded text where it could be the local part of somebody's mail address; empty for a display name.
	local string
}

// displayWords splits a display name, given names first, and says how many of the words are the family name. What stands
// in brackets is a remark; a comma puts the family name first, and else it is taken to be the last word.
func displayWords(s string) (words []string, family int) {
	if i := strings.IndexAny(s, "([{"); i > 0 {
		s = s[:i]
	}
	if before, after, comma := strings.Cut(s, ","); comma {
		last := nameWords(before)
		return append(nameWords(after), last...), len(last)
	}
	return nameWords(s), 1
}

// nameWords splits at everything that is no letter and at camel case, and drops titles and words for the sort of account.
func nameWords(s string) []string {
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 && !remark(string(word)) {
			words = append(words, string(word))
		}
		word = word[:0]
	}
	for _, r := range norm.NFKC.String(s) {
		switch {
		case apostrophe(r):
			continue
		case !unicode.IsLetter(r) && !unicode.IsMark(r):
			flush()
			continue
		case unicode.IsUpper(r) && len(word) > 0 && unicode.IsLower(word[len(word)-1]):
			flush()
		}
		word = append(word, r)
	}
	flush()
	return words
}

func apostrophe(r rune) bool { return r == '\'' || r == '’' || r == 'ʼ' || r == '`' }

// remark reports whether a word says what an account or a person is and not who.
func remark(word string) bool {
	switch strings.ToLower(word) {
	case "adm", "admin", "administrator", "ext", "extern", "external", "contractor", "test", "user", "dr", "prof", "mr", "mrs", "ms":
		return true
	}
	return false
}

// pieces splits one name of a person at spaces and hyphens; "Hans-Peter" has two.
func pieces(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || r == '.' })
}

// spellings returns the Latin letters that a name is compared by: with marks dropped, and with the two letters that some
// languages write for a marked one ("Müller": "muller", "mueller"). The two are equal for most names.
func spellings(name string) (plain, long string) {
	folded := Fold(name)
	if onlyLetters(folded) {
		return folded, folded
	}
	var p, l strings.Builder
	for _, r := range folded {
		short, wide := romanise(r)
		p.WriteString(short)
		l.WriteString(wide)
	}
	return p.String(), l.String()
}

// literal keeps the letters of a name as they are written, in folded case.
func literal(name string) string {
	folded := Fold(name)
	if onlyLetters(folded) {
		return folded
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsMark(r) {
			return r
		}
		return -1
	}, folded)
}

func onlyLetters(s string) bool {
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return true
}

// romanise writes one folded letter in the letters a to z, in up to two ways. A letter of a script that it does not know
// stays as it is; anything else becomes empty.
func romanise(r rune) (plain, long string) {
	if r >= 'a' && r <= 'z' {
		return string(r), string(r)
	}
	if !unicode.IsLetter(r) {
		return "", ""
	}
	if pair, known := marked(r); known {
		return pair[0], pair[1]
	}
	if at := strings.IndexRune(cyrillic, r); at >= 0 {
		s := strings.Fields(cyrillicLatin)[utf8.RuneCountInString(cyrillic[:at])]
		s = strings.Trim(s, "-")
		return s, s
	}
	base, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r)))
	return string(base), string(base)
}

// marked holds the letters that are not simply written without their mark, or are written in two ways.
func marked(r rune) (pair [2]string, known bool) {
	switch r {
	case 'ä':
		pair = [2]string{"a", "ae"}
	case 'ö', 'ø':
		pair = [2]string{"o", "oe"}
	case 'ü':
		pair = [2]string{"u", "ue"}
	case 'å':
		pair = [2]string{"a", "aa"}
	case 'æ':
		pair = [2]string{"ae", "ae"}
	case 'œ':
		pair = [2]string{"oe", "oe"}
	case 'ß':
		pair = [2]string{"ss", "ss"}
	case 'ł':
		pair = [2]string{"l", "l"}
	case 'đ', 'ð':
		pair = [2]string{"d", "d"}
	case 'þ':
		pair = [2]string{"th", "th"}
	case 'ı':
		pair = [2]string{"i", "i"}
	default:
		return pair, false
	}
	return pair, true
}

// The Cyrillic letters and how passports write them; "-" for a letter that is not written.
const (
	cyrillic      = "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ"
	cyrillicLatin = "a b v g d e e zh z i i k l m n o p r s t u f kh ts ch sh shch - y - e yu ya i yi ye g"
)
