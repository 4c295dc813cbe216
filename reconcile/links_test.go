package reconcile_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// link is an entry for the account of [login] that was made a month before noon.
func link(changes ...func(*reconcile.Link)) reconcile.Link {
	l := reconcile.Link{Source: "crm", Account: "a1", By: "ann", Second: "bob", Reason: "seen on paper", At: noon.Add(-30 * daySpan), Place: "links.yaml:1"}
	for _, change := range changes {
		change(&l)
	}
	return l
}

func to(ref string) func(*reconcile.Link)  { return func(l *reconcile.Link) { l.Person = ref } }
func not(ref string) func(*reconcile.Link) { return func(l *reconcile.Link) { l.Not = ref } }
func until(at time.Time) func(*reconcile.Link) {
	return func(l *reconcile.Link) { l.Until = at }
}

func accepted(owner string, kind scanners.AccountKind) func(*reconcile.Link) {
	return func(l *reconcile.Link) { l.Owner, l.Kind, l.Review = owner, kind, noon.Add(daySpan) }
}

func linkedWorld(people []scanners.Person, links ...reconcile.Link) world {
	w := newWorld(people...)
	w.settings.Links = links
	return w
}

// unusedLinks are the issues of the table after the accounts were surveyed.
func unusedLinks(w world, accounts ...scanners.Account) string {
	var texts []string
	for _, issue := range w.engine(accounts...).LinkIssues(func(string) bool { return true }) {
		texts = append(texts, issue.Source+" "+issue.Place+": "+issue.Text)
	}
	return strings.Join(texts, "\n")
}

