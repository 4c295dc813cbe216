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

// graceful is an active rule with these stages, for leavers and for those who leave within two weeks. Changes are applied in
// order.
func graceful(name string, stages []policies.Stage, changes ...func(*policies.Rule)) policies.Rule {
	r := rule(name, 0, func(r *policies.Rule) {
		r.Action, r.Strategy, r.Stages = "", policies.Graceful, stages
		r.Trigger = policies.Trigger{EndDate: &policies.EndDate{Offset: -14 * daySpan}}
	})
	for _, change := range changes {
		change(&r)
	}
	return r
}

func beforeEnd(r *policies.Rule) { r.Trigger.EndDate.BeforeEnd = true }

func notice(days int) policies.Stage {
	return policies.Stage{Name: "notice", Days: days, Action: "report"}
}

func locks(name string, days int) policies.Stage {
	return policies.Stage{Name: name, Days: days, Action: "lock"}
}

// revokes is a stage that takes groups.
func revokes(name string, days int, groups ...string) policies.Stage {
	return policies.Stage{Name: name, Days: days, Action: "revoke", Revoke: []policies.Rights{{Groups: groups}}}
}

// holding gives the account these groups.
func holding(groups ...string) func(*reconcile.Verdict) {
	return func(v *reconcile.Verdict) {
		v.Account.Grants = nil
		for _, name := range groups {
			v.Account.Grants = append(v.Account.Grants, scanners.Grant{ID: "id-" + name, Name: name, Type: "group", Direct: true, Removable: true})
		}
	}
}

// leaving is an employee whose employment ends so many days after that of the leaver, as the finding that a rule makes of them.
func leaving(days int) func(*reconcile.Verdict) {
	return func(v *reconcile.Verdict) {
		v.Kind, v.End, v.Person.End, v.Person.State = reconcile.RuleMatch, reconcile.End{}, reconcile.End{}, reconcile.Employed
		v.Person.UpcomingAt = ended.AddDate(0, 0, days)
	}
}

// stand is a decision in short: its kind, the day, and of the stages that are due what they do; "|" and the stage that is next.
func stand(d policies.Decision) string {
	text := string(d.Kind)
	if !d.Until.IsZero() {
		text += " " + d.Until.Format("2006-01-02")
	}
	if d.Stages == nil {
		return text
	}
	for _, s := range d.Stages.Due() {
		text += " " + s.Stage + ":" + s.Action
		for _, r := range s.Removes {
			text += "-" + r.Name
		}
	}
	if next := d.Stages.Next(); next != nil {
		text += " | " + next.Stage + " " + next.At.Format("2006-01-02")
	}
	if d.OneByOne != "" {
		text += " alone"
	}
	return text
}

