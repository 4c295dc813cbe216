package table

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/columns"
)

const (
	notMapped   = "the file has no column for it"
	emptyInFile = "empty in the file"
)

// values reads the cells of one row as what the fields mean.
type values struct {
	*settings
	notes *notes
	cells []cell
	blank cell // of fields that are not mapped
	slabs slabs
	words [4]knownWord // what was read last as a truth value
}

// knownWord is a word of a field whose meaning was found.
type knownWord struct {
	field, word string
	value       bool
}

// at gives the cell of a slot; the empty one when the field is not mapped.
func (v *values) at(s slot) *cell {
	if s == none {
		return &v.blank
	}
	return &v.cells[s]
}

func (v *values) wrong(s slot, format string, args ...any) *defect {
	return &defect{v.want[s], fmt.Sprintf(format, args...)}
}

// isNull reports whether a text stands for no value.
func isNull(s string) bool { return s == "NULL" || s == `\N` || s == "(null)" || s == "null" }

// isPlaceholder reports whether a key's text stands for no value. Two records that both say "n/a" are not the same person.
func isPlaceholder(s string) bool {
	if s != "" && s[0] > '0' && s[0] <= '9' {
		return false
	}
	switch len(s) {
	case 1, 2, 3, 4, 5, 6, 7:
	default:
		return onlyZeros(s)
	}
	switch strings.ToLower(s) {
	case "-", "--", "n/a", "na", "n.a.", "none", "null", `\n`, "(null)", "unknown", "?":
		return true
	}
	return onlyZeros(s)
}

func onlyZeros(s string) bool {
	for i := range len(s) {
		if s[i] != '0' {
			return false
		}
	}
	return true
}

// text is a value that only describes or refers: an error value or NULL counts as empty. A workbook's date is its date: its
// day number may be the employee id of somebody.
func (v *values) text(s slot) string {
	c := v.at(s)
	if c.kind == cellEmpty || c.kind == cellError || c.text == `\N` {
		return ""
	}
	if c.word {
		return c.text
	}
	text := c.display()
	if c.dated != "" && !c.at.IsZero() {
		text = c.shownDate()
	}
	v.notes.mojibake(text)
	return text
}

// key is a value that identifies. Placeholders count as empty.
func (v *values) key(s slot) (string, *defect) {
	c := v.at(s)
	if c.dated != "" {
		return "", v.turnedIntoDate(s, c)
	}
	switch c.kind {
	case cellEmpty:
		return "", nil
	case cellText:
		return v.keyText(s, c.text, c.word)
	case cellNumber, cellSerial:
		return v.keyNumber(s, c)
	case cellList:
		return "", v.wrong(s, "several values where one is expected")
	case cellError:
		return "", v.wrong(s, "%s in place of a value: a formula has failed where the file was made", c.text)
	default:
		return "", v.wrong(s, "%q is a date or truth value, not an id", c.display())
	}
}

// turnedIntoDate says why the number behind a date is no key: a spreadsheet made the date from an id such as 1-2, and the
// number, days since 1900, would match nobody, or somebody else.
func (v *values) turnedIntoDate(s slot, c *cell) *defect {
	shown := "formatted as a date"
	if !c.at.IsZero() {
		shown = "the date " + c.shownDate()
	}
	return v.wrong(s, "cell %s is %s (%s in the file), not an id"+
		"\nhint: format the column as text where the file is made, and enter the ids again that the spreadsheet has turned into dates", c.dated, shown, c.text)
}

// keyText is a key from a text, of which word may say that it is one, see cell.
func (v *values) keyText(s slot, text string, word bool) (string, *defect) {
	if text != "" && text[0] > '0' && allDigits(text) {
		return text, nil
	}
	switch {
	case isPlaceholder(text):
		return "", nil
	case !word && hasControl(text):
		return "", v.wrong(s, "%q holds control characters", text)
	case spoiltNumber(text):
		return "", v.wrong(s, "%q is a number that a spreadsheet has rounded or reformatted, so its digits are lost"+
			"\nhint: format the column as text where the file is made", text)
	}
	return text, nil
}

