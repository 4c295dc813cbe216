package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reports"
)

func (a *app) checkCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Try configuration, reach and today's gates; find nothing, write nothing",
		Long: `Reads the configuration and the rules, then every source as a run would, and says how complete each was, how every gate
stands now with its numbers, and which entries of the link table, rules and exclusions do nothing. The state is only read:
what the check reads stands in a private temporary folder while it works, and is removed again.`,
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
	j := a.job(c, rules, nil)
	if _, err := os.Stat(filepath.Join(c.State, runstore.Database)); err == nil {
		if j.Store, err = runstore.Open(c.State); err != nil {
			return err
		}
		defer j.Store.Close()
	}
	result, err := j.Check(ctx)
	j.Progress.Close()
	result.Notes = append(result.Notes, notifyNotes(c)...)
	if printErr := a.printCheck(result, len(rules), asJSON); printErr != nil {
		return errors.Join(err, printErr)
	}
	a.code = sourcesCode(result.Sources)
	return err
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
				for _, line := range strings.Split(s.Why, "\n") {
					fmt.Fprintf(a.out, "  %-9s %-16s %s\n", "", "", reports.Visible(line))
				}
			}
		}
	}
	if r.Kept != "" {
		fmt.Fprintf(a.out, "a run now would move neither history nor clocks: %s\n", r.Kept)
	}
	if err := printGates(a.out, r.Gates); err != nil {
		return err
	}
	if len(r.Notes) > 0 {
		fmt.Fprintln(a.out, "notes, which stop nothing")
	}
	for _, n := range r.Notes {
		where := n.Topic
		if n.Source != "" {
			where += ", " + n.Source
		}
		place := ""
		if n.Place != "" {
			place = " (" + n.Place + ")"
		}
		fmt.Fprintf(a.out, "  %s: %s%s\n", where, reports.Visible(n.Text), reports.Visible(place))
	}
	return nil
}

// printGates writes one line for each gate; those without a baseline share one.
func printGates(w io.Writer, gates []reports.Gate) error {
	fmt.Fprintln(w, "gates")
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	var unborn []string
	for _, g := range gates {
		source := cmp.Or(g.Source, "all people")
		if g.Result == reports.GateNoBaseline {
			unborn = append(unborn, g.Name+" ("+source+")")
			continue
		}
		more := ""
		if g.Limit != "" {
			more = "; the limit is " + g.Limit
		}
		if g.Owner != "" {
			more += fmt.Sprintf("; opened by %s until %s: %s", g.Owner, g.Until.UTC().Format(time.DateOnly), g.Reason)
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", g.Result, g.Name, source, reports.Visible(g.Measured+more))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(unborn) > 0 {
		fmt.Fprintf(w, "  no baseline: no accepted run to compare with for %s\n", strings.Join(unborn, ", "))
	}
	return nil
}
