package policies_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// step is one night of a story: what the rules were, how the account was seen, and what became of its clocks.
type step struct {
	name  string
	day   int // after the first night
	rules []policies.Rule
	// verdict is nil when the run did not show the account.
	verdict            *reconcile.Verdict
	incomplete, unread bool
	exclusions         []policies.Exclusion
	// want lists the clocks after the night as "rule due", paused ones with a trailing "paused"; changes the events.
	want    []string
	changes []string
}

// stories follow the clocks of one account over some nights. The first night is now.
var stories = map[string][]step{
	"gone and back keeps the date": {
		{"seen", 0, rules(rule("r", 60)), leaver(), false, false, nil, []string{"r 2026-04-01"}, []string{"started"}},
		{"gone", 1, rules(rule("r", 60)), nil, false, false, nil, []string{"r 2026-04-01 paused"}, []string{"paused"}},
		{"still gone", 2, rules(rule("r", 60)), nil, false, false, nil, []string{"r 2026-04-01 paused"}, nil},
		{"the source is incomplete", 3, rules(rule("r", 60)), leaver(), true, false, nil, []string{"r 2026-04-01 paused"}, nil},
		{"back", 90, rules(rule("r", 60)), leaver(), false, false, nil, []string{"r 2026-04-01"}, []string{"reopened"}},
	},
	"gone and back disabled": {
		{"seen", 0, rules(rule("r", 60)), leaver(), false, false, nil, []string{"r 2026-04-01"}, []string{"started"}},
		{"gone", 1, rules(rule("r", 60)), nil, false, false, nil, []string{"r 2026-04-01 paused"}, []string{"paused"}},
		{"back", 2, rules(rule("r", 60)), leaver(fixed, disabled), false, false, nil, nil, []string{"closed fixed: the account is disabled"}},
	},
	"an incomplete source": {
		{"starts nothing", 0, rules(rule("r", 60)), leaver(), true, false, nil, nil, nil},
		{"starts once complete", 1, rules(rule("r", 60)), leaver(), false, false, nil, []string{"r 2026-04-01"}, []string{"started"}},
		{"extends nothing", 2, rules(rule("r", 90)), leaver(), true, false, nil, []string{"r 2026-04-01"}, nil},
		{"resets nothing", 3, rules(rule("r", 60)), leaver(endsOn(5)), true, false, nil, []string{"r 2026-04-01"}, nil},
		{"pauses nothing", 4, rules(rule("r", 60)), nil, true, false, nil, []string{"r 2026-04-01"}, nil},
		{"closes nothing", 5, rules(rule("r", 60)), leaver(fixed, disabled), true, false, nil, []string{"r 2026-04-01"}, nil},
		{"closes once complete", 6, rules(rule("r", 60)), leaver(fixed, disabled), false, false, nil, nil, []string{"closed fixed: the account is disabled"}},
	},
	"a record that cannot be used, and a disputed one, say nothing": {
		{"seen", 0, rules(rule("r", 60)), leaver(), false, false, nil, []string{"r 2026-04-01"}, []string{"started"}},
		{"unread", 1, rules(rule("r", 60)), nil, false, true, nil, []string{"r 2026-04-01"}, nil},
		{"disputed", 2, rules(rule("r", 60)), leaver(kind(reconcile.Disputed)), false, false, nil, []string{"r 2026-04-01"}, nil},
		{"seen again", 3, rules(rule("r", 60)), leaver(), false, false, nil, []string{"r 2026-04-01"}, nil},
	},
	"edits of a rule": {
		{"from first seen", 0, rules(rule("r", 30, fromFirstSeen)), leaver(), false, false, nil, []string{"r 2026-04-09"}, []string{"started"}},
		{"from the end date does not shorten", 1, rules(rule("r", 30)), leaver(), false, false, nil, []string{"r 2026-04-09"}, nil},
		{"fewer days do not shorten", 2, rules(rule("r", 0)), leaver(), false, false, nil, []string{"r 2026-04-09"}, nil},
		{"more days extend", 3, rules(rule("r", 90)), leaver(), false, false, nil, []string{"r 2026-05-01"}, []string{"extended due on 2026-04-09 11:00 UTC before"}},
		{"taken back, the date stays", 4, rules(rule("r", 30)), leaver(), false, false, nil, []string{"r 2026-05-01"}, nil},
		{"another name, the date stays", 5, rules(rule("s", 30)), leaver(), false, false, nil, []string{"s 2026-05-01"}, []string{"closed rule \"r\" is gone", "started"}},
		{"asleep", 6, rules(rule("s", 30, inactive)), leaver(), false, false, nil, nil, []string{"closed rule \"s\" is not active"}},
		{"only reports", 7, rules(rule("s", 30, reporting)), leaver(), false, false, nil, nil, nil},
		{"awake, counted from the same first sight", 8, rules(rule("s", 30, fromFirstSeen)), leaver(), false, false, nil, []string{"s 2026-04-09"}, []string{"started"}},
		{"selects it no more", 9, rules(rule("s", 30, func(r *policies.Rule) { r.Trigger.Sources = []string{"erp"} })), leaver(), false, false, nil, nil, []string{"closed rule \"s\" does not select"}},
	},
	"each rule has its own clock": {
		{"one", 0, rules(rule("a", 60)), leaver(), false, false, nil, []string{"a 2026-04-01"}, []string{"started"}},
		{"a second one", 1, rules(rule("a", 60), rule("b", 70)), leaver(), false, false, nil, []string{"a 2026-04-01", "b 2026-04-11"}, []string{"started"}},
		{"the first is gone, the second keeps its own date", 2, rules(rule("b", 70)), leaver(), false, false, nil, []string{"b 2026-04-11"}, []string{"closed"}},
	},
	"an exclusion leaves the clock alone": {
		{"seen", 0, rules(rule("r", 60)), leaver(), false, false, nil, []string{"r 2026-04-01"}, []string{"started"}},
		{"excluded", 1, rules(rule("r", 90)), leaver(), false, false, []policies.Exclusion{exclusion("X", about("A1"))}, []string{"r 2026-04-01"}, nil},
		{"excluded by its rule", 2, rules(rule("r", 90, func(r *policies.Rule) { r.Exclude = []policies.Exclusion{exclusion("X", about("A1"))} })), leaver(), false, false, nil, []string{"r 2026-04-01"}, nil},
		{"no more", 3, rules(rule("r", 60)), leaver(), false, false, nil, []string{"r 2026-04-01"}, nil},
	},
	"HR": {
		{"vanished", 0, rules(rule("r", 60)), leaver(inferred(0)), false, false, nil, []string{"r 2026-05-09"}, []string{"started"}},
		{"states an end", 1, rules(rule("r", 60)), leaver(), false, false, nil, []string{"r 2026-04-01"}, []string{"closed hr-corrected", "started counted from the end of employment"}},
		{"corrects it", 2, rules(rule("r", 60)), leaver(endsOn(5)), false, false, nil, []string{"r 2026-04-06"}, []string{"closed hr-corrected", "started"}},
		{"forgets it", 3, rules(rule("r", 60)), leaver(inferred(0)), false, false, nil, []string{"r 2026-05-09"}, []string{"extended"}},
		{"rehires", 4, rules(rule("r", 60)), leaver(fixed, working(0, true)), false, false, nil, nil, []string{"closed rehired"}},
	},
	"a rule that counts from first seen notes another end and keeps its date": {
		{"seen", 0, rules(rule("r", 30, fromFirstSeen)), leaver(), false, false, nil, []string{"r 2026-04-09"}, []string{"started"}},
		{"corrected", 1, rules(rule("r", 30, fromFirstSeen)), leaver(endsOn(5)), false, false, nil, []string{"r 2026-04-09"}, []string{"restated"}},
		{"the same", 2, rules(rule("r", 30, fromFirstSeen)), leaver(endsOn(5)), false, false, nil, []string{"r 2026-04-09"}, nil},
	},
	"HR takes the end back": {
		{"seen", 0, rules(rule("r", 60)), leaver(), false, false, nil, []string{"r 2026-04-01"}, []string{"started"}},
		{"taken back", 1, rules(rule("r", 60)), leaver(fixed, working(0, false)), false, false, nil, nil, []string{"closed hr-corrected"}},
	},
	"HR writes a new start over the old row": {
		{"seen", 0, rules(rule("r", 60)), leaver(), false, false, nil, []string{"r 2026-04-01"}, []string{"started"}},
		{"rehired", 1, rules(rule("r", 60)), leaver(fixed, working(20, false)), false, false, nil, nil, []string{"closed rehired"}},
	},
	"another owner starts anew": {
		{"seen", 0, rules(rule("r", 60, fromFirstSeen)), leaver(), false, false, nil, []string{"r 2026-05-09"}, []string{"started"}},
		{"of somebody else", 10, rules(rule("r", 60, fromFirstSeen)), leaver(func(v *reconcile.Verdict) { v.Person.ID = "200" }), false, false, nil, []string{"r 2026-05-19"}, []string{"closed the account has another owner", "started"}},
		{"of an employee", 11, rules(rule("r", 60, fromFirstSeen)), leaver(fixed, func(v *reconcile.Verdict) { v.Person.ID = "300" }), false, false, nil, nil, []string{"closed fixed: the account has another owner"}},
	},
	"another owner and another name of the rule at once": {
		{"seen", 0, rules(rule("r", 90)), leaver(), false, false, nil, []string{"r 2026-05-01"}, []string{"started"}},
		{"of somebody else", 10, rules(rule("s", 30)), leaver(func(v *reconcile.Verdict) { v.Person.ID = "200" }), false, false, nil, []string{"s 2026-03-02"}, []string{"closed", "started"}},
	},
	"another finding takes its place": {
		{"seen", 0, rules(rule("r", 60)), leaver(), false, false, nil, []string{"r 2026-04-01"}, []string{"started"}},
		{"an orphan now", 1, rules(rule("r", 60)), orphan(), false, false, nil, []string{"r 2026-05-10"}, []string{"started", "closed another finding"}},
	},
}

