package policies

import (
	"fmt"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// Where a grace period is counted from.
const (
	FromEndDate   = "end_date"
	FromFirstSeen = "first_seen"
	FromNotified  = "notified"
)

// GraceFrom lists the words that say where a grace period is counted from.
func GraceFrom() []string { return []string{FromEndDate, FromFirstSeen, FromNotified} }

// MaxGrace is the longest grace period, in days.
const MaxGrace = 3650

func (g Grace) check() error {
	switch {
	case !slices.Contains(GraceFrom(), g.From):
		return fmt.Errorf("grace from %q is not one of %v", g.From, GraceFrom())
	case g.Days < 0 || g.Days > MaxGrace:
		return fmt.Errorf("grace of %d days is not between 0 and %d", g.Days, MaxGrace)
	}
	for source, days := range g.Sources {
		if days < 0 || days > MaxGrace {
			return fmt.Errorf("grace of %d days for %q is not between 0 and %d", days, source, MaxGrace)
		}
	}
	return nil
}

// MaxTasks and MaxPerMinute bound what an allocation may ask for.
const (
	MaxTasks     = 64
	MaxPerMinute = 6000
)

func (a Allocation) check() error {
	all := map[string]Pace{"": {a.Tasks, a.PerMinute}}
	for source, pace := range a.Sources {
		all[source] = pace
	}
	for _, pace := range all {
		if pace.Tasks < 0 || pace.Tasks > MaxTasks {
			return fmt.Errorf("allocation of %d tasks is not between 1 and %d", pace.Tasks, MaxTasks)
		}
		if pace.PerMinute < 0 || pace.PerMinute > MaxPerMinute {
			return fmt.Errorf("allocation of %d per minute is not between 1 and %d", pace.PerMinute, MaxPerMinute)
		}
	}
	return nil
}

func (g Grace) days(source string) int {
	if days, ok := g.Sources[source]; ok {
		return days
	}
	return g.Days
}

// end is the end of employment that HR states, as the rule counts with it; the zero time while it states none. An end that
// lies ahead counts only for a rule that looks ahead, and with before_end it is the end plus the offset; stages say themselves
// how far from the end they are.
func (r *Rule) end(v *reconcile.Verdict) time.Time {
	var end time.Time
	if ahead, ok := upcoming(v); ok && r.Trigger.early() {
		end = ahead
	} else if !v.End.Inferred {
		end = v.End.At
	}
	if !end.IsZero() && r.Trigger.EndDate != nil && r.Trigger.EndDate.BeforeEnd && !r.Graceful() {
		end = end.Add(r.Trigger.EndDate.Offset)
	}
	return end.UTC()
}

// notBefore is the end of an employment that a rule looks ahead to: without before_end nothing is due earlier.
func (r *Rule) notBefore(v *reconcile.Verdict) time.Time {
	if ahead, ok := upcoming(v); ok && r.Trigger.early() && !r.Trigger.EndDate.BeforeEnd {
		return ahead
	}
	return time.Time{}
}

// addDays adds the grace of the rule in the person's zone, so that a clock change does not move the hour.
func (s Set) addDays(t time.Time, g Grace, days int, p *reconcile.Person) time.Time {
	t = t.In(s.zoneOf(p))
	if g.Business {
		return g.addWorkingDays(t, days).UTC()
	}
	return t.AddDate(0, 0, days).UTC()
}

// zoneOf is the zone in which days are counted for a person.
func (s Set) zoneOf(p *reconcile.Person) *time.Location {
	if p != nil && p.Zone != "" {
		if own, err := time.LoadLocation(p.Zone); err == nil {
			return own
		}
	}
	return s.Zone
}

// addWorkingDays counts working days from t, keeping the hour. A count that starts on a day off starts with the working day
// after it, and each step ends on a working day. No days leave t as it is; a count back goes from working day to working day.
func (g Grace) addWorkingDays(t time.Time, days int) time.Time {
	if days == 0 {
		return t
	}
	for range -days {
		t = t.AddDate(0, 0, -1)
		for g.dayOff(t) {
			t = t.AddDate(0, 0, -1)
		}
	}
	if days < 0 {
		return t
	}
	for g.dayOff(t) {
		t = scanners.DateOf(t).AddDays(1).Midnight(t.Location()).In(t.Location())
	}
	for range days {
		t = t.AddDate(0, 0, 1)
		for g.dayOff(t) {
			t = t.AddDate(0, 0, 1)
		}
	}
	return t
}

func (g Grace) dayOff(t time.Time) bool {
	weekday := t.Weekday()
	return weekday == time.Saturday || weekday == time.Sunday || slices.Contains(g.Holidays, scanners.DateOf(t))
}
