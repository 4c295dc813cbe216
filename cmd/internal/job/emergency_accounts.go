package job

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// EmergencyAccount is one account that the person holds, answers for, or may hold.
type EmergencyAccount struct {
	Tie reconcile.Tie `json:"tie"`
	// Why says which fact ties the account to the person.
	Why     string `json:"why"`
	Source  string `json:"source"`
	Account string `json:"account"`
	Login   string `json:"login"`
	// Enabled is "enabled", "disabled" or "unknown"; Privileged is "yes", "no" or "unknown".
	Enabled       string `json:"enabled"`
	Privileged    string `json:"privileged"`
	PrivilegedWhy string `json:"privileged_why"`
	Kind          string `json:"kind"`
	// Grants are the names of the rights that it holds.
	Grants []string `json:"grants"`
	// LastUse is the newest sign of use; the zero time when there is none.
	LastUse time.Time `json:"last_use,omitzero"`
	// Authority is the directory in which it has to be disabled, when that is another one.
	Authority string `json:"authority"`
	// Seen is one of Now, Gone and NotLookedAt. The facts of an account not seen now are those of KnownBy.
	Seen string `json:"seen"`
	// SeenWhy says why it could not be looked at.
	SeenWhy string `json:"seen_why"`
	// KnownBy is the last accepted run that linked the account to the person; empty when none did.
	KnownBy string `json:"known_by"`
}

// How an account of an emergency was seen.
const (
	Now         = "now"
	Gone        = "gone"
	NotLookedAt = "not_looked_at"
)

// lastLink is an account that an earlier run linked to the person.
type lastLink struct {
	run, by string
	account *scanners.Account
}

// list collects the accounts: those that the scans show, then those that only earlier runs knew.
func (x *emergency) list(ctx context.Context) error {
	before, err := x.lastKnown(ctx)
	if err != nil {
		return err
	}
	suggester := reconcile.NewSuggester(x.engine)
	for i := range x.sources {
		for a, err := range x.accounts(ctx, &x.sources[i]) {
			if err != nil {
				return err
			}
			key := runstore.AccountKey{Source: a.System, Account: a.ID}
			was := before[key]
			delete(before, key)
			tie, why := x.engine.Tie(a, x.person)
			if tie == reconcile.TieNone {
				tie, why = x.otherwise(a, was, suggester)
			}
			if tie != reconcile.TieNone {
				x.add(a, tie, why, Now, "", was)
			}
		}
	}
	return x.lookAgain(ctx, before)
}

// otherwise is the tie of an account that tonight's keys do not tie to the person: an earlier run linked it, or it is an orphan
// that is likely theirs.
func (x *emergency) otherwise(a *scanners.Account, was *lastLink, suggester *reconcile.Suggester) (reconcile.Tie, string) {
	if was != nil {
		return reconcile.TieMayHold, fmt.Sprintf("run %s linked it to them by %s; what it shows now does not", was.run, was.by)
	}
	v := x.engine.Judge(a)
	suggester.Suggest(&v)
	for _, s := range v.Suggestions {
		if slices.Contains(x.refs, s.Person.Ref()) {
			return reconcile.TieMayHold, fmt.Sprintf("nobody's by its keys; a guess, %d %%: %s", s.Percent, strings.Join(s.Reasons, "; "))
		}
	}
	return reconcile.TieNone, ""
}

// lastKnown lists what the last accepted run linked to the person, and for each source the last one in which it was complete.
func (x *emergency) lastKnown(ctx context.Context) (map[runstore.AccountKey]*lastLink, error) {
	latest, err := x.Store.LatestAccepted(ctx)
	if err != nil || latest == nil {
		if err == nil {
			x.warn("no run was accepted yet, so there are no last known accounts to compare with")
		}
		return map[runstore.AccountKey]*lastLink{}, err
	}
	runs := []*runstore.Info{latest}
	for _, source := range x.Config.Sources {
		_, info, err := x.Store.LastComplete(ctx, source.Name)
		if err != nil {
			return nil, err
		}
		if info != nil && !slices.ContainsFunc(runs, func(r *runstore.Info) bool { return r.ID == info.ID }) {
			runs = append(runs, info)
		}
	}
	slices.SortFunc(runs, func(a, b *runstore.Info) int { return b.AsOf.Compare(a.AsOf) })
	found := map[runstore.AccountKey]*lastLink{}
	for _, run := range runs {
		if err := x.knownBy(ctx, run.ID, found); err != nil {
			x.warn("what run %s knew of them cannot be read: %v", run.ID, err)
		}
	}
	return found, nil
}

// knownBy adds the accounts that a run linked to the person and that no later one did.
func (x *emergency) knownBy(ctx context.Context, run string, found map[runstore.AccountKey]*lastLink) error {
	folder, err := x.Store.Folder(ctx, run)
	if err != nil {
		return err
	}
	sources := map[string]bool{}
	for v, err := range folder.Verdicts() {
		if err != nil {
			return err
		}
		key := runstore.AccountKey{Source: v.Source, Account: v.Account}
		if x.isPerson(v.PersonSystem, v.Person) && found[key] == nil {
			found[key] = &lastLink{run: run, by: v.MatchedBy}
			sources[v.Source] = true
		}
	}
	for source := range sources {
		for a, err := range folder.Accounts(source) {
			if err != nil {
				return err
			}
			if k := found[runstore.AccountKey{Source: source, Account: a.ID}]; k != nil && k.run == run {
				k.account = a
			}
		}
	}
	return nil
}

// isPerson reports whether a run meant the person, whose id HR may have written with other leading zeros then.
func (x *emergency) isPerson(system, id string) bool {
	ref := reconcile.Fold(system + "/" + id)
	return slices.ContainsFunc(x.refs, func(r string) bool { return reconcile.Fold(r) == ref }) ||
		x.person.Former != "" && ref == reconcile.Fold(x.person.System+"/"+x.person.Former)
}

