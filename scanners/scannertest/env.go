package scannertest

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
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
}

// Env gives surroundings with a silent log, a fixed clock (2 March 2026, 06:00 UTC), zone UTC, an allocation of four
// tasks, a dialer for loopback addresses only, and an HTTP transport that refuses everything. Replace fields as needed.
func Env(t testing.TB) *Outside {
	t.Helper()
	o := &Outside{Dir: t.TempDir(), Secrets: map[string]string{}}
	o.Env = scanners.Env{
		Log:        slog.New(slog.DiscardHandler),
		HTTP:       refuser{},
		Dial:       dialLoopback,
		Path:       o.path,
		Secret:     o.secret,
		Now:        func() time.Time { return time.Date(2026, time.March, 2, 6, 0, 0, 0, time.UTC) },
		Zone:       time.UTC,
		Reject:     func(r scanners.Rejection) error { o.Rejected = append(o.Rejected, r); return nil },
		Allocation: scanners.NewAllocation(4),
	}
	return o
}

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

// refuser is an HTTP transport for connectors that have no business with HTTP.
type refuser struct{}

func (refuser) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("%s %s: this test has no HTTP", r.Method, r.URL)
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
