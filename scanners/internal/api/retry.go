package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/leaver-audit/leaver/scanners"
)

// StatusError is an answer that is no success.
type StatusError struct {
	Place  string // method and address without query
	Status int
	// Said is the beginning of the body, RequestID what the vendor's support asks for.
	Said      string
	RequestID string
	// After is for how long the server asks to be left alone.
	After time.Duration
}

// Error names place, status and what was said.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s: status %d %s", e.Place, e.Status, http.StatusText(e.Status))
	if e.Said != "" {
		text += fmt.Sprintf(": %q", e.Said)
	}
	if e.RequestID != "" {
		text += fmt.Sprintf(" (request %s)", e.RequestID)
	}
	return text
}

// Temporary reports whether a status says that another try may succeed.
func Temporary(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// Final marks an error that no further try will mend.
func Final(err error) error { return &finalError{err} }

type finalError struct{ error }

func (e *finalError) Unwrap() error { return e.error }

// Retries says how often and how long a request that only reads is tried again.
type Retries struct {
	// Tries is the most tries of one request, the first included; Patience the most time that is spent waiting for it.
	Tries    int
	Patience time.Duration
	// Wait sleeps; see [scanners.Env].
	Wait func(ctx context.Context, d time.Duration) error
}

// NewRetries are those of a nightly job: it has time, and a throttled source read late is better than one not read.
func NewRetries(env scanners.Env) Retries {
	return Retries{Tries: 8, Patience: 15 * time.Minute, Wait: env.Wait}
}

// Do calls ask until it succeeds, fails in a way that will not pass, or patience is over. It returns the last error of ask.
func (r Retries) Do(ctx context.Context, ask func(context.Context) error) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = time.Second, time.Minute
	waited := time.Duration(0)
	for try := 1; ; try++ {
		err := ask(ctx)
		if err == nil || ctx.Err() != nil || !mayPass(err) || try >= r.Tries {
			return err
		}
		next := max(pause.NextBackOff(), after(err))
		if waited += next; waited > r.Patience {
			return fmt.Errorf("%w; another try would have to wait %v", err, next.Round(time.Second))
		}
		if stopped := r.Wait(ctx, next); stopped != nil {
			return stopped
		}
	}
}

// mayPass reports whether an error may be gone at the next try: everything but what was refused, by us or by a server that
// has understood the request.
func mayPass(err error) bool {
	var final *finalError
	var status *StatusError
	var refused *scanners.RefusedError
	var config *scanners.ConfigError
	switch {
	case errors.As(err, &final), errors.As(err, &refused), errors.As(err, &config), errors.Is(err, context.Canceled), certificate(err):
		return false
	case errors.As(err, &status):
		// GitHub says with a 403 that there were too many requests; what tells it from missing rights is when to come again.
		return Temporary(status.Status) || status.Status == http.StatusForbidden && status.After > 0
	default:
		return true
	}
}

// after is for how long the server asked to be left alone.
func after(err error) time.Duration {
	var status *StatusError
	if errors.As(err, &status) {
		return status.After
	}
	return 0
}
