package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"leaver": main, "sheet": printSheet, "digests": printDigests})
}

// TestScripts plays command lines as a user types them; each script reads like a session.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TOMORROW", time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly))
			dir, err := filepath.Abs(examples)
			env.Setenv("EXAMPLES", dir)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"aged":    aged,
			"edit":    edit,
			"cat":     concatenate,
			"waitfor": waitFor,
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

// concatenate writes some files into the last one: cat a b into.
func concatenate(ts *testscript.TestScript, _ bool, args []string) {
	var text string
	for _, name := range args[:len(args)-1] {
		text += ts.ReadFile(name)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[len(args)-1]), []byte(text), 0o600))
}

// waitFor waits until a file is there and not empty; the test's own time limit bounds it.
func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	for {
		if info, err := os.Stat(ts.MkAbs(args[0])); err == nil && info.Size() > 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// aged sets the time of a file back: aged 48h hr.csv.
func aged(ts *testscript.TestScript, _ bool, args []string) {
	by, err := time.ParseDuration(args[0])
	ts.Check(err)
	at := time.Now().Add(-by)
	ts.Check(os.Chtimes(ts.MkAbs(args[1]), at, at))
}

// edit replaces every occurrence of a text in a file: edit hr.csv OLD NEW. The text has to be there.
func edit(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], args[2])), 0o600))
}

// printSheet prints a sheet of the workbook of the newest run: sheet STATE NAME.
func printSheet() {
	books, err := filepath.Glob(filepath.Join(os.Args[1], "runs", "*", "report.xlsx"))
	if err != nil || len(books) == 0 {
		fmt.Fprintln(os.Stderr, "no workbook", err)
		os.Exit(1)
	}
	book, err := excelize.OpenFile(slices.Max(books))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	rows, err := book.GetRows(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, row := range rows {
		fmt.Println(strings.Join(slices.DeleteFunc(row, func(s string) bool { return s == "" }), " | "))
	}
}

// printDigests prints name, mode and SHA-256 of every file below a folder: digests STATE.
func printDigests() {
	err := filepath.WalkDir(os.Args[1], func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil || d.IsDir() {
			fmt.Println(path, info.Mode())
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Printf("%s %s %x\n", path, info.Mode(), sha256.Sum256(text))
		return err
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
