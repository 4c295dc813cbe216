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
	// Why says in one sentence what decided.
	Why string
	// FirstSeen is the as-of of the run that first made this finding.
	FirstSeen time.Time
}
