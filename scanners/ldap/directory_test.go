package ldap

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/fixtures/servers"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// staff is how many people the shared slapd holds below ou=People.
func staff() int {
	if testing.Short() {
		return 2_000
	}
	return 20_000
}

type world struct {
	*servers.RunningSlapd
	ca, other *servers.Authority
	client    servers.Certificate
}

// slapdWorld starts the shared slapd: 20,000 people under access rules and TLS, and all sorts of odd entries. Facts of
// person n: n%10 == 3 never signed in and is young, n%10 == 4 never signed in and is older than the record, n%50 == 7 is
// disabled, n%50 == 8 is locked by wrong passwords.
var slapdWorld = sync.OnceValues(func() (*world, error) {
	dir, err := sharedDir()
	if err != nil {
		return nil, err
	}
	w := &world{}
	if w.ca, err = servers.NewAuthority(dir, "ca"); err != nil {
		return nil, err
	}
	if w.other, err = servers.NewAuthority(dir, "other"); err != nil {
		return nil, err
	}
	cert, err := w.ca.Issue(servers.Request{CommonName: "localhost", Hosts: []string{"localhost", "127.0.0.1"}})
	if err != nil {
		return nil, err
	}
	if w.client, err = w.ca.Issue(servers.Request{CommonName: "auditor"}); err != nil {
		return nil, err
	}
	w.RunningSlapd, err = servers.StartSlapd(dir, servers.Slapd{Cert: cert, CA: w.ca.File, LDIF: writeWorld,
		Modules: []string{"ppolicy", "lastbind", "memberof", "retcode"},
		Global:  "authz-regexp \"cn=auditor\" \"cn=reader,ou=Readers," + suffix + "\"\nauthz-regexp \"gidNumber=.*,cn=peercred,cn=external,cn=auth\" \"cn=reader,ou=Readers," + suffix + "\"",
		Database: `access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="ou=Secret,dc=example,dc=org" by dn.exact="cn=stranger,ou=Readers,dc=example,dc=org" none by users read by * none
access to dn.children="ou=Closed,ou=Half,dc=example,dc=org" by dn.exact="cn=stranger,ou=Readers,dc=example,dc=org" none by users read by * none
access to dn.subtree="ou=Veiled,dc=example,dc=org" attrs=pwdLastSuccess,pwdAccountLockedTime by * none
access to dn.onelevel="ou=People,dc=example,dc=org" filter=(employeeNumber=000013) attrs=pwdLastSuccess by * none
access to attrs=pwdLastSuccess,pwdAccountLockedTime,authTimestamp by dn.exact="cn=stranger,ou=Readers,dc=example,dc=org" none by users read by * none
` + strings.TrimPrefix(readAll, "access to attrs=userPassword by anonymous auth by * none\n") + `
lastbind on
overlay ppolicy
overlay retcode
retcode-parent "ou=Faults,dc=example,dc=org"
retcode-item "cn=timelimit" 0x03
retcode-item "cn=adminlimit" 0x0b
retcode-item "cn=busy" 0x33
retcode-item "cn=unavailable" 0x34
`})
	if err == nil {
		onExit(w.Stop)
	}
	return w, err
})

func useSlapd(t testing.TB) *world {
	t.Helper()
	servers.Need(t, "slapd", "slapadd")
	w, err := slapdWorld()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func worldPerson(n int) person {
	p := person{n: n, ou: "People"}
	switch {
	case n%10 == 3: // young and unused: created after the oldest record
		p.extra = append(p.extra, "@20260115080000Z")
	case n%10 != 4:
		p.extra = append(p.extra, fmt.Sprintf("pwdLastSuccess: 2025%02d%02d093000.123456Z", 3+n%9, 1+n%28))
	}
	switch n % 50 {
	case 7:
		p.extra = append(p.extra, "pwdAccountLockedTime: 000001010000Z")
	case 8:
		p.extra = append(p.extra, "pwdAccountLockedTime: 20260228120000Z", "pwdFailureTime: 20260228115900.5Z", "pwdFailureTime: 20260228120000.75Z")
	}
	if n == 1 {
		p.extra = append(p.extra, "manager: uid=u000002,ou=People,"+suffix, "pwdChangedTime: 20250601000000Z")
	}
	return p
}

func writeWorld(w io.Writer) error {
	if err := tree(w, "People", "Secret", "Veiled", "Odd", "Empty", "Half", "Referrals", "Groups"); err != nil {
		return err
	}
	for n := 1; n <= staff(); n++ {
		if err := writeAged(w, worldPerson(n)); err != nil {
			return err
		}
	}
	for n := 1; n <= 5; n++ {
		if err := (person{n: 900_000 + n, ou: "Secret"}).write(w); err != nil {
			return err
		}
		veiled := person{n: 910_000 + n, ou: "Veiled", extra: []string{"@20260115080000Z", "pwdLastSuccess: 20260201000000Z", "pwdAccountLockedTime: 000001010000Z"}}
		if err := writeAged(w, veiled); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, strings.ReplaceAll(oddEntries, "SUFFIX", suffix))
	return err
}

// writeAged writes a person whose extra line "@time" replaces the time of creation.
func writeAged(w io.Writer, p person) error {
	if len(p.extra) == 0 || !strings.HasPrefix(p.extra[0], "@") {
		return p.write(w)
	}
	created := p.extra[0][1:]
	p.extra = p.extra[1:]
	var b strings.Builder
	if err := p.write(&b); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.Replace(b.String(), "createTimestamp: 20250101080000Z", "createTimestamp: "+created, 1))
	return err
}

