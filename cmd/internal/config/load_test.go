package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
)

// smallest is the smallest configuration that works, as the design promises it.
const smallest = `organisation: Example Corp
timezone: Europe/Berlin
state: state
people:
  - name: hr
    kind: table
    path: hr.csv
    columns: {id: employee_id, given_name: given_name, family_name: family_name, mail: work_email, start: start_date, end: last_day, department: department}
    last_day: inclusive
sources:
  - name: crm
    kind: table
    path: crm.csv
    columns: {id: account_id, login: login, employee_id: employee_number, mail: mail, enabled: enabled, created: created, last_activity: last_logon}
    empty: {last_activity: never}          # never | unknown; default unknown
correlation: {keys: [employee_id, mail]}
thresholds: {profile: custom, dormant: 90d, never_used: 45d}
`

// tableConfig has the shape of a connector's configuration.
type tableConfig struct {
	Path     string            `yaml:"path"`
	Columns  map[string]string `yaml:"columns"`
	LastDay  string            `yaml:"last_day"`
	Empty    map[string]string `yaml:"empty"`
	Zone     string            `yaml:"zone"`
	Timeout  time.Duration     `yaml:"timeout"`
	Password string            `yaml:"password"`
	Dates    oneOrMore         `yaml:"dates"`
	Paging   struct {
		Size int `yaml:"size"`
	} `yaml:"paging"`
}

// oneOrMore reads itself: one value stands for a list of one.
type oneOrMore []string

