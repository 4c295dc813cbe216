package policies

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/leaver-audit/leaver/reconcile"
)

// The words of a hand-over: whoever the record of the owner or of the account names as such.
const (
	ToManager = "manager"
	ToSponsor = "sponsor"
	ToOwner   = "owner"
)

// HandOver is who takes over what an owner leaves behind.
type HandOver struct {
	// To is what the rule says: "manager", "sponsor", "owner", an address or a person. Who is "source/id" of a person on record,
	// or the reference or address as it is written; empty when nobody is there. Name is the person's, if there is one.
	To   string `json:"to,omitempty"`
	Who  string `json:"who,omitempty"`
	Name string `json:"name,omitempty"`
	// Passed says of those whom the rule names first why it is not them.
	Passed string `json:"passed,omitempty"`
}

// String gives the person and what they are to the owner.
func (h HandOver) String() string {
	who := cmp.Or(h.Who, "nobody")
	if h.Name != "" {
		who = h.Name + " (" + h.Who + ")"
	}
	switch {
	case h.To == ToManager || h.To == ToSponsor || h.To == ToOwner:
		who += ", the " + h.To
	}
	if h.Passed != "" {
		who += ": " + h.Passed
	}
	return who
}

// handOver chooses who takes over.
func (s Set) handOver(rule *Rule, v *reconcile.Verdict) HandOver {
	return s.choose(rule.HandOver, v, func(*reconcile.Person, string) string { return "" })
}

// choose returns the first of those whom a rule names who is there: not gone, and not the owner who leaves. fit says what else
// speaks against a person on record, or against a reference that leads to nobody on record; empty for nothing.
func (s Set) choose(list []string, v *reconcile.Verdict, fit func(p *reconcile.Person, ref string) string) HandOver {
	var passed []string
	pass := func(format string, args ...any) { passed = append(passed, fmt.Sprintf(format, args...)) }
	for _, to := range list {
		ref := reference(to, v)
		p := s.contact(ref)
		problem := ""
		if ref != "" {
			problem = fit(p, ref)
		}
		switch {
		case ref == "":
			pass("no %s is on record", to)
		case p == nil && ref == to && !strings.Contains(ref, "@"):
			pass("no people source shows %s", to)
		case p != nil && v.Person != nil && p.MeantBy(v.Person.Ref()):
			pass("%s is the owner, who leaves", p.Ref())
		case p != nil && p.Gone():
			pass("%s %s has left", to, p.Ref())
		case problem != "":
			pass("%s %s %s", to, ref, problem)
		case p == nil:
			return HandOver{To: to, Who: ref, Passed: strings.Join(passed, "; ")}
		default:
			return HandOver{To: to, Who: p.Ref(), Name: p.Name(), Passed: strings.Join(passed, "; ")}
		}
	}
	return HandOver{Passed: strings.Join(passed, "; ")}
}

// reference is whom a word of a hand-over means for an account; the word itself when it is an address or a person.
func reference(to string, v *reconcile.Verdict) string {
	switch to {
	case ToManager:
		if v.Person != nil && v.Person.Manager != "" {
			return v.Person.Manager
		}
		return v.Account.Manager
	case ToSponsor:
		return v.Account.Sponsor
	case ToOwner:
		return v.Account.Owner
	default:
		return to
	}
}

func (s Set) contact(ref string) *reconcile.Person {
	if ref == "" || s.Contact == nil {
		return nil
	}
	return s.Contact(ref)
}
