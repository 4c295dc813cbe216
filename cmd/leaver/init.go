package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/scanners/all"
)

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Write a commented leaver.yaml and policies to start from",
		Long: `Writes leaver.yaml (or the file that -c names), and beside it leaver.schema.json and the folder policies: leavers.yaml, its
cases in leavers.test.yaml, and policy.schema.json. With the schemas an editor completes and checks both. Files that are there stay as they are.`,
		Args: args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			schema, err := config.Schema(all.Kinds())
			if err != nil {
				return err
			}
			if err := a.create(a.config, config.Starter()); err != nil {
				return err
			}
			dir := filepath.Dir(a.config)
			if err := a.create(filepath.Join(dir, "leaver.schema.json"), string(schema)+"\n"); err != nil {
				return err
			}
			if schema, err = config.PolicySchema(); err != nil {
				return err
			}
			if err := a.create(filepath.Join(dir, "policies", "policy.schema.json"), string(schema)+"\n"); err != nil {
				return err
			}
			if err := a.create(filepath.Join(dir, "policies", "leavers.yaml"), config.StarterPolicy()); err != nil {
				return err
			}
			return a.create(filepath.Join(dir, "policies", "leavers.test.yaml"), config.StarterCases())
		},
	}
}

// create writes a new file, readable by its owner, and refuses to touch an existing one.
func (a *app) create(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return usageError{fmt.Errorf("%q is there already\nhint: move it away, or name another file with -c", path)}
	}
	if err != nil {
		return err
	}
	_, err = out.WriteString(text)
	if err = errors.Join(err, out.Close()); err == nil {
		_, err = fmt.Fprintln(a.out, "wrote", path)
	}
	return err
}
