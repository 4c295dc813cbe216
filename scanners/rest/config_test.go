package rest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// TestConfigErrors wants each mistake told as one of the configuration.
func TestConfigErrors(t *testing.T) {
	const head, paged, ided = "url: https://api.example\npath: /users\nauth: {token: \"env:T\"}\n", "paging: {style: link}\n", "fields: {id: .id}\n"
	for _, test := range []struct{ config, want string }{
		{paged + ided + "auth: {token: \"env:T\"}\n", "url is missing"},
		{strings.Replace(head, "https", "http", 1) + paged + ided, "plain text"},
		{head + ided, "style is missing"},
		{head + ided + "paging: {style: scroll}", "none of link"},
		{head + ided + "paging: {style: next}", "needs next"},
		{head + ided + "paging: {style: cursor, next: .c}", "needs param"},
		{head + ided + "paging: {style: offset}", "needs param"},
		{head + ided + "paging: {style: offset, param: o, advance: size}", "needs size_param"},
		{head + ided + "paging: {style: link, size: -1}", "paging.size"},
		{head + paged, "id is missing"},
		{head + paged + "fields: {id: '.id | tostring'}", "for a record that holds nothing"},
		{head + paged + "fields: {id: '\"same\"'}", "for a record that holds nothing"},
		{head + paged + "fields: {id: .id, enabled: '\"yes\"'}", "neither true nor false"},
		{head + paged + "fields: {id: .id, created: '\"today\"'}", "no time of the form"},
		{head + paged + "fields: {id: .id, mails: '{}'}", "is no text"},
		{head + paged + "fields: {id: .id, grants: '{id: 1, type: \"x\"}'}", "no type of a grant"},
		{head + paged + "fields: {id: '.id |'}", "column"},
		{head + paged + "fields: {id: .id, activity: [{at: .x}]}", "needs name and at"},
		{head + paged + ided + "total: '.['", "total: column"},
		{head + paged + ided + "times: [epoch]", "times"},
		{head + paged + ided + "values: {mails: {a: b}}", "no field with words"},
		{head + paged + ided + "values: {kind: {a: robot}}", "none of person"},
		{head + paged + ided + "empty: {created: never}", "empty"},
		{head + paged + ided + "headers: {authorization: x}", "cannot be set"},
		{head + paged + ided + "headers: {X-HTTP-Method-Override: DELETE}", "cannot be set"},
		{head + paged + ided + "lookup: {path: /users/one}", "neither path nor query"},
		{head + paged + ided + "tls: {key: a}", "cert and key"},
		{strings.Replace(head, "/users", "users", 1) + paged + ided, "begin with a slash"},
		{strings.Replace(head, "/users", "/{org}/users", 1) + paged + ided, "vars: org is needed"},
		{head + paged + ided + "vars: {org: \"../x\"}", "no plain word"},
		{"url: https://api.example\n" + paged + ided, "auth is missing"},
		{"url: https://api.example\nauth: {token: \"env:T\", user: u}\n" + paged + ided, "token and user exclude"},
		{"url: https://api.example\nauth: {header: X-Key}\n" + paged + ided, "header and secret"},
		{"url: https://api.example\nauth: {client_id: a}\n" + paged + ided, "go together"},
		{"preset: nobody\n", "none of atlassian, github"},
		{"preset: github\nauth: {token: \"env:T\"}\n", "vars: org is needed"},
	} {
		t.Run(test.want+" "+test.config, func(t *testing.T) {
			out := scannertest.Env(t)
			out.Secrets["env:T"] = "t"
			_, err := Kind().Accounts(scannertest.Config(test.config), out.Env)
			var config *scanners.ConfigError
			if !errors.As(err, &config) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
	for _, test := range []struct{ config, want string }{
		{head + paged + "fields: {id: .id}", "neither end nor status"},
		{head + paged + "fields: {id: .id, end: .e}", "end and last_day"},
		{head + paged + "fields: {id: .id, end: .e}\nlast_day: maybe", "last_day"},
		{head + paged + "fields: {status: .s}", "id is missing"},
		{head + paged + "fields: {id: .id, status: .s}\nvalues: {status: {x: gone}}", "none of active"},
		{"preset: github\n" + head, "presets describe accounts"},
	} {
		t.Run(test.want, func(t *testing.T) {
			out := scannertest.Env(t)
			out.Secrets["env:T"] = "t"
			_, err := Kind().People(scannertest.Config(test.config), out.Env)
			var config *scanners.ConfigError
			if !errors.As(err, &config) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// TestAuth sends each sort of credentials, right and wrong.
func TestAuth(t *testing.T) {
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		known := user == "leaver" && password == "good" || r.Header.Get("Authorization") == "Bearer good" || r.Header.Get("X-Key") == "key good"
		switch {
		case r.URL.Path == "/token" && (known || r.FormValue("client_secret") == "good"):
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"access_token":"good","token_type":"Bearer"}`)
		case known:
			fmt.Fprint(w, `[{"id":"1"}]`)
		default:
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
		}
	}))
	for _, test := range []struct{ name, auth, want string }{
		{"token", `{token: "env:GOOD"}`, ""},
		{"wrong token", `{token: "env:BAD"}`, "credentials are refused"},
		{"basic", `{user: leaver, password: "env:GOOD"}`, ""},
		{"header", `{header: X-Key, prefix: "key ", secret: "env:GOOD"}`, ""},
		{"wrong header", `{header: X-Key, secret: "env:BAD"}`, "credentials are refused"},
		{"client", `{token_url: TOKENS, client_id: leaver, client_secret: "env:GOOD"}`, ""},
		{"client in the body", `{token_url: TOKENS, client_id: leaver, client_secret: "env:GOOD", in_body: true}`, ""},
		{"wrong client", `{token_url: TOKENS, client_id: leaver, client_secret: "env:BAD"}`, "credentials are refused"},
		{"no such secret", `{token: "env:NONE"}`, "no secret"},
		{"no key of a service account", `{credential: "env:GOOD"}`, "no key of a service account"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := scannertest.Env(t)
			out.Secrets = map[string]string{"env:GOOD": "good", "env:BAD": "hunter2"}
			source, err := Kind().Accounts(scannertest.Config("url: "+base+"\npath: /list\npaging: {style: none}\nfields: {id: .id}\nauth: "+
				strings.ReplaceAll(test.auth, "TOKENS", base+"/token")), out.Env)
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

// TestServiceAccount signs with the key of a service account, and sends the signature where the configuration says, not the key's file.
func TestServiceAccount(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/token":
			parts := strings.Split(r.FormValue("assertion"), ".")
			if payload, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
				_ = json.Unmarshal(payload, &claims)
			}
			fmt.Fprint(w, `{"access_token":"good","token_type":"Bearer","expires_in":3600}`)
		case r.Header.Get("Authorization") == "Bearer good":
			fmt.Fprint(w, `{"kind":"admin#directory#users","users":[{"id":"1"}]}`)
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	file, err := json.Marshal(map[string]string{"type": "service_account", "client_email": "leaver@corp.example", "private_key_id": "k1", "token_uri": "https://evil.example/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))})
	if err != nil {
		t.Fatal(err)
	}
	out := scannertest.Env(t)
	out.Secrets["file:key.json"] = string(file)
	source, err := Kind().Accounts(scannertest.Config("preset: google-workspace\nurl: "+base+"\nauth: {credential: \"file:key.json\", subject: admin@corp.example, token_url: "+base+"/token}\n"), out.Env)
	if err != nil {
		t.Fatal(err)
	}
	if c, all := scanAll(t, source); len(all) != 1 || c.Verdict != scanners.Consistent {
		t.Errorf("%v (%s), %d", c.Verdict, c.Why, len(all))
	}
	if claims["iss"] != "leaver@corp.example" || claims["sub"] != "admin@corp.example" || claims["scope"] != "https://www.googleapis.com/auth/admin.directory.user.readonly" || claims["aud"] != base+"/token" {
		t.Errorf("claims %v", claims)
	}
}

// TestOnlyReads lists what reaches the server in a scan and a look-up.
func TestOnlyReads(t *testing.T) {
	var asked []string
	f := &server{records: records(9, scannertest.Healthy), size: 7}
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Accept"))
		f.ServeHTTP(w, r)
	}))
	source := openConfig(t, scannertest.Env(t).Env, "url: "+base+"\n"+bearer+pagingOf("offset")+"query: {x: \"a b\", y: \"\"}\nheaders: {Accept: application/vnd.x+json}\n"+fieldsOfTest)
	scanAll(t, source)
	if _, _, err := source.(scanners.Lookup[scanners.Account]).Lookup(t.Context(), "u1"); err != nil {
		t.Error(err)
	}
	want := []string{"GET /offset?at=0&x=a%20b application/vnd.x+json", "GET /offset?at=7&x=a%20b application/vnd.x+json", "GET /offset?at=9&x=a%20b application/vnd.x+json",
		"GET /one/u1 application/vnd.x+json"}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

const peopleFields = `records: data.users
fields: {id: .id, mails: .mail, status: .state, start: .made}
values: {status: {"on": active, "off": terminated}}
`

func TestPeopleConformance(t *testing.T) {
	scannertest.People(t, scannertest.Subject[scanners.Person]{
		Open: func(t *testing.T, env scanners.Env, n int, fault scannertest.Fault) scanners.Source[scanners.Person] {
			env.Secret = func(string) (scanners.Secret, error) { return scanners.NewSecret("good"), nil }
			base := serve(t, scannertest.Wire{}.Serve(fault, &server{records: records(n, fault), fault: fault, size: 7}))
			source, err := Kind().People(scannertest.Config("url: "+base+"\n"+bearer+pagingOf("next")+peopleFields), env)
			if err != nil {
				t.Fatal(err)
			}
			return source
		},
		Faults: []scannertest.Fault{scannertest.Truncated, scannertest.Garbled, scannertest.GarbledID, scannertest.Throttled, scannertest.CutJSON,
			scannertest.EmptyPage, scannertest.RepeatedPage, scannertest.EmptyObject, scannertest.Loop, scannertest.ForeignNext, scannertest.Unauthorized},
		UnknownID: "u99999",
	})
}

// TestPerson reads what a record says of an employment.
func TestPerson(t *testing.T) {
	const mapping = "fields: {id: .id, other_ids: .old, given_name: .g, family_name: .f, mails: .m, manager: .boss, department: .d, location: .l, zone: .z, start: .from, end: .to, status: .s, type: .t}\n" +
		"last_day: inclusive\ntimes: [rfc3339, date]\nopen_end: [\"9999-12-31\"]\nvalues: {status: {A: active, T: terminated}}\n"
	date := func(y, m, d int) scanners.Fact[scanners.Date] {
		return scanners.Known(scanners.Date{Year: y, Month: time.Month(m), Day: d})
	}
	for _, test := range []struct {
		name, record string
		want         scanners.Employment
		rejected     string
	}{
		{"dates", `{"id":"0042","from":"2020-01-02","to":"2026-03-31","s":"A","t":"employee"}`, scanners.Employment{Start: date(2020, 1, 2), End: date(2026, 3, 31), Type: "employee", StatusRaw: "A", Status: scanners.StatusActive}, ""},
		{"open end", `{"id":"0042"}`, scanners.Employment{End: scanners.Never[scanners.Date]()}, ""},
		{"open end by a word", `{"id":"0042","to":"9999-12-31"}`, scanners.Employment{End: scanners.Never[scanners.Date]()}, ""},
		{"midnight in UTC is a date", `{"id":"0042","to":"2026-03-31T00:00:00Z"}`, scanners.Employment{End: date(2026, 3, 31)}, ""},
		{"an instant is seen in the zone", `{"id":"0042","to":"2026-03-31T22:30:00Z"}`, scanners.Employment{End: date(2026, 4, 1)}, ""},
		{"an instant with its own zone", `{"id":"0042","to":"2026-03-31T22:30:00-05:00"}`, scanners.Employment{End: date(2026, 3, 31)}, ""},
		{"garbled end", `{"id":"0042","to":"soon"}`, scanners.Employment{}, "end"},
		{"end in 1970", `{"id":"0042","to":"1970-01-01"}`, scanners.Employment{}, "end"},
		{"end in year 1", `{"id":"0042","to":"0001-01-01"}`, scanners.Employment{}, "end"},
		{"start in 1968", `{"id":"0042","from":"1968-04-01"}`, scanners.Employment{Start: date(1968, 4, 1), End: scanners.Never[scanners.Date]()}, ""},
		{"start that is none", `{"id":"0042","from":"1970-01-01"}`, scanners.Employment{End: scanners.Never[scanners.Date]()}, ""},
		{"unknown status", `{"id":"0042","s":"Q"}`, scanners.Employment{}, "status"},
		{"unknown zone", `{"id":"0042","z":"Mars/Base"}`, scanners.Employment{}, "zone"},
		{"no id", `{"m":"a@x.example"}`, scanners.Employment{}, "id"},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := scannertest.Env(t).Env
			env.Zone = time.FixedZone("two", 2*3600)
			env.Secret = func(string) (scanners.Secret, error) { return scanners.NewSecret("good"), nil }
			opened, err := Kind().People(scannertest.Config("url: https://api.example\npaging: {style: none}\n"+bearer+mapping), env)
			if err != nil {
				t.Fatal(err)
			}
			p, err := opened.(*source[scanners.Person]).decode(scope{}, json.RawMessage(test.record))
			if test.rejected != "" {
				if err == nil || !strings.HasPrefix(err.Error(), test.rejected+":") {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			e := p.Employments[0]
			e.Start.Reason, e.End.Reason, test.want.LastDayInclusive = "", "", true
			if diff := cmp.Diff(test.want, e); diff != "" || p.ID != "0042" {
				t.Errorf("%s: -want +got:\n%s", p.ID, diff)
			}
		})
	}
}