func rules(list ...policies.Rule) []policies.Rule { return list }

func inactive(r *policies.Rule) { r.Active = false }

func reporting(r *policies.Rule) { r.Action = policies.ActionReport }

func disabled(v *reconcile.Verdict) { v.Account.Enabled = scanners.Known(false) }

func fixed(v *reconcile.Verdict) { v.Kind = reconcile.KindNone }

// endsOn moves the end of employment by some days.
func endsOn(days int) func(*reconcile.Verdict) {
	return func(v *reconcile.Verdict) {
		v.End.At = ended.Add(time.Duration(days) * daySpan)
		v.Person.End = v.End
	}
}

// working makes an employee of the owner, who began so many days after the end, with or without the old employment on record.
func working(days int, before bool) func(*reconcile.Verdict) {
	return func(v *reconcile.Verdict) {
		v.End, v.Person.End, v.Person.State = reconcile.End{}, reconcile.End{}, reconcile.Employed
		v.Person.Start = ended.AddDate(-3, 0, 0)
		if days > 0 {
			v.Person.Start = ended.AddDate(0, 0, days)
		}
		v.Person.Employments = []scanners.Employment{{}}
		if before {
			v.Person.Employments = append(v.Person.Employments, scanners.Employment{End: scanners.Known(scanners.Date{Year: 2026, Month: 1, Day: 31})})
		}
	}
}

