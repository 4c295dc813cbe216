package reports

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// Changes compares a run with an earlier one, finding by finding.
type Changes struct {
	// Run and AsOf name the earlier run.
	Run  string    `json:"run"`
	AsOf time.Time `json:"as_of"`
	// Persisting counts the findings that both runs made alike; they are not listed. Those whose account has another owner
	// or login than before are.
	Persisting int64 `json:"persisting"`
	// List holds everything else, ordered by change, severity, source, login.
	List []Change `json:"list"`
}

// ChangeKind is what became of a finding between two runs.
type ChangeKind string

// The changes. A finding is fixed only when the later run read its source completely: otherwise it was not seen, which
// says nothing. Escalated and eased are the same finding with a worse and a lesser kind; replaced is an account on which
// a finding of another sort took the place of this one.
const (
	ChangeNew           ChangeKind = "new"
	ChangeReopened      ChangeKind = "reopened"
	ChangeEscalated     ChangeKind = "escalated"
	ChangeEased         ChangeKind = "eased"
	ChangeDecision      ChangeKind = "decision_changed"
	ChangeFixed         ChangeKind = "fixed"
	ChangeReplaced      ChangeKind = "replaced"
	ChangeNotSeen       ChangeKind = "not_seen"
	ChangeNotSeenBefore ChangeKind = "not_seen_before"
	ChangePersisting    ChangeKind = "persisting"
)

// ChangeKinds returns every change in the order in which reports list them.
func ChangeKinds() []ChangeKind {
	return []ChangeKind{ChangeNew, ChangeReopened, ChangeEscalated, ChangeEased, ChangeDecision, ChangeFixed, ChangeReplaced,
		ChangeNotSeen, ChangeNotSeenBefore, ChangePersisting}
}

// Change is one finding that is not the same in two runs.
type Change struct {
	Change ChangeKind `json:"change"`
	// ID is the id of the finding; Source, Account (the immutable id) and Login name the account as the later run shows it.
	ID      string `json:"id"`
	Source  string `json:"source"`
	Account string `json:"account"`
	Login   string `json:"login"`
	// Person is "source/id" of the owner, of the later run where it shows the account, "" for none.
	Person string `json:"person"`
	// KindBefore and DecisionBefore are those of the earlier run, Kind and Decision those of the later one; "" in a run
	// that did not make the finding.
	KindBefore     reconcile.Kind        `json:"kind_before"`
	Kind           reconcile.Kind        `json:"kind"`
	DecisionBefore policies.DecisionKind `json:"decision_before"`
	Decision       policies.DecisionKind `json:"decision"`
	// Severity is that of the later run, of the earlier one when that alone made the finding.
	Severity reconcile.Severity `json:"severity"`
	// Why says in one sentence what the change rests on.
	Why string `json:"why"`
}

// Compare orders changes as reports list them.
func (c Change) Compare(d Change) int {
	return cmp.Or(cmp.Compare(c.Change.order(), d.Change.order()), cmp.Compare(d.Severity, c.Severity),
		strings.Compare(c.Source, d.Source), strings.Compare(c.Login, d.Login), strings.Compare(c.Account, d.Account),
		strings.Compare(c.ID, d.ID))
}

func (k ChangeKind) order() int {
	for i, kind := range ChangeKinds() {
		if k == kind {
			return i
		}
	}
	return -1
}

// changeLine is a line of the sheet Changes.
type changeLine struct {
	Change
	number int
}

