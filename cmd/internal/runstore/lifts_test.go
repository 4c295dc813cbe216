package runstore

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/policies"
)

func TestLiftsAreThoseOfOnePlan(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "state"))
	one := policies.Lift{Limit: "actions_total", Plan: "aa", Run: "run-01", By: "ann", Second: "bob", At: night(2), Reason: "ticket 17"}
	two := policies.Lift{Limit: "actions_per_source:crm", Plan: "bb", By: "bob", Second: "ann", At: night(3), Reason: "ticket 18"}
	for _, l := range []policies.Lift{one, two} {
		if err := s.Lift(ctx, l, "svc-leaver"); err != nil {
			t.Fatal(err)
		}
	}
	for plan, want := range map[string][]policies.Lift{"aa": {one}, "bb": {two}, "cc": nil} {
		got, err := s.Lifts(ctx, plan)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("plan %s: %v (-want +got):\n%s", plan, err, diff)
		}
	}
	if got, err := s.LiftsSince(ctx, night(2)); err != nil || len(got) != 1 || got[0].Plan != "bb" {
		t.Errorf("since night 2: %v, %v", got, err)
	}
	var text string
	if err := s.db.QueryRow(`SELECT record FROM log_records WHERE record LIKE '%limit.lifted%' AND record LIKE '%plan aa%'`).Scan(&text); err != nil {
		t.Fatal(err)
	}
	var r record
	if err := json.Unmarshal([]byte(text), &r); err != nil || r.By != "svc-leaver" || r.Run != "run-01" || strings.Contains(text, "ann") {
		t.Errorf("record %s, %v", text, err)
	}
}

// A limit that somebody lifts behind the back of the log lets a plan pass to which nobody agreed.
func TestForgedLifts(t *testing.T) {
	l := policies.Lift{Limit: "actions_total", Plan: "aa", By: "ann", Second: "bob", At: night(2), Reason: "ticket 17"}
	for name, c := range map[string]struct{ change, want string }{
		"as it was":        {`SELECT 1`, ""},
		"for another plan": {`UPDATE lifts SET plan = 'bb', lift = replace(lift, '"aa"', '"bb"')`, "the lift of actions_total for plan bb is not as the log tells"},
		"by somebody else": {`UPDATE lifts SET lift = replace(lift, 'bob', 'eve')`, "for plan aa is not as the log tells"},
		"one more":         {`INSERT INTO lifts SELECT 'cc', limit_name, replace(lift, '"aa"', '"cc"') FROM lifts`, "for plan cc is not as the log tells"},
		"taken out":        {`DELETE FROM lifts`, "the lift of actions_total for plan aa is on record, and not in the state"},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, filepath.Join(t.TempDir(), "state"))
			if err := s.Lift(ctx, l, "svc-leaver"); err != nil {
				t.Fatal(err)
			}
			if _, err := s.db.Exec(c.change); err != nil {
				t.Fatal(err)
			}
			_, err := s.VerifyLog(ctx, nil)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
