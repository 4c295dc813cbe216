package runstore

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

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

// A history that an earlier version wrote is read as it is, and people about whom nothing is new are not written again.
func TestHistoryOfAnEarlierVersion(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	accept(t, newRun(t, s, 1), Commit{People: slices.Values([]reconcile.PastPerson{person("a", 1)})})
	const older = `{"Person":{"System":"hr","ID":"a","OtherIDs":null,"DisplayName":"","GivenName":"","FamilyName":"","Mails":["a@example.com"],` +
		`"Manager":"","Department":"","Location":"","Zone":"","Employments":null,"Place":""},"FirstSeen":"` + "FIRST" + `","LastSeen":"0001-01-01T00:00:00Z",` +
		`"Misses":0,"InferredSince":"0001-01-01T00:00:00Z","FormerMails":null,"Recycled":false}`
	text := strings.Replace(older, "FIRST", person("a", 1).FirstSeen.Format(time.RFC3339Nano), 1)
	var now string
	if err := s.db.QueryRow(`SELECT past FROM people`).Scan(&now); err != nil || now != text {
		t.Errorf("%v, the row of a person is now\n%s\nand was\n%s", err, now, text)
	}
	if _, err := s.db.Exec(`UPDATE people SET past = ?`, text); err != nil {
		t.Fatal(err)
	}
	h, err := s.History(ctx)
	if diff := cmp.Diff([]reconcile.PastPerson{person("a", 1)}, h.People); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	shown := person("a", 2)
	shown.EndShown, shown.Contradicted = night(2), true
	accept(t, newRun(t, s, 2), Commit{People: slices.Values([]reconcile.PastPerson{shown})})
	if h, err = s.History(ctx); len(h.People) != 1 || !h.People[0].EndShown.Equal(night(2)) || !h.People[0].Contradicted || err != nil {
		t.Errorf("%v, %+v", err, h.People)
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
		{"absent from a complete source is gone, and remembered in case it comes back", complete, []Finding{two},
			map[string]reconcile.Kind{"A-2": two.Kind}, map[string]int{"A-1": 1, "A-2": 1}},
		{"back after gone keeps its age, back after fixed starts anew", complete, []Finding{one, two, three}, nil,
			map[string]int{"A-1": 1, "A-2": 1, "A-3": 5}},
		{"gone", complete, []Finding{two, three}, map[string]reconcile.Kind{"A-2": two.Kind, "A-3": three.Kind}, map[string]int{"A-1": 1, "A-2": 1, "A-3": 5}},
		{"gone, and back without it", complete, []Finding{two, three}, map[string]reconcile.Kind{"A-1": reconcile.KindNone, "A-2": two.Kind, "A-3": three.Kind}, map[string]int{"A-2": 1, "A-3": 5}},
		{"made once more it starts anew", complete, []Finding{one, two, three}, nil, map[string]int{"A-1": 8, "A-2": 1, "A-3": 5}},
		{"another kind takes its place", complete, []Finding{two, three, finding("A-1", reconcile.LeaverActive)},
			map[string]reconcile.Kind{"A-1": reconcile.LeaverActive, "A-2": two.Kind, "A-3": three.Kind}, map[string]int{"A-1": 9, "A-2": 1, "A-3": 5}},
		{"of a disputed account nothing can be said", complete, []Finding{two, finding("A-1", reconcile.LeaverActive)},
			map[string]reconcile.Kind{"A-1": reconcile.LeaverActive, "A-2": two.Kind, "A-3": reconcile.Disputed}, map[string]int{"A-1": 9, "A-2": 1, "A-3": 5}},
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

// An account whose row could not be read is unread, nothing more: its finding stays.
func TestUnreadAccountsKeepTheirFinding(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	complete := []reports.Source{source("crm", scanners.Consistent)}
	unread, fixed := finding("A-1", reconcile.Orphan), finding("A-2", reconcile.Orphan)
	r := newRun(t, s, 1)
	seal(t, r, nil)
	if err := r.Accept(ctx, Commit{Outcome: Outcome{Sources: complete}, Findings: []Finding{unread, fixed}}); err != nil {
		t.Fatal(err)
	}
	r = newRun(t, s, 2)
	w, err := r.CreateRejected("crm")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(scanners.Rejection{Place: "line 2", ID: "A-1", Field: "created", Reason: "no date"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	seal(t, r, map[string]reconcile.Kind{"A-2": reconcile.KindNone})
	if err := r.Accept(ctx, Commit{Outcome: Outcome{Sources: complete}}); err != nil {
		t.Fatal(err)
	}
	open, err := s.Findings(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, kept := open[unread.ID]; !kept || len(open) != 1 {
		t.Errorf("open findings: %v, want the one of the unread account", open)
	}
}

func TestRunsWithoutTheirDatabaseAreRefused(t *testing.T) {
	dir := privateDir(t)
	s := openStore(t, dir)
	lock(t, s)
	r := newRun(t, s, 1)
	seal(t, r, nil)
	if err := r.Accept(ctx, Commit{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "leaver.db"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.As(err, new(*DamagedError)) {
		t.Errorf("an emptied database beside runs: %v, want a *DamagedError", err)
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
