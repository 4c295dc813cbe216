package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// PersonState is where a person stands with the organisation at the as-of instant.
type PersonState string

// The states. Employed, on leave and suspended persons have an open employment; an ended one has none and had one before;
// vanished is ended by inference: no source shows the person any more.
const (
	Employed  PersonState = "employed"
	Leave     PersonState = "on_leave"
	Suspended PersonState = "suspended"
	Prehire   PersonState = "prehire"
	Ended     PersonState = "ended"
	Vanished  PersonState = "vanished"
)

// Person is one human as all authoritative rows of one source together describe them, at the as-of instant. Where people of
// several sources are one human, the Person of a verdict stands for all of them: System and ID are those of the member whose
// employment decides, Also names the others, and the rest is true of the human.
type Person struct {
	// State is as of the run.
	State  PersonState
	System string
	ID     string
	Mails  []string
	// Conflict says how the source contradicts itself about the person ("active with a past end date"); empty when not.
	Conflict string
	// Remembered is true when the person is known from history only.
	Remembered bool
	// Start is the first start of any employment, the zero time when none is stated.
	Start time.Time
	// Also names the people of other sources who are the same human, each as "source/id", in order.
	Also []string
	// Rehire names an employed or future employment of what may be the same human, "source/id"; empty when there is none.
	Rehire string
	// Zone is the resolved IANA name of the zone in which the person's dates are meant.
	Zone string
	// End is as of the run; NextStart is the next future start of a prehire.
	End       End
	NextStart time.Time
	// UpcomingEnd is the stated future end of an employed person's last open employment; zero when open-ended.
	UpcomingEnd scanners.Date
	// UpcomingAt is the instant at which that employment ends; the zero time when open-ended.
	UpcomingAt time.Time
	// EndShown is the as-of of the first accepted run that showed the end that HR states, passed or to come; the zero time when HR
	// states none, or when no run can tell, because the first one that saw the person showed a past end.
	EndShown time.Time
	// LastSeen is the as-of of the last complete snapshot that showed the person, where Remembered.
	LastSeen time.Time
	// Misses is the number of earlier accepted runs in a row that inferred the end too (see [PastPerson]).
	Misses int

	OtherIDs []string
	// Former is the id with other leading zeros that an earlier snapshot showed; empty when HR never changed them.
	Former      string
	DisplayName string
	GivenName   string
	FamilyName  string
	Manager     string
	Department  string
	Location    string
	Employments []scanners.Employment
	// Status is the raw status that HR wrote for the employment that decided, for reports.
	Status string
	// Place is where the first row of the person stands in its source.
	Place string
}

// Gone reports whether the person had an employment and none is open. One that begins later makes a possible rehire of
// them, not an employee.
func (p *Person) Gone() bool { return p.State == Ended || p.State == Vanished }

// MeantBy reports whether name, an id without regard to case or "source/id", means p or somebody who is the same human. The
// id counts with the leading zeros that it had before, too.
func (p *Person) MeantBy(name string) bool {
	if p.Former != "" && (strings.EqualFold(name, p.Former) || name == p.System+"/"+p.Former) {
		return true
	}
	return strings.EqualFold(name, p.ID) || name == p.Ref() || slices.ContainsFunc(p.Also, func(ref string) bool {
		_, id, _ := strings.Cut(ref, "/")
		return name == ref || strings.EqualFold(name, id)
	})
}

// whole is "source/id" and who else the human is, for sentences.
func (p *Person) whole() string {
	if len(p.Also) == 0 {
		return p.Ref()
	}
	return fmt.Sprintf("%s (one human with %s)", p.Ref(), strings.Join(p.Also, " and "))
}

// Name is the display name, or "Family, Given", or the id.
func (p *Person) Name() string {
	switch {
	case p.FamilyName != "" && p.GivenName != "":
		return p.FamilyName + ", " + p.GivenName
	case p.DisplayName != "":
		return p.DisplayName
	case p.FamilyName+p.GivenName != "":
		return p.FamilyName + p.GivenName
	default:
		return p.ID
	}
}
