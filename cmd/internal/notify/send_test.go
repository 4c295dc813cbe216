package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// now is the wall clock of the tests; it moves a second at each look.
func now() func() time.Time {
	at := time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC)
	var mu sync.Mutex
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(time.Second)
		return at
	}
}

func sample() Message {
	return Message{ID: "R1.run.ended", Type: RunEnded, Time: time.Date(2026, 11, 22, 2, 31, 0, 0, time.UTC), Organisation: "Example Corp", Host: "host1",
		Run: "R1", Schedule: "nightly", AsOf: time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC), Status: "accepted", Exit: 3, Trouble: true, Missed: 2,
		Sources:  []Source{{"hr", 120, 1, "complete (consistent)"}, {"crm", 340, 0, "partial"}},
		Findings: map[string]int64{"orphan": 3, "leaver_active": 2, "dormant": 0}, Decisions: map[string]int64{"due": 2, "none": 330, "in_grace": 3},
		Link: "https://reports.example.com/R1"}
}

// seen is what a server saw of one request.
type seen struct {
	method, path string
	header       http.Header
	body         string
}

// receiver answers with the given statuses in turn, the last one for ever.
func receiver(t *testing.T, statuses ...int) (*url.URL, func() []seen) {
	t.Helper()
	var mu sync.Mutex
	var all []seen
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		status := statuses[min(len(all), len(statuses)-1)]
		all = append(all, seen{r.Method, r.RequestURI, r.Header.Clone(), string(body)})
		mu.Unlock()
		if status/100 == 3 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL + "/hook/token-4711?x=1")
	if err != nil {
		t.Fatal(err)
	}
	return u, func() []seen {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

const secret = "a secret that is long enough"

func TestPostIsSigned(t *testing.T) {
	address, got := receiver(t, http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusNoContent)
	s := Sender{Now: now(), First: time.Millisecond}
	if err := s.Post(context.Background(), address, []byte(secret), sample()); err != nil {
		t.Fatal(err)
	}
	all := got()
	if len(all) != 3 {
		t.Fatalf("%d attempts, want 3", len(all))
	}
	stamps := map[string]bool{}
	for _, r := range all {
		id, stamp := r.header.Get("webhook-id"), r.header.Get("webhook-timestamp")
		// What a receiver computes, from the documentation alone.
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(id + "." + stamp + "." + r.body))
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.header.Get("webhook-signature") != want {
			t.Errorf("signature %q, want %q", r.header.Get("webhook-signature"), want)
		}
		if at, err := strconv.ParseInt(stamp, 10, 64); err != nil || at < 1_700_000_000 || id != "R1.run.ended" {
			t.Errorf("id %q, timestamp %q", id, stamp)
		}
		stamps[stamp] = true
		if r.method != http.MethodPost || r.path != "/hook/token-4711?x=1" || r.header.Get("Content-Type") != "application/json" {
			t.Errorf("%+v", r)
		}
	}
	if len(stamps) != 3 {
		t.Errorf("attempts share a timestamp: %v", stamps)
	}
	var back Message
	if err := json.Unmarshal([]byte(all[2].body), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), back); diff != "" {
		t.Error(diff)
	}
}

// A signature of another id, time, body or secret is another one.
func TestSignDiffers(t *testing.T) {
	at := time.Unix(1_794_000_000, 0)
	all := map[string]string{}
	for name, signature := range map[string]string{
		"as sent": Sign([]byte(secret), "id", at, []byte("body")), "id": Sign([]byte(secret), "id2", at, []byte("body")),
		"time": Sign([]byte(secret), "id", at.Add(time.Second), []byte("body")), "body": Sign([]byte(secret), "id", at, []byte("bodY")),
		"secret": Sign([]byte(secret+"!"), "id", at, []byte("body"))} {
		if other, same := all[signature]; same {
			t.Errorf("%s and %s have the same signature", name, other)
		}
		all[signature] = name
	}
	// The example of the Standard Webhooks specification.
	key, err := Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := Sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("%s", got)
	}
}

