package ldap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/go-ldap/ldap/v3/gssapi"
	krb "github.com/jcmturner/gokrb5/v8/client"

	"github.com/leaver-audit/leaver/scanners"
)

// session is one bound connection. It can search and nothing else: the connection of the library, which could also write,
// is held in a local field of a type that is never stored in an interface, so that the linker drops its writing methods.
type session struct {
	conn   *goldap.Conn
	tap    *tap
	server server
	gaps   []scanners.Gap
	stop   func() bool
}

// open connects and binds to the first server that answers. Faults that may pass are retried.
func (s *source) open(ctx context.Context, servers []server) (*session, error) {
	var c *session
	err := retry(ctx, s.retries, func() (err error) {
		var errs []error
		for _, srv := range servers {
			if c, err = s.openOne(ctx, srv); err == nil {
				return nil
			}
			if errs = append(errs, err); resultCode(err) == goldap.LDAPResultInvalidCredentials {
				return &final{err} // trying again would lock the reading account
			}
		}
		return errors.Join(errs...)
	})
	return c, unwrapFinal(err)
}

func (s *source) openOne(ctx context.Context, srv server) (*session, error) {
	conn, err := s.dial(ctx, srv)
	if err != nil {
		return nil, err
	}
	t := newTap(newWire(conn, s.config.Timeouts.Idle))
	opened := &session{conn: goldap.NewConn(t, srv.tls || s.config.TLS.StartTLS), tap: t, server: srv}
	opened.stop = context.AfterFunc(ctx, t.abort)
	opened.conn.Start()
	if gap, soon := expiry(conn, srv, s.env.Now()); soon {
		s.env.Log.Warn("certificate ends soon", "server", srv.text, "cause", gap.Cause)
		opened.gaps = append(opened.gaps, gap)
	}
	t.expect(true)
	err = s.bind(opened, srv)
	t.expect(false)
	if err != nil {
		err = opened.explain(ctx, err)
		opened.close()
		return nil, fmt.Errorf("bind to %s: %w%s", srv.text, err, bindHint(err))
	}
	return opened, nil
}

// close ends the connection without waiting for the server.
func (c *session) close() {
	c.stop()
	c.tap.expect(false)
	c.tap.abort()
	_ = c.conn.Close()
	_ = c.tap.Close()
}

func (s *source) bind(c *session, srv server) error {
	b := s.config.Bind
	switch b.Method {
	case "anonymous":
		return c.conn.UnauthenticatedBind("")
	case "external":
		return c.conn.ExternalBind()
	case "gssapi":
		return s.bindKerberos(c, srv)
	}
	password, err := s.env.Secret(b.Password)
	if err != nil {
		return fmt.Errorf("bind.password: %w", err)
	}
	if password.Reveal() == "" {
		return fmt.Errorf("bind.password: %q is empty: the server would take that for an anonymous bind", b.Password)
	}
	return c.conn.Bind(b.DN, password.Reveal())
}

func (s *source) bindKerberos(c *session, srv server) error {
	client, err := s.kerberos()
	if err != nil {
		return fmt.Errorf("kerberos: %w", err)
	}
	defer client.Destroy()
	service := s.config.Bind.Service
	if service == "" {
		service = "ldap/" + srv.host
	}
	return c.conn.GSSAPIBind(client, service, "")
}

func (s *source) kerberos() (*gssapi.Client, error) {
	b, conf := s.config.Bind, s.env.Path(s.config.Bind.Krb5Conf)
	// Active Directory does not speak FAST, and asking for it makes the exchange fail.
	noFAST := krb.DisablePAFXFAST(true)
	switch {
	case b.CCache != "":
		return gssapi.NewClientFromCCache(s.env.Path(b.CCache), conf, noFAST)
	case b.Keytab != "":
		return gssapi.NewClientWithKeytab(b.Principal, b.Realm, s.env.Path(b.Keytab), conf, noFAST)
	}
	password, err := s.env.Secret(b.Password)
	if err != nil {
		return nil, fmt.Errorf("bind.password: %w", err)
	}
	return gssapi.NewClientWithPassword(b.Principal, b.Realm, password.Reveal(), conf, noFAST)
}

