//go:build unix

package job

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// BenchmarkCompare compares two nights of 200,000 accounts with 4,000 findings each, of which 20 come and 20 go, as every
// run does. ratio is the processor time of three whole reads of the verdicts, the least that joining them without an order
// takes, divided by that of the comparison.
func BenchmarkCompare(b *testing.B) {
	const accounts = 200_000
	before, after := verdictsOf(b, accounts, 0), verdictsOf(b, accounts, 20)
	none := func(map[string]struct{}) (map[string]string, error) { return nil, nil }
	whole, compared := time.Duration(0), time.Duration(0)
	for b.Loop() {
		start := used(b)
		for _, s := range []stand{before, after, before} {
			for _, err := range s.folder.Verdicts() {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		middle := used(b)
		list, err := compare(context.Background(), before, after, none)
		if err != nil || len(list) != 4020 {
			b.Fatal(len(list), err)
		}
		whole += middle - start
		compared += used(b) - middle
	}
	b.ReportMetric(float64(compared.Microseconds())/float64(b.N)/accounts, "cpu-µs/account")
	b.ReportMetric(float64(whole)/float64(compared), "ratio")
}

// verdictsOf writes the verdicts of one night; the findings begin at the account number shift.
func verdictsOf(b *testing.B, accounts, shift int) stand {
	b.Helper()
	store, err := runstore.Open(b.TempDir() + "/state")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { store.Close() })
	at := time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)
	release, err := store.Lock(at)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = release() })
	run, err := store.Begin(context.Background(), runstore.Start{ID: runID(at), AsOf: at, Started: at})
	if err != nil {
		b.Fatal(err)
	}
	out, err := run.CreateVerdicts()
	if err != nil {
		b.Fatal(err)
	}
	for _, findings := range []bool{false, true} { // findings stand at the end, as a run writes them
		for i := range accounts {
			if kind := kindOf(i, accounts, shift); (kind != reconcile.KindNone) == findings {
				if err := out.Write(verdictOn(i, kind), policies.Decision{Kind: policies.DecideNone}); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	if _, _, err := out.Close(); err != nil {
		b.Fatal(err)
	}
	return standOf(run.Folder, []reports.Source{{Name: "crm", Coverage: scanners.Coverage{Verdict: scanners.Proved}}})
}

func kindOf(i, accounts, shift int) reconcile.Kind {
	if i >= shift && i < shift+accounts/50 {
		return reconcile.LeaverActive
	}
	return reconcile.KindNone
}

func verdictOn(i int, kind reconcile.Kind) *reconcile.Verdict {
	return &reconcile.Verdict{Kind: kind, Situation: reconcile.Linked, MatchedBy: reconcile.KeyEmployeeID, Flags: reconcile.ActivityUnknown,
		Account: &scanners.Account{System: "crm", ID: fmt.Sprintf("A-%07d", i*7919%1_000_003), Logins: []string{fmt.Sprintf("user%07d", i)}, Enabled: scanners.Known(true)},
		Person:  &reconcile.Person{System: "hr", ID: fmt.Sprintf("%07d", i)}}
}

// used is the processor time that this process has used.
func used(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
