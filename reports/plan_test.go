package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// samplePlan is the plan of rows: what a limit holds is held by that of okta, the dormant account would be due had its
// source been read, and the one on leave is never touched. A limit was lifted for it, and one for another plan.
func samplePlan(rows []Row) (*policies.Plan, []policies.Lift) {
	p := policies.NewPlanner("2026-11-22-0210-7F3A", asOf, map[string]int64{"salesforce": 9})
	p.Protect = func(a *scanners.Account) string {
		if a.ID == "ad-7" {
			return "never touched: leaver reads with it"
		}
		return ""
	}
	for i := range rows {
		d, past := rows[i].Decision, policies.Past{SourceComplete: rows[i].Kind != reconcile.Dormant}
		if d.Kind == policies.Held {
			d.Kind = policies.Due
		}
		past.Clocks = []policies.Clock{{Rule: d.Rule, DueAt: when("2026-11-01 00:00")}}
		p.Add(&rows[i].Verdict, d, past, asOf)
	}
	plan := p.Plan()
	lift := policies.Lift{Limit: policies.LimitPrivileged, Plan: plan.Digest, By: "ann", Second: "bob", At: when("2026-11-21 09:00"), Reason: "=the admins of the closed site, ticket 17"}
	off := policies.Limit{Off: true}
	plan.Bound(policies.Limits{ActionsPerSource: policies.Limit{Count: 1, Percent: 90}, ActionsTotal: policies.Limit{Count: 50}, ActionsPrivileged: policies.Limit{},
		ActionsPerDepartment: off, FindingsPerSource: policies.Limit{Count: 2, Percent: 0.1}, ExclusionsNew: policies.Limit{Count: 20, Percent: 10}},
		policies.Census{Accounts: map[string]int64{"okta": 1004, "salesforce": 1003, "crm": 1005}, Privileged: map[string]int64{"salesforce": 12}, Findings: 18,
			NewFindings: map[string]int64{"crm": 3, "okta": 1}, NewExclusions: 1}, []policies.Lift{lift})
	for i := range plan.Limits {
		if m := &plan.Limits[i]; m.Limit == policies.LimitFindings || m.Limit == policies.LimitExclusions {
			m.Since = when("2026-11-20 23:00")
		}
	}
	held := policies.Tripped{Limit: policies.LimitPerSource, Scope: "okta", Count: 1, Base: 1004, Allowed: "more than 0"}
	plan.Limits[0] = policies.Measured{Tripped: held, State: policies.LimitHolds}
	plan.Hold([]policies.Tripped{held}, nil)
	other := policies.Lift{Limit: policies.LimitTotal, Plan: strings.Repeat("3f1c", 16), By: "ann", Second: "carl", At: when("2026-11-20 09:00"), Reason: "ticket 16"}
	return plan, []policies.Lift{lift, other}
}

// sampleClocks are the clocks of rows that wait or are due, and one of each other change.
func sampleClocks(rows []Row) []ClockLine {
	var lines []ClockLine
	add := func(r Row, change policies.Change, reason string, tonight bool, alter func(*policies.Clock)) {
		c := policies.Clock{Finding: r.ID(), System: r.Account.System, Account: r.Account.ID, Rule: r.Decision.Rule, FirstSeen: when("2026-10-20 23:00"),
			Basis: when("2026-10-20 23:00"), DueAt: r.Decision.Until}
		if r.Person != nil {
			c.Person, c.End = r.Person.Ref(), r.Person.End.At
		}
		if alter != nil {
			alter(&c)
		}
		at, run := when("2026-10-20 23:00"), "2026-10-21-0210-AAAA"
		if tonight {
			at, run = asOf, "2026-11-22-0210-7F3A"
		}
		lines = append(lines, ClockLine{Clock: c, Login: r.Account.Login(), Change: change, Reason: reason, At: at, Run: run, Tonight: tonight})
	}
	changes := []struct {
		change policies.Change
		reason string
		alter  func(*policies.Clock)
	}{
		{policies.Done, "stage \"projects\" has nothing left to do on 2026-11-21", func(c *policies.Clock) { c.Stage, c.DoneAt = "projects", asOf }},
		{policies.Extended, "due on 2026-11-01 00:00 UTC before; counted from 2026-10-20 23:00 UTC", nil},
		{policies.Restated, "HR states the end of employment as 2026-09-19 22:00 UTC; the date stays", nil},
		{policies.Paused, "gone: a complete scan does not show the account any more", func(c *policies.Clock) { c.PausedAt = asOf }},
		{policies.Reopened, "the account is back after 2026-11-01 23:00 UTC, and so is its date", nil},
		{policies.Closed, "rehired: another employment of the owner is open", nil},
	}
	n := 0
	for i, r := range rows {
		switch r.Decision.Kind {
		case policies.Due, policies.Held, policies.InGrace:
			add(r, policies.Started, "counted from the end of employment that HR states, 2026-10-20 23:00 UTC", i == 0, nil)
			if n < len(changes) {
				add(r, changes[n].change, changes[n].reason, true, changes[n].alter)
			}
			n++
		}
	}
	lines = append(lines, ClockLine{Clock: policies.Clock{Finding: "F-old", System: "crm", Account: "=c-1", Rule: "R1 End date passed", DueAt: when("2026-12-01 00:00")}})
	return lines
}

