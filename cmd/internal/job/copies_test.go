package job

import (
	"testing"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// TestIdleWaitsForCopies: while a system of copies was not read, nothing may rest on an account being idle, and all else may.
func TestIdleWaitsForCopies(t *testing.T) {
	for name, test := range map[string]struct {
		kind   reconcile.Kind
		system string
		copies []string
		want   bool
	}{
		"idle, everything read":         {reconcile.Dormant, "ad", nil, true},
		"idle, copies not read":         {reconcile.Dormant, "ad", []string{"entra"}, false},
		"never used, copies not read":   {reconcile.NeverUsed, "ad", []string{"entra"}, false},
		"left, copies not read":         {reconcile.LeaverActive, "ad", []string{"entra"}, true},
		"orphan, copies not read":       {reconcile.Orphan, "ad", []string{"entra"}, true},
		"an idle copy, itself partial":  {reconcile.Dormant, "entra", []string{"entra"}, false},
		"a copy that left, partial too": {reconcile.LeaverActive, "entra", []string{"entra"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := &past{complete: map[string]bool{"ad": true}, copies: test.copies}
			v := &reconcile.Verdict{Account: &scanners.Account{System: test.system, ID: "1"}, Kind: test.kind}
			got := p.of(v)
			if got.SourceComplete != test.want {
				t.Errorf("SourceComplete = %v", got.SourceComplete)
			}
			if named := got.Unread != ""; named != (!test.want && test.system == "ad") {
				t.Errorf("Unread = %q", got.Unread)
			}
		})
	}
}
