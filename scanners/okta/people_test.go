package okta

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	tenant "github.com/leaver-audit/leaver/fixtures/okta"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// TestPerson maps users to people.
func TestPerson(t *testing.T) {
	dated := PeopleConfig{Attributes: PeopleAttributes{Start: "startDate", End: "lastDay", OtherIDs: []string{"hrGuid"}, Zone: "timezone"}, LastDay: "inclusive"}
	for _, test := range []struct {
		name    string
		c       PeopleConfig
		status  string
		profile string
		want    string // "" for no person, "!" and a reason for a rejection
	}{
		{"active", PeopleConfig{}, "ACTIVE", `"employeeNumber":"007","firstName":"Grace","lastName":"Moe","email":"g@halvard.example","department":"Sales","city":"Porto"`,
			"007 Grace Moe [g@halvard.example] Sales/Porto active from unknown to unknown"},
		{"deprovisioned", PeopleConfig{}, "DEPROVISIONED", `"employeeNumber":"007"`, "007   [] / terminated from unknown to unknown"},
		{"suspended", PeopleConfig{}, "SUSPENDED", `"employeeNumber":"007"`, "007   [] / suspended from unknown to unknown"},
		{"staged", PeopleConfig{}, "STAGED", `"employeeNumber":"007"`, "007   [] / prehire from unknown to unknown"},
		{"locked out is at work", PeopleConfig{}, "LOCKED_OUT", `"employeeNumber":"007"`, "007   [] / active from unknown to unknown"},
		{"a status by another word", PeopleConfig{Statuses: map[string]scanners.Status{"SUSPENDED": scanners.StatusLeave}}, "SUSPENDED", `"employeeNumber":"007"`,
			"007   [] / leave from unknown to unknown"},
		{"an unknown status", PeopleConfig{}, "DELETED", `"employeeNumber":"007"`, "!DELETED"},
		{"no employee number", PeopleConfig{}, "ACTIVE", `"login":"robot@halvard.example"`, ""},
		{"dates", dated, "ACTIVE", `"employeeNumber":"007","startDate":"2020-01-31","lastDay":"2026-03-31T00:00:00.000Z"`, "007   [] / active from 2020-01-31 to 2026-03-31"},
		{"an open end", dated, "ACTIVE", `"employeeNumber":"007","startDate":"2020-01-31","lastDay":""`, "007   [] / active from 2020-01-31 to never"},
		{"a date that is none", dated, "ACTIVE", `"employeeNumber":"007","lastDay":"31.3.2026"`, "!lastDay"},
		{"a zone that is none", dated, "ACTIVE", `"employeeNumber":"007","timezone":"Atlantis"`, "!Atlantis"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &people{config: test.c, extra: true}
			person, err := p.person(json.RawMessage(fmt.Sprintf(`{"id":"00u1","status":%q,"profile":{%s}}`, test.status, test.profile)))
			if reason, rejected := strings.CutPrefix(test.want, "!"); rejected {
				if defect, ok := asDefect(err); !ok || defect.ID != "007" || !strings.Contains(defect.Reason, reason) {
					t.Errorf("%+v", err)
				}
				return
			}
			got := ""
			if err == nil && person.ID != "" {
				e := person.Employments[0]
				got = fmt.Sprintf("%s %s %s %v %s/%s %s from %s to %s", person.ID, person.GivenName, person.FamilyName, person.Mails, person.Department, person.Location,
					e.Status, fact(e.Start), fact(e.End))
			}
			if err != nil || got != test.want {
				t.Errorf("%q, %v; want %q", got, err, test.want)
			}
		})
	}
}

// TestPeopleOfAnOrg: two users of one person are two rows, users without a number are counted, and a spoilt user still reserves its person.
func TestPeopleOfAnOrg(t *testing.T) {
	content := crowd(6)
	content.Users[1].Profile["employeeNumber"] = "000000"
	delete(content.Users[2].Profile, "employeeNumber")
	s, err := tenant.New(tenant.Options{Token: "00token", Now: night, Script: []tenant.Step{{Path: usersPath, From: 2, Times: 1, Do: tenant.Garble}}}, content)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	env := tokenEnv(t)
	source, err := Kind().People(scannertest.Config("url: "+server.URL+"\ntoken: env:TOKEN\npage_size: 3"), env.Env)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	c, err := source.Scan(t.Context(), func(p scanners.Person) error { ids = append(ids, p.ID); return nil })
	if err != nil || !c.Verdict.Complete() || fmt.Sprint(ids) != "[000000 000000 000004 000005]" {
		t.Errorf("%v, %v, %v: %s", ids, err, c.Verdict, c.Why)
	}
	if len(env.Rejected) != 1 || env.Rejected[0].ID != "000003" || fmt.Sprint(env.Rejected[0].Keys) != "[user3@halvard.example]" {
		t.Errorf("%+v", env.Rejected)
	}
	if len(c.Gaps) != 1 || c.Gaps[0].Count.Value != 1 {
		t.Errorf("%+v", c.Gaps)
	}
}

func TestPeopleConfig(t *testing.T) {
	const right = "url: https://halvard.okta.example\ntoken: env:TOKEN\n"
	for _, test := range []struct{ name, config, says string }{
		{"right", right, ""},
		{"an end without a meaning", right + "attributes: {end: lastDay}", "say whether"},
		{"a meaning without an end", right + "last_day: inclusive", "no attributes.end"},
		{"no status of Okta", right + "statuses: {GONE: terminated}", "no status of Okta"},
		{"no status of an employment", right + "statuses: {SUSPENDED: away}", "no status of an employment"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Kind().People(scannertest.Config(test.config), tokenEnv(t).Env)
			if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v; want %q", err, test.says)
			}
		})
	}
}
