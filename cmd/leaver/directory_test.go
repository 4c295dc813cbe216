package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/fixtures/company"
	"github.com/leaver-audit/leaver/fixtures/directory"
)

// TestDirectoryFaults runs the job against a directory that is there, that refuses the password, and that is gone. The
// files beside it are read in any case, and the exit code tells the difference.
func TestDirectoryFaults(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 18, 23, 0, 0, 0, time.UTC)
	c := company.New(company.Options{Seed: 3, Accounts: 300, Now: now})
	if err := c.WriteFiles(dir, c.Nights()-1); err != nil {
		t.Fatal(err)
	}
	server, err := directory.Start(directory.Options{BindDN: company.ReaderDN, Password: "secret-of-the-test"}, c.Entries(c.Nights()-1))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("leaver.yaml", c.Config(dir, server.URL()))
	gone := "ldap://127.0.0.1:1"
	write("gone.yaml", c.Config(dir, gone))
	for n, step := range []struct {
		name, config, password string
		code                   int
		says                   []string
	}{
		{"reachable", "leaver.yaml", "secret-of-the-test", exitOK, []string{"directory"}},
		{"wrong password", "leaver.yaml", "wrong", exitIncomplete, []string{"directory", "Invalid Credentials", "hint:"}},
		{"nobody listens", "gone.yaml", "secret-of-the-test", exitIncomplete, []string{"directory", "127.0.0.1:1", "hint:"}},
		{"reachable again", "leaver.yaml", "secret-of-the-test", exitOK, nil},
	} {
		t.Run(step.name, func(t *testing.T) {
			write(company.PasswordFile, step.password)
			var out, errOut bytes.Buffer
			asOf := now.AddDate(0, 0, n).Format(time.RFC3339)
			code := run(context.Background(), []string{"run", "-c", filepath.Join(dir, step.config), "--as-of", asOf}, &out, &errOut)
			both := out.String() + errOut.String()
			if code != step.code {
				t.Fatalf("exit code %d, want %d\n%s", code, step.code, both)
			}
			for _, want := range step.says {
				if !strings.Contains(both, want) {
					t.Errorf("nothing says %q:\n%s", want, both)
				}
			}
			if strings.Contains(both, "secret-of-the-test") {
				t.Error("the password is in the output")
			}
			if code == exitIncomplete && !strings.Contains(strings.SplitN(out.String(), "\n", 2)[0], "directory") {
				t.Errorf("the first sentence does not name the source that was not read:\n%s", out.String())
			}
		})
	}
	var out, errOut bytes.Buffer
	if code := run(context.Background(), []string{"findings", "--json", "-c", filepath.Join(dir, "leaver.yaml")}, &out, &errOut); code != exitOK {
		t.Fatal(errOut.String())
	}
	if !strings.Contains(out.String(), `"source":"`+company.Directory+`"`) {
		t.Error("the directory has no findings once it is back")
	}
}