// TestRightsThatGo: a stage takes what it names, what the account holds, and what can be taken from it; nothing else.
func TestRightsThatGo(t *testing.T) {
	grant := func(kind, name string) scanners.Grant {
		return scanners.Grant{ID: "id-" + name, Name: name, Type: kind, Direct: true, Removable: true}
	}
	inherited, primary := grant("group", "Inherited"), grant("group", "Domain Users")
	inherited.Direct, primary.Removable = false, false
	for _, c := range []struct {
		name         string
		stage        policies.Stage
		grants       []scanners.Grant
		licences     []string
		takes, stuck []string
	}{
		{"by name, without regard to case", revokes("s", 0, "SALES"), []scanners.Grant{grant("group", "Sales"), grant("group", "Sales EMEA")}, nil, []string{"group Sales"}, nil},
		{"by id", revokes("s", 0, "id-sales"), []scanners.Grant{grant("group", "Sales"), grant("group", "Mail")}, nil, []string{"group Sales"}, nil},
		{"by pattern, whole names only", revokes("s", 0, "proj-?"), []scanners.Grant{grant("group", "proj-a"), grant("group", "proj-ab"), grant("group", "my proj-a")}, nil, []string{"group proj-a"}, nil},
		{"brackets are no pattern", revokes("s", 0, "Sales [EMEA]"), []scanners.Grant{grant("group", "Sales E"), grant("group", "Sales [EMEA]")}, nil, []string{"group Sales [EMEA]"}, nil},
		{"slashes and backslashes", revokes("s", 0, `CORP\*`), []scanners.Grant{grant("group", `CORP\a/b`), grant("group", "CORP")}, nil, []string{`group CORP\a/b`}, nil},
		{"a role of that name is no group", revokes("s", 0, "Admin"), []scanners.Grant{grant("role", "Admin")}, nil, nil, nil},
		{"roles and applications", policies.Stage{Name: "s", Action: "revoke", Revoke: []policies.Rights{{Roles: []string{"a*"}, Applications: []string{"b"}}}},
			[]scanners.Grant{grant("role", "Admin"), grant("application", "B"), grant("group", "b")}, nil, []string{"application B", "role Admin"}, nil},
		{"keep wins", policies.Stage{Name: "s", Action: "revoke", Revoke: []policies.Rights{{Groups: []string{"*"}}}, Keep: []policies.Rights{{Groups: []string{"mail"}}}},
			[]scanners.Grant{grant("group", "Mail"), grant("group", "Sales"), grant("role", "Reader")}, nil, []string{"group Sales"}, nil},
		{"another system", policies.Stage{Name: "s", Action: "revoke", Revoke: []policies.Rights{{Sources: []string{"erp"}, Groups: []string{"*"}}}}, []scanners.Grant{grant("group", "Sales")}, nil, nil, nil},
		{"kept in another system only", policies.Stage{Name: "s", Action: "revoke", Revoke: []policies.Rights{{Sources: []string{"crm"}, Groups: []string{"*"}}}, Keep: []policies.Rights{{Sources: []string{"erp"}, Groups: []string{"*"}}}},
			[]scanners.Grant{grant("group", "Sales")}, nil, []string{"group Sales"}, nil},
		{"what cannot be taken from the account", revokes("s", 0, "*"), []scanners.Grant{inherited, primary, grant("group", "Sales")}, nil, []string{"group Sales"}, []string{"group Domain Users", "group Inherited"}},
		{"licences", policies.Stage{Name: "s", Action: "reclaim", Revoke: []policies.Rights{{Licences: []string{"E*"}}}}, []scanners.Grant{grant("group", "E5")}, []string{"E5", "Visio"}, []string{"licence E5"}, nil},
		{"a licence that a group brings", policies.Stage{Name: "s", Action: "reclaim", Revoke: []policies.Rights{{Licences: []string{"*"}}}},
			[]scanners.Grant{{ID: "E5", Name: "E5", Type: "licence", Removable: true}}, []string{"E5"}, nil, []string{"licence E5"}},
		{"a right without a name", revokes("s", 0, "*"), []scanners.Grant{{ID: "g-9", Type: "group", Direct: true, Removable: true}}, nil, []string{"group g-9"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := leaver(func(v *reconcile.Verdict) { v.Account.Grants, v.Account.Licences = c.grants, c.licences })
			s := set(graceful("r", []policies.Stage{c.stage, locks("lock", 90)}))
			d, _ := s.Decide(v, known())
			step := d.Stages.Steps[0]
			if diff := cmp.Diff(c.takes, words(step.Removes)) + cmp.Diff(c.stuck, words(step.Stuck)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if all := len(step.Removes) + len(step.Stays) + len(step.Stuck); all < len(c.grants) {
				t.Errorf("%d of %d rights: %+v", all, len(c.grants), step)
			}
			if due := d.Kind == policies.Due; due != (len(c.takes) > 0) {
				t.Errorf("%s: %s", d.Kind, d.Why)
			}
		})
	}
}

func words(rights []policies.Right) []string {
	var list []string
	for _, r := range rights {
		list = append(list, r.String())
	}
	return list
}

// TestStagesBesideRules: whether a stage or another rule decides.
func TestStagesBesideRules(t *testing.T) {
	stages := []policies.Stage{revokes("projects", 0, "project-*"), locks("lock", 60)}
	for _, c := range []struct {
		name  string
		other policies.Rule
		held  []string
		want  string // rule and action
	}{
		{"a lock that is due comes before rights that are due", rule("other", 20), []string{"project-x"}, "other lock"},
		{"rights that are due come before a lock that is not", rule("other", 50), []string{"project-x"}, "r revoke"},
		{"a lock that is earlier than that of the stages", rule("other", 50), []string{"Mail"}, "other lock"},
		{"a lock that is later than that of the stages", rule("other", 70), []string{"Mail"}, "r lock"},
		{"a rule that only reports", rule("other", 0, reporting), []string{"Mail"}, "r lock"},
		{"stages that only report", graceful("other", []policies.Stage{notice(0)}), []string{"Mail"}, "r lock"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, _ := set(graceful("r", stages), c.other).Decide(leaver(holding(c.held...)), known())
			if got := d.Rule + " " + d.Action; got != c.want {
				t.Errorf("%s, want %s (%s)", got, c.want, d.Why)
			}
		})
	}
}

