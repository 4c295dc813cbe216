package reconcile

import (
	"iter"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// ConfirmingRuns is how many accepted runs in a row must have inferred an end before it is believed like a stated one.
const ConfirmingRuns = 2

// Remember yields what the history should hold after a run with this roster was accepted: everyone of tonight, and
// everyone remembered. It must only be used for runs whose people sources were all complete, because it counts an absent
// person as gone. unchanged names sources whose snapshot is the very one that the last accepted run read: reading it again
// confirms no absence.
func (r *Roster) Remember(asOf time.Time, unchanged map[string]bool) iter.Seq[PastPerson] {
	return func(yield func(PastPerson) bool) {
		for i := range r.records {
			if !yield(r.remember(int32(i), asOf, unchanged)) {
				return
			}
		}
	}
}

func (r *Roster) remember(i int32, asOf time.Time, unchanged map[string]bool) PastPerson {
	p, known := r.person(i), memory{}
	if r.past != nil {
		known = r.past[i]
	}
	past := PastPerson{
		Person: scanners.Person{
			System: p.System, ID: p.ID, OtherIDs: p.OtherIDs, DisplayName: p.DisplayName, GivenName: p.GivenName,
			FamilyName: p.FamilyName, Mails: p.Mails, Manager: p.Manager, Department: p.Department, Location: p.Location,
			Zone: p.Zone, Employments: p.Employments, Place: p.Place,
		},
		FirstSeen: known.firstSeen, LastSeen: p.LastSeen, EndShown: p.EndShown, FormerMails: r.formerMails[i],
		Recycled: r.recycled[i], Contradicted: r.contradicted[i],
		Former: p.Former, Renumbered: known.renumbered,
	}
	if past.FirstSeen.IsZero() {
		past.FirstSeen = asOf
	}
	if !p.Remembered {
		past.LastSeen = asOf
	}
	if p.End.Inferred {
		past.Misses, past.InferredSince = p.Misses+1, known.inferredSince
		if unchanged[p.System] && p.Misses > 0 {
			past.Misses = p.Misses
		}
		if past.InferredSince.IsZero() {
			past.InferredSince = asOf
		}
	}
	return past
}
