package readonly

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
)

// nothingElse answers every question of pgx for which it would look into the environment or the home directory.
const nothingElse = "host=localhost port=5432 dbname=none user=none password=none passfile=/dev/null connect_timeout=0 sslmode=disable " +
	"sslcertmode=disable sslnegotiation=postgres sslsni=1 sslrootcert='' sslcert='' sslkey='' target_session_attrs=any min_protocol_version=3.0 " +
	"max_protocol_version=3.0 channel_binding=prefer require_auth='' application_name=leaver"

// bareConfig is a configuration that the environment has no part in. Only pgx can make one, and it reads the environment while
// it does: what it found is overwritten below, and by the caller.
func bareConfig() (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(nothingElse)
	if err != nil {
		// A service that the environment names, and that is not there or broken, fails before anything is compared.
		if config, err = withOwnService(); err != nil {
			return nil, err
		}
	}
	config.RuntimeParams = map[string]string{}
	config.Fallbacks, config.TLSConfig, config.ValidateConnect = nil, nil, nil
	config.KerberosSpn, config.KerberosSrvName, config.RequireAuth = "", "", ""
	return config, nil
}

// withOwnService lets an empty service stand before the one of the environment.
func withOwnService() (*pgx.ConnConfig, error) {
	f, err := os.CreateTemp("", "leaver-service-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString("[none]\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return pgx.ParseConfig(nothingElse + " service=none servicefile='" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(f.Name()) + "'")
}

func connectPostgres(s Server) (driver.Connector, error) {
	config, err := bareConfig()
	if err != nil {
		return nil, err
	}
	config.Host, config.Port = s.Host, 0
	config.Database, config.User, config.Password = s.Database, s.User, s.Password.Reveal()
	config.TLSConfig, config.ConnectTimeout = s.TLS, s.Connect
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx) }
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil } // the dialer resolves
	config.RuntimeParams = map[string]string{
		"application_name":              "leaver",
		"default_transaction_read_only": "on",
		"row_security":                  "off", // rows that a policy hides are an error then, not a short list
		"statement_timeout":             milliseconds(s.Statement),
		"TimeZone":                      "UTC",
		"DateStyle":                     "ISO, YMD",
		"client_encoding":               "UTF8",
	}
	// Without names for prepared statements a connection pool in between can do its work, and one request holds one statement.
	config.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	config.StatementCacheCapacity, config.DescriptionCacheCapacity = 0, 0
	return stdlib.GetConnector(*config), nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// convertPostgres makes values of what pgx gives.
func convertPostgres(typ string, v any) Value {
	switch v := v.(type) {
	case time.Time:
		switch typ {
		case "TIMESTAMPTZ":
			return Value{Kind: Instant, At: v.UTC()}
		case "DATE":
			return Value{Kind: Day, At: v.UTC()}
		}
		return Value{Kind: Wall, At: v.UTC()}
	case string:
		if strings.HasPrefix(typ, "_") {
			return postgresArray(v)
		}
		if typ == "NUMERIC" {
			return Value{Kind: Number, Text: v}
		}
	case []byte:
		if typ != "BYTEA" { // JSON comes as bytes too
			return Value{Kind: Text, Text: string(v)}
		}
	}
	return plain(v)
}

// postgresArray reads the text of an array, such as {a,"b c",NULL}. Its empty elements are left out.
func postgresArray(text string) Value {
	var list []*string
	if err := pgtype.NewMap().SQLScanner(&list).Scan(text); err != nil {
		return Value{Kind: Text, Text: text}
	}
	value := Value{Kind: List}
	for _, element := range list {
		if element != nil {
			value.List = append(value.List, *element)
		}
	}
	return value
}

// postgresPasses reports whether an error of the server may be gone at the next try.
func postgresPasses(err *pgconn.PgError) bool {
	switch err.Code {
	case "53300", "57P01", "57P02", "57P03", "40001", "40P01": // too many clients, shutdown, crash, starting up, conflicts
		return true
	}
	return strings.HasPrefix(err.Code, "08")
}

// postgresHint says what to do about an error of the server.
func postgresHint(err *pgconn.PgError) string {
	switch {
	case err.Code == "28P01", err.Code == "28000":
		return "the server does not accept user and password (or its pg_hba.conf this machine): look at user and password"
	case err.Code == "3D000":
		return "the database is the part of the url behind the host"
	case err.Code == "42501" && strings.Contains(err.Message, "row-level security"):
		return "a policy would hide rows: let the reading role see all of them (BYPASSRLS, or a view whose owner does)"
	case err.Code == "42501":
		return "grant SELECT on what the statement reads"
	case err.Code == "57014":
		return "raise timeouts.statement, or let the statement read less"
	case err.Code == "08P01" && strings.Contains(err.Message, "startup parameter"):
		return "a pool stands before the server: connect to the server itself, or let the pool ignore " + fmt.Sprintf("%q", err.Message)
	}
	return ""
}
