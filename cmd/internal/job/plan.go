package job

import (
	"context"
	"slices"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// FilePlan is the plan in a run folder.
const FilePlan = "plan.json"

// plan collects what is due, checks it against the limits, and holds the decisions that a limit holds.
func (t *attempt) plan(ctx context.Context, f *found) error {
	planner := policies.NewPlanner(t.result.Run, t.asOf, f.census.Privileged)
	planner.Protect = t.protect
	for _, row := range f.rows {
		if row.Kind != reconcile.KindNone {
			planner.Add(&row.Verdict, row.Decision, f.past[row.ID()], t.asOf)
		}
	}
	t.unseen(f, planner)
	f.plan = planner.Plan()
	since, err := t.finishCensus(ctx, f)
	if err != nil {
		return err
	}
	lifts, err := t.Store.Lifts(ctx, f.plan.Digest)
	if err != nil {
		return err
	}
	f.plan.Bound(t.Config.Limits, f.census.Census, lifts)
	since.note(f.plan)
	if len(f.plan.Items) > 0 && len(t.Config.BreakGlass) == 0 {
		f.plan.Blocked = "no emergency account is listed: nothing may be carried out before break_glass names one"
	}
	t.hold(f)
	return nil
}

// unseen lists the accounts whose grace is over and which a source that was not read completely did not show: without them a
// night with a system down would look like one on which nothing is due there. Of several rules the first to be over is named.
func (t *attempt) unseen(f *found, planner *policies.Planner) {
	first := map[string]policies.Clock{}
	for _, c := range f.ledger.clocks {
		if !t.incomplete(c.System) || !c.PausedAt.IsZero() || !c.DoneAt.IsZero() || t.asOf.Before(c.DueAt) {
			continue
		}
		shown := f.ledger.sights[runstore.AccountKey{Source: c.System, Account: c.Account}] != nil
		if was, listed := first[c.Finding]; !shown && (!listed || c.DueAt.Before(was.DueAt)) {
			first[c.Finding] = c
		}
	}
	for _, c := range first {
		planner.Unseen(c)
	}
}

// incomplete reports whether the source is one that this run was to read and did not read completely.
func (t *attempt) incomplete(source string) bool {
	return slices.ContainsFunc(t.sources, func(s scanned) bool { return s.Name == source && !s.Coverage.Verdict.Complete() })
}

// protect says why the configuration forbids to touch an account; empty when it does not.
func (t *attempt) protect(a *scanners.Account) string {
	for _, p := range t.Config.NeverTouch {
		if p.Source == a.System && means(p.Account, a) {
			return "never touched: " + p.Reason
		}
	}
	return ""
}

// hold turns the decisions that a limit holds from due to held.
func (t *attempt) hold(f *found) {
	held := map[string][]policies.Tripped{}
	for _, item := range f.plan.Items {
		if by := f.plan.Holders(item); len(by) > 0 {
			held[item.Finding] = by
		}
	}
	for _, row := range f.rows {
		by, holds := held[row.ID()]
		if row.Kind == reconcile.KindNone || !holds {
			continue
		}
		t.result.Decisions[string(policies.Due)]--
		t.result.Decisions[string(policies.Held)]++
		row.Decision.Kind, row.Decision.By = policies.Held, by[0].Name()
		for _, limit := range by {
			row.Decision.Why += "; held by the limit " + limit.String()
		}
	}
	if t.result.Decisions[string(policies.Due)] == 0 {
		delete(t.result.Decisions, string(policies.Due))
	}
	t.result.Plan = f.plan.Digest
	for _, by := range f.plan.Held {
		t.result.Held = append(t.result.Held, by.String())
	}
}

// Plan reads the plan of a run.
func Plan(folder *runstore.Folder) (*policies.Plan, error) {
	var p policies.Plan
	return &p, readJSON(folder.Path(FilePlan), &p)
}
