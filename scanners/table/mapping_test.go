package table

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
)

func at(text string) scanners.Fact[time.Time] {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return scanners.Known(t.UTC())
}

// TestWholeAccount maps every field that a file can carry.
func TestWholeAccount(t *testing.T) {
	w := newWorld(t)
	w.write("crm.csv", []byte(`id|login|second|emp|mail|name|guid|on|off_at|made|used|api|fails|pw|until|shut|sort|adm|grp|lic|boss|spo|own|dir
7|jdoe|j.doe|00123;P-9|smtp:j@old.example;SMTP:jd@corp.example;SIP:jd@corp.example|Doe, Jane|b1-c2|D|2026-01-05|2019-04-01T09:00:00+02:00|2026-02-01|2026-02-03 10:30|3|2025-12-24 18:00:00|9999-12-31|no|svc|yes|Admins;Sales|E3|00001|n/a|ops@corp.example|corp.example
`))
	got := scanAccounts(t, w, `path: crm.csv
columns:
  {id: id, login: [login, second], employee_id: emp, mail: mail, display_name: name, anchor: guid, enabled: on, disabled_at: off_at, created: made,
   last_activity: [used, api], failed_logins: fails, password_changed: pw, expires: until, locked: shut, kind: sort, privileged: adm, groups: grp,
   licences: lic, manager: boss, sponsor: spo, owner: own, authority: dir}
zone: Europe/Berlin
values: {enabled: {A: true, D: false}, kind: {svc: service}}
precision: 2d`)
	if len(got.records) != 1 {
		t.Fatalf("rejected %+v", got.rejected)
	}
	want := scanners.Account{
		ID: "7", Logins: []string{"jdoe", "j.doe"}, DisplayName: "Doe, Jane", Mails: []string{"jd@corp.example", "j@old.example"},
		EmployeeIDs: []string{"00123", "P-9"}, Anchors: []string{"b1-c2"},
		Enabled: scanners.Known(false), DisabledAt: at("2026-01-05T00:00:00+01:00"), Created: at("2019-04-01T09:00:00+02:00"),
		Signals: []scanners.Signal{
			{Name: "used", At: at("2026-02-01T00:00:00+01:00"), Precision: 48 * time.Hour},
			{Name: "api", At: at("2026-02-03T10:30:00+01:00"), Precision: 48 * time.Hour},
		},
		FailedLogins: scanners.Known[int64](3), PasswordChanged: at("2025-12-24T18:00:00+01:00"), Expires: scanners.Never[time.Time](),
		Locked: scanners.Known(false), Kind: scanners.KindService, KindWhy: "sort svc", Privileged: scanners.Known(true), PrivilegedWhy: "adm yes",
		Grants: []scanners.Grant{{ID: "Admins", Name: "Admins", Type: "group", Direct: true, Removable: true},
			{ID: "Sales", Name: "Sales", Type: "group", Direct: true, Removable: true}},
		Licences: []string{"E3"}, Manager: "00001", Owner: "ops@corp.example", Authority: "corp.example",
		Evidence: []scanners.Attribute{{Name: "on", Values: []string{"D"}}, {Name: "off_at", Values: []string{"2026-01-05"}},
			{Name: "made", Values: []string{"2019-04-01T09:00:00+02:00"}}, {Name: "fails", Values: []string{"3"}},
			{Name: "pw", Values: []string{"2025-12-24 18:00:00"}}, {Name: "until", Values: []string{"9999-12-31"}}, {Name: "shut", Values: []string{"no"}},
			{Name: "sort", Values: []string{"svc"}}, {Name: "adm", Values: []string{"yes"}}, {Name: "used", Values: []string{"2026-02-01"}},
			{Name: "api", Values: []string{"2026-02-03 10:30"}}},
	}
	if diff := cmp.Diff(want, got.records[0]); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
}

