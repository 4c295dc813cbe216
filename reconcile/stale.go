package reconcile

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// staleAfter is how long a stated end may lie in the past beside an open status before it speaks of a source that nobody
// keeps up to date, and not only of the person: more than a year, so that a yearly review has passed it by.
const staleAfter = 400 * 24 * time.Hour

// findStale notes sources that still call people active whose stated end is long past, contracts that were prolonged
// without a word in the roster mostly.
func (r *Roster) findStale() {
	type stale struct {
		people int
		first  *Person
	}
	found := map[string]stale{}
	for i := range r.records {
		if !r.records[i].has(conflicting) {
			continue
		}
		p := r.person(int32(i))
		if p.Remembered || p.State != Ended || p.Conflict == "" || p.End.At.After(r.asOf.Add(-staleAfter)) {
			continue
		}
		s := found[p.System]
		if s.people++; s.first == nil {
			s.first = p
		}
		found[p.System] = s
	}
	for _, system := range slices.Sorted(maps.Keys(found)) {
		s := found[system]
		r.issues = append(r.issues, Issue{system, s.first.Place, fmt.Sprintf("the source is out of date: %d people are still active in it although their "+
			"stated end lies more than %d days back, the first by id being %q (%s)", s.people, int(staleAfter.Hours()/24), s.first.ID, s.first.End.Date)})
	}
}
