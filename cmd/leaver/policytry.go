package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reports"
)

func (a *app) policyLintCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "lint",
		Short: "Check rules and exclusions: mistakes, cost, limits, rules that never decide, exclusions that expire or match too much",
		Long: `Reads the rules as a run does, and says what is allowed but probably not meant: rules that contradict themselves or that
another rule always precedes, stages that are never reached, decisions before the end of employment, exclusions that are over
or expire within 30 days. With a last accepted run, exclusions and the rights that stages name are tried on its accounts:
exclusions that match too much of a system are errors, what matches nothing is told. It also says which limits bound what the
active rules may propose in one night, and that one of them is off. Exits with 2 on errors; remarks alone exit with 0.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, rules, err := a.ready()
			if err != nil {
				return err
			}
			return a.policyLint(cmd.Context(), c, rules, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// linted is what "leaver policy lint --json" prints.
type linted struct {
	Rules []lintedRule `json:"rules"`
	// Actions are those that active rules ask for, Guards the limits that bound how many of them one night may propose.
	Actions []string          `json:"actions"`
	Guards  []string          `json:"guards"`
	Errors  []policies.Remark `json:"errors"`
	Remarks []policies.Remark `json:"remarks"`
	// Run is the run that exclusions and the rights of stages were tried on; empty when there is none.
	Run string `json:"run"`
}

type lintedRule struct {
	Name   string `json:"name"`
	Place  string `json:"place"`
	Digest string `json:"digest"`
	// HookCost is the most that the hook is expected to cost for one account, of HookLimit units; 0 without a hook.
	HookCost  uint64 `json:"hook_cost,omitempty"`
	HookLimit uint64 `json:"hook_limit,omitempty"`
}

func (a *app) policyLint(ctx context.Context, c *config.Config, rules []policies.Rule, asJSON bool) error {
	out := linted{Errors: []policies.Remark{}, Remarks: policies.Lint(rules, c.Exclusions, a.now())}
	out.guard(c, rules)
	for _, r := range rules {
		one := lintedRule{Name: r.Name, Place: r.Place, Digest: r.Digest}
		if r.Trigger.Hook != nil {
			one.HookCost, one.HookLimit = r.Trigger.Hook.Cost(), policies.HookCostLimit
		}
		out.Rules = append(out.Rules, one)
	}
	if _, err := os.Stat(filepath.Join(c.State, runstore.Database)); err == nil {
		if err := out.tryOn(ctx, c, rules); err != nil {
			return err
		}
	}
	if len(out.Errors) > 0 {
		a.code = exitUsage
	}
	if asJSON {
		return printJSON(a.out, out)
	}
	for _, r := range out.Rules {
		cost := ""
		if r.HookCost > 0 {
			cost = fmt.Sprintf(", hook up to %d of %d units an account", r.HookCost, r.HookLimit)
		}
		fmt.Fprintf(a.out, "rule     %s: %q, version %.12s%s\n", r.Place, r.Name, r.Digest, cost)
	}
	if len(out.Actions) > 0 {
		fmt.Fprintf(a.out, "guards   %s: %s\n", strings.Join(out.Actions, ", "), strings.Join(out.Guards, ", "))
	}
	for _, e := range out.Errors {
		fmt.Fprintf(a.out, "error    %s: %s %s\n", e.Place, e.About, e.Text)
	}
	for _, r := range out.Remarks {
		fmt.Fprintf(a.out, "remark   %s: %s %s\n", r.Place, r.About, r.Text)
	}
	tried := "no run was accepted yet, so exclusions were tried on no accounts"
	if out.Run != "" {
		tried = "exclusions were tried on the accounts of run " + out.Run
	}
	_, err := fmt.Fprintf(a.out, "%d rules, %d errors, %d remarks; %s\n", len(out.Rules), len(out.Errors), len(out.Remarks), tried)
	return err
}

// guard tells what bounds the actions of the rules. That something does was checked when the configuration was read.
func (l *linted) guard(c *config.Config, rules []policies.Rule) {
	l.Actions, l.Guards = []string{}, []string{}
	for _, r := range rules {
		if r.Active && r.Action != policies.ActionReport && !slices.Contains(l.Actions, r.Action) {
			l.Actions = append(l.Actions, r.Action)
		}
	}
	slices.Sort(l.Actions)
	for _, limit := range c.Limits.All() {
		switch {
		case limit.Guards():
			l.Guards = append(l.Guards, limit.Name+" ("+limit.String()+")")
		case len(l.Actions) > 0 && limit.Off:
			l.Remarks = append(l.Remarks, policies.Remark{Place: c.Path, About: "limits." + limit.Name, Text: "is off"})
		case len(l.Actions) > 0:
			l.Remarks = append(l.Remarks, policies.Remark{Place: c.Path, About: "limits." + limit.Name, Text: "is never exceeded: it allows 100%"})
		}
	}
}

// tryOn tries the exclusions on the last accepted run, if there is one.
func (l *linted) tryOn(ctx context.Context, c *config.Config, rules []policies.Rule) error {
	store, err := runstore.Open(c.State)
	if err != nil {
		return err
	}
	defer store.Close()
	last, err := store.LatestAccepted(ctx)
	if err != nil || last == nil {
		return err
	}
	folder, err := store.Folder(ctx, last.ID)
	if err != nil {
		return err
	}
	tooBroad, unused, err := job.LintRun(ctx, folder, c, rules)
	l.Run = last.ID
	l.Errors = append(l.Errors, tooBroad...)
	l.Remarks = append(l.Remarks, unused...)
	return err
}

func (a *app) policySimulateCommand() *cobra.Command {
	var against []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Tell what the rules as they are now would have decided in stored runs",
		Long: `Decides anew on every account of the named runs, the last accepted one by default: facts, people and what earlier runs
