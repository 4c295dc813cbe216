package okta

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdk "github.com/okta/okta-sdk-golang/v2/okta"

	tenant "github.com/leaver-audit/leaver/fixtures/okta"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// scanned is what a scan gave.
type scanned struct {
	accounts map[string]scanners.Account
	coverage scanners.Coverage
	err      error
}

func scan(t testing.TB, s scanners.Source[scanners.Account]) scanned {
	t.Helper()
	got := scanned{accounts: map[string]scanners.Account{}}
	got.coverage, got.err = s.Scan(t.Context(), func(a scanners.Account) error {
		got.accounts[a.ID] = a
		return nil
	})
	return got
}

// tokenEnv is an environment whose one secret is the tenant's token.
func tokenEnv(t testing.TB) *scannertest.Outside {
	env := scannertest.Env(t)
	env.Secrets["env:TOKEN"] = "00token"
	return env
}

// opened serves a content to the token and opens it; more is further configuration.
func opened(t *testing.T, env *scannertest.Outside, o tenant.Options, c tenant.Content, more string) (*tenant.Tenant, scanners.Source[scanners.Account]) {
	t.Helper()
	o.Token = "00token"
	if o.Now == nil {
		o.Now = night
	}
	s, err := tenant.New(o, c)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, mustOpen(t, env.Env, "url: "+server.URL+"\ntoken: env:TOKEN\n"+more)
}

// TestEnvironmentChangesNothing plants what the SDK would read of the machine: another org, another token, a cache, retries, and
// a value that it cannot read, which it would say on stdout.
func TestEnvironmentChangesNothing(t *testing.T) {
	var strayed []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { strayed = append(strayed, r.URL.String()) }))
	defer other.Close()
	home := t.TempDir()
	t.Setenv("HOME", home)
	if err := os.Mkdir(filepath.Join(home, ".okta"), 0o700); err != nil {
		t.Fatal(err)
	}
	planted := "okta: {client: {orgUrl: " + other.URL + ", token: planted, cache: {enabled: true}, rateLimit: {maxRetries: 5}, authorizationMode: Bearer}}\n"
	if err := os.WriteFile(filepath.Join(home, ".okta", "okta.yaml"), []byte(planted), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"ORGURL": other.URL, "TOKEN": "planted", "CACHE_ENABLED": "true", "RATE_LIMIT_MAX_RETRIES": "7",
		"AUTHORIZATIONMODE": "Bearer", "PROXY_HOST": "127.0.0.1", "PROXY_PORT": "1", "CLIENTID": "planted", "PRIVATEKEY": "planted"} {
		t.Setenv("OKTA_CLIENT_"+name, value)
	}
	_, own, err := sdk.NewClient(t.Context(), sdk.WithTestingDisableHttpsCheck(true), sdk.WithPrivateKeySigner(nil))
	if err != nil || own.GetConfig().Okta.Client.OrgUrl != other.URL || own.GetConfig().Okta.Client.RateLimit.MaxRetries != 7 {
		t.Fatalf("the SDK does not read what was planted, so this test proves nothing: %v", err)
	}
	t.Setenv("OKTA_CLIENT_REQUEST_TIMEOUT", "soon")
	stdout := os.Stdout
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout = w
	_, source := opened(t, tokenEnv(t), tenant.Options{}, crowd(25), "page_size: 10")
	got := scan(t, source)
	os.Stdout = stdout
	_ = w.Close()
	said, err := io.ReadAll(r)
	if err != nil || len(said) > 0 {
		t.Errorf("on stdout: %q, %v", said, err)
	}
	if got.err != nil || len(got.accounts) != 25 || len(strayed) > 0 {
		t.Errorf("%d accounts, %v; the planted org was asked for %q", len(got.accounts), got.err, strayed)
	}
}

// TestHangUpsAreCounted: the SDK repeats a request whose connection ends without an answer, at once and without end.
func TestHangUpsAreCounted(t *testing.T) {
	env := tokenEnv(t)
	s, source := opened(t, env, tenant.Options{Script: []tenant.Step{{Path: usersPath, Do: tenant.HangUp}}}, crowd(5), "grants: [none]")
	if got := scan(t, source); got.err == nil || got.coverage.Verdict != scanners.Blind {
		t.Errorf("%v, %v", got.err, got.coverage.Verdict)
	}
	if n := s.Requests(); n != 2*8 && n != 8 { // the transport may repeat one on a connection that it had kept
		t.Errorf("%d requests for 8 tries", n)
	}
}

