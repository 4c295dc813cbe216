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

// clockKey tells clocks apart.
type clockKey struct{ finding, rule, person string }

func keyOfClock(c *policies.Clock) clockKey { return clockKey{c.Finding, c.Rule, c.Person} }

// tell returns every change of the clocks that run after this run, and of those that it closed: those that earlier runs
// sealed, and tonight's. A clock of which no change is known is there once, without one.
func (l *ledger) tell(before iter.Seq2[*reports.ClockLine, error], rows []*reports.Row, run string, asOf time.Time, renamed map[string]string) ([]reports.ClockLine, error) {
	lines := map[clockKey][]reports.ClockLine{}
	known := map[clockKey]bool{}
	for i := range l.before {
		known[keyOfClock(&l.before[i])] = true
	}
	for line, err := range before {
		if err != nil {
			return nil, err
		}
		if ref, renumbered := renamed[line.Person]; renumbered {
			line.Person = ref
		}
		if key := keyOfClock(&line.Clock); known[key] && line.Change != "" && !line.At.After(asOf) {
			line.Last, line.Tonight = false, false
			lines[key] = append(lines[key], *line)
		}
	}
	for _, e := range l.events {
		key := keyOfClock(&e.Clock)
		lines[key] = append(lines[key], reports.ClockLine{Clock: e.Clock, Change: e.Change, Reason: e.Reason, At: asOf, Run: run, Tonight: true})
	}
	for i := range l.clocks {
		if key := keyOfClock(&l.clocks[i]); len(lines[key]) == 0 {
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

// inOrder sorts the changes: the clocks that the run changed first, then by system, account, finding, rule and owner, those of
// one clock by time as they are.
func inOrder(lines map[clockKey][]reports.ClockLine, logins map[runstore.AccountKey]string) []reports.ClockLine {
	var all []reports.ClockLine
	tonight := map[clockKey]bool{}
	for _, changes := range lines {
		last := &changes[len(changes)-1]
		last.Last = true
		if last.Tonight {
			tonight[keyOfClock(&last.Clock)] = true
		}
		for i := range changes {
			c := &changes[i]
			c.Login = cmp.Or(logins[runstore.AccountKey{Source: c.System, Account: c.Account}], c.Login)
		}
		all = append(all, changes...)
	}
	later := func(c *reports.ClockLine) int {
		if tonight[keyOfClock(&c.Clock)] {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b reports.ClockLine) int {
		return cmp.Or(cmp.Compare(later(&a), later(&b)), strings.Compare(a.System, b.System), strings.Compare(a.Account, b.Account), strings.Compare(a.Finding, b.Finding),
			strings.Compare(a.Rule, b.Rule), strings.Compare(a.Person, b.Person))
	})
	return all
}
