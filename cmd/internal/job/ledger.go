package job

import (
	"context"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// ledger moves the grace clocks from the last accepted run to this one.
type ledger struct {
	// before are the clocks that the run starts with, sights how it saw their accounts; nil while it has not.
	before []policies.Clock
	keeps  []policies.Kept
	sights map[runstore.AccountKey]*reconcile.Verdict
	// decided are the clocks of tonight's findings.
	decided map[string][]policies.Clock
	// clocks and events are those after the run.
	clocks []policies.Clock
	events []policies.Event
	over   []runstore.KeepOver
}

func (t *attempt) openLedger(ctx context.Context) (*ledger, error) {
	clocks, err := t.Store.Clocks(ctx)
	if err != nil {
		return nil, err
	}
	if t.result.Status == Kept {
		// What only later runs knew is left out for a run that looks at an earlier night.
		clocks = slices.DeleteFunc(clocks, func(c policies.Clock) bool { return c.FirstSeen.After(t.asOf) })
		for i := range clocks {
			if clocks[i].ToldAt.After(t.asOf) {
				clocks[i].ToldAt, clocks[i].ToldTo = time.Time{}, ""
			}
		}
	}
	keeps, err := t.Store.Keeps(ctx)
	if err != nil {
		return nil, err
	}
	keeps = slices.DeleteFunc(keeps, func(k policies.Kept) bool { return t.result.Status == Kept && k.At.After(t.asOf) })
	now := formerRefs(t.roster)
	for i := range clocks {
		if ref, renumbered := now[clocks[i].Person]; renumbered {
			clocks[i].Person = ref
		}
	}
	l := &ledger{before: clocks, keeps: keeps, sights: map[runstore.AccountKey]*reconcile.Verdict{}, decided: map[string][]policies.Clock{}}
	for i := range clocks {
		l.sights[runstore.AccountKey{Source: clocks[i].System, Account: clocks[i].Account}] = nil
	}
	for _, k := range keeps {
		l.sights[runstore.AccountKey{Source: k.System, Account: k.Account}] = nil
	}
	return l, nil
}

// formerRefs says of the people whose ids had other leading zeros before who they are now, each as "source/id".
func formerRefs(roster *reconcile.Roster) map[string]string {
	now := map[string]string{}
	roster.People(func(p *reconcile.Person) {
		if p.Former != "" {
			now[p.System+"/"+p.Former] = p.Ref()
		}
	})
	return now
}

// see notes the verdict on an account that has a clock or may stay.
func (l *ledger) see(v *reconcile.Verdict) {
	key := runstore.AccountKey{Source: v.Account.System, Account: v.Account.ID}
	if _, clocked := l.sights[key]; clocked {
		same := *v
		l.sights[key] = &same
	}
}

// advance moves the clocks. complete says which sources were read completely; the rejected records are in the folder.
func (l *ledger) advance(rules policies.Set, complete map[string]bool, folder *runstore.Folder) error {
	unread, err := l.unread(folder)
	if err != nil {
		return err
	}
	sight := func(system, account string) policies.Sight {
		key := runstore.AccountKey{Source: system, Account: account}
		return policies.Sight{Complete: complete[system], Unread: unread[key], Verdict: l.sights[key]}
	}
	l.clocks, l.events = rules.Advance(l.before, policies.Tonight{Decided: l.decided, Sight: sight})
	for _, k := range l.keeps {
		if why := k.Over(rules.Now, sight(k.System, k.Account)); why != "" {
			l.over = append(l.over, runstore.KeepOver{Kept: k, Why: why})
		}
	}
	return nil
}

// unread finds, of the accounts with clocks, those that were there and whose record could not be used.
func (l *ledger) unread(folder *runstore.Folder) (map[runstore.AccountKey]bool, error) {
	sources := map[string]bool{}
	for key, v := range l.sights {
		if v == nil {
			sources[key.Source] = true
		}
	}
	found := map[runstore.AccountKey]bool{}
	for source := range sources {
		for rejected, err := range folder.Rejected(source) {
			if err != nil {
				return nil, err
			}
			key := runstore.AccountKey{Source: source, Account: rejected.ID}
			if v, clocked := l.sights[key]; clocked && v == nil {
				found[key] = true
			}
		}
	}
	return found, nil
}