// TestUnmappedIsUnknown shows that a file which says little makes nothing look unused, disabled or never.
func TestUnmappedIsUnknown(t *testing.T) {
	w := newWorld(t)
	w.write("crm.csv", []byte("id\n7\n"))
	a := scanAccounts(t, w, "path: crm.csv\ncolumns: {id: id}").records[0]
	for name, unknown := range map[string]bool{"enabled": a.Enabled.IsUnknown(), "disabled at": a.DisabledAt.IsUnknown(), "created": a.Created.IsUnknown(),
		"idle": a.Idle().IsUnknown(), "failed logins": a.FailedLogins.IsUnknown(), "password changed": a.PasswordChanged.IsUnknown(),
		"expires": a.Expires.IsUnknown(), "locked": a.Locked.IsUnknown(), "privileged": a.Privileged.IsUnknown()} {
		if !unknown {
			t.Errorf("%s is not unknown in %+v", name, a)
		}
	}
}

// TestLastActivity checks the difference between never and unknown, on which never_used rests.
func TestLastActivity(t *testing.T) {
	never, unknown := scanners.Never[time.Time](), scanners.Unknown[time.Time](emptyInFile)
	for name, test := range map[string]struct {
		value, config string
		want          scanners.Fact[time.Time]
		precision     time.Duration
	}{
		"empty":                           {"", "", unknown, 0},
		"empty, declared never":           {"", "empty: {last_activity: never}", never, 0},
		"empty, declared unknown":         {"", "empty: {last_activity: unknown}", unknown, 0},
		"NULL":                            {"NULL", "empty: {last_activity: never}", never, 0},
		"the word never":                  {"Never", "", never, 0},
		"another word":                    {"nie", "values: {last_activity: {Nie: never}}", never, 0},
		"a word for unknown":              {"never", "values: {last_activity: {never: unknown}}", scanners.Unknown[time.Time](`the file says "never"`), 0},
		"zero date":                       {"0000-00-00", "", unknown, 0},
		"zero date and time":              {"0000-00-00 00:00:00", "empty: {last_activity: never}", never, 0},
		"year 1":                          {"0001-01-01T00:00:00Z", "", unknown, 0},
		"start of Windows time":           {"1601-01-01T00:00:00Z", "", unknown, 0},
		"start of Unix time":              {"1970-01-01T00:00:00Z", "", unknown, 0},
		"zero of Unix time":               {"0", "dates: [unix]", unknown, 0},
		"first day of Excel":              {"1900-01-01", "", unknown, 0},
		"date":                            {"2026-02-01", "", at("2026-02-01T00:00:00+01:00"), 24 * time.Hour},
		"minutes":                         {"2026-02-01 08:15", "", at("2026-02-01T08:15:00+01:00"), time.Minute},
		"seconds":                         {"2026-02-01T08:15:30", "", at("2026-02-01T08:15:30+01:00"), 0},
		"fraction":                        {"2026-02-01T08:15:30.250", "", at("2026-02-01T08:15:30.25+01:00"), 0},
		"offset":                          {"2026-02-01T08:15:30+05:30", "", at("2026-02-01T08:15:30+05:30"), 0},
		"Zulu":                            {"2026-02-01T08:15:30Z", "", at("2026-02-01T08:15:30Z"), 0},
		"hour that occurs twice":          {"2025-10-26 02:30:00", "", at("2025-10-26T02:30:00+02:00"), time.Hour},
		"hour that does not exist":        {"2025-03-30 02:30:00", "", at("2025-03-30T03:30:00+02:00"), 0},
		"declared form":                   {"1.2.2026", "dates: [DD.MM.YYYY]", at("2026-02-01T00:00:00+01:00"), 24 * time.Hour},
		"declared form with minutes":      {"02/01/2026 8:15", "dates: [MM/DD/YYYY hh:mm]", at("2026-02-01T08:15:00+01:00"), time.Minute},
		"declared form with AM":           {"02/01/2026 08:15:00 PM", "dates: [\"MM/DD/YYYY hh:mm:ss AM\"]", at("2026-02-01T20:15:00+01:00"), 0},
		"declared seconds":                {"1769930130", "dates: [unix]", at("2026-02-01T07:15:30Z"), 0},
		"declared milliseconds":           {"1769930130250", "dates: [unix_ms]", at("2026-02-01T07:15:30.25Z"), 0},
		"declared serial":                 {"46054", "dates: [excel]", at("2026-02-01T00:00:00+01:00"), 24 * time.Hour},
		"one of two forms":                {"2026-02-01", "dates: [DD.MM.YYYY, iso]", at("2026-02-01T00:00:00+01:00"), 24 * time.Hour},
		"two forms that agree":            {"02.02.2026", "dates: [DD.MM.YYYY, MM.DD.YYYY]", at("2026-02-02T00:00:00+01:00"), 24 * time.Hour},
		"coarse source":                   {"2026-02-01T08:15:30Z", "precision: 14d", at("2026-02-01T08:15:30Z"), 14 * 24 * time.Hour},
		"OData":                           {"/Date(1769930130000+0060)/", "", at("2026-02-01T07:15:30Z"), 0},
		"form with month name":            {"01-Feb-2026", "dates: [DD-MMM-YYYY]", at("2026-02-01T00:00:00+01:00"), 24 * time.Hour},
		"form without dashes":             {"20260201", "dates: [YYYYMMDD]", at("2026-02-01T00:00:00+01:00"), 24 * time.Hour},
		"form with offset":                {"01.02.2026 08:15:30 +05:30", "dates: [\"DD.MM.YYYY hh:mm:ss ±hh:mm\"]", at("2026-02-01T08:15:30+05:30"), 0},
		"date with offset, as XML has it": {"2026-02-01+01:00", "", at("2026-02-01T00:00:00+01:00"), 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("crm.csv", []byte("id;used\n7;"+test.value+"\n"))
			got := scanAccounts(t, w, "path: crm.csv\nzone: Europe/Berlin\ncolumns: {id: id, last_activity: used}\n"+test.config)
			if len(got.records) != 1 {
				t.Fatalf("rejected %+v", got.rejected)
			}
			signal := got.records[0].Signals[0]
			if signal.At != test.want || signal.Precision != test.precision && signal.At.IsKnown() {
				t.Errorf("last activity %+v within %v, want %+v within %v", signal.At, signal.Precision, test.want, test.precision)
			}
		})
	}
}

