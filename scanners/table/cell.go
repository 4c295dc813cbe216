package table

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// cellKind is what the file itself says of a value's type.
type cellKind uint8

const (
	cellEmpty   cellKind = iota // no value
	cellText                    // text as written
	cellNumber                  // a number; text holds it as written
	cellBool                    // text is "true" or "false"
	cellInstant                 // an instant in UTC, in at
	cellWall                    // a date and time without zone: at shows it in UTC
	cellDay                     // a calendar date: at is its midnight in UTC
	cellSerial                  // an Excel serial number; at shows its date and time like cellWall, text the number
	cellList                    // several values, in list
	cellError                   // an error value such as #N/A, in text
)

// cell is one value of one row.
type cell struct {
	kind cellKind
	text string
	at   time.Time
	list []string
	// word says that the text is known to be visible ASCII without what stands between values: a comma, a semicolon, a colon and
	// what begins the configured separator.
	word bool
	// dated is the reference, such as "B7", of a workbook's cell that is shown as a date or time of day; empty for others.
	dated string
}

// textCell is the cell of a text as a file without types writes it.
func textCell(s string) cell {
	var c cell
	c.setText(s)
	return c
}

// setText makes c, which is empty or was made of a text, the cell of another text.
func (c *cell) setText(s string) {
	s = trim(s)
	c.word = false
	switch {
	case s == "":
		c.kind = cellEmpty
	case s[0] == '#' && isSheetError(s):
		c.kind = cellError
	case len(s) > 3 && s[0] == '=' && s[1] == '"' && s[len(s)-1] == '"':
		// ="00123" keeps Excel from eating the zeros.
		c.setText(s[2 : len(s)-1])
		return
	default:
		c.kind = cellText
	}
	c.text = s
}

// setWord is setText for a word that begins like no error and no formula.
func (c *cell) setWord(s string) { c.kind, c.text, c.word = cellText, s, true }

// isSheetError reports whether s is an error value of a spreadsheet.
func isSheetError(s string) bool {
	switch strings.ToUpper(s) {
	case "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#GETTING_DATA":
		return true
	}
	return false
}

// trim removes blanks of every script, zero-width ones included, from both ends.
func trim(s string) string {
	if s == "" || plain(s[0]) && plain(s[len(s)-1]) {
		return s
	}
	return strings.TrimFunc(s, isBlank)
}

func plain(b byte) bool { return b > ' ' && b < utf8.RuneSelf }

func isBlank(r rune) bool {
	switch r {
	case '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u00ad':
		return true
	}
	return unicode.IsSpace(r)
}

// display is the cell as one text, for rejections and evidence.
func (c *cell) display() string {
	switch c.kind {
	case cellInstant:
		return c.at.Format(time.RFC3339Nano)
	case cellWall:
		return c.at.Format("2006-01-02 15:04:05")
	case cellDay:
		return c.at.Format(time.DateOnly)
	case cellList:
		return strings.Join(c.list, "; ")
	default:
		return c.text
	}
}

// shownDate is what a workbook's date shows, without the time when that is midnight.
func (c *cell) shownDate() string {
	return strings.TrimSuffix(c.at.Format(time.DateTime), " 00:00:00")
}
