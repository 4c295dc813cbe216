package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/scanners/all"
)

// app is what the commands share.
type app struct {
	out, err io.Writer
	config   string
	verbose  bool
	now      func() time.Time
	// sleep waits for a while, or until the context is done.
	sleep func(context.Context, time.Duration) error
	// code is the exit code of a command that ended without error and yet has something to say by it.
	code int
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	result := &sticky{w: out}
	a := &app{out: result, err: errOut, now: time.Now, sleep: sleep}
	root := a.root()
	root.SetArgs(args)
	root.SetOut(result)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err == nil && result.err != nil {
		err = fmt.Errorf("standard output: %w", result.err)
	}
	if err != nil {
		code := exitCode(err)
		if code == exitInterrupted {
			err = fmt.Errorf("interrupted; the last accepted run stays in force")
		}
		fmt.Fprintf(errOut, "leaver: %s\n", strings.TrimSpace(err.Error()))
		return worst(code, a.code)
	}
	return a.code
}

// sticky remembers that something could not be written: a result that nobody got is no success.
type sticky struct {
	w   io.Writer
	err error
}

func (s *sticky) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if s.err == nil {
		s.err = err
	}
	return n, err
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "leaver",
		Short: "Find the accounts whose owner has left, or never was, and prove it",
		Long: `leaver reads people from HR and accounts from directories and applications, joins them, and reports every
account that nobody should have any more. It only reads: it links no code that could change an account.

Exit codes: 0 finished and complete, 1 failed, 2 usage or configuration, 3 a source was not read completely,
4 findings of a kind named by --fail-on, 5 a gate stopped the run or a limit holds its plan, 6 the
plan is another one, 11 another run holds the lock, 130 interrupted.
Any other code is a failure.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q\nhint: \"leaver --help\" lists the commands", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVarP(&a.config, "config", "c", "leaver.yaml", "the configuration file; paths in it are relative to it")
	root.PersistentFlags().BoolVarP(&a.verbose, "verbose", "v", false, "log more on standard error")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w\nhint: add --help for the flags of this command", err)}
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(a.initCommand(), a.checkCommand(), a.runCommand(), a.reportCommand(), a.findingsCommand(),
		a.explainCommand(), a.keepCommand(), a.planCommand(), a.liftCommand(), a.emergencyCommand(), a.verifyCommand(), a.proveCommand(), a.keyCommand(), a.linkCommand(), a.policyCommand(), a.serveCommand(), a.runsCommand(), a.diffCommand(), a.versionCommand())
	return root
}

// exactly is cobra.ExactArgs and its kin with our exit code.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{fmt.Errorf("%s: %w\nhint: usage: %s", cmd.Name(), err, cmd.UseLine())}
		}
		return nil
	}
}

func (a *app) log() *slog.Logger {
	level := slog.LevelInfo
	if a.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
}

func (a *app) load() (*config.Config, error) { return config.Load(a.config, all.Kinds()) }

// ready loads what a run needs: the configuration and its rules, checked as of now.
func (a *app) ready() (*config.Config, []policies.Rule, error) {
	c, err := a.load()
	if err != nil {
		return nil, nil, err
	}
	rules, err := c.Rules()
	if err != nil {
		return nil, nil, err
	}
	return c, rules, c.CheckAt(a.now())
}

// store opens the run store of the configuration for reading what earlier runs left.
func (a *app) store() (*config.Config, *runstore.Store, error) {
	c, err := a.load()
	if err != nil {
		return nil, nil, err
	}
	if _, err := os.Stat(c.State); err != nil {
		return nil, nil, fmt.Errorf("no run yet: %w\nhint: \"leaver run\" makes the first", err)
	}
	s, err := runstore.Open(c.State)
	return c, s, err
}

// pick opens the folder of the named run, or of the last accepted one.
func pick(ctx context.Context, store *runstore.Store, names []string) (*runstore.Folder, *runstore.Info, error) {
	var info *runstore.Info
	var err error
	if len(names) > 0 {
		info, err = store.Run(ctx, names[0])
	} else if info, err = store.LatestAccepted(ctx); err == nil && info == nil {
		err = fmt.Errorf("no run was accepted yet\nhint: \"leaver runs\" lists those that were refused or failed")
	}
	if err != nil {
		return nil, nil, err
	}
	folder, err := store.Folder(ctx, info.ID)
	return folder, info, err
}

// judged is pick for commands that need verdicts, which a refused run has none of.
func judged(ctx context.Context, store *runstore.Store, names []string) (*runstore.Folder, *runstore.Info, error) {
	folder, info, err := pick(ctx, store, names)
	if err == nil && info.Status == runstore.Refused {
		why, _, _ := strings.Cut(info.Error, "\n")
		err = fmt.Errorf("run %s was refused and judged nobody: %s\nhint: \"leaver report --run %s\" writes its report", info.ID, why, info.ID)
	}
	return folder, info, err
}
