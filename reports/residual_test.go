package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// TestResidualTiesToTerminations: every account of a leaver is counted once, and every leaver has one line.
func TestResidualTiesToTerminations(t *testing.T) {
	for name, r := range map[string]Report{"everything": everything(), "many": report(manyRows(90))} {
		f := open(t, workbook(t, r))
		all := grids(t, f, true)
		sum := 0
		for _, n := range cellsUnder(t, all["Residual access"], "Accounts") {
			accounts, err := strconv.Atoi(n)
			if err != nil {
				t.Fatal(err)
			}
			sum += accounts
		}
		if want := len(all["Terminations"]) - headRow; sum != want {
			t.Errorf("%s: %d accounts on Residual access, %d rows on Terminations", name, sum, want)
		}
		people := map[string]bool{}
		for row := range r.Rows() {
			if row.OfLeaver() {
				people[row.Person.Ref()] = true
			}
		}
		if got := len(all["Residual access"]) - headRow; got != len(people) {
			t.Errorf("%s: %d lines for %d people", name, got, len(people))
		}
	}
}

func TestWhatALeaverStillHolds(t *testing.T) {
	const none = nothingThere
	tests := map[string]struct {
		found    residue
		coverage scanners.CoverageVerdict
		want     residue
	}{
		"no account, complete":      {none, scanners.Proved, nothingThere},
		"no account, partial":       {none, scanners.Partial, stateUnclear},
		"no account, blind":         {none, scanners.Blind, notScanned},
		"removed, complete":         {removed, scanners.Consistent, removed},
		"removed, partial":          {removed, scanners.Partial, stateUnclear},
		"open, partial":             {stillOpen, scanners.Partial, stillOpen},
		"in grace, blind":           {residueInGrace, scanners.Blind, residueInGrace},
		"unknown although complete": {stateUnclear, scanners.Proved, stateUnclear},
	}
	for name, test := range tests {
		if got := inSystem(test.found, test.coverage); got != test.want {
			t.Errorf("%s: %s, want %s", name, residueWords[got], residueWords[test.want])
		}
	}
}

func TestWorstAccountDecides(t *testing.T) {
	person := leaver("E1", "Conti", "Nadia", "2026-09-02")
	on, off := account("okta", "1", "nadia", ""), disabled(account("okta", "2", "nadia2", ""), "2026-09-02 09:00")
	unclear := account("okta", "3", "nadia3", "")
	unclear.Enabled = scanners.Unknown[bool]("not readable")
	rows := map[string]Row{
		"open":    {Verdict: verdict(on, reconcile.LeaverActive, reconcile.High, person, "enabled"), Decision: dueDecision()},
		"removed": {Verdict: verdict(off, reconcile.KindNone, reconcile.Info, person, ""), Decision: none()},
		"unknown": {Verdict: verdict(unclear, reconcile.LeaverActive, reconcile.High, person, "unknown"), Decision: dueDecision()},
	}
	for _, test := range []struct {
		rows []string
		want string
	}{
		{[]string{"removed"}, "removed"},
		{[]string{"removed", "open"}, "open"},
		{[]string{"open", "removed", "unknown"}, "open"},
		{[]string{"unknown", "removed"}, "unknown"},
	} {
		var list []Row
		for _, name := range test.rows {
			list = append(list, rows[name])
		}
		sheet := grids(t, open(t, workbook(t, report(list))), true)["Residual access"]
		if got := cellsUnder(t, sheet, "okta")["M-00001"]; got != test.want {
			t.Errorf("%q: the matrix says %q, want %q", test.rows, got, test.want)
		}
	}
}

// TestHeadsOfSystems: a source may be called as a column is.
func TestHeadsOfSystems(t *testing.T) {
	person := leaver("E1", "Conti", "Nadia", "2026-09-02")
	r := report([]Row{{Verdict: verdict(account("person", "1", "nadia", ""), reconcile.LeaverActive, reconcile.High, person, "enabled"), Decision: dueDecision()}})
	sheet := grids(t, open(t, workbook(t, r)), true)["Residual access"]
	if got := cellsUnder(t, sheet, "person (2)")["M-00001"]; got != "open" {
		t.Errorf("the matrix says %q", got)
	}
}

