package reconcile_test

import (
	"testing"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

func TestNoEndDate(t *testing.T) {
	typed := func(e scanners.Employment, kind string) scanners.Employment {
		e.Type = kind
		return e
	}
	unstated := hired
	unstated.End = scanners.Unknown[scanners.Date]("no such column")
	cases := []struct {
		name       string
		contractor bool // the source holds contractors
		tenures    []scanners.Employment
		want       bool
	}{
		{"an employee", false, []scanners.Employment{hired}, false},
		{"typed as employee", false, []scanners.Employment{typed(hired, "employee")}, false},
		{"typed as contractor", false, []scanners.Employment{typed(hired, " Contractor")}, true},
		{"typed as contingent worker", false, []scanners.Employment{typed(hired, "Contingent Worker")}, true},
		{"typed, with an end to come", false, []scanners.Employment{typed(tenure("2020-01-01", "2026-12-31"), "contractor")}, false},
		{"an employee with an old contract", false, []scanners.Employment{hired, typed(left, "contractor")}, false},
		{"by the source", true, []scanners.Employment{hired}, true},
		{"by the source, end unstated", true, []scanners.Employment{unstated}, true},
		{"by the source, with an end to come", true, []scanners.Employment{tenure("2020-01-01", "2026-12-31")}, false},
		{"by the source, over", true, []scanners.Employment{left}, false},
		{"by the source, yet to begin", true, []scanners.Employment{tenure("2026-06-01", "")}, false},
		{"by the source, listed only", true, nil, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(human("100", c.tenures...))
			w.settings.Contractors = map[string]bool{"hr": c.contractor}
			if v := w.judge(login()); v.Flags.Has(reconcile.NoEndDate) != c.want {
				t.Errorf("flags %v, want no_end_date %v", v.Flags.List(), c.want)
			}
		})
	}
}
