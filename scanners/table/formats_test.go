package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/leaver-audit/leaver/scanners"
)

// TestJSON checks records of JSON and JSON Lines: what is read, rejected, and believed.
func TestJSON(t *testing.T) {
	for name, test := range map[string]struct {
		file, content, config string
		accounts              []string // id, logins, mails
		rejects               []string
		verdict               scanners.CoverageVerdict
	}{
		"array": {file: "crm.json", content: `[{"id": 1, "login": "a", "mail": "a@corp.example"}, {"id": "2", "login": null, "mail": ["b@corp.example", "c@corp.example"]}]`,
			accounts: []string{"1 [a] [a@corp.example]", "2 [] [b@corp.example c@corp.example]"}, verdict: scanners.Consistent},
		"path": {file: "crm.json", content: `{"version": {"x": [1]}, "data": {"n": 1, "users": [{"id": "1", "login": "a", "mail": ""}]}, "more": true}`,
			config: "records: data.users", accounts: []string{"1 [a] []"}, verdict: scanners.Consistent},
		"lines": {file: "crm.jsonl", content: "{\"id\":\"1\",\"login\":\"a\",\"mail\":\"\"}\n\n{\"id\":\"2\",\"login\":\"b\",\"mail\":\"\"}",
			accounts: []string{"1 [a] []", "2 [b] []"}, verdict: scanners.Consistent},
		"broken line": {file: "crm.jsonl", content: "{\"id\":\"1\",\"login\":\"a\",\"mail\":\"\"}\n{\"id\":\"2\",\n{\"id\":\"3\",\"login\":\"c\",\"mail\":\"\"}\n",
			accounts: []string{"1 [a] []", "3 [c] []"}, rejects: []string{"line 2 id : "}, verdict: scanners.Partial},
		"key twice": {file: "crm.json", content: `[{"id":"1","id":"2","login":"a","mail":""},{"id":"3","login":"a","mail":""}]`,
			accounts: []string{"3 [a] []"}, rejects: []string{`record 1 id : the key "id" is there twice`}, verdict: scanners.Partial},
		"not an object": {file: "crm.json", content: `[{"id":"1","login":"a","mail":""}, 5]`,
			accounts: []string{"1 [a] []"}, rejects: []string{"record 2 id : the record is not an object"}, verdict: scanners.Partial},
		"cut": {file: "crm.json", content: `[{"id":"1","login":"a","mail":""},{"id":"2","lo`, accounts: []string{"1 [a] []"}, verdict: scanners.Partial},
		"cut between records": {file: "crm.json", content: `[{"id":"1","login":"a","mail":""},`, accounts: []string{"1 [a] []"},
			verdict: scanners.Partial},
		"empty array": {file: "crm.json", content: `[]`, verdict: scanners.Blind},
		"empty file":  {file: "crm.json", content: " \n", verdict: scanners.Blind},
		"byte order mark": {file: "crm.json", content: "\xEF\xBB\xBF[{\"id\":\"1\",\"login\":\"a\",\"mail\":\"\"}]",
			accounts: []string{"1 [a] []"}, verdict: scanners.Consistent},
		"nested key": {file: "crm.json", content: `[{"id":"1","login":"a","profile":{"email":"a@corp.example"}}]`,
			config: "columns: {id: id, login: login, mail: profile.email}", accounts: []string{"1 [a] [a@corp.example]"}, verdict: scanners.Consistent},
		"optional key": {file: "crm.json", content: `[{"id":"1","login":"a"}]`, config: "optional: mail", accounts: []string{"1 [a] []"},
			verdict: scanners.Consistent},
		"large number": {file: "crm.json", content: `[{"id":12345678901234567890,"login":"a","mail":""}]`, accounts: []string{"12345678901234567890 [a] []"},
			verdict: scanners.Consistent},
		"whole float": {file: "crm.json", content: `[{"id":123.0,"login":"a","mail":""}]`, accounts: []string{"123 [a] []"}, verdict: scanners.Consistent},
		"not UTF-8": {file: "crm.jsonl", content: "{\"id\":\"1\",\"login\":\"M\xfc\",\"mail\":\"\"}\n{\"id\":\"2\",\"login\":\"a\",\"mail\":\"\"}\n",
			accounts: []string{"2 [a] []"}, rejects: []string{"line 1 id : bytes that are not UTF-8"}, verdict: scanners.Partial},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write(test.file, []byte(test.content))
			config := "path: " + test.file + "\n" + test.config
			if !strings.Contains(config, "columns:") {
				config += "\ncolumns: {id: id, login: login, mail: mail}"
			}
			got := scanAccounts(t, w, config)
			var accounts []string
			for _, a := range got.records {
				accounts = append(accounts, fmt.Sprint(a.ID, " ", a.Logins, " ", a.Mails))
			}
			if diff := cmp.Diff(test.accounts, accounts); diff != "" {
				t.Errorf("accounts (-want +got):\n%s", diff)
			}
			checkRejections(t, got.rejected, test.rejects)
			if got.coverage.Verdict != test.verdict {
				t.Errorf("verdict %v (%s), want %v", got.coverage.Verdict, got.coverage.Why, test.verdict)
			}
		})
	}
}

