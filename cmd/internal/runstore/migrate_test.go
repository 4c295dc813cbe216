package runstore

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"database/sql"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/leaver-audit/leaver/policies"
)

// oldState makes a state folder with the schema of an older version, filled by statements.
func oldState(t *testing.T, version int64, statements ...string) string {
	t.Helper()
	dir := privateDir(t)
	path := filepath.Join(dir, Database)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	scripts, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, scripts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(ctx, version); err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return dir
}

// The first schema had one clock for a finding and knew less of it. No clock is lost, and none gets another date.
func TestClocksOfTheFirstSchema(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	quoted := func(n int) string { return "'" + stamp(day(n)) + "'" }
	findings := `INSERT INTO findings (id, source, account, kind, severity, person, first_seen, last_seen, closed_at, closed_reason) VALUES `
	clocks := `INSERT INTO clocks (finding, rule, person, first_seen, basis, due_at) VALUES `
	s := openStore(t, oldState(t, 1,
		findings+`('F-1', 'crm', 'A-1', 'leaver_active', 'high', 'hr/1', `+quoted(1)+`, `+quoted(5)+`, NULL, '')`,
		findings+`('F-2', 'crm', 'A-2', 'orphan', 'high', '', `+quoted(2)+`, `+quoted(3)+`, `+quoted(4)+`, 'gone: a complete scan does not show the account any more')`,
		clocks+`('F-1', 'leavers', 'hr/1', `+quoted(2)+`, `+quoted(1)+`, `+quoted(8)+`)`,
		clocks+`('F-2', 'orphans', '', `+quoted(2)+`, `+quoted(2)+`, `+quoted(9)+`)`))
	want := []policies.Clock{
		{Finding: "F-1", System: "crm", Account: "A-1", Rule: "leavers", Person: "hr/1", FirstSeen: day(2), Basis: day(1), DueAt: day(8), End: day(1)},
		{Finding: "F-2", System: "crm", Account: "A-2", Rule: "orphans", FirstSeen: day(2), Basis: day(2), DueAt: day(9), PausedAt: day(4)},
	}
	got, err := s.Clocks(ctx)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// Before there were stages a finding had one clock under a rule. It goes on as it is.
func TestClocksBeforeStages(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	s := openStore(t, oldState(t, 6, `INSERT INTO clocks (finding, rule, person, source, account, first_seen, basis, due_at, stated_end, paused_at)
		VALUES ('F-1', 'leavers', 'hr/1', 'crm', 'A-1', '`+stamp(day(2))+`', '`+stamp(day(1))+`', '`+stamp(day(8))+`', '`+stamp(day(1))+`', '')`))
	want := []policies.Clock{{Finding: "F-1", System: "crm", Account: "A-1", Rule: "leavers", Person: "hr/1", FirstSeen: day(2), Basis: day(1), DueAt: day(8), End: day(1)}}
	got, err := s.Clocks(ctx)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}
