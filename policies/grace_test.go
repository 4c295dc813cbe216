package policies_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// TestWorkingDays counts from the end of Saturday 31 January 2026 in Berlin, or from the day given.
func TestWorkingDays(t *testing.T) {
	may1 := scanners.Date{Year: 2026, Month: 5, Day: 1}
	cases := []struct {
		name, end string // end is an instant
		days      int
		holidays  []scanners.Date
		zone      string
		due       string
	}{
		{"from a Sunday, one day is Monday", "2026-01-31T23:00:00Z", 1, nil, "Europe/Berlin", "2026-02-02T23:00:00Z"},
		{"no days leave a Sunday as it is", "2026-01-31T23:00:00Z", 0, nil, "Europe/Berlin", "2026-01-31T23:00:00Z"},
		{"from Friday noon, one day is Monday noon", "2026-02-06T11:00:00Z", 1, nil, "Europe/Berlin", "2026-02-09T11:00:00Z"},
		{"five days are a week", "2026-02-03T11:00:00Z", 5, nil, "Europe/Berlin", "2026-02-10T11:00:00Z"},
		{"from Monday midnight, one day is Tuesday midnight", "2026-02-01T23:00:00Z", 1, nil, "Europe/Berlin", "2026-02-02T23:00:00Z"},
		{"a holiday does not count", "2026-04-30T10:00:00Z", 1, []scanners.Date{may1}, "Europe/Berlin", "2026-05-04T10:00:00Z"},
		{"a holiday of another list counts", "2026-04-30T10:00:00Z", 1, nil, "Europe/Berlin", "2026-05-01T10:00:00Z"},
		{"from a holiday", "2026-05-01T10:00:00Z", 1, []scanners.Date{may1}, "Europe/Berlin", "2026-05-04T22:00:00Z"},
		{"days of the person's zone: Sunday there, Monday here", "2026-02-02T02:00:00Z", 1, nil, "America/New_York", "2026-02-03T05:00:00Z"},
		{"over the clock change", "2026-03-27T11:00:00Z", 1, nil, "Europe/Berlin", "2026-03-30T10:00:00Z"},
		{"over the turn of the year", "2026-12-31T11:00:00Z", 2, []scanners.Date{{Year: 2027, Month: 1, Day: 1}}, "Europe/Berlin", "2027-01-05T11:00:00Z"},
		{"over a leap day", "2028-02-28T11:00:00Z", 2, nil, "Europe/Berlin", "2028-03-01T11:00:00Z"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := leaver(func(v *reconcile.Verdict) {
				v.End.At, v.Person.Zone = instant(c.end), c.zone
				v.Person.End = v.End
			})
			r := rule("r", c.days, func(r *policies.Rule) { r.Grace.Business, r.Grace.Holidays = true, c.holidays })
			if _, clock := decide(set(r), v, known()); !clock.DueAt.Equal(instant(c.due)) {
				t.Errorf("due %s, want %s", clock.DueAt, c.due)
			}
		})
	}
}

// TestSchedule: decisions become due at the first planned time at or after the end of the grace period.
func TestSchedule(t *testing.T) {
	scheduled := func(active bool) policies.Rule {
		return rule("r", 5, func(r *policies.Rule) { r.Schedule = &policies.Schedule{Cron: "nightly", Active: active} })
	}
	at := func(due time.Time) func(policies.Schedule, time.Time) (time.Time, error) {
		return func(policies.Schedule, time.Time) (time.Time, error) { return due, nil }
	}
	broken := func(_ policies.Schedule, t time.Time) (time.Time, error) { return t, errors.New("no such zone") }
	cases := []struct {
		name    string
		rule    policies.Rule
		planned func(policies.Schedule, time.Time) (time.Time, error)
		want    policies.DecisionKind
		until   time.Time
		why     string
	}{
		{"planned before", scheduled(true), at(now.Add(-time.Hour)), policies.Due, now.Add(-time.Hour), "was over"},
		{"planned now", scheduled(true), at(now), policies.Due, now, "was over"},
		{"planned later", scheduled(true), at(now.Add(time.Second)), policies.InGrace, now.Add(time.Second), "its schedule plans"},
		{"not active", scheduled(false), at(now.Add(-time.Hour)), policies.InGrace, time.Time{}, "is not active"},
		{"cannot be read", scheduled(true), broken, policies.InGrace, time.Time{}, "no such zone"},
		{"nobody reads it", scheduled(true), nil, policies.InGrace, time.Time{}, "cannot be read"},
		{"no schedule", rule("r", 5), at(now.Add(time.Hour)), policies.Due, time.Time{}, "was over"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := set(c.rule)
			s.Planned = c.planned
			d, _ := s.Decide(leaver(), known())
			if d.Kind != c.want || !strings.Contains(d.Why, c.why) || !c.until.IsZero() && !d.Until.Equal(c.until) {
				t.Errorf("%s until %s (%s), want %s until %s", d.Kind, d.Until, d.Why, c.want, c.until)
			}
		})
	}
	t.Run("it is asked for the end of the grace period", func(t *testing.T) {
		s := set(scheduled(true))
		var asked time.Time
		s.Planned = func(_ policies.Schedule, t time.Time) (time.Time, error) { asked = t; return t, nil }
		if _, clock := decide(s, leaver(), known()); !asked.Equal(clock.DueAt) {
			t.Errorf("asked for %s, the grace ends %s", asked, clock.DueAt)
		}
	})
}

