//go:build unix

package runstore

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// directoryAccount is what a directory gives of an ordinary employee: two signals, eight groups, raw attributes.
func directoryAccount(i int) *scanners.Account {
	at := night(0).Add(-time.Duration(i%5000) * time.Hour)
	a := &scanners.Account{
		System: "ad", ID: fmt.Sprintf("%08x-4b1c-4f7e-9d0a-%012x", i*7919, i), DisplayName: fmt.Sprintf("Family%d, Given%d", i%9000, i%700),
		Logins: []string{fmt.Sprintf("user%07d", i), fmt.Sprintf("user%07d@corp.example", i)},
		DN:     fmt.Sprintf("CN=Family%d\\, Given%d,OU=Staff,OU=Site%d,DC=corp,DC=example", i%9000, i%700, i%40),
		Mails:  []string{fmt.Sprintf("given.family%d@corp.example", i)}, EmployeeIDs: []string{fmt.Sprintf("%07d", i)},
		Enabled: scanners.Known(i%20 != 0), DisabledAt: scanners.Unknown[time.Time]("the directory does not record it"),
		Created: scanners.Known(at.AddDate(-4, 0, 0)), PasswordChanged: scanners.Known(at), Expires: scanners.Never[time.Time](),
		FailedLogins: scanners.Known(int64(i % 3)), Locked: scanners.Known(false), Privileged: scanners.Known(i%100 == 0),
		Manager: fmt.Sprintf("CN=Boss%d,OU=Staff,DC=corp,DC=example", i%3000),
		Signals: []scanners.Signal{{Name: "lastLogonTimestamp", At: scanners.Known(at), Precision: 14 * 24 * time.Hour},
			{Name: "lastLogon", At: scanners.Unknown[time.Time]("kept on each controller")}},
	}
	for g := range 8 {
		a.Grants = append(a.Grants, scanners.Grant{ID: fmt.Sprintf("CN=Group%d,OU=Groups,DC=corp,DC=example", (i+g*37)%800),
			Name: fmt.Sprintf("Group%d", (i+g*37)%800), Type: "group", Direct: true, Removable: true})
	}
	a.Evidence = []scanners.Attribute{{Name: "userAccountControl", Values: []string{"512"}},
		{Name: "lastLogonTimestamp", Values: []string{fmt.Sprint(at.Unix())}}, {Name: "whenCreated", Values: []string{fmt.Sprint(at.Unix())}}}
	return a
}

// fileAccount is what a table of an application gives.
func fileAccount(i int) *scanners.Account {
	at := night(0).Add(-time.Duration(i%5000) * time.Hour)
	return &scanners.Account{
		System: "crm", ID: fmt.Sprintf("A-%07d", i), Logins: []string{fmt.Sprintf("user%07d", i)},
		Mails: []string{fmt.Sprintf("given.family%d@corp.example", i)}, EmployeeIDs: []string{fmt.Sprintf("%07d", i)},
		Enabled: scanners.Known(i%20 != 0), Created: scanners.Known(at.AddDate(-4, 0, 0)),
		Signals: []scanners.Signal{{Name: "last_logon", At: scanners.Known(at), Precision: 24 * time.Hour}},
	}
}

// BenchmarkSnapshot writes and reads back 20,000 accounts. cpu-µs/account is processor time, seconds per million accounts;
// bytes/account is the size on disk.
func BenchmarkSnapshot(b *testing.B) {
	const n = 20_000
	for name, make := range map[string]func(int) *scanners.Account{"directory": directoryAccount, "file": fileAccount} {
		accounts := []*scanners.Account{}
		for i := range n {
			accounts = append(accounts, make(i))
		}
		b.Run(name+"/write", func(b *testing.B) {
			r := newRun(b, nil, 1)
			before := cpu(b)
			for i := 0; b.Loop(); i++ {
				writeAccounts(b, r, fmt.Sprint("s", i), accounts)
			}
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N)/n, "cpu-µs/account")
			if info, err := os.Stat(r.Path(AccountsName("s0"))); err == nil {
				b.ReportMetric(float64(info.Size())/n, "bytes/account")
			}
		})
		b.Run(name+"/read", func(b *testing.B) {
			r := newRun(b, nil, 1)
			writeAccounts(b, r, "s", accounts)
			before := cpu(b)
			for b.Loop() {
				for _, err := range r.Accounts("s") {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N)/n, "cpu-µs/account")
		})
	}
}

// cpu is the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
