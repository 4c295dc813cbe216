package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// Roster is everyone that the authoritative sources show or ever showed, indexed by correlation key, at one as-of instant.
// It does not change after [RosterBuilder.Build] and may be used by any number of goroutines.
type Roster struct {
	people []Person
	ids    map[string]*sourceIDs // by people source
	order  []string              // people sources, sorted
	mails  index
	others index // other ids and anchors
	former map[string][]int32
	// disputed marks people whose rows contradict each other; every key of theirs names "somebody, unclear who".
	disputed map[int32]string
	// reserved holds keys of rejected rows: their owner exists and could not be read.
	reserved   map[string]string
	population Population
	issues     []Issue
	past       []memory // by person; nil on a first run
	// formerMails holds the addresses that people had and have no more; recycled those whose id once stood for somebody else,
	// contradicted those of whom the last snapshot had rows of different people.
	formerMails  map[int32][]string
	recycled     map[int32]bool
	contradicted map[int32]bool
	// humans holds, by person, those who are one human with people of other sources: few, if any.
	humans map[int32]*human
	asOf   time.Time
	zones  zones // every zone that a person has; not written after Build
}

// memory is what the history adds to a person, beside what [Person] carries of it.
type memory struct {
	firstSeen     time.Time
	inferredSince time.Time
	renumbered    bool // tonight
}

// Population counts the people of a roster.
type Population struct {
	// Rows is the number of rows given to Add, Merged how many were further rows of a person already there.
	Rows, Merged int64
	// Employed includes people on leave and suspended ones. Remembered people are not in the other counts.
	Employed, Ended, Prehire, OnLeave, Suspended, Remembered int64
	// UpcomingEnds counts the employed people whose last stated end lies in the next 30 days, a human whom several sources
	// show once. All other counts are by source.
	UpcomingEnds int64
	// Doubled counts the ids whose rows describe different humans.
	Doubled int64
}

// Issue is something about the people data that the report should say.
type Issue struct {
	Source string
	Place  string
	Text   string
}

// RosterBuilder collects people. The order of calls does not matter to the result.
type RosterBuilder struct {
	settings Settings
	zones    zones
	byID     map[string]*slots // by people source
	people   []gathered
	reserved map[string]string
	// unread says of people whose row was rejected where it stands; nameless does of rows without a readable id, by source and
	// other keys.
	unread   map[personKey]string
	nameless map[personKey]string
	// remembers is true when there is a history.
	remembers bool
	rows      int64
	merged    int64
}

type personKey struct{ system, id string }

// gathered is one person while rows are still coming in.
type gathered struct {
	rows []scanners.Person
	past *PastPerson
}

// NewRoster starts a roster. History may be the zero value.
func NewRoster(settings Settings, history History) *RosterBuilder {
	b := &RosterBuilder{settings: settings, zones: zones{}, byID: map[string]*slots{}, reserved: map[string]string{},
		unread: map[personKey]string{}, nameless: map[personKey]string{}, remembers: len(history.People) > 0}
	for i := range history.People {
		past := &history.People[i]
		b.person(past.Person.System, past.Person.ID).past = past
	}
	return b
}

func (b *RosterBuilder) person(system, id string) *gathered {
	ids := b.byID[system]
	if ids == nil {
		table := newSlots(0, func(i int32, key string) bool { return Fold(b.people[i].identity().ID) == key })
		ids, b.byID[system] = &table, &table
	}
	key := Fold(id)
	slot, i := ids.find(key)
	if i < 0 {
		i = int32(len(b.people))
		ids.put(slot, key, i)
		b.people = append(b.people, gathered{})
	}
	return &b.people[i]
}

// Add takes one row of a people source.
func (b *RosterBuilder) Add(row scanners.Person) {
	b.rows++
	g := b.person(row.System, row.ID)
	if len(g.rows) > 0 {
		b.merged++
	}
	g.rows = append(g.rows, row)
}

