package main

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"leaver": main})
}

// TestScripts plays command lines as a user types them; each script reads like a session.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"aged":  aged,
		},
	})
}

// exits runs leaver and compares the exit code: exits 5 leaver run.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	err = ts.Exec(args[1], args[2:]...)
	if code := exitOf(err); code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

func exitOf(err error) int {
	if err == nil {
		return 0
	}
	if e, ok := err.(interface{ ExitCode() int }); ok {
		return e.ExitCode()
	}
	return -1
}

// aged sets the time of a file back: aged 48h hr.csv.
func aged(ts *testscript.TestScript, _ bool, args []string) {
	by, err := time.ParseDuration(args[0])
	ts.Check(err)
	at := time.Now().Add(-by)
	ts.Check(os.Chtimes(ts.MkAbs(args[1]), at, at))
}
