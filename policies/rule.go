package policies

import (
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// Rule is one deprovisioning rule: which verdicts it selects, how long they may wait, and what should then happen.
type Rule struct {
	Name        string
	Description string
	// Active rules decide; inactive ones are validated and listed only.
	Active  bool
	Trigger Trigger
	Grace   Grace
	// Exclude lists exclusions that hold for this rule only.
	Exclude []Exclusion
	// Action is "report", "lock", "revoke", "reclaim" or "delete". With "report" decisions are report_only.
	Action string
	// Controls are the framework ids that the rule serves ("PCI DSS 8.2.5"), for the Rules sheet.
	Controls []string
	// Digest is the SHA-256 of the rule's canonical text, in hexadecimal; Place is "file:line" of its document.
	Digest string
	Place  string
}

// Trigger selects verdicts. Every clause that is set must hold; a trigger without any clause is refused.
type Trigger struct {
	// Status lists HR states ("ended", "vanished", "suspended", …) of the owner.
	Status []reconcile.PersonState
	// EndDate holds when the owner's stated end plus EndDate.Offset has passed.
	EndDate *EndDate
	// Kinds lists finding kinds, Flags names that must all be set.
	Kinds []reconcile.Kind
	Flags reconcile.Flags
	// Sources restricts the rule to some systems; empty means all.
	Sources []string
}

// EndDate is the end-date clause of a trigger. A negative offset triggers before the end.
type EndDate struct{ Offset time.Duration }

// Grace is how long a selected account may wait.
type Grace struct {
	// Days is the number of whole days; From is "end_date" (the HR end instant, or first seen when HR stated none) or
	// "first_seen". Sources overrides Days per system.
	Days    int
	From    string
	Sources map[string]int
}

// Exclusion takes accounts out of decisions. It never takes them out of the report.
type Exclusion struct {
	// ID names the exclusion in reports ("X-07"). Owner, Reason and Expires are mandatory.
	ID      string
	Owner   string
	Reason  string
	Created time.Time
	Expires time.Time
	// Approver is who agreed to it; may be empty.
	Approver string
	// What it matches; every field that is set must match, and at least one must be set. Source is a system name, Account an
	// immutable id or login, Person an employee id, Group the name or id of a grant; Pattern is a glob over logins.
	Source  string
	Account string
	Person  string
	Group   string
	Pattern string
	// Place is "file:line", for messages.
	Place string
}