func TestUpcomingEnds(t *testing.T) {
	sheet := grids(t, open(t, workbook(t, everything())), true)["Upcoming ends"]
	if got := cellsUnder(t, sheet, "Enabled accounts"); got["U-00001"] != "5" || got["U-00002"] != "0" || len(got) != 2 {
		t.Errorf("enabled accounts %v", got)
	}
	if got := cellsUnder(t, sheet, "Person ID"); got["U-00002"] != "0815" {
		t.Errorf("ids %v", got)
	}
	cut := grids(t, open(t, workbook(t, partial(everything(), "crm"))), true)["Upcoming ends"]
	if note := cut[1][0]; note == sheet[1][0] {
		t.Errorf("the note does not say that a source was read in part: %q", note)
	}
}

// TestResidualOfManySystems: of three hundred systems the matrix shows those that have something to show, the worst first, says
// what it leaves out, and is printed on pages that can be read.
func TestResidualOfManySystems(t *testing.T) {
	r := report(manyRows(300))
	shown := len(r.Sources) - 1
	for i := range 300 {
		s := r.Sources[1]
		s.Name, s.Accounts = fmt.Sprintf("app-%03d", i), AccountTotals{}
		r.Sources = append(r.Sources, s)
	}
	r.Sources[len(r.Sources)-1].Coverage.Verdict = scanners.Partial
	f := open(t, workbook(t, r))
	rows := grids(t, f, false)["Residual access"]
	heads := rows[headRow-1][7:]
	if len(heads) != shown+1 || !slices.Contains(heads, "app-299") || slices.Contains(heads, "app-000") {
		t.Errorf("columns %q; want the %d systems of the rows and the one that was read in part", heads, shown)
	}
	if note := rows[1][0]; !strings.Contains(note, "No column: 299 systems read completely that hold no account") {
		t.Errorf("the note is %q", note)
	}
	open := make([]int, len(heads))
	for _, row := range rows[headRow:] {
		for i, word := range row[7:] {
			if word == residueWords[stillOpen] {
				open[i]++
			}
		}
	}
	if !slices.IsSortedFunc(open, func(x, y int) int { return y - x }) || open[0] == 0 {
		t.Errorf("open accounts by column %v, want the worst first", open)
	}
}

// TestWideSheetsArePrintedOnSeveralPages: a matrix of sixty systems does not shrink to one page, and every page says whose
// row it is; sheets of fixed columns stay on one.
func TestWideSheetsArePrintedOnSeveralPages(t *testing.T) {
	r := report(manyRows(60))
	for i := range 60 {
		s := r.Sources[1]
		s.Name, s.Accounts = fmt.Sprintf("app-%03d", i), AccountTotals{}
		s.Coverage.Verdict = scanners.Partial
		r.Sources = append(r.Sources, s)
	}
	f := open(t, workbook(t, r))
	titles := map[string]string{}
	for _, name := range f.GetDefinedName() {
		if name.Name == "_xlnm.Print_Titles" {
			titles[name.Scope] = name.RefersTo
		}
	}
	for sheet, want := range map[string]int{"Residual access": 3, "Terminations": 1, "Orphans": 1, "Dormant": 1, "Ambiguous": 1, "Other findings": 1, "Changes": 1} {
		page, err := f.GetPageLayout(sheet)
		if err != nil || page.FitToWidth == nil || *page.FitToWidth != want {
			t.Errorf("%s: %+v, %v; want %d pages across", sheet, page.FitToWidth, err, want)
		}
	}
	if got, want := titles["Residual access"], "'Residual access'!$A:$B,'Residual access'!$1:$5"; got != want {
		t.Errorf("every page repeats %s, want %s", got, want)
	}
}
