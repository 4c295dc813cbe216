package policies_test

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// tenHooks are rules as people write them, each beside the same rule in plain Go.
var tenHooks = [...]struct {
	hook  string
	plain func(*reconcile.Verdict) bool
}{
	{"account.idle_days > 60 && person.state == 'employed'", func(v *reconcile.Verdict) bool {
		return idleDays(v) > 60 && v.Person != nil && v.Person.State == reconcile.Employed
	}},
	{"account.never_used && account.age_days > 30", func(v *reconcile.Verdict) bool {
		return v.Account.Idle().IsNever() && ageDays(v) > 30
	}},
	{"account.privileged && account.idle_days > 30 && !(account.kind in ['service', 'machine'])", func(v *reconcile.Verdict) bool {
		return scanners.Is(v.Account.Privileged, true) && idleDays(v) > 30 && v.Account.Kind != scanners.KindService && v.Account.Kind != scanners.KindMachine
	}},
	{"person.types.exists(t, t == 'contractor') && account.idle_days > 20", func(v *reconcile.Verdict) bool {
		return v.Person != nil && v.Person.Employments[0].Type == "contractor" && idleDays(v) > 20
	}},
	{"account.failed_logins >= 20 && !account.locked", func(v *reconcile.Verdict) bool {
		n, known := v.Account.FailedLogins.Get()
		return known && n >= 20 && scanners.Is(v.Account.Locked, false)
	}},
	{"has(account.expires) && account.expires < now + days(7)", func(v *reconcile.Verdict) bool {
		at, known := v.Account.Expires.Get()
		return known && at.Before(now.Add(7*daySpan))
	}},
	{"account.login.startsWith('tmp-') || account.login.endsWith('-test')", func(v *reconcile.Verdict) bool {
		login := v.Account.Login()
		return len(login) >= 4 && login[:4] == "tmp-" || len(login) >= 5 && login[len(login)-5:] == "-test"
	}},
	{"account.grants.exists(g, g.name == 'Domain Admins') && person.department != 'IT'", func(v *reconcile.Verdict) bool {
		for _, g := range v.Account.Grants {
			if g.Name == "Domain Admins" {
				return v.Person != nil && v.Person.Department != "" && v.Person.Department != "IT"
			}
		}
		return false
	}},
	{"person.upcoming_end < now + days(14) && account.system == 'crm'", func(v *reconcile.Verdict) bool {
		return v.Person != nil && !v.Person.UpcomingAt.IsZero() && v.Person.UpcomingAt.Before(now.Add(14*daySpan)) && v.Account.System == "crm"
	}},
	{"!person.found && account.age_days > 90 && account.idle_days > 45", func(v *reconcile.Verdict) bool {
		return v.Person == nil && ageDays(v) > 90 && idleDays(v) > 45
	}},
}

func idleDays(v *reconcile.Verdict) int64 {
	at, known := v.Account.Idle().Get()
	if !known {
		return -1
	}
	return int64(now.Sub(at) / daySpan)
}

func ageDays(v *reconcile.Verdict) int64 {
	at, known := v.Account.Created.Get()
	if !known {
		return -1
	}
	return int64(now.Sub(at) / daySpan)
}

// crowd makes accounts one after the other in the same memory, each other than the one before.
type crowd struct {
	v       reconcile.Verdict
	account scanners.Account
	person  reconcile.Person
	signals [1]scanners.Signal
	logins  [3]string
}

func newCrowd() *crowd {
	c := &crowd{logins: [3]string{"anna", "tmp-7", "batch-test"}}
	c.account = scanners.Account{System: "crm", ID: "A1", Enabled: scanners.Known(true), Locked: scanners.Known(false), Logins: []string{""},
		Grants: []scanners.Grant{{Name: "Sales"}, {Name: "Wiki"}, {Name: ""}}, Signals: c.signals[:]}
	c.person = reconcile.Person{System: "hr", ID: "1", State: reconcile.Employed, Department: "Sales", Employments: make([]scanners.Employment, 1)}
	return c
}

