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

func account(id string) func(*reconcile.Verdict) {
	return func(v *reconcile.Verdict) { v.Account.ID = id }
}

func login(name string) func(*reconcile.Verdict) {
	return func(v *reconcile.Verdict) { v.Account.Logins = []string{name} }
}

// planOf plans what rule decides on the verdicts, in a company with so many administrators in crm.
func planOf(admins int64, past policies.Past, verdicts ...*reconcile.Verdict) *policies.Plan {
	p := policies.NewPlanner("run", now, map[string]int64{"crm": admins})
	s := set(rule("r", 0))
	for _, v := range verdicts {
		d, _ := s.Decide(v, past)
		p.Add(v, d, past, now)
	}
	return p.Plan()
}

func TestPlan(t *testing.T) {
	incomplete := known()
	incomplete.SourceComplete = false
	_, incomplete.Clocks = set(rule("r", 0)).Decide(leaver(), known())
	running := incomplete
	running.Clocks = slices.Clone(incomplete.Clocks)
	running.Clocks[0].DueAt = now.Add(daySpan)
	cases := []struct {
		name     string
		admins   int64
		past     policies.Past
		verdicts []*reconcile.Verdict
		items    []string // account, and the flags for which a person has to look
		left     []string // account and the end of why
	}{
		{"nothing", 5, known(), nil, nil, nil},
		{"in order", 5, known(), []*reconcile.Verdict{leaver(account("B")), leaver(account("A"))}, []string{"A", "B"}, nil},
		{"what is not due is not planned", 5, policies.Past{SourceComplete: true}, []*reconcile.Verdict{leaver()}, nil, nil},
		{"one by one", 5, known(), []*reconcile.Verdict{leaver(flagged(reconcile.HRConflict | reconcile.InUse | reconcile.PossibleRehire | reconcile.Privileged | reconcile.Locked))},
			[]string{"A1 privileged possible_rehire hr_conflict in_use"}, nil},
		{"an incomplete source", 5, incomplete, []*reconcile.Verdict{leaver()}, nil, []string{"A1 not read completely"}},
		{"an incomplete source, not due anyway", 5, running, []*reconcile.Verdict{leaver()}, nil, nil},
		{"Kerberos", 5, known(), []*reconcile.Verdict{leaver(login(`CORP\KRBTGT_7`)), leaver(account("B"), login("anna.krbtgt"))}, []string{"B"}, []string{"A1 Kerberos needs it"}},
		{"synchronisation", 5, known(), []*reconcile.Verdict{leaver(login("MSOL_1a2b"))}, nil, []string{"A1 synchronisation needs it"}},
		{"an emergency account", 5, known(), []*reconcile.Verdict{leaver(func(v *reconcile.Verdict) { v.Account.Kind = scanners.KindBreakGlass })}, nil, []string{"A1 an emergency account"}},
		{"two administrators are left", 4, known(), []*reconcile.Verdict{leaver(account("A"), flagged(reconcile.Privileged)), leaver(account("B"), flagged(reconcile.Privileged))},
			[]string{"A privileged", "B privileged"}, nil},
		{"the last administrators", 3, known(), []*reconcile.Verdict{leaver(account("A"), flagged(reconcile.Privileged)), leaver(account("B"), flagged(reconcile.Privileged)), leaver(account("C"))},
			[]string{"C"}, []string{"A fewer than two administrators", "B fewer than two administrators"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := planOf(c.admins, c.past, c.verdicts...)
			var items, left []string
			for _, item := range p.Items {
				items = append(items, strings.TrimSpace(item.Account+" "+strings.Join(item.OneByOne, " ")))
			}
			for _, l := range p.LeftOut {
				left = append(left, l.Account+" "+l.Why)
			}
			if diff := cmp.Diff(c.items, items); diff != "" {
				t.Errorf("items (-want +got):\n%s", diff)
			}
			if !slices.EqualFunc(c.left, left, func(want, got string) bool {
				id, why, _ := strings.Cut(want, " ")
				return strings.HasPrefix(got, id+" ") && strings.HasSuffix(got, why)
			}) {
				t.Errorf("left out %q, want %q", left, c.left)
			}
		})
	}
}

