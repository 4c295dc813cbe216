package table

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// effect is from which day on a row of a history holds, and which of the rows of one day it is.
type effect struct {
	from     day
	sequence int32
}

// day is a calendar date as a number that grows with it; 0 is no date.
type day int32

func dayOf(d scanners.Date) day { return day(d.Year<<9 | int(d.Month)<<5 | d.Day) }

func (d day) date() scanners.Date {
	return scanners.Date{Year: int(d >> 9), Month: time.Month(d >> 5 & 15), Day: int(d & 31)}
}

// effect reads the effective date and the sequence of a row. There is no guess for a row without them: it may be the end
// of the employment.
func (m *personMapping) effect() (effect, *defect) {
	c := m.at(m.effective)
	if c.kind == cellEmpty || c.kind == cellText && isNull(c.text) {
		return effect{}, m.wrong(m.effective, "the effective date is empty")
	}
	from, sentinel, wrong := m.day(m.effective)
	if wrong != nil {
		return effect{}, wrong
	}
	if sentinel || from.Year >= noStartFrom {
		return effect{}, m.wrong(m.effective, "%q is no effective date", c.display())
	}
	if m.employmentID != none && m.text(m.employmentID) == "" {
		return effect{}, m.wrong(m.employmentID, "the row does not say which employment of the person it belongs to")
	}
	if m.sequence == none {
		return effect{from: dayOf(from)}, nil
	}
	n, wrong := m.number(m.sequence)
	if value, known := n.Get(); wrong == nil && (!known || value > math.MaxInt32) {
		wrong = m.wrong(m.sequence, "%q does not say where the row stands among the rows of its day", m.at(m.sequence).display())
	}
	return effect{dayOf(from), int32(n.Value)}, wrong
}

// holder keeps records back until every row is read, where one row does not say everything about a record.
type holder[R scanners.Record] interface {
	// take keeps what a row says, or gives the reason why it cannot be believed.
	take(it *item, record *R) *scanners.Rejection
	// spoil notes that a row of this id could not be used.
	spoil(id string)
	// release gives the records, notes what a reader of the report should know, and says in words what they were made of.
	release(n *notes, emit func(R) error) (string, error)
}

// hold keeps a row back, or rejects it.
func (c *collector[R]) hold(it *item, record *R) error {
	if it.rejected == nil {
		it.rejected = c.held.take(it, record)
	}
	if it.rejected == nil {
		c.read-- // the record that it is part of is counted when it is emitted
		return nil
	}
	c.held.spoil(it.rejected.ID)
	return c.reject(it)
}

// release emits what was held back.
func (c *collector[R]) release(ctx context.Context) (err error) {
	if c.held == nil {
		return nil
	}
	c.heldWhy, err = c.held.release(&c.notes, func(r R) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.read++
		return c.send([]R{r})
	})
	return err
}

// history turns the rows of a file in which every change of an employment has a row into one person per employment, with
// every tenure that the rows tell of, as they stand on the day of the as-of.
type history struct {
	asOf      time.Time
	zone      *time.Location
	inclusive bool
	endMapped bool
	sequenced bool
	column    string // of the effective date
	days      map[string]day
	texts     map[string]string
	byKey     map[timelineKey]*timeline
	order     []*timeline
	spoilt    map[string]bool // ids of which a row could not be used
	rows      int64
	same      int64
}

type timelineKey struct{ id, employment string }

// timeline is all that the rows say about one employment of one person.
type timeline struct {
	key   timelineKey
	steps []step
	// shown is the record of the row in effect, while none is that of the first to come. It stands at place among the steps.
	shown scanners.Person
	place effect
	begun bool
	// names are the different names of the rows.
	names []string
}

// step is what one row says, in little room: a person may have dozens.
type step struct {
	effect
	start, end day // 0 when the row states none
	sum        uint32
	begun      bool // in effect at the as-of
	status     scanners.Status
	raw, typ   string
}

func newHistory(f *peopleFields, s *settings, asOf time.Time) *history {
	return &history{asOf: asOf, zone: s.zone, inclusive: f.inclusive, endMapped: f.end != none, sequenced: f.sequence != none, column: s.want[f.effective],
		days: map[string]day{}, texts: map[string]string{}, byKey: map[timelineKey]*timeline{}, spoilt: map[string]bool{}}
}

