package table

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

// Reading is the part of the configuration that says where the rows are and how their values are written. Accounts and
// people share it.
type Reading struct {
	Path          List                         `yaml:"path" doc:"File, pattern such as exports/crm-*.csv, or a list of them. All files together are one source."`
	Format        string                       `yaml:"format,omitempty" doc:"csv, xlsx, json, jsonl or parquet; by default the file name's ending decides."`
	Encoding      string                       `yaml:"encoding,omitempty" doc:"Encoding of a text file; by default a byte order mark decides, else UTF-8."`
	Delimiter     string                       `yaml:"delimiter,omitempty" doc:"Delimiter of a CSV file, one or more characters; by default the one of , ; TAB | that gives the mapped columns."`
	Header        *bool                        `yaml:"header,omitempty" doc:"Whether there is a header row; default true. Without one, columns are named by number: 1, 2 …"`
	Sheet         string                       `yaml:"sheet,omitempty" doc:"Name of the sheet of a workbook; by default the only one that is not empty."`
	Records       string                       `yaml:"records,omitempty" doc:"Path to the array of records in a JSON file, such as data.users; by default the file is the array."`
	ListSeparator string                       `yaml:"list_separator,omitempty" doc:"What divides several values in one cell; default is a semicolon."`
	Dates         List                         `yaml:"dates,omitempty" doc:"Forms in which dates are written, one or several: YYYY-MM-DD, DD.MM.YYYY, MM/DD/YYYY hh:mm, iso, rfc3339, unix, unix_ms, excel. Default iso: 2026-03-01, 2026-03-01T12:00:00, 2026-03-01T12:00:00+01:00."`
	Zone          string                       `yaml:"zone,omitempty" doc:"IANA zone of times that state none; default the run's timezone."`
	Empty         map[string]string            `yaml:"empty,omitempty" doc:"What an empty cell of a time means, per field: never or unknown; default unknown."`
	Values        map[string]map[string]string `yaml:"values,omitempty" doc:"Meaning of the words of a field: {enabled: {A: true, D: false}, status: {T: terminated}}."`
	Optional      List                         `yaml:"optional,omitempty" doc:"Fields whose column may be missing from the file."`
	ExpectRows    *int64                       `yaml:"expect_rows,omitempty" doc:"Number of data rows that all files together must have."`
	Sidecar       string                       `yaml:"sidecar,omitempty" doc:"File that tells rows and SHA-256 of the data file; one that starts with a dot is appended to the name of each data file."`
	AllowEmpty    bool                         `yaml:"allow_empty,omitempty" doc:"Whether a file with a header and no row is a true statement; default false."`
}

// AccountConfig is the configuration of a file of accounts.
type AccountConfig struct {
	Reading   `yaml:",inline"`
	Preset    string         `yaml:"preset,omitempty" doc:"Product whose export this is: aws-credential-report. It fills in the columns and what their words mean; every key that is set here counts before it, column by column and word by word."`
	Columns   AccountColumns `yaml:"columns" doc:"Column of each field: its name in the header, its number where header is false, in JSON a key or a path such as profile.email. Several for a field that may have several values: [a, b]."`
	Precision string         `yaml:"precision,omitempty" doc:"How much later than written the account may have been used (14d, 36h), where the system that produced the file writes last_activity late. A date without time has a day anyway."`
}

// AccountColumns names the column of each field. A field with several columns takes the values of all of them.
type AccountColumns struct {
	ID              string `yaml:"id" doc:"Id that never changes for an account; a row with an empty one is rejected."`
	Login           List   `yaml:"login,omitempty" doc:"Names that sign in, the primary one first; empty means none."`
	EmployeeID      List   `yaml:"employee_id,omitempty" doc:"Employee ids of the owner as HR writes them, leading zeros included; empty means none."`
	Mail            List   `yaml:"mail,omitempty" doc:"Mail addresses, the primary one or the one with SMTP: first; empty means none."`
	DisplayName     string `yaml:"display_name,omitempty" doc:"Name as people see it; may be empty."`
	Anchor          List   `yaml:"anchor,omitempty" doc:"Values that tie the account to its person, such as an id that HR provisioning wrote; empty means none."`
	Enabled         string `yaml:"enabled,omitempty" doc:"Whether the account is enabled: true or false, yes or no, 1 or 0, on or off, active or inactive, enabled or disabled, or words of values; empty means unknown."`
	DisabledAt      string `yaml:"disabled_at,omitempty" doc:"Time of the administrative disable, in a form of dates; empty means unknown, or what empty says."`
	Created         string `yaml:"created,omitempty" doc:"Time of creation, in a form of dates; empty means unknown, or what empty says."`
	LastActivity    List   `yaml:"last_activity,omitempty" doc:"Times of the last use, in a form of dates, several columns being several signs of use; empty means unknown, or what empty says."`
	FailedLogins    string `yaml:"failed_logins,omitempty" doc:"Count of failed sign-ins, a whole number; empty means unknown."`
	PasswordChanged string `yaml:"password_changed,omitempty" doc:"Time of the last change of the password, in a form of dates; empty means unknown, or what empty says."`
	Expires         string `yaml:"expires,omitempty" doc:"Time from which the account no longer works, in a form of dates, a year from 4000 on meaning never; empty means unknown, or what empty says."`
	Locked          string `yaml:"locked,omitempty" doc:"Whether wrong passwords have locked the account: true or false, yes or no, 1 or 0, on or off, locked or unlocked, or words of values; empty means unknown."`
	Kind            string `yaml:"kind,omitempty" doc:"person, admin, service, shared, guest, machine or break-glass, or words of values; empty means a person."`
	Privileged      string `yaml:"privileged,omitempty" doc:"Whether the account has administrative rights: true or false, yes or no, 1 or 0, on or off, or words of values; empty means unknown."`
	Groups          List   `yaml:"groups,omitempty" doc:"Names of groups, taken for direct and removable; empty means none."`
	Licences        List   `yaml:"licences,omitempty" doc:"Names of licences; empty means none."`
	Manager         string `yaml:"manager,omitempty" doc:"Employee id, mail, login or account id of the manager, who comes after owner and sponsor as the one who answers for the account; empty means none."`
	Sponsor         string `yaml:"sponsor,omitempty" doc:"Employee id, mail, login or account id of who answers for a guest, service or shared account; empty means none."`
	Owner           string `yaml:"owner,omitempty" doc:"Employee id, mail, login or account id of the owner of a service, shared or machine account; empty means none."`
	Authority       string `yaml:"authority,omitempty" doc:"Directory that the account is synchronised from; empty means that the system owns it."`
}

