package reports

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The sheet Orphans shows the nearest match and says that it is a guess; an orphan without any shows dashes.
func TestOrphansShowTheNearestMatch(t *testing.T) {
	all := grids(t, open(t, workbook(t, report(everyRow()))), false)["Orphans"]
	want := map[string][2]string{ // of the first row, which has two suggestions, and of the second, which has none
		"Nearest match":    {"Sales, Sharon", dash},
		"Match person ID":  {"E10534", dash},
		"Match HR status":  {"Active", dash},
		"Confidence %":     {"60", ""},
		"Likely mis-keyed": {"Yes", dash},
		"Match because":    {`login "shared.sales": given and family name; same manager (hr/E9001)`, dash},
		"Other matches":    {"Conti, Nadia (hr/E10680, 35 %)", dash},
	}
	for head, values := range want {
		cells := cellsUnder(t, all, head)
		if got := [2]string{cells["O-00001"], cells["O-00002"]}; got != values {
			t.Errorf("%s: %q, want %q", head, got, values)
		}
	}
}

// The note above the orphans counts those that are likely none.
func TestOrphansCountTheMiskeyed(t *testing.T) {
	for _, row := range grids(t, open(t, workbook(t, report(everyRow()))), false)["Orphans"] {
		for _, cell := range row {
			if strings.Contains(cell, "1 account is likely mis-keyed, not ownerless") {
				return
			}
		}
	}
	t.Error("no note")
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
