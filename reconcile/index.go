package reconcile

import (
	"fmt"
	"slices"
)

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
	first, ok := x.one[key]
	if !ok {
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
		r.past[i].formerMails = b.formerMails(past, p)
		for _, mail := range r.past[i].formerMails {
			r.former[mail] = append(r.former[mail], i)
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
