package readonly

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	mssql "github.com/microsoft/go-mssqldb"
	"modernc.org/sqlite"

	"github.com/leaver-audit/leaver/scanners"
)

// Passes reports whether what failed with err may succeed at another try: a connection that was lost or refused, a server
// that is starting, stopping or full. What a server has understood and refused stays refused.
func Passes(err error) bool {
	var postgres *pgconn.PgError
	var my *mysql.MySQLError
	var lite *sqlite.Error
	var server mssql.Error
	switch {
	case errors.As(err, &postgres):
		return postgresPasses(postgres)
	case errors.As(err, &my):
		return mysqlPasses(my)
	case errors.As(err, &lite):
		return sqlitePasses(lite)
	case errors.As(err, &server):
		return sqlServerPasses(&server)
	}
	return !refused(err)
}

// refused reports whether this machine refused, or the waiting is over.
func refused(err error) bool {
	var rule *scanners.RefusedError
	var certificate *tls.CertificateVerificationError
	var file *sqlite.Error
	return errors.As(err, &rule) || errors.As(err, &certificate) || errors.As(err, &file) || noTLS(err) ||
		errors.Is(err, errSlow) || errors.Is(err, context.Canceled)
}

func noTLS(err error) bool {
	return errors.Is(err, mysql.ErrNoTLS) || strings.Contains(err.Error(), "server refused TLS connection")
}

// Hint says what to do about err; empty when that is not known.
func Hint(err error) string {
	var postgres *pgconn.PgError
	var my *mysql.MySQLError
	var lite *sqlite.Error
	var server mssql.Error
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &postgres):
		return postgresHint(postgres)
	case errors.As(err, &my):
		return mysqlHint(my)
	case errors.As(err, &lite):
		return sqliteHint(lite)
	case errors.As(err, &server):
		return sqlServerHint(&server)
	case errors.As(err, &authority):
		return "name the file of the issuing authority in tls.ca"
	case errors.As(err, &name):
		return "use the name that the certificate carries in the url, or set tls.server_name"
	case noTLS(err):
		return "let the server speak TLS; tls.plaintext allows a connection that others can read"
	case errors.Is(err, errSlow):
		return "raise timeouts.statement, or let the statement read less"
	}
	return ""
}