// TestAfterTheLastStage: when nothing is left to do and the account is enabled, the report says so.
func TestAfterTheLastStage(t *testing.T) {
	d, clocks := set(graceful("r", []policies.Stage{notice(0), revokes("projects", 1, "project-*")})).Decide(leaver(holding("Mail")), known())
	if d.Kind != policies.ReportOnly || !strings.Contains(d.Why, `every stage of rule "r" is over, and the account is enabled`) || len(clocks) != 2 {
		t.Errorf("%+v %v", d, clocks)
	}
}

// TestStageDates: days before and after the end, working days both ways, and a date.
func TestStageDates(t *testing.T) {
	easter := []scanners.Date{{Year: 2026, Month: 4, Day: 3}, {Year: 2026, Month: 4, Day: 6}}
	for _, c := range []struct {
		name, end string // end is an instant
		stage     policies.Stage
		due       string
	}{
		{"calendar days", "2026-01-31T23:00:00Z", policies.Stage{Days: 3}, "2026-02-03T23:00:00Z"},
		{"over the clock change", "2026-03-27T23:00:00Z", policies.Stage{Days: 3}, "2026-03-30T22:00:00Z"},
		{"before the end", "2026-01-31T23:00:00Z", policies.Stage{Days: -3}, "2026-01-28T23:00:00Z"},
		{"back over the clock change", "2026-03-30T22:00:00Z", policies.Stage{Days: -3}, "2026-03-27T23:00:00Z"},
		{"working days after a Saturday", "2026-01-31T23:00:00Z", policies.Stage{Days: 2, Business: true}, "2026-02-03T23:00:00Z"},
		{"three working days before the end of a Friday", "2026-02-27T23:00:00Z", policies.Stage{Days: -3, Business: true}, "2026-02-24T23:00:00Z"},
		{"a working day before the end of a Sunday", "2026-03-01T23:00:00Z", policies.Stage{Days: -1, Business: true}, "2026-02-26T23:00:00Z"},
		{"back over Easter", "2026-04-07T22:00:00Z", policies.Stage{Days: -2, Business: true}, "2026-04-01T22:00:00Z"},
		{"a date", "2026-01-31T23:00:00Z", policies.Stage{Date: scanners.Date{Year: 2026, Month: 6, Day: 30}}, "2026-06-29T22:00:00Z"},
		{"a date before the end", "2026-07-31T22:00:00Z", policies.Stage{Date: scanners.Date{Year: 2026, Month: 6, Day: 30}}, "2026-06-29T22:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := leaver(func(v *reconcile.Verdict) { v.End.At = instant(c.end); v.Person.End = v.End })
			c.stage.Name, c.stage.Action = "s", "lock"
			s := set(graceful("r", []policies.Stage{c.stage}, beforeEnd, func(r *policies.Rule) { r.Grace.Holidays = easter }))
			s.Now = instant("2026-12-01T00:00:00Z")
			if d, _ := s.Decide(v, known()); !d.Until.Equal(instant(c.due)) || d.Kind != policies.Due {
				t.Errorf("%s %s, want %s", d.Kind, d.Until, c.due)
			}
		})
	}
}