// withClocks gives r the changes of its clocks, counted.
func withClocks(r *Report, lines []ClockLine) {
	r.Clocks = &ClockTotals{}
	for i := range lines {
		l := &lines[i]
		l.Last = i+1 == len(lines) || lines[i+1].Finding != l.Finding
		r.Clocks.Add(l)
	}
	r.Clocks.Before = r.Clocks.Running + r.Clocks.Paused + r.Clocks.Done - r.Clocks.Started + r.Clocks.Closed
	r.Ledger = func() iter.Seq2[*ClockLine, error] {
		return func(yield func(*ClockLine, error) bool) {
			for i := range lines {
				if !yield(&lines[i], nil) {
					return
				}
			}
		}
	}
}

// A decision that is due or held stands on the sheet Plan, whatever became of it, and its own sheet says the same.
func TestEveryDecisionOfThePlanIsShown(t *testing.T) {
	r := everything()
	all := grids(t, open(t, workbook(t, r)), true)
	states, why := cellsUnder(t, all["Plan"], "State"), cellsUnder(t, all["Plan"], "Held by, or left out because")
	ids := cellsUnder(t, all["Plan"], "Finding")
	shownAs, because := map[string]string{}, map[string]string{}
	for row, id := range ids {
		shownAs[id], because[id] = states[row], why[row]
	}
	own := map[string]string{}
	for _, sheet := range []string{"Terminations", "Orphans", miskeyedSheet, "Dormant", "Ambiguous", "Other findings"} {
		finding := cellsUnder(t, all[sheet], "Finding")
		for row, words := range cellsUnder(t, all[sheet], "In the plan") {
			own[finding[row]] = words
		}
	}
	counted := map[string]int{}
	for _, row := range everyRow() {
		if row.Kind == reconcile.KindNone {
			continue
		}
		state, id := shownAs[row.ID()], row.ID()
		counted[state]++
		want := map[policies.DecisionKind]string{policies.Due: "Proposed", policies.Held: "Held"}[row.Decision.Kind]
		switch {
		case row.Account.ID == "ad-7":
			want = "Left out"
		case row.Kind == reconcile.Dormant:
			want = "Not read"
		}
		if state != want {
			t.Errorf("%s, decided %s: on sheet Plan %q, want %q", row.Account.ID, row.Decision.Kind, state, want)
		}
		wantOwn := dash
		switch state {
		case "Proposed":
			wantOwn = "Proposed"
		case "Held":
			wantOwn = "Held by " + because[id]
		case "Left out", "Not read":
			wantOwn = state + ": " + because[id]
		}
		if own[id] != wantOwn {
			t.Errorf("%s: its own sheet says %q, want %q", row.Account.ID, own[id], wantOwn)
		}
	}
	if diff := cmp.Diff(map[string]int{"Proposed": 1, "Held": 1, "Left out": 1, "Not read": 1, "": 15}, counted); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

// Every limit that holds an item is named: to lift one of two does not let it pass.
func TestAnItemHeldTwiceNamesBothLimits(t *testing.T) {
	r := everything()
	r.Plan.Hold([]policies.Tripped{{Limit: policies.LimitTotal, Count: 2, Base: 3000}}, nil)
	all := grids(t, open(t, workbook(t, r)), true)
	why := slices.Sorted(maps.Values(cellsUnder(t, all["Plan"], "Held by, or left out because")))
	want := []string{"actions_per_source:okta, actions_total", "actions_total", "never touched: leaver reads with it", "the source was not read completely"}
	if diff := cmp.Diff(want, why); diff != "" {
		t.Errorf("held by (-want +got):\n%s", diff)
	}
}

// An item whose account has no row in the report is shown all the same.
func TestPlanShowsItemsWithoutARow(t *testing.T) {
	r := everything()
	r.Plan.Items = append(r.Plan.Items, policies.Item{Finding: "F-lost", Source: "crm", Account: "c-404", Action: "lock", Rule: "R1 End date passed"})
	rows := grids(t, open(t, workbook(t, r)), true)["Plan"]
	for row, id := range cellsUnder(t, rows, "Finding") {
		if id == "F-lost" {
			if got := cellsUnder(t, rows, "Account ID")[row] + " " + cellsUnder(t, rows, "State")[row] + " " + cellsUnder(t, rows, "Listed as")[row]; got != "c-404 Proposed "+dash {
				t.Errorf("shown as %q", got)
			}
			return
		}
	}
	t.Error("the item is not on the sheet")
}

// What a source that is down did not show has no row, and is listed as not read all the same.
func TestPlanShowsWhatWasNotSeen(t *testing.T) {
	r := everything()
	r.Plan.LeftOut = append(r.Plan.LeftOut, policies.LeftOut{Finding: "F-unseen", Source: "erp", Account: "B-1", Why: "the source was not read completely and did not show the account"})
	rows := grids(t, open(t, workbook(t, r)), true)["Plan"]
	states := cellsUnder(t, rows, "State")
	for row, id := range cellsUnder(t, rows, "Account ID") {
		if id == "B-1" && states[row] != "Not read" {
			t.Errorf("B-1 is %q", states[row])
		}
	}
	if n := len(dataOf(t, rows)); n != 5 {
		t.Errorf("%d lines, want 5", n)
	}
}

// The lines for programs say of the plan what the sheet says.
func TestLinesTellThePlan(t *testing.T) {
	var b bytes.Buffer
	if err := JSONLines(&b, everything()); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for d := json.NewDecoder(&b); d.More(); {
		var l Line
		if err := d.Decode(&l); err != nil {
			t.Fatal(err)
		}
		if l.Plan != "" || l.OneByOne != "" {
			got[l.Source+"/"+l.Account] = fmt.Sprintf("%s|%s|%s", l.Plan, l.PlanWhy, l.OneByOne)
		}
	}
	want := map[string]string{"salesforce/00123": "proposed||the account is privileged", "okta/00u3": "held|actions_per_source:okta|",
		"corp-ad/ad-7": "left_out|never touched: leaver reads with it|", "corp-ad/ad-4": "not_read|the source was not read completely|"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// The control sheet says how every limit stood and who lifted one, and of each lift whether it counts.
func TestControlSheetTellsLimitsAndLifts(t *testing.T) {
	text := dump(t, open(t, workbook(t, everything())))
	for _, want := range []string{
		"actions_per_source:okta", "1 action due, on 1,004 accounts", "two people, with the command that leaver plan prints: leaver lift actions_per_source:okta",
		"ann asked and bob agreed on 2026-11-21 09:00 UTC: =the admins of the closed site, ticket 17", "1 action due on privileged accounts, of 12",
		"nothing: it is off", "3 findings made after 2026-11-20 23:00 UTC only, on 1,005 accounts", "nothing in its scope is planned tonight;",
		"lifted for another plan, 3f1c 3f1c 3f1c 3f1c", "ann asked and carl agreed on 2026-11-20 09:00 UTC: ticket 16", "no effect",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the workbook", want)
		}
	}
}

// A change of a grace clock is shown with its reason, and each clock is counted once.
func TestGraceClocksAreShown(t *testing.T) {
	r := everything()
	rows := grids(t, open(t, workbook(t, r)), true)[clocksSheet]
	now := map[string]int64{}
	for _, state := range cellsUnder(t, rows, "Clock now") {
		now[state]++
	}
	if now["Running"]+now["Paused"]+now["Done"] != r.Clocks.After() || now["Paused"] != 1 || now["Done"] != 1 || now["Closed"] != 1 || now["Paused"] != r.Clocks.Paused {
		t.Errorf("clocks now %v, want %+v", now, r.Clocks)
	}
	because, change := cellsUnder(t, rows, "Because"), cellsUnder(t, rows, "Change")
	seen := map[string]bool{}
	for row, word := range change {
		if word == "not noted" {
			continue
		}
		seen[word] = true
		if because[row] == dash || because[row] == "" {
			t.Errorf("%s: %s without a reason", row, word)
		}
	}
	for _, c := range []policies.Change{policies.Started, policies.Extended, policies.Restated, policies.Paused, policies.Reopened, policies.Closed} {
		if !seen[string(c)] {
			t.Errorf("no clock was %s", c)
		}
	}
}

// Runs of versions that noted neither plan nor clocks say so, and claim nothing about them.
func TestWithoutPlanAndClocks(t *testing.T) {
	r := everything()
	r.Plan, r.Lifts, r.Clocks, r.Ledger = nil, nil, nil, nil
	text := dump(t, open(t, workbook(t, r)))
	for _, want := range []string{"The plan of this run is not on record", "The grace clocks of this run are not on record", "How the limits stood is not on record"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(text, "whose digest is") {
		t.Error("a plan is counted that is not there")
	}
}
