package ldap

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/fixtures/servers"
	"github.com/leaver-audit/leaver/scanners"
)

func content389() string {
	var b strings.Builder
	b.WriteString(`dn: dc=example,dc=org
objectClass: domain
dc: example
aci: (targetattr != "userPassword")(version 3.0; acl "readers read"; allow (read, search, compare) userdn = "ldap:///uid=reader,ou=Readers,dc=example,dc=org";)
aci: (targetattr = "*")(target = "ldap:///ou=Veiled,dc=example,dc=org")(targetattr = "lastLoginTime || nsAccountLock")(version 3.0; acl "veil"; deny (all) userdn = "ldap:///uid=reader,ou=Readers,dc=example,dc=org";)
aci: (targetattr != "userPassword")(version 3.0; acl "self"; allow (read, search) userdn = "ldap:///self";)

`)
	for _, ou := range []string{"Readers", "People", "Veiled", "Groups", "Empty"} {
		fmt.Fprintf(&b, "dn: ou=%s,dc=example,dc=org\nobjectClass: organizationalUnit\nou: %[1]s\n\n", ou)
	}
	user := func(uid, ou string, more ...string) {
		fmt.Fprintf(&b, "dn: uid=%s,ou=%s,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: %[1]s\nsn: %[1]s\nuserPassword: %[1]s-secret\nemployeeNumber: 0%[1]s\n%[3]s\n", uid, ou, strings.Join(append(more, ""), "\n"))
	}
	user("reader", "Readers")
	user("used", "People")
	user("idle", "People")
	user("locked", "People", "nsAccountLock: true")
	user("veiled", "Veiled", "nsAccountLock: true")
	for i := range 30 {
		user(fmt.Sprintf("many%02d", i), "People")
	}
	b.WriteString("dn: ou=Closed,dc=example,dc=org\nobjectClass: organizationalUnit\nou: Closed\n\ndn: ou=Vault,ou=Closed,dc=example,dc=org\nobjectClass: organizationalUnit\nou: Vault\n" +
		"aci: (targetattr = \"*\")(version 3.0; acl \"vault\"; deny (all) userdn = \"ldap:///uid=reader,ou=Readers,dc=example,dc=org\";)\n\n")
	user("seen", "Closed")
	user("unseen", "Vault,ou=Closed")
	b.WriteString("dn: cn=ops,ou=Groups,dc=example,dc=org\nobjectClass: groupOfUniqueNames\ncn: ops\nuniqueMember: uid=used,ou=People,dc=example,dc=org\n\n")
	return strings.Replace(b.String(), `(targetattr = "*")(target`, "(target", 1)
}

// lab389 starts a server with the Account Policy plugin; "used" has signed in, "locked" has tried.
var lab389 = sync.OnceValues(func() (*servers.Running389, error) {
	dir, err := sharedDir()
	if err != nil {
		return nil, err
	}
	s, err := servers.Start389(dir, content389())
	if err != nil {
		return nil, err
	}
	onExit(s.Stop)
	for user, want := range map[string]uint16{"used": 0, "locked": goldap.LDAPResultUnwillingToPerform} {
		c, err := goldap.DialURL(s.URL)
		if err != nil {
			return nil, err
		}
		err = c.Bind("uid="+user+",ou=People,dc=example,dc=org", user+"-secret")
		_ = c.Close()
		if want == 0 && err != nil || want != 0 && !goldap.IsErrorWithCode(err, want) {
			return nil, fmt.Errorf("bind as %s: %w", user, err)
		}
	}
	return s, nil
})

