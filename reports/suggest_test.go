package reports

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/reconcile"
)

// Orphans that are likely mis-keyed stand on a sheet of their own, with the likely owner; the others, with nobody likely
// or with somebody who has left, on the sheet Orphans.
func TestMiskeyedOrphansStandApart(t *testing.T) {
	rows := everyRow()
	gone := verdict(account("crm", "c-40", "n.conti", "2026-11-20 10:00"), reconcile.Orphan, reconcile.Medium, nil, "no key of the account names a person")
	gone.Suggestions = []reconcile.Suggestion{{Person: leaver("E10680", "Conti", "Nadia", "2026-08-27"), Percent: 35, Reasons: []string{"initial and family name"}}}
	all := grids(t, open(t, workbook(t, report(append(rows, Row{gone, reportOnly()})))), false)
	for sheet, want := range map[string]map[string]string{
		miskeyedSheet + " K-00001": {"Account": "shared.sales", "Nearest match": "Sales, Sharon", "Match person ID": "E10534", "Match HR status": "Active",
			"Confidence %": "60", "Match because": `login "shared.sales": given and family name; same manager (hr/E9001)`, "Other matches": "Conti, Nadia (hr/E10680, 35 %)"},
		"Orphans O-00001": {"Nearest match": dash, "Match person ID": dash, "Match HR status": dash, "Confidence %": "", "Match because": dash, "Other matches": dash},
		"Orphans O-00002": {"Account": "n.conti", "Nearest match": "Conti, Nadia", "Match HR status": "Terminated", "Confidence %": "35"},
	} {
		name, row := sheet[:strings.LastIndex(sheet, " ")], sheet[strings.LastIndex(sheet, " ")+1:]
		for head, value := range want {
			if got := cellsUnder(t, all[name], head)[row]; got != value {
				t.Errorf("%s, %s: %q, want %q", sheet, head, got, value)
			}
		}
	}
	if note := all["Orphans"][1][0]; !strings.Contains(note, "1 orphan more is likely mis-keyed, not ownerless, and stands on the sheet Likely mis-keyed.") {
		t.Errorf("the note of Orphans says %q", note)
	}
}

func TestSuggestionsInLines(t *testing.T) {
	rows := everyRow()
	line := Lines(report(rows))
	miskeyed := 0
	for _, row := range rows {
		l := line(row)
		if l.LikelyMiskeyed {
			miskeyed++
			want := []LineSuggestion{
				{"E10534", "hr", "Sales, Sharon", "employed", 0.6, []string{`login "shared.sales": given and family name`, "same manager (hr/E9001)"}},
				{"E10680", "hr", "Conti, Nadia", "ended", 0.35, []string{`login "shared.sales": initial and family name`}},
			}
			if diff := cmp.Diff(want, l.Suggestions); diff != "" {
				t.Error(diff)
			}
			if got := suggestionsField(l); got != "hr/E10534 0.6, hr/E10680 0.35" {
				t.Errorf("as CSV: %q", got)
			}
			continue
		}
		text, err := json.Marshal(l)
		if err != nil || !strings.Contains(string(text), `"suggestions":[],"likely_miskeyed":false`) {
			t.Errorf("%s: %s, %v", row.Account.ID, text, err)
		}
	}
	if miskeyed != 1 {
		t.Errorf("%d likely mis-keyed, want 1", miskeyed)
	}
}
