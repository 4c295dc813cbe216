package sqldb

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// shortAccount is what a preset reads of a login, as one line.
func shortAccount(a scanners.Account) string {
	var groups []string
	for _, g := range a.Grants {
		groups = append(groups, g.Name)
	}
	date := func(t time.Time) string { return t.Format(time.DateOnly) }
	return fmt.Sprintf("%s enabled %s, privileged %s (%s), expires %s, groups %v, kind %q, %q", a.Login(), fact(a.Enabled, func(b bool) string { return fmt.Sprint(b) }),
		fact(a.Privileged, func(b bool) string { return fmt.Sprint(b) }), a.PrivilegedWhy, fact(a.Expires, date), groups, a.Kind, a.DisplayName)
}

// logins scans with a preset and gives the lines of those whose name has the prefix.
func logins(t *testing.T, d *database, preset, prefix, more string) map[string]scanners.Account {
	t.Helper()
	got := scan(t, accountsOf(t, d, outside(t).Env, "preset: "+preset+more))
	if got.err != nil || got.coverage.Verdict != scanners.Proved {
		t.Fatalf("%v (%s), %v", got.coverage.Verdict, got.coverage.Why, got.err)
	}
	found := map[string]scanners.Account{}
	for _, a := range got.records {
		if strings.HasPrefix(a.Login(), prefix) {
			found[a.Login()] = a
		}
	}
	return found
}

func lines(all map[string]scanners.Account) map[string]string {
	texts := map[string]string{}
	for name, a := range all {
		texts[name] = shortAccount(a)
	}
	return texts
}

func TestPostgresRoles(t *testing.T) {
	d := use(t, readonly.PostgreSQL)
	roles := []string{"p_plain", "p_super", "p_expires", "p_forever", "p_maker", "p_member", "p_indirect", "p_files", "p_gone", "p_team", "p_lead"}
	d.run(t, "CREATE ROLE p_team", "CREATE ROLE p_plain LOGIN IN ROLE p_team", "CREATE ROLE p_super LOGIN SUPERUSER", "CREATE ROLE p_expires LOGIN VALID UNTIL '2026-01-31 12:00+00'",
		"CREATE ROLE p_forever LOGIN VALID UNTIL 'infinity'", "CREATE ROLE p_maker LOGIN CREATEROLE", "CREATE ROLE p_lead IN ROLE p_maker, p_team", "CREATE ROLE p_indirect LOGIN IN ROLE p_lead",
		"CREATE ROLE p_files LOGIN IN ROLE pg_execute_server_program", "CREATE ROLE p_member LOGIN IN ROLE p_super", "CREATE ROLE p_gone NOLOGIN", "COMMENT ON ROLE p_plain IS 'Ada Quill'")
	t.Cleanup(func() {
		for _, role := range roles {
			d.run(t, "DROP ROLE "+role)
		}
	})
	want := map[string]string{
		"p_plain":    `p_plain enabled true, privileged false (), expires never, groups [p_team], kind "", "Ada Quill"`,
		"p_super":    `p_super enabled true, privileged true (privileged superuser), expires never, groups [], kind "", ""`,
		"p_expires":  `p_expires enabled true, privileged false (), expires 2026-01-31, groups [], kind "", ""`,
		"p_forever":  `p_forever enabled true, privileged false (), expires never, groups [], kind "", ""`,
		"p_maker":    `p_maker enabled true, privileged true (privileged createrole), expires never, groups [], kind "", ""`,
		"p_member":   `p_member enabled true, privileged true (privileged member of an administrator), expires never, groups [p_super], kind "", ""`,
		"p_indirect": `p_indirect enabled true, privileged true (privileged member of an administrator), expires never, groups [p_lead], kind "", ""`,
		"p_files":    `p_files enabled true, privileged true (privileged member of an administrator), expires never, groups [pg_execute_server_program], kind "", ""`,
		"p_lead":     `p_lead enabled false, privileged true (privileged member of an administrator), expires never, groups [p_maker p_team], kind "", ""`,
		"p_gone":     `p_gone enabled false, privileged false (), expires never, groups [], kind "", ""`,
		"p_team":     `p_team enabled false, privileged false (), expires never, groups [], kind "", ""`,
	}
	found := logins(t, d, "postgres-roles", "p_", "")
	if diff := cmp.Diff(want, lines(found)); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	id := found["p_plain"].ID
	d.run(t, "ALTER ROLE p_plain RENAME TO p_other", "ALTER ROLE p_other NOLOGIN")
	defer d.run(t, "ALTER ROLE p_other RENAME TO p_plain")
	s := accountsOf(t, d, outside(t).Env, "preset: postgres-roles")
	if a, there, err := s.Lookup(t.Context(), id); err != nil || !scanners.Is(there, true) || a.Login() != "p_other" || !scanners.Is(a.Enabled, false) || len(a.Signals) > 0 {
		t.Errorf("after a new name: %+v, %+v, %v", a, there, err)
	}
	all := logins(t, d, "postgres-roles", "", "")
	if a := all["postgres"]; a.Kind != scanners.KindShared || !scanners.Is(a.Privileged, true) || all["leaver"].ID == "" || all["pg_monitor"].ID != "" {
		t.Errorf("the administrator of the cluster: %+v", a)
	}
}

