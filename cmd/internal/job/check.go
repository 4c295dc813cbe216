package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/leaver-audit/leaver/cmd/internal/runstore"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/reports"
	"github.com/leaver-audit/leaver/scanners"
)

// CheckResult is what a check saw. It is the object that "leaver check --json" prints.
type CheckResult struct {
	People  []SourceResult `json:"people"`
	Sources []SourceResult `json:"sources"`
	// Kept says why a run now would move neither history nor clocks; empty when it would.
	Kept string `json:"kept,omitempty"`
	// Gates says how every gate stands now, in the order in which a run checks them.
	Gates []reports.Gate `json:"gates"`
	// Notes are oddities that stop nothing.
	Notes []Note `json:"notes"`
}

// Note is something that somebody should look at.
type Note struct {
	// Topic is what it is about: people, links, classifier, login_rules, exclusions, break_glass, coverage, notify.
	Topic  string `json:"topic"`
	Source string `json:"source,omitempty"`
	// Place is "file:line", or where a record stands; empty when there is none.
	Place string `json:"place,omitempty"`
	Text  string `json:"text"`
}

// usage counts what matched each exclusion and each login rule.
type usage struct{ exclusions, logins []int64 }

// Check does what a run does up to the last gate, in a private temporary folder that it removes again; the state is only
// read. Store is nil when there is no state yet. Nothing is decided, reported or kept. A [*GateError] says that a run would
// be refused now; the result is filled all the same.
func (j *Job) Check(ctx context.Context) (*CheckResult, error) {
	dir, err := os.MkdirTemp("", "leaver-check-")
	if err != nil {
		return &CheckResult{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	scratch, err := runstore.Open(filepath.Join(dir, "state"))
	if err != nil {
		return &CheckResult{}, err
	}
	defer scratch.Close()
	release, err := scratch.Lock(j.Now())
	if err != nil {
		return &CheckResult{}, err
	}
	defer func() { _ = release() }() // the folder goes away
	t, err := j.tryOut(ctx, scratch)
	if err != nil {
		return &CheckResult{}, err
	}
	used, err := t.untilLastGate(ctx)
	return t.checked(used), errors.Join(err, t.gate.stopped())
}

// tryOut begins a run whose folder is in scratch and which compares with what the real state knows.
func (j *Job) tryOut(ctx context.Context, scratch *runstore.Store) (*attempt, error) {
	alone := *j
	if alone.Store == nil {
		alone.Store = scratch
	}
	t := alone.attempt()
	last, err := LastAccepted(ctx, t.Store, t.Config)
	if err != nil {
		return nil, err
	}
	t.chosen = t.Config.Sources
	t.gate = gate{gates: t.Config.Gates, last: last, asOf: t.asOf, now: t.started}
	t.result.Status = Accepted
	if last != nil && !t.asOf.After(last.AsOf) {
		t.result.Status, t.result.Kept = Kept, "the as-of is not later than that of the last accepted run"
	}
	t.run, err = scratch.Begin(ctx, runstore.Start{ID: runID(t.started), AsOf: t.asOf, Started: t.started, ConfigDigest: t.Config.Digest()})
	return t, err
}

// untilLastGate reads and correlates everything. It goes on where a gate would stop a run, to say all of it at once.
func (t *attempt) untilLastGate(ctx context.Context) (usage, error) {
	used := usage{make([]int64, len(t.Config.Exclusions)), make([]int64, len(t.Config.Correlation.LoginRules))}
	var refused *GateError
	err := t.readPeople(ctx)
	switch {
	case errors.As(err, &refused):
	case err != nil:
		return used, err
	default:
		if err := t.buildRoster(ctx); err != nil {
			return used, err
		}
	}
	if err := t.readAccounts(ctx); err != nil || t.engine == nil {
		return used, err
	}
	if err := t.survey(ctx); err != nil {
		return used, err
	}
	for i := range t.sources {
		s := &t.sources[i]
		for a, err := range t.accounts(ctx, s) {
			if err != nil {
				return used, err
			}
			v := t.engine.Judge(a)
			t.count(s, &v)
			used.see(t, &v)
		}
	}
	t.gate.joins(t.sources)
	return used, nil
}

func (u usage) see(t *attempt, v *reconcile.Verdict) {
	for i := range t.Config.Exclusions {
		if t.Config.Exclusions[i].Matches(v) {
			u.exclusions[i]++
		}
	}
	for i := range t.Config.Correlation.LoginRules {
		if t.Config.Correlation.LoginRules[i].Leads(v.Account) {
			u.logins[i]++
		}
	}
}

// checked collects what the check saw.
func (t *attempt) checked(used usage) *CheckResult {
	r := &CheckResult{People: t.result.People.Sources, Sources: t.result.Sources, Kept: t.result.Kept, Gates: t.gate.results, Notes: []Note{}}
	for _, s := range t.people {
		r.noteGaps(s)
	}
	if t.roster != nil {
		for _, issue := range t.roster.Issues() {
			r.note("people", issue.Source, issue.Place, "%s", issue.Text)
		}
	}
	for _, s := range t.sources {
		r.noteGaps(s)
	}
	if t.engine == nil {
		return r
	}
	for _, issue := range t.engine.LinkIssues(t.complete) {
		r.note("links", issue.Source, issue.Place, "%s", issue.Text)
	}
	t.noteRules(r, used)
	for i, b := range t.Config.BreakGlass {
		switch state := t.emergency[i]; {
		case state == "" && t.complete(b.Source):
			r.note("break_glass", b.Source, b.Place, "the emergency account %q was not seen", b.Account)
		case state != "" && state != emergencyReady:
			r.note("break_glass", b.Source, b.Place, "the emergency account %q was %s", b.Account, state)
		}
	}
	return r
}

// noteRules lists the rules that did nothing. A rule proves that only when every source that it may be about was read.
func (t *attempt) noteRules(r *CheckResult, used usage) {
	c := t.Config
	for i, rule := range c.Correlation.Classifier {
		if t.classified[i].Load() == 0 && t.readAllOf(rule.Source) {
			r.note("classifier", rule.Source, rule.Place, "the rule (%s) decides about no account: none matches, or an earlier rule or the source itself decides before it", rule.Reason)
		}
	}
	for i, rule := range c.Correlation.LoginRules {
		if used.logins[i] == 0 && t.complete(rule.Source) {
			r.note("login_rules", rule.Source, rule.Place, "the rule %q matches no login", rule.Match.String())
		}
	}
	for i, x := range c.Exclusions {
		if used.exclusions[i] == 0 && t.readAllOf(x.Source) {
			r.note("exclusions", x.Source, x.Place, "exclusion %s (%s) matches no account", x.ID, x.Owner)
		}
		if x.Expired(t.asOf) {
			r.note("exclusions", x.Source, x.Place, "exclusion %s (%s) is over since %s and hides nothing", x.ID, x.Owner, x.Expires.UTC().Format("2006-01-02 15:04 UTC"))
		}
	}
}

// readAllOf reports whether the source was read completely; all of them when source is empty.
func (t *attempt) readAllOf(source string) bool {
	if source != "" {
		return t.complete(source)
	}
	for _, s := range t.sources {
		if !s.Coverage.Verdict.Complete() {
			return false
		}
	}
	return true
}

func (r *CheckResult) note(topic, source, place, format string, args ...any) {
	r.Notes = append(r.Notes, Note{topic, source, place, fmt.Sprintf(format, args...)})
}

// noteGaps lists what was not read of a source; rejected records are in its numbers.
func (r *CheckResult) noteGaps(s scanned) {
	for _, gap := range s.Coverage.Gaps {
		r.note("coverage", s.Name, "", "%s: %s; %s%s", gap.What, gap.Cause, gap.Effect, after("; ", gap.Hint))
	}
	if n := s.Coverage.Rejected; n > 0 && s.Coverage.Verdict != scanners.Blind {
		first, _ := firstRejection(s)
		r.note("coverage", s.Name, "", "%d records could not be used, the first: %s", n, first)
	}
}

// after puts before in front of text, nothing in front of nothing.
func after(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}
