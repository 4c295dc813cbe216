package okta

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tenant "github.com/leaver-audit/leaver/fixtures/okta"
	"github.com/leaver-audit/leaver/scanners"
)

// fact is a fact in words; the reason of an unknown one is left out.
func fact[T any](f scanners.Fact[T]) string {
	switch v, ok := f.Get(); {
	case ok:
		if at, is := any(v).(time.Time); is {
			return at.Format(time.RFC3339)
		}
		return fmt.Sprint(v)
	case f.IsNever():
		return "never"
	}
	return "unknown"
}

// TestStatuses: only an administrative disable is a disable, and what is not known is not guessed.
func TestStatuses(t *testing.T) {
	for status, want := range map[string]string{
		"ACTIVE":           "enabled true, locked false, disabled unknown",
		"PASSWORD_EXPIRED": "enabled true, locked false, disabled unknown",
		"RECOVERY":         "enabled true, locked false, disabled unknown",
		"PROVISIONED":      "enabled true, locked false, disabled unknown",
		"LOCKED_OUT":       "enabled true, locked true, disabled unknown",
		"STAGED":           "enabled false, locked false, disabled unknown",
		"SUSPENDED":        "enabled false, locked false, disabled 2026-02-01T10:00:00Z",
		"DEPROVISIONED":    "enabled false, locked false, disabled 2026-02-01T10:00:00Z",
		"DELETED":          "enabled unknown, locked unknown, disabled unknown",
		"":                 "enabled unknown, locked unknown, disabled unknown",
	} {
		a := accountOf(t, Config{}, fmt.Sprintf(`{"id":"00u1","status":%q,"statusChanged":"2026-02-01T10:00:00.000Z"}`, status))
		if got := fmt.Sprintf("enabled %s, locked %s, disabled %s", fact(a.Enabled), fact(a.Locked), fact(a.DisabledAt)); got != want {
			t.Errorf("%q: %s, want %s", status, got, want)
		}
	}
	if all := statuses(); len(all) != 8 || !slices.IsSorted(all) {
		t.Errorf("%q", all)
	}
}

func accountOf(t *testing.T, c Config, record string) scanners.Account {
	t.Helper()
	u, err := decodeUser(json.RawMessage(record), c.extra())
	if err != nil {
		t.Fatal(err)
	}
	return c.account(&u)
}

// TestMoments: null is never for a sign-in, and a value that is none, or that is not there, is unknown.
func TestMoments(t *testing.T) {
	for _, test := range []struct{ name, members, lastLogin, created, passwordChanged string }{
		{"stated", `"lastLogin":"2026-02-01T10:00:00.000Z","created":"2020-01-01T00:00:00.000Z","passwordChanged":"2021-01-01T00:00:00Z"`,
			"2026-02-01T10:00:00Z", "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"},
		{"null", `"lastLogin":null,"created":null,"passwordChanged":null`, "never", "unknown", "unknown"},
		{"not there", `"x":1`, "unknown", "unknown", "unknown"},
		{"empty", `"lastLogin":"","created":"","passwordChanged":""`, "unknown", "unknown", "unknown"},
		{"no date", `"lastLogin":"yesterday","created":"2020","passwordChanged":"-"`, "unknown", "unknown", "unknown"},
		{"a date that means none", `"lastLogin":"1970-01-01T00:00:00.000Z","created":"0001-01-01T00:00:00Z","passwordChanged":"1601-01-01T00:00:00Z"`,
			"never", "never", "never"},
		{"in the profile alone", `"profile":{"lastLogin":null,"created":"2020-01-01T00:00:00.000Z"}`, "unknown", "unknown", "unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := accountOf(t, Config{}, `{"id":"00u1","status":"ACTIVE",`+test.members+`}`)
			for _, f := range []struct{ name, got, want string }{{"lastLogin", fact(a.Signals[0].At), test.lastLogin}, {"created", fact(a.Created), test.created},
				{"passwordChanged", fact(a.PasswordChanged), test.passwordChanged}} {
				if f.got != f.want {
					t.Errorf("%s: %s, want %s", f.name, f.got, f.want)
				}
			}
		})
	}
}

const grace = `{"id":"00u1","status":"ACTIVE","type":{"id":"oty1"},"credentials":{"provider":{"type":"ACTIVE_DIRECTORY","name":"corp.example"}},
	"profile":{"login":"grace@halvard.example","email":"Grace@halvard.example","secondEmail":"g@home.example","firstName":"Grace","lastName":"Moe",
	"employeeNumber":"007","manager":"Ada","managerId":"42","userType":"Robot","hrGuid":"g-1","badges":["b1","b2",""],"cards":[7],"answers":"owner@halvard.example","empty":""}}`

