package cmd_test

import (
	"strconv"
	"strings"
)

func importRules() []rule {
	return []rule{
		{
			name: "imports point left",
			reason: "each folder owns the type that it emits: scanners <- reconcile <- policies <- reports <- cmd. " +
				"Whoever reads a stage need not know a later one, and no test of a stage needs the whole program",
			check: func(p *pkg) []fault { return p.eachImport(wrongDirection) },
		},
		{
			name: "SDKs stay in their connector",
			reason: "an SDK that can write must not be reachable from code that nobody reads with that in mind; and a change " +
				"of one must not touch the stages",
			check: func(p *pkg) []fault { return p.eachImport(strayLibrary) },
		},
		{
			name: "judging is pure",
			reason: "reconcile and policies must give the same verdicts on the same sealed inputs, at any time, on any machine: " +
				"they read no file, no network and no clock",
			check: func(p *pkg) []fault { return p.eachImport(impure) },
		},
		{
			name:   "testing code stays in tests",
			reason: "what helps tests (and registers their flags) has no business in the programs",
			check:  func(p *pkg) []fault { return p.eachImport(strayTesting) },
		},
	}
}

// eachImport asks wrong for every import of the package; an empty answer means that it may stay.
func (p *pkg) eachImport(wrong func(f *file, dir, imported string) string) []fault {
	var faults []fault
	for _, f := range p.files {
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				imported = spec.Path.Value
			}
			if text := wrong(f, p.dir, imported); text != "" {
				faults = append(faults, p.fault(spec, "%s: %s", imported, text))
			}
		}
	}
	return faults
}

func wrongDirection(f *file, dir, imported string) string {
	target, ok := strings.CutPrefix(imported, module+"/")
	if !ok || target == dir {
		return ""
	}
	may := mayImport(dir)
	if f.test {
		may = append(may, testsMayImport(dir)...)
	} else if within(target, testHelpers...) && !within(dir, testHelpers...) {
		return "is for tests"
	}
	if within(target, may...) {
		return ""
	}
	return "may not be imported from " + dir
}

// testHelpers are imported by tests only.
var testHelpers = []string{"fixtures/...", "scanners/scannertest"}

// mayImport lists what the code of a folder may import from the module.
func mayImport(dir string) []string {
	parts := strings.SplitN(dir, "/", 3)
	switch parts[0] {
	case "scanners":
		switch {
		case len(parts) == 1 || parts[1] == "scannertest" || parts[1] == "internal":
			return []string{"scanners"}
		case parts[1] == "all":
			return []string{"scanners/..."}
		default:
			return []string{"scanners", "scanners/internal/...", "scanners/" + parts[1] + "/..."}
		}
	case "reconcile":
		return []string{"scanners", "reconcile/..."}
	case "policies":
		return []string{"scanners", "reconcile", "policies/..."}
	case "reports":
		return []string{"scanners", "reconcile", "policies", "reports/..."}
	case "fixtures":
		return []string{"scanners", "fixtures/..."}
	default: // cmd opens connectors through the list alone
		return []string{"scanners", "scanners/all", "reconcile/...", "policies/...", "reports/...", "cmd/..."}
	}
}

// testsMayImport lists what the tests of a folder may import besides. Fixtures hold the truth to compare with, so their
// own tests may ask a connector, and never the engine.
func testsMayImport(dir string) []string {
	if within(dir, "fixtures/...", "cmd/...") {
		return append([]string{"scanners/..."}, testHelpers...)
	}
	return testHelpers
}

// library is code of others and the folders that may import it.
type library struct {
	prefix string
	home   []string
	// tests says whether tests anywhere may use it too.
	tests  bool
	reason string
}

const actuators = "cmd/leaver-remediate/internal/actuators/..."

