package reconcile_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

func TestExplainKeys(t *testing.T) {
	anna, bert := human("00100", hired), human("00200", hired)
	anna.OtherIDs, bert.Mails = []string{"GUID-A"}, []string{"p100@corp.example", "bert@corp.example"}
	anna.Mails = []string{"p100@corp.example"}
	w := newWorld(anna, bert)
	w.rejected = []scanners.Rejection{{Place: "line 9", ID: "300", Reason: "not a date"}}
	x := w.explain(login(keys("100", "999", "300"), mails("P100@Corp.example", "nobody@corp.example"), anchors("guid-a")))
	want := []reconcile.KeyTried{
		{Key: "anchor", Value: "guid-a", Normalised: "guid-a", Named: []string{"hr/00100"}},
		{Key: "employee_id", Value: "100", Normalised: "100", Named: []string{"hr/00100"}},
		{Key: "employee_id", Value: "999", Normalised: "999"},
		{Key: "employee_id", Value: "300", Normalised: "300", Note: "hr line 9 could not be read (not a date)"},
		{Key: "mail", Value: "P100@Corp.example", Normalised: "p100@corp.example", Named: []string{"hr/00100", "hr/00200"}},
		{Key: "mail", Value: "nobody@corp.example", Normalised: "nobody@corp.example"},
	}
	if diff := cmp.Diff(want, x.Keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// TestExplainReferences: whoever answers for an account is found by references, and they are keys that were tried.
func TestExplainReferences(t *testing.T) {
	w := newWorld(human("100", hired), human("200", left))
	w.others = []scanners.Account{login(named("bert"), keys("200"))}
	x := w.explain(login(named("svc"), keys(), kind(scanners.KindService), func(a *scanners.Account) { a.Owner, a.Sponsor, a.Manager = "100", "bert", "CN=nobody" }))
	want := []reconcile.KeyTried{
		{Key: "sponsor", Value: "100", Normalised: "100", Named: []string{"hr/100"}},
		{Key: "sponsor", Value: "bert", Normalised: "bert", Named: []string{"hr/200"}, Note: "through an account of the same system"},
		{Key: "sponsor", Value: "CN=nobody", Normalised: "cn=nobody"},
	}
	if diff := cmp.Diff(want, x.Keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"CN=nobody"}, x.Unresolved); diff != "" {
		t.Errorf("unresolved (-want +got):\n%s", diff)
	}
}

// TestExplainTests lists the rows of the decision table up to the one that holds.
func TestExplainTests(t *testing.T) {
	x := newWorld(human("100", left)).explain(login(neverUsed))
	var kinds []reconcile.Kind
	for i, outcome := range x.Tests {
		kinds = append(kinds, outcome.Kind)
		last := i == len(x.Tests)-1
		if outcome.Holds != last {
			t.Errorf("%s holds: %v", outcome.Kind, outcome.Holds)
		}
		if holds := outcome.Why != "" && outcome.Unless != "" && outcome.Needs == ""; holds != outcome.Holds {
			t.Errorf("%s: why %q, unless %q, needs %q", outcome.Kind, outcome.Why, outcome.Unless, outcome.Needs)
		}
	}
	if want := []reconcile.Kind{contradiction, disputed, usedAfterEnd, leaverActive}; !slices.Equal(kinds, want) {
		t.Errorf("tests %v, want %v", kinds, want)
	}
	x = newWorld(human("100", hired)).explain(login())
	if want := len(reconcile.Kinds()) - 1; len(x.Tests) != want { // rule_match is the policies' to decide
		t.Errorf("%d tests of an account without a finding, want %d", len(x.Tests), want)
	}
}

func TestAhead(t *testing.T) {
	last, made := instant("2026-02-01T00:00:00Z"), instant("2026-02-20T00:00:00Z")
	leaving := human("100", tenure("2020-01-01", "2026-05-31"))
	dormantAt := reconcile.Change{At: last.Add(90 * daySpan), Kind: reconcile.Dormant, Why: "unless the account is used"}
	neverAt := reconcile.Change{At: made.Add(45 * daySpan), Kind: reconcile.NeverUsed, Why: "unless the account is used"}
	ends := func(k reconcile.Kind) reconcile.Change {
		return reconcile.Change{Kind: k, Why: "the employment of hr/100 ends on 2026-05-31"}
	}
	cases := []struct {
		name   string
		person scanners.Person
		a      scanners.Account
		want   []reconcile.Change
	}{
		{"will be dormant", human("100", hired), login(used(last, 0)), []reconcile.Change{dormantAt}},
		{"will have been never used", human("100", hired), login(neverUsed, created(made)), []reconcile.Change{neverAt}},
		{"leaves and will be dormant", leaving, login(used(last, 0)), []reconcile.Change{ends(leaverActive), dormantAt}},
		{"leaves and is dormant", leaving, login(used(last.AddDate(-1, 0, 0), 0)), []reconcile.Change{ends(leaverActive)}},
		{"sponsor leaves", leaving, login(keys(), kind(scanners.KindService), sponsored("100"), useUnknown), []reconcile.Change{ends(ownerLeft)}},
		{"left already", human("100", left), login(), nil},
		{"disabled", leaving, login(disabled), nil},
		{"break-glass", leaving, login(kind(scanners.KindBreakGlass)), nil},
		{"unknown use", human("100", hired), login(useUnknown), nil},
		{"on leave", human("100", tenureAs("2020-01-01", "", scanners.StatusLeave)), login(used(last, 0)), nil},
		{"nobody's", human("200", hired), login(used(last, 0)), nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, newWorld(c.person).explain(c.a).Ahead); diff != "" {
				t.Errorf("ahead (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("what lies ahead comes true", func(t *testing.T) {
		w := newWorld(human("100", hired))
		a := login(used(last, 0))
		for _, change := range w.explain(a).Ahead {
			wantKind(t, w.at(change.At), a, none)
			wantKind(t, w.at(change.At.Add(1)), a, change.Kind)
		}
	})
	t.Run("thresholds that are off bring nothing", func(t *testing.T) {
		w := newWorld(human("100", hired))
		w.settings.Thresholds.Dormant, w.settings.Thresholds.NeverUsed = 0, 0
		if ahead := append(w.explain(login(used(last, 0))).Ahead, w.explain(login(neverUsed)).Ahead...); ahead != nil {
			t.Errorf("ahead %v", ahead)
		}
	})
}
