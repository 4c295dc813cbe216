package reconcile_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// ana is a row of a people source about somebody called Ana Silva. Changes are applied in order.
func ana(source, id string, tenure scanners.Employment, changes ...func(*scanners.Person)) scanners.Person {
	p := scanners.Person{System: source, ID: id, GivenName: "Ana", FamilyName: "Silva", Mails: []string{"ana@corp.example"},
		Employments: []scanners.Employment{tenure}, Place: source + " line " + id}
	for _, change := range changes {
		change(&p)
	}
	return p
}

func calledAs(given, family string) func(*scanners.Person) {
	return func(p *scanners.Person) { p.GivenName, p.FamilyName = given, family }
}

func writesFrom(addresses ...string) func(*scanners.Person) {
	return func(p *scanners.Person) { p.Mails = addresses }
}

func alsoKnownAs(ids ...string) func(*scanners.Person) {
	return func(p *scanners.Person) { p.OtherIDs = ids }
}

// byMail and byID are accounts used before noon that carry one key.
func byMail() scanners.Account { return ofAna(mails("ana@corp.example")) }

func byID(id string) scanners.Account { return ofAna(keys(id)) }

// ofAna is an account of the time of the contract without any key.
func ofAna(changes ...func(*scanners.Account)) scanners.Account {
	return login(append([]func(*scanners.Account){keys(), created(instant("2024-02-01T00:00:00Z"))}, changes...)...)
}

func numbered(id string) func(*scanners.Account) { return func(a *scanners.Account) { a.ID = id } }

var (
	contract  = tenure("2024-01-01", "2026-01-31")
	employed  = tenure("2026-02-01", "")
	openEnded = tenure("2024-01-01", "")
)

// whose is "source/id" of the person of a verdict and everybody else who is the same human; "disputed" or "nobody".
func whose(v reconcile.Verdict) string {
	switch {
	case v.Situation == reconcile.SituationDisputed:
		return "disputed"
	case v.Person == nil:
		return "nobody"
	default:
		return strings.Join(append([]string{v.Person.Ref()}, v.Person.Also...), " ")
	}
}

