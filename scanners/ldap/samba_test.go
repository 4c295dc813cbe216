package ldap

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/fixtures/servers"
	"github.com/leaver-audit/leaver/scanners"
)

const labPassword = "S3cret-Passw0rd"

// labUser is the LDIF of a user of the Samba domain.
func labUser(name string, control int, more ...string) string {
	lines := append([]string{"dn: CN=" + name + ",OU=Staff,DC=lab,DC=test", "objectClass: user", "sAMAccountName: " + name,
		"userPrincipalName: " + name + "@lab.test", fmt.Sprintf("userAccountControl: %d", control), servers.SambaPassword(labPassword)}, more...)
	return strings.Join(lines, "\n") + "\n\n"
}

func labContent() (units, accounts, groups string) {
	units = "dn: OU=Staff,DC=lab,DC=test\nobjectClass: organizationalUnit\n"
	accounts = labUser("reader", 512) + labUser("alice", 512, "employeeID: 00017", "mail: alice@lab.test",
		"proxyAddresses: smtp:a@lab.test", "proxyAddresses: SMTP:alice@lab.test", "proxyAddresses: X500:/o=lab", "manager: CN=reader,OU=Staff,DC=lab,DC=test") +
		labUser("bob", 512) + labUser("carol", 514) + labUser("dave", 512, "accountExpires: 133000000000000000") +
		labUser("erin", 512) + labUser("frank", 512) + labUser("svc", 66048, "servicePrincipalName: http/app.lab.test") + labUser("hidden", 512) +
		"dn: CN=pc1,OU=Staff,DC=lab,DC=test\nobjectClass: computer\nsAMAccountName: pc1$\nuserAccountControl: 4096\nmanagedBy: CN=alice,OU=Staff,DC=lab,DC=test\n\n" +
		"dn: CN=gmsa1,OU=Staff,DC=lab,DC=test\nobjectClass: msDS-GroupManagedServiceAccount\nsAMAccountName: gmsa1$\nmsDS-ManagedPasswordInterval: 30\n\n"
	groups = "dn: CN=Ops,OU=Staff,DC=lab,DC=test\nobjectClass: group\nsAMAccountName: Ops\nmember: CN=frank,OU=Staff,DC=lab,DC=test\n\n"
	return units, accounts, groups
}

type lab struct {
	*servers.RunningSamba
	began time.Time
}

// sambaLab starts a domain whose accounts have really signed in: alice by password, bob by Kerberos, and erin with a wrong
// password until she was locked out.
var sambaLab = sync.OnceValues(func() (*lab, error) {
	dir, err := sharedDir()
	if err != nil {
		return nil, err
	}
	ca, err := servers.NewAuthority(dir, "ca")
	if err != nil {
		return nil, err
	}
	units, accounts, groups := labContent()
	began := time.Now()
	s, err := servers.StartSamba(filepath.Join(dir, "dc"), ca, units, accounts, groups)
	if err != nil {
		return nil, err
	}
	onExit(s.Stop)
	err = s.Modify("dn: CN=Domain Admins,CN=Users,DC=lab,DC=test\nchangetype: modify\nadd: member\nmember: CN=Ops,OU=Staff,DC=lab,DC=test\n\n" +
		"dn: DC=lab,DC=test\nchangetype: modify\nreplace: lockoutThreshold\nlockoutThreshold: 3\n\n" +
		// hidden: authenticated users may not read the property set of sign-ins.
		"dn: CN=hidden,OU=Staff,DC=lab,DC=test\nchangetype: modify\nreplace: nTSecurityDescriptor\n" +
		"nTSecurityDescriptor: O:DAG:DAD:P(OD;;RP;5f202010-79a5-11d0-9020-00c04fc2d4cf;;AU)(A;;RPLCRC;;;AU)(A;;GA;;;DA)(A;;GA;;;SY)\n")
	if err != nil {
		return nil, err
	}
	return &lab{s, began}, signIn(s)
})

func signIn(s *servers.RunningSamba) error {
	for _, attempt := range []struct{ user, password string }{{"alice", labPassword}, {"erin", "1"}, {"erin", "2"}, {"erin", "3"}, {"erin", "4"}} {
		c, err := goldap.DialURL(s.URL)
		if err != nil {
			return err
		}
		err = c.Bind(attempt.user+"@lab.test", attempt.password)
		_ = c.Close()
		if attempt.password == labPassword && err != nil {
			return err
		}
	}
	cmd := exec.Command("kinit", "-c", filepath.Join(filepath.Dir(s.Krb5Conf), "bob.cc"), "bob@LAB.TEST")
	cmd.Env = append(os.Environ(), "KRB5_CONFIG="+s.Krb5Conf)
	cmd.Stdin = strings.NewReader(labPassword + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("kinit: %w: %s", err, out)
	}
	return nil
}

func useSamba(t testing.TB) *lab {
	t.Helper()
	if testing.Short() {
		t.Skip("a domain is not started with -short")
	}
	servers.Need(t, "samba", "samba-tool", "ldbadd", "kinit")
	servers.Root(t)
	w, err := sambaLab()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *lab) config(more string) string {
	return fmt.Sprintf("url: %s\ntls: {ca: %s}\nbind: {dn: reader@lab.test, password: \"env:PW\"}\n%s\n", w.LDAPS, w.CA, more)
}

