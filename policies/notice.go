package policies

import (
	"fmt"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// Notify is the clause of a rule that makes it wait until somebody was told.
type Notify struct {
	// To lists who is told, the first who is there and has a mail address: "manager", "sponsor", "owner", a mail address, or
	// "source/id" of a person.
	To []string
	// Before is how long before the decision becomes due they have to be told, at least. It is zero where the grace itself counts
	// from the notice.
	Before time.Duration `json:",omitempty"`
}

// Notice is what somebody has to be told before a decision can become due. Until the ledger says that it went out nothing is.
type Notice struct {
	// To is who is told, Mail their address. Mail is empty when nobody can be told; To says why.
	To   HandOver `json:"to"`
	Mail string   `json:"mail,omitempty"`
	// Earliest is when the decision can become due if they are told tonight.
	Earliest time.Time `json:"earliest"`
}

func (n *Notify) check(r *Rule) error {
	switch {
	case r.Grace.From == FromNotified && n == nil:
		return fmt.Errorf("grace from the notice, and nobody to tell\nhint: add for example notify: {to: [manager, iam@example.com]}")
	case n == nil:
		return nil
	case r.Graceful():
		return fmt.Errorf("notify beside stages: the clocks of stages do not wait for a notice\nhint: a stage with action: report gives notice in the report; remove notify")
	case r.Action == ActionReport:
		return fmt.Errorf("a rule that only reports waits for no notice\nhint: remove notify, or write an action")
	case len(n.To) == 0:
		return fmt.Errorf("notify names nobody\nhint: add for example to: [manager, iam@example.com]")
	case r.Grace.From == FromNotified && n.Before != 0:
		return fmt.Errorf("notify has before, and the grace counts from the notice itself\nhint: write the time into grace.days, or count the grace from %s", FromEndDate)
	case r.Grace.From != FromNotified && (n.Before <= 0 || n.Before > MaxGrace*24*time.Hour):
		return fmt.Errorf("notify says by no time between 1s and %d days how long before the decision somebody is told\nhint: add for example before: 3d", MaxGrace)
	default:
		return nil
	}
}

// untold reports whether a clock waits for a notice.
func (c *Clock) untold(rule *Rule) bool { return rule.Notify != nil && c.ToldAt.IsZero() }

// tellDue moves the end of a clock behind its notice, once it has gone out. Until then the clock has the earliest end that it can
// have: it was first seen before anybody can be told.
func (s Set) tellDue(rule *Rule, c *Clock, v *reconcile.Verdict) {
	if rule.Notify == nil || c.ToldAt.IsZero() {
		return
	}
	if rule.Grace.From != FromNotified {
		c.DueAt = later(c.DueAt, c.ToldAt.Add(rule.Notify.Before))
		return
	}
	due := s.addDays(c.ToldAt, rule.Grace, rule.Grace.days(v.Account.System), v.Person)
	if due.After(c.DueAt) {
		c.Basis, c.DueAt = c.ToldAt, due
	}
}

// notice is what has to be told for a clock that waits, nil while its time has not come.
func (s Set) notice(rule *Rule, c *Clock, v *reconcile.Verdict) *Notice {
	if rule.Grace.From != FromNotified && s.Now.Before(c.DueAt.Add(-rule.Notify.Before)) {
		return nil
	}
	n := &Notice{Earliest: later(c.DueAt, s.Now.Add(rule.Notify.Before))}
	if rule.Grace.From == FromNotified {
		n.Earliest = later(c.DueAt, s.addDays(s.Now, rule.Grace, rule.Grace.days(v.Account.System), v.Person))
	}
	n.To = s.choose(rule.Notify.To, v, func(p *reconcile.Person, ref string) string {
		if mailOf(p, ref) == "" {
			return "has no mail address"
		}
		return ""
	})
	if n.To.Who != "" {
		ref := reference(n.To.To, v)
		n.Mail = mailOf(s.contact(ref), ref)
	}
	return n
}

// mailOf is the mail address of a person on record, or a reference that is one; empty when there is none.
func mailOf(p *reconcile.Person, ref string) string {
	mails := []string{ref}
	if p != nil {
		mails = p.Mails
	}
	for _, mail := range mails {
		if strings.Contains(mail, "@") {
			return mail
		}
	}
	return ""
}
