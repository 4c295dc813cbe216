package sqldb

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// at is an instant in Berlin's winter, UTC+1.
func at(text string) scanners.Fact[time.Time] {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return scanners.Known(t.UTC())
}

// expression is a value that a statement delivers, and what it has to mean.
type expression struct {
	field, sql string
	want       string
}

// meaning is a field of an account as text.
func meaning(a scanners.Account, field string) string {
	times := map[string]scanners.Fact[time.Time]{"created": a.Created, "expires": a.Expires, "disabled_at": a.DisabledAt, "password_changed": a.PasswordChanged}
	if len(a.Signals) > 0 {
		times["last_activity"] = a.Signals[0].At
	}
	truths := map[string]scanners.Fact[bool]{"enabled": a.Enabled, "locked": a.Locked, "privileged": a.Privileged}
	if f, ok := times[field]; ok {
		text := fact(f, func(t time.Time) string { return t.Format(time.RFC3339Nano) })
		if field == "last_activity" && f.IsKnown() {
			text += fmt.Sprint(" +", a.Signals[0].Precision)
		}
		return text
	}
	if f, ok := truths[field]; ok {
		return fact(f, func(b bool) string { return fmt.Sprint(b) })
	}
	switch field {
	case "failed_logins":
		return fact(a.FailedLogins, func(n int64) string { return fmt.Sprint(n) })
	case "id":
		return a.ID
	case "kind":
		return string(a.Kind)
	}
	lists := map[string][]string{"login": a.Logins, "mail": a.Mails, "employee_id": a.EmployeeIDs, "licences": a.Licences, "groups": nil}
	for _, g := range a.Grants {
		lists["groups"] = append(lists["groups"], g.Name)
	}
	text, _ := json.Marshal(lists[field])
	return string(text)
}

func fact[T any](f scanners.Fact[T], show func(T) string) string {
	switch {
	case f.IsKnown():
		return show(f.Value)
	case f.IsNever():
		return "never"
	}
	return "unknown: " + f.Reason
}

// common are expressions that every database has.
func common() []expression {
	return []expression{
		{"id", "42", "42"}, {"id", "'0'", "0"}, {"id", "'a  '", "a"}, {"id", "' a'", " a"}, {"id", "CAST(NULL AS char(3))", "row rejected: it has no id"},
		{"id", "''", "row rejected: it has no id"}, {"id", "'NULL'", "row rejected: it has no id"}, {"id", "'1.23E+05'", "row rejected: \"1.23E+05\" is a number"},
		{"enabled", "1", "true"}, {"enabled", "0", "false"}, {"enabled", "'Active'", "true"}, {"enabled", "'X'", "false"}, {"enabled", "'?'", "unknown: the database says"},
		{"enabled", "NULL", "unknown: NULL in the database"}, {"enabled", "'maybe'", `unknown: "maybe" is not translated`}, {"enabled", "2", `unknown: "2" is not translated`},
		{"locked", "'unlocked'", "false"}, {"privileged", "'yes'", "true"},
		{"created", "NULL", "unknown: NULL in the database"}, {"last_activity", "NULL", "never"}, {"last_activity", "'never'", "never"}, {"created", "'2026-03-01T12:00:00+02:00'", "2026-03-01T10:00:00Z"},
		{"created", "'2026-03-01 12:00:00'", "2026-03-01T11:00:00Z"}, {"last_activity", "'2026-03-01'", "2026-02-28T23:00:00Z +24h0m0s"},
		{"last_activity", "'2026-03-01 12:00'", "2026-03-01T11:00:00Z +1m0s"}, {"created", "'yesterday'", `unknown: "yesterday" is not a date`},
		{"created", "'1601-01-01 00:00:00'", "unknown: NULL in the database"}, {"last_activity", "'1970-01-01 00:00:00'", "never"},
		{"last_activity", "'0000-00-00 00:00:00'", "never"}, {"expires", "'9999-12-31'", "never"}, {"created", "1772362800", `unknown: "1772362800" is not a date`},
		{"failed_logins", "3", "3"}, {"failed_logins", "'3'", "3"}, {"failed_logins", "-1", `unknown: "-1" is not a count`}, {"failed_logins", "NULL", "unknown: NULL in the database"},
		{"employee_id", "'00042'", `["00042"]`}, {"employee_id", "42", `["42"]`}, {"employee_id", "'n/a'", "null"}, {"employee_id", "0", "null"},
		{"employee_id", "'1;2;1'", `["1","2"]`}, {"employee_id", "'1.23E+05'", "row rejected: \"1.23E+05\" is a number"}, {"employee_id", "'123.0'", "row rejected: \"123.0\" is a number"},
		{"mail", "'smtp:b@x.example;SMTP:a@x.example, none'", `["a@x.example","b@x.example"]`}, {"mail", "NULL", "null"},
		{"groups", "'staff; sales;'", `["staff","sales"]`}, {"kind", "'svc'", "service"}, {"kind", "'robot'", ""},
	}
}

