package runstore

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"
)

// SetSchedules makes definitions, by name, the schedules in force from now on, and returns since when each of them is: a
// schedule that is new or defined otherwise starts now, one that is gone is forgotten. It needs no lock.
func (s *Store) SetSchedules(ctx context.Context, now time.Time, definitions map[string]string) (since map[string]time.Time, err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, s.database("begin to note the schedules", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to do
	known, err := readSchedules(ctx, tx)
	if err != nil {
		return nil, s.database("read the schedules", err)
	}
	since = map[string]time.Time{}
	for name, old := range known {
		if definitions[name] == old.definition {
			since[name] = old.since
		} else if _, err := tx.ExecContext(ctx, `DELETE FROM schedules WHERE name = ?`, name); err != nil {
			return nil, s.database("forget a schedule", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(definitions)) {
		if _, unchanged := since[name]; unchanged {
			continue
		}
		since[name] = now.UTC()
		_, err := tx.ExecContext(ctx, `INSERT INTO schedules (name, definition, since) VALUES (?, ?, ?)`, name, definitions[name], stamp(now))
		if err != nil {
			return nil, s.database("note a schedule", err)
		}
	}
	return since, s.database("note the schedules", tx.Commit())
}

type knownSchedule struct {
	definition string
	since      time.Time
}

func readSchedules(ctx context.Context, tx *sql.Tx) (map[string]knownSchedule, error) {
	rows, err := tx.QueryContext(ctx, `SELECT name, definition, since FROM schedules`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	known := map[string]knownSchedule{}
	for rows.Next() {
		var name, since string
		var one knownSchedule
		if err := rows.Scan(&name, &one.definition, &since); err != nil {
			return nil, err
		}
		if one.since, err = parseStamp(since); err != nil {
			return nil, err
		}
		known[name] = one
	}
	return known, rows.Err()
}

// LastAnswered is the latest start, by the wall clock, of a run that answers the planned times of a schedule before it: of
// an accepted run, which read everything, or of a kept one with a result that this schedule started. The zero time when
// there is none. An empty name asks for accepted runs alone.
func (s *Store) LastAnswered(ctx context.Context, schedule string) (time.Time, error) {
	var started sql.NullString
	err := s.db.QueryRowContext(ctx, `SELECT max(started) FROM runs WHERE status = 'accepted'
		OR status = 'kept' AND error = '' AND schedule = ? AND schedule <> ''`, schedule).Scan(&started)
	if err != nil || !started.Valid {
		return time.Time{}, s.database("look for the last run of a schedule", err)
	}
	return parseStamp(started.String)
}

// Attempts lists the runs that a schedule started for one planned time, the first one first. One that still counts as
// running is at work in another process, or its process is gone.
func (s *Store) Attempts(ctx context.Context, schedule string, planned time.Time) ([]Info, error) {
	return s.list(ctx, selectRun+`WHERE schedule = ? AND planned = ? ORDER BY started, id`, schedule, stamp(planned))
}

// StartedBetween lists the runs that started at from or later and before until, the first one first.
func (s *Store) StartedBetween(ctx context.Context, from, until time.Time) ([]Info, error) {
	return s.list(ctx, selectRun+`WHERE started >= ? AND started < ? ORDER BY started, id`, stamp(from), stamp(until))
}

// CountRuns is how many runs of the list ended with the given status.
func (s *Store) CountRuns(ctx context.Context, status Status) (int64, error) {
	var n int64
	err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM runs WHERE status = ?`, status).Scan(&n)
	return n, s.database("count the runs", err)
}