// lookAgain looks up, one by one, the accounts that only an earlier run knew.
func (x *emergency) lookAgain(ctx context.Context, before map[runstore.AccountKey]*lastLink) error {
	for key, was := range before {
		a, found, why := x.lookUp(ctx, key)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		seen := NotLookedAt
		switch {
		case found.IsNever() && x.believed(key.Source):
			seen = Gone
		case found.IsNever():
			why = "the look-up did not find it, and the source was not read completely or shows no account at all"
		case scanners.Is(found, true):
			seen, was.account = Now, a
		}
		if was.account == nil {
			was.account = &scanners.Account{System: key.Source, ID: key.Account}
		}
		tie, tied := x.engine.Tie(was.account, x.person)
		if tie == reconcile.TieNone {
			tie, tied = was.tie(seen)
		}
		x.add(was.account, tie, tied, seen, why, was)
	}
	return nil
}

// believed reports whether the source was read completely, so that what it does not show is not there. One that shows nothing at
// all is not believed: an account may have lost its rights to see.
func (x *emergency) believed(source string) bool {
	return slices.ContainsFunc(x.sources, func(s scanned) bool { return s.Name == source && s.Used > 0 && s.Coverage.Verdict.Complete() })
}

// tie is what an earlier run knew of an account that today's facts do not tie to the person. References and login rules may lead
// through accounts that nobody could read now, so only another owner's key speaks against it, and only when it was read now.
func (k *lastLink) tie(seen string) (reconcile.Tie, string) {
	by := fmt.Sprintf("run %s linked it to them by %s", k.run, k.by)
	switch {
	case k.by == "sponsor":
		return reconcile.TieAnswersFor, by
	case seen == Now && k.by != reconcile.KeyLogin:
		return reconcile.TieMayHold, by + "; what it shows now does not"
	default:
		return reconcile.TieHolds, by
	}
}

// lookUp asks the source for one account.
func (x *emergency) lookUp(ctx context.Context, key runstore.AccountKey) (*scanners.Account, scanners.Fact[bool], string) {
	i := slices.IndexFunc(x.Config.Sources, func(s config.Source) bool { return s.Name == key.Source })
	if i < 0 {
		return nil, scanners.Fact[bool]{}, fmt.Sprintf("%s has no source %q any more", x.Config.Path, key.Source)
	}
	source := x.Config.Sources[i]
	from, err := source.Connector.Accounts(source.Decode, x.env(source, func(scanners.Rejection) error { return nil }))
	if err != nil {
		return nil, scanners.Fact[bool]{}, firstLine(err)
	}
	one, can := from.(scanners.Lookup[scanners.Account])
	if !can {
		if x.sources[i].Coverage.Verdict.Complete() {
			return nil, scanners.Never[bool](), ""
		}
		return nil, scanners.Fact[bool]{}, x.sources[i].Coverage.Why
	}
	limited, cancel := x.limit(ctx)
	defer cancel()
	a, found, err := one.Lookup(limited, key.Account)
	switch {
	case err != nil:
		return nil, scanners.Fact[bool]{}, firstLine(err)
	case !scanners.Is(found, true):
		return nil, found, found.Reason
	}
	x.received(source)(&a)
	return &a, found, ""
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func (x *emergency) add(a *scanners.Account, tie reconcile.Tie, why, seen, seenWhy string, was *lastLink) {
	e := EmergencyAccount{Tie: tie, Why: why, Source: a.System, Account: a.ID, Login: a.Login(), Enabled: word(a.Enabled, "enabled", "disabled"),
		Privileged: word(a.Privileged, "yes", "no"), PrivilegedWhy: a.PrivilegedWhy, Kind: cmp.Or(string(a.Kind), string(scanners.KindPerson)),
		Grants: []string{}, Authority: a.Authority, Seen: seen, SeenWhy: seenWhy}
	if a.Kind == scanners.KindAdmin && e.Privileged != "yes" {
		e.Privileged, e.PrivilegedWhy = "yes", "an administrator's account"
	}
	for _, g := range a.Grants {
		e.Grants = append(e.Grants, cmp.Or(g.Name, g.ID))
	}
	if use, found := a.LastUse(); found {
		e.LastUse = use.At.Value
	}
	if was != nil {
		e.KnownBy = was.run
	}
	x.result.Accounts = append(x.result.Accounts, e)
}

func word(f scanners.Fact[bool], yes, no string) string {
	switch on, is := f.Get(); {
	case !is:
		return "unknown"
	case on:
		return yes
	default:
		return no
	}
}

// rank puts the accounts in the order in which to work. Unknown counts as the worse of the two.
func (x *emergency) rank() {
	ties := []reconcile.Tie{reconcile.TieHolds, reconcile.TieAnswersFor, reconcile.TieMayHold}
	worse := func(a EmergencyAccount) int {
		shut := a.Seen == Gone || a.Enabled == "disabled"
		return 4*last(shut) + slices.Index([]string{"yes", "unknown", "no"}, a.Privileged)
	}
	slices.SortFunc(x.result.Accounts, func(a, b EmergencyAccount) int {
		return cmp.Or(cmp.Compare(slices.Index(ties, a.Tie), slices.Index(ties, b.Tie)), cmp.Compare(last(a.Seen == Gone), last(b.Seen == Gone)),
			cmp.Compare(worse(a), worse(b)), cmp.Compare(len(b.Grants), len(a.Grants)), b.LastUse.Compare(a.LastUse),
			strings.Compare(a.Source, b.Source), strings.Compare(a.Account, b.Account))
	})
}

// last orders what is so behind what is not.
func last(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
