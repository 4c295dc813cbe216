package reconcile

import (
	"cmp"
	"slices"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// human is two or more people, each of another people source, who are one human: a contractor who turned employee, say.
// Accounts of any of them are judged by the person that stands for all.
//
// The people of different sources are one human when all of this holds:
//
//   - they share a mail address, or one states the id of the other among its other ids, and that key names nobody else
//     among current and remembered people;
//   - each states a given and a family name, and these are equal, in either order;
//   - none of them is contradictory or has a key of a row that could not be read;
//   - no two of them are of one source;
//   - their employments overlap or follow each other within [recycledKey]. Somebody of the same name who comes years later
//     with the same address may be somebody else, and would hide what the first one left behind.
type human struct {
	members []int32 // ascending
	// lead is the member whose employment decides the state.
	lead   int32
	person Person
}

// at returns person i of a match, or the human whom that person is unless people have to be taken apart.
func (r *Roster) at(i int32, apart bool) *Person {
	if h := r.humans[i]; h != nil && !apart {
		return &h.person
	}
	return r.person(i)
}

// gone is at(i, apart).Gone().
func (r *Roster) gone(i int32, apart bool) bool {
	if h := r.humans[i]; h != nil && !apart {
		return h.person.Gone()
	}
	return r.records[i].gone()
}

// members lists the people who are one human with person i of a match, itself included.
func (r *Roster) members(i int32, apart bool) []int32 {
	if h := r.humans[i]; h != nil && !apart {
		return h.members
	}
	return []int32{i}
}

// findHumans puts together the people who are one human.
func (b *RosterBuilder) findHumans(r *Roster) {
	ties := joined{}
	for _, list := range r.mails.many {
		if b.oneHuman(r, list) {
			ties.join(list)
		}
	}
	for i := range r.records {
		if !r.records[i].has(hasOtherIDs) {
			continue
		}
		for _, id := range r.person(int32(i)).OtherIDs {
			if list := r.tiedBy(id); len(list) > 1 && b.oneHuman(r, list) {
				ties.join(list)
			}
		}
	}
	for i, members := range ties {
		if r.humans[i] != nil || !r.differentSources(members) {
			continue
		}
		h := r.unite(members)
		for _, member := range members {
			r.humans[member] = h
		}
	}
}

// joined holds, by person, everybody to whom keys tie them, themselves included, in ascending order.
type joined map[int32][]int32

func (ties joined) join(list []int32) {
	all := slices.Clone(list)
	for _, i := range list {
		all = appendNew(all, ties[i])
	}
	slices.Sort(all)
	for _, i := range all {
		ties[i] = all
	}
}

// tiedBy lists everybody whom id names, when it is an id of one and stated by another; nobody otherwise.
func (r *Roster) tiedBy(id string) []int32 {
	var list []int32
	add := func(i int32) { list = appendNew(list, []int32{i}) }
	for _, ids := range r.sources {
		ids.index.each(ids.key(id), add)
	}
	if len(list) > 0 {
		r.others.each(Fold(id), add)
	}
	return list
}

// oneHuman reports whether the people whom one key names are one human.
func (b *RosterBuilder) oneHuman(r *Roster, list []int32) bool {
	for n, i := range list {
		p := r.person(i)
		if _, bad := r.disputed[i]; bad || r.contradicted[i] || Fold(p.GivenName) == "" || Fold(p.FamilyName) == "" || b.hasReserved(p) {
			return false
		}
		for _, j := range list[:n] {
			if q := r.person(j); p.System == q.System || !equalNames(p, q) {
				return false
			}
		}
	}
	return b.unbroken(r, list)
}

// equalNames reports whether p and q have the same given and family name. Which of the two is which does not matter: sources
// disagree about that, some for names of one part of the world and some for all.
func equalNames(p, q *Person) bool {
	given, family := Fold(p.GivenName), Fold(p.FamilyName)
	other, otherFamily := Fold(q.GivenName), Fold(q.FamilyName)
	return given == other && family == otherFamily || given == otherFamily && family == other
}

// hasReserved reports whether a row that could not be read carries a key of p.
func (b *RosterBuilder) hasReserved(p *Person) bool {
	if len(b.reserved) == 0 {
		return false
	}
	reserved := func(key, value string) bool { _, yes := b.reserved[key+"="+value]; return yes }
	for _, id := range append([]string{p.ID}, p.OtherIDs...) {
		if reserved(KeyEmployeeID, stripZeros(Fold(id))) {
			return true
		}
	}
	return slices.ContainsFunc(p.Mails, func(mail string) bool { return reserved(KeyMail, mailKey(mail, b.settings.MailDomains)) })
}

func (r *Roster) system(i int32) string {
	system, _ := r.rows.id(r.records[i].row())
	return system
}

func (r *Roster) differentSources(list []int32) bool {
	for n, i := range list {
		if slices.ContainsFunc(list[:n], func(j int32) bool { return r.system(i) == r.system(j) }) {
			return false
		}
	}
	return true
}

// unbroken reports whether the employments of all listed people follow each other without a gap that is too long.
func (b *RosterBuilder) unbroken(r *Roster, list []int32) bool {
	var spans []span
	for _, i := range list {
		own := b.spans(r.person(i))
		if len(own) == 0 {
			return false
		}
		for _, s := range own {
			s.of = i
			spans = append(spans, s)
		}
	}
	reached := []int32{list[0]}
	for more := true; more; {
		more = false
		for _, s := range spans {
			if !slices.Contains(reached, s.of) && slices.ContainsFunc(spans, func(t span) bool { return slices.Contains(reached, t.of) && s.near(t) }) {
				reached, more = append(reached, s.of), true
			}
		}
	}
	return len(reached) == len(list)
}

// span is a time in which somebody is known to have been, or to be going to be, employed. A zero to has no end.
type span struct {
	of       int32
	from, to time.Time
}

func (s span) near(t span) bool {
	if t.from.Before(s.from) {
		s, t = t, s
	}
	return s.to.IsZero() || !t.from.After(s.to.Add(recycledKey))
}

// spans lists the times in which p is known to be employed. A start that is not stated proves nothing but the instant of the
// end, or the as-of of an open employment; an end that only a status implies proves nothing but the start.
func (b *RosterBuilder) spans(p *Person) []span {
	now := b.settings.AsOf
	if p.State == Vanished {
		now = p.LastSeen
	}
	if len(p.Employments) == 0 {
		return []span{{from: now, to: now}}
	}
	var list []span
	for i := range p.Employments {
		for _, t := range place(nil, &p.Employments[i], b.zones[p.Zone], now, now) {
			s, known := t.certain(now)
			if p.State == Vanished && (s.to.IsZero() || s.to.After(now)) {
				s.to, known = now, known && !s.from.After(now) // what was to come did not come about
			}
			if known {
				list = append(list, s)
			}
		}
	}
	return list
}

// certain is when the tenure is known to have lasted, at now; false when nothing is.
func (t *tenure) certain(now time.Time) (span, bool) {
	switch {
	case t.endStated && t.start.IsZero():
		from := t.end
		if now.Before(from) {
			from = now
		}
		return span{from: from, to: t.end}, true
	case t.endStated:
		return span{from: t.start, to: t.end}, true
	case t.status.Ended():
		return span{from: t.start, to: t.start}, !t.start.IsZero()
	case !t.start.IsZero():
		return span{from: t.start}, true
	default:
		return span{from: now}, t.status != scanners.StatusPrehire
	}
}

// unite makes one person of the members, judged as one: on leave while any source says so, else employed while any
// employment is open, else suspended, and else ended with the last of the ends. It is the order of the employments of one
// source, for the same reasons (see settleOpen); [Person.Conflict] tells of a suspension that does not count.
func (r *Roster) unite(members []int32) *human {
	h := &human{members: members, lead: r.leading(members)}
	p := &h.person
	*p = *r.person(h.lead)
	openEnded := p.UpcomingEnd.IsZero()
	for _, i := range members {
		q := r.person(i)
		if p.Start.After(q.Start) {
			p.Start = q.Start // the zero time, which is not known, as well
		}
		if p.NextStart.IsZero() || !q.NextStart.IsZero() && q.NextStart.Before(p.NextStart) {
			p.NextStart = q.NextStart
		}
		if i == h.lead {
			continue
		}
		p.Also = append(p.Also, q.Ref())
		p.Mails, p.OtherIDs = appendNew(p.Mails, q.Mails), appendNew(p.OtherIDs, q.OtherIDs)
		p.Employments = append(p.Employments, q.Employments...)
		switch {
		case q.open():
			openEnded = openEnded || q.UpcomingEnd.IsZero()
			if p.UpcomingEnd.Before(q.UpcomingEnd) {
				p.UpcomingEnd = q.UpcomingEnd
			}
			if q.State == Suspended && p.State != Suspended {
				p.Conflict = q.Ref() + " is suspended, and " + r.ref(h.lead) + " is not"
			}
		case p.Gone() && p.Conflict == "":
			p.Conflict = q.Conflict
		}
		if p.Gone() && !p.EndShown.IsZero() && p.EndShown.Before(q.EndShown) {
			p.EndShown = q.EndShown // until then another employment seemed to go on
		}
	}
	if openEnded || r.goesOn(p) {
		p.UpcomingEnd = scanners.Date{}
	}
	return h
}

// standing ranks who decides of the members of a human, the first one by the lowest number.
func (p *Person) standing() int {
	switch p.State {
	case Leave:
		return 0
	case Employed:
		return 1
	case Suspended:
		return 2
	case Prehire:
		return 4
	default:
		return 3
	}
}

// unconfirmed reports whether the end is inferred and too few runs say so. Such an end decides before later ones that are
// sure: whoever is missing for the first time may still work here.
func (p *Person) unconfirmed() bool { return p.End.Inferred && p.Misses < ConfirmingRuns }

func trueFirst(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return -1
	default:
		return 1
	}
}

// open reports whether an employment of p is open.
func (p *Person) open() bool { return !p.Gone() && p.State != Prehire }

// goesOn reports whether another employment of p begins on the day after the last open one ends, or before.
func (r *Roster) goesOn(p *Person) bool {
	return !p.NextStart.IsZero() && !p.UpcomingEnd.AddDays(1).Before(scanners.DateOf(p.NextStart.In(r.zones[p.Zone])))
}

// leading chooses the member that decides. Of equals it is the one who started last.
func (r *Roster) leading(members []int32) int32 {
	return slices.MinFunc(members, func(i, j int32) int {
		p, q := r.person(i), r.person(j)
		end, start := 0, q.Start.Compare(p.Start)
		switch {
		case p.Gone():
			end = cmp.Or(trueFirst(p.unconfirmed(), q.unconfirmed()), q.End.At.Compare(p.End.At), trueFirst(p.End.Inferred, q.End.Inferred))
		case p.State == Prehire:
			start = p.NextStart.Compare(q.NextStart)
		}
		return cmp.Or(cmp.Compare(p.standing(), q.standing()), end, start, cmp.Compare(i, j))
	})
}
