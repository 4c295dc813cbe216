package job

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// Sealed is a finished run, opened again from its folder alone: the same inputs give the same verdicts.
type Sealed struct {
	Inputs Inputs
	folder *runstore.Folder
	rules  policies.Set
	past   map[string]policies.Past
	roster *reconcile.Roster
	engine *reconcile.Engine
}

// Reopen reads the sealed inputs of a run and rebuilds its roster and engine.
func Reopen(ctx context.Context, folder *runstore.Folder) (*Sealed, error) {
	s, err := unseal(folder)
	if err != nil {
		return nil, err
	}
	if err := s.each(ctx, s.engine.Survey); err != nil || !s.engine.NeedsResolve() {
		return s, err
	}
	return s, s.each(ctx, s.engine.Resolve)
}

// unseal rebuilds the people of a run, without a look at its accounts.
func unseal(folder *runstore.Folder) (*Sealed, error) {
	s := &Sealed{folder: folder}
	if err := readJSON(folder.Path(FileInputs), &s.Inputs); err != nil {
		return nil, err
	}
	settings, err := s.Inputs.settings()
	if err != nil {
		return nil, err
	}
	s.rules = s.Inputs.rules(settings.Zone)
	history, err := folder.History()
	if err != nil {
		return nil, err
	}
	b := reconcile.NewRoster(settings, history)
	for _, source := range s.Inputs.People {
		if err := s.addPeople(b, source); err != nil {
			return nil, err
		}
	}
	s.roster = b.Build()
	s.rules.Contact = contact(s.rules.Rules, s.roster)
	s.engine = reconcile.NewEngine(settings, s.roster)
	for _, system := range s.Inputs.Unread {
		s.engine.Unread(system)
	}
	return s, nil
}

func (s *Sealed) addPeople(b *reconcile.RosterBuilder, source string) error {
	for p, err := range s.folder.People(source) {
		if err != nil {
			return err
		}
		b.Add(*p)
	}
	for r, err := range s.folder.Rejected(source) {
		if err != nil {
			return err
		}
		if r.ID != "" || len(r.Keys) > 0 {
			b.Reserve(source, *r)
		}
	}
	return nil
}

func (s *Sealed) each(ctx context.Context, look func(*scanners.Account)) error {
	for _, source := range s.Inputs.Sources {
		if !s.folder.Has(runstore.AccountsName(source)) {
			continue
		}
		for a, err := range s.folder.Accounts(source) {
			if err != nil {
				return err
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			look(a)
		}
	}
	return nil
}

// Explanation tells everything that led to the verdict and the decision on one account.
type Explanation struct {
	reconcile.Explanation
	Decision policies.Decision
	// Rules says of each rule whether it selects the account, and by which clauses.
	Rules []RuleOutcome
	// Exclusions lists the exclusions that match, expired ones too.
	Exclusions []policies.Exclusion
}

// RuleOutcome is one rule as it was applied.
type RuleOutcome struct {
	Rule    policies.Rule
	Selects bool
	Clauses []policies.Clause
}

// Explain returns the explanation of every account that name means: an immutable id or a login, alone or after
// "source/". It is empty when the run saw no such account.
func (s *Sealed) Explain(ctx context.Context, name string) ([]Explanation, error) {
	var accounts []*scanners.Account
	err := s.each(ctx, func(a *scanners.Account) {
		if means(name, a) {
			accounts = append(accounts, a)
		}
	})
	if err != nil || len(accounts) == 0 {
		return nil, err
	}
	var list []Explanation
	suggester := reconcile.NewSuggester(s.engine)
	for _, a := range accounts {
		x := Explanation{Explanation: s.engine.Explain(a)}
		if why, selected := s.rules.RuleMatch(&x.Verdict); selected {
			s.engine.RuleMatch(&x.Verdict, why)
		}
		suggester.Suggest(&x.Verdict)
		x.Decision, err = s.decision(&x.Verdict)
		if err != nil {
			return nil, err
		}
		for _, rule := range s.Inputs.Rules {
			x.Rules = append(x.Rules, RuleOutcome{rule, rule.InForce(s.Inputs.AsOf) && x.Verdict.Kind != reconcile.KindNone &&
				rule.Trigger.Selects(&x.Verdict, s.Inputs.AsOf), rule.Trigger.Clauses(&x.Verdict, s.Inputs.AsOf)})
		}
		for _, e := range s.Inputs.Exclusions {
			if e.Matches(&x.Verdict) {
				x.Exclusions = append(x.Exclusions, e)
			}
		}
		list = append(list, x)
	}
	return list, nil
}

// Findings returns the rows of the accounts with a finding that name means in a run: an immutable id or a login, alone or
// after "source/". An id comes before logins.
func Findings(folder *runstore.Folder, name string) ([]reports.Row, error) {
	var list []reports.Row
	for row, err := range folder.Reported() {
		switch {
		case err != nil:
			return nil, err
		case row.Kind == reconcile.KindNone:
		case name == row.Account.System+"/"+row.Account.ID:
			return []reports.Row{row}, nil
		case means(name, row.Account):
			list = append(list, row)
		}
	}
	return list, nil
}

// means compares without regard to case, as people type logins.
func means(name string, a *scanners.Account) bool {
	if source, rest, found := strings.Cut(name, "/"); found && source == a.System && means(rest, a) {
		return true
	}
	folded := reconcile.Fold(name)
	for _, own := range append([]string{a.ID, a.DN}, a.Logins...) {
		if own != "" && reconcile.Fold(own) == folded {
			return true
		}
	}
	return false
}

// Decide decides anew on a verdict of the run, with what earlier runs knew of its finding.
func (s *Sealed) Decide(v *reconcile.Verdict) (policies.Decision, error) {
	if s.past == nil {
		var err error
		if s.past, err = s.folder.Past(); err != nil {
			return policies.Decision{}, err
		}
	}
	d, _ := s.rules.Decide(v, s.past[v.ID()])
	return d, nil
}

// decision is the one that the run made and stored.
func (s *Sealed) decision(v *reconcile.Verdict) (policies.Decision, error) {
	for row, err := range s.folder.Reported() {
		if err != nil {
			return policies.Decision{}, err
		}
		if row.Account.System == v.Account.System && row.Account.ID == v.Account.ID {
			v.Situation = row.Situation
			return row.Decision, nil
		}
	}
	return policies.Decision{Kind: policies.DecideNone}, nil
}

func readJSON(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
