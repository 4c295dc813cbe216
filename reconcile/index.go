package reconcile

import (
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"time"
)

// slots is a table of people by key in eight bytes a slot: a tag of 32 bits that is made of the key, and a person. A key of up to
// nine digits is a number that fits into the tag, so where all keys are such numbers the tag says it all (exact); where these
// are close together, each has a place of its own instead of a slot (near). Other keys leave 32 bits of their hash, and has asks
// the person who has the tag whether they have the key as well. In each way no two keys are ever taken for one another.
type slots struct {
	seed  maphash.Seed
	list  []uint64 // tag and person+1; 0 is free
	used  int
	exact bool
	near  []int32 // person+1 by tag from least on; nil where the numbers are not close together
	least uint64
	// has reports whether the key is one of the person's; nil where exact.
	has func(person int32, key string) bool
}

// newSlots has room for n keys before it grows.
func newSlots(n int, has func(int32, string) bool) slots {
	return slots{seed: maphash.MakeSeed(), list: make([]uint64, n+n/3+8), has: has}
}

// newExactSlots has room for n keys, each of up to nine digits, with numbers from least to most.
func newExactSlots(n int, least, most uint64) slots {
	if span := most - least + 1; span <= 2*uint64(n) {
		return slots{near: make([]int32, span), exact: true, least: least}
	}
	return slots{list: make([]uint64, n+n/3+8), exact: true}
}

// hash is what key is looked for by, its upper 32 bits the tag that a slot holds of it; false when no slot can hold it.
func (s *slots) hash(key string) (hash uint64, ok bool) {
	if s.exact {
		n, ok := number(key)
		return hashOf(n), ok && (s.near == nil || n-s.least < uint64(len(s.near)))
	}
	return maphash.String(s.seed, key), true
}

// hashOf is the hash of a key that is a number, which fits into the tag.
func hashOf(number uint64) uint64 { return number << 32 }

// number is a number for each key of one to nine digits, another one for each. Leading zeros count.
func number(key string) (n uint64, ok bool) {
	if len(key) == 0 || len(key) > 9 {
		return 0, false
	}
	n = 1
	for i := range len(key) {
		digit := uint64(key[i]) - '0'
		if digit > 9 {
			return 0, false
		}
		n = n*10 + digit
	}
	return n, true
}

// find returns the slot of the person who has the key, or the free slot where such a person belongs; -1 in an empty table and
// for a key that cannot be there.
func (s *slots) find(key string) (slot int, person int32) {
	if len(s.list)+len(s.near) == 0 {
		return -1, -1
	}
	hash, ok := s.hash(key)
	if !ok {
		return -1, -1
	}
	return s.findHash(hash, key)
}

// findHash is find for a key that slots can hold, in a table that is not empty.
func (s *slots) findHash(hash uint64, key string) (slot int, person int32) {
	if slot = s.first(hash); s.near != nil {
		return slot, s.near[slot] - 1
	}
	return s.findFrom(slot, hash, key)
}

func (s *slots) findFrom(slot int, hash uint64, key string) (int, int32) {
	for ; s.list[slot] != 0; slot = s.next(slot) {
		if person := int32(uint32(s.list[slot])) - 1; s.list[slot]>>32 == hash>>32 && (s.exact || s.has(person, key)) {
			return slot, person
		}
	}
	return slot, -1
}

// first spreads the tags, of which numbers come in rows, over the table.
func (s *slots) first(hash uint64) int {
	tag := hash >> 32
	if s.near != nil {
		return int(tag - s.least)
	}
	return int(uint64(uint32(tag)*0x9e3779b1) * uint64(len(s.list)) >> 32)
}

func (s *slots) next(slot int) int {
	if slot++; slot < len(s.list) {
		return slot
	}
	return 0
}

// free is the free slot for a hash, in a table without places of its own for tags; false when a key with the same tag is there.
func (s *slots) free(hash uint64) (slot int, ok bool) {
	slot = s.first(hash)
	for ; s.list[slot] != 0; slot = s.next(slot) {
		if s.list[slot]>>32 == hash>>32 {
			return slot, false
		}
	}
	return slot, true
}

// put gives the slot that find returned for key to person.
func (s *slots) put(slot int, key string, person int32) {
	hash, _ := s.hash(key)
	s.putHash(slot, hash, person)
}

