package sqldb

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// treatment is what a proxy does to one connection.
type treatment struct {
	// cutAfter breaks the connection after so many bytes of the server; 0 is never.
	cutAfter int64
	// say is answered in place of the server, which then is not asked; hangUp answers nothing.
	say    []byte
	hangUp bool
	// slow lets every piece of the server's answer wait.
	slow bool
}

// proxy is a way to a server on which things happen.
type proxy struct {
	address string
	// connections counts them, and passed the bytes of the server over the last one.
	connections, passed atomic.Int64
}

// newProxy stands before a server and treats its n-th connection (from 1) as plan says.
func newProxy(t testing.TB, target string, plan func(n int) treatment) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{address: l.Addr().String()}
	var open sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		open.Wait()
	})
	open.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			n := int(p.connections.Add(1))
			open.Go(func() { p.relay(client, target, plan(n)) })
		}
	})
	return p
}

func (p *proxy) relay(client net.Conn, target string, how treatment) {
	defer client.Close()
	switch {
	case how.hangUp:
		return
	case how.say != nil:
		// The first message of PostgreSQL is the client's, that of MySQL the server's: neither may be reset before it is read.
		_ = client.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, _ = client.Read(make([]byte, 4096))
		_, _ = client.Write(how.say)
		return
	}
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	p.passed.Store(0)
	done := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(server, client); done <- struct{}{} }()
	go func() { p.answer(client, server, how); done <- struct{}{} }()
	<-done
}

// answer passes on what the server says.
func (p *proxy) answer(client, server net.Conn, how treatment) {
	b := make([]byte, 4096)
	for {
		n, err := server.Read(b)
		if how.slow {
			time.Sleep(5 * time.Millisecond)
		}
		if left := how.cutAfter - p.passed.Load(); how.cutAfter > 0 && int64(n) >= left {
			_, _ = client.Write(b[:left])
			return
		}
		p.passed.Add(int64(n))
		if _, failed := client.Write(b[:n]); err != nil || failed != nil {
			return
		}
	}
}

// greet is the error with which a server greets whom it does not let in: full, starting or denied.
func greet(system readonly.System, what string) []byte {
	if system == readonly.PostgreSQL {
		code := map[string]string{"full": "53300", "starting": "57P03", "denied": "28P01"}[what]
		body := "SFATAL\x00VFATAL\x00C" + code + "\x00Mplayed by a test\x00\x00"
		return append([]byte{'E', 0, 0, 0, byte(len(body) + 4)}, body...)
	}
	code := map[string]int{"full": 1040, "starting": 1053, "denied": 1045}[what]
	body := append([]byte{0xff, byte(code), byte(code >> 8)}, "#08004played by a test"...)
	return append([]byte{byte(len(body)), 0, 0, 0}, body...)
}
