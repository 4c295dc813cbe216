package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
)

// match is the outcome of correlating one account.
type match struct {
	person int32 // index into Roster.people; -1 for none
	by     string
	// named holds everyone that any key named, in the order found, without repetition; more than one is a dispute once
	// [Roster.collapse] has put those together who are one human.
	named []named
	// apart is true when the link table says of one of several people who are one human that the account is not theirs: what
	// was reviewed stands over what was concluded, and people are taken one by one.
	apart bool
	// unclear says why the account is disputed although at most one person is named: a key hits contradictory or unreadable
	// people rows.
	unclear string
	// former is true when the key that matched was held earlier by somebody else.
	former bool
	// mailed is true when a mail address of the account is one of a person named.
	mailed bool
	tried  []KeyTried
	// table is what the link table says of the account; nil for nothing.
	table *linked
}

// named is a person whom a key named.
type named struct {
	person    int32
	by, value string
}

// KeyTried is one key value of an account and what it named.
type KeyTried struct {
	// Key is the correlation key, Value the value as the account carries it, Normalised as it was compared.
	Key        string
	Value      string
	Normalised string
	// Named lists the people named, as "source/id".
	Named []string
	// Note says what else is known about the value; often empty.
	Note string
}

func (m *match) disputed() bool { return len(m.named) > 1 || m.unclear != "" }

// join adds the people of another account that answers to the same reference; the order of accounts does not matter.
func (m *match) join(other match) {
	m.apart = m.apart || other.apart
	m.named = append(m.named, other.named...)
	slices.SortFunc(m.named, func(x, y named) int {
		return cmp.Or(cmp.Compare(x.person, y.person), strings.Compare(x.by, y.by), strings.Compare(x.value, y.value))
	})
	m.named = slices.CompactFunc(m.named, func(x, y named) bool { return x.person == y.person })
	if other.unclear != "" && (m.unclear == "" || other.unclear < m.unclear) {
		m.unclear = other.unclear
	}
}

// matcher correlates against one roster. With explain set it records every key tried.
type matcher struct {
	*Roster
	settings *Settings
	links    *linkTable
	explain  bool
	// found is whom the account's keys name, where they were looked up before.
	found found
}

// account makes m, which is empty, whom the account's own keys name, with those put together who are one human.
func (x *matcher) account(m *match, a *scanners.Account) {
	x.rows(m, a)
	x.collapse(m)
}

// collapse lets the people who are one human count as the one who leads.
func (r *Roster) collapse(m *match) {
	if m.apart || len(r.humans) == 0 || !slices.ContainsFunc(m.named, func(c named) bool { return r.humans[c.person] != nil }) {
		return
	}
	m.person = r.leader(m.person)
	var one []named
	for _, c := range m.named {
		c.person = r.leader(c.person)
		if !slices.ContainsFunc(one, func(o named) bool { return o.person == c.person }) {
			one = append(one, c)
		}
	}
	m.named = one
}

// leader is person i, or who leads the human whom that person is.
func (r *Roster) leader(i int32) int32 {
	if h := r.humans[i]; h != nil {
		return h.lead
	}
	return i
}

// rows makes m, which is empty, whom the account's own keys name among the people of each source. Every key is tried, because two
// keys that name different people must end in a dispute and not in the answer of the first.
func (x *matcher) rows(m *match, a *scanners.Account) {
	m.person, m.table = -1, x.links.of(a)
	m.apart = m.table.takesApart(x.Roster)
	if x.found == nil {
		var s seeker
		s.seek(x.Roster, x.settings, a)
		s.find(x.Roster, x.settings)
		x.found = s.probes
	}
	for _, key := range x.settings.Keys {
		switch key {
		case KeyEmployeeID:
			x.employeeIDs(m, a.EmployeeIDs, KeyEmployeeID)
		case KeyMail:
			x.addresses(m, a.Mails, KeyMail)
		case KeyAnchor:
			x.anchors(m, a.Anchors)
		}
	}
	x.link(m, m.table)
}

func (x *matcher) employeeIDs(m *match, values []string, by string) {
	for _, value := range values {
		folded := Fold(value)
		if folded == "" {
			continue
		}
		x.try(m, by, value, folded)
		for _, ids := range x.sources {
			x.nameAll(m, &ids.index, by, folded)
		}
		x.nameOthers(m, by, folded)
	}
}

