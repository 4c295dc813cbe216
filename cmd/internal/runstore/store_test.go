package runstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

var ctx = context.Background()

func TestOpenModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a ?#%25 folder", "state")
	s := openStore(t, dir)
	lock(t, s)
	newRun(t, s, 1)
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "leaver.db")); err != nil {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(dir string) error
		want    []string
	}{
		{"others can read it", func(dir string) error { return os.Chmod(dir, 0o750) }, []string{"mode 0750", "hint: chmod 700"}},
		{"no database", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "leaver.db"), []byte(strings.Repeat("no database ", 500)), 0o600)
		}, []string{"leaver.db", "is damaged", "hint: restore it"}},
		{"damaged header", func(dir string) error { return damage(dir, 0) }, []string{"leaver.db", "is damaged", "hint: restore it"}},
		{"a folder", func(dir string) error { return os.Mkdir(filepath.Join(dir, "leaver.db"), 0o700) }, []string{"is a directory"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := privateDir(t)
			if test.name == "damaged header" {
				if err := openStore(t, dir).Close(); err != nil {
					t.Fatal(err)
				}
			}
			if err := test.prepare(dir); err != nil {
				t.Fatal(err)
			}
			s, err := Open(dir)
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v lacks %q", err, want)
				}
			}
		})
	}
}

