package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// KeyLink is the correlation key of accounts whose person the link table names. It comes before all others and need not be
// configured.
const KeyLink = "link"

// Link is one entry of the link table: what two people decided about one account.
type Link struct {
	// Source and Account name the account by its immutable id, letter for letter.
	Source  string `json:"source"`
	Account string `json:"account"`
	// Exactly one of the three is set, as "source/id": Person owns the account; Owner answers for it, an accepted account of
	// the kind Kind; Not is somebody to whom it does not belong, whatever its keys say.
	Person string               `json:"person,omitempty"`
	Owner  string               `json:"owner,omitempty"`
	Not    string               `json:"not,omitempty"`
	Kind   scanners.AccountKind `json:"kind,omitempty"`
	// Review is when an accepted account has to be looked at again; it goes on to be accepted, and the report says so.
	Review time.Time `json:"review,omitzero"`
	// By made the entry and Second approved it.
	By     string `json:"by"`
	Second string `json:"second"`
	Reason string `json:"reason"`
	// The entry holds from At until just before Until; without Until it does not end.
	At    time.Time `json:"at"`
	Until time.Time `json:"until,omitzero"`
	// Place is "file:line" of the entry.
	Place string `json:"place"`
}

// Subject is the one person that the entry is about, "source/id".
func (l *Link) Subject() string { return l.Person + l.Owner + l.Not }

// linkTable holds the entries that are in force, by account.
type linkTable struct {
	accounts map[accountRef]*linked
	issues   []Issue
}

// linked is what the table says of one account.
type linked struct {
	// entry names the person, or the owner of an accepted account; nil when the table only says whom it does not belong to.
	entry  *Link
	person int32
	// not holds the people that it does not belong to, and places where the table says so.
	not    []int32
	places []string
	seen   bool
}

// newLinkTable checks the entries against the roster. Those that cannot be used are left out and become issues: the account
// then finds its person by its keys.
func newLinkTable(s *Settings, r *Roster) linkTable {
	t := linkTable{accounts: map[accountRef]*linked{}}
	contradicted := map[accountRef]bool{}
	for i := range s.Links {
		l := &s.Links[i]
		person, problem := r.usable(l, s)
		if problem != "" {
			t.tell(l, problem)
			continue
		}
		ref := accountRef{l.Source, l.Account}
		entry := t.accounts[ref]
		if entry == nil {
			entry = &linked{person: -1}
			t.accounts[ref] = entry
		}
		switch {
		case l.Not != "":
			entry.not, entry.places = append(entry.not, person), append(entry.places, l.Place)
		case entry.entry != nil:
			contradicted[ref] = true
			t.tell(l, "contradicts "+entry.entry.Place+", so neither is used")
		default:
			entry.entry, entry.person = l, person
		}
		if !l.Review.IsZero() && !s.AsOf.Before(l.Review) {
			t.issues = append(t.issues, Issue{l.Source, l.Place, fmt.Sprintf("the review of account %q was due on %s", l.Account, lastDay(l.Review, s.Zone))})
		}
	}
	for ref := range contradicted {
		t.accounts[ref].entry, t.accounts[ref].person = nil, -1
	}
	return t
}

func (t *linkTable) tell(l *Link, problem string) {
	t.issues = append(t.issues, Issue{l.Source, l.Place, fmt.Sprintf("the entry for account %q is not used: it %s", l.Account, problem)})
}

// usable returns the person that l is about, or why l cannot be used.
func (r *Roster) usable(l *Link, s *Settings) (person int32, problem string) {
	switch {
	case s.AsOf.Before(l.At):
		return -1, "holds from " + when(l.At) + " on only"
	case !l.Until.IsZero() && !s.AsOf.Before(l.Until):
		return -1, "expired after " + lastDay(l.Until, s.Zone)
	}
	person = r.find(l.Subject())
	if person < 0 {
		return -1, fmt.Sprintf("names %s, whom no people source shows, now or earlier", l.Subject())
	}
	if slices.ContainsFunc(r.members(person, false), func(i int32) bool { return r.person(i).isCalled(l.Second) }) {
		return -1, "was approved by the person whom it is about"
	}
	if Fold(l.Second) == Fold(l.By) {
		return -1, "has no second approver"
	}
	return person, ""
}

// lastDay is the last day, in zone, before the instant at which something is over.
func lastDay(t time.Time, zone *time.Location) string {
	return t.Add(-time.Second).In(zone).Format(time.DateOnly)
}