func TestMariaDBUsers(t *testing.T) {
	d := use(t, readonly.MySQL)
	d.run(t, "GRANT SELECT ON mysql.global_priv TO leaver@'127.0.0.1'", "GRANT SELECT ON mysql.user TO leaver@'127.0.0.1'", "GRANT SELECT ON mysql.roles_mapping TO leaver@'127.0.0.1'",
		"CREATE ROLE m_role", "CREATE ROLE m_second", "CREATE USER m_plain@'%' IDENTIFIED BY 'x'", "CREATE USER m_plain@localhost IDENTIFIED BY 'x'", "GRANT m_role TO m_plain@'%'", "GRANT m_second TO m_plain@'%'",
		"CREATE USER m_locked@'%' IDENTIFIED BY 'x' ACCOUNT LOCK", "CREATE USER m_super@'%' IDENTIFIED BY 'x'", "GRANT SUPER ON *.* TO m_super@'%'", "CREATE USER m_grant@'%' IDENTIFIED BY 'x'",
		"GRANT SELECT ON *.* TO m_grant@'%' WITH GRANT OPTION", "CREATE USER m_maker@'%' IDENTIFIED BY 'x'", "GRANT CREATE USER ON *.* TO m_maker@'%'",
		"CREATE USER m_expired@'%' IDENTIFIED BY 'x' PASSWORD EXPIRE")
	t.Cleanup(func() {
		d.run(t, "DROP USER m_plain@'%', m_plain@localhost, m_locked@'%', m_super@'%', m_grant@'%', m_maker@'%', m_expired@'%'", "DROP ROLE m_role, m_second",
			"REVOKE SELECT ON mysql.global_priv FROM leaver@'127.0.0.1'", "REVOKE SELECT ON mysql.user FROM leaver@'127.0.0.1'", "REVOKE SELECT ON mysql.roles_mapping FROM leaver@'127.0.0.1'")
	})
	got := scan(t, accountsOf(t, d, outside(t).Env, "preset: mariadb-users"))
	if got.err != nil || got.coverage.Verdict != scanners.Proved {
		t.Fatalf("%v (%s), %v", got.coverage.Verdict, got.coverage.Why, got.err)
	}
	found := map[string]string{}
	for _, a := range got.records {
		if strings.HasPrefix(a.ID, "m_") || strings.HasPrefix(a.ID, "root@localhost") || strings.HasPrefix(a.ID, "mariadb.sys") {
			_, text, _ := strings.Cut(shortAccount(a), " ")
			found[a.ID] = text
		}
		if changed, ok := a.PasswordChanged.Get(); strings.HasPrefix(a.ID, "m_plain") && (!ok || time.Since(changed).Abs() > time.Hour) {
			t.Errorf("%s: password changed %+v", a.ID, a.PasswordChanged)
		}
	}
	line := func(enabled, privileged bool, why, groups, kind string) string {
		return fmt.Sprintf("enabled %v, privileged %v (%s), expires unknown: %s, groups [%s], kind %q, %q", enabled, privileged, why, notMapped, groups, kind, "")
	}
	want := map[string]string{
		"m_plain@%": line(true, false, "", "m_role m_second", ""), "m_plain@localhost": line(true, false, "", "", ""), "m_locked@%": line(false, false, "", "", ""),
		"m_super@%": line(true, true, "privileged super", "", ""), "m_grant@%": line(true, true, "privileged grant", "", ""), "m_maker@%": line(true, true, "privileged create user", "", ""),
		"m_expired@%": line(true, false, "", "", ""), "root@localhost": line(true, true, "privileged super", "m_role m_second", "shared"), "mariadb.sys@localhost": line(false, false, "", "", "service"),
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
}

// TestPresetsAreStatements: those that cannot run here are at least statements that the rules let through, with columns that the
// mapping knows.
func TestPresetsAreStatements(t *testing.T) {
	systems := map[string]readonly.System{"postgres": readonly.PostgreSQL, "mariadb": readonly.MySQL, "mysql": readonly.MySQL, "sqlserver": readonly.SQLServer}
	for name, p := range presets() {
		if _, err := cleanStatement(p.statement, systems[p.schemes[0]]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for field, columns := range fieldsOf(p.columns) {
			for _, column := range columns {
				if !strings.Contains(p.statement, " AS "+column) {
					t.Errorf("%s: %s is mapped to %s, which the statement does not have", name, field, column)
				}
			}
		}
	}
}

// TestPresetIsOverridden: what is set beside a preset counts before it.
func TestPresetIsOverridden(t *testing.T) {
	c := AccountConfig{Preset: "Postgres-Roles", Reading: Reading{Connection: Connection{URL: "postgres://db.example/postgres"}, Empty: map[string]string{"expires": "unknown"},
		Values: map[string]map[string]string{"privileged": {"replication": "false"}, "enabled": {"x": "true"}}, Dates: List{"unix"}}}
	if err := c.applyPreset(); err != nil {
		t.Fatal(err)
	}
	if c.Empty["expires"] != "unknown" || c.Values["privileged"]["replication"] != "false" || c.Values["privileged"]["superuser"] != "true" || c.Values["enabled"]["x"] != "true" || c.Dates[0] != "unix" {
		t.Errorf("%+v", c)
	}
}
