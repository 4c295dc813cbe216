package okta

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	sdk "github.com/okta/okta-sdk-golang/v2/okta"
	"github.com/okta/okta-sdk-golang/v2/okta/cache"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// client asks one org. The SDK puts requests together, signs in and reads errors; how often is tried again, how fast is asked
// and what a page holds is decided here. It may be used by several goroutines at the same time.
type client struct {
	org     *url.URL
	watch   *api.Watch
	retries api.Retries
	pace    *pace
	// settings are all that the SDK is told.
	settings []sdk.ConfigSetter

	mu sync.Mutex
	// executor makes requests and holds the access token. Making one changes it, sending one does not.
	executor *sdk.RequestExecutor
	keeper   *keeper
	// tokens counts how often an access token was thrown away; renews says that there is one to throw away.
	tokens int
	renews bool
}

// answer is what came back, before the SDK has seen it.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// newClient opens the org that the configuration names.
func newClient(o Org, env scanners.Env) (*client, error) {
	org, host, err := o.address()
	if err != nil {
		return nil, &scanners.ConfigError{Err: err}
	}
	settings, err := o.credentials(env)
	if err != nil {
		return nil, &scanners.ConfigError{Err: err}
	}
	transport, err := env.HTTP(scanners.Reach{Hosts: []string{host}, Tokens: []string{org.String() + "/oauth2/v1/token"},
		CA: o.TLS.CA, Cert: o.TLS.Cert, Key: o.TLS.Key, Proxy: o.Proxy})
	if err != nil {
		return nil, err
	}
	watch := api.NewWatch(transport, env.Now)
	c := &client{org: org, watch: watch, retries: api.NewRetries(env), pace: newPace(env), keeper: &keeper{next: watch}, renews: o.Client.ID != ""}
	c.settings = append(settings,
		sdk.WithOrgUrl(org.String()),
		sdk.WithCache(false),
		sdk.WithRateLimitMaxRetries(-1), // with 0 it still repeats a request that ends with EOF, at once and without end
		sdk.WithUserAgentExtra("leaver"))
	c.executor = c.newExecutor()
	return c, nil
}

// newExecutor makes the SDK's part of the client. The SDK's own constructor of a client is not used: it reads ~/.okta/okta.yaml
// and OKTA_CLIENT_* of the environment, and writes to stdout when it does not understand them.
func (c *client) newExecutor() *sdk.RequestExecutor {
	return sdk.NewRequestExecutor(api.SDKClient(c.keeper), cache.NewNoOpCache(), pristine(c.settings))
}

// pristine is a configuration of the SDK, whose type has no name outside of it, that holds what is set and nothing else.
func pristine[C any, S ~func(*C)](settings []S) *C {
	config := new(C)
	for _, set := range settings {
		set(config)
	}
	return config
}

// get asks for a place of the org, such as "/api/v1/users?limit=200", until read understands the answer or there is no hope of
// that. An answer that is no success is a [*api.StatusError]; after a 401 a new access token is fetched once.
func (c *client) get(ctx context.Context, place string, read func(*answer) error) error {
	renewed := false
	err := c.retries.Do(ctx, func(ctx context.Context) error {
		token, a, err := c.once(ctx, place)
		if status(err) == http.StatusUnauthorized && !renewed && c.renew(token) {
			renewed = true
			_, a, err = c.once(ctx, place)
		}
		if err != nil {
			return err
		}
		return read(a)
	})
	return hinted(err)
}

// once asks one time. token tells with which access token.
func (c *client) once(ctx context.Context, place string) (token int, a *answer, err error) {
	if err := c.pace.wait(ctx, place); err != nil {
		return 0, nil, err
	}
	executor, request, token, err := c.request(ctx, place)
	if err != nil {
		return token, nil, withoutAddress(err)
	}
	a = &answer{}
	ctx, seen := api.Note(context.WithValue(ctx, keepKey{}, a))
	_, err = executor.Do(ctx, request, nil)
	c.pace.note(place, *seen)
	switch {
	case a.status/100 == 2 && err == nil:
		return token, a, nil
	case a.status >= 400:
		said := ""
		if refusal := new(sdk.Error); errors.As(err, &refusal) {
			said = strings.TrimSpace(refusal.ErrorCode + " " + refusal.Error())
		}
		return token, nil, &api.StatusError{Place: "GET " + pathOf(place), Status: a.status, Said: said, RequestID: seen.RequestID, After: seen.RetryAfter}
	case err == nil:
		return token, nil, &api.AnswerError{Place: "GET " + pathOf(place), Why: "an answer that is neither a success nor an error"}
	}
	return token, nil, withoutAddress(err)
}

// request lets the SDK put a request together, which may fetch an access token first.
func (c *client) request(ctx context.Context, place string) (*sdk.RequestExecutor, *http.Request, int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keeper.minting = ctx
	defer func() { c.keeper.minting = nil }()
	r, err := c.executor.NewRequest(http.MethodGet, place, nil)
	return c.executor, r, c.tokens, err
}

// renew throws the access token away that was used, and reports whether another one can be had.
func (c *client) renew(used int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.renews && used == c.tokens {
		c.executor = c.newExecutor()
		c.tokens++
	}
	return c.renews
}

// withoutAddress drops the address from an error of the HTTP client: that of a token request holds the signed assertion.
func withoutAddress(err error) error {
	if wrapped := new(url.Error); errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

type keepKey struct{}

// keeper takes the body and the links of a page out of an answer before the SDK sees it. The SDK would decode the page as a
// whole, so that one bad value costs all of it; it stumbles over a link that is no address, and takes the first of two that
// stand in one header for both.
type keeper struct {
	next http.RoundTripper
	// minting is for whom an access token is fetched. The SDK asks for it without a context.
	minting context.Context
}

// RoundTrip implements http.RoundTripper.
func (k *keeper) RoundTrip(r *http.Request) (*http.Response, error) {
	kept, asked := r.Context().Value(keepKey{}).(*answer)
	if !asked {
		return k.mint(r)
	}
	response, err := k.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	*kept = answer{response.StatusCode, response.Header, body}
	response.Header = response.Header.Clone()
	response.Header.Del("Link")
	response.Body = http.NoBody
	if response.StatusCode >= 400 {
		response.Body = io.NopCloser(bytes.NewReader(body))
	}
	return response, nil
}

// mint sends the request for an access token. An answer that is no success becomes an error with its status, which the SDK
// would drop.
func (k *keeper) mint(r *http.Request) (*http.Response, error) {
	ctx, seen := api.Note(k.minting)
	response, err := k.next.RoundTrip(r.WithContext(ctx))
	if err != nil || response.StatusCode/100 == 2 {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return nil, &api.StatusError{Place: "POST " + r.URL.Path, Status: response.StatusCode, Said: tokenRefusal(body), RequestID: seen.RequestID, After: seen.RetryAfter}
}
