package config

import (
	"time"

	"go.yaml.in/yaml/v4"
)

// document is leaver.yaml as written. The doc tags become the descriptions of the JSON Schema.
type document struct {
	Organisation   string       `yaml:"organisation" doc:"Name of the organisation, as reports print it."`
	Timezone       string       `yaml:"timezone" doc:"IANA zone in which dates without a zone of their own are meant, such as Europe/Berlin."`
	State          string       `yaml:"state" doc:"Folder of the run store, relative to this file. Created with mode 0700."`
	People         []yaml.Node  `yaml:"people" doc:"The authoritative sources: who works here, since when, until when."`
	Sources        []yaml.Node  `yaml:"sources" doc:"The systems whose accounts are judged."`
	Correlation    correlation  `yaml:"correlation" doc:"How accounts find their person."`
	Thresholds     thresholds   `yaml:"thresholds" doc:"When an account counts as dormant, never used or late."`
	Gates          gates        `yaml:"gates" doc:"When the input is too odd to be believed."`
	Limits         limits       `yaml:"limits" doc:"How many actions one night may propose. A limit is tripped when count and percent are both exceeded; it holds the plan until somebody lifts it for that very plan."`
	Policies       string       `yaml:"policies" doc:"Folder or glob of deprovisioning rules; policies/ when that folder exists."`
	Exclusions     []exclusion  `yaml:"exclusions" doc:"Accounts that no decision may touch for a while. They stay in the report."`
	ExclusionsFile string       `yaml:"exclusions_file" doc:"A YAML file with a list of exclusions, in the form of exclusions."`
	BreakGlass     []breakGlass `yaml:"break_glass" doc:"Emergency accounts: always reported, never acted on."`
	NeverTouch     []protected  `yaml:"never_touch" doc:"Accounts that no plan may touch, whatever the rules decide: those with which leaver itself reads, above all. They stay findings. Those that directories need to work are known."`
	Report         report       `yaml:"report" doc:"What is written for people besides the run folder."`
	Links          string       `yaml:"links" doc:"The link table: a reviewed YAML file that says of single accounts whose they are. It overrides every key."`
	Holidays       daysOff      `yaml:"holidays" doc:"Named lists of days, as 2006-01-02, that business days leave out. Rules name a list; the one named default is for those that name none."`
	Approvers      *unsupported `yaml:"approvers" doc:"Not supported yet."`
	SigningKey     string       `yaml:"signing_key" doc:"Reference to the key that signs the checkpoints of the audit log, such as file:leaver.key; leaver key new makes one."`
	Checkpoints    string       `yaml:"checkpoints" doc:"Folder that gets the checkpoint of the audit log after each accepted run, one file a run. Choose a place that this machine can add to and not change."`
	Schedule       []planned    `yaml:"schedule" doc:"When runs are planned. leaver serve starts them; leaver run compares too, and reports planned runs that did not take place."`
	Notify         notify       `yaml:"notify" doc:"Who is told of runs, in counts and without names: mail, webhooks, a dead man's switch, metrics."`
}

// daysOff are the days of each list by its name.
type daysOff map[string][]string

// generic is the part of a source entry that every kind has.
type generic struct {
	Name        string       `yaml:"name" doc:"Unique name of the source: lower-case letters, digits, - and _."`
	Kind        string       `yaml:"kind" doc:"The connector."`
	Allocation  *int         `yaml:"allocation" doc:"Process allocation size: how many tasks may run against the system at the same time (1 to 64, default 1)."`
	Canaries    []string     `yaml:"canaries" doc:"Ids, logins or mail addresses that every scan must show. When one is missing, an account source is partial and a people source is refused."`
	Zone        string       `yaml:"zone" doc:"IANA zone of the source's dates; default is timezone."`
	Contractors bool         `yaml:"contractors" doc:"Of a people source: it holds contractors, so that an employment without an end is flagged no_end_date."`
	PriceList   *unsupported `yaml:"price_list" doc:"Not supported yet."`
}

