package job

import (
	"context"
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// tellLinks puts the entries of the link table that were not used, and those whose review is due, on the Coverage sheet.
func (t *attempt) tellLinks(sources []reports.Source) {
	if t.engine == nil {
		return
	}
	for _, issue := range t.engine.LinkIssues(t.complete) {
		i := slices.IndexFunc(sources, func(s reports.Source) bool { return s.Name == issue.Source })
		if i < 0 {
			continue // a source that this run was told not to read
		}
		effect := "the account finds its person by its keys"
		if strings.HasPrefix(issue.Text, "the review") {
			effect = "the account stays accepted"
		}
		sources[i].Coverage.Gaps = append(slices.Clone(sources[i].Coverage.Gaps),
			scanners.Gap{What: "link table", Cause: issue.Text + " (" + issue.Place + ")", Effect: effect})
	}
}

// complete reports whether the named account source was read completely in this run.
func (t *attempt) complete(source string) bool {
	i := slices.IndexFunc(t.sources, func(s scanned) bool { return s.Name == source })
	return i >= 0 && t.sources[i].Coverage.Verdict.Complete()
}

// unread lists the configured account sources that this run has not read completely, or not at all.
func (t *attempt) unread() (names []string) {
	for _, source := range t.Config.Sources {
		if !t.complete(source.Name) {
			names = append(names, source.Name)
		}
	}
	return names
}

// AccountIDs returns the immutable ids of the accounts of source that name means in a run: the id itself, or a login.
func AccountIDs(ctx context.Context, folder *runstore.Folder, source, name string) ([]string, error) {
	if !folder.Has(runstore.AccountsName(source)) {
		return nil, nil
	}
	var ids []string
	for a, err := range folder.Accounts(source) {
		switch {
		case err != nil:
			return nil, err
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case a.ID == name:
			return []string{a.ID}, nil
		case means(name, a):
			ids = append(ids, a.ID)
		}
	}
	return ids, nil
}
