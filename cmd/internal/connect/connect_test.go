package connect

import (
	"context"
	"encoding/pem"
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

	"github.com/leaver-audit/leaver/scanners"
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

func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	hosts := []string{server.Listener.Addr().String()}
	if response, err := (&http.Client{Transport: HTTPVia(nil, hosts, nil)}).Get(server.URL); err == nil {
		response.Body.Close()
		t.Error("an unknown certificate was accepted")
	}
	pool := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	response, err := (&http.Client{Transport: HTTPVia(nil, hosts, pool)}).Get(server.URL)
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

// TestOpen shows that a connector's transport keeps the rules and takes its authorities, certificate and proxy from its reach.
func TestOpen(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	dir := t.TempDir()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	resolve := func(path string) string { return filepath.Join(dir, path) }
	reach := scanners.Reach{Hosts: []string{server.Listener.Addr().String()}, CA: "ca.pem"}
	transport, err := Open(reach, resolve)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: transport}
	response, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if _, err := client.Post(server.URL, "text/plain", nil); err == nil {
		t.Error("a POST got through")
	}
	proxied := 0
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied++ }))
	defer proxy.Close()
	reach.Proxy = proxy.URL
	if transport, err = Open(reach, resolve); err != nil {
		t.Fatal(err)
	}
	if response, err := (&http.Client{Transport: transport}).Get(server.URL); err == nil {
		response.Body.Close() // the proxy does not do what it is asked for
	}
	if proxied != 1 {
		t.Errorf("%d requests came to the proxy", proxied)
	}
	for name, wrong := range map[string]scanners.Reach{"authorities": {CA: "none.pem"}, "certificate": {Cert: "none.pem", Key: "none.pem"}, "proxy": {Proxy: "proxy.example"}} {
		if _, err := Open(wrong, resolve); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestDialMetadata: the dialer of managed identities leads nowhere else.
func TestDialMetadata(t *testing.T) {
	for _, address := range []string{"127.0.0.1:80", "169.254.169.254:8080", "169.254.1.1:80"} {
		var refused *RefusedError
		if _, err := dialMetadata(t.Context(), "tcp", address); !errors.As(err, &refused) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