// TestLinksAreOurs plays what may happen to the header that leads from page to page.
func TestLinksAreOurs(t *testing.T) {
	for _, test := range []struct {
		name string
		do   tenant.Misdeed
		all  bool
		says string
	}{
		{"joined in one header", tenant.JoinedLinks, true, ""},
		{"dropped on the way", tenant.NoLinks, false, "without a Link header"},
		{"leading to another address", tenant.OtherNext, false, `the next page is said to be at "/api/v1/groups"`},
		{"leading to another host", tenant.ForeignNext, false, `"elsewhere.example"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, source := opened(t, tokenEnv(t), tenant.Options{Script: []tenant.Step{{Path: usersPath, Do: test.do}}}, crowd(25), "page_size: 10")
			got := scan(t, source)
			if test.all != (got.err == nil && len(got.accounts) == 25 && got.coverage.Verdict.Complete()) {
				t.Errorf("%d accounts, %v, %v", len(got.accounts), got.coverage.Verdict, got.err)
			}
			if test.says != "" && (got.err == nil || !strings.Contains(got.err.Error(), test.says)) {
				t.Errorf("%v, want %q", got.err, test.says)
			}
		})
	}
}

// TestLinkThatIsNone: the SDK follows a nil pointer when a link is no address.
func TestLinkThatIsNone(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", `<http://[half>; rel="next"`)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`[{"id":"00u1","status":"ACTIVE"}]`))
	}))
	defer server.Close()
	got := scan(t, mustOpen(t, tokenEnv(t).Env, "url: "+server.URL+"\ntoken: env:TOKEN\ngrants: [none]"))
	if got.err == nil || !strings.Contains(got.err.Error(), "no address") || got.coverage.Verdict.Complete() {
		t.Errorf("%v, %v", got.err, got.coverage.Verdict)
	}
}

// TestOnlyOktaSaysGone: a proxy that does not know the address is no proof that a user does not exist.
func TestOnlyOktaSaysGone(t *testing.T) {
	for body, found := range map[string]string{`<html>404 Not Found</html>`: "unknown", `{"message":"no route"}`: "unknown",
		`{"errorCode":"E0000007","errorSummary":"Not found: Resource not found: 00u1 (User)"}`: "never"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(body))
		}))
		source := mustOpen(t, tokenEnv(t).Env, "url: "+server.URL+"\ntoken: env:TOKEN")
		_, got, err := source.(scanners.Lookup[scanners.Account]).Lookup(t.Context(), "00u1")
		if fact(got) != found || (err == nil) != (found == "never") {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
		server.Close()
	}
}

func TestParseLinks(t *testing.T) {
	for _, test := range []struct{ name, header, want string }{
		{"one", `<https://a/x?after=1>; rel="next"`, "next https://a/x?after=1;"},
		{"two in one header", `<https://a/x>; rel="self", <https://a/x?after=1>; rel="next"`, "self https://a/x;next https://a/x?after=1;"},
		{"commas and semicolons in an address", `<https://a/x?q=1,2;3>; rel="next"`, "next https://a/x?q=1,2;3;"},
		{"a comma in quotes", `<https://a/x>; title="a, b"; rel=next`, "next https://a/x;"},
		{"capitals", `<https://a/x>; Rel="NEXT"`, "next https://a/x;"},
		{"no relation", `<https://a/x>`, " https://a/x;"},
		{"empty", ``, ""},
		{"no brackets", `https://a/x; rel="next"`, "error"},
		{"no end", `<https://a/x; rel="next"`, "error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			links, err := parseLinks(test.header)
			got := ""
			for _, l := range links {
				got += l.rel + " " + l.address + ";"
			}
			if err != nil {
				got = "error"
			}
			if got != test.want {
				t.Errorf("%q, %v; want %q", got, err, test.want)
			}
		})
	}
	if _, err := nextOf([]string{`<https://a/1>; rel="next"`, `<https://a/2>; rel="next"`}, nil); err == nil {
		t.Error("two next pages, and no error")
	}
}

// TestPace reads against a limit of twenty requests a minute: the scan waits for the next window by itself and is never refused.
func TestPace(t *testing.T) {
	now, mu := night(), sync.Mutex{}
	env := tokenEnv(t)
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	refused := 0
	env.Now = clock
	env.Wait = func(ctx context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
		return ctx.Err()
	}
	s, err := tenant.New(tenant.Options{Token: "00token", Now: clock, Limit: 20}, crowd(100))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watched := httptest.NewRecorder()
		s.ServeHTTP(watched, r)
		if watched.Code == http.StatusTooManyRequests {
			refused++
		}
		for name, values := range watched.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(watched.Code)
		_, _ = w.Write(watched.Body.Bytes())
	}))
	defer server.Close()
	got := scan(t, mustOpen(t, env.Env, "url: "+server.URL+"\ntoken: env:TOKEN\npage_size: 2\ngrants: [none]"))
	if got.err != nil || len(got.accounts) != 100 || refused > 0 {
		t.Errorf("%d accounts, %v, refused %d times", len(got.accounts), got.err, refused)
	}
	if waited := now.Sub(night()); waited < time.Minute || waited > 5*time.Minute {
		t.Errorf("waited %v for fifty requests at twenty a minute", waited)
	}
}

