package table

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/leaver-audit/leaver/scanners"
)

// FuzzUsual compares the rows that are cut by marks with those that are all split as unusual ones, on any text, delimiter, size of
// the buffer and of what is read at once, and number of fields that are located.
func FuzzUsual(f *testing.F) {
	long := strings.Repeat(strings.Repeat("0123456789abcde,", 200)+"\n", 6) + strings.Repeat("long, ", 3000)
	for _, seed := range []string{"", ",", "a,b\nc,d\n", ",,,,,,,,,\n", "a,\"b,c\",d\r\n1,2,3\r\n", "\"a\",\"\"\n", "\"a\"\"b\",c\nd,e\n", "a, \"b,c\"\nx,y\n", "a,b\"c\nd\n",
		"a,\"b\"c\nd,e\n", "a,\"b\nc\",d\n", "J\xc3\xb6rg,\xff,x\nn\x00,\n", "\r\n \n,\n\"\"\nx", "\"a\" ,b\n", "\xef\xbf\xbd,\xc3\n,b\n", long, long + "\n" + long[1:] + "\n1,2\n"} {
		for _, delim := range []byte(",;\t ") {
			f.Add([]byte(strings.ReplaceAll(seed, ",", string(delim))), delim, uint16(16), uint8(3), uint8(2))
			f.Add([]byte(strings.ReplaceAll(seed, ",", string(delim))), delim, uint16(4096), uint8(0), uint8(20))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, delim byte, buffer uint16, chunk, wanted uint8) {
		if delim >= utf8.RuneSelf || delim == '"' || delim == '\n' || delim == '\r' {
			return
		}
		sameRows(t, text, delim, int(buffer)+1, int(chunk), int(wanted))
	})
}

// TestUsual is FuzzUsual with texts that have something to cut at every few bytes, around the borders of the marks, too.
func TestUsual(t *testing.T) {
	piece := rapid.SampledFrom([]string{"a", "bc", "12345678", strings.Repeat("x", 30), strings.Repeat("y", 61), ",", ",", ",", "\"", "\"", "\",\"", ",\"", "\",", "\"\n", "\"\r\n", "\n", "\n",
		"\r\n", "\r", " ", "\t", ";", "+", "\u00e9", "\u65e5", "\xff", "\x00", "\ufffd", "=\"7\"", "#N/A"})
	usual := rapid.SampledFrom([]string{"a,b\n", "\"a\",\"b\"\r\n", "\"x, y\",z,\"\"\n", "id-1234567,\"Doe, J\u00f6rg\",true,2026-01-02\r\n", strings.Repeat("\"abcdefg\",", 9) + "\"h\"\n"})
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(rapid.OneOf(piece, piece, usual), 0, 60).Draw(t, "pieces")
		sameRows(t, []byte(strings.Join(pieces, "")), ',', rapid.SampledFrom([]int{1, 63, 64, 65, 200, 5000}).Draw(t, "buffer"),
			rapid.SampledFrom([]int{0, 1, 7, 64, 100}).Draw(t, "chunk"), rapid.IntRange(0, 12).Draw(t, "wanted"))
	})
}

// TestBorders moves what is easily cut wrongly over the borders of the marks.
func TestBorders(t *testing.T) {
	for _, tail := range []string{",\"x\"y,z", ",\"x\",z", ",\"x\"", ",\"x\"\r", ",\"x\"y\r", ",\"x\"\"y\",z", ",\"x", ",\"x\ny\",z", ", \"x,y\",z", ",x\"y,z", ",\"\",\"\"", ",\"a,b\",\"c\"",
		",\u00e9,\xff", ",\u65e5", ",\x00", "\r", ",", ",,", ",a:b", ",a+b"} {
		for pad := range 140 {
			for _, before := range []string{"", "1,2\n", "\"1\",2\r\n"} {
				text := before + strings.Repeat("p", pad) + tail
				sameRows(t, []byte(text), ',', 500, 0, 3)
				sameRows(t, []byte(text+"\nnext,row,7\n"), ',', 500, pad%2*99, 2)
			}
		}
	}
}

