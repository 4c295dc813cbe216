package policies

import (
	"fmt"
	"path"
	"regexp"
	"slices"
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
	case !x.partial() && len(x.Applications) == 0:
		return fmt.Errorf("exclusion %q matches everything\nhint: add applications, source, account, person, group, pattern or regexp", x.ID)
	case x.partial() && len(x.Applications) > 0:
		return fmt.Errorf("exclusion %q names whole applications and parts of them\nhint: for a part of one system use source in place of applications", x.ID)
	}
	if _, err := path.Match(globText(x.Pattern), ""); err != nil {
		return fmt.Errorf("exclusion %q: pattern %q cannot be read: %w", x.ID, x.Pattern, err)
	}
	return nil
}

// MaxExclusion is the longest time that an exclusion may run before somebody has to renew it.
const MaxExclusion = 366 * 24 * time.Hour

// Expired reports whether the exclusion no longer holds at now.
func (x Exclusion) Expired(now time.Time) bool { return !now.Before(x.Expires) }

// partial reports whether the exclusion describes accounts, and not whole applications.
func (x Exclusion) partial() bool {
	return x.Source+x.Account+x.Person+x.Group+x.Pattern != "" || x.Regexp != nil
}

// Matches reports whether the exclusion is about the account of v. Expiry is not looked at.
func (x Exclusion) Matches(v *reconcile.Verdict) bool {
	return newMatcher(&x).matches(v, globTexts(v.Account.Logins))
}

// matcher is an exclusion made ready for many accounts.
type matcher struct {
	*Exclusion
	pattern string
}

func newMatcher(x *Exclusion) matcher { return matcher{x, globText(x.Pattern)} }

// matches takes the logins of the account in the form of globTexts.
func (x matcher) matches(v *reconcile.Verdict, logins []string) bool {
	a := v.Account
	if len(x.Applications) > 0 {
		return slices.Contains(x.Applications, a.System)
	}
	if x.Source != "" && x.Source != a.System {
		return false
	}
	if x.Account != "" && !strings.EqualFold(x.Account, a.ID) &&
		!slices.ContainsFunc(a.Logins, func(login string) bool { return strings.EqualFold(x.Account, login) }) {
		return false
	}
	if x.Person != "" && (v.Person == nil || !v.Person.MeantBy(x.Person)) {
		return false
	}
	if x.Group != "" && !holdsGrant(v, x.Group) {
		return false
	}
	if x.Regexp != nil && !slices.ContainsFunc(a.Logins, x.Regexp.MatchString) {
		return false
	}
	return x.pattern == "" || slices.ContainsFunc(logins, func(login string) bool { return globMatches(x.pattern, login) })
}

// CompileRegexp compiles an expression for a whole login, without regard to case.
func CompileRegexp(expression string) (*regexp.Regexp, error) {
	return regexp.Compile("(?is)^(?:" + expression + ")$")
}

// globMatches compares the whole login. Both are in the form of globText.
func globMatches(pattern, login string) bool {
	ok, err := path.Match(pattern, login)
	return err == nil && ok
}

// globText folds case and writes slashes and backslashes as characters that mean nothing to path.Match. Logins are no paths:
// a star crosses slashes, and a backslash stands for itself, so that "CORP\svc-*" and "host*" mean what they say.
func globText(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '/':
			return 1
		case '\\':
			return 2
		default:
			return r
		}
	}, strings.ToLower(s))
}

func globTexts(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = globText(s)
	}
	return out
}

func holdsGrant(v *reconcile.Verdict, group string) bool {
	for _, g := range v.Account.Grants {
		if strings.EqualFold(g.ID, group) || strings.EqualFold(g.Name, group) {
			return true
		}
	}
	return false
}
