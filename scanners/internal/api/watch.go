package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// maxBody bounds one answer. Pages are some hundred kilobytes; what is larger than this is no page.
const maxBody = 64 << 20

// AnswerError says that an answer with a status of success is none: it is empty, cut, too long or no JSON. It may pass by
// itself, so it is worth another try.
type AnswerError struct {
	Place string // method and address without query
	Why   string
}

// Error names place and reason.
func (e *AnswerError) Error() string { return e.Place + ": " + e.Why }

// Watch is a transport that looks at what comes back before anybody decodes it.
type Watch struct {
	next http.RoundTripper
	now  func() time.Time
	skew atomic.Int64 // the largest difference of the clocks, in nanoseconds
}

// NewWatch watches next. now is the clock of this machine.
func NewWatch(next http.RoundTripper, now func() time.Time) *Watch {
	return &Watch{next: next, now: now}
}

// Skew is by how much the server's clock was ahead of this machine's, where that was most; negative when it was behind.
func (w *Watch) Skew() time.Duration { return time.Duration(w.skew.Load()) }

// RoundTrip implements http.RoundTripper. The body of what it returns has been read to its end.
func (w *Watch) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	note(r.Context(), response)
	w.compareClocks(response.Header)
	body, err := readAll(response)
	if err != nil {
		return nil, &AnswerError{at(r), err.Error()}
	}
	if why := believable(response, body); why != "" && r.Method != http.MethodHead {
		return nil, &AnswerError{at(r), why}
	}
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return response, nil
}

func readAll(response *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if closed := response.Body.Close(); err == nil {
		err = closed
	}
	if err == nil && len(body) > maxBody {
		err = fmt.Errorf("the answer is longer than %d MB", maxBody>>20)
	}
	return body, err
}

// believable says why an answer of success cannot be what was asked for; empty when it can.
func believable(response *http.Response, body []byte) string {
	if response.StatusCode/100 != 2 {
		return ""
	}
	text := bytes.TrimLeft(body, " \t\r\n")
	switch {
	case len(text) == 0:
		return fmt.Sprintf("status %d with an empty body", response.StatusCode)
	case text[0] == '<':
		return fmt.Sprintf("status %d with a page of HTML or XML instead of JSON: a login form or a proxy has answered", response.StatusCode)
	case text[0] != '{' && text[0] != '[':
		return fmt.Sprintf("status %d with something else than JSON", response.StatusCode)
	default:
		return ""
	}
}

func (w *Watch) compareClocks(h http.Header) {
	theirs, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	skew := theirs.Sub(w.now())
	for {
		worst := w.skew.Load()
		if skew.Abs() <= time.Duration(worst).Abs() || w.skew.CompareAndSwap(worst, int64(skew)) {
			return
		}
	}
}

// at is a request without what may be secret.
func at(r *http.Request) string {
	return r.Method + " " + r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
}

// Seen is what a server said of itself in its last answer to requests of one context.
type Seen struct {
	Status int
	// RetryAfter is for how long the server asks to be left alone; zero when it does not say.
	RetryAfter time.Duration
	// Limit and Remaining are the requests of a time window and what is left of them, Reset is how long the window lasts yet;
	// -1 and 0 when the server does not say.
	Limit, Remaining int
	Reset            time.Duration
	// RequestID is what the vendor's support asks for.
	RequestID string
}

type seenKey struct{}

// Note returns a context whose requests leave what the server said in the returned Seen. The requests of one context have to
// be made one after the other.
func Note(ctx context.Context) (context.Context, *Seen) {
	seen := &Seen{Limit: -1, Remaining: -1}
	return context.WithValue(ctx, seenKey{}, seen), seen
}

func note(ctx context.Context, response *http.Response) {
	if seen, ok := ctx.Value(seenKey{}).(*Seen); ok {
		*seen = read(response)
	}
}

// read takes from the header what vendors write there: Retry-After in seconds or as a date, X-Rate-Limit-* (Okta),
// X-RateLimit-* (GitHub, Slack), RateLimit-* (GitLab). Resets are an instant in seconds since 1970, or a number of seconds.
func read(response *http.Response) Seen {
	h := response.Header
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Time{}
	}
	s := Seen{Status: response.StatusCode, Limit: number(h, "Limit", -1), Remaining: number(h, "Remaining", -1), RequestID: requestID(h)}
	if reset := number(h, "Reset", 0); reset > 1_000_000_000 && !now.IsZero() {
		s.Reset = max(time.Unix(int64(reset), 0).Sub(now)+time.Second, 0) // a second, because both are cut to seconds
	} else if reset > 0 && reset <= 1_000_000_000 {
		s.Reset = time.Duration(reset) * time.Second
	}
	after := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); err == nil {
		s.RetryAfter = time.Duration(max(seconds, 0)) * time.Second
	} else if until, err := http.ParseTime(after); err == nil && !now.IsZero() {
		s.RetryAfter = max(until.Sub(now), 0)
	}
	if limited := response.StatusCode == http.StatusTooManyRequests && s.Remaining <= 0 || response.StatusCode == http.StatusForbidden && s.Remaining == 0; limited && s.RetryAfter == 0 {
		s.RetryAfter = s.Reset
	}
	return s
}

func number(h http.Header, name string, otherwise int) int {
	for _, prefix := range []string{"X-Rate-Limit-", "X-Ratelimit-", "Ratelimit-"} {
		if n, err := strconv.Atoi(strings.TrimSpace(h.Get(prefix + name))); err == nil {
			return n
		}
	}
	return otherwise
}

func requestID(h http.Header) string {
	for _, name := range []string{"Request-Id", "X-Okta-Request-Id", "X-Github-Request-Id", "X-Request-Id"} {
		if id := h.Get(name); id != "" {
			return id
		}
	}
	return ""
}
