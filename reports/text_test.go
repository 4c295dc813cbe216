package reports

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/leaver-audit/leaver/reconcile"
)

// hostile are texts that somebody could put into a directory to harm whoever reads the report.
var hostile = []string{
	`=1+1`, `=cmd|' /C calc'!A0`, `+1`, `-1`, `@SUM(A1)`, `=HYPERLINK("http://evil.example","click")`, "\t=1+1", "\r=1+1", "\x00=1+1", `'=1+1`, `＝1+1`, ` =1+1`,
	"line\nbreak", "a\u202egnp.exe", "a\u2066b\u2069", "zero\u200bwidth", "\ufeffbom", "bell\x07", "nul\x00", "\x1b[31mred", "bad\xff\xfeutf8", "\xc3", "noncharacter\uffff", "\U0001fffe",
	`_x0041_`, `_x000D_`, "00123", "1E5", "1-2", "TRUE", "#N/A", "2026-01-01", "<b>&amp;</b>", `]]>`, `CORP\jdoe`, `CORP\xab\u0041`, `\\x41`, "日本語", "🙂", "مرحبا",
	strings.Repeat("a", 40_000), strings.Repeat("b", 40_000) + "1", strings.Repeat("b", 40_000) + "2", strings.Repeat("🙂", 20_000), strings.Repeat("\x01", 9_000), " leading", "trailing ", "", "   ",
}

// hostileReport puts every hostile text into every field that data can reach.
func hostileReport(texts []string) Report {
	var rows []Row
	for i, s := range texts {
		p := leaver(s, s, "", "2026-11-01")
		p.Status, p.Manager = s, s
		a := account(s, s+"#"+strconv.Itoa(i), s, "2026-11-05 10:00")
		a.DisplayName, a.Signals[0].Name = s, s
		v := verdict(a, reconcile.UsedAfterEnd, reconcile.Critical, p, s)
		v.MatchedBy = s
		d := dueDecision()
		d.Rule, d.Why, d.By, d.Action = s, s, s, s
		rows = append(rows, Row{v, d})
	}
	for _, s := range texts {
		v := disputed()
		v.Account.ID, v.Candidates[0].Value, v.Candidates[1].Person.ID = s, s, s
		rows = append(rows, Row{v, reportOnly()})
	}
	r := partial(report(rows), hostile[1])
	nasty := strings.Join(hostile[:20], " ")
	r.Organisation, r.Operator, r.Config, r.Host, r.Mode, r.Tool, r.Commit = nasty, nasty, nasty, nasty, nasty, nasty, nasty
	r.Rules[0].Name, r.Rules[0].Description, r.Exclusions[0].Reason, r.Exclusions[0].Pattern = nasty, nasty, nasty, nasty
	return r
}

func TestHostileText(t *testing.T) {
	r := hostileReport(hostile)
	content := workbook(t, r)
	f := open(t, content)
	all := grids(t, f, true)["Terminations"]
	for _, head := range []string{"Account", "System", "Rule", "Matched by", "Why"} {
		cells := cellsUnder(t, all, head)
		for i, s := range hostile {
			want := shown(s)
			switch {
			case s == "" && head == "Account":
				want = ""
			case s == "" && head != "System":
				want = dash
			}
			if got := cells[rowID(onTerminations, int64(i+1))]; got != want {
				t.Errorf("%s of %.40q: read back %.60q, want %.60q", head, s, got, want)
			}
		}
	}
	for sheet, rows := range grids(t, f, true) {
		for i, row := range rows {
			for j := range row {
				formula, err := f.GetCellFormula(sheet, at(j+1, i+1))
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(formula, "1+1") || strings.Contains(formula, "cmd") || strings.Contains(formula, "HYPERLINK") {
					t.Errorf("%s!%s: data became the formula %q", sheet, at(j+1, i+1), formula)
				}
				checkCell(t, sheet+"!"+at(j+1, i+1), row[j])
			}
		}
	}
	checkQuoted(t, content)
}

