package runstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an open state folder. Its methods may be called from several goroutines.
type Store struct {
	dir    string
	path   string
	db     *sql.DB
	locked bool
}

// Database is the name of the database in the state folder. A folder without it holds no state yet.
const Database = "leaver.db"

// Open opens the state folder at dir and creates it when it is missing. It changes nothing in an existing one but the
// schema of an older version. A folder that others can read is refused; a damaged database is a [*DamagedError].
func Open(dir string) (*Store, error) {
	if err := prepare(dir); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(filepath.Join(dir, Database))
	if err != nil {
		return nil, err
	}
	if err := notLost(dir, path); err != nil {
		return nil, err
	}
	// SQLite gives the files beside the database the mode of the database, which it would create with the umask's.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("state %q: %w", dir, storage(err))
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	s := &Store{dir: dir, path: path}
	if s.db, err = sql.Open("sqlite", dataSource(path)); err != nil {
		return nil, err
	}
	s.db.SetMaxOpenConns(4)
	if err := s.migrate(); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

// prepare makes the folders and refuses to keep personal data where others can read it.
func prepare(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "runs"), 0o700); err != nil {
		return fmt.Errorf("state %q: %w", dir, storage(err))
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("state %q: %w", dir, storage(err))
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("state %q can be read by others (mode %04o)\nhint: chmod 700 %s", dir, mode, dir)
	}
	return nil
}

// notLost refuses to start anew beside the runs of a database that is gone: without it every grace clock and every
// remembered person would be forgotten in silence.
func notLost(dir, path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Size() > 0 {
		return nil
	}
	runs, err := filepath.Glob(filepath.Join(dir, "runs", "*", manifestName))
	if err == nil && len(runs) > 0 {
		err = &DamagedError{path, errors.New("the database is missing or empty, and there are runs beside it")}
	}
	return err
}

// dataSource names the database and its settings: a write-ahead log that is synced at every commit.
func dataSource(path string) string {
	pragmas := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)", "foreign_keys(1)"},
		"_txlock": {"immediate"}}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: pragmas.Encode()}).String()
}

// migrate brings the schema to this version. Two programs that open a new folder at the same time take turns.
func (s *Store) migrate() error {
	scripts, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	turn := flock.New(filepath.Join(s.dir, "migrate.lock"), flock.SetPermissions(0o600))
	if err := turn.Lock(); err != nil {
		return fmt.Errorf("state %q: %w", s.dir, storage(err))
	}
	defer turn.Close()
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.db, scripts)
	if err != nil {
		return err
	}
	ctx := context.Background()
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return s.database("open", err)
	}
	if current > target {
		return fmt.Errorf("state %q was written by a newer leaver (schema %d, this one knows %d)\nhint: use that version again",
			s.path, current, target)
	}
	if current < target {
		_, err = provider.Up(ctx)
	}
	return s.database("prepare the tables", err)
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Dir is the state folder.
func (s *Store) Dir() string { return s.dir }

// check reads the whole database for damage. It costs about a second per 200 MB.
func (s *Store) check(ctx context.Context) error {
	var result string
	if err := s.db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&result); err != nil {
		return s.database("check", err)
	}
	if result != "ok" {
		return &DamagedError{s.path, errors.New(result)}
	}
	return nil
}
