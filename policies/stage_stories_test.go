package policies_test

import (
	"testing"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// staged is one night of a story of stages, relative to the end of employment: Saturday 31 January 2026 is the last day.
type staged struct {
	name string
	// night counts from the end; runs are at noon.
	night      int
	rule       policies.Rule
	v          *reconcile.Verdict
	incomplete bool
	stands     string
	clocks     []string
	changes    []string
}

var (
	path3   = []policies.Stage{notice(-10), revokes("projects", -3, "project-*"), locks("lock", 5)}
	early3  = graceful("r", path3, beforeEnd)
	patient = graceful("r", path3)
)

// stagedStories follow one account over the stages of a rule.
var stagedStories = map[string][]staged{
	"a contractor, before the end": {
		{"a notice", -9, early3, leaver(leaving(0), holding("project-x", "Mail")), false,
			"in_grace 2026-01-28 | projects 2026-01-28 alone", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-28"}, []string{"started", "started", "done", "started"}},
		{"nothing else the night after", -8, early3, leaver(leaving(0), holding("project-x", "Mail")), false,
			"in_grace 2026-01-28 | projects 2026-01-28 alone", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-28"}, nil},
		{"rights go", -3, early3, leaver(leaving(0), holding("project-x", "Mail")), false,
			"due 2026-01-28 projects:revoke-project-x | lock 2026-02-05 alone", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-28"}, nil},
		{"and are gone: the stage is due once", -2, early3, leaver(leaving(0), holding("Mail")), false,
			"in_grace 2026-02-05 | lock 2026-02-05 alone", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-28 done"}, []string{"done"}},
		{"the end: another finding, the same stages", 0, early3, leaver(holding("Mail")), false,
			"in_grace 2026-02-05 | lock 2026-02-05", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-28 done"},
			[]string{"closed", "closed", "closed", "started", "started", "done", "started", "done"}},
		{"the lock", 5, early3, leaver(holding("Mail")), false,
			"due 2026-02-05 lock:lock", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-28 done"}, nil},
		{"still not locked", 9, early3, leaver(holding("Mail")), false,
			"due 2026-02-05 lock:lock", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-28 done"}, nil},
		{"locked", 10, early3, leaver(fixed, disabled, holding("Mail")), false, "", nil, []string{"closed fixed", "closed fixed", "closed fixed"}},
	},
	"without before_end it is notice until the end": {
		{"a notice", -9, patient, leaver(leaving(0), holding("project-x")), false,
			"in_grace 2026-01-31 | projects 2026-01-31 alone", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-31"}, []string{"started", "started", "done", "started"}},
		{"on the day of the stage", -3, patient, leaver(leaving(0), holding("project-x")), false,
			"in_grace 2026-01-31 | projects 2026-01-31 alone", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-31"}, nil},
	},
	"a missed week: what was missed is due, in order": {
		{"ahead", -9, early3, leaver(leaving(0), holding("project-x", "Mail")), false,
			"in_grace 2026-01-28 | projects 2026-01-28 alone", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-28"}, []string{"started", "started", "done", "started"}},
		{"back", 6, early3, leaver(holding("project-x", "Mail")), false,
			"due 2026-02-05 projects:revoke-project-x lock:lock", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-28"},
			[]string{"closed", "closed", "closed", "started", "started", "done", "started"}},
	},
	"HR moves the end": {
		{"ahead", -9, early3, leaver(leaving(0), holding("project-x", "Mail")), false,
			"in_grace 2026-01-28 | projects 2026-01-28 alone", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-28"}, []string{"started", "started", "done", "started"}},
		{"later, in time", -4, early3, leaver(leaving(5), holding("project-x", "Mail")), false,
			"in_grace 2026-02-02 | projects 2026-02-02 alone", []string{"r/lock 2026-02-10", "r/notice 2026-01-26 done", "r/projects 2026-02-02"},
			[]string{"closed hr-corrected", "started", "closed hr-corrected", "started", "done", "closed hr-corrected", "started"}},
		{"and takes it back", -3, early3, leaver(fixed, working(0, false)), false, "", nil, []string{"closed hr-corrected", "closed hr-corrected", "closed hr-corrected"}},
	},
	"HR moves the end to a day that has passed": {
		{"ahead", -9, early3, leaver(leaving(0), holding("project-x", "Mail")), false,
			"in_grace 2026-01-28 | projects 2026-01-28 alone", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-28"}, []string{"started", "started", "done", "started"}},
		{"gone since", -4, early3, leaver(endsOn(-5), holding("project-x", "Mail")), false,
			"due 2026-01-23 projects:revoke-project-x | lock 2026-01-31", []string{"r/lock 2026-01-31", "r/notice 2026-01-16 done", "r/projects 2026-01-23"},
			[]string{"closed", "closed", "closed", "started", "started", "done", "started"}},
	},
	"a right that cannot be taken keeps the stage open": {
		{"through another group", 1, patient, leaver(holding("project-x", "Mail"), func(v *reconcile.Verdict) { v.Account.Grants[0].Direct = false }), false,
			"in_grace 2026-02-05 | lock 2026-02-05", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-31"}, []string{"started", "started", "done", "started"}},
	},
	"a stage with nothing to take is done on its date, not before": {
		{"ahead", -9, early3, leaver(leaving(0), holding("Mail")), false,
			"in_grace 2026-01-28 | projects 2026-01-28 alone", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-28"}, []string{"started", "started", "done", "started"}},
		{"a right is given in time", -3, early3, leaver(leaving(0), holding("project-x", "Mail")), false,
			"due 2026-01-28 projects:revoke-project-x | lock 2026-02-05 alone", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-28"}, nil},
		{"and taken", -2, early3, leaver(leaving(0), holding("Mail")), false,
			"in_grace 2026-02-05 | lock 2026-02-05 alone", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-28 done"}, []string{"done"}},
	},
	"hired again": {
		{"gone", 1, early3, leaver(holding("project-x", "Mail")), false,
			"due 2026-01-28 projects:revoke-project-x | lock 2026-02-05", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-28"}, []string{"started", "started", "done", "started"}},
		{"back", 2, early3, leaver(fixed, working(0, true), holding("project-x", "Mail")), false, "", nil, []string{"closed rehired", "closed rehired", "closed rehired"}},
	},
	"no edit shortens a date": {
		{"seen", 1, graceful("r", []policies.Stage{revokes("projects", 5, "project-*"), locks("lock", 30)}), leaver(holding("project-x")), false,
			"in_grace 2026-02-05 | projects 2026-02-05", []string{"r/lock 2026-03-02", "r/projects 2026-02-05"}, []string{"started", "started"}},
		{"earlier dates", 2, graceful("r", []policies.Stage{revokes("projects", 0, "project-*"), locks("lock", 1)}), leaver(holding("project-x")), false,
			"in_grace 2026-02-05 | projects 2026-02-05", []string{"r/lock 2026-03-02", "r/projects 2026-02-05"}, nil},
		{"another name of a stage", 3, graceful("r", []policies.Stage{revokes("projects", 0, "project-*"), locks("close", 1)}), leaver(holding("project-x")), false,
			"in_grace 2026-02-05 | projects 2026-02-05", []string{"r/close 2026-03-02", "r/projects 2026-02-05"}, []string{"started", `closed stage "lock" of rule "r" is gone`}},
		{"another name of the rule", 4, graceful("s", []policies.Stage{revokes("projects", 0, "project-*"), locks("close", 1)}), leaver(holding("project-x")), false,
			"in_grace 2026-03-02 | projects 2026-03-02", []string{"s/close 2026-03-02", "s/projects 2026-03-02"}, []string{"closed", "closed", "started", "started"}},
		{"no stages any more", 5, rule("s", 0), leaver(holding("project-x")), false,
			"in_grace 2026-03-02", []string{"s 2026-03-02"}, []string{"started", "closed", "closed"}},
		{"and stages again", 6, graceful("s", []policies.Stage{locks("close", 1)}), leaver(holding("project-x")), false,
			"in_grace 2026-03-02 | close 2026-03-02", []string{"s/close 2026-03-02"}, []string{`closed rule "s" has stages now`, "started"}},
	},
	"an edit before the end shortens nothing after it": {
		{"ahead", -9, graceful("r", []policies.Stage{locks("lock", 30)}), leaver(leaving(0)), false,
			"in_grace 2026-03-02 | lock 2026-03-02 alone", []string{"r/lock 2026-03-02"}, []string{"started"}},
		{"the end, and the edit", 1, graceful("r", []policies.Stage{locks("lock", 0)}), leaver(), false,
			"in_grace 2026-03-02 | lock 2026-03-02", []string{"r/lock 2026-03-02"}, []string{"closed", "started"}},
	},
	"a longer stage takes those after it along": {
		{"seen", 1, graceful("r", []policies.Stage{revokes("projects", 5, "project-*"), locks("lock", 10)}), leaver(holding("project-x")), false,
			"in_grace 2026-02-05 | projects 2026-02-05", []string{"r/lock 2026-02-10", "r/projects 2026-02-05"}, []string{"started", "started"}},
		{"longer", 2, graceful("r", []policies.Stage{revokes("projects", 20, "project-*"), locks("lock", 20)}), leaver(holding("project-x")), false,
			"in_grace 2026-02-20 | projects 2026-02-20", []string{"r/lock 2026-02-20", "r/projects 2026-02-20"}, []string{"extended", "extended"}},
		{"the lock alone would be earlier", 3, graceful("r", []policies.Stage{revokes("projects", 30, "project-*"), locks("lock", 30)}), leaver(holding("project-x")), false,
			"in_grace 2026-03-02 | projects 2026-03-02", []string{"r/lock 2026-03-02", "r/projects 2026-03-02"}, []string{"extended", "extended"}},
	},
	"an incomplete source": {
		{"seen", 1, patient, leaver(holding("project-x", "Mail")), false,
			"due 2026-01-31 projects:revoke-project-x | lock 2026-02-05", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-31"}, []string{"started", "started", "done", "started"}},
		{"makes nothing due, and nothing done", 6, patient, leaver(holding("Mail")), true,
			"in_grace 2026-02-07 lock:lock", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-31"}, nil},
		{"complete again", 7, patient, leaver(holding("Mail")), false,
			"due 2026-02-05 lock:lock", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-31 done"}, []string{"done"}},
	},
	"rights that the source does not show are not gone": {
		{"held", 1, patient, leaver(holding("project-x", "Mail")), false,
			"due 2026-01-31 projects:revoke-project-x | lock 2026-02-05", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-31"}, []string{"started", "started", "done", "started"}},
		{"a night without rights", 2, patient, leaver(holding()), false,
			"in_grace 2026-02-05 | lock 2026-02-05", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-31"}, nil},
		{"shown again", 3, patient, leaver(holding("project-x", "Mail")), false,
			"due 2026-01-31 projects:revoke-project-x | lock 2026-02-05", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-31"}, nil},
	},
	"a right that somebody gives again is for a person to decide on": {
		{"gone", 1, patient, leaver(holding("Mail")), false,
			"in_grace 2026-02-05 | lock 2026-02-05", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-31 done"}, []string{"started", "started", "done", "started", "done"}},
		{"given again", 2, patient, leaver(holding("Mail", "project-y")), false,
			"due 2026-01-31 projects:revoke-project-y | lock 2026-02-05 alone", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-31 done"}, nil},
	},
	"gone and back": {
		{"seen", 1, patient, leaver(holding("Mail")), false,
			"in_grace 2026-02-05 | lock 2026-02-05", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-31 done"}, []string{"started", "started", "done", "started", "done"}},
		{"gone", 2, patient, nil, false, "", []string{"r/lock 2026-02-05 paused", "r/notice 2026-01-21 done paused", "r/projects 2026-01-31 done paused"}, []string{"paused", "paused", "paused"}},
		{"back", 20, patient, leaver(holding("Mail")), false,
			"due 2026-02-05 lock:lock", []string{"r/lock 2026-02-05", "r/notice 2026-01-21 done", "r/projects 2026-01-31 done"}, []string{"reopened", "reopened", "reopened"}},
	},
	"no end is stated: stages count from the first sight, and none lies before it": {
		{"vanished", 10, patient, leaver(inferred(2), holding("project-x")), false, "", nil, nil},
		{"selected by status", 11, graceful("r", path3, func(r *policies.Rule) {
			r.Trigger = policies.Trigger{Status: []reconcile.PersonState{reconcile.Vanished}}
		}), leaver(inferred(2), holding("project-x")), false,
			"due 2026-02-11 projects:revoke-project-x | lock 2026-02-16", []string{"r/lock 2026-02-16", "r/notice 2026-02-11 done", "r/projects 2026-02-11"}, []string{"started", "started", "done", "started"}},
	},
}

func TestStages(t *testing.T) {
	for name, nights := range stagedStories {
		t.Run(name, func(t *testing.T) {
			var clocks []policies.Clock
			firstSeen := map[string]time.Time{}
			for _, n := range nights {
				at := ended.Add(13*time.Hour).AddDate(0, 0, n.night)
				one := step{n.name, int(at.Sub(now) / daySpan), rules(n.rule), n.v, n.incomplete, false, nil, n.clocks, n.changes}
				var d policies.Decision
				d, clocks = decideAndTell(t, one, clocks, firstSeen)
				if got := stand(d); n.stands != "" && got != n.stands {
					t.Errorf("%s: %q, want %q\n%s", n.name, got, n.stands, d.Why)
				}
			}
		})
	}
}