// changesTable is one row per finding that is not as it was in the last accepted run.
func (b *book) changesTable() table[changeLine] {
	return table[changeLine]{
		name: "Changes", title: "Changes – what is not as it was in the last accepted run", note: b.changesNote(),
		none: b.noChanges(), frozen: 3,
		columns: []column[changeLine]{
			{head: "Row", width: 8.5, group: "Change", value: func(c changeLine) cell { return text(fmt.Sprintf("N-%05d", c.number)) }},
			{head: "What happened", width: 16, value: changeCell},
			{head: "Severity", width: 8.5, value: func(c changeLine) cell { return severityCell(entry{Row: c.row()}) }},
			{head: "System", width: 14, group: "Account (system)", value: func(c changeLine) cell { return text(c.Source) }},
			{head: "Account", width: 22, value: func(c changeLine) cell { return text(c.Login) }},
			{head: "Person", width: 18, value: func(c changeLine) cell { return textOr(c.Person, dash) }},
			{head: "Finding before", width: 17, group: "Before", value: func(c changeLine) cell { return text(kindOrDash(c.KindBefore)) }},
			{head: "Decision before", width: 14, value: func(c changeLine) cell { return text(decisionOrDash(c.DecisionBefore)) }},
			{head: "Finding now", width: 17, group: "Now", value: func(c changeLine) cell { return text(kindOrDash(c.Kind)) }},
			{head: "Decision now", width: 14, value: func(c changeLine) cell { return text(decisionOrDash(c.Decision)) }},
			{head: "Because", width: 60, group: "Proof", value: func(c changeLine) cell { return textOr(c.Why, dash) }},
			{head: "Finding", width: 18, value: func(c changeLine) cell { return text(c.ID).as(mono) }},
			{head: "Account ID", width: 40, group: "More (not printed)", aside: true, value: func(c changeLine) cell { return text(c.Account) }},
		},
	}
}

// row is as much of a row as the cell of its severity needs.
func (c changeLine) row() Row {
	return Row{Verdict: reconcile.Verdict{Kind: cmp.Or(c.Kind, c.KindBefore), Severity: c.Severity}}
}

func kindOrDash(k reconcile.Kind) string {
	if k == reconcile.KindNone {
		return dash
	}
	return kindWords(k)
}

func decisionOrDash(k policies.DecisionKind) string {
	if k == "" {
		return dash
	}
	return strings.ReplaceAll(string(k), "_", " ")
}

func changeCell(c changeLine) cell {
	words := text(changeWords(c.Change.Change))
	switch c.Change.Change {
	case ChangeReopened, ChangeEscalated:
		return words.as(stateBad)
	case ChangeNew, ChangeNotSeen, ChangeNotSeenBefore:
		return words.as(stateLate)
	case ChangeFixed, ChangeEased:
		return words.as(stateGood)
	default:
		return words.as(stateOpen)
	}
}

func (b *book) changeLines() []changeLine {
	if b.Changes == nil || b.Refused != "" {
		return nil
	}
	lines := make([]changeLine, len(b.Changes.List))
	for i, c := range b.Changes.List {
		lines[i] = changeLine{c, i + 1}
	}
	return lines
}

func changeWords(k ChangeKind) string { return strings.ReplaceAll(string(k), "_", " ") }

// changeCounts counts the lines of the sheet Changes, and the findings that persist.
func (b *book) changeCounts() map[ChangeKind]int64 {
	counts := map[ChangeKind]int64{}
	if b.Changes != nil {
		counts[ChangePersisting] = b.Changes.Persisting
		for _, c := range b.Changes.List {
			counts[c.Change]++
		}
	}
	return counts
}

// changesNote says what is compared and counts it.
func (b *book) changesNote() string {
	if b.Changes == nil || b.Refused != "" {
		return "One row per finding that differs from the last accepted run."
	}
	counts := b.changeCounts()
	var parts []string
	for _, kind := range ChangeKinds() {
		if n := counts[kind]; n > 0 {
			parts = append(parts, count(n)+" "+changeWords(kind))
		}
	}
	note := fmt.Sprintf("Compared with run %s, as of %s.", b.Changes.Run, stamp(b.Changes.AsOf))
	if len(parts) > 0 {
		note += " " + capital(strings.Join(parts, ", ")) + "."
	}
	return note + " Fixed needs the source read completely; not seen says nothing."
}

func (b *book) noChanges() string {
	switch {
	case b.Refused != "":
		return b.noneFound("")
	case b.Changes == nil && b.NotCompared != "":
		return "Not compared: " + b.NotCompared + "."
	case b.Changes == nil:
		return "Nothing to compare with: there is no earlier accepted run."
	default:
		return b.noneFound(fmt.Sprintf("No finding differs from run %s.", b.Changes.Run))
	}
}
