package runstore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/policies"
)

// eventLifted is the event of a limit that two people lifted.
const eventLifted = "limit.lifted"

// Lifts returns the decisions that limits do not hold the plan of this digest.
func (s *Store) Lifts(ctx context.Context, plan string) ([]policies.Lift, error) {
	return s.lifts(ctx, func(l *policies.Lift) bool { return l.Plan == plan })
}

// LiftsSince returns the decisions that limits do not hold a plan that were made after t.
func (s *Store) LiftsSince(ctx context.Context, t time.Time) ([]policies.Lift, error) {
	return s.lifts(ctx, func(l *policies.Lift) bool { return l.At.After(t) })
}

// lifts returns the wanted ones, by plan and limit.
func (s *Store) lifts(ctx context.Context, wanted func(*policies.Lift) bool) ([]policies.Lift, error) {
	texts, err := readLifts(ctx, s.db)
	if err != nil {
		return nil, s.database("read the lifted limits", err)
	}
	var list []policies.Lift
	for key, text := range texts {
		var one policies.Lift
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			return nil, &DamagedError{s.path, fmt.Errorf("the lift of %s: %w", key.limit, err)}
		}
		if wanted(&one) {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b policies.Lift) int { return liftKey{a.Plan, a.Limit}.compare(liftKey{b.Plan, b.Limit}) })
	return list, nil
}

// liftKey is what a lift is about.
type liftKey struct{ plan, limit string }

// readLifts returns the lifts as they were written.
func readLifts(ctx context.Context, db queryer) (map[liftKey]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT plan, limit_name, lift FROM lifts`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	texts := map[liftKey]string{}
	for rows.Next() {
		var key liftKey
		var text string
		if err := rows.Scan(&key.plan, &key.limit, &text); err != nil {
			return nil, err
		}
		texts[key] = text
	}
	return texts, rows.Err()
}

// Lift records that a limit does not hold one plan; operator is the user of the operating system who says so.
func (s *Store) Lift(ctx context.Context, l policies.Lift, operator string) error {
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
		return log.add(Entry{At: l.At, By: operator, Event: eventLifted, Run: l.Run, Reason: "plan " + l.Plan, Facts: l})
	})
}

// liftsAsTold compares the lifted limits with what the audit log says of them: one of which it does not tell lets a plan pass
// to which nobody agreed.
func (c *logCheck) liftsAsTold(ctx context.Context, db database) error {
	stored, err := readLifts(ctx, db)
	if err != nil || c.Purged > 0 {
		return err
	}
	for _, key := range slices.SortedFunc(maps.Keys(stored), liftKey.compare) {
		if c.lifts[key] != stored[key] {
			c.fail("the lift of %s for plan %s is not as the log tells", key.limit, key.plan)
		}
		delete(c.lifts, key)
	}
	for _, key := range slices.SortedFunc(maps.Keys(c.lifts), liftKey.compare) {
		c.fail("the lift of %s for plan %s is on record, and not in the state", key.limit, key.plan)
	}
	return nil
}

func (k liftKey) compare(other liftKey) int {
	return cmp.Or(cmp.Compare(k.plan, other.plan), cmp.Compare(k.limit, other.limit))
}
