package sqldb

import (
	"fmt"
	"maps"
	"slices"

	"github.com/leaver-audit/leaver/scanners"
)

// notes count what is worth a row on the Coverage sheet but rejects no record.
type notes map[string]*noted

type noted struct {
	gap   scanners.Gap
	count int64
}

// maxNotes bounds how many different notes one scan keeps.
const maxNotes = 100

func (n notes) add(gap scanners.Gap) {
	if n[gap.What] == nil {
		if len(n) >= maxNotes {
			gap = scanners.Gap{What: "further notes", Cause: "more than are kept"}
		}
		if n[gap.What] == nil {
			n[gap.What] = &noted{gap: gap}
		}
	}
	n[gap.What].count++
}

// gaps gives the notes in a fixed order.
func (n notes) gaps() []scanners.Gap {
	var all []scanners.Gap
	for _, what := range slices.Sorted(maps.Keys(n)) {
		gap := n[what].gap
		gap.Count = scanners.Known(n[what].count)
		all = append(all, gap)
	}
	return all
}

// untranslated notes a word that the configuration does not translate.
func (n notes) untranslated(field, word, effect, example string) {
	n.add(scanners.Gap{What: fmt.Sprintf("%s = %q", field, word), Cause: "the word is not translated", Effect: effect,
		Hint: fmt.Sprintf("add `values: {%s: {%q: %s}}`, or another meaning", field, word, example)})
}

// unread notes a value that is none of its field.
func (n notes) unread(field, column, reason string) {
	n.add(scanners.Gap{What: fmt.Sprintf("values of column %q", column), Cause: "first: " + reason, Effect: field + " is unknown for these accounts"})
}
