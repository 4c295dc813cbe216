package policies

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
)

// Check returns what is wrong with an exclusion, or nil. An exclusion that lacks owner, reason or expiry is an error,
// because nobody would ever look at it again.
func (x Exclusion) Check() error {
	switch {
	case x.ID == "":
		return fmt.Errorf("exclusion without id\nhint: add a line such as \"id: X-01\"")
	case x.Owner == "":
		return fmt.Errorf("exclusion %q has no owner\nhint: add \"owner:\" with the person who answers for it", x.ID)
	case x.Reason == "":
		return fmt.Errorf("exclusion %q has no reason\nhint: add \"reason:\" with one sentence that an auditor accepts", x.ID)
	case x.Expires.IsZero():
		return fmt.Errorf("exclusion %q never expires\nhint: add \"expires: YYYY-MM-DD\", at most %d days ahead", x.ID, int(MaxExclusion/(24*time.Hour)))
	case !x.Created.IsZero() && x.Expires.Sub(x.Created) > MaxExclusion:
		return fmt.Errorf("exclusion %q runs for more than %d days\nhint: choose an earlier \"expires:\" and renew it", x.ID, int(MaxExclusion/(24*time.Hour)))
	case x.Source+x.Account+x.Person+x.Group+x.Pattern == "":
		return fmt.Errorf("exclusion %q matches everything\nhint: add source, account, person, group or pattern", x.ID)
	}
	if _, err := path.Match(glob(x.Pattern), ""); err != nil {
		return fmt.Errorf("exclusion %q: pattern %q cannot be read: %w", x.ID, x.Pattern, err)
	}
	return nil
}

// MaxExclusion is the longest time that an exclusion may run before somebody has to renew it.
const MaxExclusion = 366 * 24 * time.Hour

// Expired reports whether the exclusion no longer holds at now.
func (x Exclusion) Expired(now time.Time) bool { return !now.Before(x.Expires) }

// Matches reports whether the exclusion is about the account of v. Expiry is not looked at.
func (x Exclusion) Matches(v *reconcile.Verdict) bool {
	a := v.Account
	if x.Source != "" && x.Source != a.System {
		return false
	}
	if x.Account != "" && !strings.EqualFold(x.Account, a.ID) && !anyLogin(v, x.Account, strings.EqualFold) {
		return false
	}
	if x.Person != "" && (v.Person == nil || !v.Person.MeantBy(x.Person)) {
		return false
	}
	if x.Group != "" && !holdsGrant(v, x.Group) {
		return false
	}
	return x.Pattern == "" || anyLogin(v, x.Pattern, globMatches)
}

func anyLogin(v *reconcile.Verdict, want string, equal func(want, login string) bool) bool {
	for _, login := range v.Account.Logins {
		if equal(want, login) {
			return true
		}
	}
	return false
}

// globMatches compares the whole login, without regard to case. Logins are no paths: a star crosses slashes, and a
// backslash stands for itself, so that "CORP\svc-*" and "host*" mean what they say.
func globMatches(pattern, login string) bool {
	ok, err := path.Match(glob(pattern), glob(login))
	return err == nil && ok
}

// glob writes slashes and backslashes as characters that mean nothing to path.Match.
func glob(s string) string {
	return strings.NewReplacer("/", "\x01", `\`, "\x02").Replace(strings.ToLower(s))
}

func holdsGrant(v *reconcile.Verdict, group string) bool {
	for _, g := range v.Account.Grants {
		if strings.EqualFold(g.ID, group) || strings.EqualFold(g.Name, group) {
			return true
		}
	}
	return false
}
