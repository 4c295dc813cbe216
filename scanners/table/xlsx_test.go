package table

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/leaver-audit/leaver/scanners"
)

// book makes a workbook whose first sheet is filled by fill.
func book(t testing.TB, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, name := range []string{"id", "login", "created"} {
		set(t, f, string(rune('A'+i))+"1", name)
	}
	fill(f)
	return workbookBytes(t, f)
}

func set(t testing.TB, f *excelize.File, cell string, value any) {
	t.Helper()
	if err := f.SetCellValue("Sheet1", cell, value); err != nil {
		t.Fatal(err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestXLSXCells checks how single cells are read, as an id in column A and as a date in column C.
func TestXLSXCells(t *testing.T) {
	day := func(y int, m time.Month, d int) string {
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Format(time.RFC3339)
	}
	for name, test := range map[string]struct {
		fill   func(t *testing.T, f *excelize.File)
		id     string
		date   string
		reject string
	}{
		"texts":          {func(t *testing.T, f *excelize.File) { set(t, f, "A2", "00123"); set(t, f, "C2", "2025-12-31") }, "00123", day(2025, 12, 31), ""},
		"number as id":   {func(t *testing.T, f *excelize.File) { set(t, f, "A2", 123) }, "123", "", ""},
		"whole float":    {func(t *testing.T, f *excelize.File) { set(t, f, "A2", 123.0) }, "123", "", ""},
		"fraction as id": {func(t *testing.T, f *excelize.File) { set(t, f, "A2", 123.5) }, "", "", "the number 123.5 is not an id"},
		"16 digits":      {func(t *testing.T, f *excelize.File) { set(t, f, "A2", int64(1234567890123456)) }, "", "", "15"},
		"exponent text":  {func(t *testing.T, f *excelize.File) { set(t, f, "A2", "1.23E+05") }, "", "", "digits are lost"},
		"padded format": {func(t *testing.T, f *excelize.File) {
			code := "00000"
			style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &code})
			must(t, err)
			set(t, f, "A2", 123)
			must(t, f.SetCellStyle("Sheet1", "A2", "A2", style))
		}, "00123", "", ""},
		"date cell": {func(t *testing.T, f *excelize.File) {
			set(t, f, "A2", "x")
			set(t, f, "C2", time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC))
		}, "x", day(2025, 12, 31), ""},
		"date and time cell": {func(t *testing.T, f *excelize.File) {
			set(t, f, "A2", "x")
			set(t, f, "C2", time.Date(2025, 12, 31, 13, 5, 9, 0, time.UTC))
		}, "x", "2025-12-31T13:05:09Z", ""},
		"serial 45000": {func(t *testing.T, f *excelize.File) { set(t, f, "A2", "x"); set(t, f, "C2", 45000) }, "x", day(2023, 3, 15), ""},
		"1904 system": {func(t *testing.T, f *excelize.File) {
			on := true
			must(t, f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &on}))
			set(t, f, "A2", "x")
			set(t, f, "C2", 45000)
		}, "x", day(2027, 3, 16), ""},
		"the day that never was": {func(t *testing.T, f *excelize.File) { set(t, f, "A2", "x"); set(t, f, "C2", 60) }, "x", "", "the number 60 is not a date"},
		"error value": {func(t *testing.T, f *excelize.File) {
			set(t, f, "A2", "x")
			set(t, f, "C2", "#N/A")
		}, "x", "", "#N/A in place"},
		"truth value as id": {func(t *testing.T, f *excelize.File) { set(t, f, "A2", true) }, "", "", "not an id"},
		"formula without value": {func(t *testing.T, f *excelize.File) {
			set(t, f, "A2", "x")
			must(t, f.SetCellFormula("Sheet1", "C2", "TODAY()"))
		}, "", "", "formula without its value"},
		"hidden row": {func(t *testing.T, f *excelize.File) {
			set(t, f, "A2", "x")
			must(t, f.SetRowVisible("Sheet1", 2, false))
		}, "x", "", ""},
		"rich text": {func(t *testing.T, f *excelize.File) {
			must(t, f.SetCellRichText("Sheet1", "A2", []excelize.RichTextRun{{Text: "a"}, {Text: "b", Font: &excelize.Font{Bold: true}}}))
		}, "ab", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("crm.xlsx", book(t, func(f *excelize.File) { test.fill(t, f) }))
			got := scanAccounts(t, w, "path: crm.xlsx\ncolumns: {id: id, login: login, created: created}")
			if test.reject != "" {
				if len(got.rejected) != 1 || !strings.Contains(got.rejected[0].Reason, test.reject) || got.rejected[0].Place != "row 2" || got.rejected[0].ID != test.id {
					t.Fatalf("rejected %+v, want row 2 with id %q: %q", got.rejected, test.id, test.reject)
				}
				return
			}
			if len(got.records) != 1 || got.records[0].ID != test.id {
				t.Fatalf("accounts %+v, rejected %+v; want id %q", got.records, got.rejected, test.id)
			}
			date := ""
			if at, ok := got.records[0].Created.Get(); ok {
				date = at.Format(time.RFC3339)
			}
			if date != test.date {
				t.Errorf("created %s, want %s", date, test.date)
			}
		})
	}
}

