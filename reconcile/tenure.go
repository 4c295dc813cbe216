package reconcile

import (
	"slices"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// tenure is one employment placed on the time line.
type tenure struct {
	start     time.Time // zero when not stated
	end       time.Time // zero when open
	endDate   scanners.Date
	endStated bool
	conflict  string
	status    scanners.Status
	raw       string
}

// place appends e, put on the time line of zone, to list. inferredEnd is the instant to use when only a status says that it ended. A row that
// starts after its end is a single-row export of a rehire: the end of the old tenure beside the start of the new one.
func place(list []tenure, e *scanners.Employment, zone *time.Location, asOf, inferredEnd time.Time) []tenure {
	t := tenure{status: e.Status, raw: e.StatusRaw}
	if start, ok := e.Start.Get(); ok {
		t.start = start.Midnight(zone)
	}
	end, stated := e.EndsAt(zone)
	switch {
	case stated && e.Start.IsKnown() && e.End.Value.Before(e.Start.Value) && !e.Status.Ended():
		return append(list, tenure{end: end, endDate: e.End.Value, endStated: true, raw: e.StatusRaw}, t)
	case stated:
		t.end, t.endDate, t.endStated = end, e.End.Value, true
		if !end.After(asOf) && !e.Status.Ended() && e.Status != scanners.StatusUnstated {
			t.conflict = "status " + quoted(e.StatusRaw, string(e.Status)) + " with the past end date " + e.End.Value.String()
		}
	case e.Status.Ended():
		t.end = inferredEnd
	}
	return append(list, t)
}

func quoted(raw, mapped string) string {
	if raw != "" {
		return `"` + raw + `"`
	}
	return `"` + mapped + `"`
}

// over reports whether the tenure has ended by asOf.
func (t *tenure) over(asOf time.Time) bool { return !t.end.IsZero() && !t.end.After(asOf) }

// future reports whether the tenure has not begun by asOf. A pre-hire status without a start date counts as future.
func (t *tenure) future(asOf time.Time) bool {
	if t.start.IsZero() {
		return t.status == scanners.StatusPrehire
	}
	return t.start.After(asOf)
}

// settle works out p's state, start and end at asOf from its employments. inferredEnd is when a status without a date
// first said that the employment is over.
func settle(p *Person, zone *time.Location, asOf, inferredEnd time.Time) {
	var room [4][2]tenure // for the usual one employment
	all, open, ended, future := room[0][:0], room[1][:0], room[2][:0], room[3][:0]
	for i := range p.Employments {
		all = place(all, &p.Employments[i], zone, asOf, inferredEnd)
	}
	for _, t := range all {
		switch {
		case t.over(asOf):
			ended = append(ended, t)
		case t.future(asOf):
			future = append(future, t)
		default:
			open = append(open, t)
		}
	}
	p.Start = firstStart(all)
	for _, t := range future {
		if !t.start.IsZero() && (p.NextStart.IsZero() || t.start.Before(p.NextStart)) {
			p.NextStart = t.start
		}
	}
	switch {
	case len(open) > 0:
		p.settleOpen(open)
	case len(ended) > 0:
		p.settleEnded(ended)
	case len(future) > 0:
		p.State, p.Status = Prehire, future[0].raw
	default:
		// The source shows the person and nothing of an employment: being listed is being employed.
		p.State = Employed
	}
}

// firstStart is the earliest start; the zero time when one of the tenures does not state its own.
func firstStart(all []tenure) time.Time {
	var first time.Time
	for _, t := range all {
		if t.start.IsZero() {
			return time.Time{}
		}
		if first.IsZero() || t.start.Before(first) {
			first = t.start
		}
	}
	return first
}

// settleOpen decides between employed, on leave and suspended when several employments are open. Leave comes first, so that
// nobody loses an account for not using it while HR says that they are away. One employment in normal standing outranks a
// suspension, because it outranks a termination, which is the stronger word. In this order the end of one employment never
// takes a finding away.
func (p *Person) settleOpen(open []tenure) {
	state := func(t *tenure) PersonState {
		switch t.status {
		case scanners.StatusLeave:
			return Leave
		case scanners.StatusSuspended:
			return Suspended
		default:
			return Employed
		}
	}
	best := &open[0]
	last, openEnded := best, false
	for i := range open {
		t := &open[i]
		if outranks(state(t), state(best)) {
			best = t
		}
		if last.end.Before(t.end) {
			last = t
		}
		openEnded = openEnded || t.end.IsZero()
	}
	p.State, p.Status = state(best), best.raw
	if !openEnded {
		p.UpcomingEnd, p.UpcomingAt = last.endDate, last.end
	}
}

// outranks reports whether an open employment of state x decides before one of state y.
func outranks(x, y PersonState) bool {
	order := [...]PersonState{Suspended, Employed, Leave}
	return slices.Index(order[:], x) > slices.Index(order[:], y)
}

// settleEnded takes the latest end of all employments.
func (p *Person) settleEnded(ended []tenure) {
	last := &ended[0]
	for i := range ended {
		if t := &ended[i]; t.end.After(last.end) {
			last = t
		}
	}
	p.State, p.Status, p.Conflict = Ended, last.raw, last.conflict
	p.End = End{At: last.end, Date: last.endDate, Inferred: !last.endStated}
	if !p.NextStart.IsZero() {
		p.Rehire = p.System + "/" + p.ID
	}
}

// wholeDays counts the whole days from a to b in zone; negative when b is earlier.
func wholeDays(a, b time.Time, zone *time.Location) int64 {
	if b.Before(a) {
		return -wholeDays(b, a, zone)
	}
	a, b = a.In(zone), b.In(zone)
	midday := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
	}
	n := int64(midday(b).Sub(midday(a)) / (24 * time.Hour))
	if clock(b) < clock(a) {
		n--
	}
	return n
}

func clock(t time.Time) time.Duration {
	h, m, s := t.Clock()
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second + time.Duration(t.Nanosecond())
}
