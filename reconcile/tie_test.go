package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

func TestNamed(t *testing.T) {
	doubled := func(p *scanners.Person) { p.System, p.Mails = "ext", []string{"shared@corp.example"} }
	mailed := human("300", hired)
	mailed.Mails = []string{"shared@corp.example", "real@old.example"}
	numbered := human("400", hired)
	numbered.OtherIDs = []string{"B-7"}
	other := human("100", hired)
	doubled(&other)
	other.GivenName, other.FamilyName = "Someone", "Else"
	w := newWorld(human("0100", hired), human("0200", left), mailed, numbered, other)
	w.settings.MailDomains = map[string]string{"old.example": "corp.example"}
	e := w.engine()
	for _, c := range []struct{ name, want string }{
		{"200", "hr/0200"},
		{"0200", "hr/0200"},
		{"000200", "hr/0200"},
		{"hr/0200", "hr/0200"},
		{"HR/0200", "hr/0200"},
		{"P0200@Corp.Example", "hr/0200"},
		{"b-7", "hr/400"},
		{"real@corp.example", "hr/300"},
		{"shared@corp.example", "ext/100 hr/300"},
		{"100", "ext/100 hr/0100"},
		{"ext/100", "ext/100"},
		{"hr/0100", "hr/0100"},
		{"hr/100", ""},
		{"Given200", ""},
		{"20", ""},
		{"", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, p := range e.Named(c.name) {
				got = append(got, p.Ref())
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("named %q, want %q", s, c.want)
			}
		})
	}
}

// Somebody who is one human in two sources is named once, by the ids of both.
func TestNamedHuman(t *testing.T) {
	e := newWorld(ana("hr", "7", hired), ana("ext", "X9", left)).engine()
	for _, name := range []string{"7", "x9", "ext/X9", "hr/7", "ana@corp.example"} {
		if list := e.Named(name); len(list) != 1 || fmt.Sprint(list[0].Refs()) != "[hr/7 ext/X9]" {
			t.Errorf("%q names %v", name, list)
		}
	}
}

func TestTie(t *testing.T) {
	old := created(instant("2015-01-01T00:00:00Z"))
	for _, c := range []struct {
		name    string
		account scanners.Account
		tie     reconcile.Tie
		why     string
	}{
		{"by its id", login(), reconcile.TieHolds, "found by employee_id"},
		{"disabled", login(disabled), reconcile.TieHolds, "found by employee_id"},
		{"somebody else's", login(keys("200")), "", ""},
		{"nobody's", login(keys()), "", ""},
		{"disputed", login(keys("100", "200")), reconcile.TieMayHold, "disputed with hr/200 by employee_id"},
		{"disputed between others", login(keys("300", "200")), "", ""},
		{"older than they are here", login(old), reconcile.TieMayHold, "suspect"},
		{"an administrator's, by key", login(kind(scanners.KindAdmin)), reconcile.TieHolds, "found by employee_id"},
		{"an administrator's, by sponsor", login(kind(scanners.KindAdmin), keys(), sponsored("100")), reconcile.TieAnswersFor, `refers to them by "100"`},
		{"a service by sponsor", login(kind(scanners.KindService), keys(), sponsored("100")), reconcile.TieAnswersFor, `refers to them by "100"`},
		{"a service by its own key", login(kind(scanners.KindService)), reconcile.TieAnswersFor, "found by employee_id"},
		{"a service that somebody else owns", login(kind(scanners.KindService), keys(), sponsored("200")), "", ""},
		{"the second sponsor of two", login(kind(scanners.KindService), keys(), sponsored("100"), owned("300")), reconcile.TieAnswersFor, `refers to them by "100"`},
		{"a service with their key that somebody else owns", login(kind(scanners.KindService), sponsored("300")), reconcile.TieAnswersFor, `carries their employee_id "100"`},
		{"a guest whom somebody else invited", login(kind(scanners.KindGuest), sponsored("300")), reconcile.TieHolds, `carries their employee_id "100"`},
		{"a guest whom they invited", login(kind(scanners.KindGuest), keys("300"), sponsored("100")), reconcile.TieAnswersFor, `refers to them by "100"`},
		{"a colleague's whose manager they are", login(keys("300"), func(a *scanners.Account) { a.Manager = "100" }), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newWorld(human("100", hired), human("200", left), human("300", hired)).engine(c.account)
			tie, why := e.Tie(&c.account, e.Named("hr/100")[0])
			if tie != c.tie || !strings.Contains(why, c.why) {
				t.Errorf("%q because %q, want %q because %q", tie, why, c.tie, c.why)
			}
		})
	}
}

func owned(ref string) func(*scanners.Account) {
	return func(a *scanners.Account) { a.Owner = ref }
}

// What a reviewed link says stands over keys, for the person of the link and for the one whose key it is.
func TestTieByLink(t *testing.T) {
	a := login()
	w := linkedWorld([]scanners.Person{human("100", hired), human("200", hired)}, link(to("hr/200")))
	e := w.engine(a)
	for ref, want := range map[string]reconcile.Tie{"hr/200": reconcile.TieHolds, "hr/100": ""} {
		if tie, why := e.Tie(&a, e.Named(ref)[0]); tie != want {
			t.Errorf("%s: %q because %q, want %q", ref, tie, why, want)
		}
	}
}

// Somebody whose row cannot be read tonight, and whom an earlier night knew, may hold the accounts that carry their keys.
func TestTieOfAnUnreadPerson(t *testing.T) {
	w := newWorld(human("100", hired)).next(noon.Add(24*time.Hour), human("200", hired))
	w.rejected = []scanners.Rejection{{ID: "100", Place: "line 2", Reason: "the date is none"}}
	a := login()
	e := w.engine(a)
	if tie, why := e.Tie(&a, e.Named("100")[0]); tie != reconcile.TieMayHold || !strings.Contains(why, "line 2") {
		t.Errorf("%q because %q", tie, why)
	}
}