type correlation struct {
	Keys        []string          `yaml:"keys" doc:"The keys that may link an account to a person, strongest first."`
	MailDomains map[string]string `yaml:"mail_domains" doc:"Former mail domains and the domain that replaced each."`
	Zeros       string            `yaml:"zeros" doc:"strip: leading zeros of employee ids do not matter where all ids are digits and none collide (default). keep: they matter."`
	LoginRules  []loginRule       `yaml:"login_rules" doc:"Rules that lead from the login of a secondary account to the person of a primary one, where no key names anybody."`
	Classifier  []classifier      `yaml:"classifier" doc:"Rules that say which accounts are no ordinary ones; the first that matches decides."`
}

type thresholds struct {
	Profile      string `yaml:"profile" doc:"The framework whose numbers hold."`
	Dormant      *limit `yaml:"dormant" doc:"How long an account may go unused."`
	NeverUsed    *limit `yaml:"never_used" doc:"How old an account may get without any use."`
	RemovalLimit *limit `yaml:"removal_limit" doc:"How long after the end of employment an account may stay enabled; immediately means the same day."`
	Early        *limit `yaml:"early" doc:"How long before the start of employment an account may be enabled (default 14d)."`
	Tolerance    *limit `yaml:"tolerance" doc:"How much later than the end a use has to be to count as use after the end (default 15m)."`
	RecentUse    *limit `yaml:"recent_use" doc:"How recent a use makes an orphan urgent (default 30d)."`
	Hold         *limit `yaml:"reactivation_hold" doc:"How long an account that was disabled and is enabled again counts as active, so that it is not due as dormant or never used (default 7d, or off). It buys no time for the account of a leaver."`
	FailedLogins *int64 `yaml:"failed_logins" doc:"Failed sign-ins from which a finding is flagged (default 10)."`
}

type gates struct {
	Rejected       *Limit     `yaml:"people_rejected" doc:"People rows that could not be read (default more than 1 and 1%)."`
	IDsDoubled     *Limit     `yaml:"ids_doubled" doc:"Employee ids that stand for several humans (default more than 5 and 0.1%); the accounts of fewer are disputed."`
	OddDates       *Limit     `yaml:"odd_dates" doc:"People who start before 1930 or more than two years ahead, or who end more than 70 years ahead (default more than 5 and 1%)."`
	SameEnd        *Limit     `yaml:"same_end" doc:"People who share one past end of employment (default more than 20 and 50%): a date that stands for no end."`
	PeopleLost     *Limit     `yaml:"people_lost" doc:"People rows fewer than in the last accepted run (default more than 5 and 2%)."`
	EmployedLost   *Limit     `yaml:"employed_lost" doc:"Employed people fewer than in the last accepted run, per day elapsed (default more than 5 and 1%, at most 5%)."`
	PeopleGained   *Limit     `yaml:"people_gained" doc:"People rows more than in the last accepted run (default more than 20 and 10%)."`
	NewLeavers     *Limit     `yaml:"new_leavers" doc:"Ends of employment that the last accepted run did not know (default more than 20 and 2%)."`
	PeopleChanged  *Limit     `yaml:"people_changed" doc:"People with another first day, another past end or two other names than in the last accepted run, per day elapsed (default more than 5 and 2%, at most 5%)."`
	EndsLost       *Limit     `yaml:"ends_lost" doc:"People whose coming end of employment is not stated any more (default more than 5 and 10% of those with one)."`
	SourceLost     *Limit     `yaml:"source_lost" doc:"Accounts of one source fewer than in its last complete scan (default more than 10 and 20%): the source counts as partial."`
	MatchedDrop    *Percent   `yaml:"matched_drop" doc:"How many percentage points the share of enabled accounts of a source that have an owner may drop, by more than 5 accounts (default 2%)."`
	EmployeeIDDrop *Percent   `yaml:"employee_id_drop" doc:"How many percentage points the share of enabled accounts of a source that find their owner by the employee id may drop, by more than 5 accounts (default 1%)."`
	MailDrop       *Percent   `yaml:"mail_drop" doc:"How many percentage points the share of people with a mail address may drop (default 5%)."`
	ManagerDrop    *Percent   `yaml:"manager_drop" doc:"How many percentage points the share of people with a manager may drop (default 10%)."`
	IDShape        *Percent   `yaml:"id_shape" doc:"How many percentage points of the employee ids may be of another form than before: prefix and length (default 5%)."`
	MaxAge         *limit     `yaml:"max_age" doc:"How old a people file may be (default 36h)."`
	Overrides      []override `yaml:"overrides" doc:"Gates that are open until a day, with a reason and an owner."`
}

