package sqldb

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// users is a table of accounts that states everything that can be stated.
const users = "id varchar(20), login varchar(40), mail varchar(80), staff varchar(20), enabled boolean, created varchar(40), used varchar(40), bad integer, " +
	"locked boolean, kind varchar(20), admin boolean, teams varchar(80), plans varchar(80), boss varchar(20)"

const userColumns = "columns: {id: id, login: login, mail: mail, employee_id: staff, enabled: enabled, created: created, last_activity: used, failed_logins: bad," +
	" locked: locked, kind: kind, privileged: admin, groups: teams, licences: plans, manager: boss}"

// fill makes a table with n accounts and gives its name.
func (d *database) fill(t testing.TB, n int, fault scannertest.Fault) string {
	t.Helper()
	name := d.table(t, users)
	var rows []string
	for i := range n {
		id, staff, created := fmt.Sprintf("'A%05d'", i+1), fmt.Sprintf("'%06d'", i+1), "'2025-11-03 08:00:00'"
		switch {
		case i != 4:
		case fault == scannertest.Garbled:
			staff = "'1.23E+05'"
		case fault == scannertest.GarbledID:
			id = "NULL"
		case fault == scannertest.BadDate:
			created = "'31.31.2025'"
		}
		rows = append(rows, fmt.Sprintf("(%s, 'user%d', 'user%[2]d@corp.example', %s, true, %s, '2026-02-01 08:00:00', 0, false, 'person', false, 'staff;sales', 'basic', '000001')",
			id, i+1, staff, created))
	}
	if len(rows) > 0 {
		d.run(t, "INSERT INTO "+name+" VALUES "+strings.Join(rows, ","))
	}
	return name
}

// plan is how the n-th connection is treated when a fault befalls a database whose answer holds total bytes. Nil is no proxy.
func (d *database) plan(t testing.TB, fault scannertest.Fault, table string, total int64) func(n int) treatment {
	whole, cut := treatment{}, treatment{cutAfter: total - total/8}
	first := func(first treatment, then ...treatment) func(int) treatment {
		return func(n int) treatment {
			if n == 1 {
				return first
			}
			return append(then, whole)[0]
		}
	}
	switch fault {
	case scannertest.Truncated, scannertest.CutForever:
		return func(int) treatment { return cut }
	case scannertest.Reset:
		return first(treatment{cutAfter: 10})
	case scannertest.CutAnswer:
		return first(cut)
	case scannertest.Slow:
		return func(int) treatment { return treatment{slow: true} }
	case scannertest.Throttled:
		return func(n int) treatment {
			if n <= 2 {
				return treatment{say: greet(d.system, "full")}
			}
			return whole
		}
	case scannertest.Unavailable:
		return first(treatment{say: greet(d.system, "starting")})
	case scannertest.ThrottledForever:
		return first(cut, treatment{say: greet(d.system, "full")})
	case scannertest.UnavailableForever:
		return first(cut, treatment{say: greet(d.system, "starting")})
	case scannertest.Unauthorized:
		return first(cut, treatment{say: greet(d.system, "denied")})
	case scannertest.EmptyAnswer:
		return first(cut, treatment{hangUp: true})
	case scannertest.LoginPage:
		return first(cut, treatment{say: []byte("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!DOCTYPE html><html><title>Sign in</title></html>")})
	case scannertest.Forbidden:
		return func(n int) treatment {
			if n == 1 {
				return cut
			}
			d.forbid(t, table)
			return whole
		}
	}
	return nil
}

// forbid takes the right to read the table away from the reading user.
func (d *database) forbid(t testing.TB, table string) {
	t.Helper()
	if d.system == readonly.PostgreSQL {
		d.run(t, "REVOKE ALL ON "+table+" FROM leaver")
		return
	}
	// MariaDB grants the database as a whole here, so the table is what goes.
	if _, err := d.admin.Exec("RENAME TABLE " + table + " TO mysql." + table); err == nil {
		t.Cleanup(func() { _, _ = d.admin.Exec("DROP TABLE mysql." + table) })
	}
}

// served opens the connector on n accounts of a database that suffers a fault.
func (d *database) served(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
	t.Helper()
	env.Now, env.Secret = time.Now, func(string) (scanners.Secret, error) { return scanners.NewSecret("reader"), nil }
	if fault == scannertest.WrongClock {
		env.Now = func() time.Time { return time.Now().Add(-2 * time.Hour) }
	}
	table := d.fill(t, n, fault)
	statement := "\nstatement: SELECT * FROM " + table + " ORDER BY id\n" + userColumns
	whole := d.plan(t, fault, table, 1)
	if whole == nil {
		return accountsOf(t, d, env, statement)
	}
	through := *d
	measured := newProxy(t, d.address, func(int) treatment { return treatment{} })
	through.url = strings.Replace(d.url, d.address, measured.address, 1)
	if got := scan(t, accountsOf(t, &through, env, statement)); got.err != nil {
		t.Fatal(got.err)
	}
	p := newProxy(t, d.address, d.plan(t, fault, table, measured.passed.Load()))
	through.url = strings.Replace(d.url, d.address, p.address, 1)
	return accountsOf(t, &through, env, statement)
}

// faults are those that a database server can suffer.
func faults() []scannertest.Fault {
	return []scannertest.Fault{scannertest.Truncated, scannertest.Garbled, scannertest.GarbledID, scannertest.BadDate, scannertest.Throttled,
		scannertest.Unavailable, scannertest.Reset, scannertest.CutAnswer, scannertest.Slow, scannertest.ThrottledForever, scannertest.UnavailableForever,
		scannertest.Unauthorized, scannertest.Forbidden, scannertest.EmptyAnswer, scannertest.LoginPage, scannertest.CutForever, scannertest.WrongClock}
}

func TestConformance(t *testing.T) {
	for _, system := range systems() {
		t.Run(string(system)+" accounts", func(t *testing.T) {
			d := use(t, system)
			subject := scannertest.Subject[scanners.Account]{Open: d.served, UnknownID: "A99999", Facts: Kind().Facts,
				Faults: faults(), Outcomes: system == readonly.PostgreSQL, Rewrite: *update}
			if system == readonly.SQLite {
				subject.Faults = []scannertest.Fault{scannertest.Garbled, scannertest.GarbledID, scannertest.BadDate}
			}
			scannertest.Accounts(t, subject)
		})
		t.Run(string(system)+" people", func(t *testing.T) {
			d := use(t, system)
			scannertest.People(t, scannertest.Subject[scanners.Person]{UnknownID: "A99999",
				Faults: []scannertest.Fault{scannertest.Garbled, scannertest.GarbledID},
				Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Person] {
					if fault == scannertest.Garbled {
						fault = scannertest.BadDate // an end that is none rejects a person
					}
					return d.people(t, env, d.fill(t, n, fault))
				}})
		})
	}
}

// people opens a table of users as one of people, whose employment ended on the day on which the account was made.
func (d *database) people(t testing.TB, env scanners.Env, table string) scanners.Source[scanners.Person] {
	t.Helper()
	env.Now, env.Secret = time.Now, func(string) (scanners.Secret, error) { return scanners.NewSecret("reader"), nil }
	s, err := Kind().People(scannertest.Config("url: '"+d.url+"'\n"+d.config+"\nstatement: SELECT * FROM "+table+
		"\nlast_day: inclusive\ncolumns: {id: id, mail: mail, end: created, display_name: login}"), env)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