// damage overwrites a piece of the database.
func damage(dir string, offset int64) error {
	file, err := os.OpenFile(filepath.Join(dir, "leaver.db"), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteAt([]byte(strings.Repeat("\xff", 2000)), offset)
	return errors.Join(err, file.Close())
}

// A database whose pages are damaged must stop the next run before it writes anything.
func TestBeginRefusesDamagedPages(t *testing.T) {
	dir := privateDir(t)
	s := openStore(t, dir)
	release, err := s.Lock(night(0))
	if err != nil {
		t.Fatal(err)
	}
	accept(t, newRun(t, s, 1), commitOf(t, 300))
	if err := errors.Join(release(), s.Close(), damage(dir, 4096*12)); err != nil {
		t.Fatal(err)
	}
	s, err = Open(dir)
	if err == nil {
		lock(t, s)
		defer s.Close()
		_, err = s.Begin(ctx, Start{ID: "next", AsOf: night(2), Started: night(2)})
	}
	var damaged *DamagedError
	if !errors.As(err, &damaged) {
		t.Errorf("%v", err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dir := privateDir(t)
	s := openStore(t, dir)
	if _, err := s.db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "newer leaver") {
		t.Errorf("%v", err)
	}
}

func TestLock(t *testing.T) {
	dir := privateDir(t)
	first, second := openStore(t, dir), openStore(t, dir)
	release, err := first.Lock(night(0))
	if err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if _, err := second.Lock(night(1)); !errors.As(err, &locked) {
		t.Fatalf("%v", err)
	}
	host, _ := os.Hostname()
	if locked.PID != os.Getpid() || locked.Host != host || !locked.Since.Equal(night(0)) || !strings.Contains(locked.Error(), "hint:") {
		t.Errorf("%+v", locked)
	}
	if _, err := second.Begin(ctx, Start{ID: "x"}); err == nil {
		t.Error("a run began without the lock")
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	release, err = second.Lock(night(1))
	if err != nil {
		t.Fatal(err)
	}
	_ = release()
}

// person is a remembered person as the roster gives it after night n.
func person(id string, n int) reconcile.PastPerson {
	return reconcile.PastPerson{Person: scanners.Person{System: "hr", ID: id, Mails: []string{id + "@example.com"}},
		FirstSeen: night(1), LastSeen: night(n)}
}

// commitOf is the commit of a first night with n people, three findings and a clock.
func commitOf(t testing.TB, n int) Commit {
	t.Helper()
	var people []reconcile.PastPerson
	for i := range n {
		people = append(people, person(strings.Repeat("x", i%7)+string(rune('a'+i%26))+time.Duration(i).String(), 1))
	}
	return Commit{
		Outcome: Outcome{Ended: night(1).Add(2 * time.Hour), Totals: reports.Totals{Run: "run-01", AsOf: night(1),
			Findings: map[reconcile.Kind]int64{reconcile.Orphan: 2}, Complete: true},
			Population: reports.Population{Rows: int64(n), People: int64(n)}, Sources: []reports.Source{source("crm", scanners.Proved)}},
		People:   slices.Values(people),
		Findings: []Finding{finding("A-1", reconcile.Orphan), finding("A-2", reconcile.Dormant), finding("A-3", reconcile.Orphan)},
		Clocks:   []policies.Clock{{Finding: "F-1", Rule: "leavers", Person: "hr/7", FirstSeen: night(1), Basis: night(0), DueAt: night(7)}},
		Events:   []policies.Event{{Clock: policies.Clock{Finding: "F-1"}, Change: "started", Reason: "first seen"}},
	}
}

func source(name string, verdict scanners.CoverageVerdict) reports.Source {
	return reports.Source{Name: name, Kind: "table", Coverage: scanners.Coverage{Verdict: verdict, Read: 10}, Used: 10}
}

func finding(account string, kind reconcile.Kind) Finding {
	return Finding{ID: reconcile.FindingID("crm", account, kind), Source: "crm", Account: account, Kind: kind, Severity: reconcile.High}
}

// seal writes the verdicts of the given accounts and seals the run.
func seal(t testing.TB, r *Run, kinds map[string]reconcile.Kind) {
	t.Helper()
	w, err := r.CreateVerdicts()
	if err != nil {
		t.Fatal(err)
	}
	for account, kind := range kinds {
		v := reconcile.Verdict{Account: &scanners.Account{System: "crm", ID: account}, Kind: kind,
			Person: &reconcile.Person{System: "hr", ID: "of-" + account}}
		if err := w.Write(&v, policies.Decision{Kind: policies.DecideNone}); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Seal(Meta{Tool: "leaver test"}); err != nil {
		t.Fatal(err)
	}
}

func accept(t testing.TB, r *Run, c Commit) {
	t.Helper()
	seal(t, r, map[string]reconcile.Kind{"A-1": reconcile.Orphan, "A-2": reconcile.Dormant, "A-3": reconcile.Orphan})
	if err := r.Accept(ctx, c); err != nil {
		t.Fatal(err)
	}
}

func TestAcceptRoundTrip(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	c := commitOf(t, 5)
	r := newRun(t, s, 1)
	accept(t, r, c)
	if err := r.Fail(ctx, Outcome{Error: "deferred"}); err != nil || !strings.HasSuffix(r.Dir(), "run-01") {
		t.Errorf("fail after accept: %v, %s", err, r.Dir())
	}
	info, err := s.Run(ctx, "run-01")
	if err != nil {
		t.Fatal(err)
	}
	want := &Info{ID: "run-01", AsOf: night(1), Started: night(1).Add(time.Hour), Status: Accepted,
		ManifestDigest: info.ManifestDigest, Outcome: c.Outcome}
	if diff := cmp.Diff(want, info); diff != "" {
		t.Error(diff)
	}
	clocks, err := s.Clocks(ctx)
	if diff := cmp.Diff(c.Clocks, clocks); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if err := s.Verify(ctx, "run-01"); err != nil {
		t.Error(err)
	}
	totals, err := s.PreviousTotals(ctx, 5)
	if diff := cmp.Diff([]reports.Totals{c.Totals}, totals); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, last, err := s.LastComplete(ctx, "crm"); err != nil || got == nil || got.Coverage.Read != 10 || last.ID != "run-01" {
		t.Errorf("%+v %+v %v", got, last, err)
	}
	if _, err := s.Run(ctx, "run-99"); !errors.Is(err, ErrNoRun) {
		t.Errorf("%v", err)
	}
}

// History over four nights: present, unchanged, gone, back. Unchanged rows are not written.
func TestHistory(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	if h, err := s.History(ctx); err != nil || h.People != nil {
		t.Fatalf("a first run remembers %v, %v", h, err)
	}
	a, b := person("a", 1), person("b", 1)
	nights := [][]reconcile.PastPerson{{a, b}}
	gone := person("b", 1)
	gone.Misses, gone.InferredSince, gone.FormerMails = 1, night(2), []string{"old@example.com"}
	nights = append(nights, []reconcile.PastPerson{person("a", 2), gone})
	gone.Misses = 2
	nights = append(nights, []reconcile.PastPerson{person("a", 3), gone}, []reconcile.PastPerson{person("a", 4), person("b", 4)})
	for n, people := range nights {
		c := Commit{People: slices.Values(people)}
		r := newRun(t, s, n+1)
		before := digests(t, s)
		accept(t, r, c)
		h, err := s.History(ctx)
		if diff := cmp.Diff(people, h.People); diff != "" || err != nil {
			t.Fatalf("night %d: %v\n%s", n+1, err, diff)
		}
		if after := digests(t, s); n > 0 && after["a"] != before["a"] {
			t.Errorf("night %d: the row of an unchanged person was written", n+1)
		}
	}
}

func digests(t *testing.T, s *Store) map[string]string {
	t.Helper()
	rows, err := s.db.Query(`SELECT id, hex(digest) || ifnull(last_seen, '-') FROM people`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var id, digest string
		if err := rows.Scan(&id, &digest); err != nil {
			t.Fatal(err)
		}
		all[id] = digest
	}
	return all
}

// A commit that forgets somebody would turn that person's accounts into orphans; it is refused as a whole.
func TestAcceptRefusesToForgetPeople(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	accept(t, newRun(t, s, 1), Commit{People: slices.Values([]reconcile.PastPerson{person("a", 1), person("b", 1)})})
	for name, people := range map[string][]reconcile.PastPerson{
		"one missing": {person("a", 2)}, "one twice": {person("a", 2), person("b", 2), person("b", 2)}, "all missing": {}} {
		r := newRun(t, s, 2)
		seal(t, r, nil)
		if err := r.Accept(ctx, Commit{People: slices.Values(people)}); err == nil {
			t.Fatalf("%s: accepted", name)
		}
		if err := r.Fail(ctx, Outcome{Exit: 1, Error: "test"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.db.Exec(`DELETE FROM runs WHERE id = 'run-02'`); err != nil {
			t.Fatal(err)
		}
		if h, err := s.History(ctx); err != nil || len(h.People) != 2 || !h.People[0].LastSeen.Equal(night(1)) {
			t.Errorf("%s: the history changed: %+v %v", name, h, err)
		}
	}
}

func TestFindingsOverTime(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	complete, incomplete := []reports.Source{source("crm", scanners.Consistent)}, []reports.Source{source("crm", scanners.Partial)}
	one, two, three := finding("A-1", reconcile.Orphan), finding("A-2", reconcile.LeaverActive), finding("A-3", reconcile.Dormant)
	nights := []struct {
		name     string
		sources  []reports.Source
		tonight  []Finding
		verdicts map[string]reconcile.Kind
		// want maps the open findings to the night of their first seen.
		want map[string]int
	}{
		{"first", complete, []Finding{one, two, three}, nil, map[string]int{"A-1": 1, "A-2": 1, "A-3": 1}},
		{"an unread account of a partial source keeps its finding, a read one that is clean does not", incomplete,
			[]Finding{two}, map[string]reconcile.Kind{"A-2": two.Kind, "A-3": reconcile.KindNone}, map[string]int{"A-1": 1, "A-2": 1}},
		{"escalation is no new finding", incomplete, []Finding{finding("A-2", reconcile.UsedAfterEnd)},
			map[string]reconcile.Kind{"A-2": reconcile.UsedAfterEnd}, map[string]int{"A-1": 1, "A-2": 1}},
		{"absent from a complete source is gone", complete, []Finding{two}, map[string]reconcile.Kind{"A-2": two.Kind}, map[string]int{"A-2": 1}},
		{"back after gone keeps its age, back after fixed starts anew", complete, []Finding{one, two, three}, nil,
			map[string]int{"A-1": 1, "A-2": 1, "A-3": 5}},
		{"another kind takes its place", complete, []Finding{two, three, finding("A-1", reconcile.Disputed)},
			map[string]reconcile.Kind{"A-1": reconcile.Disputed, "A-2": two.Kind, "A-3": three.Kind}, map[string]int{"A-1": 6, "A-2": 1, "A-3": 5}},
	}
	for i, step := range nights {
		r := newRun(t, s, i+1)
		seal(t, r, step.verdicts)
		if err := r.Accept(ctx, Commit{Outcome: Outcome{Sources: step.sources}, Findings: step.tonight}); err != nil {
			t.Fatal(err)
		}
		open, err := s.Findings(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for id, f := range open {
			if id != f.ID {
				t.Errorf("key %q of %+v", id, f)
			}
			got[f.Account] = int(f.FirstSeen.Sub(night(0)).Hours() / 24)
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("night %d, %s:\n%s", i+1, step.name, diff)
		}
	}
}

func TestEarlierRunsAreKeptOnly(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	accept(t, newRun(t, s, 2), commitOf(t, 3))
	for n, later := range map[int]bool{1: false, 3: true} {
		if r := (&Run{start: Start{AsOf: night(n)}, latest: &Info{AsOf: night(2)}}); r.Later() != later {
			t.Errorf("night %d: later %v", n, r.Later())
		}
	}
	early := newRun(t, s, 1)
	seal(t, early, nil)
	if early.Later() {
		t.Error("an earlier as-of counts as later")
	}
	if err := early.Accept(ctx, Commit{}); !errors.Is(err, ErrEarlier) {
		t.Fatalf("%v", err)
	}
	if err := early.KeepOnly(ctx, Outcome{Exit: 3}); err != nil {
		t.Fatal(err)
	}
	latest, err := s.LatestAccepted(ctx)
	if err != nil || latest.ID != "run-02" {
		t.Errorf("%+v %v", latest, err)
	}
	if err := s.Verify(ctx, "run-01"); err != nil {
		t.Error(err)
	}
	if open, _ := s.Findings(ctx); len(open) != 3 {
		t.Errorf("%d findings", len(open))
	}
}

func TestRefuseAndFail(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	refused := newRun(t, s, 1)
	seal(t, refused, nil)
	if err := refused.Refuse(ctx, Outcome{Ended: night(1), Exit: 5, Error: "hr is empty"}); err != nil {
		t.Fatal(err)
	}
	failed := newRun(t, s, 2)
	writeAccounts(t, failed, "crm", []*scanners.Account{{ID: "a"}})
	if err := failed.Fail(ctx, Outcome{Ended: night(2), Exit: 1, Error: "crm is gone"}); err != nil {
		t.Fatal(err)
	}
	list, err := s.Runs(ctx, 0)
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v %v", list, err)
	}
	if list[0].Status != Failed || list[0].Error != "crm is gone" || list[1].Status != Refused || list[1].Exit != 5 {
		t.Errorf("%+v", list)
	}
	if some, _ := s.Runs(ctx, 1); len(some) != 1 || some[0].ID != "run-02" {
		t.Errorf("%+v", some)
	}
	if latest, err := s.LatestAccepted(ctx); latest != nil || err != nil {
		t.Errorf("%+v %v", latest, err)
	}
	if _, err := s.Folder(ctx, "run-02"); err == nil || !strings.Contains(err.Error(), "it is failed") {
		t.Errorf("%v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.Dir(), "runs", "*")); len(left) != 1 {
		t.Errorf("%v", left)
	}
}

func TestSeenBefore(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	key := func(account string) AccountKey { return AccountKey{"crm", account} }
	asked := map[AccountKey]struct{}{key("A-1"): {}, key("A-2"): {}, key("A-9"): {}, {"erp", "A-1"}: {}}
	if seen, err := s.SeenBefore(ctx, asked); err != nil || len(seen) != 0 {
		t.Fatalf("before the first run: %v %v", seen, err)
	}
	r := newRun(t, s, 1)
	seal(t, r, map[string]reconcile.Kind{"A-1": reconcile.KindNone, "A-2": reconcile.Orphan, "A-3": reconcile.KindNone})
	if err := r.Accept(ctx, Commit{Outcome: Outcome{Sources: []reports.Source{source("crm", scanners.Proved)}}}); err != nil {
		t.Fatal(err)
	}
	// A partial night must not make known accounts look new, nor a kept or refused one.
	r = newRun(t, s, 2)
	seal(t, r, map[string]reconcile.Kind{"A-9": reconcile.KindNone})
	if err := r.Accept(ctx, Commit{Outcome: Outcome{Sources: []reports.Source{source("crm", scanners.Partial)}}}); err != nil {
		t.Fatal(err)
	}
	r = newRun(t, s, 3)
	seal(t, r, map[string]reconcile.Kind{"A-9": reconcile.KindNone})
	if err := r.Refuse(ctx, Outcome{Sources: []reports.Source{source("crm", scanners.Proved)}}); err != nil {
		t.Fatal(err)
	}
	seen, err := s.SeenBefore(ctx, asked)
	want := map[AccountKey]Seen{key("A-1"): {"run-01", "hr", "of-A-1", reconcile.KindNone},
		key("A-2"): {"run-01", "hr", "of-A-2", reconcile.Orphan}}
	if diff := cmp.Diff(want, seen); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestVerifyFindsEveryChange(t *testing.T) {
	tests := []struct {
		name   string
		change func(f *Folder) error
		want   string
	}{
		{"one byte", func(f *Folder) error { return flip(f.Path("report.xlsx")) }, `"report.xlsx" is not what the run sealed`},
		{"a longer file", func(f *Folder) error { return os.WriteFile(f.Path("report.xlsx"), []byte("a report!"), 0o600) }, "has 9 bytes"},
		{"a missing file", func(f *Folder) error { return os.Remove(f.Path("inputs/leaver.yaml")) }, `"inputs/leaver.yaml" is missing`},
		{"a further file", func(f *Folder) error { return os.WriteFile(f.Path("x"), nil, 0o600) }, `"x" is not listed`},
		{"the manifest", func(f *Folder) error { return flip(f.Path(manifestName)) }, "the manifest is not the one"},
		{"the folder", func(f *Folder) error { return os.RemoveAll(f.Dir()) }, "is gone"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := openStore(t, privateDir(t))
			lock(t, s)
			r := newRun(t, s, 1)
			writeFile(t, r, "report.xlsx", "a report")
			writeFile(t, r, "inputs/leaver.yaml", "organisation: x")
			accept(t, r, commitOf(t, 1))
			if err := s.Verify(ctx, "run-01"); err != nil {
				t.Fatal(err)
			}
			if err := test.change(r.Folder); err != nil {
				t.Fatal(err)
			}
			if err := s.Verify(ctx, "run-01"); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want %q, got %v", test.want, err)
			}
		})
	}
}

func writeFile(t testing.TB, r *Run, name, text string) {
	t.Helper()
	f, err := r.CreateFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func flip(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text[len(text)/2] ^= 1
	return os.WriteFile(path, text, 0o600)
}

func TestManifestsFormAChain(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	accept(t, newRun(t, s, 1), Commit{})
	accept(t, newRun(t, s, 2), Commit{})
	folder, err := s.Folder(ctx, "run-02")
	if err != nil {
		t.Fatal(err)
	}
	m, err := folder.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	first, _ := s.Run(ctx, "run-01")
	if m.Previous != "run-01" || m.PreviousDigest != first.ManifestDigest || m.Tool != "leaver test" || !m.AsOf.Equal(night(2)) {
		t.Errorf("%+v", m)
	}
	if _, err := s.db.Exec(`UPDATE runs SET manifest = 'other' WHERE id = 'run-01'`); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(ctx, "run-02"); err == nil || !strings.Contains(err.Error(), "the chain is broken") {
		t.Errorf("%v", err)
	}
}

func TestFilesOfARun(t *testing.T) {
	r := newRun(t, nil, 1)
	for _, name := range []string{"", ".", "../x", "/x", "a/../b", "a//b", "x.tmp", "a/./b"} {
		if f, err := r.CreateFile(name); err == nil {
			f.Discard()
			t.Errorf("file %q was created", name)
		}
	}
	writeFile(t, r, "report.xlsx", "x")
	if _, err := r.CreateFile("report.xlsx"); err == nil {
		t.Error("a file was created twice")
	}
	open, err := r.CreateFile("half")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Seal(Meta{}); err == nil || !strings.Contains(err.Error(), `"half" is not finished`) {
		t.Errorf("sealed with an unfinished file: %v", err)
	}
	if err := r.Accept(ctx, Commit{}); err == nil {
		t.Error("accepted without a seal")
	}
	open.Discard()
	if err := open.Close(); err == nil {
		t.Error("a discarded file was closed without an error")
	}
	if err := r.Seal(Meta{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.CreateFile("late"); err == nil {
		t.Error("a file was added after the seal")
	}
}
