package table

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// outcome is what a test looks at after a scan.
type outcome[R any] struct {
	records  []R
	rejected []scanners.Rejection
	coverage scanners.Coverage
}

// scanPeople and scanAccounts scan with a configuration that must open.
func scanPeople(t *testing.T, w *world, config string) outcome[scanners.Person] {
	t.Helper()
	return scanAll(t, w, openTest(t, Kind().People, w.Env, config))
}

func scanAccounts(t *testing.T, w *world, config string) outcome[scanners.Account] {
	t.Helper()
	return scanAll(t, w, openTest(t, Kind().Accounts, w.Env, config))
}

func scanAll[R scanners.Record](t *testing.T, w *world, source scanners.Source[R]) outcome[R] {
	t.Helper()
	var got outcome[R]
	var err error
	got.coverage, err = source.Scan(t.Context(), func(r R) error { got.records = append(got.records, r); return nil })
	if err != nil {
		t.Fatalf("Scan: %v", err)
	}
	got.rejected = w.Rejected
	return got
}

func encoded(t *testing.T, e encoding.Encoding, text string) []byte {
	t.Helper()
	b, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCSVForms reads the same two people from every form in which the world writes CSV.
func TestCSVForms(t *testing.T) {
	const plain = "id,name,mail,end\n00123,Müller,a@corp.example,2025-12-31\n00124,Straße,b@corp.example,\n"
	semicolons := strings.ReplaceAll(plain, ",", ";")
	for name, test := range map[string]struct {
		content []byte
		config  string
	}{
		"plain":                        {[]byte(plain), ""},
		"byte order mark":              {[]byte("\xEF\xBB\xBF" + plain), ""},
		"CRLF":                         {[]byte(strings.ReplaceAll(plain, "\n", "\r\n")), ""},
		"no final newline":             {[]byte(strings.TrimSuffix(plain, "\n")), ""},
		"semicolons":                   {[]byte(semicolons), ""},
		"tabs":                         {[]byte(strings.ReplaceAll(plain, ",", "\t")), ""},
		"pipes":                        {[]byte(strings.ReplaceAll(plain, ",", "|")), ""},
		"two-character delimiter":      {[]byte(strings.ReplaceAll(plain, ",", "+|")), `delimiter: "+|"`},
		"blank after each delimiter":   {[]byte(strings.ReplaceAll(plain, ",", ", ")), ""},
		"blanks around quoted fields":  {[]byte("id, \"name\" , mail,end\n00123, \"Müller\" ,a@corp.example ,2025-12-31\n00124, \"Straße\",b@corp.example,\n"), ""},
		"everything quoted":            {[]byte("\"id\",\"name\",\"mail\",\"end\"\n\"00123\",\"Müller\",\"a@corp.example\",\"2025-12-31\"\n\"00124\",\"Straße\",\"b@corp.example\",\"\"\n"), ""},
		"trailing blanks and NBSP":     {[]byte("id,name,mail,end\n00123 ,Müller \u00a0,\u200ba@corp.example,2025-12-31 \n00124,Straße,b@corp.example,\u00a0\n"), ""},
		"zeros kept by a formula":      {[]byte("id,name,mail,end\n=\"00123\",Müller,a@corp.example,2025-12-31\n\"=\"\"00124\"\"\",Straße,b@corp.example,\n"), ""},
		"UTF-16LE with mark":           {encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), plain), ""},
		"UTF-16BE with mark":           {encoded(t, unicode.UTF16(unicode.BigEndian, unicode.UseBOM), plain), ""},
		"UTF-16LE, CRLF, tab, no mark": {encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), strings.NewReplacer(",", "\t", "\n", "\r\n").Replace(plain)), ""},
		"UTF-16LE declared":            {encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), plain), "encoding: utf-16le"},
		"windows-1252 declared":        {encoded(t, charmap.Windows1252, plain), "encoding: windows-1252"},
		"Latin 9 declared":             {encoded(t, charmap.ISO8859_15, plain), "encoding: iso-8859-15"},
		"title rows":                   {[]byte("HR export\n\nProduced by; payroll, 2026-03-01\n" + plain), ""},
		"separator line of Excel":      {[]byte("sep=;\n" + semicolons), ""},
		"repeated header":              {[]byte(strings.Replace(plain, "00124", "id,name,mail,end\n00124", 1)), ""},
		"blank and empty rows":         {[]byte(strings.Replace(plain, "00124", "\n,,,\n  \n00124", 1) + ",,,\n\n"), ""},
		"trailer":                      {[]byte(plain + "Total: 2\n"), ""},
		"trailer in fields":            {[]byte(plain + "Total,2,,\n"), ""},
		"other letter case in header":  {[]byte(strings.Replace(plain, "id,name", "ID,Name", 1)), ""},
		"gzip":                         {gzipped(t, plain), "format: csv"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			file := "hr.csv"
			if name == "gzip" {
				file = "hr.csv.gz"
			}
			w.write(file, test.content)
			got := scanPeople(t, w, "path: "+file+"\nlast_day: inclusive\ncolumns: {id: id, family_name: name, mail: mail, end: end}\n"+test.config)
			if len(got.rejected) != 0 || !got.coverage.Verdict.Complete() {
				t.Fatalf("verdict %v (%s), rejected %+v", got.coverage.Verdict, got.coverage.Why, got.rejected)
			}
			var rows []string
			for _, p := range got.records {
				end := p.Employments[0].End
				rows = append(rows, fmt.Sprintf("%s %s %v %v open=%v", p.ID, p.FamilyName, p.Mails, end.Value, end.IsNever()))
			}
			want := []string{"00123 Müller [a@corp.example] 2025-12-31 open=false", "00124 Straße [b@corp.example]  open=true"}
			if diff := cmp.Diff(want, rows); diff != "" {
				t.Errorf("people (-want +got):\n%s", diff)
			}
		})
	}
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCSVRows checks which rows of a damaged file are read, which are rejected where and why, and whether the file is
// still believed.
func TestCSVRows(t *testing.T) {
	const header = "id,login,mail,created\n"
	for name, test := range map[string]struct {
		content string
		config  string
		ids     string
		rejects []string // place: beginning of the reason
		verdict scanners.CoverageVerdict
	}{
		"newline inside quotes": {content: header + "1,\"two\nlines\",,\n2,b,,\nx\n", ids: "1 2",
			rejects: []string{"line 5 id x: 1 fields"}, verdict: scanners.Consistent},
		"doubled quotes":            {content: header + "1,\"say \"\"hi\"\"\",,\n", ids: "1", verdict: scanners.Consistent},
		"quote inside a plain text": {content: header + "1,John \"Jack\" Doe,,\n2,5\",,\n", ids: "1 2", verdict: scanners.Consistent},
		"too many fields":           {content: header + "1,Doe, John,,\n2,b,,\n", ids: "2", rejects: []string{"line 2 id 1: 5 fields"}, verdict: scanners.Consistent},
		"too few fields":            {content: header + "1,a\n2,b,,\n", ids: "2", rejects: []string{"line 2 id 1: 2 fields"}, verdict: scanners.Consistent},
		"ragged, id not first": {content: "login,id\na,1\nb\nc,3\n", ids: "1 3", rejects: []string{"line 3 id : 1 fields"},
			verdict: scanners.Partial},
		"shifted, id not first": {content: "login,id\na,1\nDoe, John,3\n", ids: "1", rejects: []string{"line 3 id : 3 fields"}, verdict: scanners.Partial},
		"text behind a quote":   {content: header + "1,\"a\"b,,\n2,b,,\n3,c,,\n", ids: "2 3", rejects: []string{"line 2 id : a quote"}, verdict: scanners.Partial},
		"quote never closed": {content: header + "1,\"a,,\n2,b,,\n3,c,,\n", ids: "2 3", rejects: []string{"line 2 id : a quote"},
			verdict: scanners.Partial},
		"quote closed far below": {content: header + "1,\"a,,\n2,b,,\n3,\"c\",,\n", ids: "2 3", rejects: []string{"line 2 id : a quote"},
			verdict: scanners.Partial},
		"NUL byte":          {content: header + "1,a\x00b,,\n2,b,,\n", ids: "2", rejects: []string{"line 2 id : a NUL byte"}, verdict: scanners.Partial},
		"not UTF-8":         {content: header + "1,M\xfcller,,\n2,b,,\n", ids: "2", rejects: []string{"line 2 id : bytes that are not UTF-8"}, verdict: scanners.Partial},
		"control character": {content: header + "1\x07,a,,\n2,b,,\n", ids: "2", rejects: []string{"line 2 id : \"1\\a\" holds control"}, verdict: scanners.Partial},
		"empty id":          {content: header + ",a,,\n2,b,,\n", ids: "2", rejects: []string{"line 2 id : the id is empty"}, verdict: scanners.Partial},
		"exponent as id":    {content: header + "1.23E+05,a,,\n2,b,,\n", ids: "2", rejects: []string{"line 2 id : \"1.23E+05\" is a number"}, verdict: scanners.Partial},
		"decimal as id":     {content: header + "123.0,a,,\n2,b,,\n", ids: "2", rejects: []string{"line 2 id : \"123.0\" is a number"}, verdict: scanners.Partial},
		"1E5 is an id":      {content: header + "1E5,a,,\n", ids: "1E5", verdict: scanners.Consistent},
		"0 is an id":        {content: header + "0,root,,\n1,b,,\n", ids: "0 1", verdict: scanners.Consistent},
		"error value as id": {content: header + "#N/A,a,,\n2,b,,\n", ids: "2", rejects: []string{"line 2 id : #N/A in place"}, verdict: scanners.Partial},
		"error value as date": {content: header + "1,a,,#REF!\n2,b,,\n", ids: "2", rejects: []string{"line 2 id 1: #REF! in place"},
			verdict: scanners.Consistent},
		"same row again": {content: header + "1,a,,\n2,b,,\n1,a,,\n", ids: "1 2", verdict: scanners.Consistent},
		"same id again":  {content: header + "1,a,,\n2,b,,\n1,c,,\n", ids: "1 2 1", verdict: scanners.Partial},
		"cut in mid-row": {content: header + "1,a,,\n2,b", ids: "1", rejects: []string{"line 3 id 2: 2 fields"}, verdict: scanners.Partial},
		"trailer disagrees": {content: header + "1,a,,\n2,b,,\nTotal: 3\n", ids: "1 2",
			verdict: scanners.Partial},
		"trailer in the middle is a row": {content: header + "1,a,,\nTotal: 1\n2,b,,\n", ids: "1 2", rejects: []string{"line 3 id Total: 1: 1 fields"},
			verdict: scanners.Consistent},
		"two trailers": {content: header + "1,a,,\nTotal: 1\nTotal: 1\n", ids: "1", rejects: []string{"line 3 id Total: 1: 1 fields"},
			verdict: scanners.Partial},
		"trailer agrees":        {content: header + "1,a,,\n2,b,,\nTotal: 2\n", ids: "1 2", verdict: scanners.Proved},
		"trailer counts nobody": {content: header + "Total: 0\n", verdict: scanners.Proved},
		"empty file":            {verdict: scanners.Blind},
		"line breaks only":      {content: "\n\n\n", verdict: scanners.Blind},
		"header only":           {content: header, verdict: scanners.Blind},
		"header only, allowed":  {content: header, config: "allow_empty: true", verdict: scanners.Consistent},
		"no row is usable": {content: header + "1,a,,31.12.2025\n2,a,,31.12.2025\n", rejects: []string{"line 2 id 1: \"31.12.2025\" is not", "line 3 id 2: \"31.12.2025\" is not"},
			verdict: scanners.Blind},
		"most rows are not usable": {content: header + "1,a,,31.12.2025\n2,a,,31.12.2025\n3,a,,\n", ids: "3",
			rejects: []string{"line 2 id 1: \"31.12.2025\" is not", "line 3 id 2: \"31.12.2025\" is not"}, verdict: scanners.Partial},
		"optional column missing":                   {content: "id,login\n1,a\n", config: "optional: created", ids: "1", verdict: scanners.Consistent},
		"no header row, first row like its numbers": {content: "1,a\n1,2\n2,b\n", config: "header: false", ids: "1 1 2", verdict: scanners.Partial},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("crm.csv", []byte(test.content))
			columns := "columns: {id: id, login: login, created: created}\n"
			if strings.HasPrefix(test.content, "login") {
				columns = "columns: {id: id, login: login}\n"
			}
			if test.config == "header: false" {
				columns = "columns: {id: \"1\", login: \"2\"}\n"
			}
			got := scanAccounts(t, w, "path: crm.csv\n"+columns+test.config)
			var ids []string
			for _, a := range got.records {
				ids = append(ids, a.ID)
			}
			if strings.Join(ids, " ") != test.ids {
				t.Errorf("ids %q, want %q", strings.Join(ids, " "), test.ids)
			}
			if got.coverage.Verdict != test.verdict || got.coverage.Why == "" {
				t.Errorf("verdict %v (%s), want %v", got.coverage.Verdict, got.coverage.Why, test.verdict)
			}
			checkRejections(t, got.rejected, test.rejects)
		})
	}
}

