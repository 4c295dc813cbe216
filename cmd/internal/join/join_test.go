package join

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/fixtures/join"
)

// TestFindings finds exactly what the generator planted, at a size that every test run can afford.
func TestFindings(t *testing.T) {
	dir := t.TempDir()
	planted, err := join.Write(dir, join.Options{Seed: 2, People: 20_000, Accounts: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out.csv")
	if err := judge(t.Context(), dir, out); err != nil {
		t.Fatal(err)
	}
	got, want := lines(t, out), lines(t, filepath.Join(dir, join.Expected))
	if len(want) != planted || planted < 10_000 {
		t.Errorf("%d lines for %d planted findings", len(want), planted)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-planted +found):\n%s", diff)
	}
}

// TestSameBytes makes the data of one seed twice: whoever repeats the benchmark measures the same.
func TestSameBytes(t *testing.T) {
	var made [2]string
	for i := range made {
		dir := t.TempDir()
		if _, err := join.Write(dir, join.Options{Seed: 3, People: 50, Accounts: 200}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{join.People, join.Accounts, join.Expected} {
			made[i] += strings.Join(lines(t, filepath.Join(dir, name)), "\n")
		}
	}
	if diff := cmp.Diff(made[0], made[1]); diff != "" {
		t.Error(diff)
	}
}

// lines gives the lines of a file, sorted.
func lines(t testing.TB, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	slices.Sort(all)
	return all
}