func (c *crowd) at(i int) *reconcile.Verdict {
	h := uint64(i) * 0x9E3779B97F4A7C15
	pick := func(n uint64) uint64 { h ^= h >> 29; h *= 0xBF58476D1CE4E5B9; return (h >> 33) % n }
	ago := func(days uint64) time.Time { return now.Add(-time.Duration(pick(days)) * daySpan) }
	a := &c.account
	a.Created, a.Expires, a.FailedLogins = scanners.Known(ago(900)), scanners.Never[time.Time](), scanners.Unknown[int64]("")
	a.Privileged = scanners.Known(pick(20) == 0)
	a.Logins[0], a.Grants[2].Name = c.logins[pick(40)%3], "Domain Users"
	switch pick(10) {
	case 0:
		c.signals[0].At = scanners.Never[time.Time]()
	case 1:
		c.signals[0].At = scanners.Unknown[time.Time]("not read")
	default:
		c.signals[0].At = scanners.Known(ago(100))
	}
	if pick(9) == 0 {
		a.Expires, a.FailedLogins = scanners.Known(ago(30)), scanners.Known(int64(pick(40)))
	}
	if pick(100) == 0 {
		a.Grants[2].Name = "Domain Admins"
	}
	c.v = reconcile.Verdict{Account: a, Person: &c.person}
	c.person.Employments[0].Type, c.person.UpcomingAt = "employee", time.Time{}
	switch pick(8) {
	case 0:
		c.v.Person = nil
	case 1:
		c.person.Employments[0].Type, c.person.UpcomingAt = "contractor", now.Add(time.Duration(pick(60))*daySpan)
	}
	return &c.v
}

// cpu is the time that the process has used on processors.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkTenHooks asks ten hooks about a million accounts, and the same ten rules in plain Go. It reports the ratio of
// processor time (what it takes to make up the accounts left out), and the heap that is in use at most.
func BenchmarkTenHooks(b *testing.B) {
	for _, accounts := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("accounts=%d", accounts), func(b *testing.B) {
			ten := set()
			for i, one := range tenHooks {
				ten.Rules = append(ten.Rules, rule(fmt.Sprint("r", i), 0, func(r *policies.Rule) { r.Trigger = hooked(b, one.hook) }))
			}
			for b.Loop() {
				c := newCrowd()
				alone := timed(b, accounts, func(i int) int { c.at(i); return 0 })
				plain := timed(b, accounts, func(i int) (hits int) {
					v := c.at(i)
					for j := range tenHooks {
						if tenHooks[j].plain(v) {
							hits++
						}
					}
					return hits
				})
				hooks := timed(b, accounts, func(i int) int {
					why, _ := ten.RuleMatch(c.at(i))
					return strings.Count(why, "selects it")
				})
				if plain.hits != hooks.hits || plain.hits == 0 {
					b.Fatalf("plain Go selects %d times, the hooks %d times", plain.hits, hooks.hits)
				}
				b.ReportMetric(float64(hooks.cpu-alone.cpu)/float64(plain.cpu-alone.cpu), "cpu-ratio")
				b.ReportMetric(float64(hooks.cpu-alone.cpu)/float64(accounts*len(tenHooks)), "cpu-ns/hook")
				b.ReportMetric(hooks.cpu.Seconds(), "cpu-s")
				b.ReportMetric(float64(hooks.peak)/(1<<20), "peak-MB")
				b.ReportMetric(float64(hooks.hits), "hits")
			}
		})
	}
}

type measured struct {
	cpu  time.Duration
	peak uint64
	hits int
}

func timed(b *testing.B, accounts int, look func(i int) int) measured {
	runtime.GC()
	var m measured
	before := cpu(b)
	for i := range accounts {
		m.hits += look(i)
		if i%50_000 == 0 {
			var mem runtime.MemStats
			runtime.ReadMemStats(&mem)
			m.peak = max(m.peak, mem.HeapInuse)
		}
	}
	m.cpu = cpu(b) - before
	return m
}
