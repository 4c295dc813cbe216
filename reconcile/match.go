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
	// room is where the people of a match may be noted, so that the usual one takes no memory of its own.
	room []named
	// found is whom the account's keys name, where they were looked up before.
	found found
}

// account correlates by the account's own keys, and puts those together who are one human.
func (x matcher) account(a *scanners.Account) match {
	m := x.rows(a)
	x.collapse(&m)
	return m
}

// collapse lets the people who are one human count as the one who leads.
func (r *Roster) collapse(m *match) {
	if m.apart || !slices.ContainsFunc(m.named, func(c named) bool { return r.humans[c.person] != nil }) {
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

// rows correlates by the account's own keys with the people of each source. Every key is tried, because two keys that name
// different people must end in a dispute and not in the answer of the first.
func (x matcher) rows(a *scanners.Account) match {
	m := match{person: -1, named: x.room, table: x.links.of(a)}
	m.apart = m.table.takesApart(x.Roster)
	if x.found == nil {
		var s seeker
		s.seek(x.Roster, x.settings, a)
		s.find(x.Roster)
		x.found = s.probes
	}
	for _, key := range x.settings.Keys {
		switch key {
		case KeyEmployeeID:
			x.employeeIDs(&m, a.EmployeeIDs, KeyEmployeeID)
		case KeyMail:
			x.addresses(&m, a.Mails, KeyMail)
		case KeyAnchor:
			x.anchors(&m, a.Anchors)
		}
	}
	x.link(&m, m.table)
	return m
}

func (x *matcher) employeeIDs(m *match, values []string, by string) {
	for _, value := range values {
		other := x.found.next()
		if other.key == "" {
			continue
		}
		tried := KeyTried{Key: by, Value: value, Normalised: other.key}
		for _, ids := range x.sources {
			x.nameAll(m, &tried, &ids.index, x.found.next(), by)
		}
		x.nameAll(m, &tried, &x.others, other, by)
		x.checkReserved(m, &tried, KeyEmployeeID, stripZeros(other.key))
		x.record(m, tried)
	}
}

func (x *matcher) addresses(m *match, values []string, by string) {
	for _, value := range values {
		p := x.found.next()
		if p.key == "" {
			continue
		}
		tried := KeyTried{Key: by, Value: value, Normalised: p.key}
		x.mails.eachFrom(p.person, p.key, func(i int32) {
			if !x.name(m, &tried, i, by) {
				return
			}
			m.mailed = true
			for _, holder := range x.former[p.key] {
				if holder != i && !x.oneHuman(m, holder, i) {
					m.former = true
					tried.Note = fmt.Sprintf("held earlier by %s", x.ref(holder))
				}
			}
		})
		x.checkReserved(m, &tried, KeyMail, p.key)
		x.record(m, tried)
	}
}

func (x *matcher) anchors(m *match, values []string) {
	for _, value := range values {
		p := x.found.next()
		if p.key == "" {
			continue
		}
		tried := KeyTried{Key: KeyAnchor, Value: value, Normalised: p.key}
		x.nameAll(m, &tried, &x.others, p, KeyAnchor)
		x.checkReserved(m, &tried, KeyEmployeeID, stripZeros(p.key))
		x.record(m, tried)
	}
}

// nameAll notes everyone whom a key names in a table.
func (x *matcher) nameAll(m *match, tried *KeyTried, in *index, p *probe, by string) {
	in.eachFrom(p.person, p.key, func(i int32) { x.name(m, tried, i, by) })
}

// name notes that a key names person i; it reports false when the link table says that the account is not theirs.
func (x *matcher) name(m *match, tried *KeyTried, i int32, by string) bool {
	if place, not := m.table.rejects(i); not {
		tried.Note = fmt.Sprintf("names %s, whose account it is not (%s)", x.ref(i), place)
		return false
	}
	if x.explain {
		tried.Named = append(tried.Named, x.ref(i))
	}
	if why, bad := x.disputed[i]; bad && m.unclear == "" {
		m.unclear = why
	}
	if slices.ContainsFunc(m.named, func(c named) bool { return c.person == i }) {
		return true
	}
	m.named = append(m.named, named{i, by, tried.Normalised})
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

func (x *matcher) checkReserved(m *match, tried *KeyTried, key, value string) {
	if len(x.reserved) == 0 {
		return
	}
	if where, ok := x.reserved[key+"="+value]; ok {
		m.unclear = where
		tried.Note = where
	}
}

func (x *matcher) record(m *match, tried KeyTried) {
	if x.explain {
		m.tried = append(m.tried, tried)
	}
}

// reference correlates a manager, sponsor or owner reference that is an employee id or a mail address with the people of each
// source.
func (x matcher) reference(value string) match {
	m, values := match{person: -1}, []string{value}
	s := seeker{likely: -1}
	s.ids(x.Roster, values)
	s.mails(x.Roster, x.settings, values)
	s.find(x.Roster)
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
