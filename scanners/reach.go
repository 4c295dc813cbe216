package scanners

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Reach is what a connector has to reach by HTTP, and all that it can: see [ReadOnly] and [Env.HTTP].
type Reach struct {
	// Hosts may be asked, with GET and HEAD over TLS: "name" for the standard port, or "name:port".
	Hosts []string
	// Tokens are the addresses that hand out access tokens: each takes the POST of a form, at exactly that address.
	Tokens []string
	// CA is the path of certification authorities in PEM form to trust instead of the system's; empty for the system's.
	CA string
	// Cert and Key are the paths of a client certificate and its key in PEM form; empty for none.
	Cert, Key string
	// Proxy is the URL of the proxy on the way; empty for none.
	Proxy string
	// Metadata lets plain HTTP to the credential service of a cloud machine through, which no other reach includes. Its
	// answers are tokens of the machine's identity: it is for the token client of a managed identity alone.
	Metadata bool
}

// MetadataHost is where a cloud machine asks for the tokens of its own identity.
const MetadataHost = "169.254.169.254"

// RefusedError says that a rule stopped a connection or a request before it left.
type RefusedError struct {
	// Target is the address or URL (without query), Why the rule.
	Target string
	Why    string
}

// Error names target and rule.
func (e *RefusedError) Error() string { return fmt.Sprintf("refused %q: %s", e.Target, e.Why) }

// ReadOnly lets next see only requests that read, and those for a token: GET and HEAD, without a body or a header that asks
// for another method, over TLS (or to the machine itself), to the hosts of reach; and the POST of a form to a token address.
// A refusal is a [*RefusedError], and nothing has left the process.
func ReadOnly(next http.RoundTripper, reach Reach) http.RoundTripper {
	t := &readOnly{next: next, hosts: map[string]bool{}, tokens: map[string]bool{}, metadata: reach.Metadata}
	for _, host := range reach.Hosts {
		t.hosts[strings.ToLower(host)] = true
	}
	for _, address := range reach.Tokens {
		if u, err := url.Parse(address); err == nil {
			t.tokens[place(u)] = true
		}
	}
	return t
}

type readOnly struct {
	next     http.RoundTripper
	hosts    map[string]bool
	tokens   map[string]bool
	metadata bool
}

// RoundTrip implements http.RoundTripper.
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
	token := r.Method == http.MethodPost && t.tokens[place(r.URL)]
	credentials := t.metadata && r.URL.Scheme == "http" && r.URL.Host == MetadataHost
	switch {
	case !token && r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != "":
		return "a scan only reads: GET and HEAD are allowed"
	case Overrides(r.Header):
		return "it carries a header that asks for another method"
	case r.Host != "" && !strings.EqualFold(r.Host, r.URL.Host):
		return "the host is not one that the configuration names"
	case token && !form(r):
		return "only a form may be sent to a token address"
	case !token && r.Body != nil && r.Body != http.NoBody:
		return "a request that reads has no body"
	case !token && !credentials && !t.hosts[HostOf(r.URL)]:
		return "the host is not one that the configuration names"
	case r.URL.Scheme != "https" && !credentials && !Local(r.URL):
		return "only https may leave the machine"
	default:
		return ""
	}
}

// form reports whether r sends a form, or nothing beside its address.
func form(r *http.Request) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return r.Body == nil || r.Body == http.NoBody || strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded")
}

// Overrides reports whether a header asks the server to take the request for one of another method.
func Overrides(h http.Header) bool {
	for _, name := range []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

// HostOf is the host of u as [Reach.Hosts] writes it: without the standard port.
func HostOf(u *url.URL) string {
	standard := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	return strings.ToLower(strings.TrimSuffix(u.Host, standard))
}

// Local reports whether u is an http address on the machine itself, written as an IP address: what a name leads to is another
// question.
func Local(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && ip != nil && ip.IsLoopback()
}

// place is u without what may be secret.
func place(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host), Path: u.Path}).String()
}
