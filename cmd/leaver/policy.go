package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/scanners/all"
)

func (a *app) policyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Test, check and try out the rules before they decide",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q\nhint: \"leaver policy --help\" lists the commands", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.policyLintCommand(), a.policyTestCommand(), a.policySimulateCommand(), a.policySchemaCommand())
	return cmd
}

func (a *app) policyTestCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "test [FILE…]",
		Short: "Run the cases that stand beside the rules: facts in, decision and due date out",
		Long: `Reads the cases of every file NAME.test.yaml in the folders of the rules, or of the files given. The facts of a case are
judged by the engine of a run and decided by the configured rules; what comes out is compared with what the case expects.
Prints which rules and clauses no case tries. Exits with 1 when a case does not come out as expected.`,
		Example: "  leaver policy test\n  leaver policy test policies/leavers.test.yaml",
		RunE: func(_ *cobra.Command, files []string) error {
			c, rules, err := a.ready()
			if err != nil {
				return err
			}
			return a.policyTest(c, rules, files, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// tested is what "leaver policy test --json" prints.
type tested struct {
	Cases    []testedCase       `json:"cases"`
	Failed   int                `json:"failed"`
	Coverage []job.RuleCoverage `json:"coverage"`
}

type testedCase struct {
	Name  string   `json:"name"`
	Place string   `json:"place"`
	Wrong []string `json:"wrong,omitempty"`
}

func (a *app) policyTest(c *config.Config, rules []policies.Rule, files []string, asJSON bool) error {
	if len(files) == 0 {
		var err error
		if files, err = c.CaseFiles(); err != nil {
			return err
		}
	}
	if len(files) == 0 {
		return usageError{fmt.Errorf("there are no cases\nhint: write them to NAME.test.yaml beside the rules; \"leaver policy schema cases\" describes the file")}
	}
	var outcomes []job.CaseOutcome
	var result tested
	for _, path := range files {
		cases, err := c.Cases(path)
		if err != nil {
			return err
		}
		for _, one := range cases {
			o := job.TestCase(c, rules, one)
			outcomes = append(outcomes, o)
			result.Cases = append(result.Cases, testedCase{one.Name, one.Place, o.Wrong})
			if len(o.Wrong) > 0 {
				result.Failed++
			}
		}
	}
	result.Coverage = job.Coverage(rules, outcomes)
	if result.Failed > 0 {
		a.code = exitFailed
	}
	if asJSON {
		return printJSON(a.out, result)
	}
	a.printTested(result, outcomes)
	return nil
}

func (a *app) printTested(result tested, outcomes []job.CaseOutcome) {
	for i := range outcomes {
		o := &outcomes[i]
		if len(o.Wrong) == 0 {
			fmt.Fprintf(a.out, "ok    %s\n", o.Case.Name)
			continue
		}
		fmt.Fprintf(a.out, "FAIL  %s (%s)\n", o.Case.Name, o.Case.Place)
		for _, wrong := range o.Wrong {
			fmt.Fprintf(a.out, "      %s\n", wrong)
		}
		if o.Decision.Why != "" {
			fmt.Fprintf(a.out, "      because: %s\n", o.Decision.Why)
		}
	}
	decided, tried, clauses := 0, 0, 0
	for _, r := range result.Coverage {
		if r.Decides > 0 {
			decided++
		}
		for _, clause := range r.Clauses {
			clauses++
			if clause.Tried() {
				tried++
			}
		}
	}
	fmt.Fprintf(a.out, "\n%d cases, %d failed; %d of %d rules decide one, %d of %d clauses are tried both ways\n", len(outcomes), result.Failed,
		decided, len(result.Coverage), tried, clauses)
	for _, r := range result.Coverage {
		for _, missing := range r.Untried() {
			fmt.Fprintf(a.out, "  rule %q: %s\n", r.Rule, missing)
		}
	}
}

func (a *app) policySchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [policy|cases|config|facts]",
		Short: "Print the JSON Schema of a rule, of a file of cases or of leaver.yaml, or the facts that hooks can ask for",
		Example: "  leaver policy schema > policies/policy.schema.json\n" +
			"  leaver policy schema facts",
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, names []string) error {
			what := "policy"
			if len(names) > 0 {
				what = names[0]
			}
			return a.policySchema(what)
		},
	}
}

func (a *app) policySchema(what string) error {
	var text []byte
	var err error
	switch what {
	case "policy":
		text, err = config.PolicySchema()
	case "cases":
		text, err = config.CasesSchema()
	case "config":
		text, err = config.Schema(all.Kinds())
	case "facts":
		for _, f := range policies.HookFacts() {
			fmt.Fprintf(a.out, "%-26s %-14s %s\n", f.Name, f.Type, f.Doc)
		}
		return nil
	default:
		return usageError{fmt.Errorf("policy schema: unknown schema %q\nhint: it is one of policy, cases, config, facts", what)}
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "%s\n", text)
	return err
}