// PeopleConfig is the configuration of a file of people.
type PeopleConfig struct {
	Reading `yaml:",inline"`
	Preset  string        `yaml:"preset,omitempty" doc:"HR product whose export this is: adp, bamboohr, oracle-hcm, peoplesoft, successfactors, ukg or workday. It fills in columns, status words, dates and, where its meaning is known, last_day; every key that is set here counts before it, column by column and word by word."`
	Columns PeopleColumns `yaml:"columns" doc:"Column of each field: its name in the header, its number where header is false, in JSON a key or a path such as profile.email. Several for a field that may have several values: [a, b]."`
	LastDay string        `yaml:"last_day,omitempty" doc:"How end is meant: inclusive (the last day of work) or exclusive (the first day without employment). It has no default."`
	OpenEnd *List         `yaml:"open_end,omitempty" doc:"Values of end that mean no end, beside the empty cell; default 9999-12-31, 9999-01-01, 4712-12-31, 2099-12-31, 0000-00-00, 1900-01-01 and NULL."`
	Rows    string        `yaml:"rows,omitempty" doc:"person when one row is one person, so that an id that comes again with other data is an error; employment when a person may have several; history when every change of an employment has a row of its own, dated by columns: effective. Default employment."`
}

// PeopleColumns names the column of each field. A field with several columns takes the values of all of them.
type PeopleColumns struct {
	ID           string `yaml:"id" doc:"Employee id as HR writes it, leading zeros included; a row with an empty one is rejected."`
	OtherIDs     List   `yaml:"other_ids,omitempty" doc:"Further ids that accounts may carry, such as former ids; empty means none."`
	GivenName    string `yaml:"given_name,omitempty" doc:"Given name, which with the other names also tells two people of one id apart; may be empty."`
	FamilyName   string `yaml:"family_name,omitempty" doc:"Family name; may be empty."`
	DisplayName  string `yaml:"display_name,omitempty" doc:"Name as people see it; may be empty."`
	Mail         List   `yaml:"mail,omitempty" doc:"Mail addresses, the primary one or the one with SMTP: first; empty means none."`
	Start        string `yaml:"start,omitempty" doc:"First day of the employment, in a form of dates; empty means unknown."`
	End          string `yaml:"end,omitempty" doc:"End of the employment, in a form of dates, read as last_day says; empty, or a value of open_end, means no end."`
	Status       string `yaml:"status,omitempty" doc:"Status of the employment: active, leave, suspended, prehire, terminated, retired, or words of values; empty means that the dates decide, but rejects the row where end is not mapped."`
	Type         string `yaml:"type,omitempty" doc:"Type of the employment, such as employee or contractor, as HR writes it; may be empty."`
	Department   string `yaml:"department,omitempty" doc:"Department, as the report shows it; may be empty."`
	Manager      string `yaml:"manager,omitempty" doc:"Employee id of the manager, as HR writes it; empty means none."`
	Location     string `yaml:"location,omitempty" doc:"Place of work; may be empty."`
	Zone         string `yaml:"zone,omitempty" doc:"IANA zone of the person's dates, such as Europe/Berlin; empty means the zone of the source, and a name that does not exist rejects the row."`
	EmploymentID string `yaml:"employment_id,omitempty" doc:"Id that tells several employments of a person apart; may be empty, but not with rows: history."`
	Effective    string `yaml:"effective,omitempty" doc:"Day from which on the row holds, in a form of dates, for rows: history; a row with an empty one is rejected."`
	Sequence     string `yaml:"sequence,omitempty" doc:"Whole number that orders the rows of one effective date, the greatest being the last word; a row with an empty one is rejected."`
}
