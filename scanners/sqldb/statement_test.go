package sqldb

import (
	"errors"
	"strings"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/sqldb/readonly"
)

// TestStatement lists what may be declared and what may not; why is part of what is said.
func TestStatement(t *testing.T) {
	const pg, my, lite, ms = readonly.PostgreSQL, readonly.MySQL, readonly.SQLite, readonly.SQLServer
	for name, test := range map[string]struct {
		system readonly.System
		text   string
		why    string // empty: it may
	}{
		"plain":                            {pg, "SELECT id, login FROM app.users WHERE kind = 'human'", ""},
		"with":                             {pg, "WITH u AS (SELECT * FROM users) SELECT * FROM u", ""},
		"trailing semicolon":               {pg, " select 1 AS id ; ", ""},
		"words within quotes":              {pg, `SELECT id AS "update", 'drop table; -- x' AS note FROM users`, ""},
		"doubled quotes":                   {pg, "SELECT 'it''s; DELETE' AS id FROM users", ""},
		"limit within":                     {pg, "SELECT id, (SELECT max(at) FROM use u WHERE u.id = a.id LIMIT 1) AS used FROM a", ""},
		"cast":                             {pg, "SELECT id::text AS id FROM users", ""},
		"json operator of PostgreSQL":      {pg, "SELECT id FROM users WHERE flags ? 'x'", ""},
		"array of PostgreSQL":              {pg, "SELECT roles[1] AS id FROM users", ""},
		"brackets of SQL Server":           {ms, "SELECT [update] AS id FROM [dbo].[users]", ""},
		"replace is a function":            {my, "SELECT REPLACE(id, 'a', 'b') AS id FROM users", ""},
		"words that begin alike":           {my, "SELECT updated, created_at, into_x FROM users", ""},
		"hash in PostgreSQL":               {pg, "SELECT id # 1 AS id FROM users", ""},
		"empty":                            {pg, " ; ", "no statement"},
		"two statements":                   {pg, "SELECT 1; DROP TABLE users", "semicolon"},
		"two statements, semicolon at end": {pg, "SELECT 1; DELETE FROM users;", "semicolon"},
		"two semicolons":                   {pg, "SELECT 1;;", "semicolon"},
		"two statements without semicolon": {ms, "SELECT 1 DELETE FROM users", `"delete"`},
		"insert":                           {pg, "INSERT INTO users VALUES (1)", `starts with "insert"`},
		"set":                              {my, "SET GLOBAL x = 1", `starts with "set"`},
		"a table":                          {pg, "TABLE users", `starts with "table"`},
		"values":                           {pg, "VALUES (1)", `starts with "values"`},
		"in parentheses":                   {pg, "(SELECT 1 LIMIT 1)", "starts with a parenthesis"},
		"insert in with":                   {pg, "WITH x AS (INSERT INTO log VALUES (1) RETURNING id) SELECT * FROM x", `"insert"`},
		"delete after with":                {ms, "WITH x AS (SELECT 1 AS id) DELETE FROM users", `"delete"`},
		"into a table":                     {pg, "SELECT * INTO copy FROM users", `"into"`},
		"into a file":                      {my, "SELECT * FROM users INTO OUTFILE '/tmp/x'", `"into"`},
		"into a variable":                  {my, "SELECT id FROM users INTO @x", `"@" stands`},
		"for update":                       {pg, "SELECT * FROM users FOR UPDATE", "locks"},
		"for share":                        {my, "SELECT * FROM users FOR SHARE", "locks"},
		"for no key":                       {pg, "SELECT * FROM users FOR NO KEY UPDATE", "locks"},
		"lock in share mode":               {my, "SELECT * FROM users LOCK IN SHARE MODE", "locks"},
		"limit":                            {pg, "SELECT * FROM users LIMIT 10", `"limit"`},
		"fetch first":                      {pg, "SELECT * FROM users FETCH FIRST 10 ROWS ONLY", `"fetch"`},
		"top":                              {ms, "SELECT TOP 10 * FROM users", `"top"`},
		"sample":                           {pg, "SELECT * FROM users TABLESAMPLE SYSTEM (10)", `"tablesample"`},
		"comment":                          {pg, "SELECT * FROM users -- all", "comments"},
		"comment that MySQL runs":          {my, "SELECT 1 /*!50000 INTO OUTFILE '/tmp/x' */", "comments"},
		"comment that hides a quote":       {pg, "SELECT '/*' , 1 /* ' */ FROM users", "comments"},
		"hash of MySQL":                    {my, "SELECT id FROM users # all", "comments"},
		"backslash in quotes":              {my, `SELECT '\'; DROP TABLE users; --' AS id`, "backslash"},
		"backslash outside":                {pg, `SELECT \ FROM users`, "not allowed"},
		"dollar quotes":                    {pg, "SELECT $$ it's $$ AS id", "dollar"},
		"parameter of PostgreSQL":          {pg, "SELECT * FROM users WHERE id = $1", "dollar"},
		"parameter of MySQL":               {my, "SELECT * FROM users WHERE id = ?", `"?" stands`},
		"parameter of SQLite":              {lite, "SELECT * FROM users WHERE id = :id", `":" stands`},
		"variable":                         {ms, "SELECT * FROM users WHERE id = @p1", `"@" stands`},
		"open quote":                       {pg, "SELECT 'x FROM users", "not closed"},
		"open bracket of SQL Server":       {ms, "SELECT [x FROM users", "not closed"},
		"open parenthesis":                 {pg, "SELECT (1 FROM users", "not closed"},
		"closed too early":                 {pg, "SELECT 1) AS x; DROP TABLE users; SELECT * FROM (SELECT 1", "closed that was not opened"},
		"nothing but signs":                {pg, "*", "is none"},
		"NUL":                              {pg, "SELECT \x00 1", "not allowed"},
		"another server":                   {pg, "SELECT * FROM dblink('x', 'y') AS t(id int)", "another server"},
		"another server of Microsoft":      {ms, "SELECT * FROM OPENROWSET('x', 'y', 'z')", "another server"},
		"a file of the server":             {my, "SELECT LOAD_FILE('/etc/passwd') AS id", "file"},
		"acts on the server":               {pg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity", "outside of any transaction"},
		"attach":                           {lite, "ATTACH 'x' AS y", `starts with "attach"`},
		"pragma":                           {lite, "PRAGMA query_only = 0", `starts with "pragma"`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := cleanStatement(test.text, test.system)
			if test.why == "" {
				if err != nil || strings.HasSuffix(got, ";") || got == "" {
					t.Errorf("%q, %v", got, err)
				}
				return
			}
			var config *scanners.ConfigError
			if !errors.As(err, &config) || !strings.Contains(err.Error(), test.why) || !strings.Contains(err.Error(), "\nhint: ") {
				t.Errorf("%q, %v; want a configuration error that says %q", got, err, test.why)
			}
		})
	}
}

