package sqldb

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/fixtures/servers"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// TestAddress lists urls and where they lead; why is part of what is said of one that leads nowhere.
func TestAddress(t *testing.T) {
	for name, test := range map[string]struct{ config, network, address, why string }{
		"PostgreSQL":           {"url: postgres://db.example/app\nuser: u", "tcp", "db.example:5432", ""},
		"port":                 {"url: postgresql://db.example:5433/app\nuser: u", "tcp", "db.example:5433", ""},
		"MariaDB":              {"url: mariadb://db.example/app\nuser: u", "tcp", "db.example:3306", ""},
		"SQL Server":           {"url: sqlserver://db.example/app\nuser: u", "tcp", "db.example:1433", ""},
		"IPv6":                 {"url: 'mysql://[::1]:3307/app'\nuser: u", "tcp", "[::1]:3307", ""},
		"socket of PostgreSQL": {"url: postgres://%2Frun%2Fpostgresql/app\nuser: u", "unix", "/run/postgresql/.s.PGSQL.5432", ""},
		"socket, port":         {"url: postgres://%2frun%2fpostgresql:5433/app\nuser: u", "unix", "/run/postgresql/.s.PGSQL.5433", ""},
		"socket of MySQL":      {"url: mysql://%2Frun%2Fmysqld%2Fmysqld.sock/app\nuser: u", "unix", "/run/mysqld/mysqld.sock", ""},
		"socket of SQL Server": {"url: sqlserver://%2Frun%2Fx/app\nuser: u", "", "", "no socket"},
		"no url":               {"user: u", "", "", "no url"},
		"no address":           {"url: db.example\nuser: u", "", "", "no address"},
		"other scheme":         {"url: oracle://db.example/app\nuser: u", "", "", "no address"},
		"password in the url":  {"url: postgres://u:hunter2@db.example/app\nuser: u", "", "", "carries a user"},
		"password, odd host":   {"url: 'postgres://u:hunter2@%zz/app'\nuser: u", "", "", "carries a user"},
		"no database":          {"url: postgres://db.example\nuser: u", "", "", "is no database"},
		"parameters":           {"url: postgres://db.example/app?sslmode=disable\nuser: u", "", "", "is no database"},
		"no host":              {"url: postgres:///app\nuser: u", "", "", "is no host"},
		"port that is none":    {"url: postgres://db.example:0/app\nuser: u", "", "", "is no port"},
		"no user":              {"url: postgres://db.example/app", "", "", "no user"},
		"user for a file":      {"url: sqlite:x.db\nuser: u", "", "", "is a file"},
		"no file":              {"url: 'sqlite:'", "", "", "names no file"},
		"file with options":    {"url: sqlite:x.db?mode=rwc", "", "", "names no file"},
		"memory":               {"url: 'sqlite::memory:'", "", "", "names no file"},
		"negative time":        {"url: postgres://db.example/app\nuser: u\ntimeouts: {statement: -1s}", "", "", "negative"},
		"plaintext and more":   {"url: postgres://db.example/app\nuser: u\ntls: {plaintext: true, ca: x.pem}", "", "", "exclude"},
		"socket and tls":       {"url: postgres://%2Frun/app\nuser: u\ntls: {server_name: x}", "", "", "needs none"},
		"no such authority":    {"url: postgres://db.example/app\nuser: u\ntls: {ca: none.pem}", "", "", "tls.ca"},
		"authority of nothing": {"url: postgres://db.example/app\nuser: u\ntls: {ca: empty.pem}", "", "", "no certificate"},
		"key without":          {"url: postgres://db.example/app\nuser: u\ntls: {key: none.pem}", "", "", "tls.cert"},
	} {
		t.Run(name, func(t *testing.T) {
			out := scannertest.Env(t)
			if err := os.WriteFile(filepath.Join(out.Dir, "empty.pem"), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
			opened, err := Kind().Accounts(scannertest.Config(test.config+"\nstatement: SELECT 1 AS id\ncolumns: {id: id}"), out.Env)
			if test.why != "" {
				wantConfigError(t, err, test.why)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if s := opened.(*source[scanners.Account]).server; s.Network != test.network || s.Address != test.address || s.Database != "app" {
				t.Errorf("%s %s database %q", s.Network, s.Address, s.Database)
			}
		})
	}
}

func wantConfigError(t *testing.T, err error, why string) {
	t.Helper()
	var config *scanners.ConfigError
	if !errors.As(err, &config) || !strings.Contains(err.Error(), why) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v; want a configuration error that says %q", err, why)
	}
}

// TestEncrypted says which connections are encrypted.
func TestEncrypted(t *testing.T) {
	out := scannertest.Env(t)
	a, err := servers.NewAuthority(out.Dir, "ca")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		config, name string // empty name: not encrypted
	}{
		"another host":          {"url: postgres://db.example/app", "db.example"},
		"another host, address": {"url: mysql://10.1.2.3/app", "10.1.2.3"},
		"a name like this host": {"url: mysql://localhost.example/app", "localhost.example"},
		"this machine":          {"url: postgres://127.0.0.1/app", ""},
		"this machine by name":  {"url: sqlserver://localhost/app", ""},
		"socket":                {"url: postgres://%2Frun/app", ""},
		"plaintext":             {"url: postgres://db.example/app\ntls: {plaintext: true}", ""},
		"this machine, asked":   {"url: postgres://127.0.0.1/app\ntls: {ca: " + a.File + "}", "127.0.0.1"},
		"other name":            {"url: postgres://127.0.0.1/app\ntls: {server_name: db.example}", "db.example"},
	} {
		t.Run(name, func(t *testing.T) {
			opened, err := Kind().Accounts(scannertest.Config(test.config+"\nuser: u\nstatement: SELECT 1 AS id\ncolumns: {id: id}"), out.Env)
			if err != nil {
				t.Fatal(err)
			}
			config := opened.(*source[scanners.Account]).server.TLS
			if (config != nil) != (test.name != "") || config != nil && (config.ServerName != test.name || config.InsecureSkipVerify || config.MinVersion < 0x303) {
				t.Errorf("%+v, want name %q", config, test.name)
			}
		})
	}
}

