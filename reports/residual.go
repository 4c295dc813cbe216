package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// residue is what a person who left still holds in one system. The worse one is the greater.
type residue uint8

const (
	nothingThere residue = iota
	removed
	notScanned
	residueExcluded
	residueInGrace
	stateUnclear
	stillOpen
)

var residueWords = [...]string{dash, "removed", "not scanned", "excluded", "in grace", "unknown", "open"}

// residual is one line of the matrix: a person who left, and every system.
type residual struct {
	person   *reconcile.Person
	number   int
	accounts int64
	worst    residue
	open     int64
	cells    []residue
}

// residueOf is what one account of a leaver amounts to.
func residueOf(e entry) residue {
	switch {
	case e.Result == Excluded:
		return residueExcluded
	case e.Result == InGrace:
		return residueInGrace
	case e.StillEnabled() && e.Account.Enabled.IsUnknown():
		return stateUnclear
	case e.Result == Open:
		return stillOpen
	default:
		return removed
	}
}

// addResidue notes the worst state of the person's accounts per system.
func (t *tally) addResidue(e entry) {
	ref := e.Person.Ref()
	l := t.leavers[ref]
	if l == nil {
		l = &leaverTally{person: e.Person, systems: map[string]residue{}}
		t.leavers[ref] = l
	}
	l.accounts++
	l.systems[e.Account.System] = max(l.systems[e.Account.System], residueOf(e))
}

// leaverTally gathers the accounts of one person who left.
type leaverTally struct {
	person   *reconcile.Person
	accounts int64
	systems  map[string]residue
}

// manySystems is the number of systems above which the matrix leaves out those that have nothing to show.
const manySystems = 20

// matrixSystems are the columns of the matrix: the account sources of the run. Of many, those that were read completely and
// hold no account of anybody who left are left out, and those with most accounts still open come first.
func (b *book) matrixSystems() (columns []Source, left int) {
	for _, s := range b.Sources {
		if !s.People {
			columns = append(columns, s)
		}
	}
	all := len(columns)
	if all <= manySystems {
		return columns, 0
	}
	open, held := map[string]int{}, map[string]bool{}
	for _, l := range b.tally.leavers {
		for system, residue := range l.systems {
			held[system] = true
			if residue == stillOpen {
				open[system]++
			}
		}
	}
	columns = slices.DeleteFunc(columns, func(s Source) bool { return s.Coverage.Verdict.Complete() && !held[s.Name] })
	slices.SortStableFunc(columns, func(x, y Source) int { return cmp.Compare(open[y.Name], open[x.Name]) })
	return columns, all - len(columns)
}

// leftOut says how many systems have no column, and why.
func leftOut(systems int) string {
	if systems == 0 {
		return ""
	}
	return fmt.Sprintf(" No column: %s read completely that %s no account of anybody who left; sheet Coverage lists every system.",
		several(int64(systems), "system"), holdHolds(systems))
}

func holdHolds(n int) string {
	if n == 1 {
		return "holds"
	}
	return "hold"
}

// residualTable is one row per leaver with an account, and one column per system.
func (b *book) residualTable() table[residual] {
	columns := []column[residual]{
		{head: "Row", width: 8.5, group: "Who left (HR)", value: func(r residual) cell { return text(fmt.Sprintf("M-%05d", r.number)) }},
		{head: "Person", width: 28, value: func(r residual) cell { return text(personName(r.person)).as(bodyBold) }},
		{head: "Person ID", width: 12, value: func(r residual) cell { return text(r.person.ID) }},
		{head: "HR status", width: 14, value: func(r residual) cell { return text(personStatus(r.person)) }},
		{head: "End date", width: 11, value: func(r residual) cell { return endCell(entry{Row: Row{Verdict: reconcile.Verdict{End: r.person.End}}}) }},
		{head: "Accounts", width: 9.5, style: headNumber, value: func(r residual) cell { return number(r.accounts) }},
		{head: "Systems open", width: 9.5, style: headNumber, value: openCell},
	}
	taken := map[string]bool{}
	for _, c := range columns {
		taken[strings.ToLower(c.head)] = true
	}
	systems, left := b.matrixSystems()
	for i, s := range systems {
		c := column[residual]{head: freeHead(taken, s.Name), width: 13, value: func(r residual) cell { return residueCell(r.cells[i]) }}
		if i == 0 {
			c.group = "What they still hold, by system"
		}
		columns = append(columns, c)
	}
	return table[residual]{
		name: "Residual access", title: "Residual access – people who left, system by system", frozen: 2,
		note: "The worst account in each system. Removed: read as disabled. Unknown: not all was read." + leftOut(left),
		none: b.noneFound("No account of a person who left was found."), columns: columns,
	}
}

// freeHead is name, made different from every head that the table has already.
func freeHead(taken map[string]bool, name string) string {
	head := shown(name)
	for n := 2; taken[strings.ToLower(head)]; n++ {
		head = shown(fmt.Sprintf("%s (%d)", name, n))
	}
	taken[strings.ToLower(head)] = true
	return head
}

func openCell(r residual) cell {
	if r.open > 0 {
		return number(r.open).as(numberBad)
	}
	return number(0)
}

func residueCell(r residue) cell {
	c := text(residueWords[r])
	switch r {
	case stillOpen:
		return c.as(stateBad)
	case stateUnclear, notScanned:
		return c.as(stateLate)
	case residueInGrace, residueExcluded:
		return c.as(stateGood)
	case removed:
		return c.as(statePass)
	default:
		return c.as(quiet)
	}
}

// residuals lists the leavers with an account, those with something open first.
func (b *book) residuals() []residual {
	systems, _ := b.matrixSystems()
	lines := make([]residual, 0, len(b.tally.leavers))
	for _, l := range b.tally.leavers {
		r := residual{person: l.person, accounts: l.accounts, cells: make([]residue, len(systems))}
		for i, s := range systems {
			r.cells[i] = inSystem(l.systems[s.Name], s.Coverage.Verdict)
			r.worst = max(r.worst, r.cells[i])
			if r.cells[i] == stillOpen {
				r.open++
			}
		}
		lines = append(lines, r)
	}
	slices.SortFunc(lines, func(x, y residual) int {
		return cmp.Or(cmp.Compare(y.worst, x.worst), cmp.Compare(y.open, x.open), strings.Compare(x.person.Name(), y.person.Name()),
			strings.Compare(x.person.Ref(), y.person.Ref()))
	})
	for i := range lines {
		lines[i].number = i + 1
	}
	return lines
}

// inSystem says of a person's accounts in a system what may be said with its coverage: what an incomplete source does not
// show may be there all the same.
func inSystem(found residue, coverage scanners.CoverageVerdict) residue {
	switch {
	case coverage.Complete() || found > removed:
		return found
	case coverage == scanners.Blind:
		return notScanned
	default:
		return stateUnclear
	}
}
