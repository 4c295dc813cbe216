package ldap

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// leak is what a proxy lets through of one connection.
type leak struct {
	// cutAfter ends the connection, stallAfter keeps it silent, after so many bytes of the server; 0 is never.
	cutAfter, stallAfter int64
	// pause is how long everything that the server sends is held back.
	pause time.Duration
	// refuse ends it at once.
	refuse bool
}

// proxy stands before a server and treats its n-th connection (from 1) as plan says. It returns its address and a counter of
// connections.
func proxy(t testing.TB, target string, plan func(n int) leak) (string, *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var count atomic.Int32
	var open sync.WaitGroup
	closing := make(chan struct{})
	t.Cleanup(func() {
		close(closing)
		_ = l.Close()
		open.Wait()
	})
	open.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			n := int(count.Add(1))
			open.Go(func() { relay(client, target, plan(n), closing) })
		}
	})
	return l.Addr().String(), &count
}

func relay(client net.Conn, target string, p leak, closing <-chan struct{}) {
	defer client.Close()
	if p.refuse {
		return
	}
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	done := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(server, client); done <- struct{}{} }()
	go func() {
		switch {
		case p.cutAfter > 0:
			_, _ = io.CopyN(client, server, p.cutAfter)
			_ = client.(*net.TCPConn).CloseWrite()
		case p.pause > 0:
			_, _ = io.Copy(slowly{client, p.pause}, server)
		case p.stallAfter > 0:
			_, _ = io.CopyN(client, server, p.stallAfter)
			<-closing
		default:
			_, _ = io.Copy(client, server)
		}
		done <- struct{}{}
	}()
	select {
	case <-done:
	case <-closing:
	}
}

// slowly is a writer that takes its time.
type slowly struct {
	io.Writer
	pause time.Duration
}

func (s slowly) Write(p []byte) (int, error) {
	time.Sleep(s.pause)
	return s.Writer.Write(p)
}