func TestSambaFacts(t *testing.T) {
	t.Parallel()
	w := useSamba(t)
	r := scanAll(t, testEnv(t, labPassword), w.config(""))
	// The domain holds Administrator, Guest, krbtgt, DC1$ and dns-dc1 beside the eleven of OU=Staff.
	r.wantComplete(t, 16)
	if r.coverage.Verdict != scanners.Proved || !strings.Contains(gapText(r.coverage), "a partition of the directory without accounts") {
		t.Errorf("verdict %v, gaps:\n%s", r.coverage.Verdict, gapText(r.coverage))
	}
	type brief struct {
		Kind                        scanners.AccountKind
		Enabled, Locked, Privileged string
		Logon                       scanners.State
		Why                         string
	}
	say := func(f scanners.Fact[bool]) string {
		if f.IsUnknown() {
			return "unknown"
		}
		return fmt.Sprint(f.Value)
	}
	got := map[string]brief{}
	for login, a := range r.byLogin {
		got[login] = brief{a.Kind, say(a.Enabled), say(a.Locked), say(a.Privileged), signal(a, "lastLogonTimestamp").At.State, a.PrivilegedWhy}
	}
	const never, known, unknown = scanners.StateNever, scanners.StateKnown, scanners.StateUnknown
	admins := "(" + domainSID(t, r) + "-512, Domain Admins)"
	want := map[string]brief{
		"reader": {"", "true", "false", "false", known, ""},
		"alice":  {"", "true", "false", "false", known, ""},
		"bob":    {"", "true", "false", "false", known, ""},
		"carol":  {"", "false", "false", "false", never, ""},
		"dave":   {"", "true", "false", "false", never, ""},
		"erin":   {"", "true", "true", "false", never, ""},
		"frank":  {"", "true", "false", "true", never, "member of Domain Admins through Ops " + admins},
		"svc":    {scanners.KindService, "true", "false", "false", never, ""},
		"hidden": {"", "true", "false", "false", unknown, ""},
		"pc1$":   {scanners.KindMachine, "true", "false", "false", never, ""},
		"gmsa1$": {scanners.KindService, "false", "false", "false", never, ""},
	}
	for login, w := range want {
		if diff := cmp.Diff(w, got[login]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", login, diff)
		}
	}
	if a := r.byLogin["Administrator"]; !scanners.Is(a.Privileged, true) || a.Kind != scanners.KindShared {
		t.Errorf("Administrator: %+v %q", a.Privileged, a.Kind)
	}
	if a := r.byLogin["Guest"]; !scanners.Is(a.Enabled, false) || a.Kind != scanners.KindGuest {
		t.Errorf("Guest: %+v %q", a.Enabled, a.Kind)
	}
	checkAlice(t, w, r)
}

func domainSID(t *testing.T, r result) string {
	t.Helper()
	for _, e := range r.byLogin["Administrator"].Evidence {
		if e.Name == "objectSid" {
			return strings.TrimSuffix(e.Values[0], "-500")
		}
	}
	t.Fatal("no SID")
	return ""
}

