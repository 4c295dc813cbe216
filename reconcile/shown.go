package reconcile

import (
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// statedEnd is the date on which, as HR states it, p leaves or left; the zero date when HR states none.
func (p *Person) statedEnd() scanners.Date {
	if p.Gone() {
		return p.End.Date
	}
	return p.UpcomingEnd
}

// shownSince is the as-of of the first accepted run that showed the end that HR states of p, whom the history knows as past,
// or this run's. It is the zero time when there is no such end, and when nobody can know, because the first run that saw p
// showed an end that had passed. Of an end that lay ahead then, that run counts as the first: HR was not late.
//
// Another date is another end. A status without a date that came before the date has shown the end already.
func (b *RosterBuilder) shownSince(p *Person, past *PastPerson) time.Time {
	end, asOf := p.statedEnd(), b.settings.AsOf
	if end.IsZero() {
		return time.Time{}
	}
	if past == nil || otherHuman(past.Person, scanners.Person{GivenName: p.GivenName, FamilyName: p.FamilyName}) {
		return unlessOver(p, asOf)
	}
	was := Person{Employments: past.Person.Employments}
	settle(&was, b.zones[p.Zone], asOf, past.InferredSince)
	switch {
	case was.statedEnd() == end && !past.EndShown.IsZero():
		return past.EndShown
	case was.statedEnd() == end:
		return unlessOver(p, past.LastSeen)
	case past.LastSeen.After(asOf):
		return unlessOver(p, asOf)
	case was.State == Ended && was.End.Inferred && !past.InferredSince.IsZero():
		return unlessFirst(past)
	default:
		return asOf
	}
}

// firstShown is what shownSince returns of somebody of whom the history knows nothing.
func (p *Person) firstShown(asOf time.Time) time.Time {
	if p.statedEnd().IsZero() {
		return time.Time{}
	}
	return unlessOver(p, asOf)
}

// unlessOver is when, the instant of a run that showed the end of p, or the zero time when the end had passed by then.
func unlessOver(p *Person, when time.Time) time.Time {
	if p.Gone() && !when.Before(p.End.At) {
		return time.Time{}
	}
	return when
}

// unlessFirst is when a status said that past had left; the zero time when it did so in the first run that saw them.
func unlessFirst(past *PastPerson) time.Time {
	if !past.FirstSeen.Before(past.InferredSince) {
		return time.Time{}
	}
	return past.InferredSince
}
