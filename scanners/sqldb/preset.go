package sqldb

import (
	"maps"
	"slices"
	"strings"
)

// preset reads the logins of a database server itself.
type preset struct {
	schemes   []string // of the urls that it is for
	statement string
	columns   AccountColumns
	empty     map[string]string
	values    map[string]map[string]string
	dates     List
}

// privilegedWords are what the statements of the presets call an administrator's right.
func privilegedWords() map[string]string {
	return map[string]string{"superuser": "true", "createrole": "true", "replication": "true", "bypassrls": "true", "member of an administrator": "true",
		"super": "true", "grant": "true", "create user": "true", "sysadmin": "true", "securityadmin": "true", "control server": "true", "no": "false"}
}

func presets() map[string]preset {
	return map[string]preset{
		"postgres-roles":   postgresRoles(),
		"mariadb-users":    mariaDBUsers(),
		"mysql-users":      mySQLUsers(),
		"sqlserver-logins": sqlServerLogins(),
	}
}

// postgresRoles reads pg_roles, which everybody may. The names that begin with pg_ are PostgreSQL's own groups. The time in
// rolvaliduntil ends the password, not the role.
func postgresRoles() preset {
	return preset{
		schemes: []string{"postgres", "postgresql"},
		statement: `SELECT r.oid AS id, r.rolname AS login, r.rolcanlogin AS enabled, r.rolvaliduntil AS expires,
  pg_catalog.shobj_description(r.oid, 'pg_authid') AS display_name,
  CASE WHEN r.rolsuper THEN 'superuser' WHEN r.rolcreaterole THEN 'createrole' WHEN r.rolreplication THEN 'replication'
    WHEN r.rolbypassrls THEN 'bypassrls'
    WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_roles a WHERE (a.rolsuper OR a.rolcreaterole OR a.rolreplication OR a.rolbypassrls
      OR a.rolname IN ('pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files', 'pg_write_all_data'))
      AND pg_catalog.pg_has_role(r.oid, a.oid, 'MEMBER')) THEN 'member of an administrator'
    ELSE 'no' END AS privileged,
  ARRAY(SELECT g.rolname FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid ORDER BY 1) AS groups,
  CASE WHEN r.oid = 10 THEN 'shared' END AS kind
FROM pg_catalog.pg_roles r WHERE r.rolname !~ '^pg_'`,
		columns: AccountColumns{ID: "id", Login: List{"login"}, DisplayName: "display_name", Enabled: "enabled", Expires: "expires",
			Privileged: "privileged", Groups: List{"groups"}, Kind: "kind"},
		empty:  map[string]string{"expires": "never"},
		values: map[string]map[string]string{"privileged": privilegedWords()},
	}
}

// mariaDBUsers reads mysql.global_priv of MariaDB 10.4 and later. Super and the right to pass on or to give rights are told by
// the view mysql.user; roles are no users.
func mariaDBUsers() preset {
	return preset{
		schemes: []string{"mariadb", "mysql"},
		statement: `SELECT CONCAT(g.User, '@', g.Host) AS id, g.User AS login,
  CASE WHEN JSON_VALUE(g.Priv, '$.account_locked') IN ('1', 'true') THEN 'false' ELSE 'true' END AS enabled,
  JSON_VALUE(g.Priv, '$.password_last_changed') AS password_changed,
  CASE WHEN u.Super_priv = 'Y' THEN 'super' WHEN u.Grant_priv = 'Y' THEN 'grant' WHEN u.Create_user_priv = 'Y' THEN 'create user' ELSE 'no' END AS privileged,
  (SELECT GROUP_CONCAT(m.Role ORDER BY m.Role SEPARATOR ';') FROM mysql.roles_mapping m WHERE m.User = g.User AND m.Host = g.Host) AS roles,
  CASE WHEN g.User = 'root' THEN 'shared' WHEN g.User IN ('mariadb.sys', 'mysql', 'mysql.sys', 'debian-sys-maint') THEN 'service' END AS kind
FROM mysql.global_priv g JOIN mysql.user u ON u.User = g.User AND u.Host = g.Host
WHERE COALESCE(JSON_VALUE(g.Priv, '$.is_role'), '0') NOT IN ('1', 'true')`,
		columns: AccountColumns{ID: "id", Login: List{"login"}, Enabled: "enabled", PasswordChanged: "password_changed", Privileged: "privileged",
			Groups: List{"roles"}, Kind: "kind"},
		values: map[string]map[string]string{"privileged": privilegedWords()},
		dates:  List{"unix"},
	}
}

