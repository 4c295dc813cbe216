package ldap

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/leaver-audit/leaver/fixtures/servers"
	"github.com/leaver-audit/leaver/scanners"
)

// TestFaultsAreNeverAShortList runs every fault that a real server and the network before it can produce. None may end in a
// complete verdict, and each says why.
func TestFaultsAreNeverAShortList(t *testing.T) {
	t.Parallel()
	w := useSlapd(t)
	people := "base: ou=People," + suffix
	half := int64(staff() * 150)
	cut, _ := proxy(t, w.Address, func(int) leak { return leak{cutAfter: half} })
	early, _ := proxy(t, w.Address, func(int) leak { return leak{cutAfter: 60_000} })
	stall, _ := proxy(t, w.Address, func(int) leak { return leak{stallAfter: half} })
	mute, _ := proxy(t, w.Address, func(int) leak { return leak{stallAfter: 1} })
	refuse, _ := proxy(t, w.Address, func(int) leak { return leak{refuse: true} })
	for name, c := range map[string]struct {
		config  string
		reader  string
		verdict scanners.CoverageVerdict
		// says is part of the error, or of Why where silent; none is the number of accounts that may be missing at least.
		says   string
		silent bool
	}{
		"connection cut in the middle":        {as("ldap://"+cut, "reader", people+"\npage_size: 200"), "reader", scanners.Partial, "connection lost", false},
		"connection cut in the first page":    {as("ldap://"+early, "reader", people), "reader", scanners.Blind, "connection lost", false},
		"connection closed at once":           {as("ldap://"+refuse, "reader", people), "reader", scanners.Blind, "connection lost", false},
		"server stalls in the middle":         {as("ldap://"+stall, "reader", people+"\npage_size: 200\ntimeouts: {idle: 2s}"), "reader", scanners.Partial, "sent nothing for 2s", false},
		"server says nothing":                 {as("ldap://"+mute, "reader", people+"\ntimeouts: {idle: 100ms}"), "reader", scanners.Blind, "sent nothing for 100ms", false},
		"nobody listens":                      {as("ldap://127.0.0.1:1", "reader", people), "reader", scanners.Blind, "connection refused", false},
		"size limit, on a later page":         {as(w.URL, "limited", people+"\npage_size: 7"), "limited", scanners.Partial, "Size Limit", false},
		"size limit, pages refused":           {as(w.URL, "unpaged", people), "unpaged", scanners.Blind, "search below", false},
		"time limit":                          {as(w.URL, "reader", "base: cn=timelimit,ou=Faults,"+suffix), "reader", scanners.Blind, "Time Limit Exceeded", false},
		"administrative limit":                {as(w.URL, "reader", "base: cn=adminlimit,ou=Faults,"+suffix), "reader", scanners.Blind, "Admin Limit Exceeded", false},
		"busy for good":                       {as(w.URL, "reader", "base: cn=busy,ou=Faults,"+suffix), "reader", scanners.Blind, "Busy", false},
		"unavailable for good":                {as(w.URL, "reader", "base: cn=unavailable,ou=Faults,"+suffix), "reader", scanners.Blind, "Unavailable", false},
		"one of two bases fails":              {as(w.URL, "reader", "bases: [\"ou=Veiled,"+suffix+"\", \"cn=adminlimit,ou=Faults,"+suffix+"\"]"), "reader", scanners.Partial, "Admin Limit Exceeded", false},
		"base does not exist":                 {as(w.URL, "reader", "base: ou=Nowhere,"+suffix), "reader", scanners.Blind, "hint: the base does not exist", false},
		"one of two bases does not exist":     {as(w.URL, "reader", "bases: [\"ou=Veiled,"+suffix+"\", \"ou=Nowhere,"+suffix+"\"]"), "reader", scanners.Partial, "No Such Object", false},
		"one of two bases is hidden":          {as(w.URL, "stranger", "bases: [\"ou=Veiled,"+suffix+"\", \"ou=Secret,"+suffix+"\"]"), "stranger", scanners.Partial, "No Such Object", false},
		"a container whose content is hidden": {as(w.URL, "stranger", "base: ou=Half,"+suffix), "stranger", scanners.Partial, "has entries, but none of them is visible", true},
		"empty base":                          {as(w.URL, "reader", "base: ou=Empty,"+suffix), "reader", scanners.Blind, "gave none", true},
		"filter that matches nothing":         {as(w.URL, "reader", people+"\nfilter: (uid=nobody)"), "reader", scanners.Blind, "gave none", true},
		"referral inside the base":            {as(w.URL, "reader", "base: ou=Referrals,"+suffix), "reader", scanners.Partial, "second.example.org", true},
		"base is a referral":                  {as(w.URL, "reader", "base: ou=Elsewhere,ou=Referrals,"+suffix), "reader", scanners.Blind, "hint: the base is on another server", false},
		"wrong password":                      {as(w.URL, "reader", people), "wrong", scanners.Blind, "hint: check bind.dn and bind.password", false},
		"anonymous where nothing is shown":    {"url: " + w.URL + "\nbind: {method: anonymous}\n" + people, "", scanners.Blind, "No Such Object", false},
		"certificate of an unknown authority": {as(w.LDAPS, "reader", people), "reader", scanners.Blind, "hint: name the file of the issuing authority", false},
		"certificate of another authority":    {as(w.LDAPS, "reader", people+"\ntls: {ca: "+w.other.File+"}"), "reader", scanners.Blind, "unknown authority", false},
		"certificate of another name":         {as(w.LDAPS, "reader", people+"\ntls: {server_name: ldap.example.org, ca: "+w.ca.File+"}"), "reader", scanners.Blind, "hint: use the name", false},
		"starttls with an unknown authority":  {as(w.URL, "reader", people+"\ntls: {starttls: true}"), "reader", scanners.Blind, "unknown authority", false},
		"starttls with a server that ends it": {as("ldap://"+refuse, "reader", people+"\ntls: {starttls: true}"), "reader", scanners.Blind, "starttls", false},
		"tls where the server speaks plain":   {as("ldaps://"+w.Address, "reader", people), "reader", scanners.Blind, "tls with", false},
		"kerberos without a ticket":           {"url: " + w.URL + "\nbind: {method: gssapi, principal: a, keytab: missing}\n" + people, "", scanners.Blind, "kerberos", false},
		"external without a certificate":      {"url: " + w.LDAPS + "\ntls: {ca: " + w.ca.File + "}\nbind: {method: external}\n" + people, "", scanners.Blind, "bind to", false},
		"id not readable":                     {as(w.URL, "reader", people+"\nattributes: {id: jpegPhoto}\nfilter: (uid=u00000*)"), "reader", scanners.Blind, "without readable jpegPhoto", true},
		"password is missing":                 {"url: " + w.URL + "\nbind: {dn: cn=x, password: \"env:NONE\"}\n" + people, "", scanners.Blind, "bind.password", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := testEnv(t, c.reader)
			r := scanAll(t, out, c.config)
			if r.coverage.Verdict != c.verdict || r.coverage.Why == "" {
				t.Errorf("%v (%s) with %d accounts, want %v", r.coverage.Verdict, r.coverage.Why, len(r.accounts), c.verdict)
			}
			if (r.err == nil) != c.silent {
				t.Fatalf("error %v", r.err)
			}
			told := r.coverage.Why
			if r.err != nil {
				told = r.err.Error()
			}
			if !strings.Contains(told, c.says) {
				t.Errorf("told %q, want %q in it", told, c.says)
			}
			if int64(len(r.accounts)) != r.coverage.Read-r.coverage.Rejected {
				t.Errorf("read %d, rejected %d, but %d emitted", r.coverage.Read, r.coverage.Rejected, len(r.accounts))
			}
		})
	}
}

