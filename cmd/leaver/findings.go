package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
)

func (a *app) findingsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "findings [RUN]",
		Short: "Print the findings of a run, of the last accepted one by default",
		Args:  args(cobra.MaximumNArgs(1)),
		Example: `  leaver findings
  leaver findings --json | jq -r 'select(.decision == "due") | [.source, .login, .due] | @tsv'`,
		RunE: func(cmd *cobra.Command, names []string) error { return a.findings(cmd, names, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object per line")
	return cmd
}

func (a *app) findings(cmd *cobra.Command, names []string, asJSON bool) error {
	_, store, err := a.store()
	if err != nil {
		return err
	}
	defer store.Close()
	folder, _, err := judged(cmd.Context(), store, names)
	if err != nil {
		return err
	}
	report, err := job.Report(folder)
	if err != nil {
		return err
	}
	line, lines := reports.Lines(report), json.NewEncoder(a.out)
	table := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	if !asJSON {
		fmt.Fprintln(table, "SEVERITY\tKIND\tSOURCE\tACCOUNT\tPERSON\tDAYS LATE\tDECISION\tFLAGS")
	}
	for row, err := range report.Rows() {
		if err != nil {
			return err
		}
		if row.Kind == reconcile.KindNone {
			continue
		}
		if asJSON {
			err = lines.Encode(line(row))
		} else {
			_, err = fmt.Fprintln(table, tableLine(row))
		}
		if err != nil {
			return err
		}
	}
	return table.Flush()
}

func tableLine(row reports.Row) string {
	late, person := "", "–"
	if n, ok := row.DaysLate.Get(); ok {
		late = fmt.Sprint(n)
	}
	if row.Person != nil {
		person = row.Person.Name()
	} else if row.LikelyMiskeyed() {
		person = "– (mis-keyed? " + row.Suggestions[0].Person.Name() + ")"
	}
	decision := string(row.Decision.Kind)
	if !row.Decision.Until.IsZero() {
		decision += " " + row.Decision.Until.UTC().Format(time.DateOnly)
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%v", row.Severity, row.Kind, row.Account.System,
		reports.Visible(row.Account.Login()), reports.Visible(person), late, decision, row.Flags.List())
}

func (a *app) runsCommand() *cobra.Command {
	var asJSON bool
	var limit int
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List the runs, newest first",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, store, err := a.store()
			if err != nil {
				return err
			}
			defer store.Close()
			runs, err := store.Runs(cmd.Context(), limit)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(a.out, runLines(runs))
			}
			table := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(table, "RUN\tAS OF\tSTATUS\tFINDINGS\tNOTE")
			for _, r := range runLines(runs) {
				fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", r.Run, r.AsOf.UTC().Format("2006-01-02 15:04 UTC"), r.Status, r.Findings, r.Note)
			}
			return table.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON list")
	cmd.Flags().IntVarP(&limit, "number", "n", 20, "how many runs to list")
	return cmd
}

func (a *app) reportCommand() *cobra.Command {
	var run, out string
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write the workbook of a run again",
		Long:  "Writes the workbook from what the run sealed. The same run and the same version of leaver give the same bytes.",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, store, err := a.store()
			if err != nil {
				return err
			}
			defer store.Close()
			var names []string
			if run != "" {
				names = []string{run}
			}
			folder, info, err := pick(cmd.Context(), store, names)
			if err != nil {
				return err
			}
			if out == "" {
				out = "report-" + info.ID + ".xlsx"
			}
			if err := job.Rewrite(folder, out); err != nil {
				return err
			}
			path, err := filepath.Abs(out)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, path)
			return err
		},
	}
	cmd.Flags().StringVar(&run, "run", "", "the run; the last accepted one by default")
	cmd.Flags().StringVarP(&out, "output", "o", "", "the file to write (default report-RUN.xlsx)")
	return cmd
}

// runLine is one run in "leaver runs --json".
type runLine struct {
	Run      string    `json:"run"`
	AsOf     time.Time `json:"as_of"`
	Started  time.Time `json:"started"`
	Status   string    `json:"status"`
	Findings int64     `json:"findings"`
	Complete bool      `json:"complete"`
	Note     string    `json:"note"`
}

func runLines(runs []runstore.Info) []runLine {
	lines := make([]runLine, 0, len(runs))
	for _, r := range runs {
		line := runLine{Run: r.ID, AsOf: r.AsOf, Started: r.Started, Status: string(r.Status), Complete: r.Totals.Complete}
		for _, n := range r.Totals.Findings {
			line.Findings += n
		}
		line.Note, _, _ = strings.Cut(r.Error, "\n")
		if r.Status.Finished() && line.Note == "" && !line.Complete {
			line.Note = "a source was not read completely"
		}
		lines = append(lines, line)
	}
	return lines
}