// mySQLUsers reads mysql.user of MySQL 8.
func mySQLUsers() preset {
	return preset{
		schemes: []string{"mysql"},
		statement: `SELECT CONCAT(u.User, '@', u.Host) AS id, u.User AS login, CASE WHEN u.account_locked = 'Y' THEN 'false' ELSE 'true' END AS enabled,
  u.password_last_changed AS password_changed,
  CASE WHEN u.Super_priv = 'Y' THEN 'super' WHEN u.Grant_priv = 'Y' THEN 'grant' WHEN u.Create_user_priv = 'Y' THEN 'create user' ELSE 'no' END AS privileged,
  (SELECT GROUP_CONCAT(e.FROM_USER ORDER BY e.FROM_USER SEPARATOR ';') FROM mysql.role_edges e WHERE e.TO_USER = u.User AND e.TO_HOST = u.Host) AS roles,
  CASE WHEN u.User = 'root' THEN 'shared' WHEN u.User IN ('mysql.sys', 'mysql.session', 'mysql.infoschema', 'debian-sys-maint') THEN 'service' END AS kind
FROM mysql.user u`,
		columns: AccountColumns{ID: "id", Login: List{"login"}, Enabled: "enabled", PasswordChanged: "password_changed", Privileged: "privileged",
			Groups: List{"roles"}, Kind: "kind"},
		values: map[string]map[string]string{"privileged": privilegedWords()},
	}
}

// sqlServerLogins reads sys.server_principals of SQL Server 2017 and later. Certificates and keys cannot sign in, and names
// between ## are the server's own.
func sqlServerLogins() preset {
	return preset{
		schemes: []string{"sqlserver"},
		statement: `SELECT CONVERT(varchar(200), p.sid, 2) AS id, p.name AS login, CASE WHEN p.is_disabled = 1 THEN 'false' ELSE 'true' END AS enabled,
  p.create_date AS created,
  CASE WHEN IS_SRVROLEMEMBER('sysadmin', p.name) = 1 THEN 'sysadmin' WHEN IS_SRVROLEMEMBER('securityadmin', p.name) = 1 THEN 'securityadmin'
    WHEN EXISTS (SELECT 1 FROM sys.server_permissions AS s WHERE s.grantee_principal_id = p.principal_id AND s.permission_name = 'CONTROL SERVER'
      AND s.state IN ('G', 'W')) THEN 'control server' ELSE 'no' END AS privileged,
  (SELECT STRING_AGG(r.name, ';') FROM sys.server_role_members AS m JOIN sys.server_principals AS r ON r.principal_id = m.role_principal_id
    WHERE m.member_principal_id = p.principal_id) AS roles,
  CASE WHEN p.sid = 0x01 OR p.type IN ('G', 'X') THEN 'shared' END AS kind
FROM sys.server_principals AS p WHERE p.type IN ('S', 'U', 'G', 'E', 'X') AND p.name NOT LIKE '##%##'`,
		columns: AccountColumns{ID: "id", Login: List{"login"}, Enabled: "enabled", Created: "created", Privileged: "privileged", Groups: List{"roles"}, Kind: "kind"},
		values:  map[string]map[string]string{"privileged": privilegedWords()},
	}
}

// applyPreset puts the preset in place of statement and columns. What else is set counts before it.
func (c *AccountConfig) applyPreset() error {
	if c.Preset == "" {
		return nil
	}
	p, known := presets()[strings.ToLower(c.Preset)]
	if !known {
		return configError("use one of "+strings.Join(slices.Sorted(maps.Keys(presets())), ", "), "preset %q is not known", c.Preset)
	}
	if c.Statement != "" || len(fieldsOf(c.Columns)) > 0 {
		return configError("use one or the other", "preset %s brings statement and columns of its own", c.Preset)
	}
	if scheme, _, _ := strings.Cut(c.URL, "://"); !slices.Contains(p.schemes, scheme) {
		return configError("it is for "+strings.Join(p.schemes, " and ")+" urls", "preset %s does not fit the url", c.Preset)
	}
	c.Statement, c.Columns = p.statement, p.columns
	if len(c.Dates) == 0 {
		c.Dates = p.dates
	}
	c.Empty = over(p.empty, c.Empty)
	values := map[string]map[string]string{}
	for field, words := range p.values {
		values[field] = words
	}
	for field, words := range c.Values {
		values[field] = over(values[field], words)
	}
	c.Values = values
	return nil
}

// over gives both maps as one, in which mine counts before theirs.
func over(theirs, mine map[string]string) map[string]string {
	all := maps.Clone(theirs)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, mine)
	return all
}
