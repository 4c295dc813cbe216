package reports

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

func TestDaysWithin(t *testing.T) {
	cases := []struct {
		name string
		days []int64
		want [3]any // half, nine in ten, all
	}{
		{"none", nil, [3]any{dash, dash, dash}},
		{"one", []int64{7}, [3]any{int64(7), int64(7), int64(7)}},
		{"two", []int64{9, 0}, [3]any{int64(0), int64(9), int64(9)}},
		{"three", []int64{5, 1, 3}, [3]any{int64(3), int64(5), int64(5)}},
		{"ten", []int64{0, 0, 0, 0, 1, 2, 3, 4, 5, 90}, [3]any{int64(1), int64(5), int64(90)}},
		{"eleven", []int64{0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 90}, [3]any{int64(2), int64(6), int64(90)}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var d dayCounts
			for _, n := range c.days {
				d.add(n)
			}
			if got := [3]any{d.within(50).value, d.within(90).value, d.within(100).value}; got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// TestLatenessOnTheSummary: who was late by how much, and accounts of which that is not known.
func TestLatenessOnTheSummary(t *testing.T) {
	gone := leaver("E1", "Doe", "Alex", "2026-11-01")
	row := func(system, id string, late, hr scanners.Fact[int64]) Row {
		v := verdict(disabled(&scanners.Account{System: system, ID: id}, ""), reconcile.KindNone, reconcile.Info, gone, "")
		v.DaysLate, v.DaysLateHR = late, hr
		return Row{v, none()}
	}
	unknown := scanners.Unknown[int64]("not known")
	r := report([]Row{
		row("crm", "c-1", scanners.Known[int64](10), scanners.Known[int64](4)),
		row("crm", "c-2", scanners.Known[int64](2), scanners.Known[int64](2)),
		row("crm", "c-3", scanners.Known[int64](30), unknown),
		row("crm", "c-4", unknown, unknown),
		row("okta", "o-1", unknown, unknown),
	})
	var got []string
	for _, cells := range grids(t, open(t, workbook(t, r)), false)["Summary"] {
		switch {
		case len(cells) > 1 && strings.HasPrefix(cells[1], "Days late by system"):
			got = []string{}
		case got != nil && len(cells) > 1:
			got = append(got, strings.Join(strings.Fields(strings.Join(cells, " ")), " "))
		}
	}
	want := []string{
		"System Accounts Half within 90 % within Worst By HR: half 90 % Worst By IT: half 90 % Worst",
		"crm 3 10 30 30 2 4 4 0 6 6",
		"okta 0 – – – – – – – – –",
		"all systems 3 10 30 30 2 4 4 0 6 6",
		"Whole days from the end of employment to the disabling, or to now. By HR: before HR showed the end, nobody else's delay. By IT: the rest. " +
			"1 account not split: the first run that saw the person showed the past end already.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