// Reserve keeps the keys of a people row that could not be read: accounts that carry one of them are disputed, and so are
// those that lead to the same person by what another row or the history knows.
func (b *RosterBuilder) Reserve(source string, rejected scanners.Rejection) {
	where := fmt.Sprintf("%s %s could not be read (%s)", source, rejected.Place, rejected.Reason)
	if rejected.ID != "" {
		first(b.reserved, KeyEmployeeID+"="+stripZeros(Fold(rejected.ID)), where)
		first(b.unread, personKey{source, Fold(rejected.ID)}, where)
	}
	for _, key := range rejected.Keys {
		reserved := KeyEmployeeID + "=" + stripZeros(Fold(key))
		if mail := mailKey(key, b.settings.MailDomains); mail != "" {
			reserved = KeyMail + "=" + mail
		}
		first(b.reserved, reserved, where)
		if rejected.ID == "" {
			first(b.nameless, personKey{source, reserved}, where)
		}
	}
}

// unreadRow says where the row of p stands that could not be read: by its id, or by another key of p where the row has lost
// its id.
func (b *RosterBuilder) unreadRow(p *Person) (where string, yes bool) {
	if where, yes = b.unread[personKey{p.System, Fold(p.ID)}]; yes || len(b.nameless) == 0 {
		return where, yes
	}
	var keys []string
	for _, mail := range p.Mails {
		keys = append(keys, KeyMail+"="+mailKey(mail, b.settings.MailDomains))
	}
	for _, id := range p.OtherIDs {
		keys = append(keys, KeyEmployeeID+"="+stripZeros(Fold(id)))
	}
	for _, key := range keys {
		if where, yes = b.nameless[personKey{p.System, key}]; yes {
			return where, true
		}
	}
	return "", false
}

// first keeps the first text in alphabetical order, so that the order of calls does not matter.
func first[K comparable](texts map[K]string, key K, text string) {
	if old, taken := texts[key]; !taken || text < old {
		texts[key] = text
	}
}

// Build merges rows into people, settles their state at the as-of and indexes their keys.
func (b *RosterBuilder) Build() *Roster {
	r := &Roster{
		ids: map[string]*sourceIDs{}, former: map[string][]int32{}, formerMails: map[int32][]string{},
		recycled: map[int32]bool{}, contradicted: map[int32]bool{}, disputed: map[int32]string{}, reserved: b.reserved, humans: map[int32]*human{}, asOf: b.settings.AsOf,
	}
	r.issues = b.renumber()
	b.sort()
	r.people = make([]Person, len(b.people))
	if b.remembers {
		r.past = make([]memory, len(b.people))
	}
	r.zones = b.zones
	for i := range b.people {
		b.settle(r, int32(i))
	}
	b.indexIDs(r)
	b.indexKeys(r)
	b.indexFormer(r)
	b.findHumans(r)
	r.findRehires()
	r.findStale()
	r.count(b)
	return r
}

// sort makes the numbering of people, and so every list in a verdict, independent of the order of input.
func (b *RosterBuilder) sort() {
	slices.SortFunc(b.people, func(x, y gathered) int {
		p, q := x.identity(), y.identity()
		return cmp.Or(strings.Compare(p.System, q.System), strings.Compare(Fold(p.ID), Fold(q.ID)))
	})
	for i := range b.people {
		slices.SortStableFunc(b.people[i].rows, compareRows)
	}
	b.byID = nil
}

func (g *gathered) identity() *scanners.Person {
	if len(g.rows) > 0 {
		return &g.rows[0]
	}
	return &g.past.Person
}

// compareRows orders the rows of one person: latest start first, then by everything that they say.
func compareRows(x, y scanners.Person) int {
	start := func(p scanners.Person) string {
		last := ""
		for _, e := range p.Employments {
			last = max(last, e.Start.Value.String())
		}
		return last
	}
	return cmp.Or(strings.Compare(start(y), start(x)), strings.Compare(x.ID, y.ID),
		strings.Compare(fmt.Sprintf("%q", x.Mails), fmt.Sprintf("%q", y.Mails)), strings.Compare(x.Place, y.Place),
		strings.Compare(fmt.Sprintf("%+v", x), fmt.Sprintf("%+v", y)))
}

