package sqldb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/internal/api"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// postgresRights asks what the role could change, in words.
const postgresRights = `SELECT pg_catalog.concat_ws('; ',
  CASE WHEN r.rolsuper THEN 'it is a superuser' END,
  CASE WHEN r.rolcreaterole THEN 'it may make roles' END,
  CASE WHEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') THEN 'it may make schemas' END,
  (SELECT 'it may make tables in schema ' || min(n.nspname) FROM pg_catalog.pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND pg_catalog.has_schema_privilege(n.oid, 'CREATE')),
  (SELECT 'it may write to ' || count(*) || ' tables, such as ' || min(n.nspname || '.' || c.relname)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') HAVING count(*) > 0))
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`

// sqlServerRights asks for every right of the login in the server and the database.
const sqlServerRights = `SELECT permission_name FROM sys.fn_my_permissions(NULL, 'SERVER')
UNION SELECT permission_name FROM sys.fn_my_permissions(NULL, 'DATABASE')
UNION SELECT p.permission_name FROM sys.database_permissions AS p WHERE p.state IN ('G', 'W') AND p.major_id > 0
  AND (p.grantee_principal_id = DATABASE_PRINCIPAL_ID() OR IS_MEMBER(USER_NAME(p.grantee_principal_id)) = 1)`

// look compares the clocks and asks what the user could change. It may be more than a scan needs, which is worth a warning: the
// transaction refuses it. SQL Server has no transaction that does, so there it ends the scan.
func (r *reading[R]) look(ctx context.Context, h *readonly.Handle) error {
	if err := r.clock(ctx, h); err != nil {
		return err
	}
	wide, err := tooWide(ctx, h, r.server.System)
	if err != nil {
		return r.failed(ctx, "ask for the rights in", err)
	}
	if wide == "" {
		return nil
	}
	if r.server.System == readonly.SQLServer {
		return api.Final(fmt.Errorf("open %s: rights too wide: %s\nhint: SQL Server has no transaction that only reads, so the login itself may have no right but SELECT", r.shown, wide))
	}
	r.env.Log.Warn("rights too wide", "database", r.shown, "user", r.server.User, "rights", wide)
	r.hold = append(r.hold, scanners.Gap{What: "rights too wide", Cause: fmt.Sprintf("user %q: %s", r.server.User, wide),
		Effect: "none on this scan, whose transaction only reads", Hint: "let a user sign in that has SELECT on what the statement reads, and nothing else"})
	return nil
}

// tooWide says what the user could change; empty when nothing.
func tooWide(ctx context.Context, h *readonly.Handle, system readonly.System) (string, error) {
	switch system {
	case readonly.PostgreSQL:
		v, err := one(ctx, h, postgresRights)
		return v.Text, err
	case readonly.MySQL:
		grants, err := column(ctx, h, "SHOW GRANTS")
		return beyondReading(grantedMySQL(grants)), err
	case readonly.SQLServer:
		rights, err := column(ctx, h, sqlServerRights)
		return beyondReading(rights), err
	}
	return "", nil // a file that was opened for reading has no rights of its own
}

// column are the texts of the first column of an answer.
func column(ctx context.Context, h *readonly.Handle, statement string) ([]string, error) {
	rows, err := h.Query(ctx, statement)
	if err != nil {
		return nil, err
	}
	var all []string
	for rows.Next() {
		all = append(all, rows.Values()[0].Text)
	}
	return all, errors.Join(rows.Err(), rows.Close())
}

// grantedMySQL are the rights that the lines of SHOW GRANTS name, such as "GRANT SELECT (id), INSERT ON `app`.* TO …". A line
// without ON grants a role, whose rights are lines of their own while it is active.
func grantedMySQL(lines []string) []string {
	var rights []string
	for _, line := range lines {
		list, _, ok := strings.Cut(strings.TrimPrefix(line, "GRANT "), " ON ")
		if !ok {
			continue
		}
		depth := 0
		list = strings.Map(func(c rune) rune { // column lists aside
			switch {
			case c == '(':
				depth++
			case c == ')':
				depth--
				return -1
			}
			if depth > 0 {
				return -1
			}
			return c
		}, list)
		for right := range strings.SplitSeq(list, ",") {
			rights = append(rights, strings.TrimSpace(right))
		}
		if strings.Contains(line, "WITH GRANT OPTION") {
			rights = append(rights, "GRANT OPTION")
		}
	}
	return rights
}

// beyondReading lists the rights that are more than reading.
func beyondReading(rights []string) string {
	var wide []string
	for _, right := range rights {
		right = strings.ToUpper(right)
		reads := slices.Contains([]string{"", "USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES", "PROCESS", "SLAVE MONITOR", "REPLICATION CLIENT", "BINLOG MONITOR",
			"CONNECT", "CONNECT SQL", "CONNECT ANY DATABASE", "SELECT ALL USER SECURABLES"}, right)
		if !reads && !strings.HasPrefix(right, "VIEW ") && !slices.Contains(wide, right) {
			wide = append(wide, right)
		}
	}
	slices.Sort(wide)
	if len(wide) == 0 {
		return ""
	}
	return "it holds " + named(wide)
}
