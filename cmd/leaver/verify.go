package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
)

type verifyFlags struct {
	against    []string
	key, proof string
}

func (a *app) verifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [RUN]",
		Short: "Check the seals of a run, the whole audit log, and its signatures",
		Long: `Reads every file of the run again and compares it with the manifest, and the manifest with the audit log. Computes the
audit log anew from its records and compares it with its hashes, with the checkpoint that each accepted run left, with the
list of runs and with the grace clocks. What does not fit is named.

Whoever can write to the state folder could make all of this anew. Not so a checkpoint that is kept elsewhere (the key
checkpoints of leaver.yaml, or the Control sheet of a report that was handed out): --against shows that the log still
contains everything that it covers, unchanged.

--proof checks one file that "leaver prove" made, and nothing else: it needs neither configuration nor state folder.`,
		Example: `  leaver verify
  leaver verify 20261130T230000.000Z --against /mnt/worm/20261030T230000.000Z.checkpoint --key leaver.key.pub
  leaver verify --proof proof.json --key leaver.key.pub`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			switch {
			case f.proof == "":
				return a.verify(cmd, names, f)
			case len(names) > 0:
				return usageError{fmt.Errorf("--proof: it names its run itself\nhint: leave out %q", names[0])}
			default:
				return a.verifyProof(f)
			}
		},
	}
	cmd.Flags().StringArrayVar(&f.against, "against", nil, "file of an older checkpoint that the log must contain; may be repeated")
	cmd.Flags().StringVar(&f.proof, "proof", "", "file of a proof of one finding, to be checked by itself")
	cmd.Flags().StringVar(&f.key, "key", "", "file of the public key; by default that of signing_key")
	return cmd
}

func (a *app) verify(cmd *cobra.Command, names []string, f verifyFlags) error {
	c, store, err := a.store()
	if err != nil {
		return err
	}
	defer store.Close()
	key, err := verifier(c, f.key)
	if err != nil {
		return err
	}
	folder, info, err := pick(cmd.Context(), store, names)
	if err != nil {
		return err
	}
	older, err := checkpoints(f.against)
	if err != nil {
		return err
	}
	sealed := store.Verify(cmd.Context(), info.ID)
	if m, err := folder.Manifest(); err == nil && m.Log != "" {
		if found, err := runstore.ParseCheckpoint(m.Log); err == nil {
			older = append(older, found)
		}
	}
	check, err := store.VerifyLog(cmd.Context(), key, older...)
	if err := errors.Join(sealed, err); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "run %s: every file is as the run sealed it\n", info.ID)
	fmt.Fprintf(a.out, "audit log: %d records, %d runs, %d checkpoints, all of a piece", check.Size, check.Runs, check.Checkpoints)
	switch {
	case key == nil:
		fmt.Fprintln(a.out, "; signatures were not checked: no key is known")
	default:
		fmt.Fprintf(a.out, "; %d signatures of %s checked\n", check.Signed, key.Name())
	}
	if check.Purged > 0 {
		fmt.Fprintf(a.out, "of %d records the facts were purged, so that the grace clocks could not be compared\n", check.Purged)
	}
	for _, path := range f.against {
		fmt.Fprintf(a.out, "%s: the log contains what it covers\n", path)
	}
	fmt.Fprintf(a.out, "root hash %s\n", check.RootText())
	return nil
}

func checkpoints(paths []string) ([]runstore.Checkpoint, error) {
	var list []runstore.Checkpoint
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		c, err := runstore.ParseCheckpoint(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		list = append(list, c)
	}
	return list, nil
}
