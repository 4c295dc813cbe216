package runstore

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// childVariable makes this test binary the process that is killed: it names the state folder to work in.
const childVariable = "LEAVER_TEST_CRASH_STATE"

const kills = 120

// A run killed at any instant leaves either the old state or the new one, never a mixture, and the next run works.
func TestKilledRuns(t *testing.T) {
	if dir := os.Getenv(childVariable); dir != "" {
		runUntilKilled(t, dir)
		return
	}
	dir := privateDir(t)
	accepted := 0
	// The first child may finish a run, which tells how long a child takes for one here: the others are killed within that time.
	began := time.Now()
	killOne(t, dir, "accepted", 0)
	within := time.Since(began)
	for i := range kills {
		killOne(t, dir, "begun", rand.N(within))
		now := checkState(t, dir)
		if t.Failed() {
			t.Fatalf("after kill %d", i+1)
		}
		if now < accepted {
			t.Fatalf("kill %d: %d accepted runs, %d before", i+1, now, accepted)
		}
		accepted = now
	}
	if accepted == 0 {
		t.Error("no run was ever accepted: the test has killed too early")
	}
	t.Logf("%d kills, %d runs accepted", kills, accepted)
}

// killOne starts a child and kills it some time after it has said the word.
func killOne(t *testing.T, dir, word string, after time.Duration) {
	t.Helper()
	if !killChild(t, "TestKilledRuns", childVariable+"="+dir, word, after) {
		t.Fatal("the child ended by itself")
	}
}

// killChild starts this test binary again for one test and kills it some time after it has said the word. It reports false
// for a child that came to a good end before.
func killChild(t *testing.T, test, variable, word string, after time.Duration) (killed bool) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.v")
	child.Env = append(os.Environ(), variable)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said = append(said, lines.Text())
		if strings.Contains(lines.Text(), word) {
			break
		}
	}
	time.Sleep(after)
	_ = child.Process.Kill()
	err = child.Wait()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.Exited()) {
		t.Fatalf("the child failed: %v\n%s", err, strings.Join(said, "\n"))
	}
	return err != nil
}

// runUntilKilled accepts one run after the other.
func runUntilKilled(t *testing.T, dir string) {
	s := openStore(t, dir)
	lock(t, s)
	for n := 1; ; n++ {
		latest, err := s.LatestAccepted(ctx)
		if err != nil {
			t.Fatal(err)
		}
		at := night(0)
		if latest != nil {
			at = latest.AsOf.Add(time.Minute)
		}
		r, err := s.Begin(ctx, Start{ID: fmt.Sprintf("%d-%d", os.Getpid(), n), AsOf: at, Started: at})
		if err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			fmt.Println("begun")
		}
		oneRun(t, r, at)
		if n == 1 {
			fmt.Println("accepted")
		}
	}
}

// oneRun writes the as-of into every part of the state, so that parts of different runs can be told apart.
func oneRun(t *testing.T, r *Run, at time.Time) {
	writeAccounts(t, r, "crm", []*scanners.Account{{ID: "A-1", Created: scanners.Known(at)}})
	writeFile(t, r, "report.txt", strings.Repeat(at.String(), 1000))
	seal(t, r, map[string]reconcile.Kind{"A-1": reconcile.Orphan})
	people := make([]reconcile.PastPerson, 20)
	for i := range people {
		people[i] = reconcile.PastPerson{Person: scanners.Person{System: "hr", ID: fmt.Sprint(i), Department: at.String()},
			FirstSeen: night(0), LastSeen: at}
	}
	clock := policies.Clock{Finding: "F-1", System: "crm", Account: "A-1", Rule: "r", FirstSeen: night(0), Basis: night(0), DueAt: at}
	change := policies.Extended
	if r.latest == nil {
		change = policies.Started
	}
	err := r.Accept(ctx, Commit{Clocks: []policies.Clock{clock}, Events: []policies.Event{{Clock: clock, Change: change, Reason: "test"}}, People: slices.Values(people), Findings: []Finding{finding("A-1", reconcile.Orphan)},
		Outcome: Outcome{Ended: at, Totals: reports.Totals{Run: r.ID}, Sources: []reports.Source{source("crm", scanners.Proved)}}})
	if err != nil {
		t.Fatal(err)
	}
}

