package runstore

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// TestComparedVerdicts: what comparisons read is what the whole table says, over several row groups, wherever in it the
// findings stand, for accounts of one id in two sources, too.
func TestComparedVerdicts(t *testing.T) {
	r := newRun(t, nil, 1)
	w, err := r.CreateVerdicts()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3*groupRows + 100 {
		v := reconcile.Verdict{Account: &scanners.Account{System: []string{"crm", "erp"}[i%2], ID: fmt.Sprintf("A-%d", i/2), Logins: []string{fmt.Sprint("u", i)}},
			Person: &reconcile.Person{System: "hr", ID: fmt.Sprint(i)}, Flags: reconcile.Privileged, Situation: reconcile.Linked}
		if i == 7 || i > 2*groupRows && i%1000 == 0 {
			v.Kind, v.Severity, v.End = reconcile.LeaverActive, reconcile.High, reconcile.End{At: night(-12)}
		}
		if err := w.Write(&v, policies.Decision{Kind: policies.DecideNone}); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	asked := map[AccountKey]struct{}{{"crm", "A-0"}: {}, {"erp", "A-9000"}: {}, {"erp", "A-12337"}: {}, {"crm", "nobody"}: {}}
	var findings, found []*Verdict
	for _, v := range collect(t, r.Verdicts()) {
		v.Flags, v.Situation, v.MatchedBy, v.DaysLate = 0, "", "", nil
		if v.Kind != reconcile.KindNone {
			findings = append(findings, v)
		}
		if _, yes := asked[AccountKey{v.Source, v.Account}]; yes {
			found = append(found, v)
		}
	}
	if len(findings) < 8 || len(found) != 3 {
		t.Fatalf("%d findings and %d accounts to compare with", len(findings), len(found))
	}
	if diff := cmp.Diff(findings, collect(t, r.Findings())); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(found, collect(t, r.Find(asked))); diff != "" {
		t.Errorf("asked accounts (-want +got):\n%s", diff)
	}
	for range r.Findings() { // it can be left early
		break
	}
	if readFails((&Folder{ID: "x", dir: t.TempDir()}).Findings()) == nil {
		t.Error("a table that is not there: no error")
	}
}
