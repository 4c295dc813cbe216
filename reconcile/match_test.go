package reconcile_test

import (
	"slices"
	"testing"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// TestLeadingZeros: zeros go only where every id of the people source is digits and none collide without them.
func TestLeadingZeros(t *testing.T) {
	in := func(system string, p scanners.Person) scanners.Person {
		p.System, p.Mails = system, nil
		return p
	}
	hr := func(id string) scanners.Person { return in("hr", human(id, hired)) }
	past := func(ids ...string) (h reconcile.History) {
		for _, id := range ids {
			h.People = append(h.People, reconcile.PastPerson{Person: in("hr", human(id, left)), LastSeen: noon.Add(-daySpan)})
		}
		return h
	}
	cases := []struct {
		name    string
		people  []scanners.Person
		history reconcile.History
		keep    bool
		key     string
		want    string // the person, "" for nobody, "disputed"
	}{
		{"as HR writes it", []scanners.Person{hr("00123")}, reconcile.History{}, false, "00123", "hr/00123"},
		{"the account lost its zeros", []scanners.Person{hr("00123")}, reconcile.History{}, false, "123", "hr/00123"},
		{"HR lost its zeros", []scanners.Person{hr("123")}, reconcile.History{}, false, "000123", "hr/123"},
		{"zeros at the end stay", []scanners.Person{hr("12300")}, reconcile.History{}, false, "123", ""},
		{"only zeros", []scanners.Person{hr("000")}, reconcile.History{}, false, "0", "hr/000"},
		{"an id of another person", []scanners.Person{hr("00123")}, reconcile.History{}, false, "0124", ""},
		{"one id of the source is not digits", []scanners.Person{hr("00123"), hr("X7")}, reconcile.History{}, false, "123", ""},
		{"one id is not digits, as HR writes it", []scanners.Person{hr("00123"), hr("X7")}, reconcile.History{}, false, "00123", "hr/00123"},
		{"an account value that is not digits", []scanners.Person{hr("00123")}, reconcile.History{}, false, "0012x", ""},
		{"fullwidth digits are digits", []scanners.Person{hr("00123")}, reconcile.History{}, false, "１２３", "hr/00123"},
		{"ids collide without zeros: the first", []scanners.Person{hr("00123"), hr("123")}, reconcile.History{}, false, "00123", "hr/00123"},
		{"ids collide without zeros: the second", []scanners.Person{hr("00123"), hr("123")}, reconcile.History{}, false, "123", "hr/123"},
		{"ids collide without zeros: a third writing", []scanners.Person{hr("00123"), hr("123")}, reconcile.History{}, false, "0123", ""},
		{"ids elsewhere collide, so zeros stay everywhere", []scanners.Person{hr("00123"), hr("0456"), hr("456")}, reconcile.History{}, false, "123", ""},
		{"turned off", []scanners.Person{hr("00123")}, reconcile.History{}, true, "123", ""},
		{"turned off, as HR writes it", []scanners.Person{hr("00123")}, reconcile.History{}, true, "00123", "hr/00123"},
		{"a remembered id that is not digits changes nothing", []scanners.Person{hr("00123")}, past("X9"), false, "123", "hr/00123"},
		{"a remembered id without its zeros", []scanners.Person{hr("00456")}, past("00123"), false, "123", "hr/00123"},
		{"a remembered id is somebody's tonight but for zeros", []scanners.Person{hr("00123")}, past("123"), false, "123", "disputed"},
		{"a source that shows nobody, remembered with an id of letters", nil, past("00123", "X9"), false, "123", ""},
		{"a source that shows nobody, remembered with digits only", nil, past("00123"), false, "123", "hr/00123"},
		{"another source of letters does not matter", []scanners.Person{hr("00123"), in("ext", human("K-1", hired))}, reconcile.History{}, false, "123", "hr/00123"},
		{"each source by its own rule", []scanners.Person{hr("00123"), in("ext", human("00123", hired)), in("ext", human("K-1", hired))}, reconcile.History{}, false, "123", "hr/00123"},
		{"two sources with the same id", []scanners.Person{hr("00123"), in("ext", human("0123", hired))}, reconcile.History{}, false, "123", "disputed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(c.people...)
			w.history = c.history
			if c.keep {
				w.settings.KeepZeros = map[string]bool{"hr": true}
			}
			wantPerson(t, w, login(keys(c.key)), c.want)
		})
	}
	t.Run("the collision is an issue", func(t *testing.T) {
		if issues := newWorld(hr("00123"), hr("123")).roster().Issues(); len(issues) != 1 || issues[0].Source != "hr" {
			t.Errorf("issues %v, want one about hr", issues)
		}
	})
}