// TestAmbiguousDates shows that a date which two declared forms read differently is not read.
func TestAmbiguousDates(t *testing.T) {
	w := newWorld(t)
	w.write("crm.csv", []byte("id,used\n7,03/04/2026\n8,13/04/2026\n"))
	got := scanAccounts(t, w, "path: crm.csv\ndates: [DD/MM/YYYY, MM/DD/YYYY]\ncolumns: {id: id, last_activity: used}")
	checkRejections(t, got.rejected, []string{`line 2 id 7: "03/04/2026" reads differently as DD/MM/YYYY and as MM/DD/YYYY`})
}

func TestEnabled(t *testing.T) {
	unknown := func(word string) scanners.Fact[bool] {
		return scanners.Unknown[bool](`"` + word + `" is not translated under values: {enabled: …}`)
	}
	for name, test := range map[string]struct {
		word, config string
		want         scanners.Fact[bool]
	}{
		"true":                   {"TRUE", "", scanners.Known(true)},
		"no":                     {"No", "", scanners.Known(false)},
		"1":                      {"1", "", scanners.Known(true)},
		"active":                 {"Active", "", scanners.Known(true)},
		"disabled":               {"disabled", "", scanners.Known(false)},
		"inactive":               {"INACTIVE", "", scanners.Known(false)},
		"empty":                  {"", "", scanners.Unknown[bool](emptyInFile)},
		"empty, translated":      {"", `values: {enabled: {"": true}}`, scanners.Known(true)},
		"a code":                 {"D", "", unknown("D")},
		"a translated code":      {"d", "values: {enabled: {D: false}}", scanners.Known(false)},
		"a column turned around": {"true", `values: {enabled: {"true": false, "false": true}}`, scanners.Known(false)},
		"declared unknown":       {"limbo", "values: {enabled: {limbo: unknown}}", scanners.Unknown[bool](`the file says "limbo"`)},
		"locked says nothing":    {"locked", "", unknown("locked")},
		"Wahr":                   {"WAHR", "", unknown("WAHR")},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("crm.csv", []byte("id,on\n7,"+test.word+"\n"))
			got := scanAccounts(t, w, "path: crm.csv\ncolumns: {id: id, enabled: on}\n"+test.config)
			if got.records[0].Enabled != test.want {
				t.Errorf("enabled %+v, want %+v", got.records[0].Enabled, test.want)
			}
			if noted := len(got.coverage.Gaps) > 0; noted != strings.Contains(test.want.Reason, "translated") {
				t.Errorf("gaps %+v: want one exactly for a word without translation", got.coverage.Gaps)
			}
		})
	}
}

