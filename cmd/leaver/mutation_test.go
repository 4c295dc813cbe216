package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/fixtures/company"
	"github.com/leaver-audit/leaver/fixtures/docs"
)

// outcome is what becomes of a run whose HR file carries a trap.
type outcome string

const (
	// same: every account has the verdict, owner and decision that it has with the clean file.
	same outcome = "same verdicts"
	// refused: a gate stops the run, exit code 5, and the last accepted run stays in force.
	refused outcome = "refused (exit 5)"
	// misfit: the file does not fit leaver.yaml, exit code 2.
	misfit outcome = "refused (exit 2)"
	// disputed: the run ends, and exactly the accounts of the damaged rows become disputed, which is never due.
	disputed outcome = "accounts of the damaged rows disputed"
	// unseen: nothing in a single file tells, so a first run differs. A later run notices every trap of this kind.
	unseen outcome = "not noticed: there is nothing to compare with"
)

// hrFile is the HR file that a trap alters: a header and its rows, or the bytes of them.
type hrFile struct {
	header []string
	rows   [][]string
	// bytes replaces the file as it would be written from header and rows.
	bytes []byte
	// name replaces hr.csv.
	name string
	// damaged are the employee ids of the rows that a trap makes unusable.
	damaged []string
	// mailed are the numbers of rows of people who are known everywhere by their mail address, and not by their id alone.
	mailed []int
}

// column is the number of a column of the clean file.
func (h *hrFile) column(name string) int {
	if i := slices.Index(h.header, name); i >= 0 {
		return i
	}
	panic("no column " + name)
}

// each alters one column of the rows that pick chooses; nil chooses all.
func (h *hrFile) each(name string, pick func(i int, row []string) bool, change func(string) string) {
	c := h.column(name)
	for i, row := range h.rows {
		if pick == nil || pick(i, row) {
			row[c] = change(row[c])
		}
	}
}

// csv is the file as text.
func (h *hrFile) csv(comma rune, crlf bool) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = comma, crlf
	_ = w.Write(h.header)
	_ = w.WriteAll(h.rows) // a bytes.Buffer takes everything
	return b.Bytes()
}

// world is one company: its files in a folder, and two nights judged with the clean HR file.
type world struct {
	dir   string
	clean map[string]map[string]line
}

// line is what a run says of one account.
type line struct{ verdict, kind, situation, person string }

func newWorld(t *testing.T) *world {
	t.Helper()
	c := company.New(company.Options{Seed: 5, Accounts: 1000, Nights: 2, Now: time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)})
	w := &world{dir: t.TempDir(), clean: map[string]map[string]line{}}
	for n, night := range []string{"first", "later"} {
		dir := w.folder(night)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := c.WriteFiles(dir, n); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, "leaver.yaml"), []byte(c.Config("", "")))
		if n == 1 {
			w.copyState(t, dir)
		}
		code, said := nightly(dir, asOf(night))
		if code != exitOK {
			t.Fatalf("%s night with the clean file: exit code %d\n%s", night, code, said)
		}
		w.clean[night] = lines(t, dir)
	}
	return w
}

// copyState gives dir the state that the first night left.
func (w *world) copyState(t *testing.T, dir string) {
	t.Helper()
	state := filepath.Join(dir, "state")
	if err := os.CopyFS(state, os.DirFS(filepath.Join(w.folder("first"), "state"))); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(state, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return os.Chmod(path, 0o700)
	}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) folder(night string) string { return filepath.Join(w.dir, night) }

func asOf(night string) string {
	if night == "first" {
		return "2026-11-21T23:00:00Z"
	}
	return "2026-11-22T23:00:00Z"
}

