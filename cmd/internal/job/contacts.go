package job

import (
	"strings"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// contacts finds people by what others call them: an employee id, alone or after "source/", or a mail address. It is made once,
// when first asked, and only where a rule hands over or tells somebody; it reads the people, not their key indexes.
type contacts struct {
	roster *reconcile.Roster
	// known holds nil for what means more than one.
	known map[string]*reconcile.Person
}

// contact returns what a set of rules asks for a contact; nil when none of the rules needs one.
func contact(rules []policies.Rule, roster *reconcile.Roster) func(ref string) *reconcile.Person {
	for i := range rules {
		if len(rules[i].HandOver) > 0 || rules[i].Notify != nil {
			return (&contacts{roster: roster}).find
		}
	}
	return nil
}

func (c *contacts) find(ref string) *reconcile.Person {
	if c.known == nil {
		c.known = map[string]*reconcile.Person{}
		c.roster.People(c.add)
	}
	return c.known[reconcile.Fold(ref)]
}

func (c *contacts) add(p *reconcile.Person) {
	c.name(p.Ref(), p)
	c.name(p.ID, p)
	if p.Former != "" {
		c.name(p.Former, p)
	}
	for _, mail := range p.Mails {
		if strings.Contains(mail, "@") {
			c.name(mail, p)
		}
	}
}

// name notes that a word means somebody. Two people who are one human are no contradiction: the one who is here stands for them.
func (c *contacts) name(word string, p *reconcile.Person) {
	word = reconcile.Fold(word)
	other, taken := c.known[word]
	switch {
	case !taken:
		c.known[word] = p
	case other == nil || other == p:
	case p.MeantBy(other.Ref()):
		if other.Gone() && !p.Gone() {
			c.known[word] = p
		}
	default:
		c.known[word] = nil
	}
}
