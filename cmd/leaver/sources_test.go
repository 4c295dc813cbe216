package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/fixtures/company"
)

// lockAll acts on everything that it may act on, at once.
const lockAll = `apiVersion: leaver/v1
kind: Policy
name: all
trigger: {kinds: [used_after_end, leaver_active, orphan, owner_left, suspended_active, early_active, never_used, dormant, disputed, contradiction]}
grace: {days: 0, from: first_seen}
action: lock
`

// TestLosingASourceNeverMakesDue plays nights of a company under a rule that locks whatever it may, and the last one in several
// ways: without one source, in whole or in part. Nothing is due then that would not be due with all of them, and a people
// source that is lost stops the run.
func TestLosingASourceNeverMakesDue(t *testing.T) {
	c := company.New(company.Options{Seed: 11, Accounts: 1490, Nights: 4, Now: time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)})
	before := t.TempDir()
	put(t, filepath.Join(before, "leaver.yaml"), []byte(c.Config("", "")))
	if err := os.Mkdir(filepath.Join(before, "policies"), 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(before, "policies", "all.yaml"), []byte(lockAll))
	for n := range c.Nights() {
		if err := c.WriteFiles(before, n); err != nil {
			t.Fatal(err)
		}
		if n == c.Nights()-1 {
			break
		}
		if code, said := nightly(before, c.AsOf(n).Format(time.RFC3339)); code != exitOK {
			t.Fatalf("night %d: exit code %d\n%s", n, code, said)
		}
	}
	play := func(t *testing.T, change func(dir string), args ...string) (due map[string]bool, code int) {
		dir := t.TempDir()
		copyFolder(t, before, dir)
		if change != nil {
			change(dir)
		}
		return dueOn(t, dir, append(args, "--as-of", c.AsOf(c.Nights()-1).Format(time.RFC3339)))
	}
	whole, code := play(t, nil)
	if code != exitOK || len(whole) < 50 {
		t.Fatalf("exit code %d, %d accounts are due", code, len(whole))
	}
	for _, tt := range []struct {
		name   string
		change func(dir string)
		args   []string
		code   int
	}{
		{"the crm is not there", lose("crm.csv"), nil, exitIncomplete},
		{"the erp is not there", lose("erp.jsonl"), nil, exitIncomplete},
		{"the wiki is not there", lose("wiki.csv"), nil, exitIncomplete},
		{"the crm is cut off", halve(t, "crm.csv"), nil, exitGate}, // other accounts than before have an owner
		{"the crm is left out", nil, []string{"--source", "erp", "--source", "wiki"}, exitOK},
		{"the wiki alone", nil, []string{"--source", "wiki"}, exitOK},
		{"the crm is configured no more", without("crm"), nil, exitUsage}, // login rules and links name it
		{"the erp is configured no more", without("erp"), nil, exitUsage},
		{"HR is not there", lose("hr.csv"), nil, exitGate},
		{"HR is cut off", halve(t, "hr.csv"), nil, exitGate},
		{"the contractors are not there", lose("contractors.csv"), nil, exitGate},
		{"the contractors are configured no more", without("contractors"), nil, exitGate},
	} {
		t.Run(tt.name, func(t *testing.T) {
			due, code := play(t, tt.change, tt.args...)
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			for account := range due {
				if !whole[account] {
					t.Errorf("%s is due", account)
				}
			}
		})
	}
}

// dueOn runs leaver and lists the accounts that are due; none when the run was refused.
func dueOn(t *testing.T, dir string, args []string) (map[string]bool, int) {
	t.Helper()
	var out, errOut bytes.Buffer
	code := run(context.Background(), append([]string{"run", "--json", "-c", filepath.Join(dir, "leaver.yaml")}, args...), &out, &errOut)
	if code != exitOK && code != exitIncomplete {
		return nil, code
	}
	var result struct{ Run string }
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		t.Fatalf("%v\n%s", err, errOut.String())
	}
	store, err := runstore.Open(filepath.Join(dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	folder, _, err := pick(context.Background(), store, []string{result.Run})
	if err != nil {
		t.Fatal(err)
	}
	due := map[string]bool{}
	for v, err := range folder.Verdicts() {
		if err != nil {
			t.Fatal(err)
		}
		if v.Decision == "due" {
			due[v.Source+"/"+v.Account] = true
			if v.Kind == "disputed" || v.Kind == "contradiction" || slices.Contains(v.Flags.List(), "suspect_match") {
				t.Errorf("%s/%s is due, and %s %v", v.Source, v.Account, v.Kind, v.Flags.List())
			}
		}
	}
	return due, code
}

// copyFolder copies from into to, which exists, with the modes that leaver wants of its state.
func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(filepath.Join(to, "state"), func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return os.Chmod(path, 0o700)
	}); err != nil {
		t.Fatal(err)
	}
}

func lose(name string) func(string) {
	return func(dir string) { _ = os.Remove(filepath.Join(dir, name)) }
}

// halve leaves the first half of the lines.
func halve(t *testing.T, name string) func(string) {
	return func(dir string) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		lines := slices.Collect(bytes.Lines(text))
		put(t, filepath.Join(dir, name), bytes.Join(lines[:len(lines)/2], nil))
	}
}

// without takes the entry of a source out of leaver.yaml.
func without(source string) func(string) {
	return func(dir string) {
		path := filepath.Join(dir, "leaver.yaml")
		text, _ := os.ReadFile(path)
		before, after, _ := strings.Cut(string(text), "  - name: "+source+"\n")
		end := strings.Index(after, "  - name: ")
		if top := strings.Index(after, "\nsources:"); end < 0 || top >= 0 && top < end {
			end = top + 1
		}
		_ = os.WriteFile(path, []byte(before+after[end:]), 0o600)
	}
}