// settle merges the rows of person i. The last complete snapshot speaks for people who have no row tonight.
func (b *RosterBuilder) settle(r *Roster, i int32) {
	g := &b.people[i]
	p := &r.people[i]
	rows := g.rows
	if len(rows) == 0 {
		rows = []scanners.Person{g.past.Person}
		p.Remembered = true
	}
	head := rows[0]
	p.System, p.ID, p.Place = head.System, head.ID, head.Place
	p.DisplayName, p.GivenName, p.FamilyName = head.DisplayName, head.GivenName, head.FamilyName
	p.Manager, p.Department, p.Location = head.Manager, head.Department, head.Location
	for n, row := range rows {
		p.Mails, p.OtherIDs = merged(p.Mails, row.Mails), merged(p.OtherIDs, row.OtherIDs)
		if len(rows) == 1 && len(row.Employments) > 0 {
			p.Employments = slices.Clip(row.Employments)
		} else {
			p.Employments = append(p.Employments, row.Employments...)
		}
		for _, other := range rows[:n] {
			if !sameHuman(other, row) {
				r.disputed[i] = fmt.Sprintf("%s: id %q stands for different people (%s and %s)", head.System, head.ID, other.Place, row.Place)
			}
		}
	}
	if text, bad := r.disputed[i]; bad {
		r.contradicted[i] = true
		r.issues = append(r.issues, Issue{head.System, head.Place, text})
		r.population.Doubled++
	}
	unread, rejected := b.unreadRow(p)
	if rejected {
		r.disputed[i] = unread
	}
	zone := b.zone(head)
	p.Zone = zone.String()
	b.zones[p.Zone] = zone
	inferred := b.recall(r, i, head)
	g.rows = nil // the person says it all now, and a large company does not fit twice
	settle(p, zone, b.settings.AsOf, inferred)
	p.EndShown = b.shownSince(p, g.past)
	// Somebody whom a later run saw is not gone on an earlier night.
	if p.Remembered && !rejected && !p.LastSeen.After(b.settings.AsOf) {
		p.vanish()
	}
}

// recall adds what the history knows of person i, whose first row is head. It returns the instant at which an employment that a
// status without a date ends is over.
func (b *RosterBuilder) recall(r *Roster, i int32, head scanners.Person) time.Time {
	g, p := &b.people[i], &r.people[i]
	if g.past == nil {
		return b.settings.AsOf
	}
	r.past[i] = memory{firstSeen: g.past.FirstSeen, inferredSince: g.past.InferredSince}
	if g.past.Recycled || otherHuman(g.past.Person, head) {
		r.recycled[i] = true
	}
	if p.Remembered && g.past.Contradicted {
		r.contradicted[i] = true
	}
	p.LastSeen, p.Misses, p.Former = g.past.LastSeen, g.past.Misses, g.past.Former
	if Fold(g.past.Person.ID) != Fold(p.ID) {
		p.Former, r.past[i].renumbered = g.past.Person.ID, true
	}
	inferred := b.settings.AsOf
	if !g.past.InferredSince.IsZero() {
		inferred = g.past.InferredSince
	}
	return inferred
}

// vanish ends p, whom no source shows any more, on the day of the last snapshot. A stated end that has passed stays, and
// so does the instant of a status that said earlier that the employment is over.
func (p *Person) vanish() {
	if p.State == Ended && !p.End.Inferred {
		return
	}
	end := p.LastSeen
	if p.State == Ended && p.End.At.Before(end) {
		end = p.End.At
	}
	p.State, p.End = Vanished, End{At: end, Inferred: true}
	p.Conflict, p.UpcomingEnd, p.UpcomingAt, p.Rehire = "", scanners.Date{}, time.Time{}, ""
	p.NextStart, p.EndShown = time.Time{}, time.Time{}
}

func (b *RosterBuilder) zone(p scanners.Person) *time.Location {
	if zone := b.zones.named(p.Zone); zone != nil {
		return zone
	}
	if zone := b.settings.Zones[p.System]; zone != nil {
		return zone
	}
	return b.settings.Zone
}

// zones holds the zones that were looked up by name, nil for an unknown name: the lookup reads a file every time.
type zones map[string]*time.Location

func (z zones) named(name string) *time.Location {
	if name == "" {
		return nil
	}
	zone, known := z[name]
	if !known {
		zone, _ = time.LoadLocation(name) // nil when there is no such zone
		z[name] = zone
	}
	return zone
}