// checkCell looks for characters that must never reach a cell.
func checkCell(t *testing.T, place, s string) {
	t.Helper()
	if units := len(utf16.Encode([]rune(s))); units > math.MaxInt16 {
		t.Errorf("%s holds %d characters", place, units)
	}
	for _, r := range s {
		if hidden(r) {
			t.Errorf("%s holds %U", place, r)
			return
		}
	}
}

// checkQuoted reads the raw sheets: every text cell that might be evaluated has a style that keeps it text.
func checkQuoted(t *testing.T, content []byte) {
	t.Helper()
	files := partsOf(t, content)
	var styles struct {
		Xfs []struct {
			Quote string `xml:"quotePrefix,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := xml.Unmarshal(files["xl/styles.xml"], &styles); err != nil {
		t.Fatal(err)
	}
	n := 0
	for name, part := range files {
		if !strings.HasPrefix(name, "xl/worksheets/sheet") {
			continue
		}
		var sheet struct {
			Cells []struct {
				Ref   string `xml:"r,attr"`
				Style int    `xml:"s,attr"`
				Text  string `xml:"is>t"`
			} `xml:"sheetData>row>c"`
		}
		if err := xml.Unmarshal(part, &sheet); err != nil {
			t.Fatal(err)
		}
		for _, c := range sheet.Cells {
			if c.Text == "" || !strings.ContainsAny(c.Text[:1], "=+-@'0123456789") {
				continue
			}
			n++
			if q := styles.Xfs[c.Style].Quote; q != "1" && q != "true" {
				t.Errorf("%s %s holds %.30q without a quote prefix", name, c.Ref, c.Text)
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d such cells seen", n)
	}
}

func TestDifferentTextsStayDifferent(t *testing.T) {
	more := append([]string{"a\x01", `a\u0001`, `a\\u0001`, "a\\\x01", "\xff", `\xff`, `\\xff`, "\n", `\u000a`, "\U000e0001", `\U000e0001`}, hostile...)
	for name, f := range map[string]func(string) string{"visible": Visible, "shown": shown, "csv": csvText} {
		seen := map[string]string{}
		for _, s := range more {
			v := f(s)
			if other, ok := seen[v]; ok && other != s {
				t.Errorf("%s: %.30q and %.30q both give %.40q", name, s, other, v)
			}
			seen[v] = s
		}
	}
}

func FuzzVisible(f *testing.F) {
	for _, s := range hostile {
		if len(s) < 100 {
			f.Add(s, s+"x")
		}
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if a != b && Visible(a) == Visible(b) {
			t.Errorf("%q and %q look alike: %q", a, b, Visible(a))
		}
		for _, r := range Visible(a) {
			if hidden(r) {
				t.Errorf("%q keeps %U", a, r)
			}
		}
	})
}

func TestCSVIsSafeAndWhole(t *testing.T) {
	var b bytes.Buffer
	if err := CSV(&b, hostileReport(hostile)); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 2*len(hostile)+1 {
		t.Fatalf("%d records", len(records))
	}
	for i, record := range records {
		for j, field := range record {
			if field != "" && strings.ContainsAny(field[:1], "=+-@\t\r\x00") {
				t.Errorf("record %d field %s starts with %.20q", i, records[0][j], field)
			}
		}
	}
	if got := records[1][2]; got != `'=1+1` {
		t.Errorf("login %q", got)
	}
}

func TestJSONKeepsTheText(t *testing.T) {
	var b bytes.Buffer
	if err := JSONLines(&b, hostileReport(hostile)); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 2*len(hostile) {
		t.Fatalf("%d lines", len(lines))
	}
	for i, s := range hostile {
		var l Line
		if err := json.Unmarshal([]byte(lines[i]), &l); err != nil {
			t.Fatal(err)
		}
		if want := utf8Text(s); l.DisplayName != want {
			t.Errorf("display name %.40q, want %.40q", l.DisplayName, want)
		}
	}
}

// need returns the path of a program; without it the test is skipped, and fails in continuous integration.
func need(t *testing.T, name, install string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: %s", name, install)
	}
	t.Skipf("SKIPPED: %s is missing, so this is not tested here. Install it with: %s", name, install)
	return ""
}

