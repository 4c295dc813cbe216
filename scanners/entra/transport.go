//go:build !noentra

package entra

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/leaver-audit/leaver/scanners/internal/api"
)

// guard stands between the SDK and the network. The SDK sends a request without a token, and without an error, when it does not
// recognise the host; such a request does not leave. And it keeps of an answer that is no success what the SDK would drop.
type guard struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		return nil, api.Final(fmt.Errorf("%s %s: the SDK would have sent it without a token: it does not take the host for one of Graph's", r.Method, r.URL.Path))
	}
	response, err := g.next.RoundTrip(r)
	if err != nil || response.StatusCode/100 == 2 || challenged(response) {
		return response, err
	}
	return nil, toError(r, response)
}

// challenged reports whether the answer asks for a token with further claims, which the SDK then gets by itself, once.
func challenged(response *http.Response) bool {
	return response.StatusCode == http.StatusUnauthorized && strings.Contains(response.Header.Get("WWW-Authenticate"), "claims=")
}

func toError(r *http.Request, response *http.Response) error {
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	status := api.NewStatusError(r, response, body)
	return newRefusal(status, body)
}

// tokenGuard keeps what went wrong on the way to a token. The libraries make a text of it, from which nobody can tell what may
// pass by itself and what not.
type tokenGuard struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (g tokenGuard) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := g.next.RoundTrip(r)
	if err == nil && response.StatusCode/100 != 2 {
		response, err = nil, toError(r, response)
	}
	if kept, ok := r.Context().Value(keptKey{}).(*error); ok {
		*kept = err
	}
	return response, err
}

type keptKey struct{}

// keeping returns a context in which requests for tokens leave their error, nil after a success.
func keeping(ctx context.Context) (context.Context, *error) {
	kept := new(error)
	return context.WithValue(ctx, keptKey{}, kept), kept
}
