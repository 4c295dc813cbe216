package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reports"
)

// planError says that a plan is not the one that was asked about.
type planError struct{ error }

func (a *app) planCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "plan [RUN]",
		Short: "Show what a run proposes to do, of the last accepted one by default",
		Long: `The plan holds one item for each decision that is due: on which account, by which rule, why, and on which facts it rests. What
rests on a source that was not read completely, what no plan may touch and the last administrators of a system are left out
and listed. The digest is that of the items: two runs that propose the same have the same.

Exit code 5: a limit holds items of the plan, or nothing of it may be carried out.`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error { return a.plan(cmd.Context(), names, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the plan as one JSON object")
	return cmd
}

func (a *app) plan(ctx context.Context, names []string, asJSON bool) error {
	_, store, err := a.store()
	if err != nil {
		return err
	}
	defer store.Close()
	folder, info, err := judged(ctx, store, names)
	if err != nil {
		return err
	}
	p, err := job.Plan(folder)
	if err != nil {
		return err
	}
	lifts, err := store.Lifts(ctx, p.Digest)
	if err != nil {
		return err
	}
	// A limit that was lifted after the run holds nothing any more.
	held := p.Held
	p.Held = []policies.Tripped{}
	p.Hold(held, lifts)
	if len(p.Held) > 0 || p.Blocked != "" {
		a.code = exitGate
	}
	if asJSON {
		return printJSON(a.out, p)
	}
	fmt.Fprintf(a.out, "plan %s\nof run %s: %d items, %d left out\n\n", p.Digest, info.ID, len(p.Items), len(p.LeftOut))
	a.printItems(p)
	for _, t := range p.Held {
		fmt.Fprintf(a.out, "held by %s\n  leaver lift %s --plan %s --reason WHY\n", t, t.Name(), p.Digest)
	}
	for _, t := range p.Lifted {
		fmt.Fprintf(a.out, "lifted: %s\n", t)
	}
	if p.Blocked != "" {
		fmt.Fprintf(a.out, "blocked: %s\n", p.Blocked)
	}
	return nil
}

func (a *app) printItems(p *policies.Plan) {
	table := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "SOURCE\tACCOUNT\tACTION\tDUE SINCE\tRULE\tSTATE\tREASON")
	for _, item := range p.Items {
		state := "proposed"
		if by, holds := p.HeldBy(item); holds {
			state = "held by " + by.Name()
		} else if len(item.OneByOne) > 0 {
			state = "one by one: " + strings.Join(item.OneByOne, ", ")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", item.Source, reports.Visible(item.Account), item.Action, item.Due.UTC().Format("2006-01-02"),
			item.Rule, state, reports.Visible(item.Reason))
	}
	for _, left := range p.LeftOut {
		fmt.Fprintf(table, "%s\t%s\t–\t\t\tleft out\t%s\n", left.Source, reports.Visible(left.Account), left.Why)
	}
	_ = table.Flush() // a failure shows at the end of the command
	fmt.Fprintln(a.out)
}

func (a *app) liftCommand() *cobra.Command {
	var digest, reason string
	cmd := &cobra.Command{
		Use:   "lift LIMIT --plan DIGEST --reason TEXT",
		Short: "Let a limit pass for one very plan",
		Long: `LIMIT is a limit that holds the plan of the last accepted run, as "leaver plan" names it, and DIGEST is that plan's digest.
The lift is about these items on these facts: when the next run proposes anything else, the limit holds again. Who lifted it
is the user of the operating system, and the audit log records it.`,
		Example: `  leaver lift actions_per_source:crm --plan 3f1c… --reason "the call centre was closed, ticket 17"`,
		Args:    args(cobra.ExactArgs(1)),
		RunE:    func(cmd *cobra.Command, names []string) error { return a.lift(cmd.Context(), names[0], digest, reason) },
	}
	cmd.Flags().StringVar(&digest, "plan", "", "the digest of the plan")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

func (a *app) lift(ctx context.Context, limit, digest, reason string) error {
	if digest == "" || strings.TrimSpace(reason) == "" {
		return usageError{fmt.Errorf("lift: --plan or --reason is missing\nhint: \"leaver plan\" prints the digest; the reason is one sentence that an auditor accepts")}
	}
	_, store, err := a.store()
	if err != nil {
		return err
	}
	defer store.Close()
	folder, info, err := judged(ctx, store, nil)
	if err != nil {
		return err
	}
	p, err := job.Plan(folder)
	switch {
	case err != nil:
		return err
	case p.Digest != policies.PlanDigest(p.Items):
		return planError{fmt.Errorf("the plan of run %s is not the one that the run made\nhint: \"leaver verify\" says what was changed", info.ID)}
	case p.Digest != digest:
		return planError{fmt.Errorf("the plan of run %s, the last accepted one, has the digest %s, not %s\nhint: look at it again with \"leaver plan\"", info.ID, p.Digest, digest)}
	case !slices.ContainsFunc(p.Held, func(t policies.Tripped) bool { return t.Name() == limit }):
		return planError{fmt.Errorf("limit %q does not hold the plan of run %s\nhint: \"leaver plan\" names those that do", limit, info.ID)}
	}
	if err := store.Lift(ctx, policies.Lift{Limit: limit, Plan: digest, By: operator(), At: a.now().UTC(), Reason: reason}, info.ID); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s does not hold plan %s any more\n", limit, digest)
	return nil
}
