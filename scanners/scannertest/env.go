package scannertest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/leaver-audit/leaver/scanners"
)

// Outside is the outside world of one connector under test. Pass its Env to the connector and read afterwards what the
// connector did to it.
type Outside struct {
	scanners.Env
	// Dir is the folder against which Env.Path resolves relative paths: a fresh temporary one.
	Dir string
	// Secrets maps references such as "env:PASSWORD" to what Env.Secret gives for them. Fill it before opening.
	Secrets map[string]string
	// Rejected holds what the connector handed to Env.Reject, in order.
	Rejected []scanners.Rejection
	// Waited holds for how long Env.Wait was asked to sleep, which it never does. Read it when nothing runs any more.
	Waited  []time.Duration
	waiting sync.Mutex
	// transports keep connections; they are closed when the test ends.
	transports []*http.Transport
}

// Env gives surroundings with a silent log, a fixed clock (2 March 2026, 06:00 UTC), zone UTC, an allocation of four
// tasks, waits that take no time, and a dialer and HTTP transports for loopback addresses only. Replace fields as needed.
func Env(t testing.TB) *Outside {
	t.Helper()
	o := &Outside{Dir: t.TempDir(), Secrets: map[string]string{}}
	o.Env = scanners.Env{
		Log:        slog.New(slog.DiscardHandler),
		HTTP:       o.http,
		Dial:       dialLoopback,
		Path:       o.path,
		Secret:     o.secret,
		Now:        clock,
		Wait:       o.wait,
		Zone:       time.UTC,
		Reject:     func(r scanners.Rejection) error { o.Rejected = append(o.Rejected, r); return nil },
		Allocation: scanners.NewAllocation(4),
	}
	t.Cleanup(func() {
		for _, transport := range o.transports {
			transport.CloseIdleConnections()
		}
	})
	return o
}

// clock is the wall clock of a test.
func clock() time.Time { return time.Date(2026, time.March, 2, 6, 0, 0, 0, time.UTC) }

func (o *Outside) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(o.Dir, p)
}

func (o *Outside) secret(ref string) (scanners.Secret, error) {
	text, ok := o.Secrets[ref]
	if !ok {
		return scanners.Secret{}, fmt.Errorf("no secret %q", ref)
	}
	return scanners.NewSecret(text), nil
}

// Config is a decoder of the given YAML, strict as the real one: an unknown key is an error.
func Config(text string) scanners.Decode {
	return func(into any) error { return yaml.Load([]byte(text), into, yaml.WithKnownFields()) }
}

// http opens a transport with the rules of a real run, to loopback addresses only. Certificates are those that reach names.
func (o *Outside) http(reach scanners.Reach) (http.RoundTripper, error) {
	t := &http.Transport{DialContext: dialLoopback}
	if reach.CA != "" {
		text, err := os.ReadFile(o.path(reach.CA))
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(text)
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	o.transports = append(o.transports, t)
	return scanners.ReadOnly(t, reach), nil
}

// wait does not sleep: it notes for how long it was asked to.
func (o *Outside) wait(ctx context.Context, d time.Duration) error {
	o.waiting.Lock()
	defer o.waiting.Unlock()
	o.Waited = append(o.Waited, d)
	return context.Cause(ctx)
}

func dialLoopback(ctx context.Context, network, address string) (net.Conn, error) {
	if host, _, err := net.SplitHostPort(address); network != "unix" {
		if err != nil {
			return nil, err
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, fmt.Errorf("%q is not a loopback address", address)
		}
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}
