package policies_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

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

func TestLimits(t *testing.T) {
	off := policies.Limit{Off: true}
	none := policies.Limits{ActionsPerSource: off, ActionsTotal: off, ActionsPerDepartment: off, ActionsPrivileged: off, FindingsPerSource: off, ExclusionsNew: off}
	items := func(n int, source, department string, privileged bool) []policies.Item {
		var list []policies.Item
		for i := range n {
			list = append(list, policies.Item{Finding: fmt.Sprint(source, i), Source: source, Department: department, Privileged: privileged})
		}
		return list
	}
	both := slices.Concat(items(11, "crm", "Sales", false), items(3, "erp", "IT", true))
	census := policies.Census{Accounts: map[string]int64{"crm": 1000, "erp": 100}, Privileged: map[string]int64{"erp": 30}, People: map[string]int64{"Sales": 20, "IT": 50},
		Findings: 40, NewFindings: map[string]int64{"crm": 9, "erp": 1}, NewExclusions: 6}
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
		{"of a department", func(l *policies.Limits) { l.ActionsPerDepartment = policies.Limit{Count: 2, Percent: 10} }, both, []string{"actions_per_department:Sales"}, 11},
		{"privileged", func(l *policies.Limits) { l.ActionsPrivileged = policies.Limit{Count: 2, Percent: 5} }, both, []string{"actions_privileged"}, 3},
		{"new findings", func(l *policies.Limits) { l.FindingsPerSource = policies.Limit{Count: 5} }, both, []string{"findings_per_source:crm"}, 11},
		{"new exclusions", func(l *policies.Limits) { l.ExclusionsNew = policies.Limit{Count: 5, Percent: 10} }, both, []string{"exclusions_new"}, 14},
		{"nothing is planned, so nothing is held", func(l *policies.Limits) { l.ExclusionsNew, l.FindingsPerSource = policies.Limit{}, policies.Limit{} }, nil, nil, 0},
		{"several", func(l *policies.Limits) { l.ActionsPerSource, l.ActionsTotal = policies.Limit{}, policies.Limit{} }, both,
			[]string{"actions_per_source:crm", "actions_per_source:erp", "actions_total"}, 14},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			limits := none
			c.change(&limits)
			var names []string
			plan := &policies.Plan{Items: c.items, Digest: policies.PlanDigest(c.items)}
			tripped := limits.Check(c.items, census)
			for _, one := range tripped {
				names = append(names, one.Name())
			}
			plan.Hold(tripped, nil)
			if diff := cmp.Diff(c.want, names); diff != "" {
				t.Errorf("tripped (-want +got):\n%s", diff)
			}
			if held := heldItems(plan); held != c.holds {
				t.Errorf("%d items held, want %d", held, c.holds)
			}
		})
	}
}

func heldItems(p *policies.Plan) int {
	held := 0
	for _, item := range p.Items {
		if _, holds := p.HeldBy(item); holds {
			held++
		}
	}
	return held
}

// A lift is about one limit and one very plan.
func TestLifts(t *testing.T) {
	items := []policies.Item{{Finding: "F-1", Source: "crm"}}
	tripped := []policies.Tripped{{Limit: policies.LimitPerSource, Scope: "crm"}, {Limit: policies.LimitTotal}}
	digest := policies.PlanDigest(items)
	for name, c := range map[string]struct {
		lifts []policies.Lift
		held  int
	}{
		"none":                   {nil, 2},
		"one of two":             {[]policies.Lift{{Limit: "actions_total", Plan: digest}}, 1},
		"both":                   {[]policies.Lift{{Limit: "actions_total", Plan: digest}, {Limit: "actions_per_source:crm", Plan: digest}}, 0},
		"for another plan":       {[]policies.Lift{{Limit: "actions_total", Plan: "other"}, {Limit: "actions_per_source:crm", Plan: "other"}}, 2},
		"the same limit, erp's":  {[]policies.Lift{{Limit: "actions_per_source:erp", Plan: digest}}, 2},
		"the limit of no source": {[]policies.Lift{{Limit: "actions_per_source", Plan: digest}}, 2},
	} {
		p := &policies.Plan{Items: items, Digest: digest}
		p.Hold(tripped, c.lifts)
		if len(p.Held) != c.held || len(p.Held)+len(p.Lifted) != 2 {
			t.Errorf("%s: held by %v, lifted %v", name, p.Held, p.Lifted)
		}
	}
}
