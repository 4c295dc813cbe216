package readonly

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	mssql "github.com/microsoft/go-mssqldb"

	"github.com/leaver-audit/leaver/scanners"
)

// TestErrors says which errors may pass by themselves, and what the hint for each is about.
func TestErrors(t *testing.T) {
	for name, test := range map[string]struct {
		err    error
		passes bool
		hint   string
	}{
		"lost connection":             {io.ErrUnexpectedEOF, true, ""},
		"MySQL lost its connection":   {mysql.ErrInvalidConn, true, ""},
		"refused connection":          {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, true, ""},
		"PostgreSQL is full":          {&pgconn.PgError{Code: "53300"}, true, ""},
		"PostgreSQL starts":           {&pgconn.PgError{Code: "57P03"}, true, ""},
		"PostgreSQL stops":            {&pgconn.PgError{Code: "57P01"}, true, ""},
		"PostgreSQL, replica":         {&pgconn.PgError{Code: "40001"}, true, ""},
		"PostgreSQL, protocol":        {&pgconn.PgError{Code: "08006"}, true, ""},
		"PostgreSQL, password":        {&pgconn.PgError{Code: "28P01"}, false, "password"},
		"PostgreSQL, pg_hba":          {&pgconn.PgError{Code: "28000"}, false, "pg_hba"},
		"PostgreSQL, no right":        {&pgconn.PgError{Code: "42501", Message: "permission denied for table users"}, false, "grant SELECT"},
		"PostgreSQL, policy":          {&pgconn.PgError{Code: "42501", Message: "query would be affected by row-level security policy"}, false, "BYPASSRLS"},
		"PostgreSQL, no database":     {&pgconn.PgError{Code: "3D000"}, false, "url"},
		"PostgreSQL, syntax":          {&pgconn.PgError{Code: "42601"}, false, ""},
		"PostgreSQL, writes":          {&pgconn.PgError{Code: "25006"}, false, ""},
		"PostgreSQL, too slow":        {&pgconn.PgError{Code: "57014"}, false, "timeouts.statement"},
		"MariaDB is full":             {&mysql.MySQLError{Number: 1040}, true, ""},
		"MariaDB, killed":             {&mysql.MySQLError{Number: 1927}, true, ""},
		"MariaDB, password":           {&mysql.MySQLError{Number: 1045}, false, "password"},
		"MariaDB, no right":           {&mysql.MySQLError{Number: 1142}, false, "grant SELECT"},
		"MariaDB, no database":        {&mysql.MySQLError{Number: 1049}, false, "url"},
		"MariaDB, too slow":           {&mysql.MySQLError{Number: 1969}, false, "timeouts.statement"},
		"MySQL, too slow":             {&mysql.MySQLError{Number: 3024}, false, "timeouts.statement"},
		"MySQL without TLS":           {mysql.ErrNoTLS, false, "tls.plaintext"},
		"SQL Server, deadlock":        {mssql.Error{Number: 1205}, true, ""},
		"SQL Server, password":        {mssql.Error{Number: 18456}, false, "password"},
		"SQL Server, no right":        {mssql.Error{Number: 229}, false, "grant SELECT"},
		"SQL Server, no database":     {mssql.Error{Number: 4060}, false, "url"},
		"SQL Server, with":            {mssql.Error{Number: 156}, false, "view"},
		"too slow":                    {errSlow, false, "timeouts.statement"},
		"cancelled":                   {context.Canceled, false, ""},
		"refused address":             {&scanners.RefusedError{}, false, ""},
		"certificate of nobody known": {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, false, "tls.ca"},
		"certificate of another":      {&tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{}}}, false, "server_name"},
	} {
		t.Run(name, func(t *testing.T) {
			err := fmt.Errorf("read: %w", test.err)
			if Passes(err) != test.passes {
				t.Errorf("passes: %v", !test.passes)
			}
			if hint := Hint(err); (hint == "") != (test.hint == "") || !strings.Contains(hint, test.hint) {
				t.Errorf("hint %q, want one about %q", hint, test.hint)
			}
		})
	}
}

// TestOtherAddress: a server of Microsoft's may refer to another one, which the configuration does not name.
func TestOtherAddress(t *testing.T) {
	dialled := ""
	one := oneHost{Server{Network: "tcp", Address: "db.example:1433", Host: "db.example", Dial: func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = address
		return nil, io.EOF
	}}}
	var refused *scanners.RefusedError
	if _, err := one.DialContext(t.Context(), "tcp", "169.254.169.254:80"); !errors.As(err, &refused) || dialled != "" {
		t.Errorf("%v, dialled %q", err, dialled)
	}
	if _, err := one.DialContext(t.Context(), "tcp", "db.example:1433"); !errors.Is(err, io.EOF) || dialled != "db.example:1433" || one.HostName() != "db.example" {
		t.Errorf("%v, dialled %q", err, dialled)
	}
}
