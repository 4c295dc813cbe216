package policies

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// Set is everything that a run decides with.
type Set struct {
	Rules      []Rule
	Exclusions []Exclusion
	// Now is the as-of of the run, Zone the zone in which grace days are counted for people without a zone of their own.
	Now  time.Time
	Zone *time.Location
	// Hold is for how long an account that was enabled again counts as active; 0 for not at all.
	Hold time.Duration
	// Planned returns the first time at or after t that the schedule of a rule plans. Nil where no rule has a schedule.
	Planned func(schedule Schedule, t time.Time) (time.Time, error)
	// Contact returns whom a reference to a person means: an employee id, alone or after "source/", or a mail address; nil for
	// nobody, and where it means more than one. Nil where no rule hands over.
	Contact func(ref string) *reconcile.Person
	// TooBroad holds the exclusions that match too much, by id, and what they match ([Reach.TooBroad]). They hide nothing, and
	// what they match is never due.
	TooBroad map[string]string
}

// Past is what earlier accepted runs knew about one account.
type Past struct {
	// AccountSeen is whether an earlier accepted run with a complete source saw the account, LinkSeen whether it linked it
	// to the same person as tonight.
	AccountSeen bool
	LinkSeen    bool
	// FirstSeen is the as-of of the run that first made the finding; the zero time when tonight's is the first.
	FirstSeen time.Time
	// Clocks are the grace clocks of the finding, one for each rule, stage and owner, paused ones too. Elsewhere are those of other
	// findings of the account.
	Clocks    []Clock
	Elsewhere []Clock `json:",omitempty"`
	// Kept is the decision that the account may stay; nil when there is none.
	Kept *Kept
	// Reactivated is the as-of of the run that first saw the account enabled after an earlier one had seen it disabled; the
	// zero time when that was not within the hold.
	Reactivated time.Time
	// SourceComplete is whether all that the finding rests on was read completely tonight: the account's source and, where it rests
	// on idleness, those that may hold a copy of the account. Unread names one of the latter that was not.
	SourceComplete bool
	Unread         string `json:",omitempty"`
}

// notRead says which source was not read completely.
func (p *Past) notRead() string {
	if p.Unread != "" {
		return p.Unread + ", through which the account may be used, was not read completely"
	}
	return "the source was not read completely"
}

// RuleMatch says which rules select an account that has no finding, and so make it a finding of kind rule_match; false when
// none does. A rule whose hook fails counts: what it would have said is not known, and somebody has to look. Disabled
// accounts and break-glass accounts are never selected.
func (s Set) RuleMatch(v *reconcile.Verdict) (why string, selected bool) {
	if v.Kind != reconcile.KindNone || scanners.Is(v.Account.Enabled, false) || v.Account.Kind == scanners.KindBreakGlass {
		return "", false
	}
	var f *facts
	var reasons []string
	for i := range s.Rules {
		rule := &s.Rules[i]
		if !rule.Trigger.raises() || !rule.InForce(s.Now) {
			continue
		}
		if f == nil {
			f = newFacts(v, s.Now)
		}
		switch said, err := rule.Trigger.ask(f); said {
		case yes:
			reasons = append(reasons, fmt.Sprintf("rule %q selects it", rule.Name))
		case failed:
			reasons = append(reasons, failure(rule, err))
		}
	}
	slices.Sort(reasons)
	return strings.Join(reasons, "; "), len(reasons) > 0
}

func failure(rule *Rule, err error) string {
	return fmt.Sprintf("rule %q could not be applied: %v", rule.Name, err)
}

