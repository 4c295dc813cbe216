package entra

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
)

// index leads from the id of an account to entries of a table, at 20 bytes each: what many accounts hold stands in the table
// once.
type index struct{ pairs []pair }

type pair struct {
	key   [16]byte
	entry uint32
}

// add lets an id lead to an entry. It does nothing for what is no id.
func (x *index) add(id string, entry int) {
	if key, ok := keyOf(id); ok {
		x.pairs = append(x.pairs, pair{key, uint32(entry)})
	}
}

// sort has to be called between the last add and the first find.
func (x *index) sort() {
	slices.SortStableFunc(x.pairs, func(a, b pair) int { return bytes.Compare(a.key[:], b.key[:]) })
}

// find gives the entries of an id in the order in which they were added.
func (x *index) find(id string) []pair {
	key, ok := keyOf(id)
	if !ok || len(x.pairs) == 0 {
		return nil
	}
	from, _ := slices.BinarySearchFunc(x.pairs, key, func(p pair, key [16]byte) int { return bytes.Compare(p.key[:], key[:]) })
	to := from
	for to < len(x.pairs) && x.pairs[to].key == key {
		to++
	}
	return x.pairs[from:to]
}

func keyOf(id string) (key [16]byte, ok bool) {
	digits := strings.ReplaceAll(id, "-", "")
	if len(digits) != 32 {
		return key, false
	}
	_, err := hex.Decode(key[:], []byte(digits))
	return key, err == nil
}

// assignments are the applications that accounts may use.
type assignments struct {
	index
	table []scanners.Grant
	rows  map[scanners.Grant]int
}

func (s *assignments) give(id string, g scanners.Grant) {
	row, known := s.rows[g]
	if !known {
		if s.rows == nil {
			s.rows = map[scanners.Grant]int{}
		}
		row = len(s.table)
		s.rows[g], s.table = row, append(s.table, g)
	}
	s.add(id, row)
}

func (s *assignments) grants(id string) []scanners.Grant {
	var out []scanners.Grant
	for _, p := range s.find(id) {
		out = append(out, s.table[p.entry])
	}
	return out
}

// sponsorships lead from a guest to whoever answers for them.
type sponsorships struct {
	index
	table []string
	rows  map[string]int
}

func (s *sponsorships) give(guest, sponsor string) {
	row, known := s.rows[sponsor]
	if !known {
		if s.rows == nil {
			s.rows = map[string]int{}
		}
		row = len(s.table)
		s.rows[sponsor], s.table = row, append(s.table, sponsor)
	}
	s.add(guest, row)
}

func (s *sponsorships) of(guest string) string {
	if found := s.find(guest); len(found) > 0 {
		return s.table[found[0].entry]
	}
	return ""
}
