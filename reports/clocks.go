package reports

import (
	"fmt"
	"iter"
	"time"

	"github.com/leaver-audit/leaver/policies"
)

// ClockLine is one change of a grace clock. A report has every change of the clocks that run, and of those closed in its run.
type ClockLine struct {
	// Clock is as it was after the change; a closed one as it was.
	policies.Clock
	// Login names the account as the latest run shows it.
	Login string
	// Change is what happened, "" for a clock that ran before changes were noted; Reason why, At the as-of of the run, Run its id.
	Change policies.Change
	Reason string
	At     time.Time
	Run    string
	// Last marks the latest change of its clock, Tonight one of the run of this report.
	Last, Tonight bool
}

// ClockTotals counts the grace clocks of a run.
type ClockTotals struct {
	// Before is how many there were before the run, Started and Closed how many it started and closed.
	Before, Started, Closed int64
	// Running, Paused and Done count those after the run, Lines the lines of the sheet.
	Running, Paused, Done, Lines int64
}

// After is how many there are after the run.
func (t ClockTotals) After() int64 { return t.Before + t.Started - t.Closed }

// ClockState is how a clock stands after the run.
type ClockState string

// The states.
const (
	ClockRunning ClockState = "Running"
	ClockPaused  ClockState = "Paused"
	ClockDone    ClockState = "Done" // a stage that has nothing left to do, while others of its rule go on
	ClockClosed  ClockState = "Closed"
)

// State is how the clock stands, if this is its latest change.
func (c *ClockLine) State() ClockState {
	switch {
	case c.Change == policies.Closed:
		return ClockClosed
	case !c.DoneAt.IsZero():
		return ClockDone
	case !c.PausedAt.IsZero():
		return ClockPaused
	default:
		return ClockRunning
	}
}

// Add counts one line more.
func (t *ClockTotals) Add(c *ClockLine) {
	t.Lines++
	switch {
	case c.Tonight && c.Change == policies.Started:
		t.Started++
	case c.Tonight && c.Change == policies.Closed:
		t.Closed++
	}
	switch {
	case c.Last && c.State() == ClockRunning:
		t.Running++
	case c.Last && c.State() == ClockPaused:
		t.Paused++
	case c.Last && c.State() == ClockDone:
		t.Done++
	}
}

// clockLine is a line of the sheet Grace clocks.
type clockLine struct {
	*ClockLine
	number int64
}

func (c clockLine) id() string { return fmt.Sprintf("G-%05d", c.number) }

// clockLines yields the lines of the sheet.
func (b *book) clockLines() iter.Seq2[clockLine, error] {
	return func(yield func(clockLine, error) bool) {
		if b.Ledger == nil || b.Clocks == nil {
			return
		}
		var n int64
		for line, err := range b.Ledger() {
			n++
			if !yield(clockLine{line, n}, err) || err != nil {
				return
			}
		}
	}
}

// clocksTable is one row per change of a grace clock.
func (b *book) clocksTable() table[clockLine] {
	t := table[clockLine]{
		name: clocksSheet, title: "Grace clocks – when each began, what moved it, and why", note: b.clocksNote(), none: b.noClocks(), frozen: 3,
		sealed: true, id: clockLine.id,
		columns: []column[clockLine]{
			{head: "Row", width: 8.5, group: "Clock", value: func(c clockLine) cell { return text(c.id()) }},
			{head: "Clock now", width: 10, value: clockNowCell},
			{head: "System", width: 14, group: "Account (system)", value: func(c clockLine) cell { return text(c.System) }},
			{head: "Account", width: 22, value: func(c clockLine) cell { return textOr(c.Login, c.Account) }},
			{head: "Person", width: 20, value: func(c clockLine) cell { return textOr(c.Person, dash) }},
			{head: "Rule", width: 18, value: func(c clockLine) cell { return text(c.Rule + after(": ", c.Stage)) }},
			{head: "Change", width: 11, group: "What happened", value: func(c clockLine) cell { return changeOfClock(c) }},
			{head: "In this run", width: 8.5, style: headCentre, value: tonightCell},
			{head: "On (UTC)", width: 15.5, value: func(c clockLine) cell { return instant(c.At) }},
			{head: "Because", width: 64, value: func(c clockLine) cell { return textOr(c.Reason, dash) }},
			{head: "Due (UTC)", width: 15.5, group: "The clock after it", value: func(c clockLine) cell { return instant(c.DueAt) }},
			{head: "Counted from (UTC)", width: 15.5, value: func(c clockLine) cell { return instant(c.Basis) }},
			{head: "First seen (UTC)", width: 15.5, value: func(c clockLine) cell { return instant(c.FirstSeen) }},
			{head: "End by HR (UTC)", width: 15.5, value: func(c clockLine) cell { return instant(c.End) }},
			{head: "Paused since (UTC)", width: 15.5, value: func(c clockLine) cell { return instant(c.PausedAt) }},
			{head: "Finding", width: 18, group: "Proof", value: func(c clockLine) cell { return text(c.Finding).as(mono) }},
			{head: "Run", width: 22, value: func(c clockLine) cell { return textOr(c.Run, dash) }},
			{head: "Account ID", width: 40, group: "More (not printed)", aside: true, value: func(c clockLine) cell { return text(c.Account) }},
		},
	}
	if b.Clocks != nil {
		t.lines = b.Clocks.Lines
	}
	return t
}

// clocksSheet is the name of that sheet.
const clocksSheet = "Grace clocks"

// clockNowCell says on the latest change of each clock how it stands, so that a clock is counted once.
func clockNowCell(c clockLine) cell {
	if !c.Last {
		return text(dash).as(quiet)
	}
	state := c.State()
	cell := text(string(state))
	switch state {
	case ClockRunning:
		return cell.as(stateGood)
	case ClockPaused:
		return cell.as(stateLate)
	default:
		return cell.as(statePass)
	}
}

func changeOfClock(c clockLine) cell {
	if c.Change == "" {
		return text("not noted").as(quiet)
	}
	return text(string(c.Change))
}

func tonightCell(c clockLine) cell {
	if c.Tonight {
		return text("Yes").as(centredBold)
	}
	return text("No").as(centred)
}

func (b *book) clocksNote() string {
	if b.Clocks == nil {
		return "One row per change of a grace clock."
	}
	note := fmt.Sprintf("%s after this run, %s of them paused and %s done; %s started and %s closed in it. The audit log holds every change.",
		capital(several(b.Clocks.After(), "clock")), count(b.Clocks.Paused), count(b.Clocks.Done), count(b.Clocks.Started), count(b.Clocks.Closed))
	if b.Unmoved != "" {
		note = "This run moved no clock (" + b.Unmoved + "): so it would have been. " + note
	}
	return note
}

func (b *book) noClocks() string {
	switch {
	case b.Refused != "":
		return b.noneFound("")
	case b.Clocks == nil:
		return "The grace clocks of this run are not on record: an earlier version of the tool made the run."
	default:
		return b.noneFound("No rule that acts selects an account, so no grace clock runs.")
	}
}