func TestLinks(t *testing.T) {
	staff, gone := human("100", hired), human("200", left)
	both := []scanners.Person{staff, gone}
	twoNames := human("300", hired)
	twoNames.GivenName, twoNames.Place = "Other", "line 301"
	cases := []struct {
		name    string
		people  []scanners.Person
		links   []reconcile.Link
		account scanners.Account
		person  string
		kind    reconcile.Kind
		issue   string // part of the one issue; none when empty
	}{
		{"no table", both, nil, login(), "hr/100", "", ""},
		{"a link finds who has no key", both, []reconcile.Link{link(to("hr/200"))}, login(keys()), "hr/200", reconcile.UsedAfterEnd, ""},
		{"a link overrides a key", both, []reconcile.Link{link(to("hr/200"))}, login(), "hr/200", reconcile.UsedAfterEnd, ""},
		{"a link overrides a dispute", both, []reconcile.Link{link(to("hr/100"))}, login(keys("100", "200")), "hr/100", "", ""},
		{"a link of another account", both, []reconcile.Link{link(to("hr/200"), func(l *reconcile.Link) { l.Account = "A1" })}, login(), "hr/100", "", `no account has the id "A1"`},
		{"a link of another system", both, []reconcile.Link{link(to("hr/200"), func(l *reconcile.Link) { l.Source = "erp" })}, login(), "hr/100", "", `no account has the id "a1"`},
		{"leading zeros", both, []reconcile.Link{link(to("hr/0200"))}, login(), "hr/200", reconcile.UsedAfterEnd, ""},
		{"a person nobody knows: the keys decide", both, []reconcile.Link{link(to("hr/999"))}, login(), "hr/100", "", "names hr/999, whom no people source shows"},
		{"a people source nobody knows", both, []reconcile.Link{link(to("hq/100"))}, login(keys()), "", reconcile.Orphan, "names hq/100, whom no people source shows"},
		{"over on the last instant", both, []reconcile.Link{link(to("hr/200"), until(noon))}, login(), "hr/100", "", "expired after 2026-03-10"},
		{"not over an instant earlier", both, []reconcile.Link{link(to("hr/200"), until(noon.Add(time.Nanosecond)))}, login(), "hr/200", reconcile.UsedAfterEnd, ""},
		{"not yet in force", both, []reconcile.Link{link(to("hr/200"), func(l *reconcile.Link) { l.At = noon.Add(time.Nanosecond) })}, login(), "hr/100", "", "holds from"},
		{"in force from now", both, []reconcile.Link{link(to("hr/200"), func(l *reconcile.Link) { l.At = noon })}, login(), "hr/200", reconcile.UsedAfterEnd, ""},
		{"approved by whom it is about", both, []reconcile.Link{link(to("hr/100"), func(l *reconcile.Link) { l.Second = " P100@corp.example" })}, login(keys("200")), "hr/200", reconcile.UsedAfterEnd, "approved by the person whom it is about"},
		{"approved by who made it", both, []reconcile.Link{link(to("hr/100"), func(l *reconcile.Link) { l.Second = "ANN" })}, login(keys("200")), "hr/200", reconcile.UsedAfterEnd, "no second approver"},
		{"two entries disagree", both, []reconcile.Link{link(to("hr/200")), link(to("hr/100"))}, login(), "hr/100", "", "neither is used"},
		{"people data that cannot be trusted stays disputed", append(both, human("300", hired), twoNames), []reconcile.Link{link(to("hr/300"))}, login(), "disputed", reconcile.Disputed, ""},
		{"not: no candidate", both, []reconcile.Link{link(not("hr/200"))}, login(keys("100", "200")), "hr/100", "", ""},
		{"not: nobody left", both, []reconcile.Link{link(not("hr/100"))}, login(), "", reconcile.Orphan, ""},
		{"not: by mail", both, []reconcile.Link{link(not("hr/100"))}, login(keys("200"), mails("p100@corp.example")), "hr/200", reconcile.UsedAfterEnd, ""},
		{"not: somebody else", both, []reconcile.Link{link(not("hr/200"))}, login(), "hr/100", "", ""},
		{"not: expired", both, []reconcile.Link{link(not("hr/200"), until(noon))}, login(keys("100", "200")), "disputed", reconcile.Disputed, "expired"},
		{"not: a sponsor", both, []reconcile.Link{link(not("hr/100"))}, login(keys(), kind(scanners.KindService), sponsored("100")), "", reconcile.Orphan, ""},
		{"a link beside a sponsor", both, []reconcile.Link{link(to("hr/200"))}, login(keys(), kind(scanners.KindService), sponsored("100")), "hr/200", reconcile.OwnerLeft, ""},
		{"accepted", both, []reconcile.Link{link(accepted("hr/100", scanners.KindService))}, login(keys()), "hr/100", "", ""},
		{"accepted, with the key of a leaver", both, []reconcile.Link{link(accepted("hr/100", scanners.KindShared))}, login(keys("200")), "hr/100", "", ""},
		{"accepted, and the owner has left", both, []reconcile.Link{link(accepted("hr/200", scanners.KindService))}, login(keys()), "hr/200", reconcile.OwnerLeft, ""},
		{"accepted, and nobody knows the owner", both, []reconcile.Link{link(accepted("hr/999", scanners.KindService))}, login(keys()), "", reconcile.Orphan, "names hr/999"},
		{"accepted, and not any more", both, []reconcile.Link{link(accepted("hr/100", scanners.KindService), until(noon))}, login(keys("200")), "hr/200", reconcile.UsedAfterEnd, "expired"},
		{"accepted, review due", both, []reconcile.Link{link(accepted("hr/100", scanners.KindService), func(l *reconcile.Link) { l.Review = noon })}, login(keys()), "hr/100", "", "the review of account \"a1\" was due"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := linkedWorld(c.people, c.links...)
			v := wantPerson(t, w, c.account, c.person)
			if v.Kind != c.kind {
				t.Errorf("kind %q (%s), want %q", v.Kind, v.Why, c.kind)
			}
			if issues := unusedLinks(w, c.account); !strings.Contains(issues, c.issue) || (issues == "") != (c.issue == "") {
				t.Errorf("issues %q, want %q", issues, c.issue)
			}
		})
	}
}