func TestSecret(t *testing.T) {
	for text, ok := range map[string]bool{secret: true, "short": false, "": false, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": true,
		"whsec_not base64 but long enough for anything": false, "whsec_c2hvcnQ=": false} {
		if _, err := Secret(text); (err == nil) != ok || err != nil && text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestDeliveryFails(t *testing.T) {
	s := Sender{Now: now(), First: time.Millisecond, Patience: 2 * time.Second}
	tests := []struct {
		name     string
		status   int
		attempts int
		want     string
	}{
		{"refused for good", http.StatusForbidden, 1, "answered 403"},
		{"no such address", http.StatusNotFound, 1, "answered 404"},
		{"a redirect is not followed", http.StatusFound, 1, "redirects are not followed"},
		{"also one that keeps the method", http.StatusTemporaryRedirect, 1, "redirects are not followed"},
		{"broken for long", http.StatusBadGateway, 5, "answered 502"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for what, deliver := range map[string]func(*url.URL) error{
				"post": func(u *url.URL) error { return s.Post(context.Background(), u, []byte(secret), sample()) },
				"ping": func(u *url.URL) error { return s.Ping(context.Background(), u) },
			} {
				address, got := receiver(t, test.status)
				err := deliver(address)
				if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "token-4711") {
					t.Errorf("%s: %v", what, err)
				}
				if n := len(got()); n != test.attempts {
					t.Errorf("%s: %d attempts, want %d", what, n, test.attempts)
				}
			}
		})
	}
}

func TestNobodyAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := &url.URL{Scheme: "http", Host: listener.Addr().String(), Path: "/token-4711"}
	listener.Close()
	s := Sender{Now: now(), First: time.Millisecond, Patience: 100 * time.Millisecond}
	if err := s.Ping(context.Background(), address); err == nil || strings.Contains(err.Error(), "token-4711") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Ping(ctx, address); err == nil {
		t.Error("a ping after the end was sent")
	}
}

func TestForeignCertificateAndMetadata(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	s := Sender{Now: now(), First: time.Millisecond, Patience: 50 * time.Millisecond}
	for address, want := range map[string]string{server.URL + "/x": "certificate", "https://169.254.169.254/latest": "metadata", "http://192.0.2.1/x": "only https"} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Post(context.Background(), u, []byte(secret), sample()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
}

func TestProxy(t *testing.T) {
	proxy, got := receiver(t, http.StatusOK)
	s := Sender{Now: now(), First: time.Millisecond, Proxy: &url.URL{Scheme: "http", Host: proxy.Host}}
	target := &url.URL{Scheme: "http", Host: "127.0.0.1:1", Path: "/ping"}
	if err := s.Ping(context.Background(), target); err != nil {
		t.Fatal(err)
	}
	if all := got(); len(all) != 1 || all[0].path != "http://127.0.0.1:1/ping" {
		t.Errorf("the proxy saw %+v", all)
	}
}

func TestText(t *testing.T) {
	m := sample()
	if got := m.Subject(); got != "leaver: ATTENTION, run accepted, 5 findings, 2 due (Example Corp)" {
		t.Errorf("%q", got)
	}
	want := `run        R1 on host1
schedule   nightly
as of      2026-11-22 02:30 UTC
status     accepted, exit code 3
missed     2 planned runs since the last accepted one brought no result
source     hr                    120 records, 1 rejected, complete (consistent)
source     crm                   340 records, 0 rejected, partial
findings   leaver_active           2
findings   orphan                  3
decisions  due                     2
decisions  in_grace                3
report     https://reports.example.com/R1

This message holds counts only. Who is concerned stands in the report.
`
	if diff := cmp.Diff(want, m.Text()); diff != "" {
		t.Error(diff)
	}
	soon := Message{Type: DecisionsUpcoming, Organisation: "Example Corp", Host: "h", Within: "3d", Upcoming: map[string]int64{"crm": 4, "ad": 1}}
	if got := soon.Subject(); got != "leaver: 5 decisions become due within 3d (Example Corp)" {
		t.Errorf("%q", got)
	}
	if got := soon.Text(); !strings.Contains(got, "due within 3d\n  in       ad                      1\n  in       crm                     4\n") {
		t.Errorf("%s", got)
	}
}

// TestDocumentedCheck carries out the check that docs/operations.md gives for the shell.
func TestDocumentedCheck(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed: the documented check of a signature was not tried")
	}
	text, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```sh\n")
	command, _, ok := strings.Cut(rest, "```")
	if !ok || !strings.Contains(command, "openssl dgst") {
		t.Fatalf("no command in docs/operations.md: %q", command)
	}
	at := time.Unix(1_794_000_000, 0)
	check := exec.Command("sh", "-c", command)
	check.Env = []string{"PATH=" + os.Getenv("PATH"), "ID=R1.run.ended", "TIMESTAMP=1794000000", `BODY={"id":"R1"}`, "SECRET=" + secret}
	out, err := check.Output()
	if want := Sign([]byte(secret), "R1.run.ended", at, []byte(`{"id":"R1"}`)); err != nil || "v1,"+strings.TrimSpace(string(out)) != want {
		t.Errorf("%q %v, want %q", out, err, want)
	}
}
