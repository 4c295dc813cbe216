package reconcile

import (
	"hash/maphash"
	"slices"

	"github.com/leaver-audit/leaver/scanners"
)

// probe is one look for a key in one table of people.
type probe struct {
	// slots is nil where nobody has keys of the kind.
	slots *slots
	key   string
	hash  uint64 // see slots.hash
	slot  int
	// likely is the place of another probe of the account, whose person may have this key as well; -1 for none. Until it is known that
	// they have not, key is the address as the account has it, and slots is not set.
	likely int32
	// person is somebody who has the key, -1 when nobody has; whoever else has it stands in index.many.
	person int32
}

// seeker looks up the keys of accounts, some dozens of accounts at a time. Each key leads to some place among all people that
// no cache holds: asked for together, dozens of such places are waited for at once.
type seeker struct {
	probes []probe
	// exact, compared and likely list probes: those in tables that are exact, those whose keys have to be compared, and those with a
	// likely person, which become compared ones when that person has another key.
	exact, compared, likely []int32
	// last is the last probe for an employee id of the account whose probes are added; -1 for none.
	last int32
	// touched gives a use to what is looked at only for the processor to fetch it.
	touched uint64
}

// forget drops all probes.
func (s *seeker) forget() {
	s.probes, s.exact, s.compared, s.likely = s.probes[:0], s.exact[:0], s.compared[:0], s.likely[:0]
}

// seek adds the probes for all keys of a, in the order in which [matcher.rows] asks for them.
func (s *seeker) seek(r *Roster, settings *Settings, a *scanners.Account) {
	s.last = -1
	for _, key := range settings.Keys {
		switch key {
		case KeyEmployeeID:
			s.ids(r, a.EmployeeIDs)
		case KeyMail:
			s.mails(r, settings, a.Mails)
		case KeyAnchor:
			s.anchors(r, a.Anchors)
		}
	}
}

// ids adds for each value that is a key a probe for each people source, and one among the other ids.
func (s *seeker) ids(r *Roster, values []string) {
	for _, value := range values {
		folded := Fold(value)
		if folded == "" {
			continue
		}
		for _, ids := range r.sources {
			if i, found := s.add(&ids.index, ids.folded(folded)); found {
				s.last = i
			}
		}
		s.others(r, folded)
	}
}

// others adds a probe for an id that is folded among the other ids, if anybody has some.
func (s *seeker) others(r *Roster, folded string) {
	if r.others.one.used > 0 {
		s.add(&r.others, folded)
	}
}

func (s *seeker) mails(r *Roster, settings *Settings, values []string) {
	for _, value := range values {
		if s.last < 0 || r.mails.one.used == 0 {
			s.add(&r.mails, mailKey(value, settings.MailDomains))
			continue
		}
		i, p := s.next()
		p.key, p.likely, p.hash = value, s.last, maphash.String(r.seed, value)
		s.likely = append(s.likely, i)
	}
}

func (s *seeker) anchors(r *Roster, values []string) {
	for _, value := range values {
		if folded := Fold(value); folded != "" {
			s.others(r, folded)
		}
	}
}

// add adds a probe for key in x. It reports false when nobody can have the key.
func (s *seeker) add(x *index, key string) (i int32, found bool) {
	i, p := s.next()
	return i, s.look(i, p, x, key)
}

// next adds an empty probe.
func (s *seeker) next() (int32, *probe) {
	n := len(s.probes)
	s.probes = slices.Grow(s.probes, 1)[:n+1]
	p := &s.probes[n]
	p.slots, p.likely, p.person = nil, -1, -1
	return int32(n), p
}

// look lets p, which is probe i, look for key in x.
func (s *seeker) look(i int32, p *probe, x *index, key string) bool {
	p.key = key
	if x.one.used == 0 || key == "" {
		return false
	}
	hash, ok := x.one.hash(key)
	if !ok {
		return false
	}
	p.slots, p.hash, p.slot = &x.one, hash, x.one.first(hash)
	if x.one.exact {
		s.exact = append(s.exact, i)
	} else {
		s.compared = append(s.compared, i)
	}
	return true
}

