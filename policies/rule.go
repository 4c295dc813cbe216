package policies

import (
	"regexp"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// The strategies of rules: decisions that queue by their due date, rules with stages, and rules that only report.
const (
	Scheduled = "scheduled"
	Graceful  = "graceful"
	Detective = "detective"
)

// Strategies lists the words that a rule may use.
func Strategies() []string { return []string{Scheduled, Graceful, Detective} }

// Rule is one deprovisioning rule: which verdicts it selects, how long they may wait, and what should then happen.
type Rule struct {
	Name        string
	Description string
	// Active rules decide; inactive ones are validated and listed only. Effective limits that to a time.
	Active    bool
	Effective Effective
	Trigger   Trigger
	Grace     Grace
	// Exclude lists exclusions that hold for this rule only.
	Exclude []Exclusion
	// Action is "report", "lock", "revoke", "reclaim" or "delete"; empty for a rule with stages. With "report" decisions are
	// report_only.
	Action string
	// Stages make the rule a graceful one: each has a date and an action of its own, in the order of their dates. HandOver
	// lists who takes over what the owner leaves behind, the first who is there: "manager", "sponsor", "owner", a mail address,
	// or "source/id" of a person.
	Stages   []Stage  `json:",omitempty"`
	HandOver []string `json:",omitempty"`
	// Notify makes decisions wait until somebody was told; nil for no notice.
	Notify *Notify `json:",omitempty"`
	// Allocation is how fast the action may be carried out. It is handed on with each decision.
	Allocation Allocation
	// Schedule says when decisions may become due; nil for at any time.
	Schedule *Schedule
	// Strategy is the word for what the rule is for, one of Strategies; empty when the author left it out. The action decides,
	// and whether there are stages.
	Strategy string
	// Controls are the framework ids that the rule serves ("PCI DSS 8.2.5"), for the Rules sheet.
	Controls []string
	// Digest is the SHA-256 of the rule's canonical text, in hexadecimal; Place is "file:line" of its document.
	Digest string
	Place  string
}

// Effective is the time in which a rule decides: from From until just before Until. The zero time means without bound.
type Effective struct{ From, Until time.Time }

// InForce reports whether the rule decides at now.
func (r *Rule) InForce(now time.Time) bool {
	return r.Active && !now.Before(r.Effective.From) && (r.Effective.Until.IsZero() || now.Before(r.Effective.Until))
}

// Trigger selects verdicts. Every clause that is set must hold; a trigger without any clause is refused.
//
// A trigger is about findings. It also selects enabled accounts without a finding, which then have the kind rule_match, when
// it has a hook or a negative offset and no kinds, or when it lists rule_match among its kinds.
type Trigger struct {
	// Status lists HR states ("ended", "vanished", "suspended", …) of the owner.
	Status []reconcile.PersonState
	// EndDate holds when the owner's stated end plus EndDate.Offset has passed.
	EndDate *EndDate
	// Kinds lists finding kinds, Flags names that must all be set.
	Kinds []reconcile.Kind
	Flags reconcile.Flags
	// FailedLogins is the least number of failed sign-ins that the source counts; zero for any, known or not.
	FailedLogins int64
	// Sources restricts the rule to some systems; empty means all.
	Sources []string
	// Hook is asked last, when every other clause holds; nil for none.
	Hook *Hook
}

// EndDate is the end-date clause of a trigger. A negative offset selects accounts of people who are still employed, that
// long before their stated end. Days of the offset have 24 hours.
type EndDate struct {
	Offset time.Duration
	// BeforeEnd lets decisions become due before the end; without it a negative offset only gives notice, and nothing is due
	// earlier than the end. Grace from the end date then counts from the end plus the offset. Such decisions are for
	// approval one by one.
	BeforeEnd bool
}

// Grace is how long a selected account may wait.
type Grace struct {
	// Days is the number of whole days; From is "end_date" (the HR end instant, or first seen when HR stated none), "first_seen",
	// or "notified" (when somebody was told, see Notify). Sources overrides Days per system.
	Days    int
	From    string
	Sources map[string]int
	// Business makes them working days: not Saturday, Sunday or one of Holidays, in the person's zone.
	Business bool
	Holidays []scanners.Date
}

// Allocation is the process allocation size: how many tasks of a rule may run at the same time, and how many may be started
// per minute. Zero means that the rule sets no bound of its own.
type Allocation struct {
	Tasks     int
	PerMinute int
	// Sources overrides both numbers per system; a zero in it leaves the rule's number.
	Sources map[string]Pace
}

// Pace is the allocation of one rule for one system.
type Pace struct{ Tasks, PerMinute int }

// For returns the numbers that hold for a system.
func (a Allocation) For(source string) Pace {
	p := Pace{a.Tasks, a.PerMinute}
	own := a.Sources[source]
	if own.Tasks > 0 {
		p.Tasks = own.Tasks
	}
	if own.PerMinute > 0 {
		p.PerMinute = own.PerMinute
	}
	return p
}

// Schedule is the cron clause of a rule: its decisions become due at the first planned time at or after the end of the grace
// period. While it is not active, nothing becomes due.
type Schedule struct {
	// Cron is the expression, Zone the IANA name of the zone that it is meant in.
	Cron   string
	Zone   string
	Active bool
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
	// immutable id or login, Person an employee id, Group the name or id of a grant; Pattern is a glob over logins and Regexp
	// an expression for a whole login.
	Source  string
	Account string
	Person  string
	Group   string
	Pattern string
	Regexp  *regexp.Regexp
	// Applications names systems that are excluded whole. It stands alone: nothing else may be set beside it.
	Applications []string
	// Broad says that the exclusion is meant to match much of a system (see [Reach]).
	Broad bool
	// Place is "file:line", for messages.
	Place string
}