// own are those of one system.
func own(system readonly.System) []expression {
	switch system {
	case readonly.PostgreSQL:
		return []expression{
			{"id", "'0B0E7C3A-3F44-4E52-9F0D-111111111111'::uuid", "0b0e7c3a-3f44-4e52-9f0d-111111111111"}, {"id", `decode('00ff', 'hex')`, "00ff"}, {"id", "12345678901234567890::numeric", "12345678901234567890"},
			{"id", "1.0::numeric", "row rejected: \"1.0\" is a number"}, {"id", "1.5::float8", "row rejected: 1.5 is a floating point number"}, {"id", "'abc'::char(6)", "abc"}, {"id", "now()", "row rejected"},
			{"id", "'x'::name", "x"}, {"id", "4000000000::oid", "4000000000"}, {"id", "'x'::\"char\"", "x"}, {"id", "true", "row rejected"}, {"id", "ARRAY['a']", "row rejected"},
			{"created", "timestamptz '2026-03-01 12:00:00.25+02'", "2026-03-01T10:00:00.25Z"}, {"created", "timestamp '2026-03-01 12:00:00'", "2026-03-01T11:00:00Z"},
			{"created", "timestamp '2026-07-01 12:00:00'", "2026-07-01T10:00:00Z"}, {"last_activity", "timestamp '2025-10-26 02:30:00'", "2025-10-26T00:30:00Z +1h0m0s"},
			{"last_activity", "date '2026-03-01'", "2026-02-28T23:00:00Z +24h0m0s"}, {"last_activity", "timestamptz '2026-03-01 12:00:00Z'", "2026-03-01T12:00:00Z +0s"},
			{"expires", "timestamptz 'infinity'", "never"}, {"expires", "date 'infinity'", "never"}, {"expires", "timestamp '9999-12-31 00:00'", "never"}, {"created", "timestamptz 'infinity'", `unknown: "infinity" is not a date`},
			{"last_activity", "timestamptz '-infinity'", "never"}, {"last_activity", "timestamp '0044-03-15 BC'", "never"}, {"created", "'{}'::jsonb", `unknown: "{}" is not a date`},
			{"enabled", "true", "true"}, {"enabled", "NULL::boolean", "unknown: NULL in the database"}, {"enabled", "'t'::text", "true"}, {"failed_logins", "3::smallint", "3"}, {"failed_logins", "2.5::float8", `unknown: "2.5" is not a count`},
			{"groups", `ARRAY['a;b', 'c "d"', NULL, 'e,f']`, `["a;b","c \"d\"","e,f"]`}, {"groups", "'{}'::text[]", "null"}, {"employee_id", "ARRAY[7, 8]", `["7","8"]`},
			{"employee_id", "7.5::float8", "row rejected: 7.5 is a floating point number"}, {"employee_id", "date '2026-01-02'", "row rejected"},
		}
	case readonly.MySQL:
		return []expression{
			{"id", "X'00ff'", "00ff"}, {"id", "CAST(7 AS UNSIGNED)", "7"}, {"id", "18446744073709551615", "18446744073709551615"}, {"id", "1.5e0", "row rejected: 1.5 is a floating point number"},
			{"id", "CAST('x' AS CHAR CHARACTER SET latin1)", "x"}, {"created", "CAST('2026-03-01 12:00:00' AS DATETIME)", "2026-03-01T11:00:00Z"}, {"created", "FROM_UNIXTIME(1772362800)", "2026-03-01T10:00:00Z"},
			{"last_activity", "CAST('2026-03-01' AS DATE)", "2026-02-28T23:00:00Z +24h0m0s"}, {"created", "CAST('2026-03-01 12:00:00.25' AS DATETIME(2))", "2026-03-01T11:00:00.25Z"},
			{"enabled", "TRUE", "true"}, {"failed_logins", "CAST(3 AS DECIMAL(5,0))", "3"}, {"failed_logins", "YEAR('2026-01-01')", "2026"},
			{"employee_id", "CAST(7 AS DECIMAL(5,0))", `["7"]`}, {"login", "CAST('x' AS BINARY)", `["78"]`},
		}
	}
	return []expression{
		{"id", "X'00ff'", "00ff"}, {"id", "1.5", "row rejected: 1.5 is a floating point number"}, {"id", "9223372036854775807", "9223372036854775807"},
		{"created", "datetime('2026-03-01 12:00:00')", "2026-03-01T11:00:00Z"}, {"created", "'2026-03-01 12:00:00+00:00'", "2026-03-01T12:00:00Z"}, {"created", "'2026-03-01 12:00:00 +0000 UTC'", "2026-03-01T12:00:00Z"},
		{"enabled", "TRUE", "true"}, {"failed_logins", "2.5", `unknown: "2.5" is not a count`},
	}
}