// parquetRow has a column of each type that a file of accounts may have.
type parquetRow struct {
	ID      int64     `parquet:"id"`
	Login   string    `parquet:"login,dict"`
	Mails   []string  `parquet:"mails,list"`
	Enabled *bool     `parquet:"enabled,optional"`
	Created time.Time `parquet:"created,timestamp(microsecond)"`
	Used    int32     `parquet:"used,date"`
	GUID    [16]byte  `parquet:"guid,uuid"`
}

func TestParquet(t *testing.T) {
	yes := true
	rows := []parquetRow{
		{1, "a", []string{"a@corp.example", "b@corp.example"}, &yes, time.Date(2026, 2, 1, 8, 15, 30, 0, time.UTC), 20485, [16]byte{0x12, 0x34}},
		{2, "b", nil, nil, time.Date(2026, 2, 2, 0, 0, 0, 0, time.UTC), 0, [16]byte{0xff}},
		{3, "c", []string{"c@corp.example"}, &yes, time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC), 20486, [16]byte{1}},
	}
	var b bytes.Buffer
	pw := parquet.NewGenericWriter[parquetRow](&b, parquet.MaxRowsPerRowGroup(2))
	if _, err := pw.Write(rows); err != nil {
		t.Fatal(err)
	}
	must(t, pw.Close())
	w := newWorld(t)
	w.write("crm.parquet", b.Bytes())
	got := scanAccounts(t, w, "path: crm.parquet\nzone: Europe/Berlin\ncolumns: {id: id, login: login, mail: mails, enabled: enabled, created: created, last_activity: used, anchor: guid}")
	if got.coverage.Verdict != scanners.Proved || got.coverage.Claimed != scanners.Known[int64](3) {
		t.Errorf("verdict %v (%s), claimed %+v; want proved by the footer", got.coverage.Verdict, got.coverage.Why, got.coverage.Claimed)
	}
	var texts []string
	for _, a := range got.records {
		texts = append(texts, fmt.Sprintln(a.ID, a.Logins, a.Mails, a.Enabled, a.Created.Value, a.Signals[0].At, a.Signals[0].Precision, a.Anchors))
	}
	want := []string{
		fmt.Sprintln("1", "[a]", "[a@corp.example b@corp.example]", scanners.Known(true), rows[0].Created, at("2026-02-01T00:00:00+01:00"), 24*time.Hour,
			"[12340000-0000-0000-0000-000000000000]"),
		fmt.Sprintln("2", "[b]", "[]", scanners.Unknown[bool](emptyInFile), rows[1].Created, scanners.Unknown[time.Time](emptyInFile), time.Duration(0),
			"[ff000000-0000-0000-0000-000000000000]"),
		fmt.Sprintln("3", "[c]", "[c@corp.example]", scanners.Known(true), rows[2].Created, at("2026-02-02T00:00:00+01:00"), 24*time.Hour,
			"[01000000-0000-0000-0000-000000000000]"),
	}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
}

