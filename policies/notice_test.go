package policies_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// telling makes a rule wait for a notice to the manager: its grace counts from it, or it has to go out so long before.
func telling(before time.Duration) func(*policies.Rule) {
	return func(r *policies.Rule) {
		r.Notify = &policies.Notify{To: []string{"manager", "iam@example.com"}, Before: before}
		if before == 0 {
			r.Grace.From = policies.FromNotified
		}
	}
}

// told is the clocks with the notice of rule sent at the given time.
func told(clocks []policies.Clock, rule string, at time.Time) []policies.Clock {
	var list []policies.Clock
	for _, c := range clocks {
		if c.Rule == rule && c.ToldAt.IsZero() {
			c.ToldAt, c.ToldTo = at, "boss@example.com"
		}
		list = append(list, c)
	}
	return list
}

// noticeNight is one night of a story of notices. The first is now, the tenth of March; the end was 38 days before.
type noticeNight struct {
	name string
	day  int
	rule policies.Rule
	v    *reconcile.Verdict
	// tells sends the notice that is wanted, an hour after the run.
	tells bool
	// want is the decision, its day, "untold", and "tell" when a notice is wanted.
	want       string
	incomplete bool
	changes    []string
}

var noticeStories = map[string][]noticeNight{
	"the grace counts from the notice": {
		{"a notice is wanted", 0, rule("r", 7, telling(0)), leaver(), false, "in_grace untold tell", false, []string{"started"}},
		{"the mail did not get through", 1, rule("r", 7, telling(0)), leaver(), false, "in_grace untold tell", false, nil},
		{"long after, still nobody was told", 100, rule("r", 7, telling(0)), leaver(), true, "in_grace untold tell", false, nil},
		{"told: the week runs from then", 101, rule("r", 7, telling(0)), leaver(), false, "in_grace 2026-06-25", false, []string{"extended"}},
		{"and is not told again", 107, rule("r", 7, telling(0)), leaver(), false, "in_grace 2026-06-25", false, nil},
		{"over", 108, rule("r", 7, telling(0)), leaver(), false, "due 2026-06-25", false, nil},
	},
	"no edit shortens it, and none makes it due untold": {
		{"a notice is wanted", 0, rule("r", 20, telling(0)), leaver(), true, "in_grace untold tell", false, []string{"started"}},
		{"told", 1, rule("r", 20, telling(0)), leaver(), false, "in_grace 2026-03-30", false, []string{"extended"}},
		{"fewer days", 2, rule("r", 3, telling(0)), leaver(), false, "in_grace 2026-03-30", false, nil},
		{"another name of the rule: told anew, and not earlier", 3, rule("s", 3, telling(0)), leaver(), true, "in_grace untold tell", false, []string{"closed", "started"}},
		{"told", 4, rule("s", 3, telling(0)), leaver(), false, "in_grace 2026-03-30", false, nil},
		{"a notice for a rule that had none", 5, rule("u", 0), leaver(), false, "in_grace 2026-03-30", false, []string{"closed", "started"}},
	},
	"an edit that asks for a notice of a rule whose grace is over": {
		{"due", 0, rule("r", 20), leaver(), false, "due 2026-02-20", false, []string{"started"}},
		{"now it wants a notice", 1, rule("r", 5, telling(0)), leaver(), true, "in_grace untold tell", false, []string{"extended"}},
		{"told", 2, rule("r", 5, telling(0)), leaver(), false, "in_grace 2026-03-16", false, []string{"extended"}},
	},
	"so long before": {
		{"the grace runs, it is early", 0, rule("r", 60, telling(3*daySpan)), leaver(), false, "in_grace 2026-04-01 untold", false, []string{"started"}},
		{"three days before", 20, rule("r", 60, telling(3*daySpan)), leaver(), false, "in_grace untold tell", false, nil},
		{"the mail did not get through, and the date passes", 25, rule("r", 60, telling(3*daySpan)), leaver(), true, "in_grace untold tell", false, nil},
		{"told, three days from then", 26, rule("r", 60, telling(3*daySpan)), leaver(), false, "in_grace 2026-04-07", false, []string{"extended"}},
		{"over", 29, rule("r", 60, telling(3*daySpan)), leaver(), false, "due 2026-04-07", false, nil},
	},
	"in time, the date stays": {
		{"told early enough", 19, rule("r", 60, telling(4*daySpan)), leaver(), true, "in_grace untold tell", false, []string{"started"}},
		{"told", 20, rule("r", 60, telling(4*daySpan)), leaver(), false, "in_grace 2026-04-02", false, []string{"extended"}},
	},
	"HR corrects the end: told anew": {
		{"told", 20, rule("r", 60, telling(4*daySpan)), leaver(), true, "in_grace untold tell", false, []string{"started"}},
		{"corrected", 21, rule("r", 60, telling(4*daySpan)), leaver(endsOn(2)), false, "in_grace untold tell", false, []string{"closed hr-corrected", "started"}},
	},
	"another owner is told of anew": {
		{"told", 0, rule("r", 7, telling(0)), leaver(), true, "in_grace untold tell", false, []string{"started"}},
		{"of somebody else", 9, rule("r", 7, telling(0)), leaver(func(v *reconcile.Verdict) { v.Person.ID = "200" }), false, "in_grace untold tell", false, []string{"closed", "started"}},
	},
	"a source that was not read completely": {
		{"tells nobody", 0, rule("r", 7, telling(0)), leaver(), false, "in_grace 2026-03-17 untold", true, nil},
		{"a notice is wanted", 1, rule("r", 7, telling(0)), leaver(), true, "in_grace untold tell", false, []string{"started"}},
		{"and the clock keeps it", 9, rule("r", 7, telling(0)), leaver(), false, "in_grace 2026-03-19", true, nil},
		{"over", 10, rule("r", 7, telling(0)), leaver(), false, "due 2026-03-18", false, []string{"extended"}},
	},
}

