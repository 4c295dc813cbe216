package job

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// Simulation is what other rules and exclusions would have decided in a stored run.
type Simulation struct {
	Run      string    `json:"run"`
	AsOf     time.Time `json:"as_of"`
	Accounts int64     `json:"accounts"`
	// Before and After count decisions; "none" is left out.
	Before map[policies.DecisionKind]int64 `json:"before"`
	After  map[policies.DecisionKind]int64 `json:"after"`
	// TooBroad holds the exclusions that would have hidden nothing, and why.
	TooBroad map[string]string `json:"too_broad,omitempty"`
	// Changed lists the accounts on which they would have decided otherwise, by source and id.
	Changed []Simulated `json:"changed"`
}

// Simulated is one account on which other rules would have decided otherwise.
type Simulated struct {
	Source  string         `json:"source"`
	Account string         `json:"account"`
	Login   string         `json:"login"`
	Before  SimulatedStand `json:"before"`
	After   SimulatedStand `json:"after"`
	// Why is the sentence of the later decision.
	Why string `json:"why,omitempty"`
}

// SimulatedStand is a finding and its decision.
type SimulatedStand struct {
	Kind     reconcile.Kind        `json:"kind"`
	Decision policies.DecisionKind `json:"decision"`
	Due      time.Time             `json:"due,omitzero"`
	Rule     string                `json:"rule,omitempty"`
	// Stage is the last stage of a graceful rule whose date has come, Action what the decision asks for; known of the run for
	// decisions with stages only.
	Stage  string `json:"stage,omitempty"`
	Action string `json:"action,omitempty"`
}

// Simulate decides anew on every account of a stored run: facts, people and what earlier runs knew are those that the run
// sealed, rules, exclusions and holidays those of c. Nothing is kept. Memory grows with findings.
func Simulate(ctx context.Context, store *runstore.Store, info *runstore.Info, c *config.Config, rules []policies.Rule) (*Simulation, error) {
	folder, err := store.Folder(ctx, info.ID)
	if err != nil {
		return nil, err
	}
	s, err := Reopen(ctx, folder)
	if err != nil {
		return nil, err
	}
	if s.past, err = folder.Past(); err != nil {
		return nil, err
	}
	sim := &simulator{Sealed: s, store: store, info: info, stored: map[runstore.AccountKey]SimulatedStand{}, logins: map[runstore.AccountKey]string{},
		seen: map[runstore.AccountKey]runstore.Link{}, out: &Simulation{Run: info.ID, AsOf: s.Inputs.AsOf,
			Before: map[policies.DecisionKind]int64{}, After: map[policies.DecisionKind]int64{}, Changed: []Simulated{}}}
	sim.set = policies.Set{Rules: rules, Exclusions: c.Exclusions, Now: s.Inputs.AsOf, Zone: s.rules.Zone, Hold: s.Inputs.Thresholds.Hold, Planned: planned,
		Contact: contact(rules, s.roster)}
	if err := sim.judge(ctx); err != nil {
		return nil, err
	}
	if err := sim.before(); err != nil {
		return nil, err
	}
	if err := sim.lookBack(ctx); err != nil {
		return nil, err
	}
	sim.decide()
	return sim.out, nil
}

type simulator struct {
	*Sealed
	store *runstore.Store
	info  *runstore.Info
	set   policies.Set
	// found are the verdicts with a finding, under the rules to try.
	found []*reconcile.Verdict
	// stored are the findings and decisions of the run, logins the names of their accounts.
	stored map[runstore.AccountKey]SimulatedStand
	logins map[runstore.AccountKey]string
	// seen is to whom an earlier run linked accounts that had no finding in the run.
	seen map[runstore.AccountKey]runstore.Link
	out  *Simulation
}

func (s *simulator) judge(ctx context.Context) error {
	suggester := reconcile.NewSuggester(s.engine)
	reach := policies.NewReach(s.set.Exclusions, s.set.Rules, s.set.Now)
	err := s.each(ctx, func(a *scanners.Account) {
		v := s.engine.Judge(a)
		if why, selected := s.set.RuleMatch(&v); selected {
			s.engine.RuleMatch(&v, why)
		}
		s.out.Accounts++
		reach.Count(&v)
		if v.Kind != reconcile.KindNone {
			suggester.Suggest(&v)
			s.found = append(s.found, &v)
		}
	})
	s.set.TooBroad = reach.TooBroad()
	s.out.TooBroad = s.set.TooBroad
	return err
}

