package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/leaver-audit/leaver/scanners"
)

// FuzzCSV compares with the standard library wherever that reads the text without complaint, and checks for any text that
// every byte of it is in some row, and that a small buffer gives the same rows as a large one.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "a,b\n\"x\ny\",2\n", "\"a\"\"b\",c\r\n", "a,\"b", "a,\"b\"c\n1,2\n", " \"a\" ,b\n", "\xff,\x00\n", "a\n\n\nb", "\"\n\"\n\"", "\",\"\r\n\"\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rows, clean := gridRows(t, strings.NewReader(text))
		slow, _ := gridRows(t, iotest.OneByteReader(strings.NewReader(text)))
		if strings.Join(rows, "\n") != strings.Join(slow, "\n") {
			t.Fatalf("rows depend on how the bytes arrive:\n%q\n%q", rows, slow)
		}
		// The standard library turns a CRLF inside quotes into a line feed.
		got := strings.ReplaceAll(strings.Join(rows, "\n"), "\r\n", "\n")
		if want, ok := standardRows(text); ok && clean && got != strings.Join(want, "\n") {
			t.Fatalf("%q:\ngot  %q\nwant %q", text, rows, want)
		}
	})
}

// gridRows gives the rows as texts of their fields, and whether none of them had a defect.
func gridRows(t *testing.T, src io.Reader) ([]string, bool) {
	g := newCSV(src, ",", ";", charset{}, 16)
	var rows []string
	clean := true
	last := int64(0)
	for {
		err := g.next()
		if errors.Is(err, io.EOF) {
			return rows, clean
		}
		if why := new(brokenError); errors.As(err, &why) {
			return rows, false
		}
		if err != nil {
			t.Fatal(err)
		}
		if g.place <= last {
			t.Fatalf("line %d after line %d", g.place, last)
		}
		last = g.place
		clean = clean && g.wrong == nil
		rows = append(rows, strings.Join(fieldTexts(g), "\x1f"))
	}
}

// standardRows reads text with encoding/csv; false when that finds it wrong or means something else by intent: it keeps
// blanks, and a quote behind blanks is text to it.
func standardRows(text string) ([]string, bool) {
	if strings.ContainsAny(text, " \t\x00\ufeff#=\u00a0\u00ad\v\f") || !isASCII(text) || strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\r") {
		return nil, false
	}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	all, err := r.ReadAll()
	if err != nil {
		return nil, false
	}
	var rows []string
	for _, record := range all {
		filled := false
		for i, field := range record {
			record[i] = trim(field)
			filled = filled || record[i] != ""
		}
		if filled {
			rows = append(rows, strings.Join(record, "\x1f"))
		}
	}
	return rows, true
}

// FuzzAccounts checks that no file makes the connector panic, that what it counts adds up, and that no account comes out
// without an id.
func FuzzAccounts(f *testing.F) {
	f.Add([]byte("id,login,used\n1,a,2026-01-01\n2,b,\n"), true)
	f.Add([]byte("id;login;used\r\n1;\"a\";never\r\nTotal: 1"), true)
	f.Add([]byte(`[{"id":1,"login":["a"],"used":null}]`), false)
	f.Fuzz(func(t *testing.T, content []byte, asCSV bool) {
		w := newWorld(t)
		name := "f.json"
		if asCSV {
			name = "f.csv"
		}
		w.write(name, content)
		source := openTest(t, Kind().Accounts, w.Env, "path: "+name+"\ncolumns: {id: id, login: login, last_activity: used}\nempty: {last_activity: never}")
		emitted := int64(0)
		coverage, err := source.Scan(t.Context(), func(a scanners.Account) error {
			if emitted++; a.ID == "" || strings.TrimSpace(a.ID) != a.ID {
				t.Errorf("id %q", a.ID)
			}
			return nil
		})
		if coverage.Read-coverage.Rejected != emitted || int(coverage.Rejected) != len(w.Rejected) {
			t.Errorf("%+v: %d emitted, %d rejected", coverage, emitted, len(w.Rejected))
		}
		if coverage.Verdict.Complete() && (err != nil || emitted == 0 && !bytes.Contains(content, []byte("0"))) {
			t.Errorf("verdict %v (%s), %v from %q", coverage.Verdict, coverage.Why, err, content)
		}
	})
}
