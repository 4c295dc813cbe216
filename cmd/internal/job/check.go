package job

import (
	"context"
	"errors"
	"sync"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// CheckResult is what a check saw.
type CheckResult struct {
	People  []SourceResult `json:"people"`
	Sources []SourceResult `json:"sources"`
	// Issues are oddities of the people data that stop nothing.
	Issues []string `json:"issues"`
}

// nowhere is a sink that counts and keeps nothing.
type nowhere[R scanners.Record] struct {
	rows int64
	each func(*R)
}

func (n *nowhere[R]) Write(r *R) error {
	n.rows++
	if n.each != nil {
		n.each(r)
	}
	return nil
}

func (n *nowhere[R]) Close() (string, int64, error) { return "", n.rows, nil }
func (n *nowhere[R]) Discard()                      {}

// Check reads every source as a run would and applies the gates to the people side, but keeps nothing and judges nobody.
// last and history come from the run store, when there is one. A [*GateError] says that a run would be refused now.
func (j *Job) Check(ctx context.Context, last *Before, history reconcile.History) (*CheckResult, error) {
	t := &attempt{Job: j, started: j.Now().UTC(), asOf: j.Now().UTC()}
	t.gate = gate{gates: j.Config.Gates, last: last, asOf: t.asOf, now: t.started}
	var result CheckResult
	in := t.inputs()
	settings, err := in.settings()
	if err != nil {
		return &result, err
	}
	b := reconcile.NewRoster(settings, history)
	var mu sync.Mutex
	people, err := t.readAll(ctx, j.Config.People, func(ctx context.Context, source config.Source) (scanned, error) {
		return t.checkPeople(ctx, source, b, &mu)
	})
	for _, s := range people {
		result.People = append(result.People, sourceResult(s))
	}
	if err != nil {
		return &result, err
	}
	gateErr := peopleCoverage(people)
	roster := b.Build()
	for _, issue := range roster.Issues() {
		result.Issues = append(result.Issues, issue.Source+": "+issue.Text)
	}
	if gateErr == nil {
		gateErr = errors.Join(t.gate.peopleFiles(people), t.gate.departures(roster, j.Config), t.gate.roster(roster.Population()))
	}
	sources, err := t.readAll(ctx, j.Config.Sources, t.checkAccounts)
	for _, s := range sources {
		result.Sources = append(result.Sources, sourceResult(s))
	}
	return &result, errors.Join(err, gateErr)
}

func (t *attempt) checkPeople(ctx context.Context, source config.Source, b *reconcile.RosterBuilder, mu *sync.Mutex) (scanned, error) {
	var first []scanners.Rejection
	from, err := source.Connector.People(source.Decode, t.env(source, func(r scanners.Rejection) error {
		if len(first) == 0 {
			first = append(first, r)
		}
		return nil
	}))
	if err != nil {
		return t.unopened(source, err, true)
	}
	var mails int64
	out := &nowhere[scanners.Person]{each: func(p *scanners.Person) {
		if len(p.Mails) > 0 {
			mails++
		}
		mu.Lock()
		defer mu.Unlock()
		b.Add(*p)
	}}
	result, err := scan(ctx, t.Job, source, from, out, func(p *scanners.Person) []string {
		p.System = source.Name
		return []string{p.ID}
	})
	result.People, result.WithMail, result.Rejections = true, mails, first
	return result, err
}

func (t *attempt) checkAccounts(ctx context.Context, source config.Source) (scanned, error) {
	from, err := source.Connector.Accounts(source.Decode, t.env(source, func(scanners.Rejection) error { return nil }))
	if err != nil {
		return t.unopened(source, err, false)
	}
	return scan(ctx, t.Job, source, from, &nowhere[scanners.Account]{}, func(a *scanners.Account) []string {
		a.System = source.Name
		return append([]string{a.ID}, a.Logins...)
	})
}
