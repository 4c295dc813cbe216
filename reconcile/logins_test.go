package reconcile_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// admRule leads from adm-x in crm to x in the directory.
func admRule() reconcile.LoginRule {
	return reconcile.LoginRule{Source: "crm", Of: "dir", Match: regexp.MustCompile("(?is)^(?:adm-(.+))$"), To: "$1", Place: "leaver.yaml:9"}
}

// secondary is an account without keys, primaryOf an account of the directory.
func secondary(name string, changes ...func(*scanners.Account)) scanners.Account {
	return login(append([]func(*scanners.Account){named("s1"), keys(), logins(name)}, changes...)...)
}

func primaryOf(id, name string, changes ...func(*scanners.Account)) scanners.Account {
	in := func(a *scanners.Account) { a.System = "dir" }
	return login(append([]func(*scanners.Account){in, named("p-" + id), keys(id), logins(name)}, changes...)...)
}

func logins(names ...string) func(*scanners.Account) {
	return func(a *scanners.Account) { a.Logins = names }
}

func TestLoginRules(t *testing.T) {
	people := []scanners.Person{human("100", hired), human("200", left)}
	two := human("300", hired)
	two.GivenName = "Other"
	cases := []struct {
		name    string
		account scanners.Account
		others  []scanners.Account
		person  string
		kind    reconcile.Kind
	}{
		{"a leaver's", secondary("adm-jdoe"), []scanners.Account{primaryOf("200", "jdoe")}, "hr/200", reconcile.UsedAfterEnd},
		{"a leaver's whose primary is disabled", secondary("adm-jdoe"), []scanners.Account{primaryOf("200", "jdoe", disabled)}, "hr/200", reconcile.UsedAfterEnd},
		{"an employee's", secondary("adm-jdoe"), []scanners.Account{primaryOf("100", "jdoe")}, "hr/100", ""},
		{"in other case", secondary("ADM-JDoe"), []scanners.Account{primaryOf("100", "jdOE")}, "hr/100", ""},
		{"with domains", secondary(`CORP\adm-jdoe`), []scanners.Account{primaryOf("100", "jdoe@corp.example")}, "hr/100", ""},
		{"an administrator's", secondary("adm-jdoe", kind(scanners.KindAdmin)), []scanners.Account{primaryOf("200", "jdoe")}, "hr/200", reconcile.UsedAfterEnd},
		{"any login", secondary("x", logins("x", "adm-jdoe")), []scanners.Account{primaryOf("100", "jdoe")}, "hr/100", ""},
		{"no such primary", secondary("adm-jdoe", kind(scanners.KindAdmin)), []scanners.Account{primaryOf("100", "jd")}, "", reconcile.Orphan},
		{"the primary leads to nobody", secondary("adm-jdoe", kind(scanners.KindAdmin)), []scanners.Account{primaryOf("999", "jdoe")}, "", reconcile.Orphan},
		{"nothing behind the prefix", secondary("adm-"), []scanners.Account{primaryOf("100", "")}, "", reconcile.Orphan},
		{"the rule does not match", secondary("jdoe"), []scanners.Account{primaryOf("100", "jdoe")}, "", reconcile.Orphan},
		{"another system", secondary("adm-jdoe", func(a *scanners.Account) { a.System = "erp" }), []scanners.Account{primaryOf("100", "jdoe")}, "", reconcile.Orphan},
		{"the login of another system", secondary("adm-jdoe"), []scanners.Account{login(named("p"), logins("jdoe"))}, "", reconcile.Orphan},
		{"a key comes first", secondary("adm-jdoe", keys("200")), []scanners.Account{primaryOf("100", "jdoe")}, "hr/200", reconcile.UsedAfterEnd},
		{"a key comes first, also when others need the primary", secondary("adm-jdoe", keys("200")), []scanners.Account{primaryOf("100", "jdoe"), secondary("adm-jdoe", named("s2"), logins("adm-jdoe"))}, "hr/200", reconcile.UsedAfterEnd},
		{"two primaries of one login", secondary("adm-jdoe"), []scanners.Account{primaryOf("100", "jdoe@a.example"), primaryOf("200", "jdoe@b.example")}, "disputed", reconcile.Disputed},
		{"a disputed primary", secondary("adm-jdoe"), []scanners.Account{primaryOf("100", "jdoe", keys("100", "200"))}, "disputed", reconcile.Disputed},
		{"a primary with contradictory people data", secondary("adm-jdoe"), []scanners.Account{primaryOf("300", "jdoe")}, "disputed", reconcile.Disputed},
		{"a service account is nobody's primary", secondary("adm-jdoe"), []scanners.Account{primaryOf("100", "jdoe", kind(scanners.KindService))}, "", reconcile.Orphan},
		{"a service account is no secondary", secondary("adm-jdoe", kind(scanners.KindService)), []scanners.Account{primaryOf("100", "jdoe")}, "", reconcile.Orphan},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(append(people, human("300", hired), two)...)
			w.settings.LoginRules = []reconcile.LoginRule{admRule()}
			w.others = c.others
			v := wantPerson(t, w, c.account, c.person)
			if v.Kind != c.kind {
				t.Errorf("kind %q (%s), want %q", v.Kind, v.Why, c.kind)
			}
			if c.account.Kind == scanners.KindAdmin && !v.Flags.Has(reconcile.Privileged) {
				t.Error("an administrator's account without the flag privileged")
			}
		})
	}
}

