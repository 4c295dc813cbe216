package job

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/cmd/internal/config"
	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// CaseOutcome is what a case of "leaver policy test" came to.
type CaseOutcome struct {
	Case     config.Case
	Verdict  reconcile.Verdict
	Decision policies.Decision
	// Wrong says what came out other than expected, one sentence each; empty when the case passes.
	Wrong []string
}

// TestCase judges the facts of a case with the engine of a run, applies the rules, and compares.
func TestCase(c *config.Config, rules []policies.Rule, one config.Case) CaseOutcome {
	out := CaseOutcome{Case: one}
	account := one.Account
	c.Classify(&account)
	settings := reconcile.Settings{AsOf: one.Now, Zone: c.Zone, Keys: []string{"employee_id"}, PeopleComplete: true, Thresholds: c.Thresholds}
	var history reconcile.History
	if one.Person != nil && one.Vanished > 0 {
		history.People = []reconcile.PastPerson{vanished(one)}
	}
	b := reconcile.NewRoster(settings, history)
	if one.Person != nil && one.Vanished == 0 {
		b.Add(*one.Person)
	}
	for _, other := range one.Others {
		b.Add(*other)
	}
	roster := b.Build()
	engine := reconcile.NewEngine(settings, roster)
	engine.Survey(&account)
	if engine.NeedsResolve() {
		engine.Resolve(&account)
	}
	out.Verdict = engine.Judge(&account)
	set := policies.Set{Rules: rules, Exclusions: c.Exclusions, Now: one.Now, Zone: c.Zone, Hold: c.Thresholds.Hold, Planned: planned,
		Contact: contact(rules, roster)}
	if why, selected := set.RuleMatch(&out.Verdict); selected {
		engine.RuleMatch(&out.Verdict, why)
	}
	if !one.Told.IsZero() {
		one.Past.Clocks = toldBefore(set, &out.Verdict, one)
	}
	out.Decision, _ = set.Decide(&out.Verdict, one.Past)
	out.Wrong = out.compare(c.Zone)
	return out
}

// toldBefore are the clocks of a case as they were left when somebody was told.
func toldBefore(set policies.Set, v *reconcile.Verdict, one config.Case) []policies.Clock {
	past := one.Past
	past.SourceComplete = true
	set.Now = one.Told
	_, clocks := set.Decide(v, past)
	for i := range clocks {
		if rule := clocks[i].Rule; slices.ContainsFunc(set.Rules, func(r policies.Rule) bool { return r.Name == rule && r.Notify != nil }) {
			clocks[i].ToldAt, clocks[i].ToldTo = one.Told, "told@case.example"
		}
	}
	return clocks
}

// vanished is the person of a case as earlier runs remember them.
func vanished(one config.Case) reconcile.PastPerson {
	past := reconcile.PastPerson{Person: *one.Person, Misses: one.Vanished - 1, LastSeen: one.Now.AddDate(0, 0, -one.Vanished)}
	past.FirstSeen = past.LastSeen
	if past.Misses > 0 {
		past.InferredSince = one.Now.AddDate(0, 0, 1-one.Vanished)
	}
	return past
}

// compare says what is other than expected.
func (o *CaseOutcome) compare(zone *time.Location) []string {
	want, d := o.Case.Expect, o.Decision
	var wrong []string
	differ := func(what, want, got string) {
		if want != "" && want != got {
			wrong = append(wrong, fmt.Sprintf("%s is %q, want %q", what, got, want))
		}
	}
	kind := string(o.Verdict.Kind)
	if kind == "" {
		kind = "none"
	}
	differ("kind", want.Kind, kind)
	differ("decision", string(want.Decision), string(d.Kind))
	differ("rule", want.Rule, d.Rule)
	differ("excluded_by", want.By, d.By)
	differ("due", want.DueDay.String(), scanners.DateOf(d.Until.In(zone)).String())
	if !want.Due.IsZero() {
		differ("due", want.Due.Format(time.RFC3339), d.Until.UTC().Format(time.RFC3339))
	}
	if want.OneByOne != nil {
		differ("one_by_one", fmt.Sprint(*want.OneByOne), fmt.Sprint(d.OneByOne != ""))
	}
	if want.Pace.Tasks > 0 {
		differ("tasks", fmt.Sprint(want.Pace.Tasks), fmt.Sprint(d.Pace.Tasks))
	}
	if want.Pace.PerMinute > 0 {
		differ("per_minute", fmt.Sprint(want.Pace.PerMinute), fmt.Sprint(d.Pace.PerMinute))
	}
	differ("action", want.Action, d.Action)
	wrong = append(wrong, o.compareStages()...)
	if !o.Verdict.Flags.Has(want.Flags) {
		wrong = append(wrong, fmt.Sprintf("flags are %v, want %v", o.Verdict.Flags.List(), want.Flags.List()))
	}
	return wrong
}

