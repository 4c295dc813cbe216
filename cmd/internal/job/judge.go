package job

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/cmd/internal/schedule"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// found is what judging and deciding came to.
type found struct {
	// rows are the accounts that reports show, in their order.
	rows []*reports.Row
	// people are the persons of the rows, by what Refs says of them.
	people map[string]*reconcile.Person
	ledger *ledger
	census census
	plan   *policies.Plan
	// past is what earlier runs knew of each finding, by its id.
	past     map[string]policies.Past
	findings []runstore.Finding
	upcoming upcoming
	// reach tells how many accounts every exclusion matches.
	reach *policies.Reach
	// failures counts, by source, the accounts to which a rule could not be applied, and keeps the first reason.
	failures map[string]*ruleFailures
}

type ruleFailures struct {
	accounts int64
	first    string
}

// judge shows every account to the engine, decides on the findings and writes all verdicts to the run folder. Only
// accounts that a report shows are kept in memory.
func (t *attempt) judge(ctx context.Context) (*found, error) {
	if err := t.survey(ctx); err != nil {
		return nil, err
	}
	verdicts, err := t.run.CreateVerdicts()
	if err != nil {
		return nil, err
	}
	defer verdicts.Discard()
	f := found{people: map[string]*reconcile.Person{}, past: map[string]policies.Past{}, census: newCensus(), upcoming: upcomingEnds(t.roster), failures: map[string]*ruleFailures{},
		reach: policies.NewReach(t.Config.Exclusions, t.Rules, t.asOf)}
	if f.ledger, err = t.openLedger(ctx); err != nil {
		return nil, err
	}
	suggester := reconcile.NewSuggester(t.engine)
	for i := range t.sources {
		if err := t.judgeSource(ctx, &t.sources[i], suggester, verdicts, &f); err != nil {
			return nil, err
		}
	}
	t.roster.DropKeys()
	t.gate.joins(t.sources)
	if err := t.gate.stopped(); err != nil {
		return nil, err
	}
	if err := t.decide(ctx, &f); err != nil {
		return nil, err
	}
	if err := t.plan(ctx, &f); err != nil {
		return nil, err
	}
	for i := range f.rows {
		if err := verdicts.Write(&f.rows[i].Verdict, f.rows[i].Decision); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(f.rows, compareRows)
	_, _, err = verdicts.Close()
	return &f, err
}

// survey gives the engine its first look, or two, at every account.
func (t *attempt) survey(ctx context.Context) error {
	for _, system := range t.unread() {
		t.engine.Unread(system)
	}
	if err := t.eachAccounts(ctx, t.engine.SurveyAll); err != nil || !t.engine.NeedsResolve() {
		return err
	}
	return t.eachAccounts(ctx, func(accounts []*scanners.Account) {
		for _, a := range accounts {
			t.engine.Resolve(a)
		}
	})
}

func (t *attempt) eachAccounts(ctx context.Context, look func([]*scanners.Account)) error {
	for i := range t.sources {
		for accounts, err := range batches(t.accounts(ctx, &t.sources[i])) {
			if err != nil {
				return err
			}
			look(accounts)
		}
	}
	return nil
}

// accounts yields the snapshot of a source; nothing for one that could not be opened.
func (t *attempt) accounts(ctx context.Context, s *scanned) iter.Seq2[*scanners.Account, error] {
	return func(yield func(*scanners.Account, error) bool) {
		if s.SnapshotDigest == "" {
			return
		}
		for a, err := range t.run.Accounts(s.Name) {
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			if !yield(a, err) || err != nil {
				return
			}
		}
	}
}

// batched is how many accounts the engine is shown at once.
const batched = 64

// batches yields accounts some dozens at a time, in a list that it uses again. Those before an error come before it.
func batches(accounts iter.Seq2[*scanners.Account, error]) iter.Seq2[[]*scanners.Account, error] {
	return func(yield func([]*scanners.Account, error) bool) {
		next := make([]*scanners.Account, 0, batched)
		for a, err := range accounts {
			if err != nil {
				if len(next) == 0 || yield(next, nil) {
					yield(nil, err)
				}
				return
			}
			if next = append(next, a); len(next) == cap(next) {
				if !yield(next, nil) {
					return
				}
				next = next[:0]
			}
		}
		if len(next) > 0 {
			yield(next, nil)
		}
	}
}

// planned is the first time at or after t that a rule's schedule plans.
func planned(s policies.Schedule, t time.Time) (time.Time, error) {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return t, err
	}
	parsed, err := schedule.Parse(s.Cron, zone)
	if err != nil {
		return t, err
	}
	next := parsed.Next(t.Add(-time.Nanosecond))
	if next.IsZero() {
		return t, fmt.Errorf("%q plans nothing", s.Cron)
	}
	return next, nil
}

