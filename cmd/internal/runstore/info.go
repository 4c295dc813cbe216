package runstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/reports"
)

// ErrNoRun is returned for a run that the list of runs does not know.
var ErrNoRun = errors.New("no such run")

// Status is how a run ended.
type Status string

// The statuses.
const (
	Running     Status = "running"
	Accepted    Status = "accepted"
	Kept        Status = "kept"
	Refused     Status = "refused"
	Failed      Status = "failed"
	Interrupted Status = "interrupted"
)

// Finished reports whether the run has a sealed folder.
func (s Status) Finished() bool { return s == Accepted || s == Kept || s == Refused }

// Outcome is what is recorded of every run that ends.
type Outcome struct {
	// Ended is the wall clock, Exit the exit code, Error why the run was refused or failed; empty otherwise.
	Ended time.Time
	Exit  int
	Error string
	// Totals and Population are the headline numbers, Sources every source with its coverage.
	Totals     reports.Totals
	Population reports.Population
	Sources    []reports.Source
	// Log are further records of the run for the audit log; time, operator and run are filled in.
	Log []Entry
}

// Info is one line of the list of runs. All times are UTC.
type Info struct {
	ID           string
	AsOf         time.Time
	Started      time.Time
	Status       Status
	ConfigDigest string
	// Schedule names the schedule that started the run, Planned the time that it was planned for; empty and zero when a
	// person or another program did.
	Schedule string
	Planned  time.Time
	// ManifestDigest is the SHA-256 of manifest.json; empty for runs without a sealed folder.
	ManifestDigest string
	Outcome
}

const selectRun = `SELECT id, as_of, started, ended, status, exit, error, config_digest, totals, population, manifest, schedule, planned FROM runs `

// Run returns one run, or ErrNoRun.
func (s *Store) Run(ctx context.Context, id string) (*Info, error) {
	list, err := s.list(ctx, selectRun+`WHERE id = ?`, id)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("run %q: %w\nhint: \"leaver runs\" lists them", id, ErrNoRun)
	}
	if err != nil {
		return nil, err
	}
	return &list[0], nil
}

// Runs lists the runs, the latest start first; limit 0 means all.
func (s *Store) Runs(ctx context.Context, limit int) ([]Info, error) {
	if limit == 0 {
		limit = -1
	}
	return s.list(ctx, selectRun+`ORDER BY started DESC, id DESC LIMIT ?`, limit)
}

// LatestAccepted returns the accepted run with the latest as-of, nil when there is none.
func (s *Store) LatestAccepted(ctx context.Context) (*Info, error) {
	list, err := s.list(ctx, selectRun+`WHERE status = 'accepted' ORDER BY as_of DESC LIMIT 1`)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// AcceptedRuns lists the accepted runs, the latest as-of first.
func (s *Store) AcceptedRuns(ctx context.Context) ([]Info, error) {
	return s.list(ctx, selectRun+`WHERE status = 'accepted' ORDER BY as_of DESC`)
}

// PreviousTotals returns the totals of the last n accepted runs, oldest first.
func (s *Store) PreviousTotals(ctx context.Context, n int) ([]reports.Totals, error) {
	list, err := s.list(ctx, selectRun+`WHERE status = 'accepted' ORDER BY as_of DESC LIMIT ?`, n)
	if err != nil {
		return nil, err
	}
	var totals []reports.Totals
	for _, info := range slices.Backward(list) {
		totals = append(totals, info.Totals)
	}
	return totals, nil
}

// LastComplete returns how the named source stood in the latest accepted run in which it was complete, and that run; nil
// when there is none. Gates compare with it.
func (s *Store) LastComplete(ctx context.Context, source string) (*reports.Source, *Info, error) {
	var run, detail string
	err := s.db.QueryRowContext(ctx, `SELECT r.id, s.detail FROM run_sources s JOIN runs r ON r.id = s.run
		WHERE s.name = ? AND s.complete = 1 AND r.status = 'accepted' ORDER BY r.as_of DESC LIMIT 1`, source).Scan(&run, &detail)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, s.database("read the sources of earlier runs", err)
	}
	var last reports.Source
	if err := json.Unmarshal([]byte(detail), &last); err != nil {
		return nil, nil, &DamagedError{s.path, err}
	}
	info, err := s.Run(ctx, run)
	return &last, info, err
}

// Folder opens the folder of a finished run.
func (s *Store) Folder(ctx context.Context, id string) (*Folder, error) {
	info, err := s.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	if !info.Status.Finished() {
		return nil, fmt.Errorf("run %q has no folder: it is %s", id, info.Status)
	}
	return s.folder(id)
}

func (s *Store) folder(id string) (*Folder, error) {
	for _, dir := range []string{s.final(id), s.final(id) + partial} {
		if _, err := os.Stat(dir); err == nil {
			return &Folder{ID: id, dir: dir}, nil
		}
	}
	return nil, fmt.Errorf("the folder %q of run %q is gone\nhint: restore it from a backup", s.final(id), id)
}

func (s *Store) list(ctx context.Context, query string, args ...any) ([]Info, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.database("read the list of runs", err)
	}
	defer rows.Close()
	var list []Info
	for rows.Next() {
		info, err := scanInfo(rows)
		if err != nil {
			return nil, s.database("read the list of runs", err)
		}
		if info.Sources, err = s.sources(ctx, info.ID); err != nil {
			return nil, err
		}
		list = append(list, info)
	}
	return list, s.database("read the list of runs", rows.Err())
}

func scanInfo(rows *sql.Rows) (Info, error) {
	var i Info
	var asOf, started, totals, population, planned string
	var ended sql.NullString
	err := rows.Scan(&i.ID, &asOf, &started, &ended, &i.Status, &i.Exit, &i.Error, &i.ConfigDigest, &totals, &population,
		&i.ManifestDigest, &i.Schedule, &planned)
	if err != nil {
		return i, err
	}
	var bad [6]error
	i.AsOf, bad[0] = parseStamp(asOf)
	i.Started, bad[1] = parseStamp(started)
	if ended.Valid {
		i.Ended, bad[2] = parseStamp(ended.String)
	}
	if planned != "" {
		i.Planned, bad[5] = parseStamp(planned)
	}
	bad[3] = json.Unmarshal([]byte(totals), &i.Totals)
	bad[4] = json.Unmarshal([]byte(population), &i.Population)
	return i, errors.Join(bad[:]...)
}

func (s *Store) sources(ctx context.Context, run string) ([]reports.Source, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT detail FROM run_sources WHERE run = ? ORDER BY people DESC, name`, run)
	if err != nil {
		return nil, s.database("read the sources of runs", err)
	}
	defer rows.Close()
	var list []reports.Source
	for rows.Next() {
		var text string
		var one reports.Source
		if err := rows.Scan(&text); err != nil {
			return nil, s.database("read the sources of runs", err)
		}
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			return nil, &DamagedError{s.path, err}
		}
		list = append(list, one)
	}
	return list, s.database("read the sources of runs", rows.Err())
}

// stampForm is the one form of time in the database: UTC, fixed width.
const stampForm = "2006-01-02T15:04:05.000000000Z"

func stamp(t time.Time) string { return t.UTC().Format(stampForm) }

func parseStamp(s string) (time.Time, error) { return time.Parse(stampForm, s) }
