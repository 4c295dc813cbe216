//go:build !noentra

package entra

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	auth "github.com/microsoft/kiota-authentication-azure-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"github.com/leaver-audit/leaver/fixtures/graph"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

func TestConfig(t *testing.T) {
	id := "tenant: " + tenantID + "\nclient_id: " + clientID + "\n"
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "page_size: 5", "0 ways to sign in"},
		{"two ways", id + "client_secret: env:A\nmanaged_identity: true", "2 ways to sign in"},
		{"a domain for the tenant", "tenant: corp.example\nclient_id: " + clientID + "\nclient_secret: env:A", "no GUID\nhint: the overview"},
		{"a name for the application", "tenant: " + tenantID + "\nclient_id: leaver\nclient_secret: env:A", "client_id"},
		{"an unknown cloud", id + "client_secret: env:A\ncloud: mars", `"mars" is none of global`},
		{"a page too large", id + "client_secret: env:A\npage_size: 1000", "page_size"},
		{"plain text", id + "client_secret: env:A\nurl: http://graph.corp.example", "plain text"},
		{"a version in the address", id + "client_secret: env:A\nurl: https://graph.corp.example/v1.0", "leave /v1.0 away"},
		{"plain sign-in", id + "client_secret: env:A\nauthority: http://127.0.0.1:8", "needs https"},
		{"half a certificate", id + "client_secret: env:A\ntls: {cert: a.pem}", "cert and key"},
		{"a password for nothing", id + "client_secret: env:A\ncertificate_password: env:B", "no certificate"},
		{"a token file for nothing", id + "client_secret: env:A\ntoken_file: t", "token_file"},
		{"what principals", id + "client_secret: env:A\nservice_principals: some", "none of own"},
		{"what applications", id + "client_secret: env:A\napplications: some", "neither all nor none"},
		{"a certificate that is not there", id + "certificate: none.pem", "none.pem"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Kind().Accounts(scannertest.Config(test.text), scannertest.Env(t).Env)
			var wrong *scanners.ConfigError
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want a configuration error with %q", err, test.want)
			}
		})
	}
	if _, err := Kind().Accounts(scannertest.Config(id+"client_secret: env:A\nsecret: x"), scannertest.Env(t).Env); err == nil {
		t.Error("an unknown key was accepted")
	}
}

