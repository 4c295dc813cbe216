//go:build !noentra

package entra

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	abs "github.com/microsoft/kiota-abstractions-go"
	auth "github.com/microsoft/kiota-authentication-azure-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// client asks one tenant by GET. The SDK builds the requests and puts tokens on them; answers stay bytes. None of the SDK's own
// handlers is used: its retries would sleep where nobody can wake them and multiply with ours, redirects have no place in an API,
// and what reads sends no body that could be compressed. It may be used by several goroutines at the same time.
type client struct {
	settings *settings
	env      scanners.Env
	watch    *api.Watch
	retries  api.Retries

	mu      sync.Mutex
	adapter *core.GraphRequestAdapterBase
	granted []string // app roles in the last token
}

func newClient(s *settings, env scanners.Env) (*client, error) {
	transport, err := env.HTTP(s.reach())
	if err != nil {
		return nil, err
	}
	g := &client{settings: s, env: env, watch: api.NewWatch(transport, env.Now), retries: api.NewRetries(env)}
	return g, g.signIn()
}

// signIn makes credentials and an adapter that know no token yet.
func (g *client) signIn() error {
	inner, err := g.credential()
	if err != nil {
		return err
	}
	u, err := url.Parse(g.settings.graph)
	if err != nil {
		return err
	}
	// The SDK compares this list with the name of the host, without its port, and sends no token to others.
	provider, err := auth.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(&credential{inner, g}, []string{g.settings.scope}, []string{u.Hostname()})
	if err != nil {
		return err
	}
	adapter, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(provider, core.GraphClientOptions{},
		nil, nil, api.SDKClient(guard{g.watch}))
	if err != nil {
		return err
	}
	adapter.SetBaseUrl(g.settings.graph + "/v1.0")
	g.mu.Lock()
	defer g.mu.Unlock()
	g.adapter = adapter
	return nil
}

// credential passes tokens on and notes which rights they carry.
type credential struct {
	inner azcore.TokenCredential
	graph *client
}

// GetToken implements azcore.TokenCredential. Its error is a [tokenError] that says what really happened.
func (c *credential) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	ctx, kept := keeping(ctx)
	token, err := c.inner.GetToken(ctx, options)
	if err != nil && *kept != nil {
		err = *kept
	}
	if err != nil {
		return token, &tokenError{err}
	}
	c.graph.note(token.Token)
	return token, nil
}

// note reads the app roles in an access token. They say what the reader may do; nothing rests on them but hints.
func (g *client) note(token string) {
	parts := strings.Split(token, ".")
	var claims struct{ Roles []string }
	if len(parts) != 3 {
		return
	}
	if text, err := base64.RawURLEncoding.DecodeString(parts[1]); err != nil || json.Unmarshal(text, &claims) != nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.granted = claims.Roles
}

// rights are the app roles in the last token; nil when they are not known.
func (g *client) rights() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.granted)
}

// ask gets the answer to q, trying again what may pass, and once with new credentials when Graph does not know the token.
func (g *client) ask(ctx context.Context, q question) (envelope, error) {
	var e envelope
	renewed := false
	err := g.retries.Do(ctx, func(ctx context.Context) error {
		var err error
		e, err = g.once(ctx, q)
		token := new(tokenError)
		if status, _ := refused(err); status == 401 && !errors.As(err, &token) && !renewed {
			renewed = true
			if err := g.signIn(); err != nil {
				return err
			}
			e, err = g.once(ctx, q)
		}
		return err
	})
	if err != nil {
		return envelope{}, err
	}
	return e, nil
}

func (g *client) once(ctx context.Context, q question) (envelope, error) {
	request, err := g.request(ctx, q)
	if err != nil {
		return envelope{}, api.Final(err)
	}
	g.mu.Lock()
	adapter := g.adapter
	g.mu.Unlock()
	ctx, seen := api.Note(ctx)
	answer, err := adapter.SendPrimitive(ctx, request, "[]byte", nil)
	if err != nil {
		return envelope{}, told(err, seen)
	}
	body, isText := answer.([]byte)
	if !isText {
		return envelope{}, fmt.Errorf("GET %s: an answer without a body", q.what)
	}
	e, err := q.open(body)
	if err != nil {
		return e, fmt.Errorf("GET %s: %w", q.what, err)
	}
	return e, nil
}

// told takes what an error is about out of what net/http and the SDK wrap around it.
func told(err error, seen *api.Seen) error {
	sdk, wrapped := new(abs.ApiError), new(url.Error)
	switch {
	case errors.As(err, &sdk): // a second demand for further claims
		return newRefusal(&api.StatusError{Place: "GET", Status: sdk.ResponseStatusCode, Said: sdk.Message, RequestID: seen.RequestID}, nil)
	case errors.As(err, &wrapped):
		return wrapped.Err
	default:
		return err
	}
}

// request builds the request of a question.
func (g *client) request(ctx context.Context, q question) (*abs.RequestInformation, error) {
	if q.next != "" {
		return g.follow(q.next)
	}
	g.mu.Lock()
	adapter := g.adapter
	g.mu.Unlock()
	request, err := build(ctx, q, adapter, g.settings.graph)
	if err != nil {
		return nil, err
	}
	set := func(name, value string) {
		if value != "" {
			request.QueryParametersAny["%24"+name] = value
		}
	}
	if len(q.fields) > 0 {
		request.QueryParametersAny["%24select"] = q.fields
	}
	set("expand", q.expand)
	set("filter", q.filter)
	if q.top > 0 {
		set("top", strconv.Itoa(q.top))
	}
	if q.count {
		set("count", "true")
		request.Headers.Add("ConsistencyLevel", "eventual")
	}
	request.Headers.Add("Accept", "application/json")
	return request, nil
}

// follow builds the request for a further page. It has to be where the tenant is: the SDK would follow it anywhere.
func (g *client) follow(next string) (*abs.RequestInformation, error) {
	u, err := url.Parse(next)
	if err != nil || !strings.EqualFold(u.Scheme+"://"+u.Host, g.settings.graph) {
		host := ""
		if err == nil {
			host = u.Scheme + "://" + u.Host
		}
		return nil, fmt.Errorf("the next page is said to be on %q, which is not %q", host, g.settings.graph)
	}
	request := abs.NewRequestInformation()
	request.Method = abs.GET
	request.SetUri(*u)
	request.Headers.Add("Accept", "application/json")
	return request, nil
}
