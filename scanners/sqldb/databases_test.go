package sqldb

import (
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/leaver-audit/leaver/fixtures/servers"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

var update = flag.Bool("update", false, "rewrite testdata/faults.json")

// TestMain gives the servers that the tests share a place, and ends them.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	shared.Lock()
	for _, stop := range shared.stops {
		stop()
	}
	shared.Unlock()
	os.Exit(code)
}

var shared struct {
	sync.Mutex
	stops     []func()
	databases map[readonly.System]*database
	tables    atomic.Int64
}

// database is a running one, in which a test makes its own tables.
type database struct {
	system readonly.System
	// url is what the connector is given, config what it needs beside it, and address where a proxy leads.
	url, config, address string
	admin                *sql.DB
	ca                   string
	socket               string
	postgres             *servers.RunningPostgres
	mariadb              *servers.RunningMariaDB
}

// use gives the shared database of a system, and starts it for the first test that asks.
func use(t testing.TB, system readonly.System) *database {
	t.Helper()
	switch system {
	case readonly.PostgreSQL:
		servers.Need(t, servers.PostgresPrograms()...)
	case readonly.MySQL:
		servers.Need(t, servers.MariaDBPrograms()...)
	}
	shared.Lock()
	defer shared.Unlock()
	if d := shared.databases[system]; d != nil {
		return d
	}
	dir, err := os.MkdirTemp("", "leaver-sql-")
	if err != nil {
		t.Fatal(err)
	}
	shared.stops = append(shared.stops, func() { _ = os.RemoveAll(dir) })
	d := map[readonly.System]func(testing.TB, string) *database{readonly.PostgreSQL: startPostgres, readonly.MySQL: startMariaDB, readonly.SQLite: makeSQLite}[system](t, dir)
	if shared.databases == nil {
		shared.databases = map[readonly.System]*database{}
	}
	shared.databases[system] = d
	return d
}

// certificates makes an authority and a certificate for the servers of this machine.
func certificates(t testing.TB, dir string) (ca string, cert servers.Certificate) {
	t.Helper()
	a, err := servers.NewAuthority(dir, "ca")
	if err != nil {
		t.Fatal(err)
	}
	if cert, err = a.Issue(servers.Request{CommonName: "localhost", Hosts: []string{"localhost", "127.0.0.1"}}); err != nil {
		t.Fatal(err)
	}
	return a.File, cert
}

func startPostgres(t testing.TB, dir string) *database {
	t.Helper()
	ca, cert := certificates(t, t.TempDir())
	text, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	s, err := servers.StartPostgres(dir, servers.Postgres{Cert: cert, Settings: "max_connections = 50"})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sql.Open("pgx", fmt.Sprintf("postgres://postgres:postgres@%s/postgres?sslmode=disable", s.Address))
	if err != nil {
		t.Fatal(err)
	}
	shared.stops = append([]func(){func() { _ = admin.Close(); s.Stop() }}, shared.stops...)
	d := &database{system: readonly.PostgreSQL, url: "postgres://" + s.Address + "/postgres", address: s.Address, admin: admin, postgres: s,
		config: "user: leaver\npassword: env:PW", ca: filepath.Join(dir, "ca-of-the-test.pem"), socket: s.Socket}
	if err := os.WriteFile(d.ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	d.run(t, "CREATE ROLE leaver LOGIN PASSWORD 'reader'", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
	return d
}

func startMariaDB(t testing.TB, dir string) *database {
	t.Helper()
	ca, cert := certificates(t, dir)
	s, err := servers.StartMariaDB(dir, servers.MariaDB{Cert: cert})
	if err != nil {
		t.Fatal(err)
	}
	d := &database{system: readonly.MySQL, url: "mysql://" + s.Address + "/app", address: s.Address, mariadb: s, config: "user: leaver\npassword: env:PW", ca: ca, socket: s.Socket}
	d.admin = openMariaDB(t, s, "")
	d.run(t, "CREATE DATABASE app", "CREATE USER leaver@'127.0.0.1' IDENTIFIED BY 'reader'", "CREATE USER leaver@localhost IDENTIFIED BY 'reader'",
		"GRANT SELECT ON app.* TO leaver@'127.0.0.1'", "GRANT SELECT ON app.* TO leaver@localhost")
	_ = d.admin.Close()
	d.admin = openMariaDB(t, s, "app")
	shared.stops = append([]func(){func() { _ = d.admin.Close(); s.Stop() }}, shared.stops...)
	return d
}

func openMariaDB(t testing.TB, s *servers.RunningMariaDB, name string) *sql.DB {
	t.Helper()
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.DBName, config.Logger = "unix", s.Socket, "root", name, &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	return sql.OpenDB(connector)
}

func makeSQLite(t testing.TB, dir string) *database {
	t.Helper()
	path := filepath.Join(dir, "an app #1.db")
	admin, err := sql.Open("sqlite", "file:"+strings.NewReplacer(" ", "%20", "#", "%23").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	admin.SetMaxOpenConns(1)
	shared.stops = append([]func(){func() { _ = admin.Close() }}, shared.stops...)
	d := &database{system: readonly.SQLite, url: "sqlite:" + path, admin: admin}
	d.run(t, "CREATE TABLE first (id)") // makes the file
	return d
}

// run runs statements as the administrator.
func (d *database) run(t testing.TB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := d.admin.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// table makes a table of a fresh name, which goes with the test, for the reading user to see.
func (d *database) table(t testing.TB, columns string) string {
	t.Helper()
	name := fmt.Sprintf("t%d", shared.tables.Add(1))
	d.run(t, "CREATE TABLE "+name+" ("+columns+")")
	if d.system == readonly.PostgreSQL {
		d.run(t, "GRANT SELECT ON "+name+" TO leaver")
	}
	t.Cleanup(func() { _, _ = d.admin.Exec("DROP TABLE " + name) })
	return name
}

// outside is the world of a connector that reads a real server: the clock is the real one.
func outside(t testing.TB) *scannertest.Outside {
	out := scannertest.Env(t)
	out.Now = time.Now
	out.Secrets["env:PW"] = "reader"
	return out
}

// accountsOf opens the connector on a database.
func accountsOf(t testing.TB, d *database, env scanners.Env, config string) *source[scanners.Account] {
	t.Helper()
	s, err := Kind().Accounts(scannertest.Config("url: '"+d.url+"'\n"+d.config+"\n"+config), env)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s.(*source[scanners.Account])
}

// result is what a scan gave.
type result[R scanners.Record] struct {
	records  []R
	coverage scanners.Coverage
	err      error
}

func scan[R scanners.Record](t testing.TB, s scanners.Source[R]) result[R] {
	t.Helper()
	var got result[R]
	got.coverage, got.err = s.Scan(t.Context(), func(r R) error { got.records = append(got.records, r); return nil })
	return got
}

// systems are the databases that are here.
func systems() []readonly.System {
	return []readonly.System{readonly.PostgreSQL, readonly.MySQL, readonly.SQLite}
}
