package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
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
	relift(p, lifts)
	if len(p.Held) > 0 || p.Blocked != "" {
		a.code = exitGate
	}
	if asJSON {
		return printJSON(a.out, p)
	}
	fmt.Fprintf(a.out, "plan %s\nof run %s: %d items, %d left out\n\n", p.Digest, info.ID, len(p.Items), len(p.LeftOut))
	a.printItems(p)
	for _, t := range p.Held {
		fmt.Fprintf(a.out, "held by %s\n  leaver lift %s --plan %s --reason WHY --second WHO\n", t, t.Name(), p.Digest)
	}
	for i, t := range p.Lifted {
		fmt.Fprintf(a.out, "lifted: %s, %s\n", t, liftWords(p.Lifts[i]))
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
		if held := p.Holders(item); len(held) > 0 {
			state = "held by " + limitNames(held)
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

// relift applies lifts to a plan as it was sealed: a limit that was lifted after the run holds nothing any more.
func relift(p *policies.Plan, lifts []policies.Lift) {
	held := p.Held
	p.Held = []policies.Tripped{}
	p.Hold(held, lifts)
}

func limitNames(list []policies.Tripped) string {
	var names []string
	for _, t := range list {
		names = append(names, t.Name())
	}
	return strings.Join(names, ", ")
}

func liftWords(l policies.Lift) string {
	return fmt.Sprintf("by %s with %s on %s: %s", reports.Visible(l.By), reports.Visible(l.Second), stamp(l.At), reports.Visible(l.Reason))
}

type liftFlags struct{ plan, reason, by, second string }

func (a *app) liftCommand() *cobra.Command {
	var f liftFlags
	cmd := &cobra.Command{
		Use:   "lift LIMIT... --plan DIGEST --reason TEXT --second WHO",
		Short: "Let a limit pass for one very plan: one person asks, a second one agrees",
		Long: `LIMIT is a limit that holds the plan of the last accepted run, as "leaver plan" names it, and DIGEST is that plan's digest.
The lift is about these items on these facts: when the next run proposes anything else, the limit holds again.

It needs two people. --by asks, the user of the operating system unless it is given; --second agreed, and is neither the one
who asks, nor who ran the run that made the plan, nor anybody whose account the limit holds. Like those of the link table
these names are what whoever runs the command says; the audit log keeps them beside the user of the operating system, and
the next report prints them.`,
		Example: `  leaver lift actions_per_source:crm --plan 3f1c… --reason "the call centre was closed, ticket 17" --second bob`,
		Args:    args(cobra.MinimumNArgs(1)),
		RunE:    func(cmd *cobra.Command, names []string) error { return a.lift(cmd.Context(), names, f) },
	}
	cmd.Flags().StringVar(&f.plan, "plan", "", "the digest of the plan")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why")
	cmd.Flags().StringVar(&f.by, "by", "", "who asks for it; by default the user of the operating system")
	cmd.Flags().StringVar(&f.second, "second", "", "who agreed; a second person")
	return cmd
}

// check fills in who asks, and refuses a lift that no second person agreed to.
func (f *liftFlags) check() error {
	if f.by == "" {
		f.by = operator()
	}
	switch {
	case f.plan == "" || strings.TrimSpace(f.reason) == "":
		return fmt.Errorf("lift: --plan or --reason is missing\nhint: \"leaver plan\" prints the digest; the reason is one sentence that an auditor accepts")
	case strings.TrimSpace(f.second) == "":
		return fmt.Errorf("lift: --second is missing\nhint: a second person has to agree: --second WHO; a script that lifted limits alone has to name them")
	case policies.SamePerson(f.by, f.second):
		return fmt.Errorf("--second: %q is who asks for it\nhint: a second person has to agree", f.second)
	}
	return nil
}

func (a *app) lift(ctx context.Context, limits []string, f liftFlags) error {
	if err := f.check(); err != nil {
		return usageError{err}
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
	case p.Digest != f.plan:
		return planError{fmt.Errorf("the plan of run %s, the last accepted one, has the digest %s, not %s\nhint: look at it again with \"leaver plan\"", info.ID, p.Digest, f.plan)}
	}
	lifts, err := store.Lifts(ctx, p.Digest)
	if err != nil {
		return err
	}
	relift(p, lifts)
	asked, err := a.liftable(p, limits, info)
	if err != nil || len(asked) == 0 {
		return err
	}
	if err := independent(folder, p, asked, f.second); err != nil {
		return planError{err}
	}
	for _, t := range asked {
		l := policies.Lift{Limit: t.Name(), Plan: p.Digest, Run: info.ID, By: f.by, Second: f.second, At: a.now().UTC(), Reason: f.reason}
		if err := store.Lift(ctx, l, operator()); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "%s does not hold plan %s any more, %s\n", l.Limit, l.Plan, liftWords(l))
	}
	return nil
}

// liftable returns the limits of those names that hold the plan. One that was lifted before is told, and not lifted again.
func (a *app) liftable(p *policies.Plan, names []string, info *runstore.Info) ([]policies.Tripped, error) {
	var asked []policies.Tripped
	for _, name := range names {
		named := func(t policies.Tripped) bool { return t.Name() == name }
		if i := slices.IndexFunc(p.Lifted, named); i >= 0 {
			fmt.Fprintf(a.out, "%s was lifted before, %s\n", name, liftWords(p.Lifts[i]))
			continue
		}
		i := slices.IndexFunc(p.Held, named)
		if i < 0 {
			return nil, planError{fmt.Errorf("limit %q does not hold the plan of run %s\nhint: \"leaver plan\" names those that do", name, info.ID)}
		}
		asked = append(asked, p.Held[i])
	}
	return asked, nil
}

// independent refuses a second person who made the plan, or whose account is among those that the limits hold.
func independent(folder *runstore.Folder, p *policies.Plan, limits []policies.Tripped, second string) error {
	m, err := folder.Manifest()
	if err != nil {
		return err
	}
	if policies.SamePerson(m.Operator, second) {
		return fmt.Errorf("--second: %q ran run %s, which made the plan\nhint: somebody else has to agree", second, m.Run)
	}
	held := map[string]bool{}
	for _, item := range p.Items {
		if slices.ContainsFunc(limits, func(t policies.Tripped) bool { return t.Holds(item) }) {
			held[item.Finding] = true
		}
	}
	for row, err := range folder.Reported() {
		if err != nil {
			return err
		}
		if row.Kind != reconcile.KindNone && held[row.ID()] && slices.ContainsFunc(namesOf(&row), func(name string) bool { return policies.SamePerson(name, second) }) {
			return fmt.Errorf("--second: %q is whom account %q of %s belongs to, which the limit holds\nhint: somebody else has to agree", second, row.Account.ID, row.Account.System)
		}
	}
	return nil
}

// namesOf are the names by which somebody may call the owner of an account.
func namesOf(row *reports.Row) []string {
	names := slices.Concat(row.Account.Logins, row.Account.Mails)
	if p := row.Person; p != nil {
		names = append(slices.Concat(names, p.Mails), p.ID, p.Ref(), p.Name(), strings.TrimSpace(p.GivenName+" "+p.FamilyName))
	}
	return slices.DeleteFunc(names, func(name string) bool { return strings.TrimSpace(name) == "" })
}
