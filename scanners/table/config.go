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
	// Path is a file, a pattern such as "exports/crm-*.csv", or a list of them. All files together are one source.
	Path List `yaml:"path"`
	// Format is csv, xlsx, json, jsonl or parquet; by default the file name's ending decides.
	Format string `yaml:"format,omitempty"`
	// Encoding of a text file; by default a byte order mark decides, else UTF-8.
	Encoding string `yaml:"encoding,omitempty"`
	// Delimiter of a CSV file, one or more characters; by default the one of , ; TAB | that gives the mapped columns.
	Delimiter string `yaml:"delimiter,omitempty"`
	// Header says whether there is a header row; default true. Without one, columns are named by number: "1", "2" …
	Header *bool `yaml:"header,omitempty"`
	// Sheet is the name of the sheet of a workbook; by default the only one that is not empty.
	Sheet string `yaml:"sheet,omitempty"`
	// Records is the path to the array of records in a JSON file, such as "data.users"; by default the file is the array.
	Records string `yaml:"records,omitempty"`
	// ListSeparator divides several values in one cell; default ";".
	ListSeparator string `yaml:"list_separator,omitempty"`
	// Dates lists the forms in which dates are written: YYYY-MM-DD, DD.MM.YYYY, MM/DD/YYYY hh:mm, iso, rfc3339, unix,
	// unix_ms, excel. Default iso: 2026-03-01, 2026-03-01T12:00:00, 2026-03-01T12:00:00+01:00.
	Dates List `yaml:"dates,omitempty"`
	// Zone is the IANA zone of times that state none; default the run's timezone.
	Zone string `yaml:"zone,omitempty"`
	// Empty says per field what an empty cell means: never or unknown; default unknown.
	Empty map[string]string `yaml:"empty,omitempty"`
	// Values translates the words of a field: {enabled: {"A": true, "D": false}, status: {"T": terminated}}.
	Values map[string]map[string]string `yaml:"values,omitempty"`
	// Optional lists fields whose column may be missing from the file.
	Optional List `yaml:"optional,omitempty"`
	// ExpectRows is the number of data rows that all files together must have.
	ExpectRows *int64 `yaml:"expect_rows,omitempty"`
	// Sidecar is the file that tells rows and SHA-256 of the data file; one that starts with "." is appended to the name
	// of each data file.
	Sidecar string `yaml:"sidecar,omitempty"`
	// AllowEmpty says that a file with a header and no row is a true statement.
	AllowEmpty bool `yaml:"allow_empty,omitempty"`
}

// AccountConfig is the configuration of a file of accounts.
type AccountConfig struct {
	Reading `yaml:",inline"`
	Columns AccountColumns `yaml:"columns"`
	// Precision is how much later than written the account may have been used (14d, 36h), where the system that
	// produced the file writes last_activity late. A date without time has a day anyway.
	Precision string `yaml:"precision,omitempty"`
}

// AccountColumns names the column of each field. A field with several columns takes the values of all of them.
type AccountColumns struct {
	ID              string `yaml:"id"`
	Login           List   `yaml:"login,omitempty"`
	EmployeeID      List   `yaml:"employee_id,omitempty"`
	Mail            List   `yaml:"mail,omitempty"`
	DisplayName     string `yaml:"display_name,omitempty"`
	Anchor          List   `yaml:"anchor,omitempty"`
	Enabled         string `yaml:"enabled,omitempty"`
	DisabledAt      string `yaml:"disabled_at,omitempty"`
	Created         string `yaml:"created,omitempty"`
	LastActivity    List   `yaml:"last_activity,omitempty"`
	FailedLogins    string `yaml:"failed_logins,omitempty"`
	PasswordChanged string `yaml:"password_changed,omitempty"`
	Expires         string `yaml:"expires,omitempty"`
	Locked          string `yaml:"locked,omitempty"`
	Kind            string `yaml:"kind,omitempty"`
	Privileged      string `yaml:"privileged,omitempty"`
	Groups          List   `yaml:"groups,omitempty"`
	Licences        List   `yaml:"licences,omitempty"`
	Manager         string `yaml:"manager,omitempty"`
	Sponsor         string `yaml:"sponsor,omitempty"`
	Owner           string `yaml:"owner,omitempty"`
	Authority       string `yaml:"authority,omitempty"`
}

// PeopleConfig is the configuration of a file of people.
type PeopleConfig struct {
	Reading `yaml:",inline"`
	Columns PeopleColumns `yaml:"columns"`
	// LastDay says how end is meant: inclusive (the last day of work) or exclusive (the first day without employment).
	// It has no default.
	LastDay string `yaml:"last_day,omitempty"`
	// OpenEnd lists the values of end that mean "no end", beside the empty cell.
	OpenEnd *List `yaml:"open_end,omitempty"`
	// Rows is person when one row is one person, so that an id that comes again with other data is an error, or employment
	// when a person may have several. Default employment.
	Rows string `yaml:"rows,omitempty"`
}

// PeopleColumns names the column of each field. A field with several columns takes the values of all of them.
type PeopleColumns struct {
	ID           string `yaml:"id"`
	OtherIDs     List   `yaml:"other_ids,omitempty"`
	GivenName    string `yaml:"given_name,omitempty"`
	FamilyName   string `yaml:"family_name,omitempty"`
	DisplayName  string `yaml:"display_name,omitempty"`
	Mail         List   `yaml:"mail,omitempty"`
	Start        string `yaml:"start,omitempty"`
	End          string `yaml:"end,omitempty"`
	Status       string `yaml:"status,omitempty"`
	Type         string `yaml:"type,omitempty"`
	Department   string `yaml:"department,omitempty"`
	Manager      string `yaml:"manager,omitempty"`
	Location     string `yaml:"location,omitempty"`
	Zone         string `yaml:"zone,omitempty"`
	EmploymentID string `yaml:"employment_id,omitempty"`
}