// TestOneHuman: whether people of several sources are one human, as an account with their common address shows it.
func TestOneHuman(t *testing.T) {
	const both = "hr/1 ext/X1"
	cases := []struct {
		name   string
		people []scanners.Person
		want   string
	}{
		{"a contractor turned employee", []scanners.Person{ana("ext", "X1", contract), ana("hr", "1", employed)}, both},
		{"the contract still open", []scanners.Person{ana("ext", "X1", openEnded), ana("hr", "1", employed)}, both},
		{"names and address in other case", []scanners.Person{ana("ext", "X1", contract, calledAs("ANA ", "silva"), writesFrom("ANA@Corp.example")), ana("hr", "1", employed)}, both},
		{"an address in an alias domain", []scanners.Person{ana("ext", "X1", contract, writesFrom("ana@old.example")), ana("hr", "1", employed)}, both},
		{"names the other way round", []scanners.Person{ana("ext", "X1", contract, calledAs("Silva", "Ana")), ana("hr", "1", employed)}, both},
		{"the same name twice", []scanners.Person{ana("ext", "X1", contract, calledAs("Ana", "Ana")), ana("hr", "1", employed)}, "disputed"},
		{"another family name", []scanners.Person{ana("ext", "X1", contract, calledAs("Ana", "Costa")), ana("hr", "1", employed)}, "disputed"},
		{"another given name", []scanners.Person{ana("ext", "X1", contract, calledAs("Eva", "Silva")), ana("hr", "1", employed)}, "disputed"},
		{"no given names", []scanners.Person{ana("ext", "X1", contract, calledAs("", "Silva")), ana("hr", "1", employed, calledAs("", "Silva"))}, "disputed"},
		{"no family names", []scanners.Person{ana("ext", "X1", contract, calledAs("Ana", "")), ana("hr", "1", employed, calledAs("Ana", ""))}, "disputed"},
		{"other addresses", []scanners.Person{ana("ext", "X1", contract), ana("hr", "1", employed, writesFrom("silva@corp.example"))}, "ext/X1"},
		{"two years between", []scanners.Person{ana("ext", "X1", tenure("2023-01-01", "2024-01-31")), ana("hr", "1", employed)}, "disputed"},
		{"ninety days between", []scanners.Person{ana("ext", "X1", tenure("2023-01-01", "2025-11-02")), ana("hr", "1", employed)}, both},
		{"ninety-one days between", []scanners.Person{ana("ext", "X1", tenure("2023-01-01", "2025-11-01")), ana("hr", "1", employed)}, "disputed"},
		{"an employee turned contractor", []scanners.Person{ana("ext", "X1", employed), ana("hr", "1", contract)}, "ext/X1 hr/1"},
		{"one source", []scanners.Person{ana("hr", "1", employed), ana("hr", "2", contract)}, "disputed"},
		{"two of one source and one of another", []scanners.Person{ana("hr", "1", employed), ana("ext", "X1", contract), ana("ext", "X2", contract)}, "disputed"},
		{"three sources", []scanners.Person{ana("hr", "1", employed), ana("ext", "X1", contract), ana("lab", "7", openEnded)}, "hr/1 ext/X1 lab/7"},
		{"three sources, linked by the one between", []scanners.Person{ana("hr", "1", employed), ana("ext", "X1", contract), ana("lab", "7", tenure("2020-01-01", "2023-12-31"))}, "hr/1 ext/X1 lab/7"},
		{"three sources, one of them somebody else", []scanners.Person{ana("hr", "1", employed), ana("ext", "X1", contract), ana("lab", "7", openEnded, calledAs("Bo", "Lee"))}, "disputed"},
		{"three sources, one long ago", []scanners.Person{ana("hr", "1", employed), ana("ext", "X1", contract), ana("lab", "7", tenure("2020-01-01", "2021-12-31"))}, "disputed"},
		{"the start not stated, open now", []scanners.Person{ana("ext", "X1", contract), ana("hr", "1", tenure("", ""))}, both},
		{"the start not stated, the other long over", []scanners.Person{ana("ext", "X1", tenure("2024-01-01", "2025-11-01")), ana("hr", "1", tenure("", ""))}, "disputed"},
		{"neither start stated", []scanners.Person{ana("ext", "X1", tenure("", "2025-12-31")), ana("hr", "1", tenure("", ""))}, both},
		{"ended by a status without a date", []scanners.Person{ana("ext", "X1", tenureAs("2024-01-01", "", scanners.StatusTerminated)), ana("hr", "1", employed)}, "disputed"},
		{"listed without an employment", []scanners.Person{{System: "ext", ID: "X1", GivenName: "Ana", FamilyName: "Silva", Mails: []string{"ana@corp.example"}}, ana("hr", "1", employed)}, both},
		{"about to start", []scanners.Person{ana("ext", "X1", contract), ana("hr", "1", tenure("2026-04-01", ""))}, "ext/X1 hr/1"},
		{"about to start, long after", []scanners.Person{ana("ext", "X1", contract), ana("hr", "1", tenure("2026-06-01", ""))}, "disputed"},
		{"contradictory rows", []scanners.Person{ana("ext", "X1", contract), ana("ext", "X1", contract, calledAs("Bo", "Lee")), ana("hr", "1", employed)}, "disputed"},
		{"tied by an id", []scanners.Person{ana("ext", "X1", contract), ana("hr", "1", employed, writesFrom("silva@corp.example"), alsoKnownAs("x1"))}, both},
		{"tied by an id that two have", []scanners.Person{ana("ext", "X1", contract), ana("lab", "X1", openEnded, calledAs("Bo", "Lee"), writesFrom("bo@corp.example")),
			ana("hr", "1", employed, writesFrom("silva@corp.example"), alsoKnownAs("X1"))}, "ext/X1"},
		{"another id that both state", []scanners.Person{ana("ext", "X1", contract, alsoKnownAs("G")), ana("hr", "1", employed, writesFrom("silva@corp.example"), alsoKnownAs("G"))}, "ext/X1"},
		{"two of one source with another address", []scanners.Person{ana("hr", "1", employed, writesFrom("ana@corp.example", "silva@corp.example")), ana("ext", "X1", contract),
			ana("hr", "2", contract, writesFrom("silva@corp.example"))}, both},
		{"two ties that make two of one source", []scanners.Person{ana("hr", "1", employed, writesFrom("ana@corp.example", "silva@corp.example")), ana("ext", "X1", contract),
			ana("ext", "X2", contract, writesFrom("silva@corp.example"))}, "disputed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(c.people...)
			w.settings.MailDomains = map[string]string{"old.example": "corp.example"}
			if got := whose(w.judge(byMail())); got != c.want {
				t.Errorf("the account is that of %q, want %q", got, c.want)
			}
			slices.Reverse(w.people)
			if got := whose(w.judge(byMail())); got != c.want {
				t.Errorf("with the people in reverse the account is that of %q, want %q", got, c.want)
			}
		})
	}
}

