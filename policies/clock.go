package policies

import "time"

// Clock is the grace clock of one finding under one rule. The run store keeps it between runs.
type Clock struct {
	// Finding is the id of the finding, Rule the name of the rule, Person "source/id" of the owner or "".
	Finding string
	Rule    string
	Person  string
	// FirstSeen is the as-of of the run that started the clock; Basis the instant that grace is counted from (the HR end
	// or FirstSeen); DueAt when the grace is over. DueAt is fixed at the start, and a later edit of the rule may only
	// move it later.
	FirstSeen time.Time
	Basis     time.Time
	DueAt     time.Time
}

// Event is a change of a clock, for the audit log.
type Event struct {
	Clock Clock
	// Change is "started", "restarted", "extended" or "closed"; Reason says why in one sentence.
	Change string
	Reason string
}
