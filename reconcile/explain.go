package reconcile

import (
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// Explanation is a verdict with every step that led to it.
type Explanation struct {
	Verdict Verdict
	// Keys lists every key value of the account that was tried, in order, and whom it named; for an account that is not a
	// person's own, its references to whoever answers for it as well.
	Keys []KeyTried
	// Unresolved lists sponsor references that lead to nobody.
	Unresolved []string
	// Tests lists the kinds in order of precedence up to and including the one that holds; all of them when none does.
	Tests []TestOutcome
	// Ahead says what will change the verdict by itself when nobody does anything, each with its instant.
	Ahead []Change
}

// Change is something that time alone will bring.
type Change struct {
	// At is zero when the date is in Why only, because it depends on a zone.
	At   time.Time
	Kind Kind
	Why  string
}

// TestOutcome is one row of the decision table as it was applied.
type TestOutcome struct {
	Kind  Kind
	Holds bool
	// Why says which facts made it hold, Unless what would end the finding. Both are empty when it does not hold; Needs then
	// says what it would take.
	Why    string
	Unless string
	Needs  string
}

// Explain judges a again and writes down each step.
func (e *Engine) Explain(a *scanners.Account) Explanation {
	f := new(file)
	e.open(f, a, nil, true)
	x := Explanation{Verdict: e.verdict(f, f.firstTest()), Keys: f.match.tried, Unresolved: f.unresolved}
	for i := range tests {
		outcome := TestOutcome{Kind: tests[i].kind, Holds: tests[i].holds(f)}
		if outcome.Holds {
			outcome.Why, outcome.Unless = tests[i].because(f), tests[i].unless
		} else {
			outcome.Needs = tests[i].needs
		}
		x.Tests = append(x.Tests, outcome)
		if outcome.Holds {
			break
		}
	}
	x.Ahead = f.ahead(x.Verdict.Kind)
	return x
}

// person is the owner or else the sponsor; nil when there is neither.
func (f *file) person() *Person {
	if p := f.responsible(); p != nil {
		return p.person()
	}
	return nil
}

// ahead lists the kinds that the account will fall into as time passes.
func (f *file) ahead(now Kind) []Change {
	var list []Change
	th := f.settings.Thresholds
	if !f.judged() || now != KindNone && now != Dormant && now != NeverUsed {
		return nil
	}
	if p := f.person(); p != nil && !p.UpcomingEnd.IsZero() {
		kind := LeaverActive
		if f.owner == nil {
			kind = OwnerLeft
		}
		list = append(list, Change{Kind: kind, Why: "the employment of " + p.Ref() + " ends on " + p.UpcomingEnd.String()})
	}
	if now != KindNone || !f.idleCounts() {
		return list
	}
	if at, ok := f.idle().Get(); ok && th.Dormant > 0 {
		list = append(list, Change{at.Add(th.Dormant), Dormant, "unless the account is used"})
	}
	if created, ok := f.Created.Get(); ok && f.idle().IsNever() && th.NeverUsed > 0 {
		list = append(list, Change{created.Add(th.NeverUsed), NeverUsed, "unless the account is used"})
	}
	return list
}
