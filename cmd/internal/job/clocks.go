package job

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reports"
)

// tellDecisions puts the plan, the lifts that were made for it and every change of the grace clocks into the report, and
// the changes into the run folder.
func (t *attempt) tellDecisions(ctx context.Context, f *found, report *reports.Report) error {
	report.Plan = f.plan
	var err error
	if report.Lifts, err = t.lifts(ctx, f.plan); err != nil {
		return err
	}
	before, err := t.ledgerBefore(ctx)
	if err != nil {
		return err
	}
	lines, err := f.ledger.tell(before, f.rows, t.result.Run, t.asOf, formerRefs(t.roster))
	if err != nil {
		return err
	}
	totals := reports.ClockTotals{Before: int64(len(f.ledger.before))}
	for i := range lines {
		totals.Add(&lines[i])
	}
	report.Clocks = &totals
	report.Ledger = func() iter.Seq2[*reports.ClockLine, error] {
		return func(yield func(*reports.ClockLine, error) bool) {
			for i := range lines {
				if !yield(&lines[i], nil) {
					return
				}
			}
		}
	}
	return t.run.WriteLedger(lines)
}

// lifts returns the decisions that a limit holds no plan that were made since the last accepted run began, and those for
// this plan.
func (t *attempt) lifts(ctx context.Context, plan *policies.Plan) ([]policies.Lift, error) {
	last, err := t.Store.LatestAccepted(ctx)
	if err != nil || last == nil {
		return nil, err
	}
	list, err := t.Store.LiftsSince(ctx, last.Started)
	for _, l := range plan.Lifts {
		if !slices.Contains(list, l) {
			list = append(list, l)
		}
	}
	return list, err
}

// ledgerBefore yields the changes that the last accepted run sealed; none when there is no such run, or its folder is gone.
func (t *attempt) ledgerBefore(ctx context.Context) (iter.Seq2[*reports.ClockLine, error], error) {
	nothing := func(func(*reports.ClockLine, error) bool) {}
	last, err := t.Store.LatestAccepted(ctx)
	if err != nil || last == nil {
		return nothing, err
	}
	folder, err := t.Store.Folder(ctx, last.ID)
	if err != nil {
		t.Log.Warn("the earlier changes of the grace clocks are left out of the report; the audit log has them", "error", err)
		return nothing, nil
	}
	return folder.Ledger(), nil
}

// tell returns every change of the clocks that run after this run, and of those that it closed: those that earlier runs
// sealed, and tonight's. A clock of which no change is known is there once, without one.
func (l *ledger) tell(before iter.Seq2[*reports.ClockLine, error], rows []*reports.Row, run string, asOf time.Time, renamed map[string]string) ([]reports.ClockLine, error) {
	lines := map[policies.ClockID][]reports.ClockLine{}
	known := map[policies.ClockID]bool{}
	for i := range l.before {
		known[l.before[i].ID()] = true
	}
	for line, err := range before {
		if err != nil {
			return nil, err
		}
		if ref, renumbered := renamed[line.Person]; renumbered {
			line.Person = ref
		}
		if key := line.Clock.ID(); known[key] && line.Change != "" && !line.At.After(asOf) {
			line.Last, line.Tonight = false, false
			lines[key] = append(lines[key], *line)
		}
	}
	for _, e := range l.events {
		key := e.Clock.ID()
		lines[key] = append(lines[key], reports.ClockLine{Clock: e.Clock, Change: e.Change, Reason: e.Reason, At: asOf, Run: run, Tonight: true})
	}
	for i := range l.clocks {
		if key := l.clocks[i].ID(); len(lines[key]) == 0 {
			lines[key] = []reports.ClockLine{{Clock: l.clocks[i], Reason: "it ran before reports noted changes; the audit log has them"}}
		}
	}
	return inOrder(lines, loginsOf(rows)), nil
}

// loginsOf names the accounts of rows.
func loginsOf(rows []*reports.Row) map[runstore.AccountKey]string {
	logins := map[runstore.AccountKey]string{}
	for _, row := range rows {
		logins[runstore.AccountKey{Source: row.Account.System, Account: row.Account.ID}] = row.Account.Login()
	}
	return logins
}

// inOrder sorts the clocks, those that the run changed first, then by system, account, and as the ledger does. The changes of
// one clock stay as they are.
func inOrder(lines map[policies.ClockID][]reports.ClockLine, logins map[runstore.AccountKey]string) []reports.ClockLine {
	var clocks [][]reports.ClockLine
	for _, changes := range lines {
		changes[len(changes)-1].Last = true
		for i := range changes {
			c := &changes[i]
			c.Login = cmp.Or(logins[runstore.AccountKey{Source: c.System, Account: c.Account}], c.Login)
		}
		clocks = append(clocks, changes)
	}
	later := func(changes []reports.ClockLine) int {
		if changes[len(changes)-1].Tonight {
			return 0
		}
		return 1
	}
	slices.SortFunc(clocks, func(a, b []reports.ClockLine) int {
		return cmp.Or(cmp.Compare(later(a), later(b)), strings.Compare(a[0].System, b[0].System), strings.Compare(a[0].Account, b[0].Account),
			a[0].Clock.Compare(&b[0].Clock))
	})
	return slices.Concat(clocks...)
}
