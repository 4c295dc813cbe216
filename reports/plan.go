package reports

import (
	"fmt"
	"strings"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// PlanState is where a decision stands in the plan of the run.
type PlanState string

// The states. A decision that is due is proposed, held or left out; one that is not read would be due, had its source been
// read completely.
const (
	Proposed PlanState = "proposed"
	HeldBack PlanState = "held"
	LeftOut  PlanState = "left_out"
	NotRead  PlanState = "not_read"
)

// PlanStates returns every state in the order in which reports print them.
func PlanStates() []PlanState { return []PlanState{Proposed, HeldBack, LeftOut, NotRead} }

// words is the state as the sheets write it.
func (s PlanState) words() string { return capital(strings.ReplaceAll(string(s), "_", " ")) }

// planLine is a line of the sheet Plan: an item, or what was left out.
type planLine struct {
	number                   int
	state                    PlanState
	finding, system, account string
	// item is nil for what was left out.
	item *policies.Item
	// why says which limits hold an item, or why it was left out.
	why string
	// entry is the row of the account; nil when the report has none.
	entry *entry
}

// planLines are the lines of a plan in its order, what was left out after its items.
func planLines(p *policies.Plan) []*planLine {
	if p == nil {
		return nil
	}
	var lines []*planLine
	for i := range p.Items {
		item := &p.Items[i]
		l := &planLine{number: len(lines) + 1, state: Proposed, finding: item.Finding, system: item.Source, account: item.Account, item: item}
		if held := p.Holders(*item); len(held) > 0 {
			l.state, l.why = HeldBack, heldWords(held)
		}
		lines = append(lines, l)
	}
	for _, left := range p.LeftOut {
		lines = append(lines, &planLine{number: len(lines) + 1, state: LeftOut, finding: left.Finding, system: left.Source, account: left.Account, why: left.Why})
	}
	return lines
}

func heldWords(held []policies.Tripped) string {
	words := make([]string, len(held))
	for i, t := range held {
		words[i] = t.Name()
	}
	return strings.Join(words, ", ")
}

// stands is where the decision of a row stands in the plan; nil for one that is no part of it. What was left out although it
// is not due rests on a source that was not read completely.
func (x *index) stands(r Row) *planLine {
	if r.Kind == reconcile.KindNone {
		return nil
	}
	l := x.planned[r.ID()]
	if l != nil && l.state == LeftOut && r.Decision.Kind == policies.InGrace {
		l.state = NotRead
	}
	return l
}

// planTable is one row per decision that is due, or would be.
func (b *book) planTable() table[*planLine] {
	return table[*planLine]{
		name: "Plan", title: "Plan – what this run proposes, what a limit holds, and what was left out", note: b.planNote(), none: b.noPlan(),
		frozen: 3, lines: int64(len(b.planList)), sealed: true, id: (*planLine).id,
		columns: []column[*planLine]{
			{head: "Row", width: 8.5, group: "Item", value: func(l *planLine) cell { return text(l.id()) }},
			{head: "State", width: 10, value: planStateCell},
			{head: "Held by, or left out because", width: 34, value: func(l *planLine) cell { return textOr(l.why, dash) }},
			{head: "System", width: 14, group: "Account (system)", value: func(l *planLine) cell { return text(l.system) }},
			{head: "Account", width: 22, value: ofRow(loginCell)},
			{head: "Priv.", width: 8.5, style: headCentre, value: ofRow(privilegedCell)},
			{head: "Person", width: 20, group: "Owner (HR)", value: ofRow(personCell)},
			{head: "Person ID", width: 10, value: ofRow(personIDCell)},
			{head: "Department", width: 18, value: func(l *planLine) cell { return textOr(l.department(), dash) }},
			{head: "Severity", width: 8.5, group: "What is proposed, and why", value: ofRow(severityCell)},
			{head: "Kind", width: 16, value: ofRow(kindCell)},
			{head: "Action", width: 9, value: func(l *planLine) cell { return textOr(l.action(), dash) }},
			{head: "Due since (UTC)", width: 15.5, value: dueSinceCell},
			{head: "Rule", width: 16.5, value: ofRow(ruleCell)},
			{head: "Decided because", width: 52, value: ofRow(decisionWhyCell)},
			{head: "One by one", width: 10, style: headCentre, group: "Approval", value: oneByOneCell},
			{head: "One by one because", width: 36, value: ofRow(oneByOneWhyCell)},
			{head: "Listed as", width: 9.5, group: "Proof", value: func(l *planLine) cell { return text(l.listedAs()) }},
			{head: "Finding", width: 18, value: func(l *planLine) cell { return text(l.finding).as(mono) }},
			{head: "Facts (SHA-256, first 16)", width: 20, value: factsCell},
			{head: "Account ID", width: 40, group: "More (not printed)", aside: true, value: func(l *planLine) cell { return text(l.account) }},
			{head: "Flags", width: 44, value: ofRow(flagsCell)},
		},
	}
}

// id is the row id of an item.
func (l *planLine) id() string { return fmt.Sprintf("P-%05d", l.number) }

// ofRow shows what the account's own row shows.
func ofRow(value func(entry) cell) func(*planLine) cell {
	return func(l *planLine) cell {
		if l.entry == nil {
			return text(dash)
		}
		return value(*l.entry)
	}
}

func planStateCell(l *planLine) cell {
	c := text(l.state.words())
	switch l.state {
	case HeldBack:
		return c.as(stateBad)
	case LeftOut, NotRead:
		return c.as(stateLate)
	default:
		return c.as(stateGood)
	}
}

func (l *planLine) action() string {
	switch {
	case l.item != nil:
		return l.item.Action
	case l.entry != nil:
		return l.entry.Decision.Action
	default:
		return ""
	}
}

func (l *planLine) department() string {
	switch {
	case l.item != nil:
		return l.item.Department
	case l.entry != nil && l.entry.Person != nil:
		return l.entry.Person.Department
	default:
		return ""
	}
}

func dueSinceCell(l *planLine) cell {
	switch {
	case l.item != nil:
		return instant(l.item.Due)
	case l.entry != nil:
		return instant(l.entry.Decision.Until)
	default:
		return cell{style: instantCell}
	}
}

func factsCell(l *planLine) cell {
	if l.item == nil {
		return text(dash)
	}
	return text(grouped(l.item.Facts)).as(mono)
}

// single reports whether a person has to look at this very item before it is approved.
func (l *planLine) single() bool { return l.item != nil && len(l.item.OneByOne) > 0 }

func oneByOneCell(l *planLine) cell {
	switch {
	case l.item == nil:
		return text(dash).as(centred)
	case l.single():
		return text("Yes").as(centredBold)
	default:
		return text("No").as(centred)
	}
}

func (l *planLine) listedAs() string {
	if l.entry == nil {
		return dash
	}
	return l.entry.id()
}

// planCell is, on the sheet of a row, where its decision stands in the plan.
func planCell(e entry) cell { return text(planWords(e)) }

func planWords(e entry) string {
	switch {
	case e.plan == nil:
		return dash
	case e.plan.why == "":
		return e.plan.state.words()
	case e.plan.state == HeldBack:
		return "Held by " + e.plan.why
	default:
		return e.plan.state.words() + ": " + e.plan.why
	}
}

// oneByOneWhyCell says why a decision is for approval by itself.
func oneByOneWhyCell(e entry) cell { return textOr(oneByOneWhy(e.Row), dash) }

func oneByOneWhy(r Row) string {
	var reasons []string
	if r.Decision.OneByOne != "" {
		reasons = append(reasons, r.Decision.OneByOne)
	}
	if r.Decision.Action != "" && r.Decision.Action != policies.ActionReport && r.Flags.Has(reconcile.Privileged) {
		reasons = append(reasons, "the account is privileged")
	}
	return strings.Join(reasons, "; ")
}

// planCounts counts the lines of the sheet Plan by state, and those that are for approval one by one.
func (x *index) planCounts() (states map[PlanState]int64, single int64) {
	states = map[PlanState]int64{}
	for _, l := range x.planList {
		states[l.state]++
		if l.single() {
			single++
		}
	}
	return states, single
}

// planNote counts the plan and says what keeps it from being carried out.
func (b *book) planNote() string {
	if b.Plan == nil {
		return "One row per decision that is due, or would be."
	}
	states, single := b.planCounts()
	var parts []string
	for _, s := range PlanStates() {
		if states[s] > 0 {
			parts = append(parts, count(states[s])+" "+strings.ReplaceAll(string(s), "_", " "))
		}
	}
	note := ""
	if b.Plan.Blocked != "" {
		note = "Blocked: " + strings.TrimRight(oneLine(b.Plan.Blocked), ".") + ". "
	}
	note += "Digest " + grouped(b.Plan.Digest) + ". "
	if len(parts) > 0 {
		note += capital(strings.Join(parts, ", ")) + "; "
	}
	return note + several(single, "item") + " for approval one by one. Nothing of it was carried out."
}

func (b *book) noPlan() string {
	switch {
	case b.Refused != "":
		return b.noneFound("")
	case b.Plan == nil:
		return "The plan of this run is not on record: an earlier version of the tool made the run."
	default:
		return b.noneFound("Nothing is due, so nothing is proposed, held or left out.")
	}
}
