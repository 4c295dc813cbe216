package job

import (
	"hash/maphash"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// lives is what the last accepted run knew of people that does not change from one night to the next. It keeps 24 bytes of
// a person: their memory is needed beside the whole roster.
type lives struct {
	seed   maphash.Seed
	people map[uint64]life
}

// life is one person: first day, last day if that was over already, both 0 when there is none, and hashes of the names. A
// last day that was still to come, with no employment open beyond it, is held as coming.
type life struct {
	start, end    int32
	given, family uint32
}

// livesOf collects what history knows of the people whom the last accepted run saw.
func livesOf(history reconcile.History) lives {
	known := lives{maphash.MakeSeed(), make(map[uint64]life, len(history.People))}
	for i := range history.People {
		past := &history.People[i]
		p := &past.Person
		one := known.life(p.GivenName, p.FamilyName, p.Employments)
		if one.end >= dayNumber(scanners.DateOf(past.LastSeen)) {
			one.end = coming(p.Employments)
		}
		known.people[known.hash(p.System, p.ID)] = one
	}
	return known
}

func (k *lives) life(given, family string, employments []scanners.Employment) life {
	one := life{given: uint32(k.hash("", given)), family: uint32(k.hash("", family))}
	for _, e := range employments {
		if start, ok := e.Start.Get(); ok && (one.start == 0 || dayNumber(start) < one.start) {
			one.start = dayNumber(start)
		}
		if end, ok := e.End.Get(); ok {
			one.end = max(one.end, dayNumber(end))
		}
	}
	return one
}

func (k *lives) hash(system, text string) uint64 {
	return maphash.String(k.seed, system+"\x00"+reconcile.Fold(text))
}

// dayNumber is a date as a number that grows with it.
func dayNumber(d scanners.Date) int32 { return int32(d.Year<<9 | int(d.Month)<<5 | d.Day) }

// comingEnd stands for an end that was still to come.
const comingEnd = -1

// coming returns comingEnd when every employment has a stated end, 0 otherwise.
func coming(employments []scanners.Employment) int32 {
	for _, e := range employments {
		if !e.End.IsKnown() {
			return 0
		}
	}
	return comingEnd
}

// comparison is what became of the people whom the last accepted run knew and who are here tonight.
type comparison struct {
	// of is how many there are, changed those of them who begin on another day, lost an end that had passed, or have two
	// other names.
	of, changed int64
	// ending is how many had an end to come, endless those of them whose employment is open and states none any more.
	ending, endless int64
}

func (k *lives) compare(roster *reconcile.Roster) comparison {
	var c comparison
	roster.People(func(p *reconcile.Person) {
		was, known := k.people[k.hash(p.System, p.ID)]
		if !known && p.Former != "" {
			was, known = k.people[k.hash(p.System, p.Former)]
		}
		if p.Remembered || !known {
			return
		}
		c.of++
		is := k.life(p.GivenName, p.FamilyName, p.Employments)
		if is.start != was.start || was.end > 0 && !endsOn(p.Employments, was.end) || is.given != was.given && is.family != was.family {
			c.changed++
		}
		if was.end == comingEnd {
			c.ending++
			if !p.Gone() && p.State != reconcile.Prehire && p.UpcomingEnd.IsZero() {
				c.endless++
			}
		}
	})
	return c
}

func endsOn(employments []scanners.Employment, day int32) bool {
	for _, e := range employments {
		if end, ok := e.End.Get(); ok && dayNumber(end) == day {
			return true
		}
	}
	return false
}