// TestKeys signs in with keys of several forms, and says what is wrong with others.
func TestKeys(t *testing.T) {
	key, pkcs8 := newKey(t)
	other, otherText := newKey(t)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curveRaw, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	pemOf := func(kind string, raw []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}))
	}
	for _, test := range []struct {
		name, key, scopes, says string
		opens                   bool
	}{
		{"as the console gives it out", pkcs8, "", "", true},
		{"as the SDK reads it", pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), "", "", true},
		{"of somebody else", otherText, "", "POST /oauth2/v1/token: status 401", true},
		{"with a scope that was not granted", pkcs8, "scopes: [okta.users.manage]", "invalid_scope", true},
		{"of a curve", pemOf("PRIVATE KEY", curveRaw), "", "no RSA key", false},
		{"in no form", "secret text", "", "no private key", false},
		{"cut", pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(other)[:100]), "", "client.key", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := scannertest.Env(t)
			env.Secrets["env:KEY"] = test.key
			_, url := serve(t, tenant.Options{Client: tenant.Client{ID: "0oaservice", Key: &key.PublicKey, Scopes: tenant.Scopes()}}, 5, scannertest.Healthy, usersPath)
			source, err := Kind().Accounts(scannertest.Config(fmt.Sprintf("url: %s\nclient: {id: 0oaservice, key: env:KEY, %s}", url, test.scopes)), env.Env)
			if test.opens != (err == nil) {
				t.Fatal(err)
			}
			if err == nil {
				got := scan(t, source)
				if err = got.err; err == nil && len(got.accounts) != 5 {
					t.Errorf("%d accounts", len(got.accounts))
				}
			}
			if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want %q", err, test.says)
			}
			if err != nil && (strings.Contains(err.Error(), "client_assertion=") || strings.Contains(err.Error(), "eyJ") || strings.Contains(err.Error(), test.key)) {
				t.Errorf("the error shows a credential: %v", err)
			}
		})
	}
}

// TestRevokedTokens ends every access token in the middle of a scan that asks side by side.
func TestRevokedTokens(t *testing.T) {
	key, text := newKey(t)
	env := scannertest.Env(t)
	env.Secrets["env:KEY"] = text
	s, err := tenant.New(tenant.Options{Now: night, Client: tenant.Client{ID: "0oaservice", Key: &key.PublicKey, Scopes: tenant.Scopes()}}, crowd(60))
	if err != nil {
		t.Fatal(err)
	}
	asked, mu := 0, sync.Mutex{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if asked++; asked == 9 || asked == 30 {
			s.Revoke()
		}
		mu.Unlock()
		s.ServeHTTP(w, r)
	}))
	defer server.Close()
	got := scan(t, mustOpen(t, env.Env, "url: "+server.URL+"\nclient: {id: 0oaservice, key: env:KEY}\npage_size: 10"))
	if got.err != nil || len(got.accounts) != 60 || !got.coverage.Verdict.Complete() || len(got.coverage.Gaps) > 0 {
		t.Errorf("%d accounts, %v, %+v", len(got.accounts), got.err, got.coverage)
	}
}

// TestTokenEndsWithItsScan: the SDK fetches access tokens without a context.
func TestTokenEndsWithItsScan(t *testing.T) {
	_, text := newKey(t)
	env := scannertest.Env(t)
	env.Secrets["env:KEY"] = text
	asked, release := make(chan bool, 1), make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- true
		select {
		case <-r.Context().Done():
		case <-release:
		}
	}))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	source := mustOpen(t, env.Env, "url: "+server.URL+"\nclient: {id: 0oaservice, key: env:KEY}\ngrants: [none]")
	ended := make(chan error, 1)
	go func() {
		_, err := source.Scan(ctx, func(scanners.Account) error { return nil })
		ended <- err
	}()
	<-asked
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the scan waits for an access token although it was cancelled")
	}
}

