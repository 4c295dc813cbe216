package notify

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// postOffice is a small SMTP server on the loopback interface. It speaks STARTTLS and AUTH PLAIN and LOGIN, as far as the
// client is told.
type postOffice struct {
	t        *testing.T
	listener net.Listener
	cert     tls.Certificate
	roots    *x509.CertPool
	// starttls says whether it offers TLS, implicit whether it begins with it; password is "" for no login.
	starttls, implicit bool
	password           string
	// busy is how many messages are refused for the moment, never whether all are for good.
	busy  int
	never bool

	mu       sync.Mutex
	accepted []string
	said     []string
}

func newPostOffice(t *testing.T, configure func(*postOffice)) *postOffice {
	t.Helper()
	https := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	t.Cleanup(https.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postOffice{t: t, listener: listener, cert: https.TLS.Certificates[0], roots: https.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	configure(p)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.talk(conn) })
		}
	})
	t.Cleanup(func() { listener.Close(); serving.Wait() })
	return p
}

func (p *postOffice) box() Mailbox {
	at := p.listener.Addr().(*net.TCPAddr)
	box := Mailbox{From: "leaver@example.com", To: []string{"iam@example.com", "audit@example.com"}, Host: at.IP.String(), Port: at.Port, TLS: "starttls"}
	if p.implicit {
		box.TLS = "tls"
	}
	return box
}

func (p *postOffice) talk(conn net.Conn) {
	defer func() { conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	secure := p.implicit
	if p.implicit {
		conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{p.cert}})
	}
	in := bufio.NewReader(conn)
	answer := func(format string, args ...any) { fmt.Fprintf(conn, format+"\r\n", args...) }
	line := func() (string, bool) {
		text, err := in.ReadString('\n')
		text = strings.TrimRight(text, "\r\n")
		p.mu.Lock()
		p.said = append(p.said, text)
		p.mu.Unlock()
		return text, err == nil
	}
	answer("220 post.example.com ESMTP")
	loggedIn := p.password == ""
	for {
		text, ok := line()
		if !ok {
			return
		}
		verb, rest, _ := strings.Cut(text, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			answer("250-post.example.com")
			if p.starttls && !secure {
				answer("250-STARTTLS")
			}
			if p.password != "" && secure {
				answer("250-AUTH LOGIN PLAIN")
			}
			answer("250 8BITMIME")
		case "STARTTLS":
			answer("220 go ahead")
			conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{p.cert}})
			in, secure = bufio.NewReader(conn), true
		case "AUTH":
			if loggedIn = p.login(rest, secure, answer, line); loggedIn {
				answer("235 welcome")
			} else {
				answer("535 5.7.8 wrong password")
			}
		case "MAIL":
			switch {
			case !loggedIn:
				answer("530 5.7.0 log in first")
			case p.never:
				answer("550 5.7.1 we do not take this")
			case p.takes():
				answer("250 ok")
			default:
				answer("451 4.3.0 come back later")
			}
		case "RCPT", "RSET", "NOOP":
			answer("250 ok")
		case "DATA":
			answer("354 go on")
			p.receive(line)
			answer("250 taken")
		case "QUIT":
			answer("221 bye")
			return
		default:
			answer("500 what")
		}
	}
}

// takes reports whether the office is not busy any more.
func (p *postOffice) takes() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	return p.busy < 0
}

func (p *postOffice) login(rest string, secure bool, answer func(string, ...any), line func() (string, bool)) bool {
	decode := func(text string) string { b, _ := base64.StdEncoding.DecodeString(text); return string(b) }
	mechanism, initial, _ := strings.Cut(rest, " ")
	if !secure {
		p.t.Error("a password came without TLS")
		return false
	}
	if mechanism == "PLAIN" {
		return decode(initial) == "\x00leaver\x00"+p.password
	}
	answer("334 %s", base64.StdEncoding.EncodeToString([]byte("Username:")))
	user, _ := line()
	answer("334 %s", base64.StdEncoding.EncodeToString([]byte("Password:")))
	password, _ := line()
	return decode(user) == "leaver" && decode(password) == p.password
}

func (p *postOffice) receive(line func() (string, bool)) {
	var text strings.Builder
	for {
		l, ok := line()
		if !ok || l == "." {
			break
		}
		text.WriteString(l + "\n")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted = append(p.accepted, text.String())
}

func (p *postOffice) mails() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

func TestMail(t *testing.T) {
	tests := []struct {
		name      string
		configure func(*postOffice)
		change    func(*Mailbox, *Sender)
		// wrong is part of the error; "" when the mail arrives.
		wrong string
	}{
		{"starttls", func(p *postOffice) { p.starttls = true }, nil, ""},
		{"starttls and login", func(p *postOffice) { p.starttls, p.password = true, "pass-4711" }, nil, ""},
		{"tls and login", func(p *postOffice) { p.implicit, p.password = true, "pass-4711" }, nil, ""},
		{"none, on this machine", func(*postOffice) {}, func(b *Mailbox, _ *Sender) { b.TLS = "none" }, ""},
		{"busy at first", func(p *postOffice) { p.starttls, p.busy = true, 2 }, nil, ""},
		{"no starttls offered", func(*postOffice) {}, nil, "does not support STARTTLS"},
		{"wrong password", func(p *postOffice) { p.starttls, p.password = true, "pass-4711" }, func(b *Mailbox, _ *Sender) { b.Password = "guess-0815" }, "wrong password"},
		{"login needed", func(p *postOffice) { p.starttls, p.password = true, "pass-4711" }, func(b *Mailbox, _ *Sender) { b.User = "" }, "log in first"},
		{"not taken", func(p *postOffice) { p.starttls, p.never = true, true }, nil, "we do not take this"},
		{"foreign certificate", func(p *postOffice) { p.starttls = true }, func(_ *Mailbox, s *Sender) { s.Roots = nil }, "certificate"},
		{"foreign certificate at once", func(p *postOffice) { p.implicit = true }, func(_ *Mailbox, s *Sender) { s.Roots = nil }, "certificate"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPostOffice(t, test.configure)
			s := &Sender{Now: now(), Roots: p.roots, First: time.Millisecond, Patience: 500 * time.Millisecond}
			if test.wrong == "" {
				s.Patience = 10 * time.Second
			}
			box := p.box()
			if p.password != "" {
				box.User, box.Password = "leaver", p.password
			}
			if test.change != nil {
				test.change(&box, s)
			}
			err := s.Mail(context.Background(), box, sample())
			if test.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), test.wrong) || strings.Contains(err.Error(), "4711") || strings.Contains(err.Error(), "0815") {
					t.Errorf("%v, want %q", err, test.wrong)
				}
				if len(p.mails()) > 0 {
					t.Errorf("a mail was accepted all the same:\n%s", p.mails())
				}
				return
			}
			if err != nil || len(p.mails()) != 1 {
				t.Fatalf("%v, %d mails", err, len(p.mails()))
			}
			for _, part := range []string{"From: <leaver@example.com>", "To: <iam@example.com>, <audit@example.com>", "Subject: leaver: ATTENTION, run accepted",
				"Message-ID: <R1.run.ended@leaver.invalid>", "Auto-Submitted: auto-generated", "findings   orphan"} {
				if !strings.Contains(p.mails()[0], part) {
					t.Errorf("lacks %q:\n%s", part, p.mails()[0])
				}
			}
		})
	}
}
