package job

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/progress"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/all"
)

// directory is an account source whose scan and look-ups go as the test says.
type directory struct {
	list []scanners.Account
	scan func(context.Context) error
	look func(id string) (scanners.Fact[bool], error)
}

func (d *directory) Scan(ctx context.Context, emit func(scanners.Account) error) (scanners.Coverage, error) {
	if d.scan != nil {
		if err := d.scan(ctx); err != nil {
			return scanners.Coverage{}, err
		}
	}
	for _, a := range d.list {
		if err := emit(a); err != nil {
			return scanners.Coverage{}, err
		}
	}
	return scanners.Coverage{Verdict: scanners.Proved, Why: "counted", Read: int64(len(d.list))}, nil
}

func (d *directory) Lookup(_ context.Context, id string) (scanners.Account, scanners.Fact[bool], error) {
	if d.look != nil {
		found, err := d.look(id)
		return scanners.Account{}, found, err
	}
	for _, a := range d.list {
		if a.ID == id {
			return a, scanners.Known(true), nil
		}
	}
	return scanners.Account{}, scanners.Never[bool](), nil
}

// emergencyJob is a job over people hr/1 and hr/2 in a file and a directory dir, after one accepted run.
func emergencyJob(t *testing.T, dir *directory) *Job {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"hr.csv": "id,mail,end\n1,one@example.com,\n2,two@example.com,\n",
		"leaver.yaml": `organisation: Example
timezone: UTC
state: state
people:
  - {name: hr, kind: table, path: hr.csv, columns: {id: id, mail: mail, end: end}, last_day: inclusive}
sources:
  - {name: dir, kind: directory}
correlation: {keys: [employee_id]}
thresholds: {profile: custom, dormant: 90d, never_used: 45d}
`} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kind := scanners.Kind{Name: "directory", Config: func() any { return new(struct{}) },
		Accounts: func(scanners.Decode, scanners.Env) (scanners.Source[scanners.Account], error) { return dir, nil }}
	c, err := config.Load(filepath.Join(folder, "leaver.yaml"), append(all.Kinds(), kind))
	if err != nil {
		t.Fatal(err)
	}
	store, err := runstore.Open(c.State)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	log := slog.New(slog.DiscardHandler)
	j := &Job{Config: c, Store: store, Log: log, Progress: progress.For(io.Discard, log), Now: time.Now, ExitCode: func(error) int { return 1 }}
	if _, err := j.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return j
}

// seenAs lists "tie account seen" in order.
func seenAs(e *Emergency) []string {
	var list []string
	for _, a := range e.Accounts {
		list = append(list, string(a.Tie)+" "+a.Account+" "+a.Enabled+" "+a.Seen)
	}
	return list
}

