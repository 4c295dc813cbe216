package api

import (
	"context"
	"net/http"
	"sync"

	"golang.org/x/oauth2"

	"github.com/leaver-audit/leaver/scanners"
)

// Auth puts credentials on requests. It may be used by several goroutines at the same time.
type Auth interface {
	// Authorize completes a request. An error is that of a token endpoint, and may pass.
	Authorize(ctx context.Context, r *http.Request) error
	// Renew throws away what can be had anew, such as an access token, and reports whether there was any.
	Renew() bool
}

// Header sends a credential in a header, as it is ("Bearer …", "token …").
func Header(name, prefix string, secret scanners.Secret) Auth { return fixed{name, prefix, secret} }

type fixed struct {
	name, prefix string
	secret       scanners.Secret
}

func (a fixed) Authorize(_ context.Context, r *http.Request) error {
	r.Header.Set(a.name, a.prefix+a.secret.Reveal())
	return nil
}

func (fixed) Renew() bool { return false }

// Basic sends a name and a password.
func Basic(user string, password scanners.Secret) Auth { return basic{user, password} }

type basic struct {
	user     string
	password scanners.Secret
}

func (a basic) Authorize(_ context.Context, r *http.Request) error {
	r.SetBasicAuth(a.user, a.password.Reveal())
	return nil
}

func (basic) Renew() bool { return false }

// Tokens sends access tokens. fetch gets a new one over the given transport, whose reach names the token address.
func Tokens(transport http.RoundTripper, fetch func(ctx context.Context) (*oauth2.Token, error)) Auth {
	return &tokens{client: SDKClient(transport), fetch: fetch}
}

type tokens struct {
	client *http.Client
	fetch  func(context.Context) (*oauth2.Token, error)
	mu     sync.Mutex
	token  *oauth2.Token
}

func (a *tokens) Authorize(ctx context.Context, r *http.Request) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.token.Valid() {
		token, err := a.fetch(context.WithValue(ctx, oauth2.HTTPClient, a.client))
		if err != nil {
			return tokenError(err)
		}
		a.token = token
	}
	a.token.SetAuthHeader(r)
	return nil
}

func (a *tokens) Renew() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	had := a.token != nil
	a.token = nil
	return had
}

// tokenError says what a token address answered, without what was sent to it.
func tokenError(err error) error {
	refused, ok := err.(*oauth2.RetrieveError)
	if !ok {
		return err
	}
	said := refused.ErrorCode
	if refused.ErrorDescription != "" {
		said += ": " + refused.ErrorDescription
	}
	if said == "" {
		said = string(refused.Body)
	}
	return &StatusError{Place: "POST token address", Status: refused.Response.StatusCode, Said: excerpt([]byte(said)), After: read(refused.Response).RetryAfter}
}
