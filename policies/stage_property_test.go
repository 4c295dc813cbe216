package policies_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// drawStages makes stages of every sort, in an order that is not refused.
func drawStages(t *rapid.T) []policies.Stage {
	var stages []policies.Stage
	days := rapid.IntRange(-15, 0).Draw(t, "first day")
	for n := range rapid.IntRange(1, 4).Draw(t, "stages") {
		stage := policies.Stage{Name: fmt.Sprint("s", n), Days: days, Action: rapid.SampledFrom(policies.Actions()).Draw(t, "action")}
		if rapid.IntRange(0, 9).Draw(t, "dated") == 0 {
			stage.Days, stage.Date = 0, scanners.DateOf(ended).AddDays(days)
		}
		names := rapid.SampledFrom([]string{"*", "project-*", "Mail", "e?"})
		switch stage.Action {
		case "revoke":
			stage.Revoke = []policies.Rights{{Groups: []string{names.Draw(t, "goes")}, Licences: []string{"E*"}}}
			stage.Keep = []policies.Rights{{Groups: []string{names.Draw(t, "stays")}}}
		case "reclaim":
			stage.Revoke = []policies.Rights{{Licences: []string{names.Draw(t, "licence")}}}
		}
		stages = append(stages, stage)
		days += rapid.IntRange(0, 10).Draw(t, "more days")
	}
	return stages
}

// drawRights are rights of an account.
func drawRights(t *rapid.T, v *reconcile.Verdict) {
	v.Account.Grants, v.Account.Licences = nil, rapid.SliceOfN(rapid.SampledFrom([]string{"E5", "Visio"}), 0, 2).Draw(t, "licences")
	for range rapid.IntRange(0, 4).Draw(t, "grants") {
		name := rapid.SampledFrom([]string{"project-x", "project-y", "Mail", "Sales", "E5"}).Draw(t, "grant")
		v.Account.Grants = append(v.Account.Grants, scanners.Grant{ID: name, Name: name, Type: rapid.SampledFrom(policies.RightKinds()).Draw(t, "type"),
			Direct: rapid.Bool().Draw(t, "direct"), Removable: rapid.Bool().Draw(t, "removable")})
	}
}

// TestStagesOverNights: whatever is edited, given, taken, missed or not read from night to night, no date moves earlier without
// HR, stages stay in order, what is due is held and named, and nothing whose date has come and that is left to do is passed over.
func TestStagesOverNights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var clocks []policies.Clock
		var end time.Time
		at := ended.AddDate(0, 0, -12)
		for range rapid.IntRange(2, 10).Draw(t, "nights") {
			at = at.AddDate(0, 0, rapid.IntRange(1, 8).Draw(t, "nights until the next run"))
			r := graceful("r", drawStages(t))
			r.Trigger.EndDate.BeforeEnd = rapid.Bool().Draw(t, "before_end")
			s := set(r)
			s.Now = at
			v := leaver(endsOn(rapid.SampledFrom([]int{0, 0, 0, 4}).Draw(t, "end")))
			stated := v.End.At
			if at.Before(stated) {
				v = leaver(leaving(int(stated.Sub(ended) / daySpan)))
			}
			drawRights(t, v)
			past := known()
			past.SourceComplete = rapid.IntRange(0, 4).Draw(t, "complete") > 0
			for _, c := range clocks {
				if c.Finding == v.ID() {
					past.Clocks = append(past.Clocks, c)
				} else {
					past.Elsewhere = append(past.Elsewhere, c)
				}
			}
			d, decided := s.Decide(v, past)
			checkSteps(t, s, v, d, past)
			after, _ := s.Advance(clocks, policies.Tonight{Decided: map[string][]policies.Clock{v.ID(): decided},
				Sight: func(string, string) policies.Sight { return policies.Sight{Complete: past.SourceComplete, Verdict: v} }})
			if stated.Equal(end) && past.SourceComplete {
				neverEarlier(t, clocks, after)
			}
			if past.SourceComplete {
				end = stated
			}
			clocks = after
		}
	})
}

// neverEarlier compares the clocks of stages that both nights know.
func neverEarlier(t *rapid.T, before, after []policies.Clock) {
	for _, was := range before {
		for _, is := range after {
			if is.Stage == was.Stage && is.DueAt.Before(was.DueAt) {
				t.Fatalf("stage %s moved from %s to %s", is.Stage, was.DueAt, is.DueAt)
			}
		}
	}
}

// checkSteps compares a decision with the account and with the stages of the rule.
func checkSteps(t *rapid.T, s policies.Set, v *reconcile.Verdict, d policies.Decision, past policies.Past) {
	if d.Stages == nil {
		if d.Rule != "" {
			t.Fatalf("no stages: %+v", d)
		}
		return
	}
	r := s.Rules[0]
	for i, step := range d.Stages.Steps {
		for _, right := range step.Removes {
			removable := slices.ContainsFunc(v.Account.Grants, func(g scanners.Grant) bool {
				return g.Type == right.Type && g.ID == right.ID && g.Direct && g.Removable
			})
			listed := right.Type == policies.RightLicence && slices.Contains(v.Account.Licences, right.ID)
			kept := slices.ContainsFunc(r.Stages[i].Keep, func(k policies.Rights) bool { return k.Matches("crm", right) })
			named := slices.ContainsFunc(r.Stages[i].Revoke, func(k policies.Rights) bool { return k.Matches("crm", right) })
			if !removable && !listed || kept || !named {
				t.Fatalf("takes %s: %+v", right, v.Account)
			}
		}
		if past.SourceComplete && i > 0 && step.At.Before(d.Stages.Steps[i-1].At) {
			t.Fatalf("out of order: %+v", d.Stages.Steps)
		}
		if left := step.Action == "lock" || step.Action == "delete" || len(step.Removes) > 0; (step.State == policies.StepDue) != (left && !s.Now.Before(step.At)) {
			t.Fatalf("%+v is %s at %s", step, step.State, s.Now)
		}
	}
	due := len(d.Stages.Due()) > 0
	if (d.Kind == policies.Due) != (due && past.SourceComplete) {
		t.Fatalf("%s, source complete %v: %s\n%+v", d.Kind, past.SourceComplete, d.Why, d.Stages)
	}
	if ahead := !v.Person.UpcomingAt.IsZero(); d.Kind == policies.Due && ahead && (d.OneByOne == "" || !r.Trigger.EndDate.BeforeEnd) {
		t.Fatalf("due before the end: %+v", d)
	}
}
