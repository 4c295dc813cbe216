package job

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
)

// seen is the verdict of one run on the account crm/1 of hr/E1.
func seen(kind reconcile.Kind) *runstore.Verdict {
	return &runstore.Verdict{Source: "crm", Account: "1", Login: "jdoe", Enabled: "enabled", Kind: kind, PersonSystem: "hr", Person: "E1",
		Decision: policies.ReportOnly}
}

func with(v *runstore.Verdict, change func(*runstore.Verdict)) *runstore.Verdict {
	change(v)
	return v
}

func TestWhatBecameOfAFinding(t *testing.T) {
	complete, partial, notRead := map[string]bool{"crm": true}, map[string]bool{"crm": false}, map[string]bool{}
	leaver, none := seen(reconcile.LeaverActive), seen(reconcile.KindNone)
	id := leaver.ID()
	tests := map[string]struct {
		pair          pair
		before, after map[string]bool
		reopened      map[string]string
		want          string
	}{
		"the same":                       {pair: pair{before: leaver, after: leaver}, want: "persisting"},
		"the same, closed in between":    {pair: pair{before: leaver, after: leaver}, reopened: map[string]string{id: "closed"}, want: "reopened"},
		"a worse kind":                   {pair: pair{before: leaver, after: seen(reconcile.UsedAfterEnd)}, want: "escalated"},
		"a lesser kind":                  {pair: pair{before: seen(reconcile.UsedAfterEnd), after: leaver}, want: "eased"},
		"another decision":               {pair: pair{before: leaver, after: with(seen(reconcile.LeaverActive), func(v *runstore.Verdict) { v.Decision = policies.Due })}, want: "decision_changed"},
		"another sort":                   {pair: pair{before: seen(reconcile.Dormant), after: leaver}, want: "replaced new"},
		"read without it":                {pair: pair{before: leaver, after: none}, want: "fixed"},
		"gone from a complete source":    {pair: pair{before: leaver}, want: "fixed"},
		"gone from an incomplete source": {pair: pair{before: leaver}, after: partial, want: "not_seen"},
		"clean in an incomplete source":  {pair: pair{before: leaver, after: none}, after: partial, want: "not_seen"},
		"source not read":                {pair: pair{before: leaver}, after: notRead, want: "not_seen"},
		"record rejected":                {pair: pair{before: leaver, unreadAfter: true}, want: "not_seen"},
		"not there before":               {pair: pair{after: leaver}, want: "new"},
		"clean before":                   {pair: pair{before: none, after: leaver}, want: "new"},
		"clean before, source partial":   {pair: pair{before: none, after: leaver}, before: partial, want: "new"},
		"before the source was partial":  {pair: pair{after: leaver}, before: partial, want: "not_seen_before"},
		"before the source was not read": {pair: pair{after: leaver}, before: notRead, want: "not_seen_before"},
		"record rejected before":         {pair: pair{after: leaver, unreadBefore: true}, want: "not_seen_before"},
		"closed earlier, and back":       {pair: pair{after: leaver}, reopened: map[string]string{id: "closed"}, want: "reopened"},
		"closed earlier, source partial": {pair: pair{before: none, after: leaver}, before: partial, reopened: map[string]string{id: "closed"}, want: "reopened"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.before == nil {
				test.before = complete
			}
			if test.after == nil {
				test.after = complete
			}
			var got []string
			for _, c := range test.pair.changes(stand{complete: test.before}, stand{complete: test.after}, test.reopened) {
				got = append(got, string(c.Change))
				if c.Why == "" && c.Change != reports.ChangePersisting {
					t.Errorf("%s: no reason", c.Change)
				}
			}
			if list := strings.Join(got, " "); list != test.want {
				t.Errorf("got %q, want %q", list, test.want)
			}
		})
	}
}

func TestReasonsOfAFix(t *testing.T) {
	ended := with(seen(reconcile.LeaverActive), func(v *runstore.Verdict) { v.End = v.End.AddDate(2026, 0, 0) })
	tests := map[string]struct {
		after *runstore.Verdict
		want  string
	}{
		"disabled":       {with(seen(reconcile.KindNone), func(v *runstore.Verdict) { v.Enabled = "disabled" }), "the account is disabled"},
		"another person": {with(seen(reconcile.KindNone), func(v *runstore.Verdict) { v.Person = "E2" }), "linked to hr/E2 now, to hr/E1 before"},
		"rehired":        {seen(reconcile.KindNone), "open employment of hr/E1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := pair{before: ended, after: test.after}
			all := stand{complete: map[string]bool{"crm": true}}
			if why := p.changes(all, all, nil)[0].Why; !strings.Contains(why, test.want) {
				t.Errorf("the reason is %q, want %q in it", why, test.want)
			}
		})
	}
}

// TestChangesTieToTheTotals: what the list adds and takes away per kind is what the totals of the two runs differ by, so
// that the tiles of the Summary and the sheet Changes cannot tell two stories.
func TestChangesTieToTheTotals(t *testing.T) {
	kinds := append(reconcile.Kinds(), reconcile.KindNone)
	random := rand.New(rand.NewPCG(1, 2))
	one := func() *runstore.Verdict {
		if random.IntN(4) == 0 {
			return nil
		}
		return seen(kinds[random.IntN(len(kinds))])
	}
	for range 2000 {
		before := stand{complete: map[string]bool{"crm": random.IntN(2) == 0}}
		after := stand{complete: map[string]bool{"crm": random.IntN(2) == 0}}
		p := pair{before: one(), after: one()}
		if (p.before == nil || p.before.Kind == "") && (p.after == nil || p.after.Kind == "") {
			continue
		}
		totals, listed := map[reconcile.Kind]int{}, map[reconcile.Kind]int{}
		if p.before != nil {
			totals[p.before.Kind]--
		}
		if p.after != nil {
			totals[p.after.Kind]++
		}
		for _, c := range p.changes(before, after, nil) {
			listed[c.KindBefore]--
			listed[c.Kind]++
		}
		for _, kind := range reconcile.Kinds() {
			if totals[kind] != listed[kind] {
				t.Fatalf("%s: the totals differ by %d, the list by %d, for %+v and %+v", kind, totals[kind], listed[kind], p.before, p.after)
			}
		}
	}
}