// The account of somebody who still works here is never an item that may be approved with others.
func TestPlanKeepsOneByOne(t *testing.T) {
	ahead := func(days int) func(*reconcile.Verdict) {
		return func(v *reconcile.Verdict) {
			v.Kind, v.End = reconcile.RuleMatch, reconcile.End{}
			v.Person.State, v.Person.End, v.Person.UpcomingAt = reconcile.Employed, reconcile.End{}, now.Add(time.Duration(days)*daySpan)
		}
	}
	early := rule("early", 0, func(r *policies.Rule) {
		r.Trigger = policies.Trigger{EndDate: &policies.EndDate{Offset: -3 * daySpan, BeforeEnd: true}}
	})
	for name, c := range map[string]struct {
		v    *reconcile.Verdict
		rule policies.Rule
		want []string
	}{
		"a leaver": {leaver(), rule("r", 0), []string{}}, "a flag": {leaver(flagged(reconcile.HRConflict)), rule("r", 0), []string{"hr_conflict"}},
		"before the end":             {leaver(ahead(2)), early, []string{"employed"}},
		"privileged, before the end": {leaver(ahead(2), flagged(reconcile.Privileged)), early, []string{"privileged", "employed"}},
	} {
		p := policies.NewPlanner("run", now, map[string]int64{"crm": 5})
		d, _ := set(c.rule).Decide(c.v, known())
		if p.Add(c.v, d, known(), now); d.Kind != policies.Due {
			t.Fatalf("%s: %+v", name, d)
		}
		if diff := cmp.Diff(c.want, p.Plan().Items[0].OneByOne); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The digest is that of the items, on their facts; neither the order of reading nor the run is part of it.
func TestPlanDigest(t *testing.T) {
	a, b := leaver(account("A")), leaver(account("B"))
	base := planOf(5, known(), a, b).Digest
	same := planOf(5, known(), b, a)
	if same.Digest != base || len(base) != 64 || policies.PlanDigest(same.Items) != base {
		t.Errorf("another order: %s, %s", same.Digest, base)
	}
	held := planOf(5, known(), a, b)
	held.Hold([]policies.Tripped{{Limit: policies.LimitTotal}}, nil)
	if held.Digest != base || policies.PlanDigest(held.Items) != base {
		t.Error("what a limit holds has another digest than what it does not")
	}
	for name, other := range map[string]*policies.Plan{
		"an item less": planOf(5, known(), a), "an item more": planOf(5, known(), a, b, leaver(account("C"))),
		"other facts": planOf(5, known(), a, leaver(account("B"), kind(reconcile.UsedAfterEnd))), "enabled for sure": planOf(5, known(), a, leaver(account("B"), func(v *reconcile.Verdict) { v.Account.Enabled = scanners.Known(true) })),
		"another end": planOf(5, known(), a, leaver(account("B"), endsOn(1))),
	} {
		if other.Digest == base {
			t.Errorf("%s: the same digest", name)
		}
	}
}

func limitsOff() policies.Limits {
	off := policies.Limit{Off: true}
	return policies.Limits{ActionsPerSource: off, ActionsTotal: off, ActionsPerDepartment: off, ActionsPrivileged: off, FindingsPerSource: off, ExclusionsNew: off}
}

// itemsOf are n items on accounts of n people.
func itemsOf(n int, source, department string, privileged bool) []policies.Item {
	var list []policies.Item
	for i := range n {
		list = append(list, policies.Item{Finding: fmt.Sprint(source, i), Source: source, Person: fmt.Sprint("hr/", department, i), Department: department, Privileged: privileged})
	}
	return list
}

func TestLimits(t *testing.T) {
	both := slices.Concat(itemsOf(11, "crm", "Sales", false), itemsOf(3, "erp", "IT", true))
	twice := slices.Concat(itemsOf(3, "crm", "Sales", false), itemsOf(3, "erp", "Sales", false))
	census := policies.Census{Accounts: map[string]int64{"crm": 1000, "erp": 100}, Privileged: map[string]int64{"erp": 30}, People: map[string]int64{"Sales": 20, "IT": 50},
		Findings: 40, NewFindings: map[string]int64{"crm": 9, "erp": 1, "wiki": 99}, NewExclusions: 6}
	cases := []struct {
		name   string
		change func(*policies.Limits)
		items  []policies.Item
		want   []string
		holds  int
	}{
		{"all off", func(*policies.Limits) {}, both, nil, 0},
		{"count and percent exceeded", func(l *policies.Limits) { l.ActionsPerSource = policies.Limit{Count: 10, Percent: 1} }, both, []string{"actions_per_source:crm"}, 11},
		{"at the count", func(l *policies.Limits) { l.ActionsPerSource = policies.Limit{Count: 11, Percent: 1} }, both, nil, 0},
		{"below the percentage", func(l *policies.Limits) { l.ActionsPerSource = policies.Limit{Count: 2, Percent: 2} }, both, []string{"actions_per_source:erp"}, 3},
		{"in all", func(l *policies.Limits) { l.ActionsTotal = policies.Limit{Count: 13} }, both, []string{"actions_total"}, 14},
		{"of a department", func(l *policies.Limits) { l.ActionsPerDepartment = policies.Limit{Count: 3, Percent: 10} }, both, []string{"actions_per_department:Sales"}, 11},
		{"three people of a department, with two accounts each", func(l *policies.Limits) { l.ActionsPerDepartment = policies.Limit{Count: 3, Percent: 10} }, twice, nil, 0},
		{"privileged", func(l *policies.Limits) { l.ActionsPrivileged = policies.Limit{Count: 2, Percent: 5} }, both, []string{"actions_privileged"}, 3},
		{"new findings, also where nothing is planned", func(l *policies.Limits) { l.FindingsPerSource = policies.Limit{Count: 5} }, both, []string{"findings_per_source:crm"}, 11},
		{"new exclusions", func(l *policies.Limits) { l.ExclusionsNew = policies.Limit{Count: 5, Percent: 10} }, both, []string{"exclusions_new"}, 14},
		{"nothing is planned, so nothing is held", func(l *policies.Limits) { l.ExclusionsNew, l.FindingsPerSource = policies.Limit{}, policies.Limit{} }, nil, nil, 0},
		{"several", func(l *policies.Limits) { l.ActionsPerSource, l.ActionsTotal = policies.Limit{}, policies.Limit{} }, both,
			[]string{"actions_per_source:crm", "actions_per_source:erp", "actions_total"}, 14},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			limits := limitsOff()
			c.change(&limits)
			var names []string
			plan := &policies.Plan{Items: c.items, Digest: policies.PlanDigest(c.items)}
			plan.Bound(limits, census, nil)
			for _, one := range plan.Held {
				names = append(names, one.Name())
			}
			if diff := cmp.Diff(c.want, names); diff != "" {
				t.Errorf("held by (-want +got):\n%s", diff)
			}
			if held := heldItems(plan); held != c.holds {
				t.Errorf("%d items held, want %d", held, c.holds)
			}
		})
	}
}

