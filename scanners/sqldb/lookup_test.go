package sqldb

import (
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// TestLookup finds one account of several that a database may take for the same, and nothing by an id that is SQL.
func TestLookup(t *testing.T) {
	for _, system := range systems() {
		t.Run(string(system), func(t *testing.T) {
			d := use(t, system)
			table := d.table(t, "id varchar(40), login varchar(20), staff varchar(20)")
			d.run(t, "INSERT INTO "+table+" VALUES ('abc', 'lower', '1'), ('ABC', 'upper', '2'), ('a''b', 'quote', '3'), (' x', 'blank', '4'), ('pad  ', 'padded', '5'),"+
				" ('bad', 'bad', '1.23E+05'), ('ä', 'umlaut', '6'), ('a', 'letter', '7'), ('twice', 'one', '8'), ('twice', 'two', '9')")
			out := outside(t)
			s := accountsOf(t, d, out.Env, "statement: SELECT * FROM "+table+"\ncolumns: {id: id, login: login, employee_id: staff}")
			for id, want := range map[string]string{
				"abc": "lower", "ABC": "upper", "aBc": "never", "a'b": "quote", " x": "blank", "x": "never", "pad": "padded", "ä": "umlaut", "a": "letter", "A": "never",
				"bad": "unknown", "twice": "unknown", "' OR '1'='1": "never", "abc' --": "never", "x'; DROP TABLE " + table + "; --": "never", `\' OR 1=1 #`: "never",
				"$1": "never", "?": "never", "": "never", "%": "never", "a_c": "never", strings.Repeat("x", 10_000): "never", "NULL": "never",
			} {
				a, found, err := s.Lookup(t.Context(), id)
				got := a.Login()
				if !scanners.Is(found, true) {
					got = map[bool]string{true: "never", false: "unknown"}[found.IsNever()]
				}
				// Where two rows share an id, the scan is partial: an id that is not seen is then not known to be gone.
				if want == "never" {
					want = "unknown"
				}
				if err != nil || got != want {
					t.Errorf("%q: %s (%+v), %v; want %s", id, got, found, err, want)
				}
			}
			d.run(t, "DELETE FROM "+table+" WHERE login = 'two'")
			for _, id := range []string{"aBc", "x", "' OR '1'='1", "x'; DROP TABLE " + table + "; --", "$1", "%"} {
				if a, found, err := s.Lookup(t.Context(), id); err != nil || !found.IsNever() {
					t.Errorf("%q: %q, %+v, %v; want never", id, a.Login(), found, err)
				}
			}
			if len(out.Rejected) > 0 {
				t.Errorf("a look-up kept %d rejections", len(out.Rejected))
			}
		})
	}
}

// TestLookupOfTypes finds ids of every type by the text that a scan gave them.
func TestLookupOfTypes(t *testing.T) {
	for system, types := range map[readonly.System]map[string]string{
		readonly.PostgreSQL: {"bigint": "9007199254740993", "uuid": "'0b0e7c3a-3f44-4e52-9f0d-111111111111'", "bytea": "'\\x00ff'", "char(8)": "'ab'", "numeric": "12345678901234567890", "name": "'x'"},
		readonly.MySQL:      {"bigint unsigned": "18446744073709551615", "binary(2)": "X'00ff'", "varbinary(8)": "X'0aff'", "char(8)": "'ab'", "decimal(20,0)": "12345678901234567890", "int(8) zerofill": "7"},
		readonly.SQLite:     {"integer": "9007199254740993", "blob": "X'00ff'", "text": "'ab'", "any": "'x'"},
	} {
		t.Run(string(system), func(t *testing.T) {
			d := use(t, system)
			for typ, value := range types {
				table := d.table(t, "id "+typ)
				d.run(t, "INSERT INTO "+table+" VALUES ("+value+")")
				s := accountsOf(t, d, outside(t).Env, "statement: SELECT id FROM "+table+"\ncolumns: {id: id}")
				got := scan(t, s)
				if got.err != nil || len(got.records) != 1 {
					t.Fatalf("%s: %d records, %v", typ, len(got.records), got.err)
				}
				if a, found, err := s.Lookup(t.Context(), got.records[0].ID); err != nil || !scanners.Is(found, true) || a.ID != got.records[0].ID {
					t.Errorf("%s: %q is not found: %+v, %v", typ, got.records[0].ID, found, err)
				}
			}
		})
	}
}

// TestLookupOfPerson collects the employments of a person.
func TestLookupOfPerson(t *testing.T) {
	d := use(t, readonly.PostgreSQL)
	table := d.table(t, "id integer, hired date, gone date")
	d.run(t, "INSERT INTO "+table+" VALUES (1, '2020-01-01', '2020-12-31'), (1, '2024-01-01', NULL), (2, '2020-01-01', NULL)")
	s, err := Kind().People(scannertest.Config("url: "+d.url+"\n"+d.config+"\nstatement: SELECT * FROM "+table+"\nlast_day: inclusive\ncolumns: {id: id, start: hired, end: gone}"), outside(t).Env)
	if err != nil {
		t.Fatal(err)
	}
	p, found, err := s.(scanners.Lookup[scanners.Person]).Lookup(t.Context(), "1")
	if err != nil || !scanners.Is(found, true) || len(p.Employments) != 2 || !p.Employments[1].End.IsNever() {
		t.Errorf("%+v, %+v, %v", p, found, err)
	}
}