// TestParquetDamage turns over single bytes of a file: never a panic, and never a complete verdict with fewer rows.
func TestParquetDamage(t *testing.T) {
	rows := [][]string{{"id", "login"}}
	for i := range 30 {
		rows = append(rows, []string{fmt.Sprint("A", i), "x"})
	}
	healthy := parquetBytes(t, rows)
	for i := 0; i < len(healthy); i += 11 {
		content := bytes.Clone(healthy)
		content[i] ^= 0x41
		w := newWorld(t)
		w.write("crm.parquet", content)
		n := 0
		coverage, err := openTest(t, Kind().Accounts, w.Env, "path: crm.parquet\ncolumns: {id: id, login: login}").
			Scan(t.Context(), func(scanners.Account) error { n++; return nil })
		if coverage.Verdict.Complete() && int(coverage.Read) != 30 && err == nil {
			t.Errorf("byte %d: verdict %v with %d rows (%s)", i, coverage.Verdict, coverage.Read, coverage.Why)
		}
	}
}

// TestSeveralFiles checks order, places, the oldest time and repeated ids across files.
func TestSeveralFiles(t *testing.T) {
	w := newWorld(t)
	w.write("b.csv", []byte("id,login\n3,c\n"))
	w.write("a.csv", []byte("login,id\na,1\n,\nb\n"))
	w.write("c.jsonl", []byte(`{"id":"1","login":"z"}`))
	got := scanAccounts(t, w, "path: [\"?.csv\", c.jsonl, a.csv]\ncolumns: {id: id, login: login}")
	var ids []string
	for _, a := range got.records {
		ids = append(ids, a.ID)
	}
	if strings.Join(ids, " ") != "1 3 1" || got.coverage.Pages != 3 || got.coverage.Digest != "" {
		t.Errorf("ids %q in %d files, digest %q", ids, got.coverage.Pages, got.coverage.Digest)
	}
	checkRejections(t, got.rejected, []string{`"a.csv" line 4 id : 1 fields`})
	if got.coverage.Verdict != scanners.Partial || !strings.Contains(got.coverage.Why, `"1" ("c.jsonl" line 1)`) {
		t.Errorf("verdict %v (%s), want partial for the id in two files", got.coverage.Verdict, got.coverage.Why)
	}
}

// TestAllocation shows that files are read ahead side by side: while the first one is emitted, both slots are taken.
func TestAllocation(t *testing.T) {
	w := newWorld(t)
	w.Env.Allocation = scanners.NewAllocation(2)
	rows := [][]string{{"id"}}
	const each = 10_000 // more than are read ahead
	for i := range each {
		rows = append(rows, []string{fmt.Sprint("P", i)})
	}
	for i := range 5 {
		w.write(fmt.Sprintf("%d.csv", i), csvBytes(rows))
	}
	n, full := 0, 0
	coverage, err := openTest(t, Kind().People, w.Env, "path: \"*.csv\"\ncolumns: {id: id}").Scan(t.Context(), func(scanners.Person) error {
		if n++; n%1000 == 0 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			if errors.Is(w.Env.Allocation.Do(ctx, func() error { return nil }), context.DeadlineExceeded) {
				full++
			}
		}
		return nil
	})
	if err != nil || n != 5*each || !coverage.Verdict.Complete() {
		t.Fatalf("%d people, %v (%s), %v", n, coverage.Verdict, coverage.Why, err)
	}
	if full == 0 {
		t.Error("the two slots were never both taken")
	}
}

