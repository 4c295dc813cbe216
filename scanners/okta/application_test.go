package okta

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	tenant "github.com/leaver-audit/leaver/fixtures/okta"
	"github.com/leaver-audit/leaver/scanners"
)

// TestAccountsOfAnApplication: they are the application's, with its names and states, and the keys of the users behind them.
func TestAccountsOfAnApplication(t *testing.T) {
	content := crowd(6)
	content.Users[2].Status = "SUSPENDED"
	for i, status := range []string{"PROVISIONED", "ACTIVE", "SUSPENDED"} {
		content.Apps[0].Users[i].Status = status
	}
	content.Apps[0].Users[0].ExternalID = "70001"
	_, source := opened(t, tokenEnv(t), tenant.Options{}, content, "application: Travel Desk\npage_size: 2")
	got := scan(t, source)
	if got.err != nil || len(got.accounts) != 3 || !got.coverage.Verdict.Complete() {
		t.Fatalf("%d accounts, %v, %v", len(got.accounts), got.err, got.coverage.Verdict)
	}
	for i, want := range map[int]string{
		0: "[u0] [user0@halvard.example] ids [000000] anchors [70001] enabled true disabled unknown holds application Travel Desk direct removable",
		2: "[u2] [user2@halvard.example] ids [000002] anchors [] enabled true disabled unknown holds application Travel Desk",
		4: "[u4] [user4@halvard.example] ids [000004] anchors [] enabled false disabled 2023-03-06T06:00:00Z holds application Travel Desk direct removable",
	} {
		a := got.accounts[uid(i)]
		said := fmt.Sprintf("%v %v ids %v anchors %v enabled %s disabled %s holds %s", a.Logins, a.Mails, a.EmployeeIDs, a.Anchors, fact(a.Enabled), fact(a.DisabledAt), held(a))
		if said != want {
			t.Errorf("got  %s\nwant %s", said, want)
		}
		if !a.Idle().IsUnknown() || !a.Privileged.IsUnknown() || !a.Locked.IsUnknown() {
			t.Errorf("idle %s, privileged %s, locked %s: of what happens in an application Okta knows nothing", fact(a.Idle()), fact(a.Privileged), fact(a.Locked))
		}
	}
}

// TestStatusesInApplications: an account that is set up counts as enabled, and a word that is not known as neither.
func TestStatusesInApplications(t *testing.T) {
	c, app := &Config{}, &application{ID: "0oa1", Label: "Travel Desk"}
	for status, want := range map[string]string{"ACTIVE": "true", "PROVISIONED": "true", "IMPLICIT": "true", "IMPORTED": "true", "MATCHED": "true", "APPROVED": "true",
		"STAGED": "false", "PENDING": "false", "SUSPENDED": "false", "DEPROVISIONED": "false", "INACTIVE": "false", "REVOKED": "false", "UNASSIGNED": "false",
		"COMPLIANCE": "unknown", "": "unknown"} {
		a, err := c.accountIn(app, json.RawMessage(fmt.Sprintf(`{"id":"00u1","status":%q}`, status)))
		if err != nil || fact(a.Enabled) != want {
			t.Errorf("%q: enabled %s, %v; want %s", status, fact(a.Enabled), err, want)
		}
	}
	for record, id := range map[string]string{`{"id":"00u1","status":7}`: "00u1", `{"status":"ACTIVE"}`: "", `{"id":"00u1","_embedded":{"user":{"id":7}}}`: "00u1",
		`{"id":"00u1","_embedded":{"user":{"status":"ACTIVE"}}}`: "00u1"} {
		_, err := c.accountIn(app, json.RawMessage(record))
		if defect, ok := asDefect(err); !ok || defect.ID != id {
			t.Errorf("%s: %v", record, err)
		}
	}
	if _, err := c.accountIn(app, json.RawMessage(`{"id":"00u1","status":"ACTIVE","_embedded":{"user":null}}`)); err != nil {
		t.Errorf("an account without a user: %v", err)
	}
}

// TestWhichApplication finds it by id or label, and by nothing else.
func TestWhichApplication(t *testing.T) {
	content := crowd(4)
	content.Apps = append(content.Apps, tenant.App{ID: "0oa3", Name: "twin", Label: "Twin", Status: "ACTIVE"}, tenant.App{ID: "0oa4", Name: "twin", Label: "Twin", Status: "ACTIVE"})
	for application, says := range map[string]string{"0oa1": "", "Travel Desk": "", "travel desk": "no one of", "Travel": "no one of", "Twin": "label of 0oa3 and of 0oa4",
		"Okta Dashboard": "no one of"} {
		_, source := opened(t, tokenEnv(t), tenant.Options{}, content, "application: "+application)
		got := scan(t, source)
		wrong := new(scanners.ConfigError)
		if (got.err == nil) != (says == "") || got.err != nil && (!strings.Contains(got.err.Error(), says) || !errors.As(got.err, &wrong)) {
			t.Errorf("%q: %v", application, got.err)
		}
	}
}
