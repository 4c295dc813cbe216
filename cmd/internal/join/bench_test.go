package join

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/fixtures/join"
)

var (
	peopleFlag   = flag.Int("people", 1_000_000, "people of the benchmark")
	accountsFlag = flag.Int("accounts", 5_000_000, "accounts of the benchmark")
	pairsFlag    = flag.Int("pairs", 5, "pairs of runs of the benchmark")
	dirFlag      = flag.String("dir", "", "existing folder that keeps the benchmark's data for the next time; by default a temporary one")
)

// cost is what one child process took.
type cost struct {
	wall, cpu time.Duration
	peak      int64 // bytes
}

// BenchmarkAgainstDuckDB lets leaver and DuckDB do the same joins in turns.
func BenchmarkAgainstDuckDB(b *testing.B) {
	duckdb := installDuckDB(b)
	dir := data(b)
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	ours, theirs := filepath.Join(dir, "leaver.csv"), filepath.Join(dir, "duckdb.csv")
	programs := [2]func() *exec.Cmd{
		func() *exec.Cmd { return exec.Command(self, "judge", dir, ours) },
		func() *exec.Cmd {
			return exec.Command("node", duckdb, filepath.Join(dir, join.People), filepath.Join(dir, join.Accounts), theirs, join.AsOf().Format(time.DateOnly))
		},
	}
	for i := range programs {
		run(b, programs[i]()) // warms the cache
	}
	b.ResetTimer()
	for b.Loop() {
		var costs [2][]cost
		for range *pairsFlag {
			for i := range programs {
				costs[i] = append(costs[i], run(b, programs[i]()))
			}
		}
		report(b, costs[0], costs[1])
		// Only now: what this process has held at its peak counts as the peak of each child that it starts later.
		sameFindings(b, dir, ours, theirs)
	}
}

// BenchmarkLeaver is leaver's side alone, in this process, for a profile.
func BenchmarkLeaver(b *testing.B) {
	dir := data(b)
	for b.Loop() {
		if err := judge(b.Context(), dir, filepath.Join(dir, "leaver.csv")); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(*accountsFlag)*float64(b.N)/b.Elapsed().Seconds(), "accounts/s")
}

// data makes the files, or finds them where an earlier run has left them.
func data(b *testing.B) string {
	b.Helper()
	dir := *dirFlag
	if dir == "" {
		dir = b.TempDir()
	}
	options := join.Options{Seed: 1, People: *peopleFlag, Accounts: *accountsFlag}
	stamp := filepath.Join(dir, "made")
	if made, err := os.ReadFile(stamp); err == nil && string(made) == fmt.Sprint(options) {
		return dir
	}
	findings, err := join.Write(dir, options)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(stamp, []byte(fmt.Sprint(options)), 0o600); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d people, %d accounts, %d findings planted", options.People, options.Accounts, findings)
	return dir
}

// run waits for a child process and tells what it cost.
func run(b *testing.B, c *exec.Cmd) cost {
	b.Helper()
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	began := time.Now()
	if err := c.Run(); err != nil {
		b.Fatalf("%s: %v", c, err)
	}
	used := cost{wall: time.Since(began), cpu: c.ProcessState.UserTime() + c.ProcessState.SystemTime()}
	if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		used.peak = usage.Maxrss << 10 // Linux counts in KiB
	}
	return used
}

// sameFindings compares the findings of both sides with those planted, as sorted sets.
func sameFindings(b *testing.B, dir string, ours, theirs string) {
	b.Helper()
	want := lines(b, filepath.Join(dir, join.Expected))
	for side, path := range map[string]string{"leaver": ours, "DuckDB": theirs} {
		if got := lines(b, path); !slices.Equal(got, want) {
			b.Fatalf("%s found %d, planted are %d, and they are not the same", side, len(got), len(want))
		}
	}
	b.Logf("leaver and DuckDB found the same %d findings, those that were planted", len(want))
}

// report prints every pair, the medians and their ratios.
func report(b *testing.B, ours, theirs []cost) {
	b.Helper()
	line := func(name string, l, d cost) {
		b.Logf("%-7s leaver %6.2f s wall %6.2f s CPU %5d MB   DuckDB %6.2f s wall %6.2f s CPU %5d MB   leaver / DuckDB %.2f wall %.2f CPU %.2f memory",
			name, l.wall.Seconds(), l.cpu.Seconds(), l.peak/1e6, d.wall.Seconds(), d.cpu.Seconds(), d.peak/1e6,
			ratio(l.wall, d.wall), ratio(l.cpu, d.cpu), ratio(l.peak, d.peak))
	}
	for i := range ours {
		line(fmt.Sprint("pair ", i+1), ours[i], theirs[i])
	}
	l, d := medians(ours), medians(theirs)
	line("median", l, d)
	b.ReportMetric(ratio(l.wall, d.wall), "wall-ratio")
	b.ReportMetric(ratio(l.cpu, d.cpu), "cpu-ratio")
	b.ReportMetric(ratio(l.peak, d.peak), "memory-ratio")
}

func ratio[T ~int64](a, b T) float64 { return float64(a) / float64(b) }

// medians takes each figure by itself.
func medians(all []cost) cost {
	return cost{median(all, func(c cost) time.Duration { return c.wall }), median(all, func(c cost) time.Duration { return c.cpu }),
		median(all, func(c cost) int64 { return c.peak })}
}

func median[T cmp.Ordered](all []cost, of func(cost) T) T {
	var figures []T
	for _, c := range all {
		figures = append(figures, of(c))
	}
	slices.Sort(figures)
	return figures[len(figures)/2]
}
