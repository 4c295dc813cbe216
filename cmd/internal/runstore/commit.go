package runstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// Commit is what an accepted run changes.
type Commit struct {
	Outcome
	// People yields everyone that the history should know from now on, tonight's and remembered ones, each once. It must
	// not leave out anyone that the history knows. Nil leaves the history as it is.
	People iter.Seq[reconcile.PastPerson]
	// Findings are the findings of tonight. An open finding that is not among them is closed when its account was read or
	// its source complete, and stays open otherwise.
	Findings []Finding
	// Clocks are all clocks that run from now on, Events how they changed.
	Clocks []policies.Clock
	Events []policies.Event
}

// Accept makes the run the newest truth, in one transaction. The run must be sealed and later than the last accepted one
// ([ErrEarlier]). When it returns an error, nothing has changed.
func (r *Run) Accept(ctx context.Context, c Commit) error {
	return r.end(ctx, Accepted, c.Outcome, func(tx *sql.Tx) error {
		if err := r.checkLater(ctx, tx); err != nil {
			return err
		}
		if c.People != nil {
			if err := writeHistory(ctx, tx, r.start.AsOf, c.People); err != nil {
				return err
			}
		}
		if err := r.writeFindings(ctx, tx, c); err != nil {
			return err
		}
		return writeClocks(ctx, tx, r.ID, c)
	})
}

// KeepOnly ends a run for an as-of that is not later than the last accepted one: its folder stays, the state does not move.
func (r *Run) KeepOnly(ctx context.Context, o Outcome) error { return r.end(ctx, Kept, o, nil) }

// Refuse ends a run that a gate stopped: its folder with the report that says why stays, the state does not move.
func (r *Run) Refuse(ctx context.Context, o Outcome) error { return r.end(ctx, Refused, o, nil) }

// end commits the end of a run and then gives its folder its name. See the package comment for the order.
func (r *Run) end(ctx context.Context, status Status, o Outcome, change func(*sql.Tx) error) error {
	if r.sealed == "" || r.ended {
		return fmt.Errorf("run %s: end as %s: the run is not sealed or has ended", r.ID, status)
	}
	tx, err := r.store.db.BeginTx(ctx, nil)
	if err != nil {
		return r.store.database("begin the commit", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to do
	err = r.record(ctx, tx, status, o)
	if err == nil && change != nil {
		err = change(tx)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return r.store.database(fmt.Sprintf("commit run %q", r.ID), err)
	}
	r.publish()
	return nil
}

func (r *Run) record(ctx context.Context, tx *sql.Tx, status Status, o Outcome) error {
	totals, err := json.Marshal(o.Totals)
	if err != nil {
		return err
	}
	population, err := json.Marshal(o.Population)
	if err != nil {
		return err
	}
	result, err := tx.ExecContext(ctx, `UPDATE runs SET status = ?, ended = ?, exit = ?, error = ?, totals = ?, population = ?,
		manifest = ? WHERE id = ? AND status = 'running'`, status, stamp(o.Ended), o.Exit, o.Error, totals, population, r.sealed, r.ID)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, fmt.Errorf("run %q is not running any more", r.ID))
	}
	for _, source := range o.Sources {
		detail, err := json.Marshal(source)
		if err != nil {
			return fmt.Errorf("source %q: %w", source.Name, err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO run_sources (run, name, people, complete, detail) VALUES (?, ?, ?, ?, ?)`,
			r.ID, source.Name, source.People, source.Coverage.Verdict.Complete(), detail)
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Run) checkLater(ctx context.Context, tx *sql.Tx) error {
	var same int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM runs WHERE status = 'accepted' AND as_of >= ? AND id <> ?`,
		stamp(r.start.AsOf), r.ID).Scan(&same)
	if err == nil && same > 0 {
		err = ErrEarlier
	}
	return err
}
