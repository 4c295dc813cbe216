package runstore

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSetSchedules(t *testing.T) {
	dir := privateDir(t)
	steps := []struct {
		name        string
		definitions map[string]string
		want        map[string]int
	}{
		{"first", map[string]string{"nightly": "30 2 * * * UTC"}, map[string]int{"nightly": 0}},
		{"unchanged", map[string]string{"nightly": "30 2 * * * UTC"}, map[string]int{"nightly": 0}},
		{"one more", map[string]string{"nightly": "30 2 * * * UTC", "hourly": "@hourly UTC"}, map[string]int{"nightly": 0, "hourly": 2}},
		{"defined otherwise", map[string]string{"nightly": "30 3 * * * UTC", "hourly": "@hourly UTC"}, map[string]int{"nightly": 3, "hourly": 2}},
		{"gone", map[string]string{"nightly": "30 3 * * * UTC"}, map[string]int{"nightly": 3}},
		{"back", map[string]string{"nightly": "30 3 * * * UTC", "hourly": "@hourly UTC"}, map[string]int{"nightly": 3, "hourly": 5}},
		{"none", nil, map[string]int{}},
	}
	for i, step := range steps {
		s := openStore(t, dir) // what is known survives the process
		since, err := s.SetSchedules(ctx, night(i), step.definitions)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for name, at := range since {
			got[name] = int(at.Sub(night(0)) / (24 * time.Hour))
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s:\n%s", step.name, diff)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// What answers a planned time: an accepted run of anybody, and a kept one with a result of the schedule itself.
func TestLastAnswered(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	begin := func(n int, schedule string) *Run {
		t.Helper()
		r, err := s.Begin(ctx, Start{ID: fmt.Sprintf("run-%02d", n), AsOf: night(n), Started: night(n), Schedule: schedule, Planned: night(n).Add(-time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	answered := func(step string, wantHourly, wantAny int) {
		t.Helper()
		for name, want := range map[string]int{"hourly": wantHourly, "": wantAny} {
			got, err := s.LastAnswered(ctx, name)
			if err != nil || want > 0 && !got.Equal(night(want)) || want == 0 && !got.IsZero() {
				t.Errorf("%s, %q: %s %v, want night %d", step, name, got, err, want)
			}
		}
	}
	answered("nothing", 0, 0)
	if err := begin(1, "hourly").Fail(ctx, Outcome{Exit: 1, Error: "disk"}); err != nil {
		t.Fatal(err)
	}
	refused := begin(2, "hourly")
	seal(t, refused, nil)
	if err := refused.Refuse(ctx, Outcome{Exit: 5, Error: "gate"}); err != nil {
		t.Fatal(err)
	}
	for n, why := range map[int]string{3: "blind", 4: ""} {
		kept := begin(n, "hourly")
		seal(t, kept, nil)
		if err := kept.KeepOnly(ctx, Outcome{Error: why}); err != nil {
			t.Fatal(err)
		}
	}
	answered("kept with a result", 4, 0)
	other := begin(5, "weekly")
	seal(t, other, nil)
	if err := other.KeepOnly(ctx, Outcome{}); err != nil {
		t.Fatal(err)
	}
	answered("kept of another", 4, 0)
	accept(t, begin(6, ""), Commit{})
	answered("accepted", 6, 6)
	begin(7, "hourly")
	answered("at work", 6, 6)
}

func TestAttempts(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	planned := night(3)
	for n := 1; n <= 3; n++ { // each Begin finds the one before it interrupted
		if _, err := s.Begin(ctx, Start{ID: fmt.Sprint(n), Started: night(n), Schedule: "nightly", Planned: planned}); err != nil {
			t.Fatal(err)
		}
	}
	newRun(t, s, 9)
	list, err := s.Attempts(ctx, "nightly", planned.In(time.FixedZone("", 3600)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, info := range list {
		got = append(got, info.ID+" "+string(info.Status)+" "+info.Schedule+" "+info.Planned.Format(time.DateOnly))
	}
	want := []string{"1 interrupted nightly 2026-11-04", "2 interrupted nightly 2026-11-04", "3 interrupted nightly 2026-11-04"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	between, err := s.StartedBetween(ctx, night(2), night(3))
	if err != nil || len(between) != 1 || between[0].ID != "2" {
		t.Errorf("%v %v", between, err)
	}
	for _, none := range []string{"weekly", ""} {
		if list, err := s.Attempts(ctx, none, planned); err != nil || len(list) > 0 {
			t.Errorf("%q: %v %v", none, list, err)
		}
	}
}

// A state folder of the version without schedules opens, and keeps its runs.
func TestSchedulesMigration(t *testing.T) {
	dir := privateDir(t)
	path := filepath.Join(dir, Database)
	script, err := migrations.ReadFile("migrations/00001_state.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{string(script),
		`CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')))`,
		`INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1), (1, 1)`,
		`INSERT INTO runs (id, as_of, started, status) VALUES ('old', '` + stamp(night(1)) + `', '` + stamp(night(1)) + `', 'accepted')`} {
		if _, err := db.Exec(command); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, dir)
	runs, err := s.Runs(ctx, 0)
	if err != nil || !slices.ContainsFunc(runs, func(i Info) bool { return i.ID == "old" && i.Schedule == "" && i.Planned.IsZero() }) {
		t.Fatalf("%v %v", runs, err)
	}
	if at, err := s.LastAnswered(ctx, "nightly"); err != nil || !at.Equal(night(1)) {
		t.Errorf("%s %v", at, err)
	}
}