// TestEveryKeyNamesTheHuman: one candidate, whichever member an account names.
func TestEveryKeyNamesTheHuman(t *testing.T) {
	w := newWorld(ana("ext", "X1", contract), ana("hr", "1", employed, writesFrom("ana@corp.example", "silva@corp.example"), alsoKnownAs("GUID")))
	w.settings.LoginRules = []reconcile.LoginRule{admRule()}
	w.others = []scanners.Account{primaryOf("X1", "jdoe")}
	cases := []struct {
		name    string
		account scanners.Account
		by      string
	}{
		{"id of the contractor", byID("X1"), "employee_id"},
		{"id of the employee", byID("1"), "employee_id"},
		{"ids of both", ofAna(keys("X1", "1")), "employee_id"},
		{"the address of both", byMail(), "mail"},
		{"the address of one", ofAna(mails("silva@corp.example")), "mail"},
		{"anchor", ofAna(anchors("guid")), "anchor"},
		{"id of one, address of the other", ofAna(keys("X1"), mails("silva@corp.example")), "employee_id"},
		{"login rule", ofAna(named("adm-jdoe")), "login"},
		{"sponsored", ofAna(kind(scanners.KindService), sponsored("X1")), "sponsor"},
		{"sponsored by the address of both", ofAna(kind(scanners.KindService), sponsored("ana@corp.example")), "sponsor"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := wantKind(t, w, c.account, none)
			if got := whose(v); got != "hr/1 ext/X1" || v.MatchedBy != c.by {
				t.Errorf("the account is that of %q by %q", got, v.MatchedBy)
			}
		})
	}
	linked := w
	linked.settings.Links = []reconcile.Link{{Source: "crm", Account: "a1", Person: "ext/X1", By: "Kim", Second: "Lou", At: noon.AddDate(0, -1, 0)}}
	if v := wantKind(t, linked, ofAna(), none); whose(v) != "hr/1 ext/X1" || v.MatchedBy != reconcile.KeyLink {
		t.Errorf("the linked account is that of %q by %q", whose(v), v.MatchedBy)
	}
	linked.settings.Links[0].Second = "silva@corp.example"
	if v := linked.judge(ofAna()); v.Person != nil {
		t.Errorf("a link approved by its subject under another name leads to %s", whose(v))
	}
}

