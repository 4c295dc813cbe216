package sqldb

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/fixtures/servers"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// many are more rows than lie in any buffer between the server and a test.
const many = 20_000

// crowd makes a table of many rows.
func (d *database) crowd(t testing.TB) string {
	t.Helper()
	name := d.table(t, "id integer primary key, note varchar(200)")
	rows := fmt.Sprintf("SELECT g, repeat('x', 200) FROM generate_series(1, %d) g", many)
	if d.system == readonly.MySQL {
		rows = fmt.Sprintf("SELECT seq, repeat('x', 200) FROM seq_1_to_%d", many)
	}
	d.run(t, "INSERT INTO "+name+" "+rows)
	return name
}

func crowdOf(t testing.TB, d *database, env scanners.Env, table string) *source[scanners.Account] {
	return accountsOf(t, d, env, "statement: SELECT id, note FROM "+table+"\ncolumns: {id: id, display_name: note}")
}

// cut ends every connection of the reading user, as a restart of the server does.
func (d *database) cut(t testing.TB) {
	t.Helper()
	if d.system == readonly.PostgreSQL {
		d.run(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'leaver'")
		return
	}
	d.run(t, "KILL USER leaver@'127.0.0.1'")
}

// TestCutInTheMiddle loses the connection after rows were handed on. Everything is read again, nothing is handed on twice, and the
// result is complete only when what was handed on is still true.
func TestCutInTheMiddle(t *testing.T) {
	for _, system := range []readonly.System{readonly.PostgreSQL, readonly.MySQL} {
		for name, test := range map[string]struct {
			change   string // between the two readings
			complete bool
			records  int
			why      string
		}{
			"nothing changes":               {"", true, many, "same transaction"},
			"a row that came is deleted":    {"DELETE FROM § WHERE id = 1", false, many, "1 rows that were handed on are gone, 0 are different"},
			"a row that came is changed":    {"UPDATE § SET note = 'y' WHERE id = 2", false, many, "0 rows that were handed on are gone, 1 are different"},
			"a row that had not come comes": {fmt.Sprintf("INSERT INTO § VALUES (%d, 'z')", many+1), true, many + 1, "same transaction"},
			"a row that had not come goes":  {fmt.Sprintf("DELETE FROM § WHERE id = %d", many), true, many - 1, "same transaction"},
		} {
			t.Run(string(system)+" "+name, func(t *testing.T) {
				d := use(t, system)
				table := d.crowd(t)
				out := outside(t)
				seen := map[string]bool{}
				coverage, err := crowdOf(t, d, out.Env, table).Scan(t.Context(), func(a scanners.Account) error {
					if seen[a.ID] {
						t.Errorf("%s was handed on twice", a.ID)
					}
					if seen[a.ID] = true; len(seen) == 10 {
						d.cut(t)
						if test.change != "" {
							d.run(t, strings.ReplaceAll(test.change, "§", table))
						}
					}
					return nil
				})
				if err != nil || coverage.Verdict.Complete() != test.complete || len(seen) != test.records || coverage.Read != int64(test.records) || !strings.Contains(coverage.Why, test.why) {
					t.Errorf("%d records, read %d, %v (%s), %v", len(seen), coverage.Read, coverage.Verdict, coverage.Why, err)
				}
				if len(out.Waited) != 1 || coverage.Pages != 2 {
					t.Errorf("waited %v, %d readings", out.Waited, coverage.Pages)
				}
			})
		}
	}
}

// TestServerDies kills the server in the middle of a scan, and it does not come back.
func TestServerDies(t *testing.T) {
	servers.Need(t, servers.MariaDBPrograms()...)
	dir, err := os.MkdirTemp("", "leaver-sql-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s, err := servers.StartMariaDB(dir, servers.MariaDB{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	d := &database{system: readonly.MySQL, mariadb: s, url: "mysql://" + s.Address + "/test1", config: "user: leaver\npassword: env:PW", admin: openMariaDB(t, s, "")}
	d.run(t, "CREATE DATABASE test1", "CREATE USER leaver@'127.0.0.1' IDENTIFIED BY 'reader'", "GRANT SELECT ON test1.* TO leaver@'127.0.0.1'")
	_ = d.admin.Close()
	d.admin = openMariaDB(t, s, "test1")
	defer d.admin.Close()
	out, n := outside(t), 0
	coverage, err := crowdOf(t, d, out.Env, d.crowd(t)).Scan(t.Context(), func(scanners.Account) error {
		if n++; n == 10 {
			s.Kill()
		}
		return nil
	})
	if err == nil || coverage.Verdict != scanners.Partial || n >= many || coverage.Read != int64(n) {
		t.Errorf("%d records, read %d, %v (%s), %v; want a partial scan", n, coverage.Read, coverage.Verdict, coverage.Why, err)
	}
	if len(out.Waited) != 3 {
		t.Errorf("waited %v, want four tries", out.Waited)
	}
}

// TestSnapshot changes the data while it is read: the scan shows the state of its beginning, and its count fits.
func TestSnapshot(t *testing.T) {
	for _, system := range []readonly.System{readonly.PostgreSQL, readonly.MySQL} {
		t.Run(string(system), func(t *testing.T) {
			d := use(t, system)
			table := d.crowd(t)
			n := 0
			coverage, err := crowdOf(t, d, outside(t).Env, table).Scan(t.Context(), func(a scanners.Account) error {
				if n++; n == 10 {
					d.run(t, "DELETE FROM "+table+" WHERE id > 100", "INSERT INTO "+table+" VALUES (1000000, 'new')")
				}
				return nil
			})
			if err != nil || n != many || coverage.Verdict != scanners.Proved {
				t.Errorf("%d records, %v (%s), %v", n, coverage.Verdict, coverage.Why, err)
			}
		})
	}
}

// TestStatementTimeout: a statement that takes too long is ended, once and for all, and the hint says how to give it more time.
func TestStatementTimeout(t *testing.T) {
	for system, statement := range map[readonly.System]string{
		readonly.PostgreSQL: "SELECT 'a' AS id FROM pg_sleep(30)",
		readonly.MySQL:      "SELECT CONCAT(a.seq, b.seq, c.seq) AS id FROM seq_1_to_100000 a, seq_1_to_100000 b, seq_1_to_1000 c WHERE SLEEP(0.001) = 0",
		readonly.SQLite:     "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id FROM n",
	} {
		t.Run(string(system), func(t *testing.T) {
			d, out := use(t, system), outside(t)
			s := accountsOf(t, d, out.Env, "statement: "+statement+"\ncolumns: {id: id}")
			s.server.Statement = 300 * time.Millisecond
			began := time.Now()
			got := scan(t, s)
			if got.err == nil || got.coverage.Verdict.Complete() || !strings.Contains(got.err.Error(), "timeouts.statement") {
				t.Errorf("%v (%s), %v", got.coverage.Verdict, got.coverage.Why, got.err)
			}
			if len(out.Waited) > 0 || time.Since(began) > 20*time.Second {
				t.Errorf("waited %v, took %v: tried again", out.Waited, time.Since(began))
			}
		})
	}
}

// TestHiddenRows: where a policy hides rows from the reading user, a short list would look like the whole one.
func TestHiddenRows(t *testing.T) {
	d := use(t, readonly.PostgreSQL)
	table := d.table(t, "id integer, owner text")
	d.run(t, "INSERT INTO "+table+" VALUES (1, 'leaver'), (2, 'other')", "ALTER TABLE "+table+" ENABLE ROW LEVEL SECURITY",
		"CREATE POLICY own ON "+table+" USING (owner = current_user)")
	out := outside(t)
	got := scan(t, accountsOf(t, d, out.Env, "statement: SELECT id FROM "+table+"\ncolumns: {id: id}"))
	if got.err == nil || got.coverage.Verdict != scanners.Blind || !strings.Contains(got.err.Error(), "BYPASSRLS") || len(out.Waited) > 0 {
		t.Errorf("%d records, %v (%s), %v", len(got.records), got.coverage.Verdict, got.coverage.Why, got.err)
	}
}

// TestLimitOfServer: MariaDB can be told to end every answer after some rows, without a word to the client.
func TestLimitOfServer(t *testing.T) {
	d := use(t, readonly.MySQL)
	table := d.fill(t, 25, scannertest.Healthy)
	d.run(t, "SET GLOBAL sql_select_limit = 5")
	t.Cleanup(func() { d.run(t, "SET GLOBAL sql_select_limit = 18446744073709551615") })
	got := scan(t, accountsOf(t, d, outside(t).Env, "statement: SELECT * FROM "+table+"\n"+userColumns))
	if got.err != nil || len(got.records) != 25 || got.coverage.Verdict != scanners.Proved {
		t.Errorf("%d records, %v (%s), %v", len(got.records), got.coverage.Verdict, got.coverage.Why, got.err)
	}
}

// TestWrongCredential: it is told as such, tried once, and the password is in no message.
func TestWrongCredential(t *testing.T) {
	for _, system := range []readonly.System{readonly.PostgreSQL, readonly.MySQL} {
		t.Run(string(system), func(t *testing.T) {
			d, out := use(t, system), outside(t)
			out.Secrets["env:PW"] = "hunter2"
			p := newProxy(t, d.address, func(int) treatment { return treatment{} })
			through := *d
			through.url = strings.Replace(d.url, d.address, p.address, 1)
			s := accountsOf(t, &through, out.Env, "statement: SELECT 1 AS id\ncolumns: {id: id}")
			got := scan(t, s)
			if got.err == nil || !strings.Contains(got.err.Error(), "does not accept user and password") || strings.Contains(got.err.Error(), "hunter2") {
				t.Errorf("%v", got.err)
			}
			if n := p.connections.Load(); n != 1 {
				t.Errorf("%d connections: a wrong password may lock the user when it is tried again", n)
			}
			if _, found, err := s.Lookup(t.Context(), "1"); err == nil || !found.IsUnknown() {
				t.Errorf("look-up: %+v, %v", found, err)
			}
			out.Secrets = map[string]string{}
			if got := scan(t, s); got.err == nil || !strings.Contains(got.err.Error(), "password: ") {
				t.Errorf("without the secret: %v", got.err)
			}
		})
	}
}

// TestRefusedByDatabase lists statements that the database does not understand, and columns that are not there.
func TestRefusedByDatabase(t *testing.T) {
	for _, system := range systems() {
		d := use(t, system)
		for name, test := range map[string]struct{ config, want string }{
			"no such table":         {"statement: SELECT id FROM nowhere\ncolumns: {id: id}", "nowhere"},
			"no such column":        {"statement: SELECT 1 AS id, 2 AS b\ncolumns: {id: id, login: c}", "its columns are id, b"},
			"two of a name":         {"statement: SELECT 1 AS id, 2 AS b, 3 AS B\ncolumns: {id: id, login: b}", "olumn"},
			"not one statement":     {"statement: SELECT 1 AS id SELECT 2 AS id\ncolumns: {id: id}", ""},
			"more than one of them": {"statement: SELECT id AS id FROM (SELECT 1 AS id) x) y\ncolumns: {id: id}", ""},
		} {
			t.Run(string(system)+" "+name, func(t *testing.T) {
				out := outside(t)
				opened, err := Kind().Accounts(scannertest.Config("url: '"+d.url+"'\n"+d.config+"\n"+test.config), out.Env)
				if err != nil {
					return // refused before anything was asked
				}
				got := scan(t, opened)
				if got.err == nil || !strings.Contains(got.err.Error(), test.want) || len(got.records) > 0 || len(out.Waited) > 0 {
					t.Errorf("%d records, %v, waited %v", len(got.records), got.err, out.Waited)
				}
			})
		}
	}
}

// TestEnvironment plants everything that other programs of the database would read, and reads all the same.
func TestEnvironment(t *testing.T) {
	d := use(t, readonly.PostgreSQL)
	table := d.fill(t, 3, scannertest.Healthy)
	home := t.TempDir()
	for name, text := range map[string]string{
		".pgpass": "*:*:*:*:from-the-file\n", ".pg_service.conf": "[evil]\nhost=192.0.2.1\nuser=evil\noptions=-c search_path=evil\n", ".postgresql/root.crt": "no certificate",
		".my.cnf": "[client]\npassword=evil\n",
	} {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	for name, value := range map[string]string{"PGHOST": "192.0.2.1", "PGPORT": "x", "PGUSER": "evil", "PGPASSWORD": "evil", "PGDATABASE": "evil", "PGSSLMODE": "nonsense",
		"PGCONNECT_TIMEOUT": "x", "PGTARGETSESSIONATTRS": "x", "PGOPTIONS": "-c search_path=evil", "PGTZ": "Mars/Base", "PGAPPNAME": "evil", "PGCHANNELBINDING": "x",
		"PGREQUIREAUTH": "x", "PGMINPROTOCOLVERSION": "9", "PGSSLROOTCERT": "/none", "PGSSLCERT": "/none", "PGSSLKEY": "/none", "PGSSLNEGOTIATION": "x", "PGSSLCERTMODE": "x"} {
		t.Setenv(name, value)
	}
	look := func(t *testing.T) {
		t.Helper()
		got := scan(t, accountsOf(t, d, outside(t).Env, "statement: SELECT id, login, pg_catalog.current_setting('application_name') AS app, current_user::text AS who FROM "+table+
			"\ncolumns: {id: id, login: app, display_name: who}"))
		if got.err != nil || len(got.records) != 3 || got.records[0].Login() != "leaver" || got.records[0].DisplayName != "leaver" {
			t.Errorf("%v, %+v", got.err, got.records)
		}
	}
	t.Run("variables", look)
	t.Run("service", func(t *testing.T) { t.Setenv("PGSERVICE", "evil"); look(t) })
	t.Run("service that is not there", func(t *testing.T) { t.Setenv("PGSERVICE", "missing"); look(t) })
	t.Run("service file that is not there", func(t *testing.T) {
		t.Setenv("PGSERVICE", "evil")
		t.Setenv("PGSERVICEFILE", "/none")
		look(t)
	})
	t.Run("no password", func(t *testing.T) {
		d := *d
		d.config = "user: leaver"
		got := scan(t, accountsOf(t, &d, outside(t).Env, "statement: SELECT 1 AS id\ncolumns: {id: id}"))
		if got.err == nil || !strings.Contains(got.err.Error(), "user and password") {
			t.Errorf("%v: the password came from somewhere", got.err)
		}
	})
}

// TestDial: everything goes through the dialer of the run, and what that refuses is not tried again.
func TestDial(t *testing.T) {
	for _, system := range []readonly.System{readonly.PostgreSQL, readonly.MySQL, readonly.SQLServer} {
		t.Run(string(system), func(t *testing.T) {
			out := outside(t)
			var dialled atomic.Int32
			out.Dial = func(_ context.Context, network, address string) (net.Conn, error) {
				dialled.Add(1)
				if network != "tcp" || address != "metadata.example:80" {
					t.Errorf("%s %s was dialled", network, address)
				}
				return nil, &scanners.RefusedError{Target: address, Why: "it is the metadata service of a cloud provider"}
			}
			s, err := Kind().Accounts(scannertest.Config("url: "+string(system)+"://metadata.example:80/app\nuser: u\ntls: {plaintext: true}\nstatement: SELECT 1 AS id\ncolumns: {id: id}"), out.Env)
			if err != nil {
				t.Fatal(err)
			}
			got := scan(t, s)
			if got.err == nil || !strings.Contains(got.err.Error(), "metadata service") || len(out.Waited) > 0 || dialled.Load() == 0 {
				t.Errorf("%v, %d dialled, waited %v", got.err, dialled.Load(), out.Waited)
			}
		})
	}
}

// TestSockets reads through the sockets of the servers.
func TestSockets(t *testing.T) {
	for _, system := range []readonly.System{readonly.PostgreSQL, readonly.MySQL} {
		t.Run(string(system), func(t *testing.T) {
			d := *use(t, system)
			table := d.fill(t, 3, scannertest.Healthy)
			host := strings.ReplaceAll(d.socket, "/", "%2F")
			if system == readonly.PostgreSQL {
				host += ":" + d.postgres.Port
			}
			d.url = strings.Replace(d.url, d.address, host, 1)
			got := scan(t, accountsOf(t, &d, outside(t).Env, "statement: SELECT * FROM "+table+"\n"+userColumns))
			if got.err != nil || len(got.records) != 3 {
				t.Errorf("%d records, %v", len(got.records), got.err)
			}
		})
	}
}
