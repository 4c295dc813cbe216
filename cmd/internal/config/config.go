package config

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// Config is leaver.yaml, checked and with its defaults filled in. Paths are absolute or relative to the working folder,
// no longer to the file.
type Config struct {
	// Path is the file as given, Dir the folder that relative paths of it are meant in.
	Path string
	Dir  string

	Organisation string
	// Timezone is the IANA name of Zone.
	Timezone string
	Zone     *time.Location
	// State is the folder of the run store. It need not exist yet.
	State string
	// People and Sources are in the order of the file; every name is unique over both.
	People      []Source
	Sources     []Source
	Correlation Correlation
	Thresholds  reconcile.Thresholds
	Gates       Gates
	Limits      policies.Limits
	// Policies are the files with rules, sorted by path; empty when there is no policies folder.
	Policies []string
	// Exclusions holds the inline ones, then those of exclusions_file. Expires is the end of the stated day in Zone.
	Exclusions []policies.Exclusion
	BreakGlass []BreakGlass
	NeverTouch []Protected
	// Holidays are the days off by the name of their list, each list sorted.
	Holidays map[string][]scanners.Date
	// LinksFile is the path of the link table, empty when there is none; Links are its entries, expired ones too.
	LinksFile string
	Links     []reconcile.Link
	Report    Report
	// SigningKey is the reference to the key that signs checkpoints of the audit log, Checkpoints the folder that gets them;
	// both may be empty.
	SigningKey  string
	Checkpoints string
	// Schedules are the planned runs, in the order of the file.
	Schedules []Schedule
	Notify    Notify

	text []byte
}

// Source is one entry of people or sources.
type Source struct {
	Name string
	// Connector is the kind that the entry names.
	Connector scanners.Kind
	// Allocation is how many tasks may run at the same time, at least 1.
	Allocation int
	// Canaries are ids that every scan must show.
	Canaries []string
	// Zone is the zone of the source's dates: its own, or that of the run.
	Zone *time.Location
	// Contractors is whether a people source holds contractors.
	Contractors bool
	// Decode fills the connector's configuration from the keys that are not generic.
	Decode scanners.Decode
	// Place is "file:line" of the entry, for messages.
	Place string
}

// Correlation says how accounts find their person.
type Correlation struct {
	// Keys are the correlation keys in force, in the order of the file: "employee_id", "mail", "anchor".
	Keys []string
	// MailDomains maps a former mail domain to the one that replaced it, both in lower case.
	MailDomains map[string]string
	// KeepZeros is true when leading zeros of employee ids always matter.
	KeepZeros bool
	// Classifier holds the rules about kinds, in the order of the file.
	Classifier []Classifier
	LoginRules []reconcile.LoginRule
}

// BreakGlass is one emergency account: always reported, never acted on.
type BreakGlass struct {
	Source  string
	Account string
	Owner   string
	Reason  string
	// TestWithin is how long ago its last use may lie; 0 when nobody asks.
	TestWithin time.Duration
	Place      string
}

// Protected is one account that no plan may touch.
type Protected struct{ Source, Account, Reason string }

// Report says what is written for people besides the run folder.
type Report struct {
	// Path is where the newest workbook is copied to; empty for nowhere.
	Path string
	// CSV and JSONLines are whether these forms are written beside the workbook.
	CSV       bool
	JSONLines bool
}

// Text returns leaver.yaml as read. It holds references to secrets and no secret: [Load] refuses one.
func (c *Config) Text() []byte { return c.text }

// Digest returns the SHA-256 of the text in hexadecimal.
func (c *Config) Digest() string {
	sum := sha256.Sum256(c.text)
	return hex.EncodeToString(sum[:])
}