// libraries lists the code of others that is kept in its place.
func libraries() []library {
	return []library{
		{"github.com/go-ldap/", []string{"scanners/ldap/...", "fixtures/...", actuators}, false, "it can modify, add and delete entries"},
		{"github.com/go-asn1-ber/", []string{"scanners/ldap/...", "fixtures/...", actuators}, false, "a request to write can be put together with it"},
		{"github.com/jcmturner/", []string{"scanners/ldap/...", "fixtures/...", actuators}, false, "Kerberos is spoken to directories only"},
		{"github.com/jimlambrt/gldap", []string{"fixtures/..."}, true, "it is a server for tests and the demo"},
		{"github.com/microsoftgraph/", []string{"scanners/entra/...", actuators}, false, "it can patch, post and delete, and takes minutes to compile"},
		{"github.com/microsoft/kiota", []string{"scanners/entra/...", actuators}, false, "it sends what the Graph SDK builds"},
		{"github.com/Azure/azure-sdk-for-go/", []string{"scanners/entra/...", actuators}, false, "it gets tokens for Graph"},
		{"github.com/okta/", []string{"scanners/okta/...", actuators, "fixtures/okta/contract"}, false, "it can deactivate and delete"},
		{"github.com/xuri/", []string{"reports/...", "scanners/table/..."}, true, "a workbook is one form of report and one form of input"},
		{"github.com/parquet-go/", []string{"cmd/internal/runstore/...", "scanners/table/..."}, true, "Parquet is one form of file and the form of snapshots"},
		{"modernc.org/", []string{"cmd/internal/runstore/...", "scanners/sqldb/readonly"}, true, "the run store keeps state, and one package opens databases that are sources"},
		{"github.com/jackc/", []string{"scanners/sqldb/readonly"}, true, "whoever holds a connection can write: one small package holds it, and hands out what only reads"},
		{"github.com/go-sql-driver/", []string{"scanners/sqldb/readonly"}, true, "whoever holds a connection can write: one small package holds it, and hands out what only reads"},
		{"github.com/microsoft/go-mssqldb", []string{"scanners/sqldb/readonly"}, true, "whoever holds a connection can write: one small package holds it, and hands out what only reads"},
		{"github.com/pressly/goose", []string{"cmd/internal/runstore/..."}, false, "only the run store keeps state"},
		{"database/sql", []string{"cmd/internal/runstore/...", "scanners/sqldb/readonly"}, true, "the run store keeps state, and one package opens databases that are sources"},
		{"cel.dev/", []string{"policies"}, false, "hooks are compiled and limited in one place"},
		{"github.com/itchyny/gojq", []string{"scanners/rest"}, false, "expressions over records are compiled and limited in one place"},
		{"github.com/wneessen/go-mail", []string{"cmd/internal/notify/..."}, false, "mail tells of runs, and nothing else sends any"},
		{"github.com/schollz/progressbar", []string{"cmd/..."}, false, "connectors report no progress, the runner counts what they emit"},
		{"github.com/spf13/", []string{"cmd/leaver", "cmd/leaver-remediate"}, false, "flags are the business of the programs"},
	}
}

func strayLibrary(f *file, dir, imported string) string {
	for _, l := range libraries() {
		if strings.HasPrefix(imported, l.prefix) && !within(dir, l.home...) && !(f.test && l.tests) {
			return "belongs in " + strings.Join(l.home, ", ") + ": " + l.reason
		}
	}
	return ""
}

func impure(f *file, dir, imported string) string {
	if f.test || !within(dir, "reconcile/...", "policies/...") {
		return ""
	}
	if within(imported, "os/...", "net", "net/http/...", "database/sql", "log/...", "math/rand/...", "io/ioutil", "syscall") {
		return "not in " + dir
	}
	return ""
}

func strayTesting(f *file, dir, imported string) string {
	if f.test || within(dir, testHelpers...) || !within(imported, "testing/...", "net/http/httptest") {
		return ""
	}
	return "only in tests, in scanners/scannertest and below fixtures"
}
