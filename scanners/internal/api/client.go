package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/leaver-audit/leaver/scanners"
)

// Client asks one system by GET. It may be used by several goroutines at the same time.
type Client struct {
	watch   *Watch
	auth    Auth
	retries Retries
	header  http.Header
}

// Answer is a successful answer to a GET.
type Answer struct {
	Header http.Header
	Body   []byte
	Seen   Seen
}

// NewClient opens a client that reaches what reach names. header is sent with every request.
func NewClient(env scanners.Env, reach scanners.Reach, auth Auth, header http.Header) (*Client, error) {
	transport, err := env.HTTP(reach)
	if err != nil {
		return nil, err
	}
	return &Client{watch: NewWatch(transport, env.Now), auth: auth, retries: NewRetries(env), header: header}, nil
}

// Watch is the transport below, which knows how far the clocks differ.
func (c *Client) Watch() *Watch { return c.watch }

// Get asks for address until there is an answer or no hope of one. An answer that is no success is a [*StatusError]; after a 401
// the credentials are renewed once.
func (c *Client) Get(ctx context.Context, address string) (*Answer, error) {
	var answer *Answer
	err := c.Read(ctx, address, func(a *Answer) error {
		answer = a
		return nil
	})
	return answer, err
}

// Read is Get for an answer that has to be understood: use reads it, and an error of use is worth another try, unless it is
// [Final]. A page that was cut where its JSON breaks is found out in this way only.
func (c *Client) Read(ctx context.Context, address string, use func(*Answer) error) error {
	renewed := false
	return c.retries.Do(ctx, func(ctx context.Context) error {
		answer, err := c.once(ctx, address)
		if status := new(StatusError); errors.As(err, &status) && status.Status == http.StatusUnauthorized && !renewed && c.auth.Renew() {
			renewed = true
			answer, err = c.once(ctx, address)
		}
		if err != nil {
			return err
		}
		return use(answer)
	})
}

func (c *Client) once(ctx context.Context, address string) (*Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, Final(fmt.Errorf("%q is no address", withoutQuery(address)))
	}
	request.Header = c.header.Clone()
	if request.Header == nil {
		request.Header = http.Header{}
	}
	request.Header.Set("User-Agent", "leaver")
	if request.Header.Get("Accept") == "" {
		request.Header.Set("Accept", "application/json")
	}
	if err := c.auth.Authorize(ctx, request); err != nil {
		return nil, err
	}
	response, err := c.watch.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 != 2 {
		return nil, NewStatusError(request, response, body)
	}
	return &Answer{response.Header, body, read(response)}, nil
}

// NewStatusError is the error that an answer with this body is. It is for what sends requests by other means than a [Client].
func NewStatusError(r *http.Request, response *http.Response, body []byte) *StatusError {
	seen := read(response)
	return &StatusError{Place: at(r), Status: response.StatusCode, Said: excerpt(body), RequestID: seen.RequestID, After: seen.RetryAfter}
}

// SDKClient is what vendors' SDKs want to send their requests with. It follows no redirect.
func SDKClient(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		return Final(fmt.Errorf("%s: a redirect, which an API has no reason for", at(r)))
	}}
}

// excerpt is the beginning of a body as one line, for people to read.
func excerpt(body []byte) string {
	const most = 300
	text := strings.Join(strings.Fields(string(bytes.ToValidUTF8(body[:min(len(body), 4*most)], []byte("?")))), " ")
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most]) + "…"
	}
	return text
}

func withoutQuery(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return address
}

// Host is the host of an address as [scanners.Reach] lists hosts. The address has to be https, or http on this machine.
func Host(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("%q is no address\nhint: write https://name.example", withoutQuery(address))
	}
	if u.Scheme == "http" && !scanners.Local(u) {
		return "", fmt.Errorf("%q would send credentials and personal data in plain text\nhint: write https://", withoutQuery(address))
	}
	return scanners.HostOf(u), nil
}

// certificate reports whether err is about the server's certificate.
func certificate(err error) bool {
	var wrong *tls.CertificateVerificationError
	return errors.As(err, &wrong)
}
