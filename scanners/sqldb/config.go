package sqldb

import "time"

// List is one text or a list of texts.
type List []string

// UnmarshalYAML accepts a single value in place of a list of one.
func (l *List) UnmarshalYAML(decode func(any) error) error {
	var one string
	if err := decode(&one); err == nil {
		*l = List{one}
		return nil
	}
	return decode((*[]string)(l))
}

// Connection is the part of the configuration that says where the database is and who reads it.
type Connection struct {
	URL      string   `yaml:"url" doc:"Database: postgres://host/database, mysql://host/database (MariaDB too), sqlserver://host/database, each with :port where it is not the usual one, or sqlite:path. A socket is written percent-encoded: postgres://%2Frun%2Fpostgresql/database names its folder, mysql://%2Frun%2Fmysqld%2Fmysqld.sock/database the socket itself."`
	User     string   `yaml:"user,omitempty" doc:"Who signs in. It needs SELECT on what the statement reads, and nothing else."`
	Password string   `yaml:"password,omitempty" doc:"Reference to the password: env:NAME, file:/path or systemd:NAME."`
	TLS      TLS      `yaml:"tls,omitempty" doc:"How the connection is secured. It is encrypted and verified unless the server is on this machine."`
	Timeouts Timeouts `yaml:"timeouts,omitempty"`
}

// TLS says how the connection is secured. There is no way to switch verification off.
type TLS struct {
	CA         string `yaml:"ca,omitempty" doc:"Path of a PEM file with the certification authorities; default is the system's."`
	Cert       string `yaml:"cert,omitempty" doc:"Path of a client certificate (PEM)."`
	Key        string `yaml:"key,omitempty" doc:"Path of its key (PEM)."`
	ServerName string `yaml:"server_name,omitempty" doc:"Name that the server's certificate has to carry; default is the host of the url."`
	Plaintext  bool   `yaml:"plaintext,omitempty" doc:"Allow an unencrypted connection to another host. Personal data, and with some servers the password, can then be read on the way."`
}

// Timeouts bound the waiting.
type Timeouts struct {
	Connect   time.Duration `yaml:"connect,omitempty" doc:"For connecting and signing in, default 15s."`
	Statement time.Duration `yaml:"statement,omitempty" doc:"For one statement with all of its rows, default 10m; the server ends it too."`
}

// Reading is the part of the configuration that says what is asked and how values are written. Accounts and people share it.
type Reading struct {
	Connection    `yaml:",inline"`
	Statement     string                       `yaml:"statement,omitempty" doc:"One SELECT, or WITH … SELECT, that delivers every record: no limit, no comment, no second statement."`
	ListSeparator string                       `yaml:"list_separator,omitempty" doc:"What divides several values in one text; default is a semicolon. Arrays of the database need none."`
	Dates         List                         `yaml:"dates,omitempty" doc:"Forms of dates in columns of text or numbers, one or several: YYYY-MM-DD, DD.MM.YYYY, MM/DD/YYYY hh:mm, iso, rfc3339, unix, unix_ms. Default iso. Native dates and times need none."`
	Zone          string                       `yaml:"zone,omitempty" doc:"IANA zone of times that state none (timestamp, datetime); default the run's timezone."`
	Empty         map[string]string            `yaml:"empty,omitempty" doc:"What NULL in a time means, per field: never or unknown; default unknown."`
	Values        map[string]map[string]string `yaml:"values,omitempty" doc:"Meaning of the words of a field: {enabled: {A: true, D: false}, status: {T: terminated}}."`
	AllowEmpty    bool                         `yaml:"allow_empty,omitempty" doc:"Whether no row at all is a true statement; default false."`
}

// AccountConfig is the configuration of a source of accounts.
type AccountConfig struct {
	Reading   `yaml:",inline"`
	Preset    string         `yaml:"preset,omitempty" doc:"In place of statement and columns, the logins of the database server itself: postgres-roles, mariadb-users, mysql-users or sqlserver-logins."`
	Columns   AccountColumns `yaml:"columns,omitempty" doc:"Column of the statement for each field, upper and lower case being the same. Several for a field that may have several values: [a, b]."`
	Precision string         `yaml:"precision,omitempty" doc:"How much later than written the account may have been used (14d, 36h), where the application writes last_activity late. A date without time has a day anyway."`
}