func TestSerials(t *testing.T) {
	for name, test := range map[string]struct {
		serial   float64
		from1904 bool
		want     string
	}{
		"first day":             {1, false, "1900-01-01 00:00:00"},
		"28 February 1900":      {59, false, "1900-02-28 00:00:00"},
		"1 March 1900":          {61, false, "1900-03-01 00:00:00"},
		"noon":                  {45000.5, false, "2023-03-15 12:00:00"},
		"almost midnight":       {45000.99999, false, "2023-03-15 23:59:59"},
		"first day, 1904":       {0, true, "1904-01-01 00:00:00"},
		"29 February 1900":      {60, false, ""},
		"negative":              {-1, false, ""},
		"after the year 9999":   {2_958_466, false, ""},
		"last day of year 9999": {2_958_465, false, "9999-12-31 00:00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if at, ok := serialTime(test.serial, test.from1904); ok {
				got = at.Format(time.DateTime)
			}
			if got != test.want {
				t.Errorf("serialTime(%v) = %q, want %q", test.serial, got, test.want)
			}
		})
	}
}

func TestXLSXFormulaWithValue(t *testing.T) {
	w := newWorld(t)
	content := book(t, func(f *excelize.File) {
		set(t, f, "A2", "x")
		must(t, f.SetCellFormula("Sheet1", "C2", "DATE(2025,12,31)"))
	})
	// What a spreadsheet program adds when it saves.
	content = rezip(t, content, "xl/worksheets/sheet1.xml", func(xml string) string {
		return strings.NewReplacer("</f>", "</f><v>46022</v>", ` t="str"`, "").Replace(xml)
	})
	w.write("crm.xlsx", content)
	got := scanAccounts(t, w, "path: crm.xlsx\ncolumns: {id: id, created: created}")
	if want := scanners.Known(time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)); len(got.records) != 1 || got.records[0].Created != want {
		t.Errorf("accounts %+v, rejected %+v; want the saved value", got.records, got.rejected)
	}
}

// TestXLSXPhonetic leaves out the reading aid that a workbook keeps inside a text.
func TestXLSXPhonetic(t *testing.T) {
	content := book(t, func(f *excelize.File) { set(t, f, "A2", "Yamada") })
	content = rezip(t, content, "xl/sharedStrings.xml", func(xml string) string {
		if !strings.Contains(xml, "<t>Yamada</t>") {
			t.Fatalf("no such text in %s", xml)
		}
		return strings.Replace(xml, "<t>Yamada</t>", "<t>Yamada</t><rPh sb=\"0\" eb=\"2\"><t>aid</t></rPh>", 1)
	})
	w := newWorld(t)
	w.write("crm.xlsx", content)
	if got := scanAccounts(t, w, "path: crm.xlsx\ncolumns: {id: id}"); len(got.records) != 1 || got.records[0].ID != "Yamada" {
		t.Errorf("accounts %+v", got.records)
	}
}

// rezip changes one part of a workbook.
func rezip(t testing.TB, content []byte, part string, change func(string) string) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	must(t, err)
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range in.File {
		r, err := f.Open()
		must(t, err)
		text, err := io.ReadAll(r)
		must(t, err)
		if f.Name == part {
			text = []byte(change(string(text)))
		}
		to, err := out.Create(f.Name)
		must(t, err)
		_, err = to.Write(text)
		must(t, err)
	}
	must(t, out.Close())
	return b.Bytes()
}

