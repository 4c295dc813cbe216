package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/bits"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// Kind is the primary finding kind of an account; empty when there is nothing to find.
type Kind string

// The kinds in order of precedence: the first that holds is the account's kind.
const (
	KindNone        Kind = ""
	Contradiction   Kind = "contradiction"
	Disputed        Kind = "disputed"
	UsedAfterEnd    Kind = "used_after_end"
	LeaverActive    Kind = "leaver_active"
	Orphan          Kind = "orphan"
	OwnerLeft       Kind = "owner_left"
	SuspendedActive Kind = "suspended_active"
	EarlyActive     Kind = "early_active"
	NeverUsed       Kind = "never_used"
	Dormant         Kind = "dormant"
	RuleMatch       Kind = "rule_match"
)

// Kinds returns every finding kind in order of precedence.
func Kinds() []Kind {
	return []Kind{Contradiction, Disputed, UsedAfterEnd, LeaverActive, Orphan, OwnerLeft, SuspendedActive, EarlyActive,
		NeverUsed, Dormant, RuleMatch}
}

// Zombie reports whether the kind is one of those the field calls a zombie account.
func (k Kind) Zombie() bool {
	return k == UsedAfterEnd || k == LeaverActive || k == Dormant || k == NeverUsed
}

// Family groups kinds that are stages of one finding: leaver_active turning into used_after_end is an escalation.
func (k Kind) Family() string {
	switch k {
	case UsedAfterEnd, LeaverActive:
		return "leaver"
	case NeverUsed, Dormant:
		return "inactive"
	default:
		return string(k)
	}
}

// Flags is a set of remarks beside the primary kind.
type Flags uint32

// The flags, in the order in which they are printed.
const (
	Privileged Flags = 1 << iota
	Regressed
	PossibleRehire
	SuspectMatch
	HRConflict
	Inferred
	InUse
	FailedLogins
	Locked
	Expired
	EnabledUnknown
	ActivityUnknown
	NoEndDate
	DuplicateAccount
	MailDrift
	OnLeave
	Synced
)

var flagNames = [...]string{"privileged", "regressed", "possible_rehire", "suspect_match", "hr_conflict", "inferred",
	"in_use", "failed_logins", "locked", "expired", "enabled_unknown", "activity_unknown", "no_end_date",
	"duplicate_account", "mail_drift", "on_leave", "synced"}

// Has reports whether every flag of g is set.
func (f Flags) Has(g Flags) bool { return f&g == g }