// TestBeforeEndOfStages: a stage before the end of somebody who still works here is due before it with before_end only, whether
// it counts days or has a date; each such decision is for approval by itself.
func TestBeforeEndOfStages(t *testing.T) {
	day9 := scanners.Date{Year: 2026, Month: 3, Day: 9} // yesterday
	for _, stage := range []policies.Stage{{Name: "s", Days: -3, Action: "lock"}, {Name: "s", Date: day9, Action: "lock"}} {
		for _, allowed := range []bool{false, true} {
			v := leaver(leaving(40)) // 12 March 2026
			s := set(graceful("r", []policies.Stage{stage}, func(r *policies.Rule) { r.Trigger.EndDate.BeforeEnd = allowed }))
			d, _ := s.Decide(v, known())
			if (d.Kind == policies.Due) != allowed || d.OneByOne == "" || !allowed && !d.Until.Equal(v.Person.UpcomingAt) {
				t.Errorf("%+v, before_end %v: %s until %s, %q", stage, allowed, d.Kind, d.Until, d.OneByOne)
			}
		}
	}
}

// TestStagesNeedASafeDecision: what keeps a decision from being due keeps a stage, and the reason is told first.
func TestStagesNeedASafeDecision(t *testing.T) {
	rule := graceful("r", []policies.Stage{revokes("projects", 0, "project-*"), locks("lock", 10)})
	for name, c := range map[string]struct {
		v    *reconcile.Verdict
		past func(*policies.Past)
		want policies.DecisionKind
		why  string
	}{
		"first sight": {leaver(), func(p *policies.Past) { p.AccountSeen = false }, policies.InGrace, "this is the first run that sees the account"},
		"first link":  {leaver(), func(p *policies.Past) { p.LinkSeen = false }, policies.InGrace, "this is the first run that links"},
		"suspect":     {leaver(flagged(reconcile.SuspectMatch)), nil, policies.ReportOnly, "the match is suspect"},
		"excluded":    {leaver(), nil, policies.Excluded, "excluded by"},
	} {
		t.Run(name, func(t *testing.T) {
			s, past := set(rule), known()
			if c.past != nil {
				c.past(&past)
			}
			if c.want == policies.Excluded {
				s.Exclusions = []policies.Exclusion{exclusion("X", about("A1"))}
			}
			d, _ := s.Decide(c.v, past)
			if d.Kind != c.want || !strings.HasPrefix(d.Why, c.why) {
				t.Errorf("%s: %s", d.Kind, d.Why)
			}
		})
	}
	t.Run("a schedule", func(t *testing.T) {
		r := rule
		r.Schedule = &policies.Schedule{Cron: "nightly", Active: true}
		s := set(r)
		s.Planned = func(_ policies.Schedule, t time.Time) (time.Time, error) { return now.Add(time.Hour), nil }
		if d, _ := s.Decide(leaver(), known()); d.Kind != policies.InGrace || !d.Until.Equal(now.Add(time.Hour)) {
			t.Errorf("%s until %s: %s", d.Kind, d.Until, d.Why)
		}
	})
}

