package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/scanners"
)

const gracefulRule = `name: a
strategy: graceful
trigger: {end_date: {offset: -14d}}
grace: {from: end_date, holidays: DE}
hand_over: {to: [manager, hr/7, iam@example.com]}
stages:
  - {name: notice, days: -10, action: report}
  - name: projects
    days: -3
    unit: business
    action: revoke
    revoke:
      - {groups: ["project-*"], roles: [Editor], sources: [crm]}
      - {applications: [wiki], licences: ["E*"]}
    keep: [{groups: [project-handover]}]
  - {name: lock, date: 2026-06-30, action: lock}
`

// TestStagesOfARule reads everything that stages can say.
func TestStagesOfARule(t *testing.T) {
	c := writeRules(t, gracefulRule)
	c.People = peopleSources("hr")
	rules, err := c.Rules()
	if err != nil {
		t.Fatal(err)
	}
	want := []policies.Stage{
		{Name: "notice", Days: -10, Action: "report"},
		{Name: "projects", Days: -3, Business: true, Action: "revoke", Revoke: []policies.Rights{{Groups: []string{"project-*"}, Roles: []string{"Editor"}, Sources: []string{"crm"}},
			{Applications: []string{"wiki"}, Licences: []string{"E*"}}}, Keep: []policies.Rights{{Groups: []string{"project-handover"}}}},
		{Name: "lock", Date: scanners.Date{Year: 2026, Month: 6, Day: 30}, Action: "lock"},
	}
	r := rules[0]
	if diff := cmp.Diff(want, r.Stages) + cmp.Diff([]string{"manager", "hr/7", "iam@example.com"}, r.HandOver); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(r.Grace.Holidays) != 1 || r.Action != "" || r.Strategy != policies.Graceful {
		t.Errorf("%+v", r)
	}
}

// TestStarterStages: the rule with stages that the starter shows in comments can be used as it is.
func TestStarterStages(t *testing.T) {
	_, shown, _ := strings.Cut(config.StarterPolicy(), "# ---\n")
	rules, err := writeRules(t, strings.ReplaceAll("\n"+shown, "\n# ", "\n")).Rules()
	if err != nil || len(rules) != 1 || !rules[0].Graceful() {
		t.Errorf("%+v %v", rules, err)
	}
}

// TestStagesAreRefused at their places.
func TestStagesAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"misspelt key":           {"days: -10", "day: -10", `7:20: stages[0].day: unknown key; did you mean "days"?`},
		"misspelt action":        {"action: revoke", "action: revok", `11:5: stages[1].action: unknown value "revok"; did you mean "revoke"?`},
		"misspelt unit":          {"unit: business", "unit: busines", `10:5: stages[1].unit: unknown value "busines"`},
		"unknown system":         {"sources: [crm]", "sources: [erp]", `13:60: stages[1].revoke[0].sources[0]: unknown value "erp"`},
		"no date":                {"date: 2026-06-30", "date: June", "16:18: stages[2].date"},
		"days and a date":        {"date: 2026-06-30", "date: 2026-06-30, days: 3", "16:5: stages[2]: a stage has days or a date, not both"},
		"nothing goes":           {"revoke:", "keep2:", "12:5: stages[1].keep2: unknown key"},
		"out of order":           {"days: -10", "days: 5, unit: business", `1:1: name: rule "a": stage "projects" comes before stage "notice"`},
		"unknown recipient":      {"manager,", "manger,", `5:18: hand_over.to[0]: unknown recipient "manger"; did you mean "manager"?`},
		"unknown people source":  {"hr/7", "sap/7", `5:27: hand_over.to[1]: unknown value "sap"`},
		"no mail address":        {"iam@example.com", "iam@", `5:33: hand_over.to[2]: "iam@" is not a mail address`},
		"hands over to nobody":   {"[manager, hr/7, iam@example.com]", "[]", "5:1: hand_over: it names nobody"},
		"an action of the rule":  {"strategy: graceful", "action: lock", `action "lock" beside stages`},
		"another strategy":       {"strategy: graceful", "strategy: scheduled", "2:1: strategy: a rule with stages is not scheduled"},
		"days of the grace":      {"grace: {from: end_date", "grace: {days: 3, from: end_date", "grace has days beside stages"},
		"rights of a lock":       {"date: 2026-06-30,", "date: 2026-06-30, keep: [{groups: [x]}],", "16:5: stages[2]: revoke and keep are for the actions revoke and reclaim"},
		"idle holidays":          {"unit: business", "unit: calendar", "4:25: grace.holidays: holidays matter for business days only"},
		"a name that is missing": {"name: projects", "days: -3", "stages[1].name: is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(gracefulRule, c.old, c.new, 1)
			if name == "a name that is missing" {
				text = strings.Replace(text, "    days: -3\n", "", 1)
			}
			read := writeRules(t, text)
			read.People = peopleSources("hr")
			if _, err := read.Rules(); err == nil || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("error %v does not say %q", err, c.want)
			}
		})
	}
}

func peopleSources(names ...string) []config.Source {
	var list []config.Source
	for _, name := range names {
		list = append(list, config.Source{Name: name})
	}
	return list
}
