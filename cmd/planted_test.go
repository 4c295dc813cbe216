package cmd_test

import (
	"strings"
	"testing"
)

// TestRulesCatch plants one violation at a time: source text that a rule must report with the wanted words, or, where
// none are wanted, must leave alone.
func TestRulesCatch(t *testing.T) {
	used := map[string]bool{}
	all := map[string]rule{}
	for _, r := range rules() {
		all[r.name] = r
		if r.reason == "" {
			t.Errorf("rule %q has no reason", r.name)
		}
	}
	for _, plant := range planted {
		t.Run(strings.ReplaceAll(plant.rule+": "+plant.name, "/", "|"), func(t *testing.T) {
			rule, ok := all[plant.rule]
			if !ok {
				t.Fatalf("no rule %q", plant.rule)
			}
			used[plant.rule] = used[plant.rule] || plant.want != ""
			text := plant.text
			if !strings.Contains(text, "package ") {
				text = "package p\n" + text
			}
			var faults []fault
			for _, p := range parse(t, map[string]string{plant.file: text}) {
				faults = append(faults, rule.check(p)...)
			}
			if got := describe(faults); (got != "") != (plant.want != "") || !strings.Contains(got, plant.want) {
				t.Errorf("reported %q, want %q in it", got, plant.want)
			}
		})
	}
	for name := range all {
		if !used[name] {
			t.Errorf("rule %q has no planted violation: it might be blind", name)
		}
	}
}