func (o *oneOrMore) UnmarshalYAML(decode func(any) error) error {
	var one string
	if decode(&one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return decode((*[]string)(o))
}

func fakeKinds() []scanners.Kind {
	fresh := func() any { return new(tableConfig) }
	return []scanners.Kind{{
		Name: "table", Summary: "files", Config: fresh, PeopleConfig: fresh,
		Accounts: func(scanners.Decode, scanners.Env) (scanners.Source[scanners.Account], error) { return nil, nil },
		People:   func(scanners.Decode, scanners.Env) (scanners.Source[scanners.Person], error) { return nil, nil },
	}, {
		Name: "ldap", Summary: "directories", Config: fresh,
		Accounts: func(scanners.Decode, scanners.Env) (scanners.Source[scanners.Account], error) { return nil, nil },
	}}
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, text string) (*Config, error) {
	t.Helper()
	return Load(write(t, t.TempDir(), "leaver.yaml", text), fakeKinds())
}

func mustLoad(t *testing.T, text string) *Config {
	t.Helper()
	c, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLoadSmallest(t *testing.T) {
	c := mustLoad(t, smallest)
	if c.Organisation != "Example Corp" || c.Zone.String() != "Europe/Berlin" || c.State != filepath.Join(c.Dir, "state") {
		t.Errorf("head: %+v", c)
	}
	hr, crm := c.People[0], c.Sources[0]
	if hr.Name != "hr" || hr.Connector.Name != "table" || hr.Allocation != 1 || hr.Zone != c.Zone {
		t.Errorf("people: %+v", hr)
	}
	var got tableConfig
	if err := crm.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Path != "crm.csv" || got.Columns["last_activity"] != "last_logon" || got.Empty["last_activity"] != "never" {
		t.Errorf("decoded: %+v", got)
	}
	if !strings.HasSuffix(crm.Place, "leaver.yaml:11") {
		t.Errorf("place %q", crm.Place)
	}
	if len(c.Digest()) != 64 || string(c.Text()) != smallest {
		t.Error("digest or text")
	}
}

func TestStarterLoads(t *testing.T) {
	c := mustLoad(t, Starter())
	want := mustLoad(t, smallest)
	if diff := cmp.Diff(want.Thresholds, c.Thresholds); diff != "" {
		t.Error(diff)
	}
}

// edit replaces old, which must be there, by new.
func edit(t *testing.T, old, new string) string {
	t.Helper()
	if !strings.Contains(smallest, old) {
		t.Fatalf("%q is not in the configuration", old)
	}
	return strings.Replace(smallest, old, new, 1)
}

func TestLoadRefuses(t *testing.T) {
	tests := []struct {
		name, old, new string
		// want are parts of the message; place is "line:column" of the first mistake.
		place string
		want  []string
	}{
		{"misspelt top key", "timezone:", "timezon:", "2:1", []string{`timezon: unknown key; did you mean "timezone"?`, "hint: known keys here: break_glass, checkpoints"}},
		{"misspelt connector key", "    path: hr.csv", "    pfad: hr.csv", "7:5", []string{"people[0].pfad: unknown key", "known keys here: allocation"}},
		{"misspelt nested key", "{keys: [employee_id, mail]}", "{kyes: [mail]}", "16:15", []string{`correlation.kyes: unknown key; did you mean "keys"?`}},
		{"unknown kind", "    kind: table\n    path: crm", "    kind: tabel\n    path: crm", "12:5", []string{`sources[0].kind: unknown value "tabel"; did you mean "table"?`, "hint: it is one of table, ldap"}},
		{"kind that has no people", "    kind: table\n    path: hr", "    kind: ldap\n    path: hr", "6:5", []string{`people[0].kind: unknown value "ldap"`, "it is one of table"}},
		{"unknown zone", "Europe/Berlin", "Europe/Berlln", "2:1", []string{`timezone: unknown time zone "Europe/Berlln"`}},
		{"local zone", "Europe/Berlin", "Local", "2:1", []string{"unknown time zone"}},
		{"source zone", "    path: hr.csv", "    path: hr.csv\n    zone: Mars/Olympus", "8:5", []string{`people[0].zone: unknown time zone "Mars/Olympus"`}},
		{"key twice", "state: state", "state: state\nstate: other", "4:1", []string{`key "state" is already set on line 3`}},
		{"same name twice", "name: crm", "name: hr", "11:5", []string{`sources[0].name: "hr" is already the name of the entry at`}},
		{"bad name", "name: crm", "name: CRM/1", "11:5", []string{`"CRM/1" cannot be a name`}},
		{"path in name", "name: crm", "name: ../crm", "11:5", []string{"cannot be a name"}},
		{"no state", "state: state\n", "", "", []string{"state: is missing"}},
		{"no profile", "profile: custom, ", "", "17:1", []string{"thresholds.profile: is missing", "hint: profile is one of cis, custom"}},
		{"literal secret", "    path: crm.csv", "    path: crm.csv\n    password: hunter2", "14:5", []string{"sources[0].password: a secret cannot be written here", "hint: refer to it: env:NAME"}},
		{"password in an address", "path: crm.csv", "path: https://me:hunter2@host/x", "13:11", []string{"the address holds a password"}},
		{"unsupported key", "state: state", "state: state\napprovers: {a: b}", "4:1", []string{"approvers: not supported yet", "hint: remove the key"}},
		{"unsupported source key", "    path: crm.csv", "    path: crm.csv\n    price_list: x.csv", "14:5", []string{"price_list: not supported yet"}},
		{"unknown correlation key", "[employee_id, mail]", "[employee_id, phone]", "16:35", []string{`unknown value "phone"`, "it is one of employee_id, mail, anchor"}},
		{"key listed twice", "[employee_id, mail]", "[mail, mail]", "16:28", []string{"is listed twice"}},
		{"list wanted", "[employee_id, mail]", "mail", "16:15", []string{"wants a list, not a single value"}},
		{"mapping wanted", "{profile: custom, dormant: 90d, never_used: 45d}", "custom", "17:1", []string{"wants keys and values", "known keys: profile"}},
		{"tab", "state: state", "state:\n\t- x", "4:1", []string{"cannot start any token"}},
		{"unclosed list", "[employee_id, mail]}", "[employee_id, mail}", "16:39", []string{"expected ',' or ']'"}},
		{"bad duration", "dormant: 90d", "dormant: 90 days", "17:31", []string{`"90 days" is not a duration such as 90d`}},
		{"connector duration", "    path: crm.csv", "    path: crm.csv\n    timeout: soon", "14:5", []string{`sources[0].timeout: "soon" is not a duration`}},
		{"type that reads itself", "    path: crm.csv", "    path: crm.csv\n    dates: [a, {b: c}]", "14:16", []string{"leaver.yaml:14:16: sources[0].dates[1]: wants one value, not a mapping"}},
		{"octal", "    path: crm.csv", "    path: crm.csv\n    paging: {size: 010}", "14:14", []string{`"010" is not a whole number`}},
		{"allocation", "    path: crm.csv", "    path: crm.csv\n    allocation: 0", "14:5", []string{"between 1 and 64"}},
		{"merge key", "correlation: {", "correlation: {<<: {}, ", "16:15", []string{"merge keys"}},
		{"two documents", "state: state", "state: state\n---\nx: 1", "", []string{"expected single document"}},
		{"policies missing", "state: state", "state: state\npolicies: rules", "4:1", []string{"policies: no rule file at"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := load(t, edit(t, test.old, test.new))
			if err == nil {
				t.Fatal("loaded")
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Fatal("the message shows a secret")
			}
			for _, part := range append(test.want, "leaver.yaml:"+test.place) {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("message lacks %q:\n%v", part, err)
				}
			}
		})
	}
}

func TestLoadTellsEveryMistake(t *testing.T) {
	_, err := load(t, strings.NewReplacer("timezone:", "timezon:", "profile: custom", "profile: sox", "[employee_id, mail]", "[]").Replace(smallest))
	var one *Error
	if !errors.As(err, &one) || one.Line != 2 || one.Key != "timezon" {
		t.Fatalf("first mistake: %+v of %v", one, err)
	}
	for _, part := range []string{"timezon", "correlation.keys: is missing", `unknown profile "sox"`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("message lacks %q:\n%v", part, err)
		}
	}
}

