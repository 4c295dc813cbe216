package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/unicode/norm"
)

// trap is one way in which an HR file goes wrong.
type trap struct {
	name string
	// config are lines that are added to the people source.
	config string
	spoil  func(*testing.T, *hrFile)
	// first is the outcome of a first run, later that of a run after one with the clean file.
	first, later outcome
	// says is part of what a refused run says.
	says string
	// gates is added to the end of leaver.yaml.
	gates string
}

// harmless are the traps that must not change one verdict.
func harmless() []trap {
	all := slices.Concat([]trap{
		{name: "no byte order mark", spoil: func(*testing.T, *hrFile) {}},
		{name: "UTF-8 with a byte order mark", spoil: raw(func(h *hrFile) []byte { return append([]byte("\ufeff"), h.csv(',', false)...) })},
		{name: "UTF-16LE with a byte order mark", spoil: encoded(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM))},
		{name: "UTF-16BE with a byte order mark", spoil: encoded(unicode.UTF16(unicode.BigEndian, unicode.UseBOM))},
		{name: "windows-1252, declared", config: "encoding: windows-1252", spoil: encoded(charmap.Windows1252)},
		{name: "semicolons", spoil: raw(func(h *hrFile) []byte { return h.csv(';', false) })},
		{name: "tabs", spoil: raw(func(h *hrFile) []byte { return h.csv('\t', false) })},
		{name: "bars", spoil: raw(func(h *hrFile) []byte { return h.csv('|', false) })},
		{name: "a delimiter of two characters, declared", config: `delimiter: "+|"`,
			spoil: raw(func(h *hrFile) []byte { return bytes.ReplaceAll(h.csv(',', false), []byte(","), []byte("+|")) })},
		{name: "lines that end in CR LF", spoil: raw(func(h *hrFile) []byte { return h.csv(',', true) })},
		{name: "lines that end in CR", spoil: raw(func(h *hrFile) []byte { return bytes.ReplaceAll(h.csv(',', false), []byte("\n"), []byte("\r")) })},
		{name: "no line end at the end", spoil: raw(func(h *hrFile) []byte { return bytes.TrimSuffix(h.csv(',', false), []byte("\n")) })},
		{name: "empty lines between the rows", spoil: raw(func(h *hrFile) []byte { return bytes.ReplaceAll(h.csv(',', false), []byte("\n"), []byte("\n\n")) })},
		{name: "every field in quotes", spoil: raw(quoted)},
		{name: "a blank after each comma, in the header too", spoil: raw(func(h *hrFile) []byte { return bytes.ReplaceAll(h.csv(',', false), []byte(","), []byte(", ")) })},
		{name: "blanks around the values", spoil: values(func(s string) string { return "  " + s + "   " })},
		{name: "non-breaking and zero-width blanks around the values", spoil: values(func(s string) string { return "\u00a0" + s + "\u200b\u00a0" })},
		{name: "mail addresses in capitals", spoil: every("work_email", strings.ToUpper)},
		{name: "header in capitals", spoil: func(_ *testing.T, h *hrFile) {
			for i := range h.header {
				h.header[i] = strings.ToUpper(h.header[i])
			}
		}},
		{name: "status words in capitals", spoil: every("status", strings.ToUpper)},
		{name: `ids written ="001234" for a spreadsheet`, spoil: every("employee_id", func(s string) string { return `="` + s + `"` })},
		{name: "UTF-16 without a byte order mark", spoil: encoded(unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM))},
		{name: "accents as separate characters in some names", spoil: some("family_name", 3, norm.NFD.String)},
	}, harmlessRows(), harmlessDates(), workbooks())
	for i := range all {
		all[i].first, all[i].later = same, same
	}
	return all
}