// TestClouds: address, sign-in service and scope of a cloud change together.
func TestClouds(t *testing.T) {
	for name, want := range map[string][3]string{
		"":              {"https://graph.microsoft.com", "https://login.microsoftonline.com", "https://graph.microsoft.com/.default"},
		"global":        {"https://graph.microsoft.com", "https://login.microsoftonline.com", "https://graph.microsoft.com/.default"},
		"us-government": {"https://graph.microsoft.us", "https://login.microsoftonline.us", "https://graph.microsoft.us/.default"},
		"us-dod":        {"https://dod-graph.microsoft.us", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us/.default"},
		"china":         {"https://microsoftgraph.chinacloudapi.cn", "https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn/.default"},
	} {
		s, err := Connection{Tenant: tenantID, ClientID: clientID, ClientSecret: "env:A", Cloud: name}.check()
		if err != nil || [3]string{s.graph, s.authority, s.scope} != want {
			t.Errorf("%s: %+v, %v", name, s, err)
			continue
		}
		reach, tokens := s.reach(), s.tokenReach()
		if len(reach.Tokens) != 0 || len(reach.Hosts) != 1 || reach.Metadata || tokens.Metadata || tokens.Tokens[0] != want[1]+"/"+tenantID+"/oauth2/v2.0/token" ||
			len(tokens.Hosts) != 1 || "https://"+tokens.Hosts[0] != want[1] || "https://"+reach.Hosts[0] != want[0] {
			t.Errorf("%s: reaches %+v and for tokens %+v", name, reach, tokens)
		}
	}
	s, err := Connection{Tenant: tenantID, ManagedIdentity: true}.check()
	if err != nil {
		t.Fatal(err)
	}
	if reach := s.tokenReach(); !reach.Metadata || len(reach.Hosts)+len(reach.Tokens) != 0 || s.reach().Metadata {
		t.Errorf("a managed identity reaches %+v", reach)
	}
}

// keyPair makes a key with its certificate and writes both to a file.
func keyPair(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "leaver"}, NotBefore: now().AddDate(-1, 0, 0), NotAfter: now().AddDate(5, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// TestCredentials signs in every way, with an environment that would lead the library elsewhere.
func TestCredentials(t *testing.T) {
	for name, value := range map[string]string{"AZURE_TENANT_ID": "x", "AZURE_CLIENT_ID": "y", "AZURE_CLIENT_SECRET": "z", "AZURE_AUTHORITY_HOST": "https://elsewhere.example",
		"AZURE_FEDERATED_TOKEN_FILE": "/nowhere", "AZURE_CLIENT_CERTIFICATE_PATH": "/nowhere", "HTTPS_PROXY": "http://elsewhere.example:1"} {
		t.Setenv(name, value)
	}
	for _, test := range []struct {
		name, config string
		options      func(*testing.T, *graph.Options, string)
		refused      string
	}{
		{"secret", "client_secret: env:APP", nil, ""},
		{"wrong secret", "client_secret: env:OLD", nil, "Invalid client secret"},
		{"certificate", "certificate: app.pem", func(t *testing.T, o *graph.Options, dir string) {
			o.Certificate = keyPair(t, filepath.Join(dir, "app.pem"))
		}, ""},
		{"another certificate", "certificate: app.pem", func(t *testing.T, o *graph.Options, dir string) {
			o.Certificate = keyPair(t, filepath.Join(dir, "other.pem"))
			keyPair(t, filepath.Join(dir, "app.pem"))
		}, "AADSTS700027"},
		{"workload identity", "workload_identity: true\ntoken_file: token", func(t *testing.T, o *graph.Options, dir string) {
			o.FederatedToken = "from-kubernetes"
			if err := os.WriteFile(filepath.Join(dir, "token"), []byte("from-kubernetes"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, ""},
		{"managed identity", "managed_identity: true", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := scannertest.Env(t)
			o := options()
			if test.options != nil {
				test.options(t, &o, out.Dir)
			}
			s := serve(t, o, members(5))
			trust(t, out.Dir, s)
			out.Secrets["env:APP"], out.Secrets["env:OLD"] = password, "last year's"
			metadata(out, s)
			text := strings.Replace(config(s, "service_principals: none"), `client_secret: "env:APP"`, test.config, 1)
			got, c, err := scan(t, openSource(t, out.Env, text))
			if test.refused == "" {
				if err != nil || len(got) != 5 || !c.Verdict.Complete() {
					t.Errorf("%d accounts, %v (%s), %v", len(got), c.Verdict, c.Why, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.refused) || !strings.Contains(err.Error(), "hint: the sign-in service refused") || c.Verdict != scanners.Blind || len(out.Waited) != 0 {
				t.Errorf("%v (%s), waited %v, %v", c.Verdict, c.Why, out.Waited, err)
			}
			if err != nil && strings.Contains(err.Error(), "last year's") {
				t.Error("the secret is in the error")
			}
		})
	}
}

// metadata lets the credential service of the machine be that of the server, behind the rules of a real run.
func metadata(out *scannertest.Outside, s *graph.Server) {
	real := out.HTTP
	out.HTTP = func(reach scanners.Reach) (http.RoundTripper, error) {
		if !reach.Metadata {
			return real(reach)
		}
		return scanners.ReadOnly(roundTripper(func(r *http.Request) (*http.Response, error) {
			w := newRecorder()
			s.ServeMetadata(w, r)
			return w.response(r), nil
		}), reach), nil
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// recorder keeps what a handler answers.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: http.Header{}, status: http.StatusOK} }

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(p []byte) (int, error) { return w.body.Write(p) }

func (w *recorder) response(r *http.Request) *http.Response {
	return &http.Response{StatusCode: w.status, Header: w.header, Body: closer{&w.body}, Request: r, ProtoMajor: 1, ProtoMinor: 1}
}

type closer struct{ *bytes.Buffer }

func (closer) Close() error { return nil }

// TestRegion: an environment that asks for a regional sign-in service is refused by the transport, loudly, for that is no address of
// the configuration.
func TestRegion(t *testing.T) {
	t.Setenv("AZURE_REGIONAL_AUTHORITY_NAME", "westeurope")
	s := serve(t, options(), members(5))
	_, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, "")))
	var refused *scanners.RefusedError
	if !errors.As(err, &refused) || c.Verdict != scanners.Blind {
		t.Errorf("%v, %v", c.Verdict, err)
	}
}

// TestUnsigned: a request without a token does not leave, and is an error that is not tried again.
func TestUnsigned(t *testing.T) {
	left := 0
	g := guard{roundTripper(func(*http.Request) (*http.Response, error) { left++; return nil, errors.New("left") })}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://graph.corp.example/v1.0/users", nil)
	if err != nil {
		t.Fatal(err)
	}
	waits := 0
	retries := api.Retries{Tries: 3, Patience: time.Hour, Wait: func(context.Context, time.Duration) error { waits++; return nil }}
	err = retries.Do(t.Context(), func(context.Context) error {
		_, err := g.RoundTrip(r)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "without a token") || left+waits != 0 {
		t.Errorf("%v, %d left, %d waits", err, left, waits)
	}
}

// TestSilentSDK: the trap itself. The SDK compares the hosts that may get a token without their port, and sends the request
// without one and without a word to a host that it does not find; the guard stops it.
func TestSilentSDK(t *testing.T) {
	s := serve(t, options(), members(5))
	out := outside(t, s)
	source := openSource(t, out.Env, config(s, "")).(*source)
	g := source.graph
	inner, err := g.credential()
	if err != nil {
		t.Fatal(err)
	}
	provider, err := auth.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(inner, []string{g.settings.scope}, []string{g.settings.graphHost})
	if err != nil {
		t.Fatal(err)
	}
	for name, transport := range map[string]http.RoundTripper{"SDK alone": g.watch, "with the guard": guard{g.watch}} {
		adapter, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(provider, core.GraphClientOptions{}, nil, nil, api.SDKClient(transport))
		if err != nil {
			t.Fatal(err)
		}
		adapter.SetBaseUrl(s.URL() + "/v1.0")
		g.adapter = adapter
		before := len(s.Asked())
		_, err = g.once(t.Context(), question{what: users})
		if left := len(s.Asked()) - before; err == nil || (name == "SDK alone") != (left == 1) || (name == "SDK alone") == strings.Contains(err.Error(), "without a token") {
			t.Errorf("%s: %d requests, %v", name, left, err)
		}
	}
}

// TestTokenOutage: a sign-in service that is down for a moment is asked again.
func TestTokenOutage(t *testing.T) {
	s := serve(t, options(), members(5))
	out := outside(t, s)
	real, failures := out.HTTP, 2
	out.HTTP = func(reach scanners.Reach) (http.RoundTripper, error) {
		next, err := real(reach)
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && failures > 0 {
				failures--
				w := newRecorder()
				w.header.Set("Date", now().Format(http.TimeFormat))
				w.WriteHeader(http.StatusServiceUnavailable)
				return w.response(r), nil
			}
			return next.RoundTrip(r)
		}), err
	}
	got, c, err := scan(t, openSource(t, out.Env, config(s, "service_principals: none")))
	if err != nil || len(got) != 5 || !c.Verdict.Complete() || len(out.Waited) != 2 {
		t.Errorf("%d accounts, %v (%s), waited %v, %v", len(got), c.Verdict, c.Why, out.Waited, err)
	}
}

// TestChallenge: Graph may ask for a token with further claims in mid-scan; the SDK gets one, once.
func TestChallenge(t *testing.T) {
	for _, times := range []int{1, 100} {
		o, challenges := options(), 0
		o.Wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if challenges < times && pages(r) {
					challenges++
					claims := base64.StdEncoding.EncodeToString([]byte(`{"access_token":{"nbf":{"essential":true}}}`))
					w.Header().Set("Date", now().Format(http.TimeFormat))
					w.Header().Set("WWW-Authenticate", `Bearer realm="", error="insufficient_claims", claims="`+claims+`"`)
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
		s := serve(t, o, members(5))
		got, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, "service_principals: none")))
		if times == 1 && (err != nil || len(got) != 5 || !c.Verdict.Complete()) {
			t.Errorf("%d accounts, %v (%s), %v", len(got), c.Verdict, c.Why, err)
		}
		if times > 1 && (err == nil || c.Verdict.Complete() || challenges > 4) {
			t.Errorf("challenged for ever: %v, %d challenges, %v", c.Verdict, challenges, err)
		}
	}
}

// TestForeignHost: a page elsewhere is not asked for, and the error names the place without what may be secret in it.
func TestForeignHost(t *testing.T) {
	o := options()
	o.Script = []graph.Event{{Path: "/users", From: 1, To: 1, Fault: graph.ForeignNext}}
	s := serve(t, o, members(25))
	_, c, err := scan(t, openSource(t, outside(t, s).Env, config(s, "page_size: 10")))
	if err == nil || !strings.Contains(err.Error(), `"https://graph.elsewhere.example"`) || strings.Contains(err.Error(), "skiptoken") || c.Verdict.Complete() {
		t.Errorf("%v, %v", c.Verdict, err)
	}
	for _, next := range []string{s.URL() + ".elsewhere.example/v1.0/users", strings.Replace(s.URL(), "https", "http", 1) + "/v1.0/users", "/v1.0/users", "::"} {
		g := &client{settings: &settings{graph: s.URL()}}
		if _, err := g.request(t.Context(), question{what: users, next: next}); err == nil {
			t.Errorf("%s would be followed", next)
		}
	}
	if u, err := url.Parse(s.URL()); err != nil || u.Scheme != "https" {
		t.Fatal("the server has no TLS")
	}
}