func (s *slots) putHash(slot int, hash uint64, person int32) {
	if s.near != nil {
		s.near[slot] = person + 1
		s.used++
		return
	}
	if s.list[slot] == 0 {
		s.used++
	}
	s.list[slot] = hash>>32<<32 | uint64(person+1)
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
		slot := s.first(entry)
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

// newIndex puts people into an empty table.
func newIndex(one slots) index { return index{one, map[string][]int32{}} }

// add notes that key names person. People have to come one after the other.
func (x *index) add(key string, person int32) {
	if key == "" {
		return
	}
	hash, _ := x.one.hash(key)
	x.addHash(hash, key, person)
}

func (x *index) addHash(hash uint64, key string, person int32) {
	slot, first := x.one.findHash(hash, key)
	if first < 0 {
		x.one.putHash(slot, hash, person)
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

// entry is a key of a person that is to go into an index: its hash and, where that is not known, the key.
type entry struct {
	key    string
	hash   uint64
	person int32
}

// addedAtOnce is how many entries wait for each other.
const addedAtOnce = 64

// addAll does add for each entry, of which keyOf gives the key that it leaves out. The slots of keys that leave hashes lie anywhere in a
// table that no cache holds: looked at together first, they are waited for at once.
func (x *index) addAll(entries []entry, keyOf func(int32) string) (read uint64) {
	for i := range entries {
		if e := &entries[i]; e.hash == 0 {
			e.hash, _ = x.one.hash(e.key)
		}
	}
	for i := range entries {
		read += x.one.list[x.one.first(entries[i].hash)]
	}
	for i := range entries {
		e := &entries[i]
		if slot, free := x.one.free(e.hash); free {
			x.one.putHash(slot, e.hash, e.person)
			continue
		}
		if e.key == "" {
			e.key = keyOf(e.person)
		}
		x.addHash(e.hash, e.key, e.person)
	}
	return read
}

// each calls f for every person that key names.
func (x *index) each(key string, f func(int32)) {
	_, first := x.one.find(key)
	for _, i := range x.all(first, key, nil) {
		f(i)
	}
}

// all lists everyone that key names, which was found to name first, -1 for nobody; in room when that is one.
func (x *index) all(first int32, key string, room []int32) []int32 {
	if first < 0 {
		return nil
	}
	if len(x.many) > 0 {
		if list := x.many[key]; len(list) > 0 {
			return list
		}
	}
	return append(room, first)
}

// sourceIDs indexes the employee ids of one people source.
type sourceIDs struct {
	system string
	index  index
	strip  bool
}

// indexIDs indexes employee ids. Leading zeros go where every id that a source shows tonight is digits and none collide
// without them; for a source that shows nobody the ids of its last snapshot speak. People of one source stand together.
func (b *RosterBuilder) indexIDs(r *Roster) {
	for n, system := range b.systems {
		from, to := int(b.begin[n]), int(b.begin[n+1])
		if from == to {
			continue
		}
		numbers, plain := r.plainNumbers(from, to)
		collision, allDigits := "", true
		if !plain {
			collision, allDigits = r.sameDigits(from, to)
		}
		if allDigits && collision != "" {
			r.issues = append(r.issues, Issue{Source: system, Text: collision})
		}
		ids := &sourceIDs{system: system, strip: allDigits && collision == "" && !b.settings.KeepZeros[system]}
		if plain {
			ids.index = newIndex(newExactSlots(to-from, uint64(slices.Min(numbers)), uint64(slices.Max(numbers))))
			for i, n := range numbers {
				ids.index.addHash(hashOf(uint64(n)), "", int32(from+i))
			}
		} else {
			ids.index = newIndex(r.idSlots(from, to, ids.key))
			for i := from; i < to; i++ {
				ids.index.add(ids.key(r.id(int32(i))), int32(i))
			}
		}
		r.ids[system] = ids
		r.sources = append(r.sources, ids)
	}
}

// plainNumbers gives the ids of people from until before to, of whom there is one, as numbers; false unless all are of up to nine
// digits without leading zeros. No key is another one than the id then, and no two are the same.
func (r *Roster) plainNumbers(from, to int) (numbers []uint32, plain bool) {
	numbers = make([]uint32, to-from)
	for i := range numbers {
		id := r.id(int32(from + i))
		n, ok := number(id)
		if !ok || id[0] == '0' {
			return nil, false
		}
		numbers[i] = uint32(n)
	}
	return numbers, true
}

// idSlots is the table for the ids of people from until before to, which are compared in the form that key gives them.
func (r *Roster) idSlots(from, to int, key func(string) string) slots {
	least, most := uint64(math.MaxUint64), uint64(0)
	for i := from; i < to; i++ {
		n, ok := number(key(r.id(int32(i))))
		if !ok {
			return newSlots(to-from, func(i int32, wanted string) bool { return key(r.id(i)) == wanted })
		}
		least, most = min(least, n), max(most, n)
	}
	return newExactSlots(to-from, least, most)
}

// id is Person.ID of person i.
func (r *Roster) id(i int32) string {
	in := r.rows.keys.at(r.records[i].row())
	return in.text()
}

// lastShown is when a source that shows nobody tonight last showed somebody, of the people from until before to; the zero time
// when it shows somebody.
func (r *Roster) lastShown(from, to int) (last time.Time) {
	for i := from; i < to; i++ {
		switch {
		case !r.records[i].has(remembered):
			return time.Time{}
		case r.past[i].lastSeen.After(last):
			last = r.past[i].lastSeen
		}
	}
	return last
}

// sameDigits looks at the ids that a source shows tonight, those of people from until before to: whether all are digits, and
// if so which two differ in leading zeros only.
func (r *Roster) sameDigits(from, to int) (collision string, allDigits bool) {
	last := r.lastShown(from, to)
	silent := func(i int) bool { return r.records[i].has(remembered) && !r.past[i].lastSeen.Equal(last) }
	folded := func(i int32) string { return Fold(r.id(i)) }
	zeros := false
	for i := from; i < to; i++ {
		if silent(i) {
			continue
		}
		id := folded(int32(i))
		if !digits(id) {
			return "", false
		}
		zeros = zeros || id[0] == '0'
	}
	if !zeros {
		return "", true // no two differ, and no zeros are there to differ in
	}
	stripped := r.idSlots(from, to, func(id string) string { return stripZeros(Fold(id)) })
	for i := from; i < to; i++ {
		if silent(i) {
			continue
		}
		id := folded(int32(i))
		slot, other := stripped.find(stripZeros(id))
		if other >= 0 {
			collision = fmt.Sprintf("ids %q and %q differ only in leading zeros, so zeros are kept", folded(other), id)
		}
		stripped.put(slot, stripZeros(id), int32(i))
	}
	return collision, true
}

// indexKeys indexes the other ids and the addresses of everybody.
func (b *RosterBuilder) indexKeys(r *Roster) {
	r.mails = newIndex(newSlots(b.mails, func(i int32, key string) bool { return r.hasMail(i, key, b.settings.MailDomains) }))
	r.mails.one.seed = r.seed
	r.others = newIndex(newSlots(b.others, func(i int32, key string) bool {
		return slices.ContainsFunc(r.person(i).OtherIDs, func(id string) bool { return Fold(id) == key })
	}))
	keyOf := func(i int32) string { return mailKey(r.mailsOf(i, nil)[0], b.settings.MailDomains) }
	var mails []string
	var entries []entry
	for i := range r.records {
		person, x := int32(i), &r.records[i]
		if x.has(hasOtherIDs) {
			for _, id := range r.person(person).OtherIDs {
				r.others.add(Fold(id), person)
			}
		}
		if x.mail != 0 {
			entries = append(entries, entry{hash: x.mail, person: person})
		} else {
			mails = r.mailsOf(person, mails[:0])
			for _, mail := range mails {
				if key := mailKey(mail, b.settings.MailDomains); key != "" {
					entries = append(entries, entry{key: key, person: person})
				}
			}
		}
		if len(entries) >= addedAtOnce || i == len(r.records)-1 {
			r.mails.addAll(entries, keyOf)
			entries = entries[:0]
		}
	}
}

// isMailOf reports whether hash is that of the only address of person i as it is compared; i may be nobody (-1). Sixty-four bits of a hash with a
// random seed are taken for the address itself: of a million times a million nights with five million accounts, one would take a wrong
// address for that of whom the employee id names.
func (r *Roster) isMailOf(i int32, hash uint64) bool {
	return i >= 0 && hash != 0 && r.records[i].mail == hash
}

// hasMail reports whether the key is that of an address of person i.
func (r *Roster) hasMail(i int32, key string, aliases map[string]string) bool {
	x := r.records[i]
	in := r.rows.keys.at(x.row())
	in.text()
	for range in.number() {
		if mail := in.text(); x.has(foldedMails) && mail == key || !x.has(foldedMails) && mailKey(mail, aliases) == key {
			return true
		}
	}
	if len(r.further) == 0 {
		return false
	}
	return slices.ContainsFunc(r.mailsOf(i, nil), func(mail string) bool { return mailKey(mail, aliases) == key })
}

func (s *sourceIDs) key(id string) string { return s.folded(Fold(id)) }

// folded is key of an id that is folded.
func (s *sourceIDs) folded(id string) string {
	if s.strip {
		return stripZeros(id)
	}
	return id
}

// findShared lists the indexes in which a key names several people.
func (r *Roster) findShared() {
	all := []*index{&r.mails, &r.others}
	for _, ids := range r.sources {
		all = append(all, &ids.index)
	}
	for _, x := range all {
		if len(x.many) > 0 {
			r.shared = append(r.shared, x)
		}
	}
}

// indexFormer indexes the addresses that people had in earlier snapshots and have no more.
func (b *RosterBuilder) indexFormer(r *Roster) {
	for i, g := range b.people.all() {
		past := b.past(g)
		if past == nil {
			continue
		}
		former := b.formerMails(past, r.mailsOf(i, nil))
		for _, mail := range former {
			r.former[mail] = append(r.former[mail], i)
		}
		if len(former) > 0 {
			r.formerMails[i] = former
		}
	}
}

// formerMails lists the normalised addresses that somebody had in an earlier snapshot and has no more, whose addresses are now.
func (b *RosterBuilder) formerMails(past *PastPerson, now []string) []string {
	has := func(key string) bool {
		return slices.ContainsFunc(now, func(mail string) bool { return mailKey(mail, b.settings.MailDomains) == key })
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
