package sqldb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// Kind is the connector for databases, for accounts and for people.
func Kind() scanners.Kind {
	return scanners.Kind{
		Name:         "sqldb",
		Summary:      "rows of a database: PostgreSQL, MySQL, MariaDB, SQLite, SQL Server",
		Accounts:     scanners.Typed(openAccounts),
		People:       scanners.Typed(openPeople),
		Config:       func() any { return &AccountConfig{} },
		PeopleConfig: func() any { return &PeopleConfig{} },
		Facts: scanners.Facts{
			Enabled: "the mapped column", LastActivity: "the mapped columns", Precision: "as configured; a day for dates", Created: "the mapped column",
			Grants: "the mapped columns", Licences: "the mapped columns", Privileged: "the mapped column", Manager: "the mapped columns",
			Completeness: "count(*) of the same statement in the same transaction", Lookup: "the statement with its id as a bound parameter",
			Rights: "SELECT on what the statement reads",
		},
	}
}

// source reads the rows of one statement as records. It holds no connection: one is opened for each scan and look-up.
type source[R scanners.Record] struct {
	*settings
	env     scanners.Env
	retries api.Retries
	// mapping makes a record of a row that stands at a place. The id is "" when it is not readable.
	mapping func(r *row, place string) (record R, id string, wrong *defect)
	// unique says that an id names one row; another row with it is an error.
	unique bool
	// unkeyedIsPartial says that a rejected row without readable id makes the source partial.
	unkeyedIsPartial bool
	// mustFill says that some columns cannot be empty in every row: see [filled].
	mustFill bool
}

func newSource[R scanners.Record](s *settings, env scanners.Env, it source[R]) *source[R] {
	it.settings, it.env = s, env
	// A statement that takes minutes is not asked as often as a page.
	it.retries = api.Retries{Tries: 4, Patience: 15 * time.Minute, Wait: env.Wait}
	return &it
}

var (
	_ scanners.Lookup[scanners.Account] = (*source[scanners.Account])(nil)
	_ scanners.Lookup[scanners.Person]  = (*source[scanners.Person])(nil)
)

// Scan reads every row. When the connection is lost on the way, everything is read again in a new transaction; what was
// handed on before is then compared and not handed on twice.
func (s *source[R]) Scan(ctx context.Context, emit func(R) error) (scanners.Coverage, error) {
	r := s.reading(emit)
	err := s.env.Allocation.Do(ctx, func() error {
		return s.retries.Do(ctx, func(ctx context.Context) error { return r.read(ctx, nil) })
	})
	return r.coverage(ctx, err)
}

// open connects with the password of now.
func (s *source[R]) open(ctx context.Context) (*readonly.Handle, error) {
	server := s.server
	if s.password != "" {
		secret, err := s.env.Secret(s.password)
		if err != nil {
			return nil, api.Final(fmt.Errorf("password: %w", err))
		}
		server.Password = secret
	}
	h, err := readonly.Open(ctx, server)
	if err != nil {
		return nil, s.failed(ctx, "open", err)
	}
	return h, nil
}

// failed tells what was tried and what to do, and whether it is worth another try.
func (s *source[R]) failed(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return api.Final(context.Cause(ctx))
	}
	told := fmt.Errorf("%s %s: %w", what, s.shown, err)
	if hint := readonly.Hint(err); hint != "" {
		told = fmt.Errorf("%w\nhint: %s", told, hint)
	}
	var config *scanners.ConfigError
	if readonly.Passes(err) && !errors.As(err, &config) {
		return told
	}
	return api.Final(told)
}