// find returns the person that ref, "source/id", names; -1 when there is none or more than one.
func (r *Roster) find(ref string) int32 {
	system, id, _ := strings.Cut(ref, "/")
	ids := r.ids[system]
	if ids == nil {
		return -1
	}
	var hits []int32
	exact := int32(-1)
	ids.index.each(ids.key(id), func(i int32) {
		hits = append(hits, i)
		if _, exactly := r.rows.id(r.records[i].row()); Fold(exactly) == Fold(id) {
			exact = i
		}
	})
	if exact < 0 && len(hits) == 1 {
		return hits[0]
	}
	return exact
}

// isCalled reports whether name, as somebody signs, can only or also mean p.
func (p *Person) isCalled(name string) bool {
	own := append([]string{p.Ref(), p.ID, p.DisplayName, p.Name(), p.GivenName + " " + p.FamilyName}, p.Mails...)
	return slices.ContainsFunc(own, func(s string) bool { return Fold(s) != "" && Fold(s) == Fold(name) })
}

// of returns what the table says of a; nil for nothing.
func (t *linkTable) of(a *scanners.Account) *linked {
	if len(t.accounts) == 0 {
		return nil
	}
	return t.accounts[accountRef{a.System, a.ID}]
}

// accepted returns a as the kind that the link table accepts it as; a itself when the table has no such entry. Emergency
// accounts stay what they are.
func (t *linkTable) accepted(a *scanners.Account) *scanners.Account {
	l := t.of(a)
	if l == nil || l.entry == nil || l.entry.Owner == "" || a.Kind == scanners.KindBreakGlass {
		return a
	}
	changed := *a
	changed.Kind, changed.KindWhy = l.entry.Kind, fmt.Sprintf("accepted at %s: %s", l.entry.Place, l.entry.Reason)
	return &changed
}

// rejects reports whether the table says that the account is not person i's, and where.
func (l *linked) rejects(i int32) (place string, yes bool) {
	if l == nil {
		return "", false
	}
	at := slices.Index(l.not, i)
	if at < 0 {
		return "", false
	}
	return l.places[at], true
}

// takesApart reports whether the table says of somebody who is one human with others that the account is not theirs.
func (l *linked) takesApart(r *Roster) bool {
	return l != nil && slices.ContainsFunc(l.not, func(i int32) bool { return r.humans[i] != nil })
}

// withdraw takes people to whom the account does not belong out of m, which a reference of the account led to.
func (l *linked) withdraw(r *Roster, m *match, tried *KeyTried) {
	if l == nil || len(l.not) == 0 {
		return
	}
	m.named = slices.DeleteFunc(slices.Clone(m.named), func(c named) bool {
		at := slices.Index(l.not, c.person)
		if at < 0 {
			return false
		}
		who := r.ref(c.person)
		tried.Note = fmt.Sprintf("names %s, whose account it is not (%s)", who, l.places[at])
		tried.Named = slices.DeleteFunc(tried.Named, func(ref string) bool { return ref == who })
		return true
	})
}

// link lets the table's person take the place of everyone whom the keys named. People data that cannot be trusted stays so.
func (x *matcher) link(m *match, l *linked) {
	if l == nil || l.entry == nil {
		return
	}
	e := l.entry
	keys := m.tried
	*m = match{person: l.person, by: KeyLink, unclear: x.disputed[l.person], apart: m.apart, named: []named{{l.person, KeyLink, e.Subject()}}}
	if x.explain {
		m.tried = append([]KeyTried{{Key: KeyLink, Value: e.Subject(), Normalised: Fold(e.Subject()), Named: []string{x.ref(l.person)},
			Note: fmt.Sprintf("%s: by %s, approved by %s: %s", e.Place, e.By, e.Second, e.Reason)}}, keys...)
	}
}

// LinkIssues lists the entries of the link table that were not used and why, and those whose review is due. Entries for an
// account that the survey did not show are among them when complete says that its source was read completely.
func (e *Engine) LinkIssues(complete func(source string) bool) []Issue {
	list := slices.Clone(e.links.issues)
	for ref, l := range e.links.accounts {
		if l.seen || !complete(ref.system) {
			continue
		}
		place := ""
		if l.entry != nil {
			place = l.entry.Place
		} else if len(l.places) > 0 {
			place = l.places[0]
		}
		list = append(list, Issue{ref.system, place, fmt.Sprintf("no account has the id %q: a link names the immutable id, not a login", ref.key)})
	}
	slices.SortStableFunc(list, func(x, y Issue) int {
		return cmp.Or(strings.Compare(x.Source, y.Source), strings.Compare(x.Place, y.Place), strings.Compare(x.Text, y.Text))
	})
	return list
}
