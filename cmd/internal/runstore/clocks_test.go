package runstore

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/policies"
)

// TestTell: a notice that went out is in the clock and in the log, once, and the next run goes on from it.
func TestTell(t *testing.T) {
	s := openStore(t, privateDir(t))
	lock(t, s)
	clock := policies.Clock{Finding: "F-1", System: "crm", Account: "A-1", Rule: "r", Person: "hr/1", FirstSeen: night(1), Basis: night(1), DueAt: night(8)}
	accept(t, begin(t, s, Start{ID: "run-01", AsOf: night(1), Started: night(1)}), Commit{Outcome: Outcome{Ended: night(1)}, Clocks: []policies.Clock{clock},
		Events: []policies.Event{{Clock: clock, Change: policies.Started}}})
	at := night(1).Add(90*time.Minute + 123456789)
	notice := Told{Finding: "F-1", Rule: "r", Person: "hr/1", At: at, To: "boss@example.com"}
	other := notice
	other.Person = "hr/2"
	for _, c := range []struct {
		name    string
		notices []Told
		want    int
	}{{"nothing", nil, 0}, {"of another owner", []Told{other}, 0}, {"one", []Told{notice}, 1}, {"the same again", []Told{notice}, 0}} {
		if n, err := s.Tell(ctx, "run-01", "me", c.notices); n != c.want || err != nil {
			t.Errorf("%s: %d recorded, %v", c.name, n, err)
		}
	}
	clock.ToldAt, clock.ToldTo = at.Truncate(time.Second), "boss@example.com"
	got, err := s.Clocks(ctx)
	if diff := cmp.Diff([]policies.Clock{clock}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := s.VerifyLog(ctx, nil); err != nil {
		t.Error(err)
	}
	clock.DueAt = night(9)
	accept(t, begin(t, s, Start{ID: "run-02", AsOf: night(2), Started: night(2)}), Commit{Outcome: Outcome{Ended: night(2)}, Clocks: []policies.Clock{clock},
		Events: []policies.Event{{Clock: clock, Change: policies.Extended}}})
	if _, err := s.VerifyLog(ctx, nil); err != nil {
		t.Error(err)
	}
	var names int
	if err := s.db.QueryRow(`SELECT count(*) FROM log_records WHERE record LIKE '%boss%'`).Scan(&names); err != nil || names != 0 {
		t.Errorf("%d records name an address, %v", names, err)
	}
}