// wantPerson fails unless the account leads to that person, to nobody ("") or to a dispute ("disputed").
func wantPerson(t *testing.T, w world, a scanners.Account, want string) reconcile.Verdict {
	t.Helper()
	v := w.judge(a)
	got := ""
	switch {
	case v.Situation == reconcile.SituationDisputed:
		got = "disputed"
	case v.Person != nil:
		got = v.Person.Ref()
	}
	if got != want {
		t.Errorf("person %q by %q, want %q", got, v.MatchedBy, want)
	}
	return v
}

func TestMailFolding(t *testing.T) {
	cases := []struct {
		name, hr, account string
		same              bool
	}{
		{"as it is", "anna.alba@corp.example", "anna.alba@corp.example", true},
		{"upper case in the account", "anna.alba@corp.example", "Anna.Alba@CORP.Example", true},
		{"upper case in HR", "Anna.ALBA@corp.example", "anna.alba@corp.example", true},
		{"blanks around", "anna.alba@corp.example", "  anna.alba@corp.example\t", true},
		{"no-break space behind", "anna.alba@corp.example", "anna.alba@corp.example\u00a0", true},
		{"zero width space inside", "anna.alba@corp.example", "anna\u200b.alba@corp.example", true},
		{"byte order mark before", "anna.alba@corp.example", "\ufeffanna.alba@corp.example", true},
		{"fullwidth letters", "anna.alba@corp.example", "ａnna.alba@corp.example", true},
		{"decomposed umlaut", "m\u00fcller@corp.example", "mu\u0308ller@corp.example", true},
		{"sharp s folds", "strau\u00df@corp.example", "STRAUSS@corp.example", true},
		{"dotted capital I is not i", "ali@corp.example", "AL\u0130@corp.example", false},
		{"smtp prefix, primary", "anna.alba@corp.example", "SMTP:anna.alba@corp.example", true},
		{"smtp prefix, secondary", "anna.alba@corp.example", "smtp:Anna.Alba@corp.example", true},
		{"alias domain", "anna.alba@corp.example", "anna.alba@old.example", true},
		{"alias domain in capitals", "anna.alba@corp.example", "anna.alba@OLD.EXAMPLE", true},
		{"alias domain in HR too", "anna.alba@old.example", "anna.alba@corp.example", true},
		{"domain as A-label", "anna@b\u00fccher.example", "anna@xn--bcher-kva.example", true},
		{"another domain", "anna.alba@corp.example", "anna.alba@corp2.example", false},
		{"a subdomain", "anna.alba@corp.example", "anna.alba@mail.corp.example", false},
		{"plus addressing is kept", "anna.alba@corp.example", "anna.alba+crm@corp.example", false},
		{"dots are kept", "anna.alba@corp.example", "annaalba@corp.example", false},
		{"no domain", "anna.alba@corp.example", "anna.alba", false},
		{"no local part", "@corp.example", "@corp.example", false},
		{"nothing behind the at", "anna@", "anna@", false},
		{"empty", "", "", false},
		{"blank", " ", " ", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := human("100", hired)
			p.Mails = []string{c.hr}
			w := newWorld(p)
			w.settings.MailDomains = map[string]string{"old.example": "corp.example"}
			want := ""
			if c.same {
				want = "hr/100"
			}
			wantPerson(t, w, login(keys(), mails(c.account)), want)
		})
	}
}

func TestEmployeeIDFolding(t *testing.T) {
	for _, c := range []struct {
		name, hr, account string
		same              bool
	}{
		{"case", "e-100", "E-100", true},
		{"blanks", "E-100", " E-100 ", true},
		{"inner blanks collapse", "E 100", "E   100", true},
		{"no-break space inside", "E 100", "E\u00a0100", true},
		{"zero width", "E-100", "E-1\u200d00", true},
		{"a blank is not nothing", "E 100", "E100", false},
		{"a prefix is not stripped", "E-100", "100", false},
		{"empty", "", "", false},
		{"decimals are another id", "123", "123.0", false},
		{"exponents are another id", "123000", "1.23E+05", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := human(c.hr, hired)
			want := ""
			if c.same {
				want = "hr/" + c.hr
			}
			wantPerson(t, newWorld(p), login(keys(c.account)), want)
		})
	}
}