// Whatever becomes of the scan, an account that an earlier run linked to the person is in the list, as fresh as can be.
func TestEmergencyLooksUpWhatTheScanMissed(t *testing.T) {
	account := func(id, employee string, enabled bool) scanners.Account {
		return scanners.Account{ID: id, EmployeeIDs: []string{employee}, Enabled: scanners.Known(enabled)}
	}
	down := func(context.Context) error { return errors.New("connection refused") }
	hangs := func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }
	wrong := func(context.Context) error { return &scanners.ConfigError{Err: errors.New("no such column")} }
	for _, c := range []struct {
		name     string
		now      directory
		complete bool
		want     []string
	}{
		{"all is as it was", directory{list: []scanners.Account{account("a", "1", true), account("b", "2", true)}}, true, []string{"holds a enabled now"}},
		{"made since then", directory{list: []scanners.Account{account("a", "1", false), account("c", "1", true)}}, true,
			[]string{"holds c enabled now", "holds a disabled now"}},
		{"gone", directory{list: []scanners.Account{account("b", "2", true)}}, true, []string{"holds a enabled gone"}},
		{"nothing is shown at all", directory{}, false, []string{"holds a enabled not_looked_at"}},
		{"the scan fails, the look-up does not", directory{list: []scanners.Account{account("a", "1", false)}, scan: down}, false, []string{"holds a disabled now"}},
		{"the scan hangs, the look-up does not", directory{list: []scanners.Account{account("a", "1", false)}, scan: hangs}, false, []string{"holds a disabled now"}},
		{"its configuration fits no more", directory{list: []scanners.Account{account("a", "1", false)}, scan: wrong}, false, []string{"holds a disabled now"}},
		{"nothing answers", directory{scan: down, look: func(string) (scanners.Fact[bool], error) { return scanners.Fact[bool]{}, errors.New("refused") }}, false,
			[]string{"holds a enabled not_looked_at"}},
		{"it is not known whether it is there", directory{scan: down, look: func(string) (scanners.Fact[bool], error) { return scanners.Unknown[bool]("no rights"), nil }}, false,
			[]string{"holds a enabled not_looked_at"}},
		{"it is not found in a system that was not read", directory{scan: down}, false, []string{"holds a enabled not_looked_at"}},
		{"it is somebody else's now", directory{list: []scanners.Account{account("a", "2", true)}}, true, []string{"may_hold a enabled now"}},
		{"it is somebody else's now, by the look-up", directory{list: []scanners.Account{account("a", "2", true)}, scan: down}, false, []string{"may_hold a enabled now"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := &directory{list: []scanners.Account{account("a", "1", true), account("b", "2", true)}}
			j := emergencyJob(t, dir)
			before, err := j.Store.Runs(context.Background(), 0)
			if err != nil {
				t.Fatal(err)
			}
			*dir = c.now
			patience := time.Minute
			if c.name == "the scan hangs, the look-up does not" {
				patience = 200 * time.Millisecond // the file of people, which has to be read within it, is there before if it is not
			}
			e, err := j.Emergency(context.Background(), "hr/1", patience)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, seenAs(e)); diff != "" {
				t.Error(diff)
			}
			if c.name != "the scan hangs, the look-up does not" && e.Complete != c.complete {
				t.Errorf("complete: %v, want %v", e.Complete, c.complete)
			}
			if after, err := j.Store.Runs(context.Background(), 0); err != nil || len(after) != len(before) {
				t.Errorf("an emergency made a run: %v %v", after, err)
			}
		})
	}
}

// An interruption is no list.
func TestEmergencyInterrupted(t *testing.T) {
	dir := &directory{}
	j := emergencyJob(t, dir)
	ctx, cancel := context.WithCancel(context.Background())
	dir.scan = func(context.Context) error { cancel(); return nil }
	if e, err := j.Emergency(ctx, "hr/1", time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", e, err)
	}
}

// What was shown is on record, and the record itself names nobody.
func TestEmergencyOnRecord(t *testing.T) {
	j := emergencyJob(t, &directory{list: []scanners.Account{{ID: "a", EmployeeIDs: []string{"1"}}}})
	before, err := j.Store.VerifyLog(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := j.Emergency(context.Background(), "one@example.com", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Recorded(context.Background(), e); err != nil {
		t.Fatal(err)
	}
	after, err := j.Store.VerifyLog(context.Background(), nil)
	if err != nil || after.Size != before.Size+1 {
		t.Errorf("%d records after %d: %v", after.Size, before.Size, err)
	}
}

func TestAmbiguousNamesAll(t *testing.T) {
	j := emergencyJob(t, &directory{})
	text := "id,mail,end\n1,one@example.com,\n2,one@example.com,\n"
	if err := os.WriteFile(j.Config.ResolvePath("hr.csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := j.Emergency(context.Background(), "one@example.com", time.Minute)
	var several *AmbiguousError
	if !errors.As(err, &several) || len(several.People) != 2 || !strings.Contains(err.Error(), "hr/1") || !strings.Contains(err.Error(), "hr/2") {
		t.Errorf("%v", err)
	}
}
