package okta

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	tenant "github.com/leaver-audit/leaver/fixtures/okta"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

var update = flag.Bool("update", false, "write testdata/faults.json")

// night is the clock of the tests.
func night() time.Time { return time.Date(2026, time.March, 2, 6, 0, 0, 0, time.UTC) }

// newKey makes a key for the service application, and the file that holds it.
func newKey(t testing.TB) (*rsa.PrivateKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

// uid is the id of user i.
func uid(i int) string { return fmt.Sprintf("00u%017d", i) }

// crowd is a tenant's content of n users: a group, a directory's group and one that a rule fills, two applications, an
// administrator by role and one by group.
func crowd(n int) tenant.Content {
	c := tenant.Content{
		Groups: []tenant.Group{
			{ID: "00g1", Name: "Everyone", Type: "BUILT_IN", Created: night().AddDate(-9, 0, 0)},
			{ID: "00g2", Name: "Finance", Type: "OKTA_GROUP", Created: night().AddDate(-8, 0, 0)},
			{ID: "00g3", Name: "Domain Users", Type: "APP_GROUP", Created: night().AddDate(-8, 0, 0)},
			{ID: "00g4", Name: "Sales", Type: "OKTA_GROUP", ByRule: true, Created: night().AddDate(-8, 0, 0)},
			{ID: "00g5", Name: "Help Desk", Type: "OKTA_GROUP", Created: night().AddDate(-8, 0, 0),
				Roles: []tenant.Role{{ID: "gra1", Type: "HELP_DESK_ADMIN", Label: "Help Desk Administrator"}}},
		},
		Apps: []tenant.App{
			{ID: "0oa1", Name: "traveldesk", Label: "Travel Desk", Status: "ACTIVE", SignOnMode: "SAML_2_0", Created: night().AddDate(-5, 0, 0)},
			{ID: "0oa2", Name: "okta_enduser", Label: "Okta Dashboard", Status: "ACTIVE", SignOnMode: "OPENID_CONNECT", Created: night().AddDate(-9, 0, 0)},
		},
	}
	for i := range n {
		created := night().AddDate(-3, 0, i)
		u := tenant.User{ID: uid(i), Status: "ACTIVE", Created: created, Activated: created, StatusChanged: created, PasswordChanged: created,
			LastLogin: night().Add(-time.Duration(i) * time.Hour), LastUpdated: created,
			Profile: map[string]any{"login": fmt.Sprintf("user%d@halvard.example", i), "email": fmt.Sprintf("user%d@halvard.example", i),
				"firstName": "User", "lastName": fmt.Sprint(i), "employeeNumber": fmt.Sprintf("%06d", i), "managerId": "000001", "userType": "Employee"}}
		c.Users = append(c.Users, u)
		c.Groups[0].Members = append(c.Groups[0].Members, u.ID)
		c.Groups[1+i%4].Members = append(c.Groups[1+i%4].Members, u.ID)
		c.Apps[i%2].Users = append(c.Apps[i%2].Users, tenant.Assignment{User: u.ID, Scope: []string{"USER", "GROUP"}[i/2%2], Status: "ACTIVE",
			UserName: fmt.Sprintf("u%d", i), Created: created})
	}
	if n > 0 {
		c.Users[0].Roles = []tenant.Role{{ID: "ra1", Type: "SUPER_ADMIN", Label: "Super Administrator"}}
	}
	return c
}

// misdeeds are the faults that the tenant plays itself, in the list of users that is read in pages of ten.
func misdeeds(f scannertest.Fault, path string) []tenant.Step {
	step := tenant.Step{Path: path, From: 2, Times: 1}
	switch f {
	case scannertest.Truncated:
		step = tenant.Step{Path: path, From: 3, Do: tenant.HangUp}
	case scannertest.Garbled:
		step.Do = tenant.Garble
	case scannertest.GarbledID:
		step.Do = tenant.GarbleID
	case scannertest.BadDate:
		step.Do = tenant.BadDate
	case scannertest.EmptyPage:
		step.Do = tenant.EmptyPage
	case scannertest.RepeatedPage:
		step.Do = tenant.RepeatPage
	case scannertest.Loop:
		step.Do, step.Times = tenant.Loop, 0
	case scannertest.ForeignNext:
		step.Do = tenant.ForeignNext
	}
	return []tenant.Step{step}
}

// limits writes the header of a 429 as Okta does.
func limits(h http.Header, now time.Time) {
	h.Set("X-Rate-Limit-Limit", "600")
	h.Set("X-Rate-Limit-Remaining", "0")
	h.Set("X-Rate-Limit-Reset", fmt.Sprint(now.Add(2*time.Second).Unix()))
}

// serve plays n users with a fault in the list at path, and gives the address.
func serve(t *testing.T, o tenant.Options, n int, f scannertest.Fault, path string) (*tenant.Tenant, string) {
	t.Helper()
	o.Now, o.Script = night, misdeeds(f, path)
	s, err := tenant.New(o, crowd(n))
	if err != nil {
		t.Fatal(err)
	}
	wire := scannertest.Wire{Counts: func(r *http.Request) bool { return r.Method == http.MethodGet && r.URL.Path == path }, Throttle: limits}
	server := httptest.NewServer(wire.Serve(f, s))
	t.Cleanup(server.Close)
	return s, server.URL
}

const usersPath = "/api/v1/users"

func TestConformance(t *testing.T) {
	key, pemText := newKey(t)
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte(pemText), 0o600); err != nil {
		t.Fatal(err)
	}
	scannertest.Accounts(t, scannertest.Subject[scanners.Account]{
		Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
			env.Secret = func(string) (scanners.Secret, error) { return scanners.NewSecret(pemText), nil }
			_, url := serve(t, tenant.Options{Client: tenant.Client{ID: "0oaservice", Key: &key.PublicKey, Scopes: tenant.Scopes()}}, n, fault, usersPath)
			return mustOpen(t, env, fmt.Sprintf("url: %s\nclient: {id: 0oaservice, key: env:KEY}\npage_size: 10", url))
		},
		Faults: scannertest.Faults(), UnknownID: "00uunknown", Facts: Kind().Facts, Outcomes: true, Rewrite: *update,
	})
}

