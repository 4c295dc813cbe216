package sqldb

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/columns"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// settings is a checked configuration.
type settings struct {
	server    readonly.Server
	password  string // its reference
	shown     string // the database in words
	statement string
	separator string
	zone      *time.Location
	dates     columns.Forms
	empty     map[string]bool // fields whose NULL means never
	values    columns.Words
	allowNone bool
	// columns are the names of the columns of each mapped field.
	columns map[string]List
}

// configError makes a *scanners.ConfigError with a hint.
func configError(hint, format string, args ...any) error {
	return &scanners.ConfigError{Err: fmt.Errorf("%s\nhint: %s", fmt.Sprintf(format, args...), hint)}
}

// check turns the shared configuration into settings. Fields are the names that may appear under values and empty.
func (c *Reading) check(env scanners.Env, timeFields, wordFields []string) (*settings, error) {
	s := &settings{separator: c.ListSeparator, zone: env.Zone, allowNone: c.AllowEmpty}
	if s.separator == "" {
		s.separator = ";"
	}
	for _, step := range []func() error{
		func() error { return s.checkServer(&c.Connection, env) },
		func() (err error) { s.statement, err = cleanStatement(c.Statement, s.server.System); return err },
		func() error { return s.checkZone(c.Zone) },
		func() (err error) { s.dates, err = columns.Compile(c.Dates); return err },
		func() (err error) { s.empty, err = columns.CheckEmpty(c.Empty, timeFields, "NULL"); return err },
		func() (err error) {
			s.values, err = columns.CheckWords(c.Values, timeFields, wordFields, fold)
			return err
		},
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *settings) checkZone(name string) error {
	if s.zone == nil {
		s.zone = time.UTC
	}
	if name == "" {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return configError("use a name such as Europe/Berlin", "zone %q is not known", name)
	}
	s.zone = zone
	return nil
}

// checkServer reads the address of the database and how it is secured.
func (s *settings) checkServer(c *Connection, env scanners.Env) error {
	if c.URL == "" {
		return configError("add `url: postgres://db.example.com/app`", "no url")
	}
	if path, ok := strings.CutPrefix(c.URL, "sqlite:"); ok {
		return s.checkFile(c, path, env)
	}
	if err := s.checkAddress(c.URL); err != nil {
		return err
	}
	if c.User == "" {
		return configError("add `user: leaver`, a user that may only read", "no user")
	}
	s.server.User, s.password = c.User, c.Password
	s.server.Dial, s.server.Connect, s.server.Statement = env.Dial, c.Timeouts.Connect, c.Timeouts.Statement
	if err := s.checkTimeouts(); err != nil {
		return err
	}
	return s.checkTLS(&c.TLS, env)
}

func (s *settings) checkTimeouts() error {
	if s.server.Connect < 0 || s.server.Statement < 0 {
		return configError("write it like 30s or 10m", "timeouts cannot be negative")
	}
	if s.server.Connect == 0 {
		s.server.Connect = 15 * time.Second
	}
	if s.server.Statement == 0 {
		s.server.Statement = 10 * time.Minute
	}
	return nil
}

func (s *settings) checkFile(c *Connection, path string, env scanners.Env) error {
	path = strings.TrimPrefix(path, "//")
	if path == "" || strings.HasPrefix(path, ":memory:") || strings.Contains(path, "?") {
		return configError("write sqlite:path/of/the/file.db, and nothing behind it", "url: %q names no file", c.URL)
	}
	if c.User != "" || c.Password != "" || c.TLS != (TLS{}) {
		return configError("leave them out", "user, password and tls are for servers, and %q is a file", c.URL)
	}
	s.server = readonly.Server{System: readonly.SQLite, Path: env.Path(path), Connect: c.Timeouts.Connect, Statement: c.Timeouts.Statement}
	s.shown = "sqlite file " + filepath.Base(path)
	return s.checkTimeouts()
}

// checkAddress reads the url of a server. A socket stands in it percent-encoded, which net/url does not read.
func (s *settings) checkAddress(text string) error {
	const hint = "write postgres://host/database, mysql://host/database, sqlserver://host/database or sqlite:path"
	scheme, rest, _ := strings.Cut(text, "://")
	host, database, _ := strings.Cut(rest, "/")
	system, ok := map[string]readonly.System{"postgres": readonly.PostgreSQL, "postgresql": readonly.PostgreSQL, "mysql": readonly.MySQL,
		"mariadb": readonly.MySQL, "sqlserver": readonly.SQLServer}[scheme]
	switch {
	case !ok:
		return configError(hint, "url: it is no address of a database")
	case strings.Contains(host, "@"):
		return configError("user and password are keys of their own; the password is a reference", "url: it carries a user")
	case database == "" || strings.ContainsAny(database, "/?#"):
		return configError("write the name of the database, and nothing else, behind the host", "url: %q is no database", database)
	}
	database, err := url.PathUnescape(database)
	if err != nil {
		return configError(hint, "url: %v", err)
	}
	s.server = readonly.Server{System: system, Database: database}
	s.shown = fmt.Sprintf("%s database %s at %s", system, database, host)
	return s.checkHost(host)
}

func (s *settings) checkHost(text string) error {
	u, err := url.Parse("tcp://" + strings.NewReplacer("%2F", "%252F", "%2f", "%252F").Replace(text))
	if err != nil || u.Hostname() == "" || u.User != nil {
		return configError("write a host name or address, with :port where it is not the usual one", "url: %q is no host", text)
	}
	port := u.Port()
	if port == "" {
		port = map[readonly.System]string{readonly.PostgreSQL: "5432", readonly.MySQL: "3306", readonly.SQLServer: "1433"}[s.server.System]
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return configError("write it like :5432", "url: %q is no port", port)
	}
	s.server.Host = strings.ReplaceAll(u.Hostname(), "%2F", "/")
	if strings.HasPrefix(s.server.Host, "/") {
		return s.checkSocket(port)
	}
	s.server.Network, s.server.Address = "tcp", net.JoinHostPort(s.server.Host, port)
	return nil
}

// checkSocket is for servers that are reached by a socket of this machine.
func (s *settings) checkSocket(port string) error {
	s.server.Network, s.server.Address = "unix", s.server.Host
	switch s.server.System {
	case readonly.PostgreSQL:
		s.server.Address = filepath.Join(s.server.Host, ".s.PGSQL."+port)
	case readonly.SQLServer:
		return configError("use the name of its host", "url: SQL Server has no socket")
	}
	return nil
}

// local reports whether nothing leaves this machine on the way to the server.
func (s *settings) local() bool {
	ip := net.ParseIP(s.server.Host)
	return s.server.Network == "unix" || s.server.Host == "localhost" || ip != nil && ip.IsLoopback()
}

// checkTLS prepares the encryption: always, unless the server is on this machine and nothing is said of tls, or plaintext
// allows to do without.
func (s *settings) checkTLS(t *TLS, env scanners.Env) error {
	if t.Plaintext && *t != (TLS{Plaintext: true}) {
		return configError("drop plaintext, or the rest", "tls: plaintext and certificates exclude each other")
	}
	if t.Plaintext || *t == (TLS{}) && s.local() {
		return nil
	}
	if s.server.Network == "unix" {
		return configError("leave it out", "tls: a socket needs none")
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.server.Host, Time: env.Now}
	if t.ServerName != "" {
		config.ServerName = t.ServerName
	}
	if t.CA != "" {
		pem, err := os.ReadFile(env.Path(t.CA))
		if err != nil {
			return &scanners.ConfigError{Err: fmt.Errorf("tls.ca: %w", err)}
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return configError("convert it with openssl x509 -inform der", "tls.ca: %q holds no certificate in PEM form", t.CA)
		}
	}
	if t.Cert != "" || t.Key != "" {
		pair, err := tls.LoadX509KeyPair(env.Path(t.Cert), env.Path(t.Key))
		if err != nil {
			return &scanners.ConfigError{Err: fmt.Errorf("tls.cert: %w", err)}
		}
		config.Certificates = []tls.Certificate{pair}
	}
	s.server.TLS = config
	return nil
}