func TestNotices(t *testing.T) {
	for name, nights := range noticeStories {
		t.Run(name, func(t *testing.T) {
			var clocks []policies.Clock
			firstSeen := map[string]time.Time{}
			for _, n := range nights {
				s := set(n.rule)
				s.Now = now.AddDate(0, 0, n.day)
				past := policies.Past{AccountSeen: true, LinkSeen: true, SourceComplete: !n.incomplete, FirstSeen: firstSeen[n.v.ID()], Clocks: clocks}
				d, decided := s.Decide(n.v, past)
				if got := noticeStand(d); got != n.want {
					t.Errorf("%s: %q, want %q (%s)", n.name, got, n.want, d.Why)
				}
				firstSeen[n.v.ID()] = d.FirstSeen
				after, events := s.Advance(clocks, policies.Tonight{Decided: map[string][]policies.Clock{n.v.ID(): decided},
					Sight: func(string, string) policies.Sight { return policies.Sight{Complete: !n.incomplete, Verdict: n.v} }})
				wantChanges(t, n.name, n.changes, events)
				if clocks = after; n.tells {
					clocks = told(clocks, n.rule.Name, s.Now.Add(time.Hour))
				}
			}
		})
	}
}

func noticeStand(d policies.Decision) string {
	text := string(d.Kind)
	if !d.Until.IsZero() {
		text += " " + d.Until.Format("2006-01-02")
	}
	if d.Untold {
		text += " untold"
	}
	if d.Notice != nil {
		text += " tell"
	}
	return text
}

func wantChanges(t *testing.T, name string, want []string, events []policies.Event) {
	t.Helper()
	ok := len(events) == len(want)
	for i := 0; ok && i < len(events); i++ {
		ok = strings.HasPrefix(fmt.Sprint(events[i].Change, " ", events[i].Reason), want[i])
	}
	if !ok {
		t.Errorf("%s: changes %v, want %q", name, events, want)
	}
}

// TestUntoldKeepsNobodyWaiting: a rule that waits for a notice does not hold up another that is due.
func TestUntoldKeepsNobodyWaiting(t *testing.T) {
	waits := rule("a", 1, telling(0))
	for _, c := range []struct {
		name  string
		other policies.Rule
		want  string
	}{
		{"another is due", rule("z", 30), "z due"},
		{"another is not due yet", rule("z", 60), "a in_grace"},
		{"another waits too", rule("z", 30, telling(3*daySpan)), "a in_grace"},
	} {
		past := known()
		past.FirstSeen = now.Add(-9 * daySpan)
		if d, _ := set(waits, c.other).Decide(leaver(), past); fmt.Sprint(d.Rule, " ", d.Kind) != c.want {
			t.Errorf("%s: %s %s (%s)", c.name, d.Rule, d.Kind, d.Why)
		}
	}
}

