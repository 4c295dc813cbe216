package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	tests := []struct {
		name           string
		args           []string
		exit           int
		stdout, stderr string
	}{
		{"plan", []string{"plan.json"}, 6, "", `"plan.json": this version cannot remediate`},
		{"plan among options", []string{"-c", "remediate.yaml", "plan.json"}, 6, "", `"plan.json": this version cannot remediate`},
		{"nothing", nil, 6, "", "no plan given"},
		{"a plan that is called help", []string{"help", "me"}, 6, "", "cannot remediate"},
		{"version", []string{"version"}, 0, "leaver-remediate devel", ""},
		{"help", []string{"--help"}, 0, "refused in this version", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if exit := run(test.args, &stdout, &stderr); exit != test.exit {
				t.Errorf("exit code %d, want %d", exit, test.exit)
			}
			holds(t, "stdout", stdout.String(), test.stdout)
			holds(t, "stderr", stderr.String(), test.stderr)
		})
	}
}

// holds fails unless text contains want; an empty want means that the text is empty.
func holds(t *testing.T, what, text, want string) {
	t.Helper()
	if want == "" && text != "" || !strings.Contains(text, want) {
		t.Errorf("%s is %q, want %q", what, text, want)
	}
}

// TestProcessRefusesPlan runs the program itself: what a script sees is the exit code of the process.
func TestProcessRefusesPlan(t *testing.T) {
	if os.Getenv("LEAVER_REMEDIATE_AS_MAIN") == "1" {
		os.Args = []string{"leaver-remediate", "plan.json"}
		main()
	}
	child := exec.Command(os.Args[0], "-test.run=^TestProcessRefusesPlan$")
	child.Env = append(os.Environ(), "LEAVER_REMEDIATE_AS_MAIN=1")
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitRefused {
		t.Fatalf("ended with %v, want exit code %d; output:\n%s", err, exitRefused, out)
	}
	holds(t, "output", string(out), "hint: ")
}
