package reconcile

import (
	"math"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// record is what is kept of a person beside the rows of the sources, in sixteen bytes. Most accounts are judged by it alone;
// everything else is worked out of the rows again when it is asked for, by [Roster.load].
type record struct {
	// head is where the first row stands, then the state as an index into states, then the marks.
	head uint64
	// mail is a hash of the person's only address; 0 for somebody who has none, or several.
	mail uint64
}

const (
	rowAt   = 16
	stateAt = 12
)

// states has the open ones before the others.
var states = [...]PersonState{Employed, Leave, Suspended, Prehire, Ended, Vanished}

const (
	firstGone = 4
	noStart   = math.MinInt64
)

// marks say what else is true of a person.
type marks uint16

const (
	remembered marks = 1 << iota
	conflicting
	hasOtherIDs
	leavesSoon
	// mayBeEndless marks people with an employment of a type that ought to have an end.
	mayBeEndless
	// vanishes marks people whom no source shows any more and who are gone for that.
	vanishes
	// foldedMails marks people whose addresses are written as they are compared.
	foldedMails
)

func (x record) has(mark marks) bool { return marks(x.head)&mark != 0 }

func (x record) row() rowRef { return rowRef(x.head >> rowAt) }

func (x record) state() int { return int(x.head >> stateAt & 7) }

// gone is Person.Gone of the record's person.
func (x record) gone() bool { return x.state() >= firstGone }

func (x *record) mark(mark marks, on bool) {
	if on {
		x.head |= uint64(mark)
	}
}

func stateIndex(state PersonState) int { return slices.Index(states[:], state) }

// note takes from p what the record holds; soon is that of the roster.
func (x *record) note(p *Person, soon scanners.Date) {
	x.head |= uint64(stateIndex(p.State)) << stateAt
	x.mark(remembered, p.Remembered)
	x.mark(conflicting, p.Conflict != "")
	x.mark(hasOtherIDs, len(p.OtherIDs) > 0)
	x.mark(leavesSoon, p.leavesBy(soon))
	x.mark(mayBeEndless, slices.ContainsFunc(p.Employments, func(e scanners.Employment) bool { return contingent(e.Type) }))
}

// begins is Person.Start of person i.
func (r *Roster) begins(i int32) time.Time {
	if r.starts[i] == noStart {
		return time.Time{}
	}
	return time.Unix(r.starts[i], 0).UTC()
}

// person works out who person i is, as their own source has them.
func (r *Roster) person(i int32) *Person {
	p := new(Person)
	r.load(p, i)
	return p
}

// load makes p person i. The lists of p give their memory for the new ones.
func (r *Roster) load(p *Person, i int32) {
	at := r.records[i]
	head := scanners.Person{Mails: p.Mails, OtherIDs: p.OtherIDs, Employments: p.Employments}
	r.rows.get(at.row(), &head)
	*p = Person{System: head.System, ID: head.ID, Place: head.Place, DisplayName: head.DisplayName, GivenName: head.GivenName, FamilyName: head.FamilyName,
		Manager: head.Manager, Department: head.Department, Location: head.Location,
		Mails: unique(head.Mails), OtherIDs: unique(head.OtherIDs), Employments: head.Employments, Remembered: at.has(remembered)}
	for _, ref := range r.further[i] {
		var row scanners.Person
		r.rows.get(ref, &row)
		p.Mails, p.OtherIDs = appendNew(p.Mails, row.Mails), appendNew(p.OtherIDs, row.OtherIDs)
		p.Employments = append(p.Employments, row.Employments...)
	}
	zone := r.zone(head.System, head.Zone)
	p.Zone = zone.String()
	settle(p, zone, r.asOf, r.recall(p, i))
	if r.past == nil {
		p.EndShown = p.firstShown(r.asOf)
	}
	if at.has(vanishes) {
		p.vanish()
	}
	if ref, yes := r.rehires[i]; yes {
		p.Rehire = ref
	}
}

// unique is list without what it says again, in its own memory.
func unique(list []string) []string {
	if len(list) < 2 {
		return list
	}
	return appendNew(list[:0], list)
}

// ref is Person.Ref of person i.
func (r *Roster) ref(i int32) string {
	system, id := r.rows.id(r.records[i].row())
	return system + "/" + id
}

// mailsOf appends the addresses of person i to list, each once.
func (r *Roster) mailsOf(i int32, list []string) []string {
	in := r.rows.keys.at(r.records[i].row())
	in.text()
	list = unique(in.texts(list))
	for _, ref := range r.further[i] {
		in := r.rows.keys.at(ref)
		in.text()
		list = appendNew(list, in.texts(nil))
	}
	return list
}
