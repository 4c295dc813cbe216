package scanners_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
)

// TestReadOnly sends what may pass and what may not, and asks the server what it has seen.
func TestReadOnly(t *testing.T) {
	var reached []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached = append(reached, r.Method+" "+r.URL.Path)
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		}
	}))
	defer server.Close()
	reach := scanners.Reach{Hosts: []string{server.Listener.Addr().String(), "api.example"}, Tokens: []string{server.URL + "/token"}}
	client := &http.Client{Transport: scanners.ReadOnly(http.DefaultTransport, reach)}
	const form = "application/x-www-form-urlencoded"
	request := func(method, url, body string, header ...string) *http.Request {
		r, err := http.NewRequest(method, url, nil)
		if body != "" {
			r, err = http.NewRequest(method, url, strings.NewReader(body))
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return r
	}
	spoofed, spoofedToken := request("GET", server.URL, ""), request("POST", server.URL+"/token", "x", "Content-Type", form)
	spoofed.Host, spoofedToken.Host = "evil.example", "evil.example"
	for _, test := range []struct {
		name string
		r    *http.Request
		want string
	}{
		{"get", request("GET", server.URL+"/users", ""), ""},
		{"head", request("HEAD", server.URL+"/users", ""), ""},
		{"post", request("POST", server.URL, "x"), "a scan only reads"},
		{"delete", request("DELETE", server.URL, ""), "a scan only reads"},
		{"patch", request("PATCH", server.URL, "x"), "a scan only reads"},
		{"odd case", request("get", server.URL, ""), "a scan only reads"},
		{"body", request("GET", server.URL, "x"), "has no body"},
		{"override", request("GET", server.URL, "", "X-HTTP-Method-Override", "DELETE"), "another method"},
		{"other host", request("GET", "https://evil.example/", ""), "not one that the configuration names"},
		{"host header", spoofed, "not one that the configuration names"},
		{"other port", request("GET", "https://api.example:8443/", ""), "not one that the configuration names"},
		{"no tls", request("GET", "http://api.example/", ""), "only https"},
		{"redirect away", request("GET", server.URL+"/away", ""), "not one that the configuration names"},
		{"token", request("POST", server.URL+"/token", "grant_type=x", "Content-Type", form+"; charset=utf-8"), ""},
		{"token in the query", request("POST", server.URL+"/token?grant_type=x", ""), ""},
		{"token of another method", request("PUT", server.URL+"/token", "x", "Content-Type", form), "a scan only reads"},
		{"no form to a token address", request("POST", server.URL+"/token", "{}", "Content-Type", "application/json"), "only a form"},
		{"below a token address", request("POST", server.URL+"/token/x", "x", "Content-Type", form), "a scan only reads"},
		{"token of a host header", spoofedToken, "not one that the configuration names"},
		{"token with an override", request("POST", server.URL+"/token", "x", "Content-Type", form, "X-HTTP-Method", "PATCH"), "another method"},
		{"metadata service", request("GET", "http://"+scanners.MetadataHost+"/metadata", ""), "not one that the configuration names"},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, err := client.Do(test.r)
			var refused *scanners.RefusedError
			switch {
			case err == nil:
				response.Body.Close()
				if test.want != "" {
					t.Error("was let through")
				}
			case test.want == "" || !errors.As(err, &refused) || !strings.Contains(refused.Why, test.want):
				t.Errorf("%v", err)
			}
		})
	}
	if got := strings.Join(reached, ", "); got != "GET /users, HEAD /users, GET /away, POST /token, POST /token" {
		t.Errorf("reached the server: %s", got)
	}
}

// TestMetadataReach: who may ask for a machine's identity may ask for that alone.
func TestMetadataReach(t *testing.T) {
	var reached []string
	next := roundTrip(func(r *http.Request) (*http.Response, error) {
		reached = append(reached, r.URL.String())
		return nil, errors.New("no machine in the cloud")
	})
	transport := scanners.ReadOnly(next, scanners.Reach{Metadata: true})
	for _, address := range []string{"http://169.254.169.254/metadata/identity", "https://169.254.169.254/x", "http://169.254.169.254:8080/x", "http://other.example/"} {
		if _, err := transport.RoundTrip(httptest.NewRequest(http.MethodGet, address, nil)); err == nil {
			t.Errorf("%s: no error", address)
		}
	}
	if len(reached) != 1 || reached[0] != "http://169.254.169.254/metadata/identity" {
		t.Errorf("reached %q", reached)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRefusalShowsNoQuery(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "https://api.example/x?token=hunter2", nil)
	if _, err := scanners.ReadOnly(nil, scanners.Reach{}).RoundTrip(r); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}