// id is the immutable id of an account: a key, but any text can be one ("0" is the root user of many systems).
func (v *values) id(s slot) (string, *defect) {
	if c := v.at(s); c.kind == cellText && c.dated == "" && allDigits(c.text) {
		return c.text, nil
	}
	if c := v.at(s); c.kind == cellText && !isNull(c.text) && isPlaceholder(c.text) {
		return c.text, nil
	} else if c.kind == cellNumber && isPlaceholder(c.text) {
		return c.text, nil
	}
	return v.key(s)
}

// spoiltNumber recognises 1.23E+05 and 123.0: ids that went through a spreadsheet or a column of floating point numbers.
func spoiltNumber(s string) bool {
	if s == "" || s[0] < '0' || s[0] > '9' || allDigits(s) || strings.IndexByte(s, '.') < 0 && strings.IndexByte(s, '+') < 0 && strings.IndexByte(s, ',') < 0 {
		return false
	}
	whole, exponent, scientific := strings.Cut(strings.ToUpper(s), "E+")
	digits, fraction, dotted := strings.Cut(strings.ReplaceAll(whole, ",", "."), ".")
	if !allDigits(digits) || dotted && !allDigits(fraction) {
		return false
	}
	if scientific {
		return allDigits(exponent)
	}
	return dotted && strings.Trim(fraction, "0") == ""
}