// TestCertificates: the org's certificate is checked, against the authorities that are named, and a wrong one is not tried again.
func TestCertificates(t *testing.T) {
	s, err := tenant.New(tenant.Options{Token: "00token", Now: night}, crowd(3))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(s)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	env := tokenEnv(t)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(env.Dir, "ca.pem"), ca, 0o600); err != nil {
		t.Fatal(err)
	}
	got := scan(t, mustOpen(t, env.Env, "url: "+server.URL+"\ntoken: env:TOKEN\ngrants: [none]\npage_size: 1\ntls: {ca: ca.pem}"))
	if got.err != nil || len(got.accounts) != 3 {
		t.Errorf("%d accounts, %v", len(got.accounts), got.err)
	}
	got = scan(t, mustOpen(t, env.Env, "url: "+server.URL+"\ntoken: env:TOKEN\ngrants: [none]"))
	if got.err == nil || !strings.Contains(got.err.Error(), "certificate") || len(env.Waited) > 0 {
		t.Errorf("%v after %d waits", got.err, len(env.Waited))
	}
}

// TestLookupSeesTheChange: what a look-up says is what the org holds now, not what a scan or another look-up saw.
func TestLookupSeesTheChange(t *testing.T) {
	content := crowd(5)
	s, source := opened(t, tokenEnv(t), tenant.Options{}, content, "")
	look := func() scanners.Fact[bool] {
		a, found, err := source.(scanners.Lookup[scanners.Account]).Lookup(t.Context(), uid(2))
		if err != nil || !scanners.Is(found, true) {
			t.Fatalf("%+v, %v", found, err)
		}
		return a.Enabled
	}
	if scan(t, source); !scanners.Is(look(), true) {
		t.Error("not enabled before")
	}
	changed := crowd(5)
	changed.Users[2].Status = "DEPROVISIONED"
	if err := s.Replace(changed); err != nil {
		t.Fatal(err)
	}
	if !scanners.Is(look(), false) {
		t.Error("enabled although the org says DEPROVISIONED")
	}
}

// TestRSAPEM keeps the key.
func TestRSAPEM(t *testing.T) {
	key, text := newKey(t)
	got, err := rsaPEM([]byte("\n" + text))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(got))
	parsed, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil || !parsed.Equal(key) {
		t.Errorf("%v", err)
	}
}

// TestWrongTokenIsTriedOnce: a wrong credential is told as such, at once.
func TestWrongTokenIsTriedOnce(t *testing.T) {
	env := scannertest.Env(t)
	env.Secrets["env:TOKEN"] = "00wrong"
	s, source := opened(t, env, tenant.Options{}, crowd(5), "activity: system_log")
	got := scan(t, source)
	if got.err == nil || !strings.Contains(got.err.Error(), "E0000011") || !strings.Contains(got.err.Error(), "hint: the credentials") || s.Requests() != 1 {
		t.Errorf("%v after %d requests", got.err, s.Requests())
	}
}

// TestReach: the connector asks to reach the org and its one token address, with what the configuration says of the way, and what
// leaves it is GET and that POST.
func TestReach(t *testing.T) {
	key, text := newKey(t)
	var methods []string
	s, err := tenant.New(tenant.Options{Now: night, Client: tenant.Client{ID: "0oaservice", Key: &key.PublicKey, Scopes: tenant.Scopes()}}, crowd(25))
	if err != nil {
		t.Fatal(err)
	}
	mu := sync.Mutex{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if m := r.Method + " " + r.URL.Path; r.Method != http.MethodGet {
			methods = append(methods, m)
		}
		mu.Unlock()
		s.ServeHTTP(w, r)
	}))
	defer server.Close()
	env := scannertest.Env(t)
	env.Secrets["env:KEY"] = text
	inner, reach := env.HTTP, scanners.Reach{}
	env.HTTP = func(r scanners.Reach) (http.RoundTripper, error) {
		reach = r
		return inner(scanners.Reach{Hosts: r.Hosts, Tokens: r.Tokens})
	}
	config := "url: " + server.URL + "/\nclient: {id: 0oaservice, key: env:KEY}\nactivity: system_log\nproxy: http://proxy.example:3128\ntls: {ca: ca.pem, cert: c.pem, key: k.pem}"
	got := scan(t, mustOpen(t, env.Env, config))
	if got.err != nil || len(got.accounts) != 25 {
		t.Fatalf("%d accounts, %v", len(got.accounts), got.err)
	}
	want := scanners.Reach{Hosts: []string{strings.TrimPrefix(server.URL, "http://")}, Tokens: []string{server.URL + "/oauth2/v1/token"},
		CA: "ca.pem", Cert: "c.pem", Key: "k.pem", Proxy: "http://proxy.example:3128"}
	if diff := cmp.Diff(want, reach); diff != "" {
		t.Errorf("reach (-want +got):\n%s", diff)
	}
	if fmt.Sprint(methods) != "[POST /oauth2/v1/token]" {
		t.Errorf("beside GET: %v", methods)
	}
}