// TestStandingOfTheHuman: the state of a human in two sources, and what an account of theirs is.
func TestStandingOfTheHuman(t *testing.T) {
	as := func(start, end string, s scanners.Status) scanners.Employment { return tenureAs(start, end, s) }
	cases := []struct {
		name    string
		ext, hr scanners.Employment
		state   reconcile.PersonState
		lead    string
		kind    reconcile.Kind
		flags   string
	}{
		{"one ended, one open", contract, employed, reconcile.Employed, "hr/1", none, ""},
		{"one open, one ended", employed, contract, reconcile.Employed, "ext/X1", none, ""},
		{"both ended", contract, tenure("2026-02-01", "2026-02-28"), reconcile.Ended, "hr/1", usedAfterEnd, ""},
		{"both ended, the contract last", tenure("2024-01-01", "2026-03-01"), tenure("2026-02-01", "2026-02-28"), reconcile.Ended, "ext/X1", usedAfterEnd, ""},
		{"suspended in one, at work in the other", openEnded, as("2026-02-01", "", scanners.StatusSuspended), reconcile.Employed, "ext/X1", none, "hr_conflict"},
		{"suspended in one, ended in the other", contract, as("2026-02-01", "", scanners.StatusSuspended), reconcile.Suspended, "hr/1", reconcile.SuspendedActive, ""},
		{"on leave in one, at work in the other", openEnded, as("2026-02-01", "", scanners.StatusLeave), reconcile.Leave, "hr/1", none, "on_leave"},
		{"on leave in one, suspended in the other", as("2024-01-01", "", scanners.StatusSuspended), as("2026-02-01", "", scanners.StatusLeave), reconcile.Leave, "hr/1", none, "hr_conflict on_leave"},
		{"ended, about to start", contract, tenure("2026-04-01", ""), reconcile.Ended, "ext/X1", usedAfterEnd, "possible_rehire"},
		{"at work, about to start", openEnded, tenure("2026-04-01", ""), reconcile.Employed, "ext/X1", none, ""},
		{"about to start in both", tenure("2026-05-01", ""), tenure("2026-04-01", ""), reconcile.Prehire, "hr/1", reconcile.EarlyActive, "suspect_match"},
		{"a past end contradicted, and open", as("2024-01-01", "2026-01-31", scanners.StatusActive), employed, reconcile.Employed, "hr/1", none, ""},
		{"a past end contradicted, and another", as("2024-01-01", "2026-01-31", scanners.StatusActive), tenure("2026-02-01", "2026-02-28"), reconcile.Ended, "hr/1", usedAfterEnd, "hr_conflict"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(ana("ext", "X1", c.ext), ana("hr", "1", c.hr))
			for _, a := range []scanners.Account{byID("X1"), byID("1"), byMail()} {
				v := w.judge(a)
				if v.Person == nil || len(v.Person.Also) != 1 {
					t.Fatalf("the account is that of %q", whose(v))
				}
				if got := outcomeOf(v); v.Person.State != c.state || got.Person != c.lead || got.Kind != c.kind || got.Flags != c.flags {
					t.Errorf("%s, %+v; want %s, %s, kind %q, flags %q", v.Person.State, got, c.state, c.lead, c.kind, c.flags)
				}
			}
		})
	}
}

// TestDormancyOfTheHuman: somebody on leave by one source does not have to use the accounts of the other job.
func TestDormancyOfTheHuman(t *testing.T) {
	idle := ofAna(mails("ana@corp.example"), used(noon.AddDate(-1, 0, 0), 0))
	away := tenureAs("2026-02-01", "", scanners.StatusLeave)
	wantKind(t, newWorld(ana("ext", "X1", openEnded), ana("hr", "1", away)), idle, none)
	wantKind(t, newWorld(ana("ext", "X1", openEnded), ana("hr", "1", employed)), idle, reconcile.Dormant)
}

