package policies

import "time"

// DecisionKind is what the policies say of one verdict.
type DecisionKind string

// The decisions. None is for accounts without a finding; ReportOnly for findings that no active rule acts on or that may
// never be acted on automatically.
const (
	DecideNone DecisionKind = "none"
	InGrace    DecisionKind = "in_grace"
	Due        DecisionKind = "due"
	Held       DecisionKind = "held"
	Excluded   DecisionKind = "excluded"
	Keep       DecisionKind = "keep"
	ReportOnly DecisionKind = "report_only"
)

// DecisionKinds returns every decision in the order in which reports print them.
func DecisionKinds() []DecisionKind {
	return []DecisionKind{Due, InGrace, Held, Keep, Excluded, ReportOnly, DecideNone}
}

// Decision is the outcome for one verdict.
type Decision struct {
	Kind DecisionKind
	// Until is when a grace period, a keep or an exclusion ends; for Due, when it became due. Zero where there is no date.
	Until time.Time
	// By is the id of the exclusion or limit behind Excluded and Held.
	By string
	// Rule is the name of the rule that decided, and Action what it asks for ("report", "lock", …). Empty without a rule.
	Rule   string
	Action string
	// Stages is where the account stands in the stages of a graceful rule; nil for any other rule.
	Stages *Progress `json:",omitempty"`
	// Untold is whether the decision waits for a notice that has not gone out, Notice what somebody has to be told now, nil for
	// nothing.
	Untold bool    `json:",omitempty"`
	Notice *Notice `json:",omitempty"`
	// Pace is the allocation of that rule for the system of the account, for whoever carries the action out.
	Pace Pace
	// OneByOne says why the decision has to be approved by itself and never together with others; empty when it need not.
	OneByOne string
	// Failed names the rules that could not be applied to the account, and why. They decide nothing; rules that could be
	// applied do.
	Failed string
	// Why says in one sentence what decided.
	Why string
	// FirstSeen is the as-of of the run that first made this finding.
	FirstSeen time.Time
}