// A group that matched nothing leads nowhere, whatever stands around it in the template.
func TestLoginRuleWithAnEmptyGroup(t *testing.T) {
	w := newWorld(human("100", hired))
	rule := admRule()
	rule.Match, rule.To = regexp.MustCompile("(?is)^(?:adm-(.*))$"), "u$1"
	w.settings.LoginRules = []reconcile.LoginRule{rule}
	w.others = []scanners.Account{primaryOf("100", "u"), primaryOf("100", "u7", named("p2"), logins("u7"))}
	wantPerson(t, w, secondary("adm-"), "")
	wantPerson(t, w, secondary("adm-7"), "hr/100")
}

func TestLoginRulesWithLinks(t *testing.T) {
	w := newWorld(human("100", hired), human("200", left))
	w.settings.LoginRules = []reconcile.LoginRule{admRule()}
	w.others = []scanners.Account{primaryOf("100", "jdoe")}
	w.settings.Links = []reconcile.Link{link(to("hr/200"), func(l *reconcile.Link) { l.Source, l.Account = "dir", "p-100" })}
	if v := wantPerson(t, w, secondary("adm-jdoe"), "hr/200"); v.MatchedBy != "login" {
		t.Errorf("found by %q, want the link of the primary through the login", v.MatchedBy)
	}
	w.settings.Links = []reconcile.Link{link(not("hr/100"), func(l *reconcile.Link) { l.Account = "s1" })}
	wantPerson(t, w, secondary("adm-jdoe"), "")
}

// A secondary account older than its owner may have been somebody else's with the same login.
func TestSecondaryAccountsAreSuspectedForTheirAge(t *testing.T) {
	w := newWorld(human("100", tenure("2025-12-01", "")))
	w.settings.LoginRules = []reconcile.LoginRule{admRule()}
	w.others = []scanners.Account{primaryOf("100", "jdoe", created(instant("2025-12-01T00:00:00Z")))}
	if v := w.judge(secondary("adm-jdoe")); !v.Flags.Has(reconcile.SuspectMatch) {
		t.Error("not suspect")
	}
}

func TestLoginRulesAreExplained(t *testing.T) {
	w := newWorld(human("100", hired))
	w.settings.LoginRules = []reconcile.LoginRule{admRule()}
	w.others = []scanners.Account{primaryOf("100", "jdoe")}
	x := w.explain(secondary("adm-jdoe"))
	if len(x.Keys) != 1 || x.Keys[0].Key != "login" || x.Keys[0].Normalised != "jdoe" || x.Keys[0].Named[0] != "hr/100" ||
		x.Keys[0].Note != "leaver.yaml:9: whose jdoe is in dir" || x.Verdict.MatchedBy != "login" {
		t.Errorf("%+v by %q", x.Keys, x.Verdict.MatchedBy)
	}
	w.others = nil
	if v := w.judge(secondary("adm-jdoe")); !strings.Contains(v.Why, "jdoe of dir") {
		t.Errorf("why %q", v.Why)
	}
}

// The primary may be among the accounts that were not read: the secondary is disputed, not an orphan, and not somebody else's.
func TestLoginRuleToAnUnreadSystem(t *testing.T) {
	other := admRule()
	other.Of = "erp"
	w := newWorld(human("100", hired))
	w.settings.LoginRules = []reconcile.LoginRule{admRule(), other}
	for _, c := range []struct {
		name   string
		others []scanners.Account
		unread string
		want   reconcile.Kind
	}{
		{"all read", nil, "", orphan},
		{"another system was not read", nil, "crm", orphan},
		{"its system was not read", nil, "dir", disputed},
		{"found, its system was not read", []scanners.Account{primaryOf("100", "jdoe")}, "dir", none},
		{"found, the system of the other rule was not read", []scanners.Account{primaryOf("100", "jdoe")}, "erp", disputed},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := w.unread(c.unread)
			w.others = c.others
			wantKind(t, w, secondary("adm-jdoe"), c.want)
		})
	}
}

// The person of the primary account exists and could not be read: the secondary is disputed, not an orphan.
func TestLoginRuleToAnUnreadablePerson(t *testing.T) {
	w := newWorld(human("100", hired))
	w.settings.LoginRules = []reconcile.LoginRule{admRule()}
	w.rejected = []scanners.Rejection{{Place: "line 9", Reason: "no date", ID: "400"}}
	w.others = []scanners.Account{primaryOf("400", "jdoe")}
	wantPerson(t, w, secondary("adm-jdoe"), "disputed")
}
