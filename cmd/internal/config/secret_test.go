package config

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestSecret(t *testing.T) {
	dir := t.TempDir()
	c := &Config{Dir: dir}
	t.Setenv("LEAVER_TEST_SECRET", "from the environment")
	t.Setenv("LEAVER_TEST_EMPTY", "")
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	write(t, dir, "pass", "from a file\n")
	open := write(t, dir, "open", "x")
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "big", strings.Repeat("x", maxSecret+1))
	tests := []struct{ ref, want, problem string }{
		{"env:LEAVER_TEST_SECRET", "from the environment", ""},
		{"file:pass", "from a file", ""},
		{"file:" + dir + "/pass", "from a file", ""},
		{"systemd:pass", "from a file", ""},
		{"systemd:../pass", "", "is not the name of a credential"},
		{"env:LEAVER_TEST_UNSET", "", "is not set"},
		{"env:LEAVER_TEST_EMPTY", "", "is empty"},
		{"file:open", "", "can be read by others (mode 0640)"},
		{"file:absent", "", "no such file"},
		{"file:.", "", "is not a regular file"},
		{"file:big", "", "is larger than"},
		{"hunter2", "", "written out where a reference belongs"},
		{"env:", "", "written out where a reference belongs"},
	}
	for _, test := range tests {
		t.Run(test.ref, func(t *testing.T) {
			got, err := c.Secret(test.ref)
			if test.problem == "" && (err != nil || got.Reveal() != test.want) {
				t.Fatalf("got %q, %v", got.Reveal(), err)
			}
			if test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)) {
				t.Fatalf("want %q, got %v", test.problem, err)
			}
			if text := fmt.Sprint(err); strings.Contains(text, "hunter2") {
				t.Errorf("the message shows the secret: %s", text)
			}
		})
	}
}

func TestSecretWithoutSystemd(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	if _, err := (&Config{}).Secret("systemd:pass"); err == nil || !strings.Contains(err.Error(), "LoadCredential=") {
		t.Errorf("%v", err)
	}
}