func use389(t testing.TB) *servers.Running389 {
	t.Helper()
	servers.Need(t, "ns-slapd", "pwdhash", "ldapmodify")
	servers.Root(t)
	s, err := lab389()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func config389(s *servers.Running389, more string) string {
	return fmt.Sprintf("url: %s\nbind: {dn: \"uid=reader,ou=Readers,dc=example,dc=org\", password: \"env:PW\"}\n%s\n", s.URL, more)
}

func Test389Facts(t *testing.T) {
	t.Parallel()
	s := use389(t)
	r := scanAll(t, testEnv(t, "reader-secret"), config389(s, "page_size: 10\nactivity: {since: 2020-01-01}\nbases: [\"ou=Readers,dc=example,dc=org\", \"ou=People,dc=example,dc=org\", \"ou=Veiled,dc=example,dc=org\"]"))
	r.wantComplete(t, 35)
	if r.coverage.Verdict != scanners.Proved || r.coverage.Pages != 6 {
		t.Errorf("%v after %d pages", r.coverage.Verdict, r.coverage.Pages)
	}
	used, idle, locked, veiled := r.byLogin["used"], r.byLogin["idle"], r.byLogin["locked"], r.byLogin["veiled"]
	for _, c := range []struct {
		account  scanners.Account
		enabled  scanners.Fact[bool]
		activity scanners.State
	}{
		{used, scanners.Known(true), scanners.StateKnown},
		{idle, scanners.Known(true), scanners.StateNever},
		{locked, scanners.Known(false), scanners.StateNever},
		{veiled, scanners.Unknown[bool]("nsAccountLock is not readable by this account"), scanners.StateUnknown},
	} {
		if diff := cmp.Diff(c.enabled, c.account.Enabled); diff != "" {
			t.Errorf("%s: enabled (-want +got):\n%s", c.account.DN, diff)
		}
		if got := signal(c.account, "lastLoginTime"); got.At.State != c.activity {
			t.Errorf("%s: %+v, want state %d", c.account.DN, c.account.Signals, c.activity)
		}
		if !c.account.Created.IsKnown() || len(c.account.ID) != 35 {
			t.Errorf("%s: created %+v, id %q", c.account.DN, c.account.Created, c.account.ID)
		}
	}
	if len(used.Grants) != 1 || used.Grants[0].Name != "ops" || !used.Grants[0].Removable {
		t.Errorf("grants %+v", used.Grants)
	}
}

func Test389WithoutSinceIsUnknown(t *testing.T) {
	t.Parallel()
	s := use389(t)
	r := scanAll(t, testEnv(t, "reader-secret"), config389(s, "base: ou=People,dc=example,dc=org"))
	r.wantComplete(t, 33)
	// Everybody is older than the first sign-in that is on record.
	if at := signal(r.byLogin["idle"], "lastLoginTime").At; !at.IsUnknown() || !strings.Contains(at.Reason, "older than the record") {
		t.Errorf("idle: %+v", at)
	}
}

// Test389CountsWhatItHides: the server's own count of children gives a hidden subtree away.
func Test389CountsWhatItHides(t *testing.T) {
	t.Parallel()
	s := use389(t)
	r := scanAll(t, testEnv(t, "reader-secret"), config389(s, "base: ou=Closed,dc=example,dc=org"))
	if r.coverage.Verdict != scanners.Partial || !strings.Contains(r.coverage.Why, "at least 1 more entries") || len(r.accounts) != 1 {
		t.Errorf("%d accounts, %v (%s), %v", len(r.accounts), r.coverage.Verdict, r.coverage.Why, r.err)
	}
}

func Test389Lookup(t *testing.T) {
	t.Parallel()
	s := use389(t)
	out := testEnv(t, "reader-secret")
	source := openSource(t, out.Env, config389(s, "base: ou=People,dc=example,dc=org\nactivity: {since: 2020-01-01}"))
	r := scanSource(t, out, source)
	for _, login := range []string{"used", "idle", "locked"} {
		want := r.byLogin[login]
		got, found, err := source.Lookup(t.Context(), want.ID)
		if err != nil || !scanners.Is(found, true) {
			t.Fatalf("%+v, %v", found, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-scan +lookup):\n%s", login, diff)
		}
	}
	if _, found, err := source.Lookup(t.Context(), "00000000-00000000-00000000-00000000"); err != nil || !found.IsNever() {
		t.Errorf("unknown id: %+v, %v", found, err)
	}
}