// TestHumanOverNights: a member who is gone from one source is not gone, and an absence seen once is not believed.
func TestHumanOverNights(t *testing.T) {
	tomorrow := noon.Add(daySpan)
	tonight := newWorld(ana("ext", "X1", openEnded), ana("hr", "1", employed))
	cases := []struct {
		name  string
		world world
		whose string
		kind  reconcile.Kind
		flags string
	}{
		{"the contractor is gone from the roster", tonight.next(tomorrow, ana("hr", "1", employed)), "hr/1 ext/X1", none, ""},
		{"the employee is gone from HR", tonight.next(tomorrow, ana("ext", "X1", openEnded)), "ext/X1 hr/1", none, ""},
		{"both are gone", tonight.next(tomorrow), "hr/1 ext/X1", leaverActive, "inferred"},
		{"one is gone, the other has ended", tonight.next(tomorrow, ana("hr", "1", tenure("2026-02-01", "2026-02-28"))), "ext/X1 hr/1", leaverActive, "inferred"},
		{"one is gone, the other ended since", tonight.next(tomorrow.AddDate(0, 0, 7), ana("hr", "1", tenure("2026-02-01", "2026-03-12"))), "ext/X1 hr/1", leaverActive, "inferred"},
		{"one has long been gone, the other ended since", tonight.next(tomorrow, ana("hr", "1", employed)).next(tomorrow.AddDate(0, 0, 1), ana("hr", "1", employed)).
			next(tomorrow.AddDate(0, 0, 7), ana("hr", "1", tenure("2026-02-01", "2026-03-15"))), "hr/1 ext/X1", leaverActive, ""},
		{"contradictory rows are gone", newWorld(ana("ext", "X1", openEnded), ana("ext", "X1", tenure("2020-01-01", ""), calledAs("Ana", "Costa")), ana("hr", "1", employed)).
			next(tomorrow, ana("hr", "1", employed)).next(tomorrow.AddDate(0, 0, 1), ana("hr", "1", employed)), "disputed", disputed, "possible_rehire"},
		{"a newcomer for one who was gone long before", newWorld(ana("ext", "X1", openEnded)).next(noon.AddDate(0, 0, 1)).next(noon.AddDate(0, 0, 200), ana("hr", "1", tenure("2026-09-01", ""))), "disputed", disputed, "possible_rehire"},
		{"an employee soon after one was gone", newWorld(ana("ext", "X1", openEnded)).next(noon.AddDate(0, 0, 1)).next(noon.AddDate(0, 0, 60), ana("hr", "1", tenure("2026-05-01", ""))), "hr/1 ext/X1", none, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := byMail()
			v := c.world.judge(a)
			if got := outcomeOf(v); whose(v) != c.whose || got.Kind != c.kind || got.Flags != c.flags {
				t.Errorf("that of %q, kind %q, flags %q; want %q, %q, %q", whose(v), got.Kind, got.Flags, c.whose, c.kind, c.flags)
			}
		})
	}
}

// TestHistoryKeepsRows: what is remembered of the members is what their own sources said.
func TestHistoryKeepsRows(t *testing.T) {
	w := newWorld(ana("ext", "X1", contract), ana("hr", "1", employed, writesFrom("ana@corp.example", "silva@corp.example")))
	var got []scanners.Person
	for past := range w.roster().Remember(noon, nil) {
		past.Person.Zone = ""
		got = append(got, past.Person)
	}
	if diff := cmp.Diff(w.people, got); diff != "" {
		t.Errorf("remembered (-rows +history):\n%s", diff)
	}
	if p := w.roster().Population(); p.Rows != 2 || p.Employed != 1 || p.Ended != 1 {
		t.Errorf("population %+v", p)
	}
}