// Decide returns the decision on one verdict and the grace clocks of its finding from now on: one for each acting rule that
// selects it, or for each stage of one. While an exclusion takes the finding out, and while its source is not read completely, they stay as they were.
//
// The order is: no finding; excluded; kept by a person; no rule; never due (with the reason); in grace; due.
func (s Set) Decide(v *reconcile.Verdict, past Past) (Decision, []Clock) {
	d := Decision{Kind: DecideNone}
	if v.Kind == reconcile.KindNone {
		return d, nil
	}
	d.FirstSeen = past.FirstSeen
	if d.FirstSeen.IsZero() {
		d.FirstSeen = s.Now
	}
	if x, ok := s.excluded(v, s.Exclusions); ok {
		return s.exclude(d, x), past.Clocks
	}
	if k := past.Kept; k != nil && k.Finding == v.ID() && k.Over(s.Now, Sight{Complete: past.SourceComplete, Verdict: v}) == "" {
		d.Kind, d.Until = Keep, k.Until
		d.Why = fmt.Sprintf("kept by %s until %s: %s", k.By, day(k.Until), k.Reason)
		return d, past.Clocks
	}
	choice := s.strictest(v, past)
	rule := choice.rule
	d.Failed = strings.Join(choice.failures, "; ")
	if rule == nil {
		if choice.excluding != nil {
			return s.exclude(d, *choice.excluding), choice.clocks
		}
		d.Kind, d.Why = ReportOnly, cmp.Or(d.Failed, "no active rule selects this finding")
		return d, choice.clocks
	}
	d.Rule, d.Action, d.Pace, d.Stages = rule.Name, choice.action, rule.Allocation.For(v.Account.System), choice.stages
	if d.Stages != nil {
		d.Stages.HandOver = s.handOver(rule, v)
	}
	if d.Action == ActionReport {
		d.Kind, d.Why = ReportOnly, choice.reports()
		return d, choice.clocks
	}
	d.OneByOne = joined(s.oneByOne(v), d.Stages.returned())
	if why := cmp.Or(neverDue(v), s.overBroad(v, rule)); why != "" {
		d.Kind, d.Why = ReportOnly, why
		return d, choice.clocks
	}
	d.Untold = choice.clock.untold(rule)
	return s.await(d, rule, choice.clock, v, past), choice.clocks
}

// reports says why a rule that was chosen asks for nothing.
func (c *choice) reports() string {
	if c.stages != nil {
		return c.stages.staged(c.rule)
	}
	return fmt.Sprintf("rule %q only reports", c.rule.Name)
}

func joined(reasons ...string) string {
	return strings.Join(slices.DeleteFunc(reasons, func(s string) bool { return s == "" }), "; ")
}

// await says whether the rule that was chosen is due by its clock.
func (s Set) await(d Decision, rule *Rule, clock *Clock, v *reconcile.Verdict, past Past) Decision {
	end := clock.DueAt
	planned, unplanned := s.planned(rule, end)
	d.Kind, d.Until = InGrace, planned
	switch why := cmp.Or(notYet(v, past), unplanned); {
	case why != "":
		d.Why, d.Until = why, later(planned, s.Now)
	case s.held(v, past):
		back := past.Reactivated.Add(s.Hold)
		d.Until = later(planned, back)
		d.Why = fmt.Sprintf("enabled again on %s: it counts as active until %s", day(past.Reactivated), day(back))
	case d.Untold:
		return s.waitForNotice(d, rule, clock, v)
	case d.Stages != nil && s.Now.Before(end):
		d.Why = d.Stages.staged(rule)
	case s.Now.Before(end):
		d.Why = fmt.Sprintf("grace of rule %q runs until %s", rule.Name, day(end))
	case s.Now.Before(planned):
		d.Why = fmt.Sprintf("grace of rule %q is over, its schedule plans %s", rule.Name, day(planned))
	case d.Stages != nil:
		d.Kind, d.Why = Due, d.Stages.staged(rule)
	default:
		d.Kind, d.Why = Due, fmt.Sprintf("grace of rule %q was over on %s", rule.Name, day(end))
	}
	if !clock.ToldAt.IsZero() {
		d.Why += fmt.Sprintf("; %s was told on %s", clock.ToldTo, day(clock.ToldAt))
	}
	return d
}

// waitForNotice is the decision while nobody was told: it has no date, because nothing but the notice makes one.
func (s Set) waitForNotice(d Decision, rule *Rule, clock *Clock, v *reconcile.Verdict) Decision {
	d.Notice = s.notice(rule, clock, v)
	if d.Notice == nil {
		d.Why = fmt.Sprintf("grace of rule %q runs until %s; somebody is told %s before", rule.Name, day(clock.DueAt), rule.Notify.Before)
		return d
	}
	d.Until = time.Time{}
	d.Why = fmt.Sprintf("never due before somebody is told, by rule %q, and nobody was: to be told is %s", rule.Name, d.Notice.To)
	return d
}

