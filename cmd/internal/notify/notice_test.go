package notify

import (
	"context"
	"strings"
	"testing"
	"time"
)

func exampleNotice() Notice {
	at := time.Date(2026, 3, 17, 12, 0, 0, 0, time.UTC)
	return Notice{Organisation: "Example Corp", From: "iam@example.com", To: "boss@example.com", Accounts: []Account{
		{Finding: "F-1", System: "crm", Login: "anna", Owner: "Alba, Anna (hr/100)", Kind: "leaver_active", Rule: "leavers", Action: "lock", Earliest: at},
		{Finding: "F-2", System: "erp", Login: "x\r\naction     none", Kind: "orphan", Rule: "orphans", Action: "delete", Earliest: at},
	}}
}

// TestNotice: whoever is told learns which accounts, from when on, and whom to answer; what a source wrote makes no line of its
// own, and the subject names nobody.
func TestNotice(t *testing.T) {
	office := newPostOffice(t, func(p *postOffice) { p.starttls = true })
	sender := &Sender{Now: time.Now, Roots: office.roots}
	if err := sender.Notice(context.Background(), office.box(), exampleNotice()); err != nil {
		t.Fatal(err)
	}
	office.mu.Lock()
	defer office.mu.Unlock()
	mail, talk := strings.Join(office.accepted, "\n"), strings.Join(office.said, "\n")
	for _, part := range []string{"To: <boss@example.com>", "Subject: leaver: 2 accounts are about to be acted on (Example Corp)", "account    anna", "owner      Alba, Anna (hr/100)",
		"action     lock, on 2026-03-17 12:00 UTC or later, by the rule \"leavers\"", "owner      nobody on record", "answer to iam@example.com before that day", "account    x  action     none"} {
		if !strings.Contains(mail, part) {
			t.Errorf("the mail does not say %q:\n%s", part, mail)
		}
	}
	if strings.Count(talk, "RCPT TO:") != 1 || strings.Contains(mail, "iam@example.com,") {
		t.Errorf("more than one recipient:\n%s", talk)
	}
}

// TestNoticeID: the same notice has the same id, another one another.
func TestNoticeID(t *testing.T) {
	ids := map[string]bool{exampleNotice().ID(): true}
	if !ids[exampleNotice().ID()] {
		t.Error("the same notice has two ids")
	}
	for _, change := range []func(*Notice){
		func(n *Notice) { n.To = "other@example.com" }, func(n *Notice) { n.Accounts = n.Accounts[:1] },
		func(n *Notice) { n.Accounts[0].Owner = "somebody else" }, func(n *Notice) { n.Accounts[0].Rule = "another" },
	} {
		n := exampleNotice()
		change(&n)
		if ids[n.ID()] {
			t.Errorf("%+v has an id that is taken", n)
		}
		ids[n.ID()] = true
	}
	if one := (Notice{Accounts: make([]Account, 1)}).Subject(); !strings.Contains(one, "1 account is") {
		t.Error(one)
	}
}
