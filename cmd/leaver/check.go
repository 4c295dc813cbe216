package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reconcile"
)

func (a *app) checkCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Try configuration, reach, rights and today's gates; find nothing, write nothing",
		Long: `Reads the configuration and the rules, then every source as a run would, and says how complete each was and whether
a gate would stop a run now. Nothing is judged and nothing is kept.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.check(cmd.Context(), asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func (a *app) check(ctx context.Context, asJSON bool) error {
	c, rules, err := a.ready()
	if err != nil {
		return err
	}
	last, history, err := lastRun(ctx, c)
	if err != nil {
		return err
	}
	j := a.job(c, rules, nil)
	result, err := j.Check(ctx, last, history)
	j.Progress.Close()
	if printErr := a.printCheck(result, len(rules), asJSON); printErr != nil {
		return errors.Join(err, printErr)
	}
	a.code = sourcesCode(result.Sources)
	return err
}

// lastRun reads what the gates compare with; nothing when there is no state yet, which a check must not create.
func lastRun(ctx context.Context, c *config.Config) (*job.Before, reconcile.History, error) {
	if _, err := os.Stat(filepath.Join(c.State, runstore.Database)); errors.Is(err, fs.ErrNotExist) {
		return nil, reconcile.History{}, nil
	}
	store, err := runstore.Open(c.State)
	if err != nil {
		return nil, reconcile.History{}, err
	}
	defer store.Close()
	last, err := job.LastAccepted(ctx, store, c)
	if err != nil {
		return nil, reconcile.History{}, err
	}
	history, err := store.History(ctx)
	return last, history, err
}

func (a *app) printCheck(r *job.CheckResult, rules int, asJSON bool) error {
	if asJSON {
		return printJSON(a.out, r)
	}
	fmt.Fprintf(a.out, "configuration is right, %d rules\n", rules)
	for _, list := range []struct {
		what    string
		sources []job.SourceResult
	}{{"people", r.People}, {"accounts", r.Sources}} {
		for _, s := range list.sources {
			fmt.Fprintf(a.out, "  %-9s %-16s %8d records  %s\n", list.what, s.Name, s.Read, s.Coverage)
			if s.Why != "" {
				fmt.Fprintf(a.out, "  %-9s %-16s %s\n", "", "", s.Why)
			}
		}
	}
	for _, issue := range r.Issues {
		fmt.Fprintf(a.out, "  note: %s\n", issue)
	}
	return nil
}