// planted are the violations and, without want, near misses.
var planted = []struct {
	rule, name, file, text string
	want                   string // part of what is reported; empty: nothing may be reported
}{
	{"imports point left", "scanner judges", "scanners/ldap/a.go", `import _ "` + module + `/policies"`, "may not be imported from scanners/ldap"},
	{"imports point left", "connectors meet", "scanners/ldap/a.go", `import _ "` + module + `/scanners/table"`, "may not be imported"},
	{"imports point left", "connectors meet in a test", "scanners/ldap/a_test.go", `import _ "` + module + `/scanners/table"`, "may not be imported"},
	{"imports point left", "contracts know a connector", "scanners/a.go", `import _ "` + module + `/scanners/ldap"`, "may not be imported"},
	{"imports point left", "engine knows a connector", "reconcile/a.go", `import _ "` + module + `/scanners/ldap"`, "may not be imported"},
	{"imports point left", "engine reports", "reconcile/a.go", `import _ "` + module + `/reports"`, "may not be imported"},
	{"imports point left", "report configures itself", "reports/a.go", `import _ "` + module + `/cmd/internal/config"`, "may not be imported"},
	{"imports point left", "truth from the engine", "fixtures/company/a.go", `import _ "` + module + `/reconcile"`, "may not be imported"},
	{"imports point left", "truth from the engine in a test", "fixtures/company/a_test.go", `import _ "` + module + `/policies"`, "may not be imported"},
	{"imports point left", "program uses fixtures", "cmd/leaver/a.go", `import _ "` + module + `/fixtures/company"`, "is for tests"},
	{"imports point left", "program uses the suite", "cmd/internal/job/a.go", `import _ "` + module + `/scanners/scannertest"`, "is for tests"},
	{"imports point left", "list of kinds uses the suite", "scanners/all/a.go", `import _ "` + module + `/scanners/scannertest"`, "is for tests"},
	{"imports point left", "program opens a connector past the list", "cmd/leaver/a.go", `import _ "` + module + `/scanners/ldap"`, "may not be imported"},
	{"imports point left", "engine's test asks a connector", "reconcile/a_test.go", `import _ "` + module + `/scanners/ldap"`, "may not be imported"},
	{"imports point left", "test uses fixtures", "cmd/leaver/a_test.go", `import _ "` + module + `/fixtures/company"`, ""},
	{"imports point left", "connector uses the contracts", "scanners/ldap/a.go", `import _ "` + module + `/scanners"`, ""},
	{"imports point left", "own folder below", "scanners/ldap/a.go", `import _ "` + module + `/scanners/ldap/ber"`, ""},
	{"imports point left", "name that begins alike", "scanners/ldap/a.go", `import _ "` + module + `/scanners/ldapx"`, "may not be imported"},
	{"imports point left", "the list of kinds", "scanners/all/a.go", `import _ "` + module + `/scanners/table"`, ""},

	{"SDKs stay in their connector", "go-ldap in the engine", "reconcile/a.go", `import _ "github.com/go-ldap/ldap/v3"`, "belongs in scanners/ldap"},
	{"SDKs stay in their connector", "go-ldap in a test of cmd", "cmd/leaver/a_test.go", `import _ "github.com/go-ldap/ldap/v3"`, "belongs in"},
	{"SDKs stay in their connector", "go-ldap in another connector", "scanners/table/a.go", `import _ "github.com/go-ldap/ldap/v3"`, "belongs in"},
	{"SDKs stay in their connector", "go-ldap at home", "scanners/ldap/a.go", `import _ "github.com/go-ldap/ldap/v3"`, ""},
	{"SDKs stay in their connector", "go-ldap in an actuator", "cmd/leaver-remediate/internal/actuators/ldap/a.go", `import _ "github.com/go-ldap/ldap/v3"`, ""},
	{"SDKs stay in their connector", "workbook in policies", "policies/a.go", `import _ "github.com/xuri/excelize/v2"`, "belongs in reports"},
	{"SDKs stay in their connector", "workbook in a test", "cmd/internal/job/a_test.go", `import _ "github.com/xuri/excelize/v2"`, ""},
	{"SDKs stay in their connector", "connector holds a database itself", "scanners/sqldb/a.go", `import _ "database/sql"`, "belongs in cmd/internal/runstore"},
	{"SDKs stay in their connector", "connector holds a driver itself", "scanners/sqldb/a.go", `import _ "github.com/jackc/pgx/v5"`, "belongs in scanners/sqldb/readonly"},
	{"SDKs stay in their connector", "driver of MySQL elsewhere", "scanners/table/a.go", `import _ "github.com/go-sql-driver/mysql"`, "belongs in scanners/sqldb/readonly"},
	{"SDKs stay in their connector", "driver of SQL Server elsewhere", "reports/a.go", `import _ "github.com/microsoft/go-mssqldb/msdsn"`, "belongs in scanners/sqldb/readonly"},
	{"SDKs stay in their connector", "SQLite elsewhere", "scanners/sqldb/a.go", `import _ "modernc.org/sqlite"`, "belongs in"},
	{"SDKs stay in their connector", "driver at home", "scanners/sqldb/readonly/a.go", `import _ "github.com/jackc/pgx/v5/stdlib"`, ""},
	{"SDKs stay in their connector", "test fills a database", "scanners/sqldb/a_test.go", `import _ "github.com/go-sql-driver/mysql"`, ""},
	{"SDKs stay in their connector", "progress in a connector", "scanners/ldap/a.go", `import _ "github.com/schollz/progressbar/v3"`, "belongs in cmd"},

	{"judging is pure", "reads a file", "policies/a.go", `import _ "os"`, "not in policies"},
	{"judging is pure", "asks the network", "reconcile/a.go", `import _ "net/http"`, "not in reconcile"},
	{"judging is pure", "test reads a file", "reconcile/a_test.go", `import _ "os"`, ""},
	{"judging is pure", "connector reads a file", "scanners/table/a.go", `import _ "os"`, ""},

	{"testing code stays in tests", "testing in the engine", "reconcile/a.go", `import _ "testing"`, "only in tests"},
	{"testing code stays in tests", "testing in the suite", "scanners/scannertest/a.go", `import _ "testing"`, ""},

	{"no init", "init", "scanners/a.go", "func init() {}", "func init"},
	{"no init", "init in a test", "scanners/a_test.go", "func init() {}", "func init"},
	{"no init", "method of that name", "scanners/a.go", "type t int\nfunc (t) init() {}", ""},

	{"the clock is passed in", "Now", "policies/a.go", "import \"time\"\nvar x = f(time.Now())", "time.Now in policies"},
	{"the clock is passed in", "as a value", "policies/a.go", "import \"time\"\nfunc f() func() time.Time { return time.Now }", "time.Now in policies"},
	{"the clock is passed in", "Since under another name", "scanners/ldap/a.go", "import clock \"time\"\nfunc f(t clock.Time) any { return clock.Since(t) }", "time.Since"},
	{"the clock is passed in", "in cmd", "cmd/leaver/a.go", "import \"time\"\nfunc f() any { return time.Now() }", ""},
	{"the clock is passed in", "method of a local clock", "policies/a.go", "type c struct{}\nfunc (c) Now() int { return 0 }\nfunc f(time c) any { return time.Now() }", ""},

	{"no client of our own making", "default client", "scanners/okta/a.go", "import \"net/http\"\nfunc f() any { return http.DefaultClient }", "http.DefaultClient"},
	{"no client of our own making", "Get", "cmd/leaver/a.go", "import \"net/http\"\nfunc f() { http.Get(\"\") }", "http.Get"},
	{"no client of our own making", "literal", "scanners/okta/a.go", "import \"net/http\"\nfunc f() any { return &http.Client{} }", "http.Client"},
	{"no client of our own making", "zero value", "scanners/okta/a.go", "import \"net/http\"\nfunc f() { var c http.Client; _ = c }", "http.Client"},
	{"no client of our own making", "the one that hands in", "cmd/internal/connect/a.go", "import \"net/http\"\nfunc f() any { return &http.Client{} }", ""},
	{"no client of our own making", "a request", "scanners/okta/a.go", "import \"net/http\"\nfunc f() any { return http.Request{} }", ""},

	{"the environment is read in one place", "connector", "scanners/ldap/a.go", "import \"os\"\nvar x = f(os.Getenv(\"X\"))", "os.Getenv"},
	{"the environment is read in one place", "LookupEnv in cmd", "cmd/leaver/a.go", "import \"os\"\nfunc f() { os.LookupEnv(\"X\") }", "os.LookupEnv"},
	{"the environment is read in one place", "config", "cmd/internal/config/a.go", "import \"os\"\nfunc f() { os.LookupEnv(\"X\") }", ""},
	{"the environment is read in one place", "another folder that begins alike", "cmd/internal/configure/a.go", "import \"os\"\nfunc f() { os.LookupEnv(\"X\") }", "os.LookupEnv"},

	{"printing is for programs", "engine prints", "reconcile/a.go", "import \"fmt\"\nfunc f() { fmt.Println() }", "fmt.Println in reconcile"},
	{"printing is for programs", "engine formats", "reconcile/a.go", "import \"fmt\"\nfunc f() any { return fmt.Sprint() }", ""},

	{"no package-level state", "counter", "scanners/a.go", "var n int", "var n has no value"},
	{"no package-level state", "made map", "scanners/a.go", "var m = make(map[string]int)", "var m: make it"},
	{"no package-level state", "number", "scanners/a.go", "var limit = 10", "var limit: make it"},
	{"no package-level state", "pointer", "scanners/a.go", "type t struct{}\nvar shared = &t{}", "var shared: make it"},
	{"no package-level state", "replaceable function", "scanners/a.go", "import \"time\"\nvar now = time.Now", "var now: make it"},
	{"no package-level state", "table written by index", "scanners/a.go", "var m = map[string]int{}\nfunc f() { m[\"x\"] = 1 }", "assigns to m"},
	{"no package-level state", "table deleted from", "scanners/a.go", "var m = map[string]int{}\nfunc f() { delete(m, \"x\") }", "changes m"},
	{"no package-level state", "table replaced", "scanners/a.go", "var m = []int{1}\nfunc f() { m = append(m, 2) }", "assigns to m"},
	{"no package-level state", "field of an entry counted up", "scanners/a.go", "var m = []struct{n int}{{1}}\nfunc f() { m[0].n++ }", "changes m"},
	{"no package-level state", "sorted in place", "scanners/a.go", "import \"slices\"\nvar m = []int{2, 1}\nfunc f() { slices.Sort(m) }", "changes m"},
	{"no package-level state", "address handed out", "scanners/a.go", "var m = []int{1}\nfunc f() *int { return &m[0] }", "takes the address of m"},
	{"no package-level state", "loop variable", "scanners/a.go", "var m = struct{n int}{}\nfunc f() { for m.n = range 3 {} }", "assigns to m"},
	{"no package-level state", "another package's", "cmd/leaver/a.go", "import \"os\"\nfunc f() { os.Args = nil }", "assigns to os.Args"},
	{"no package-level state", "sentinel", "scanners/a.go", "import \"errors\"\nvar ErrShort = errors.New(\"short\")", ""},
	{"no package-level state", "expression", "scanners/a.go", "import \"regexp\"\nvar id = regexp.MustCompile(`x`)", ""},
	{"no package-level state", "table that is read", "scanners/a.go", "var m = map[string]int{\"a\": 1}\nfunc f() int { return m[\"a\"] }", ""},
	{"no package-level state", "local of the same name", "scanners/a.go", "var m = map[string]int{\"a\": 1}\nfunc f() { m := map[string]int{}; m[\"a\"] = 1 }", ""},
	{"no package-level state", "assertion of an interface", "scanners/a.go", "type t int\nvar _ any = t(0)", ""},
	{"no package-level state", "embedded file", "scanners/a.go", "import _ \"embed\"\n//go:embed a.sql\nvar schema string", ""},
	{"no package-level state", "stamped version", "cmd/leaver/a.go", "var stamped string", ""},
	{"no package-level state", "stamped version is written", "cmd/leaver/a.go", "var stamped string\nfunc f() { stamped = \"1\" }", "assigns to stamped"},
	{"no package-level state", "stamped version elsewhere", "reports/a.go", "var stamped string", "var stamped has no value"},

	{"no channels in the API", "parameter", "scanners/a.go", "func Scan(out chan<- int) {}", "Scan has a channel"},
	{"no channels in the API", "result of a method", "reconcile/a.go", "type T struct{}\nfunc (*T) All() <-chan int { return nil }", "T.All has a channel"},
	{"no channels in the API", "exported field", "policies/a.go", "type T struct{ Done chan int }", "T has a channel"},
	{"no channels in the API", "method of an interface", "reports/a.go", "type T interface{ Rows() <-chan int }", "T has a channel"},
	{"no channels in the API", "inside a callback", "scanners/a.go", "func Scan(emit func(chan int)) {}", "Scan has a channel"},
	{"no channels in the API", "unexported field", "scanners/a.go", "type T struct{ done chan int }", ""},
	{"no channels in the API", "in the body", "scanners/a.go", "func Scan() { _ = make(chan int) }", ""},
	{"no channels in the API", "in the wiring", "cmd/internal/job/a.go", "func Run(out chan int) {}", ""},

	{"every exported symbol is documented", "function", "scanners/a.go", "func F() {}", "F has no comment"},
	{"every exported symbol is documented", "directive is no comment", "scanners/a.go", "//go:noinline\nfunc F() {}", "F has no comment"},
	{"every exported symbol is documented", "method", "scanners/a.go", "// T is.\ntype T[R any] struct{}\nfunc (*T[R]) F() {}", "T.F has no comment"},
	{"every exported symbol is documented", "constant", "scanners/a.go", "const A = 1", "A has no comment"},
	{"every exported symbol is documented", "constants of a documented group", "scanners/a.go", "// The letters.\nconst (\nA = 1\nB = 2\n)", ""},
	{"every exported symbol is documented", "method of an unexported type", "scanners/a.go", "type t struct{}\nfunc (t) F() {}", ""},

	{"every package has a comment", "none", "scanners/a.go", "package scanners", `starts with "Package scanners "`},
	{"every package has a comment", "of another form", "scanners/a.go", "// Scanners reads.\npackage scanners", `starts with "Package scanners "`},
	{"every package has a comment", "licence only", "scanners/a.go", "// Copyright.\n\npackage scanners", `starts with "Package scanners "`},
	{"every package has a comment", "there", "scanners/a.go", "// Package scanners reads.\npackage scanners", ""},
	{"every package has a comment", "program", "cmd/leaver/a.go", "// Leaver finds.\npackage main", ""},
	{"every package has a comment", "tests only", "cmd/a_test.go", "package cmd_test", ""},

	{"functions and files fit the eye", "function of 61 lines", "scanners/a.go", "func f() {" + strings.Repeat("\n", 60) + "}", "has 61 lines, more than 60"},
	{"functions and files fit the eye", "function of 60 lines", "scanners/a.go", "func f() {" + strings.Repeat("\n", 59) + "}", ""},
	{"functions and files fit the eye", "long test", "scanners/a_test.go", "func f() {" + strings.Repeat("\n", 60) + "}", ""},
	{"functions and files fit the eye", "file of 501 lines", "scanners/a.go", strings.Repeat("// x\n", 500) + "package p\n", "has 501 lines, more than 500"},
	{"functions and files fit the eye", "file of 500 lines", "scanners/a_test.go", strings.Repeat("// x\n", 499) + "package p\n", ""},
}
