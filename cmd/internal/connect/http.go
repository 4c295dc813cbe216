package connect

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/leaver-audit/leaver/scanners"
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

// Open returns the transport of a connector: connections of its own behind the rules of [scanners.ReadOnly]. resolve turns
// the paths in reach into real ones.
func Open(reach scanners.Reach, resolve func(string) string) (http.RoundTripper, error) {
	var roots *x509.CertPool
	if reach.CA != "" {
		var err error
		if roots, err = Roots(resolve(reach.CA)); err != nil {
			return nil, err
		}
	}
	var proxy *url.URL
	if reach.Proxy != "" {
		var err error
		if proxy, err = url.Parse(reach.Proxy); err != nil || proxy.Host == "" {
			return nil, fmt.Errorf("proxy: %q is no address\nhint: write http://proxy.example:3128", reach.Proxy)
		}
	}
	t := transport(proxy, roots)
	if reach.Cert != "" {
		pair, err := tls.LoadX509KeyPair(resolve(reach.Cert), resolve(reach.Key))
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig.Certificates = []tls.Certificate{pair}
	}
	if reach.Metadata {
		t.DialContext = dialMetadata
	}
	return scanners.ReadOnly(t, reach), nil
}

// HTTPVia is a transport that reads from hosts, through a proxy unless that is nil. roots is as for [TLS].
func HTTPVia(proxy *url.URL, hosts []string, roots *x509.CertPool) http.RoundTripper {
	return scanners.ReadOnly(transport(proxy, roots), scanners.Reach{Hosts: hosts})
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
