package reconcile

import (
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// settleUsual settles person i as [settler.settleWhole] does, without making a [Person]: most people have one row with one
// employment, and what the history knows of them, if anything, changes nothing. It returns false, and has changed nothing, where
// there is more to look at. in stands behind the addresses of their row.
func (s *settler) settleUsual(b *RosterBuilder, r *Roster, i int32, in rowReader) bool {
	x := &r.records[i]
	if b.people.at(i).further >= 0 || x.has(remembered) || len(b.unread)+len(b.nameless) > 0 {
		return false
	}
	others := in.skipTexts()
	system := r.rows.systems[in.number()]
	in = r.rows.rest.at(rowRef(in.number()))
	if in.number() != 1 {
		return false
	}
	// The history may tell since when HR shows an end, and when a status without a date ended the employment.
	e, ok := in.usual()
	if !ok || e.end != noDay && r.past != nil || e.end == noDay && e.status.Ended() {
		return false
	}
	start, end := int64(noStart), int64(0)
	zone := r.zone(system, in.text())
	if e.start != noDay {
		start = s.instants.of(e.start, false, zone)
	}
	if e.end != noDay {
		end = s.instants.of(e.end, e.inclusive, zone)
	}
	r.starts[i] = start
	x.noteUsual(&e, e.stands(start, end, r.asOf.Unix()), r.soon())
	x.mark(hasOtherIDs, others > 0)
	s.others += others
	return true
}

// usual is the only employment of somebody, as far as it decides where they stand.
type usual struct {
	start, end day // noDay when not known
	inclusive  bool
	kind       string
	status     scanners.Status
}

// usual reads an employment; false when its dates are not what they usually are. One that starts after its end is two.
func (in *rowReader) usual() (e usual, ok bool) {
	in.text()
	var starts, ends bool
	e.start, starts = in.knownDay()
	e.end, ends = in.knownDay()
	e.inclusive = in.rest[0] == 1
	in.rest = in.rest[1:]
	e.kind, _, e.status = in.text(), in.text(), scanners.Status(in.text())
	return e, starts && ends && (e.end == noDay || e.start <= e.end || e.status.Ended())
}

// stands is the state at asOf, in Unix seconds like the instants of start and end. All of them are whole seconds but asOf, which
// is rounded down: that does not change what is after it.
func (e *usual) stands(start, end, asOf int64) PersonState {
	switch {
	case e.end != noDay && end <= asOf:
		return Ended
	case start > asOf, e.start == noDay && e.status == scanners.StatusPrehire:
		return Prehire
	case e.status == scanners.StatusLeave:
		return Leave
	case e.status == scanners.StatusSuspended:
		return Suspended
	default:
		return Employed
	}
}

// noteUsual does what note does.
func (x *record) noteUsual(e *usual, state PersonState, soon scanners.Date) {
	x.head |= uint64(stateIndex(state)) << stateAt
	x.mark(conflicting, state == Ended && !e.status.Ended() && e.status != scanners.StatusUnstated)
	x.mark(leavesSoon, state != Ended && state != Prehire && e.end != noDay && !soon.Before(e.end.date()))
	x.mark(mayBeEndless, contingent(e.kind))
}

// instants remembers when days begin and end in the zones in which that was asked: a million people start on a few thousand
// days, and the rules of a zone take a while to work through.
type instants [1 << 13]struct {
	zone *time.Location
	day  day
	at   int64
}

// of is the instant in Unix seconds at which d begins, or is over.
func (known *instants) of(d day, after bool, zone *time.Location) int64 {
	place := ((d>>9)*12+d>>5&15)<<5 | d&31
	if after {
		place += 1 << 12 // so that one place is never asked for both ends of a day
	}
	x := &known[place%(1<<13)]
	if x.zone != zone || x.day != d {
		at, _ := scanners.Employment{End: scanners.Known(d.date()), LastDayInclusive: after}.EndsAt(zone)
		x.zone, x.day, x.at = zone, d, at.Unix()
	}
	return x.at
}
