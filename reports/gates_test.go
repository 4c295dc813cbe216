package reports

import (
	"slices"
	"strings"
	"testing"
)

// TestGatesOnTheControlSheet: what tripped stands there by itself, with numbers, limit and who opened it or how to; what did
// not trip once for all sources.
func TestGatesOnTheControlSheet(t *testing.T) {
	lines := func(r Report) []string {
		var lines []string
		for _, row := range grids(t, open(t, workbook(t, r)), true)["Control sheet"] {
			lines = append(lines, strings.Join(slices.DeleteFunc(row, func(s string) bool { return s == "" }), " | "))
		}
		return lines
	}
	for _, test := range []struct {
		name   string
		report Report
		want   []string
	}{
		{"a run", everything(), []string{
			"max_age | hr | the file is 1h old | 36h | – | passed",
			"people_lost | hr | 6412 people rows, 391 fewer than in the last accepted run | more than 5 and 2% | =maria.lopez@corp.example, until 2026-12-01: sale of the Lyon office (leaver.yaml:40) | opened",
			"source_lost | crm | 120 accounts, 300 fewer than in the last accepted run | more than 10 and 20% | below gates, overrides in leaver.yaml: {gate: source_lost, source: crm, until: 2026-11-22, owner: YOU, reason: WHY} | partial",
			"matched_drop | 2 sources | nothing beyond the limit in any of them | more than 2 points and 5 accounts | – | passed",
			"matched_drop | 2 sources | nothing to compare with: no earlier accepted run shows it | – | – | no baseline",
		}},
		{"a refused run", refused(), []string{
			"people_lost | hr | 4218 people rows, 2585 fewer than in the last accepted run | more than 5 and 2% | below gates, overrides in leaver.yaml: {gate: people_lost, source: hr, until: 2026-11-22, owner: YOU, reason: WHY} | stopped",
		}},
		{"a run that no gate saw", empty(), []string{"none | all people | the run ended before the first gate | – | – | –"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := lines(test.report)
			for _, want := range test.want {
				if !slices.Contains(got, want) {
					t.Errorf("no line %q in\n%s", want, strings.Join(got, "\n"))
				}
			}
		})
	}
}