// oddEntries: DNs with everything that has to be escaped, bytes that are no text, doubled keys, accounts of services, and
// groups within groups.
const oddEntries = `dn: cn=Doe\, Jane+uid=jdoe,ou=Odd,SUFFIX
objectClass: inetOrgPerson
cn: Doe, Jane
uid: jdoe
sn: Doe
employeeNumber: 000001
entryUUID: 20000000-0000-4000-8000-000000000001

dn: cn=Žofie Šťastná,ou=Odd,SUFFIX
objectClass: inetOrgPerson
cn: Žofie Šťastná
uid: zofie
sn: Šťastná
jpegPhoto:: /9j/4AAQSkZJRgABAQ==
entryUUID: 20000000-0000-4000-8000-000000000002

dn: cn=backup,ou=Odd,SUFFIX
objectClass: organizationalRole
objectClass: simpleSecurityObject
objectClass: uidObject
cn: backup
uid: backup
userPassword: x
entryUUID: 20000000-0000-4000-8000-000000000003

dn: uid=ws01$,ou=Odd,SUFFIX
objectClass: account
uid: ws01$
entryUUID: 20000000-0000-4000-8000-000000000004

dn: uid=posix,ou=Odd,SUFFIX
objectClass: account
objectClass: posixAccount
objectClass: shadowAccount
uid: posix
cn: Posix
uidNumber: 5000
gidNumber: 600
homeDirectory: /home/posix
loginShell: /usr/sbin/nologin
shadowExpire: 20000
entryUUID: 20000000-0000-4000-8000-000000000005

dn: uid=open,ou=Half,SUFFIX
objectClass: account
uid: open
entryUUID: 20000000-0000-4000-8000-000000000007

dn: ou=Closed,ou=Half,SUFFIX
objectClass: organizationalUnit
ou: Closed

dn: uid=shut,ou=Closed,ou=Half,SUFFIX
objectClass: account
uid: shut
entryUUID: 20000000-0000-4000-8000-000000000008

dn: ou=Elsewhere,ou=Referrals,SUFFIX
objectClass: referral
objectClass: extensibleObject
ou: Elsewhere
ref: ldap://other.example.org/ou=Elsewhere,SUFFIX
ref: ldap://second.example.org/ou=Elsewhere,SUFFIX

dn: uid=near,ou=Referrals,SUFFIX
objectClass: account
uid: near
entryUUID: 20000000-0000-4000-8000-000000000006

dn: cn=inner,ou=Groups,SUFFIX
objectClass: groupOfNames
cn: inner
member: uid=u000001,ou=People,SUFFIX
member: CN=DOE\, jane+UID=jdoe, OU=Odd,SUFFIX
entryUUID: 30000000-0000-4000-8000-000000000001

dn: cn=admins,ou=Groups,SUFFIX
objectClass: groupOfNames
cn: admins
member: cn=inner,ou=Groups,SUFFIX
entryUUID: 30000000-0000-4000-8000-000000000002

dn: cn=unique,ou=Groups,SUFFIX
objectClass: groupOfUniqueNames
cn: unique
uniqueMember: uid=u000002,ou=People,SUFFIX
entryUUID: 30000000-0000-4000-8000-000000000003

dn: cn=staff,ou=Groups,SUFFIX
objectClass: posixGroup
cn: staff
gidNumber: 600
memberUid: u000003
entryUUID: 30000000-0000-4000-8000-000000000004

`

// result is the outcome of a scan in a test.
type result struct {
	accounts []scanners.Account
	byLogin  map[string]scanners.Account
	coverage scanners.Coverage
	rejected []scanners.Rejection
	err      error
}

func scanAll(t testing.TB, out *scannertest.Outside, config string) result {
	t.Helper()
	return scanSource(t, out, openSource(t, out.Env, config))
}

func scanSource(t testing.TB, out *scannertest.Outside, s *source) result {
	t.Helper()
	r := result{byLogin: map[string]scanners.Account{}}
	r.coverage, r.err = s.Scan(t.Context(), func(a scanners.Account) error {
		r.accounts = append(r.accounts, a)
		r.byLogin[a.Login()] = a
		return nil
	})
	r.rejected = out.Rejected
	return r
}

