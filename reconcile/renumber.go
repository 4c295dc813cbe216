package reconcile

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// renumber recognises people whose ids HR writes with other leading zeros than before: what the last snapshot showed as 00123
// and tonight's as 123 is one person, in a source whose ids tonight are all digits, when nobody else of the source, known now
// or earlier, has an id that differs in leading zeros only. Without it everybody would be gone, and new. An id that was gone
// before, or that stands for somebody of another name, may have been given out again: that stays two people.
func (b *RosterBuilder) renumber() (issues []Issue) {
	if len(b.history) == 0 {
		return nil
	}
	alike := b.alike()
	if len(alike) == 0 {
		return nil
	}
	latest := map[string]time.Time{}
	for i, g := range b.people.all() {
		system, id := b.identity(g)
		if past := b.past(g); past != nil && past.LastSeen.After(latest[system]) {
			latest[system] = past.LastSeen
		}
		if pair := alike[personKey{system, stripZeros(Fold(id))}]; pair != nil {
			pair.all++
			if g.row == noRow {
				pair.past = i
			}
		}
	}
	counts := map[string]int{}
	for key, pair := range alike {
		if pair.all != 2 || pair.past < 0 {
			continue
		}
		now, then := b.people.at(pair.row), b.people.at(pair.past)
		past := b.past(then)
		if past.LastSeen.Before(latest[key.system]) || otherHuman(past.Person, b.rows.row(now.row)) {
			continue
		}
		now.past, then.past = then.past, -1
		counts[key.system]++
	}
	b.dropNobody()
	for _, system := range slices.Sorted(maps.Keys(counts)) {
		issues = append(issues, Issue{Source: system, Text: fmt.Sprintf("the ids of %d people have other leading zeros than before; they count as the same people", counts[system])})
	}
	return issues
}

// dropNobody removes who has neither a row nor a place in the history any more.
func (b *RosterBuilder) dropNobody() {
	var left gathering
	for _, g := range b.people.all() {
		if g.row != noRow || g.past >= 0 {
			left.add(*g)
		}
	}
	b.people = left
}

// twins are the people of one source whose ids differ in leading zeros only: how many there are, the one of tonight's
// snapshot and the one whom only the history knows, -1 for none.
type twins struct {
	all       int
	row, past int32
}

// alike returns, by id without leading zeros, the people of tonight who are new to the history. Sources whose ids are not
// all digits, or whose zeros matter, are left out.
func (b *RosterBuilder) alike() map[personKey]*twins {
	other := map[string]bool{}
	for _, g := range b.people.all() {
		if system, id := b.identity(g); g.row != noRow && !digits(Fold(id)) {
			other[system] = true
		}
	}
	alike := map[personKey]*twins{}
	for i, g := range b.people.all() {
		if g.row == noRow || g.past >= 0 {
			continue
		}
		if system, id := b.identity(g); !other[system] && !b.settings.KeepZeros[system] {
			alike[personKey{system, stripZeros(Fold(id))}] = &twins{row: i, past: -1}
		}
	}
	return alike
}