// TestQuotesOfPeople shows that a wrong quote costs people's rows alone where no field can reach into the next line, and
// the whole file where one can: a people row without id does not make the file partial by itself.
func TestQuotesOfPeople(t *testing.T) {
	for name, test := range map[string]struct {
		row     string
		verdict scanners.CoverageVerdict
	}{
		"text behind a quote": {"2,\"b\"c", scanners.Consistent},
		"never closed":        {"2,\"b", scanners.Partial},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("hr.csv", []byte("id,name\n1,a\n"+test.row+"\n3,c\n4,d\n5,e\n"))
			got := scanPeople(t, w, "path: hr.csv\ncolumns: {id: id, family_name: name}")
			if len(got.records) != 4 || got.coverage.Verdict != test.verdict {
				t.Errorf("%d people, %v (%s); want 4, %v", len(got.records), got.coverage.Verdict, got.coverage.Why, test.verdict)
			}
		})
	}
}

// TestUndecodable shows that a row with code units that its encoding does not know is rejected.
func TestUndecodable(t *testing.T) {
	content := encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "id,login\n1,a#\n2,b\n")
	content = bytes.Replace(content, []byte{'#', 0}, []byte{0, 0xD8}, 1) // half a surrogate pair
	w := newWorld(t)
	w.write("crm.csv", content)
	got := scanAccounts(t, w, "path: crm.csv\ncolumns: {id: id, login: login}")
	checkRejections(t, got.rejected, []string{"line 2 id : bytes that are not UTF-16LE"})
}

