package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/leaver-audit/leaver/cmd/internal/connect"
	"github.com/leaver-audit/leaver/scanners"
)

// Sender sends messages. The zero value of each field but Now will do.
type Sender struct {
	// Now is the wall clock, for signatures and dates.
	Now func() time.Time
	// Roots are the certificates to trust, nil for the system's. Proxy leads to webhooks and pings; nil for a direct way.
	Roots *x509.CertPool
	Proxy *url.URL
	// Patience bounds all attempts to deliver one message, First is the wait before the second one; 0 means a minute and a
	// second.
	Patience, First time.Duration
}

// attempt bounds one try to deliver.
const attempt = 20 * time.Second

// retry calls deliver until it succeeds, fails for good, or patience is over.
func (s *Sender) retry(ctx context.Context, deliver func(context.Context) error) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval = cmp.Or(s.First, time.Second)
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		once, cancel := context.WithTimeout(ctx, attempt)
		defer cancel()
		return struct{}{}, deliver(once)
	}, backoff.WithBackOff(wait), backoff.WithMaxElapsedTime(cmp.Or(s.Patience, time.Minute)), backoff.WithMaxTries(5))
	return err
}

// Ping asks for an address and drops the answer. Any other status than 2xx is an error.
func (s *Sender) Ping(ctx context.Context, address *url.URL) error {
	client := straight(connect.HTTPVia(s.Proxy, []string{scanners.HostOf(address)}, s.Roots))
	return s.retry(ctx, func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
		if err != nil {
			return backoff.Permanent(quiet(err))
		}
		return answer(client.Do(r))
	})
}

// Secret is the key that signs a webhook, from its text.
func Secret(text string) ([]byte, error) {
	encoded, standard := strings.CutPrefix(text, "whsec_")
	if !standard {
		if len(text) < shortestSecret {
			return nil, fmt.Errorf("a secret that signs has at least %d characters\nhint: openssl rand -base64 32 makes one", shortestSecret)
		}
		return []byte(text), nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) < shortestSecret {
		return nil, fmt.Errorf("what follows whsec_ is not base64 of at least %d bytes", shortestSecret)
	}
	return key, nil
}

const shortestSecret = 24

// Sign gives the signature of one attempt to send body.
func Sign(secret []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%d.%s", id, at.Unix(), body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Post sends a message to a webhook, signed anew at each attempt.
func (s *Sender) Post(ctx context.Context, address *url.URL, secret []byte, m Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	client := straight(connect.Post(s.Proxy, address, s.Roots))
	return s.retry(ctx, func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), bytes.NewReader(body))
		if err != nil {
			return backoff.Permanent(quiet(err))
		}
		now := s.Now()
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("User-Agent", "leaver")
		r.Header.Set("Webhook-Id", m.ID)
		r.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
		r.Header.Set("Webhook-Signature", Sign(secret, m.ID, now, body))
		return answer(client.Do(r))
	})
}

// straight is a client that follows no redirect: a message is for the address that the configuration names.
func straight(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// answer judges a response: what may pass by itself is tried again, the rest is permanent.
func answer(r *http.Response, err error) error {
	var refused *connect.RefusedError
	if errors.As(err, &refused) {
		return backoff.Permanent(refused)
	}
	if err != nil {
		return quiet(err)
	}
	_, _ = io.CopyN(io.Discard, r.Body, 64<<10) // so that the connection can be used again
	_ = r.Body.Close()
	status := fmt.Errorf("%s answered %s", r.Request.URL.Host, r.Status)
	switch {
	case r.StatusCode/100 == 2:
		return nil
	case r.StatusCode == http.StatusTooManyRequests, r.StatusCode/100 == 5:
		return status
	case r.StatusCode/100 == 3:
		status = fmt.Errorf("%w: redirects are not followed\nhint: configure the address that it leads to", status)
	}
	return backoff.Permanent(status)
}

// quiet drops the address from an error: its path may be a token.
func quiet(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		if u, parsed := url.Parse(wrapped.URL); parsed == nil {
			return fmt.Errorf("%s: %w", u.Host, wrapped.Err)
		}
		return wrapped.Err
	}
	return err
}
