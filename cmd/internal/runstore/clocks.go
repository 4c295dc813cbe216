package runstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/leaver-audit/leaver/policies"
)

// Clocks returns the grace clocks, paused ones too, by finding, rule, stage and owner.
func (s *Store) Clocks(ctx context.Context) ([]policies.Clock, error) {
	clocks, err := readClocks(ctx, s.db)
	return clocks, s.database("read the grace clocks", err)
}

func readClocks(ctx context.Context, db queryer) ([]policies.Clock, error) {
	rows, err := db.QueryContext(ctx, `SELECT finding, source, account, rule, stage, person, first_seen, basis, due_at, stated_end, paused_at,
		done_at, told_at, told_to FROM clocks ORDER BY finding, rule, stage, person`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var clocks []policies.Clock
	for rows.Next() {
		var c policies.Clock
		var text [7]string
		err := rows.Scan(&c.Finding, &c.System, &c.Account, &c.Rule, &c.Stage, &c.Person, &text[0], &text[1], &text[2], &text[3], &text[4], &text[5], &text[6], &c.ToldTo)
		if err != nil {
			return nil, err
		}
		for i, into := range []*time.Time{&c.FirstSeen, &c.Basis, &c.DueAt, &c.End, &c.PausedAt, &c.DoneAt, &c.ToldAt} {
			if *into, err = parseOptional(text[i]); err != nil {
				return nil, fmt.Errorf("clock of %q: %w", c.Finding, err)
			}
		}
		clocks = append(clocks, c)
	}
	return clocks, rows.Err()
}

// optionalStamp writes the zero time as "".
func optionalStamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}

func parseOptional(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return parseStamp(text)
}

// writeClocks makes c.Clocks the clocks from now on.
func writeClocks(ctx context.Context, tx *sql.Tx, c Commit) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM clocks`); err != nil {
		return err
	}
	write, err := tx.PrepareContext(ctx, `INSERT INTO clocks (finding, source, account, rule, stage, person, first_seen, basis, due_at,
		stated_end, paused_at, done_at, told_at, told_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer write.Close()
	for _, k := range c.Clocks {
		_, err := write.ExecContext(ctx, k.Finding, k.System, k.Account, k.Rule, k.Stage, k.Person, stamp(k.FirstSeen), stamp(k.Basis),
			stamp(k.DueAt), optionalStamp(k.End), optionalStamp(k.PausedAt), optionalStamp(k.DoneAt),
			optionalStamp(k.ToldAt), k.ToldTo)
		if err != nil {
			return fmt.Errorf("clock of %q: %w", k.Finding, err)
		}
	}
	return nil
}

// Told is a notice that went out: about a clock, when and to which address.
type Told struct {
	Finding, Rule, Person string
	At                    time.Time
	To                    string
}

// Tell records notices that went out, each in the clock that waits for it and in the audit log, in one transaction. One whose
// clock does not wait any more is passed over. The caller holds the lock of the state folder: a run under way would write the
// clocks that it began with.
func (s *Store) Tell(ctx context.Context, run, by string, notices []Told) (recorded int, err error) {
	if len(notices) == 0 {
		return 0, nil
	}
	err = s.write(ctx, notices[0].At, func(tx *sql.Tx, log *logWriter) error {
		clocks, err := readClocks(ctx, tx)
		if err != nil {
			return err
		}
		for _, n := range notices {
			for _, c := range clocks {
				if c.Finding != n.Finding || c.Rule != n.Rule || c.Stage != "" || c.Person != n.Person || !c.ToldAt.IsZero() {
					continue
				}
				c.ToldAt, c.ToldTo = n.At.UTC().Truncate(time.Second), n.To
				if _, err := tx.ExecContext(ctx, `UPDATE clocks SET told_at = ?, told_to = ? WHERE finding = ? AND rule = ? AND stage = '' AND person = ?`,
					stamp(c.ToldAt), c.ToldTo, c.Finding, c.Rule, c.Person); err != nil {
					return err
				}
				if err := log.add(Entry{At: n.At, By: by, Event: eventClock + string(policies.Told), Run: run, Finding: c.Finding, Rule: c.Rule,
					Reason: "the notice that the clock waits for went out", Facts: c}); err != nil {
					return err
				}
				recorded++
			}
		}
		return nil
	})
	return recorded, err
}
