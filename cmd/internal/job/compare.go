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
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
)

// stand is what a run found, and how far it read its account sources.
type stand struct {
	folder *runstore.Folder
	// complete says of each source that was read whether it was complete. A source that is not there was not read.
	complete map[string]bool
	// renumbered says of people whose ids had other leading zeros in the run who they are now, each as "source/id".
	renumbered map[string]string
}

func standOf(folder *runstore.Folder, sources []reports.Source) stand {
	s := stand{folder: folder, complete: map[string]bool{}}
	for _, source := range sources {
		if !source.People {
			s.complete[source.Name] = source.Coverage.Verdict.Complete()
		}
	}
	return s
}

// pair is one account in two runs; nil in a run that did not show it. Unread is an account that was there in a run that
// could not use its record.
type pair struct {
	before, after             *runstore.Verdict
	unreadBefore, unreadAfter bool
}

// known answers for findings of the later run alone which of them an even earlier run had made, and what became of them.
type known func(ids map[string]struct{}) (map[string]string, error)

// compare tells what became of every finding between two runs, persisting ones included, in the order of reports.
// Memory grows with the accounts that have a finding in one of the runs.
func compare(ctx context.Context, before, after stand, earlier known) ([]reports.Change, error) {
	pairs, err := pairUp(ctx, before, after)
	if err != nil {
		return nil, err
	}
	if err := markUnread(pairs, before, after); err != nil {
		return nil, err
	}
	ids := map[string]struct{}{}
	for _, p := range pairs {
		if id := p.entered(); id != "" {
			ids[id] = struct{}{}
		}
	}
	reopened, err := earlier(ids)
	if err != nil {
		return nil, err
	}
	var list []reports.Change
	for _, p := range pairs {
		list = append(list, p.changes(before, after, reopened)...)
	}
	slices.SortFunc(list, reports.Change.Compare)
	return list, nil
}

