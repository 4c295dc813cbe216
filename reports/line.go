package reports

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// Line is one reported account as JSON, for programs. No key is ever left out: null is "unknown or does not apply", and
// an unknown fact is never false, zero or "never". Times are RFC 3339 in UTC, to the second. Text is as the source gave
// it, but for bytes that are not UTF-8, which are written as \xNN.
type Line struct {
	Source string `json:"source"`
	// Account is the immutable id, Login the name that signs in.
	Account string `json:"account"`
	Login   string `json:"login"`
	// Kind is "" for an account without a finding.
	Kind      reconcile.Kind      `json:"kind"`
	Flags     reconcile.Flags     `json:"flags"`
	Severity  reconcile.Severity  `json:"severity"`
	Situation reconcile.Situation `json:"situation"`
	// Person is the employee id of the owner or sponsor, "" when nobody was found.
	Person    string                `json:"person"`
	MatchedBy string                `json:"matched_by"`
	Decision  policies.DecisionKind `json:"decision"`
	// Due is when the decision is or was due; null unless it is due, held or in grace.
	Due      *string `json:"due"`
	DaysLate *int64  `json:"days_late"`
	// DaysLateHR is the part of them that passed before HR showed the end.
	DaysLateHR *int64 `json:"days_late_hr"`
	// ID is the id of the finding, "" for an account without one.
	ID string `json:"id"`

	// Result is the outcome of the termination test, "" for accounts of others than leavers.
	Result       Result  `json:"result"`
	Name         string  `json:"name"`
	PersonSource string  `json:"person_source"`
	PersonState  string  `json:"person_state"`
	End          *string `json:"end"`
	EndDate      string  `json:"end_date"`
	Enabled      *bool   `json:"enabled"`
	Privileged   *bool   `json:"privileged"`
	AccountKind  string  `json:"account_kind"`
	DisplayName  string  `json:"display_name"`
	Created      *string `json:"created"`
	// LastUse is a time, "never" or null for unknown.
	LastUse    *string `json:"last_use"`
	LastSignal string  `json:"last_signal"`
	// LastUseError is by how many seconds later than LastUse the account may have been used, because the system writes the
	// time late or rounds it down; null where LastUse is no time.
	LastUseError *int64  `json:"last_use_error"`
	DisabledAt   *string `json:"disabled_at"`
	DaysIdle     *int64  `json:"days_idle"`
	Rule         string  `json:"rule"`
	Action       string  `json:"action"`
	Until        *string `json:"until"`
	DecidedBy    string  `json:"decided_by"`
	FirstSeen    *string `json:"first_seen"`
	Why          string  `json:"why"`
	DecidedWhy   string  `json:"decided_why"`
	// Untold is whether the decision waits for a notice that has not gone out: it is never due before.
	Untold bool `json:"untold"`
	// Stage is the last stage of a graceful rule whose date has come, NextStage the first whose date has not, and when it begins.
	Stage     string  `json:"stage"`
	NextStage string  `json:"next_stage"`
	NextAt    *string `json:"next_at"`
	// Removes are the rights that are due to go, as "group Sales", Stays those that the account keeps then; HandOver is who takes
	// over, "source/id" or an address.
	Removes  []string `json:"removes"`
	Stays    []string `json:"stays"`
	HandOver string   `json:"hand_over"`
	// Candidates are the employee ids that a disputed account's keys name.
	Candidates []string `json:"candidates"`
	// Suggestions are people who may own an orphan, likeliest first: guesses for a person to decide on. LikelyMiskeyed is
	// true when the first of them has not left.
	Suggestions    []LineSuggestion `json:"suggestions"`
	LikelyMiskeyed bool             `json:"likely_miskeyed"`
	// Coverage is that of the source: a program that counts lines has to look at it.
	Coverage string `json:"coverage"`
	Run      string `json:"run"`
	// Plan is where the decision stands in the plan of the run, "" when it is no part of it; PlanWhy names the limits that hold it,
	// or says why it was left out. OneByOne says why it is for approval by itself, "" when it is not.
	Plan     PlanState `json:"plan"`
	PlanWhy  string    `json:"plan_why"`
	OneByOne string    `json:"one_by_one"`
}