// List returns the names of the set flags, in a fixed order.
func (f Flags) List() []string {
	names := make([]string, 0, bits.OnesCount32(uint32(f)))
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// MarshalJSON writes the set as a list of names.
func (f Flags) MarshalJSON() ([]byte, error) { return json.Marshal(f.List()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Flags) UnmarshalJSON(text []byte) error {
	var names []string
	if err := json.Unmarshal(text, &names); err != nil {
		return err
	}
	var err error
	*f, err = ParseFlags(names)
	return err
}

// ParseFlags is the inverse of List.
func ParseFlags(names []string) (Flags, error) {
	var f Flags
next:
	for _, name := range names {
		for i, known := range flagNames {
			if name == known {
				f |= 1 << i
				continue next
			}
		}
		return 0, fmt.Errorf("unknown flag %q", name)
	}
	return f, nil
}

// Severity ranks findings for the person who has to work through them.
type Severity uint8

// The severities, lowest first. Info is also the severity of an account without a finding.
const (
	Info Severity = iota
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"info", "low", "medium", "high", "critical"}

// String gives the lower-case word.
func (s Severity) String() string { return severityNames[s] }

// MarshalText gives the lower-case word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Severity) UnmarshalText(text []byte) error {
	var err error
	*s, err = ParseSeverity(string(text))
	return err
}

// ParseSeverity is the inverse of String.
func ParseSeverity(name string) (Severity, error) {
	for i, known := range severityNames {
		if name == known {
			return Severity(i), nil
		}
	}
	return 0, fmt.Errorf("unknown severity %q", name)
}

// Situation is the outcome of correlation.
type Situation string

// The situations. Linked: owner found, and the same as in the last run. Unlinked: owner found for the first time.
// Unmatched: nobody found. Disputed: more than one person found. Deleted: the owner is remembered, and gone from HR.
const (
	Linked            Situation = "linked"
	Unlinked          Situation = "unlinked"
	Unmatched         Situation = "unmatched"
	SituationDisputed Situation = "disputed"
	Deleted           Situation = "deleted"
)

// End is when a person's employment ended.
type End struct {
	// At is the instant; the zero time means that the employment has not ended by the as-of.
	At time.Time
	// Date is the calendar date that HR states, in HR's own meaning; zero when HR stated none.
	Date scanners.Date
	// Inferred is true when HR stated no end: the row vanished, or only the status says so.
	Inferred bool
}

// Ended reports whether there is an end.
func (e End) Ended() bool { return !e.At.IsZero() }

// Candidate is a person that a key of a disputed account names.
type Candidate struct {
	Person *Person
	// Key and Value are the correlation key and the normalised value that name the person.
	Key   string
	Value string
}

// Verdict is what the engine concludes about one account.
type Verdict struct {
	Account   *scanners.Account
	Kind      Kind
	Flags     Flags
	Severity  Severity
	Situation Situation
	// Person is the owner, or the sponsor of a service, shared, admin, guest account; nil when none was found.
	Person *Person
	// MatchedBy is the correlation key that found Person: "link", "employee_id", "mail", … or "sponsor".
	MatchedBy string
	// Candidates holds everyone that the keys of a disputed account name.
	Candidates []Candidate
	// End is the owner's end of employment; zero while employed.
	End End
	// LastUse is the newest known sign of use; its At is unknown or never when there is none.
	LastUse scanners.Signal
	// DaysLate is the number of whole days, in the person's zone, from the end of employment to the disabling of the
	// account or, while it is enabled, to the as-of. Unknown when the employment has not ended, the end is inferred, or the
	// account is disabled at an unknown time.
	DaysLate scanners.Fact[int64]
	// DaysLateHR is the part of DaysLate that passed before HR showed the end: the whole days from the end to the first accepted
	// run that saw it. Nobody else could have acted before. Unknown when DaysLate is, and when the first run that saw the
	// person showed the past end already.
	DaysLateHR scanners.Fact[int64]
	// DaysIdle is the number of whole days from the optimistic end of the last use to the as-of; 0 while that lies ahead.
	DaysIdle scanners.Fact[int64]
	// Why says in one sentence which facts made the kind. Empty when there is no finding.
	Why string
	// Suggestions holds who may own an orphan, likeliest first, for a person to decide on; see [Suggester]. They never make
	// a kind, a flag or an owner.
	Suggestions []Suggestion
}

// DaysLateIT is the rest of DaysLate after DaysLateHR: the whole days for which the account was enabled although HR showed the
// end. Unknown when one of the two is.
func (v *Verdict) DaysLateIT() scanners.Fact[int64] {
	late, known := v.DaysLate.Get()
	hr, split := v.DaysLateHR.Get()
	if !known || !split {
		return scanners.Unknown[int64](v.DaysLateHR.Reason)
	}
	return scanners.Known(late - hr)
}

// ID is the stable id of the finding: a hash over source, immutable account id and the family of the kind, so that it
// survives renames and escalations. Empty when there is no finding.
func (v *Verdict) ID() string {
	if v.Kind == KindNone {
		return ""
	}
	return FindingID(v.Account.System, v.Account.ID, v.Kind)
}

// FindingID computes the id of a finding from its parts: "F-" and 16 hexadecimal digits.
func FindingID(source, account string, kind Kind) string {
	h := sha256.New()
	for _, part := range []string{source, account, kind.Family()} {
		fmt.Fprintf(h, "%d:%s,", len(part), part)
	}
	return "F-" + hex.EncodeToString(h.Sum(nil)[:8])
}
