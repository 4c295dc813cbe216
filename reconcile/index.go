package reconcile

import (
	"fmt"
	"hash/maphash"
	"slices"
	"time"
)

// slots is a table of people by key that holds no key: a slot is 32 bits of the key's hash and a person, who is asked whether
// they have the key. So it takes some eleven bytes a person, and no two keys are ever taken for one another.
type slots struct {
	seed maphash.Seed
	list []uint64 // hash and person+1; 0 is free
	used int
	// has reports whether the key is one of the person's.
	has func(person int32, key string) bool
}

// newSlots has room for n keys before it grows.
func newSlots(n int, has func(int32, string) bool) slots {
	return slots{seed: maphash.MakeSeed(), list: make([]uint64, n+n/3+8), has: has}
}

// find returns the slot of the person who has the key, or the free slot where such a person belongs; -1 in an empty table.
func (s *slots) find(key string) (slot int, person int32) {
	if len(s.list) == 0 {
		return -1, -1
	}
	hash := maphash.String(s.seed, key) >> 32
	for slot = s.first(hash); s.list[slot] != 0; slot = s.next(slot) {
		if person = int32(uint32(s.list[slot])) - 1; s.list[slot]>>32 == hash && s.has(person, key) {
			return slot, person
		}
	}
	return slot, -1
}

func (s *slots) first(hash uint64) int { return int(hash * uint64(len(s.list)) >> 32) }

func (s *slots) next(slot int) int {
	if slot++; slot < len(s.list) {
		return slot
	}
	return 0
}

// put gives the slot that find returned for key to person.
func (s *slots) put(slot int, key string, person int32) {
	if s.list[slot] == 0 {
		s.used++
	}
	s.list[slot] = maphash.String(s.seed, key)&^(1<<32-1) | uint64(person+1)
	if s.used*8 > len(s.list)*7 {
		s.grow()
	}
}

func (s *slots) grow() {
	old := s.list
	s.list = make([]uint64, 2*len(old))
	for _, entry := range old {
		if entry == 0 {
			continue
		}
		slot := s.first(entry >> 32)
		for s.list[slot] != 0 {
			slot = s.next(slot)
		}
		s.list[slot] = entry
	}
}

// index maps a key to the people that it names, without a slice per key for the usual single one.
type index struct {
	one slots
	// many lists all people of each key that names several, in the order in which they were added.
	many map[string][]int32
}

// newIndex has room for n keys. Within it, has says whether a key is one of a person's.
func newIndex(n int, has func(person int32, key string) bool) index {
	return index{newSlots(n, has), map[string][]int32{}}
}

// add notes that key names person. People have to come one after the other.
func (x *index) add(key string, person int32) {
	if key == "" {
		return
	}
	slot, first := x.one.find(key)
	if first < 0 {
		x.one.put(slot, key, person)
		return
	}
	list := x.many[key]
	if len(list) == 0 {
		list = []int32{first}
	}
	if list[len(list)-1] != person {
		x.many[key] = append(list, person)
	}
}

// each calls f for every person that key names.
func (x *index) each(key string, f func(int32)) {
	_, first := x.one.find(key)
	if first < 0 {
		return
	}
	list := x.many[key]
	if len(list) == 0 {
		f(first)
	}
	for _, i := range list {
		f(i)
	}
}

// sourceIDs indexes the employee ids of one people source.
type sourceIDs struct {
	index index
	strip bool
}

// indexIDs indexes employee ids. Leading zeros go where every id that a source shows tonight is digits and none collide
// without them; for a source that shows nobody the ids of its last snapshot speak. People of one source stand together.
func (b *RosterBuilder) indexIDs(r *Roster) {
	for from := 0; from < len(r.people); {
		system, to := r.people[from].System, from
		for to < len(r.people) && r.people[to].System == system {
			to++
		}
		collision, allDigits := r.sameDigits(from, to)
		if allDigits && collision != "" {
			r.issues = append(r.issues, Issue{Source: system, Text: collision})
		}
		ids := &sourceIDs{strip: allDigits && collision == "" && !b.settings.KeepZeros[system]}
		ids.index = newIndex(to-from, func(i int32, key string) bool {
			id := r.people[i].ID
			return id == key || ids.key(id) == key // a key is its own key
		})
		for i := from; i < to; i++ {
			ids.index.add(ids.key(r.people[i].ID), int32(i))
		}
		r.ids[system] = ids
		r.order = append(r.order, system)
		from = to
	}
	slices.Sort(r.order)
}

