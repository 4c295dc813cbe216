package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
)

// Tie is what an account has to do with one person.
type Tie string

// The ties, the closest first. An account that a person holds is found by exact keys and nobody else's. Accounts that they answer
// for refer to them as owner, sponsor or manager. That they may hold one is for a person to decide: a dispute, or a match that
// is suspect.
const (
	TieNone       Tie = ""
	TieHolds      Tie = "holds"
	TieAnswersFor Tie = "answers_for"
	TieMayHold    Tie = "may_hold"
)

// Named returns every human whom name means: an id or another id, with or without leading zeros, "source/id", or a mail
// address. Those who are one human come once. "source/id" means the one person who has exactly it, whoever else it may fit.
func (e *Engine) Named(name string) []*Person {
	r := e.roster
	folded, mail := stripZeros(Fold(name)), mailKey(name, e.settings.MailDomains)
	var exact, fits []int32
	own := new(Person)
	for i := range r.records {
		r.load(own, int32(i))
		human := r.leader(int32(i))
		same := func(id string) bool { return stripZeros(Fold(id)) == folded }
		switch {
		case Fold(own.Ref()) == Fold(name):
			exact = appendNew(exact, []int32{human})
		case same(own.ID), own.Former != "" && (same(own.Former) || own.System+"/"+own.Former == name), slices.ContainsFunc(own.OtherIDs, same),
			mail != "" && slices.ContainsFunc(own.Mails, func(m string) bool { return mailKey(m, e.settings.MailDomains) == mail }):
			fits = appendNew(fits, []int32{human})
		}
	}
	if len(exact) == 0 {
		exact = fits
	}
	var people []*Person
	for _, i := range exact {
		people = append(people, r.at(i, false))
	}
	return people
}

// Tie says what a has to do with p, a person of the roster, and by which fact. It looks at every key and reference of the
// account and not only at those that decide the verdict: a guest who has a sponsor is the guest all the same.
func (e *Engine) Tie(a *scanners.Account, p *Person) (Tie, string) {
	f := new(file)
	e.open(f, a, nil, true)
	refs := p.Refs()
	key, reference := f.triedFor(refs)
	switch {
	case f.owner != nil && shareRef(f.owner.person(), refs) && e.suspect(f):
		return TieMayHold, f.match.by + " leads to them, and the match is suspect: the account may be older than they are here, or the key was somebody else's"
	case f.owner != nil && shareRef(f.owner.person(), refs):
		return TieHolds, "found by " + f.match.by
	case f.match.disputed() && (key != "" || reference != "" || slices.ContainsFunc(f.candidates, func(c Candidate) bool { return shareRef(c.Person, refs) })):
		return TieMayHold, disputeOf(f, refs)
	case f.Kind.Personal() && f.sponsor == nil:
		return TieNone, ""
	case key != "" && (f.Kind == scanners.KindGuest || f.Kind == scanners.KindTest) && f.match.by != KeyLink:
		return TieHolds, key
	case reference != "":
		return TieAnswersFor, reference
	case f.sponsor != nil && shareRef(f.sponsor.person(), refs):
		return TieAnswersFor, "found by " + f.match.by
	case key != "" && f.match.by != KeyLink:
		return TieAnswersFor, key
	}
	return TieNone, ""
}

// Refs are "source/id" of every person who is this human, the one who leads first.
func (p *Person) Refs() []string { return append([]string{p.Ref()}, p.Also...) }

func shareRef(p *Person, refs []string) bool {
	return slices.ContainsFunc(p.Refs(), func(ref string) bool { return slices.Contains(refs, ref) })
}

// triedFor returns the account's own key, and the reference in it, that name one of refs; "" for none.
func (f *file) triedFor(refs []string) (key, reference string) {
	for _, tried := range f.match.tried {
		if !slices.ContainsFunc(tried.Named, func(ref string) bool { return slices.Contains(refs, ref) }) {
			continue
		}
		switch {
		case tried.Key == keySponsor && reference == "":
			reference = fmt.Sprintf("refers to them by %q", tried.Value)
		case tried.Key != keySponsor && key == "":
			key = fmt.Sprintf("carries their %s %q", tried.Key, tried.Value)
		}
	}
	return key, reference
}

// disputeOf says who else the account may belong to, or what is unclear.
func disputeOf(f *file, refs []string) string {
	var others []string
	for _, c := range f.candidates {
		if !shareRef(c.Person, refs) {
			others = append(others, fmt.Sprintf("%s by %s", c.Person.Ref(), c.Key))
		}
	}
	if len(others) == 0 {
		return "disputed: " + f.match.unclear
	}
	return "disputed with " + strings.Join(others, " and ")
}
