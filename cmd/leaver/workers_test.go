package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/fixtures/company"
)

// TestWorkersDoNotMatter plays three nights of a company in several ways. However many processors and tasks there are, the
// verdicts of every night are the same byte for byte; when the rows of every file come in another order, every account has the
// same verdict, owner and decision.
func TestWorkersDoNotMatter(t *testing.T) {
	c := company.New(company.Options{Seed: 9, Accounts: 1000, Nights: 3, Now: time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)})
	sums, verdicts := playAll(t, c, 1, 1, false)
	if len(verdicts) < 400 {
		t.Fatalf("%d verdicts", len(verdicts))
	}
	for _, tt := range []struct {
		name              string
		processors, tasks int
	}{{"two processors, one task", 2, 1}, {"four processors, sixteen tasks", 4, 16}} {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := playAll(t, c, tt.processors, tt.tasks, false)
			if diff := cmp.Diff(sums, got); diff != "" {
				t.Errorf("other bytes: %s", diff)
			}
		})
	}
	t.Run("rows in another order", func(t *testing.T) {
		_, got := playAll(t, c, 2, 4, true)
		if diff := cmp.Diff(verdicts, got, cmp.AllowUnexported(line{})); diff != "" {
			t.Errorf("other verdicts: %s", diff)
		}
	})
}

// playAll plays every night and gives the SHA-256 of the verdicts of each, and what the last says of every account.
func playAll(t *testing.T, c *company.Company, processors, tasks int, shuffled bool) (sums []string, last map[string]line) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
	dir := t.TempDir()
	put(t, filepath.Join(dir, "leaver.yaml"), []byte(strings.ReplaceAll(c.Config("", ""), "    kind: table\n", fmt.Sprintf("    kind: table\n    allocation: %d\n", tasks))))
	for n := range c.Nights() {
		if err := c.WriteFiles(dir, n); err != nil {
			t.Fatal(err)
		}
		if shuffled {
			shuffleRows(t, dir, uint64(n))
		}
		if code, said := nightly(dir, c.AsOf(n).Format(time.RFC3339)); code != exitOK {
			t.Fatalf("night %d: exit code %d\n%s", n, code, said)
		}
		sums = append(sums, sumOfVerdicts(t, dir))
	}
	return sums, lines(t, dir)
}

// sumOfVerdicts is the SHA-256 of the verdicts of the last accepted run.
func sumOfVerdicts(t *testing.T, dir string) string {
	t.Helper()
	store, err := runstore.Open(filepath.Join(dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	folder, _, err := pick(context.Background(), store, nil)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(folder.Path("verdicts.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d bytes, %x", len(content), sha256.Sum256(content))
}

// shuffleRows writes the rows of every file in another order.
func shuffleRows(t *testing.T, dir string, seed uint64) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	for _, name := range []string{"hr.csv", "contractors.csv", "crm.csv", "erp.jsonl", "wiki.csv"} {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		rows := slices.Collect(bytes.Lines(text))
		body := rows
		if !strings.HasSuffix(name, ".jsonl") {
			body = rows[1:]
		}
		random.Shuffle(len(body), func(i, j int) { body[i], body[j] = body[j], body[i] })
		put(t, path, bytes.Join(rows, nil))
	}
}
