package runstore

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// nightsVariable makes this test binary the process that plays nights until it is killed.
const nightsVariable = "LEAVER_TEST_NIGHTS_STATE"

const nights = 200

// TestKilledNights plays 200 nights in a process that is killed at random instants, again and again. In the end ledger and
// audit log are those of 200 undisturbed nights: no night and no event is missing, and none is there twice.
func TestKilledNights(t *testing.T) {
	if dir := os.Getenv(nightsVariable); dir != "" {
		playNights(t, dir)
		return
	}
	dir := privateDir(t)
	killed := 0
	for !nightsDone(t, dir) {
		if killChild(t, "TestKilledNights", nightsVariable+"="+dir, "begun", rand.N(150*time.Millisecond)) {
			killed++
		}
		if killed > 5000 {
			t.Fatal("no night ever ends")
		}
	}
	s := openStore(t, dir)
	check, err := s.VerifyLog(ctx, nil)
	if err != nil || check.Runs != nights {
		t.Fatalf("%+v %v", check, err)
	}
	want, events := undisturbed()
	got, err := s.Clocks(ctx)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("the ledger (-undisturbed +killed): %v\n%s", err, diff)
	}
	var logged []string
	rows, err := s.db.Query(`SELECT json_extract(record, '$.run') || ' ' || json_extract(record, '$.event') || ' ' || json_extract(record, '$.finding')
		FROM log_records WHERE record LIKE '%"event":"clock.%' ORDER BY n`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		logged = append(logged, one[strings.Index(one, "-")+1:]) // the night, without the try
	}
	if diff := cmp.Diff(events, logged); diff != "" {
		t.Errorf("the audit log (-undisturbed +killed):\n%s", diff)
	}
	if killed < 10 {
		t.Errorf("only %d kills: the test does not disturb enough", killed)
	}
	t.Logf("%d kills, %d records", killed, check.Size)
}

// nightsDone checks the state after a kill and reports whether all nights have taken place.
func nightsDone(t *testing.T, dir string) bool {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	latest, err := s.LatestAccepted(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if latest == nil {
		return false
	}
	if err := s.Verify(ctx, latest.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.VerifyLog(ctx, nil); err != nil {
		t.Fatal(err)
	}
	return latest.AsOf.Equal(nightAt(nights))
}

func nightAt(n int) time.Time { return night(0).AddDate(0, 0, n) }

// playNights plays what is left of the nights.
func playNights(t *testing.T, dir string) {
	s := openStore(t, dir)
	lock(t, s)
	first := 1
	if latest, err := s.LatestAccepted(ctx); err != nil {
		t.Fatal(err)
	} else if latest != nil {
		first = int(latest.AsOf.Sub(nightAt(0)).Hours()/24) + 1
	}
	for n := first; n <= nights; n++ {
		r, err := s.Begin(ctx, Start{ID: fmt.Sprintf("%d-%03d", os.Getpid(), n), AsOf: nightAt(n), Started: nightAt(n)})
		if err != nil {
			t.Fatal(err)
		}
		if n == first {
			fmt.Println("begun")
		}
		before, err := s.Clocks(ctx)
		if err != nil {
			t.Fatal(err)
		}
		open, err := s.Findings(ctx)
		if err != nil {
			t.Fatal(err)
		}
		firstSeen := map[string]time.Time{}
		for id, f := range open {
			firstSeen[id] = f.FirstSeen
		}
		clocks, events, found := moveNight(n, before, firstSeen)
		seal(t, r, kindsOf(n))
		err = r.Accept(ctx, Commit{Clocks: clocks, Events: events, Findings: found,
			Outcome: Outcome{Ended: nightAt(n), Sources: []reports.Source{source("crm", scanners.Proved)}}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// undisturbed plays all nights in memory.
func undisturbed() (clocks []policies.Clock, logged []string) {
	firstSeen := map[string]time.Time{}
	for n := 1; n <= nights; n++ {
		var events []policies.Event
		var found []Finding
		clocks, events, found = moveNight(n, clocks, firstSeen)
		for _, e := range events {
			logged = append(logged, fmt.Sprintf("%03d clock.%s %s", n, e.Change, e.Clock.Finding))
		}
		made := map[string]bool{}
		for _, f := range found {
			made[f.ID] = true
			if _, known := firstSeen[f.ID]; !known {
				firstSeen[f.ID] = nightAt(n)
			}
		}
		for account, kind := range kindsOf(n) {
			if id := reconcile.FindingID("crm", account, reconcile.LeaverActive); kind == reconcile.KindNone && !made[id] {
				delete(firstSeen, id)
			}
		}
	}
	return clocks, logged
}

// kindsOf says how the run of night n finds each account: a leaver's, disabled, or not there.
func kindsOf(n int) map[string]reconcile.Kind {
	kinds := map[string]reconcile.Kind{}
	for i := range 6 {
		switch account := fmt.Sprintf("A-%d", i); (n*(i+1) + 3*i) % 13 {
		case 0: // gone
		case 1, 2:
			kinds[account] = reconcile.KindNone
		default:
			kinds[account] = reconcile.LeaverActive
		}
	}
	return kinds
}

// moveNight decides on the accounts of night n and moves the ledger.
func moveNight(n int, before []policies.Clock, firstSeen map[string]time.Time) ([]policies.Clock, []policies.Event, []Finding) {
	rule := policies.Rule{Name: fmt.Sprint("rule ", n/70), Active: true, Action: "lock", Grace: policies.Grace{Days: 20 + n/40, From: policies.FromEndDate},
		Trigger: policies.Trigger{Kinds: []reconcile.Kind{reconcile.LeaverActive}}}
	stages := policies.Rule{Name: "stages", Active: true, Grace: policies.Grace{From: policies.FromEndDate}, Trigger: rule.Trigger, Stages: []policies.Stage{
		{Name: "groups", Days: 10 + n/50, Action: "revoke", Revoke: []policies.Rights{{Groups: []string{"project"}}}},
		{Name: fmt.Sprint("lock ", n/90), Days: 60, Action: "lock"}}}
	s := policies.Set{Rules: []policies.Rule{rule, stages}, Now: nightAt(n), Zone: time.UTC}
	sights, decided := map[string]*reconcile.Verdict{}, map[string][]policies.Clock{}
	var found []Finding
	for account, kind := range kindsOf(n) {
		end := reconcile.End{At: nightAt(-n / 50)}
		groups := []scanners.Grant{{ID: "g", Name: "mail", Type: "group", Direct: true, Removable: true}}
		if n%20 < 15 {
			groups = append(groups, scanners.Grant{ID: "p", Name: "project", Type: "group", Direct: true, Removable: true})
		}
		v := &reconcile.Verdict{Account: &scanners.Account{System: "crm", ID: account, Enabled: scanners.Known(kind != reconcile.KindNone), Grants: groups}, Kind: kind,
			End: end, Person: &reconcile.Person{System: "hr", ID: "of-" + account, State: reconcile.Ended, End: end}}
		sights[account] = v
		if kind == reconcile.KindNone {
			continue
		}
		past := policies.Past{AccountSeen: true, LinkSeen: true, SourceComplete: true, FirstSeen: firstSeen[v.ID()]}
		for _, c := range before {
			if c.Finding == v.ID() {
				past.Clocks = append(past.Clocks, c)
			}
		}
		_, decided[v.ID()] = s.Decide(v, past)
		found = append(found, finding(account, kind))
	}
	clocks, events := s.Advance(before, policies.Tonight{Decided: decided, Sight: func(_, account string) policies.Sight {
		return policies.Sight{Complete: true, Verdict: sights[account]}
	}})
	return clocks, events, found
}