// TestCancelledWithBuffers cancels when every file has been read ahead already.
func TestCancelledWithBuffers(t *testing.T) {
	w := newWorld(t)
	w.write("1.csv", []byte("id\n1\n2\n"))
	w.write("2.csv", []byte("id\n3\n"))
	ctx, cancel := context.WithCancel(t.Context())
	coverage, err := openTest(t, Kind().Accounts, w.Env, "path: \"*.csv\"\ncolumns: {id: id}").Scan(ctx, func(a scanners.Account) error {
		if a.ID == "3" {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || coverage.Verdict.Complete() {
		t.Errorf("%v, %v; want an error and no complete verdict", coverage.Verdict, err)
	}
}

// checkRejections compares rejections with texts of the form "place id ID: beginning of the reason".
func checkRejections(t *testing.T, got []scanners.Rejection, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d rejected, want %d: %+v", len(got), len(want), got)
	}
	for i, r := range got {
		if text := fmt.Sprintf("%s id %s: %s", r.Place, r.ID, r.Reason); !strings.HasPrefix(text, want[i]) {
			t.Errorf("rejection %d = %q, want %q…", i, text, want[i])
		}
	}
}

func TestHints(t *testing.T) {
	for name, test := range map[string]struct{ row, hint string }{
		"windows-1252":      {"1,M\xfcller,\n", "`encoding: windows-1252`"},
		"German date":       {"1,a,31.12.2025\n", "`dates: [DD.MM.YYYY]`"},
		"day first":         {"1,a,31/12/2025\n", "`dates: [DD/MM/YYYY]`"},
		"month first":       {"1,a,12/31/2025\n", "`dates: [MM/DD/YYYY]`"},
		"day or month":      {"1,a,03/04/2025\n", "DD/MM/YYYY or MM/DD/YYYY; ask"},
		"serial number":     {"1,a,45000\n", "`dates: [excel]`"},
		"seconds since":     {"1,a,1700000000\n", "`dates: [unix]`"},
		"milliseconds":      {"1,a,1700000000000\n", "`dates: [unix_ms]`"},
		"without dashes":    {"1,a,20251231\n", "`dates: [YYYYMMDD]`"},
		"two-digit year":    {"1,a,31.12.25\n", ""},
		"no date of the 31": {"1,a,2025-02-30\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("crm.csv", []byte("id,login,created\n0,ok,2025-01-01\n"+test.row))
			got := scanAccounts(t, w, "path: crm.csv\ncolumns: {id: id, login: login, created: created}")
			if len(got.rejected) != 1 {
				t.Fatalf("rejected %+v, want one row", got.rejected)
			}
			_, hint, _ := strings.Cut(got.rejected[0].Reason, "\nhint: ")
			if !strings.Contains(hint, test.hint) || (test.hint == "") != (hint == "") {
				t.Errorf("reason %q: want the hint %q", got.rejected[0].Reason, test.hint)
			}
		})
	}
}

// TestConfigErrors checks what ends the run as an error of the configuration, before or while reading.
func TestConfigErrors(t *testing.T) {
	for name, test := range map[string]struct {
		people bool
		config string
		want   []string
	}{
		"missing column":     {config: "path: crm.csv\ncolumns: {id: id, login: log_in}", want: []string{`no column "log_in"`, `"id", "login", "end"`, `"login" may be meant by "log_in"`}},
		"column twice":       {config: "path: twice.csv\ncolumns: {id: id}", want: []string{`"id" is there twice`}},
		"no id":              {config: "path: crm.csv\ncolumns: {login: login}", want: []string{"id is not mapped"}},
		"no path":            {config: "columns: {id: id}", want: []string{"no path"}},
		"no last_day":        {people: true, config: "path: crm.csv\ncolumns: {id: id, end: end}", want: []string{"last_day", "`last_day: inclusive`", "`last_day: exclusive`"}},
		"wrong last_day":     {people: true, config: "path: crm.csv\nlast_day: yes\ncolumns: {id: id, end: end}", want: []string{`last_day "yes"`}},
		"wrong zone":         {config: "path: crm.csv\nzone: Europe/Bern\ncolumns: {id: id}", want: []string{"Europe/Bern"}},
		"wrong date form":    {config: "path: crm.csv\ndates: DD.MM.YY\ncolumns: {id: id}", want: []string{"DD.MM.YY", "four digits"}},
		"wrong empty":        {config: "path: crm.csv\nempty: {last_activity: none}\ncolumns: {id: id}", want: []string{"never or unknown"}},
		"empty of no time":   {config: "path: crm.csv\nempty: {login: never}\ncolumns: {id: id}", want: []string{`"login"`}},
		"values of no words": {config: "path: crm.csv\nvalues: {login: {a: b}}\ncolumns: {id: id}", want: []string{`"login"`}},
		"wrong value":        {config: "path: crm.csv\nvalues: {enabled: {A: active}}\ncolumns: {id: id}", want: []string{"true, false, unknown"}},
		"wrong encoding":     {config: "path: crm.csv\nencoding: windows-1259\ncolumns: {id: id}", want: []string{"windows-1259"}},
		"wrong format":       {config: "path: crm.csv\nformat: xml\ncolumns: {id: id}", want: []string{"xml"}},
		"unknown format":     {config: "path: crm.dat\ncolumns: {id: id}", want: []string{"crm.dat", "`format: csv`"}},
		"wrong records":      {config: "path: crm.json\nrecords: data.people\ncolumns: {id: id}", want: []string{`no key "people"`, `"users"`}},
		"key in no record":   {config: "path: crm.json\nrecords: data.users\ncolumns: {id: id, login: name}", want: []string{"name", "optional"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("crm.csv", []byte("id,login,end\n1,a,\n"))
			w.write("twice.csv", []byte("id,login,id\n1,a,2\n"))
			w.write("crm.dat", []byte("id,login\n1,a\n"))
			w.write("crm.json", []byte(`{"data": {"users": [{"id": "1"}]}}`))
			err := openAndScan(t, w, test.people, test.config)
			config := new(scanners.ConfigError)
			if !errors.As(err, &config) {
				t.Fatalf("error %v, want a *scanners.ConfigError", err)
			}
			for _, want := range append(test.want, "\nhint: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func openAndScan(t *testing.T, w *world, people bool, config string) error {
	t.Helper()
	if people {
		return scanError(t, Kind().People, w, config)
	}
	return scanError(t, Kind().Accounts, w, config)
}

func scanError[R scanners.Record](t *testing.T, open func(scanners.Decode, scanners.Env) (scanners.Source[R], error), w *world, config string) error {
	t.Helper()
	source, err := open(scannertest.Config(config), w.Env)
	if err != nil {
		return err
	}
	coverage, err := source.Scan(t.Context(), func(R) error { return nil })
	if err != nil && coverage.Verdict.Complete() {
		t.Errorf("verdict %v with error %v", coverage.Verdict, err)
	}
	return err
}

func TestFileErrors(t *testing.T) {
	w := newWorld(t)
	w.write("secret.csv", []byte("id\n1\n"))
	w.write("folder.csv/x", nil)
	if err := os.Chmod(filepath.Join(w.Dir, "secret.csv"), 0); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ path, want string }{
		"missing":    {"nowhere.csv", "no such file"},
		"no match":   {"exports/*.csv", "no file fits"},
		"a folder":   {"folder.csv", "not a regular file"},
		"unreadable": {"secret.csv", "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := os.ReadFile(filepath.Join(w.Dir, test.path)); name == "unreadable" && !errors.Is(err, fs.ErrPermission) {
				t.Skip("this user can read every file")
			}
			if err := openAndScan(t, w, false, "path: "+test.path+"\ncolumns: {id: id}"); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// TestGrowingFile appends to the file while it is read, which is longer than what is read ahead: what is still being written
// is not complete.
func TestGrowingFile(t *testing.T) {
	w := newWorld(t)
	content := []byte("id\n")
	for i := range 20_000 {
		content = fmt.Appendf(content, "A%d\n", i)
	}
	w.write("crm.csv", content)
	source := openTest(t, Kind().Accounts, w.Env, "path: crm.csv\ncolumns: {id: id}")
	coverage, err := source.Scan(t.Context(), func(a scanners.Account) error {
		if a.ID != "A0" {
			return nil
		}
		f, err := os.OpenFile(filepath.Join(w.Dir, "crm.csv"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.WriteString("3\n")
		return err
	})
	if err != nil || coverage.Verdict != scanners.Partial || !strings.Contains(coverage.Why, "changed") {
		t.Errorf("%v (%s), %v; want partial because it changed", coverage.Verdict, coverage.Why, err)
	}
}

func TestControlTotals(t *testing.T) {
	content := []byte("id,login\n1,a\n2,b\n")
	digest := fmt.Sprintf("%x", sha256.Sum256(content))
	other := fmt.Sprintf("%x", sha256.Sum256(nil))
	for name, test := range map[string]struct {
		config, sidecar string
		verdict         scanners.CoverageVerdict
		claimed         int64
	}{
		"expect_rows agrees":      {config: "expect_rows: 2", verdict: scanners.Proved, claimed: 2},
		"expect_rows disagrees":   {config: "expect_rows: 3", verdict: scanners.Partial, claimed: 3},
		"sidecar agrees":          {config: "sidecar: crm.json", sidecar: `{"rows": 2, "sha256": "` + digest + `"}`, verdict: scanners.Proved, claimed: 2},
		"sidecar with rows alone": {config: "sidecar: crm.json", sidecar: `{"rows": 2}`, verdict: scanners.Proved, claimed: 2},
		"sidecar of sha256sum":    {config: "sidecar: .sha256", sidecar: digest + "  crm.csv\n", verdict: scanners.Proved},
		"sidecar counts more":     {config: "sidecar: crm.json", sidecar: `{"rows": 3}`, verdict: scanners.Partial, claimed: 3},
		"sidecar of another file": {config: "sidecar: crm.json", sidecar: `{"rows": 2, "sha256": "` + other + `"}`, verdict: scanners.Partial, claimed: 2},
		"sidecar says nothing":    {config: "sidecar: crm.json", sidecar: `{}`, verdict: scanners.Partial},
		"sidecar missing":         {config: "sidecar: gone.json", verdict: scanners.Partial},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("crm.csv", content)
			w.write("crm.json", []byte(test.sidecar))
			w.write("crm.csv.sha256", []byte(test.sidecar))
			got := scanAccounts(t, w, "path: crm.csv\ncolumns: {id: id}\n"+test.config)
			if got.coverage.Verdict != test.verdict || got.coverage.Claimed.Value != test.claimed {
				t.Errorf("verdict %v (%s), claimed %v; want %v, %d", got.coverage.Verdict, got.coverage.Why, got.coverage.Claimed, test.verdict, test.claimed)
			}
			if got.coverage.Digest != digest {
				t.Errorf("digest %q, want that of the bytes", got.coverage.Digest)
			}
		})
	}
}

// TestProducedAt takes the file's time, or that of its sidecar.
func TestProducedAt(t *testing.T) {
	w := newWorld(t)
	w.write("crm.csv", []byte("id\n1\n"))
	w.write("crm.csv.json", []byte(`{"rows": 1, "produced_at": "2026-02-28T23:00:00+01:00"}`))
	modified := time.Date(2026, time.March, 1, 4, 0, 0, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(w.Dir, "crm.csv"), modified, modified); err != nil {
		t.Fatal(err)
	}
	if got := scanAccounts(t, w, "path: crm.csv\ncolumns: {id: id}").coverage.ProducedAt; got != scanners.Known(modified) {
		t.Errorf("produced at %v, want the time of the file", got)
	}
	stamp := time.Date(2026, time.February, 28, 22, 0, 0, 0, time.UTC)
	if got := scanAccounts(t, w, "path: crm.csv\nsidecar: .json\ncolumns: {id: id}").coverage.ProducedAt; got != scanners.Known(stamp) {
		t.Errorf("produced at %v, want the time of the sidecar", got)
	}
}
