package reconcile

import (
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// Roster is everyone that the authoritative sources show or ever showed, indexed by correlation key, at one as-of instant.
// It does not change after [RosterBuilder.Build] and may be used by any number of goroutines.
type Roster struct {
	// records and rows hold the people; further has the rows of a person beyond the first, rehires what findRehires found.
	records []record
	starts  []int64 // of each person, Person.Start in Unix seconds; noStart when it is not known
	rows    *rows
	seed    maphash.Seed // of the hashes of addresses
	further map[int32][]rowRef
	rehires map[int32]string
	ids     map[string]*sourceIDs // by people source
	sources []*sourceIDs          // the same, in the order of their names
	mails   index
	others  index    // other ids and anchors
	shared  []*index // those of all these indexes that have a key of several people
	former  map[string][]int32
	// disputed marks people whose rows contradict each other; every key of theirs names "somebody, unclear who".
	disputed map[int32]string
	// reserved holds keys of rejected rows: their owner exists and could not be read.
	reserved   map[string]string
	population Population
	issues     []Issue
	past       []memory // by person; nil on a first run
	// formerMails holds the addresses that people had and have no more; recycled those whose id once stood for somebody else,
	// contradicted those of whom the last snapshot had rows of different people.
	formerMails  map[int32][]string
	recycled     map[int32]bool
	contradicted map[int32]bool
	// humans holds, by person, those who are one human with people of other sources: few, if any.
	humans map[int32]*human
	asOf   time.Time
	zones  zones // every zone that a person has; not written after Build
	// runZone and sourceZones are those of the settings.
	runZone     *time.Location
	sourceZones map[string]*time.Location
}

// memory is what the history adds to a person.
type memory struct {
	firstSeen     time.Time
	lastSeen      time.Time
	inferredSince time.Time
	endShown      time.Time
	misses        int
	former        string
	renumbered    bool // tonight
}

// Population counts the people of a roster.
type Population struct {
	// Rows is the number of rows given to Add, Merged how many were further rows of a person already there.
	Rows, Merged int64
	// Employed includes people on leave and suspended ones. Remembered people are not in the other counts.
	Employed, Ended, Prehire, OnLeave, Suspended, Remembered int64
	// UpcomingEnds counts the employed people whose last stated end lies in the next 30 days, a human whom several sources
	// show once. All other counts are by source.
	UpcomingEnds int64
	// Doubled counts the ids whose rows describe different humans.
	Doubled int64
}

// Issue is something about the people data that the report should say.
type Issue struct {
	Source string
	Place  string
	Text   string
}

// vanish ends p, whom no source shows any more, on the day of the last snapshot. A stated end that has passed stays, and
// so does the instant of a status that said earlier that the employment is over.
func (p *Person) vanish() {
	if p.State == Ended && !p.End.Inferred {
		return
	}
	end := p.LastSeen
	if p.State == Ended && p.End.At.Before(end) {
		end = p.End.At
	}
	p.State, p.End = Vanished, End{At: end, Inferred: true}
	p.Conflict, p.UpcomingEnd, p.UpcomingAt, p.Rehire = "", scanners.Date{}, time.Time{}, ""
	p.NextStart, p.EndShown = time.Time{}, time.Time{}
}

// zone is the one that the dates of a row of the source are meant in; name is the one that the row states.
func (r *Roster) zone(system, name string) *time.Location {
	if zone := r.zones[name]; name != "" && zone != nil {
		return zone
	}
	if zone := r.sourceZones[system]; zone != nil {
		return zone
	}
	return r.runZone
}

// zones holds the zones that were looked up by name, nil for an unknown name: the lookup reads a file every time.
type zones map[string]*time.Location

func (z zones) named(name string) *time.Location {
	if name == "" {
		return nil
	}
	zone, known := z[name]
	if !known {
		zone, _ = time.LoadLocation(name) // nil when there is no such zone
		z[strings.Clone(name)] = zone
	}
	return zone
}

// add makes a zone of the settings known by its name.
func (z zones) add(zone *time.Location) {
	if zone != nil {
		z[zone.String()] = zone
	}
}

func appendNew[T comparable](list, more []T) []T {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// otherHuman reports whether the id of two rows, years apart, must have gone from one human to another: both names are
// stated and both differ. A marriage changes one of them.
func otherHuman(x, y scanners.Person) bool {
	differ := func(a, b string) bool { return a != "" && b != "" && Fold(a) != Fold(b) }
	return differ(x.GivenName, y.GivenName) && differ(x.FamilyName, y.FamilyName)
}

// sameHuman reports whether two rows with one id can describe one person: no name that both state differs.
func sameHuman(x, y scanners.Person) bool {
	same := func(a, b string) bool { return a == "" || b == "" || Fold(a) == Fold(b) }
	return same(x.GivenName, y.GivenName) && same(x.FamilyName, y.FamilyName) && same(x.DisplayName, y.DisplayName)
}

// findRehires marks leavers who share a mail address or another id with somebody employed or about to be. Of humans only
// those are marked that are gone.
func (r *Roster) findRehires() {
	for _, x := range []*index{&r.mails, &r.others} {
		for _, list := range x.many {
			present := r.presentAmong(list)
			for _, i := range list {
				if present == "" || !r.records[i].gone() {
					continue
				}
				if known := r.person(i).Rehire; known == "" || present < known {
					r.rehires[i] = present
				}
			}
		}
	}
	for i, h := range r.humans {
		if p := &h.person; h.lead == i && p.Gone() {
			for _, member := range h.members {
				if ref := r.person(member).Rehire; ref != "" && (p.Rehire == "" || ref < p.Rehire) {
					p.Rehire = ref
				}
			}
		}
	}
}

// presentAmong returns the first of the listed people who is not gone, by source and id; empty when all are.
func (r *Roster) presentAmong(list []int32) string {
	name := ""
	for _, i := range list {
		if !(r.records[i].gone() && r.gone(i, false)) && (name == "" || r.ref(i) < name) {
			name = r.ref(i)
		}
	}
	return name
}

func (r *Roster) count(b *RosterBuilder) {
	c := &r.population
	c.Rows, c.Merged = b.read, b.merged
	var shown [8]int64 // by state
	for _, x := range r.records {
		if x.has(remembered) {
			c.Remembered++
		} else {
			shown[x.state()]++
		}
	}
	of := func(state PersonState) int64 { return shown[stateIndex(state)] }
	c.OnLeave, c.Suspended, c.Prehire, c.Ended = of(Leave), of(Suspended), of(Prehire), of(Ended)+of(Vanished)
	c.Employed = of(Employed) + c.OnLeave + c.Suspended
	r.leaving(func(int32) { c.UpcomingEnds++ })
}

// Leaving calls f for everyone who works here and whose last stated end lies in the 30 days from the as-of on, one human
// once, ordered by source and id.
func (r *Roster) Leaving(f func(*Person)) {
	r.leaving(func(i int32) { f(r.at(i, false)) })
}

// leaving calls f for everyone for whom Leaving does.
func (r *Roster) leaving(f func(int32)) {
	soon := r.soon()
	for i := range r.records {
		soonGone := r.records[i].has(leavesSoon)
		if len(r.humans) > 0 {
			if h := r.humans[int32(i)]; h != nil {
				soonGone = h.lead == int32(i) && h.person.leavesBy(soon)
			}
		}
		if soonGone {
			f(int32(i))
		}
	}
}

// soon is the last day that is not far ahead.
func (r *Roster) soon() scanners.Date { return scanners.DateOf(r.asOf.Add(30 * 24 * time.Hour)) }

// leavesBy reports whether p works here and the last stated end is on that day or before.
func (p *Person) leavesBy(soon scanners.Date) bool {
	return !p.Remembered && p.open() && !p.UpcomingEnd.IsZero() && !soon.Before(p.UpcomingEnd)
}

// DropKeys frees the memory of the key indexes once every account is judged. The people and what is remembered of them
// stay; nothing can be correlated any more.
func (r *Roster) DropKeys() {
	r.ids, r.sources, r.mails, r.others, r.shared, r.former = nil, nil, index{}, index{}, nil, nil
}

// Population returns the counts of people.
func (r *Roster) Population() Population { return r.population }

// Issues lists what is wrong with the people data, in a fixed order.
func (r *Roster) Issues() []Issue { return r.issues }

// People calls f for every person of every source, remembered ones included, ordered by source and id. Those who are one human
// come one by one, each as their own source has them. f may keep them.
func (r *Roster) People(f func(*Person)) {
	for i := range r.records {
		f(r.person(int32(i)))
	}
}