// harmlessRows are traps of the order and number of rows and columns.
func harmlessRows() []trap {
	return []trap{
		{name: "columns in another order", spoil: func(_ *testing.T, h *hrFile) {
			slices.Reverse(h.header)
			for _, row := range h.rows {
				slices.Reverse(row)
			}
		}},
		{name: "further columns", spoil: func(_ *testing.T, h *hrFile) {
			h.header = append([]string{"cost_centre"}, append(h.header, "salary_band")...)
			for i, row := range h.rows {
				h.rows[i] = append([]string{"4711"}, append(row, "B")...)
			}
		}},
		{name: "six empty columns at the end, in the header too", spoil: func(_ *testing.T, h *hrFile) {
			h.header = append(h.header, make([]string, 6)...)
			for i, row := range h.rows {
				h.rows[i] = append(row, make([]string, 6)...)
			}
		}},
		{name: "rows in another order", spoil: func(_ *testing.T, h *hrFile) { slices.Reverse(h.rows) }},
		{name: "the header again after every 100 rows", spoil: func(_ *testing.T, h *hrFile) {
			for i := len(h.rows) / 100 * 100; i > 0; i -= 100 {
				h.rows = slices.Insert(h.rows, i, h.header)
			}
		}},
		{name: "title rows above the header", spoil: raw(func(h *hrFile) []byte {
			return append([]byte("Employees of Halvard\nConfidential,printed 2026-11-22\n\n"), h.csv(',', false)...)
		})},
		{name: `a last row "Total: n"`, spoil: raw(func(h *hrFile) []byte { return fmt.Appendf(h.csv(',', false), "Total: %d\n", len(h.rows)) })},
		{name: "line breaks inside quoted fields", spoil: some("department", 7, func(s string) string { return s + "\nsecond line" })},
		{name: "names that were converted to UTF-8 twice", spoil: twice},
	}
}

// harmlessDates are traps of how dates are written.
func harmlessDates() []trap {
	return []trap{
		{name: "dates with day first, declared", config: "dates: [DD.MM.YYYY]", spoil: dates("02.01.2006")},
		{name: "dates of eight to ten characters, declared", config: "dates: [D.M.YYYY]", spoil: dates("2.1.2006")},
		{name: "dates with month first, declared", config: "dates: [MM/DD/YYYY]", spoil: dates("01/02/2006")},
		{name: "dates with a time", spoil: dates("2006-01-02T15:04:05")},
		{name: "dates with a time and an offset", spoil: dates("2006-01-02T15:04:05-07:00")},
		{name: "some dates with a time", spoil: some("start_date", 3, func(s string) string { return s + " 00:00:00" })},
		{name: "no end written as an empty field", spoil: every("last_day", func(s string) string { return strings.TrimPrefix(s, "9999-12-31") })},
	}
}

// noticed are the traps that may cost rows or the run, but never change a verdict silently.
func noticed() []trap {
	return slices.Concat(spoiltIDs(), spoiltDates(), spoiltRows(), spoiltColumns(), spoiltBooks())
}

