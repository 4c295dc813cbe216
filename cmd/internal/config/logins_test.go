package config

import (
	"strings"
	"testing"
)

func withLoginRule(t *testing.T, rule string) (*Config, error) {
	t.Helper()
	return load(t, edit(t, "{keys: [employee_id, mail]}", "{keys: [mail], login_rules: ["+rule+"]}"))
}

func TestLoginRules(t *testing.T) {
	c, err := withLoginRule(t, `{source: crm, match: "adm-(.+)"}`)
	if err != nil {
		t.Fatal(err)
	}
	rule := c.Correlation.LoginRules[0]
	if rule.Of != "crm" || rule.To != "$1" || !rule.Match.MatchString("ADM-x") || rule.Match.MatchString("old-adm-x") {
		t.Errorf("%+v", rule)
	}
	for name, test := range map[string]struct{ rule, want string }{
		"no source":        {`{match: "adm-(.+)"}`, "source: is missing"},
		"unknown source":   {`{source: cmr, match: "adm-(.+)"}`, `did you mean "crm"?`},
		"unknown primary":  {`{source: crm, of: hr, match: "adm-(.+)"}`, `unknown value "hr"`},
		"no match":         {`{source: crm}`, "match: is missing"},
		"no group":         {`{source: crm, match: "adm-.+"}`, "has 0 groups and wants one"},
		"two groups":       {`{source: crm, match: "(adm|a)-(.+)"}`, "has 2 groups and wants one"},
		"no expression":    {`{source: crm, match: "adm-("}`, "is no regular expression"},
		"a constant login": {`{source: crm, match: "adm-(.+)", to: admin}`, "leads every account to one"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := withLoginRule(t, test.rule); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want %q, got %v", test.want, err)
			}
		})
	}
}

func TestContractors(t *testing.T) {
	if c := mustLoad(t, edit(t, "last_day: inclusive", "last_day: inclusive\n    contractors: true")); !c.People[0].Contractors || c.Sources[0].Contractors {
		t.Error("contractors not taken over")
	}
	if _, err := load(t, edit(t, "    path: crm.csv", "    path: crm.csv\n    contractors: true")); err == nil || !strings.Contains(err.Error(), "is about people") {
		t.Errorf("contractors among accounts: %v", err)
	}
}
