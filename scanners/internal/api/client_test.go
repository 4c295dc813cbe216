package api

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

// outside serves handler and gives surroundings whose clock is that of the served answers.
func outside(t *testing.T, handler http.HandlerFunc) (*scannertest.Outside, string) {
	t.Helper()
	server := httptest.NewServer(scannertest.Wire{}.Serve(scannertest.Healthy, handler))
	t.Cleanup(server.Close)
	return scannertest.Env(t), server.URL
}

func client(t *testing.T, out *scannertest.Outside, address string, auth Auth) *Client {
	t.Helper()
	host, err := Host(address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(out.Env, scanners.Reach{Hosts: []string{host}}, auth, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGet plays one answer after the other: the last is given again and again.
func TestGet(t *testing.T) {
	type answer struct {
		status int
		body   string
		header string // name: value
	}
	for name, test := range map[string]struct {
		answers []answer
		want    string // the body, or part of the error
		fails   bool
		asked   int
		waited  time.Duration // at least, in all
	}{
		"at once":                    {answers: []answer{{200, `[1]`, ""}}, want: `[1]`, asked: 1},
		"two 429s with a date":       {answers: []answer{{429, `{}`, "Retry-After: 7"}, {429, `{}`, "Retry-After: Mon, 02 Mar 2026 06:00:11 GMT"}, {200, `[]`, ""}}, want: `[]`, asked: 3, waited: 18 * time.Second},
		"429 with a reset":           {answers: []answer{{429, `{}`, "X-Rate-Limit-Reset: 1772431260"}, {200, `[]`, ""}}, want: `[]`, asked: 2, waited: time.Minute},
		"429 without a word":         {answers: []answer{{429, `{}`, ""}, {200, `[]`, ""}}, want: `[]`, asked: 2, waited: time.Millisecond},
		"429 for longer than anyone": {answers: []answer{{429, `{}`, "Retry-After: 86400"}}, want: "another try would have to wait 24h", fails: true, asked: 1},
		"503 without end":            {answers: []answer{{503, `down`, ""}}, want: `status 503 Service Unavailable: "down"`, fails: true, asked: 8},
		"an empty answer passes":     {answers: []answer{{200, ``, ""}, {200, `{}`, ""}}, want: `{}`, asked: 2},
		"empty answers without end":  {answers: []answer{{200, " \n", ""}}, want: "empty body", fails: true, asked: 8},
		"a login form without end":   {answers: []answer{{200, "\n<!DOCTYPE html>", ""}}, want: "a login form or a proxy", fails: true, asked: 8},
		"plain text":                 {answers: []answer{{200, "OK", ""}}, want: "something else than JSON", fails: true, asked: 8},
		"401":                        {answers: []answer{{401, `{"error":"bad token"}`, "X-Request-Id: r7"}}, want: "bad token", fails: true, asked: 1},
		"403 names the request":      {answers: []answer{{403, `no`, "X-Request-Id: r7"}}, want: "(request r7)", fails: true, asked: 1},
		"404":                        {answers: []answer{{404, `no`, ""}}, want: "status 404", fails: true, asked: 1},
		"a redirect":                 {answers: []answer{{302, ``, "Location: https://elsewhere.example/"}}, want: "status 302", fails: true, asked: 1},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			out, address := outside(t, func(w http.ResponseWriter, r *http.Request) {
				a := test.answers[min(asked, len(test.answers)-1)]
				asked++
				if key, value, ok := strings.Cut(a.header, ": "); ok {
					w.Header().Set(key, value)
				}
				w.WriteHeader(a.status)
				_, _ = io.WriteString(w, a.body)
				if got := r.Header.Get("Authorization"); got != "Bearer s3cret" {
					t.Errorf("Authorization %q", got)
				}
			})
			got, err := client(t, out, address, Header("Authorization", "Bearer ", scanners.NewSecret("s3cret"))).Get(t.Context(), address+"/users?token=s3cret")
			if test.fails {
				if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3cret") {
					t.Errorf("error %v, want %q", err, test.want)
				}
			} else if err != nil || string(got.Body) != test.want {
				t.Errorf("%v, %v; want %s", got, err, test.want)
			}
			waited := time.Duration(0)
			for _, d := range out.Waited {
				waited += d
			}
			if asked != test.asked || waited < test.waited {
				t.Errorf("asked %d times and waited %v, want %d and %v", asked, waited, test.asked, test.waited)
			}
		})
	}
}

