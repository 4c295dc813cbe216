package reports

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/scanners"
)

// stagedDecision is a decision with a stage that was missed, one that is due and one that is ahead.
func stagedDecision() policies.Decision {
	right := func(name string) policies.Right { return policies.Right{Type: "group", ID: "g-" + name, Name: name} }
	return policies.Decision{Kind: policies.Due, Action: "revoke", Rule: "steps", Until: when("2026-11-20 00:00"), Stages: &policies.Progress{
		Stage: "rights", HandOver: policies.HandOver{To: "manager", Who: "hr/7", Name: "Lopez, Maria"},
		Steps: []policies.Step{
			{Stage: "notice", Action: "report", At: when("2026-11-01 00:00"), State: policies.StepOver},
			{Stage: "projects", Action: "revoke", At: when("2026-11-10 00:00"), State: policies.StepDue, Removes: []policies.Right{right("north")}, Stays: []policies.Right{right("Mail"), right("Sales")}},
			{Stage: "rights", Action: "revoke", At: when("2026-11-20 00:00"), State: policies.StepDue, Removes: []policies.Right{right("Sales")}, Stays: []policies.Right{right("Mail"), right("north")}},
			{Stage: "lock", Action: "lock", At: when("2026-12-01 00:00"), State: policies.StepAhead},
		}}}
}

// TestStagesInReports: the row says what is due, what goes and what stays, what is next and who takes over.
func TestStagesInReports(t *testing.T) {
	rows := everyRow()
	rows[0].Decision = stagedDecision()
	if got, want := actionWords(entry{Row: rows[0]}), "Due: revoke (stage projects, then rights)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	text, err := json.Marshal(Lines(report(rows))(rows[0]))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"stage":"rights"`, `"next_stage":"lock"`, `"next_at":"2026-12-01T00:00:00Z"`, `"removes":["group north","group Sales"]`, `"stays":["group Mail"]`, `"hand_over":"hr/7"`, `"untold":false`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("the line does not say %s: %s", part, text)
		}
	}
	rows[0].Decision = policies.Decision{Kind: policies.InGrace, Untold: true, Notice: &policies.Notice{}}
	if got := actionWords(entry{Row: rows[0]}); got != "Waiting: nobody was told" {
		t.Error(got)
	}
}

// TestStagesInRules: the Rules sheet says when each stage is, and what it takes.
func TestStagesInRules(t *testing.T) {
	stages := policies.Rule{Name: "steps", Strategy: policies.Graceful, Grace: policies.Grace{From: policies.FromEndDate}, HandOver: []string{"manager", "iam@example.com"}, Stages: []policies.Stage{
		{Name: "notice", Days: -10, Action: "report"},
		{Name: "projects", Days: -3, Business: true, Action: "revoke", Revoke: []policies.Rights{{Groups: []string{"project-*"}, Sources: []string{"crm"}}, {Roles: []string{"Editor"}}}, Keep: []policies.Rights{{Groups: []string{"project-x"}}}},
		{Name: "lock", Date: scanners.Date{Year: 2026, Month: 6, Day: 30}, Action: "lock"}}}
	told := policies.Rule{Name: "told", Action: "lock", Grace: policies.Grace{Days: 14, From: policies.FromNotified}, Notify: &policies.Notify{To: []string{"manager"}}}
	ahead := policies.Rule{Name: "ahead", Action: "lock", Grace: policies.Grace{Days: 14, From: policies.FromFirstSeen}, Notify: &policies.Notify{To: []string{"manager", "iam@example.com"}, Before: 72 * time.Hour}}
	for _, c := range []struct {
		rule policies.Rule
		want string
	}{
		{stages, `stages from the end of employment; stage "notice" -10 days: report; stage "projects" -3 working days: revoke group project-* (crm); role Editor, but not group project-x; ` +
			`stage "lock" on 2026-06-30: lock; hand-over to manager, else iam@example.com; strategy graceful`},
		{told, "grace 14 days from the notice; not before a notice to manager; action lock"},
		{ahead, "grace 14 days from first seen; not before a notice to manager, else iam@example.com, 3 days ahead; action lock"},
	} {
		if got := ruleParameters(c.rule); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.rule.Name, got, c.want)
		}
	}
}
