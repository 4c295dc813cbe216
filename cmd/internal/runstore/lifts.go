package runstore

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/leaver-audit/leaver/policies"
)

// Lifts returns the decisions that limits do not hold the plan of this digest.
func (s *Store) Lifts(ctx context.Context, plan string) ([]policies.Lift, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT lift FROM lifts WHERE plan = ? ORDER BY limit_name`, plan)
	if err != nil {
		return nil, s.database("read the lifted limits", err)
	}
	defer rows.Close()
	var list []policies.Lift
	for rows.Next() {
		var text string
		var one policies.Lift
		if err := rows.Scan(&text); err != nil {
			return nil, s.database("read the lifted limits", err)
		}
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			return nil, &DamagedError{s.path, err}
		}
		list = append(list, one)
	}
	return list, s.database("read the lifted limits", rows.Err())
}

// Lift records that a limit does not hold one plan; run is the run that made it.
func (s *Store) Lift(ctx context.Context, l policies.Lift, run string) error {
	text, err := marshal(l)
	if err != nil {
		return err
	}
	return s.write(ctx, l.At, func(tx *sql.Tx, log *logWriter) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO lifts (plan, limit_name, lift) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET lift = excluded.lift`,
			l.Plan, l.Limit, text)
		if err != nil {
			return err
		}
		return log.add(Entry{At: l.At, By: l.By, Event: "limit.lifted", Run: run, Reason: "plan " + l.Plan, Facts: l})
	})
}