func TestLedger(t *testing.T) {
	for name, steps := range stories {
		t.Run(name, func(t *testing.T) {
			var clocks []policies.Clock
			firstSeen := map[string]time.Time{}
			for _, step := range steps {
				clocks = tell(t, step, clocks, firstSeen)
			}
		})
	}
}

// tell plays one night and returns the clocks after it.
func tell(t *testing.T, n step, before []policies.Clock, firstSeen map[string]time.Time) []policies.Clock {
	t.Helper()
	_, after := decideAndTell(t, n, before, firstSeen)
	return after
}

// decideAndTell is tell with the decision of the night; the zero value when there was no finding.
func decideAndTell(t *testing.T, n step, before []policies.Clock, firstSeen map[string]time.Time) (policies.Decision, []policies.Clock) {
	t.Helper()
	var d policies.Decision
	s := set(n.rules...)
	s.Now, s.Exclusions = now.AddDate(0, 0, n.day), n.exclusions
	tonight := policies.Tonight{Decided: map[string][]policies.Clock{}, Sight: func(system, account string) policies.Sight {
		if system != "crm" || account != "A1" {
			t.Errorf("%s: asked about %s/%s", n.name, system, account)
		}
		return policies.Sight{Complete: !n.incomplete, Unread: n.unread, Verdict: n.verdict}
	}}
	if v := n.verdict; v != nil && v.Kind != reconcile.KindNone {
		past := policies.Past{AccountSeen: true, LinkSeen: true, SourceComplete: !n.incomplete, FirstSeen: firstSeen[v.ID()]}
		for _, c := range before {
			if c.Finding == v.ID() {
				past.Clocks = append(past.Clocks, c)
			} else {
				past.Elsewhere = append(past.Elsewhere, c)
			}
		}
		var clocks []policies.Clock
		d, clocks = s.Decide(v, past)
		firstSeen[v.ID()], tonight.Decided[v.ID()] = d.FirstSeen, clocks
	}
	after, events := s.Advance(before, tonight)
	if diff := cmp.Diff(n.want, shorts(after)); diff != "" {
		t.Errorf("%s: clocks (-want +got):\n%s", n.name, diff)
	}
	var changes []string
	for _, e := range events {
		changes = append(changes, fmt.Sprint(e.Change, " ", e.Reason))
	}
	if !slices.EqualFunc(n.changes, changes, func(want, got string) bool { return strings.HasPrefix(got, want) }) {
		t.Errorf("%s: changes %q, want %q", n.name, changes, n.changes)
	}
	return d, after
}

func shorts(clocks []policies.Clock) []string {
	var list []string
	for _, c := range clocks {
		short := strings.TrimSuffix(c.Rule+"/"+c.Stage, "/") + " " + c.DueAt.Format("2006-01-02")
		if !c.DoneAt.IsZero() {
			short += " done"
		}
		if !c.PausedAt.IsZero() {
			short += " paused"
		}
		list = append(list, short)
	}
	return list
}
