package config

import (
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
)

func classifying(t *testing.T, rules string) (*Config, error) {
	t.Helper()
	return load(t, edit(t, "{keys: [employee_id, mail]}", "{keys: [mail], classifier: ["+rules+"]}"))
}

func TestClassify(t *testing.T) {
	account := func(change func(*scanners.Account)) scanners.Account {
		a := scanners.Account{System: "crm", ID: "1", Logins: []string{"SVC-Backup"}, DN: "CN=svc-backup,OU=Service , DC=corp,DC=example",
			Grants: []scanners.Grant{{ID: "g1", Name: "Batch Jobs"}}}
		if change != nil {
			change(&a)
		}
		return a
	}
	tests := []struct {
		name, rules string
		change      func(*scanners.Account)
		want        scanners.AccountKind
		why         string // part of it
	}{
		{"login", `{login: "svc-*", kind: service, reason: naming rule}`, nil, "service", `login SVC-Backup: naming rule (`},
		{"the whole login counts", `{login: "svc-", kind: service, reason: r}`, nil, "", ""},
		{"nothing before", `{login: "vc-*", kind: service, reason: r}`, nil, "", ""},
		{"a dot is a dot", `{login: "svc.*", kind: service, reason: r}`, nil, "", ""},
		{"one character", `{login: "svc?backup", kind: service, reason: r}`, nil, "service", ""},
		{"regular expression", `{login: "re:svc-[a-z]+", kind: service, reason: r}`, nil, "service", ""},
		{"the whole of one", `{login: "re:svc|backup", kind: service, reason: r}`, nil, "", ""},
		{"any login", `{login: "svc-*", kind: service, reason: r}`, func(a *scanners.Account) { a.Logins = []string{"x", "svc-1"} }, "service", "login svc-1"},
		{"another source", `{source: crm, login: "svc-*", kind: service, reason: r}`, func(a *scanners.Account) { a.System = "erp" }, "", ""},
		{"folder", `{ou: "ou=service,dc=CORP,dc=example", kind: service, reason: r}`, nil, "service", "below ou=service"},
		{"half a name is no folder", `{ou: "service,dc=corp,dc=example", kind: service, reason: r}`, nil, "", ""},
		{"no directory", `{ou: "ou=service", kind: service, reason: r}`, func(a *scanners.Account) { a.DN = "" }, "", ""},
		{"group by name", `{group: "batch*", kind: service, reason: r}`, nil, "service", "group Batch Jobs"},
		{"group by id", `{group: g1, kind: service, reason: r}`, nil, "service", "group g1"},
		{"all conditions", `{login: "svc-*", group: other, kind: service, reason: r}`, nil, "", ""},
		{"a folder is not enough where a login is wanted", `{login: "adm-*", ou: "ou=service,dc=corp,dc=example", kind: service, reason: r}`, nil, "", ""},
		{"a group without a name", `{group: "*", kind: service, reason: r}`, func(a *scanners.Account) { a.Grants = []scanners.Grant{{}} }, "", ""},
		{"the first rule", `{login: "svc-b*", kind: test, reason: r}, {login: "svc-*", kind: service, reason: r}`, nil, "test", ""},
		{"the source said so", `{login: "svc-*", kind: service, reason: r}`, func(a *scanners.Account) { a.Kind = "person" }, "person", ""},
		{"overridden", `{login: "svc-*", kind: service, reason: r, override: true}`, func(a *scanners.Account) { a.Kind = "person" }, "service", ""},
		{"only the later rule overrides", `{login: "svc-*", kind: test, reason: r}, {login: "*", kind: service, reason: r, override: true}`, func(a *scanners.Account) { a.Kind = "person" }, "service", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := classifying(t, test.rules)
			if err != nil {
				t.Fatal(err)
			}
			a := account(test.change)
			c.Classify(&a)
			if a.Kind != test.want || !strings.Contains(a.KindWhy, test.why) {
				t.Errorf("%q because %q, want %q because %q", a.Kind, a.KindWhy, test.want, test.why)
			}
		})
	}
}

func TestClassifierRefused(t *testing.T) {
	for name, test := range map[string]struct{ rule, want string }{
		"no condition":      {`{kind: service, reason: r}`, "matches every account"},
		"no reason":         {`{login: "svc-*", kind: service}`, "reason: is missing"},
		"no kind":           {`{login: "svc-*", reason: r}`, "kind: is missing"},
		"unknown kind":      {`{login: "svc-*", kind: servce, reason: r}`, `did you mean "service"?`},
		"emergency account": {`{login: "bg-*", kind: break-glass, reason: r}`, "below break_glass"},
		"unknown source":    {`{source: cmr, login: "svc-*", kind: service, reason: r}`, `did you mean "crm"?`},
		"no pattern":        {`{login: "re:svc-(", kind: service, reason: r}`, "is not a pattern"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := classifying(t, test.rule); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want %q, got %v", test.want, err)
			}
		})
	}
}