// find finds whom the keys name. It takes one step of all probes before the next step of any: reads of one step do not need each
// other, so the processor has many of them under way. A mail address is first compared with that of whom the employee id names, as it
// is written, and looked for among all only when it is another one.
func (s *seeker) find(r *Roster, settings *Settings) {
	read := uint64(0)
	for _, i := range s.exact {
		p := &s.probes[i]
		p.person = p.slots.at(p.slot)
	}
	for _, i := range s.exact {
		p := &s.probes[i]
		if p.slots.near == nil && p.person >= 0 {
			p.first()
		}
		if p.person >= 0 {
			read += r.records[p.person].head
		}
	}
	s.touched ^= read
	s.compare(r)
	for _, i := range s.likely {
		p := &s.probes[i]
		if person := s.probes[p.likely].person; r.isMailOf(person, p.hash) {
			p.person = person
			continue
		}
		s.look(i, p, &r.mails, mailKey(p.key, settings.MailDomains))
	}
	s.compare(r)
}

// compare finds whom the keys name that have to be compared.
func (s *seeker) compare(r *Roster) {
	read := 0
	for _, i := range s.compared {
		p := &s.probes[i]
		p.person = p.slots.at(p.slot)
	}
	for _, i := range s.compared {
		p := &s.probes[i]
		if p.person >= 0 {
			p.first()
		}
		if p.person >= 0 {
			read += int(r.records[p.person].mail)
		}
	}
	for _, i := range s.compared {
		if p := &s.probes[i]; p.person >= 0 {
			read += r.rows.touch(r.records[p.person].row())
		}
	}
	for _, i := range s.compared {
		if p := &s.probes[i]; p.person >= 0 {
			_, p.person = p.slots.findFrom(p.slot, p.hash, p.key)
		}
	}
	s.touched ^= uint64(read)
	s.compared = s.compared[:0]
}

// touchPeople looks at the rows of everybody found, as far as a whole person is read from them.
func (s *seeker) touchPeople(r *Roster) {
	read := 0
	for i := range s.probes {
		if p := &s.probes[i]; p.person >= 0 && p.likely < 0 {
			read += r.rows.touch(r.records[p.person].row())
		}
	}
	for i := range s.probes {
		if p := &s.probes[i]; p.person >= 0 && p.likely < 0 {
			read += r.rows.touchRest(r.records[p.person].row())
		}
	}
	s.touched ^= uint64(read)
}

// at is the person in a slot, whatever the tag; -1 for nobody.
func (s *slots) at(slot int) int32 {
	if s.near != nil {
		return s.near[slot] - 1
	}
	return int32(uint32(s.list[slot])) - 1
}

// first finds the first person whose slot has the tag of the key.
func (p *probe) first() {
	for entry := p.slots.list[p.slot]; entry != 0; entry = p.slots.list[p.slot] {
		if p.person = int32(uint32(entry)) - 1; entry>>32 == p.hash>>32 {
			return
		}
		p.slot = p.slots.next(p.slot)
	}
	p.person = -1
}

// touch looks at the memory where a row begins.
func (r *rows) touch(ref rowRef) int {
	text := r.keys.at(ref).rest
	return int(text[0]) + int(text[min(len(text)-1, 48)])
}

// touchRest looks at the memory where the rest of a row begins.
func (r *rows) touchRest(ref rowRef) int {
	in := r.keys.at(ref)
	in.text()
	in.skipTexts()
	in.skipTexts()
	in.number()
	rest := r.rest.at(rowRef(in.number())).rest
	return int(rest[0]) + int(rest[min(len(rest)-1, 63)])
}

// found is whom the keys of one account name, in the order in which they are asked for.
type found []probe

func (f *found) next() *probe {
	p := &(*f)[0]
	*f = (*f)[1:]
	return p
}
