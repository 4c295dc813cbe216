package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"github.com/leaver-audit/leaver/cmd/internal/config"
)

func (a *app) keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make the key that signs the checkpoints of the audit log",
		Args:  args(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.keyNewCommand())
	return cmd
}

func (a *app) keyNewCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "new FILE",
		Short: "Write a new Ed25519 key to FILE, and the public half to FILE.pub",
		Long: `Writes a private key that only its owner can read, and beside it the public key with which anybody checks what it has
signed. Name the private one in leaver.yaml as signing_key: file:FILE, and give the public one to the auditor. An existing
file is never overwritten.`,
		Example: `  leaver key new leaver.key --name example-corp-leaver`,
		Args:    args(cobra.ExactArgs(1)),
		RunE:    func(_ *cobra.Command, names []string) error { return a.newKey(names[0], name) },
	}
	cmd.Flags().StringVar(&name, "name", "leaver", "the name that signatures bear: no blanks, no plus sign")
	return cmd
}

func (a *app) newKey(path, name string) error {
	if name == "" || strings.ContainsAny(name, " \t\n+") {
		return usageError{fmt.Errorf("--name: %q cannot be the name of a key\nhint: no blanks, no plus sign", name)}
	}
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return err
	}
	if err := writeNew(path, private+"\n", 0o600); err != nil {
		return err
	}
	if err := writeNew(path+".pub", public+"\n", 0o644); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s\n", public)
	fmt.Fprintf(a.err, "wrote %s and %s.pub; name the first in leaver.yaml: signing_key: file:%s\n", path, path, path)
	return nil
}

// writeNew writes a file that must not be there yet.
func writeNew(path, text string, mode os.FileMode) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is already there\nhint: a key that is lost cannot be made again; choose another name", path)
	}
	if err != nil {
		return err
	}
	_, err = out.WriteString(text)
	return errors.Join(err, out.Sync(), out.Close())
}

// signer opens the signing key of the configuration; nil when it names none.
func signer(c *config.Config) (note.Signer, error) {
	text, err := signingKey(c)
	if err != nil || text == "" {
		return nil, err
	}
	s, err := note.NewSigner(text)
	if err != nil {
		return nil, &config.Error{File: c.Path, Key: "signing_key", Problem: "what it refers to is no signing key", Hint: `"leaver key new FILE" makes one`}
	}
	return s, nil
}

func signingKey(c *config.Config) (string, error) {
	if c.SigningKey == "" {
		return "", nil
	}
	secret, err := c.Secret(c.SigningKey)
	if err != nil {
		return "", &config.Error{File: c.Path, Key: "signing_key", Problem: err.Error()}
	}
	return secret.Reveal(), nil
}

// verifier opens the public key in the file at path, or else derives it from the signing key; nil when there is neither.
func verifier(c *config.Config, path string) (note.Verifier, error) {
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		v, err := note.NewVerifier(strings.TrimSpace(string(text)))
		if err != nil {
			return nil, fmt.Errorf("%s: no public key\nhint: \"leaver key new FILE\" writes it to FILE.pub", path)
		}
		return v, nil
	}
	text, err := signingKey(c)
	if err != nil || text == "" {
		return nil, err
	}
	return publicHalf(text)
}

// publicHalf derives the verifier of a private key, PRIVATE+KEY+name+hash+key, whose key is one byte for the algorithm and
// the seed.
func publicHalf(private string) (note.Verifier, error) {
	s, err := note.NewSigner(private)
	if err != nil {
		return nil, errors.New("signing_key: what it refers to is no signing key\nhint: \"leaver key new FILE\" makes one")
	}
	parts := strings.SplitN(private, "+", 5)
	seed, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return nil, errors.New("signing_key: its form is unknown")
	}
	public, err := note.NewEd25519VerifierKey(s.Name(), ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(public)
}