// compareStages says what is other than expected of the stages and notices of the rule that decides.
func (o *CaseOutcome) compareStages() []string {
	want, stages := o.Case.Expect, o.Decision.Stages
	if stages == nil {
		stages = &policies.Progress{}
	}
	var wrong []string
	differ := func(what, want, got string) {
		if got = cmp.Or(got, "none"); want != "" && want != got {
			wrong = append(wrong, fmt.Sprintf("%s is %q, want %q", what, got, want))
		}
	}
	tell := ""
	if o.Decision.Notice != nil {
		tell = o.Decision.Notice.Mail
	}
	differ("tell", want.Tell, tell)
	differ("stage", want.Stage, stages.Stage)
	next := ""
	if step := stages.Next(); step != nil {
		next = step.Stage
	}
	differ("next_stage", want.Next, next)
	differ("hand_over", want.HandOver, stages.HandOver.Who)
	removes, stays := stages.Rights()
	for _, list := range []struct {
		what string
		want []string
		got  []policies.Right
	}{{"removes", want.Removes, removes}, {"stays", want.Stays, stays}} {
		got := rightNames(list.got)
		if list.want != nil && !slices.Equal(slices.Sorted(slices.Values(list.want)), got) {
			wrong = append(wrong, fmt.Sprintf("%s is %q, want %q", list.what, got, list.want))
		}
	}
	return wrong
}

func rightNames(rights []policies.Right) []string {
	var names []string
	for _, r := range rights {
		names = append(names, cmp.Or(r.Name, r.ID))
	}
	slices.Sort(names)
	return names
}

// RuleCoverage says how far the cases tried one rule.
type RuleCoverage struct {
	Rule string
	// Decides is how many cases the rule decided, or an exclusion of it.
	Decides int
	Clauses []ClauseCoverage
}

// ClauseCoverage counts the cases in which a clause of a rule held, and those in which it did not. An exclusion holds where it
// takes a case out; of the other clauses of a rule, every case that the rule decides tries all.
type ClauseCoverage struct {
	Name       string
	Holds, Not int
}

// Tried reports whether cases showed both.
func (c ClauseCoverage) Tried() bool { return c.Holds > 0 && c.Not > 0 }

// Coverage says how far the cases tried each active rule, in the order of the rules.
func Coverage(rules []policies.Rule, outcomes []CaseOutcome) []RuleCoverage {
	var list []RuleCoverage
	for i := range rules {
		r := &rules[i]
		if !r.Active {
			continue
		}
		cover := RuleCoverage{Rule: r.Name}
		for j := range outcomes {
			cover.add(r, &outcomes[j])
		}
		list = append(list, cover)
	}
	return list
}

func (c *RuleCoverage) add(r *policies.Rule, o *CaseOutcome) {
	excluded := slices.ContainsFunc(r.Exclude, func(x policies.Exclusion) bool { return o.Decision.By == x.ID })
	if o.Decision.Rule == r.Name || excluded {
		c.Decides++
	}
	v := o.Verdict
	if v.Kind == reconcile.KindNone {
		v.Kind = reconcile.RuleMatch // as a rule looks at it
	}
	for _, clause := range r.Trigger.Clauses(&v, o.Case.Now) {
		name := clause.Name
		if name == "hook" {
			name += " " + clause.Wants
		}
		c.count(name, clause.Holds)
	}
	if o.Decision.Rule == r.Name && o.Decision.Stages != nil {
		for _, step := range o.Decision.Stages.Steps {
			c.count("stage "+step.Stage, step.State != policies.StepAhead)
		}
	}
	for _, x := range r.Exclude {
		c.count("exclude "+x.ID, !x.Expired(o.Case.Now) && x.Matches(&o.Verdict))
	}
}

func (c *RuleCoverage) count(name string, holds bool) {
	i := slices.IndexFunc(c.Clauses, func(c ClauseCoverage) bool { return c.Name == name })
	if i < 0 {
		c.Clauses = append(c.Clauses, ClauseCoverage{Name: name})
		i = len(c.Clauses) - 1
	}
	if holds {
		c.Clauses[i].Holds++
	} else {
		c.Clauses[i].Not++
	}
}

// Untried lists what no case showed of a rule, in words.
func (c *RuleCoverage) Untried() []string {
	var list []string
	if c.Decides == 0 {
		list = append(list, "no case is decided by it")
	}
	for _, clause := range c.Clauses {
		var missing []string
		if clause.Holds == 0 {
			missing = append(missing, "holds")
		}
		if clause.Not == 0 {
			missing = append(missing, "does not hold")
		}
		if len(missing) > 0 {
			list = append(list, fmt.Sprintf("no case in which %s %s", clause.Name, strings.Join(missing, " or ")))
		}
	}
	return list
}
