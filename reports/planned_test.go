package reports

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

func TestPlannedRuns(t *testing.T) {
	missed := func(n int, why string) MissedRun {
		return MissedRun{Schedule: "nightly", At: when("2026-11-0" + string(rune('0'+n)) + " 02:30"), Why: why}
	}
	late := missed(9, "no run was started")
	tests := []struct {
		name    string
		planned *Planned
		// sentence is what the result has to say, cell what the Control sheet has.
		sentence, cell string
	}{
		{"not compared", nil, "", ""},
		{"no schedule", &Planned{}, "", "a night without a run is not noticed"},
		{"all well", &Planned{Schedules: []string{"nightly: 30 2 * * * in UTC"}, Schedule: "nightly", At: when("2026-11-09 02:30")}, "",
			"this run is nightly of 2026-11-09 02:30 UTC; no planned run was missed since the last accepted one"},
		{"one missed", &Planned{Schedules: []string{"n"}, Missed: 1, Listed: []MissedRun{missed(8, "run X was refused: hr: blind.")}},
			"1 planned run since the last accepted one brought no result: nightly of 2026-11-08 02:30 UTC (run X was refused: hr: blind). ",
			"; 1 brought no result: nightly of 2026-11-08 02:30 UTC (run X was refused: hr: blind)"},
		{"many missed", &Planned{Schedules: []string{"n"}, Missed: 40, Listed: []MissedRun{missed(5, "a"), missed(6, "b"), missed(7, "c"), missed(8, "d")}},
			"40 planned runs since the last accepted one brought no result: 37 earlier; nightly of 2026-11-06",
			"40 brought no result: 36 earlier; nightly of 2026-11-05"},
		{"made up", &Planned{Schedules: []string{"n"}, MadeUp: []MissedRun{{late.Schedule, late.At, late.Why, 7*time.Hour + 29*time.Minute}}},
			"This run makes up for nightly of 2026-11-09 02:30 UTC (no run was started), 7 hours late.",
			"makes up for nightly of 2026-11-09 02:30 UTC (no run was started), 7 hours late"},
		{"a hostile reason", &Planned{Schedules: []string{"n"}, Missed: 1, Listed: []MissedRun{missed(8, "a\nb\x1b[31m")}}, `(a; b\u001b[31m)`, "(a; b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := Report{Run: "R", AsOf: asOf, Planned: test.planned, Rows: rowsOf(nil)}
			result := Sentence(r)
			if !strings.Contains(result, test.sentence) || test.sentence == "" && strings.Contains(result, "planned run") {
				t.Errorf("%q, want %q", result, test.sentence)
			}
			if missed := test.planned != nil && test.planned.Missed > 0; strings.HasPrefix(result, "Result: no exceptions") == missed {
				t.Errorf("%q", result)
			}
			text := controlText(t, r)
			if !strings.Contains(text, test.cell) || (test.cell == "") == strings.Contains(text, "Planned runs") {
				t.Errorf("the Control sheet lacks %q:\n%s", test.cell, text)
			}
			r.Refused = "a gate"
			if refused := Sentence(r); !strings.Contains(refused, strings.TrimSpace(test.sentence)) {
				t.Errorf("refused: %q lacks %q", refused, test.sentence)
			}
		})
	}
}

func controlText(t *testing.T, r Report) string {
	t.Helper()
	var file bytes.Buffer
	if err := Workbook(&file, r); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	rows, err := book.GetRows("Control sheet")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, row := range rows {
		text.WriteString(strings.Join(row, "\t") + "\n")
	}
	return text.String()
}
