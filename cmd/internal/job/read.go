package job

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// readPeople scans the authoritative sources into the run folder and applies the gates that look at each by itself.
func (t *attempt) readPeople(ctx context.Context) error {
	var err error
	reserved := make([][]scanners.Rejection, len(t.Config.People))
	t.people, err = t.readAll(ctx, t.Config.People, func(ctx context.Context, source config.Source) (scanned, error) {
		i := slices.IndexFunc(t.Config.People, func(s config.Source) bool { return s.Name == source.Name })
		var result scanned
		var err error
		result, reserved[i], err = t.readPeopleOf(ctx, source)
		return result, err
	})
	for i, s := range t.people {
		t.reserved[s.Name] = reserved[i]
		t.result.People.Sources = append(t.result.People.Sources, sourceResult(s))
	}
	if err != nil {
		return err
	}
	t.gate.peopleCoverage(t.people)
	return t.gate.stopped()
}

// readPeopleOf scans one people source; it returns the rejected rows whose keys are readable as well.
func (t *attempt) readPeopleOf(ctx context.Context, source config.Source) (scanned, []scanners.Rejection, error) {
	kept, err := t.rejects(source.Name, true)
	if err != nil {
		return scanned{}, nil, err
	}
	defer kept.out.Discard()
	from, err := source.Connector.People(source.Decode, t.env(source, kept.add))
	if err != nil {
		result, err := t.unopened(source, err, true)
		return result, nil, err
	}
	out, err := t.run.CreatePeople(source.Name)
	if err != nil {
		return scanned{}, nil, err
	}
	defer out.Discard()
	result, err := scan(ctx, t.Job, source, from, out, func(p *scanners.Person) []string {
		p.System = source.Name
		return append(append([]string{p.ID}, p.OtherIDs...), p.Mails...)
	})
	result.People, result.Rejections, result.Snapshot = true, kept.first, runstore.PeopleName(source.Name)
	return result, kept.reserved, errors.Join(err, kept.close())
}

// buildRoster joins tonight's people with the remembered ones and applies the gates that look at the whole. Whether they
// stop the run, the caller asks.
func (t *attempt) buildRoster(ctx context.Context) error {
	history, err := t.Store.History(ctx)
	if err != nil {
		return err
	}
	if t.result.Status == Kept {
		history = historyBefore(history, t.asOf)
	}
	// What the run was given is sealed here, so that it need not stay in memory.
	if err := t.run.WriteHistory(history); err != nil {
		return err
	}
	in := t.inputs()
	settings, err := in.settings()
	if err != nil {
		return err
	}
	known := livesOf(history)
	b := reconcile.NewRoster(settings, history)
	for i := range t.people {
		s := &t.people[i]
		if s.SnapshotDigest == "" {
			continue // nothing came of it, which stops every run, and no emergency
		}
		for p, err := range t.run.People(s.Name) {
			if err != nil {
				return err
			}
			s.describe(p)
			b.Add(*p)
		}
		for _, r := range t.reserved[s.Name] {
			b.Reserve(s.Name, r)
		}
	}
	t.roster = b.Build()
	p := t.roster.Population()
	t.result.People.Rows, t.result.People.Employed, t.result.People.Ended = p.Rows, p.Employed, p.Ended
	t.result.People.Prehire, t.result.People.Remembered = p.Prehire, p.Remembered
	t.gate.peopleFiles(t.people)
	t.gate.people(t, known)
	t.engine = reconcile.NewEngine(settings, t.roster)
	return nil
}

// describe counts what the gates compare from night to night.
func (s *scanned) describe(p *scanners.Person) {
	if len(p.Mails) > 0 {
		s.WithMail++
	}
	if p.Manager != "" {
		s.WithManager++
	}
	if s.IDForms == nil {
		s.IDForms = map[string]int64{}
	}
	countForm(s.IDForms, p.ID)
}

// historyBefore leaves out what only later runs knew, for a run that looks at an earlier night.
func historyBefore(h reconcile.History, asOf time.Time) reconcile.History {
	h.People = slices.DeleteFunc(h.People, func(p reconcile.PastPerson) bool { return !p.FirstSeen.Before(asOf) })
	for i := range h.People {
		if p := &h.People[i]; p.InferredSince.After(asOf) {
			p.Misses, p.InferredSince = 0, time.Time{}
		}
		if p := &h.People[i]; p.EndShown.After(asOf) {
			p.EndShown = time.Time{}
		}
	}
	return h
}

