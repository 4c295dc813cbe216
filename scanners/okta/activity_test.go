package okta

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tenant "github.com/leaver-audit/leaver/fixtures/okta"
	"github.com/leaver-audit/leaver/scanners"
)

// signals are the signs of use of an account in words.
func signals(a scanners.Account) string {
	var list []string
	for _, s := range a.Signals {
		list = append(list, fmt.Sprintf("%s %s ±%v", s.Name, fact(s.At), s.Precision))
	}
	return strings.Join(list, ", ")
}

// busy is a crowd of four with a system log.
func busy() tenant.Content {
	c := crowd(4)
	c.Users[2].LastLogin = time.Time{}
	ago := func(d time.Duration) time.Time { return night().Add(-d) }
	const day = 24 * time.Hour
	c.Events = []tenant.Event{
		{ID: "e0", Type: "user.session.start", At: ago(31 * day), Actor: uid(3), Outcome: "SUCCESS"}, // before the days that are read
		{ID: "e1", Type: "user.session.start", At: ago(20 * day), Actor: uid(0), Outcome: "SUCCESS"},
		{ID: "e2", Type: "user.authentication.sso", At: ago(5 * day), Actor: uid(0), Outcome: "SUCCESS", App: "0oa1"},
		{ID: "e3", Type: "user.authentication.sso", At: ago(4 * day), Actor: uid(0), Outcome: "SUCCESS", App: "0oa2"},
		{ID: "e4", Type: "user.session.start", At: ago(3 * day), Actor: uid(1), Outcome: "FAILURE"},
		{ID: "e5", Type: "user.lifecycle.suspend", At: ago(2 * day), Actor: uid(1), Outcome: "SUCCESS"},
		{ID: "e6", Type: "user.authentication.auth_via_AD_agent", At: ago(day), Actor: uid(2), Outcome: "SUCCESS"},
	}
	return c
}

// TestSystemLog: the log adds signs of use, and takes none away.
func TestSystemLog(t *testing.T) {
	const login = "lastLogin 2026-03-0"
	for _, test := range []struct {
		name, config string
		options      tenant.Options
		want         [4]string
		gap          bool
	}{
		{"not asked for", "", tenant.Options{}, [4]string{login + "2T06:00:00Z ±0s", login + "2T05:00:00Z ±0s", "lastLogin never ±0s", login + "2T03:00:00Z ±0s"}, false},
		{"thirty days", "activity: system_log", tenant.Options{}, [4]string{
			login + "2T06:00:00Z ±0s, system log 2026-02-26T06:00:00Z ±5m0s", login + "2T05:00:00Z ±0s",
			"lastLogin never ±0s, system log 2026-03-01T06:00:00Z ±5m0s", login + "2T03:00:00Z ±0s"}, false},
		{"forty days", "activity: system_log\nlog_days: 40", tenant.Options{}, [4]string{
			login + "2T06:00:00Z ±0s, system log 2026-02-26T06:00:00Z ±5m0s", login + "2T05:00:00Z ±0s",
			"lastLogin never ±0s, system log 2026-03-01T06:00:00Z ±5m0s", login + "2T03:00:00Z ±0s, system log 2026-01-30T06:00:00Z ±5m0s"}, false},
		{"no right", "activity: system_log", tenant.Options{TokenScopes: []string{tenant.ScopeUsers, tenant.ScopeGroups, tenant.ScopeApps, tenant.ScopeRoles}}, [4]string{
			login + "2T06:00:00Z ±0s, system log unknown ±0s", login + "2T05:00:00Z ±0s, system log unknown ±0s",
			"lastLogin never ±0s, system log unknown ±0s", login + "2T03:00:00Z ±0s, system log unknown ±0s"}, true},
		{"of an application", "activity: system_log\napplication: Travel Desk", tenant.Options{}, [4]string{
			"use of the application unknown ±0s, system log 2026-02-25T06:00:00Z ±5m0s", "", "use of the application unknown ±0s", ""}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, source := opened(t, tokenEnv(t), test.options, busy(), test.config)
			got := scan(t, source)
			if got.err != nil || !got.coverage.Verdict.Complete() || (len(got.coverage.Gaps) > 0) != test.gap {
				t.Fatalf("%v, %v, %+v", got.err, got.coverage.Verdict, got.coverage.Gaps)
			}
			for i, want := range test.want {
				a := got.accounts[uid(i)]
				if signals(a) != want {
					t.Errorf("user %d: %s; want %s", i, signals(a), want)
				}
				if idle := a.Idle(); test.gap && !idle.IsUnknown() {
					t.Errorf("user %d counts as idle since %s although the log was not read", i, fact(idle))
				}
			}
		})
	}
}

// TestHalfALogIsNone: a log that breaks off may hide the use of anybody; what it showed stays proved.
func TestHalfALogIsNone(t *testing.T) {
	content := crowd(3)
	for i := range 1500 {
		content.Events = append(content.Events, tenant.Event{ID: fmt.Sprint("e", i), Type: "user.session.start", At: night().Add(-time.Duration(2000-i) * time.Minute),
			Actor: uid(i % 2), Outcome: "SUCCESS"})
	}
	for name, do := range map[string]tenant.Misdeed{"breaks off": tenant.Fail, "an event is no event": tenant.GarbleID, "leads back": tenant.Loop} {
		t.Run(name, func(t *testing.T) {
			from := 2
			if do == tenant.GarbleID {
				from = 1
			}
			_, source := opened(t, tokenEnv(t), tenant.Options{Script: []tenant.Step{{Path: "/api/v1/logs", From: from, Do: do}}}, content, "activity: system_log")
			got := scan(t, source)
			if got.err != nil || len(got.coverage.Gaps) != 1 {
				t.Fatalf("%v, %+v", got.err, got.coverage.Gaps)
			}
			for _, a := range got.accounts {
				if !a.Idle().IsUnknown() {
					t.Errorf("%s: %s", a.ID, signals(a))
				}
			}
			if do == tenant.Fail && len(got.accounts[uid(0)].Signals) != 3 {
				t.Errorf("what the log showed is lost: %s", signals(got.accounts[uid(0)]))
			}
		})
	}
}
