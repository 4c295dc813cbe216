package runstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Start describes a run that begins.
type Start struct {
	// ID names the run and its folder: letters, digits, dots, - and _.
	ID string
	// AsOf is the instant that the run judges, Started the wall clock at its start.
	AsOf    time.Time
	Started time.Time
	// ConfigDigest is the SHA-256 of leaver.yaml in hexadecimal.
	ConfigDigest string
	// Signer signs the checkpoints of the audit log; nil leaves them unsigned.
	Signer note.Signer
	// Schedule and Planned say which planned time of which schedule the run is for; empty and zero for none.
	Schedule string
	Planned  time.Time
}

// Run is a run at work. Its Create methods may be called from several goroutines.
type Run struct {
	*Folder
	store *Store
	start Start
	// latest is the last accepted run when this one began.
	latest *Info
	mu     sync.Mutex
	files  map[string]Part
	sealed string
	ended  bool
	// head is the audit log when the run began, after is it when the run was accepted; operator is who ran it.
	head, after Checkpoint
	operator    string
	// rows binds the lines of the report one by one.
	rows rowTree
}

var runID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)

const partial = ".partial"

// Begin starts a run. The caller holds the lock. What crashed runs left is put in order first: complete folders get their
// name, others are removed and their runs recorded as interrupted.
func (s *Store) Begin(ctx context.Context, start Start) (*Run, error) {
	if !s.locked {
		return nil, errors.New("begin a run: the state folder is not locked")
	}
	if !runID.MatchString(start.ID) || filepath.Ext(start.ID) == partial {
		return nil, fmt.Errorf("%q cannot be the id of a run", start.ID)
	}
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	if err := s.repair(ctx); err != nil {
		return nil, err
	}
	latest, err := s.LatestAccepted(ctx)
	if err != nil {
		return nil, err
	}
	head, err := checkpoint(ctx, s.db, start.Signer)
	if err != nil {
		return nil, s.database("read the audit log", err)
	}
	planned := ""
	if start.Schedule != "" {
		planned = stamp(start.Planned)
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO runs (id, as_of, started, status, config_digest, schedule, planned)
		VALUES (?, ?, ?, 'running', ?, ?, ?)`, start.ID, stamp(start.AsOf), stamp(start.Started), start.ConfigDigest, start.Schedule, planned)
	if err != nil {
		return nil, s.database(fmt.Sprintf("begin run %q", start.ID), err)
	}
	dir := s.final(start.ID) + partial
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("begin run %q: %w", start.ID, storage(err))
	}
	return &Run{Folder: &Folder{ID: start.ID, dir: dir}, store: s, start: start, latest: latest, files: map[string]Part{}, head: head}, nil
}

// final is the folder of a finished run.
func (s *Store) final(id string) string { return filepath.Join(s.dir, "runs", id) }

// repair finishes or removes what crashed runs left. Only the holder of the lock may do so.
func (s *Store) repair(ctx context.Context) error {
	left, err := filepath.Glob(filepath.Join(s.dir, "runs", "*"+partial))
	if err != nil {
		return err
	}
	for _, dir := range left {
		id := filepath.Base(dir[:len(dir)-len(partial)])
		info, err := s.Run(ctx, id)
		if err != nil && !errors.Is(err, ErrNoRun) {
			return err
		}
		if err == nil && info.Status.Finished() {
			err = os.Rename(dir, s.final(id))
		} else {
			err = os.RemoveAll(dir)
		}
		if err != nil {
			return fmt.Errorf("put run %q in order: %w", id, storage(err))
		}
	}
	_, err = s.db.ExecContext(ctx, `UPDATE runs SET status = 'interrupted', error = 'the process ended before the run did'
		WHERE status = 'running'`)
	if err != nil {
		return s.database("record interrupted runs", err)
	}
	return syncDir(filepath.Join(s.dir, "runs"))
}

// CreateFile creates a file of the run, such as "report.xlsx" or "inputs/leaver.yaml". It appears when it is closed.
func (r *Run) CreateFile(name string) (*File, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sealed != "" || r.ended {
		return nil, fmt.Errorf("run %s: create %q: the run is already sealed", r.ID, name)
	}
	return createFile(r, name)
}

// keep notes a finished file for the manifest.
func (r *Run) keep(part Part) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files[part.Name] = part
}

// LogBefore is the audit log as it stood when the run began; the zero value for an empty one.
func (r *Run) LogBefore() Checkpoint { return r.head }

// LogAfter is the audit log as the accepted run left it.
func (r *Run) LogAfter() Checkpoint { return r.after }

// Later reports whether the as-of is later than that of the last accepted run, as [Run.Accept] requires.
func (r *Run) Later() bool { return r.latest == nil || r.start.AsOf.After(r.latest.AsOf) }

// publish gives the folder of a finished run its name. A failure does no harm: the folder is found under its partial name
// too, and the next Begin tries again.
func (r *Run) publish() {
	r.ended = true
	if err := os.Rename(r.dir, r.store.final(r.ID)); err != nil {
		return
	}
	r.dir = r.store.final(r.ID)
	_ = syncDir(filepath.Dir(r.dir))
}

// Fail ends a run that has no result: its folder is removed, the list of runs keeps exit code and error. After one of the
// other endings it does nothing, so that it may be deferred.
func (r *Run) Fail(ctx context.Context, o Outcome) error {
	if r.ended {
		return nil
	}
	r.ended = true
	removed := os.RemoveAll(r.dir)
	_, err := r.store.db.ExecContext(context.WithoutCancel(ctx),
		`UPDATE runs SET status = 'failed', ended = ?, exit = ?, error = ? WHERE id = ? AND status = 'running'`,
		stamp(o.Ended), o.Exit, o.Error, r.ID)
	return errors.Join(removed, r.store.database(fmt.Sprintf("record the failure of run %q", r.ID), err))
}