func spoiltIDs() []trap {
	tenth := func(i int, _ []string) bool { return i%10 == 0 }
	two := func(i int, _ []string) bool { return i == 40 || i == 41 }
	one := func(i int, _ []string) bool { return i == 40 }
	return []trap{
		{name: "leading zeros lost in all ids", first: same, later: same, spoil: every("employee_id", func(s string) string { return strings.TrimLeft(s, "0") })},
		{name: "leading zeros lost in some ids", first: refused, later: refused, says: "differ only in leading zeros", spoil: func(_ *testing.T, h *hrFile) {
			h.each("employee_id", tenth, func(s string) string { return strings.TrimLeft(s, "0") })
		}},
		{name: "more leading zeros in all ids", first: same, later: same, spoil: every("employee_id", func(s string) string { return "00" + s })},
		{name: "a new prefix before all ids", first: unseen, later: refused, says: "are gone from the people sources", spoil: every("employee_id", func(s string) string { return "E" + s })},
		{name: "ids such as 1.23E+05 in many rows", first: refused, later: refused, says: "digits are lost", spoil: func(_ *testing.T, h *hrFile) {
			h.each("employee_id", tenth, func(string) string { return "1.23E+05" })
		}},
		{name: "an id such as 1.23E+05 in one row", first: disputed, later: disputed, spoil: damage("employee_id", one, "1.23E+05")},
		{name: "ids such as 1E5 in two rows", first: refused, later: refused, says: "digits are lost", spoil: damage("employee_id", two, "1E5")},
		{name: "an id such as 1E5 in one row", first: disputed, later: disputed, spoil: damage("employee_id", one, "1E5")},
		{name: "ids such as 1234.0 in all rows", first: refused, later: refused, says: "digits are lost", spoil: every("employee_id", func(s string) string { return s + ".0" })},
		{name: "#N/A for many ids", first: refused, later: refused, says: "#N/A", spoil: func(_ *testing.T, h *hrFile) {
			h.each("employee_id", tenth, func(string) string { return "#N/A" })
		}},
		{name: "#N/A for one id", first: disputed, later: disputed, spoil: damage("employee_id", one, "#N/A")},
		{name: "two ids empty", first: refused, later: refused, says: "the id is empty", spoil: damage("employee_id", two, "")},
		{name: "two people with the id of somebody else", first: disputed, later: disputed, spoil: func(_ *testing.T, h *hrFile) {
			// Whoever is known by nothing but an id that the file has lost is nobody.
			c, last := h.column("employee_id"), h.mailed[len(h.mailed)-4:]
			for _, i := range last {
				h.damaged = append(h.damaged, h.rows[i][c])
			}
			h.rows[last[0]][c], h.rows[last[1]][c] = h.rows[last[2]][c], h.rows[last[3]][c]
		}},
		{name: "all ids shifted by one row", first: refused, later: refused, says: "stand for several humans", spoil: func(_ *testing.T, h *hrFile) {
			c := h.column("employee_id")
			last := h.rows[len(h.rows)-1][c]
			for i := len(h.rows) - 1; i > 0; i-- {
				h.rows[i][c] = h.rows[i-1][c]
			}
			h.rows[0][c] = last
		}},
	}
}

func spoiltDates() []trap {
	return []trap{
		{name: "dates with day and month as two numbers, not declared", first: refused, later: refused, says: "DD/MM/YYYY", spoil: dates("02/01/2006")},
		{name: "dates with day first, declared as month first", config: "dates: [MM/DD/YYYY]", first: refused, later: refused, says: "not a date", spoil: dates("02/01/2006")},
		{name: "years of two digits", first: refused, later: refused, says: "not a date", spoil: dates("02.01.06")},
		{name: "day numbers of a spreadsheet, not declared", first: refused, later: refused, says: "excel", spoil: serials},
		{name: "all dates a day late", first: unseen, later: refused, spoil: shift(1)},
		{name: "all dates a year late", first: unseen, later: refused, spoil: shift(365)},
		{name: "two dates that are none", first: disputed, later: disputed, spoil: func(_ *testing.T, h *hrFile) {
			two := func(i int, _ []string) bool { return i == 40 || i == 41 }
			h.mark(two)
			h.each("last_day", two, func(string) string { return "soon" })
		}},
		{name: "end dates all empty, the status stays", first: unseen, later: refused, spoil: every("last_day", func(string) string { return "" })},
	}
}

