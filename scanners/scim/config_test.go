package scim

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

func serveHandler(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// openWithTokens opens the connector with client credentials: every access token that is handed out is the good one.
func openWithTokens(t *testing.T, env scanners.Env, base string) scanners.Source[scanners.Account] {
	t.Helper()
	tokens := serveHandler(t, func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if r.Method != http.MethodPost || id != "leaver" || secret != "secret" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "scim.read" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"good","token_type":"Bearer","expires_in":3600}`)
	})
	env.Secret = func(string) (scanners.Secret, error) { return scanners.NewSecret("secret"), nil }
	source, err := Kind().Accounts(scannertest.Config("url: "+base+"\npage_size: 7\nauth: {token_url: "+tokens+"/token, client_id: leaver, client_secret: \"env:S\", scopes: [scim.read]}\n"), env)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// TestAuth sends each sort of credentials, right and wrong.
func TestAuth(t *testing.T) {
	for _, test := range []struct{ name, auth, want string }{
		{"token", `{token: "env:GOOD"}`, ""},
		{"wrong token", `{token: "env:BAD"}`, "credentials are refused"},
		{"basic", `{user: leaver, password: "env:GOOD"}`, ""},
		{"wrong password", `{user: leaver, password: "env:BAD"}`, "credentials are refused"},
		{"client", `{token_url: TOKENS, client_id: leaver, client_secret: "env:GOOD"}`, ""},
		{"client in the body", `{token_url: TOKENS, client_id: leaver, client_secret: "env:GOOD", in_body: true}`, ""},
		{"wrong client", `{token_url: TOKENS, client_id: leaver, client_secret: "env:BAD"}`, "credentials are refused"},
		{"no such secret", `{token: "env:NONE"}`, "no secret"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{users: users(2)}
			base := serveHandler(t, func(w http.ResponseWriter, r *http.Request) {
				user, password, _ := r.BasicAuth()
				id, in := r.PostFormValue("client_id"), r.PostFormValue("client_secret")
				known := user == "leaver" && password == "good" || id == "leaver" && in == "good"
				switch {
				case r.URL.Path == "/token" && known:
					w.Header().Set("Content-Type", "application/json")
					fmt.Fprint(w, `{"access_token":"good","token_type":"Bearer"}`)
				case r.URL.Path == "/token":
					w.WriteHeader(http.StatusUnauthorized)
					fmt.Fprint(w, `{"error":"invalid_client"}`)
				default:
					if known {
						r.Header.Set("Authorization", "Bearer good")
					}
					f.ServeHTTP(w, r)
				}
			})
			out := scannertest.Env(t)
			out.Secrets = map[string]string{"env:GOOD": "good", "env:BAD": "hunter2"}
			source, err := Kind().Accounts(scannertest.Config("url: "+base+"/scim/v2\nauth: "+strings.ReplaceAll(test.auth, "TOKENS", base+"/token")), out.Env)
			if err == nil {
				_, err = source.Scan(t.Context(), func(scanners.Account) error { return nil })
			}
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the secret is shown: %v", err)
			}
		})
	}
}

// TestConfigErrors wants each mistake told as one of the configuration.
func TestConfigErrors(t *testing.T) {
	const whole = "url: https://crm.example/scim\nauth: {token: \"env:T\"}\n"
	for _, test := range []struct{ config, want string }{
		{"page_size: 5", "url is missing"},
		{"url: http://crm.example\nauth: {token: \"env:T\"}", "plain text"},
		{"url: crm.example", "is no address"},
		{"url: https://crm.example?x=1\nauth: {token: \"env:T\"}", "has a query"},
		{"url: https://crm.example", "auth is missing"},
		{"url: https://crm.example\nauth: {token: \"env:T\", user: u}", "token and user exclude each other"},
		{"url: https://crm.example\nauth: {user: u}", "go together"},
		{"url: https://crm.example\nauth: {token_url: https://x.example}", "go together"},
		{"url: https://crm.example\nauth: {token_url: http://x.example, client_id: a, client_secret: \"env:T\"}", "auth.token_url"},
		{whole + "page_size: -1", "page_size"},
		{whole + "paging: page", "paging"},
		{whole + "inactive: no", "inactive"},
		{whole + "total_results: no", "total_results"},
		{whole + "groups: all", "groups"},
		{whole + "tls: {cert: a}", "cert and key"},
		{whole + "user_types: {Robot: machinery}", "no kind of account"},
		{whole + "activity: {path: x, absent: always}", "activity.absent"},
	} {
		t.Run(test.want, func(t *testing.T) {
			_, err := Kind().Accounts(scannertest.Config(test.config), scannertest.Env(t).Env)
			var config *scanners.ConfigError
			if !errors.As(err, &config) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
	for _, test := range []struct{ config, want string }{
		{whole + "end: [x]", "end and last_day"},
		{whole + "id: name", "id: \"name\""},
		{whole + "inactive_means: gone", "inactive_means"},
		{whole + "end: x\nlast_day: maybe", "last_day"},
	} {
		t.Run(test.want, func(t *testing.T) {
			_, err := Kind().People(scannertest.Config(test.config), scannertest.Env(t).Env)
			var config *scanners.ConfigError
			if !errors.As(err, &config) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// TestOnlyReads lists what reaches the server in a scan and a look-up.
func TestOnlyReads(t *testing.T) {
	f := &fake{users: users(9), groups: []string{`{"id":"a","displayName":"A"}`}}
	source := open(t, f, "page_size: 5\ngroups: groups\nfilter: userType eq \"Employee\"\n")
	scanAll(t, source)
	if _, _, err := source.(scanners.Lookup[scanners.Account]).Lookup(t.Context(), "id-1"); err != nil {
		t.Error(err)
	}
	want := []string{"GET /scim/v2/ServiceProviderConfig", "GET /scim/v2/ServiceProviderConfig", "GET /scim/v2/Groups?count=5&startIndex=1", "GET /scim/v2/Groups?count=5&startIndex=2",
		"GET /scim/v2/Users?count=5&filter=userType%20eq%20%22Employee%22&startIndex=1", "GET /scim/v2/Users?count=5&filter=userType%20eq%20%22Employee%22&startIndex=6",
		"GET /scim/v2/Users?count=5&filter=userType%20eq%20%22Employee%22&startIndex=10",
		"GET /scim/v2/ServiceProviderConfig", "GET /scim/v2/Groups?count=5&startIndex=1", "GET /scim/v2/Groups?count=5&startIndex=2", "GET /scim/v2/Users/id-1"}
	if diff := cmp.Diff(want, f.asked); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestServiceProviderConfig: a service need not have it, but one that refuses the credentials is not read on.
func TestServiceProviderConfig(t *testing.T) {
	for status, fails := range map[int]bool{400: false, 403: false, 404: false, 501: true, 500: true, 401: true} {
		f := &fake{users: users(3), noConfig: status}
		_, err := open(t, f, "").Scan(t.Context(), func(scanners.Account) error { return nil })
		if (err != nil) != fails {
			t.Errorf("status %d: %v", status, err)
		}
	}
}

// TestPerson reads what a user says of an employment.
func TestPerson(t *testing.T) {
	const head = `{"id":"7","userName":"ada","name":{"givenName":"Ada","familyName":"Byron"},"emails":["ada@corp.example"],"addresses":[{"locality":"Bonn"},{"locality":"Ulm","primary":true}],` +
		`"userType":"Contractor","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"0042","department":"Lab","manager":"9"}`
	date := scanners.Known(scanners.Date{Year: 2026, Month: 3, Day: 31})
	for _, test := range []struct {
		name, user, more string
		want             scanners.Employment
		rejected         string
	}{
		{"active", head + `,"active":true}`, "", scanners.Employment{Status: scanners.StatusActive, StatusRaw: "active true"}, ""},
		{"inactive", head + `,"active":"False"}`, "", scanners.Employment{Status: scanners.StatusTerminated, StatusRaw: "active false"}, ""},
		{"inactive means leave", head + `,"active":false}`, "inactive_means: leave", scanners.Employment{Status: scanners.StatusLeave, StatusRaw: "active false"}, ""},
		{"no active", head + `}`, "", scanners.Employment{}, "employment"},
		{"end", head + `,"x":{"end":"2026-03-31T00:00:00Z"}}`, "end: [x, end]\nlast_day: inclusive", scanners.Employment{End: date, LastDayInclusive: true}, ""},
		{"open end", head + `,"active":true}`, "end: [x, end]\nlast_day: exclusive", scanners.Employment{End: scanners.Never[scanners.Date](), Status: scanners.StatusActive, StatusRaw: "active true"}, ""},
		{"garbled end", head + `,"active":true,"x":{"end":"soon"}}`, "end: [x, end]\nlast_day: exclusive", scanners.Employment{}, "employment"},
		{"no employee id", `{"id":"7","active":true,"emails":["ada@corp.example"]}`, "", scanners.Employment{}, "employeeNumber"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := scannertest.Env(t)
			out.Secrets["env:T"] = "good"
			source, err := Kind().People(scannertest.Config("url: "+serve(t, &fake{users: []string{test.user}}, scannertest.Healthy)+"\nauth: {token: \"env:T\"}\n"+test.more), out.Env)
			if err != nil {
				t.Fatal(err)
			}
			_, all := scanAll(t, source)
			if test.rejected != "" {
				if len(out.Rejected) != 1 || out.Rejected[0].Field != test.rejected || !cmp.Equal(out.Rejected[0].Keys, []string{"ada@corp.example"}) {
					t.Errorf("rejected %+v", out.Rejected)
				}
				return
			}
			if len(all) != 1 {
				t.Fatalf("%d people, rejected %+v", len(all), out.Rejected)
			}
			p := all[0]
			e := p.Employments[0]
			e.Start.Reason, e.End.Reason = "", ""
			test.want.Type = "Contractor"
			if diff := cmp.Diff(test.want, e); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			p.Employments = nil
			whole := scanners.Person{ID: "0042", OtherIDs: []string{"7"}, DisplayName: "Ada Byron", GivenName: "Ada", FamilyName: "Byron", Mails: []string{"ada@corp.example"},
				Manager: "9", Department: "Lab", Location: "Ulm", Place: "user 7"}
			if diff := cmp.Diff(whole, p); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