// TestKeys walks through what the keys of one account may say together.
func TestKeys(t *testing.T) {
	anna, bert := human("100", hired), human("200", hired)
	anna.OtherIDs, bert.OtherIDs = []string{"GUID-A", "old-100"}, []string{"GUID-B"}
	twin := human("300", hired)
	twin.Mails = []string{"p100@corp.example"}
	cases := []struct {
		name   string
		people []scanners.Person
		a      scanners.Account
		want   string
		by     string
	}{
		{"employee id", []scanners.Person{anna, bert}, login(keys("100")), "hr/100", "employee_id"},
		{"mail", []scanners.Person{anna, bert}, login(keys(), mails("p200@corp.example")), "hr/200", "mail"},
		{"anchor", []scanners.Person{anna, bert}, login(keys(), anchors("guid-a")), "hr/100", "anchor"},
		{"another id as employee id", []scanners.Person{anna, bert}, login(keys("OLD-100")), "hr/100", "employee_id"},
		{"all agree: the first key of the configuration counts", []scanners.Person{anna, bert}, login(keys("100"), mails("p100@corp.example"), anchors("guid-a")), "hr/100", "anchor"},
		{"an unknown id beside a known mail", []scanners.Person{anna, bert}, login(keys("999"), mails("p100@corp.example")), "hr/100", "mail"},
		{"a known id beside an unknown mail", []scanners.Person{anna, bert}, login(keys("100"), mails("x@corp.example")), "hr/100", "employee_id"},
		{"two ids of one person", []scanners.Person{anna, bert}, login(keys("100", "old-100")), "hr/100", "employee_id"},
		{"two ids of two people", []scanners.Person{anna, bert}, login(keys("100", "200")), "disputed", ""},
		{"two mails of two people", []scanners.Person{anna, bert}, login(keys(), mails("p100@corp.example", "p200@corp.example")), "disputed", ""},
		{"id and mail disagree", []scanners.Person{anna, bert}, login(keys("100"), mails("p200@corp.example")), "disputed", ""},
		{"anchor and id disagree", []scanners.Person{anna, bert}, login(keys("100"), anchors("guid-b")), "disputed", ""},
		{"the mail names two, the id one of them", []scanners.Person{anna, bert, twin}, login(keys("100"), mails("p100@corp.example")), "disputed", ""},
		{"the mail names two people", []scanners.Person{anna, bert, twin}, login(keys(), mails("p100@corp.example")), "disputed", ""},
		{"the id of somebody whose mail is shared", []scanners.Person{anna, bert, twin}, login(keys("300")), "hr/300", "employee_id"},
		{"no key", []scanners.Person{anna, bert}, login(keys()), "", ""},
		{"names are no keys", []scanners.Person{anna, bert}, login(keys(), func(a *scanners.Account) { a.DisplayName = "Given100 Family100" }), "", ""},
		{"the login is no key", []scanners.Person{anna, bert}, login(keys(), named("100")), "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := wantPerson(t, newWorld(c.people...), c.a, c.want)
			if v.MatchedBy != c.by {
				t.Errorf("matched by %q, want %q", v.MatchedBy, c.by)
			}
			if (c.want == "disputed") != (len(v.Candidates) > 0) {
				t.Errorf("candidates %v", v.Candidates)
			}
		})
	}
	t.Run("keys that are not configured are not tried", func(t *testing.T) {
		w := newWorld(anna, bert)
		w.settings.Keys = []string{reconcile.KeyEmployeeID}
		wantPerson(t, w, login(keys(), mails("p100@corp.example")), "")
		wantPerson(t, w, login(keys("100"), mails("p200@corp.example")), "hr/100")
	})
	t.Run("any number of accounts may carry a key", func(t *testing.T) {
		w := newWorld(anna)
		w.others = []scanners.Account{login(named("a2")), login(named("a3"))}
		wantPerson(t, w, login(), "hr/100")
	})
	t.Run("candidates are everyone, each once", func(t *testing.T) {
		v := newWorld(anna, bert, twin).judge(login(keys("200"), mails("p100@corp.example")))
		var refs []string
		for _, c := range v.Candidates {
			refs = append(refs, c.Person.Ref())
		}
		if want := []string{"hr/200", "hr/100", "hr/300"}; !slices.Equal(refs, want) {
			t.Errorf("candidates %v, want %v", refs, want)
		}
	})
}

