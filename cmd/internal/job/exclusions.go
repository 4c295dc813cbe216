package job

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// exclusionUse counts what each exclusion hid, those of rules after the global ones.
func exclusionUse(global []policies.Exclusion, rules []policies.Rule, f *found, now time.Time) []reports.ExclusionUse {
	hides, broad := map[string]int64{}, f.reach.TooBroad()
	for _, row := range f.rows {
		if row.Decision.Kind == policies.Excluded {
			hides[row.Decision.By]++
		}
	}
	all := slices.Clone(global)
	for _, rule := range rules {
		all = append(all, rule.Exclude...)
	}
	var use []reports.ExclusionUse
	for _, x := range all {
		use = append(use, reports.ExclusionUse{Exclusion: x, Hides: hides[x.ID], Matches: f.reach.Matched(x.ID),
			TooBroad: broad[x.ID], Expired: x.Expired(now)})
	}
	return use
}

// tellFailures counts the accounts to which a rule could not be applied, and puts them on the Coverage sheet.
func (t *attempt) tellFailures(sources []reports.Source, failures map[string]*ruleFailures) {
	for i := range sources {
		if f := failures[sources[i].Name]; f != nil && !sources[i].People {
			t.result.RuleFailures += f.accounts
			t.Log.Warn("a rule could not be applied", "source", sources[i].Name, "accounts", f.accounts, "first", f.first)
			sources[i].Coverage.Gaps = append(slices.Clone(sources[i].Coverage.Gaps), scanners.Gap{What: "rules of the policies",
				Cause: f.first, Effect: fmt.Sprintf("the rule decided nothing on %d accounts; see their decisions", f.accounts)})
		}
	}
}

// tellTooBroad puts on the Coverage sheet the exclusions that match too much and so hide nothing.
func tellTooBroad(sources []reports.Source, broad map[string]string) {
	i := slices.IndexFunc(sources, func(s reports.Source) bool { return !s.People })
	if i < 0 {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(broad)) {
		sources[i].Coverage.Gaps = append(slices.Clone(sources[i].Coverage.Gaps), scanners.Gap{What: "exclusion " + id,
			Cause: broad[id] + " and does not say broad: true", Effect: "it hides nothing, and what it matches is never due"})
	}
}
