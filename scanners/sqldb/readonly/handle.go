// Package readonly opens databases for reading. It is the only code of the connector that holds a connection, and all that it
// hands out is a [Handle], which can ask and be closed.
//
// What keeps a handle from writing, from the inside out:
//
//   - the type: a Handle has no method that executes, prepares or commits, and gives nobody what has one. Its transaction is
//     only ever rolled back;
//   - the transaction: BEGIN READ ONLY on PostgreSQL, with default_transaction_read_only for the session, and START TRANSACTION
//     READ ONLY on MySQL and MariaDB, with SESSION TRANSACTION READ ONLY because a statement such as DROP TABLE ends the
//     transaction before it runs; SQLite's file is opened with mode=ro and query_only. There the server, or the library,
//     refuses whatever would change something, in a function that a SELECT calls too;
//   - SQL Server knows no such transaction. There the rights of the login are what counts; see package sqldb.
//
// A handle reaches the one address that the configuration names, through the dialer of the run. Nothing is taken from the
// environment: no PG* variable, password file or service file.
package readonly

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

// System is a database product.
type System string

// The systems. MySQL is MariaDB too.
const (
	PostgreSQL System = "postgres"
	MySQL      System = "mysql"
	SQLite     System = "sqlite"
	SQLServer  System = "sqlserver"
)

// Server is where a database is and how it is reached.
type Server struct {
	System System
	// Network and Address are where it listens: "tcp" and host:port, or "unix" and the path of a socket. Host is the name in it.
	Network, Address, Host string
	// Path is the file, for SQLite, which needs none of the rest.
	Path string
	// Database, User and Password are for the server.
	Database, User string
	Password       scanners.Secret
	// TLS secures the connection; nil leaves it open to be read.
	TLS *tls.Config
	// Dial opens connections.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Connect bounds how long opening may take, Statement how long a statement may.
	Connect, Statement time.Duration
}

// dial reaches the server, and nothing else whatever a driver asks for.
func (s Server) dial(ctx context.Context) (net.Conn, error) { return s.Dial(ctx, s.Network, s.Address) }

// Handle is one transaction that reads. It is used by one goroutine.
type Handle struct {
	db      *sql.DB
	tx      *sql.Tx
	convert func(typ string, v any) Value
	timeout time.Duration
}

// Open connects, signs in and begins the transaction, in which every statement sees the same state of the data (with SQL
// Server, the state at the time of each statement).
func Open(ctx context.Context, s Server) (*Handle, error) {
	connector, err := connect(s)
	if err != nil {
		return nil, err
	}
	h := &Handle{db: sql.OpenDB(connector), timeout: s.Statement, convert: converters()[s.System]}
	h.db.SetMaxOpenConns(1)
	if err := h.begin(ctx, s); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

func connect(s Server) (driver.Connector, error) {
	switch s.System {
	case PostgreSQL:
		return connectPostgres(s)
	case MySQL:
		return connectMySQL(s)
	case SQLite:
		return connectSQLite(s)
	case SQLServer:
		return connectSQLServer(s), nil
	default:
		return nil, fmt.Errorf("%q is no database that can be read", s.System)
	}
}

// begin signs in within the time for it. The transaction itself lives as long as ctx.
func (h *Handle) begin(ctx context.Context, s Server) error {
	slow, cancel := context.WithTimeout(ctx, s.Connect)
	defer cancel()
	if err := h.db.PingContext(slow); err != nil {
		return err
	}
	options := sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
	switch s.System {
	case SQLite:
		options.Isolation = sql.LevelDefault // a transaction of SQLite sees one state anyway
	case SQLServer:
		options = sql.TxOptions{}
	}
	var err error
	if h.tx, err = h.db.BeginTx(ctx, &options); err != nil {
		return err
	}
	switch s.System {
	case PostgreSQL:
		// From its first question on, nothing makes a transaction that reads one that writes.
		return h.say(ctx, "SELECT 1")
	case MySQL:
		return h.limitMySQL(ctx)
	}
	return nil
}

// say sends a statement of this package whose answer does not matter.
func (h *Handle) say(ctx context.Context, statement string) error {
	rows, err := h.tx.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	return errors.Join(rows.Close(), rows.Err())
}

// Query asks. The bound texts are the values of the statement's parameters. Rows have to be closed before the next question.
func (h *Handle) Query(ctx context.Context, statement string, bound ...string) (*Rows, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, h.timeout, errSlow)
	args := make([]any, len(bound))
	for i, text := range bound {
		args[i] = text
	}
	rows, err := h.tx.QueryContext(ctx, statement, args...)
	if err != nil {
		err = because(ctx, err)
		cancel()
		return nil, err
	}
	r := &Rows{rows: rows, ctx: ctx, cancel: cancel, convert: h.convert}
	if err := r.describe(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// errSlow ends a statement whose time is over.
var errSlow = errors.New("the statement took longer than timeouts.statement")

// because is err, or what ended the context that led to it.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && err != nil {
		return fmt.Errorf("%w (%w)", cause, err)
	}
	return err
}

// Close rolls the transaction back and closes the connection.
func (h *Handle) Close() error {
	var err error
	if h.tx != nil {
		if err = h.tx.Rollback(); errors.Is(err, sql.ErrTxDone) || errors.Is(err, driver.ErrBadConn) {
			err = nil // there is nothing left to roll back
		}
	}
	return errors.Join(err, h.db.Close())
}

// Rows are the rows of an answer as they arrive: memory does not grow with their number.
type Rows struct {
	rows    *sql.Rows
	ctx     context.Context
	cancel  context.CancelFunc
	convert func(typ string, v any) Value
	names   []string
	types   []string
	raw     []any
	into    []any
	values  []Value
	err     error
}

func (r *Rows) describe() error {
	columns, err := r.rows.ColumnTypes()
	if err != nil {
		return err
	}
	for _, c := range columns {
		r.names, r.types = append(r.names, c.Name()), append(r.types, c.DatabaseTypeName())
	}
	r.raw, r.into, r.values = make([]any, len(columns)), make([]any, len(columns)), make([]Value, len(columns))
	for i := range r.raw {
		r.into[i] = &r.raw[i]
	}
	return nil
}

// Columns are the names of the columns, and Types what the database calls their types.
func (r *Rows) Columns() []string { return r.names }

// Types are the database's names of the columns' types, as far as its driver tells them.
func (r *Rows) Types() []string { return r.types }

// Next moves on to the next row. It is false at the end, and when reading broke off: [Rows.Err] tells.
func (r *Rows) Next() bool {
	if r.err != nil || !r.rows.Next() {
		return false
	}
	if r.err = r.rows.Scan(r.into...); r.err != nil {
		return false
	}
	for i, v := range r.raw {
		r.values[i] = r.convert(r.types[i], v)
	}
	return true
}

// Values are the values of the row, until the next one.
func (r *Rows) Values() []Value { return r.values }

// Err is why reading broke off; nil at the end of all rows.
func (r *Rows) Err() error {
	return because(r.ctx, errors.Join(r.err, r.rows.Err()))
}

// Close ends the answer.
func (r *Rows) Close() error {
	defer r.cancel()
	return r.rows.Close()
}
