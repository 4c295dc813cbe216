package table

import (
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/leaver-audit/leaver/scanners"
)

// TestXLSXDatedKeys shows that the number behind a date never passes for a key: the row is rejected, and its cell named.
func TestXLSXDatedKeys(t *testing.T) {
	short, german := "yyyy-mm-dd", `[$-407]d/\ mmmm\ yyyy;@`
	minutes, money, words, zeros := "[mm]:ss", `[Red]#,##0.00\ [$USD];_-0_d*h`, `0 "days"`, "00000"
	for name, test := range map[string]struct {
		value  any
		style  excelize.Style
		reject string // the shown value; empty when the row is good
		id     string
	}{
		"built-in date":       {46024, excelize.Style{NumFmt: 14}, "cell A2 is the date 2026-01-02 (46024 in the file), not an id", ""},
		"built-in time":       {46024.5, excelize.Style{NumFmt: 22}, "cell A2 is the date 2026-01-02 12:00:00 (46024.5 in the file)", ""},
		"East Asian date":     {46024, excelize.Style{NumFmt: 31}, "cell A2 is the date 2026-01-02", ""},
		"own format":          {46024, excelize.Style{CustomNumFmt: &short}, "cell A2 is the date 2026-01-02", ""},
		"own German format":   {46024, excelize.Style{CustomNumFmt: &german}, "cell A2 is the date 2026-01-02", ""},
		"elapsed time":        {46024, excelize.Style{CustomNumFmt: &minutes}, "cell A2 is the date 2026-01-02", ""},
		"no date at all":      {12345678, excelize.Style{NumFmt: 14}, "cell A2 is formatted as a date (12345678 in the file), not an id", ""},
		"text in such a cell": {"00123", excelize.Style{NumFmt: 14}, "", "00123"},
		"general":             {46024, excelize.Style{}, "", "46024"},
		"text format":         {46024, excelize.Style{NumFmt: 49}, "", "46024"},
		"scientific":          {46024, excelize.Style{NumFmt: 11}, "", "46024"},
		"money":               {46024, excelize.Style{CustomNumFmt: &money}, "", "46024"},
		"word in quotes":      {46024, excelize.Style{CustomNumFmt: &words}, "", "46024"},
		"zeros":               {123, excelize.Style{CustomNumFmt: &zeros}, "", "00123"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("crm.xlsx", book(t, func(f *excelize.File) {
				set(t, f, "A2", test.value)
				style, err := f.NewStyle(&test.style)
				must(t, err)
				must(t, f.SetCellStyle("Sheet1", "A2", "A2", style))
				set(t, f, "A3", "00124")
			}))
			got := scanAccounts(t, w, "path: crm.xlsx\ncolumns: {id: id}")
			if test.reject == "" {
				if len(got.records) != 2 || got.records[0].ID != test.id {
					t.Errorf("accounts %+v, rejected %+v; want id %q", got.records, got.rejected, test.id)
				}
				return
			}
			checkRejections(t, got.rejected, []string{"row 2 id : " + test.reject})
			if r := got.rejected[0]; r.Field != "id" || !strings.Contains(r.Reason, "\nhint: format the column as text") {
				t.Errorf("rejection %+v, want the column and a hint", r)
			}
			if len(got.records) != 1 || got.coverage.Verdict != scanners.Partial {
				t.Errorf("verdict %v (%s), want partial: a row without readable id", got.coverage.Verdict, got.coverage.Why)
			}
		})
	}
}

// TestXLSXDatedOtherKeys rejects the row for every key, and leaves the id of the account readable.
func TestXLSXDatedOtherKeys(t *testing.T) {
	content := book(t, func(f *excelize.File) {
		set(t, f, "A2", "x")
		set(t, f, "B2", time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))
	})
	for _, field := range []string{"employee_id", "mail", "anchor"} {
		w := newWorld(t)
		w.write("crm.xlsx", content)
		got := scanAccounts(t, w, "path: crm.xlsx\ncolumns: {id: id, "+field+": login}")
		checkRejections(t, got.rejected, []string{"row 2 id x: cell B2 is the date 2026-01-02"})
	}
	w := newWorld(t)
	w.write("hr.xlsx", content)
	got := scanPeople(t, w, "path: hr.xlsx\ncolumns: {id: id, other_ids: login}")
	checkRejections(t, got.rejected, []string{"row 2 id x: cell B2 is the date 2026-01-02"})
}

// TestXLSXDateType rejects an id that the file itself types as a date, as strict workbooks do, and reads it as a date elsewhere.
func TestXLSXDateType(t *testing.T) {
	w := newWorld(t)
	content := book(t, func(f *excelize.File) { set(t, f, "A2", 7); set(t, f, "A3", "x"); set(t, f, "C3", 8) })
	w.write("crm.xlsx", rezip(t, content, "xl/worksheets/sheet1.xml", func(xml string) string {
		changed := strings.NewReplacer(`<c r="A2"><v>7</v>`, `<c t="d"><v>2026-01-02</v>`, `<c r="C3"><v>8</v>`, `<c r="C3" t="d"><v>2026-01-02T00:00:00</v>`).Replace(xml)
		if strings.Count(changed, `t="d"`) != 2 {
			t.Fatalf("no such cells in %s", xml)
		}
		return changed
	}))
	got := scanAccounts(t, w, "path: crm.xlsx\ncolumns: {id: id, created: created}")
	checkRejections(t, got.rejected, []string{"row 2 id : cell A2 is formatted as a date (2026-01-02 in the file), not an id"})
	if len(got.records) != 1 || got.records[0].Created != scanners.Known(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("accounts %+v", got.records)
	}
}

// TestXLSXDatedReference shows a date in a field that refers to somebody: its day number could name another person.
func TestXLSXDatedReference(t *testing.T) {
	w := newWorld(t)
	w.write("crm.xlsx", book(t, func(f *excelize.File) {
		set(t, f, "A2", "x")
		set(t, f, "B2", time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))
		set(t, f, "A3", "y")
		set(t, f, "B3", 46024)
	}))
	got := scanAccounts(t, w, "path: crm.xlsx\ncolumns: {id: id, sponsor: login}")
	if len(got.records) != 2 || got.records[0].Sponsor != "2026-01-02" || got.records[1].Sponsor != "46024" {
		t.Errorf("accounts %+v, rejected %+v; want the sponsors 2026-01-02 and 46024", got.records, got.rejected)
	}
}

func TestReferences(t *testing.T) {
	for reference, column := range map[string]int{"A1": 0, "Z1": 25, "AA1": 26, "AZ1": 51, "BA1": 52, "ZZ1": 701, "AAA1": 702, "XFD1": 16383} {
		if got := referenceOf(column, 1); got != reference || columnOf(reference) != column {
			t.Errorf("column %d is %s and %s column %d", column, got, reference, columnOf(reference))
		}
	}
}
