//go:build !noentra

package entra

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/fixtures/graph"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

const (
	tenantID = "11111111-2222-4333-8444-555555555555"
	clientID = "66666666-7777-4888-9999-aaaaaaaaaaaa"
	password = "s3cret-of-the-app"
)

// now is the clock of tests: that of scannertest.
func now() time.Time { return time.Date(2026, time.March, 2, 6, 0, 0, 0, time.UTC) }

// options are those of a server that these tests can read by secret.
func options() graph.Options {
	return graph.Options{TenantID: tenantID, ClientID: clientID, Secret: password, Now: now}
}

// serve serves a tenant and closes it when the test ends.
func serve(t testing.TB, o graph.Options, tenant *graph.Tenant) *graph.Server {
	t.Helper()
	s, err := graph.Start(o, tenant)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// outside is the surroundings of a connector that trusts the server.
func outside(t testing.TB, s *graph.Server) *scannertest.Outside {
	t.Helper()
	out := scannertest.Env(t)
	trust(t, out.Dir, s)
	out.Secrets["env:APP"] = password
	return out
}

func trust(t testing.TB, dir string, s *graph.Server) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), s.CA(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// config is a source of the server; more are further lines.
func config(s *graph.Server, more string) string {
	return s.Config("env:APP", "ca.pem") + more
}

func openSource(t testing.TB, env scanners.Env, text string) scanners.Source[scanners.Account] {
	t.Helper()
	source, err := Kind().Accounts(scannertest.Config(text), env)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// scan reads everything.
func scan(t testing.TB, source scanners.Source[scanners.Account]) (map[string]scanners.Account, scanners.Coverage, error) {
	t.Helper()
	got := map[string]scanners.Account{}
	c, err := source.Scan(t.Context(), func(a scanners.Account) error {
		if _, twice := got[a.ID]; twice {
			t.Errorf("%s came twice", a.ID)
		}
		got[a.ID] = a
		return nil
	})
	return got, c, err
}

// member is user n of a plain tenant.
func member(n int) graph.Object {
	return graph.Object{"id": userID(n), "userPrincipalName": fmt.Sprintf("user%d@corp.example", n), "displayName": fmt.Sprintf("User %d", n),
		"mail": fmt.Sprintf("user%d@corp.example", n), "proxyAddresses": []string{}, "otherMails": []string{}, "employeeId": fmt.Sprintf("%05d", n),
		"accountEnabled": n%7 != 0, "createdDateTime": "2024-03-01T08:00:00Z", "userType": "Member", "manager": graph.Object{"id": userID(1)},
		"assignedLicenses":        []graph.Object{{"skuId": graph.ID("sku"), "disabledPlans": []string{}}},
		"licenseAssignmentStates": []graph.Object{{"skuId": graph.ID("sku"), "assignedByGroup": nil, "state": "Active"}},
		"signInActivity":          graph.Object{"lastSuccessfulSignInDateTime": "2026-02-27T09:15:00Z", "lastSignInDateTime": "2026-03-01T00:00:00Z"}}
}

func userID(n int) string { return graph.ID("user", fmt.Sprint(n)) }

// members is a tenant of n users and nothing else that counts.
func members(n int) *graph.Tenant {
	return &graph.Tenant{Users: graph.List{Len: n, At: member},
		RoleDefinitions: graph.Objects(graph.Object{"id": graph.GlobalAdministrator, "templateId": graph.GlobalAdministrator, "displayName": "Global Administrator"}),
		SubscribedSkus:  graph.Objects(graph.Object{"id": "x", "skuId": graph.ID("sku"), "skuPartNumber": "SPE_E3"})}
}

// pages are the requests for users, of which scans are made.
func pages(r *http.Request) bool {
	q := r.URL.Query()
	return r.URL.Path == "/v1.0/users" && q.Get("$count") == "" && q.Get("$filter") == "" && q.Get("$top") != "1"
}

// differ says how two accounts differ.
func differ(got, want scanners.Account) string { return cmp.Diff(want, got) }
