package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
)

func (a *app) diffCommand() *cobra.Command {
	var asJSON, all bool
	cmd := &cobra.Command{
		Use:   "diff [RUN [RUN]]",
		Short: "Tell what changed between two runs, the last two accepted ones by default",
		Long: `Compares the findings of two runs by their ids, which survive a new login and an escalation. With one RUN it is
compared with the last accepted run; of two the earlier comes first. A finding counts as fixed only when the later run read
its source completely; otherwise it was not seen, which says nothing.`,
		Example: `  leaver diff
  leaver diff --json | jq -r '.changes[] | select(.change == "reopened") | [.source, .login, .why] | @tsv'`,
		Args: args(cobra.MaximumNArgs(2)),
		RunE: func(cmd *cobra.Command, names []string) error { return a.diff(cmd.Context(), names, asJSON, all) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object, with persisting findings too")
	cmd.Flags().BoolVar(&all, "all", false, "list persisting findings too")
	return cmd
}

func (a *app) diff(ctx context.Context, names []string, asJSON, all bool) error {
	_, store, err := a.store()
	if err != nil {
		return err
	}
	defer store.Close()
	from, to, err := twoRuns(ctx, store, names)
	if err != nil {
		return err
	}
	d, err := job.Diff(ctx, store, from, to)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(a.out, d)
	}
	return printDiff(a.out, d, all)
}

// twoRuns finds the runs to compare, the earlier first.
func twoRuns(ctx context.Context, store *runstore.Store, names []string) (from, to *runstore.Info, err error) {
	var runs [2]*runstore.Info
	for i, name := range names {
		if runs[i], err = store.Run(ctx, name); err != nil {
			return nil, nil, err
		}
	}
	if len(names) < 2 {
		accepted, err := store.AcceptedRuns(ctx)
		if err != nil {
			return nil, nil, err
		}
		if len(accepted)+len(names) < 2 {
			return nil, nil, fmt.Errorf("there are no two accepted runs to compare\nhint: \"leaver runs\" lists what there is")
		}
		runs[1] = &accepted[0]
		if len(names) == 0 {
			runs[0] = &accepted[1]
		}
	}
	for _, run := range runs {
		if run.Status != runstore.Accepted && run.Status != runstore.Kept {
			return nil, nil, fmt.Errorf("run %q has no findings to compare: it is %s\nhint: \"leaver runs\" lists the accepted ones", run.ID, run.Status)
		}
	}
	if !runs[0].AsOf.Before(runs[1].AsOf) {
		return nil, nil, usageError{fmt.Errorf("run %s is not earlier than run %s\nhint: name the one with the earlier as-of first", runs[0].ID, runs[1].ID)}
	}
	return runs[0], runs[1], nil
}

func printDiff(w io.Writer, d *job.Difference, all bool) error {
	for _, run := range []struct {
		name string
		job.RunStand
	}{{"from", d.From}, {"to", d.To}} {
		fmt.Fprintf(w, "%-5s run %s, as of %s (%s)", run.name, run.Run, stamp(run.AsOf), run.Status)
		if len(run.Incomplete) > 0 {
			fmt.Fprintf(w, ", not read completely: %s", strings.Join(run.Incomplete, ", "))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
	for _, kind := range reports.ChangeKinds() {
		fmt.Fprintf(w, "  %-16s %8d\n", kind, d.Counts[kind])
	}
	fmt.Fprintf(w, "\n  links   %d accounts in both runs: %d moved to another person, %d lost their owner, %d gained one\n",
		d.Links.Both, d.Links.Moved, d.Links.Lost, d.Links.Gained)
	for _, l := range d.Links.List {
		fmt.Fprintf(w, "          %s/%s: %s before, %s now\n", l.Source, reports.Visible(l.Login), reports.Visible(cmp.Or(l.Before, "nobody's")), reports.Visible(cmp.Or(l.Now, "nobody's")))
	}
	if more := d.Links.Moved + d.Links.Lost + d.Links.Gained - int64(len(d.Links.List)); more > 0 {
		fmt.Fprintf(w, "          and %d more\n", more)
	}
	fmt.Fprintf(w, "  people  %d ended, %d came back, %d new\n", d.People.Ended, d.People.CameBack, d.People.New)
	return listChanges(w, d.Changes, all)
}

// listChanges prints one line per finding; persisting ones only when all are wanted.
func listChanges(w io.Writer, changes []reports.Change, all bool) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	head := "\nCHANGE\tSEVERITY\tKIND\tDECISION\tSOURCE\tACCOUNT\tPERSON\tBECAUSE"
	for _, c := range changes {
		if c.Change == reports.ChangePersisting && !all {
			continue
		}
		if head != "" {
			fmt.Fprintln(table, head)
			head = ""
		}
		person := c.Person
		if person == "" {
			person = "–"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Change, c.Severity, step(string(c.KindBefore), string(c.Kind), string(reconcile.KindNone)),
			step(string(c.DecisionBefore), string(c.Decision), ""), c.Source, reports.Visible(c.Login), reports.Visible(person), reports.Visible(c.Why))
	}
	return table.Flush()
}

// step writes what was and what is, one word where both are the same or one of them is missing.
func step(before, now, none string) string {
	switch {
	case before == none || before == now:
		return now
	case now == none:
		return before
	default:
		return before + " > " + now
	}
}