// Every limit is measured every night and says how it stood, so that none is passed over in silence.
func TestEveryLimitSaysHowItStood(t *testing.T) {
	wide := policies.Limit{Count: 100, Percent: 1}
	limits := policies.Limits{ActionsPerSource: policies.Limit{Count: 2}, ActionsTotal: wide, ActionsPerDepartment: policies.Limit{Off: true}, ActionsPrivileged: wide,
		FindingsPerSource: policies.Limit{Count: 5}, ExclusionsNew: wide}
	stood := func(c policies.Census, items []policies.Item, lifts ...policies.Lift) string {
		plan := &policies.Plan{Items: items, Digest: policies.PlanDigest(items)}
		plan.Bound(limits, c, lifts)
		var list []string
		for _, m := range plan.Limits {
			list = append(list, fmt.Sprintf("%s %d/%d %s", m.Name(), m.Count, m.Base, m.State))
		}
		return strings.Join(list, ", ")
	}
	items := slices.Concat(itemsOf(3, "crm", "Sales", false), itemsOf(1, "erp", "IT", true))
	digest := policies.PlanDigest(items)
	// A source that could not be read has no accounts to be a share of, and a plan all the same when it was read before.
	blind := policies.Census{Accounts: map[string]int64{"erp": 100}, Findings: 40}
	census := policies.Census{Accounts: map[string]int64{"crm": 1000, "erp": 100}, Privileged: map[string]int64{"erp": 30}, Findings: 40,
		NewFindings: map[string]int64{"crm": 2, "wiki": 9}, NewExclusions: 6}
	for name, c := range map[string]struct {
		got, want string
	}{
		"a first run": {stood(blind, items), "actions_per_source:crm 3/0 holds, actions_total 4/100 within, actions_per_department 0/0 off, actions_privileged 1/0 within, findings_per_source 0/0 no baseline, exclusions_new 0/0 no baseline"},
		"later":       {stood(census, items), "actions_per_source:crm 3/1000 holds, actions_total 4/1100 within, actions_per_department 0/0 off, actions_privileged 1/30 within, findings_per_source:wiki 9/0 holds nothing, exclusions_new 6/40 within"},
		"lifted": {stood(census, items, policies.Lift{Limit: "actions_per_source:crm", Plan: digest, By: "ann", Second: "bob"}),
			"actions_per_source:crm 3/1000 lifted, actions_total 4/1100 within, actions_per_department 0/0 off, actions_privileged 1/30 within, findings_per_source:wiki 9/0 holds nothing, exclusions_new 6/40 within"},
		"nothing planned": {stood(census, nil), "actions_per_source 0/0 within, actions_total 0/1100 within, actions_per_department 0/0 off, actions_privileged 0/30 within, findings_per_source:wiki 9/0 holds nothing, exclusions_new 6/40 within"},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func heldItems(p *policies.Plan) int {
	held := 0
	for _, item := range p.Items {
		if len(p.Holders(item)) > 0 {
			held++
		}
	}
	return held
}

// A lift is about one limit and one very plan, and needs two people.
func TestLifts(t *testing.T) {
	items := []policies.Item{{Finding: "F-1", Source: "crm"}}
	tripped := []policies.Tripped{{Limit: policies.LimitPerSource, Scope: "crm"}, {Limit: policies.LimitTotal}}
	digest := policies.PlanDigest(items)
	lift := func(limit, plan, second string) policies.Lift {
		return policies.Lift{Limit: limit, Plan: plan, By: "ann", Second: second}
	}
	for name, c := range map[string]struct {
		lifts []policies.Lift
		held  int
	}{
		"none":                   {nil, 2},
		"one of two":             {[]policies.Lift{lift("actions_total", digest, "bob")}, 1},
		"both":                   {[]policies.Lift{lift("actions_total", digest, "bob"), lift("actions_per_source:crm", digest, "bob")}, 0},
		"for another plan":       {[]policies.Lift{lift("actions_total", "other", "bob"), lift("actions_per_source:crm", "other", "bob")}, 2},
		"the same limit, erp's":  {[]policies.Lift{lift("actions_per_source:erp", digest, "bob")}, 2},
		"the limit of no source": {[]policies.Lift{lift("actions_per_source", digest, "bob")}, 2},
		"by one person":          {[]policies.Lift{lift("actions_total", digest, "")}, 2},
		"by one person twice":    {[]policies.Lift{lift("actions_total", digest, "Ann@example.com")}, 2},
		"by one, then by two":    {[]policies.Lift{lift("actions_total", digest, ""), lift("actions_total", digest, "bob")}, 1},
	} {
		p := &policies.Plan{Items: items, Digest: digest}
		p.Hold(tripped, c.lifts)
		if len(p.Held) != c.held || len(p.Held)+len(p.Lifted) != 2 || len(p.Lifts) != len(p.Lifted) {
			t.Errorf("%s: held by %v, lifted %v by %v", name, p.Held, p.Lifted, p.Lifts)
		}
	}
}

func TestSamePerson(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"ann", "ann", true}, {"Ann", "ann ", true}, {`CORP\ann`, "ann", true}, {"ann@example.com", "ANN", true}, {"ann@example.com", "ann@example.org", true},
		{"ann", "bob", false}, {"ann.alba", "ann", false}, {"svc-leaver", "leaver", false},
	} {
		if got := policies.SamePerson(c.a, c.b); got != c.same {
			t.Errorf("%q and %q: %v", c.a, c.b, got)
		}
	}
}

func TestLimitsThatGuard(t *testing.T) {
	for _, c := range []struct {
		limit policies.Limit
		words string
		want  bool
	}{
		{policies.Limit{Count: 50}, "more than 50", true}, {policies.Limit{Count: 10, Percent: 1}, "more than 10 and 1%", true}, {policies.Limit{}, "more than 0", true},
		{policies.Limit{Off: true}, "more than 0", false}, {policies.Limit{Count: 1, Percent: 100}, "more than 1 and 100%", false},
	} {
		if !c.limit.Off != c.limit.Exceeded(1<<40, 100) {
			t.Errorf("%+v: exceeded by what nobody has", c.limit)
		}
		if c.limit.Guards() != c.want || c.limit.String() != c.words {
			t.Errorf("%+v: guards %v, %q", c.limit, c.limit.Guards(), c.limit)
		}
	}
}
