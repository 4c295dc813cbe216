package reconcile

import (
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// History is what earlier accepted runs knew. The run store fills it; the zero History is that of a first run.
type History struct {
	// People holds everyone that any accepted snapshot ever showed, as last seen. Persons who are in tonight's snapshot are
	// recognised by (System, ID) and not remembered twice.
	People []PastPerson
}

// PastPerson is a person as the last complete snapshot that showed them did.
type PastPerson struct {
	Person scanners.Person
	// FirstSeen and LastSeen are the as-of instants of the first and the last accepted run that showed the person.
	FirstSeen time.Time
	LastSeen  time.Time
	// Misses is the number of accepted runs in a row, up to the last one, in which the end of employment was inferred: the
	// row was gone from a complete snapshot, or a status without a date said so. InferredSince is the as-of of the first of
	// them; the zero time when Misses is 0.
	Misses        int
	InferredSince time.Time
	// EndShown is the as-of of the first accepted run that showed the end of employment that the last snapshot stated; the zero
	// time when it stated none, or when that is not known.
	EndShown time.Time `json:",omitzero"`
	// FormerMails are normalised addresses that earlier snapshots gave this person and the last one did not.
	FormerMails []string
	// Contradicted is true when the last snapshot had rows of different people under the id.
	Contradicted bool `json:",omitempty"`
	// Former is the id with other leading zeros that an earlier snapshot showed; empty when HR never changed them. Renumbered
	// is true when that happened tonight: who keeps the history by id has to look for the person under Former.
	Former     string `json:",omitempty"`
	Renumbered bool   `json:"-"`
	// Recycled is true when the id once stood for somebody of an altogether different name.
	Recycled bool
}