// mustOpen opens accounts as the configuration says.
func mustOpen(t testing.TB, env scanners.Env, config string) scanners.Source[scanners.Account] {
	t.Helper()
	source, err := Kind().Accounts(scannertest.Config(config), env)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// TestConformanceOfToken runs the suite with an API token, which cannot be renewed.
func TestConformanceOfToken(t *testing.T) {
	scannertest.Accounts(t, scannertest.Subject[scanners.Account]{
		Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
			env.Secret = func(string) (scanners.Secret, error) { return scanners.NewSecret("00token"), nil }
			_, url := serve(t, tenant.Options{Token: "00token"}, n, fault, usersPath)
			return mustOpen(t, env, fmt.Sprintf("url: %s\ntoken: env:TOKEN\npage_size: 10\nactivity: system_log", url))
		},
		Faults:    []scannertest.Fault{scannertest.Truncated, scannertest.Garbled, scannertest.Throttled, scannertest.Unauthorized, scannertest.Forbidden},
		UnknownID: "00uunknown", Facts: Kind().Facts,
	})
}

// TestConformanceOfApplication runs the suite on the accounts of an application.
func TestConformanceOfApplication(t *testing.T) {
	const path = "/api/v1/apps/0oa1/users"
	scannertest.Accounts(t, scannertest.Subject[scanners.Account]{
		Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Account] {
			env.Secret = func(string) (scanners.Secret, error) { return scanners.NewSecret("00token"), nil }
			_, url := serve(t, tenant.Options{Token: "00token"}, 2*n, fault, path)
			return mustOpen(t, env, fmt.Sprintf("url: %s\ntoken: env:TOKEN\npage_size: 10\napplication: Travel Desk", url))
		},
		Faults: without(scannertest.Faults(), scannertest.TokenExpired), UnknownID: "00uunknown",
	})
}

// TestConformanceOfPeople runs the suite on users as people.
func TestConformanceOfPeople(t *testing.T) {
	scannertest.People(t, scannertest.Subject[scanners.Person]{
		Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Person] {
			env.Secret = func(string) (scanners.Secret, error) { return scanners.NewSecret("00token"), nil }
			s, url := serve(t, tenant.Options{Token: "00token"}, n, fault, usersPath)
			if fault == scannertest.GarbledID {
				s.Play(tenant.Step{Path: usersPath, From: 2, Times: 1, Do: tenant.GarbleProfile}) // the employee id is in there
			}
			source, err := Kind().People(scannertest.Config(fmt.Sprintf("url: %s\ntoken: env:TOKEN\npage_size: 10", url)), env)
			if err != nil {
				t.Fatal(err)
			}
			return source
		},
		Faults: without(scannertest.Faults(), scannertest.TokenExpired),
	})
}

func without(all []scannertest.Fault, some ...scannertest.Fault) (rest []scannertest.Fault) {
	for _, f := range all {
		keep := true
		for _, s := range some {
			keep = keep && f != s
		}
		if keep {
			rest = append(rest, f)
		}
	}
	return rest
}