// lastShown is when a source that shows nobody tonight last showed somebody, of the people from until before to; the zero time
// when it shows somebody.
func (r *Roster) lastShown(from, to int) (last time.Time) {
	for i := from; i < to; i++ {
		switch p := &r.people[i]; {
		case !p.Remembered:
			return time.Time{}
		case p.LastSeen.After(last):
			last = p.LastSeen
		}
	}
	return last
}

// sameDigits looks at the ids that a source shows tonight, those of people from until before to: whether all are digits, and
// if so which two differ in leading zeros only.
func (r *Roster) sameDigits(from, to int) (collision string, allDigits bool) {
	last := r.lastShown(from, to)
	silent := func(p *Person) bool { return p.Remembered && !p.LastSeen.Equal(last) }
	for i := from; i < to; i++ {
		if p := &r.people[i]; !silent(p) && !digits(Fold(p.ID)) {
			return "", false
		}
	}
	stripped := newSlots(to-from, func(i int32, key string) bool { return stripZeros(Fold(r.people[i].ID)) == key })
	for i := from; i < to; i++ {
		if silent(&r.people[i]) {
			continue
		}
		id := Fold(r.people[i].ID)
		slot, other := stripped.find(stripZeros(id))
		if other >= 0 {
			collision = fmt.Sprintf("ids %q and %q differ only in leading zeros, so zeros are kept", Fold(r.people[other].ID), id)
		}
		stripped.put(slot, stripZeros(id), int32(i))
	}
	return collision, true
}

// indexKeys indexes the other ids and the addresses of everybody.
func (b *RosterBuilder) indexKeys(r *Roster) {
	mails, others := 0, 0
	for i := range r.people {
		mails, others = mails+len(r.people[i].Mails), others+len(r.people[i].OtherIDs)
	}
	r.mails = newIndex(mails, func(i int32, key string) bool {
		return slices.ContainsFunc(r.people[i].Mails, func(mail string) bool { return mailKey(mail, b.settings.MailDomains) == key })
	})
	r.others = newIndex(others, func(i int32, key string) bool {
		return slices.ContainsFunc(r.people[i].OtherIDs, func(id string) bool { return Fold(id) == key })
	})
	for i := range r.people {
		p, person := &r.people[i], int32(i)
		for _, id := range p.OtherIDs {
			r.others.add(Fold(id), person)
		}
		for _, mail := range p.Mails {
			r.mails.add(mailKey(mail, b.settings.MailDomains), person)
		}
	}
}

// eachID calls f for everyone whose employee id value is, in each source as its ids are compared.
func (r *Roster) eachID(value string, f func(int32)) {
	for _, system := range r.order {
		ids := r.ids[system]
		ids.index.each(ids.key(value), f)
	}
}

func (s *sourceIDs) key(id string) string {
	if id = Fold(id); s.strip {
		return stripZeros(id)
	}
	return id
}

// indexFormer indexes the addresses that people had in earlier snapshots and have no more.
func (b *RosterBuilder) indexFormer(r *Roster) {
	for i := range b.people {
		past := b.people[i].past
		if past == nil {
			continue
		}
		former := b.formerMails(past, &r.people[i])
		for _, mail := range former {
			r.former[mail] = append(r.former[mail], int32(i))
		}
		if len(former) > 0 {
			r.formerMails[int32(i)] = former
		}
	}
}

// formerMails lists the normalised addresses that p had in an earlier snapshot and has no more.
func (b *RosterBuilder) formerMails(past *PastPerson, p *Person) []string {
	has := func(key string) bool {
		return slices.ContainsFunc(p.Mails, func(mail string) bool { return mailKey(mail, b.settings.MailDomains) == key })
	}
	var former []string
	for _, list := range [][]string{past.FormerMails, past.Person.Mails} {
		for _, mail := range list {
			if key := mailKey(mail, b.settings.MailDomains); key != "" && !has(key) {
				former = appendNew(former, []string{key})
			}
		}
	}
	return former
}