func checkAlice(t *testing.T, w *lab, r result) {
	t.Helper()
	alice, bob, dave := r.byLogin["alice"], r.byLogin["bob"], r.byLogin["dave"]
	if diff := cmp.Diff([]string{"alice@lab.test", "a@lab.test"}, alice.Mails); diff != "" {
		t.Errorf("mails:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"alice", "alice@lab.test"}, alice.Logins); diff != "" {
		t.Errorf("logins:\n%s", diff)
	}
	if alice.EmployeeIDs[0] != "00017" || alice.Manager != "CN=reader,OU=Staff,DC=lab,DC=test" || r.byLogin["pc1$"].Owner != alice.DN {
		t.Errorf("alice %+v, owner of pc1 %q", alice, r.byLogin["pc1$"].Owner)
	}
	stamp := signal(alice, "lastLogonTimestamp")
	if at, ok := stamp.At.Get(); !ok || at.Before(w.began.Add(-time.Minute)) || at.After(time.Now().Add(time.Minute)) || stamp.Precision != 14*24*time.Hour {
		t.Errorf("alice signed in at %+v", stamp)
	}
	if exact := signal(bob, "lastLogon"); !exact.At.IsKnown() {
		t.Errorf("bob's Kerberos sign-in: %+v", bob.Signals)
	}
	if x := dave.Expires; !x.IsKnown() || x.Value.Year() != 2022 || !alice.Expires.IsNever() {
		t.Errorf("expires: dave %+v, alice %+v", x, alice.Expires)
	}
	if c := alice.Created; !c.IsKnown() || c.Value.Before(w.began.Add(-time.Minute)) || !alice.PasswordChanged.IsKnown() {
		t.Errorf("created %+v, password %+v", c, alice.PasswordChanged)
	}
	if n := r.byLogin["erin"].FailedLogins; !n.IsKnown() || n.Value < 3 {
		t.Errorf("erin's failed logins %+v", n)
	}
	var names []string
	for _, g := range alice.Grants {
		names = append(names, fmt.Sprintf("%s %v %v", g.Name, g.Direct, g.Removable))
	}
	if diff := cmp.Diff([]string{"Domain Users true false", "Users false false"}, names); diff != "" {
		t.Errorf("alice's grants:\n%s", diff)
	}
}

func TestSambaLookupAgreesWithScan(t *testing.T) {
	t.Parallel()
	w := useSamba(t)
	out := testEnv(t, labPassword)
	s := openSource(t, out.Env, w.config("base: OU=Staff,DC=lab,DC=test\npage_size: 4\nfilter: (&(objectClass=user)(!(sAMAccountName=reader)))"))
	r := scanSource(t, out, s)
	r.wantComplete(t, 10)
	for _, want := range r.accounts {
		got, found, err := s.Lookup(t.Context(), want.ID)
		if err != nil || !scanners.Is(found, true) {
			t.Fatalf("Lookup(%q) = %+v, %v", want.ID, found, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-scan +lookup):\n%s", want.DN, diff)
		}
	}
	if _, found, err := s.Lookup(t.Context(), "00000000-0000-4000-8000-000000000000"); err != nil || !found.IsNever() {
		t.Errorf("unknown id: %+v, %v", found, err)
	}
	if _, found, err := s.Lookup(t.Context(), "no guid"); err == nil || !found.IsUnknown() {
		t.Errorf("malformed id: %+v, %v", found, err)
	}
}

func TestSambaBySeveralWays(t *testing.T) {
	t.Parallel()
	w := useSamba(t)
	keytab, err := w.Keytab("reader")
	if err != nil {
		t.Fatal(err)
	}
	kerberos := fmt.Sprintf("krb5_conf: %s, service: ldap/dc1.lab.test", w.Krb5Conf)
	for name, bind := range map[string]string{
		"kerberos with a password":         "{method: gssapi, principal: reader, realm: LAB.TEST, password: \"env:PW\", " + kerberos + "}",
		"kerberos with a keytab":           "{method: gssapi, principal: reader, realm: LAB.TEST, keytab: " + keytab + ", " + kerberos + "}",
		"kerberos with a credential cache": "{method: gssapi, ccache: " + filepath.Join(filepath.Dir(w.Krb5Conf), "bob.cc") + ", " + kerberos + "}",
		"password":                         "{dn: reader@lab.test, password: \"env:PW\"}",
	} {
		t.Run(name, func(t *testing.T) {
			for _, url := range []string{w.URL, w.LDAPS} {
				scanAll(t, testEnv(t, labPassword), fmt.Sprintf("url: %s\ntls: {ca: %s}\nbind: %s\nbase: OU=Staff,DC=lab,DC=test", url, w.CA, bind)).wantComplete(t, 11)
			}
		})
	}
	for user, says := range map[string]string{"carol": "533", "erin": "775", "alice": "52e", "dave": "701"} {
		password := labPassword
		if user == "alice" {
			password = "wrong"
		}
		r := scanAll(t, testEnv(t, password), fmt.Sprintf("url: %s\ntls: {ca: %s}\nbind: {dn: %s@lab.test, password: \"env:PW\"}", w.LDAPS, w.CA, user))
		if r.err == nil || !strings.Contains(r.err.Error(), says) || r.coverage.Verdict != scanners.Blind {
			t.Errorf("bind as %s: %v (%s), %v", user, r.coverage.Verdict, r.coverage.Why, r.err)
		}
	}
}

// TestEveryDomainController: lastLogon counts only when every controller told it; one that is missing makes it unknown.
func TestEveryDomainController(t *testing.T) {
	t.Parallel()
	w := useSamba(t)
	gone, _ := proxy(t, w.Address+":636", func(int) leak { return leak{refuse: true} })
	for name, c := range map[string]struct {
		list         string
		alice, frank scanners.State
		gap          bool
	}{
		"all answer":     {w.LDAPS + ", \"" + w.LDAPS + "/\"", scanners.StateNever, scanners.StateNever, false},
		"one is missing": {w.LDAPS + ", ldaps://" + gone, scanners.StateUnknown, scanners.StateUnknown, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := scanAll(t, testEnv(t, labPassword), w.config("base: OU=Staff,DC=lab,DC=test\ndomain_controllers: ["+c.list+"]"))
			r.wantComplete(t, 11)
			if got := signal(r.byLogin["frank"], "lastLogon").At.State; got != c.frank {
				t.Errorf("frank: %+v", r.byLogin["frank"].Signals)
			}
			if got := signal(r.byLogin["alice"], "lastLogon").At.State; got != c.alice {
				t.Errorf("alice, who signed in by password: %+v", r.byLogin["alice"].Signals)
			}
			if known := signal(r.byLogin["bob"], "lastLogon").At.IsKnown(); known == c.gap {
				t.Errorf("bob: %+v", r.byLogin["bob"].Signals)
			}
			if got := strings.Contains(gapText(r.coverage), "lastLogon of"); got != c.gap {
				t.Errorf("gaps: %s", gapText(r.coverage))
			}
		})
	}
}
