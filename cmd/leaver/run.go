package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/progress"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

type runFlags struct {
	asOf    string
	sources []string
	failOn  []string
	json    bool
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Scan, reconcile, decide and report: the nightly job",
		Long: `Reads the people sources, then the account sources side by side, joins them, applies the rules and writes the
report. Nothing is changed anywhere but in the state folder. Findings alone do not make it fail: use --fail-on.

History and grace clocks move only with an accepted run. A run is kept, which means that it writes its folder and report and
moves nothing, when its as-of is not later than that of the last accepted run or lies more than a day ahead, when --source
leaves sources out, and when no account source could be read. The gates hold for it all the same.`,
		Example: `  leaver run
  leaver run --as-of 2026-11-30 --json | jq .findings
  leaver run --source crm --fail-on leaver_active --fail-on used_after_end`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd, f) },
	}
	cmd.Flags().StringVar(&f.asOf, "as-of", "", "judge as of this instant: RFC 3339, or a date meaning 00:00 in the configured time zone")
	cmd.Flags().StringArrayVar(&f.sources, "source", nil, "read only this account source; may be repeated")
	cmd.Flags().StringArrayVar(&f.failOn, "fail-on", nil, "exit with 4 when there are findings of this kind; may be repeated")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the result as one JSON object")
	return cmd
}

func (a *app) run(cmd *cobra.Command, f runFlags) error {
	for _, kind := range f.failOn {
		if !slices.Contains(reconcile.Kinds(), reconcile.Kind(kind)) {
			return usageError{fmt.Errorf("--fail-on: unknown kind %q\nhint: the kinds are %v", kind, reconcile.Kinds())}
		}
	}
	c, rules, err := a.ready()
	if err != nil {
		return err
	}
	asOf, err := parseAsOf(f.asOf, c)
	if err != nil {
		return err
	}
	store, err := runstore.Open(c.State)
	if err != nil {
		return err
	}
	defer store.Close()
	j := a.job(c, rules, store)
	if j.Signer, err = signer(c); err != nil {
		return err
	}
	j.AsOf, j.Only = asOf, f.sources
	told := a.announce(j)
	result, err := j.Run(cmd.Context())
	j.Progress.Close()
	a.code = resultCode(result, f.failOn)
	if result.Run != "" && result.Report != "" {
		if printErr := a.printResult(result, f.json); printErr != nil && err == nil {
			err = printErr
		}
	}
	told.end(cmd.Context(), result, worst(exitCode(err), a.code))
	return err
}

// job fills in what the program knows about itself and its surroundings.
func (a *app) job(c *config.Config, rules []policies.Rule, store *runstore.Store) *job.Job {
	log := a.log()
	host, _ := os.Hostname()
	return &job.Job{Config: c, Rules: rules, Store: store, Log: log, Progress: progress.For(a.err, log), Now: a.now, ExitCode: exitCode,
		Tool: "leaver " + version(), Commit: commit(), Operator: operator(), Host: host}
}

// parseAsOf reads --as-of; the zero time when it is not given.
func parseAsOf(text string, c *config.Config) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil && at.Year() >= 1970 {
		return at, nil
	}
	date, err := scanners.ParseDate(text)
	if err != nil {
		return time.Time{}, usageError{fmt.Errorf("--as-of: %q is neither RFC 3339 nor a date\nhint: for example 2026-11-30 or 2026-11-30T22:00:00Z", text)}
	}
	return date.Midnight(c.Zone), nil
}

// resultCode is the exit code of a run that came to a result.
func resultCode(r *job.Result, failOn []string) int {
	var codes []int
	if r.Status == job.Refused {
		return exitGate
	}
	codes = append(codes, sourcesCode(r.Sources))
	if len(r.Held) > 0 {
		codes = append(codes, exitGate)
	}
	for _, kind := range failOn {
		if r.Findings[kind] > 0 {
			codes = append(codes, exitFindings)
		}
	}
	return worst(codes...)
}

// sourcesCode is the exit code that the coverage of the account sources asks for.
func sourcesCode(sources []job.SourceResult) int {
	r := job.Result{Sources: sources}
	switch {
	case r.Blind():
		return exitFailed
	case !r.Complete():
		return exitIncomplete
	default:
		return exitOK
	}
}

func (a *app) printResult(r *job.Result, asJSON bool) error {
	if asJSON {
		return printJSON(a.out, r)
	}
	fmt.Fprintln(a.out, r.Sentence)
	fmt.Fprintln(a.out)
	for _, s := range slices.Concat(r.People.Sources, r.Sources) {
		fmt.Fprintf(a.out, "  %-16s %8d records  %s\n", s.Name, s.Read, s.Coverage)
		if !s.Complete {
			fmt.Fprintf(a.out, "  %-16s %s\n", "", s.Why)
		}
		if s.Rejected > 0 {
			fmt.Fprintf(a.out, "  %-16s %8d of them could not be read and were not judged\n", "", s.Rejected)
		}
	}
	if r.Status == job.Refused {
		fmt.Fprintf(a.out, "\nreport     %s\n", r.Report)
		return nil
	}
	fmt.Fprintln(a.out)
	for _, kind := range reconcile.Kinds() {
		if n := r.Findings[string(kind)]; n > 0 {
			fmt.Fprintf(a.out, "  %-16s %8d\n", kind, n)
		}
		if kind == reconcile.Orphan && r.LikelyMiskeyed > 0 {
			fmt.Fprintf(a.out, "  %-16s %8d of them likely mis-keyed, not ownerless\n", "", r.LikelyMiskeyed)
		}
	}
	fmt.Fprintf(a.out, "\ndecisions  ")
	for _, kind := range policies.DecisionKinds() {
		if n := r.Decisions[string(kind)]; n > 0 && kind != policies.DecideNone {
			fmt.Fprintf(a.out, "%s %d  ", kind, n)
		}
	}
	fmt.Fprintf(a.out, "\nrun        %s (%s)\nreport     %s\n", r.Run, r.Status, r.Report)
	for _, limit := range r.Held {
		fmt.Fprintf(a.out, "held       the plan is held by %s; \"leaver plan\" shows it, and how two people let it pass\n", limit)
	}
	if r.Kept != "" {
		fmt.Fprintf(a.out, "kept       history and clocks did not move: %s\n", r.Kept)
	}
	return nil
}

func printJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(value)
}
