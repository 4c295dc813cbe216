package reports

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// samples are the reports that most tests look at.
func samples() map[string]Report {
	noLimit := everything()
	noLimit.Thresholds.RemovalStated, noLimit.Thresholds.Removal, noLimit.Thresholds.Dormant = false, 0, 0
	return map[string]Report{"everything": everything(), "partial": partial(everything(), "crm"), "refused": refused(), "empty": empty(), "no-limit": noLimit}
}

func workbook(t testing.TB, r Report) []byte {
	t.Helper()
	return workbookOf(t, r, maxRows)
}

func workbookOf(t testing.TB, r Report, limit int64) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := writeWorkbook(&b, r, limit); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t testing.TB, content []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// grids reads every sheet as text.
func grids(t testing.TB, f *excelize.File, raw bool) map[string][][]string {
	t.Helper()
	all := map[string][][]string{}
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: raw})
		if err != nil {
			t.Fatal(err)
		}
		all[sheet] = rows
	}
	return all
}

// dump writes one line per cell that has a value or a formula: place, text as shown, stored value, formula.
func dump(t testing.TB, f *excelize.File) string {
	t.Helper()
	var b strings.Builder
	shown, raw := grids(t, f, false), grids(t, f, true)
	for _, sheet := range f.GetSheetList() {
		for i, row := range raw[sheet] {
			for j := range row {
				formula, err := f.GetCellFormula(sheet, at(j+1, i+1))
				if err != nil {
					t.Fatal(err)
				}
				if row[j] == "" && formula == "" {
					continue
				}
				fmt.Fprintf(&b, "%s!%s\t%s", sheet, at(j+1, i+1), strings.ReplaceAll(shown[sheet][i][j], "\n", `\n`))
				if row[j] != shown[sheet][i][j] {
					fmt.Fprintf(&b, "\t[%s]", strings.ReplaceAll(row[j], "\n", `\n`))
				}
				if formula != "" {
					fmt.Fprintf(&b, "\t=%s", formula)
				}
				b.WriteByte('\n')
			}
		}
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for name, r := range samples() {
		t.Run(name, func(t *testing.T) {
			got := dump(t, open(t, workbook(t, r)))
			path := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("cells differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSameReportSameBytes(t *testing.T) {
	for name, r := range samples() {
		t.Run(name, func(t *testing.T) {
			first := workbook(t, r)
			for i := range 5 {
				runtime.GC()
				// A report built anew has its maps in another order.
				again := samples()[name]
				if !bytes.Equal(first, workbook(t, again)) {
					t.Fatalf("run %d gave other bytes", i+2)
				}
			}
		})
	}
}

func TestEveryPartIsOtherForAnotherReport(t *testing.T) {
	changed := everyRow()
	changed[0].Account.DisplayName = "somebody else"
	changed[0].Why += "!"
	if bytes.Equal(workbook(t, everything()), workbook(t, report(changed))) {
		t.Error("a changed row gives the same bytes")
	}
}

func TestSheetsInOrder(t *testing.T) {
	want := []string{"Control sheet", "Summary", "Terminations", "Orphans", "Likely mis-keyed", "Dormant", "Ambiguous", "Other findings", "Plan", "Grace clocks", "Changes", "Upcoming ends", "Residual access", "Exclusions", "Coverage", "Rules"}
	for name, r := range samples() {
		if diff := cmp.Diff(want, open(t, workbook(t, r)).GetSheetList()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// partsOf unpacks an archive.
func partsOf(t testing.TB, content []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if all[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
	}
	return all
}

func TestNothingHiddenNothingActive(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		"a hidden sheet":     regexp.MustCompile(`state="(hidden|veryHidden)"`),
		"a hidden row, cell": regexp.MustCompile(` hidden="(1|true)"`),
		"a volatile formula": regexp.MustCompile(`<f>[^<]*\b(NOW|TODAY|RAND|RANDBETWEEN|OFFSET|INDIRECT|INFO|CELL|HYPERLINK|WEBSERVICE)\(`),
		"an external link":   regexp.MustCompile(`TargetMode="External"`),
	}
	for name, r := range samples() {
		for part, content := range partsOf(t, workbook(t, r)) {
			for what, re := range forbidden {
				if found := re.Find(content); found != nil {
					t.Errorf("%s: %s holds %s: %s", name, part, what, found)
				}
			}
			if strings.Contains(part, "vba") || strings.Contains(part, "externalLink") || strings.Contains(part, "calcChain") {
				t.Errorf("%s: unwanted part %s", name, part)
			}
		}
	}
}

func TestEveryPartIsWellFormed(t *testing.T) {
	for name, r := range samples() {
		for part, content := range partsOf(t, workbook(t, r)) {
			d := xml.NewDecoder(bytes.NewReader(content))
			for {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%s: %s: %v", name, part, err)
				}
			}
		}
	}
}

func TestDimensionCoversEveryRow(t *testing.T) {
	for _, r := range []Report{everything(), empty(), report(manyRows(60))} {
		f := open(t, workbook(t, r))
		for sheet, rows := range grids(t, f, true) {
			ref, err := f.GetSheetDimension(sheet)
			if err != nil {
				t.Fatal(err)
			}
			_, last, err := excelize.CellNameToCoordinates(ref[strings.Index(ref, ":")+1:])
			if err != nil || last != len(rows) {
				t.Errorf("%s: dimension %s, but %d rows (%v)", sheet, ref, len(rows), err)
			}
		}
	}
}

func TestTablesFiltersPanesAndChoices(t *testing.T) {
	f := open(t, workbook(t, everything()))
	all := grids(t, f, true)
	for _, sheet := range f.GetSheetList()[2:] {
		tables, err := f.GetTables(sheet)
		if err != nil || len(tables) != 1 {
			t.Fatalf("%s: %d tables, %v", sheet, len(tables), err)
		}
		if want := fmt.Sprintf("A5:%s", at(len(all[sheet][4]), len(all[sheet]))); tables[0].Range != want {
			t.Errorf("%s: table %s, want %s", sheet, tables[0].Range, want)
		}
		panes, err := f.GetPanes(sheet)
		if err != nil || !panes.Freeze || panes.YSplit != headRow || panes.XSplit == 0 {
			t.Errorf("%s: panes %+v, %v", sheet, panes, err)
		}
	}
	for _, sheet := range []string{"Terminations", "Orphans", miskeyedSheet, "Dormant", "Ambiguous", "Other findings"} {
		lists, err := f.GetDataValidations(sheet)
		if err != nil || len(lists) != 1 {
			t.Fatalf("%s: %d lists of choices, %v", sheet, len(lists), err)
		}
		col := columnOf(t, all[sheet], decisionHead)
		want := at(col, firstRow) + ":" + at(col, len(all[sheet]))
		if lists[0].Sqref != want && lists[0].Sqref != at(col, firstRow) {
			t.Errorf("%s: choices in %s, want %s", sheet, lists[0].Sqref, want)
		}
		offered := lists[0].Formula1
		if disable := strings.Contains(offered, "Disable"); disable == (sheet == "Ambiguous") {
			t.Errorf("%s offers %s", sheet, offered)
		}
	}
}

// columnOf finds a column of a table sheet, counted from 1.
func columnOf(t testing.TB, rows [][]string, head string) int {
	t.Helper()
	for i, h := range rows[headRow-1] {
		if h == head {
			return i + 1
		}
	}
	t.Fatalf("no column %q in %q", head, rows[headRow-1])
	return 0
}

// cellsUnder returns the cells of one column of a table sheet by row id.
func cellsUnder(t testing.TB, rows [][]string, head string) map[string]string {
	t.Helper()
	col, cells := columnOf(t, rows, head)-1, map[string]string{}
	for _, row := range rows[headRow:] {
		value := ""
		if col < len(row) {
			value = row[col]
		}
		cells[row[0]] = value
	}
	return cells
}

func TestEveryRowStandsOnExactlyOneSheet(t *testing.T) {
	rows := everyRow()
	f := open(t, workbook(t, report(rows)))
	all := grids(t, f, true)
	places := map[string][]string{}
	for _, sheet := range []string{"Terminations", "Orphans", miskeyedSheet, "Dormant", "Other findings"} {
		for row, id := range cellsUnder(t, all[sheet], "Account ID") {
			places[id] = append(places[id], row)
		}
	}
	listed := cellsUnder(t, all["Ambiguous"], "Listed as")
	for row, id := range cellsUnder(t, all["Ambiguous"], "Account ID") {
		if listed[row] == dash {
			places[id] = append(places[id], "Ambiguous")
		} else if places[id][0] != listed[row] {
			t.Errorf("%s points to %s, the account is %s", row, listed[row], places[id][0])
		}
	}
	for _, r := range rows {
		want := 1
		if r.Kind == reconcile.Disputed {
			want = len(r.Candidates)
		}
		if len(places[r.Account.ID]) != want {
			t.Errorf("account %q (%s) stands on %q, want %d lines", r.Account.ID, r.Kind, places[r.Account.ID], want)
		}
	}
	if len(places) != len(rows) {
		t.Errorf("%d accounts on the sheets, %d rows", len(places), len(rows))
	}
}

func TestRowIDsAreStableAndUnique(t *testing.T) {
	f := open(t, workbook(t, report(manyRows(400))))
	for sheet, letter := range map[string]string{"Terminations": "T", "Orphans": "O", "Dormant": "D"} {
		for i, row := range grids(t, f, true)[sheet][headRow:] {
			if want := fmt.Sprintf("%s-%05d", letter, i+1); row[0] != want {
				t.Fatalf("%s row %d has id %q, want %q", sheet, i, row[0], want)
			}
		}
	}
}

func TestSplitsOverSeveralSheets(t *testing.T) {
	r := report(manyRows(100))
	f := open(t, workbookOf(t, r, headRow+20))
	all := grids(t, f, true)
	total, seen := 0, map[string]bool{}
	for sheet, rows := range all {
		if !strings.HasPrefix(sheet, "Terminations") {
			continue
		}
		if len(rows) > headRow+20 {
			t.Errorf("%s has %d rows", sheet, len(rows))
		}
		for _, row := range rows[headRow:] {
			total++
			seen[row[0]] = true
		}
	}
	totals := newIndex(r)
	tally, err := totals.tally()
	if err != nil {
		t.Fatal(err)
	}
	if int64(total) != tally.lines[onTerminations] || len(seen) != total {
		t.Errorf("%d rows, %d ids, want %d", total, len(seen), tally.lines[onTerminations])
	}
	if list := f.GetSheetList(); list[3] != "Terminations 2" {
		t.Errorf("sheets %q", list)
	}
	checkFormulas(t, f)
	var b bytes.Buffer
	err = writeWorkbook(&b, r, headRow+2)
	if err == nil || !strings.Contains(err.Error(), "hint:") {
		t.Errorf("too many parts: error %v", err)
	}
}

// checkFormulas calculates every formula and compares it with the value that is stored beside it.
func checkFormulas(t testing.TB, f *excelize.File) (checks []string) {
	t.Helper()
	n := 0
	for sheet, rows := range grids(t, f, true) {
		under := mergedUnder(t, f, sheet)
		for i, row := range rows {
			for j, stored := range row {
				ref := at(j+1, i+1)
				formula, err := f.GetCellFormula(sheet, ref)
				if err != nil || formula == "" || under[ref] {
					continue
				}
				n++
				now, err := f.CalcCellValue(sheet, ref, excelize.Options{RawCellValue: true})
				if err != nil {
					t.Errorf("%s!%s =%s: %v", sheet, ref, formula, err)
				}
				if now != stored {
					t.Errorf("%s!%s =%s gives %q, the file says %q", sheet, ref, formula, now, stored)
				}
				if strings.Contains(formula, "ties") {
					checks = append(checks, stored)
				}
			}
		}
	}
	if n == 0 {
		t.Error("no formula in the workbook")
	}
	return checks
}

// mergedUnder are the cells that a merged one covers; the library reads them as copies.
func mergedUnder(t testing.TB, f *excelize.File, sheet string) map[string]bool {
	t.Helper()
	merges, err := f.GetMergeCells(sheet)
	if err != nil {
		t.Fatal(err)
	}
	under := map[string]bool{}
	for _, m := range merges {
		from, row, _ := excelize.CellNameToCoordinates(m.GetStartAxis())
		to, _, _ := excelize.CellNameToCoordinates(m.GetEndAxis())
		for col := from + 1; col <= to; col++ {
			under[at(col, row)] = true
		}
	}
	return under
}

func TestFormulasGiveTheStoredValues(t *testing.T) {
	for name, r := range map[string]Report{"everything": everything(), "partial": partial(everything(), "crm"), "empty": empty(), "many": report(manyRows(90))} {
		t.Run(name, func(t *testing.T) {
			checks := checkFormulas(t, open(t, workbook(t, r)))
			if len(checks) < 5 {
				t.Errorf("%d checks", len(checks))
			}
			for _, c := range checks {
				if c != "✓ ties" {
					t.Errorf("a check says %q", c)
				}
			}
		})
	}
}

func TestChecksFail(t *testing.T) {
	tests := map[string]func(*Report){
		"people rows":      func(r *Report) { r.Population.Rows++ },
		"people":           func(r *Report) { r.Population.Employed++ },
		"leavers":          func(r *Report) { r.Population.Ended-- },
		"remembered":       func(r *Report) { r.Sources[0].Used++ },
		"leaver accounts":  func(r *Report) { r.Sources[1].Accounts.LeaverAccounts++ },
		"account states":   func(r *Report) { r.Sources[1].Accounts.Disabled++ },
		"account owners":   func(r *Report) { r.Sources[2].Accounts.Unmatched-- },
		"accounts used":    func(r *Report) { r.Sources[2].Used-- },
		"a row is missing": func(r *Report) { r.Rows = rowsOf(everyRow()[1:]) },
		"a row is surplus": func(r *Report) { r.Rows = rowsOf(append(everyRow(), everyRow()[0])) },

		"an item is missing":             func(r *Report) { r.Plan.Items = r.Plan.Items[1:] },
		"an item is surplus":             func(r *Report) { r.Plan.Items = append(r.Plan.Items, policies.Item{Finding: "F-1"}) },
		"what is held is proposed":       func(r *Report) { r.Plan.Held = nil },
		"what is proposed is held":       func(r *Report) { r.Plan.Held = append(r.Plan.Held, policies.Tripped{Limit: policies.LimitTotal}) },
		"what was left out is forgotten": func(r *Report) { r.Plan.LeftOut = nil },
		"a clock is missing":             func(r *Report) { r.Clocks.Before++ },
		"a clock came from nowhere":      func(r *Report) { r.Clocks.Started-- },
		"a clock ended in silence":       func(r *Report) { r.Clocks.Closed++ },
		"a pause is not shown":           func(r *Report) { r.Clocks.Paused++ },
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			r := everything()
			damage(&r)
			f := open(t, workbook(t, r))
			if checks := checkFormulas(t, f); !strings.Contains(strings.Join(checks, " "), "✗ differs") {
				t.Errorf("every check holds: %q", checks)
			}
		})
	}
}

func TestErrorsOfRowsAndWriters(t *testing.T) {
	broken := everything()
	broken.Rows = func() iter.Seq2[Row, error] {
		return func(yield func(Row, error) bool) {
			if yield(everyRow()[0], nil) {
				yield(Row{}, errors.New("page 7 is damaged"))
			}
		}
	}
	for name, write := range map[string]func(io.Writer, Report) error{"workbook": Workbook, "csv": CSV, "json": JSONLines} {
		if err := write(io.Discard, broken); err == nil || !strings.Contains(err.Error(), "page 7 is damaged") {
			t.Errorf("%s with damaged rows: %v", name, err)
		}
		if err := write(failing{}, everything()); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%s to a full disk: %v", name, err)
		}
	}
	if s := Sentence(broken); !strings.HasPrefix(s, "No result:") {
		t.Errorf("sentence over damaged rows: %q", s)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestScratchFilesAreRemoved(t *testing.T) {
	r := report(manyRows(20_000))
	r.Scratch = t.TempDir()
	workbook(t, r)
	left, err := os.ReadDir(r.Scratch)
	if err != nil || len(left) != 0 {
		t.Errorf("%d files left, %v", len(left), err)
	}
}

func TestSeals(t *testing.T) {
	seals := func(r Report) map[string]string {
		return cellsUnder(t, grids(t, open(t, workbook(t, r)), true)["Terminations"], sealHead)
	}
	before := seals(everything())
	seen := map[string]string{}
	for id, seal := range before {
		if !regexp.MustCompile(`^([0-9a-f]{4} ){3}[0-9a-f]{4}$`).MatchString(seal) {
			t.Errorf("%s has seal %q", id, seal)
		}
		if other, ok := seen[seal]; ok {
			t.Errorf("%s and %s share a seal", id, other)
		}
		seen[seal] = id
	}
	rows := everyRow()
	rows[0].Account.Privileged.Value = false
	other := everything()
	other.Run = "another run"
	altered := everything()
	altered.Rows = rowsOf(rows)
	changed, moved := seals(altered), seals(other)
	for id := range before {
		if (changed[id] != before[id]) != (id == "T-00001") {
			t.Errorf("%s: seal %q became %q after a change of T-00001", id, before[id], changed[id])
		}
		if moved[id] == before[id] {
			t.Errorf("%s: the same seal in another run", id)
		}
	}
}

// TestTablesAgreeWithTheirSheets looks for what makes a spreadsheet program repair a file: table columns that are not
// what the head cells say, names used twice, merged cells that overlap.
func TestTablesAgreeWithTheirSheets(t *testing.T) {
	content := workbookOf(t, report(manyRows(60)), headRow+20)
	f := open(t, content)
	names := map[string]bool{}
	for _, part := range partsOf(t, content) {
		var object struct {
			XMLName xml.Name `xml:"table"`
			Name    string   `xml:"displayName,attr"`
			Ref     string   `xml:"ref,attr"`
			Columns []struct {
				Name string `xml:"name,attr"`
			} `xml:"tableColumns>tableColumn"`
		}
		if xml.Unmarshal(part, &object) != nil {
			continue
		}
		if names[object.Name] {
			t.Errorf("two tables are called %s", object.Name)
		}
		names[object.Name] = true
		sheet := strings.ReplaceAll(strings.TrimPrefix(object.Name, "tbl"), "_", " ")
		heads, seen := grids(t, f, true)[sheet][headRow-1], map[string]bool{}
		for i, c := range object.Columns {
			if i >= len(heads) || c.Name != heads[i] || seen[strings.ToLower(c.Name)] || strings.ContainsAny(c.Name, "\r\n") {
				t.Errorf("%s column %d is called %q, its head is %q", object.Name, i+1, c.Name, heads[i])
			}
			seen[strings.ToLower(c.Name)] = true
		}
	}
	if len(names) < 6 {
		t.Errorf("only %d tables", len(names))
	}
	for _, sheet := range f.GetSheetList() {
		merges, err := f.GetMergeCells(sheet)
		if err != nil {
			t.Fatal(err)
		}
		covered := map[string]string{}
		for _, m := range merges {
			from, row, _ := excelize.CellNameToCoordinates(m.GetStartAxis())
			to, last, _ := excelize.CellNameToCoordinates(m.GetEndAxis())
			for col := from; col <= to; col++ {
				if other, ok := covered[at(col, row)]; ok || row != last {
					t.Errorf("%s: %s overlaps %s", sheet, m[0], other)
				}
				covered[at(col, row)] = m[0]
			}
		}
	}
}

func TestContentTypesHaveOneOrder(t *testing.T) {
	const head, tail = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">`, `</Types>`
	lines := []string{`<Override PartName="/b" ContentType="x"></Override>`, `<Default Extension="xml" ContentType="y"></Default>`, `<Default Extension="png" ContentType="image/png"></Default>`,
		`<Override PartName="/a" ContentType="x"></Override>`, `<Default Extension="rels" ContentType="z"></Default>`}
	want := xml.Header + head + lines[4] + lines[1] + lines[3] + lines[0] + tail
	for range lines {
		lines = append(lines[1:], lines[0])
		got, err := canonicalTypes([]byte(head + strings.Join(lines, "") + tail))
		if err != nil || string(got) != want {
			t.Errorf("got %s\nwant %s (%v)", got, want, err)
		}
	}
	if _, err := canonicalTypes([]byte("<Types")); err == nil {
		t.Error("a damaged part was accepted")
	}
}
