package connect

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// TLS returns the client settings for a server that presents a certificate of one of roots, or of the system's roots when
// roots is nil.
func TLS(roots *x509.CertPool) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
}

// Roots reads certificates in PEM form from a file.
func Roots(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%q holds no certificate in PEM form\nhint: convert it with openssl x509 -inform der", path)
	}
	return pool, nil
}

// HTTP returns a transport of its own (connections, TLS) behind the rules of [ReadOnly]. roots is as for [TLS].
func HTTP(hosts []string, roots *x509.CertPool) http.RoundTripper { return HTTPVia(nil, hosts, roots) }

// HTTPVia is [HTTP] through a proxy; nil for none.
func HTTPVia(proxy *url.URL, hosts []string, roots *x509.CertPool) http.RoundTripper {
	return ReadOnly(transport(proxy, roots), hosts)
}

// transport opens connections with the rules of [Dial] and [TLS]; through proxy unless it is nil.
func transport(proxy *url.URL, roots *x509.CertPool) *http.Transport {
	t := &http.Transport{
		DialContext:           Dial,
		TLSClientConfig:       TLS(roots),
		ForceAttemptHTTP2:     true,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: 2 * time.Minute,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   4,
	}
	if proxy != nil {
		t.Proxy = http.ProxyURL(proxy)
	}
	return t
}

// Closed returns a transport that refuses every request, for connectors that speak no HTTP.
func Closed() http.RoundTripper { return ReadOnly(nil, nil) }

// ReadOnly lets next see only requests that read: GET and HEAD, without a body or a header that asks for another method,
// over TLS (or to the machine itself), to the given hosts. A host is "name" for the standard port or "name:port".
func ReadOnly(next http.RoundTripper, hosts []string) http.RoundTripper {
	allowed := make(map[string]bool, len(hosts))
	for _, host := range hosts {
		allowed[strings.ToLower(host)] = true
	}
	return &readOnly{next, allowed}
}

type readOnly struct {
	next  http.RoundTripper
	hosts map[string]bool
}

// RoundTrip implements http.RoundTripper. A refusal is a [*RefusedError], and nothing has left the process.
func (t *readOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if why := t.refuses(r); why != "" {
		refused := &RefusedError{r.Method + " " + place(r.URL), why}
		if r.Body != nil {
			return nil, errors.Join(refused, r.Body.Close())
		}
		return nil, refused
	}
	return t.next.RoundTrip(r)
}

func (t *readOnly) refuses(r *http.Request) string {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != "":
		return "a scan only reads: GET and HEAD are allowed"
	case r.Body != nil && r.Body != http.NoBody:
		return "a request that reads has no body"
	case overrides(r.Header):
		return "it carries a header that asks for another method"
	case !t.hosts[host(r.URL)] || r.Host != "" && !strings.EqualFold(r.Host, r.URL.Host):
		return "the host is not one that the configuration names"
	case r.URL.Scheme != "https" && !local(r.URL):
		return "only https may leave the machine"
	default:
		return ""
	}
}

func overrides(h http.Header) bool {
	for _, name := range []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

// host is the host of u as the list writes it: without the standard port.
func host(u *url.URL) string {
	standard := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	return strings.ToLower(strings.TrimSuffix(u.Host, standard))
}

// local reports whether u is an http address on the machine itself.
func local(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && ip != nil && ip.IsLoopback()
}

// place is u without what may be secret.
func place(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