func TestXLSXSheets(t *testing.T) {
	second := func(t *testing.T, f *excelize.File) {
		_, err := f.NewSheet("Leavers")
		must(t, err)
		must(t, f.SetCellValue("Leavers", "A1", "id"))
		must(t, f.SetCellValue("Leavers", "A2", "from leavers"))
	}
	for name, test := range map[string]struct {
		fill   func(t *testing.T, f *excelize.File)
		config string
		id     string
		fails  string
	}{
		"only sheet": {fill: func(t *testing.T, f *excelize.File) { set(t, f, "A2", "x") }, id: "x"},
		"other sheet empty": {fill: func(t *testing.T, f *excelize.File) {
			set(t, f, "A2", "x")
			_, err := f.NewSheet("Notes")
			must(t, err)
		}, id: "x"},
		"two sheets":   {fill: second, fails: `several sheets have rows: "Sheet1", "Leavers"`},
		"named sheet":  {fill: second, config: "sheet: Leavers", id: "from leavers"},
		"wrong name":   {fill: second, config: "sheet: Leaver", fails: `no sheet "Leaver" ("Leavers" may be meant)`},
		"hidden sheet": {fill: func(t *testing.T, f *excelize.File) { second(t, f); must(t, f.SetSheetVisible("Leavers", false)) }, config: "sheet: Leavers", id: "from leavers"},
		"title above": {fill: func(t *testing.T, f *excelize.File) {
			must(t, f.InsertRows("Sheet1", 1, 3))
			set(t, f, "A1", "Accounts of March")
			set(t, f, "A5", "x")
		}, id: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("crm.xlsx", book(t, func(f *excelize.File) { test.fill(t, f) }))
			config := "path: crm.xlsx\ncolumns: {id: id}\n" + test.config
			if test.fails != "" {
				if err := openAndScan(t, w, false, config); err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("error %v, want %q", err, test.fails)
				}
				return
			}
			if got := scanAccounts(t, w, config); len(got.records) != 1 || got.records[0].ID != test.id {
				t.Errorf("accounts %+v, want id %q", got.records, test.id)
			}
		})
	}
}

// TestXLSXDamage shows that a damaged or hostile workbook is refused or partial, never a short list.
func TestXLSXDamage(t *testing.T) {
	healthy := book(t, func(f *excelize.File) {
		for i := range 200 {
			set(t, f, fmt.Sprint("A", i+2), fmt.Sprint("id", i))
		}
	})
	sheet := func(change func(string) string) []byte { return rezip(t, healthy, "xl/worksheets/sheet1.xml", change) }
	for name, content := range map[string][]byte{
		"half a file":        healthy[:len(healthy)/2],
		"half a sheet":       sheet(func(xml string) string { return xml[:len(xml)/2] }),
		"no end of the rows": sheet(func(xml string) string { return xml[:strings.Index(xml, "</sheetData>")] }),
		"rows out of order":  sheet(func(xml string) string { return strings.Replace(xml, `<row r="50"`, `<row r="7"`, 1) }),
		"row beyond the end": sheet(func(xml string) string { return strings.Replace(xml, `<row r="50"`, `<row r="99999999"`, 1) }),
		"column too far":     sheet(func(xml string) string { return strings.Replace(xml, `r="A50"`, `r="ZZZZZZZZZZ50"`, 1) }),
		"text that is not":   sheet(func(xml string) string { return strings.Replace(xml, `<v>50</v>`, `<v>5000</v>`, 1) }),
		"no workbook":        []byte("PK\x03\x04 something else"),
		"old format":         []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("x", 600)),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("crm.xlsx", content)
			coverage, err := openTest(t, Kind().Accounts, w.Env, "path: crm.xlsx\ncolumns: {id: id}").
				Scan(t.Context(), func(scanners.Account) error { return nil })
			if coverage.Verdict.Complete() || err == nil && coverage.Why == "" {
				t.Errorf("verdict %v (%s), %v", coverage.Verdict, coverage.Why, err)
			}
		})
	}
}

// TestXLSXBomb shows that a workbook which says that it unpacks to gigabytes is refused before anything is unpacked, and
// that one which lies about it is stopped at the limit.
func TestXLSXBomb(t *testing.T) {
	healthy := book(t, func(f *excelize.File) {
		for i := range 2000 {
			set(t, f, fmt.Sprint("A", i+2), fmt.Sprint("id", i))
		}
	})
	in, err := zip.NewReader(bytes.NewReader(healthy), int64(len(healthy)))
	must(t, err)
	in.File[0].UncompressedSize64 = maxUnpacked + 1
	w := &workbook{parts: map[string]*zip.File{}}
	if err := w.index(in); err == nil || !strings.Contains(err.Error(), "512 MB") {
		t.Errorf("error %v, want a refusal by the declared size", err)
	}
	opened, err := openWorkbook(bytes.NewReader(healthy), int64(len(healthy)))
	must(t, err)
	opened.texts = 1000
	if err := opened.loadShared(); err == nil || !strings.Contains(err.Error(), "256 MB") {
		t.Errorf("error %v, want the limit of shared texts", err)
	}
	opened.budget = 20_000
	g, err := opened.grid(opened.sheets[0])
	must(t, err)
	for err == nil {
		err = g.next()
	}
	if !strings.Contains(err.Error(), "512 MB") {
		t.Errorf("error %v, want the limit of what is really unpacked", err)
	}
}
