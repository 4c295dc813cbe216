package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/fixtures/company"
	"github.com/leaver-audit/leaver/fixtures/okta"
)

// TestOktaTruth plays nights of a company whose directory accounts are also users of an Okta tenant, and compares what leaver
// says of each user, and of each account in an application behind it, on the last one with what the company says that it deserves.
func TestOktaTruth(t *testing.T) {
	c := company.New(company.Options{Seed: 11, Accounts: 1490, Now: time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC), Nights: 4})
	for l := range c.Links() {
		if l.System == company.Directory {
			t.Fatalf("the link table speaks of account %s of the directory, but not of its user in the tenant", l.Account)
		}
	}
	dir := t.TempDir()
	s, err := okta.Start(okta.Options{Token: "00token", Now: time.Now, Limit: 100_000}, okta.Content{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	put(t, filepath.Join(dir, "token"), []byte("00token\n"))
	put(t, filepath.Join(dir, "leaver.yaml"), []byte(strings.Replace(c.Config("", ""), "correlation:", okta.Sources(s.URL(), "file:token")+"correlation:", 1)))
	for n := range c.Nights() {
		if err := s.Replace(okta.FromCompany(c, n)); err != nil {
			t.Fatal(err)
		}
		if err := c.WriteFiles(dir, n); err != nil {
			t.Fatal(err)
		}
		if code, said := nightly(dir, c.AsOf(n).Format(time.RFC3339)); code != exitOK {
			t.Fatalf("night %d: exit code %d\n%s", n, code, said)
		}
	}
	kinds := compareOkta(t, c, dir)
	for _, kind := range []string{"", "disputed", "used_after_end", "leaver_active", "orphan", "owner_left", "suspended_active", "never_used", "dormant"} {
		if kinds[kind] == 0 {
			t.Errorf("nobody of kind %q", kind)
		}
	}
	t.Logf("%v", kinds)
}

// compareOkta compares the verdicts of the newest run with the truth of the last night, and counts them by kind.
func compareOkta(t *testing.T, c *company.Company, dir string) map[string]int {
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
	truths, kinds := map[string]company.Truth{}, map[string]int{}
	for truth := range okta.Truth(c, c.Nights()-1) {
		truths[truth.System+"/"+truth.AccountID] = truth
	}
	for truth := range okta.TravelTruth(c, c.Nights()-1) {
		truths[truth.System+"/"+truth.AccountID] = truth
	}
	for v, err := range folder.Verdicts() {
		if err != nil {
			t.Fatal(err)
		}
		if v.Source != okta.System && v.Source != okta.Travel {
			continue
		}
		key := v.Source + "/" + v.Account
		truth, exists := truths[key]
		flags := v.Flags.List()
		slices.Sort(flags)
		got, want := fmt.Sprintf("%q %v", v.Kind, flags), fmt.Sprintf("%q %v", truth.Kind, truth.Flags)
		if !exists || got != want {
			t.Errorf("case %q, %s: got %s, want %s", truth.Case, key, got, want)
		}
		delete(truths, key)
		kinds[truth.Kind]++
	}
	for key := range truths {
		t.Errorf("%s was not judged", key)
	}
	return kinds
}

// TestOktaFaults runs the job against a tenant that is there, that refuses the token, and whose user list breaks off. The files
// beside it are read in any case, and the exit code tells the difference.
func TestOktaFaults(t *testing.T) {
	c := company.New(company.Options{Seed: 3, Accounts: 600, Now: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)})
	dir := t.TempDir()
	s, err := okta.Start(okta.Options{Token: "00token", Now: time.Now, Limit: 100_000}, okta.FromCompany(c, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := c.WriteFiles(dir, 0); err != nil {
		t.Fatal(err)
	}
	sources := strings.Replace(okta.Sources(s.URL(), "file:token"), "activity: system_log", "activity: system_log\n    page_size: 20", 1)
	put(t, filepath.Join(dir, "leaver.yaml"), []byte(strings.Replace(c.Config("", ""), "correlation:", sources+"correlation:", 1)))
	for n, step := range []struct {
		name, token string
		script      []okta.Step
		code        int
		says        []string
	}{
		{"reachable", "00token", nil, exitOK, []string{"okta"}},
		{"wrong token", "00wrong", nil, exitIncomplete, []string{"okta", "E0000011", "hint:"}},
		{"broken off", "00token", []okta.Step{{Path: "/api/v1/users", From: 3, Do: okta.Forbid}}, exitIncomplete, []string{"okta", "partial", "E0000006"}},
		{"the next page is elsewhere", "00token", []okta.Step{{Path: "/api/v1/users", From: 1, Do: okta.ForeignNext}}, exitIncomplete, []string{"elsewhere.example"}},
		{"reachable again", "00token", nil, exitOK, nil},
	} {
		t.Run(step.name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(dir, "token"), []byte(step.token), 0o600); err != nil {
				t.Fatal(err)
			}
			s.Play(step.script...)
			code, said := nightly(dir, c.AsOf(0).AddDate(0, 0, n).Format(time.RFC3339))
			if code != step.code {
				t.Fatalf("exit code %d, want %d\n%s", code, step.code, said)
			}
			for _, want := range step.says {
				if !strings.Contains(said, want) {
					t.Errorf("nothing says %q:\n%s", want, said)
				}
			}
			if strings.Contains(said, step.token) {
				t.Error("the token is in the output")
			}
		})
	}
}