func TestAllocation(t *testing.T) {
	a := policies.Allocation{Tasks: 4, PerMinute: 30, Sources: map[string]policies.Pace{"crm": {Tasks: 1}, "erp": {PerMinute: 5}}}
	for source, want := range map[string]policies.Pace{"crm": {1, 30}, "erp": {4, 5}, "wiki": {4, 30}} {
		if got := a.For(source); got != want {
			t.Errorf("%s: %+v, want %+v", source, got, want)
		}
	}
	d, _ := set(rule("r", 0, func(r *policies.Rule) { r.Allocation = a })).Decide(leaver(), known())
	if d.Pace != (policies.Pace{Tasks: 1, PerMinute: 30}) {
		t.Errorf("the decision carries %+v", d.Pace)
	}
}

// TestOneByOne: decisions that nobody may approve by the list.
func TestOneByOne(t *testing.T) {
	ahead := func(v *reconcile.Verdict) {
		v.Kind, v.Person.UpcomingAt = reconcile.RuleMatch, now.Add(daySpan)
	}
	hook := rule("r", 0, func(r *policies.Rule) { r.Trigger = hooked(t, "account.system == 'crm'") })
	for _, c := range []struct {
		name string
		rule policies.Rule
		v    *reconcile.Verdict
		want string
	}{
		{"an ordinary leaver", rule("r", 0), leaver(), ""},
		{"privileged", rule("r", 0), leaver(flagged(reconcile.Privileged)), ""},
		{"HR contradicts itself", rule("r", 0), leaver(flagged(reconcile.HRConflict)), "HR contradicts itself"},
		{"used since the owner vanished", rule("r", 0), leaver(flagged(reconcile.InUse)), "was used after"},
		{"perhaps hired again", rule("r", 0), leaver(flagged(reconcile.PossibleRehire)), "hired again"},
		{"still employed", hook, idle(ahead), "the employment ends on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, _ := set(c.rule).Decide(c.v, known())
			if (d.OneByOne == "") != (c.want == "") || !strings.Contains(d.OneByOne, c.want) {
				t.Errorf("%q, want %q", d.OneByOne, c.want)
			}
		})
	}
}

// TestEffective: a rule decides from its first day to its last.
func TestEffective(t *testing.T) {
	for _, c := range []struct {
		name        string
		from, until time.Time
		want        policies.DecisionKind
	}{
		{"without bounds", time.Time{}, time.Time{}, policies.Due},
		{"from now on", now, time.Time{}, policies.Due},
		{"from a second later", now.Add(time.Second), time.Time{}, policies.ReportOnly},
		{"until a second later", time.Time{}, now.Add(time.Second), policies.Due},
		{"until now", time.Time{}, now, policies.ReportOnly},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rule("r", 0, func(r *policies.Rule) { r.Effective = policies.Effective{From: c.from, Until: c.until} })
			if d, _ := set(r).Decide(leaver(), known()); d.Kind != c.want {
				t.Errorf("%s (%s), want %s", d.Kind, d.Why, c.want)
			}
		})
	}
}

// TestHoldOfRuleMatch: an account that was enabled again is not due by a hook about idleness either.
func TestHoldOfRuleMatch(t *testing.T) {
	s := set(rule("r", 0, func(r *policies.Rule) { r.Trigger = hooked(t, "account.idle_days > 5") }))
	s.Hold = 7 * daySpan
	past := known()
	past.Reactivated = now.Add(-daySpan)
	if d, _ := s.Decide(idle(kind(reconcile.RuleMatch)), past); d.Kind != policies.InGrace || !d.Until.Equal(now.Add(6*daySpan)) {
		t.Errorf("%s until %s (%s)", d.Kind, d.Until, d.Why)
	}
}