func TestLookup(t *testing.T) {
	w := newWorld(t)
	w.write("crm.csv", []byte("id,created\n1,\n2,soon\n3,\n3,2025-01-01\n4,\n"))
	source := openTest(t, Kind().Accounts, w.Env, "path: crm.csv\ncolumns: {id: id, created: created}")
	for id, want := range map[string]string{"1": "known", "2": "line 3 was rejected", "3": "there 2 times", "9": "carry an id that another row has"} {
		_, found, err := source.(scanners.Lookup[scanners.Account]).Lookup(t.Context(), id)
		got := found.Reason
		if found.IsKnown() {
			got = "known"
		}
		if err != nil || !strings.Contains(got, want) || found.IsNever() {
			t.Errorf("Lookup(%q) = %+v, %v; want %q", id, found, err, want)
		}
	}
	if len(w.Rejected) != 0 {
		t.Errorf("a lookup handed %d rejections to the run", len(w.Rejected))
	}
}

func TestLookupJoinsEmployments(t *testing.T) {
	w := newWorld(t)
	w.write("hr.csv", []byte("id,to\n1,2024-01-31\n2,\n1,\n"))
	source := openTest(t, Kind().People, w.Env, "path: hr.csv\nlast_day: inclusive\ncolumns: {id: id, end: to}")
	p, found, err := source.(scanners.Lookup[scanners.Person]).Lookup(t.Context(), "1")
	if err != nil || !scanners.Is(found, true) || len(p.Employments) != 2 {
		t.Errorf("Lookup = %+v, %+v, %v; want both employments", p, found, err)
	}
}

// TestSmallestConfig reads with the configuration that the manual shows.
func TestSmallestConfig(t *testing.T) {
	w := newWorld(t)
	w.write("hr.csv", []byte("employee_id,given_name,family_name,work_email,start_date,last_day,department\n1,J,D,j@corp.example,2019-01-01,,Sales\n"))
	w.write("crm.csv", []byte("account_id,login,employee_number,mail,enabled,created,last_logon\n7,j,1,j@corp.example,true,2019-01-01,\n"))
	people := scanPeople(t, w, `path: hr.csv
columns: {id: employee_id, given_name: given_name, family_name: family_name, mail: work_email, start: start_date, end: last_day, department: department}
last_day: inclusive`)
	accounts := scanAccounts(t, w, `path: crm.csv
columns: {id: account_id, login: login, employee_id: employee_number, mail: mail, enabled: enabled, created: created, last_activity: last_logon}
empty: {last_activity: never}          # never | unknown; default unknown`)
	if len(people.records) != 1 || len(accounts.records) != 1 || !accounts.records[0].Idle().IsNever() {
		t.Errorf("people %+v, accounts %+v", people, accounts)
	}
}

// TestMemory shows that a scan does not hold the file: ten times the rows take no more than twelve bytes a row longer.
func TestMemory(t *testing.T) {
	small, large := allocatedAtOnce(t, 20_000), allocatedAtOnce(t, 200_000)
	if perRow := (int64(large) - int64(small)) / 180_000; perRow > 60 {
		t.Errorf("%d bytes held for each further row (%d for 20,000 rows, %d for 200,000)", perRow, small, large)
	}
}

// allocatedAtOnce is the heap in use, after collection, when the last row of n is emitted.
func allocatedAtOnce(t *testing.T, n int) uint64 {
	t.Helper()
	w := newWorld(t)
	w.write("big.csv", bigCSV(n))
	source := openTest(t, Kind().Accounts, w.Env, bigConfig)
	var m runtime.MemStats
	rows := 0
	_, err := source.Scan(t.Context(), func(scanners.Account) error {
		if rows++; rows == n {
			runtime.GC()
			runtime.ReadMemStats(&m)
		}
		return nil
	})
	must(t, err)
	return m.HeapAlloc
}