// TestProfile maps attributes as they are named.
func TestProfile(t *testing.T) {
	for _, test := range []struct {
		name string
		c    Config
		want string
	}{
		{"by default", Config{}, `logins [grace@halvard.example] "Grace Moe" mails [Grace@halvard.example] ids [007] anchors [] manager "42" owner "" sponsor "" kind ""`},
		{"as named", Config{Attributes: Attributes{Mail: []string{"email", "secondEmail"}, EmployeeID: []string{"badges", "cards"}, Anchors: []string{"hrGuid", "empty"},
			Manager: "manager", Owner: "answers", Sponsor: "empty"}},
			`logins [grace@halvard.example] "Grace Moe" mails [Grace@halvard.example g@home.example] ids [b1 b2 7] anchors [g-1] manager "Ada" owner "owner@halvard.example" sponsor "" kind ""`},
		{"a kind", Config{Kinds: map[string]scanners.AccountKind{"Robot": scanners.KindService}},
			`logins [grace@halvard.example] "Grace Moe" mails [Grace@halvard.example] ids [007] anchors [] manager "42" owner "" sponsor "" kind "service"`},
		{"a kind by another attribute", Config{Attributes: Attributes{Kind: "hrGuid"}, Kinds: map[string]scanners.AccountKind{"Robot": scanners.KindService, "g-1": scanners.KindShared}},
			`logins [grace@halvard.example] "Grace Moe" mails [Grace@halvard.example] ids [007] anchors [] manager "42" owner "" sponsor "" kind "shared"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := accountOf(t, test.c, grace)
			got := fmt.Sprintf("logins %v %q mails %v ids %v anchors %v manager %q owner %q sponsor %q kind %q", a.Logins, a.DisplayName, a.Mails, a.EmployeeIDs,
				a.Anchors, a.Manager, a.Owner, a.Sponsor, a.Kind)
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if a.Authority != "ACTIVE_DIRECTORY corp.example" || (a.Kind == "") != (a.KindWhy == "") || !a.Privileged.IsUnknown() {
				t.Errorf("authority %q, kind because %q, privileged %s", a.Authority, a.KindWhy, fact(a.Privileged))
			}
		})
	}
	if a := accountOf(t, Config{}, `{"id":"00u1","status":"ACTIVE","credentials":{"provider":{"type":"OKTA","name":"OKTA"}}}`); a.Authority != "" || a.Logins != nil || a.Mails != nil {
		t.Errorf("%+v", a)
	}
}

// TestRejected: a value of a wrong type costs its record, which keeps its id where that can be read.
func TestRejected(t *testing.T) {
	for _, test := range []struct{ name, record, id, field string }{
		{"a number for a status", `{"id":"00u1","status":7}`, "00u1", "status"},
		{"before the id", `{"status":7,"id":"00u1"}`, "00u1", "status"},
		{"a list for a profile", `{"id":"00u1","profile":[]}`, "00u1", "profile"},
		{"a number for an attribute", `{"id":"00u1","profile":{"employeeNumber":7}}`, "00u1", "profile.employeeNumber"},
		{"a number for the id", `{"id":7}`, "", "id"},
		{"no id", `{"status":"ACTIVE"}`, "", "id"},
		{"no object", `"00u1"`, "", ""},
		{"no JSON", `{"id":"00u1",}`, "", "record"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := decodeUser(json.RawMessage(test.record), true)
			defect, ok := asDefect(err)
			if !ok || defect.ID != test.id || defect.Field != test.field || defect.Reason == "" {
				t.Errorf("%+v", err)
			}
		})
	}
}

// TestEveryStatusIsListed: a plain list would leave out who is deprovisioned.
func TestEveryStatusIsListed(t *testing.T) {
	content := crowd(16)
	for i := range content.Users {
		content.Users[i].Status = statuses()[i%8]
	}
	_, source := opened(t, tokenEnv(t), tenant.Options{}, content, "page_size: 3")
	got := scan(t, source)
	seen := map[string]int{}
	for _, a := range got.accounts {
		seen[a.Evidence[0].Values[0]]++
	}
	if got.err != nil || len(got.accounts) != 16 || len(seen) != 8 {
		t.Errorf("%d accounts, %v, %v", len(got.accounts), seen, got.err)
	}
	for _, status := range statuses() {
		if !strings.Contains(got.coverage.Query, `status eq "`+status+`"`) {
			t.Errorf("the question leaves out %s: %s", status, got.coverage.Query)
		}
	}
}
