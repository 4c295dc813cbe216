package scanners

import (
	"fmt"
	"time"
)

// Person is one human in one authoritative source, with every employment that the source shows.
// A source with several rows for one person emits one Person per row; reconcile merges them by (System, ID).
type Person struct {
	// System is the name of the people source in leaver.yaml and the namespace of ID. The runner sets it.
	System string
	// ID is the employee id as the source writes it, leading zeros included.
	ID string
	// OtherIDs are further ids that accounts may carry: position ids, former ids, GUIDs of HR provisioning.
	OtherIDs    []string
	DisplayName string
	GivenName   string
	FamilyName  string
	// Mails holds every mail address, primary first.
	Mails      []string
	Manager    string
	Department string
	Location   string
	// Zone is the IANA name of the zone in which the person's dates are meant; empty means the source's, then the run's.
	Zone        string
	Employments []Employment
	// Place is where in the source the record stands ("line 12"), for messages.
	Place string
}

// Employment is one tenure. Dates are calendar dates: they become instants only in a zone.
type Employment struct {
	// ID tells concurrent employments of one person apart; often empty.
	ID string
	// Start is unknown when the source has no start date for it.
	Start Fact[Date]
	// End is the date that the source states. Never means that the source states an open end; unknown that it has no
	// end dates at all.
	End Fact[Date]
	// LastDayInclusive says how End is meant: true when the person still works on that day (access may last until the
	// day is over), false when End is the first day without employment.
	LastDayInclusive bool
	// Type is "employee", "contractor" … as the source writes it.
	Type string
	// StatusRaw is the status as the source wrote it, Status as the value map of the configuration reads it.
	StatusRaw string
	Status    Status
}

// Status is the state of an employment as HR sees it.
type Status string

// The states. StatusUnstated is for sources without a status column: the dates alone decide.
const (
	StatusUnstated   Status = ""
	StatusActive     Status = "active"
	StatusLeave      Status = "leave"
	StatusSuspended  Status = "suspended"
	StatusPrehire    Status = "prehire"
	StatusTerminated Status = "terminated"
	StatusRetired    Status = "retired"
)

// Ended reports whether the status by itself says that the employment is over.
func (s Status) Ended() bool { return s == StatusTerminated || s == StatusRetired }

// Date is a calendar date without a zone. The zero Date is no date.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the calendar date that t shows in its own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// ParseDate reads the form 2006-01-02.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("%q is not a date of the form 2006-01-02", s)
	}
	return DateOf(t), nil
}

// String gives the form 2006-01-02, or "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// IsZero reports whether d is no date.
func (d Date) IsZero() bool { return d == Date{} }

// AddDays returns the date n days later (earlier when n is negative).
func (d Date) AddDays(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC))
}

// Before reports whether d is earlier than e.
func (d Date) Before(e Date) bool {
	if d.Year != e.Year {
		return d.Year < e.Year
	}
	if d.Month != e.Month {
		return d.Month < e.Month
	}
	return d.Day < e.Day
}

// Midnight is the first instant of the day in zone. Where a clock change removes 00:00 it is the first instant that exists.
func (d Date) Midnight(zone *time.Location) time.Time {
	t := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
	// time.Date resolves a missing 00:00 to the hour before or after; walk to the first instant that shows this date.
	for DateOf(t).Before(d) {
		t = t.Add(15 * time.Minute)
	}
	return t.UTC()
}

// EndsAt is the instant at which a stated end takes effect in zone: the end of an inclusive last day, the start of an
// exclusive termination date. The second result is false when no end is stated.
func (e Employment) EndsAt(zone *time.Location) (time.Time, bool) {
	end, ok := e.End.Get()
	if !ok {
		return time.Time{}, false
	}
	if e.LastDayInclusive {
		end = end.AddDays(1)
	}
	return end.Midnight(zone), true
}
