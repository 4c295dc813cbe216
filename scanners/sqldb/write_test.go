package sqldb

import (
	"slices"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// attempts are statements that change something, put to the handle itself, past the rules of declared statements. § stands for a
// table of one row.
func attempts(system readonly.System) map[string]string {
	all := map[string]string{"insert": "INSERT INTO § (id) VALUES ('2')", "update": "UPDATE § SET id = '2'", "delete": "DELETE FROM §",
		"create": "CREATE TABLE made_by_a_scan (id integer)", "drop": "DROP TABLE §", "alter": "ALTER TABLE § ADD more integer"}
	switch system {
	case readonly.PostgreSQL:
		for name, statement := range map[string]string{
			"insert in with": "WITH x AS (INSERT INTO § (id) VALUES ('2') RETURNING id) SELECT * FROM x", "into": "SELECT * INTO made_by_a_scan FROM §",
			"function": "SELECT write_t()", "sequence": "SELECT nextval('numbers')", "truncate": "TRUNCATE §", "copy": "COPY § FROM '/etc/hostname'",
			"large object": "SELECT lo_create(0)", "role": "CREATE ROLE made_by_a_scan", "grant": "GRANT ALL ON § TO PUBLIC", "lock": "SELECT * FROM § FOR UPDATE",
			"two statements": "SELECT 1; DELETE FROM §", "write mode": "SELECT set_config('transaction_read_only', 'off', true)", "begin again": "SET TRANSACTION READ WRITE",
		} {
			all[name] = statement
		}
	case readonly.MySQL:
		for name, statement := range map[string]string{"function": "SELECT write_t()", "truncate": "TRUNCATE §", "two statements": "SELECT 1; DELETE FROM §",
			"user": "CREATE USER made_by_a_scan", "grant": "GRANT ALL ON app.§ TO leaver@localhost", "load": "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE §"} {
			all[name] = statement
		}
	case readonly.SQLite:
		for name, statement := range map[string]string{"pragma": "PRAGMA user_version = 7", "vacuum": "VACUUM", "reindex": "REINDEX §", "two statements": "SELECT 1; DELETE FROM §"} {
			all[name] = statement
		}
	}
	return all
}

// TestWritesAreRefused tries to write as a user that may do everything: the server itself refuses, and nothing has changed.
func TestWritesAreRefused(t *testing.T) {
	for _, system := range systems() {
		t.Run(string(system), func(t *testing.T) {
			d := use(t, system)
			table := d.table(t, "id varchar(20), at timestamp")
			d.run(t, "INSERT INTO "+table+" (id) VALUES ('1')", "CREATE INDEX of_"+table+" ON "+table+" (id)")
			d.almighty(t, table)
			for name, statement := range attempts(system) {
				t.Run(name, func(t *testing.T) {
					s := accountsOf(t, d, outside(t).Env, "statement: SELECT id FROM "+table+"\ncolumns: {id: id}")
					if d.system == readonly.PostgreSQL {
						s.server.User = "almighty"
					}
					h, err := s.open(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if _, err := column(t.Context(), h, strings.ReplaceAll(statement, "§", table)); err == nil && !slices.Contains([]string{"two statements", "large object"}, name) {
						t.Errorf("%s was not refused", statement)
					}
					if err := h.Close(); err != nil {
						t.Error(err)
					}
					if got := d.text(t, "SELECT min(id) FROM "+table); got != "1" {
						t.Errorf("the table holds %q after %s", got, statement)
					}
					if d.system == readonly.PostgreSQL && d.text(t, "SELECT count(*) FROM pg_largeobject_metadata") != "0" {
						t.Errorf("%s left an object behind", statement) // before version 16 it is made, and rolled back
					}
				})
			}
		})
	}
}

// almighty prepares a user that may do everything, with a function and a sequence to write by.
func (d *database) almighty(t *testing.T, table string) {
	t.Helper()
	switch d.system {
	case readonly.PostgreSQL:
		d.run(t, "CREATE ROLE almighty SUPERUSER LOGIN PASSWORD 'reader'", "CREATE SEQUENCE numbers",
			"CREATE FUNCTION write_t() RETURNS integer LANGUAGE sql AS 'DELETE FROM "+table+"; SELECT 1'")
		t.Cleanup(func() { d.run(t, "DROP FUNCTION write_t()", "DROP SEQUENCE numbers", "DROP ROLE almighty") })
	case readonly.MySQL:
		d.run(t, "CREATE FUNCTION write_t() RETURNS integer MODIFIES SQL DATA BEGIN DELETE FROM "+table+"; RETURN 1; END",
			"GRANT ALL ON *.* TO leaver@'127.0.0.1' WITH GRANT OPTION")
		t.Cleanup(func() {
			d.run(t, "DROP FUNCTION write_t", "REVOKE ALL, GRANT OPTION FROM leaver@'127.0.0.1'", "GRANT SELECT ON app.* TO leaver@'127.0.0.1'")
		})
	}
}

// text is the one value that the administrator is given for a question.
func (d *database) text(t testing.TB, question string) string {
	t.Helper()
	text := ""
	if err := d.admin.QueryRow(question).Scan(&text); err != nil {
		t.Fatalf("%s: %v", question, err)
	}
	return text
}