// TestTypes delivers one value of every sort for every field that reads it.
func TestTypes(t *testing.T) {
	for _, system := range systems() {
		t.Run(string(system), func(t *testing.T) {
			d := use(t, system)
			for _, e := range append(common(), own(system)...) {
				t.Run(e.field+" "+strings.ReplaceAll(e.sql, "/", "|"), func(t *testing.T) {
					out := outside(t)
					id := "'1' AS id, "
					if e.field == "id" {
						id = ""
					}
					// A table in between gives the value a column, as the data of a real one has.
					s := accountsOf(t, d, out.Env, fmt.Sprintf("columns: {id: id, %s: v}", map[bool]string{true: "display_name", false: e.field}[e.field == "id"])+
						"\nzone: Europe/Berlin\nempty: {last_activity: never}\nvalues: {enabled: {X: false, '?': unknown}, kind: {svc: service}}"+
						"\nstatement: |\n  SELECT "+id+"1 AS v")
					s.statement = fmt.Sprintf("SELECT %s%s AS v", id, e.sql)
					if e.field == "id" {
						s.columns["id"] = List{"v"}
					}
					got := scan(t, s)
					text := ""
					switch {
					case got.err != nil:
						text = got.err.Error()
					case len(out.Rejected) > 0:
						text = "row rejected: " + out.Rejected[0].Reason
					case len(got.records) == 1:
						text = meaning(got.records[0], e.field)
					}
					if text != e.want && !(len(e.want) >= 12 && strings.HasPrefix(text, e.want)) {
						t.Errorf("means %q, want %q", text, e.want)
					}
				})
			}
		})
	}
}

// TestDeclaredTimes: SQLite's driver makes times of columns that are declared to hold some, and forgets whether they state a zone.
func TestDeclaredTimes(t *testing.T) {
	d := use(t, readonly.SQLite)
	name := d.table(t, "id INTEGER PRIMARY KEY, made DATETIME, used TIMESTAMP, day DATE")
	d.run(t, "INSERT INTO "+name+" VALUES (1, '2026-03-01 12:00:00', '2026-03-01 12:00:00Z', '2026-03-01'), (2, '2026-03-01T12:00:00+02:00', 'yesterday', '')")
	got := scan(t, accountsOf(t, d, outside(t).Env, "zone: Europe/Berlin\nstatement: SELECT * FROM "+name+"\ncolumns: {id: ID, created: Made, last_activity: [used, day]}"))
	if got.err != nil || len(got.records) != 2 {
		t.Fatalf("%d records, %v", len(got.records), got.err)
	}
	a, b := got.records[0], got.records[1]
	want := []scanners.Signal{{Name: "used", At: at("2026-03-01T12:00:00Z")}, {Name: "day", At: at("2026-02-28T23:00:00Z"), Precision: 24 * time.Hour}}
	if diff := cmp.Diff(want, a.Signals); diff != "" || a.Created != at("2026-03-01T11:00:00Z") {
		t.Errorf("created %+v, signals (-want +got):\n%s", a.Created, diff)
	}
	if b.Created != at("2026-03-01T10:00:00Z") || !b.Signals[0].At.IsUnknown() || !b.Signals[1].At.IsUnknown() {
		t.Errorf("created %+v, signals %+v", b.Created, b.Signals)
	}
}

// TestDeclaredTypesOfMySQL: zero dates, zero-filled numbers and bits as columns hold them.
func TestDeclaredTypesOfMySQL(t *testing.T) {
	d := use(t, readonly.MySQL)
	name := d.table(t, "id INT(6) UNSIGNED ZEROFILL, made DATETIME, used TIMESTAMP NULL, day DATE, active BIT(1), staff DECIMAL(8,0), guid BINARY(2)")
	d.run(t, "SET SESSION sql_mode = ''", "INSERT INTO "+name+" VALUES (42, '0000-00-00 00:00:00', '2026-03-01 12:00:00', '2026-02-00', b'1', 7, X'0a0b')")
	s := accountsOf(t, d, outside(t).Env, "zone: Europe/Berlin\nempty: {created: never}\nstatement: SELECT * FROM "+name+"\ncolumns: {id: id, created: made, last_activity: [used, day], enabled: active, employee_id: staff, anchor: guid}")
	got := scan(t, s)
	if got.err != nil || len(got.records) != 1 {
		t.Fatalf("%d records, %v", len(got.records), got.err)
	}
	a := got.records[0]
	if a.ID != "42" || !a.Created.IsNever() || !scanners.Is(a.Enabled, true) || a.EmployeeIDs[0] != "7" || a.Anchors[0] != "0a0b" {
		t.Errorf("%+v", a)
	}
	if !a.Signals[0].At.IsKnown() || !a.Signals[1].At.IsUnknown() {
		t.Errorf("signals %+v: a day that is none is unknown, and costs nothing else", a.Signals)
	}
	// The database writes the number with zeros before it, so it does not find 42; reading everything does.
	if _, found, err := s.Lookup(t.Context(), "42"); err != nil || !scanners.Is(found, true) {
		t.Errorf("look-up of a zero-filled number: %+v, %v", found, err)
	}
}
