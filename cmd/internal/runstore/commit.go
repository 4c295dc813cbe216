package runstore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

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
	// Clocks are all clocks from now on, Events how they changed.
	Clocks []policies.Clock
	Events []policies.Event
	// KeepsOver are the decisions to keep that are at their end.
	KeepsOver []KeepOver
	// Standing says how everything stands that the audit log follows beside clocks: what is not among it is over.
	Standing []Standing
}

// Standing is how a link or an exclusion stands. The audit log records it when its state is another than in the last
// accepted run.
type Standing struct {
	// What is "link" or "exclusion", ID tells those of one sort apart, State is one word.
	What, ID, State string
	// Facts go beside the record.
	Facts any
}

// Accept makes the run the newest truth, in one transaction. The run must be sealed and later than the last accepted one
// ([ErrEarlier]). When it returns an error, nothing has changed.
func (r *Run) Accept(ctx context.Context, c Commit) error {
	return r.end(ctx, Accepted, c.Outcome, func(tx *sql.Tx, log *logWriter) error {
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
		if err := writeClocks(ctx, tx, c); err != nil {
			return err
		}
		if err := log.addAll(r.clockEntries(c)); err != nil {
			return err
		}
		if err := r.writeKeeps(ctx, tx, log, c); err != nil {
			return err
		}
		return r.writeStanding(ctx, tx, log, c)
	})
}

func (r *Run) clockEntries(c Commit) []Entry {
	var list []Entry
	for _, e := range c.Events {
		list = append(list, Entry{At: c.Ended, By: r.operator, Event: eventClock + string(e.Change), Run: r.ID, Finding: e.Clock.Finding,
			Rule: e.Clock.Rule, Reason: e.Reason, Facts: e.Clock})
	}
	return list
}

// writeStanding records what stands otherwise than in the last accepted run.
func (r *Run) writeStanding(ctx context.Context, tx *sql.Tx, log *logWriter, c Commit) error {
	before, err := readStanding(ctx, tx)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM standing`); err != nil {
		return err
	}
	for _, is := range c.Standing {
		key := [2]string{is.What, is.ID}
		if before[key] != is.State {
			err := log.add(Entry{At: c.Ended, By: r.operator, Event: is.What + "." + is.State, Run: r.ID, Facts: is})
			if err != nil {
				return err
			}
		}
		delete(before, key)
		if _, err := tx.ExecContext(ctx, `INSERT INTO standing (what, id, state) VALUES (?, ?, ?)`, is.What, is.ID, is.State); err != nil {
			return fmt.Errorf("%s %q: %w", is.What, is.ID, err)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(before), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }) {
		err := log.add(Entry{At: c.Ended, By: r.operator, Event: key[0] + ".gone", Run: r.ID, Facts: Standing{What: key[0], ID: key[1], State: "gone"}})
		if err != nil {
			return err
		}
	}
	return nil
}

func readStanding(ctx context.Context, tx *sql.Tx) (map[[2]string]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT what, id, state FROM standing`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := map[[2]string]string{}
	for rows.Next() {
		var key [2]string
		var state string
		if err := rows.Scan(&key[0], &key[1], &state); err != nil {
			return nil, err
		}
		list[key] = state
	}
	return list, rows.Err()
}

// KeepOnly ends a run for an as-of that is not later than the last accepted one: its folder stays, the state does not move.
func (r *Run) KeepOnly(ctx context.Context, o Outcome) error { return r.end(ctx, Kept, o, nil) }

// Refuse ends a run that a gate stopped: its folder with the report that says why stays, the state does not move.
func (r *Run) Refuse(ctx context.Context, o Outcome) error { return r.end(ctx, Refused, o, nil) }

// end commits the end of a run and then gives its folder its name. See the package comment for the order.
func (r *Run) end(ctx context.Context, status Status, o Outcome, change func(*sql.Tx, *logWriter) error) error {
	if r.sealed == "" || r.ended {
		return fmt.Errorf("run %s: end as %s: the run is not sealed or has ended", r.ID, status)
	}
	tx, err := r.store.db.BeginTx(ctx, nil)
	if err != nil {
		return r.store.database("begin the commit", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to do
	after, err := r.change(ctx, tx, status, o, change)
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return r.store.database(fmt.Sprintf("commit run %q", r.ID), err)
	}
	r.after = after
	r.publish()
	return nil
}

// change is everything that the end of a run changes, and the audit log's account of it.
func (r *Run) change(ctx context.Context, tx *sql.Tx, status Status, o Outcome, change func(*sql.Tx, *logWriter) error) (Checkpoint, error) {
	log, err := openLog(ctx, tx, o.Ended)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := r.record(ctx, tx, status, o); err != nil {
		return Checkpoint{}, err
	}
	if change != nil {
		if err := change(tx, log); err != nil {
			return Checkpoint{}, err
		}
	}
	for _, e := range o.Log {
		e.At, e.By, e.Run = o.Ended, r.operator, r.ID
		if err := log.add(e); err != nil {
			return Checkpoint{}, err
		}
	}
	err = log.add(Entry{At: o.Ended, By: r.operator, Event: eventRun + string(status), Run: r.ID, Manifest: r.sealed})
	if err != nil || status != Accepted {
		return Checkpoint{}, err
	}
	c, err := checkpoint(ctx, tx, r.start.Signer)
	if err != nil {
		return c, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO checkpoints (run, size, note) VALUES (?, ?, ?)`, r.ID, c.Size, c.Text)
	return c, err
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
