package ldap

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/fixtures/servers"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

const suffix = "dc=example,dc=org"

// TestMain gives the servers that several tests share a place, and ends them.
func TestMain(m *testing.M) {
	code := m.Run()
	shared.Lock()
	for _, stop := range shared.stops {
		stop()
	}
	shared.Unlock()
	os.Exit(code)
}

var shared struct {
	sync.Mutex
	stops []func()
}

func onExit(stop func()) {
	shared.Lock()
	defer shared.Unlock()
	shared.stops = append(shared.stops, stop)
}

// sharedDir is a folder that lives as long as the test program.
func sharedDir() (string, error) {
	dir, err := os.MkdirTemp("", "leaver-ldap-")
	onExit(func() { _ = os.RemoveAll(dir) })
	return dir, err
}

// person is an invented user of the slapd tests.
type person struct {
	n  int
	ou string
	// extra are further LDIF lines.
	extra []string
}

func (p person) dn() string { return fmt.Sprintf("uid=u%06d,ou=%s,%s", p.n, p.ou, suffix) }
func (p person) id() string { return fmt.Sprintf("10000000-0000-4000-8000-%012x", p.n) }

func (p person) write(w io.Writer) error {
	given, family := givenNames[p.n%len(givenNames)], familyNames_[p.n/len(givenNames)%len(familyNames_)]
	_, err := fmt.Fprintf(w, "dn: %s\nobjectClass: inetOrgPerson\nuid: u%06d\ncn: %s %s\ngivenName: %s\nsn: %s\nmail: u%06d@example.org\n"+
		"employeeNumber: %06d\nentryUUID: %s\ncreateTimestamp: 20250101080000Z\n%s\n",
		p.dn(), p.n, given, family, given, family, p.n, p.n, p.id(), strings.Join(append(p.extra, ""), "\n"))
	return err
}

var (
	givenNames   = []string{"Ada", "Bela", "Cleo", "Dario", "Edda", "Fynn", "Gesa", "Hugo", "Ines", "Jaro", "Kaja", "Levi", "Mira", "Nilo"}
	familyNames_ = []string{"Ahlers", "Brandt", "Castell", "Dorn", "Ebert", "Falke", "Grimm", "Hartung", "Immel", "Jansen", "Kessler"}
)

// tree writes the suffix, the reading account (password "reader") and the named organisational units.
func tree(w io.Writer, units ...string) error {
	_, err := fmt.Fprintf(w, "dn: %s\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n"+
		"dn: ou=Readers,%[1]s\nobjectClass: organizationalUnit\nou: Readers\n\n", suffix)
	for _, reader := range []string{"reader", "limited", "unpaged", "stranger"} {
		if err == nil {
			_, err = fmt.Fprintf(w, "dn: cn=%s,ou=Readers,%s\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: %[1]s\nuserPassword: %[1]s\n\n", reader, suffix)
		}
	}
	for _, ou := range units {
		if err == nil {
			_, err = fmt.Fprintf(w, "dn: ou=%s,%s\nobjectClass: organizationalUnit\nou: %[1]s\n\n", ou, suffix)
		}
	}
	return err
}

const readAll = `access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
limits dn.exact="cn=reader,ou=Readers,dc=example,dc=org" size=unlimited time=unlimited
limits dn.exact="cn=limited,ou=Readers,dc=example,dc=org" size.prtotal=20 size.hard=20 size.soft=20
limits dn.exact="cn=unpaged,ou=Readers,dc=example,dc=org" size.prtotal=disabled size.soft=500 size.hard=500`

// openSource opens the connector on a YAML text.
func openSource(t testing.TB, env scanners.Env, config string) *source {
	t.Helper()
	s, err := Kind().Accounts(scannertest.Config(config), env)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	opened := s.(*source)
	opened.retries = retries{10 * time.Millisecond, 20 * time.Millisecond}
	return opened
}

// as is the configuration of a reader with a password.
func as(url, reader, more string) string {
	return fmt.Sprintf("url: %s\nbind: {dn: \"cn=%s,ou=Readers,%s\", password: \"env:PW\"}\n%s\n", url, reader, suffix, more)
}

