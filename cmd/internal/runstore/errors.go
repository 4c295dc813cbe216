package runstore

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrEarlier is returned by [Run.Accept] when the as-of is not later than that of the last accepted run. Such a run is
// kept with [Run.KeepOnly].
var ErrEarlier = errors.New("the as-of is not later than that of the last accepted run")

// LockedError says who holds the lock of the state folder.
type LockedError struct {
	Dir   string
	Host  string
	PID   int
	Since time.Time
}

// Error names process, host and time; they are unknown for the instant in which a run starts.
func (e *LockedError) Error() string {
	who := "another run"
	if e.PID != 0 {
		who = fmt.Sprintf("process %d on %s, since %s,", e.PID, e.Host, e.Since.Format(time.RFC3339))
	}
	return fmt.Sprintf("%s holds the lock of %q\nhint: wait for it to end; the lock goes with the process, no file has to be removed", who, e.Dir)
}

// DamagedError says that the state cannot be trusted.
type DamagedError struct {
	Path string
	Err  error
}

// Error names the file and what to do.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("state %q is damaged: %v\nhint: restore it from a backup, or move it away to start without history; "+
		"the run folders beside it stay valid", e.Path, e.Err)
}

// Unwrap gives the database's own error.
func (e *DamagedError) Unwrap() error { return e.Err }

// storage adds what to do to errors of the disk.
func storage(err error) error {
	hint := ""
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		hint = "the disk is full: free some space and run again; the last accepted run is untouched"
	case errors.Is(err, syscall.EROFS):
		hint = "the file system is mounted read-only"
	case errors.Is(err, os.ErrPermission):
		hint = "the user that runs leaver has to own the state folder"
	default:
		return err
	}
	return fmt.Errorf("%w\nhint: %s", err, hint)
}

// database names the state file in errors of SQLite and adds what to do.
func (s *Store) database(action string, err error) error {
	if err == nil {
		return nil
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("state %q: %s: %w", s.path, action, storage(err))
	}
	hint := ""
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return &DamagedError{s.path, err}
	case sqlite3.SQLITE_FULL:
		hint = "the disk is full: free some space and run again; the last accepted run is untouched"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		hint = "the user that runs leaver has to be able to write the state folder"
	case sqlite3.SQLITE_IOERR:
		hint = "check the disk; the last accepted run is untouched"
	case sqlite3.SQLITE_BUSY:
		hint = "another program holds the database; stop it and run again"
	}
	if hint == "" {
		return fmt.Errorf("state %q: %s: %w", s.path, action, err)
	}
	return fmt.Errorf("state %q: %s: %w\nhint: %s", s.path, action, err, hint)
}
