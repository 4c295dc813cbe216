package reports

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// sampleChanges has every change that a sheet lists, in the order of reports.
func sampleChanges() *Changes {
	finding := func(change ChangeKind, severity reconcile.Severity, login string, before, now reconcile.Kind) Change {
		c := Change{Change: change, Source: "okta", Account: "00u-" + login, Login: login, Severity: severity, KindBefore: before, Kind: now, Person: "hr/E10680"}
		c.ID = reconcile.FindingID(c.Source, c.Account, reconcile.LeaverActive)
		if before != reconcile.KindNone {
			c.DecisionBefore = policies.InGrace
		}
		if now != reconcile.KindNone {
			c.Decision = policies.Due
		}
		c.Why = "sample: " + string(change)
		return c
	}
	none := reconcile.KindNone
	return &Changes{Run: "2026-11-15-0210-AAAA", AsOf: when("2026-11-15 02:10"), Persisting: 1204, List: []Change{
		finding(ChangeNew, reconcile.High, "nadia.conti", none, reconcile.LeaverActive),
		finding(ChangeReopened, reconcile.High, "oskar.berg", none, reconcile.LeaverActive),
		finding(ChangeEscalated, reconcile.Critical, "amara.keller", reconcile.LeaverActive, reconcile.UsedAfterEnd),
		finding(ChangeEased, reconcile.Low, "kofi.novak", reconcile.NeverUsed, reconcile.Dormant),
		finding(ChangeDecision, reconcile.Medium, "+ivan", reconcile.Orphan, reconcile.Orphan),
		finding(ChangeFixed, reconcile.High, "jaya.erdem", reconcile.LeaverActive, none),
		finding(ChangeReplaced, reconcile.Low, "hana.duarte", reconcile.Dormant, none),
		finding(ChangeNotSeen, reconcile.Low, "daniel.lopez", reconcile.Dormant, none),
		finding(ChangeNotSeenBefore, reconcile.Low, "farah.jansen", none, reconcile.Dormant),
		finding(ChangePersisting, reconcile.High, "moved.on", reconcile.LeaverActive, reconcile.LeaverActive),
	}}
}

func TestChangesSheet(t *testing.T) {
	rows := grids(t, open(t, workbook(t, everything())), true)["Changes"]
	note := rows[1][0]
	for _, words := range []string{"2026-11-15-0210-AAAA", "1 new, 1 reopened", "1,205 persisting"} {
		if !strings.Contains(strings.ToLower(note), strings.ToLower(words)) {
			t.Errorf("the note is %q, it lacks %q", note, words)
		}
	}
	happened := cellsUnder(t, rows, "What happened")
	if len(happened) != len(ChangeKinds()) || happened["N-00009"] != "not seen before" {
		t.Errorf("changes %v", happened)
	}
	if before := cellsUnder(t, rows, "Finding before"); before["N-00003"] != "leaver active" || before["N-00001"] != dash {
		t.Errorf("findings before: %v", before)
	}
}

func TestChangesSheetWithoutChanges(t *testing.T) {
	quiet := everything()
	quiet.Changes = &Changes{Run: "R-1", AsOf: asOf}
	apart := everything()
	apart.Changes, apart.NotCompared = nil, "the folder of run R-1 is gone"
	for name, test := range map[string]struct {
		report Report
		want   string
	}{
		"first run":       {empty(), "there is no earlier accepted run"},
		"nothing changed": {quiet, "No finding differs from run R-1."},
		"not compared":    {apart, "Not compared: the folder of run R-1 is gone."},
		"refused":         {refused(), "Nothing was tested: the run was refused."},
	} {
		t.Run(name, func(t *testing.T) {
			rows := grids(t, open(t, workbook(t, test.report)), true)["Changes"]
			if got := rows[headRow][0]; !strings.Contains(got, test.want) {
				t.Errorf("the sheet says %q, want %q", got, test.want)
			}
		})
	}
}

func TestChangesHaveOneOrder(t *testing.T) {
	want := sampleChanges().List
	shuffled := slices.Clone(want)
	slices.Reverse(shuffled)
	slices.SortFunc(shuffled, Change.Compare)
	if diff := cmp.Diff(want, shuffled); diff != "" {
		t.Errorf("the order differs (-want +got):\n%s", diff)
	}
}
