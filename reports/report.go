package reports

import (
	"iter"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// Report describes one run. All times are instants; the workbook shows them in UTC and says so.
type Report struct {
	Organisation string
	Run          string
	AsOf         time.Time
	Started      time.Time
	Ended        time.Time
	// Zone is the IANA name of the run's time zone, in which HR dates without a zone of their own are meant.
	Zone string
	// Tool is "leaver 1.2.3", Commit the revision it was built from.
	Tool   string
	Commit string
	// Operator is who or what started the run; Host where.
	Operator string
	Host     string
	// Config is the path of leaver.yaml as given, ConfigDigest and PolicyDigest the SHA-256 of the texts, in hexadecimal.
	Config       string
	ConfigDigest string
	PolicyDigest string
	// LogSize and LogRoot are the audit log as the run found it: the number of records and the hash of its tree, in base64. 0
	// and "" before the first run.
	LogSize int64
	LogRoot string
	// Mode says what the run may do; "Detect only – nothing was changed" for leaver run.
	Mode string
	// Refused says why the run stopped before any finding (a gate, an unreadable HR file); empty when it did not. A refused
	// report has no rows.
	Refused string

	Thresholds reconcile.Thresholds
	// Gates says how each gate stood, in the order in which they were checked. A refused run ends with those that stopped it.
	Gates      []Gate
	Sources    []Source
	Population Population
	Rules      []policies.Rule
	Exclusions []ExclusionUse
	// Previous holds the totals of earlier accepted runs, oldest first, for the trend. It does not include this run.
	Previous []Totals
	// Changes compares the findings with those of the last accepted run; nil when there is none or it could not be read.
	// NotCompared then says why, empty for a first run.
	Changes     *Changes
	NotCompared string
	// Upcoming lists the employed people whose stated end lies in the next 30 days, the nearest first. There are
	// Population.UpcomingEnds of them.
	Upcoming []Upcoming

	// Plan is what the run proposes; nil for a refused run, and for one of a version that kept none. Lifts are the decisions that a
	// limit holds no plan that were made since the last accepted run, those for other plans too.
	Plan  *policies.Plan `json:"-"`
	Lifts []policies.Lift
	// Clocks counts the grace clocks; nil for a run that did not note them. Ledger yields their changes, the clocks that the run changed first, ordered by system,
	// account, finding, rule and time: Clocks.Lines of them. It can be called more than once.
	Clocks *ClockTotals
	Ledger func() iter.Seq2[*ClockLine, error] `json:"-"`
	// Unmoved says why the run moved neither history nor clocks; empty for an accepted run.
	Unmoved string

	// Planned compares the schedules with the runs that took place; nil when this run did not compare.
	Planned *Planned

	// Scratch is the folder in which large sheets are spooled while they are written; empty means the system's.
	Scratch string `json:"-"`

	// Rows yields every account that is reported: every finding, every excluded or kept one, and every account of a person
	// whose employment has ended, disabled ones too. The order is that of the workbook: severity from critical to info, then
	// days late from high to low, then person, system, account. It can be called more than once.
	Rows func() iter.Seq2[Row, error] `json:"-"`
}

// Source is one system that the run read.
type Source struct {
	Name string
	// Kind is the connector kind ("table", "ldap"); Describe is a short human description ("hr.csv", "ldaps://dc1 …").
	Kind     string
	Describe string
	// People is true for an authoritative source.
	People   bool
	ReadAt   time.Time
	Coverage scanners.Coverage
	// Used is how many records went into the reconciliation: read, minus rejected.
	Used int64
	// WithMail and WithManager are, for a people source, how many of them have a mail address and a manager.
	WithMail, WithManager int64
	// IDForms counts, for a people source, the rows by the form of their id: prefix and length.
	IDForms map[string]int64 `json:",omitempty"`
	// SnapshotDigest is the SHA-256 of the sealed snapshot in the run folder, in hexadecimal; Snapshot its file name.
	Snapshot       string
	SnapshotDigest string
	// Accounts tells, for an account source, how its records fell: enabled, disabled, with an owner, without.
	Accounts AccountTotals
	// Rejections are the first of the rejected records, in the order of reading, as many as the report should list one by
	// one. Coverage.Rejected counts them all.
	Rejections []scanners.Rejection
}

// AccountTotals splits the accounts of one source. Read = Enabled + Disabled + EnabledUnknown, and
// Read = Linked + Deleted + Disputed + Unmatched.
type AccountTotals struct {
	Read, Enabled, Disabled, EnabledUnknown int64
	// Linked counts situations linked and unlinked together.
	Linked, Deleted, Disputed, Unmatched int64
	// LeaverAccounts counts the accounts for which [Row.OfLeaver] holds, LeaverEnabled those of them for which
	// [Row.StillEnabled] does. They tie to the sheet Terminations.
	LeaverAccounts, LeaverEnabled int64
	// Owned counts the enabled accounts (unknown state included) for which a person was found.
	Owned int64
	// OwnedByID counts those of them whose person the employee id named.
	OwnedByID int64
	// ActivityUnknown counts accounts of which nobody can say when they were last used.
	ActivityUnknown int64
	// Measures are the counts behind the measures of CIS safeguards.
	Measures Measures
}

// Population counts people. Rows = Merged + People; People = Employed + Ended + Prehire; Remembered people are those whom
// no source shows any more; they are not part of People.
type Population struct {
	// Rows is the number of usable people rows read, Merged how many of them were further rows of the same person.
	Rows, Merged, People int64
	// Employed includes people on leave and suspended ones, which are also counted apart.
	Employed, Ended, Prehire, OnLeave, Suspended int64
	Remembered                                   int64
	// UpcomingEnds counts employed people whose stated end lies in the next 30 days.
	UpcomingEnds int64
}

// Row is one reported account.
type Row struct {
	reconcile.Verdict
	Decision policies.Decision
}

// ExclusionUse is one exclusion and what it hid.
type ExclusionUse struct {
	policies.Exclusion
	// Hides is the number of findings that it excluded in this run.
	Hides int64
	// Matches is the number of accounts that it is about, with or without a finding; an exclusion that matches nobody is not
	// needed any more. TooBroad says what it matches when that is more than it may: it then hides nothing.
	Matches  int64
	TooBroad string
	Expired  bool
}

// Totals are the headline numbers of one accepted run.
type Totals struct {
	Run      string
	AsOf     time.Time
	Findings map[reconcile.Kind]int64
	// StillEnabled counts enabled accounts of leavers, UsedAfterEnd those of them used after the end.
	StillEnabled, UsedAfterEnd int64
	// Complete is whether every account source was complete.
	Complete bool
}