// planned is the first time at or after the end of the grace period at which the schedule of the rule lets it become due, or
// why there is none.
func (s Set) planned(rule *Rule, due time.Time) (at time.Time, why string) {
	switch {
	case rule.Schedule == nil:
		return due, ""
	case !rule.Schedule.Active:
		return due, fmt.Sprintf("the schedule of rule %q is not active", rule.Name)
	case s.Planned == nil:
		return due, fmt.Sprintf("the schedule of rule %q cannot be read", rule.Name)
	}
	at, err := s.Planned(*rule.Schedule, due)
	if err != nil {
		return due, fmt.Sprintf("the schedule of rule %q: %v", rule.Name, err)
	}
	return at, ""
}

// oneByOne says why a decision has to be approved by itself and never with a whole list; empty when it need not.
func (s Set) oneByOne(v *reconcile.Verdict) string {
	var reasons []string
	for _, mark := range []struct {
		flag reconcile.Flags
		why  string
	}{
		{reconcile.HRConflict, "HR contradicts itself about the owner"},
		{reconcile.InUse, "the account was used after its owner vanished from HR"},
		{reconcile.PossibleRehire, "the owner may have been hired again"},
	} {
		if v.Flags.Has(mark.flag) {
			reasons = append(reasons, mark.why)
		}
	}
	if ahead, ok := upcoming(v); ok && s.Now.Before(ahead) {
		reasons = append(reasons, "the employment ends on "+day(ahead)+" only")
	}
	return strings.Join(reasons, "; ")
}