func (x *matcher) addresses(m *match, values []string, by string) {
	for _, value := range values {
		p := x.found.next()
		if p.key == "" {
			continue
		}
		x.try(m, by, value, p.key)
		var room [1]int32
		for _, i := range x.mails.all(p.person, p.key, room[:0]) {
			if !x.name(m, i, by, p.key) {
				continue
			}
			m.mailed = true
			for _, holder := range x.former[p.key] {
				if holder != i && !x.oneHuman(m, holder, i) {
					m.former = true
					x.note(m, "held earlier by "+x.ref(holder))
				}
			}
		}
		x.checkReserved(m, KeyMail, p.key)
	}
}

func (x *matcher) anchors(m *match, values []string) {
	for _, value := range values {
		if folded := Fold(value); folded != "" {
			x.try(m, KeyAnchor, value, folded)
			x.nameOthers(m, KeyAnchor, folded)
		}
	}
}

// nameAll notes everyone whom the next probe names in a table.
func (x *matcher) nameAll(m *match, in *index, by, value string) {
	p := x.found.next()
	var room [1]int32
	for _, i := range in.all(p.person, p.key, room[:0]) {
		x.name(m, i, by, value)
	}
}

// nameOthers is nameAll for an id among the other ids, which may also be that of a row that could not be read.
func (x *matcher) nameOthers(m *match, by, folded string) {
	if x.others.one.used > 0 {
		x.nameAll(m, &x.others, by, folded)
	}
	if len(x.reserved) > 0 {
		x.checkReserved(m, KeyEmployeeID, stripZeros(folded))
	}
}

// name notes that a key with a value names person i; it reports false when the link table says that the account is not theirs.
func (x *matcher) name(m *match, i int32, by, value string) bool {
	if place, not := m.table.rejects(i); not {
		x.note(m, fmt.Sprintf("names %s, whose account it is not (%s)", x.ref(i), place))
		return false
	}
	if x.explain {
		tried := &m.tried[len(m.tried)-1]
		tried.Named = append(tried.Named, x.ref(i))
	}
	if len(x.disputed) > 0 && m.unclear == "" {
		m.unclear = x.disputed[i]
	}
	for n := range m.named {
		if m.named[n].person == i {
			return true
		}
	}
	n := len(m.named)
	m.named = slices.Grow(m.named, 1)[:n+1]
	to := &m.named[n] // in place: a copy of so many words takes time
	to.person, to.by, to.value = i, by, value
	if m.person < 0 {
		m.person, m.by = i, by
	}
	return true
}

// oneHuman reports whether people i and j are to be taken for one human.
func (x *matcher) oneHuman(m *match, i, j int32) bool {
	h := x.humans[i]
	return h != nil && h == x.humans[j] && !m.apart
}

func (x *matcher) checkReserved(m *match, key, value string) {
	if len(x.reserved) == 0 {
		return
	}
	if where, ok := x.reserved[key+"="+value]; ok {
		m.unclear = where
		x.note(m, where)
	}
}

// try takes note of a key that is tried.
func (x *matcher) try(m *match, key, value, normalised string) {
	if x.explain {
		m.tried = append(m.tried, KeyTried{Key: key, Value: value, Normalised: normalised})
	}
}

// note says what else is known of the key tried last.
func (x *matcher) note(m *match, text string) {
	if x.explain {
		m.tried[len(m.tried)-1].Note = text
	}
}

// reference correlates a manager, sponsor or owner reference that is an employee id or a mail address with the people of each
// source.
func (x *matcher) reference(value string) match {
	m, values := match{person: -1}, []string{value}
	s := seeker{last: -1}
	s.ids(x.Roster, values)
	s.mails(x.Roster, x.settings, values)
	s.find(x.Roster, x.settings)
	x.found = s.probes
	x.employeeIDs(&m, values, keySponsor)
	if len(m.named) == 0 {
		x.addresses(&m, values, keySponsor)
	}
	return m
}

const keySponsor = "sponsor"

// Ref is "source/id", which names a person in messages.
func (p *Person) Ref() string { return p.System + "/" + p.ID }