// TestPlanOfStages: an item has the stages in order, with what goes, what stays and who takes over.
func TestPlanOfStages(t *testing.T) {
	r := graceful("r", []policies.Stage{revokes("projects", 0, "project-*"), locks("lock", 10), {Name: "away", Days: 90, Action: "delete"}},
		func(r *policies.Rule) { r.HandOver = []string{"boss@example.com"} })
	v := leaver(holding("project-x", "Mail"))
	s := set(r)
	past := known()
	d, _ := s.Decide(v, past)
	planner := policies.NewPlanner("R", now, nil)
	planner.Add(v, d, past, now)
	items := planner.Plan().Items
	group := func(name string) policies.Right { return policies.Right{Type: "group", ID: "id-" + name, Name: name} }
	want := []policies.ItemStep{
		{Stage: "projects", Action: "revoke", Due: ended, Removes: []policies.Right{group("project-x")}, Stays: []policies.Right{group("Mail")}},
		{Stage: "lock", Action: "lock", Due: ended.AddDate(0, 0, 10)},
	}
	if len(items) != 1 || items[0].Action != "lock" || items[0].HandOver != "boss@example.com" {
		t.Fatalf("%+v", items)
	}
	if diff := cmp.Diff(want, items[0].Steps); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestPlanOfAReturnedRight and of an employee: each is approved by itself.
func TestPlanOneByOneOfStages(t *testing.T) {
	r := graceful("r", []policies.Stage{revokes("projects", -3, "project-*"), locks("lock", 90)}, beforeEnd)
	done := func(past policies.Past, v *reconcile.Verdict) policies.Past {
		_, past.Clocks = set(r).Decide(leaver(holding("Mail"), func(o *reconcile.Verdict) { o.Kind, o.Person, o.End = v.Kind, v.Person, v.End }), past)
		return past
	}
	back, employed := leaver(holding("project-x")), leaver(leaving(40), holding("project-x"))
	for _, c := range []struct {
		name string
		v    *reconcile.Verdict
		past policies.Past
		want []string
	}{
		{"for the first time", back, known(), nil},
		{"given again", back, done(known(), back), []string{"stage"}},
		{"still employed", employed, known(), []string{"employed"}},
	} {
		d, _ := set(r).Decide(c.v, c.past)
		planner := policies.NewPlanner("R", now, nil)
		planner.Add(c.v, d, c.past, now)
		if items := planner.Plan().Items; len(items) != 1 || !slices.Equal(items[0].OneByOne, c.want) {
			t.Errorf("%s: %+v", c.name, items)
		}
	}
}

// TestNothingIsDoneInTheDark: a source that was not read completely shows nothing of a stage as done.
func TestNothingIsDoneInTheDark(t *testing.T) {
	past := known()
	past.SourceComplete = false
	d, _ := set(graceful("r", []policies.Stage{revokes("projects", 0, "project-*"), locks("lock", 90)})).Decide(leaver(holding("Mail")), past)
	if d.Stages == nil || !d.Stages.Steps[0].Done.IsZero() {
		t.Errorf("%+v", d)
	}
}

// TestLeftOutOfStages: of a source that was not read completely, what would be due is listed, and a notice is not.
func TestLeftOutOfStages(t *testing.T) {
	for _, c := range []struct {
		name  string
		stage policies.Stage
		want  int
	}{{"a lock", locks("lock", 0), 1}, {"a notice", notice(0), 0}} {
		r := graceful("r", []policies.Stage{c.stage, locks("last", 90)})
		past := known()
		_, past.Clocks = set(r).Decide(leaver(), past)
		past.SourceComplete = false
		d, _ := set(r).Decide(leaver(), past)
		planner := policies.NewPlanner("R", now, nil)
		planner.Add(leaver(), d, past, now)
		if plan := planner.Plan(); len(plan.LeftOut) != c.want || len(plan.Items) != 0 {
			t.Errorf("%s: %+v", c.name, plan)
		}
	}
}

// TestHandOver: the first who is there takes over.
func TestHandOver(t *testing.T) {
	people := map[string]*reconcile.Person{
		"7": {System: "hr", ID: "7", DisplayName: "Maria Lopez", State: reconcile.Employed}, "8": {System: "hr", ID: "8", State: reconcile.Ended},
		"hr/7": {System: "hr", ID: "7", DisplayName: "Maria Lopez", State: reconcile.Employed}, "100": {System: "hr", ID: "100", State: reconcile.Employed},
	}
	manager := func(ref string) func(*reconcile.Verdict) {
		return func(v *reconcile.Verdict) { v.Person.Manager = ref }
	}
	onAccount := func(v *reconcile.Verdict) { v.Account.Manager, v.Account.Sponsor, v.Account.Owner = "7", "8", "7" }
	for _, c := range []struct {
		name string
		to   []string
		v    *reconcile.Verdict
		want string
	}{
		{"the manager on record with HR", []string{"manager"}, leaver(manager("7"), onAccount), "Maria Lopez (hr/7), the manager"},
		{"the manager of the account", []string{"manager"}, leaver(onAccount), "Maria Lopez (hr/7), the manager"},
		{"a manager whom no list of people shows", []string{"manager"}, leaver(manager("cn=boss")), "cn=boss, the manager"},
		{"a manager who has left", []string{"manager", "iam@example.com"}, leaver(manager("8")), "iam@example.com: manager hr/8 has left"},
		{"nobody's manager", []string{"manager"}, leaver(), "nobody: no manager is on record"},
		{"the leaver is their own manager", []string{"manager"}, leaver(manager("100")), "nobody: hr/100 is the owner, who leaves"},
		{"the sponsor has left, the owner is there", []string{"sponsor", "owner"}, leaver(onAccount), "Maria Lopez (hr/7), the owner: sponsor hr/8 has left"},
		{"a person", []string{"hr/7"}, leaver(), "Maria Lopez (hr/7)"},
		{"a person whom nobody knows", []string{"hr/9", "iam@example.com"}, leaver(), "iam@example.com: no people source shows hr/9"},
		{"an orphan has no manager", []string{"manager"}, orphan(), "nobody: no manager is on record"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := graceful("r", []policies.Stage{locks("lock", 0)}, func(r *policies.Rule) {
				r.HandOver, r.Trigger = c.to, policies.Trigger{Kinds: []reconcile.Kind{reconcile.LeaverActive, reconcile.Orphan}}
			})
			s := set(r)
			s.Contact = func(ref string) *reconcile.Person { return people[ref] }
			d, _ := s.Decide(c.v, known())
			if got := d.Stages.HandOver.String(); got != c.want || !strings.Contains(d.Why, "hand-over to "+c.want) {
				t.Errorf("%q, want %q (%s)", got, c.want, d.Why)
			}
		})
	}
}