func (s Set) exclude(d Decision, x Exclusion) Decision {
	d.Kind, d.By, d.Until = Excluded, x.ID, x.Expires
	d.Why = fmt.Sprintf("excluded by %s (%s: %s) until %s", x.ID, x.Owner, x.Reason, day(x.Expires))
	return d
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// excluded returns the first exclusion in force that matches; they are in the order of the file.
func (s Set) excluded(v *reconcile.Verdict, list []Exclusion) (Exclusion, bool) {
	for _, x := range list {
		if _, broad := s.TooBroad[x.ID]; !broad && !x.Expired(s.Now) && x.Matches(v) {
			return x, true
		}
	}
	return Exclusion{}, false
}

// overBroad says which exclusion is about v and too broad to hold. Its accounts are shown, and left alone: somebody meant to
// exclude them, and the list has only grown.
func (s Set) overBroad(v *reconcile.Verdict, rule *Rule) string {
	if len(s.TooBroad) == 0 {
		return ""
	}
	for _, x := range slices.Concat(s.Exclusions, rule.Exclude) {
		if why, broad := s.TooBroad[x.ID]; broad && !x.Expired(s.Now) && x.Matches(v) {
			return fmt.Sprintf("exclusion %s %s and does not say broad: true", x.ID, why)
		}
	}
	return ""
}

// candidate is a rule that selects a verdict, with the clock and the action that stand for it tonight: those of its decisive
// stage, where it has stages.
type candidate struct {
	rule   *Rule
	clock  *Clock
	action string
	// partial is whether the action takes some rights only.
	partial bool
	stages  *Progress
}

// weak reports whether what is due by the candidate must not keep another one waiting: it takes some rights only, or it waits for
// a notice, which nobody may ever get.
func (c *candidate) weak() bool { return c.partial || c.clock.untold(c.rule) }

// choice is the rule that decides on a verdict. Clocks holds the clocks of every acting rule; excluding is the exclusion that
// took the verdict out of a rule, the first by name of rule; failures are the rules whose hook failed, sorted.
type choice struct {
	candidate
	clocks    []Clock
	excluding *Exclusion
	failures  []string
}

// strictest chooses, of the rules in force that select v and do not exclude it themselves, the one whose grace is over
// first; a rule that acts comes before one that only reports, and equal ones are ordered by name. The clock of a rule that
// could not be applied stays as it was.
func (s Set) strictest(v *reconcile.Verdict, past Past) choice {
	var best choice
	excludingRule := ""
	f := newFacts(v, s.Now)
	for i := range s.Rules {
		rule := &s.Rules[i]
		if !rule.InForce(s.Now) {
			continue
		}
		said, err := rule.Trigger.ask(f)
		if said == failed {
			best.failures = append(best.failures, failure(rule, err))
			best.clocks = append(best.clocks, frozen(past.Clocks, rule.Name)...)
		}
		if said != yes {
			continue
		}
		if x, ok := s.excluded(v, rule.Exclude); ok {
			if best.excluding == nil || rule.Name < excludingRule {
				best.excluding, excludingRule = &x, rule.Name
			}
			best.clocks = append(best.clocks, frozen(past.Clocks, rule.Name)...)
			continue
		}
		one, clocks := s.candidate(rule, v, past)
		if rule.acts() {
			best.clocks = append(best.clocks, clocks...)
		}
		if best.rule == nil || s.stricter(&one, &best.candidate) {
			best.candidate = one
		}
	}
	if !past.SourceComplete {
		best.clocks = slices.Clone(past.Clocks)
	}
	slices.SortFunc(best.clocks, compareClocks)
	slices.Sort(best.failures)
	return best
}

// candidate is a rule as it stands to v, and all its clocks.
func (s Set) candidate(rule *Rule, v *reconcile.Verdict, past Past) (candidate, []Clock) {
	if !rule.Graceful() {
		c := s.clock(rule, nil, v, past)
		return candidate{rule: rule, clock: c, action: rule.Action}, []Clock{*c}
	}
	clocks := s.stageClocks(rule, v, past)
	one := candidate{rule: rule, clock: &clocks[len(clocks)-1], action: ActionReport, stages: s.progress(rule, clocks, v)}
	if step := one.stages.decisive(); step != nil {
		i := slices.IndexFunc(clocks, func(c Clock) bool { return c.Stage == step.Stage })
		one.clock, one.action, one.partial = &clocks[i], step.Action, step.partial()
	}
	return one, clocks
}

// stricter orders candidates. What is due about the whole account comes before a stage that takes some rights, and before what
// waits for a notice: that nobody has taken the rights yet, or was told, must not keep the account open.
func (s Set) stricter(x, y *candidate) bool {
	if (x.action == ActionReport) != (y.action == ActionReport) {
		return y.action == ActionReport
	}
	if bothDue := !s.Now.Before(x.clock.DueAt) && !s.Now.Before(y.clock.DueAt); bothDue && x.weak() != y.weak() {
		return y.weak()
	}
	if !x.clock.DueAt.Equal(y.clock.DueAt) {
		return x.clock.DueAt.Before(y.clock.DueAt)
	}
	return x.rule.Name < y.rule.Name
}

// neverDue says why no rule may ever act on v by itself; empty when one may.
func neverDue(v *reconcile.Verdict) string {
	switch {
	case v.Kind == reconcile.Disputed:
		return "disputed accounts are decided by a person"
	case v.Kind == reconcile.Contradiction:
		return "the account is disabled already"
	case v.Flags.Has(reconcile.SuspectMatch):
		return "the match is suspect: a person has to confirm the owner"
	case v.LikelyMiskeyed():
		return "it is likely the account of " + v.Suggestions[0].Person.Ref() + ", who has not left: a person has to decide whose it is"
	case v.Flags.Has(reconcile.EnabledUnknown):
		return "it is unknown whether the account is enabled: look it up first"
	default:
		return ""
	}
}

// held reports whether an account that seems unused, or that a rule selects, was enabled again so lately that this counts as
// a use. It is about inactivity only: that somebody enabled the account of a leaver again says nothing of whether the leaver is back, and must
// not buy it time.
func (s Set) held(v *reconcile.Verdict, past Past) bool {
	inactive := v.Kind.Family() == reconcile.Dormant.Family() || v.Kind == reconcile.RuleMatch
	return inactive && !past.Reactivated.IsZero() && s.Now.Before(past.Reactivated.Add(s.Hold))
}

// inferredRuns is how many accepted runs in a row must have inferred an end before tonight's may become due.
const inferredRuns = reconcile.ConfirmingRuns

// notYet says why v may not become due in this run; empty when it may.
func notYet(v *reconcile.Verdict, past Past) string {
	switch {
	case !past.SourceComplete:
		return past.notRead()
	case !past.AccountSeen:
		return "this is the first run that sees the account"
	case v.Person != nil && !past.LinkSeen:
		return "this is the first run that links the account to " + v.Person.Ref()
	case v.End.Inferred && v.Person.Misses < inferredRuns:
		return fmt.Sprintf("the end of employment is inferred, and only %d of %d further complete snapshots confirm it", max(0, v.Person.Misses), inferredRuns)
	default:
		return ""
	}
}

// SortRules orders rules by name, which makes decisions independent of the order of files. Two rules with one name are an
// error.
func SortRules(rules []Rule) error {
	slices.SortStableFunc(rules, func(a, b Rule) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(rules); i++ {
		if rules[i].Name == rules[i-1].Name {
			return fmt.Errorf("two rules are named %q (%s and %s)", rules[i].Name, rules[i-1].Place, rules[i].Place)
		}
	}
	return nil
}
