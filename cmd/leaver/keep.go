package main

import (
	"context"
	"fmt"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

type keepFlags struct {
	until, reason, second string
	end                   bool
}

func (a *app) keepCommand() *cobra.Command {
	var f keepFlags
	cmd := &cobra.Command{
		Use:   "keep [ACCOUNT]",
		Short: "Decide that an account with a finding may stay until a day; without ACCOUNT, list such decisions",
		Long: `The decision is about one finding of one account, known by its immutable id, and about the facts of the last accepted run:
kind, owner, end of employment, enabled or not, privileges, doubts about the match. When one of them changes, or on the day
after --until, it ends by itself and the finding is back. The report lists it, and the audit log records who decided.

ACCOUNT is an immutable id or a login, alone or after "source/".`,
		Example: `  leaver keep crm/A-1001 --until 2027-01-31 --reason "hands over her customers, ticket 17" --second bob
  leaver keep crm/A-1001 --end --reason "hand-over is done"
  leaver keep`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			if len(names) == 0 {
				return a.listKeeps(cmd.Context())
			}
			return a.keep(cmd.Context(), names[0], f)
		},
	}
	cmd.Flags().StringVar(&f.until, "until", "", "last day on which the account may stay, as 2006-01-02; at most a year ahead")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why")
	cmd.Flags().StringVar(&f.second, "second", "", "who else agreed")
	cmd.Flags().BoolVar(&f.end, "end", false, "take the decision back")
	return cmd
}

// operator is the user of the operating system.
func operator() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown user"
}

func (a *app) keep(ctx context.Context, name string, f keepFlags) error {
	if strings.TrimSpace(f.reason) == "" {
		return usageError{fmt.Errorf("keep: --reason is missing\nhint: one sentence that an auditor accepts")}
	}
	if f.second != "" && policies.SamePerson(f.second, operator()) {
		return usageError{fmt.Errorf("--second: %q is you\nhint: somebody else has to agree", f.second)}
	}
	c, store, err := a.store()
	if err != nil {
		return err
	}
	defer store.Close()
	if f.end {
		return a.endKeep(ctx, store, name, f)
	}
	until, err := keepUntil(f.until, c, a.now())
	if err != nil {
		return usageError{err}
	}
	row, run, err := a.findingOf(ctx, store, name)
	if err != nil {
		return err
	}
	k := policies.Kept{Finding: row.ID(), System: row.Account.System, Account: row.Account.ID, Facts: policies.FactsDigest(&row.Verdict), Run: run,
		At: a.now().UTC(), Until: until, By: operator(), Second: f.second, Reason: f.reason}
	if err := store.Keep(ctx, k); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s/%s may stay with its finding %s (%s) until the end of %s, as long as its facts do not change\n", k.System,
		reports.Visible(k.Account), k.Finding, row.Kind, f.until)
	return nil
}

// keepUntil reads the last day of a decision.
func keepUntil(text string, c *config.Config, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, fmt.Errorf("keep: --until is missing\nhint: the last day on which the account may stay, as 2006-01-02")
	}
	date, err := scanners.ParseDate(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("--until: %w", err)
	}
	until := date.AddDays(1).Midnight(c.Zone)
	switch {
	case !until.After(now):
		return until, fmt.Errorf("--until: %s has passed", text)
	case until.Sub(now) > policies.MaxExclusion:
		return until, fmt.Errorf("--until: %s is more than a year ahead\nhint: choose an earlier day and decide again then", text)
	default:
		return until, nil
	}
}

// findingOf returns the row of the one account with a finding that name means in the last accepted run, and that run.
func (a *app) findingOf(ctx context.Context, store *runstore.Store, name string) (*reports.Row, string, error) {
	folder, info, err := pick(ctx, store, nil)
	if err != nil {
		return nil, "", err
	}
	rows, err := job.Findings(folder, name)
	switch {
	case err != nil:
		return nil, "", err
	case len(rows) == 0:
		return nil, "", fmt.Errorf("run %s made no finding on an account %q\nhint: \"leaver findings\" lists them", info.ID, name)
	case len(rows) > 1:
		return nil, "", fmt.Errorf("%q means %d accounts with findings\nhint: write source/ and the immutable id", name, len(rows))
	default:
		return &rows[0], info.ID, nil
	}
}

func (a *app) endKeep(ctx context.Context, store *runstore.Store, name string, f keepFlags) error {
	list, err := store.Keeps(ctx)
	if err != nil {
		return err
	}
	var ended int
	for _, k := range list {
		if name != k.Finding && name != k.Account && name != k.System+"/"+k.Account {
			continue
		}
		found, err := store.EndKeep(ctx, k.Finding, operator(), f.reason, a.now().UTC())
		if err != nil {
			return err
		}
		if found {
			ended++
			fmt.Fprintf(a.out, "%s/%s may not stay any more with its finding %s\n", k.System, reports.Visible(k.Account), k.Finding)
		}
	}
	if ended == 0 {
		return fmt.Errorf("no decision to keep is about %q\nhint: \"leaver keep\" lists them; write source/ and the immutable id", name)
	}
	return nil
}

func (a *app) listKeeps(ctx context.Context) error {
	c, store, err := a.store()
	if err != nil {
		return err
	}
	defer store.Close()
	list, err := store.Keeps(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "SOURCE\tACCOUNT\tFINDING\tUNTIL\tBY\tSECOND\tREASON")
	for _, k := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.System, reports.Visible(k.Account), k.Finding,
			k.Until.Add(-time.Second).In(c.Zone).Format(time.DateOnly), reports.Visible(k.By), reports.Visible(k.Second), reports.Visible(k.Reason))
	}
	return table.Flush()
}