// TestKeysThatAreNone shows that placeholders do not become keys that two strangers share.
func TestKeysThatAreNone(t *testing.T) {
	for _, value := range []string{"n/a", "N/A", "-", "none", "NULL", `\N`, "0", "000000", "unknown", "?"} {
		w := newWorld(t)
		w.write("crm.csv", []byte("id;emp;mail;guid\n7;"+value+";"+value+";"+value+"\n"))
		a := scanAccounts(t, w, "path: crm.csv\ncolumns: {id: id, employee_id: emp, mail: mail, anchor: guid}").records[0]
		if len(a.EmployeeIDs)+len(a.Mails)+len(a.Anchors) != 0 {
			t.Errorf("%q became a key: %+v", value, a)
		}
	}
}

func TestMails(t *testing.T) {
	for value, want := range map[string]string{
		"a@corp.example":                              "a@corp.example",
		"a@corp.example; b@corp.example":              "a@corp.example b@corp.example",
		"a@corp.example, b@corp.example":              "a@corp.example b@corp.example",
		"smtp:b@corp.example;SMTP:a@corp.example":     "a@corp.example b@corp.example",
		"X500:/o=corp;smtp:b@corp.example":            "b@corp.example",
		"mailto:a@corp.example":                       "a@corp.example",
		"a@corp.example;a@corp.example":               "a@corp.example",
		"nobody":                                      "",
		"@corp.example":                               "",
		"müller@corp.example":                         "müller@corp.example",
		"a@corp.example;;n/a;b@corp.example;anything": "a@corp.example b@corp.example",
	} {
		w := newWorld(t)
		w.write("crm.csv", []byte("id|mail\n7|"+value+"\n"))
		a := scanAccounts(t, w, "path: crm.csv\ncolumns: {id: id, mail: mail}").records[0]
		if got := strings.Join(a.Mails, " "); got != want {
			t.Errorf("mails of %q = %q, want %q", value, got, want)
		}
	}
}

func TestAccountKind(t *testing.T) {
	w := newWorld(t)
	w.write("crm.csv", []byte("id,sort\n1,Service\n2,robot\n3,break-glass\n4,\n"))
	got := scanAccounts(t, w, "path: crm.csv\ncolumns: {id: id, kind: sort}")
	var kinds []string
	for _, a := range got.records {
		kinds = append(kinds, string(a.Kind))
	}
	if strings.Join(kinds, ",") != "service,,break-glass," {
		t.Errorf("kinds %q", kinds)
	}
	if len(got.coverage.Gaps) != 1 || !strings.Contains(got.coverage.Gaps[0].What, "robot") {
		t.Errorf("gaps %+v, want the word without translation", got.coverage.Gaps)
	}
}