func (t *attempt) judgeSource(ctx context.Context, s *scanned, suggester *reconcile.Suggester, verdicts *runstore.VerdictWriter, f *found) error {
	rules := policies.Set{Rules: t.Rules, Now: t.asOf}
	take := func(o *reconcile.Outcome) error {
		v := o.Verdict()
		if why, selected := rules.RuleMatch(&v); selected {
			t.engine.RuleMatch(&v, why)
		}
		suggester.Suggest(&v)
		t.count(s, &v)
		f.upcoming.count(&v)
		f.ledger.see(&v)
		f.census.count(&v)
		f.reach.Count(&v)
		if v.Kind != reconcile.KindNone || v.End.Ended() {
			f.keep(&v)
			return nil
		}
		if err := verdicts.Write(&v, policies.Decision{Kind: policies.DecideNone}); err != nil {
			return err
		}
		t.result.Decisions[string(policies.DecideNone)]++
		return nil
	}
	for accounts, err := range batches(t.accounts(ctx, s)) {
		if err != nil {
			return err
		}
		if err := t.engine.JudgeAll(accounts, take); err != nil {
			return err
		}
	}
	return nil
}

// keep keeps a verdict for the reports. Those of one person share what is known of them.
func (f *found) keep(v *reconcile.Verdict) {
	if v.Person != nil {
		ref := strings.Join(v.Person.Refs(), " ")
		if f.people[ref] == nil {
			f.people[ref] = v.Person
		}
		v.Person = f.people[ref]
	}
	f.rows = append(f.rows, &reports.Row{Verdict: *v})
}

// decide applies the rules to every row, with what earlier runs knew of its account.
func (t *attempt) decide(ctx context.Context, f *found) error {
	past, err := t.remembered(ctx, f.rows, f.ledger)
	if err != nil {
		return err
	}
	t.tooBroad = f.reach.TooBroad()
	in := t.inputs()
	rules := in.rules(t.Config.Zone)
	rules.Contact = contact(t.Rules, t.roster)
	for i := range f.rows {
		row := f.rows[i]
		known := past.of(&row.Verdict)
		if !known.LinkSeen && row.Person != nil && row.Situation == reconcile.Linked {
			row.Situation = reconcile.Unlinked
		}
		var clocks []policies.Clock
		row.Decision, clocks = rules.Decide(&row.Verdict, known)
		t.result.Decisions[string(row.Decision.Kind)]++
		f.failed(row)
		if row.Kind != reconcile.KindNone {
			t.result.Findings[string(row.Kind)]++
			f.findings = append(f.findings, finding(row))
			f.ledger.decided[row.ID()] = clocks
			f.past[row.ID()] = known
			if row.LikelyMiskeyed() {
				t.result.LikelyMiskeyed++
			}
		}
	}
	return f.ledger.advance(rules, past.complete, t.run.Folder)
}

// failed takes note when a rule could not be applied to an account.
func (f *found) failed(row *reports.Row) {
	if row.Decision.Failed == "" {
		return
	}
	one := f.failures[row.Account.System]
	if one == nil {
		one = &ruleFailures{first: row.Decision.Failed}
		f.failures[row.Account.System] = one
	}
	one.accounts++
}

// compareRows is the order of reports: what is worst and oldest comes first.
func compareRows(a, b *reports.Row) int {
	name := func(r *reports.Row) string {
		if r.Person == nil {
			return ""
		}
		return r.Person.Name() + " " + r.Person.Ref()
	}
	return cmp.Or(
		cmp.Compare(b.Severity, a.Severity),
		cmp.Compare(b.DaysLate.Value, a.DaysLate.Value),
		strings.Compare(name(a), name(b)),
		strings.Compare(a.Account.System, b.Account.System),
		strings.Compare(a.Account.Login(), b.Account.Login()),
		strings.Compare(a.Account.ID, b.Account.ID))
}
