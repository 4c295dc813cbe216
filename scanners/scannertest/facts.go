package scannertest

import (
	"testing"

	"github.com/leaver-audit/leaver/scanners"
)

// facts compares what the connector claims to state of accounts with what it stated of those it emitted.
func (s suite[R]) facts(t *testing.T) {
	source := s.Open(t, Env(t).Env, records, Healthy)
	stated := map[string]bool{}
	for _, r := range s.scan(t, source).kept {
		if a, ok := any(r).(scanners.Account); ok {
			state(stated, &a)
		}
	}
	_, stated["look-up"] = source.(scanners.Lookup[R])
	f := s.Facts
	for what, words := range map[string]string{"enabled": f.Enabled, "last activity": f.LastActivity, "created": f.Created, "grants": f.Grants,
		"licences": f.Licences, "privileged": f.Privileged, "manager": f.Manager, "look-up": f.Lookup} {
		if claimed := words != ""; claimed != stated[what] {
			t.Errorf("%s: claims %q, but stated of some account: %v", what, words, stated[what])
		}
	}
	if f.Completeness == "" || f.Rights == "" || (f.LastActivity == "") != (f.Precision == "") {
		t.Errorf("completeness %q, rights %q, last activity %q with precision %q", f.Completeness, f.Rights, f.LastActivity, f.Precision)
	}
}

// state notes what is stated of an account.
func state(stated map[string]bool, a *scanners.Account) {
	note := func(what string, is bool) { stated[what] = stated[what] || is }
	note("enabled", !a.Enabled.IsUnknown())
	note("created", !a.Created.IsUnknown())
	note("privileged", !a.Privileged.IsUnknown())
	note("grants", len(a.Grants) > 0)
	note("licences", len(a.Licences) > 0)
	note("manager", a.Manager != "" || a.Sponsor != "" || a.Owner != "")
	for _, signal := range a.Signals {
		note("last activity", !signal.At.IsUnknown())
	}
}