type override struct {
	Gate   string `yaml:"gate" doc:"Name of the gate: one of the keys above, or older_file for a file made before the one that the last accepted run read."`
	Source string `yaml:"source" doc:"The source it is opened for; empty means all."`
	Until  string `yaml:"until" doc:"Last day on which the gate is open, as 2006-01-02."`
	Reason string `yaml:"reason" doc:"Why."`
	Owner  string `yaml:"owner" doc:"Who answers for it."`
}

type exclusion struct {
	ID       string `yaml:"id" doc:"Name of the exclusion in reports, such as X-07."`
	Owner    string `yaml:"owner" doc:"Who answers for it."`
	Reason   string `yaml:"reason" doc:"Why."`
	Created  string `yaml:"created" doc:"Day on which it was made, as 2006-01-02."`
	Expires  string `yaml:"expires" doc:"Last day on which it holds, as 2006-01-02."`
	Approver string `yaml:"approver" doc:"Who agreed to it."`
	Source   string `yaml:"source" doc:"Name of a source."`
	Account  string `yaml:"account" doc:"Immutable id or login of an account."`
	Person   string `yaml:"person" doc:"Employee id of the owner."`
	Group    string `yaml:"group" doc:"Name or id of a grant that the account holds."`
	Pattern  string `yaml:"pattern" doc:"Glob over logins, such as svc-*."`
	Regexp   string `yaml:"regexp" doc:"Regular expression for a whole login, without regard to case."`
	// Applications and Broad are about how much an exclusion may match.
	Applications []string `yaml:"applications" doc:"Names of sources that are excluded whole, without any other condition."`
	Broad        bool     `yaml:"broad" doc:"Says that the exclusion is meant to match more than 100 accounts or 5% of a system."`
}

type protected struct {
	Source  string `yaml:"source" doc:"Name of a source."`
	Account string `yaml:"account" doc:"Immutable id or login of the account."`
	Reason  string `yaml:"reason" doc:"Why; the plan prints it."`
}

type breakGlass struct {
	Source     string        `yaml:"source" doc:"Name of a source."`
	Account    string        `yaml:"account" doc:"Immutable id or login of the account."`
	Owner      string        `yaml:"owner" doc:"Who answers for it."`
	Reason     string        `yaml:"reason" doc:"What it is for."`
	TestWithin time.Duration `yaml:"test_within" doc:"How long ago its last use may lie, such as 90d: an emergency account that nobody has tried may not work. The report says when it is longer."`
}

type report struct {
	Path    string   `yaml:"path" doc:"Where the newest workbook is copied to, besides the run folder."`
	Formats []string `yaml:"formats" doc:"What is written besides the workbook: csv, jsonl (default both)."`
}

// unsupported is the value of a key of the design that this version does not act on. Accepting it in silence would let a
// user believe that it works.
type unsupported struct{}

// UnmarshalYAML always fails.
func (*unsupported) UnmarshalYAML(*yaml.Node) error { return errUnsupported }

// unsupportedKeys are not offered to a user who misspelt a key.
func unsupportedKeys() []string {
	return []string{"approvers", "price_list"}
}
