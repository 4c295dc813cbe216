package scim

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/fixtures/servers"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// startScimmy starts the servers of scimmy, wired right and naively, until the test ends.
func startScimmy(t *testing.T) (right, naive string) {
	t.Helper()
	dir := t.TempDir()
	servers.InstallScimmy(t, dir)
	var urls [2]string
	for i := range urls {
		s, err := servers.StartScimmy(dir, i == 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Stop)
		urls[i] = s.URL
	}
	return urls[0], urls[1]
}

// openPeer opens the connector on a server that holds n users, with fault on the wire before it.
func openPeer(t *testing.T, env scanners.Env, base string, n int, fault scannertest.Fault, more string) scanners.Source[scanners.Account] {
	t.Helper()
	target, err := url.Parse(strings.TrimSuffix(base, "/scim/v2"))
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(r *http.Response) error {
		r.Header.Del("Date") // the wire tells the time
		return nil
	}
	wire := scannertest.Wire{Counts: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/Users") }}
	server := httptest.NewServer(wire.Serve(fault, proxy))
	t.Cleanup(server.Close)
	return openAt(t, env, server.URL+"/scim/v2", fmt.Sprintf("users-%d", n), more)
}

// openAt opens the connector at an address, with a bearer token.
func openAt(t *testing.T, env scanners.Env, base, token, more string) scanners.Source[scanners.Account] {
	t.Helper()
	env.Secret = func(string) (scanners.Secret, error) { return scanners.NewSecret(token), nil }
	source, err := Kind().Accounts(scannertest.Config("url: "+base+"\nauth: {token: \"env:TOKEN\"}\n"+more), env)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// TestScimmy runs the suite against a server that nobody here wrote.
func TestScimmy(t *testing.T) {
	right, naive := startScimmy(t)
	scannertest.Accounts(t, scannertest.Subject[scanners.Account]{
		Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
			if fault == scannertest.Loop {
				return openPeer(t, env, naive, n, scannertest.Healthy, "page_size: 10\n")
			}
			return openPeer(t, env, right, n, fault, "page_size: 10\n")
		},
		Faults: []scannertest.Fault{scannertest.Throttled, scannertest.Unavailable, scannertest.ServerError, scannertest.BadGateway,
			scannertest.Reset, scannertest.CutAnswer, scannertest.CutJSON, scannertest.ThrottledForever,
			scannertest.UnavailableForever, scannertest.Unauthorized, scannertest.Forbidden, scannertest.EmptyAnswer, scannertest.EmptyObject,
			scannertest.LoginPage, scannertest.CutForever, scannertest.Loop, scannertest.Redirected, scannertest.WrongClock},
		UnknownID: "id-99999",
	})
	t.Run("pages", func(t *testing.T) { scimmyPages(t, right, naive) })
	t.Run("groups", func(t *testing.T) { scimmyGroups(t, right) })
	t.Run("inactive users by a query of their own", func(t *testing.T) {
		c, all := scanAll(t, openPeer(t, scannertest.Env(t).Env, right, 45, scannertest.Healthy, "inactive: query\npage_size: 7\n"))
		if c.Verdict != scanners.Proved || len(all) != 45 || !scanners.Is(c.Claimed, 45) {
			t.Errorf("%v (%s), %d users, claimed %+v", c.Verdict, c.Why, len(all), c.Claimed)
		}
	})
	t.Run("demands its token", func(t *testing.T) {
		source := openAt(t, scannertest.Env(t).Env, right, "wrong", "")
		c, err := source.Scan(t.Context(), func(scanners.Account) error { return nil })
		if err == nil || c.Verdict.Complete() || !strings.Contains(err.Error(), "credentials are refused") {
			t.Errorf("%v, %v", c.Verdict, err)
		}
	})
}

// scimmyPages reads sizes around the ends of pages. Behind its last user scimmy gives its first page again.
func scimmyPages(t *testing.T, right, naive string) {
	for _, test := range []struct {
		base        string
		n, pageSize int
		want        scanners.CoverageVerdict
		read        int
	}{
		{right, 1, 10, scanners.Proved, 1},
		{right, 10, 10, scanners.Proved, 10},
		{right, 11, 10, scanners.Proved, 11},
		{right, 250, 100, scanners.Proved, 250},
		{right, 450, 1000, scanners.Proved, 450}, // capped at its filter.maxResults of 200
		{naive, 250, 100, scanners.Partial, 20},
		{naive, 21, 100, scanners.Partial, 20},
		{naive, 20, 100, scanners.Consistent, 20},
		{naive, 3, 100, scanners.Consistent, 3},
	} {
		t.Run(fmt.Sprintf("%d of %d naive=%v", test.n, test.pageSize, test.base == naive), func(t *testing.T) {
			c, all := scanAll(t, openPeer(t, scannertest.Env(t).Env, test.base, test.n, scannertest.Healthy, fmt.Sprintf("page_size: %d\n", test.pageSize)))
			if c.Verdict != test.want || len(all) != test.read || c.Why == "" || c.Pages > 10 {
				t.Errorf("%v (%s) after %d pages, %d users; want %v, %d", c.Verdict, c.Why, c.Pages, len(all), test.want, test.read)
			}
		})
	}
}

func scimmyGroups(t *testing.T, right string) {
	c, all := scanAll(t, openPeer(t, scannertest.Env(t).Env, right, 4, scannertest.Healthy, "groups: groups\nprivileged: [administrators]\n"))
	if c.Verdict != scanners.Proved || len(all) != 4 {
		t.Fatalf("%v (%s), %d users", c.Verdict, c.Why, len(all))
	}
	for i, a := range all {
		want := scanners.Grant{ID: fmt.Sprintf("g-%d", i%2), Name: []string{"Administrators", "Staff"}[i%2], Type: "group", Direct: true, Removable: true}
		if len(a.Grants) != 1 || a.Grants[0] != want || !scanners.Is(a.Privileged, i%2 == 0) {
			t.Errorf("%s: %+v, privileged %+v", a.ID, a.Grants, a.Privileged)
		}
	}
}

// scanAll scans to the end.
func scanAll[R scanners.Record](t *testing.T, source scanners.Source[R]) (scanners.Coverage, []R) {
	t.Helper()
	var all []R
	c, err := source.Scan(t.Context(), func(r R) error {
		all = append(all, r)
		return nil
	})
	if err != nil {
		t.Errorf("Scan: %v", err)
	}
	return c, all
}
