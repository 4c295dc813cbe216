package job

import (
	"context"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// census counts what limits are a share of, while accounts are judged.
type census struct{ policies.Census }

func newCensus() census {
	return census{policies.Census{Accounts: map[string]int64{}, Privileged: map[string]int64{}, People: map[string]int64{}}}
}

func (c *census) count(v *reconcile.Verdict) {
	if scanners.Is(v.Account.Enabled, false) {
		return
	}
	c.Accounts[v.Account.System]++
	if v.Flags.Has(reconcile.Privileged) || scanners.Is(v.Account.Privileged, true) {
		c.Privileged[v.Account.System]++
	}
}

// baselines say since when the limits on what is new count: since the last accepted run, or, while one of them has been
// exceeded and nobody has lifted it, since the night before. Otherwise a flood would pass by itself on its second night.
type baselines struct {
	last    time.Time
	pending map[string]time.Time
}

func (b *baselines) of(limit string) time.Time {
	if at, pending := b.pending[limit]; pending {
		return at
	}
	return b.last
}

// note writes into the plan since when its limits count.
func (b *baselines) note(p *policies.Plan) {
	for i := range p.Limits {
		m := &p.Limits[i]
		if b != nil && (m.Limit == policies.LimitFindings || m.Limit == policies.LimitExclusions) && m.State != policies.LimitOff && m.State != policies.LimitNoBaseline {
			m.Since = b.of(m.Name())
		}
	}
}

// since finds the baselines in the plan of the last accepted run.
func (t *attempt) since(ctx context.Context, last *runstore.Info) (*baselines, error) {
	b := &baselines{last: last.AsOf, pending: map[string]time.Time{}}
	folder, err := t.Store.Folder(ctx, last.ID)
	if err != nil || !folder.Has(FilePlan) {
		return b, nil //nolint:nilerr // nothing is known of a limit that was exceeded before
	}
	before, err := Plan(folder)
	if err != nil {
		return nil, err
	}
	lifts, err := t.Store.Lifts(ctx, before.Digest)
	if err != nil {
		return nil, err
	}
	for _, m := range before.Limits {
		if exceeded := m.State == policies.LimitHolds || m.State == policies.LimitIdle; exceeded && !m.Since.IsZero() && !passed(lifts, m, before) {
			b.pending[m.Name()] = m.Since
		}
	}
	return b, nil
}

func passed(lifts []policies.Lift, m policies.Measured, plan *policies.Plan) bool {
	for i := range lifts {
		if m.State == policies.LimitHolds && lifts[i].Passes(m.Tripped, plan.Digest) {
			return true
		}
	}
	return false
}

// finishCensus fills in what the census can only know once every decision is made. The baselines are nil on a first run.
func (t *attempt) finishCensus(ctx context.Context, f *found) (*baselines, error) {
	t.roster.People(func(p *reconcile.Person) {
		if p.Department != "" {
			f.census.People[p.Department]++
		}
	})
	f.census.Findings = int64(len(f.findings))
	last, err := t.Store.LatestAccepted(ctx)
	if err != nil || last == nil {
		return nil, err
	}
	since, err := t.since(ctx, last)
	if err != nil {
		return nil, err
	}
	t.countFindings(f, since)
	return since, t.countExclusions(ctx, f, since)
}

// countFindings counts the findings that are new in each source that an earlier run read completely.
func (t *attempt) countFindings(f *found, since *baselines) {
	f.census.NewFindings = map[string]int64{}
	baseline := map[string]time.Time{}
	for _, s := range t.sources {
		if _, read := t.gate.before(s.Name); read {
			f.census.NewFindings[s.Name], baseline[s.Name] = 0, since.of(policies.LimitFindings+":"+s.Name)
		}
	}
	for _, row := range f.rows {
		at, read := baseline[row.Account.System]
		if first := row.Decision.FirstSeen; read && row.Kind != reconcile.KindNone && (first.Equal(t.asOf) || first.After(at)) {
			f.census.NewFindings[row.Account.System]++
		}
	}
}

// countExclusions counts the findings that are excluded tonight, and were not at the baseline: in the last run that read their
// source completely, so that an outage makes no exclusion new, or in the run of the given as-of while the limit is exceeded.
// When such a run is not there any more, all of them count.
func (t *attempt) countExclusions(ctx context.Context, f *found, since *baselines) error {
	excluded := map[string]map[string]bool{} // by source, then finding
	for _, row := range f.rows {
		if row.Decision.Kind == policies.Excluded {
			if excluded[row.Account.System] == nil {
				excluded[row.Account.System] = map[string]bool{}
			}
			excluded[row.Account.System][row.ID()] = true
		}
	}
	if t.Config.Limits.ExclusionsNew.Off {
		return nil
	}
	for source, findings := range excluded {
		folder, err := t.excludedBefore(ctx, source, since)
		if err != nil {
			t.Log.Warn("every exclusion counts as new for the limits: what an earlier run excluded is not known", "source", source, "error", err)
		} else if err := dropExcluded(folder, source, findings); err != nil {
			return err
		}
		f.census.NewExclusions += int64(len(findings))
	}
	return nil
}

// excludedBefore opens the folder of the run that tells what was excluded in a source at the baseline.
func (t *attempt) excludedBefore(ctx context.Context, source string, since *baselines) (*runstore.Folder, error) {
	if at, pending := since.pending[policies.LimitExclusions]; pending {
		return t.folderOf(ctx, at)
	}
	_, run, err := t.Store.LastComplete(ctx, source)
	if err == nil && run == nil {
		err = runstore.ErrNoRun
	}
	if err != nil {
		return nil, err
	}
	return t.Store.Folder(ctx, run.ID)
}

// dropExcluded takes out of findings those that a run excluded.
func dropExcluded(folder *runstore.Folder, source string, findings map[string]bool) error {
	for v, err := range folder.Findings() {
		if err != nil {
			return err
		}
		if v.Source == source && v.Decision == policies.Excluded {
			delete(findings, v.ID())
		}
	}
	return nil
}

// folderOf opens the folder of the accepted run of an as-of.
func (t *attempt) folderOf(ctx context.Context, asOf time.Time) (*runstore.Folder, error) {
	runs, err := t.Store.AcceptedRuns(ctx)
	if err != nil {
		return nil, err
	}
	for i := range runs {
		if runs[i].AsOf.Equal(asOf) {
			return t.Store.Folder(ctx, runs[i].ID)
		}
	}
	return nil, runstore.ErrNoRun
}