// LineSuggestion is a person who may own an orphan.
type LineSuggestion struct {
	// Person is the employee id, PersonSource the people source that it is from.
	Person       string `json:"person"`
	PersonSource string `json:"person_source"`
	Name         string `json:"name"`
	PersonState  string `json:"person_state"`
	// Confidence lies above 0 and not above 0.9: a guess is never as good as a key.
	Confidence float64 `json:"confidence"`
	// Reasons say what speaks for the person, the strongest first.
	Reasons []string `json:"reasons"`
}

// Lines turns rows of r into their JSON form.
func Lines(r Report) func(Row) Line {
	x := newIndex(r)
	return x.line
}

func (x *index) line(r Row) Line {
	a := r.Account
	l := Line{
		Source: utf8Text(a.System), Account: utf8Text(a.ID), Login: utf8Text(a.Login()), Kind: r.Kind, Flags: r.Flags, Severity: r.Severity,
		Situation: r.Situation, MatchedBy: r.MatchedBy, Decision: r.Decision.Kind, Due: due(r.Decision), DaysLate: known(r.DaysLate), DaysLateHR: known(r.DaysLateHR),
		ID: r.Verdict.ID(), End: stampOf(r.End.At), EndDate: r.End.Date.String(), Enabled: known(a.Enabled), Privileged: known(a.Privileged),
		AccountKind: string(a.Kind), DisplayName: utf8Text(a.DisplayName), Created: factStamp(a.Created), LastUse: lastUse(r),
		LastSignal: r.LastUse.Name, DisabledAt: factStamp(a.DisabledAt), DaysIdle: known(r.DaysIdle), Rule: utf8Text(r.Decision.Rule),
		Action: r.Decision.Action, Until: stampOf(r.Decision.Until), DecidedBy: utf8Text(r.Decision.By), FirstSeen: stampOf(r.Decision.FirstSeen),
		Why: utf8Text(r.Why), DecidedWhy: utf8Text(r.Decision.Why), Candidates: []string{}, Suggestions: []LineSuggestion{}, Coverage: x.coverage(a.System), Run: x.Run,
	}
	if r.OfLeaver() {
		l.Result = x.assess(r).Result
	}
	l.OneByOne = utf8Text(oneByOneWhy(r))
	if stands := x.stands(r); stands != nil {
		l.Plan, l.PlanWhy = stands.state, utf8Text(stands.why)
	}
	if r.LastUse.At.IsKnown() {
		seconds := int64(r.LastUse.Precision / time.Second)
		l.LastUseError = &seconds
	}
	if p := r.Person; p != nil {
		l.Person, l.Name, l.PersonSource, l.PersonState = utf8Text(p.ID), utf8Text(p.Name()), p.System, string(p.State)
	}
	l.Untold = r.Decision.Untold
	l.stages(r.Decision.Stages)
	for _, c := range r.Candidates {
		l.Candidates = append(l.Candidates, utf8Text(c.Person.ID))
	}
	l.LikelyMiskeyed = r.LikelyMiskeyed()
	for _, s := range r.Suggestions {
		l.Suggestions = append(l.Suggestions, lineSuggestion(s))
	}
	return l
}

// stages fills in where the account stands in the stages of a graceful rule.
func (l *Line) stages(p *policies.Progress) {
	l.Removes, l.Stays = []string{}, []string{}
	if p == nil {
		return
	}
	l.Stage, l.HandOver = utf8Text(p.Stage), utf8Text(p.HandOver.Who)
	if next := p.Next(); next != nil {
		l.NextStage, l.NextAt = utf8Text(next.Stage), stampOf(next.At)
	}
	removes, stays := p.Rights()
	for _, r := range removes {
		l.Removes = append(l.Removes, utf8Text(r.String()))
	}
	for _, r := range stays {
		l.Stays = append(l.Stays, utf8Text(r.String()))
	}
}

