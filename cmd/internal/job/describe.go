package job

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// describe fills in everything of the report but its rows.
func (t *attempt) describe(ctx context.Context) reports.Report {
	c := t.Config
	r := reports.Report{
		Organisation: c.Organisation, Run: t.result.Run, AsOf: t.asOf, Started: t.started, Ended: t.Now().UTC(),
		Zone: c.Timezone, Tool: t.Tool, Commit: t.Commit, Operator: t.Operator, Host: t.Host,
		Config: filepath.Base(c.Path), ConfigDigest: c.Digest(), PolicyDigest: policyDigest(t.Rules),
		Mode:       "Detect only – nothing was changed",
		Thresholds: c.Thresholds, Gates: t.gate.results, Rules: t.Rules, Scratch: t.run.Dir(), Planned: t.planned,
	}
	if log := t.run.LogBefore(); log.Size > 0 {
		r.LogSize, r.LogRoot = log.Size, log.RootText()
	}
	for _, list := range [][]scanned{t.people, t.sources} {
		for _, s := range list {
			r.Sources = append(r.Sources, s.Source)
		}
	}
	if t.result.Status != Refused {
		r.Sources = append(r.Sources, t.unreadSources()...)
	}
	if len(t.result.Held) > 0 {
		r.Mode += "; the plan is held by " + strings.Join(t.result.Held, ", ")
	}
	r.Unmoved = t.result.Kept
	if t.result.Kept != "" {
		r.Mode += "; history and clocks did not move: " + t.result.Kept
	}
	t.tellOverrides(r.Sources)
	t.tellLinks(r.Sources)
	if t.roster != nil {
		tellPeople(r.Sources, t.roster.Issues())
		p := t.roster.Population()
		r.Population = reports.Population{
			Rows: p.Rows, Merged: p.Merged, People: p.Rows - p.Merged, Employed: p.Employed, Ended: p.Ended, Prehire: p.Prehire,
			OnLeave: p.OnLeave, Suspended: p.Suspended, Remembered: p.Remembered, UpcomingEnds: p.UpcomingEnds,
		}
	}
	previous, err := t.Store.PreviousTotals(ctx, trendRuns)
	if err != nil {
		t.Log.Warn("the trend of earlier runs is left out of the report", "error", err)
	}
	r.Previous = previous
	return r
}

// unreadSources lists the configured sources that this run was told to leave out, so that the report does not pass over them.
func (t *attempt) unreadSources() []reports.Source {
	var list []reports.Source
	for _, source := range t.Config.Sources {
		if slices.ContainsFunc(t.chosen, func(s config.Source) bool { return s.Name == source.Name }) {
			continue
		}
		list = append(list, reports.Source{Name: source.Name, Kind: source.Connector.Name,
			Coverage: scanners.Coverage{Why: "this run was told to leave it out (--source)"}})
	}
	return list
}

// tellOverrides puts every gate that an override opened tonight on the Coverage sheet, with its owner, reason and end.
func (t *attempt) tellOverrides(sources []reports.Source) {
	for _, g := range t.gate.results {
		if g.Result != reports.GateOpened {
			continue
		}
		i := max(0, slices.IndexFunc(sources, func(s reports.Source) bool { return s.Name == g.Source }))
		sources[i].Coverage.Gaps = append(slices.Clone(sources[i].Coverage.Gaps), scanners.Gap{What: "gate " + g.Name,
			Cause:  fmt.Sprintf("%s; opened by %s until %s (%s): %s", g.Measured, g.Owner, g.Until.UTC().Format(time.DateOnly), g.Place, g.Reason),
			Effect: "what the gate would have stopped went through"})
	}
}

// maxOddities is how many oddities of one people source the Coverage sheet lists one by one.
const maxOddities = 20

// tellPeople puts what is odd about the people data, and stops nothing, on the Coverage sheet.
func tellPeople(sources []reports.Source, issues []reconcile.Issue) {
	told := map[string]int{}
	for _, issue := range issues {
		i := slices.IndexFunc(sources, func(s reports.Source) bool { return s.People && s.Name == issue.Source })
		if i < 0 {
			continue // about people remembered from a source that is not read any more
		}
		cause := issue.Text
		if issue.Place != "" {
			cause += " (" + issue.Place + ")"
		}
		told[issue.Source]++
		switch n := told[issue.Source]; {
		case n == maxOddities+1:
			cause = "further oddities of this kind; `leaver check` lists all"
		case n > maxOddities:
			continue
		}
		sources[i].Coverage.Gaps = append(slices.Clone(sources[i].Coverage.Gaps),
			scanners.Gap{What: "people data", Cause: cause, Effect: "it stops nothing; the verdicts on their accounts say what follows from it"})
	}
}

// trendRuns is how many earlier runs the trend of the report shows.
const trendRuns = 11

func policyDigest(rules []policies.Rule) string {
	h := sha256.New()
	for _, r := range rules {
		fmt.Fprintf(h, "%s %s\n", r.Name, r.Digest)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// keepUse lists the decisions to keep beside the exclusions, those too that ended tonight.
func keepUse(l *ledger, rows []*reports.Row, now time.Time) []reports.ExclusionUse {
	holds := map[string]bool{}
	for _, row := range rows {
		if row.Decision.Kind == policies.Keep {
			holds[row.ID()] = true
		}
	}
	var use []reports.ExclusionUse
	for _, k := range l.keeps {
		one := reports.ExclusionUse{Exclusion: policies.Exclusion{ID: "keep " + k.Finding, Source: k.System, Account: k.Account, Owner: k.By,
			Approver: k.Second, Reason: k.Reason, Created: k.At, Expires: k.Until}, Expired: !now.Before(k.Until)}
		if holds[k.Finding] {
			one.Hides = 1
		}
		if i := slices.IndexFunc(l.over, func(o runstore.KeepOver) bool { return o.Finding == k.Finding }); i >= 0 {
			one.Reason += " – ended in this run: " + l.over[i].Why
		}
		use = append(use, one)
	}
	return use
}

// breakGlassUse lists the emergency accounts beside the exclusions: they never get a finding, and every report says so.
func (t *attempt) breakGlassUse() []reports.ExclusionUse {
	var use []reports.ExclusionUse
	for i, b := range t.Config.BreakGlass {
		state := cmp.Or(t.emergency[i], "NOT SEEN in this run")
		use = append(use, reports.ExclusionUse{Exclusion: policies.Exclusion{ID: fmt.Sprintf("break-glass %d", i+1), Source: b.Source,
			Account: b.Account, Owner: b.Owner, Reason: strings.TrimSpace(b.Reason + " – " + state), Place: b.Place}})
	}
	return use
}
