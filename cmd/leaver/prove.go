package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"github.com/leaver-audit/leaver/cmd/internal/job"
	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reports"
)

type proveFlags struct{ run, to, out string }

func (a *app) proveCommand() *cobra.Command {
	var f proveFlags
	cmd := &cobra.Command{
		Use:   "prove FINDING",
		Short: "Write a proof of one finding that stands alone",
		Long: `FINDING is the id of a finding, or the account that has it: an immutable id or a login, alone or after "source/".

The proof is one JSON file. It holds the row of the finding as the run sealed it (account, owner, verdict, decision), what
earlier runs knew of it, the manifest of the run, the record of the audit log that names the manifest, and a checkpoint of
the log, signed when there is a key; and the hashes that lead from each of them to the next. It shows no other finding.
"leaver verify --proof FILE --key leaver.key.pub" checks it anywhere, without the state folder and without a configuration.`,
		Example: `  leaver prove F-a4b69db685afdd4b --output proof.json
  leaver prove crm/A-1001 --run 20261130T230000.000Z --checkpoint /mnt/worm/20261130T230000.000Z.checkpoint`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error { return a.prove(cmd.Context(), names[0], f) },
	}
	cmd.Flags().StringVar(&f.run, "run", "", "the run; the last accepted one by default")
	cmd.Flags().StringVar(&f.to, "checkpoint", "", "file of a checkpoint to prove to, such as one that the auditor holds; the first after the run by default")
	cmd.Flags().StringVarP(&f.out, "output", "o", "", "the file to write; standard output by default")
	return cmd
}

func (a *app) prove(ctx context.Context, name string, f proveFlags) error {
	_, store, err := a.store()
	if err != nil {
		return err
	}
	defer store.Close()
	var names []string
	if f.run != "" {
		names = []string{f.run}
	}
	folder, _, err := judged(ctx, store, names)
	if err != nil {
		return err
	}
	finding, err := findingNamed(folder, name)
	if err != nil {
		return err
	}
	var to *runstore.Checkpoint
	if f.to != "" {
		given, err := checkpoints([]string{f.to})
		if err != nil {
			return err
		}
		to = &given[0]
	}
	p, err := store.Prove(ctx, folder, finding, to)
	if err != nil {
		return err
	}
	if f.out == "" {
		return printJSON(a.out, p)
	}
	if err := job.ReplaceFile(f.out, func(w io.Writer) error { return printJSON(w, p) }); err != nil {
		return err
	}
	fmt.Fprintln(a.out, f.out)
	return nil
}

// findingNamed is the id of the finding that somebody means by its id or by its account.
func findingNamed(folder *runstore.Folder, name string) (string, error) {
	if strings.HasPrefix(name, "F-") {
		return name, nil
	}
	rows, err := job.Findings(folder, name)
	switch {
	case err != nil:
		return "", err
	case len(rows) == 0:
		return "", fmt.Errorf("run %s made no finding on an account %q\nhint: \"leaver findings --json\" lists the ids of findings", folder.ID, name)
	case len(rows) > 1:
		return "", fmt.Errorf("%q means %d accounts with findings\nhint: write source/ and the immutable id, or the id of the finding", name, len(rows))
	default:
		return rows[0].ID(), nil
	}
}

// verifyProof checks a proof by itself: neither configuration nor state is looked at.
func (a *app) verifyProof(f verifyFlags) error {
	text, err := os.ReadFile(f.proof)
	if err != nil {
		return err
	}
	p, err := runstore.ParseProof(text)
	if err != nil {
		return fmt.Errorf("%s: %w", f.proof, err)
	}
	var key note.Verifier
	if f.key != "" {
		if key, err = verifier(nil, f.key); err != nil {
			return err
		}
	}
	proven, err := p.Check(key)
	if err != nil {
		return fmt.Errorf("%s: %w", f.proof, err)
	}
	held, err := checkpoints(f.against)
	if err != nil {
		return err
	}
	for i, c := range held {
		if is := proven.Checkpoint; c.Origin != is.Origin || c.Size != is.Size || c.Root != is.Root {
			return fmt.Errorf("%s: it leads to another checkpoint (%s, %d records) than %s (%s, %d records)\nhint: ask for a proof made with --checkpoint %s",
				f.proof, is.Origin, is.Size, f.against[i], c.Origin, c.Size, f.against[i])
		}
	}
	return a.printProven(p, proven, f)
}

func (a *app) printProven(p *runstore.Proof, proven *runstore.Proven, f verifyFlags) error {
	row, m := &proven.Row, proven.Manifest
	owner := "nobody"
	if row.Person != nil {
		owner = row.Person.Ref()
	}
	fmt.Fprintf(a.out, "run %s as of %s, by %s, found %s: %s on %s/%s of %s\n", p.Run, stamp(m.AsOf), m.Tool, p.Finding, row.Kind, row.Account.System,
		reports.Visible(row.Account.ID), reports.Visible(owner))
	fmt.Fprintf(a.out, "why      %s\n", reports.Visible(row.Why))
	fmt.Fprintf(a.out, "decision %s: %s\n", row.Decision.Kind, reports.Visible(row.Decision.Why))
	if proven.Past != nil && !proven.Past.FirstSeen.IsZero() {
		fmt.Fprintf(a.out, "known since %s\n", stamp(proven.Past.FirstSeen))
	}
	fmt.Fprintf(a.out, "the row, the rows of the run, its manifest, record %d of the audit log and the checkpoint of its first %d records: each leads to the next\n",
		p.RecordNumber, proven.Checkpoint.Size)
	switch {
	case proven.SignedBy != "":
		fmt.Fprintf(a.out, "the checkpoint is signed by %s\n", proven.SignedBy)
	case len(f.against) == 0:
		fmt.Fprintln(a.out, "the signature of the checkpoint was not checked: give the public key with --key, or compare the root hash with one that was kept elsewhere")
	}
	for _, path := range f.against {
		fmt.Fprintf(a.out, "the checkpoint is that of %s\n", path)
	}
	_, err := fmt.Fprintf(a.out, "root hash %s\n", proven.Checkpoint.RootText())
	return err
}