// TestRejectedMember: people who said that an account is not one member's said that the two are not one human to them.
func TestRejectedMember(t *testing.T) {
	link := func(not string) reconcile.Link {
		return reconcile.Link{Source: "crm", Account: "a1", Not: not, By: "Kim", Second: "Lou", At: noon.AddDate(0, -1, 0), Place: "links.yaml:3"}
	}
	primary := primaryOf("X1", "jdoe")
	cases := []struct {
		name    string
		account scanners.Account
		not     []string
		whose   string
		kind    reconcile.Kind
	}{
		{"not the employee's", byMail(), []string{"hr/1"}, "ext/X1", usedAfterEnd},
		{"not the contractor's", byMail(), []string{"ext/X1"}, "hr/1", none},
		{"neither's", byMail(), []string{"ext/X1", "hr/1"}, "nobody", orphan},
		{"the contractor's id, not the employee's", byID("X1"), []string{"hr/1"}, "ext/X1", usedAfterEnd},
		{"by a login rule", ofAna(named("adm-jdoe"), numbered("a1")), []string{"hr/1"}, "ext/X1", usedAfterEnd},
		{"sponsored", ofAna(kind(scanners.KindService), sponsored("X1")), []string{"hr/1"}, "ext/X1", ownerLeft},
		{"sponsored, not by the contractor", ofAna(kind(scanners.KindService), sponsored("ana@corp.example")), []string{"ext/X1"}, "hr/1", none},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(ana("ext", "X1", contract), ana("hr", "1", employed))
			w.settings.LoginRules = []reconcile.LoginRule{admRule()}
			w.others = []scanners.Account{primary}
			for _, not := range c.not {
				w.settings.Links = append(w.settings.Links, link(not))
			}
			if v := wantKind(t, w, c.account, c.kind); whose(v) != c.whose {
				t.Errorf("the account is that of %q, want %q", whose(v), c.whose)
			}
		})
	}
}

// TestRemarksOnTheHuman: flags look at all that is known of the human.
func TestRemarksOnTheHuman(t *testing.T) {
	pair := []scanners.Person{ana("ext", "X1", contract, writesFrom("ana@corp.example", "ana@ext.example")), ana("hr", "1", employed, writesFrom("ana@corp.example", "silva@corp.example"))}
	before := func(person scanners.Person, recycled bool) reconcile.History {
		return reconcile.History{People: []reconcile.PastPerson{{Person: person, Recycled: recycled, FirstSeen: noon.AddDate(-3, 0, 0), LastSeen: noon.Add(-daySpan)}}}
	}
	moved := ana("ext", "X1", contract, writesFrom("silva@corp.example"))
	cases := []struct {
		name    string
		history reconcile.History
		account scanners.Account
		others  []scanners.Account
		flags   string
	}{
		{"a mail address of the other member", reconcile.History{}, ofAna(keys("X1"), mails("ana@ext.example")), nil, ""},
		{"another mail address", reconcile.History{}, ofAna(keys("X1"), mails("silva@else.example")), nil, "mail_drift"},
		{"an account for each member", reconcile.History{}, ofAna(keys("X1"), created(instant("2024-02-01T00:00:00Z"))),
			[]scanners.Account{ofAna(keys("1"), numbered("a2"))}, "duplicate_account"},
		{"an account of the time of the contract", reconcile.History{}, ofAna(keys("1"), created(instant("2024-02-01T00:00:00Z"))), nil, ""},
		{"an account from before both", reconcile.History{}, ofAna(keys("1"), created(instant("2021-02-01T00:00:00Z"))), nil, "suspect_match"},
		{"an address that the other member held before", before(moved, false), ofAna(mails("silva@corp.example")), nil, ""},
		{"the id of one was somebody else's", before(pair[0], true), ofAna(keys("1"), created(instant("2023-12-24T00:00:00Z"))), nil, "suspect_match"},
		{"the id of one was somebody else's, before the account", before(pair[0], true), ofAna(keys("1"), created(instant("2024-02-01T00:00:00Z"))), nil, ""},
		{"the id of the other was somebody else's", before(pair[1], true), ofAna(keys("X1"), created(instant("2024-02-01T00:00:00Z"))), nil, "suspect_match"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(pair...)
			w.history, w.others = c.history, c.others
			if got := outcomeOf(w.judge(c.account)); got.Flags != c.flags || got.Person != "hr/1" {
				t.Errorf("%+v, want flags %q", got, c.flags)
			}
		})
	}
}