// A vanished owner is remembered, and a link still leads to them.
func TestLinkToARememberedPerson(t *testing.T) {
	w := newWorld(human("100", hired), human("200", hired)).next(noon.Add(daySpan), human("100", hired))
	w.settings.Links = []reconcile.Link{link(to("hr/200"))}
	v := wantPerson(t, w, login(), "hr/200")
	if v.Kind != reconcile.LeaverActive || v.Situation != reconcile.Deleted || v.MatchedBy != "link" {
		t.Errorf("%q, %q by %q", v.Kind, v.Situation, v.MatchedBy)
	}
}

// Accounts that refer to a linked one lead to its person as well.
func TestReferenceToALinkedAccount(t *testing.T) {
	w := linkedWorld([]scanners.Person{human("100", hired), human("200", left)}, link(to("hr/200"), func(l *reconcile.Link) { l.Account = "boss" }))
	w.others = []scanners.Account{login(named("boss"), keys())}
	wantKind(t, w, login(keys(), kind(scanners.KindService), sponsored("boss")), reconcile.OwnerLeft)
}

// A reviewed link clears the suspicion that an account older than its owner raises, but not that of an id which changed hands.
func TestLinksAndSuspicion(t *testing.T) {
	late := human("100", tenure("2025-12-01", ""))
	old := login(created(instant("2019-01-01T00:00:00Z")))
	if v := newWorld(late).judge(old); !v.Flags.Has(reconcile.SuspectMatch) {
		t.Error("an account older than its owner is not suspect")
	}
	w := linkedWorld([]scanners.Person{late}, link(to("hr/100")))
	if v := w.judge(old); v.Flags.Has(reconcile.SuspectMatch) {
		t.Error("a reviewed link is suspect")
	}
	first := human("100", left)
	first.GivenName, first.FamilyName = "Zoe", "Zoll"
	w = newWorld(first).next(noon.Add(daySpan), late)
	w.settings.Links = []reconcile.Link{link(to("hr/100"))}
	if v := w.judge(old); !v.Flags.Has(reconcile.SuspectMatch) {
		t.Error("an id that changed hands is not suspect")
	}
}

func TestAcceptedKindIsShown(t *testing.T) {
	w := linkedWorld([]scanners.Person{human("100", hired)}, link(accepted("hr/100", scanners.KindService)))
	a := login(keys())
	v := w.judge(a)
	if v.Account.Kind != scanners.KindService || !strings.Contains(v.Account.KindWhy, "links.yaml:1") || v.MatchedBy != "link" {
		t.Errorf("%q because %q, found by %q", v.Account.Kind, v.Account.KindWhy, v.MatchedBy)
	}
	if a.Kind != "" {
		t.Error("the caller's account was changed")
	}
	emergency := w.judge(login(kind(scanners.KindBreakGlass)))
	if emergency.Account.Kind != scanners.KindBreakGlass {
		t.Error("an emergency account became something else")
	}
}

func TestLinksAreExplained(t *testing.T) {
	w := linkedWorld([]scanners.Person{human("100", hired), human("200", left)}, link(to("hr/200")))
	x := w.explain(login())
	if len(x.Keys) != 2 || x.Keys[0].Key != "link" || !slices.Equal(x.Keys[0].Named, []string{"hr/200"}) || x.Keys[1].Key != "employee_id" {
		t.Errorf("keys %+v", x.Keys)
	}
	if !strings.Contains(x.Keys[0].Note, "by ann, approved by bob: seen on paper") {
		t.Errorf("note %q", x.Keys[0].Note)
	}
	w = linkedWorld([]scanners.Person{human("100", hired)}, link(not("hr/100")))
	if x := w.explain(login()); len(x.Keys) != 1 || len(x.Keys[0].Named) != 0 || !strings.Contains(x.Keys[0].Note, "names hr/100, whose account it is not (links.yaml:1)") {
		t.Errorf("keys %+v", x.Keys)
	}
}