// checkState checks that every accepted run verifies and that the state is that of the latest one. It returns their number.
func checkState(t *testing.T, dir string) int {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.Runs(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	accepted, finished := 0, map[string]bool{}
	for _, info := range list {
		finished[info.ID] = info.Status.Finished()
		if info.Status != Accepted {
			continue
		}
		if accepted++; accepted > 3 { // the older ones were checked after earlier kills
			continue
		}
		if err := s.Verify(ctx, info.ID); err != nil {
			t.Error(err)
		}
	}
	folders, err := filepath.Glob(filepath.Join(dir, "runs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if id := filepath.Base(folder); filepath.Ext(id) != partial && !finished[id] {
			t.Errorf("folder %s looks like that of a finished run, but the run is not", id)
		}
	}
	if check, err := s.VerifyLog(ctx, nil); err != nil || check.Runs != int64(accepted) {
		t.Errorf("%d runs are accepted, the audit log: %+v %v", accepted, check, err)
	}
	checkLatest(t, s)
	return accepted
}

func checkLatest(t *testing.T, s *Store) {
	t.Helper()
	latest, err := s.LatestAccepted(ctx)
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.History(ctx)
	if err != nil {
		t.Fatal(err)
	}
	open, err := s.Findings(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if latest == nil {
		if len(h.People) > 0 || len(open) > 0 {
			t.Error("state without an accepted run")
		}
		return
	}
	if len(h.People) != 20 || len(open) != 1 {
		t.Errorf("%d people, %d findings", len(h.People), len(open))
	}
	for _, past := range h.People {
		if !past.LastSeen.Equal(latest.AsOf) || past.Person.Department != latest.AsOf.String() {
			t.Errorf("%s is of %v, the latest run of %v", past.Person.ID, past.Person.Department, latest.AsOf)
		}
	}
	for _, f := range open {
		if !f.LastSeen.Equal(latest.AsOf) {
			t.Errorf("the finding is of %v, the latest run of %v", f.LastSeen, latest.AsOf)
		}
	}
}

// Each step at which a crash leaves something behind, one by one.
func TestBeginPutsLeftoversInOrder(t *testing.T) {
	dir := privateDir(t)
	s := openStore(t, dir)
	lock(t, s)
	accept(t, newRun(t, s, 1), commitOf(t, 2))
	// A crash after the commit: the folder still has its partial name. Readers find it all the same.
	if err := os.Rename(s.final("run-01"), s.final("run-01")+partial); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(ctx, "run-01"); err != nil {
		t.Errorf("before the repair: %v", err)
	}
	// A crash in mid-run, one between the list of runs and the folder, and a folder that nothing knows.
	newRun(t, s, 2)
	if err := os.Mkdir(s.final("unknown")+partial, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec(`INSERT INTO runs (id, as_of, started, status) VALUES ('no-folder', ?, ?, 'running')`, stamp(night(2)), stamp(night(2))); err != nil {
		t.Fatal(err)
	}
	newRun(t, s, 3)
	left, err := filepath.Glob(filepath.Join(dir, "runs", "*"))
	want := []string{s.final("run-01"), s.final("run-03") + partial}
	if !slices.Equal(left, want) || err != nil {
		t.Errorf("%v %v", left, err)
	}
	for id, status := range map[string]Status{"run-01": Accepted, "run-02": Interrupted, "no-folder": Interrupted, "run-03": Running} {
		if info, err := s.Run(ctx, id); err != nil || info.Status != status {
			t.Errorf("%s: %+v %v", id, info, err)
		}
	}
	if err := s.Verify(ctx, "run-01"); err != nil {
		t.Errorf("after the repair: %v", err)
	}
}