// TestTooLong: an answer that does not end is given up before memory is.
func TestTooLong(t *testing.T) {
	next := roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(strings.NewReader("["), endless{})), Request: r}, nil
	})
	_, err := NewWatch(next, time.Now).RoundTrip(httptest.NewRequest(http.MethodGet, "https://api.example/users", nil))
	var answer *AnswerError
	if !errors.As(err, &answer) || !strings.Contains(answer.Why, "longer than 64 MB") {
		t.Errorf("%v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestRetries decides what is worth another try.
func TestRetries(t *testing.T) {
	for name, test := range map[string]struct {
		err   error
		again bool
	}{
		"a broken connection":       {io.ErrUnexpectedEOF, true},
		"500":                       {&StatusError{Status: 500}, true},
		"429":                       {&StatusError{Status: 429}, true},
		"400":                       {&StatusError{Status: 400}, false},
		"501":                       {&StatusError{Status: 501}, false},
		"final":                     {Final(io.ErrUnexpectedEOF), false},
		"refused by us":             {&url.Error{Err: &scanners.RefusedError{}}, false},
		"a mistake of the author's": {&scanners.ConfigError{Err: io.EOF}, false},
		"a wrong certificate":       {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, false},
	} {
		tries := 0
		retries := Retries{Tries: 3, Patience: time.Hour, Wait: func(context.Context, time.Duration) error { return nil }}
		err := retries.Do(t.Context(), func(context.Context) error { tries++; return test.err })
		if !errors.Is(err, test.err) || (tries == 3) != test.again || !test.again && tries != 1 {
			t.Errorf("%s: %d tries, %v", name, tries, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	retries := NewRetries(scannertest.Env(t).Env)
	retries.Wait = func(ctx context.Context, _ time.Duration) error { cancel(interrupted); return context.Cause(ctx) }
	if err := retries.Do(ctx, func(context.Context) error { return io.EOF }); !errors.Is(err, interrupted) {
		t.Errorf("interrupted while waiting: %v", err)
	}
}

// TestTokens: an access token is fetched once, and again when the server refuses it, once.
func TestTokens(t *testing.T) {
	fetched, refuse := 0, 1
	out, address := outside(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			if id, secret, _ := r.BasicAuth(); id != "leaver" || secret != "s3cret" {
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":"who are you"}`)
				return
			}
			fetched++
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"access_token":"t`+strings.Repeat("x", fetched)+`","token_type":"Bearer","expires_in":3600}`)
			return
		}
		if refuse > 0 || r.Header.Get("Authorization") != "Bearer t"+strings.Repeat("x", fetched) {
			refuse--
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, `[]`)
	})
	open := func(secret string) *Client {
		transport, err := out.HTTP(scanners.Reach{Tokens: []string{address + "/token"}})
		if err != nil {
			t.Fatal(err)
		}
		config := clientcredentials.Config{ClientID: "leaver", ClientSecret: secret, TokenURL: address + "/token", AuthStyle: oauth2.AuthStyleInHeader}
		return client(t, out, address, Tokens(transport, config.Token))
	}
	c := open("s3cret")
	for range 3 {
		if _, err := c.Get(t.Context(), address+"/users"); err != nil {
			t.Fatal(err)
		}
	}
	if fetched != 2 {
		t.Errorf("%d tokens fetched, want one and another after the refusal", fetched)
	}
	refuse = 100
	if _, err := c.Get(t.Context(), address+"/users"); err == nil || fetched != 3 {
		t.Errorf("refused for good: %v after %d tokens", err, fetched)
	}
	_, err := open("wrong").Get(t.Context(), address+"/users")
	var status *StatusError
	if !errors.As(err, &status) || status.Status != 401 || !strings.Contains(status.Said, "who are you") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("wrong secret: %v", err)
	}
}

func TestHost(t *testing.T) {
	for address, want := range map[string]string{
		"https://api.example": "api.example", "https://API.example:443/x": "api.example", "https://api.example:8443": "api.example:8443",
		"http://127.0.0.1:80/x": "127.0.0.1", "http://[::1]:99": "[::1]:99",
		"http://api.example": "", "http://localhost:99": "", "ftp://api.example": "", "api.example": "", "https://": "", "https://u:p@api.example": "", "://": "",
	} {
		got, err := Host(address)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Host(%q) = %q, %v; want %q", address, got, err, want)
		}
	}
}

func TestTime(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-02T06:00:00Z": "2026-03-02T06:00:00Z", "2026-03-02T06:00:00.123+01:00": "2026-03-02T05:00:00.123Z",
		"0001-01-01T00:00:00Z": "never", "1601-01-01T00:00:00Z": "never", "1970-01-01T00:00:00.000Z": "never", "1970-01-02T00:00:00Z": "1970-01-02T00:00:00Z",
		"": "error", "2026-03-02": "error", "never": "error", "2026-02-30T00:00:00Z": "error",
	} {
		got := "error"
		if fact, err := Time(text); err == nil {
			got = "never"
			if at, known := fact.Get(); known {
				got = at.Format(time.RFC3339Nano)
			}
		}
		if got != want {
			t.Errorf("Time(%q) = %s, want %s", text, got, want)
		}
	}
}
