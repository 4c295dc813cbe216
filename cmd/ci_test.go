package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTestlines feeds the summary of `make test` with what `go test -json` prints.
func TestTestlines(t *testing.T) {
	program := filepath.Join(t.TempDir(), "testlines")
	run(t, "go", "build", "-o", program, "./.ci/testlines.go")
	const passed = `{"Action":"run","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"A","Output":"chatter\n"}
{"Action":"pass","Package":"p","Test":"A"}
`
	const failed = `{"Action":"run","Package":"p","Test":"B"}
{"Action":"output","Package":"p","Test":"B","Output":"    b_test.go:7: wrong\n"}
{"Action":"fail","Package":"p","Test":"B"}
`
	const skipped = `{"Action":"run","Package":"p","Test":"C"}
{"Action":"output","Package":"p","Test":"C","Output":"=== RUN   C\n"}
{"Action":"output","Package":"p","Test":"C","Output":"    c_test.go:9: slapd is not installed\n"}
{"Action":"output","Package":"p","Test":"C","Output":"--- SKIP: C (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"C"}
`
	const ended = `{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`
	const broke = `{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
`
	tests := []struct {
		name, input string
		ok          bool
		want        []string
		not         string
	}{
		{"pass", passed + ended, true, []string{"ok  \tp\t0.1s\n", "1 passed, 0 failed, 0 skipped"}, "chatter"},
		{"fail", passed + failed + broke, false, []string{"b_test.go:7: wrong", "FAIL\tp", "1 passed, 1 failed, 0 skipped"}, "chatter"},
		{
			"skip", passed + skipped + ended, true,
			[]string{"skipped: p C: c_test.go:9: slapd is not installed\n", "1 passed, 0 failed, 1 skipped"}, "SKIP",
		},
		{
			"skipped in one of two runs", skipped + ended + strings.ReplaceAll(passed, `"A"`, `"C"`) + ended, true,
			[]string{"1 passed, 0 failed, 0 skipped"}, "skipped:",
		},
		{"failed in one of two runs", passed + ended + strings.ReplaceAll(failed, `"B"`, `"A"`) + broke, false, []string{"0 passed, 1 failed"}, ""},
		{
			"subtests", `{"Action":"run","Package":"p","Test":"S"}
{"Action":"run","Package":"p","Test":"S/x"}
{"Action":"pass","Package":"p","Test":"S/x"}
{"Action":"pass","Package":"p","Test":"S"}
` + ended, true, []string{"1 passed, 0 failed, 0 skipped"}, "",
		},
		{"crash in the middle of a test", `{"Action":"run","Package":"p","Test":"D"}
{"Action":"output","Package":"p","Test":"D","Output":"panic: test timed out\n"}
` + broke, false, []string{"panic: test timed out", "1 failed"}, ""},
		{
			"does not build", `{"ImportPath":"p","Action":"build-output","Output":"p.go:3: undefined: x\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"fail","Package":"p","FailedBuild":"p"}
`, false, []string{"undefined: x", "1 failed"}, "",
		},
		{"message of the go command", "go: go.mod is broken\n", false, []string{"go: go.mod is broken", "0 passed"}, ""},
		{"nothing", "", false, []string{"0 passed, 0 failed, 0 skipped"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cmd := exec.Command(program)
			cmd.Stdin = strings.NewReader(test.input)
			out, err := cmd.CombinedOutput()
			if (err == nil) != test.ok {
				t.Errorf("ended with %v, want success=%v", err, test.ok)
			}
			for _, want := range test.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("printed %q, want %q in it", out, want)
				}
			}
			if test.not != "" && strings.Contains(string(out), test.not) {
				t.Errorf("printed %q, want no %q in it", out, test.not)
			}
		})
	}
}

// TestCIRunFails runs .ci/run over a Makefile whose parts succeed or fail.
func TestCIRunFails(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		missing(t, "make is not installed")
	}
	script, err := os.ReadFile(filepath.Join(root, ".ci", "run"))
	if err != nil {
		t.Fatal(err)
	}
	const good, bad = "\t@echo CI is $$CI; ! read line\n", "\t@exit 3\n"
	for _, test := range []struct {
		name, check, test string
		ok                bool
		want              string
	}{
		{"all good", good, good, true, "CI is true"},
		{"check fails", bad, good, false, "make check failed after"},
		{"test fails", good, bad, false, "make test failed after"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, ".ci", "run"), string(script))
			write(t, filepath.Join(dir, "Makefile"), "SHELL := bash\ncheck:\n"+test.check+"test:\n"+test.test)
			out, err := exec.Command("bash", filepath.Join(dir, ".ci", "run")).CombinedOutput()
			if (err == nil) != test.ok || !strings.Contains(string(out), test.want) {
				t.Errorf("ended with %v and printed %q, want success=%v and %q", err, out, test.ok, test.want)
			}
		})
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestGraphSDKIsAnnounced: what is about to take minutes and gigabytes is said before, and does not start without the memory.
func TestGraphSDKIsAnnounced(t *testing.T) {
	plenty, little := filepath.Join(t.TempDir(), "plenty"), filepath.Join(t.TempDir(), "little")
	for path, text := range map[string]string{plenty: "MemTotal: 1 kB\nMemAvailable:   16000000 kB\n", little: "MemTotal: 1 kB\nMemAvailable:    2000000 kB\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const offers = "make test TAGS=noentra leaves it out"
	for _, test := range []struct {
		name, tags, sdk, meminfo, cache string
		ok                              bool
		want                            []string
	}{
		{"not compiled, memory", "", "", plenty, t.TempDir(), true, []string{"5 GB of memory", offers}},
		{"not compiled, no memory", "", "", little, t.TempDir(), false, []string{offers, "1953 MB of memory are available"}},
		{"not compiled, nobody knows the memory", "", "", "/nonexistent", t.TempDir(), true, []string{offers}},
		{"left out", "netgo,noentra", "", little, t.TempDir(), true, nil},
		{"compiled", "", "unsafe", little, "", true, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := exec.Command("bash", ".ci/graphsdk", "test", test.tags)
			cmd.Dir = root
			cmd.Env = append(os.Environ(), "MEMINFO="+test.meminfo, "GRAPHSDK="+test.sdk)
			if test.cache != "" {
				cmd.Env = append(cmd.Env, "GOCACHE="+test.cache)
			}
			out, err := cmd.CombinedOutput()
			if (err == nil) != test.ok || len(test.want) == 0 && len(out) > 0 {
				t.Errorf("%v: %s", err, out)
			}
			for _, want := range test.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("printed %q, want %q in it", out, want)
				}
			}
		})
	}
}
