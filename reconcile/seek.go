package reconcile

import "github.com/leaver-audit/leaver/scanners"

// probe is one look for a key in one table of people.
type probe struct {
	// slots is nil where nobody has keys of the kind.
	slots *slots
	key   string
	tag   uint64
	slot  int
	// likely is the place of another probe of the account, whose person may have this key as well; -1 for none.
	likely int32
	// person is somebody who has the key, -1 when nobody has; whoever else has it stands in index.many.
	person int32
}

// seeker looks up the keys of accounts, some dozens of accounts at a time. Each key leads to some place among all people that
// no cache holds: asked for together, dozens of such places are waited for at once.
type seeker struct {
	probes []probe
	likely int32 // of the account whose probes are added
}

// seek adds the probes for all keys of a, in the order in which [matcher.rows] asks for them.
func (s *seeker) seek(r *Roster, settings *Settings, a *scanners.Account) {
	s.likely = -1
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

// ids adds for each value a probe among the other ids, and one for each people source; only one without a key for a value that
// is no key.
func (s *seeker) ids(r *Roster, values []string) {
	for _, value := range values {
		folded := Fold(value)
		s.add(&r.others, folded)
		for _, ids := range r.sources {
			if folded == "" {
				break
			}
			if s.add(&ids.index, ids.folded(folded)) {
				s.likely = int32(len(s.probes) - 1)
			}
		}
	}
}

func (s *seeker) mails(r *Roster, settings *Settings, values []string) {
	for _, value := range values {
		if s.add(&r.mails, mailKey(value, settings.MailDomains)) {
			s.probes[len(s.probes)-1].likely = s.likely
		}
	}
}

func (s *seeker) anchors(r *Roster, values []string) {
	for _, value := range values {
		s.add(&r.others, Fold(value))
	}
}

// add reports whether somebody may have the key.
func (s *seeker) add(x *index, key string) bool {
	s.probes = append(s.probes, probe{key: key, person: -1, likely: -1})
	if x.one.used == 0 || key == "" {
		return false
	}
	p := &s.probes[len(s.probes)-1]
	tag, ok := x.one.tag(key)
	if ok {
		p.slots, p.tag, p.slot = &x.one, tag, x.one.first(tag)
	}
	return ok
}

// find finds whom the keys name. It takes one step of all probes before the next step of any: reads of one step do not need each
// other, so the processor has many of them under way. A mail address is compared with those of whom the employee id names
// before it is looked for among all.
func (s *seeker) find(r *Roster) (read int) {
	for i := range s.probes {
		if p := &s.probes[i]; p.slots != nil && p.likely < 0 {
			p.person = p.slots.at(p.slot)
		}
	}
	for i := range s.probes {
		if p := &s.probes[i]; p.person >= 0 && p.slots.near == nil {
			p.first()
		}
		if p := &s.probes[i]; p.person >= 0 {
			read += int(r.records[p.person])
		}
	}
	for i := range s.probes {
		p := &s.probes[i]
		if p.likely >= 0 {
			p.person = s.probes[p.likely].person
		}
		if p.person >= 0 && !p.slots.exact {
			read += r.rows.touch(r.records[p.person].row())
		}
	}
	for i := range s.probes {
		if p := &s.probes[i]; p.person >= 0 && p.likely < 0 && !r.records[p.person].has(ordinary) {
			read += r.rows.touchRest(r.records[p.person].row())
		}
	}
	for i := range s.probes {
		switch p := &s.probes[i]; {
		case p.slots == nil || p.slots.exact:
		case p.likely < 0 && p.person < 0:
		case p.likely >= 0 && p.person >= 0 && p.slots.has(p.person, p.key):
		default:
			_, p.person = p.slots.findFrom(p.slot, p.tag, p.key)
		}
	}
	return read
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
		if p.person = int32(uint32(entry)) - 1; entry>>32 == p.tag {
			return
		}
		p.slot = p.slots.next(p.slot)
	}
	p.person = -1
}

// touch looks at the memory of a row as far as keys are compared with it.
func (r *rows) touch(ref rowRef) int {
	text := r.keys.at(ref).rest
	return int(text[0]) + int(text[min(len(text)-1, 48)])
}

// touchRest looks at the rest of a row, which is needed to judge accounts of somebody of whom there is something to remark.
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
