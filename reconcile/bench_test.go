package reconcile_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// crowd is a number of people as a file gives them: no two values share their bytes.
type crowd int

// row is person i, one in twelve of whom has left.
func (c crowd) row(i int) scanners.Person {
	p := scanners.Person{System: "hr", ID: fmt.Sprintf("%07d", 1_000_000+i), GivenName: fmt.Sprintf("Given%d", i%400), FamilyName: fmt.Sprintf("Family%d", i/400%3000),
		Mails: []string{c.mail(i)}, Department: fmt.Sprintf("Department %d", i%60), Location: fmt.Sprintf("City %d", i%40), Manager: fmt.Sprintf("%07d", 1_000_000+i/12),
		Employments: []scanners.Employment{{Start: scanners.Known(scanners.Date{Year: 2001 + i%24, Month: time.Month(i%12 + 1), Day: i%28 + 1}), End: scanners.Never[scanners.Date](),
			LastDayInclusive: true, Type: strings.Clone("employee")}},
		Place: fmt.Sprintf("line %d", i+2)}
	if i%12 == 5 {
		p.Employments[0].End = scanners.Known(scanners.Date{Year: 2025, Month: time.Month(i%12 + 1), Day: i%28 + 1})
	}
	return p
}

func (c crowd) mail(i int) string {
	return fmt.Sprintf("given%d.family%d.%d@corp.example", i%400, i/400%3000, i)
}

// accounts are what such a company has: nine of ten by employee id, the others by mail address in another case or nobody's.
func (c crowd) accounts(n int) []scanners.Account {
	random, list := rand.New(rand.NewPCG(1, 2)), make([]scanners.Account, n)
	for i := range list {
		owner := random.IntN(int(c))
		a := scanners.Account{System: "crm", ID: fmt.Sprintf("%08d", i), Logins: []string{fmt.Sprintf("u%07d", i)}, Mails: []string{c.mail(owner)}, Enabled: scanners.Known(true),
			EmployeeIDs: []string{fmt.Sprintf("%07d", 1_000_000+owner)}, Created: scanners.Known(instant("2026-01-05T00:00:00Z")),
			Signals: []scanners.Signal{{Name: "last_logon", At: scanners.Known(noon.Add(-daySpan))}}}
		switch i % 20 {
		case 7:
			a.EmployeeIDs, a.Mails[0] = nil, strings.ToUpper(a.Mails[0][:1])+a.Mails[0][1:]
		case 9:
			a.EmployeeIDs, a.Mails = nil, nil
		}
		list[i] = a
	}
	return list
}

func (c crowd) roster(settings reconcile.Settings) *reconcile.Roster {
	b := reconcile.NewRoster(settings, reconcile.History{})
	for i := range int(c) {
		b.Add(c.row(i))
	}
	return b.Build()
}

// benchSettings are those of a company without link table, login rules or thresholds for inactivity.
func benchSettings() reconcile.Settings {
	return reconcile.Settings{AsOf: noon, Zone: zone("Europe/Berlin"), Keys: []string{reconcile.KeyEmployeeID, reconcile.KeyMail}, PeopleComplete: true}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkRoster builds rosters, the rows included. B/person is what one person takes for as long as the roster lives.
func BenchmarkRoster(b *testing.B) {
	for _, people := range []crowd{200_000, 1_000_000} {
		b.Run(fmt.Sprint(int(people)), func(b *testing.B) {
			for b.Loop() {
				before := heap()
				r := people.roster(benchSettings())
				b.ReportMetric(float64(heap()-before)/float64(people), "B/person")
				runtime.KeepAlive(r)
			}
		})
	}
}

// BenchmarkJudge judges accounts, some dozens at a time: once asking for the kind alone, once for the whole verdict as a run does.
func BenchmarkJudge(b *testing.B) {
	for _, people := range []crowd{200_000, 1_000_000} {
		b.Run(fmt.Sprintf("%d/kinds", people), func(b *testing.B) { benchmarkJudge(b, people, (*reconcile.Outcome).Kind) })
		b.Run(fmt.Sprintf("%d/verdicts", people), func(b *testing.B) {
			benchmarkJudge(b, people, func(o *reconcile.Outcome) reconcile.Kind { v := o.Verdict(); return v.Kind })
		})
	}
}

func benchmarkJudge(b *testing.B, people crowd, kind func(*reconcile.Outcome) reconcile.Kind) {
	settings := benchSettings()
	engine, list := reconcile.NewEngine(settings, people.roster(settings)), people.accounts(200_000)
	b.ReportAllocs()
	const atOnce = 64
	all, found := make([]*scanners.Account, atOnce), 0
	take := func(o *reconcile.Outcome) error {
		if kind(o) != reconcile.KindNone {
			found++
		}
		return nil
	}
	for n := 0; b.Loop(); n += atOnce {
		for i := range all {
			all[i] = &list[(n+i)%len(list)]
		}
		if err := engine.JudgeAll(all, take); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(found)/float64(b.N*atOnce), "findings/account")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*atOnce), "ns/account")
}