// TestFormerHolders: a key that somebody else held earlier may mean that somebody.
func TestFormerHolders(t *testing.T) {
	before := human("100", hired)
	now := before
	now.Mails = []string{"anna.borg@corp.example"}
	newcomer := human("200", hired)
	newcomer.Mails = before.Mails
	w := newWorld(now, newcomer)
	w.history = reconcile.History{People: []reconcile.PastPerson{{Person: before, LastSeen: noon.Add(-daySpan)}}}
	byMail := login(keys(), mails("p100@corp.example"))
	if v := wantPerson(t, w, byMail, "hr/200"); !v.Flags.Has(reconcile.SuspectMatch) {
		t.Errorf("flags %v, want suspect_match: the address was %s's", v.Flags.List(), "hr/100")
	}
	next := w.next(noon.Add(daySpan), now, newcomer)
	if v := wantPerson(t, next, byMail, "hr/200"); !v.Flags.Has(reconcile.SuspectMatch) {
		t.Error("the former holder was forgotten after one night")
	}
	w.people = []scanners.Person{before, human("200", hired)}
	if v := wantPerson(t, w, byMail, "hr/100"); v.Flags.Has(reconcile.SuspectMatch) {
		t.Error("suspect although the address was always the same person's")
	}
	back := next.next(noon.Add(2*daySpan), before, human("200", hired))
	if v := wantPerson(t, back, byMail, "hr/100"); !v.Flags.Has(reconcile.SuspectMatch) {
		t.Error("the newcomer who had the address in between was forgotten")
	}
}

// TestRememberedHolders: an address that a remembered person and somebody of tonight share names both.
func TestRememberedHolders(t *testing.T) {
	newcomer := human("200", hired)
	newcomer.Mails = []string{"p100@corp.example"}
	w := newWorld(newcomer)
	w.history = gone(left)
	wantPerson(t, w, login(keys(), mails("p100@corp.example")), "disputed")
	wantPerson(t, w, login(keys("100")), "hr/100")
	wantPerson(t, w, login(keys("200")), "hr/200")
}

func TestSponsors(t *testing.T) {
	living, leaver := human("100", hired), human("200", left)
	people := []scanners.Person{living, leaver}
	service := func(changes ...func(*scanners.Account)) scanners.Account {
		return login(append(accounts(named("svc"), keys(), kind(scanners.KindService)), changes...)...)
	}
	owner := func(ref string) func(*scanners.Account) { return func(a *scanners.Account) { a.Owner = ref } }
	manager := func(ref string) func(*scanners.Account) { return func(a *scanners.Account) { a.Manager = ref } }
	at := func(dn string) func(*scanners.Account) { return func(a *scanners.Account) { a.DN = dn } }
	others := []scanners.Account{
		login(named("anna"), keys("100"), at(`CN=Anna\, A,OU=People,DC=corp`)), login(named("bert"), keys("200"), at("CN=Bert,OU=People,DC=corp")),
		login(named("nobody"), keys("999"), at("CN=Nobody,OU=People,DC=corp")),
		login(named("clash"), keys("100", "200"), at("CN=Clash,OU=People,DC=corp")),
		login(named("elsewhere"), keys("100"), func(a *scanners.Account) { a.System = "erp" }),
		login(named("adm-anna"), keys("100"), kind(scanners.KindAdmin)),
	}
	cases := []struct {
		name string
		a    scanners.Account
		want string
		kind reconcile.Kind
	}{
		{"by employee id", service(sponsored("100")), "hr/100", none},
		{"by mail", service(sponsored("P100@corp.example")), "hr/100", none},
		{"by DN", service(sponsored(`CN=Anna\, A,OU=People,DC=corp`)), "hr/100", none},
		{"by DN in other case and with blanks", service(sponsored(`cn=anna\, a, ou=people , dc = corp`)), "hr/100", none},
		{"by login", service(sponsored("Anna")), "hr/100", none},
		{"by the login of an admin account", service(sponsored("adm-anna")), "hr/100", none},
		{"by id", service(sponsored("bert")), "hr/200", ownerLeft},
		{"in the owner field", service(owner("200")), "hr/200", ownerLeft},
		{"in the manager field", service(manager("200")), "hr/200", ownerLeft},
		{"nobody", service(sponsored("999")), "", orphan},
		{"an account of nobody", service(sponsored("nobody")), "", orphan},
		{"an account of another system", service(sponsored("elsewhere")), "", orphan},
		{"an account that is disputed", service(sponsored("clash")), "disputed", disputed},
		{"itself", service(sponsored("svc")), "", orphan},
		{"a living one beats one who left, living first", service(owner("100"), manager("200")), "hr/100", none},
		{"a living one beats one who left, living last", service(owner("200"), manager("100")), "hr/100", none},
		{"a living one beats nobody", service(owner("999"), manager("100")), "hr/100", none},
		{"the first of two living ones", service(owner("100"), manager("300")), "hr/100", none},
		{"the first of two who left", service(owner("200"), manager("400")), "hr/200", ownerLeft},
		{"its own key when there is no reference", service(keys("200")), "hr/200", ownerLeft},
		{"its own key when the reference leads to nobody", service(sponsored("999"), keys("100")), "hr/100", none},
		{"a reference beats its own key", service(sponsored("100"), keys("200")), "hr/100", none},
		{"a reference settles keys that disagree", service(sponsored("100"), keys("100", "200")), "hr/100", none},
		{"keys that disagree without a reference", service(keys("100", "200")), "disputed", disputed},
		{"a manager of a personal account is not its owner", login(named("p"), keys(), manager("100")), "", orphan},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(append(people, human("300", hired), human("400", left))...)
			w.others = others
			v := wantPerson(t, w, c.a, c.want)
			if v.Kind != c.kind {
				t.Errorf("kind %q (%s), want %q", v.Kind, v.Why, c.kind)
			}
			if c.want == "disputed" && (v.Person != nil || v.End.Ended()) {
				t.Errorf("disputed, yet %s answers for it", v.Person.Ref())
			}
		})
	}
	t.Run("a dispute in one reference, a living sponsor in another", func(t *testing.T) {
		w := newWorld(people...)
		w.others = others
		if v := w.judge(service(owner("100"), manager("clash"))); v.Person != nil && v.Situation == reconcile.SituationDisputed {
			t.Errorf("disputed, and %s answers for it", v.Person.Ref())
		}
	})
}

