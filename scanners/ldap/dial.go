package ldap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// expirySoon is how long before its end a server certificate is reported.
const expirySoon = 30 * 24 * time.Hour

// dial connects to srv and secures the connection as configured. It never falls back to plain text.
func (s *source) dial(ctx context.Context, srv server) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeouts.Connect)
	defer cancel()
	conn, err := s.env.Dial(ctx, srv.network, srv.address)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w\nhint: check the address, the port and that the server runs", srv.text, err)
	}
	if !srv.tls && !s.config.TLS.StartTLS {
		return conn, nil
	}
	secured, err := s.secure(ctx, conn, srv)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secured, nil
}

func (s *source) secure(ctx context.Context, conn net.Conn, srv server) (net.Conn, error) {
	config, err := s.tlsConfig(srv)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if !srv.tls {
		if err := startTLS(conn); err != nil {
			return nil, fmt.Errorf("starttls with %s: %w", srv.text, err)
		}
	}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("tls with %s: %w%s", srv.text, err, tlsHint(err))
	}
	return secured, nil
}

func (s *source) tlsConfig(srv server) (*tls.Config, error) {
	t := s.config.TLS
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: srv.host, Time: s.env.Now}
	if t.ServerName != "" {
		config.ServerName = t.ServerName
	}
	if t.CA != "" {
		pem, err := os.ReadFile(s.env.Path(t.CA))
		if err != nil {
			return nil, fmt.Errorf("tls.ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls.ca: %q holds no certificate in PEM form", t.CA)
		}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(s.env.Path(t.Cert), s.env.Path(t.Key))
		if err != nil {
			return nil, fmt.Errorf("tls.cert: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func tlsHint(err error) string {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &authority):
		return "\nhint: name the file of the issuing authority in tls.ca"
	case errors.As(err, &name):
		return "\nhint: use the name that the certificate carries in the url, or set tls.server_name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "\nhint: the server's certificate has to be renewed (or this machine's clock is wrong)"
	default:
		return ""
	}
}

// expiry warns of a server certificate that ends soon.
func expiry(conn net.Conn, srv server, now time.Time) (scanners.Gap, bool) {
	secured, ok := conn.(*tls.Conn)
	if !ok {
		return scanners.Gap{}, false
	}
	chain := secured.ConnectionState().PeerCertificates
	if len(chain) == 0 || chain[0].NotAfter.Sub(now) > expirySoon {
		return scanners.Gap{}, false
	}
	return scanners.Gap{
		What:   "certificate of " + srv.text,
		Cause:  "it ends on " + chain[0].NotAfter.UTC().Format(time.DateOnly),
		Effect: "none yet; from then on the source is blind",
		Hint:   "renew the server's certificate",
	}, true
}

// startTLS asks for TLS on a fresh connection. It reads exactly the one answer, so that nothing that was sent in plain
// text can be taken for a part of the encrypted stream.
func startTLS(conn net.Conn) error {
	const oid = "1.3.6.1.4.1.1466.20037"
	request := []byte{tagSequence, byte(7 + len(oid)), tagInteger, 1, 1, 0x77, byte(2 + len(oid)), 0x80, byte(len(oid))}
	if _, err := conn.Write(append(request, oid...)); err != nil {
		return err
	}
	answer, err := readMessage(conn)
	if err != nil {
		return err
	}
	_, op, content, err := message(answer)
	if err != nil || op != tagExtended {
		return errors.New("the server's answer is not one to StartTLS")
	}
	codeBytes, rest, err := take(content, tagEnumerated)
	if err != nil {
		return err
	}
	code, err := number(codeBytes)
	if err != nil || code == 0 {
		return err
	}
	_, rest, _ = take(rest, tagOctetString)
	diagnostic, _, _ := take(rest, tagOctetString)
	return fmt.Errorf("refused with result %d %q\nhint: the server needs a certificate, or use ldaps://", code, diagnostic)
}

// readMessage reads one short LDAP message and not a byte more.
func readMessage(r io.Reader) ([]byte, error) {
	b := make([]byte, 2, 256)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	if n := b[1]; n > 0x80 && n <= 0x84 {
		b = b[:2+n&0x7f]
		if _, err := io.ReadFull(r, b[2:]); err != nil {
			return nil, err
		}
	}
	_, head, length, err := header(b)
	if err != nil || length > 64<<10 {
		return nil, errors.New("the server's answer is no LDAP message")
	}
	b = append(b[:head], make([]byte, length)...)
	_, err = io.ReadFull(r, b[head:])
	return b, err
}