func allDigits(s string) bool {
	// Of four to sixteen bytes, some are looked at twice.
	switch n := len(s); {
	case n >= 8 && n <= 16:
		return areDigits(wordAt(s)) && areDigits(wordAt(s[n-8:]))
	case n >= 4 && n < 8:
		return areDigits(halfAt(s) | halfAt(s[n-4:])<<32)
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// keyNumber writes a number as an id: 123.0 is 123 because the file itself says that it is a number.
func (v *values) keyNumber(s slot, c *cell) (string, *defect) {
	text := c.text
	if !allDigits(text) {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || n != math.Trunc(n) || n < 0 || n >= 1e15 {
			return "", v.wrong(s, "the number %s is not an id", text)
		}
		text = strconv.FormatInt(int64(n), 10)
	}
	if c.kind == cellSerial && len(strings.TrimLeft(text, "0")) > 15 {
		return "", v.wrong(s, "%s has more than 15 digits, and a spreadsheet keeps only 15\nhint: format the column as text where the file is made", text)
	}
	if isPlaceholder(text) {
		return "", nil
	}
	return text, nil
}

// keys gives the values of all columns of a field, each once, in order.
func (v *values) keys(slots []slot) ([]string, *defect) {
	if len(slots) == 1 {
		if c := v.at(slots[0]); c.kind == cellEmpty {
			return nil, nil
		} else if c.kind == cellText && c.dated == "" && !v.several(c) {
			return v.oneKey(slots[0], c)
		}
	}
	var all []string
	for _, s := range slots {
		c := v.at(s)
		parts := c.list
		if c.kind == cellText && v.several(c) {
			parts = strings.Split(c.text, v.separator)
		} else if c.kind != cellList {
			text, wrong := v.key(s)
			if wrong != nil {
				return nil, wrong
			}
			all = appendNew(all, text)
			continue
		}
		for _, part := range parts {
			text, wrong := v.keyText(s, trim(part), c.word)
			if wrong != nil {
				return nil, wrong
			}
			all = appendNew(all, text)
		}
	}
	return all, nil
}

// several reports whether a text holds several values.
func (v *values) several(c *cell) bool { return !c.word && strings.Contains(c.text, v.separator) }

// oneKey is the list of the single text of a cell.
func (v *values) oneKey(s slot, c *cell) ([]string, *defect) {
	text, wrong := v.keyText(s, c.text, c.word)
	if wrong != nil || text == "" {
		return nil, wrong
	}
	return v.slabs.one(text), nil
}

func appendNew(all []string, text string) []string {
	if text == "" {
		return all
	}
	for _, known := range all {
		if known == text {
			return all
		}
	}
	return append(all, text)
}

// mails gives the addresses of all columns: without "smtp:", the one with "SMTP:" first, and without what is no address.
func (v *values) mails(slots []slot) ([]string, *defect) {
	if len(slots) == 1 {
		if c := v.at(slots[0]); c.word && isPlainMail(c.text, true) {
			return v.slabs.one(c.text), nil
		}
	}
	raw, wrong := v.keys(slots)
	if wrong != nil || len(raw) == 1 && isPlainMail(raw[0], false) {
		return raw, wrong
	}
	var mails []string
	for _, entry := range raw {
		for part := range strings.FieldsFuncSeq(entry, func(r rune) bool { return r == ',' || r == ';' || isBlank(r) }) {
			prefix, address, hasPrefix := strings.Cut(part, ":")
			if !hasPrefix {
				address = part
			} else if !strings.EqualFold(prefix, "smtp") && !strings.EqualFold(prefix, "mailto") {
				continue
			}
			if at := strings.IndexByte(address, '@'); at < 1 || at == len(address)-1 {
				v.notes.add(note{noMail, v.want[slots[0]], ""})
				continue
			}
			if prefix == "SMTP" && hasPrefix {
				mails = append([]string{address}, mails...)
				continue
			}
			mails = append(mails, address)
		}
	}
	return unique(mails), nil
}

func unique(all []string) []string {
	var once []string
	for _, text := range all {
		once = appendNew(once, text)
	}
	return once
}

// list gives the values of all columns as plain texts, such as group names.
func (v *values) list(slots []slot) []string {
	if len(slots) == 1 {
		if c := v.at(slots[0]); c.kind == cellEmpty {
			return nil
		} else if c.kind == cellText && c.dated == "" && !v.several(c) {
			return v.oneText(slots[0])
		}
	}
	var all []string
	for _, s := range slots {
		c := v.at(s)
		if c.kind == cellList {
			for _, part := range c.list {
				all = appendNew(all, trim(part))
			}
			continue
		}
		for part := range strings.SplitSeq(v.text(s), v.separator) {
			all = appendNew(all, trim(part))
		}
	}
	return all
}

// oneText is the list of the single text of a cell.
func (v *values) oneText(s slot) []string {
	text := v.text(s)
	if text == "" {
		return nil
	}
	return v.slabs.one(text)
}

// truth is a yes-or-no field. A word that is not known makes it unknown.
func (v *values) truth(field string, s slot) (scanners.Fact[bool], *defect) {
	if s == none {
		return scanners.Unknown[bool](notMapped), nil
	}
	c := v.at(s)
	word := c.text
	if last := &v.words[0]; c.kind == cellText && last.word == word && last.field == field {
		return scanners.Known(last.value), nil
	}
	switch {
	case c.kind == cellError:
		return scanners.Fact[bool]{}, v.wrong(s, "%s in place of a value: a formula has failed where the file was made", c.text)
	case c.kind == cellEmpty, isNull(word):
		if word = ""; v.values[field] == nil || v.values[field][word] == "" {
			return scanners.Unknown[bool](emptyInFile), nil
		}
	case c.kind != cellText && c.kind != cellNumber && c.kind != cellSerial && c.kind != cellBool:
		word = c.display()
	}
	if value, known := v.knownTruth(field, word); known {
		return scanners.Known(value), nil
	}
	if v.values[field][fold(word)] == "unknown" {
		return scanners.Unknown[bool](fmt.Sprintf("the file says %q", word)), nil
	}
	v.notes.add(note{wordUnknown, field, word})
	return scanners.Unknown[bool](fmt.Sprintf("%q is not translated under values: {%s: …}", word, field)), nil
}

// knownTruth reads a word of a yes-or-no field. A file has few of them, so the last ones are looked up here first.
func (v *values) knownTruth(field, word string) (value, known bool) {
	for i := range v.words {
		if k := v.words[i]; k.word == word && k.field == field {
			v.words[0], v.words[i] = k, v.words[0]
			return k.value, true
		}
	}
	if value, known = v.settings.truth(field, word); known {
		copy(v.words[1:], v.words[:])
		v.words[0] = knownWord{field, strings.Clone(word), value}
	}
	return value, known
}

// number is a count.
func (v *values) number(s slot) (scanners.Fact[int64], *defect) {
	if s == none {
		return scanners.Unknown[int64](notMapped), nil
	}
	c := v.at(s)
	if c.kind == cellEmpty || isNull(c.text) {
		return scanners.Unknown[int64](emptyInFile), nil
	}
	n, err := strconv.ParseFloat(c.text, 64)
	if err != nil || n != math.Trunc(n) || n < 0 || n > 1e15 {
		return scanners.Fact[int64]{}, v.wrong(s, "%q is not a count", c.display())
	}
	return scanners.Known(int64(n)), nil
}

// day reads a calendar date, as [columns.Moment.Day] sees it; sentinel is that of moment.
func (v *values) day(s slot) (date scanners.Date, sentinel bool, wrong *defect) {
	if c := v.at(s); c.kind == cellText && v.dates.iso {
		if date, ok := columns.ISODate(c.text); ok {
			return date, false, nil
		}
	}
	m, sentinel, wrong := v.moment(s)
	if wrong != nil {
		return date, false, wrong
	}
	return m.Day(v.zone), sentinel, nil
}

// moment reads a date or time. The text result is what a sentinel may be compared with.
func (v *values) moment(s slot) (m moment, sentinel bool, wrong *defect) {
	c := v.at(s)
	switch c.kind {
	case cellInstant:
		return moment{At: c.at, Zoned: true}, false, nil
	case cellWall:
		return moment{At: c.at}, false, nil
	case cellDay:
		return moment{At: c.at, DayOnly: true}, false, nil
	case cellSerial:
		if c.at.IsZero() {
			return m, false, v.wrong(s, "the number %s is not a date", c.text)
		}
		return moment{At: c.at, DayOnly: c.at.Truncate(24*time.Hour) == c.at}, false, nil
	case cellText, cellNumber:
		if v.dates.iso {
			if m, ok := columns.ParseISO(c.text); ok {
				return m, false, nil
			}
		}
		if strings.HasPrefix(c.text, "0000-00-00") || strings.HasPrefix(c.text, "0001-01-01") {
			return m, true, nil
		}
		m, err := v.dates.parse(c.text)
		if err != nil {
			return m, false, &defect{v.want[s], err.Error()}
		}
		return m, false, nil
	case cellError:
		return m, false, v.wrong(s, "%s in place of a date: a formula has failed where the file was made", c.text)
	default:
		return m, false, v.wrong(s, "%q is not a date", c.display())
	}
}

// time is a time field of an account. Dates before 2 January 1970 are what systems write when there is none; they count as
// empty.
func (v *values) time(field string, s slot) (fact scanners.Fact[time.Time], imprecision time.Duration, wrong *defect) {
	if s == none {
		return scanners.Unknown[time.Time](notMapped), 0, nil
	}
	c := v.at(s)
	if c.kind == cellEmpty || c.kind == cellText && isNull(c.text) {
		return v.emptyTime(field), 0, nil
	}
	if c.kind == cellText {
		var meaning string
		ok := false
		if words := v.values[field]; len(words) > 0 {
			meaning, ok = words[fold(c.text)]
		}
		switch {
		case ok && meaning == "never", !ok && strings.EqualFold(c.text, "never"):
			return scanners.Never[time.Time](), 0, nil
		case ok:
			return scanners.Unknown[time.Time](fmt.Sprintf("the file says %q", c.text)), 0, nil
		}
	}
	m, sentinel, wrong := v.moment(s)
	if wrong != nil {
		return fact, 0, wrong
	}
	if sentinel || m.At.Before(time.Date(1970, time.January, 2, 0, 0, 0, 0, time.UTC)) {
		return v.emptyTime(field), 0, nil
	}
	at, imprecision := m.Instant(v.zone)
	return scanners.Known(at), imprecision, nil
}

func (v *values) emptyTime(field string) scanners.Fact[time.Time] {
	if v.empty[field] {
		return scanners.Never[time.Time]()
	}
	return scanners.Unknown[time.Time](emptyInFile)
}