// merged is list with what is new in more. It shares the memory of more where that says it all.
func merged(list, more []string) []string {
	if len(list) == 0 && len(more) == 1 {
		return slices.Clip(more)
	}
	return appendNew(slices.Clip(list), more)
}

func appendNew[T comparable](list, more []T) []T {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// otherHuman reports whether the id of two rows, years apart, must have gone from one human to another: both names are
// stated and both differ. A marriage changes one of them.
func otherHuman(x, y scanners.Person) bool {
	differ := func(a, b string) bool { return a != "" && b != "" && Fold(a) != Fold(b) }
	return differ(x.GivenName, y.GivenName) && differ(x.FamilyName, y.FamilyName)
}

// sameHuman reports whether two rows with one id can describe one person: no name that both state differs.
func sameHuman(x, y scanners.Person) bool {
	same := func(a, b string) bool { return a == "" || b == "" || Fold(a) == Fold(b) }
	return same(x.GivenName, y.GivenName) && same(x.FamilyName, y.FamilyName) && same(x.DisplayName, y.DisplayName)
}

// findRehires marks leavers who share a mail address or another id with somebody employed or about to be. Of humans only
// those are marked that are gone.
func (r *Roster) findRehires() {
	for _, x := range []*index{&r.mails, &r.others} {
		for _, list := range x.many {
			present := r.presentAmong(list)
			for _, i := range list {
				if p := &r.people[i]; p.Gone() && present != "" && (p.Rehire == "" || present < p.Rehire) {
					p.Rehire = present
				}
			}
		}
	}
	for i, h := range r.humans {
		if p := &h.person; h.lead == i && p.Gone() {
			for _, member := range h.members {
				if ref := r.people[member].Rehire; ref != "" && (p.Rehire == "" || ref < p.Rehire) {
					p.Rehire = ref
				}
			}
		}
	}
}

// presentAmong returns the first of the listed people who is not gone, by source and id; empty when all are.
func (r *Roster) presentAmong(list []int32) string {
	name := ""
	for _, i := range list {
		if p := &r.people[i]; !(p.Gone() && r.at(i, false).Gone()) && (name == "" || p.Ref() < name) {
			name = p.Ref()
		}
	}
	return name
}

func (r *Roster) count(b *RosterBuilder) {
	c := &r.population
	c.Rows, c.Merged = b.rows, b.merged
	for i := range r.people {
		p := &r.people[i]
		switch {
		case p.Remembered:
			c.Remembered++
			continue
		case p.State == Prehire:
			c.Prehire++
			continue
		case p.Gone():
			c.Ended++
			continue
		}
		c.Employed++
		if p.State == Leave {
			c.OnLeave++
		}
		if p.State == Suspended {
			c.Suspended++
		}
	}
	r.Leaving(func(*Person) { c.UpcomingEnds++ })
}

// Leaving calls f for everyone who works here and whose last stated end lies in the 30 days from the as-of on, one human
// once, ordered by source and id.
func (r *Roster) Leaving(f func(*Person)) {
	soon := scanners.DateOf(r.asOf.Add(30 * 24 * time.Hour))
	for i := range r.people {
		p := r.at(int32(i), false)
		if h := r.humans[int32(i)]; h != nil && h.lead != int32(i) {
			continue
		}
		if !p.Remembered && p.open() && !p.UpcomingEnd.IsZero() && !soon.Before(p.UpcomingEnd) {
			f(p)
		}
	}
}

// DropKeys frees the memory of the key indexes once every account is judged. The people and what is remembered of them
// stay; nothing can be correlated any more.
func (r *Roster) DropKeys() {
	r.ids, r.mails, r.others, r.former = nil, index{}, index{}, nil
}

// Population returns the counts of people.
func (r *Roster) Population() Population { return r.population }

// Issues lists what is wrong with the people data, in a fixed order.
func (r *Roster) Issues() []Issue { return r.issues }

// People calls f for every person of every source, remembered ones included, ordered by source and id. Those who are one human
// come one by one, each as their own source has them.
func (r *Roster) People(f func(*Person)) {
	for i := range r.people {
		f(&r.people[i])
	}
}