knew are those that each run sealed, rules, exclusions and holidays those of the configuration. Prints the decisions before and
after, and each account that changes. Nothing is kept.`,
		Example: "  leaver policy simulate\n  leaver policy simulate --against 20261101T220000.000Z --against 20261102T220000.000Z --json",
		Args:    args(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.policySimulate(cmd.Context(), against, asJSON) },
	}
	cmd.Flags().StringArrayVar(&against, "against", nil, "a run; may be repeated")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON list, with every account that changes")
	return cmd
}

func (a *app) policySimulate(ctx context.Context, against []string, asJSON bool) error {
	c, rules, err := a.ready()
	if err != nil {
		return err
	}
	_, store, err := a.store()
	if err != nil {
		return err
	}
	defer store.Close()
	if len(against) == 0 {
		against = []string{""}
	}
	var all []*job.Simulation
	for _, name := range against {
		var which []string
		if name != "" {
			which = []string{name}
		}
		_, info, err := judged(ctx, store, which)
		if err != nil {
			return err
		}
		one, err := job.Simulate(ctx, store, info, c, rules)
		if err != nil {
			return fmt.Errorf("run %s: %w", info.ID, err)
		}
		all = append(all, one)
	}
	if asJSON {
		return printJSON(a.out, all)
	}
	for _, one := range all {
		if err := a.printSimulation(one); err != nil {
			return err
		}
	}
	return nil
}

// mostSimulated is how many accounts are listed without --json.
const mostSimulated = 50

func (a *app) printSimulation(s *job.Simulation) error {
	fmt.Fprintf(a.out, "run %s as of %s: %d accounts, %d would be decided otherwise\n\n", s.Run, stamp(s.AsOf), s.Accounts, len(s.Changed))
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  decision\tbefore\tnow")
	for _, kind := range policies.DecisionKinds() {
		if s.Before[kind]+s.After[kind] > 0 {
			fmt.Fprintf(w, "  %s\t%d\t%d\n", kind, s.Before[kind], s.After[kind])
		}
	}
	fmt.Fprintln(w)
	for i, c := range s.Changed {
		if i == mostSimulated {
			fmt.Fprintf(w, "  and %d more: --json lists all\n", len(s.Changed)-i)
			break
		}
		fmt.Fprintf(w, "  %s/%s\t%s\t%s → %s\t%s\n", c.Source, c.Account, reports.Visible(c.Login), standText(c.Before), standText(c.After), reports.Visible(c.Why))
	}
	return w.Flush()
}

func standText(s job.SimulatedStand) string {
	text := fmt.Sprintf("%s %s", cmp.Or(string(s.Kind), "no finding"), s.Decision)
	if s.Stage != "" {
		text += " in stage " + s.Stage
	}
	if !s.Due.IsZero() {
		text += " " + s.Due.UTC().Format("2006-01-02")
	}
	return text
}