func testEnv(t testing.TB, password string) *scannertest.Outside {
	out := scannertest.Env(t)
	out.Secrets["env:PW"] = password
	return out
}

func TestConformance(t *testing.T) {
	servers.Need(t, "slapd", "slapadd")
	scannertest.Accounts(t, scannertest.Subject[scanners.Account]{
		Open: openConformance,
		Faults: []scannertest.Fault{scannertest.Truncated, scannertest.GarbledID, scannertest.Reset, scannertest.Slow,
			scannertest.UnavailableForever, scannertest.Unauthorized, scannertest.CutForever},
		UnknownID: "00000000-0000-4000-8000-000000000000",
		Facts:     Kind().Facts,
		Outcomes:  true,
		Rewrite:   *update,
	})
}

var update = flag.Bool("update", false, "rewrite what the faults of the conformance suite led to")

// broken lets the fault happen between a server and whoever connects to the address that it returns.
func broken(t *testing.T, server string, fault scannertest.Fault) string {
	address, _ := proxy(t, server, func(n int) leak {
		switch fault {
		case scannertest.Reset:
			return leak{refuse: n == 2}
		case scannertest.UnavailableForever:
			return leak{refuse: n >= 2}
		case scannertest.CutForever:
			return leak{cutAfter: map[bool]int64{true: 5_000}[n >= 2]}
		case scannertest.Slow:
			return leak{pause: 10 * time.Millisecond}
		}
		return leak{}
	})
	return "ldap://" + address
}

func openConformance(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
	database, reader := readAll, "reader"
	switch fault {
	case scannertest.Truncated:
		reader = "limited"
	case scannertest.GarbledID:
		database = fmt.Sprintf("access to dn.exact=%q attrs=entryUUID by * none\n%s", person{n: 7, ou: "People"}.dn(), readAll)
	}
	s, err := servers.StartSlapd(t.TempDir(), servers.Slapd{Database: database, Modules: []string{"ppolicy"}, LDIF: func(w io.Writer) error {
		err := tree(w, "People", "Groups")
		for i := 1; i <= n && err == nil; i++ {
			err = person{n: i, ou: "People", extra: []string{"pwdLastSuccess: 20260210070000Z", "manager: " + person{n: 1, ou: "People"}.dn()}}.write(w)
		}
		if err == nil {
			_, err = fmt.Fprintf(w, "dn: %s\nobjectClass: groupOfNames\ncn: admins\nmember: %s\n\n", admins, person{n: 1, ou: "People"}.dn())
		}
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	password := reader
	if fault == scannertest.Unauthorized {
		password = "changed"
	}
	env.Secret = func(string) (scanners.Secret, error) { return scanners.NewSecret(password), nil }
	return openSource(t, env, as(broken(t, s.Address, fault), reader, "base: ou=People,"+suffix+"\npage_size: 10\nprivileged: {groups: [\""+admins+"\"]}"))
}

const admins = "cn=admins,ou=Groups," + suffix

// startSmall starts a slapd of its own with n people below ou=People.
func startSmall(t *testing.T, s servers.Slapd, n int) *servers.RunningSlapd {
	t.Helper()
	servers.Need(t, "slapd", "slapadd")
	if s.Database == "" {
		s.Database = readAll
	}
	s.Modules = append(s.Modules, "ppolicy")
	return startFilled(t, s, n)
}

// startBare is startSmall without the password policy, whose attributes can disable an account.
func startBare(t *testing.T, n int) *servers.RunningSlapd {
	t.Helper()
	servers.Need(t, "slapd", "slapadd")
	return startFilled(t, servers.Slapd{Database: readAll}, n)
}

func startFilled(t *testing.T, s servers.Slapd, n int) *servers.RunningSlapd {
	t.Helper()
	s.LDIF = func(w io.Writer) error {
		err := tree(w, "People")
		for i := 1; i <= n && err == nil; i++ {
			err = person{n: i, ou: "People"}.write(w)
		}
		return err
	}
	running, err := servers.StartSlapd(t.TempDir(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Stop)
	return running
}