func TestLoadMissingAndHuge(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "leaver.yaml"), fakeKinds())
	if err == nil || !strings.Contains(err.Error(), "does not exist") || !strings.Contains(err.Error(), "leaver init") {
		t.Errorf("missing file: %v", err)
	}
	if _, err = load(t, ""); err == nil || !strings.Contains(err.Error(), "the file is empty") {
		t.Errorf("empty file: %v", err)
	}
	if _, err = load(t, smallest+"#"+strings.Repeat("x", maxBytes)); err == nil || !strings.Contains(err.Error(), "larger than 4 MiB") {
		t.Errorf("huge file: %v", err)
	}
	if _, err = load(t, smallest+"x: "+strings.Repeat("[", 40)+strings.Repeat("]", 40)); err == nil || !strings.Contains(err.Error(), "levels deep") {
		t.Errorf("deep file: %v", err)
	}
}

func TestLoadAliases(t *testing.T) {
	c := mustLoad(t, strings.Replace(edit(t, "[employee_id, mail]", "&k [employee_id, mail]"), "path: crm.csv", "path: &p crm.csv", 1)+
		"report: {formats: []}\n")
	if len(c.Correlation.Keys) != 2 {
		t.Error("anchor lost")
	}
	bomb := "a0: &a0 [x, x]\n"
	for i := 1; i < 25; i++ {
		was, is := string(rune('a'+i-1))+"0", string(rune('a'+i))+"0"
		bomb += is + ": &" + is + " [*" + was + ", *" + was + "]\n"
	}
	if _, err := load(t, smallest+bomb); err == nil || !strings.Contains(err.Error(), "values after aliases") {
		t.Errorf("alias bomb: %v", err)
	}
}

func TestSourceDecode(t *testing.T) {
	c := mustLoad(t, edit(t, "    path: crm.csv", `    path: crm.csv
    zone: America/New_York
    allocation: 3
    canaries: [A-1, 0007]
    timeout: 1d12h
    dates: 2006-01-02
    password: env:CRM_PASSWORD`))
	crm := c.Sources[0]
	if crm.Zone.String() != "America/New_York" || crm.Allocation != 3 || !cmp.Equal(crm.Canaries, []string{"A-1", "0007"}) {
		t.Errorf("generic keys: %+v", crm)
	}
	var full tableConfig
	if err := crm.Decode(&full); err != nil || full.Timeout != 36*time.Hour || !cmp.Equal(full.Dates, oneOrMore{"2006-01-02"}) || full.Zone != "America/New_York" {
		t.Errorf("decoded %+v, %v", full, err)
	}
	var narrow struct {
		Path string `yaml:"path"`
	}
	if err := crm.Decode(&narrow); err == nil || !strings.Contains(err.Error(), "sources[0].columns: unknown key") {
		t.Errorf("unknown keys were not refused: %v", err)
	}
	if err := crm.Decode(narrow); err == nil {
		t.Error("decoded into a value")
	}
}

func TestPoliciesFolder(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "leaver.yaml", smallest)
	write(t, dir, "policies/b.yaml", "x")
	write(t, dir, "policies/a.yml", "x")
	write(t, dir, "policies/notes.txt", "x")
	c, err := Load(path, fakeKinds())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(dir, "policies/a.yml"), filepath.Join(dir, "policies/b.yaml")}
	if diff := cmp.Diff(want, c.Policies); diff != "" {
		t.Error(diff)
	}
	write(t, dir, "leaver.yaml", smallest+"policies: policies/b*.yaml\n")
	if c, err = Load(path, fakeKinds()); err != nil || len(c.Policies) != 1 {
		t.Errorf("glob: %v, %v", c, err)
	}
}

