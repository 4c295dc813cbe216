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
	past       []PastPerson // by person; Person itself is left empty
}

// sourceIDs indexes the employee ids of one people source.
type sourceIDs struct {
	index index
	strip bool
}

// Population counts the people of a roster.
type Population struct {
	// Rows is the number of rows given to Add, Merged how many were further rows of a person already there.
	Rows, Merged int64
	// Employed includes people on leave and suspended ones. Remembered people are not in the other counts.
	Employed, Ended, Prehire, OnLeave, Suspended, Remembered int64
	// UpcomingEnds counts employed people with a stated end within the next 30 days.
	UpcomingEnds int64
}

// Issue is something about the people data that the report should say.
type Issue struct {
	Source string
	Place  string
	Text   string
}

// index maps a key to the people that it names, without a slice per key for the usual single one.
type index struct {
	one  map[string]int32
	many map[string][]int32
}

func newIndex() index { return index{map[string]int32{}, map[string][]int32{}} }

func (x *index) add(key string, person int32) {
	if key == "" {
		return
	}
	first, taken := x.one[key]
	if !taken {
		x.one[key] = person
		return
	}
	if first == person || slices.Contains(x.many[key], person) {
		return
	}
	if len(x.many[key]) == 0 {
		x.many[key] = []int32{first}
	}
	x.many[key] = append(x.many[key], person)
}

// each calls f for every person that key names.
func (x *index) each(key string, f func(int32)) {
	if list, ok := x.many[key]; ok {
		for _, i := range list {
			f(i)
		}
		return
	}
	if i, ok := x.one[key]; ok {
		f(i)
	}
}

// RosterBuilder collects people. The order of calls does not matter to the result.
type RosterBuilder struct {
	settings Settings
	byID     map[personKey]int32
	people   []gathered
	reserved map[string]string
	rows     int64
	merged   int64
}

type personKey struct{ system, id string }

// gathered is one person while rows are still coming in.
type gathered struct {
	rows []scanners.Person
	past *PastPerson
}

// NewRoster starts a roster. History may be the zero value.
func NewRoster(settings Settings, history History) *RosterBuilder {
	b := &RosterBuilder{settings: settings, byID: map[personKey]int32{}, reserved: map[string]string{}}
	for i := range history.People {
		past := &history.People[i]
		b.person(past.Person.System, past.Person.ID).past = past
	}
	return b
}

