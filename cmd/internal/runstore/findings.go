package runstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// Finding is one finding over time.
type Finding struct {
	// ID is that of [reconcile.Verdict.ID].
	ID string
	// Source and Account (its immutable id) name the account, Kind and Severity are those of the last run that showed it.
	Source   string
	Account  string
	Kind     reconcile.Kind
	Severity reconcile.Severity
	// Person is "source/id" of the owner, or "".
	Person string
	// FirstSeen and LastSeen are as-of instants of accepted runs; the store sets them. A finding that comes back after its
	// account was gone keeps its FirstSeen; one that comes back after it was fixed starts anew.
	FirstSeen time.Time
	LastSeen  time.Time
}

// The reasons for which a finding is closed. The first two come from an account that was read.
const (
	closedFixed  = "fixed"
	closedOther  = "another finding took its place"
	closedAbsent = "gone: a complete scan does not show the account any more"
)

// Findings returns by id the open findings and those that were closed because their account was gone: when such an
// account comes back, its finding goes on where it stopped.
func (s *Store) Findings(ctx context.Context) (map[string]Finding, error) {
	found, err := readFindings(ctx, s.db, `closed_at IS NULL OR closed_reason LIKE 'gone:%'`)
	return found, s.database("read the findings", err)
}

// Closed says when an accepted run found that a finding is over, and why.
type Closed struct {
	At     time.Time
	Reason string
}

// ClosedFindings returns those of the asked findings that were made once and are closed.
func (s *Store) ClosedFindings(ctx context.Context, ids map[string]struct{}) (map[string]Closed, error) {
	closed := map[string]Closed{}
	if len(ids) == 0 {
		return closed, nil
	}
	rows, err := s.db.QueryContext(ctx, `SELECT id, closed_at, closed_reason FROM findings WHERE closed_at IS NOT NULL`)
	if err != nil {
		return nil, s.database("read the closed findings", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, at, reason string
		if err := rows.Scan(&id, &at, &reason); err != nil {
			return nil, s.database("read the closed findings", err)
		}
		if _, asked := ids[id]; !asked {
			continue
		}
		when, err := parseStamp(at)
		if err != nil {
			return nil, &DamagedError{s.path, err}
		}
		closed[id] = Closed{when, reason}
	}
	return closed, s.database("read the closed findings", rows.Err())
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func readFindings(ctx context.Context, db queryer, condition string) (map[string]Finding, error) {
	rows, err := db.QueryContext(ctx, `SELECT id, source, account, kind, severity, person, first_seen, last_seen FROM findings
		WHERE `+condition)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	open := map[string]Finding{}
	for rows.Next() {
		var f Finding
		var severity, first, last string
		if err := rows.Scan(&f.ID, &f.Source, &f.Account, &f.Kind, &severity, &f.Person, &first, &last); err != nil {
			return nil, err
		}
		var bad [3]error
		f.Severity, bad[0] = reconcile.ParseSeverity(severity)
		f.FirstSeen, bad[1] = parseStamp(first)
		f.LastSeen, bad[2] = parseStamp(last)
		if err := errors.Join(bad[:]...); err != nil {
			return nil, err
		}
		open[f.ID] = f
	}
	return open, rows.Err()
}

func (r *Run) writeFindings(ctx context.Context, tx *sql.Tx, c Commit) error {
	open, err := readFindings(ctx, tx, `closed_at IS NULL`)
	if err != nil {
		return err
	}
	gone, err := readFindings(ctx, tx, `closed_reason LIKE 'gone:%'`)
	if err != nil {
		return err
	}
	asOf := stamp(r.start.AsOf)
	write, err := tx.PrepareContext(ctx, `INSERT INTO findings (id, source, account, kind, severity, person, first_seen, last_seen)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET kind = excluded.kind, severity = excluded.severity, person = excluded.person,
			last_seen = excluded.last_seen, closed_at = NULL, closed_reason = '',
			first_seen = CASE WHEN closed_at IS NULL OR closed_reason LIKE 'gone:%' THEN first_seen ELSE excluded.first_seen END`)
	if err != nil {
		return err
	}
	defer write.Close()
	for _, f := range c.Findings {
		delete(open, f.ID)
		delete(gone, f.ID)
		if _, err := write.ExecContext(ctx, f.ID, f.Source, f.Account, f.Kind, f.Severity.String(), f.Person, asOf, asOf); err != nil {
			return fmt.Errorf("finding %q: %w", f.ID, err)
		}
	}
	return r.closeFindings(ctx, tx, c.Outcome, open, gone)
}

// closeFindings closes those of the open findings of which the run can say that they are over. It can say nothing of an
// account whose record was rejected, or that is disputed tonight. A finding whose account was gone, and is back without it, is
// over for another reason from now on: should it be made once more, it starts anew.
func (r *Run) closeFindings(ctx context.Context, tx *sql.Tx, o Outcome, open, gone map[string]Finding) error {
	missing := maps.Clone(open)
	maps.Copy(missing, gone)
	tonight, err := r.kinds(missing)
	if err != nil {
		return err
	}
	complete := map[string]bool{}
	for _, source := range o.Sources {
		complete[source.Name] = source.Coverage.Verdict.Complete()
	}
	unread, err := r.unread(missing)
	if err != nil {
		return err
	}
	for id, f := range missing {
		kind, read := tonight[AccountKey{f.Source, f.Account}]
		reason := closedAbsent
		switch {
		case unread[AccountKey{f.Source, f.Account}] || kind == string(reconcile.Disputed):
			continue
		case read && kind == string(reconcile.KindNone):
			reason = closedFixed
		case read:
			reason = closedOther
		case !complete[f.Source] || open[id].ID == "":
			continue
		}
		_, err := tx.ExecContext(ctx, `UPDATE findings SET closed_at = ?, closed_reason = ? WHERE id = ?`, stamp(r.start.AsOf), reason, id)
		if err != nil {
			return err
		}
	}
	return nil
}

// kinds returns tonight's finding kind of the accounts of the given findings, as far as they were read.
func (r *Run) kinds(findings map[string]Finding) (map[AccountKey]string, error) {
	found := map[AccountKey]string{}
	if len(findings) == 0 || !r.Has(verdictsName) {
		return found, nil
	}
	wanted := make(map[AccountKey]struct{}, len(findings))
	for _, f := range findings {
		wanted[AccountKey{f.Source, f.Account}] = struct{}{}
	}
	for row, err := range readTable[seenRow](r.Path(verdictsName)) {
		if err != nil {
			return nil, err
		}
		key := AccountKey{row.Source, row.Account}
		if _, ok := wanted[key]; ok {
			found[key] = row.Kind
		}
	}
	return found, nil
}

// unread returns which accounts of the given findings were there tonight and could not be read.
func (r *Run) unread(findings map[string]Finding) (map[AccountKey]bool, error) {
	accounts, sources := map[AccountKey]bool{}, map[string]bool{}
	for _, f := range findings {
		accounts[AccountKey{f.Source, f.Account}], sources[f.Source] = true, true
	}
	found := map[AccountKey]bool{}
	for source := range sources {
		for rejected, err := range r.Rejected(source) {
			if err != nil {
				return nil, err
			}
			if key := (AccountKey{source, rejected.ID}); accounts[key] {
				found[key] = true
			}
		}
	}
	return found, nil
}