func spoiltRows() []trap {
	return []trap{
		{name: "half of the rows missing", first: unseen, later: refused, says: "fewer than in the last accepted run", spoil: func(_ *testing.T, h *hrFile) { h.rows = h.rows[:len(h.rows)/2] }},
		{name: "half of the rows missing, rows declared", config: "expect_rows: 525", first: refused, later: refused, says: "expect_rows", spoil: func(_ *testing.T, h *hrFile) { h.rows = h.rows[:len(h.rows)/2] }},
		{name: "cut off in the middle of a row", first: refused, later: refused, says: "ends in the middle", spoil: raw(func(h *hrFile) []byte {
			text := h.csv(',', false)
			return text[:len(text)/2+bytes.IndexByte(text[len(text)/2:], ',')]
		})},
		{name: "only those who work here", first: unseen, later: refused, says: "fewer than in the last accepted run", spoil: activeOnly},
		{name: "every row twice", first: same, later: refused, says: "more than in the last accepted run", spoil: func(_ *testing.T, h *hrFile) { h.rows = append(h.rows, h.rows...) }},
		{name: "header only", first: refused, later: refused, says: "no row below the header", spoil: func(_ *testing.T, h *hrFile) { h.rows = nil }},
		{name: "empty file", first: refused, later: refused, says: "empty", spoil: raw(func(*hrFile) []byte { return []byte{} })},
		{name: "some rows with too few fields", first: refused, later: refused, says: "fields where the header has", spoil: ragged(20)},
		{name: "two rows with too few fields", first: disputed, later: disputed, spoil: ragged(2)},
		{name: "empty columns at the end of the rows alone", first: refused, later: refused, says: "fields where the header has", spoil: func(_ *testing.T, h *hrFile) {
			for i, row := range h.rows {
				h.rows[i] = append(row, make([]string, 6)...)
			}
		}},
		{name: `a last row "Total: n" with another number`, first: refused, later: refused, says: "the trailer", spoil: raw(func(h *hrFile) []byte { return append(h.csv(',', false), "Total: 9999\n"...) })},
		{name: "windows-1252, not declared", first: refused, later: refused, says: "windows-1252", spoil: encoded(charmap.Windows1252)},
		{name: "a quote that is never closed", first: refused, later: refused, spoil: raw(func(h *hrFile) []byte { return bytes.Replace(h.csv(',', false), []byte("Sales"), []byte(`"Sales`), 1) })},
	}
}

func spoiltColumns() []trap {
	return []trap{
		{name: "a column renamed", first: misfit, later: misfit, says: "no column", spoil: func(_ *testing.T, h *hrFile) { h.header[h.column("last_day")] = "end_date" }},
		{name: "a column twice", first: misfit, later: misfit, says: "is there twice", spoil: func(_ *testing.T, h *hrFile) { h.header[h.column("department")] = "last_day" }},
		{name: "start and end swapped", first: refused, later: refused, says: "no start of an employment", spoil: func(_ *testing.T, h *hrFile) {
			a, b := h.column("start_date"), h.column("last_day")
			h.header[a], h.header[b] = h.header[b], h.header[a]
		}},
		{name: "given and family name swapped", first: same, later: refused, says: "two other names", spoil: func(_ *testing.T, h *hrFile) {
			a, b := h.column("given_name"), h.column("family_name")
			h.header[a], h.header[b] = h.header[b], h.header[a]
		}},
		{name: "mail and department swapped", first: refused, later: refused, says: "not one of", spoil: func(_ *testing.T, h *hrFile) {
			a, b := h.column("work_email"), h.column("department")
			h.header[a], h.header[b] = h.header[b], h.header[a]
		}},
		{name: "the mail column empty", first: refused, later: refused, says: "not one of", spoil: every("work_email", func(string) string { return "" })},
		{name: "half of the mail addresses gone", first: unseen, later: refused, says: "mail address", spoil: func(_ *testing.T, h *hrFile) {
			h.each("work_email", func(i int, _ []string) bool { return i%2 == 0 }, func(string) string { return "" })
		}},
		{name: "one status code that is not known, many rows", first: refused, later: refused, says: "is not translated", spoil: every("status", func(s string) string { return strings.Replace(s, "Terminated", "Exited", 1) })},
		{name: "one status code that is not known, one row", first: disputed, later: disputed, spoil: func(_ *testing.T, h *hrFile) {
			one := func(i int, _ []string) bool { return i == 40 }
			h.mark(one)
			h.each("status", one, func(string) string { return "Sabbatical" })
		}},
		{name: "status words of another language in some rows", first: refused, later: refused, says: "is not translated", spoil: some("status", 4, func(s string) string { return strings.Replace(s, "Active", "Aktiv", 1) })},
		{name: "the status column empty", first: refused, later: refused, says: "not one of", spoil: every("status", func(string) string { return "" })},
	}
}

// mark notes the rows that a trap makes unusable.
func (h *hrFile) mark(pick func(i int, row []string) bool) {
	for i, row := range h.rows {
		if pick(i, row) {
			h.damaged = append(h.damaged, row[h.column("employee_id")])
		}
	}
}

