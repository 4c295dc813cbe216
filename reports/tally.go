package reports

import (
	"fmt"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// home is the sheet on which a row stands.
type home int

const (
	onTerminations home = iota
	onOrphans
	onMiskeyed
	onDormant
	onAmbiguous
	onOther
	homes
)

// letters start the row ids of each sheet.
var letters = [homes]string{"T", "O", "K", "D", "A", "R"}

// homeOf gives every row exactly one sheet. An account of a leaver is part of the tested population whatever else is
// found about it.
func homeOf(r Row) home {
	switch {
	case r.OfLeaver():
		return onTerminations
	case r.LikelyMiskeyed():
		return onMiskeyed
	case r.Kind == reconcile.Orphan:
		return onOrphans
	case r.Kind == reconcile.Dormant, r.Kind == reconcile.NeverUsed:
		return onDormant
	case r.Kind == reconcile.Disputed:
		return onAmbiguous
	default:
		return onOther
	}
}

// entry is a row with everything that the sheets say about it.
type entry struct {
	Row
	home home
	// seq is the position on its sheet, from 1; on Ambiguous that of its first line.
	seq int64
	Assessment
	// of is the number of lines that it has on Ambiguous, ambiguous the position of the first of them.
	of        int
	ambiguous int64
	// plan is where its decision stands in the plan; nil when it is no part of it.
	plan *planLine
}

// id is the row id: stable within a run, never used twice.
func (e *entry) id() string { return rowID(e.home, e.seq) }

func rowID(h home, seq int64) string { return fmt.Sprintf("%s-%05d", letters[h], seq) }

// tally counts everything that the report prints as a number, in one pass, so that a number printed twice is one number.
type tally struct {
	rows int64
	// lines counts the lines of each sheet; all but Ambiguous have one per row.
	lines [homes]int64
	// disputed and suspect count the accounts on Ambiguous: those that live there, and those listed on another sheet as well.
	disputed, suspect int64
	kinds             map[reconcile.Kind]int64
	flags             map[string]int64
	severities        map[reconcile.Severity]int64
	decisions         map[policies.DecisionKind]int64
	situations        map[reconcile.Situation]int64
	results           map[Result]int64
	rules             map[string]int64
	excludedBy        map[string]int64
	notMet            [attributes]int64
	systems           map[string]*systemTally
	// leavers holds everyone of Terminations, by source and id.
	leavers map[string]*leaverTally
	// first holds the rows that need a decision first.
	first []entry
	// stillEnabled counts enabled accounts of leavers, stateUnknown those of them whose state is unknown.
	stillEnabled, stateUnknown int64
	// deadYetUsed counts disabled accounts of leavers that were used after they were disabled.
	deadYetUsed int64
}

// systemTally splits the accounts of leavers in one system. Their sum is the number of lines on Terminations.
type systemTally struct {
	onTime, late, unclear, enabled int64
	lateness                       lateness
}

func (s systemTally) total() int64 { return s.onTime + s.late + s.unclear + s.enabled }

// firstRows is how many rows the Summary lists as the first to decide.
const firstRows = 8

func newTally() *tally {
	return &tally{kinds: map[reconcile.Kind]int64{}, flags: map[string]int64{}, severities: map[reconcile.Severity]int64{},
		decisions: map[policies.DecisionKind]int64{}, situations: map[reconcile.Situation]int64{}, results: map[Result]int64{},
		rules: map[string]int64{}, excludedBy: map[string]int64{}, systems: map[string]*systemTally{},
		leavers: map[string]*leaverTally{}}
}

// each calls visit for every row, in order, with its place and test result.
func (x *index) each(visit func(entry) error) error {
	if x.Rows == nil || x.Refused != "" {
		return nil
	}
	var seq [homes]int64
	for row, err := range x.Rows() {
		if err != nil {
			return fmt.Errorf("rows of run %q: %w", x.Run, err)
		}
		e := entry{Row: row, home: homeOf(row)}
		if e.home == onTerminations {
			e.Assessment = x.assess(row)
		}
		e.of, e.ambiguous = candidates(e), seq[onAmbiguous]+1
		e.seq = seq[e.home] + 1
		seq[onAmbiguous] += int64(e.of)
		if e.home != onAmbiguous {
			seq[e.home]++
		}
		if e.plan = x.stands(row); e.plan != nil {
			listed := e
			e.plan.entry = &listed
		}
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}

// candidates is the number of lines that e has on Ambiguous: one per candidate of a disputed account, at least one, and one
// for a suspect match.
func candidates(e entry) int {
	switch {
	case e.home == onAmbiguous:
		return max(1, len(e.Candidates))
	case e.Flags.Has(reconcile.SuspectMatch):
		return 1
	default:
		return 0
	}
}

func (x *index) tally() (*tally, error) {
	t := newTally()
	err := x.each(func(e entry) error { t.add(e); return nil })
	for _, l := range x.planList {
		if l.state == LeftOut && l.entry == nil {
			l.state = NotRead // the run was not shown the account
		}
	}
	return t, err
}

func (t *tally) add(e entry) {
	t.rows++
	t.lines[onAmbiguous] += int64(e.of)
	switch {
	case e.home == onAmbiguous:
		t.disputed++
	default:
		t.lines[e.home]++
		if e.of > 0 {
			t.suspect++
		}
	}
	t.kinds[e.Kind]++
	t.severities[e.Severity]++
	t.decisions[e.Decision.Kind]++
	t.situations[e.Situation]++
	for _, flag := range e.Flags.List() {
		t.flags[flag]++
	}
	if e.Decision.Rule != "" {
		t.rules[e.Decision.Rule]++
	}
	if e.Decision.Kind == policies.Excluded && e.Kind != reconcile.KindNone {
		t.excludedBy[e.Decision.By]++
	}
	if e.home == onTerminations {
		t.addLeaver(e)
	}
	if len(t.first) < firstRows && needsDecision(e) {
		t.first = append(t.first, e)
	}
}

func (t *tally) addLeaver(e entry) {
	t.addResidue(e)
	t.results[e.Result]++
	for i, m := range e.Marks {
		if m == NotMet {
			t.notMet[i]++
		}
	}
	s := t.systems[e.Account.System]
	if s == nil {
		s = &systemTally{}
		t.systems[e.Account.System] = s
	}
	s.lateness.add(e)
	switch {
	case e.StillEnabled():
		s.enabled++
		t.stillEnabled++
		if e.Account.Enabled.IsUnknown() {
			t.stateUnknown++
		}
	case e.Result == Pass:
		s.onTime++
	case e.Result == Late:
		s.late++
	default:
		s.unclear++
	}
	if e.Kind == reconcile.Contradiction {
		t.deadYetUsed++
	}
}

// needsDecision reports whether somebody has to decide on the row: it is a finding, and neither excluded, kept nor waiting.
func needsDecision(e entry) bool {
	switch e.Decision.Kind {
	case policies.Excluded, policies.Keep, policies.InGrace:
		return false
	}
	return e.Kind != reconcile.KindNone
}

// orphans counts those that nobody answers for and those that are likely mis-keyed.
func (t *tally) orphans() int64 { return t.lines[onOrphans] + t.lines[onMiskeyed] }

// findings counts the rows that have a finding kind.
func (t *tally) findings() int64 { return t.rows - t.kinds[reconcile.KindNone] }

// exceptions counts what an auditor would write down: every finding that is not excluded, and every late removal.
func (t *tally) exceptions() int64 { return t.findings() + t.results[Late] }

// onTime is the share of the accounts whose removal could be tested that were removed on time, and the two numbers it is
// made of. Accounts in grace, excluded or not testable are left out.
func (t *tally) onTime() (share float64, passed, tested int64) {
	passed = t.results[Pass]
	tested = passed + t.results[Late] + t.results[Open]
	if tested == 0 {
		return 0, 0, 0
	}
	return float64(passed) / float64(tested), passed, tested
}

// Totals counts the headline numbers of r, as a later run shows them in its trend.
func (r Report) Totals() (Totals, error) {
	t, err := newIndex(r).tally()
	if err != nil {
		return Totals{}, err
	}
	return r.totals(t), nil
}

func (r Report) totals(t *tally) Totals {
	total := Totals{Run: r.Run, AsOf: r.AsOf, Findings: map[reconcile.Kind]int64{}, StillEnabled: t.stillEnabled,
		UsedAfterEnd: t.kinds[reconcile.UsedAfterEnd], Complete: len(r.incomplete()) == 0}
	for _, kind := range reconcile.Kinds() {
		if n := t.kinds[kind]; n > 0 {
			total.Findings[kind] = n
		}
	}
	return total
}

// incomplete returns the account and people sources that were not read completely.
func (r Report) incomplete() []Source {
	var list []Source
	for _, s := range r.Sources {
		if !s.Coverage.Verdict.Complete() {
			list = append(list, s)
		}
	}
	return list
}

// farLimit is how far the reading of a source may lie from the as-of before the report's first sentence says so.
const farLimit = 24 * time.Hour

// far returns the span in which the sources were read, and whether any was read more than a day from the as-of.
func (r Report) far() (from, to time.Time, far bool) {
	for _, s := range r.Sources {
		at := s.ReadAt
		if at.IsZero() {
			continue
		}
		if from.IsZero() || at.Before(from) {
			from = at
		}
		if at.After(to) {
			to = at
		}
		far = far || at.Sub(r.AsOf).Abs() > farLimit
	}
	return from, to, far
}