// before reads what the run decided.
func (s *simulator) before() error {
	for v, err := range s.folder.Verdicts() {
		if err != nil {
			return err
		}
		if v.Kind == reconcile.KindNone {
			continue
		}
		if v.Decision == policies.Held {
			v.Decision = policies.Due // limits are about the whole of a plan, and not tried here
		}
		s.stored[keyOf(v)] = SimulatedStand{Kind: v.Kind, Decision: v.Decision, Due: v.Due}
		s.logins[keyOf(v)] = v.Login
		s.out.Before[v.Decision]++
	}
	return s.stagesBefore()
}

// stagesBefore adds how far the run found the accounts in stages.
func (s *simulator) stagesBefore() error {
	for row, err := range s.folder.Reported() {
		if err != nil {
			return err
		}
		key := runstore.AccountKey{Source: row.Account.System, Account: row.Account.ID}
		if stand, found := s.stored[key]; found && row.Decision.Stages != nil {
			stand.Stage, stand.Action = row.Decision.Stages.Stage, row.Decision.Action
			s.stored[key] = stand
		}
	}
	return nil
}

// lookBack finds out whether earlier runs saw the accounts that had no finding in the run: it sealed nothing of their past.
func (s *simulator) lookBack(ctx context.Context) error {
	wanted := map[string]map[runstore.AccountKey]bool{} // by source
	for _, v := range s.found {
		if _, sealed := s.past[v.ID()]; !sealed {
			source := v.Account.System
			if wanted[source] == nil {
				wanted[source] = map[runstore.AccountKey]bool{}
			}
			wanted[source][runstore.AccountKey{Source: source, Account: v.Account.ID}] = true
		}
	}
	runs, err := s.store.AcceptedRuns(ctx)
	if err != nil {
		return err
	}
	for _, earlier := range runs {
		if !earlier.AsOf.Before(s.Inputs.AsOf) {
			continue
		}
		for _, source := range earlier.Sources {
			keys := wanted[source.Name]
			if source.People || keys == nil || !source.Coverage.Verdict.Complete() {
				continue
			}
			delete(wanted, source.Name) // the latest complete one answers
			folder, err := s.store.Folder(ctx, earlier.ID)
			if err != nil {
				return err
			}
			for link, err := range folder.Links() {
				if err != nil {
					return err
				}
				if keys[link.AccountKey] {
					s.seen[link.AccountKey] = link
				}
			}
		}
	}
	return nil
}

// known is what earlier runs knew of a finding.
func (s *simulator) known(v *reconcile.Verdict) policies.Past {
	if past, sealed := s.past[v.ID()]; sealed {
		return past
	}
	link, seen := s.seen[runstore.AccountKey{Source: v.Account.System, Account: v.Account.ID}]
	past := policies.Past{AccountSeen: seen, LinkSeen: seen && v.Person != nil && link.PersonSystem == v.Person.System && link.Person == v.Person.ID}
	for _, source := range s.info.Sources {
		if !source.People && source.Name == v.Account.System {
			past.SourceComplete = source.Coverage.Verdict.Complete()
		}
	}
	return past
}

func (s *simulator) decide() {
	for _, v := range s.found {
		key := runstore.AccountKey{Source: v.Account.System, Account: v.Account.ID}
		d, _ := s.set.Decide(v, s.known(v))
		s.out.After[d.Kind]++
		after := SimulatedStand{Kind: v.Kind, Decision: d.Kind, Due: d.Until, Rule: d.Rule}
		if d.Stages != nil {
			after.Stage, after.Action = d.Stages.Stage, d.Action
		}
		before := s.stored[key]
		delete(s.stored, key)
		if before.differs(after) {
			s.out.Changed = append(s.out.Changed, Simulated{key.Source, key.Account, v.Account.Login(), before, after, d.Why})
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(s.stored), compareKeys) {
		s.out.Changed = append(s.out.Changed, Simulated{Source: key.Source, Account: key.Account, Login: s.logins[key], Before: s.stored[key],
			After: SimulatedStand{Decision: policies.DecideNone}, Why: "no rule makes a finding of it"})
	}
	for i := range s.out.Changed {
		if c := &s.out.Changed[i]; c.Before.Kind == reconcile.KindNone {
			c.Before.Decision = policies.DecideNone
		}
	}
	slices.SortFunc(s.out.Changed, func(a, b Simulated) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Account, b.Account))
	})
}

// differs reports whether a decision would have been another. To the microsecond, as dates are stored.
func (s SimulatedStand) differs(o SimulatedStand) bool {
	return s.Kind != o.Kind || s.Decision != o.Decision || s.Stage != o.Stage || s.Action != o.Action ||
		!s.Due.Equal(o.Due.Truncate(time.Microsecond))
}

func compareKeys(a, b runstore.AccountKey) int {
	return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Account, b.Account))
}