// sameRows compares the rows of a text that are cut by marks with those that are all split as unusual ones. The buffer has the given
// size, chunk bytes are read at once (all when it is 0), and as many fields as wanted are located.
func sameRows(t interface{ Fatalf(string, ...any) }, text []byte, delim byte, buffer, chunk, wanted int) {
	for _, set := range []charset{{}, {name: "windows-1252", declared: true, decoded: true}} {
		fast := newCSV(chunks(text, chunk), string(delim), "+", set, buffer)
		fast.wantFields(wanted)
		slow := newCSV(bytes.NewReader(text), string(delim), "+", set, buffer)
		for {
			got, gotErr := rowText(fast, fast.next())
			want, wantErr := rowText(slow, nextSlowly(slow))
			if got != want || gotErr != wantErr {
				t.Fatalf("%q at %q: %s, want %s", text, delim, got, want)
			}
			if gotErr {
				break
			}
		}
	}
}

// nextSlowly is next for a grid to which every row is unusual.
func nextSlowly(g *csvGrid) error {
	for {
		g.begin()
		if err := g.unusual(); err != nil {
			return err
		}
		if g.fill(); g.wrong != nil || g.filled > 0 {
			return nil
		}
	}
}

// chunks reads text n bytes at a time, or at once.
func chunks(text []byte, n int) io.Reader {
	if n == 0 {
		return bytes.NewReader(text)
	}
	return &chunkReader{bytes.NewReader(text), n}
}

type chunkReader struct {
	src *bytes.Reader
	n   int
}

func (r *chunkReader) Read(p []byte) (int, error) { return r.src.Read(p[:min(len(p), r.n)]) }

// rowText is all that a grid says of its row: picked one by one from the right, all together, and what it is besides. It reports
// whether there is none.
func rowText(g *csvGrid, err error) (string, bool) {
	if err != nil {
		return err.Error(), true
	}
	is := *g.row()
	wrong := defect{}
	if is.wrong != nil {
		wrong, is.wrong = *is.wrong, nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%+v %q %q %q", is, wrong, g.raw(), g.doubts())
	cells := make([]cell, is.size+1)
	for i := range slices.Backward(cells) {
		g.pick([]int{i}, cells[i:i+1])
		fmt.Fprintf(&b, " %d %q", cells[i].kind, cells[i].text)
	}
	g.pick(upTo(len(cells)), cells)
	for i := range cells {
		fmt.Fprintf(&b, " %d %q", cells[i].kind, cells[i].text)
		if cells[i].word && (cells[i].kind != cellText || trim(cells[i].text) != cells[i].text || !isASCII(cells[i].text) || hasControl(cells[i].text) || strings.ContainsAny(cells[i].text, " ,;:")) {
			b.WriteString(" which is no word")
		}
	}
	return b.String(), false
}

// TestKept keeps every record of a scan and adds to each list of it: nothing of that may reach another record.
func TestKept(t *testing.T) {
	const records = 5 * batch * load * (aheadLoads + 2)
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
		if hasControl(s) != control || isASCII(s) != ascii || isPlainMail(s, false) != mail {
			t.Fatalf("%q: control %t, ASCII %t, mail %t, want %t, %t, %t", s, hasControl(s), isASCII(s), isPlainMail(s, false), control, ascii, mail)
		}
		if !separators && !control && ascii && isPlainMail(s, true) != mail {
			t.Fatalf("the word %q: mail %t, want %t", s, !mail, mail)
		}
	})
}

// TestDigits compares the looks at eight digits at once with one after the other.
func TestDigits(t *testing.T) {
	near := rapid.OneOf(rapid.ByteRange('0', '9'), rapid.ByteRange('0', '9'), rapid.SampledFrom([]byte{0, '/', ':', '?', '@', '9' + 16, '0' - 16, 0xb0, 0xff}))
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOfN(near, 0, 20).Draw(t, "text"))
		if n := rapid.IntRange(0, 20).Draw(t, "digits"); rapid.Bool().Draw(t, "only digits") {
			s = fmt.Sprintf("%0*d", n, rapid.Uint64().Draw(t, "number"))
		}
		want := s != "" && strings.Trim(s, "0123456789") == ""
		if allDigits(s) != want {
			t.Fatalf("%q: all digits %t, want %t", s, !want, want)
		}
		if len(s) < 8 || !allDigits(s[:8]) {
			return
		}
		if n, err := strconv.ParseUint(s[:8], 10, 64); err != nil || eightDigits(wordAt(s)) != n {
			t.Fatalf("%q is %d, %v, not %d", s[:8], n, err, eightDigits(wordAt(s)))
		}
	})
}