// TestQuote writes names that would end their quotes.
func TestQuote(t *testing.T) {
	for system, want := range map[readonly.System]string{readonly.PostgreSQL: `"a""b` + "`c]d" + `"`, readonly.MySQL: "`a\"b``c]d`", readonly.SQLServer: "[a\"b`c]]d]",
		readonly.SQLite: `"a""b` + "`c]d" + `"`} {
		if got := quote(system, "a\"b`c]d"); got != want {
			t.Errorf("%s: %s, want %s", system, got, want)
		}
	}
}

// FuzzStatement: what passes is one statement, whatever it is wrapped in: no semicolon, comment or backslash is left outside
// quotes, and its parentheses are its own.
func FuzzStatement(f *testing.F) {
	for _, text := range []string{"SELECT 1", "WITH a AS (SELECT ')') SELECT * FROM a", "SELECT ';' ; ", `SELECT "--" FROM t`, "SELECT '''' || '('"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clean, err := cleanStatement(text, readonly.SQLite)
		if err != nil {
			return
		}
		depth, quote := 0, byte(0)
		for i := range len(clean) {
			c := clean[i]
			switch {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '\'' || c == '"' || c == '`':
				quote = c
			case c == '(':
				depth++
			case c == ')':
				depth--
			case c == ';' || c == '\\' || strings.HasPrefix(clean[i:], "--") || strings.HasPrefix(clean[i:], "/*"):
				t.Fatalf("%q passes with %q in it", clean, c)
			}
			if depth < 0 {
				t.Fatalf("%q passes and closes what it does not open", clean)
			}
		}
		if depth != 0 || quote != 0 {
			t.Fatalf("%q passes and stays open", clean)
		}
	})
}