// today is the date that the as-of shows in a zone: a row is in effect from the first instant of its date.
func (h *history) today(name string) day {
	today, known := h.days[name]
	if !known {
		zone := h.zone
		if named, err := time.LoadLocation(name); name != "" && err == nil {
			zone = named
		}
		today = dayOf(scanners.DateOf(h.asOf.In(zone)))
		h.days[name] = today
	}
	return today
}

func (h *history) take(it *item, p *scanners.Person) *scanners.Rejection {
	e := p.Employments[0]
	key := timelineKey{fold(p.ID), strings.TrimLeft(fold(e.ID), "0")}
	t := h.byKey[key]
	if t == nil {
		t = &timeline{key: key}
		h.byKey[key] = t
		h.order = append(h.order, t)
	}
	for i := range t.steps {
		if t.steps[i].effect != it.effect {
			continue
		}
		if t.steps[i].sum == it.sum {
			h.same++
			return nil
		}
		return h.reject(it, p, h.tie(it))
	}
	name := strings.Join(strings.Fields(p.GivenName+" "+p.FamilyName+" "+p.DisplayName), " ")
	if other := otherHuman(t.names, name); other != "" {
		return h.reject(it, p, fmt.Sprintf("the row names %q, another row of the same employment %q", name, other))
	}
	if name != "" && !slices.Contains(t.names, name) {
		t.names = append(t.names, name)
	}
	h.rows++
	s := step{effect: it.effect, start: known(e.Start), end: known(e.End), sum: it.sum, begun: it.effect.from <= h.today(p.Zone),
		status: e.Status, raw: h.text(e.StatusRaw), typ: h.text(e.Type)}
	if len(t.steps) == 0 || t.prefers(s) {
		t.shown, t.place, t.begun = *p, s.effect, s.begun
	}
	t.steps = append(t.steps, s)
	return nil
}

// tie says why two different rows of one effective date and sequence cannot both be believed, nor one of them.
func (h *history) tie(it *item) string {
	if !h.sequenced {
		return fmt.Sprintf("the effective date %s was there before for the same employment, with other data"+
			"\nhint: map the column that orders the rows of one day: `columns: {sequence: …}`", it.effect.from.date())
	}
	return fmt.Sprintf("the effective date %s with sequence %d was there before for the same employment, with other data", it.effect.from.date(), it.effect.sequence)
}

func (h *history) reject(it *item, p *scanners.Person, reason string) *scanners.Rejection {
	return &scanners.Rejection{Place: it.at.String(), ID: p.ID, Keys: slices.Concat(p.OtherIDs, p.Mails), Field: h.column, Reason: reason, Raw: it.raw}
}

func known(date scanners.Fact[scanners.Date]) day {
	value, _ := date.Get()
	return dayOf(value)
}

// text keeps one copy of each different text.
func (h *history) text(s string) string {
	kept, ok := h.texts[s]
	if !ok {
		kept = strings.Clone(s)
		h.texts[kept] = kept
	}
	return kept
}

// otherHuman gives the first of names that has no word in common with name: a marriage changes one of them, an id that
// went to somebody else all.
func otherHuman(names []string, name string) string {
	words := strings.Fields(fold(name))
	for _, other := range names {
		if len(words) > 0 && !slices.ContainsFunc(strings.Fields(fold(other)), func(w string) bool { return slices.Contains(words, w) }) {
			return other
		}
	}
	return ""
}

// prefers reports whether s describes the person better than the row that does so far: the newest row in effect, and
// before there is one, the first to come.
func (t *timeline) prefers(s step) bool {
	switch {
	case s.begun != t.begun:
		return s.begun
	case s.from == t.place.from:
		return s.sequence > t.place.sequence
	default:
		return (s.from > t.place.from) == s.begun
	}
}

func (h *history) spoil(id string) {
	if id != "" {
		h.spoilt[fold(id)] = true
	}
}

func (h *history) release(n *notes, emit func(scanners.Person) error) (string, error) {
	if h.same > 0 {
		n.addN(note{sameRow, "", ""}, h.same)
	}
	for _, t := range h.order {
		p := t.shown
		if h.spoilt[t.key.id] {
			// The id and the other keys lead to somebody of whom nothing more is known.
			p.Employments = nil
			n.add(note{historySpoilt, "", ""})
		} else {
			p.Employments = h.tenures(t)
		}
		if err := emit(p); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d rows of history tell of %d employments, which are what is counted", h.rows, len(h.order)), nil
}

// tenures are the times of employment that the rows tell of: each from a row whose status is not an ended one up to the
// first whose status is. Of the rows of one day the one with the greatest sequence counts.
func (h *history) tenures(t *timeline) []scanners.Employment {
	rows := t.steps
	slices.SortFunc(rows, func(a, b step) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.sequence, b.sequence)) })
	kept := rows[:0]
	for i, row := range rows {
		if i+1 == len(rows) || rows[i+1].from != row.from {
			kept = append(kept, row)
		}
	}
	var all []scanners.Employment
	for rows = kept; len(rows) > 0; {
		open := 0
		for open < len(rows) && !rows[open].status.Ended() {
			open++
		}
		end := open
		for end < len(rows) && rows[end].status.Ended() {
			end++
		}
		all = append(all, h.tenure(tenureRows{rows[:end], open, len(all) > 0}, t.shown.Employments[0]))
		rows = rows[end:]
	}
	return all
}

