package policies

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
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
}

// Past is what earlier accepted runs knew about one account.
type Past struct {
	// AccountSeen is whether an earlier accepted run with a complete source saw the account, LinkSeen whether it linked it
	// to the same person as tonight.
	AccountSeen bool
	LinkSeen    bool
	// FirstSeen is the as-of of the run that first made the finding; the zero time when tonight's is the first.
	FirstSeen time.Time
	// Clocks are the grace clocks of the finding, one for each rule and owner, paused ones too.
	Clocks []Clock
	// Kept is the decision that the account may stay; nil when there is none.
	Kept *Kept
	// Reactivated is the as-of of the run that first saw the account enabled after an earlier one had seen it disabled; the
	// zero time when that was not within the hold.
	Reactivated time.Time
	// SourceComplete is whether the account's source was read completely tonight.
	SourceComplete bool
}

// Decide returns the decision on one verdict and the grace clocks of its finding from now on: one for each acting rule that
// selects it. While an exclusion takes the finding out, and while its source is not read completely, they stay as they were.
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
	rule, clock := choice.rule, choice.clock
	if rule == nil {
		if choice.excluding != nil {
			return s.exclude(d, *choice.excluding), choice.clocks
		}
		d.Kind, d.Why = ReportOnly, "no active rule selects this finding"
		return d, choice.clocks
	}
	d.Rule, d.Action = rule.Name, rule.Action
	if rule.Action == ActionReport {
		d.Kind, d.Why = ReportOnly, fmt.Sprintf("rule %q only reports", rule.Name)
		return d, choice.clocks
	}
	if why := neverDue(v); why != "" {
		d.Kind, d.Why = ReportOnly, why
		return d, choice.clocks
	}
	d.Until = clock.DueAt
	switch why := notYet(v, past); {
	case why != "":
		d.Kind, d.Why, d.Until = InGrace, why, later(clock.DueAt, s.Now)
	case s.held(v, past):
		back := past.Reactivated.Add(s.Hold)
		d.Kind, d.Until = InGrace, later(clock.DueAt, back)
		d.Why = fmt.Sprintf("enabled again on %s: it counts as active until %s", day(past.Reactivated), day(back))
	case s.Now.Before(clock.DueAt):
		d.Kind, d.Why = InGrace, fmt.Sprintf("grace of rule %q runs until %s", rule.Name, day(clock.DueAt))
	default:
		d.Kind, d.Why = Due, fmt.Sprintf("grace of rule %q was over on %s", rule.Name, day(clock.DueAt))
	}
	return d, choice.clocks
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
		if !x.Expired(s.Now) && x.Matches(v) {
			return x, true
		}
	}
	return Exclusion{}, false
}

// choice is the rule that decides on a verdict, and its clock. Clocks holds those of every acting rule; excluding is the
// exclusion that took the verdict out of a rule, the first by name of rule.
type choice struct {
	rule      *Rule
	clock     *Clock
	clocks    []Clock
	excluding *Exclusion
}

// strictest chooses, of the active rules that select v and do not exclude it themselves, the one whose grace is over first;
// a rule that acts comes before one that only reports, and equal ones are ordered by name.
func (s Set) strictest(v *reconcile.Verdict, past Past) choice {
	var best choice
	excludingRule := ""
	for i := range s.Rules {
		rule := &s.Rules[i]
		if !rule.Active || !rule.Trigger.Selects(v, s.Now) {
			continue
		}
		if x, ok := s.excluded(v, rule.Exclude); ok {
			if best.excluding == nil || rule.Name < excludingRule {
				best.excluding, excludingRule = &x, rule.Name
			}
			best.clocks = append(best.clocks, frozen(past.Clocks, rule.Name)...)
			continue
		}
		c := s.clock(rule, v, past)
		if rule.Action != ActionReport {
			best.clocks = append(best.clocks, *c)
		}
		if best.rule == nil || stricter(rule, c, best.rule, best.clock) {
			best.rule, best.clock = rule, c
		}
	}
	if !past.SourceComplete {
		best.clocks = slices.Clone(past.Clocks)
	}
	slices.SortFunc(best.clocks, compareClocks)
	return best
}

func stricter(x *Rule, cx *Clock, y *Rule, cy *Clock) bool {
	if (x.Action == ActionReport) != (y.Action == ActionReport) {
		return y.Action == ActionReport
	}
	if !cx.DueAt.Equal(cy.DueAt) {
		return cx.DueAt.Before(cy.DueAt)
	}
	return x.Name < y.Name
}

func (g Grace) days(source string) int {
	if days, ok := g.Sources[source]; ok {
		return days
	}
	return g.Days
}

// addDays adds calendar days in the person's zone, so that a clock change does not move the hour.
func (s Set) addDays(t time.Time, days int, p *reconcile.Person) time.Time {
	zone := s.Zone
	if p != nil && p.Zone != "" {
		if own, err := time.LoadLocation(p.Zone); err == nil {
			zone = own
		}
	}
	return t.In(zone).AddDate(0, 0, days).UTC()
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

// held reports whether an account that seems unused was enabled again so lately that this counts as a use. It is about
// inactivity only: that somebody enabled the account of a leaver again says nothing of whether the leaver is back, and must
// not buy it time.
func (s Set) held(v *reconcile.Verdict, past Past) bool {
	return v.Kind.Family() == reconcile.Dormant.Family() && !past.Reactivated.IsZero() && s.Now.Before(past.Reactivated.Add(s.Hold))
}

// inferredRuns is how many accepted runs in a row must have inferred an end before tonight's may become due.
const inferredRuns = reconcile.ConfirmingRuns

// notYet says why v may not become due in this run; empty when it may.
func notYet(v *reconcile.Verdict, past Past) string {
	switch {
	case !past.SourceComplete:
		return "the source was not read completely"
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