func (b *RosterBuilder) person(system, id string) *gathered {
	key := personKey{system, Fold(id)}
	i, ok := b.byID[key]
	if !ok {
		i = int32(len(b.people))
		b.byID[key] = i
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

// Reserve keeps the keys of a people row that could not be read: accounts that carry one of them are disputed.
func (b *RosterBuilder) Reserve(source string, rejected scanners.Rejection) {
	where := fmt.Sprintf("%s %s could not be read (%s)", source, rejected.Place, rejected.Reason)
	if rejected.ID != "" {
		b.reserved[KeyEmployeeID+"="+stripZeros(Fold(rejected.ID))] = where
	}
	for _, key := range rejected.Keys {
		if mail := mailKey(key, b.settings.MailDomains); mail != "" {
			b.reserved[KeyMail+"="+mail] = where
		} else {
			b.reserved[KeyEmployeeID+"="+stripZeros(Fold(key))] = where
		}
	}
}

// Build merges rows into people, settles their state at the as-of and indexes their keys.
func (b *RosterBuilder) Build() *Roster {
	r := &Roster{
		ids: map[string]*sourceIDs{}, mails: newIndex(), others: newIndex(),
		former: map[string][]int32{}, disputed: map[int32]string{}, reserved: b.reserved,
	}
	b.sort()
	r.people = make([]Person, len(b.people))
	r.past = make([]PastPerson, len(b.people))
	for i := range b.people {
		b.settle(r, int32(i))
	}
	b.indexIDs(r)
	for i := range r.people {
		b.indexKeys(r, int32(i))
	}
	r.findRehires()
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

// compareRows orders the rows of one person: latest start first, then by everything that is printed.
func compareRows(x, y scanners.Person) int {
	start := func(p scanners.Person) string {
		last := ""
		for _, e := range p.Employments {
			last = max(last, e.Start.Value.String())
		}
		return last
	}
	return cmp.Or(strings.Compare(start(y), start(x)), strings.Compare(x.ID, y.ID),
		strings.Compare(strings.Join(x.Mails, " "), strings.Join(y.Mails, " ")), strings.Compare(x.Place, y.Place))
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
	first := rows[0]
	p.System, p.ID, p.Place = first.System, first.ID, first.Place
	p.DisplayName, p.GivenName, p.FamilyName = first.DisplayName, first.GivenName, first.FamilyName
	p.Manager, p.Department, p.Location = first.Manager, first.Department, first.Location
	for _, row := range rows {
		p.Mails = appendNew(p.Mails, row.Mails)
		p.OtherIDs = appendNew(p.OtherIDs, row.OtherIDs)
		p.Employments = append(p.Employments, row.Employments...)
		if !sameHuman(first, row) {
			r.disputed[i] = fmt.Sprintf("%s: id %q stands for different people (%s and %s)", first.System, first.ID, first.Place, row.Place)
		}
	}
	if text, bad := r.disputed[i]; bad {
		r.issues = append(r.issues, Issue{first.System, first.Place, text})
	}
	zone := b.zone(first)
	p.Zone = zone.String()
	inferred := b.settings.AsOf
	if g.past != nil {
		r.past[i] = *g.past
		r.past[i].Person = scanners.Person{}
		p.LastSeen, p.Misses = g.past.LastSeen, g.past.Misses
		if !g.past.InferredSince.IsZero() {
			inferred = g.past.InferredSince
		}
	}
	settle(p, zone, b.settings.AsOf, inferred)
	if p.Remembered && !(p.State == Ended && !p.End.Inferred) {
		p.State, p.End = Vanished, End{At: p.LastSeen, Inferred: true}
		p.Conflict, p.UpcomingEnd, p.NextStart = "", scanners.Date{}, time.Time{}
	}
}

func (b *RosterBuilder) zone(p scanners.Person) *time.Location {
	if p.Zone != "" {
		if zone, err := time.LoadLocation(p.Zone); err == nil {
			return zone
		}
	}
	if zone := b.settings.Zones[p.System]; zone != nil {
		return zone
	}
	return b.settings.Zone
}

func appendNew(list, more []string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// sameHuman reports whether two rows with one id can describe one person: no name that both state differs.
func sameHuman(x, y scanners.Person) bool {
	same := func(a, b string) bool { return a == "" || b == "" || Fold(a) == Fold(b) }
	return same(x.GivenName, y.GivenName) && same(x.FamilyName, y.FamilyName) && same(x.DisplayName, y.DisplayName)
}

// indexIDs indexes employee ids. Leading zeros go where every id that a source shows tonight is digits and none collide
// without them.
func (b *RosterBuilder) indexIDs(r *Roster) {
	type shape struct {
		allDigits bool
		stripped  map[string]string
		collision string
	}
	shapes := map[string]*shape{}
	for i := range r.people {
		p := &r.people[i]
		s := shapes[p.System]
		if s == nil {
			s = &shape{allDigits: true, stripped: map[string]string{}}
			shapes[p.System] = s
			r.order = append(r.order, p.System)
		}
		if p.Remembered {
			continue
		}
		id := Fold(p.ID)
		s.allDigits = s.allDigits && digits(id)
		if other, taken := s.stripped[stripZeros(id)]; taken && other != id {
			s.collision = fmt.Sprintf("ids %q and %q differ only in leading zeros, so zeros are kept", other, id)
		}
		s.stripped[stripZeros(id)] = id
	}
	slices.Sort(r.order)
	for _, system := range r.order {
		s := shapes[system]
		if s.allDigits && s.collision != "" {
			r.issues = append(r.issues, Issue{Source: system, Text: s.collision})
		}
		r.ids[system] = &sourceIDs{newIndex(), s.allDigits && s.collision == "" && !b.settings.KeepZeros[system]}
	}
}

func (b *RosterBuilder) indexKeys(r *Roster, i int32) {
	p := &r.people[i]
	ids := r.ids[p.System]
	ids.index.add(ids.key(p.ID), i)
	for _, id := range p.OtherIDs {
		r.others.add(Fold(id), i)
	}
	for _, mail := range p.Mails {
		r.mails.add(mailKey(mail, b.settings.MailDomains), i)
	}
	if past := b.people[i].past; past != nil {
		r.past[i].FormerMails = b.formerMails(past, p)
		for _, mail := range r.past[i].FormerMails {
			r.former[mail] = append(r.former[mail], i)
		}
	}
}

func (s *sourceIDs) key(id string) string {
	if id = Fold(id); s.strip {
		return stripZeros(id)
	}
	return id
}

// formerMails lists the normalised addresses that p had in an earlier snapshot and has no more.
func (b *RosterBuilder) formerMails(past *PastPerson, p *Person) []string {
	now := map[string]bool{}
	for _, mail := range p.Mails {
		now[mailKey(mail, b.settings.MailDomains)] = true
	}
	var former []string
	for _, list := range [][]string{past.FormerMails, past.Person.Mails} {
		for _, mail := range list {
			if key := mailKey(mail, b.settings.MailDomains); key != "" && !now[key] {
				former = appendNew(former, []string{key})
			}
		}
	}
	return former
}

// findRehires marks leavers who share a mail address or another id with somebody employed or about to be.
func (r *Roster) findRehires() {
	for _, x := range []*index{&r.mails, &r.others} {
		for _, list := range x.many {
			for _, i := range list {
				if r.people[i].Gone() && r.people[i].Rehire == "" {
					r.people[i].Rehire = r.presentAmong(list)
				}
			}
		}
	}
}

func (r *Roster) presentAmong(list []int32) string {
	name := ""
	for _, i := range list {
		if p := &r.people[i]; !p.Gone() {
			if ref := p.System + "/" + p.ID; name == "" || ref < name {
				name = ref
			}
		}
	}
	return name
}

func (r *Roster) count(b *RosterBuilder) {
	c := &r.population
	c.Rows, c.Merged = b.rows, b.merged
	soon := scanners.DateOf(b.settings.AsOf.Add(30 * 24 * time.Hour))
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
		if !p.UpcomingEnd.IsZero() && !soon.Before(p.UpcomingEnd) {
			c.UpcomingEnds++
		}
	}
}

// Population returns the counts of people.
func (r *Roster) Population() Population { return r.population }

// Issues lists what is wrong with the people data, in a fixed order.
func (r *Roster) Issues() []Issue { return r.issues }

// People calls f for every person, remembered ones included, ordered by source and id.
func (r *Roster) People(f func(*Person)) {
	for i := range r.people {
		f(&r.people[i])
	}
}
