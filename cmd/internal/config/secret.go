package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
)

const secretHint = "refer to it: env:NAME, file:/path (mode 0600) or systemd:NAME"

// maxSecret bounds a secret in bytes; keys and certificates stay far below it.
const maxSecret = 64 << 10

func isReference(value string) bool {
	for _, scheme := range []string{"env:", "file:", "systemd:"} {
		if rest, ok := strings.CutPrefix(value, scheme); ok && rest != "" {
			return true
		}
	}
	return false
}

// Secret resolves a reference: env:NAME is a variable of the environment, file:PATH a file that only its owner can read,
// systemd:NAME a credential that systemd hands over (LoadCredential=). One line end at the end of a file is dropped. An
// empty secret is an error, and no error shows a value.
func (c *Config) Secret(ref string) (scanners.Secret, error) {
	scheme, name, _ := strings.Cut(ref, ":")
	var text string
	var err error
	switch {
	case !isReference(ref):
		return scanners.Secret{}, errors.New("a secret is written out where a reference belongs\nhint: " + secretHint)
	case scheme == "env":
		text, err = fromEnvironment(name)
	case scheme == "file":
		text, err = fromFile(c.ResolvePath(name), true)
	default:
		text, err = fromSystemd(name)
	}
	if err != nil {
		return scanners.Secret{}, fmt.Errorf("secret %q: %w", ref, err)
	}
	if text == "" {
		return scanners.Secret{}, fmt.Errorf("secret %q is empty", ref)
	}
	return scanners.NewSecret(text), nil
}

func fromEnvironment(name string) (string, error) {
	value, ok := os.LookupEnv(name)
	if !ok {
		return "", fmt.Errorf("environment variable %q is not set\nhint: export it for the user that runs leaver", name)
	}
	return value, nil
}

func fromSystemd(name string) (string, error) {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return "", errors.New("no credentials directory\nhint: run leaver as a systemd service with LoadCredential=" + name + ":PATH")
	}
	if name != filepath.Base(name) {
		return "", fmt.Errorf("%q is not the name of a credential", name)
	}
	return fromFile(filepath.Join(dir, name), false)
}

// fromFile reads a secret; private asks that nobody but the owner may read it.
func fromFile(path string, private bool) (string, error) {
	in, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	info, err := in.Stat()
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%q is not a regular file", path)
	case private && info.Mode().Perm()&0o077 != 0:
		return "", fmt.Errorf("%q can be read by others (mode %04o)\nhint: chmod 600 %s", path, info.Mode().Perm(), path)
	case info.Size() > maxSecret:
		return "", fmt.Errorf("%q is larger than %d KiB", path, maxSecret>>10)
	}
	text, err := io.ReadAll(io.LimitReader(in, maxSecret))
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), nil
}
