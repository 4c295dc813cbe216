package runstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/leaver-audit/leaver/policies"
)

// The events of decisions that an account may stay.
const (
	eventKeepMade  = "keep.made"
	eventKeepEnded = "keep.ended"
)

// KeepOver is a decision that an account may stay, and why it is at its end.
type KeepOver struct {
	policies.Kept
	Why string
}

// Keeps returns the decisions that an account may stay, by finding.
func (s *Store) Keeps(ctx context.Context) ([]policies.Kept, error) {
	list, err := readKeeps(ctx, s.db)
	return list, s.database("read the decisions to keep", err)
}

func readKeeps(ctx context.Context, db queryer) ([]policies.Kept, error) {
	rows, err := db.QueryContext(ctx, `SELECT kept FROM keeps ORDER BY finding`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []policies.Kept
	for rows.Next() {
		var text string
		var one policies.Kept
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, rows.Err()
}

// Keep records a decision that an account may stay, in place of an earlier one on the same finding.
func (s *Store) Keep(ctx context.Context, k policies.Kept) error {
	text, err := marshal(k)
	if err != nil {
		return err
	}
	return s.write(ctx, k.At, func(tx *sql.Tx, log *logWriter) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO keeps (finding, kept) VALUES (?, ?) ON CONFLICT DO UPDATE SET kept = excluded.kept`, k.Finding, text)
		if err != nil {
			return err
		}
		return log.add(Entry{At: k.At, By: k.By, Event: eventKeepMade, Run: k.Run, Finding: k.Finding, Facts: k})
	})
}

// EndKeep takes back a decision that an account may stay. It returns false when there is none on the finding.
func (s *Store) EndKeep(ctx context.Context, finding, by, why string, at time.Time) (bool, error) {
	found := false
	err := s.write(ctx, at, func(tx *sql.Tx, log *logWriter) error {
		var text string
		var k policies.Kept
		err := tx.QueryRowContext(ctx, `SELECT kept FROM keeps WHERE finding = ?`, finding).Scan(&text)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err == nil {
			err = json.Unmarshal([]byte(text), &k)
		}
		if err != nil {
			return err
		}
		found = true
		return endKeep(ctx, tx, log, Entry{At: at, By: by}, KeepOver{k, why})
	})
	return found, err
}

// endKeep removes one decision and records why: in the facts, because a person may have written it.
func endKeep(ctx context.Context, tx *sql.Tx, log *logWriter, e Entry, over KeepOver) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM keeps WHERE finding = ?`, over.Finding); err != nil {
		return err
	}
	e.Event, e.Finding, e.Facts = eventKeepEnded, over.Finding, over
	return log.add(e)
}

// write changes the state outside a run, together with the audit log.
func (s *Store) write(ctx context.Context, at time.Time, change func(*sql.Tx, *logWriter) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.database("write", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to do
	log, err := openLog(ctx, tx, at)
	if err == nil {
		err = change(tx, log)
	}
	if err == nil {
		err = tx.Commit()
	}
	return s.database("write", err)
}

// Record adds one record to the audit log, of something that changes nothing else.
func (s *Store) Record(ctx context.Context, e Entry) error {
	return s.write(ctx, e.At, func(_ *sql.Tx, log *logWriter) error { return log.add(e) })
}

// keepsAsTold compares the decisions to keep with what the audit log says became of them.
func (c *logCheck) keepsAsTold(ctx context.Context, db database) error {
	stored, err := readKeeps(ctx, db)
	if err != nil || c.Purged > 0 {
		return err
	}
	for _, k := range stored {
		text, err := marshal(k)
		if err != nil {
			return err
		}
		if c.keeps[k.Finding] != text {
			c.fail("the decision to keep %s is not as the log tells", k.Finding)
		}
		delete(c.keeps, k.Finding)
	}
	for finding := range c.keeps {
		c.fail("the decision to keep %s is on record, and not in the state", finding)
	}
	return nil
}

// writeKeeps ends the decisions that the run found over. One that was replaced while the run worked stays.
func (r *Run) writeKeeps(ctx context.Context, tx *sql.Tx, log *logWriter, c Commit) error {
	for _, over := range c.KeepsOver {
		text, err := marshal(over.Kept)
		if err != nil {
			return err
		}
		var same int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM keeps WHERE finding = ? AND kept = ?`, over.Finding, text).Scan(&same); err != nil {
			return err
		}
		if same == 0 {
			continue
		}
		if err := endKeep(ctx, tx, log, Entry{At: c.Ended, By: r.operator, Run: r.ID}, over); err != nil {
			return fmt.Errorf("keep of %q: %w", over.Finding, err)
		}
	}
	return nil
}