func TestWholePerson(t *testing.T) {
	w := newWorld(t)
	w.write("hr.csv", []byte(`id,old,given,family,name,mail,from,to,state,type,dep,boss,site,tz,job
00123,P1;P2,Jane,Doe,"Doe, Jane",j@corp.example;jane@corp.example,2019-04-01,2026-01-31,T,employee,Sales,00001,Berlin,Europe/Berlin,J-1
`))
	got := scanPeople(t, w, `path: hr.csv
columns: {id: id, other_ids: old, given_name: given, family_name: family, display_name: name, mail: mail, start: from, end: to, status: state, type: type,
  department: dep, manager: boss, location: site, zone: tz, employment_id: job}
last_day: exclusive
values: {status: {T: terminated}}`)
	if len(got.records) != 1 {
		t.Fatalf("rejected %+v", got.rejected)
	}
	want := scanners.Person{ID: "00123", OtherIDs: []string{"P1", "P2"}, DisplayName: "Doe, Jane", GivenName: "Jane", FamilyName: "Doe",
		Mails: []string{"j@corp.example", "jane@corp.example"}, Manager: "00001", Department: "Sales", Location: "Berlin", Zone: "Europe/Berlin", Place: "line 2",
		Employments: []scanners.Employment{{ID: "J-1", Start: scanners.Known(scanners.Date{Year: 2019, Month: 4, Day: 1}),
			End: scanners.Known(scanners.Date{Year: 2026, Month: 1, Day: 31}), Type: "employee", StatusRaw: "T", Status: scanners.StatusTerminated}}}
	if diff := cmp.Diff(want, got.records[0]); diff != "" {
		t.Errorf("person (-want +got):\n%s", diff)
	}
}

// TestEnd checks what an employment's end means: a date, an open end, nothing known, or a row that is not usable.
func TestEnd(t *testing.T) {
	date := func(y, m, d int) scanners.Fact[scanners.Date] {
		return scanners.Known(scanners.Date{Year: y, Month: time.Month(m), Day: d})
	}
	never := scanners.Never[scanners.Date]()
	for name, test := range map[string]struct {
		value, config string
		want          scanners.Fact[scanners.Date]
		reject        string
	}{
		"date":                       {value: "2026-01-31", want: date(2026, 1, 31)},
		"empty":                      {want: never},
		"blanks":                     {value: "  ", want: never},
		"NULL":                       {value: "NULL", want: never},
		"last day of time":           {value: "9999-12-31", want: never},
		"last day of Oracle's time":  {value: "4712-12-31", want: never},
		"zero date":                  {value: "0000-00-00", want: never},
		"sentinel in declared form":  {value: "31.12.9999", config: "dates: [DD.MM.YYYY]", want: never},
		"own sentinel":               {value: "2222-02-22", config: "open_end: [2222-02-22]", want: never},
		"sentinel no more":           {value: "2099-12-31", config: "open_end: [2222-02-22]", want: date(2099, 12, 31)},
		"zero date no more":          {value: "0000-00-00", config: "open_end: [2222-02-22]", reject: "open_end"},
		"start of time":              {value: "1899-12-31", reject: "open_end"},
		"time behind it":             {value: "2026-01-31T00:00:00", want: date(2026, 1, 31)},
		"end of the day behind it":   {value: "2026-01-31 23:59:59", want: date(2026, 1, 31)},
		"offset behind the date":     {value: "2026-01-31-08:00", want: date(2026, 1, 31)},
		"offset behind the time":     {value: "2026-01-31T00:00:00+09:00", want: date(2026, 1, 31)},
		"midnight in UTC":            {value: "2026-01-31T00:00:00Z", want: date(2026, 1, 31)},
		"last second in UTC":         {value: "2026-01-31T23:59:59Z", want: date(2026, 1, 31)},
		"local midnight seen in UTC": {value: "2026-01-30T23:00:00Z", want: date(2026, 1, 31)},
		"OData":                      {value: "/Date(1769817600000)/", want: date(2026, 1, 31)},
		"other form":                 {value: "31.01.2026", reject: "`dates: [DD.MM.YYYY]`"},
		"day that is none":           {value: "2026-02-31", reject: "not a date"},
		"word":                       {value: "soon", reject: "not a date"},
		"number":                     {value: "46053", reject: "`dates: [excel]`"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("hr.csv", []byte("id,mail,to\n1,j@corp.example,"+test.value+"\n"))
			got := scanPeople(t, w, "path: hr.csv\nzone: Europe/Berlin\nlast_day: inclusive\ncolumns: {id: id, mail: mail, end: to}\n"+test.config)
			if test.reject != "" {
				if len(got.rejected) != 1 || !strings.Contains(got.rejected[0].Reason, test.reject) {
					t.Fatalf("rejected %+v, want %q", got.rejected, test.reject)
				}
				if r := got.rejected[0]; r.ID != "1" || len(r.Keys) != 1 || r.Keys[0] != "j@corp.example" || r.Field != "to" {
					t.Errorf("rejection %+v does not reserve the keys of the row", r)
				}
				return
			}
			if len(got.records) != 1 {
				t.Fatalf("rejected %+v", got.rejected)
			}
			if e := got.records[0].Employments[0]; e.End != test.want || !e.LastDayInclusive {
				t.Errorf("end %+v, want %+v", e.End, test.want)
			}
		})
	}
	w := newWorld(t)
	w.write("hr.csv", []byte("id\n1\n"))
	if e := scanPeople(t, w, "path: hr.csv\ncolumns: {id: id}").records[0].Employments[0]; !e.End.IsUnknown() || !e.Start.IsUnknown() {
		t.Errorf("employment %+v of a file without dates, want unknown", e)
	}
}

