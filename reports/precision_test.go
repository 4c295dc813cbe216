package reports

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// TestEveryLastUseShowsItsError: a directory writes the last sign-in up to two weeks late, and a reader who does not know
// that would take a stale date for proof of no use.
func TestEveryLastUseShowsItsError(t *testing.T) {
	late := func(kind reconcile.Kind, p *reconcile.Person) Row {
		a := account("corp-ad", "ad-"+string(kind), "late."+string(kind), "")
		a.Signals = []scanners.Signal{{Name: "lastLogonTimestamp", At: scanners.Known(when("2026-06-01 08:00")), Precision: 14 * 24 * time.Hour}}
		v := verdict(a, kind, reconcile.High, p, "")
		v.LastUse, _ = a.LastUse()
		return Row{v, reportOnly()}
	}
	miskeyed := late(reconcile.Orphan, nil)
	miskeyed.Suggestions = []reconcile.Suggestion{{Person: employed("E1", "Doe", "Alex"), Percent: 60}}
	rows := []Row{late(reconcile.LeaverActive, leaver("E2", "Berg", "Oskar", "2026-05-01")), late(reconcile.Orphan, nil), miskeyed,
		late(reconcile.Dormant, employed("E1", "Doe", "Alex")), late(reconcile.Disputed, nil), late(reconcile.SuspendedActive, employed("E1", "Doe", "Alex"))}
	sheets := 0
	for sheet, cells := range grids(t, open(t, workbook(t, report(rows))), false) {
		if len(cells) < headRow {
			continue
		}
		at := slices.IndexFunc(cells[headRow-1], func(head string) bool { return strings.Contains(strings.ToLower(head), "sign-in") })
		if at < 0 {
			continue
		}
		sheets++
		if head := cells[headRow-1][at+1]; head != laterHead {
			t.Errorf("%s: %q stands beside the last sign-in, want %q", sheet, head, laterHead)
		} else if row := cells[headRow]; row[at] != "2026-06-01 08:00" || row[at+1] != "14 days" {
			t.Errorf("%s: last sign-in %q, or later by up to %q", sheet, row[at], row[at+1])
		}
	}
	if sheets != int(homes) {
		t.Errorf("%d sheets show a last sign-in, want %d", sheets, homes)
	}
	if l := Lines(report(rows))(rows[0]); l.LastUseError == nil || *l.LastUseError != 14*24*60*60 {
		t.Errorf("last_use_error %v, want two weeks in seconds", l.LastUseError)
	}
}