// AccountColumns names the column of each field. A field with several columns takes the values of all of them.
type AccountColumns struct {
	ID              string `yaml:"id" doc:"Id that never changes for an account; a row without one is rejected."`
	Login           List   `yaml:"login,omitempty" doc:"Names that sign in, the primary one first; NULL means none."`
	EmployeeID      List   `yaml:"employee_id,omitempty" doc:"Employee ids of the owner as HR writes them, leading zeros included; NULL means none."`
	Mail            List   `yaml:"mail,omitempty" doc:"Mail addresses, the primary one or the one with SMTP: first; NULL means none."`
	DisplayName     string `yaml:"display_name,omitempty" doc:"Name as people see it."`
	Anchor          List   `yaml:"anchor,omitempty" doc:"Values that tie the account to its person, such as an id that HR provisioning wrote; NULL means none."`
	Enabled         string `yaml:"enabled,omitempty" doc:"Whether the account is enabled: a boolean, 1 or 0, true or false, yes or no, on or off, active or inactive, enabled or disabled, or words of values; NULL means unknown."`
	DisabledAt      string `yaml:"disabled_at,omitempty" doc:"Time of the administrative disable; NULL means unknown, or what empty says."`
	Created         string `yaml:"created,omitempty" doc:"Time of creation; NULL means unknown, or what empty says."`
	LastActivity    List   `yaml:"last_activity,omitempty" doc:"Times of the last use, several columns being several signs of use; NULL means unknown, or what empty says."`
	FailedLogins    string `yaml:"failed_logins,omitempty" doc:"Count of failed sign-ins; NULL means unknown."`
	PasswordChanged string `yaml:"password_changed,omitempty" doc:"Time of the last change of the password; NULL means unknown, or what empty says."`
	Expires         string `yaml:"expires,omitempty" doc:"Time from which the account no longer works, infinity or a year from 4000 on meaning never; NULL means unknown, or what empty says."`
	Locked          string `yaml:"locked,omitempty" doc:"Whether wrong passwords have locked the account, in the words of enabled, or locked and unlocked; NULL means unknown."`
	Kind            string `yaml:"kind,omitempty" doc:"person, admin, service, shared, guest, machine or break-glass, or words of values; NULL means a person."`
	Privileged      string `yaml:"privileged,omitempty" doc:"Whether the account has administrative rights: a boolean, 1 or 0, true or false, yes or no, or words of values; NULL means unknown."`
	Groups          List   `yaml:"groups,omitempty" doc:"Names of groups or roles, taken for direct and removable; NULL means none."`
	Licences        List   `yaml:"licences,omitempty" doc:"Names of licences; NULL means none."`
	Manager         string `yaml:"manager,omitempty" doc:"Employee id, mail, login or account id of the manager, who comes after owner and sponsor as the one who answers for the account."`
	Sponsor         string `yaml:"sponsor,omitempty" doc:"Employee id, mail, login or account id of who answers for a guest, service or shared account."`
	Owner           string `yaml:"owner,omitempty" doc:"Employee id, mail, login or account id of the owner of a service, shared or machine account."`
	Authority       string `yaml:"authority,omitempty" doc:"Directory that the account is synchronised from; NULL means that the system owns it."`
}

// PeopleConfig is the configuration of a source of people.
type PeopleConfig struct {
	Reading `yaml:",inline"`
	Columns PeopleColumns `yaml:"columns" doc:"Column of the statement for each field, upper and lower case being the same. Several for a field that may have several values: [a, b]."`
	LastDay string        `yaml:"last_day,omitempty" doc:"How end is meant: inclusive (the last day of work) or exclusive (the first day without employment). It has no default."`
	OpenEnd *List         `yaml:"open_end,omitempty" doc:"Values of end that mean no end, beside NULL; default 9999-12-31, 9999-01-01, 4712-12-31, 2099-12-31, 0000-00-00, 1900-01-01 and infinity."`
	Rows    string        `yaml:"rows,omitempty" doc:"person when one row is one person, so that an id that comes again with other data is an error; employment (default) when a person may have several."`
}

// PeopleColumns names the column of each field. A field with several columns takes the values of all of them.
type PeopleColumns struct {
	ID           string `yaml:"id" doc:"Employee id as HR writes it, leading zeros included; a row without one is rejected."`
	OtherIDs     List   `yaml:"other_ids,omitempty" doc:"Further ids that accounts may carry, such as former ids; NULL means none."`
	GivenName    string `yaml:"given_name,omitempty" doc:"Given name."`
	FamilyName   string `yaml:"family_name,omitempty" doc:"Family name."`
	DisplayName  string `yaml:"display_name,omitempty" doc:"Name as people see it."`
	Mail         List   `yaml:"mail,omitempty" doc:"Mail addresses, the primary one or the one with SMTP: first; NULL means none."`
	Start        string `yaml:"start,omitempty" doc:"First day of the employment; NULL means unknown."`
	End          string `yaml:"end,omitempty" doc:"End of the employment, read as last_day says; NULL, or a value of open_end, means no end."`
	Status       string `yaml:"status,omitempty" doc:"Status of the employment: active, leave, suspended, prehire, terminated, retired, or words of values; NULL means that the dates decide, but rejects the row where end is not mapped."`
	Type         string `yaml:"type,omitempty" doc:"Type of the employment, such as employee or contractor, as HR writes it."`
	Department   string `yaml:"department,omitempty" doc:"Department, as the report shows it."`
	Manager      string `yaml:"manager,omitempty" doc:"Employee id of the manager, as HR writes it; NULL means none."`
	Location     string `yaml:"location,omitempty" doc:"Place of work."`
	Zone         string `yaml:"zone,omitempty" doc:"IANA zone of the person's dates, such as Europe/Berlin; NULL means the zone of the source, and a name that does not exist rejects the row."`
	EmploymentID string `yaml:"employment_id,omitempty" doc:"Id that tells several employments of a person apart."`
}