func lineSuggestion(s reconcile.Suggestion) LineSuggestion {
	l := LineSuggestion{Person: utf8Text(s.Person.ID), PersonSource: utf8Text(s.Person.System), Name: utf8Text(s.Person.Name()),
		PersonState: string(s.Person.State), Confidence: float64(s.Percent) / 100, Reasons: []string{}}
	for _, reason := range s.Reasons {
		l.Reasons = append(l.Reasons, utf8Text(reason))
	}
	return l
}

func (x *index) coverage(system string) string {
	if s := x.sources[system]; s != nil {
		return s.Coverage.Verdict.String()
	}
	return scanners.Blind.String()
}

func due(d policies.Decision) *string {
	switch d.Kind {
	case policies.Due, policies.Held, policies.InGrace:
		return stampOf(d.Until)
	default:
		return nil
	}
}

func known[T any](f scanners.Fact[T]) *T {
	if v, ok := f.Get(); ok {
		return &v
	}
	return nil
}

func stampOf(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(time.RFC3339)
	return &s
}

func factStamp(f scanners.Fact[time.Time]) *string {
	if f.IsNever() {
		s := never
		return &s
	}
	return stampOf(f.Value)
}

// lastUse is the newest known sign of use, or never when every signal says so.
func lastUse(r Row) *string {
	if at, ok := r.LastUse.At.Get(); ok {
		return stampOf(at)
	}
	if r.Account.Idle().IsNever() {
		s := never
		return &s
	}
	return nil
}

// JSONLines writes one [Line] per row of r.
func JSONLines(w io.Writer, r Report) error {
	x := newIndex(r)
	buffered := bufio.NewWriter(w)
	out := json.NewEncoder(buffered)
	out.SetEscapeHTML(false)
	if err := x.each(func(e entry) error { return out.Encode(x.line(e.Row)) }); err != nil {
		return fmt.Errorf("json lines: %w", err)
	}
	return buffered.Flush()
}

// csvField is one column of the CSV form.
type csvField struct {
	name  string
	value func(Line) string
}

// csvFields are the columns, named and ordered as in JSON. A fact that is not known is the word "unknown"; what does not
// apply is empty.
var csvFields = [...]csvField{
	{"source", func(l Line) string { return l.Source }},
	{"account", func(l Line) string { return l.Account }},
	{"login", func(l Line) string { return l.Login }},
	{"kind", func(l Line) string { return string(l.Kind) }},
	{"flags", func(l Line) string { return strings.Join(l.Flags.List(), " ") }},
	{"severity", func(l Line) string { return l.Severity.String() }},
	{"situation", func(l Line) string { return string(l.Situation) }},
	{"person", func(l Line) string { return l.Person }},
	{"matched_by", func(l Line) string { return l.MatchedBy }},
	{"decision", func(l Line) string { return string(l.Decision) }},
	{"due", func(l Line) string { return orEmpty(l.Due) }},
	{"days_late", daysLateField},
	{"id", func(l Line) string { return l.ID }},
	{"result", func(l Line) string { return string(l.Result) }},
	{"name", func(l Line) string { return l.Name }},
	{"person_source", func(l Line) string { return l.PersonSource }},
	{"person_state", func(l Line) string { return l.PersonState }},
	{"end", func(l Line) string { return orEmpty(l.End) }},
	{"end_date", func(l Line) string { return l.EndDate }},
	{"enabled", func(l Line) string { return boolOr(l.Enabled) }},
	{"privileged", func(l Line) string { return boolOr(l.Privileged) }},
	{"account_kind", func(l Line) string { return l.AccountKind }},
	{"display_name", func(l Line) string { return l.DisplayName }},
	{"created", func(l Line) string { return orUnknown(l.Created) }},
	{"last_use", func(l Line) string { return orUnknown(l.LastUse) }},
	{"last_signal", func(l Line) string { return l.LastSignal }},
	{"last_use_error", func(l Line) string {
		if l.LastUseError == nil {
			return ""
		}
		return intOr(l.LastUseError)
	}},
	{"disabled_at", disabledField},
	{"days_idle", func(l Line) string { return intOr(l.DaysIdle) }},
	{"rule", func(l Line) string { return l.Rule }},
	{"action", func(l Line) string { return l.Action }},
	{"until", func(l Line) string { return orEmpty(l.Until) }},
	{"decided_by", func(l Line) string { return l.DecidedBy }},
	{"first_seen", func(l Line) string { return orEmpty(l.FirstSeen) }},
	{"why", func(l Line) string { return l.Why }},
	{"decided_why", func(l Line) string { return l.DecidedWhy }},
	{"untold", func(l Line) string { return strconv.FormatBool(l.Untold) }},
	{"stage", func(l Line) string { return l.Stage }},
	{"next_stage", func(l Line) string { return l.NextStage }},
	{"next_at", func(l Line) string { return orEmpty(l.NextAt) }},
	{"removes", func(l Line) string { return strings.Join(l.Removes, "; ") }},
	{"stays", func(l Line) string { return strings.Join(l.Stays, "; ") }},
	{"hand_over", func(l Line) string { return l.HandOver }},
	{"candidates", func(l Line) string { return strings.Join(l.Candidates, " ") }},
	{"suggestions", suggestionsField},
	{"likely_miskeyed", func(l Line) string { return strconv.FormatBool(l.LikelyMiskeyed) }},
	{"days_late_hr", daysLateHRField},
	{"coverage", func(l Line) string { return l.Coverage }},
	{"run", func(l Line) string { return l.Run }},
	{"plan", func(l Line) string { return string(l.Plan) }},
	{"plan_why", func(l Line) string { return l.PlanWhy }},
	{"one_by_one", func(l Line) string { return l.OneByOne }},
}

