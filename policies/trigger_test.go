package policies_test

import (
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

func TestTrigger(t *testing.T) {
	const day = daySpan
	end := func(offset time.Duration) *policies.EndDate { return &policies.EndDate{Offset: offset} }
	since := now.Sub(ended)
	kinds := func(k ...reconcile.Kind) policies.Trigger { return policies.Trigger{Kinds: k} }
	cases := []struct {
		name    string
		trigger policies.Trigger
		v       *reconcile.Verdict
		want    bool
	}{
		{"kind listed", kinds(reconcile.LeaverActive), leaver(), true},
		{"kind listed among others", kinds(reconcile.Orphan, reconcile.LeaverActive), leaver(), true},
		{"kind not listed", kinds(reconcile.Orphan), leaver(), false},
		{"an escalation is another kind", kinds(reconcile.LeaverActive), leaver(kind(reconcile.UsedAfterEnd)), false},
		{"status of the owner", policies.Trigger{Status: []reconcile.PersonState{reconcile.Ended}}, leaver(), true},
		{"another status", policies.Trigger{Status: []reconcile.PersonState{reconcile.Vanished}}, leaver(), false},
		{"status of nobody", policies.Trigger{Status: []reconcile.PersonState{reconcile.Ended}}, orphan(), false},
		{"end passed", policies.Trigger{EndDate: end(0)}, leaver(), true},
		{"end and offset passed at this instant", policies.Trigger{EndDate: end(since)}, leaver(), true},
		{"end and offset a second ahead", policies.Trigger{EndDate: end(since + time.Second)}, leaver(), false},
		{"negative offset", policies.Trigger{EndDate: end(-7 * day)}, leaver(), true},
		{"end inferred", policies.Trigger{EndDate: end(0)}, leaver(inferred(5)), false},
		{"no end", policies.Trigger{EndDate: end(0)}, orphan(), false},
		{"flag set", policies.Trigger{Flags: reconcile.Privileged}, leaver(flagged(reconcile.Privileged)), true},
		{"flag not set", policies.Trigger{Flags: reconcile.Privileged}, leaver(flagged(reconcile.Locked)), false},
		{"one of two flags set", policies.Trigger{Flags: reconcile.Privileged | reconcile.Locked}, leaver(flagged(reconcile.Locked)), false},
		{"source listed", policies.Trigger{Kinds: []reconcile.Kind{reconcile.LeaverActive}, Sources: []string{"erp", "crm"}}, leaver(), true},
		{"source not listed", policies.Trigger{Kinds: []reconcile.Kind{reconcile.LeaverActive}, Sources: []string{"erp"}}, leaver(), false},
		{"all clauses hold", policies.Trigger{Kinds: []reconcile.Kind{reconcile.LeaverActive}, Status: []reconcile.PersonState{reconcile.Ended}, EndDate: end(day), Flags: reconcile.Locked, Sources: []string{"crm"}}, leaver(flagged(reconcile.Locked)), true},
		{"all clauses hold but the kind", policies.Trigger{Kinds: []reconcile.Kind{reconcile.Orphan}, Status: []reconcile.PersonState{reconcile.Ended}, EndDate: end(day)}, leaver(), false},
		{"all clauses hold but the status", policies.Trigger{Kinds: []reconcile.Kind{reconcile.LeaverActive}, Status: []reconcile.PersonState{reconcile.Suspended}, EndDate: end(day)}, leaver(), false},
		{"all clauses hold but the end date", policies.Trigger{Kinds: []reconcile.Kind{reconcile.LeaverActive}, EndDate: end(400 * day)}, leaver(), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := c.trigger.Selects(c.v, now); got != c.want {
				t.Errorf("selects %v, want %v: %+v", got, c.want, c.trigger.Clauses(c.v, now))
			}
		})
	}
}

// TestClauses: what explain prints has a line per clause that is set, and agrees with Selects.
func TestClauses(t *testing.T) {
	all := policies.Trigger{Kinds: []reconcile.Kind{reconcile.Orphan}, Status: []reconcile.PersonState{reconcile.Ended}, EndDate: &policies.EndDate{}, Flags: reconcile.Locked, Sources: []string{"crm"}}
	want := map[string]bool{"sources": true, "kinds": false, "status": true, "end_date": true, "flags": false}
	clauses := all.Clauses(leaver(), now)
	if len(clauses) != len(want) {
		t.Fatalf("clauses %+v", clauses)
	}
	for _, c := range clauses {
		if c.Holds != want[c.Name] || c.Wants == "" || c.Has == "" {
			t.Errorf("clause %+v, want it to hold: %v", c, want[c.Name])
		}
	}
}

func TestRuleCheck(t *testing.T) {
	cases := []struct {
		name   string
		change func(*policies.Rule)
		want   string // part of the error, "" for none
	}{
		{"sound", func(*policies.Rule) {}, ""},
		{"no name", func(r *policies.Rule) { r.Name = "" }, "without name"},
		{"no trigger", func(r *policies.Rule) { r.Trigger = policies.Trigger{} }, "no trigger"},
		{"sources alone are no trigger", func(r *policies.Rule) { r.Trigger = policies.Trigger{Sources: []string{"crm"}} }, "no trigger"},
		{"unknown action", func(r *policies.Rule) { r.Action = "explode" }, `"explode"`},
		{"no action", func(r *policies.Rule) { r.Action = "" }, "action"},
		{"unknown basis", func(r *policies.Rule) { r.Grace.From = "yesterday" }, `"yesterday"`},
		{"negative grace", func(r *policies.Rule) { r.Grace.Days = -1 }, "-1"},
		{"endless grace", func(r *policies.Rule) { r.Grace.Days = 3651 }, "3651"},
		{"negative grace of a source", func(r *policies.Rule) { r.Grace.Sources = map[string]int{"crm": -2} }, "crm"},
		{"unknown kind", func(r *policies.Rule) { r.Trigger.Kinds = []reconcile.Kind{"ghost"} }, `"ghost"`},
		{"unknown status", func(r *policies.Rule) { r.Trigger.Status = []reconcile.PersonState{"fired"} }, `"fired"`},
		{"bad exclusion", func(r *policies.Rule) { r.Exclude = []policies.Exclusion{{ID: "X"}} }, `"X"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := rule("r", 5, c.change).Check()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestSortRules(t *testing.T) {
	rules := []policies.Rule{rule("b", 1), rule("c", 1), rule("a", 1)}
	if err := policies.SortRules(rules); err != nil || rules[0].Name != "a" || rules[2].Name != "c" {
		t.Errorf("sorted to %v, %v", rules, err)
	}
	if err := policies.SortRules([]policies.Rule{rule("a", 1), rule("b", 1), rule("a", 9)}); err == nil || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("two rules of one name: error %v", err)
	}
}