// TestStagesRefused: what is wrong with stages.
func TestStagesRefused(t *testing.T) {
	change := func(f func(*policies.Rule)) policies.Rule { return graceful("r", path3, f) }
	for _, c := range []struct {
		rule policies.Rule
		want string
	}{
		{early3, ""},
		{change(func(r *policies.Rule) { r.Stages = nil }), `action "" is not one of`},
		{rule("r", 0, func(r *policies.Rule) { r.Strategy = policies.Graceful }), "a graceful rule without stages"},
		{rule("r", 0, func(r *policies.Rule) { r.HandOver = []string{"manager"} }), "hand_over belongs to stages"},
		{change(func(r *policies.Rule) { r.Action = "lock" }), `action "lock" beside stages`},
		{change(func(r *policies.Rule) { r.Grace.Days = 3 }), "grace has days beside stages"},
		{graceful("r", []policies.Stage{locks("a", 3), locks("a", 4)}), `two stages are named "a"`},
		{graceful("r", []policies.Stage{locks("a", 3), locks("b", 2)}), `stage "b" comes before stage "a"`},
		{graceful("r", []policies.Stage{{Name: "a", Date: scanners.Date{Year: 2026, Month: 3, Day: 2}, Action: "lock"}, {Name: "b", Date: scanners.Date{Year: 2026, Month: 3, Day: 1}, Action: "lock"}}), `stage "b" comes before`},
		{graceful("r", []policies.Stage{locks("", 3)}), "a stage without a name"},
		{graceful("r", []policies.Stage{{Name: "a", Action: "explode"}}), `action "explode" is not one of`},
		{graceful("r", []policies.Stage{locks("a", 9999)}), "9999 days are not between"},
		{graceful("r", []policies.Stage{{Name: "a", Days: 1, Date: scanners.Date{Year: 2026, Month: 3, Day: 1}, Action: "lock"}}), "days or a date, not both"},
		{graceful("r", []policies.Stage{{Name: "a", Action: "revoke"}}), "nothing says which rights go"},
		{graceful("r", []policies.Stage{{Name: "a", Action: "lock", Revoke: []policies.Rights{{Groups: []string{"x"}}}}}), "write two stages"},
		{graceful("r", []policies.Stage{revokes("a", 0)}), "an entry of revoke names nothing"},
		{graceful("r", []policies.Stage{revokes("a", 0, "x", "")}), "has an empty name"},
		{graceful("r", []policies.Stage{{Name: "a", Action: "reclaim", Revoke: []policies.Rights{{Groups: []string{"x"}}}}}), "reclaim takes licences only"},
	} {
		err := c.rule.Check()
		if (err == nil) != (c.want == "") || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%v does not say %q", err, c.want)
		}
	}
}
