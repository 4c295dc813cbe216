package reconcile

import "time"

// Settings are what a run knows besides records.
type Settings struct {
	// AsOf is the instant that every comparison uses.
	AsOf time.Time
	// Zone is the run's zone; Zones holds those of people sources that state one. A person's own zone comes first.
	Zone  *time.Location
	Zones map[string]*time.Location
	// Keys are the correlation keys in order: "employee_id", "mail", "anchor".
	Keys []string
	// MailDomains maps alias domains to the domain that HR uses, both in lower case.
	MailDomains map[string]string
	// KeepZeros turns the stripping of leading zeros off for the named people sources.
	KeepZeros map[string]bool
	// PeopleComplete is whether every authoritative source was read completely. Without it nobody is an orphan.
	PeopleComplete bool
	// Contractors names the people sources that hold contractors, whose employment ought to have an end.
	Contractors map[string]bool
	// Links is the reviewed link table. It overrides every key.
	Links []Link
	// LoginRules find the person of accounts that no key leads to anybody.
	LoginRules []LoginRule
	Thresholds Thresholds
}

// Thresholds are the parameters in force. They define dormant and never used; rules may only tighten them.
type Thresholds struct {
	// Profile is the name of the framework row that the values come from, "custom" when the user set them all.
	Profile string
	// Dormant is how long an account may go unused, NeverUsed how old an account may get without any use. Zero turns the
	// kind off; only the profile custom may leave both at zero, and the report says so.
	Dormant   time.Duration
	NeverUsed time.Duration
	// Removal is how long after the end of employment an account may stay enabled. RemovalStated is false where neither
	// profile nor user stated a limit; zero with RemovalStated means at once, judged by calendar day in the person's zone.
	Removal       time.Duration
	RemovalStated bool
	// Tolerance is how much later than the end a sign of use has to be to count as use after the end (default 15 minutes).
	Tolerance time.Duration
	// Early is how long before the start of employment an account may be enabled (default 14 days).
	Early time.Duration
	// RecentUse is how recent a use makes an orphan urgent (default 30 days).
	RecentUse time.Duration
	// FailedLogins is the number of failed sign-ins from which an account with a finding is flagged (default 10).
	FailedLogins int64
	// Hold is for how long an account that was disabled and is enabled again counts as active (default 7 days; zero turns it
	// off).
	Hold time.Duration
}
