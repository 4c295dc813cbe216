package reconcile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
)

// KeyLogin is the correlation key of accounts that a login rule leads to their person. It comes after all others.
const KeyLogin = "login"

// LoginRule leads from the login of a secondary account to the person of a primary one: adm-jdoe is whose jdoe is.
type LoginRule struct {
	// Source is the system of the secondary accounts, Of that of the primary ones.
	Source string `json:"source"`
	Of     string `json:"of"`
	// Match matches the whole folded login and has one group; $1 or ${1} in To stands for what the group matched.
	Match *regexp.Regexp `json:"match"`
	To    string         `json:"to"`
	// Place is "file:line" of the rule.
	Place string `json:"place"`
}

// primary is the account that a rule leads to from one login.
type primary struct {
	login string
	ref   accountRef
	rule  *LoginRule
}

// primaries lists the accounts that the rules lead to from a: none for an account that is not a person's own.
func (e *Engine) primaries(a *scanners.Account) []primary {
	if !a.Kind.Personal() {
		return nil
	}
	var list []primary
	for i := range e.settings.LoginRules {
		rule := &e.settings.LoginRules[i]
		if rule.Source != a.System {
			continue
		}
		for _, login := range a.Logins {
			if to := rule.target(login); to != "" {
				list = append(list, primary{login, accountRef{rule.Of, to}, rule})
			}
		}
	}
	return list
}

// Leads reports whether the rule leads from a login of a to another account, which need not be there.
func (r *LoginRule) Leads(a *scanners.Account) bool {
	return r.Source == a.System && a.Kind.Personal() &&
		slices.ContainsFunc(a.Logins, func(login string) bool { return r.target(login) != "" })
}

// target is the login that the rule leads to from login, which it tries as it is and without the domain; "" when the rule
// does not match.
func (r *LoginRule) target(login string) string {
	for _, form := range loginForms(login) {
		if found := r.Match.FindStringSubmatch(form); len(found) > 1 && found[1] != "" {
			return Fold(strings.NewReplacer("${1}", found[1], "$1", found[1]).Replace(r.To))
		}
	}
	return ""
}

// loginForms are the ways to write a login: folded, and without the domain before or behind it.
func loginForms(login string) []string {
	folded := Fold(login)
	plain := folded[strings.LastIndexByte(folded, '\\')+1:]
	plain, _, _ = strings.Cut(plain, "@")
	if plain == folded || plain == "" {
		return []string{folded}
	}
	return []string{folded, plain}
}

// Unread says that the accounts of a system were not all read. Whoever should have been found through one of them is not
// known then, which is not the same as nobody. It is to be called before anything is judged.
func (e *Engine) Unread(system string) { e.unread[system] = true }

// surveyLogin takes note of whose person an account needs that has no other key to anybody.
func (e *Engine) surveyLogin(a *scanners.Account) {
	list := e.primaries(a)
	if len(list) == 0 {
		return
	}
	if m := e.matches(a); len(m.named) == 0 && !m.disputed() {
		for _, p := range list {
			e.secondaries[p.ref] = match{person: -1}
		}
	}
}

// resolveLogin remembers whose a is when secondary accounts lead to it. Several accounts with the login name the people of
// all of them.
func (e *Engine) resolveLogin(a *scanners.Account) {
	if !a.Kind.Personal() || len(e.secondaries) == 0 {
		return
	}
	for _, login := range a.Logins {
		for _, form := range loginForms(login) {
			ref := accountRef{a.System, form}
			if known, ok := e.secondaries[ref]; ok {
				m := e.matches(a)
				known.former = known.former || m.former
				known.join(m)
				e.secondaries[ref] = known
			}
		}
	}
}

// followLogin lets the login rules find the person of an account whose keys name nobody.
func (e *Engine) followLogin(f *file, explain bool) {
	if len(f.match.named) > 0 || f.match.disputed() {
		return
	}
	found := match{person: -1, apart: f.match.apart}
	for _, p := range e.primaries(f.Account) {
		m := e.secondaries[p.ref]
		tried := KeyTried{Key: KeyLogin, Value: p.login, Normalised: p.ref.key, Note: fmt.Sprintf("%s: whose %s is in %s", p.rule.Place, p.ref.key, p.ref.system)}
		for _, c := range m.named {
			tried.Named = append(tried.Named, e.roster.ref(c.person))
		}
		f.match.table.withdraw(e.roster, &m, &tried)
		found.former = found.former || m.former
		found.join(m)
		if len(m.named) == 0 {
			f.missed = append(f.missed, fmt.Sprintf("%s of %s", p.ref.key, p.ref.system))
			if e.unread[p.ref.system] {
				found.unclear = fmt.Sprintf("it is whose %s of %s is, which was not read completely", p.ref.key, p.ref.system)
			}
		}
		if explain {
			f.match.tried = append(f.match.tried, tried)
		}
	}
	if len(found.named) == 0 && found.unclear == "" {
		return
	}
	e.roster.collapse(&found)
	f.match.named, f.match.unclear, f.match.former, f.match.apart = found.named, found.unclear, found.former, found.apart
	if !found.disputed() {
		f.match.person, f.match.by = found.named[0].person, KeyLogin
	}
}
