package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

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
	return &StatusError{Place: tokenPlace, Status: refused.Response.StatusCode, Said: excerpt([]byte(said)), After: read(refused.Response).RetryAfter}
}

// Grant is what a program needs to get access tokens for itself: OAuth's client credentials.
type Grant struct {
	// TokenURL is the token address; ID and Secret are the client's.
	TokenURL string
	ID       string
	Secret   scanners.Secret
	Scopes   []string
	// Params are further fields of the form, such as "audience".
	Params url.Values
	// InBody sends id and secret as fields of the form, instead of in the Authorization header.
	InBody bool
}

// ClientCredentials sends access tokens that the client gets for itself. The connection to the token address is one of its own,
// which leads nowhere else; reach says how it is secured.
func ClientCredentials(env scanners.Env, g Grant, reach scanners.Reach) (Auth, error) {
	transport, err := TokenTransport(env, g.TokenURL, reach)
	if err != nil {
		return nil, err
	}
	config := clientcredentials.Config{ClientID: g.ID, ClientSecret: g.Secret.Reveal(), TokenURL: g.TokenURL, Scopes: g.Scopes,
		EndpointParams: g.Params, AuthStyle: oauth2.AuthStyleInHeader}
	if g.InBody {
		config.AuthStyle = oauth2.AuthStyleInParams
	}
	return Tokens(transport, config.Token), nil
}

// TokenTransport opens a connection to a token address and to nothing else, secured as reach says.
func TokenTransport(env scanners.Env, address string, reach scanners.Reach) (http.RoundTripper, error) {
	reach.Hosts, reach.Tokens = nil, []string{address}
	transport, err := env.HTTP(reach)
	if err != nil {
		return nil, err
	}
	return NewWatch(transport, env.Now), nil
}

// Explain adds to an error what the user can do about it.
func Explain(err error) error {
	var status *StatusError
	if !errors.As(err, &status) {
		return err
	}
	switch {
	case status.Status == http.StatusUnauthorized, status.Place == tokenPlace:
		return fmt.Errorf("%w\nhint: the credentials are refused: check auth, and whether they have ended", err)
	case status.Status == http.StatusForbidden:
		return fmt.Errorf("%w\nhint: the credentials are known, but may not read this: check the rights of the reading identity", err)
	case status.Status == http.StatusNotFound:
		return fmt.Errorf("%w\nhint: check url", err)
	case status.Status/100 == 3:
		return fmt.Errorf("%w\nhint: an API has no reason to redirect: check url", err)
	default:
		return err
	}
}

const tokenPlace = "POST token address"
