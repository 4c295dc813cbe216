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
		Clocks:   []policies.Clock{{Finding: finding("A-1", reconcile.Orphan).ID, Rule: "leavers", Person: "hr/7", FirstSeen: night(1), Basis: night(0), DueAt: night(7)}},
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

// An emergency waits for no run, and for another emergency.
func TestLockEmergency(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	release, err := s.LockEmergency(ctx, func() { t.Error("waits for a run") })
	if err != nil {
		t.Fatal(err)
	}
	waited := false
	free, err := openStore(t, s.Dir()).LockEmergency(ctx, func() {
		waited = true
		if err := release(); err != nil {
			t.Error(err)
		}
	})
	if err != nil || !waited {
		t.Fatal(waited, err)
	}
	gone, cancel := context.WithCancel(ctx)
	if _, err := s.LockEmergency(gone, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted while waiting: %v", err)
	}
	if err := free(); err != nil {
		t.Error(err)
	}
}