// TestDayWestOfUTC keeps the day of an instant of UTC that is a date dressed up, where the source's own clocks still show
// the day before, and sees a true instant in the source's zone.
func TestDayWestOfUTC(t *testing.T) {
	for name, test := range map[string]struct {
		value string
		day   int
	}{
		"midnight in UTC":            {"2026-01-31T00:00:00Z", 31},
		"midnight by offset":         {"2026-01-31T00:00:00+00:00", 31},
		"midnight in UTC, OData":     {"/Date(1769817600000)/", 31},
		"midnight in UTC, unix":      {"1769817600", 31},
		"last second in UTC":         {"2026-01-31T23:59:59Z", 31},
		"local midnight seen in UTC": {"2026-01-31T05:00:00Z", 31},
		"evening before, in UTC":     {"2026-02-01T04:59:00Z", 31},
		"a second after midnight":    {"2026-01-31T00:00:01Z", 30},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("hr.csv", []byte("id,from,to\n1,"+test.value+","+test.value+"\n"))
			got := scanPeople(t, w, "path: hr.csv\nzone: America/New_York\nlast_day: inclusive\ndates: [iso, unix]\ncolumns: {id: id, start: from, end: to}")
			if len(got.records) != 1 {
				t.Fatalf("rejected %+v", got.rejected)
			}
			want := scanners.Known(scanners.Date{Year: 2026, Month: time.January, Day: test.day})
			if e := got.records[0].Employments[0]; e.Start != want || e.End != want {
				t.Errorf("start %+v, end %+v, want %+v for both", e.Start, e.End, want)
			}
		})
	}
}

// TestPersonZone passes on only zones that exist: the end of an employment is an instant in that zone.
func TestPersonZone(t *testing.T) {
	for name, test := range map[string]struct {
		value  string
		reject bool
	}{
		"zone":             {value: "America/New_York"},
		"UTC":              {value: "UTC"},
		"empty":            {},
		"misspelt":         {value: "Europe/Berln", reject: true},
		"city alone":       {value: "Berlin", reject: true},
		"offset":           {value: "+01:00", reject: true},
		"name of Windows":  {value: "W. Europe Standard Time", reject: true},
		"zone of the host": {value: "Local", reject: true},
		"path of a file":   {value: "../UTC", reject: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			// The second row has the same zone: a wrong one is not taken for known.
			w.write("hr.csv", []byte("id,mail,to,tz\n1,j@corp.example,2026-01-31,"+test.value+"\n2,k@corp.example,2026-01-31,"+test.value+"\n"))
			got := scanPeople(t, w, "path: hr.csv\nlast_day: inclusive\ncolumns: {id: id, mail: mail, end: to, zone: tz}")
			if test.reject {
				checkRejections(t, got.rejected, []string{
					fmt.Sprintf("line 2 id 1: %q is not a time zone", test.value), fmt.Sprintf("line 3 id 2: %q is not a time zone", test.value)})
				if r := got.rejected[0]; r.Field != "tz" || len(r.Keys) != 1 || r.Keys[0] != "j@corp.example" {
					t.Errorf("rejection %+v does not reserve the keys of the row", r)
				}
				return
			}
			if len(got.records) != 2 || got.records[0].Zone != test.value || got.records[1].Zone != test.value {
				t.Errorf("people %+v, rejected %+v; want the zone %q", got.records, got.rejected, test.value)
			}
		})
	}
}