func TestExclusions(t *testing.T) {
	entry := "- {id: X-1, owner: o, reason: r, created: 2026-01-01, expires: 2026-12-31, account: A-1}\n"
	dir := t.TempDir()
	path := write(t, dir, "leaver.yaml", smallest+"exclusions:\n"+entry+"exclusions_file: more.yaml\n")
	more := write(t, dir, "more.yaml", strings.Replace(entry, "X-1", "X-2", 1))
	c, err := Load(path, fakeKinds())
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Exclusions) != 2 || c.Exclusions[1].Place != more+":1" {
		t.Fatalf("%+v", c.Exclusions)
	}
	// The last day is inclusive, in the zone of the run: Berlin midnight is 23:00 UTC.
	if got := c.Exclusions[0].Expires; !got.Equal(time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)) {
		t.Errorf("expires %v", got)
	}
	tests := []struct{ name, old, new, want string }{
		{"no reason", "reason: r, ", "", "reason: is missing"},
		{"no owner", "owner: o, ", "", "owner: is missing"},
		{"no expiry", "expires: 2026-12-31, ", "", "expires: is missing"},
		{"bad expiry", "2026-12-31", "31.12.2026", `"31.12.2026" is not a date`},
		{"matches nothing", ", account: A-1", "", "matches nothing"},
		{"unknown source", "account: A-1", "source: cmr", `did you mean "crm"?`},
		{"ends before it starts", "2026-12-31", "2025-12-31", "lies before created"},
		{"bad pattern", "account: A-1", `pattern: "svc-["`, "is not a pattern"},
		{"id twice", "X-2", "X-1", `id "X-1" is already used at`},
		{"misspelt key", "reason:", "raeson:", `did you mean "reason"?`},
		{"no list", "- {", "{", "wants a list"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(strings.Replace(entry, "X-1", "X-2", 1), test.old, test.new, 1)
			write(t, dir, "more.yaml", text)
			if _, err := Load(path, fakeKinds()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want %q, got %v", test.want, err)
			}
		})
	}
}

func TestGates(t *testing.T) {
	c := mustLoad(t, smallest+`gates:
  people_lost: {count: 10, percent: 3%}
  max_age: 2d
  overrides:
    - {gate: people_lost, source: hr, until: 2026-11-30, reason: spin-off, owner: cfo}
`)
	if got := c.Gates.PeopleLost; got != (Limit{10, 3}) {
		t.Errorf("people_lost %+v", got)
	}
	if c.Gates.MaxAge != 48*time.Hour || c.Gates.NewLeavers != (Limit{20, 2}) {
		t.Errorf("gates %+v", c.Gates)
	}
	last := time.Date(2026, 11, 30, 22, 59, 0, 0, time.UTC) // 23:59 in Berlin
	if _, open := c.Gates.Opened("people_lost", "hr", last); !open {
		t.Error("closed on its last day")
	}
	for name, open := range map[string]bool{"next day": isOpen(c.Gates, "people_lost", "hr", last.Add(time.Hour)),
		"other gate": isOpen(c.Gates, "new_leavers", "hr", last), "other source": isOpen(c.Gates, "people_lost", "crm", last)} {
		if open {
			t.Errorf("open: %s", name)
		}
	}
	for name, text := range map[string]string{
		"unknown gate": "{gate: people_lots, until: 2026-11-30, reason: r, owner: o}",
		"no reason":    "{gate: people_lost, until: 2026-11-30, owner: o}",
		"no end":       "{gate: people_lost, reason: r, owner: o}",
	} {
		if _, err := load(t, smallest+"gates: {overrides: ["+text+"]}\n"); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

func isOpen(g Gates, gate, source string, at time.Time) bool {
	_, open := g.Opened(gate, source, at)
	return open
}

// Both numbers have to be exceeded: a small company loses two people without a stop, a large one its daily leavers.
func TestLimitExceeded(t *testing.T) {
	tests := []struct {
		name    string
		n, base int64
		want    bool
	}{
		{"small set, few", 2, 20, false}, {"small set, more than the count", 6, 20, true},
		{"large set, below the percentage", 1900, 100_000, false}, {"large set, above it", 2001, 100_000, true},
		{"exactly the limit", 5, 250, false}, {"one more", 6, 250, true},
	}
	for _, test := range tests {
		if got := (Limit{5, 2}).Exceeded(test.n, test.base); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestBreakGlassReportAndCorrelation(t *testing.T) {
	c := mustLoad(t, edit(t, "{keys: [employee_id, mail]}", "{keys: [mail], zeros: keep, mail_domains: {Old.example: example.com}}")+
		"break_glass: [{source: crm, account: A-1, owner: ciso}]\nreport: {path: out/report.xlsx, formats: [csv]}\n")
	if len(c.BreakGlass) != 1 || c.Report.Path != filepath.Join(c.Dir, "out/report.xlsx") || !c.Report.CSV || c.Report.JSONLines {
		t.Errorf("%+v %+v", c.BreakGlass, c.Report)
	}
	if !c.Correlation.KeepZeros || c.Correlation.MailDomains["old.example"] != "example.com" {
		t.Errorf("%+v", c.Correlation)
	}
	for name, text := range map[string]string{
		"break glass of nowhere":  "break_glass: [{source: erp, account: A-1, owner: ciso}]",
		"break glass without who": "break_glass: [{source: crm, account: A-1}]",
		"report is no workbook":   "report: {path: report.pdf}",
	} {
		if _, err := load(t, smallest+text+"\n"); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
	if _, err := load(t, edit(t, "[employee_id, mail]}", "[mail], mail_domains: {a.example: b.example, b.example: c.example}}")); err == nil {
		t.Error("chained mail domains: loaded")
	}
}