// wantComplete fails unless n accounts were read completely.
func (r result) wantComplete(t testing.TB, n int) {
	t.Helper()
	if r.err != nil || len(r.accounts) != n || !r.coverage.Verdict.Complete() {
		t.Fatalf("%d accounts, %v (%s), error %v; want %d, complete\ngaps: %+v", len(r.accounts), r.coverage.Verdict, r.coverage.Why, r.err, n, r.coverage.Gaps)
	}
}

func signal(a scanners.Account, name string) scanners.Signal {
	for _, s := range a.Signals {
		if s.Name == name {
			return s
		}
	}
	return scanners.Signal{Name: "no " + name}
}

func TestScanOfTwentyThousandUnderTLS(t *testing.T) {
	t.Parallel()
	w := useSlapd(t)
	for name, config := range map[string]string{
		"ldaps":    "url: " + w.LDAPS + "\ntls: {ca: " + w.ca.File + "}",
		"starttls": "url: " + w.URL + "\ntls: {ca: " + w.ca.File + ", starttls: true}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := testEnv(t, "reader")
			r := scanAll(t, out, config+"\nbind: {dn: \"cn=reader,ou=Readers,"+suffix+"\", password: \"env:PW\"}\nbase: ou=People,"+suffix)
			r.wantComplete(t, staff())
			if r.coverage.Verdict != scanners.Proved || r.coverage.Pages != int64(staff()/1000) {
				t.Errorf("verdict %v over %d pages", r.coverage.Verdict, r.coverage.Pages)
			}
			checkWorldFacts(t, r)
		})
	}
}

func checkWorldFacts(t *testing.T, r result) {
	t.Helper()
	counts := map[string]int{}
	for _, a := range r.accounts {
		var n int
		if _, err := fmt.Sscanf(a.Login(), "u%d", &n); err != nil {
			t.Fatalf("login %q", a.Login())
		}
		if a.ID != worldPerson(n).id() || a.EmployeeIDs[0] != fmt.Sprintf("%06d", n) || a.Mails[0] != fmt.Sprintf("u%06d@example.org", n) {
			t.Fatalf("account %d: %+v", n, a)
		}
		if want := n%50 != 7; !scanners.Is(a.Enabled, want) {
			t.Fatalf("account %d: enabled %+v, want %v", n, a.Enabled, want)
		}
		if want := n%50 == 8; !scanners.Is(a.Locked, want) {
			t.Fatalf("account %d: locked %+v, want %v", n, a.Locked, want)
		}
		last := signal(a, "pwdLastSuccess").At
		state := map[int]scanners.State{3: scanners.StateNever, 4: scanners.StateUnknown}
		want, special := state[n%10]
		if !special {
			want = scanners.StateKnown
		}
		if n == 13 {
			want = scanners.StateUnknown // a rule hides the attribute of this one entry
		}
		if last.State != want {
			t.Fatalf("account %d: last success %+v, want state %d", n, last, want)
		}
		counts[fmt.Sprint(last.State)]++
	}
	if diff := cmp.Diff(map[string]int{"0": staff()/10 + 1, "1": staff() / 10 * 8, "2": staff()/10 - 1}, counts); diff != "" {
		t.Errorf("states of last activity (-want +got):\n%s", diff)
	}
	got := r.byLogin["u000001"]
	want := scanners.Account{ID: worldPerson(1).id(), Logins: []string{"u000001"}, DN: worldPerson(1).dn(), DisplayName: got.DisplayName,
		Mails: []string{"u000001@example.org"}, EmployeeIDs: []string{"000001"}, Manager: "uid=u000002,ou=People," + suffix,
		Enabled: scanners.Known(true), DisabledAt: scanners.Unknown[time.Time]("the directory does not record it"),
		Created:         scanners.Known(time.Date(2025, 1, 1, 8, 0, 0, 0, time.UTC)),
		Signals:         []scanners.Signal{{Name: "pwdLastSuccess", At: scanners.Known(time.Date(2025, 4, 2, 9, 30, 0, 123456000, time.UTC))}},
		FailedLogins:    scanners.Unknown[int64]("pwdFailureTime is not shown"),
		PasswordChanged: scanners.Known(time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)),
		Expires:         scanners.Unknown[time.Time]("pwdEndTime is not shown"), Locked: scanners.Known(false),
		Privileged: scanners.Unknown[bool]("no group is configured as privileged"),
		Grants: []scanners.Grant{{ID: "30000000-0000-4000-8000-000000000001", Name: "inner", Type: "group", Direct: true, Removable: true},
			{ID: "30000000-0000-4000-8000-000000000002", Name: "admins", Type: "group"}},
		Evidence: got.Evidence}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("first account (-want +got):\n%s", diff)
	}
	if n := r.byLogin["u000008"].FailedLogins; !scanners.Is(n, 2) {
		t.Errorf("failed logins %+v, want 2", n)
	}
}
