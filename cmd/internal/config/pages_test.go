package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/all"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// TestExamplesOfConnectorPages loads what the pages in docs/connectors show: whoever copies it should not be told that it is wrong.
func TestExamplesOfConnectorPages(t *testing.T) {
	pages, err := filepath.Glob("../../../docs/connectors/*.md")
	if err != nil || len(pages) < 3 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	const rest = "organisation: Example Corp\ntimezone: Europe/Berlin\nstate: state\ncorrelation: {keys: [mail]}\nthresholds: {profile: custom, dormant: 90d, never_used: 45d}\n"
	found := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, example := range examplesOf(string(text)) {
			found++
			whole := rest + example
			if !strings.Contains(whole, "people:\n") {
				whole += "people: [{name: example-hr, kind: table, path: hr.csv, columns: {id: id}}]\n"
			}
			if !strings.Contains(whole, "sources:\n") {
				whole += "sources: [{name: example-app, kind: table, path: app.csv, columns: {id: id}}]\n"
			}
			c, err := Load(write(t, t.TempDir(), "leaver.yaml", whole), all.Kinds())
			if err != nil {
				t.Errorf("%s: %v\n%s", page, err, example)
				continue
			}
			if err := validate(t, compiled(t, all.Kinds()), whole); err != nil {
				t.Errorf("%s: schema: %v", page, err)
			}
			opens(t, page, c)
		}
	}
	if found < 3 {
		t.Errorf("only %d examples found", found)
	}
}

// examplesOf are the blocks of a page that hold people or sources.
func examplesOf(page string) []string {
	var all []string
	for block := range strings.SplitSeq(page, "\n\n") {
		if strings.HasPrefix(block, "\tpeople:") || strings.HasPrefix(block, "\tsources:") {
			all = append(all, strings.ReplaceAll("\n"+block+"\n", "\n\t", "\n"))
		}
	}
	return all
}

// opens opens the sources of a configuration. What a test has no secret or file for is not the example's fault.
func opens(t *testing.T, page string, c *Config) {
	t.Helper()
	env := scannertest.Env(t).Env
	env.Secret = func(string) (scanners.Secret, error) { return scanners.Secret{}, errNoSecret }
	check := func(name string, err error) {
		var config *scanners.ConfigError
		leftOut := err != nil && strings.Contains(err.Error(), "noentra") // by the tag of this build
		if errors.As(err, &config) && !leftOut && !errors.Is(err, errNoSecret) && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %s: %v", page, name, err)
		}
	}
	for _, s := range c.People {
		_, err := s.Connector.People(s.Decode, env)
		check(s.Name, err)
	}
	for _, s := range c.Sources {
		_, err := s.Connector.Accounts(s.Decode, env)
		check(s.Name, err)
	}
}

var errNoSecret = errors.New("the test has no secrets")