// TestAmbiguousLogins: a reference that two accounts answer to names the people of both, in whatever order they are read.
func TestAmbiguousLogins(t *testing.T) {
	service := login(named("svc"), keys(), kind(scanners.KindService), sponsored("shared-name"))
	one := login(named("one"), keys("100"), func(a *scanners.Account) { a.Logins = []string{"shared-name"} })
	two := login(named("two"), keys("200"), func(a *scanners.Account) { a.Logins = []string{"shared-name"} })
	nobody := login(named("three"), keys(), func(a *scanners.Account) { a.Logins = []string{"shared-name"} })
	w := newWorld(human("100", hired), human("200", left))
	for name, others := range map[string][]scanners.Account{"one first": {one, two}, "two first": {two, one}} {
		t.Run(name, func(t *testing.T) {
			w.others = others
			wantPerson(t, w, service, "disputed")
		})
	}
	for name, others := range map[string][]scanners.Account{"nobody first": {nobody, two}, "nobody last": {two, nobody}} {
		t.Run(name, func(t *testing.T) {
			w.others = others
			wantPerson(t, w, service, "hr/200")
		})
	}
}

// TestNeedsResolve is false when no account refers to another, so that the second reading can be left out.
func TestNeedsResolve(t *testing.T) {
	w := newWorld(human("100", hired))
	for _, c := range []struct {
		name string
		a    scanners.Account
		want bool
	}{
		{"a personal account with a manager", login(func(a *scanners.Account) { a.Manager = "CN=boss" }), false},
		{"a sponsor by employee id", login(kind(scanners.KindService), sponsored("100")), false},
		{"a sponsor by DN", login(kind(scanners.KindService), sponsored("CN=anna")), true},
		{"a service account without references", login(kind(scanners.KindService)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := reconcile.NewEngine(w.settings, w.roster())
			e.Survey(&c.a)
			if got := e.NeedsResolve(); got != c.want {
				t.Errorf("needs resolve %v, want %v", got, c.want)
			}
		})
	}
}

func TestFold(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "abc", "abc"}, {"upper", "ABC", "abc"}, {"outer blanks", " \tabc\r\n", "abc"}, {"inner run", "a  b", "a b"},
		{"inner tab", "a\tb", "a b"}, {"empty", "", ""}, {"blank", "  ", ""}, {"no-break space", "\u00a0a\u00a0b\u00a0", "a b"},
		{"zero width only", "\u200b\ufeff", ""}, {"compatibility", "\ufb01x", "fix"}, {"composed", "e\u0301", "\u00e9"}, {"sharp s", "\u00df", "ss"},
		{"sigma", "\u03a3\u03c2", "\u03c3\u03c3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := reconcile.Fold(c.in)
			if got != c.want {
				t.Errorf("Fold(%q) = %q, want %q", c.in, got, c.want)
			}
			if again := reconcile.Fold(got); again != got {
				t.Errorf("folding twice gives %q", again)
			}
		})
	}
}