// tenureRows are the rows of one tenure, of which the first open have a status that is not an ended one.
type tenureRows struct {
	rows []step
	open int
	// again says that an earlier tenure has ended before.
	again bool
}

// current is the place of the newest row in effect; of the first row while none is.
func (r tenureRows) current() int {
	at := 0
	for i, row := range r.rows {
		if row.begun {
			at = i
		}
	}
	return at
}

// tenure is one time of employment. Like shows how the rows of the file say that there is no start or end.
func (h *history) tenure(r tenureRows, like scanners.Employment) scanners.Employment {
	at := r.current()
	now := r.rows[at]
	e := scanners.Employment{ID: like.ID, Type: now.typ, StatusRaw: now.raw, Status: now.status, LastDayInclusive: h.inclusive}
	if start := r.start(now.start); start != 0 {
		e.Start = scanners.Known(start.date())
	} else if e.Start = like.Start; e.Start.IsKnown() {
		e.Start = scanners.Unknown[scanners.Date](emptyInFile)
	}
	switch end := h.end(r, at); {
	case end.day != 0:
		e.End, e.LastDayInclusive = scanners.Known(end.day.date()), end.inclusive
	case h.endMapped:
		e.End = scanners.Never[scanners.Date]()
	default:
		e.End = scanners.Unknown[scanners.Date](notMapped)
	}
	return e
}

// start is the start that the row in effect states. A tenure after an earlier one, and one that has not begun, does not
// start before its first row: HR systems go on showing the date of the first hire.
func (r tenureRows) start(stated day) day {
	first := r.rows[0]
	if r.open > 0 && (r.again || !first.begun) {
		return max(stated, first.from)
	}
	return stated
}

// ending is the end of a tenure; the zero value is none.
type ending struct {
	day       day
	inclusive bool
}

// after is the first day without employment.
func (e ending) after() scanners.Date {
	if e.inclusive {
		return e.day.date().AddDays(1)
	}
	return e.day.date()
}

// end is the end that the rows state, the earlier one when the row in effect states another than the rows that end the
// tenure: it is a contradiction that must not hide that somebody has left. A row that ends it without a date does so on
// its effective date, unless it is the first row and in effect: then nobody knows since when.
func (h *history) end(r tenureRows, at int) ending {
	own := h.stated(r, at, r.open)
	last := h.stated(r, max(at, r.open), len(r.rows))
	if last.day == 0 {
		last = h.stated(r, r.open, len(r.rows))
	}
	if last.day == 0 && r.open < len(r.rows) && (r.open > 0 || !r.rows[0].begun) {
		last = ending{r.rows[r.open].from, false}
	}
	if last.day == 0 || own.day != 0 && own.after().Before(last.after()) {
		return own
	}
	return last
}

// stated is the first end that the rows from one place up to another state. One before the tenure began is that of an
// earlier tenure, which HR systems go on showing.
func (h *history) stated(r tenureRows, from, to int) ending {
	for i := from; i < to; i++ {
		if end := r.rows[i].end; end != 0 && !(r.again && end < r.rows[0].from) {
			return ending{end, h.inclusive}
		}
	}
	return ending{}
}

// checkHistory checks the keys that only a file of history has.
func (c *PeopleConfig) checkHistory() error {
	switch isHistory := c.Rows == "history"; {
	case isHistory && c.Columns.Effective == "":
		return configError("add `columns: {effective: EFFDT}`, the column that says from which day on a row holds", "rows is history, but columns: effective is not mapped")
	case !isHistory && c.Columns.Effective+c.Columns.Sequence != "":
		return configError("add `rows: history`, or take effective and sequence out of columns:", "columns: effective or sequence is mapped, but rows is %s", strconv.Quote(c.Rows))
	}
	return nil
}
