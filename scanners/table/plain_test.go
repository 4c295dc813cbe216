package table

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/leaver-audit/leaver/scanners"
)

// FuzzPlain checks that a record without quotes is split in eights of bytes as it is byte by byte, and is called ASCII when
// and only when it is.
func FuzzPlain(f *testing.F) {
	for _, seed := range []string{"", ",", "a,b", ",,,,,,,,,", "12345678,", "1234567,9", "a,b,c,d,e,f,g,h,i", "\x2d\x2c\x2b\xac,\x00", "Jörg,\xff,x", "a;b;\x80"} {
		f.Add([]byte(seed), byte(','))
		f.Add([]byte(seed), byte(';'))
		f.Add([]byte(seed), byte('\t'))
	}
	f.Fuzz(func(t *testing.T, record []byte, delim byte) {
		if delim >= utf8.RuneSelf {
			return
		}
		fast := &csvGrid{buf: record, start: len(record), end: len(record), record: record, delim: []byte{delim}}
		slow := &csvGrid{buf: record, start: len(record), end: len(record), record: record, delim: []byte{delim}}
		fast.splitPlain()
		slow.split()
		if diff := cmp.Diff(slow.fields, fast.fields, cmp.AllowUnexported(field{})); diff != "" {
			t.Errorf("%q at %q (-byte by byte +in eights):\n%s", record, delim, diff)
		}
		if ascii := isASCII(string(record)); fast.ascii != ascii {
			t.Errorf("%q: ascii %t, want %t", record, fast.ascii, ascii)
		}
		slow.ascii = false
		fast.check()
		slow.check()
		if diff := cmp.Diff(slow.wrong, fast.wrong, cmp.AllowUnexported(defect{})); diff != "" {
			t.Errorf("%q (-looked at whole +known to be ASCII):\n%s", record, diff)
		}
	})
}

// TestKept keeps every record of a scan and adds to each list of it: nothing of that may reach another record.
func TestKept(t *testing.T) {
	const records = 5 * batch * (aheadBatches + 2)
	w := newWorld(t)
	var b bytes.Buffer
	b.WriteString("id,login,number,mail,enabled,used\n")
	for i := range records {
		fmt.Fprintf(&b, "A%d,u%d,%d,u%d@corp.example,%t,2026-01-%02d\n", i, i, 1000+i, i, i%2 == 0, i%28+1)
	}
	w.write("f.csv", b.Bytes())
	got := scanAccounts(t, w, "path: f.csv\ncolumns: {id: id, login: login, employee_id: number, mail: mail, enabled: enabled, last_activity: used}")
	if len(got.records) != records {
		t.Fatalf("%d records, want %d", len(got.records), records)
	}
	for i := range got.records {
		a := &got.records[i]
		for _, list := range []*[]string{&a.Logins, &a.EmployeeIDs, &a.Mails, &a.Evidence[0].Values} {
			_ = append(*list, "added later")
		}
		_ = append(a.Signals, scanners.Signal{Name: "added later"})
		_ = append(a.Evidence, scanners.Attribute{Name: "added later"})
	}
	for i, a := range got.records {
		want := fmt.Sprintf("A%d [u%d] [%d] [u%d@corp.example] %t %d enabled=[%t] used=[2026-01-%02d]", i, i, 1000+i, i, i%2 == 0, i%28+1, i%2 == 0, i%28+1)
		is := fmt.Sprintf("%s %s %s %s %t %d %s=%s %s=%s", a.ID, a.Logins, a.EmployeeIDs, a.Mails, a.Enabled.Value, a.Signals[0].At.Value.Day(),
			a.Evidence[0].Name, a.Evidence[0].Values, a.Evidence[1].Name, a.Evidence[1].Values)
		if is != want {
			t.Fatalf("record %d is\n%s, want\n%s", i, is, want)
		}
	}
}

// TestArena makes texts around the size of the arena and checks that none changes when others follow.
func TestArena(t *testing.T) {
	var a arena
	var got, want []string
	for _, n := range []int{0, 1, 100, arenaSize - 102, 1, arenaSize, arenaSize + 1, 3, 2 * arenaSize, 7} {
		text := bytes.Repeat([]byte{byte('a' + len(want))}, n)
		want = append(want, string(text))
		got = append(got, a.string(text))
		clear(text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestEights compares the looks at eight bytes at once with one byte after the other.
func TestEights(t *testing.T) {
	edges := rapid.SampledFrom([]byte{0, 8, '\t', '\n', '\r', 0x1f, ' ', '!', '+', ',', '-', ':', ';', '<', '@', 0x7e, 0x7f, 0x80, 0xc3, 0xff})
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOfN(rapid.OneOf(rapid.Just(byte('m')), rapid.Just(byte('@')), edges), 0, 40).Draw(t, "text"))
		control, ascii, separators := false, true, false
		for i := range len(s) {
			c := s[i]
			control = control || c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f
			ascii = ascii && c < utf8.RuneSelf
			separators = separators || c <= ' ' || c == ',' || c == ';' || c == ':'
		}
		at := strings.IndexByte(s, '@')
		mail := ascii && !separators && at > 0 && at < len(s)-1
		if hasControl(s) != control || isASCII(s) != ascii || isPlainMail(s) != mail {
			t.Fatalf("%q: control %t, ASCII %t, mail %t, want %t, %t, %t", s, hasControl(s), isASCII(s), isPlainMail(s), control, ascii, mail)
		}
	})
}

// TestBatches: what ScanBatches hands over is what Scan does, rows that repeat and rows that are rejected left out, in batches
// that the callee may change.
func TestBatches(t *testing.T) {
	w := newWorld(t)
	var b bytes.Buffer
	b.WriteString("id,login,mail\n")
	for i := range 3*batch + 5 {
		switch {
		case i%batch == 0, i%7 == 3:
			fmt.Fprintf(&b, "A%d,u%d,u%d@corp.example\n", i, i, i)
			fmt.Fprintf(&b, "A%d,u%d,u%d@corp.example\n", i, i, i)
		case i%batch == batch-1, i%11 == 5:
			fmt.Fprintf(&b, ",u%d,\n", i)
		default:
			fmt.Fprintf(&b, "A%d,u%d,\n", i, i)
		}
	}
	w.write("f.csv", b.Bytes())
	config := "path: f.csv\ncolumns: {id: id, login: login, mail: mail}"
	one := scanAccounts(t, w, config)
	source := openTest(t, Kind().Accounts, w.Env, config)
	var got []scanners.Account
	most := 0
	coverage, err := scanners.ScanBatches(t.Context(), source, func(accounts []scanners.Account) error {
		most = max(most, len(accounts))
		got = append(got, accounts...)
		clear(accounts)
		return nil
	})
	if err != nil || most < 2 {
		t.Errorf("batches of up to %d, %v", most, err)
	}
	if diff := cmp.Diff(one.records, got); diff != "" {
		t.Errorf("(-one by one +in batches):\n%s", diff)
	}
	if coverage.Read != one.coverage.Read || coverage.Rejected != one.coverage.Rejected || int64(len(got)) != coverage.Read-coverage.Rejected {
		t.Errorf("%d records of %+v, one by one %+v", len(got), coverage, one.coverage)
	}
}
