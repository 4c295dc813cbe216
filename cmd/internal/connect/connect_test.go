package connect

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestForbidden(t *testing.T) {
	for address, free := range map[string]bool{
		"127.0.0.1": true, "10.1.2.3": true, "192.168.0.5": true, "203.0.113.9": true, "::1": true, "fd00::7": true, "2001:db8::1": true,
		"169.254.169.254": false, "169.254.1.1": false, "fe80::1": false, "fe80::1%eth0": false, "fd00:ec2::254": false,
		"168.63.129.16": false, "100.100.100.200": false, "192.0.0.192": false, "0.0.0.0": false, "::": false, "224.0.0.1": false,
		"ff02::1": false, "::ffff:169.254.169.254": false,
	} {
		if why := forbidden(netip.MustParseAddr(address).Unmap()); (why == "") != free {
			t.Errorf("%s: %q", address, why)
		}
	}
}

func TestDial(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	unix, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	for _, l := range []net.Listener{tcp, unix} {
		conn, err := Dial(context.Background(), l.Addr().Network(), l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	for address, network := range map[string]string{"169.254.169.254:80": "tcp", "[fe80::1]:389": "tcp", "127.0.0.1:53": "udp"} {
		_, err := Dial(context.Background(), network, address)
		var refused *RefusedError
		if !errors.As(err, &refused) {
			t.Errorf("%s %s: %v", network, address, err)
		}
	}
}

func TestReadOnly(t *testing.T) {
	var reached []string
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached = append(reached, r.Method+" "+r.URL.Path)
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		}
	})
	server := httptest.NewServer(handler)
	defer server.Close()
	host := server.Listener.Addr().String()
	client := &http.Client{Transport: HTTP([]string{host, "api.example"}, nil)}
	request := func(method, url, body string, header ...string) *http.Request {
		r, err := http.NewRequest(method, url, nil)
		if body != "" {
			r, err = http.NewRequest(method, url, strings.NewReader(body))
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range header {
			r.Header.Set(name, "DELETE")
		}
		return r
	}
	spoofed := request("GET", server.URL, "")
	spoofed.Host = "evil.example"
	tests := []struct {
		name string
		r    *http.Request
		want string
	}{
		{"get", request("GET", server.URL+"/users", ""), ""},
		{"head", request("HEAD", server.URL+"/users", ""), ""},
		{"post", request("POST", server.URL, "x"), "a scan only reads"},
		{"delete", request("DELETE", server.URL, ""), "a scan only reads"},
		{"patch", request("PATCH", server.URL, "x"), "a scan only reads"},
		{"odd case", request("get", server.URL, ""), "a scan only reads"},
		{"body", request("GET", server.URL, "x"), "has no body"},
		{"override", request("GET", server.URL, "", "X-HTTP-Method-Override"), "another method"},
		{"other host", request("GET", "https://evil.example/", ""), "not one that the configuration names"},
		{"host header", spoofed, "not one that the configuration names"},
		{"other port", request("GET", "https://api.example:8443/", ""), "not one that the configuration names"},
		{"no tls", request("GET", "http://api.example/", ""), "only https"},
		{"redirect away", request("GET", server.URL+"/away", ""), "not one that the configuration names"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			response, err := client.Do(test.r)
			var refused *RefusedError
			switch {
			case err == nil:
				response.Body.Close()
				if test.want != "" {
					t.Error("was let through")
				}
			case test.want == "" || !errors.As(err, &refused) || !strings.Contains(refused.Why, test.want):
				t.Errorf("%v", err)
			}
		})
	}
	if got := strings.Join(reached, ", "); got != "GET /users, HEAD /users, GET /away" {
		t.Errorf("reached the server: %s", got)
	}
}

func TestRefusalShowsNoQuery(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "https://api.example/x?token=hunter2", nil)
	if _, err := Closed().RoundTrip(r); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	hosts := []string{server.Listener.Addr().String()}
	if response, err := (&http.Client{Transport: HTTP(hosts, nil)}).Get(server.URL); err == nil {
		response.Body.Close()
		t.Error("an unknown certificate was accepted")
	}
	pool := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	response, err := (&http.Client{Transport: HTTP(hosts, pool)}).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	bad := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bad, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{bad, bad + "-missing"} {
		if _, err := Roots(path); err == nil {
			t.Errorf("%s: no error", path)
		}
	}
}

func TestPost(t *testing.T) {
	reached := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reached++; r.URL.Path == "/hook" {
			http.Redirect(w, r, "https://evil.example/", http.StatusTemporaryRedirect)
		}
	}))
	defer server.Close()
	parse := func(text string) *url.URL {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	hook := server.URL + "/hook?token=hunter2"
	client := &http.Client{Transport: Post(nil, parse(hook), nil)}
	request := func(method, url string, header ...string) *http.Request {
		r, err := http.NewRequest(method, url, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return r
	}
	spoofed := request("POST", hook)
	spoofed.Host = "evil.example"
	for _, test := range []struct {
		name string
		r    *http.Request
		want string
	}{
		{"a redirect away", request("POST", hook), "not the address"},
		{"another path", request("POST", server.URL+"/users"), "not the address"},
		{"another query", request("POST", server.URL+"/hook?token=other"), "not the address"},
		{"another host", request("POST", "https://evil.example/hook?token=hunter2"), "not the address"},
		{"host header", spoofed, "not the address"},
		{"put", request("PUT", hook), "by POST"},
		{"delete", request("DELETE", hook), "by POST"},
		{"patch", request("PATCH", hook), "by POST"},
		{"override", request("POST", hook, "X-HTTP-Method-Override", "DELETE"), "another method"},
		{"a form", request("POST", hook, "Content-Type", "application/x-www-form-urlencoded"), "JSON"},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, err := client.Do(test.r)
			if err == nil {
				response.Body.Close()
			}
			var refused *RefusedError
			if !errors.As(err, &refused) || !strings.Contains(refused.Why, test.want) || strings.Contains(refused.Error(), "hunter2") {
				t.Errorf("%v", err)
			}
		})
	}
	if reached != 1 {
		t.Errorf("%d requests reached the server, want the first alone", reached)
	}
	plain := &http.Client{Transport: Post(nil, parse("http://api.example/hook"), nil)}
	if response, err := plain.Do(request("POST", "http://api.example/hook")); err == nil {
		response.Body.Close()
		t.Error("left the machine without TLS")
	}
}
