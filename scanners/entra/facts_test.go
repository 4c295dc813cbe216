//go:build !noentra

package entra

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/fixtures/graph"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

const someID = someGUID

// decoded reads one user in a tenant where sign-ins are proved to be readable.
func decoded(t *testing.T, text string) scanners.Account {
	t.Helper()
	d := &decoder{&surroundings{skus: map[string]string{"sku-1": "SPE_E3"}, activity: activity{asked: true, proved: true}}, places()}
	a, err := d.user(json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// with is a user with further properties.
func with(more string) string {
	text := `{"id":"` + strings.ToUpper(someID) + `","userPrincipalName":"ann@corp.example"`
	if more != "" {
		text += "," + more
	}
	return text + "}"
}

func word[T any](f scanners.Fact[T]) string {
	switch {
	case f.IsKnown():
		b, _ := json.Marshal(f.Value)
		return string(b)
	case f.IsNever():
		return "never"
	default:
		return "unknown: " + f.Reason
	}
}

func TestEnabled(t *testing.T) {
	for more, want := range map[string]string{
		`"accountEnabled":true`: "true", `"accountEnabled":false`: "false",
		`"accountEnabled":null`:   "unknown: accountEnabled was not delivered",
		``:                        "unknown: accountEnabled was not delivered",
		`"accountEnabled":"true"`: `unknown: accountEnabled: "true" is neither true nor false`,
		`"accountEnabled":0`:      "unknown: accountEnabled: 0 is neither true nor false",
	} {
		if got := word(decoded(t, with(more)).Enabled); got != want {
			t.Errorf("%s: %s, want %s", more, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	for value, want := range map[string]string{
		`"2024-03-01T08:00:00Z"`: `"2024-03-01T08:00:00Z"`, `"2024-03-01T08:00:00.1234567+01:00"`: `"2024-03-01T07:00:00.1234567Z"`,
		`null`: "unknown: createdDateTime is empty, as it is for the oldest users", `"0001-01-01T00:00:00Z"`: "unknown: createdDateTime is a date that means none",
		`"1601-01-01T00:00:00Z"`: "unknown: createdDateTime is a date that means none",
		`"yesterday"`:            `unknown: createdDateTime: "yesterday" is no time of the form 2006-01-02T15:04:05Z`, `""`: `unknown: createdDateTime: "" is no time of the form 2006-01-02T15:04:05Z`,
		`5`: "unknown: createdDateTime: 5 is no text",
	} {
		if got := word(decoded(t, with(`"createdDateTime":`+value)).Created); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}

// TestActivity: what was used, what was never used, and what nobody knows.
func TestActivity(t *testing.T) {
	young, old := `"createdDateTime":"2024-01-01T00:00:00Z"`, `"createdDateTime":"2021-01-01T00:00:00Z"`
	success := `"signInActivity":{"lastSuccessfulSignInDateTime":"2026-01-05T00:00:00Z","lastSignInDateTime":"2026-02-20T00:00:00Z"}`
	attempts := `"signInActivity":{"lastSignInDateTime":"2026-02-20T00:00:00Z","lastNonInteractiveSignInDateTime":"2026-02-21T00:00:00Z"}`
	known := activity{asked: true, proved: true}
	for _, test := range []struct {
		name, more string
		activity   activity
		want       string
	}{
		{"successful sign-in, and a later attempt", young + "," + success, known, `"2026-01-05T00:00:00Z"`},
		{"attempts alone are no use", young + "," + attempts, known, "never"},
		{"no record, created after it began", young, known, "never"},
		{"record of an empty object", young + `,"signInActivity":{}`, known, "never"},
		{"year 1 is no sign-in", young + `,"signInActivity":{"lastSuccessfulSignInDateTime":"0001-01-01T00:00:00Z"}`, known, "never"},
		{"no record, created before it began", old, known, "unknown: no successful sign-in since 1 December 2023, when the record began; the account is older"},
		{"attempts, created before it began", old + "," + attempts, known, "unknown: no successful sign-in since 1 December 2023, when the record began; the account is older"},
		{"no record, creation unknown", `"createdDateTime":null`, known, "unknown: no successful sign-in since 1 December 2023, when the record began; when the account was created is not known"},
		{"no record, right not proved", young, activity{asked: true, why: "nobody has any"}, "unknown: nobody has any"},
		{"record all the same", young + "," + success, activity{asked: true, why: "nobody has any"}, `"2026-01-05T00:00:00Z"`},
		{"not asked", young, activity{why: "no licence"}, "unknown: no licence"},
		{"bad date", young + `,"signInActivity":{"lastSuccessfulSignInDateTime":"soon"}`, known,
			`unknown: lastSuccessfulSignInDateTime: "soon" is no time of the form 2006-01-02T15:04:05Z`},
		{"no object", young + `,"signInActivity":"none"`, known, `unknown: signInActivity: byte 0 of the page is '"', where an object should be`},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := &decoder{&surroundings{activity: test.activity}, places()}
			a, err := d.user(json.RawMessage(with(test.more)))
			if err != nil || len(a.Signals) != 1 || a.Signals[0].Precision != 48*time.Hour {
				t.Fatalf("%+v, %v", a.Signals, err)
			}
			if got := word(a.Signals[0].At); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	a := decoded(t, with(`"mail":"ann@corp.example","proxyAddresses":["smtp:a.old@corp.example","SMTP:Ann@corp.example","SIP:ann@corp.example","smtp:second@corp.example"],
		"otherMails":["ann.private@mail.example"],"employeeId":"00042","onPremisesImmutableId":"AAECAwQFBgcICQoLDA0ODw==","onPremisesSecurityIdentifier":"S-1-5-21-7",
		"onPremisesSyncEnabled":true,"onPremisesDomainName":"corp.example"`))
	guid := "03020100-0504-0706-0809-0a0b0c0d0e0f"
	want := scanners.Account{ID: someID, Logins: []string{"ann@corp.example"}, EmployeeIDs: []string{"00042"}, Authority: "corp.example", AuthorityID: guid,
		Mails:   []string{"ann@corp.example", "a.old@corp.example", "second@corp.example", "ann.private@mail.example"},
		Anchors: []string{"AAECAwQFBgcICQoLDA0ODw==", guid, "S-1-5-21-7"}}
	got := scanners.Account{ID: a.ID, Logins: a.Logins, EmployeeIDs: a.EmployeeIDs, Authority: a.Authority, AuthorityID: a.AuthorityID, Mails: a.Mails, Anchors: a.Anchors}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for more, authority := range map[string]string{`"onPremisesSyncEnabled":null`: "", `"onPremisesSyncEnabled":false,"onPremisesDomainName":"corp.example"`: "",
		`"onPremisesSyncEnabled":true`: "a directory on premises"} {
		if a := decoded(t, with(more)); a.Authority != authority || a.AuthorityID != "" {
			t.Errorf("%s: %q, %q", more, a.Authority, a.AuthorityID)
		}
	}
}

// TestDefects: a record is rejected alone, with its id where that can be read, when nobody could say whose account it is.
func TestDefects(t *testing.T) {
	for _, test := range []struct{ name, text, id, field string }{
		{"login is a number", `{"id":"` + someID + `","userPrincipalName":7}`, someID, "userPrincipalName"},
		{"employee id is a number", with(`"employeeId":42`), someID, "employeeId"},
		{"mail is a list", with(`"mail":[]`), someID, "mail"},
		{"addresses are a text", with(`"proxyAddresses":"SMTP:a@b.example"`), someID, "proxyAddresses"},
		{"an address is null", with(`"otherMails":[null,3]`), someID, "otherMails"},
		{"anchor is a number", with(`"onPremisesImmutableId":1`), someID, "onPremisesImmutableId"},
		{"security id is a number", with(`"onPremisesSecurityIdentifier":1`), someID, "onPremisesSecurityIdentifier"},
		{"id is missing", `{"userPrincipalName":"ann@corp.example"}`, "", "id"},
		{"id is a name", `{"id":"ann@corp.example"}`, "", "id"},
		{"id is a number", `{"id":7}`, "", "id"},
		{"no object", `[]`, "", "record"},
		{"no value", `{"id":}`, "", "record"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := &decoder{&surroundings{}, places()}
			a, err := d.user(json.RawMessage(test.text))
			var defect *api.Defect
			if !errors.As(err, &defect) || defect.ID != test.id || defect.Field != test.field || defect.Reason == "" {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
}

func TestGuests(t *testing.T) {
	a := decoded(t, with(`"userType":"Guest","externalUserState":"PendingAcceptance","externalUserStateChangeDateTime":"2026-01-01T00:00:00Z"`))
	want := []scanners.Attribute{{Name: "userType", Values: []string{"Guest"}}, {Name: "externalUserState", Values: []string{"PendingAcceptance"}},
		{Name: "externalUserStateChangeDateTime", Values: []string{"2026-01-01T00:00:00Z"}}}
	if a.Kind != scanners.KindGuest || a.KindWhy == "" || cmp.Diff(want, a.Evidence) != "" {
		t.Errorf("%q (%s), %v", a.Kind, a.KindWhy, a.Evidence)
	}
	if a := decoded(t, with(`"userType":"Member","externalUserState":"Accepted"`)); a.Kind != "" {
		t.Errorf("an external member is of kind %q", a.Kind)
	}
}

// TestDates: the days of hiring and leaving are evidence, the latter where the reader may see it.
func TestDates(t *testing.T) {
	x := members(2)
	x.Users.At = func(n int) graph.Object {
		u := member(n)
		u["employeeHireDate"], u["employeeLeaveDateTime"] = "2024-03-01T00:00:00Z", "2026-04-30T00:00:00Z"
		return u
	}
	for _, roles := range [][]string{nil, without("User-LifeCycleInfo.Read.All")} {
		o := options()
		o.Roles = roles
		s := serve(t, o, x)
		got, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, "service_principals: none")))
		if err != nil || c.Verdict != scanners.Proved || len(got) != 2 {
			t.Fatalf("%v (%s), %v", c.Verdict, c.Why, err)
		}
		for _, name := range []string{"employeeHireDate", "employeeLeaveDateTime"} {
			has := slices.ContainsFunc(got[userID(0)].Evidence, func(e scanners.Attribute) bool { return e.Name == name })
			if want := name == "employeeHireDate" || roles == nil; has != want {
				t.Errorf("%s in evidence: %v", name, has)
			}
		}
	}
}

// TestLicences: only a licence that the user was given directly can be taken away from the user.
func TestLicences(t *testing.T) {
	a := decoded(t, with(`"assignedLicenses":[{"skuId":"sku-1"},{"skuId":"sku-2"},{"skuId":"sku-1"}],
		"licenseAssignmentStates":[{"skuId":"sku-1","assignedByGroup":"g"},{"skuId":"SKU-1","assignedByGroup":null},{"skuId":"sku-2"}]`))
	want := []scanners.Grant{{ID: "sku-1", Name: "SPE_E3", Type: "licence"}, {ID: "SKU-1", Name: "SPE_E3", Type: "licence", Direct: true, Removable: true},
		{ID: "sku-2", Name: "sku-2", Type: "licence", Direct: true, Removable: true}}
	if diff := cmp.Diff(want, a.Grants); diff != "" || !slices.Equal(a.Licences, []string{"SPE_E3", "sku-2"}) {
		t.Errorf("%q, %s", a.Licences, diff)
	}
}

func TestDeleted(t *testing.T) {
	d := &decoder{&surroundings{}, places()}
	a, err := d.deleted(json.RawMessage(`{"id":"` + someID + `","userPrincipalName":"` + strings.ReplaceAll(someID, "-", "") + `ann@corp.example","accountEnabled":true,
		"deletedDateTime":"2026-02-20T00:00:00Z"}`))
	if err != nil || !scanners.Is(a.Enabled, false) || word(a.DisabledAt) != `"2026-02-20T00:00:00Z"` || a.Logins[0] != "ann@corp.example" || !a.Idle().IsUnknown() {
		t.Errorf("%+v, %v", a, err)
	}
	if a.Evidence[0].Name != "soft-deleted" || a.Evidence[1].Name != "deletedDateTime" {
		t.Errorf("evidence %v", a.Evidence)
	}
}

// TestText: escapes, and what only looks like a text.
func TestText(t *testing.T) {
	for raw, want := range map[string]string{`"Ann"`: "Ann", `""`: "", `"M\u00fcller \"x\""`: `Müller "x"`, `"Žofie"`: "Žofie"} {
		if got, err := unquote(json.RawMessage(raw)); err != nil || got != want {
			t.Errorf("%s: %q, %v", raw, got, err)
		}
	}
	for _, raw := range []string{`7`, `null `, `"a`, `{}`, "\"a\x01b\"", `"a"b"`} {
		if got, err := unquote(json.RawMessage(raw)); err == nil && got != "" {
			t.Errorf("%s: %q", raw, got)
		}
	}
}

func TestIndex(t *testing.T) {
	var s assignments
	one, two := scanners.Grant{ID: "1"}, scanners.Grant{ID: "2"}
	s.give(someID, two)
	s.give("ffffffff-1111-4222-8333-444455556666", one)
	s.give(strings.ToUpper(someID), one)
	s.give("no id", one)
	s.sort()
	if got := s.grants(someID); !slices.Equal(got, []scanners.Grant{two, one}) || len(s.table) != 2 {
		t.Errorf("%v, table %v", got, s.table)
	}
	if got := s.grants("00000000-1111-4222-8333-444455556666"); got != nil {
		t.Errorf("%v for a stranger", got)
	}
}
