package config

import (
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/scanners/all"
)

// The design's smallest configuration and the starter file load with the connectors as they are.
func TestLoadWithEveryConnector(t *testing.T) {
	for name, text := range map[string]string{"smallest": smallest, "starter": Starter()} {
		path := write(t, t.TempDir(), "leaver.yaml", text)
		if _, err := Load(path, all.Kinds()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := validate(t, compiled(t, all.Kinds()), text); err != nil {
			t.Errorf("%s: schema: %v", name, err)
		}
	}
	path := write(t, t.TempDir(), "leaver.yaml", edit(t, "columns: {id: account_id", "columns: {id: account_id, lastlogon: x"))
	if _, err := Load(path, all.Kinds()); err == nil || !strings.Contains(err.Error(), "sources[0].columns.lastlogon: unknown key") {
		t.Errorf("misspelt column: %v", err)
	}
}