// TestConfiguration lists what else is refused before anything is asked.
func TestConfiguration(t *testing.T) {
	const account, person = "columns: {id: id}\n", "columns: {id: id, end: e}\n"
	for name, test := range map[string]struct {
		people      bool
		config, why string
	}{
		"no id":                 {false, "columns: {login: l}", "id is not mapped"},
		"no columns":            {false, "", "id is not mapped"},
		"zone":                  {false, account + "zone: Mars", `zone "Mars"`},
		"form of date":          {false, account + "dates: YY", "not a form of date"},
		"form without month":    {false, account + "dates: [iso, YYYY]", "not a form of date"},
		"empty of a word":       {false, account + "empty: {enabled: never}", `"enabled" is not such a field`},
		"empty of what":         {false, account + "empty: {created: always}", "always"},
		"values of what":        {false, account + "values: {login: {a: b}}", `"login" is not such a field`},
		"meaning":               {false, account + "values: {enabled: {A: maybe}}", "maybe"},
		"precision":             {false, account + "precision: soon", "precision"},
		"preset":                {false, "preset: oracle", `preset "oracle"`},
		"preset and columns":    {false, account + "preset: postgres-roles", "of its own"},
		"preset of another":     {false, "preset: mariadb-users", "does not fit"},
		"last day":              {true, person, "last_day does not say"},
		"last day of what":      {true, person + "last_day: maybe", "maybe"},
		"rows":                  {true, person + "last_day: inclusive\nrows: history", "history"},
		"people without id":     {true, "columns: {mail: m}", "id is not mapped"},
		"values of people":      {true, "columns: {id: id}\nvalues: {enabled: {a: true}}", `"enabled" is not such a field`},
		"empty of people":       {true, "columns: {id: id}\nempty: {end: never}", `"end" is not such a field`},
		"statement of accounts": {false, account + "statement: DELETE FROM x", "starts with"},
	} {
		t.Run(name, func(t *testing.T) {
			text := "url: postgres://127.0.0.1/app\nuser: u\n" + test.config
			if !strings.Contains(text, "statement:") && !strings.Contains(text, "preset:") || strings.Contains(text, "{id: id}\npreset") {
				text += "\nstatement: SELECT 1 AS id"
			}
			var err error
			if test.people {
				_, err = Kind().People(scannertest.Config(text), scannertest.Env(t).Env)
			} else {
				_, err = Kind().Accounts(scannertest.Config(text), scannertest.Env(t).Env)
			}
			wantConfigError(t, err, test.why)
		})
	}
}