// pairUp joins the verdicts of two runs on every account that has a finding in one of them. The other run is asked only
// about the accounts whose verdict in it was no finding.
func pairUp(ctx context.Context, before, after stand) (map[runstore.AccountKey]*pair, error) {
	pairs := map[runstore.AccountKey]*pair{}
	set := func(v *runstore.Verdict, side func(*pair) **runstore.Verdict) {
		p := pairs[keyOf(v)]
		if p == nil {
			p = &pair{}
			pairs[keyOf(v)] = p
		}
		*side(p) = v
	}
	sides := []struct {
		stand
		side func(*pair) **runstore.Verdict
	}{
		{before, func(p *pair) **runstore.Verdict { return &p.before }},
		{after, func(p *pair) **runstore.Verdict { return &p.after }},
	}
	for _, s := range sides {
		if err := s.each(ctx, s.folder.Findings(), func(v *runstore.Verdict) { set(v, s.side) }); err != nil {
			return nil, err
		}
	}
	for _, s := range sides {
		missing := map[runstore.AccountKey]struct{}{}
		for key, p := range pairs {
			if *s.side(p) == nil {
				missing[key] = struct{}{}
			}
		}
		if len(missing) == 0 {
			continue
		}
		if err := s.each(ctx, s.folder.Find(missing), func(v *runstore.Verdict) { set(v, s.side) }); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

// each shows verdicts of the run, their people by the ids that they have now.
func (s stand) each(ctx context.Context, verdicts iter.Seq2[*runstore.Verdict, error], look func(*runstore.Verdict)) error {
	for v, err := range verdicts {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if ref, renumbered := s.renumbered[ownerOf(v)]; renumbered {
			_, v.Person, _ = strings.Cut(ref, "/")
		}
		look(v)
	}
	return nil
}

// markUnread finds the accounts that are missing in a run because their record was rejected.
func markUnread(pairs map[runstore.AccountKey]*pair, before, after stand) error {
	err := before.eachRejected(func(key runstore.AccountKey) {
		if p := pairs[key]; p != nil {
			p.unreadBefore = p.before == nil
		}
	})
	if err != nil {
		return err
	}
	return after.eachRejected(func(key runstore.AccountKey) {
		if p := pairs[key]; p != nil {
			p.unreadAfter = p.after == nil
		}
	})
}

func (s stand) eachRejected(look func(runstore.AccountKey)) error {
	for source := range s.complete {
		for rejected, err := range s.folder.Rejected(source) {
			if err != nil {
				return err
			}
			look(runstore.AccountKey{Source: source, Account: rejected.ID})
		}
	}
	return nil
}

func keyOf(v *runstore.Verdict) runstore.AccountKey {
	return runstore.AccountKey{Source: v.Source, Account: v.Account}
}

// ids are the finding ids of both runs, "" where a run made none.
func (p *pair) ids() (before, after string) {
	if p.before != nil {
		before = p.before.ID()
	}
	if p.after != nil {
		after = p.after.ID()
	}
	return before, after
}

// entered is the id of a finding that only the later run made.
func (p *pair) entered() string {
	if before, after := p.ids(); before != after {
		return after
	}
	return ""
}

// changes are one change, or two when a finding of another sort took the place of the first.
func (p *pair) changes(before, after stand, reopened map[string]string) []reports.Change {
	was, is := p.ids()
	if was == is {
		return []reports.Change{p.stayed(reopened)}
	}
	var list []reports.Change
	if was != "" {
		list = append(list, p.left(after))
	}
	if is != "" {
		list = append(list, p.came(before, reopened))
	}
	return list
}

// account describes the account as the later run shows it, as the earlier one when the later does not.
func (p *pair) account() reports.Change {
	v := cmp.Or(p.after, p.before)
	return reports.Change{Source: v.Source, Account: v.Account, Login: v.Login, Severity: v.Severity, Person: ownerOf(v)}
}

// ownerOf is "source/id" of the person to whom a run linked the account, "" for nobody.
func ownerOf(v *runstore.Verdict) string {
	if v.Person == "" {
		return ""
	}
	return v.PersonSystem + "/" + v.Person
}

// stayed is the change of a finding that both runs made. It may have been closed in between.
func (p *pair) stayed(reopened map[string]string) reports.Change {
	c := p.account()
	c.ID = p.after.ID()
	c.KindBefore, c.Kind, c.DecisionBefore, c.Decision = p.before.Kind, p.after.Kind, p.before.Decision, p.after.Decision
	order := reconcile.Kinds()
	closed, again := reopened[c.ID]
	switch {
	case again:
		c.Change, c.Why = reports.ChangeReopened, closed
	case slices.Index(order, c.Kind) < slices.Index(order, c.KindBefore):
		c.Change, c.Why = reports.ChangeEscalated, "the same finding with a worse kind"
	case c.Kind != c.KindBefore:
		c.Change, c.Why = reports.ChangeEased, "the same finding with a lesser kind"
	case c.Decision != c.DecisionBefore:
		c.Change, c.Why = reports.ChangeDecision, "the policies decide otherwise"
	default:
		c.Change = reports.ChangePersisting
	}
	if before, after := ownerOf(p.before), ownerOf(p.after); reconcile.Fold(before) != reconcile.Fold(after) {
		c.Why = joined(c.Why, relinked(before, after))
	}
	if p.before.Login != p.after.Login {
		c.Why = joined(c.Why, fmt.Sprintf("renamed, %q before", p.before.Login))
	}
	return c
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

func relinked(before, after string) string {
	return fmt.Sprintf("linked to %s now, to %s before", cmp.Or(after, "nobody"), cmp.Or(before, "nobody"))
}

// left is the change of a finding that only the earlier run made.
func (p *pair) left(after stand) reports.Change {
	c := p.account()
	c.ID, c.KindBefore, c.DecisionBefore, c.Severity = p.before.ID(), p.before.Kind, p.before.Decision, p.before.Severity
	complete, read := after.complete[c.Source]
	switch {
	case p.after != nil && p.after.Kind != reconcile.KindNone:
		c.Change, c.Why = reports.ChangeReplaced, "the account has another finding now: "+string(p.after.Kind)
	case !read:
		c.Change, c.Why = reports.ChangeNotSeen, "the later run did not read the source"
	case p.unreadAfter:
		c.Change, c.Why = reports.ChangeNotSeen, "the record of the account could not be used in the later run"
	case !complete && p.after == nil:
		c.Change, c.Why = reports.ChangeNotSeen, "source incomplete: the later run did not read all of it, and did not see the account"
	case !complete:
		c.Change, c.Why = reports.ChangeNotSeen, "source incomplete: the account was seen without the finding, but the source was not read completely"
	case p.after == nil:
		c.Change, c.Why = reports.ChangeFixed, "the account is gone: a complete scan does not show it any more"
	default:
		c.Change, c.Why = reports.ChangeFixed, p.mended()
	}
	return c
}

// mended says what is other than before on an account that has no finding any more.
func (p *pair) mended() string {
	before, after := ownerOf(p.before), ownerOf(p.after)
	switch {
	case p.after.Enabled == "disabled" && p.before.Enabled != "disabled":
		return "the account is disabled"
	case reconcile.Fold(before) != reconcile.Fold(after):
		return "the account is " + relinked(before, after)
	case !p.before.End.IsZero() && p.after.End.IsZero():
		return "the people sources show an open employment of " + after
	default:
		return "the account was read, and the finding does not hold any more"
	}
}

// came is the change of a finding that only the later run made.
func (p *pair) came(before stand, reopened map[string]string) reports.Change {
	c := p.account()
	c.ID, c.Kind, c.Decision = p.after.ID(), p.after.Kind, p.after.Decision
	closed, again := reopened[c.ID]
	complete, read := before.complete[c.Source]
	switch {
	case again:
		c.Change, c.Why = reports.ChangeReopened, closed
	case p.before != nil && p.before.Kind != reconcile.KindNone:
		c.Change, c.Why = reports.ChangeNew, "the account had another finding before: "+string(p.before.Kind)
	case p.before != nil:
		c.Change, c.Why = reports.ChangeNew, "the earlier run saw the account without it"
	case !read:
		c.Change, c.Why = reports.ChangeNotSeenBefore, "the earlier run did not read the source"
	case p.unreadBefore:
		c.Change, c.Why = reports.ChangeNotSeenBefore, "the record of the account could not be used in the earlier run"
	case !complete:
		c.Change, c.Why = reports.ChangeNotSeenBefore, "source incomplete: the earlier run did not read all of it, and did not see the account"
	default:
		c.Change, c.Why = reports.ChangeNew, "the earlier run did not see the account, and read its source completely"
	}
	return c
}

// tellChanges puts into the report what is other than in the last accepted run.
func (t *attempt) tellChanges(ctx context.Context, report *reports.Report) error {
	if t.result.Status == Kept {
		report.NotCompared = t.result.Kept
		return nil
	}
	last, err := t.Store.LatestAccepted(ctx)
	if err != nil || last == nil {
		return err
	}
	folder, err := t.Store.Folder(ctx, last.ID)
	if err != nil {
		t.Log.Warn("the changes since the last accepted run are left out of the report", "error", err)
		report.NotCompared = "the folder of run " + last.ID + " is gone"
		return nil
	}
	before := standOf(folder, last.Sources)
	before.renumbered = formerRefs(t.roster)
	list, err := compare(ctx, before, standOf(t.run.Folder, report.Sources),
		func(ids map[string]struct{}) (map[string]string, error) { return closedBefore(ctx, t.Store, ids) })
	if err != nil {
		return err
	}
	changes := &reports.Changes{Run: last.ID, AsOf: last.AsOf, List: []reports.Change{}}
	for _, c := range list {
		if c.Change == reports.ChangePersisting && c.Why == "" {
			changes.Persisting++
			continue
		}
		changes.List = append(changes.List, c)
	}
	report.Changes = changes
	return nil
}

// closedBefore says of findings that the store knows as closed when and why they were.
func closedBefore(ctx context.Context, store *runstore.Store, ids map[string]struct{}) (map[string]string, error) {
	closed, err := store.ClosedFindings(ctx, ids)
	words := map[string]string{}
	for id, c := range closed {
		words[id] = fmt.Sprintf("closed on %s (%s), and back", c.At.UTC().Format(time.DateOnly), c.Reason)
	}
	return words, err
}