func TestXMLLint(t *testing.T) {
	lint := need(t, "xmllint", "apt-get install libxml2-utils")
	dir := t.TempDir()
	args := []string{"--noout", "--nonet", "--huge"}
	for name, r := range map[string]Report{"everything": everything(), "hostile": hostileReport(hostile)} {
		for part, content := range partsOf(t, workbook(t, r)) {
			path := filepath.Join(dir, name+"-"+strings.ReplaceAll(part, "/", "-"))
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, path)
		}
	}
	if out, err := exec.Command(lint, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestOffice lets LibreOffice read the workbook and write it as CSV: the texts come back as they are, and its own
// calculation of the checks agrees.
func TestOffice(t *testing.T) {
	if testing.Short() {
		t.Skip("starting an office takes seconds")
	}
	office := need(t, "soffice", "apt-get install libreoffice-calc")
	dir := t.TempDir()
	path := filepath.Join(dir, "hostile.xlsx")
	texts := slices.DeleteFunc(slices.Clone(hostile), func(s string) bool { return len(s) > 1000 })
	if err := os.WriteFile(path, workbook(t, hostileReport(texts)), 0o600); err != nil {
		t.Fatal(err)
	}
	sheets := `csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1`
	out, err := exec.Command(office, "-env:UserInstallation=file://"+dir+"/profile", "--headless", "--convert-to", sheets, "--outdir", dir, path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	records := readCSV(t, filepath.Join(dir, "hostile-Terminations.csv"))
	cells := cellsUnder(t, records, "Why")
	for i, s := range texts {
		want := shown(s)
		if s == "" {
			want = dash
		}
		if got := cells[rowID(onTerminations, int64(i+1))]; got != want {
			t.Errorf("%.40q: LibreOffice read %.60q, want %.60q", s, got, want)
		}
	}
	checks := 0
	for _, record := range readCSV(t, filepath.Join(dir, "hostile-Control sheet.csv")) {
		if len(record) > 0 && strings.Contains(record[len(record)-1], "ties") {
			checks++
		}
	}
	if checks < 5 {
		t.Errorf("LibreOffice sees %d checks that hold", checks)
	}
}

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	reader := csv.NewReader(bytes.NewReader(content))
	reader.FieldsPerRecord = -1
	reader.LazyQuotes = true
	records, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// TestContrast computes the contrast of every text on its ground, as the accessibility guidelines define it.
func TestContrast(t *testing.T) {
	for i, l := range looks {
		ground, letter := l.fill, l.text
		if ground == "" {
			ground = white
		}
		if letter == "" {
			letter = ink
		}
		if c := contrast(letter, ground); c < 4.5 && style(i) != bandRule {
			t.Errorf("style %d: %s on %s has contrast %.2f", i, letter, ground, c)
		}
	}
	for _, pair := range [][2]string{{ink, greyBar}, {ink, amberBar}, {ink, paleBar}, {white, red}, {muted, white}, {navy, white}, {red, white}, {blue, mist}, {red, mist}} {
		if c := contrast(pair[0], pair[1]); c < 4.5 {
			t.Errorf("%s on %s has contrast %.2f", pair[0], pair[1], c)
		}
	}
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(colour string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[2*i:2*i+2], 16, 8)
		if err != nil {
			panic(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func TestArchiveIsPlain(t *testing.T) {
	z, err := zip.NewReader(bytes.NewReader(workbook(t, everything())), int64(len(workbook(t, everything()))))
	if err != nil {
		t.Fatal(err)
	}
	if z.File[0].Name != contentTypes {
		t.Errorf("the first part is %s", z.File[0].Name)
	}
	for _, f := range z.File {
		if f.Modified.Year() > 1980 {
			t.Errorf("%s carries the time %v", f.Name, f.Modified)
		}
	}
}