func TestStatus(t *testing.T) {
	for name, test := range map[string]struct {
		value, config string
		want          scanners.Status
		reject        bool
	}{
		"common word":        {value: "Active", want: scanners.StatusActive},
		"on leave":           {value: "On Leave", want: scanners.StatusLeave},
		"code":               {value: "T", reject: true},
		"inactive is no end": {value: "inactive", reject: true},
		"translated":         {value: "t", config: "values: {status: {T: terminated}}", want: scanners.StatusTerminated},
		"number":             {value: "0", config: "values: {status: {0: terminated}}", want: scanners.StatusTerminated},
		"empty":              {reject: true},
		"empty with dates":   {config: "last_day: inclusive", want: scanners.StatusUnstated},
		"empty, translated":  {config: `values: {status: {"": active}}`, want: scanners.StatusActive},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("hr.csv", []byte("id,state,to\n1,"+test.value+",\n2,active,\n"))
			columns := "{id: id, status: state}"
			if strings.Contains(test.config, "last_day") {
				columns = "{id: id, status: state, end: to}"
			}
			got := scanPeople(t, w, "path: hr.csv\ncolumns: "+columns+"\n"+test.config)
			if test.reject {
				if len(got.rejected) != 1 || len(got.coverage.Gaps) != 2 || !strings.Contains(got.coverage.Gaps[0].What, "status = ") {
					t.Fatalf("rejected %+v, gaps %+v; want the row and its code", got.rejected, got.coverage.Gaps)
				}
				return
			}
			if len(got.rejected) != 0 || got.records[0].Employments[0].Status != test.want {
				t.Errorf("people %+v, rejected %+v; want status %q", got.records, got.rejected, test.want)
			}
		})
	}
}

// TestRepeatedPeople checks the three meanings of an id that comes again.
func TestRepeatedPeople(t *testing.T) {
	const content = "id,mail,to\n1,a@corp.example,2025-06-30\n1,a@corp.example,\n2,b@corp.example,\n2,b@corp.example,\n"
	for rows, test := range map[string]struct {
		records, rejected int
		keys              string
	}{
		"":           {4, 0, ""},
		"employment": {4, 0, ""},
		"person":     {2, 1, "1"},
	} {
		w := newWorld(t)
		w.write("hr.csv", []byte(content))
		config := "path: hr.csv\nlast_day: inclusive\ncolumns: {id: id, mail: mail, end: to}\n"
		if rows != "" {
			config += "rows: " + rows
		}
		got := scanPeople(t, w, config)
		if len(got.records) != test.records || len(got.rejected) != test.rejected {
			t.Errorf("rows %q: %d records, rejected %+v; want %d and %d", rows, len(got.records), got.rejected, test.records, test.rejected)
		}
		if test.rejected == 1 && (got.rejected[0].ID != test.keys || got.rejected[0].Raw == "" || got.rejected[0].Place != "line 3") {
			t.Errorf("rows %q: rejection %+v", rows, got.rejected[0])
		}
	}
}

func TestTwiceDecoded(t *testing.T) {
	w := newWorld(t)
	w.write("hr.csv", []byte("id,family\n1,MÃ¼ller\n2,Müller\n3,Ångström\n"))
	got := scanPeople(t, w, "path: hr.csv\ncolumns: {id: id, family_name: family}")
	if len(got.coverage.Gaps) != 1 || got.coverage.Gaps[0].Count != scanners.Known[int64](1) {
		t.Errorf("gaps %+v, want one text that was decoded twice", got.coverage.Gaps)
	}
}