// readAccounts scans the account sources side by side.
func (t *attempt) readAccounts(ctx context.Context) error {
	var err error
	t.emergency = make([]string, len(t.Config.BreakGlass))
	t.classified = make([]atomic.Int64, len(t.Config.Correlation.Classifier))
	t.sources, err = t.readAll(ctx, t.chosen, t.readAccountsOf)
	for i := range t.sources {
		t.gate.accountFile(&t.sources[i])
		t.result.Sources = append(t.result.Sources, sourceResult(t.sources[i]))
	}
	return err
}

// readAccountsOf scans one account source.
func (t *attempt) readAccountsOf(ctx context.Context, source config.Source) (scanned, error) {
	kept, err := t.rejects(source.Name, false)
	if err != nil {
		return scanned{}, err
	}
	defer kept.out.Discard()
	from, err := source.Connector.Accounts(source.Decode, t.env(source, kept.add))
	if err != nil {
		return t.unopened(source, err, false)
	}
	out, err := t.run.CreateAccounts(source.Name)
	if err != nil {
		return scanned{}, err
	}
	defer out.Discard()
	result, err := scan(ctx, t.Job, source, from, out, t.received(source))
	result.Rejections, result.Snapshot = kept.first, runstore.AccountsName(source.Name)
	return result, errors.Join(err, kept.close())
}

// received completes an account that a source emits by what the configuration knows, and returns by what a canary may name it.
func (t *attempt) received(source config.Source) func(*scanners.Account) []string {
	breakGlass := t.breakGlass(source.Name)
	return func(a *scanners.Account) []string {
		a.System = source.Name
		if rule := t.Config.Classify(a); rule >= 0 {
			t.classified[rule].Add(1)
		}
		names := append([]string{a.ID}, a.Logins...)
		for _, name := range names {
			if i, listed := breakGlass[reconcile.Fold(name)]; listed {
				a.Kind, a.KindWhy = scanners.KindBreakGlass, "break_glass list of "+t.Config.Path
				t.emergency[i] = stateOf(a) + tested(a, t.Config.BreakGlass[i].TestWithin, t.asOf)
			}
		}
		return append(names, a.Mails...)
	}
}

// breakGlass returns the emergency accounts of a source: folded id or login, and the index in the configuration.
func (t *attempt) breakGlass(source string) map[string]int {
	set := map[string]int{}
	for i, b := range t.Config.BreakGlass {
		if b.Source == source {
			set[reconcile.Fold(b.Account)] = i
		}
	}
	return set
}

// emergencyReady is the state of an emergency account that is as it should be.
const emergencyReady = "seen, enabled"

func stateOf(a *scanners.Account) string {
	switch on, known := a.Enabled.Get(); {
	case !known:
		return "seen, state unknown"
	case on:
		return emergencyReady
	default:
		return "seen, DISABLED: it will not help in an emergency"
	}
}

// tested says whether an emergency account was used lately enough; empty when nobody asks.
func tested(a *scanners.Account, within time.Duration, now time.Time) string {
	if within == 0 {
		return ""
	}
	use, _ := a.LastUse()
	at, known := use.At.Get()
	switch {
	case !known:
		return "; NOT KNOWN to have been tried: its last use cannot be read, or there was none"
	case now.Sub(at) > within:
		return "; NOT TRIED since " + at.UTC().Format(time.DateOnly)
	default:
		return "; tried on " + at.UTC().Format(time.DateOnly)
	}
}

// unopened is the outcome for a source whose connector could not even start: fatal when the configuration is wrong, blind
// when it is a matter of the outside world, such as a secret that is not there.
func (t *attempt) unopened(source config.Source, err error, people bool) (scanned, error) {
	s := scanned{Source: reports.Source{Name: source.Name, Kind: source.Connector.Name, People: people, ReadAt: t.Now().UTC()}, err: err}
	s.Coverage = settle(scanners.Coverage{}, err, 0, source.Canaries, nil)
	return s, configError(source, err)
}
