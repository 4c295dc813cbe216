package job

import (
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// nightOf is one night of a ledger: the clocks after it, and how they changed.
type nightOf struct {
	clocks []policies.Clock
	events []policies.Event
}

// TestLedgerTellsEveryChange: a change that one night made stands in every later report for as long as its clock runs, and in
// that of the night that closes it.
func TestLedgerTellsEveryChange(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	clock := func(finding string, paused int) policies.Clock {
		c := policies.Clock{Finding: finding, System: "crm", Account: finding, Rule: "leavers", Person: "hr/07", DueAt: day(20)}
		if paused > 0 {
			c.PausedAt = day(paused)
		}
		return c
	}
	event := func(c policies.Clock, change policies.Change) policies.Event {
		return policies.Event{Clock: c, Change: change, Reason: "because"}
	}
	a, b := clock("F-a", 0), clock("F-b", 0)
	nights := []struct {
		nightOf
		want string
	}{
		{nightOf{[]policies.Clock{a, b}, []policies.Event{event(a, policies.Started), event(b, policies.Started)}}, "a started 1* Running, b started 1* Running"},
		{nightOf{[]policies.Clock{a, b}, nil}, "a started 1 Running, b started 1 Running"},
		{nightOf{[]policies.Clock{a, clock("F-b", 3)}, []policies.Event{event(clock("F-b", 3), policies.Paused)}}, "b started 1 –, b paused 3* Paused, a started 1 Running"},
		{nightOf{[]policies.Clock{a, b}, []policies.Event{event(b, policies.Reopened), event(b, policies.Extended)}},
			"b started 1 –, b paused 3 –, b reopened 4* –, b extended 4* Running, a started 1 Running"},
		{nightOf{[]policies.Clock{a}, []policies.Event{event(b, policies.Closed)}},
			"b started 1 –, b paused 3 –, b reopened 4 –, b extended 4 –, b closed 5* Closed, a started 1 Running"},
		{nightOf{[]policies.Clock{a}, nil}, "a started 1 Running"},
		// HR corrects the end: one clock ends, and another of the same rule and owner begins, in one night.
		{nightOf{[]policies.Clock{a}, []policies.Event{event(a, policies.Closed), event(a, policies.Started)}}, "a started 1 –, a closed 7* –, a started 7* Running"},
		{nightOf{[]policies.Clock{a}, nil}, "a started 1 –, a closed 7 –, a started 7 Running"},
	}
	var sealed []reports.ClockLine
	var before []policies.Clock
	for i, night := range nights {
		l := &ledger{before: before, clocks: night.clocks, events: night.events}
		lines, err := l.tell(sealedLines(sealed), []*reports.Row{{Verdict: reconcile.Verdict{Account: &scanners.Account{System: "crm", ID: "F-a", Logins: []string{"a"}}}}},
			fmt.Sprintf("run-%02d", i+1), day(i+1), nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(night.want, told(lines)); diff != "" {
			t.Errorf("night %d (-want +got):\n%s", i+1, diff)
		}
		sealed, before = lines, night.clocks
	}
}

// told is what lines say, in short.
func told(lines []reports.ClockLine) string {
	var parts []string
	for i := range lines {
		l := &lines[i]
		state, tonight := "–", ""
		if l.Last {
			state = string(l.State())
		}
		if l.Tonight {
			tonight = "*"
		}
		parts = append(parts, fmt.Sprintf("%s %s %d%s %s", strings.TrimPrefix(l.Finding, "F-"), l.Change, l.At.Day(), tonight, state))
	}
	return strings.Join(parts, ", ")
}

func sealedLines(lines []reports.ClockLine) iter.Seq2[*reports.ClockLine, error] {
	return func(yield func(*reports.ClockLine, error) bool) {
		for i := range lines {
			line := lines[i]
			if !yield(&line, nil) {
				return
			}
		}
	}
}

func TestLedgerBeforeReportsNotedChanges(t *testing.T) {
	old := policies.Clock{Finding: "F-a", System: "crm", Account: "A-1", Rule: "leavers", Person: "hr/7"}
	l := &ledger{before: []policies.Clock{old}, clocks: []policies.Clock{old}}
	lines, err := l.tell(sealedLines(nil), nil, "run-09", time.Now(), nil)
	if err != nil || len(lines) != 1 || lines[0].Change != "" || !strings.Contains(lines[0].Reason, "audit log") || !lines[0].Last {
		t.Errorf("%+v, %v", lines, err)
	}
	// Its first change is told with the run that made it, and HR may write the id of its owner otherwise by then.
	l.before[0].Person, l.clocks[0].Person = "hr/07", "hr/07"
	sealed := []reports.ClockLine{{Clock: old, Change: policies.Started, Reason: "because", At: time.Unix(0, 0), Last: true, Login: "anna"}}
	lines, err = l.tell(sealedLines(sealed), nil, "run-10", time.Now(), map[string]string{"hr/7": "hr/07"})
	if err != nil || len(lines) != 1 || lines[0].Change != policies.Started || lines[0].Person != "hr/07" || lines[0].Login != "anna" {
		t.Errorf("%+v, %v", lines, err)
	}
}
