package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

func writeRules(t *testing.T, text string) *config.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &config.Config{Zone: time.UTC, Policies: []string{path}, Sources: []config.Source{{Name: "crm"}, {Name: "ad"}}}
}

func TestRulesReadsEveryDocument(t *testing.T) {
	c := writeRules(t, `# rules
apiVersion: leaver/v1
kind: Policy
name: zombies
trigger: {kinds: [dormant, never_used], flags: [privileged]}
grace: {days: 30, from: first_seen, sources: {crm: 14}}
action: lock
---
name: leavers
description: gone
active: false
trigger: {status: [ended], end_date: {offset: 3d}}
exclude:
  - {id: X-9, source: ad, owner: o, reason: r, expires: 2027-01-31}
action: report
controls: [PCI DSS 8.2.5]
---
`)
	rules, err := c.Rules()
	if err != nil {
		t.Fatal(err)
	}
	if len(rules) != 2 || rules[0].Name != "leavers" || rules[1].Name != "zombies" {
		t.Fatalf("rules are not both there and sorted by name: %+v", rules)
	}
	leavers, zombies := rules[0], rules[1]
	if leavers.Active || leavers.Trigger.EndDate.Offset != 72*time.Hour || leavers.Grace.From != policies.FromEndDate || len(leavers.Exclude) != 1 {
		t.Errorf("leavers = %+v", leavers)
	}
	if !zombies.Active || zombies.Grace.Sources["crm"] != 14 || zombies.Trigger.Flags != reconcile.Privileged || zombies.Trigger.Kinds[1] != reconcile.NeverUsed {
		t.Errorf("zombies = %+v", zombies)
	}
	if !strings.HasSuffix(zombies.Place, "rules.yaml:2") || len(zombies.Digest) != 64 || zombies.Digest == leavers.Digest {
		t.Errorf("place %q, digest %q", zombies.Place, zombies.Digest)
	}
}

func TestRulesRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"misspelt key":      {"name: a\ntriger: {kinds: [dormant]}\naction: lock\n", `2:1: triger: unknown key; did you mean "trigger"?`},
		"misspelt kind":     {"name: a\ntrigger: {kinds: [dorment]}\naction: lock\n", `unknown value "dorment"; did you mean "dormant"?`},
		"unknown source":    {"name: a\ntrigger: {kinds: [dormant], sources: [erp]}\naction: lock\n", `unknown value "erp"`},
		"unknown flag":      {"name: a\ntrigger: {flags: [lucky]}\naction: lock\n", `unknown flag "lucky"`},
		"unknown action":    {"name: a\ntrigger: {kinds: [dormant]}\naction: explode\n", `action "explode"`},
		"no trigger":        {"name: a\naction: lock\n", "would select every account"},
		"same name twice":   {"name: a\ntrigger: {kinds: [dormant]}\naction: lock\n---\nname: a\ntrigger: {kinds: [orphan]}\naction: lock\n", `two rules are named "a"`},
		"exclusion eternal": {"name: a\ntrigger: {kinds: [dormant]}\naction: lock\nexclude: [{id: X, source: ad, owner: o, reason: r}]\n", "expires: is missing"},
		"broken YAML":       {"name: a\n\ttrigger: x\n", "rules.yaml:2"},
		"second document":   {"name: a\ntrigger: {kinds: [dormant]}\naction: lock\n---\nname: b\nactoin: lock\n", `6:1: actoin: unknown key; did you mean "action"?`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := writeRules(t, c.text).Rules()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v does not say %q", err, c.want)
			}
		})
	}
}
