package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"github.com/cenkalti/backoff/v5"
	"github.com/wneessen/go-mail"

	"github.com/leaver-audit/leaver/cmd/internal/connect"
)

// Mailbox says how mail goes out and to whom.
type Mailbox struct {
	From string
	To   []string
	Host string
	Port int
	// TLS is "starttls", which then has to work, "tls" from the first byte, or "none".
	TLS string
	// User is empty for a server that asks for none.
	User, Password string
}

// Mail sends a message. Attempts carry the same Message-ID.
func (s *Sender) Mail(ctx context.Context, box Mailbox, m Message) error {
	return s.mail(ctx, box, m.ID, m.Subject(), m.Text())
}

func (s *Sender) mail(ctx context.Context, box Mailbox, id, subject, body string) error {
	text := mail.NewMsg()
	if err := errors.Join(text.From(box.From), text.To(box.To...)); err != nil {
		return err
	}
	text.Subject(subject)
	text.SetMessageIDWithValue(id + "@leaver.invalid")
	text.SetDateWithValue(s.Now())
	text.SetGenHeader("Auto-Submitted", "auto-generated") // no answers from those who are out of office
	text.SetBodyString(mail.TypeTextPlain, body)
	return s.retry(ctx, func(ctx context.Context) error {
		err := s.mailOnce(ctx, box, text)
		var sent *mail.SendError
		if errors.As(err, &sent) && !sent.IsTemp() {
			return backoff.Permanent(err)
		}
		return err
	})
}

// mailOnce makes one attempt. The library leaves the connection open when the server and it do not agree on TLS or login.
func (s *Sender) mailOnce(ctx context.Context, box Mailbox, text *mail.Msg) error {
	var conn net.Conn
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		var err error
		if conn, err = connect.Dial(ctx, network, address); err != nil || box.TLS != "tls" {
			return conn, err
		}
		secure := tls.Client(conn, s.mailTLS(box))
		return secure, secure.HandshakeContext(ctx)
	}
	client, err := mail.NewClient(box.Host, append(s.mailOptions(box), mail.WithDialContextFunc(dial))...)
	if err != nil {
		return backoff.Permanent(err)
	}
	err = client.DialAndSendWithContext(ctx, text)
	if conn != nil {
		_ = conn.Close() // closed already when all went well
	}
	return err
}

func (s *Sender) mailTLS(box Mailbox) *tls.Config {
	c := connect.TLS(s.Roots)
	c.ServerName = box.Host
	return c
}

func (s *Sender) mailOptions(box Mailbox) []mail.Option {
	policy, auth := mail.TLSMandatory, mail.SMTPAuthAutoDiscover
	switch box.TLS {
	case "tls":
		// The library takes only its own dialer for secure, so it is told how to log in.
		policy, auth = mail.NoTLS, mail.SMTPAuthPlain
	case "none":
		policy = mail.NoTLS
	}
	options := []mail.Option{mail.WithPort(box.Port), mail.WithTimeout(attempt), mail.WithTLSConfig(s.mailTLS(box)), mail.WithTLSPolicy(policy)}
	if box.User != "" {
		options = append(options, mail.WithSMTPAuth(auth), mail.WithUsername(box.User), mail.WithPassword(box.Password))
	}
	return options
}
