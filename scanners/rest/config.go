package rest

import (
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// Reading is the part of the configuration that accounts and people share: what is asked, and how pages follow each other.
type Reading struct {
	Preset  string            `yaml:"preset" doc:"Product whose API this is: atlassian, github, gitlab, google-workspace, salesforce, servicenow or slack. It fills in all that follows but url, vars and auth where they are the organisation's own; every key that is set here counts before it."`
	URL     string            `yaml:"url" doc:"Address of the API, of which path is a part: https://api.example."`
	Vars    map[string]string `yaml:"vars" doc:"Values for the words in braces in url, path, query and token_url: {org: example}."`
	Path    string            `yaml:"path" doc:"Path of the list: /v1/users."`
	Query   map[string]string `yaml:"query" doc:"Parameters of the list's address. An empty one is left out."`
	Headers map[string]string `yaml:"headers" doc:"Headers that every request carries, such as Accept. Credentials belong under auth."`
	Lists   []Listing         `yaml:"lists" doc:"Several lists that are read one after the other in place of path; expressions know which by $list."`
	Auth    Auth              `yaml:"auth" doc:"Who reads: one of token, user, header, token_url and credential."`
	TLS     TLS               `yaml:"tls" doc:"How the connection is secured."`
	Proxy   string            `yaml:"proxy" doc:"URL of the proxy on the way; default is none."`
	Paging  Paging            `yaml:"paging" doc:"How one page leads to the next."`
	Records string            `yaml:"records" doc:"Keys, divided by dots, that lead to the list in a page; default is that the page is the list."`
	Total   string            `yaml:"total" doc:"Expression for the number of records that the list holds in all, as the API says."`
	OK      string            `yaml:"ok" doc:"Expression that is false for a page that is an error though its status says success."`
	Error   string            `yaml:"error" doc:"Expression for what such a page says of the error."`
	Retry   string            `yaml:"retry" doc:"Expression that is true for an error that may pass."`
	Empty   string            `yaml:"empty_page" doc:"Expression that is true for a page without the list that holds no record."`
	TooWide string            `yaml:"too_wide" doc:"Expression for the rights of the credentials that go beyond reading, where the API tells them; the coverage then warns."`
	Lookup  Lookup            `yaml:"lookup" doc:"How one record is read again; without it the lists are read to their end."`
	Times   []string          `yaml:"times" doc:"Forms in which times are written: rfc3339 (default), date, unix, unix_ms, datetime (2006-01-02 15:04:05 in the source's zone), datetime_utc."`
	Values  Values            `yaml:"values" doc:"What the words of a field mean: {enabled: {active: true, blocked: false}, kind: {Bot: service}, status: {left: terminated}}."`
	Meaning map[string]string `yaml:"empty" doc:"What a missing time means, by field: {expires: never}; default is unknown. A value never is never."`
}

// Values translate what a field says.
type Values map[string]map[string]string

// Listing is one of several lists.
type Listing struct {
	Name  string            `yaml:"name" doc:"What $list is in expressions."`
	Path  string            `yaml:"path" doc:"Path of the list; default is that of the source."`
	Query map[string]string `yaml:"query" doc:"Parameters beside those of the source."`
}

// Auth says as whom the API is asked.
type Auth struct {
	Token        string   `yaml:"token" doc:"Reference to a bearer token: env:NAME, file:/path or systemd:NAME."`
	User         string   `yaml:"user" doc:"Name, for HTTP Basic."`
	Password     string   `yaml:"password" doc:"Reference to the password, for HTTP Basic."`
	Header       string   `yaml:"header" doc:"Name of a header that carries the credential."`
	Prefix       string   `yaml:"prefix" doc:"What stands before it in the header."`
	Secret       string   `yaml:"secret" doc:"Reference to the credential of header."`
	TokenURL     string   `yaml:"token_url" doc:"Address that hands out access tokens, for OAuth client credentials; with credential, default is Google's."`
	ClientID     string   `yaml:"client_id" doc:"Id of the client, for OAuth client credentials."`
	ClientSecret string   `yaml:"client_secret" doc:"Reference to its secret."`
	InBody       bool     `yaml:"in_body" doc:"Send id and secret of the client as fields of the form, for token addresses that do not take them as HTTP Basic."`
	Credential   string   `yaml:"credential" doc:"Reference to the key of a Google service account, in JSON."`
	Subject      string   `yaml:"subject" doc:"Administrator whom the service account stands in for."`
	Scopes       []string `yaml:"scopes" doc:"Scopes to ask for; those that only read are enough."`
}

// TLS says how the connection is secured. There is no way to switch verification off.
type TLS struct {
	CA   string `yaml:"ca" doc:"Path of a PEM file with the certification authorities; default is the system's."`
	Cert string `yaml:"cert" doc:"Path of a client certificate (PEM)."`
	Key  string `yaml:"key" doc:"Path of its key (PEM)."`
}

// Paging says how one page leads to the next.
type Paging struct {
	Style     string `yaml:"style" doc:"link (Link header), next (address in the page), cursor, offset, page (number) or none. It has no default."`
	Next      string `yaml:"next" doc:"Expression for the address of the next page (next) or its cursor (cursor); nothing on the last one."`
	Param     string `yaml:"param" doc:"Parameter that carries cursor, offset or page number."`
	SizeParam string `yaml:"size_param" doc:"Parameter that carries the size of a page."`
	Size      int    `yaml:"size" doc:"How many records to ask for per page, default 100."`
	First     *int   `yaml:"first" doc:"Offset or number of the first page; default is 0 for offset, 1 for page."`
	Advance   string `yaml:"advance" doc:"For offset: records (default, by as many as came) or size (by the size of a page, for APIs that hide records from a page without filling it up)."`
}

// Lookup says how one record is read again.
type Lookup struct {
	Path   string            `yaml:"path" doc:"Path of one record, with {id} in it."`
	Query  map[string]string `yaml:"query" doc:"Parameters of its address; they may hold {id}."`
	Record string            `yaml:"record" doc:"Keys, divided by dots, that lead to the record; default is that the answer is the record."`
	Absent string            `yaml:"absent" doc:"Expression that is true for an answer of success which says that there is no such record. A status of 404 says it anyway."`
}

// AccountConfig is the configuration of a source of accounts.
type AccountConfig struct {
	Reading `yaml:",inline"`
	Fields  AccountFields `yaml:"fields" doc:"Expression in the language of jq for each field of an account."`
}

// AccountFields are expressions over one record.
type AccountFields struct {
	ID              string   `yaml:"id" doc:"Id that never changes; a record without one is rejected."`
	Logins          string   `yaml:"logins" doc:"Names that sign in, primary first."`
	DisplayName     string   `yaml:"display_name" doc:"Name as people see it."`
	Mails           string   `yaml:"mails" doc:"Mail addresses, primary first."`
	EmployeeIDs     string   `yaml:"employee_ids" doc:"Employee ids of the owner as HR writes them."`
	Anchors         string   `yaml:"anchors" doc:"Values that tie the account to its person."`
	Enabled         string   `yaml:"enabled" doc:"true, false, or a word of values; anything else is unknown."`
	DisabledAt      string   `yaml:"disabled_at" doc:"Time of the administrative disable."`
	Created         string   `yaml:"created" doc:"Time of creation."`
	Activity        []Signal `yaml:"activity" doc:"Signs of use."`
	PasswordChanged string   `yaml:"password_changed" doc:"Time of the last change of the password."`
	Expires         string   `yaml:"expires" doc:"Time from which the account no longer works."`
	Locked          string   `yaml:"locked" doc:"Whether wrong passwords have locked it."`
	FailedLogins    string   `yaml:"failed_logins" doc:"Count of failed sign-ins."`
	Kind            string   `yaml:"kind" doc:"person, admin, service, shared, guest, machine, break-glass, test, or a word of values."`
	Privileged      string   `yaml:"privileged" doc:"Whether it has administrative rights."`
	Grants          string   `yaml:"grants" doc:"Names, or objects with id, name, type (group, role, application, licence), direct and removable."`
	Licences        string   `yaml:"licences" doc:"Names of licences."`
	Manager         string   `yaml:"manager" doc:"Employee id, mail, login or account id of the manager."`
	Sponsor         string   `yaml:"sponsor" doc:"The same of who answers for a guest, service or shared account."`
	Owner           string   `yaml:"owner" doc:"The same of the owner of a service, shared or machine account."`
	Authority       string   `yaml:"authority" doc:"Directory that the account is synchronised from."`
}

// Signal is one sign of use.
type Signal struct {
	Name      string        `yaml:"name" doc:"What the report calls it."`
	At        string        `yaml:"at" doc:"Expression for its time. The word never is never; nothing is unknown."`
	Precision time.Duration `yaml:"precision" doc:"How much later than stated the account may have been used; a date without a time has a day anyway."`
}

// PeopleConfig is the configuration of a source of people.
type PeopleConfig struct {
	Reading `yaml:",inline"`
	Fields  PeopleFields `yaml:"fields" doc:"Expression in the language of jq for each field of a person."`
	LastDay string       `yaml:"last_day" doc:"How end is meant: inclusive (the last day of work) or exclusive (the first day without employment). It has no default."`
	OpenEnd []string     `yaml:"open_end" doc:"Values of end that mean no end, beside nothing: [\"9999-12-31\"]."`
}

// PeopleFields are expressions over one record.
type PeopleFields struct {
	ID           string `yaml:"id" doc:"Employee id as HR writes it; a record without one is rejected."`
	OtherIDs     string `yaml:"other_ids" doc:"Further ids that accounts may carry."`
	DisplayName  string `yaml:"display_name" doc:"Name as people see it."`
	GivenName    string `yaml:"given_name" doc:"Given name."`
	FamilyName   string `yaml:"family_name" doc:"Family name."`
	Mails        string `yaml:"mails" doc:"Mail addresses, primary first."`
	Manager      string `yaml:"manager" doc:"Employee id of the manager."`
	Department   string `yaml:"department" doc:"Department, as the report shows it."`
	Location     string `yaml:"location" doc:"Place of work."`
	Zone         string `yaml:"zone" doc:"IANA zone of the person's dates."`
	EmploymentID string `yaml:"employment_id" doc:"Id that tells several employments of a person apart."`
	Start        string `yaml:"start" doc:"First day of the employment."`
	End          string `yaml:"end" doc:"End of the employment, read as last_day says; nothing means no end."`
	Status       string `yaml:"status" doc:"active, leave, suspended, prehire, terminated, retired, or a word of values; any other rejects the record."`
	Type         string `yaml:"type" doc:"Type of the employment, as HR writes it."`
}

// kinds are what an account may be.
func kinds() []scanners.AccountKind {
	return []scanners.AccountKind{scanners.KindPerson, scanners.KindAdmin, scanners.KindService, scanners.KindShared, scanners.KindGuest,
		scanners.KindMachine, scanners.KindBreakGlass, scanners.KindTest}
}

// statuses are what an employment may be.
func statuses() []scanners.Status {
	return []scanners.Status{scanners.StatusActive, scanners.StatusLeave, scanners.StatusSuspended, scanners.StatusPrehire,
		scanners.StatusTerminated, scanners.StatusRetired}
}