func put(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// read gives the clean HR file of a night.
func (w *world) read(t *testing.T, night string) *hrFile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.folder(night), "hr.csv"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	h := &hrFile{header: all[0], rows: all[1:], name: "hr.csv"}
	erp, err := os.ReadFile(filepath.Join(w.folder(night), "erp.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range h.rows {
		if !bytes.Contains(erp, []byte(`"`+row[h.column("employee_id")]+`"`)) {
			h.mailed = append(h.mailed, i)
		}
	}
	return h
}

// play runs one night with the altered file, in a folder of its own.
func (w *world) play(t *testing.T, x *trap, night string) (dir string, h *hrFile, code int, said string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{"contractors.csv", "crm.csv", "erp.jsonl", "wiki.csv", company.LinksFile, "leaver.yaml"} {
		text, err := os.ReadFile(filepath.Join(w.folder(night), name))
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, name), text)
	}
	if night == "later" {
		w.copyState(t, dir)
	}
	h = w.read(t, night)
	x.spoil(t, h)
	if h.bytes == nil {
		h.bytes = h.csv(',', false)
	}
	put(t, filepath.Join(dir, h.name), h.bytes)
	config, err := os.ReadFile(filepath.Join(dir, "leaver.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(config)
	if x.config != "" {
		text = strings.Replace(text, "    path: hr.csv\n", "    path: "+h.name+"\n    "+x.config+"\n", 1)
	} else {
		text = strings.Replace(text, "    path: hr.csv\n", "    path: "+h.name+"\n", 1)
	}
	put(t, filepath.Join(dir, "leaver.yaml"), []byte(text+x.gates))
	code, said = nightly(dir, asOf(night))
	return dir, h, code, said
}

func nightly(dir, asOf string) (code int, said string) {
	var out, errOut bytes.Buffer
	code = run(context.Background(), []string{"run", "-c", filepath.Join(dir, "leaver.yaml"), "--as-of", asOf}, &out, &errOut)
	return code, out.String() + errOut.String()
}

// lines reads what the last accepted run says of every account.
func lines(t *testing.T, dir string) map[string]line {
	t.Helper()
	store, err := runstore.Open(filepath.Join(dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	folder, _, err := pick(context.Background(), store, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]line{}
	for v, err := range folder.Verdicts() {
		if err != nil {
			t.Fatal(err)
		}
		person := v.PersonSystem + "/" + strings.TrimLeft(v.Person, "0")
		all[v.Source+"/"+v.Account] = line{kind: string(v.Kind), situation: string(v.Situation), person: person,
			verdict: fmt.Sprintf("%s %v %s %s %s %s end %s late %s %s %s", v.Kind, v.Flags.List(), v.Severity, v.Situation, person, v.MatchedBy, day(v.End), late(v.DaysLate), v.Decision, day(v.Due))}
	}
	return all
}

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

func late(days *int64) string {
	if days == nil {
		return "-"
	}
	return fmt.Sprint(*days)
}

// TestTrapsOfTheHRFile plays every trap, on a first night and after a night with the clean file.
func TestTrapsOfTheHRFile(t *testing.T) {
	w := newWorld(t)
	for _, x := range slices.Concat(harmless(), noticed()) {
		w.try(t, x)
	}
}

var update = flag.Bool("update", false, "rewrite the table of traps in docs/hr.md")

// TestPageOfTraps compares the table in docs/hr.md with the traps that TestTrapsOfTheHRFile plays.
func TestPageOfTraps(t *testing.T) {
	var b strings.Builder
	b.WriteString("\n| in the file | first run | later run |\n|---|---|---|\n")
	for _, x := range slices.Concat(harmless(), noticed()) {
		name := strings.ReplaceAll(x.name, "|", "\\|")
		if x.config != "" {
			name += " (`" + strings.ReplaceAll(x.config, "|", "\\|") + "`)"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, x.first, x.later)
	}
	docs.ComparePart(t, filepath.Join("..", "..", "docs", "hr.md"), "traps", b.String()+"\n", *update)
}

// TestActiveOnlyExport: an HR file that loses everybody who left makes leavers of them, not orphans, once an earlier run
// has seen them; it is believed only when somebody opens the gate.
func TestActiveOnlyExport(t *testing.T) {
	w := newWorld(t)
	x := trap{spoil: activeOnly, gates: "gates:\n  overrides:\n    - {gate: people_lost, until: 2100-01-01, owner: HR, reason: the export shows active people only from now on}\n"}
	dir, _, code, said := w.play(t, &x, "later")
	if code != exitOK {
		t.Fatalf("exit code %d\n%s", code, said)
	}
	leavers := 0
	got := lines(t, dir)
	for account, was := range w.clean["later"] {
		is := got[account]
		if was.kind == "leaver_active" || was.kind == "used_after_end" {
			leavers++
		}
		if is.kind != was.kind || is.person != was.person {
			t.Errorf("%v", differences{{account, was, is}})
		}
	}
	if leavers == 0 {
		t.Error("nobody left: the test shows nothing")
	}
}

func (w *world) try(t *testing.T, x trap) {
	for _, night := range []string{"first", "later"} {
		want := x.first
		if night == "later" {
			want = x.later
		}
		t.Run(x.name+"/"+night, func(t *testing.T) {
			t.Parallel()
			dir, h, code, said := w.play(t, &x, night)
			w.check(t, &x, night, want, dir, h, code, said)
		})
	}
}

// check compares what a night came to with the outcome that the page promises.
func (w *world) check(t *testing.T, x *trap, night string, want outcome, dir string, h *hrFile, code int, said string) {
	t.Helper()
	wantCode := map[outcome]int{refused: exitGate, misfit: exitUsage}[want]
	if code != wantCode {
		t.Fatalf("exit code %d, want %d (%s)%s\n%s", code, wantCode, want, w.differences(t, dir, night, code), said)
	}
	if code != exitOK {
		if !strings.Contains(said, x.says) || !strings.Contains(said, "hint:") {
			t.Errorf("nothing says %q, or there is no hint:\n%s", x.says, said)
		}
		return
	}
	d := w.differences(t, dir, night, code)
	switch want {
	case same:
		if len(d) > 0 {
			t.Errorf("%d accounts are judged differently: %s", len(d), d)
		}
	case unseen:
		if len(d) == 0 || x.later != refused {
			t.Errorf("nothing is judged differently: the outcome is better than the page says")
		}
	case disputed:
		d.onlyOf(t, h)
	}
}

type difference struct {
	account string
	was, is line
}

type differences []difference

func (d differences) String() string {
	var b strings.Builder
	for i, one := range d {
		if i == 8 {
			fmt.Fprintf(&b, "\n  and %d more", len(d)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %s\n    was %s\n    is  %s", one.account, one.was.verdict, one.is.verdict)
	}
	return b.String()
}

func (w *world) differences(t *testing.T, dir, night string, code int) (d differences) {
	if code != exitOK {
		return nil
	}
	got := lines(t, dir)
	for account, was := range w.clean[night] {
		if is := got[account]; is != was {
			d = append(d, difference{account, was, is})
		}
	}
	if len(got) != len(w.clean[night]) {
		t.Errorf("%d accounts judged, want %d", len(got), len(w.clean[night]))
	}
	slices.SortFunc(d, func(a, b difference) int { return strings.Compare(a.account, b.account) })
	return d
}

// onlyOf checks that exactly accounts of the damaged rows are judged differently: they are disputed.
func (d differences) onlyOf(t *testing.T, h *hrFile) {
	t.Helper()
	if len(d) == 0 {
		t.Error("nothing is judged differently: the outcome is better than the page says")
	}
	var damaged []string
	for _, id := range h.damaged {
		damaged = append(damaged, "hr/"+strings.TrimLeft(id, "0"))
	}
	for _, one := range d {
		switch {
		case !slices.Contains(damaged, one.was.person):
			t.Errorf("an account of somebody else is judged differently: %v", differences{one})
		case one.is.situation != "disputed":
			t.Errorf("an account of a damaged row is not disputed: %v", differences{one})
		}
	}
}
