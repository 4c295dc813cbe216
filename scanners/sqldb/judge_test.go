package sqldb

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/scannertest"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// TestVerdict compares rows that came with rows that were counted.
func TestVerdict(t *testing.T) {
	for name, test := range map[string]struct {
		delivered, claimed int64
		allowNone          bool
		want               scanners.CoverageVerdict
	}{
		"as many":            {10, 10, false, scanners.Proved},
		"fewer":              {9, 10, false, scanners.Partial},
		"none of some":       {0, 10, true, scanners.Partial},
		"more":               {11, 10, false, scanners.Consistent},
		"none":               {0, 0, false, scanners.Blind},
		"none, and declared": {0, 0, true, scanners.Proved},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSource(&settings{allowNone: test.allowNone}, scannertest.Env(t).Env, source[scanners.Account]{})
			r := s.reading(nil)
			r.delivered, r.claimed, r.c.Read = test.delivered, test.claimed, test.delivered
			if c, err := r.coverage(t.Context(), nil); err != nil || c.Verdict != test.want || c.Why == "" || c.Claimed != scanners.Known(test.claimed) {
				t.Errorf("%v (%s), %v, want %v", c.Verdict, c.Why, err, test.want)
			}
		})
	}
}

// TestIdsThatRepeat: the same row again is dropped, another row of the id is rejected and leaves the source partial.
func TestIdsThatRepeat(t *testing.T) {
	d := use(t, readonly.PostgreSQL)
	for name, test := range map[string]struct {
		rows     string
		verdict  scanners.CoverageVerdict
		rejected int
	}{
		"the same row":  {"('1', 'a'), ('1', 'a'), ('2', 'b')", scanners.Proved, 0},
		"another row":   {"('1', 'a'), ('1', 'b'), ('2', 'b')", scanners.Partial, 1},
		"blanks differ": {"('1', 'a'), ('1 ', 'b'), ('2', 'b')", scanners.Partial, 1},
	} {
		t.Run(name, func(t *testing.T) {
			out := outside(t)
			got := scan(t, accountsOf(t, d, out.Env, "statement: SELECT * FROM (VALUES "+test.rows+") AS v(id, login)\ncolumns: {id: id, login: login}"))
			if got.err != nil || len(got.records) != 2 || got.coverage.Verdict != test.verdict || len(out.Rejected) != test.rejected || int(got.coverage.Rejected) != test.rejected {
				t.Errorf("%d records, %d rejected, %v (%s), %v", len(got.records), len(out.Rejected), got.coverage.Verdict, got.coverage.Why, got.err)
			}
		})
	}
}

// TestRejection keeps the mapped columns of a row and no others: a statement may deliver what nobody should see.
func TestRejection(t *testing.T) {
	d, out := use(t, readonly.PostgreSQL), outside(t)
	scan(t, accountsOf(t, d, out.Env, "statement: SELECT 'x' AS id, 'hunter2' AS password, '1.0' AS staff, NULL::text AS mail UNION ALL SELECT 'y', 'hunter2', '1', 'y@corp.example'"+
		"\ncolumns: {id: id, employee_id: staff, mail: mail}"))
	want := []scanners.Rejection{{Place: "row 1", ID: "x", Field: "staff", Reason: `"1.0" is a number that a spreadsheet has rounded or reformatted, so its digits are lost`,
		Raw: `id = "x", staff = "1.0", mail = NULL`}}
	if diff := cmp.Diff(want, out.Rejected); diff != "" {
		t.Error(diff)
	}
}

// TestMappingThatDoesNotFit: when most rows are rejected, nothing is complete.
func TestMappingThatDoesNotFit(t *testing.T) {
	d := use(t, readonly.PostgreSQL)
	for spoilt, want := range map[int]scanners.CoverageVerdict{1: scanners.Proved, 2: scanners.Partial, 3: scanners.Blind} {
		got := scan(t, accountsOf(t, d, outside(t).Env, fmt.Sprintf("statement: SELECT g AS id, CASE WHEN g > %d THEN '1' ELSE '1.0' END AS staff FROM generate_series(1, 3) g", spoilt)+
			"\ncolumns: {id: id, employee_id: staff}"))
		if got.err != nil || got.coverage.Verdict != want {
			t.Errorf("%d of 3 rejected: %v (%s), %v", spoilt, got.coverage.Verdict, got.coverage.Why, got.err)
		}
	}
}

// TestNotes: what cost a fact and no row is told and counted.
func TestNotes(t *testing.T) {
	d := use(t, readonly.PostgreSQL)
	got := scan(t, accountsOf(t, d, outside(t).Env, "statement: SELECT g AS id, 'maybe' AS e, 'soon' AS c, 'robot' AS k, 'nobody' AS m FROM generate_series(1, 3) g"+
		"\ncolumns: {id: id, enabled: e, created: c, kind: k, mail: m}"))
	var lines []string
	for _, g := range got.coverage.Gaps {
		lines = append(lines, fmt.Sprintf("%s (%d): %s; %s; %s", g.What, g.Count.Value, g.Cause, g.Effect, g.Hint))
	}
	want := []string{
		"enabled = \"maybe\" (3): the word is not translated; enabled is unknown for these accounts; add `values: {enabled: {\"maybe\": true}}`, or another meaning",
		"kind = \"robot\" (3): the word is not translated; these accounts are judged as a person's; add `values: {kind: {\"robot\": service}}`, or another meaning",
		"values of column \"c\" (3): first: \"soon\" is not a date in the declared forms (iso); created is unknown for these accounts; ",
		"values of column \"m\" (3): they are no mail addresses; they are not used as keys; ",
	}
	if diff := cmp.Diff(want, lines); diff != "" || got.coverage.Verdict != scanners.Proved {
		t.Errorf("%v\n%s", got.coverage.Verdict, diff)
	}
	few := notes{}
	for i := range 2 * maxNotes {
		few.untranslated("kind", fmt.Sprint(i), "", "service")
	}
	if gaps := few.gaps(); len(gaps) != maxNotes+1 {
		t.Errorf("%d notes kept", len(gaps))
	}
}

