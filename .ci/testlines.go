// Testlines reads the output of one or more runs of `go test -json` and prints what a person wants of it: a line per
// package as it ends, failures in full, then every test that was skipped in all runs, with its reason, and the totals.
// It ends with exit code 1 when anything failed, when a package did not build, or when nothing ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// event is one line of `go test -json`.
type event struct {
	Action, Package, ImportPath, Test, Output string
}

// id names one test of one package; a package itself has an empty name.
type id struct{ pkg, name string }

// summary is what was seen so far.
type summary struct {
	out      io.Writer
	outcome  map[id]string // pass, fail or skip; the strongest over all runs
	reason   map[id]string // why a test was skipped
	parents  map[id]bool   // tests with subtests
	output   map[id][]string
	packages int
}

func main() {
	s := &summary{out: os.Stdout, outcome: map[id]string{}, reason: map[id]string{}, parents: map[id]bool{}, output: map[id][]string{}}
	if err := s.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testlines:", err)
		os.Exit(1)
	}
	if !s.close() {
		os.Exit(1)
	}
}

func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			s.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
		fmt.Fprint(s.out, line) // a message of make or of the go command
		return
	}
	at := id{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(s.out, e.Output)
	case "run":
		if cut := strings.LastIndex(e.Test, "/"); cut > 0 {
			s.parents[id{e.Package, e.Test[:cut]}] = true
		}
		s.output[at] = []string{}
	case "output":
		s.output[at] = append(s.output[at], e.Output)
	case "pass", "fail", "skip":
		s.end(at, e.Action)
	}
}

// end takes down how a test or a package ended.
func (s *summary) end(at id, outcome string) {
	if at.name == "" {
		s.endPackage(at, outcome)
		return
	}
	if outcome == "skip" {
		s.reason[at] = reason(s.output[at])
	}
	if strength(outcome) > strength(s.outcome[at]) {
		s.outcome[at] = outcome
	}
	if outcome != "fail" {
		delete(s.output, at)
	}
}

// endPackage prints the package's line; after a failure everything that its failed and unfinished tests had to say.
func (s *summary) endPackage(pkg id, outcome string) {
	s.packages++
	if outcome == "fail" {
		left := s.remaining(pkg.pkg)
		for _, at := range left {
			fmt.Fprint(s.out, strings.Join(s.output[at], ""))
		}
		if !slices.ContainsFunc(left, func(at id) bool { return s.outcome[at] == "fail" }) {
			s.outcome[id{pkg.pkg, "(the package as a whole)"}] = "fail" // it did not build, or ended early
		}
	}
	for _, line := range s.output[pkg] {
		if strings.HasPrefix(line, "ok ") || strings.HasPrefix(line, "FAIL\t") || strings.HasPrefix(line, "? ") || outcome == "fail" {
			fmt.Fprint(s.out, line)
		}
	}
	for _, at := range append(s.remaining(pkg.pkg), pkg) {
		delete(s.output, at)
	}
}

// remaining lists the tests of a package whose output is still kept, in order of their names.
func (s *summary) remaining(pkg string) []id {
	var left []id
	for at := range s.output {
		if at.pkg == pkg && at.name != "" {
			left = append(left, at)
		}
	}
	slices.SortFunc(left, func(a, b id) int { return strings.Compare(a.name, b.name) })
	return left
}

// close prints skips and totals, and reports whether all is well.
func (s *summary) close() bool {
	count := map[string]int{}
	var skipped []string
	for at, outcome := range s.outcome {
		if s.parents[at] && outcome == "pass" {
			continue // its subtests are counted
		}
		count[outcome]++
		if outcome == "skip" {
			skipped = append(skipped, fmt.Sprintf("skipped: %s %s: %s", at.pkg, at.name, s.reason[at]))
		}
	}
	slices.Sort(skipped)
	for _, line := range skipped {
		fmt.Fprintln(s.out, line)
	}
	fmt.Fprintf(s.out, "%d passed, %d failed, %d skipped\n", count["pass"], count["fail"], count["skip"])
	return count["fail"] == 0 && s.packages > 0
}

func strength(outcome string) int { return slices.Index([]string{"skip", "pass", "fail"}, outcome) }

// reason is what a skipped test said, on one line.
func reason(output []string) string {
	var said []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			said = append(said, line)
		}
	}
	return strings.Join(said, " ")
}
