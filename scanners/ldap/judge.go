package ldap

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/leaver-audit/leaver/scanners"
)

// judge turns the outcomes into the verdict. The server's own mark at the end of every page, together with an empty cookie
// after the last, is the proof that its answer was read whole. Without the page control there is one mark for everything,
// and a server that cuts answers off silently would not be noticed: that is consistent, not proved.
func (s *source) judge(dir *directory, outcomes []outcome, cov scanners.Coverage) (scanners.Coverage, error) {
	cov.Verdict = scanners.Proved
	cov.Gaps = append(cov.Gaps, dir.gaps...)
	var errs []error
	var inactive, undecided int64
	for _, o := range outcomes {
		cov.Pages += o.pages
		inactive, undecided = inactive+o.inactive, undecided+o.undecided
		cov.Gaps = append(cov.Gaps, o.gaps...)
		if err := judgeBase(&cov, dir, o); err != nil {
			errs = append(errs, err)
		}
		s.judgeReferences(&cov, dir, o)
	}
	switch {
	case cov.Verdict == scanners.Proved:
		cov.Why = fmt.Sprintf("the server ended each of %d pages and the last one with its end-of-search mark; entries that it hides from this account are not counted", cov.Pages)
	case cov.Verdict == scanners.Consistent:
		cov.Why = "the server ended the search with its end-of-search mark, without pages"
	}
	if dir.groups.failed != "" {
		cov.Worsen(scanners.Partial, "groups were not read to the end: "+dir.groups.failed)
	}
	if cov.RejectedUnkeyed > 0 {
		cov.Worsen(scanners.Partial, fmt.Sprintf("%d entries without readable %s", cov.RejectedUnkeyed, dir.traits.id))
	}
	if cov.Read == cov.Rejected {
		why := cov.Why
		if len(errs) == 0 && cov.Read == 0 {
			why = "the search ended well but gave none: check base, filter and the rights of the reading account"
		}
		cov.Verdict, cov.Why = scanners.Blind, "no account was read: "+why
	}
	countGap(&cov, inactive, "last activity", "these accounts are neither dormant nor never used")
	countGap(&cov, undecided, "enabled or disabled", "these accounts count as enabled and are flagged")
	return cov, errors.Join(errs...)
}

func countGap(cov *scanners.Coverage, n int64, what, effect string) {
	if n > 0 {
		cov.Gaps = append(cov.Gaps, scanners.Gap{What: what, Count: scanners.Known(n), Cause: "not readable or not recorded; each account says why", Effect: effect})
	}
}

// judgeBase lowers the verdict by what happened below one base.
func judgeBase(cov *scanners.Coverage, dir *directory, o outcome) error {
	switch {
	case o.err != nil:
		err := fmt.Errorf("search below %q: %w%s", o.base, o.err, searchHint(o.err))
		cov.Worsen(scanners.Partial, firstLine(err))
		cov.Gaps = append(cov.Gaps, scanners.Gap{What: "accounts below " + o.base, Cause: firstLine(o.err),
			Effect: fmt.Sprintf("%d were read, the rest is missing", o.read), Hint: strings.TrimPrefix(searchHint(o.err), "\nhint: ")})
		return err
	case o.read == 0 && !o.barren:
		cov.Worsen(scanners.Partial, fmt.Sprintf("no account below %q", o.base))
		cov.Gaps = append(cov.Gaps, scanners.Gap{What: "accounts below " + o.base, Cause: "the search ended well but gave none",
			Effect: "it cannot be told from missing rights", Hint: "check base, filter and the rights of the reading account"})
	case o.hidden != "":
		cov.Worsen(scanners.Partial, o.hidden)
		cov.Gaps = append(cov.Gaps, scanners.Gap{What: "hidden entries below " + o.base, Cause: o.hidden,
			Effect: "accounts among them are missing", Hint: "let the reading account see the whole of the base, or choose narrower bases"})
	case o.unpaged:
		cov.Worsen(scanners.Consistent, "")
		cov.Gaps = append(cov.Gaps, scanners.Gap{What: "pages below " + o.base, Cause: "the server does not support the page control",
			Effect: "one search gave everything; limits of the server cannot be seen but by its result"})
	}
	return nil
}

func searchHint(err error) string {
	switch resultCode(err) {
	case goldap.LDAPResultNoSuchObject:
		return "\nhint: the base does not exist, or the reading account may not see it"
	case goldap.LDAPResultSizeLimitExceeded, goldap.LDAPResultTimeLimitExceeded, goldap.LDAPResultAdminLimitExceeded:
		return "\nhint: raise the server's limits for the reading account (for OpenLDAP: limits … size.prtotal=unlimited time=unlimited)"
	case goldap.LDAPResultReferral:
		return "\nhint: the base is on another server: use that server's url"
	case goldap.LDAPResultInsufficientAccessRights, goldap.LDAPResultOperationsError:
		return "\nhint: the reading account may not search there; does the bind method give it its identity?"
	default:
		return ""
	}
}

// judgeReferences lists what the server says is elsewhere. It makes the source partial unless another source covers it or
// it is one of Active Directory's partitions, which hold no accounts.
func (s *source) judgeReferences(cov *scanners.Coverage, dir *directory, o outcome) {
	places := slices.Clone(o.references)
	slices.Sort(places)
	for _, place := range slices.Compact(places) {
		gap := scanners.Gap{What: "scope " + place, Cause: "the server refers to another place", Effect: "accounts there are not read by this source"}
		switch dn := referredDN(place); {
		case dir.family.windows() && partition(dn):
			gap.Effect = "none: a partition of the directory without accounts"
		case s.elsewhere(dn):
			gap.Effect = "none: covered_elsewhere says that another source reads it"
		default:
			gap.Hint = "read it with a source of its own and name its DN in covered_elsewhere"
			cov.Worsen(scanners.Partial, "the server refers to "+place+", which was not read")
		}
		cov.Gaps = append(cov.Gaps, gap)
	}
}

func referredDN(place string) string {
	_, rest, _ := strings.Cut(place, "://")
	_, dn, _ := strings.Cut(rest, "/")
	dn, _, _ = strings.Cut(dn, "?")
	if plain, err := url.PathUnescape(dn); err == nil {
		dn = plain
	}
	return fold(dn)
}

func partition(dn string) bool {
	for _, head := range []string{"cn=configuration,", "cn=schema,", "dc=domaindnszones,", "dc=forestdnszones,"} {
		if strings.HasPrefix(dn, head) {
			return true
		}
	}
	return false
}

func (s *source) elsewhere(dn string) bool {
	return dn != "" && slices.ContainsFunc(s.config.CoveredElsewhere, func(c string) bool { return below(dn, fold(c)) })
}