// query is one search request.
type query struct {
	base       string
	scope      int
	filter     string
	attributes []string
	// limit asks the server to stop after so many entries; 0 is no limit. Only probes set it.
	limit int
	// page asks for pages of that size; 0 does not ask for pages. cookie continues after an earlier page.
	page   int
	cookie []byte
}

// answer is what the server said at the end of a search.
type answer struct {
	// code is the result; references are the places that the server says hold more.
	code       int64
	references []string
	// paged says that the server answered the page control; more that it has a further page, from cookie on.
	paged  bool
	cookie []byte
}

// search sends q and hands every entry to each, on another goroutine, one after the other, before it returns. It returns
// nil only after the server said that the search ended well.
func (c *session) search(ctx context.Context, q query, each func(content []byte) error) (answer, error) {
	request := goldap.NewSearchRequest(q.base, q.scope, goldap.NeverDerefAliases, q.limit, 0, false, q.filter, q.attributes, nil)
	if q.page > 0 {
		request.Controls = append(request.Controls, &goldap.ControlPaging{PagingSize: uint32(q.page), Cookie: q.cookie})
	}
	heard := &listener{entry: each}
	c.tap.listener.Store(heard)
	c.tap.expect(true)
	result, err := c.conn.Search(request)
	c.tap.expect(false)
	c.tap.listener.Store(nil)

	a := answer{code: heard.code, references: heard.references}
	switch {
	case heard.err != nil:
		return a, heard.err
	case err != nil:
		return a, c.explain(ctx, err)
	case ctx.Err() != nil:
		return a, context.Cause(ctx)
	case !heard.done || heard.code != 0:
		return a, errors.New("the search ended without a result")
	case len(result.Entries) > 0:
		return a, errors.New("entries passed the reader by")
	}
	if control, ok := goldap.FindControl(result.Controls, goldap.ControlTypePaging).(*goldap.ControlPaging); ok {
		a.paged, a.cookie = true, control.Cookie
	}
	return a, nil
}

// explain finds the cause of an error of the library, which knows only that the connection is gone.
func (c *session) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if cause := c.tap.cause(); cause != nil && resultCode(err) == goldap.ErrorNetwork {
		return &lost{cause}
	}
	if resultCode(err) == goldap.ErrorNetwork {
		return &lost{err}
	}
	return err
}

// lost is the end of a connection before the answer.
type lost struct{ cause error }

func (l *lost) Error() string { return "connection lost: " + l.cause.Error() }
func (l *lost) Unwrap() error { return l.cause }

// resultCode is the LDAP result code of err; ErrorNetwork for anything that is not a result of the server.
func resultCode(err error) uint16 {
	var result *goldap.Error
	if errors.As(err, &result) && result.ResultCode < goldap.ErrorNetwork {
		return result.ResultCode
	}
	return goldap.ErrorNetwork
}

// passing reports whether a fault may be gone in a moment: the server is busy or going down, or the connection broke.
func passing(err error) bool {
	var broken *lost
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return false
	case errors.As(err, &broken):
		return true
	case errors.As(err, &network):
		return true
	}
	code := resultCode(err)
	return code == goldap.LDAPResultBusy || code == goldap.LDAPResultUnavailable
}

// retries is how long to wait before each further attempt.
type retries []time.Duration

func standardRetries() retries { return retries{200 * time.Millisecond, time.Second, 3 * time.Second} }

// retry runs attempt until it succeeds, fails for good, or the waits are used up. It is not generic: type parameters make the
// linker keep the methods of their types, and one of them would be the library's connection.
func retry(ctx context.Context, waits retries, attempt func() error) error {
	for i := 0; ; i++ {
		err := attempt()
		if err == nil || i == len(waits) || !passing(err) {
			return err
		}
		timer := time.NewTimer(waits[i])
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

func bindHint(err error) string {
	switch resultCode(err) {
	case goldap.LDAPResultInvalidCredentials:
		return "\nhint: check bind.dn and bind.password; the account may also be locked, disabled or expired"
	case goldap.LDAPResultStrongAuthRequired, goldap.LDAPResultConfidentialityRequired:
		return "\nhint: the server wants an encrypted connection: use ldaps:// or tls.starttls"
	case goldap.LDAPResultInappropriateAuthentication:
		return "\nhint: the server does not take this way of binding: see bind.method"
	default:
		return ""
	}
}