// TestWhoIsTold: the first who is there and has a mail address; never somebody who has left.
func TestWhoIsTold(t *testing.T) {
	people := map[string]*reconcile.Person{
		"7": {System: "hr", ID: "7", State: reconcile.Employed, Mails: []string{"maria@example.com"}},
		"8": {System: "hr", ID: "8", State: reconcile.Ended, Mails: []string{"gone@example.com"}}, "9": {System: "hr", ID: "9", State: reconcile.Employed},
		"alias@example.com": {System: "hr", ID: "7", State: reconcile.Employed, Mails: []string{"maria@example.com"}},
	}
	manager := func(ref string) func(*reconcile.Verdict) {
		return func(v *reconcile.Verdict) { v.Person.Manager = ref }
	}
	for _, c := range []struct {
		name string
		to   []string
		v    *reconcile.Verdict
		mail string
		why  string
	}{
		{"a manager", []string{"manager"}, leaver(manager("7")), "maria@example.com", "to be told is 7 (hr/7), the manager"},
		{"a manager by address", []string{"manager"}, leaver(manager("boss@example.com")), "boss@example.com", "to be told is boss@example.com, the manager"},
		{"a manager by another address", []string{"manager"}, leaver(manager("alias@example.com")), "maria@example.com", "to be told is 7 (hr/7)"},
		{"one who has left", []string{"manager"}, leaver(manager("8")), "", "to be told is nobody: manager hr/8 has left"},
		{"one who has left, and a sponsor who is not on record", []string{"manager", "sponsor"}, leaver(manager("8")), "", "nobody: manager hr/8 has left; no sponsor is on record"},
		{"one without an address", []string{"manager", "iam@example.com"}, leaver(manager("9")), "iam@example.com", "manager 9 has no mail address"},
		{"one whom nobody knows", []string{"manager", "iam@example.com"}, leaver(manager("cn=boss")), "iam@example.com", "manager cn=boss has no mail address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := set(rule("r", 7, func(r *policies.Rule) {
				r.Grace.From, r.Notify = policies.FromNotified, &policies.Notify{To: c.to}
			}))
			s.Contact = func(ref string) *reconcile.Person { return people[ref] }
			d, _ := s.Decide(c.v, known())
			if d.Notice == nil || d.Notice.Mail != c.mail || !strings.Contains(d.Why, c.why) || !d.Notice.Earliest.Equal(now.AddDate(0, 0, 7)) {
				t.Errorf("%+v: %s", d.Notice, d.Why)
			}
		})
	}
}

// TestNoNoticeOfWhatIsNeverDue: nobody is told of an account that no rule may act on, or that is left alone.
func TestNoNoticeOfWhatIsNeverDue(t *testing.T) {
	s := set(rule("r", 7, telling(0)))
	first := known()
	first.AccountSeen = false
	for name, d := range map[string]policies.Decision{
		"suspect":     first1(s.Decide(leaver(flagged(reconcile.SuspectMatch)), known())),
		"first sight": first1(s.Decide(leaver(), first)),
		"inferred":    first1(s.Decide(leaver(inferred(0)), known())),
	} {
		if d.Notice != nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
	s.Exclusions = []policies.Exclusion{exclusion("X", about("A1"))}
	if d, _ := s.Decide(leaver(), known()); d.Notice != nil {
		t.Errorf("excluded: %+v", d)
	}
}

func first1(d policies.Decision, _ []policies.Clock) policies.Decision { return d }

// TestUntoldIsNotLeftOut: a plan lists nothing as left out that nobody was told of.
func TestUntoldIsNotLeftOut(t *testing.T) {
	s, past := set(rule("r", 0, telling(0))), known()
	_, past.Clocks = s.Decide(leaver(), past)
	past.SourceComplete = false
	d, _ := s.Decide(leaver(), past)
	planner := policies.NewPlanner("R", now, nil)
	planner.Add(leaver(), d, past, now.AddDate(0, 0, 9))
	if plan := planner.Plan(); len(plan.LeftOut)+len(plan.Items) != 0 {
		t.Errorf("%+v", plan)
	}
}

// TestNoticesRefused: what is wrong with the clause.
func TestNoticesRefused(t *testing.T) {
	for _, c := range []struct {
		rule policies.Rule
		want string
	}{
		{rule("r", 7, telling(0)), ""},
		{rule("r", 7, telling(daySpan)), ""},
		{rule("r", 7, func(r *policies.Rule) { r.Grace.From = policies.FromNotified }), "nobody to tell"},
		{rule("r", 7, telling(0), func(r *policies.Rule) { r.Notify.To = nil }), "notify names nobody"},
		{rule("r", 7, telling(0), func(r *policies.Rule) { r.Notify.Before = daySpan }), "the grace counts from the notice itself"},
		{rule("r", 7, telling(daySpan), func(r *policies.Rule) { r.Notify.Before = 0 }), "add for example before: 3d"},
		{rule("r", 7, telling(daySpan), reporting), "waits for no notice"},
		{graceful("r", path3, telling(daySpan)), "notify beside stages"},
		{graceful("r", path3, func(r *policies.Rule) { r.Grace.From = policies.FromNotified }), "the clocks of stages do not wait for a notice"},
	} {
		if err := c.rule.Check(); (err == nil) != (c.want == "") || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%v does not say %q", err, c.want)
		}
	}
}
