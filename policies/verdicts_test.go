package policies_test

import (
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// now is the as-of of the tests: 10 March 2026, 12:00 UTC. ended is the end of employment of the leaver in them.
var (
	now   = instant("2026-03-10T12:00:00Z")
	ended = instant("2026-01-31T23:00:00Z")
)

const daySpan = 24 * time.Hour

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}

// leaver is the verdict on an enabled account in crm of hr/100, whose employment ended. Changes are applied in order.
func leaver(changes ...func(*reconcile.Verdict)) *reconcile.Verdict {
	end := reconcile.End{At: ended, Date: scanners.Date{Year: 2026, Month: 1, Day: 31}}
	v := &reconcile.Verdict{
		Account: &scanners.Account{System: "crm", ID: "A1", Logins: []string{"Anna", "anna.alba"}, Grants: []scanners.Grant{{ID: "g-1", Name: "Sales"}}},
		Kind:    reconcile.LeaverActive, Severity: reconcile.High, Situation: reconcile.Linked, MatchedBy: "employee_id",
		Person: &reconcile.Person{System: "hr", ID: "100", Zone: "Europe/Berlin", State: reconcile.Ended, End: end}, End: end,
	}
	for _, change := range changes {
		change(v)
	}
	return v
}

// orphan is the verdict on an account that leads to nobody.
func orphan() *reconcile.Verdict {
	return leaver(func(v *reconcile.Verdict) {
		v.Kind, v.Person, v.End, v.Situation, v.MatchedBy = reconcile.Orphan, nil, reconcile.End{}, reconcile.Unmatched, ""
	})
}

// suggested is an orphan that likely belongs to one of several people in these states, the likeliest first.
func suggested(states ...reconcile.PersonState) *reconcile.Verdict {
	v := orphan()
	for i, state := range states {
		p := &reconcile.Person{System: "hr", ID: string(rune('1' + i)), State: state}
		v.Suggestions = append(v.Suggestions, reconcile.Suggestion{Person: p, Percent: 60 - i, Reasons: []string{"same name"}})
	}
	return v
}

// inferred is a leaver whose end nobody stated, confirmed by so many further snapshots.
func inferred(misses int) func(*reconcile.Verdict) {
	return func(v *reconcile.Verdict) {
		v.End = reconcile.End{At: ended, Inferred: true}
		v.Flags |= reconcile.Inferred
		v.Person.State, v.Person.End, v.Person.Misses = reconcile.Vanished, v.End, misses
	}
}

func flagged(f reconcile.Flags) func(*reconcile.Verdict) {
	return func(v *reconcile.Verdict) { v.Flags |= f }
}

func kind(k reconcile.Kind) func(*reconcile.Verdict) {
	return func(v *reconcile.Verdict) { v.Kind = k }
}

// rule is an active rule that locks leavers and orphans after so many days. Changes are applied in order.
func rule(name string, days int, changes ...func(*policies.Rule)) policies.Rule {
	r := policies.Rule{
		Name: name, Active: true, Action: "lock", Grace: policies.Grace{Days: days, From: policies.FromEndDate},
		Trigger: policies.Trigger{Kinds: []reconcile.Kind{reconcile.LeaverActive, reconcile.UsedAfterEnd, reconcile.Orphan}},
	}
	for _, change := range changes {
		change(&r)
	}
	return r
}

func fromFirstSeen(r *policies.Rule) { r.Grace.From = policies.FromFirstSeen }

func exclusion(id string, changes ...func(*policies.Exclusion)) policies.Exclusion {
	x := policies.Exclusion{ID: id, Owner: "boss", Reason: "agreed", Expires: now.Add(30 * daySpan)}
	for _, change := range changes {
		change(&x)
	}
	return x
}

func about(account string) func(*policies.Exclusion) {
	return func(x *policies.Exclusion) { x.Account = account }
}

// set decides at now with the given rules.
func set(rules ...policies.Rule) policies.Set {
	return policies.Set{Rules: rules, Now: now, Zone: zone("Europe/Berlin")}
}

// known is a past in which the account, its link and the finding are old.
func known() policies.Past {
	return policies.Past{AccountSeen: true, LinkSeen: true, SourceComplete: true, FirstSeen: now.Add(-5 * daySpan)}
}

// decide is Decide with the clock of the rule that decided; nil when it has none.
func decide(s policies.Set, v *reconcile.Verdict, past policies.Past) (policies.Decision, *policies.Clock) {
	d, clocks := s.Decide(v, past)
	for i := range clocks {
		if clocks[i].Rule == d.Rule {
			return d, &clocks[i]
		}
	}
	return d, nil
}

// after is known with these clocks.
func after(clocks ...policies.Clock) policies.Past {
	past := known()
	past.Clocks = clocks
	return past
}