// TestRights: a user that could write is reported with what it could do.
func TestRights(t *testing.T) {
	pg, my := use(t, readonly.PostgreSQL), use(t, readonly.MySQL)
	table := pg.table(t, "id integer")
	mine := my.table(t, "id integer")
	for name, test := range map[string]struct {
		d           *database
		give, take  string
		want, user  string
		superfluous bool
	}{
		"as it should be":         {d: pg, give: "SELECT 1", take: "SELECT 1"},
		"may insert":              {d: pg, give: "GRANT INSERT ON " + table + " TO leaver", take: "REVOKE INSERT ON " + table + " FROM leaver", want: "it may write to 1 tables, such as public." + table},
		"may truncate, by group":  {d: pg, give: "CREATE ROLE writers; GRANT TRUNCATE ON " + table + " TO writers; GRANT writers TO leaver", take: "REVOKE ALL ON " + table + " FROM writers; DROP ROLE writers", want: "it may write to 1 tables"},
		"may make tables":         {d: pg, give: "GRANT CREATE ON SCHEMA public TO leaver", take: "REVOKE CREATE ON SCHEMA public FROM leaver", want: "it may make tables in schema public"},
		"superuser":               {d: pg, give: "ALTER ROLE leaver SUPERUSER", take: "ALTER ROLE leaver NOSUPERUSER", want: "it is a superuser"},
		"may make roles":          {d: pg, give: "ALTER ROLE leaver CREATEROLE", take: "ALTER ROLE leaver NOCREATEROLE", want: "it may make roles"},
		"MariaDB, as it should":   {d: my, give: "DO 1", take: "DO 1"},
		"MariaDB, insert":         {d: my, give: "GRANT INSERT (id), UPDATE (id) ON " + mine + " TO leaver@'127.0.0.1'", take: "REVOKE ALL PRIVILEGES ON " + mine + " FROM leaver@'127.0.0.1'", want: "it holds INSERT, UPDATE"},
		"MariaDB, may pass on":    {d: my, give: "GRANT SELECT ON app.* TO leaver@'127.0.0.1' WITH GRANT OPTION", take: "REVOKE GRANT OPTION ON app.* FROM leaver@'127.0.0.1'", want: "it holds GRANT OPTION"},
		"MariaDB, reads the rest": {d: my, give: "GRANT PROCESS, SHOW DATABASES ON *.* TO leaver@'127.0.0.1'", take: "REVOKE PROCESS, SHOW DATABASES ON *.* FROM leaver@'127.0.0.1'"},
	} {
		t.Run(name, func(t *testing.T) {
			test.d.run(t, strings.Split(test.give, "; ")...)
			defer test.d.run(t, strings.Split(test.take, "; ")...)
			out := outside(t)
			var log strings.Builder
			out.Log = slog.New(slog.NewTextHandler(&log, nil))
			got := scan(t, accountsOf(t, test.d, out.Env, "statement: SELECT 1 AS id\ncolumns: {id: id}"))
			text := ""
			for _, g := range got.coverage.Gaps {
				text += g.What + ": " + g.Cause
			}
			if got.err != nil || got.coverage.Verdict != scanners.Proved || !strings.Contains(text, test.want) || (text == "") != (test.want == "") || strings.Contains(log.String(), "rights too wide") != (test.want != "") {
				t.Errorf("%v, %v, gaps %q, log %q", got.err, got.coverage.Verdict, text, log.String())
			}
		})
	}
}

// TestBeyondReading reads lists of rights as MySQL and SQL Server give them.
func TestBeyondReading(t *testing.T) {
	for name, test := range map[string]struct {
		rights []string
		want   string
	}{
		"MySQL reads":         {grantedMySQL([]string{"GRANT USAGE ON *.* TO `leaver`@`%`", "GRANT SELECT, SHOW VIEW ON `app`.* TO `leaver`@`%`", "GRANT `role`@`%` TO `leaver`@`%`"}), ""},
		"MySQL, columns":      {grantedMySQL([]string{"GRANT SELECT (`a`, `b`), INSERT (`a`) ON `app`.`t` TO `leaver`@`%`"}), "it holds INSERT"},
		"MySQL, everything":   {grantedMySQL([]string{"GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"}), "it holds ALL PRIVILEGES, GRANT OPTION"},
		"MySQL, proxy":        {grantedMySQL([]string{"GRANT PROXY ON ''@'%' TO `root`@`localhost`"}), "it holds PROXY"},
		"MySQL, new right":    {grantedMySQL([]string{"GRANT SYSTEM_VARIABLES_ADMIN ON *.* TO `x`@`%`"}), "it holds SYSTEM_VARIABLES_ADMIN"},
		"SQL Server reads":    {[]string{"CONNECT SQL", "VIEW ANY DATABASE", "CONNECT", "SELECT", "VIEW DEFINITION"}, ""},
		"SQL Server writes":   {[]string{"SELECT", "INSERT", "CONTROL"}, "it holds CONTROL, INSERT"},
		"SQL Server executes": {[]string{"SELECT", "EXECUTE"}, "it holds EXECUTE"},
		"many":                {[]string{"A", "B", "C", "D", "E", "F"}, "it holds A, B, C, D, E …"},
		"nothing":             {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := beyondReading(test.rights); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
