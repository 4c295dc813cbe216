package reconcile_test

import (
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
)

// TestStaleSource: an open status more than 400 days after a stated end speaks of the source, not only of the person.
func TestStaleSource(t *testing.T) {
	lastDay := func(daysAgo int) string { return scanners.DateOf(noon).AddDays(-daysAgo).String() }
	active, terminated := scanners.StatusActive, scanners.StatusTerminated
	for _, c := range []struct {
		name    string
		tenures []scanners.Employment
		stale   bool
	}{
		{"active 402 days after the last day", []scanners.Employment{tenureAs("2020-01-01", lastDay(402), active)}, true},
		{"active 398 days after the last day", []scanners.Employment{tenureAs("2020-01-01", lastDay(398), active)}, false},
		{"terminated long ago", []scanners.Employment{tenureAs("2020-01-01", lastDay(900), terminated)}, false},
		{"no status at all", []scanners.Employment{tenure("2020-01-01", lastDay(900))}, false},
		{"came back since", []scanners.Employment{tenureAs("2020-01-01", lastDay(900), active), tenureAs("2025-01-01", "", active)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(human("100", tenure("2020-01-01", "")), human("7", c.tenures...), human("8", c.tenures...))
			issues := w.roster().Issues()
			switch {
			case !c.stale && len(issues) > 0:
				t.Errorf("issues %v", issues)
			case c.stale && (len(issues) != 1 || issues[0].Source != "hr" || !strings.Contains(issues[0].Text, `2 people are still active`) || !strings.Contains(issues[0].Text, `"7"`)):
				t.Errorf("issues %+v, want one about both, the first by id being 7", issues)
			}
			gone := w.next(noon.AddDate(0, 0, 1), human("100", tenure("2020-01-01", "")))
			if issues := gone.roster().Issues(); len(issues) > 0 {
				t.Errorf("about people whom the source shows no more: %v", issues)
			}
		})
	}
}
