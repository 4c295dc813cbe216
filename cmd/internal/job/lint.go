package job

import (
	"context"
	"fmt"
	"slices"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/scanners"
)

// LintRun compares the exclusions, global ones and those of rules, with the accounts of a stored run: those that match too
// much of a system would hide nothing, those that match nobody are not needed any more. Stages may name rights that no account
// holds.
func LintRun(ctx context.Context, folder *runstore.Folder, c *config.Config, rules []policies.Rule) (tooBroad, unused []policies.Remark, err error) {
	s, err := Reopen(ctx, folder)
	if err != nil {
		return nil, nil, err
	}
	reach := policies.NewReach(c.Exclusions, rules, s.Inputs.AsOf)
	named := policies.NewNamed(rules)
	if err := s.each(ctx, func(a *scanners.Account) {
		v := s.engine.Judge(a)
		reach.Count(&v)
		named.Count(a)
	}); err != nil {
		return nil, nil, err
	}
	for _, r := range named.Unmatched() {
		r.Text += " of run " + folder.ID
		unused = append(unused, r)
	}
	all := slices.Clone(c.Exclusions)
	for _, r := range rules {
		all = append(all, r.Exclude...)
	}
	broad := reach.TooBroad()
	for _, x := range all {
		if x.Expired(s.Inputs.AsOf) {
			continue
		}
		if why, found := broad[x.ID]; found {
			tooBroad = append(tooBroad, policies.Remark{Place: x.Place, About: x.ID,
				Text: fmt.Sprintf("%s in run %s: it would hide nothing without broad: true", why, folder.ID)})
		} else if reach.Matched(x.ID) == 0 {
			unused = append(unused, policies.Remark{Place: x.Place, About: x.ID, Text: "matches no account of run " + folder.ID})
		}
	}
	return tooBroad, unused, nil
}
