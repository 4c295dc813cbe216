package readonly

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"net"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

func connectMySQL(s Server) (driver.Connector, error) {
	config := mysql.NewConfig()
	config.Net, config.Addr = s.Network, s.Address
	config.DBName, config.User, config.Passwd = s.Database, s.User, s.Password.Reveal()
	config.TLS, config.Timeout, config.Logger = s.TLS, s.Connect, &mysql.NopLogger{}
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx) }
	config.Params = map[string]string{
		"time_zone": "'+00:00'",
		// A server may be set up to end every answer after some rows, and says nothing about it.
		"sql_select_limit": fmt.Sprint(uint64(math.MaxUint64)),
	}
	return mysql.NewConnector(config)
}

// limitMySQL makes every further transaction of the session one that reads, and lets the server end statements that take too
// long, for which MariaDB and MySQL have different words.
func (h *Handle) limitMySQL(ctx context.Context) error {
	version := ""
	if err := h.tx.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
		return err
	}
	limit := fmt.Sprintf("SET SESSION max_execution_time = %d", h.timeout.Milliseconds())
	if strings.Contains(version, "MariaDB") {
		limit = fmt.Sprintf("SET SESSION max_statement_time = %.3f", h.timeout.Seconds())
	}
	return errors.Join(h.say(ctx, "SET SESSION TRANSACTION READ ONLY"), h.say(ctx, limit))
}

// convertMySQL makes values of what the driver gives. Times come as text, so that one that is no date costs its fact alone.
func convertMySQL(typ string, v any) Value {
	b, ok := v.([]byte)
	if !ok {
		return plain(v)
	}
	text := string(b)
	switch typ {
	case "TIMESTAMP":
		return mysqlTime(Instant, time.DateTime, text)
	case "DATETIME":
		return mysqlTime(Wall, time.DateTime, text)
	case "DATE":
		return mysqlTime(Day, time.DateOnly, text)
	case "DECIMAL":
		return Value{Kind: Number, Text: text}
	case "FLOAT", "DOUBLE":
		return Value{Kind: Float, Text: text}
	case "BIT":
		return bits(b)
	case "BINARY", "VARBINARY", "BLOB", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB", "GEOMETRY":
		return plain(b)
	}
	return Value{Kind: Text, Text: text}
}

func mysqlTime(kind Kind, layout, text string) Value {
	t, err := time.Parse(layout, text) // reads fractions of a second too
	if err != nil {
		return Value{Kind: Text, Text: text}
	}
	return Value{Kind: kind, At: t}
}

// bits is the number that a field of bits holds.
func bits(b []byte) Value {
	n := uint64(0)
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return Value{Kind: Number, Text: fmt.Sprint(n)}
}

// mysqlPasses reports whether an error of the server may be gone at the next try.
func mysqlPasses(err *mysql.MySQLError) bool {
	switch err.Number {
	case 1040, 1053, 1203, 1205, 1213, 1226, 1927: // too many connections, shutdown, waits and deadlocks, connection killed
		return true
	}
	return false
}

// mysqlHint says what to do about an error of the server.
func mysqlHint(err *mysql.MySQLError) string {
	switch err.Number {
	case 1045, 1698, 1524:
		return "the server does not accept user and password from this machine: look at user and password"
	case 1044, 1142, 1143:
		return "grant SELECT on what the statement reads"
	case 1049:
		return "the database is the part of the url behind the host"
	case 1969, 3024:
		return "raise timeouts.statement, or let the statement read less"
	}
	return ""
}