func raw(write func(*hrFile) []byte) func(*testing.T, *hrFile) {
	return func(_ *testing.T, h *hrFile) { h.bytes = write(h) }
}

func encoded(e encoding.Encoding) func(*testing.T, *hrFile) {
	return func(t *testing.T, h *hrFile) {
		text, err := encoding.ReplaceUnsupported(e.NewEncoder()).Bytes(h.csv(',', true))
		if err != nil {
			t.Fatal(err)
		}
		h.bytes = text
	}
}

func quoted(h *hrFile) []byte {
	var b bytes.Buffer
	for _, row := range append([][]string{h.header}, h.rows...) {
		b.WriteString(`"` + strings.Join(row, `","`) + "\"\r\n")
	}
	return b.Bytes()
}

func values(change func(string) string) func(*testing.T, *hrFile) {
	return func(_ *testing.T, h *hrFile) {
		for _, row := range h.rows {
			for i := range row {
				row[i] = change(row[i])
			}
		}
	}
}

func every(column string, change func(string) string) func(*testing.T, *hrFile) {
	return func(_ *testing.T, h *hrFile) { h.each(column, nil, change) }
}

// some alters every nth row.
func some(column string, nth int, change func(string) string) func(*testing.T, *hrFile) {
	return func(_ *testing.T, h *hrFile) {
		h.each(column, func(i int, _ []string) bool { return i%nth == 0 }, change)
	}
}

func damage(column string, pick func(int, []string) bool, value string) func(*testing.T, *hrFile) {
	return func(_ *testing.T, h *hrFile) {
		h.mark(pick)
		h.each(column, pick, func(string) string { return value })
	}
}

// dates writes both date columns in another form.
func dates(form string) func(*testing.T, *hrFile) {
	return eachDate(func(d time.Time) string { return d.Format(form) })
}

func eachDate(change func(time.Time) string) func(*testing.T, *hrFile) {
	return func(t *testing.T, h *hrFile) {
		for _, column := range []string{"start_date", "last_day"} {
			h.each(column, nil, func(s string) string {
				d, err := time.Parse(time.DateOnly, s)
				if err != nil {
					t.Fatal(err)
				}
				return change(d)
			})
		}
	}
}

func shift(days int) func(*testing.T, *hrFile) {
	return eachDate(func(d time.Time) string {
		if d.Year() == 9999 {
			return d.Format(time.DateOnly)
		}
		return d.AddDate(0, 0, days).Format(time.DateOnly)
	})
}

func serials(t *testing.T, h *hrFile) {
	eachDate(func(d time.Time) string { return fmt.Sprint(serial(d, false)) })(t, h)
}

// serial is the day number of a date in a spreadsheet.
func serial(d time.Time, from1904 bool) int {
	base := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC)
	if from1904 {
		base = time.Date(1904, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	return int(d.Unix()-base.Unix()) / 86400
}

// activeOnly leaves out everybody whose last day is over and who does not come back.
func activeOnly(_ *testing.T, h *hrFile) {
	id, start, end, stays := h.column("employee_id"), h.column("start_date"), h.column("last_day"), map[string]bool{}
	for _, row := range h.rows {
		if row[end] >= "2026-11-22" || row[start] > row[end] {
			stays[row[id]] = true
		}
	}
	h.rows = slices.DeleteFunc(h.rows, func(row []string) bool { return !stays[row[id]] })
}

func ragged(n int) func(*testing.T, *hrFile) {
	return func(_ *testing.T, h *hrFile) {
		h.mark(func(i int, _ []string) bool { return i >= 40 && i < 40+n })
		for i := range n {
			h.rows[40+i] = h.rows[40+i][:4]
		}
	}
}

// twice takes the UTF-8 of the file for windows-1252 and writes it as UTF-8 again.
func twice(t *testing.T, h *hrFile) {
	text, err := charmap.Windows1252.NewDecoder().Bytes(h.csv(',', false))
	if err != nil {
		t.Fatal(err)
	}
	h.bytes = text
}