// TestSums: rows that say the same have the same sum however they are written, and others have another one.
func TestSums(t *testing.T) {
	s := &settings{keys: newHashKeys(maphash.MakeSeed())}
	text := rapid.SliceOfN(rapid.ByteRange('a', 'c'), 0, 40)
	row := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) cell { return textCell(string(text.Draw(t, "text"))) }), 1, 4)
	rapid.Check(t, func(t *rapid.T) {
		one, other := row.Draw(t, "row"), row.Draw(t, "other row")
		if rapid.Bool().Draw(t, "close") {
			other = slices.Clone(one)
			i := rapid.IntRange(0, len(one)-1).Draw(t, "at")
			other[i] = textCell(one[i].text + rapid.StringOfN(rapid.RuneFrom([]rune("abc")), 0, 2, -1).Draw(t, "more"))
		}
		same := slices.EqualFunc(one, other, func(a, b cell) bool { return a.text == b.text })
		if (s.sum(one) == s.sum(other)) != same {
			t.Fatalf("sums of %v and %v: %x, %x", one, other, s.sum(one), s.sum(other))
		}
	})
}

// TestSharedEvidence: rows that show the same share lists, and none shows what another row says.
func TestSharedEvidence(t *testing.T) {
	value := rapid.SampledFrom([]string{"", "true", "false", "yes"})
	rapid.Check(t, func(t *rapid.T) {
		f := &accountFields{evidence: []slot{0, 1, 2}}
		m := &accountMapping{accountFields: f, values: values{settings: &settings{want: []string{"a", "b", "c"}}}, lastShown: make([][]string, 3)}
		var got, want []scanners.Account
		for range rapid.IntRange(1, 8).Draw(t, "rows") {
			var is, must scanners.Account
			m.cells = nil
			for i := range 3 {
				c := textCell(value.Draw(t, "value"))
				if m.cells = append(m.cells, c); c.kind != cellEmpty {
					must.Evidence = append(must.Evidence, scanners.Attribute{Name: m.want[i], Values: []string{c.text}})
				}
			}
			m.evidenceOf(&is)
			got, want = append(got, is), append(want, must)
		}
		for i := range got {
			_ = append(got[i].Evidence, scanners.Attribute{Name: "added later"})
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestSeparator: cells of the first rows, too, are lists at a separator of one's own.
func TestSeparator(t *testing.T) {
	for _, separator := range []string{"+", "++", "é", " ", "x"} {
		w := newWorld(t)
		w.write("f.csv", []byte("id,login,number\n1,a,7\n2,a"+separator+"b,7"+separator+"8\n"))
		got := scanAccounts(t, w, "path: f.csv\ncolumns: {id: id, login: login, employee_id: number}\nlist_separator: '"+separator+"'")
		if len(got.records) != 2 || !slices.Equal(got.records[1].Logins, []string{"a", "b"}) || !slices.Equal(got.records[1].EmployeeIDs, []string{"7", "8"}) {
			t.Errorf("at %q: %+v", separator, got.records)
		}
	}
}

// TestLoads: whatever number of rows a file has, all of them come, and when the caller refuses one, it is the last.
func TestLoads(t *testing.T) {
	refused := errors.New("refused")
	for _, n := range []int{1, batch - 1, batch, batch + 1, batch*load - 1, batch * load, batch*load + 1, 2*batch*load + batch, 7 * batch * load} {
		w := newWorld(t)
		var b bytes.Buffer
		b.WriteString("id,login\n")
		for i := range n {
			fmt.Fprintf(&b, "A%d,u%d\n", i, i)
		}
		w.write("f.csv", b.Bytes())
		source := openTest(t, Kind().Accounts, w.Env, "path: f.csv\ncolumns: {id: id, login: login}")
		for _, last := range []int{0, 1, n / 2, n} {
			got := 0
			_, err := source.Scan(t.Context(), func(a scanners.Account) error {
				if got++; a.ID != fmt.Sprintf("A%d", got-1) || a.Logins[0] != fmt.Sprintf("u%d", got-1) {
					t.Errorf("record %d is %+v", got, a)
				}
				if got == last {
					return refused
				}
				return nil
			})
			if last == 0 && (got != n || err != nil) || last > 0 && (got != last || !errors.Is(err, refused)) {
				t.Errorf("%d of %d rows to refuse %d: %v", got, n, last, err)
			}
		}
	}
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
