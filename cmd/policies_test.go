package cmd_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/leaver-audit/leaver/fixtures/docs"
	"github.com/leaver-audit/leaver/policies"
)

// TestHookFacts compares the table of facts in docs/policies.md with those that hooks can ask for.
func TestHookFacts(t *testing.T) {
	table := "\n| fact | type | meaning |\n|---|---|---|\n"
	for _, f := range policies.HookFacts() {
		table += fmt.Sprintf("| `%s` | %s | %s |\n", f.Name, f.Type, f.Doc)
	}
	docs.ComparePart(t, filepath.Join(root, "docs", "policies.md"), "facts", table+"\n", *update)
}
