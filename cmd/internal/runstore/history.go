package runstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// History returns everyone that accepted runs remember.
func (s *Store) History(ctx context.Context) (reconcile.History, error) {
	asOf, err := historyAsOf(ctx, s.db)
	if err != nil || asOf.IsZero() {
		return reconcile.History{}, s.database("read the history", err)
	}
	rows, err := s.db.QueryContext(ctx, `SELECT last_seen, past FROM people ORDER BY source, id`)
	if err != nil {
		return reconcile.History{}, s.database("read the history", err)
	}
	defer rows.Close()
	var h reconcile.History
	for rows.Next() {
		var seen sql.NullString
		var text sql.RawBytes
		var past reconcile.PastPerson
		if err := rows.Scan(&seen, &text); err != nil {
			return h, s.database("read the history", err)
		}
		if err := json.Unmarshal(text, &past); err != nil {
			return h, &DamagedError{s.path, err}
		}
		past.LastSeen = asOf
		if seen.Valid {
			if past.LastSeen, err = parseStamp(seen.String); err != nil {
				return h, &DamagedError{s.path, err}
			}
		}
		h.People = append(h.People, past)
	}
	return h, s.database("read the history", rows.Err())
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// historyAsOf is the as-of of the last accepted run that had people; the zero time before the first.
func historyAsOf(ctx context.Context, db querier) (time.Time, error) {
	var text string
	err := db.QueryRowContext(ctx, `SELECT as_of FROM history`).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return parseStamp(text)
}

// writeHistory replaces the history by people. Only rows that differ are written.
func writeHistory(ctx context.Context, tx *sql.Tx, asOf time.Time, people iter.Seq[reconcile.PastPerson]) error {
	if err := renumber(ctx, tx, people); err != nil {
		return err
	}
	write, err := tx.PrepareContext(ctx, `INSERT INTO people (source, id, last_seen, digest, past) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET last_seen = excluded.last_seen, digest = excluded.digest, past = excluded.past
		WHERE digest <> excluded.digest`)
	if err != nil {
		return err
	}
	defer write.Close()
	var given int64
	for past := range people {
		if err := writePerson(ctx, write, asOf, past); err != nil {
			return fmt.Errorf("person %q of %q: %w", past.Person.ID, past.Person.System, err)
		}
		given++
	}
	if err := checkNobodyLost(ctx, tx, given); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO history (one, as_of) VALUES (1, ?) ON CONFLICT DO UPDATE SET as_of = excluded.as_of`,
		stamp(asOf))
	return err
}

// renumber gives the rows of people whose ids have other leading zeros from now on their new key. A key that is somebody's
// already stays his: then the count of people does not agree, and nothing is committed.
func renumber(ctx context.Context, tx *sql.Tx, people iter.Seq[reconcile.PastPerson]) error {
	for past := range people {
		if !past.Renumbered {
			continue
		}
		_, err := tx.ExecContext(ctx, `UPDATE OR IGNORE people SET id = ? WHERE source = ? AND id = ?`,
			reconcile.Fold(past.Person.ID), past.Person.System, reconcile.Fold(past.Former))
		if err != nil {
			return fmt.Errorf("person %q of %q: %w", past.Person.ID, past.Person.System, err)
		}
	}
	return nil
}

func writePerson(ctx context.Context, write *sql.Stmt, asOf time.Time, past reconcile.PastPerson) error {
	var seen any
	if !past.LastSeen.Equal(asOf) {
		seen = stamp(past.LastSeen)
	}
	past.LastSeen = time.Time{} // last_seen holds it
	text, err := json.Marshal(past)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(fmt.Appendf(bytes.Clone(text), "|%v", seen))
	// The key is the folded id, as the roster compares it: HR may change the case of an id without changing the person.
	_, err = write.ExecContext(ctx, past.Person.System, reconcile.Fold(past.Person.ID), seen, digest[:16], text)
	return err
}

// checkNobodyLost refuses a list that leaves out someone the history knows: they would count as seen tonight.
func checkNobodyLost(ctx context.Context, tx *sql.Tx, given int64) error {
	var known int64
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM people`).Scan(&known); err != nil {
		return err
	}
	if known != given {
		return fmt.Errorf("the history knows %d people, but %d were given: somebody is missing or there twice", known, given)
	}
	return nil
}