// TestPassingFaultsGiveEverything: a fault that is gone when asked again costs nothing.
func TestPassingFaultsGiveEverything(t *testing.T) {
	t.Parallel()
	w := useSlapd(t)
	people := "base: ou=People," + suffix + "\nfilter: (uid=u0000*)"
	for name, plan := range map[string]func(n int) leak{
		"closed at once, twice":         func(n int) leak { return leak{refuse: n <= 2} },
		"cut while learning":            func(n int) leak { return leak{cutAfter: map[bool]int64{true: 200}[n == 1]} },
		"cut in the first page":         func(n int) leak { return leak{cutAfter: map[bool]int64{true: 20_000}[n == 2]} },
		"cut in the first page, twice":  func(n int) leak { return leak{cutAfter: map[bool]int64{true: 20_000}[n == 2 || n == 3]} },
		"stalls in the first page once": func(n int) leak { return leak{stallAfter: map[bool]int64{true: 20_000}[n == 2]} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, count := proxy(t, w.Address, plan)
			r := scanAll(t, testEnv(t, "reader"), as("ldap://"+address, "reader", people+"\ntimeouts: {idle: 2s}"))
			r.wantComplete(t, 99)
			if count.Load() < 3 {
				t.Errorf("%d connections: the fault did not happen", count.Load())
			}
		})
	}
	t.Run("second of two servers", func(t *testing.T) {
		t.Parallel()
		out := testEnv(t, "reader")
		r := scanAll(t, out, as("ldap://127.0.0.1:1", "reader", "urls: ["+w.URL+"]\n"+people))
		r.wantComplete(t, 99)
	})
}

