//go:build !noentra

package entra

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/fixtures/company"
	"github.com/leaver-audit/leaver/fixtures/graph"
	"github.com/leaver-audit/leaver/scanners"
)

// halvard is the company, seen at the clock of the tests.
func halvard() *company.Company {
	return company.New(company.Options{Seed: 7, Accounts: 1500, Nights: 3, Now: now()})
}

// TestCompany reads the tenant of the company and compares every user and service principal with the account of the directory that
// it was made from, and what the tenant adds with how it was added.
func TestCompany(t *testing.T) {
	c := halvard()
	tenant := graph.FromCompany(c, 2, clientID)
	s := serve(t, options(), tenant)
	got, cov, err := scan(t, openSource(t, outside(t, s).Env, config(s, "")))
	if err != nil || cov.Verdict != scanners.Proved {
		t.Fatalf("%v (%s), %v", cov.Verdict, cov.Why, err)
	}
	directory := map[string]scanners.Account{}
	for night := range 3 {
		for a := range c.Accounts(company.Directory, night) {
			directory[a.ID] = a
		}
	}
	seen := map[string]int{}
	for id, a := range got {
		origin, mirrored := directory[tenant.Origins[id]]
		switch {
		case !mirrored && a.Kind == scanners.KindGuest:
			seen["guest"]++
			if a.Sponsor == "" || got[a.Sponsor].ID == "" {
				t.Errorf("guest %v has the sponsor %q", a.Logins, a.Sponsor)
			}
		case !mirrored:
			seen["application "+a.DisplayName]++
		case a.Kind == scanners.KindService:
			seen["service"]++
			compareService(t, a, origin, got)
		case a.Evidence[0].Name == "soft-deleted":
			seen["deleted"]++
			if !scanners.Is(a.Enabled, false) || !a.DisabledAt.IsKnown() || a.Logins[0] != origin.Logins[0]+"@"+company.Domain {
				t.Errorf("deleted user %v: enabled %+v, since %+v", a.Logins, a.Enabled, a.DisabledAt)
			}
		default:
			seen["person"]++
			comparePerson(t, a, origin, seen)
		}
	}
	users := 0
	for range c.Accounts(company.Directory, 2) {
		users++
	}
	if seen["person"]+seen["service"] != users || seen["guest"] == 0 || seen["service"] == 0 || seen["privileged"] < 3 || seen["never"] == 0 ||
		seen["application leaver"] != 1 || seen["application Halvard Wiki"] != 1 || seen["application Microsoft Graph"] != 0 {
		t.Errorf("%v of %d accounts of the directory", seen, users)
	}
	if cov.Read != int64(len(got)) || cov.Claimed.Value != int64(len(got)-seen["deleted"]) {
		t.Errorf("read %d, claimed %+v, emitted %d", cov.Read, cov.Claimed, len(got))
	}
}

func comparePerson(t *testing.T, a, origin scanners.Account, seen map[string]int) {
	t.Helper()
	if a.Enabled != origin.Enabled || a.Created != origin.Created || !slices.Equal(a.EmployeeIDs, origin.EmployeeIDs) || a.Kind != "" ||
		a.Logins[0] != origin.Logins[0]+"@"+company.Domain || a.Authority != graph.OnPremises || a.AuthorityID != origin.ID || a.Privileged != origin.Privileged {
		t.Errorf("got %+v\nfrom %+v", a, origin)
	}
	if len(origin.Mails) > 0 && a.Mails[0] != strings.TrimSpace(origin.Mails[0]) {
		t.Errorf("mails %q from %q", a.Mails, origin.Mails)
	}
	use, used := origin.LastUse()
	mine := a.Signals[0]
	if used && mine.At != scanners.Known(use.At.Value.UTC()) || !used && !mine.At.IsNever() || mine.Precision != 48*time.Hour {
		t.Errorf("%v: used %+v, in the directory %+v", a.Logins, mine, use)
	}
	if mine.At.IsNever() {
		seen["never"]++
	}
	if scanners.Is(a.Privileged, true) {
		seen["privileged"]++
		if !slices.ContainsFunc(a.Grants, func(g scanners.Grant) bool { return g.Type == "role" }) || a.PrivilegedWhy == "" {
			t.Errorf("%v is privileged (%s) by %v", a.Logins, a.PrivilegedWhy, a.Grants)
		}
	}
	if enabled := scanners.Is(a.Enabled, true); enabled != slices.Contains(a.Licences, "SPE_E3") {
		t.Errorf("%v: enabled %v, licences %q", a.Logins, enabled, a.Licences)
	}
}

func compareService(t *testing.T, a, origin scanners.Account, got map[string]scanners.Account) {
	t.Helper()
	use, used := origin.LastUse()
	if a.Enabled != origin.Enabled || a.DisplayName != origin.Logins[0] || used && a.Signals[0].At != scanners.Known(use.At.Value.UTC()) {
		t.Errorf("got %+v\nfrom %+v", a, origin)
	}
	owner := got[a.Owner]
	if (origin.Owner == "") != (a.Owner == "") || a.Owner != "" && !strings.HasPrefix(origin.Owner, "uid="+strings.TrimSuffix(owner.Logins[0], "@"+company.Domain)+",") {
		t.Errorf("owner %v of one whose owner is %q", owner.Logins, origin.Owner)
	}
}

// TestLookUpCompany: what a look-up says of an account is what the scan said.
func TestLookUpCompany(t *testing.T) {
	s := serve(t, options(), graph.FromCompany(halvard(), 2, clientID))
	source := openSource(t, outside(t, s).Env, config(s, ""))
	got, _, err := scan(t, source)
	if err != nil {
		t.Fatal(err)
	}
	byKind := map[string]int{}
	for id, want := range got {
		kind := string(want.Kind) + " " + want.Evidence[0].Name + " " + want.PrivilegedWhy
		if byKind[kind]++; byKind[kind] > 3 {
			continue
		}
		a, found, err := source.(scanners.Lookup[scanners.Account]).Lookup(t.Context(), strings.ToUpper(id))
		if err != nil || !scanners.Is(found, true) {
			t.Errorf("%s %s: %+v, %v", kind, id, found, err)
			continue
		}
		if diff := differ(a, want); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
	if len(byKind) < 5 {
		t.Errorf("only %v", byKind)
	}
}
