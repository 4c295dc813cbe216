package scannertest

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"time"
)

// Wire is the connection to a healthy server, on which faults happen that any HTTP server and anything before it can produce.
// What depends on how a server writes its pages (Truncated, Garbled, EmptyPage, RepeatedPage, Loop, ForeignNext …) is the
// server's to play.
type Wire struct {
	// Counts picks the requests that are for pages; nil for every GET. Faults befall the second of them, and later ones.
	Counts func(*http.Request) bool
	// Throttle writes into the header of a 429 when to come again, in the vendor's way; nil for Retry-After.
	Throttle func(h http.Header, now time.Time)
	// Now is the server's clock; nil for that of [Env].
	Now func() time.Time
}

// Serve gives a handler that passes requests on to next until the fault befalls one.
func (w Wire) Serve(fault Fault, next http.Handler) http.Handler {
	if w.Counts == nil {
		w.Counts = func(r *http.Request) bool { return r.Method == http.MethodGet }
	}
	if w.Throttle == nil {
		w.Throttle = func(h http.Header, _ time.Time) { h.Set("Retry-After", "1") }
	}
	if w.Now == nil {
		w.Now = clock
	}
	return &wire{Wire: w, fault: fault, next: next}
}

type wire struct {
	Wire
	fault Fault
	next  http.Handler
	mu    sync.Mutex
	pages int // requests for pages so far
}

// ServeHTTP implements http.Handler.
func (w *wire) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	now := w.Now()
	if w.fault == WrongClock {
		now = now.Add(2 * time.Hour)
	}
	out.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	page := 0
	if w.Counts(r) {
		w.mu.Lock()
		w.pages++
		page = w.pages
		w.mu.Unlock()
	}
	if !w.befall(out, r, page, now) {
		w.next.ServeHTTP(out, r)
	}
}

// befall lets the fault happen to the request for a page, if it is time for it, and reports whether that was the answer.
func (w *wire) befall(out http.ResponseWriter, r *http.Request, page int, now time.Time) bool {
	once, ever := page == 2, page >= 2
	switch w.fault {
	case Throttled:
		return (once || page == 3) && w.refuse(out, http.StatusTooManyRequests, now)
	case ThrottledForever:
		return ever && w.refuse(out, http.StatusTooManyRequests, now)
	case Unavailable:
		return once && w.refuse(out, http.StatusServiceUnavailable, now)
	case UnavailableForever:
		return ever && w.refuse(out, http.StatusServiceUnavailable, now)
	case ServerError:
		return once && w.refuse(out, http.StatusInternalServerError, now)
	case TokenExpired:
		return once && w.refuse(out, http.StatusUnauthorized, now)
	case Unauthorized:
		return ever && w.refuse(out, http.StatusUnauthorized, now)
	case Forbidden:
		return ever && w.refuse(out, http.StatusForbidden, now)
	case BadGateway:
		return once && say(out, http.StatusBadGateway, "text/html", "<html><body>502 Bad Gateway</body></html>")
	case LoginPage:
		return ever && say(out, http.StatusOK, "text/html; charset=utf-8", "<!DOCTYPE html><html><title>Sign in</title></html>")
	case EmptyAnswer:
		return ever && say(out, http.StatusOK, "application/json", "")
	case EmptyObject:
		return ever && say(out, http.StatusOK, "application/json", "{}")
	case Redirected:
		if ever {
			http.Redirect(out, r, "https://login.elsewhere.example/", http.StatusFound)
		}
		return ever
	case Slow:
		time.Sleep(30 * time.Millisecond)
	case Reset:
		return once && hangUp(out, nil)
	case CutAnswer, CutJSON, CutForever:
		return (once || ever && w.fault == CutForever) && w.cut(out, r)
	}
	return false
}

func (w *wire) refuse(out http.ResponseWriter, status int, now time.Time) bool {
	if status == http.StatusTooManyRequests {
		w.Throttle(out.Header(), now)
	}
	return say(out, status, "application/json", fmt.Sprintf(`{"error":{"code":"%d","message":"%s"}}`, status, http.StatusText(status)))
}

func say(out http.ResponseWriter, status int, kind, body string) bool {
	out.Header().Set("Content-Type", kind)
	out.WriteHeader(status)
	_, _ = out.Write([]byte(body))
	return true
}

// cut sends the first half of the answer: as a broken connection, or as if that were all of it.
func (w *wire) cut(out http.ResponseWriter, r *http.Request) bool {
	whole := httptest.NewRecorder()
	w.next.ServeHTTP(whole, r)
	body := whole.Body.Bytes()
	for name, values := range whole.Header() {
		out.Header()[name] = values
	}
	half := body[:len(body)/2]
	if w.fault == CutJSON {
		out.Header().Set("Content-Length", strconv.Itoa(len(half)))
		_, _ = out.Write(half)
		return true
	}
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nDate: %s\r\n\r\n", len(body), out.Header().Get("Date"))
	return hangUp(out, append([]byte(head), half...))
}

// hangUp sends some bytes and breaks the connection.
func hangUp(out http.ResponseWriter, bytes []byte) bool {
	conn, _, err := http.NewResponseController(out).Hijack()
	if err != nil {
		panic(err) // a fault that did not happen would pass every test
	}
	if _, err := conn.Write(bytes); err == nil && len(bytes) == 0 {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset, not an orderly end
		}
	}
	_ = conn.Close()
	return true
}