// suggestionsField names each suggested person with the confidence: "hr/00123 0.6, hr/00456 0.4".
func suggestionsField(l Line) string {
	parts := make([]string, len(l.Suggestions))
	for i, s := range l.Suggestions {
		parts[i] = s.PersonSource + "/" + s.Person + " " + strconv.FormatFloat(s.Confidence, 'f', -1, 64)
	}
	return strings.Join(parts, ", ")
}

// daysLateField is empty where nobody's employment has ended.
func daysLateField(l Line) string {
	if l.End == nil {
		return ""
	}
	return intOr(l.DaysLate)
}

func daysLateHRField(l Line) string {
	if l.End == nil {
		return ""
	}
	return intOr(l.DaysLateHR)
}

// disabledField is empty for an account that is enabled.
func disabledField(l Line) string {
	if l.Enabled != nil && *l.Enabled && l.DisabledAt == nil {
		return ""
	}
	return orUnknown(l.DisabledAt)
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func orUnknown(s *string) string {
	if s == nil {
		return unknown
	}
	return *s
}

func boolOr(b *bool) string {
	if b == nil {
		return unknown
	}
	return strconv.FormatBool(*b)
}

func intOr(n *int64) string {
	if n == nil {
		return unknown
	}
	return strconv.FormatInt(*n, 10)
}

// CSV writes one line per row of r under a line of column names: UTF-8, commas, quotes where needed. Characters that a
// reader could not see are escapes, and text that a spreadsheet would take for a formula gets an apostrophe in front, so
// programs should read the JSON Lines instead.
func CSV(w io.Writer, r Report) error {
	x := newIndex(r)
	out := csv.NewWriter(w)
	record := make([]string, len(csvFields))
	for i, f := range csvFields {
		record[i] = f.name
	}
	if err := out.Write(record); err != nil {
		return fmt.Errorf("csv: %w", err)
	}
	err := x.each(func(e entry) error {
		l := x.line(e.Row)
		for i, f := range csvFields {
			record[i] = csvText(f.value(l))
		}
		return out.Write(record)
	})
	if err != nil {
		return fmt.Errorf("csv: %w", err)
	}
	out.Flush()
	return out.Error()
}

// csvText makes s safe to open in a spreadsheet.
func csvText(s string) string {
	v := Visible(s)
	if evaluates(v) {
		return "'" + v
	}
	return v
}
