package main

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/policies"
)

// gracefulNight is one night of the examples of rules with stages.
type gracefulNight struct {
	day string
	// edits are what changes in the exports before it: file, old and new text.
	edits [][3]string
	// want are the findings: account, decision, due, stage, what goes and who takes over.
	want []string
}

// gracefulNights follow a contractor, a retirement and an ordinary leaver. There is no night from the 9th of
// December to the 13th.
var gracefulNights = []gracefulNight{
	{"2026-11-27", nil, []string{"A-3 in_grace 2026-12-31 - - hr/1"}},
	{"2026-12-03", nil, []string{"A-2 in_grace 2026-12-08 notice - hr/1", "A-3 in_grace 2026-12-31 hand-over - hr/1"}},
	{"2026-12-08", nil, []string{"A-2 in_grace 2026-12-08 notice - hr/1", "A-3 in_grace 2026-12-31 hand-over - hr/1", "A-4 in_grace 2026-12-11 - - -"}},
	{"2026-12-14", nil, []string{"A-2 due 2026-12-11 lock group project-north hr/1", "A-3 in_grace 2026-12-31 hand-over - hr/1", "A-4 due 2026-12-11 - - -"}},
	{"2026-12-15", [][3]string{{"crm.csv", "A-2,ben,2,true", "A-2,ben,2,false"}, {"crm.csv", "A-4,paul,4,true", "A-4,paul,4,false"}, {"hr.csv", "maria.lopez@example.com,2015-01-01,,active", "maria.lopez@example.com,2015-01-01,2026-12-14,terminated"}},
		[]string{"A-1 in_grace 2026-12-21 - - -", "A-3 in_grace 2026-12-31 hand-over - iam@example.com"}},
	{"2027-01-02", [][3]string{{"crm.csv", "A-1,maria,1,true", "A-1,maria,1,false"}}, []string{"A-3 due 2026-12-31 rights group Sales iam@example.com"}},
	{"2027-01-03", [][3]string{{"crm.csv", "Sales;Mail;Retirees", "Mail;Retirees"}}, []string{"A-3 in_grace 2027-01-30 rights - iam@example.com"}},
	{"2027-02-01", nil, []string{"A-3 due 2027-01-30 licences licence Office iam@example.com"}},
	{"2027-02-02", [][3]string{{"crm.csv", "Mail;Retirees,Office", "Mail;Retirees,"}}, []string{"A-3 in_grace 2027-03-31 licences - iam@example.com"}},
	{"2027-04-02", nil, []string{"A-3 due 2027-03-31 mailbox - iam@example.com"}},
	{"2027-04-03", [][3]string{{"crm.csv", "A-3,inga,3,true", "A-3,inga,3,false"}}, nil},
}

// TestGracefulExamples plays the examples of rules with stages through the program, night by night, with the missed week and the
// changes of the world between them.
func TestGracefulExamples(t *testing.T) {
	y := &year{dir: t.TempDir()}
	if err := os.CopyFS(y.dir, os.DirFS(filepath.Join("..", "..", "docs", "policies", "graceful"))); err != nil {
		t.Fatal(err)
	}
	for _, n := range gracefulNights {
		at, err := time.Parse(time.RFC3339, n.day+"T21:00:00Z")
		if err != nil {
			t.Fatal(err)
		}
		y.edit(t, at, n.edits)
		if code, out := y.leaver(at, "run", "--json"); code != exitOK {
			t.Fatalf("%s: exit %d\n%s", n.day, code, out)
		}
		if diff := gocmp.Diff(n.want, y.stands(t, at)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", n.day, diff)
		}
		if n.day == "2026-12-14" {
			y.checkGracefulPlan(t, at)
		}
	}
	if code, out := y.leaver(time.Date(2027, 4, 4, 0, 0, 0, 0, time.UTC), "verify"); code != exitOK {
		t.Errorf("verify: exit %d\n%s", code, out)
	}
}

// edit changes the exports and dates all of them to the night.
func (y *year) edit(t *testing.T, at time.Time, edits [][3]string) {
	t.Helper()
	for _, e := range edits {
		text, err := os.ReadFile(filepath.Join(y.dir, e[0]))
		if err != nil || strings.Count(string(text), e[1]) != 1 {
			t.Fatalf("%s does not hold %q once: %v", e[0], e[1], err)
		}
		y.write(t, e[0], strings.Replace(string(text), e[1], e[2], 1))
	}
	for _, name := range []string{"hr.csv", "crm.csv"} {
		if err := os.Chtimes(filepath.Join(y.dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
}

// stands are the findings of the last night, in the form of gracefulNight.
func (y *year) stands(t *testing.T, at time.Time) []string {
	t.Helper()
	_, out := y.leaver(at, "findings", "--json")
	found := map[string]string{}
	for line := range strings.Lines(out) {
		var f struct {
			Account, Decision, Due, Stage string
			Removes                       []string
			HandOver                      string `json:"hand_over"`
		}
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		found[f.Account] = strings.Join([]string{f.Account, f.Decision, f.Due[:10], cmp.Or(f.Stage, "-"),
			cmp.Or(strings.Join(f.Removes, ", "), "-"), cmp.Or(f.HandOver, "-")}, " ")
	}
	var list []string
	for _, id := range []string{"A-1", "A-2", "A-3", "A-4"} {
		if found[id] != "" {
			list = append(list, found[id])
		}
	}
	return list
}

// checkGracefulPlan reads the plan of the night after the missed week: of the contractor both stages that were missed, in order;
// and what explain says of it.
func (y *year) checkGracefulPlan(t *testing.T, at time.Time) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(y.dir, "state", "runs", "20261214*", "plan.json"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(files[0])
	var plan policies.Plan
	if err == nil {
		err = json.Unmarshal(text, &plan)
	}
	if err != nil || len(plan.Items) != 2 {
		t.Fatalf("%v: %s", err, text)
	}
	group := func(name string) policies.Right { return policies.Right{Type: "group", ID: name, Name: name} }
	want := []policies.ItemStep{
		{Stage: "projects", Action: "revoke", Due: time.Date(2026, 12, 8, 23, 0, 0, 0, time.UTC), Removes: []policies.Right{group("project-north")},
			Stays: []policies.Right{group("Mail"), group("project-handover"), {Type: "licence", ID: "Office", Name: "Office"}}},
		{Stage: "lock", Action: "lock", Due: time.Date(2026, 12, 11, 23, 0, 0, 0, time.UTC)},
	}
	if diff := gocmp.Diff(want, plan.Items[0].Steps); diff != "" || plan.Items[0].HandOver != "hr/1" || plan.Items[1].Steps != nil {
		t.Errorf("%s\n%s", diff, text)
	}
	code, out := y.leaver(at, "explain", "A-2")
	for _, part := range []string{`stage "projects" of rule "contractors" was due on 2026-12-08 23:00 UTC (revoke: group project-north); stage "lock"`,
		"> stage lock ", "takes         group project-north", "leaves        group project-handover", "hand-over to Maria Lopez (hr/1), the manager"} {
		if code != exitOK || !strings.Contains(out, part) {
			t.Errorf("explain (exit %d) does not say %q:\n%s", code, part, out)
		}
	}
}