// TestDriftOfTheHuman: where mail is no key, an address of any member is one of the human's all the same.
func TestDriftOfTheHuman(t *testing.T) {
	w := newWorld(ana("ext", "X1", contract, writesFrom("ana@corp.example", "ana@ext.example")), ana("hr", "1", employed))
	w.settings.Keys = []string{reconcile.KeyEmployeeID}
	for address, want := range map[string]bool{"ana@ext.example": false, "ana@corp.example": false, "ana@else.example": true} {
		if v := w.judge(ofAna(keys("1"), mails(address))); v.Flags.Has(reconcile.MailDrift) != want {
			t.Errorf("%s: flags %v", address, v.Flags.List())
		}
	}
}

// TestLeavingHumans: the end of a contract is none for somebody who goes on as an employee.
func TestLeavingHumans(t *testing.T) {
	cases := []struct {
		name    string
		ext, hr scanners.Employment
		want    string
	}{
		{"goes on as employee", tenure("2024-01-01", "2026-03-20"), employed, ""},
		{"begins as employee the day after", tenure("2024-01-01", "2026-03-20"), tenure("2026-03-21", ""), ""},
		{"begins as employee later", tenure("2024-01-01", "2026-03-20"), tenure("2026-04-21", ""), "ext/X1 until 2026-03-20"},
		{"both end", tenure("2024-01-01", "2026-03-20"), tenure("2026-02-01", "2026-03-31"), "hr/1 until 2026-03-31"},
		{"the other has ended", tenure("2024-01-01", "2026-03-20"), tenure("2023-01-01", "2024-02-01"), "ext/X1 until 2026-03-20"},
		{"the other ends much later", tenure("2024-01-01", "2026-03-20"), tenure("2026-02-01", "2027-03-31"), ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newWorld(ana("ext", "X1", c.ext), ana("hr", "1", c.hr)).roster()
			got, n := "", int64(0)
			r.Leaving(func(p *reconcile.Person) { got, n = p.Ref()+" until "+p.UpcomingEnd.String(), n+1 })
			if got != c.want || n != r.Population().UpcomingEnds || n > 1 {
				t.Errorf("%d leave: %q, want %q; the population counts %d", n, got, c.want, r.Population().UpcomingEnds)
			}
		})
	}
}

// TestUnreadMember: nobody is put together with somebody whose row, or whose key, could not be read.
func TestUnreadMember(t *testing.T) {
	for name, rejected := range map[string]scanners.Rejection{
		"the row of the contractor": {Place: "line 9", ID: "X1", Reason: "not a date"},
		"a row with the address":    {Place: "line 9", ID: "77", Keys: []string{"ana@corp.example"}, Reason: "not a date"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(ana("ext", "X1", contract), ana("hr", "1", employed))
			w.rejected = []scanners.Rejection{rejected}
			wantKind(t, w, byMail(), disputed)
			if v := w.judge(byID("1")); len(v.Person.Also) > 0 {
				t.Errorf("the account is that of %q", whose(v))
			}
		})
	}
}

// TestWordsOfTheHuman: a verdict says who the human is.
func TestWordsOfTheHuman(t *testing.T) {
	w := newWorld(ana("ext", "X1", contract), ana("hr", "1", tenure("2026-02-01", "2026-02-28")))
	v := w.judge(ofAna(keys("X1"), used(noon.AddDate(0, 0, -20), 0), created(time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC))))
	if want := "hr/1 (one human with ext/X1) ended on 2026-02-28 23:00 UTC, the account is enabled"; v.Why != want {
		t.Errorf("%q, want %q", v.Why, want)
	}
	for _, name := range []string{"hr/1", "ext/X1", "x1", "1"} {
		if !v.Person.MeantBy(name) {
			t.Errorf("%q does not mean %s", name, whose(v))
		}
	}
	for _, name := range []string{"hr/X1", "ext", "", "2"} {
		if v.Person.MeantBy(name) {
			t.Errorf("%q means %s", name, whose(v))
		}
	}
}
