package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/fixtures/company"
)

// BenchmarkRun is the whole job on files, as a child process: peak memory and CPU of one night, and what ten times the
// accounts cost.
func BenchmarkRun(b *testing.B) {
	var before cost
	for _, accounts := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("accounts=%d", accounts), func(b *testing.B) {
			config := files(b, accounts)
			b.ResetTimer()
			var last cost
			for range b.N {
				last = night(b, config)
			}
			b.ReportMetric(float64(last.read), "accounts")
			b.ReportMetric(float64(last.people), "people")
			b.ReportMetric(float64(last.peak)/1e6, "peak-MB")
			b.ReportMetric(last.cpu.Seconds(), "cpu-s")
			b.ReportMetric(float64(last.findings), "findings")
			if before.read > 0 {
				b.ReportMetric(float64(last.cpu)/float64(before.cpu), "cpu-growth")
				b.ReportMetric(float64(last.peak)/float64(before.peak), "peak-growth")
			}
			before = last
		})
	}
}

type cost struct {
	people, read, findings int64
	peak                   int64
	cpu                    time.Duration
}

// files writes a company whose application files hold about the given number of accounts, five for each person. The
// company keeps three applications in files; two of them are read a second time under another name.
func files(b *testing.B, accounts int) string {
	b.Helper()
	dir := b.TempDir()
	now := time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)
	c := company.New(company.Options{Seed: 7, Accounts: accounts * 4 / 5, People: accounts / 5, Now: now})
	if err := c.WriteFiles(dir, c.Nights()-1); err != nil {
		b.Fatal(err)
	}
	before, after, _ := strings.Cut(c.Config(dir, ""), "correlation:")
	text := before + again(before, company.CRM) + again(before, company.Wiki) + "correlation:" + after
	path := filepath.Join(dir, "leaver.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// again repeats the entry of a source under another name.
func again(config, source string) string {
	_, entry, _ := strings.Cut(config, "  - name: "+source+"\n")
	entry, _, _ = strings.Cut(entry, "  - name: ")
	return "  - name: " + source + "-2\n" + entry
}

// night runs the job once on a fresh state.
func night(b *testing.B, config string) cost {
	b.Helper()
	if err := os.RemoveAll(filepath.Join(filepath.Dir(config), "state")); err != nil {
		b.Fatal(err)
	}
	cmd := leaver(b, "run", "--json", "-c", config, "--as-of", "2026-11-22T23:00:00Z")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	var result struct {
		People   struct{ Rows int64 }
		Sources  []struct{ Read int64 }
		Findings map[string]int64
	}
	if err := json.Unmarshal(out, &result); err != nil {
		b.Fatal(err)
	}
	c := cost{people: result.People.Rows, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.peak = usage.Maxrss << 10 // Linux counts in KiB
	}
	for _, s := range result.Sources {
		c.read += s.Read
	}
	for _, n := range result.Findings {
		c.findings += n
	}
	return c
}
