package connect

import (
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"

	"github.com/leaver-audit/leaver/scanners"
)

// Post returns a transport for messages to one address: nothing but a POST of JSON to target, over TLS or to the machine
// itself, gets through. It is for notifications, and no connector is handed one. proxy may be nil; roots is as for [TLS].
func Post(proxy, target *url.URL, roots *x509.CertPool) http.RoundTripper {
	return &postOnly{transport(proxy, roots), *target}
}

type postOnly struct {
	next   http.RoundTripper
	target url.URL
}

// RoundTrip implements http.RoundTripper. A refusal is a [*RefusedError], and nothing has left the process.
func (t *postOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if why := t.refuses(r); why != "" {
		refused := &RefusedError{Target: r.Method + " " + (&url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host}).String(), Why: why}
		if r.Body != nil {
			return nil, errors.Join(refused, r.Body.Close())
		}
		return nil, refused
	}
	return t.next.RoundTrip(r)
}

func (t *postOnly) refuses(r *http.Request) string {
	switch {
	case r.Method != http.MethodPost:
		return "a message is sent by POST"
	case *r.URL != t.target, r.Host != "" && r.Host != t.target.Host:
		return "it is not the address that the configuration names"
	case r.Header.Get("Content-Type") != "application/json":
		return "a message is JSON"
	case scanners.Overrides(r.Header):
		return "it carries a header that asks for another method"
	case r.URL.Scheme != "https" && !scanners.Local(r.URL):
		return "only https may leave the machine"
	default:
		return ""
	}
}
