package table

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/leaver-audit/leaver/scanners"
)

// noteKind is something that is worth a row on the Coverage sheet but rejects no record.
type noteKind int

const (
	wordUnknown   noteKind = iota // a word of enabled, locked or privileged that is not translated
	kindUnknown                   // a word of kind that is not translated
	codeUnknown                   // an employment status that is not translated; its rows are rejected
	noMail                        // a value of a mail column that is no address
	doubleUTF8                    // text that was decoded twice
	sameRow                       // rows that repeat an earlier row exactly
	openEnded                     // a last row without line end
	rejectedRow                   // rejected rows by column
	historySpoilt                 // employments of whose history a row was rejected
)

// note is one such thing; equal notes are counted together.
type note struct {
	kind        noteKind
	field, word string
}

// maxNotes bounds how many different notes one scan keeps.
const maxNotes = 100

// notes counts notes.
type notes struct {
	count map[note]int64
	first map[note]string // the first of them in words, where one is kept
	more  int64           // notes beyond maxNotes
	// people counts which fields the rows of people fill.
	people filled
}

// filled counts rows of people, and in how many of them a field says something.
type filled struct{ rows, mail, start, status int64 }

func (f *filled) count(p *scanners.Person) {
	f.rows++
	if len(p.Mails) > 0 {
		f.mail++
	}
	if e := &p.Employments[0]; e.Start.IsKnown() {
		f.start++
	}
	if p.Employments[0].StatusRaw != "" {
		f.status++
	}
}

func (f *filled) add(other filled) {
	f.rows += other.rows
	f.mail += other.mail
	f.start += other.start
	f.status += other.status
}

// fewPeople is the number of rows below which an empty column may be chance.
const fewPeople = 20

// doubts says which mapped columns are empty in every row: an export that lost a column looks like this, and accounts that
// are found by it would lose their owner.
func (f *filled) doubts(field map[string]slot, want []string, optional map[string]bool) (all []string) {
	for _, one := range []struct {
		name  string
		count int64
	}{{"mail", f.mail}, {"start", f.start}, {"status", f.status}} {
		s, mapped := field[one.name]
		if !mapped || s == none || one.count > 0 || f.rows < fewPeople || optional[want[s]] {
			continue
		}
		all = append(all, fmt.Sprintf("not one of %d people has a value that can be used in column %q\nhint: repair the export; if it never holds one, take %s out of columns: or add `optional: [%s]`",
			f.rows, want[s], one.name, one.name))
	}
	return all
}

func (n *notes) add(what note) { n.addN(what, 1) }

func (n *notes) addN(what note, times int64) {
	if n.count == nil {
		n.count = map[note]int64{}
	}
	if _, ok := n.count[what]; !ok && len(n.count) >= maxNotes {
		n.more += times
		return
	}
	n.count[what] += times
}

// addFirst notes what, and how it looked when it is the first.
func (n *notes) addFirst(what note, words string) {
	if n.add(what); n.first == nil {
		n.first = map[note]string{}
	}
	if _, ok := n.first[what]; !ok && len(n.first) < maxNotes {
		n.first[what] = words
	}
}

func (n *notes) merge(other *notes) {
	for what, times := range other.count {
		n.addN(what, times)
	}
	n.more += other.more
	n.people.add(other.people)
}

// mojibake notes a text that was UTF-8, was taken for windows-1252 and written as UTF-8 again: "MÃ¼ller".
func (n *notes) mojibake(text string) {
	if isASCII(text) || !strings.ContainsAny(text, "ÃÂâ") {
		return
	}
	bytes, err := charmap.Windows1252.NewEncoder().String(text)
	if err == nil && utf8.ValidString(bytes) && utf8.RuneCountInString(bytes) < utf8.RuneCountInString(text) {
		n.add(note{doubleUTF8, "", ""})
	}
}

// gaps gives the notes as rows of the Coverage sheet, in a fixed order.
func (n *notes) gaps() []scanners.Gap {
	var gaps []scanners.Gap
	keys := make([]note, 0, len(n.count))
	for what := range n.count {
		keys = append(keys, what)
	}
	slices.SortFunc(keys, func(a, b note) int {
		return strings.Compare(fmt.Sprint(a.kind, a.field, "\x00", a.word), fmt.Sprint(b.kind, b.field, "\x00", b.word))
	})
	for _, what := range keys {
		gap := what.gap()
		gap.Count = scanners.Known(n.count[what])
		if cause, hint, _ := strings.Cut(n.first[what], "\nhint: "); cause != "" {
			gap.Cause, gap.Hint = "first "+cause, hint
		}
		gaps = append(gaps, gap)
	}
	if n.more > 0 {
		gaps = append(gaps, scanners.Gap{What: "further notes", Count: scanners.Known(n.more), Cause: "more than are kept"})
	}
	return gaps
}

func (n note) gap() scanners.Gap {
	switch n.kind {
	case wordUnknown:
		return scanners.Gap{What: fmt.Sprintf("%s = %q", n.field, n.word), Cause: "the word is not translated", Effect: n.field + " is unknown for these accounts",
			Hint: fmt.Sprintf("add `values: {%s: {%q: true}}` or false", n.field, n.word)}
	case kindUnknown:
		return scanners.Gap{What: fmt.Sprintf("kind = %q", n.word), Cause: "the word is not translated", Effect: "these accounts are judged as a person's",
			Hint: fmt.Sprintf("add `values: {kind: {%q: service}}` or another kind", n.word)}
	case codeUnknown:
		return scanners.Gap{What: fmt.Sprintf("status = %q", n.word), Cause: "the code is not translated", Effect: "these rows are rejected",
			Hint: fmt.Sprintf("add `values: {status: {%q: active}}` or another status", n.word)}
	case noMail:
		return scanners.Gap{What: fmt.Sprintf("values of column %q", n.field), Cause: "they are no mail addresses", Effect: "they are not used as keys"}
	case doubleUTF8:
		return scanners.Gap{What: "texts such as \"MÃ¼ller\"", Cause: "the file was converted to UTF-8 twice", Effect: "names are shown wrongly and do not compare",
			Hint: "mend the export; leaver does not guess"}
	case sameRow:
		return scanners.Gap{What: "rows that repeat an earlier row exactly", Cause: "the file holds them twice", Effect: "they count once"}
	case openEnded:
		return scanners.Gap{What: "the last line has no line end", Cause: "the export leaves it out, or the file is cut off",
			Effect: "the file's last value may be incomplete, and rows may be missing", Hint: "a sidecar or a trailer with the number of rows would prove the file whole"}
	case historySpoilt:
		return scanners.Gap{What: "employments of whose history a row was rejected", Cause: "the rejected row may be the one that decides",
			Effect: "nothing is concluded from their other rows: accounts of these people are disputed", Hint: "mend the rows on the list of rejected records"}
	default:
		what := "rows rejected as a whole"
		if n.field != "" {
			what = fmt.Sprintf("rows rejected for column %q", n.field)
		}
		return scanners.Gap{What: what, Effect: "they are not judged; each is on the list of rejected records"}
	}
}