// TestSearchOnADeadConnection: the library's streaming search gives nothing and no error on a connection that has ended.
func TestSearchOnADeadConnection(t *testing.T) {
	t.Parallel()
	w := useSlapd(t)
	out := testEnv(t, "reader")
	s := openSource(t, out.Env, as(w.URL, "reader", "base: ou=People,"+suffix))
	for name, kill := range map[string]func(*session){
		"closed by the library": func(c *session) { _ = c.conn.Close() },
		"closed below it":       func(c *session) { _ = c.tap.wire.Conn.Close() },
		"timed out below it":    func(c *session) { c.tap.abort() },
	} {
		t.Run(name, func(t *testing.T) {
			c, err := s.open(t.Context(), s.servers)
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			kill(c)
			for range 2 {
				q := query{base: suffix, scope: goldap.ScopeWholeSubtree, filter: "(objectClass=*)", attributes: []string{"1.1"}}
				if _, err := c.list(t.Context(), q, func(*entry) error { return nil }); err == nil {
					t.Fatal("a search on a dead connection succeeded")
				}
			}
		})
	}
}

// TestDeadlineInTheMiddle: the library's streaming search ends without an error when its context does.
func TestDeadlineInTheMiddle(t *testing.T) {
	t.Parallel()
	w := useSlapd(t)
	address, _ := proxy(t, w.Address, func(int) leak { return leak{stallAfter: int64(staff() * 150)} })
	out := testEnv(t, "reader")
	s := openSource(t, out.Env, as("ldap://"+address, "reader", "base: ou=People,"+suffix+"\npage_size: 200"))
	why := errors.New("the night is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	n := 0
	cov, err := s.Scan(ctx, func(scanners.Account) error {
		if n++; n == 200 {
			time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
		}
		return nil
	})
	if !errors.Is(err, why) || cov.Verdict.Complete() || n >= staff() {
		t.Errorf("%d accounts, %v (%s), %v", n, cov.Verdict, cov.Why, err)
	}
}

func TestBadCertificates(t *testing.T) {
	t.Parallel()
	servers.Need(t, "slapd")
	dir := t.TempDir()
	ca, err := servers.NewAuthority(dir, "ca")
	if err != nil {
		t.Fatal(err)
	}
	now := testEnv(t, "").Now()
	for name, c := range map[string]struct {
		until time.Time
		fails bool
		gap   bool
	}{
		"expired yesterday": {now.Add(-24 * time.Hour), true, false},
		"expires in a week": {now.Add(7 * 24 * time.Hour), false, true},
		"expires in a year": {now.Add(365 * 24 * time.Hour), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			cert, err := ca.Issue(servers.Request{CommonName: "localhost", Hosts: []string{"127.0.0.1"}, Until: c.until})
			if err != nil {
				t.Fatal(err)
			}
			s := startSmall(t, servers.Slapd{Cert: cert, CA: ca.File}, 3)
			r := scanAll(t, testEnv(t, "reader"), as(s.LDAPS, "reader", "tls: {ca: "+ca.File+"}"))
			var invalid x509.CertificateInvalidError
			if got := errors.As(r.err, &invalid); got != c.fails {
				t.Fatalf("error %v", r.err)
			}
			if got := strings.Contains(gapText(r.coverage), "certificate of"); got != c.gap {
				t.Errorf("gap: %v", r.coverage.Gaps)
			}
			if !c.fails {
				r.wantComplete(t, 7) // three people and the four reading accounts
			}
		})
	}
}

func gapText(c scanners.Coverage) string {
	var b strings.Builder
	for _, g := range c.Gaps {
		b.WriteString(g.What + ": " + g.Cause + "; " + g.Effect + "\n")
	}
	return b.String()
}
