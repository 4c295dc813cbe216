package cmd_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// These tests are the proof that leaver cannot change an account in a directory, in Entra ID or in Okta: the code that
// could is neither in a package that it is built from nor, for the parts of an SDK that the linker keeps, in the program.
// For SCIM, REST and SQL the proof is another one: the transport and the handles that connectors get refuse to write. That of
// SQL is in scanners/sqldb/readonly, and in the list of libraries, which keeps drivers and database/sql there.

// forbidden are packages that leaver may not be built from.
var forbidden = []struct{ prefix, reason string }{
	{module + "/cmd/leaver-remediate", "it holds the code that changes accounts"},
	{module + "/fixtures", "made-up companies and servers are for tests and the demo"},
	{module + "/scanners/scannertest", "it is for tests"},
	{"github.com/jimlambrt/gldap", "it is a server for tests and the demo"},
	{"testing", "it is for tests"},
}

// writers are the functions of SDKs that change something at the other end. Reading needs none of them, and the linker
// drops what is not called.
var writers = []struct {
	sdk, reason string
	symbol      *regexp.Regexp
}{
	{
		"go-ldap", "sends a request to modify, rename, add or delete an entry or to set a password",
		regexp.MustCompile(`^github\.com/go-ldap/ldap/v\d+\.\(\*Conn\)\.(Modify|ModifyWithResult|ModifyDN|Add|Del|PasswordModify)(\.|-|$)`),
	},
	{
		"go-ldap", "encodes such a request",
		regexp.MustCompile(`^github\.com/go-ldap/ldap/v\d+\.(\(\*(Modify|ModifyDN|Add|Del|PasswordModify)Request\)\.|New(Modify|ModifyDN|Add|Del|PasswordModify)Request)`),
	},
	{
		"Okta", "changes a user, a group, a session or an application",
		regexp.MustCompile(`^github\.com/okta/okta-sdk-golang/v\d+/okta\.\(\*\w+Resource\)\.\w*(Deactivate|Suspend|Clear|Delete|Remove|Revoke|Update|Create|Assign|Reset|Expire|Activate|Unlock|Change)`),
	},
	{
		"Graph", "sends a request that is not a GET",
		regexp.MustCompile(`^github\.com/microsoftgraph/msgraph-(beta-)?sdk-go/.*\.\(\*\w+RequestBuilder\)\.(To)?(Patch|Post|Put|Delete)`),
	},
}

// caught lists the symbols that are among the writers, each with what it does.
func caught(symbols []string) []string {
	var found []string
	for _, symbol := range symbols {
		for _, w := range writers {
			if w.symbol.MatchString(symbol) {
				found = append(found, fmt.Sprintf("%s (%s: %s)", symbol, w.sdk, w.reason))
			}
		}
	}
	return found
}

func TestLeaverIsBuiltFromNothingThatWrites(t *testing.T) {
	deps := strings.Fields(run(t, "go", "list", "-deps", "./cmd/leaver"))
	if !slices.Contains(deps, module+"/cmd/leaver") {
		t.Fatalf("cmd/leaver is not among its own packages: %q", deps)
	}
	for _, dep := range deps {
		for _, f := range forbidden {
			if dep == f.prefix || strings.HasPrefix(dep, f.prefix+"/") {
				t.Errorf("cmd/leaver is built from %s: %s", dep, f.reason)
			}
		}
	}
}

// TestForbiddenPackagesAreSeen asks the same question of the other program, which does import what leaver may not.
func TestForbiddenPackagesAreSeen(t *testing.T) {
	deps := strings.Fields(run(t, "go", "list", "-deps", "-test", "./cmd/leaver-remediate"))
	for _, want := range []string{module + "/cmd/leaver-remediate", "testing"} {
		if !slices.Contains(deps, want) {
			t.Errorf("%s is not listed: the list of packages is not read rightly", want)
		}
	}
}

// TestLeaverCannotWrite reads the symbol table of leaver as `make build` builds it.
func TestLeaverCannotWrite(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		missing(t, "make is not installed: the symbol table of leaver was not looked at")
	}
	dir := t.TempDir()
	run(t, "make", "build", "BIN="+dir)
	symbols := symbolTable(t, filepath.Join(dir, "leaver"))
	if !slices.Contains(symbols, "main.main") {
		t.Fatal("leaver has no symbol table: nothing is proved")
	}
	reads := []string{"github.com/go-ldap/ldap/v3.(*Conn).Search", "github.com/okta/okta-sdk-golang/v2/okta.(*RequestExecutor).Do"}
	if withGraph(t) {
		reads = append(reads, "github.com/microsoftgraph/msgraph-sdk-go/users.(*UsersRequestBuilder).ToGetRequestInformation")
	}
	for _, prefix := range reads {
		if !slices.ContainsFunc(symbols, func(symbol string) bool { return strings.HasPrefix(symbol, prefix) }) {
			t.Errorf("leaver does not hold %s: the patterns no longer fit the SDK, or the connector is not linked", prefix)
		}
	}
	found := caught(symbols)
	for _, writer := range found {
		t.Errorf("leaver contains %s", writer)
	}
	if len(found) > 0 {
		t.Log("hint: if nothing calls it, a value of the SDK has become an interface or the type argument of a generic " +
			"function; this tells where:\n\tgo build -ldflags=-dumpdep -o /dev/null ./cmd/leaver 2>&1 | grep -E 'ldap.*UsedInIface'")
	}
}

// withGraph reports whether programs are built with the Graph SDK, as they are without the tag noentra.
func withGraph(t *testing.T) bool {
	t.Helper()
	return strings.Contains(run(t, "go", "list", "-f", "{{.GoFiles}}", "./scanners/entra"), " graph.go ")
}

// TestWriterIsCaught builds programs that write, one that could, and one that only reads.
func TestWriterIsCaught(t *testing.T) {
	for _, program := range []struct {
		name string
		want []string // each has to be part of a symbol that is caught
	}{
		{"writer", []string{"(*Conn).Modify ", "(*Conn).Del "}},
		{"leaky", []string{"(*Conn).Modify ", "(*Conn).PasswordModify "}},
		{"patcher", []string{"(*UserItemRequestBuilder).Patch ", "(*UserItemRequestBuilder).ToPatchRequestInformation "}},
		{"reader", nil},
	} {
		t.Run(program.name, func(t *testing.T) {
			if program.name == "patcher" && !withGraph(t) {
				missing(t, "the Graph SDK is left out: no program that patches was built")
			}
			binary := filepath.Join(t.TempDir(), program.name)
			run(t, "go", "build", "-o", binary, "./cmd/testdata/"+program.name)
			found := caught(symbolTable(t, binary))
			if len(program.want) == 0 && len(found) > 0 {
				t.Errorf("caught for nothing: %q", found)
			}
			for _, want := range program.want {
				if !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, want) }) {
					t.Errorf("%q was not caught, only %q", want, found)
				}
			}
		})
	}
}

func TestWritersMatchSymbols(t *testing.T) {
	tests := []struct {
		name, symbol string
		writes       bool
	}{
		{"LDAP modify", "github.com/go-ldap/ldap/v3.(*Conn).Modify", true},
		{"closure of LDAP add", "github.com/go-ldap/ldap/v3.(*Conn).Add.func1", true},
		{"LDAP password as a value", "github.com/go-ldap/ldap/v3.(*Conn).PasswordModify-fm", true},
		{"LDAP delete request", "github.com/go-ldap/ldap/v3.(*DelRequest).appendTo", true},
		{"LDAP search", "github.com/go-ldap/ldap/v3.(*Conn).Search", false},
		{"LDAP attribute of a search result", "github.com/go-ldap/ldap/v3.(*Entry).GetAttributeValues", false},
		{"Okta deactivate", "github.com/okta/okta-sdk-golang/v2/okta.(*UserResource).DeactivateUser", true},
		{"Okta suspend", "github.com/okta/okta-sdk-golang/v2/okta.(*UserResource).SuspendUser", true},
		{"Okta sessions", "github.com/okta/okta-sdk-golang/v2/okta.(*UserResource).ClearUserSessions", true},
		{"Okta application", "github.com/okta/okta-sdk-golang/v2/okta.(*ApplicationResource).DeleteApplicationUser", true},
		{"Okta list", "github.com/okta/okta-sdk-golang/v2/okta.(*UserResource).ListUsers", false},
		{"Okta cache of responses", "github.com/okta/okta-sdk-golang/v2/okta/cache.(*GoCache).Delete", false},
		{"Graph patch", "github.com/microsoftgraph/msgraph-sdk-go/users.(*UserItemRequestBuilder).Patch", true},
		{"Graph delete request", "github.com/microsoftgraph/msgraph-sdk-go/users.(*UserItemRequestBuilder).ToDeleteRequestInformation", true},
		{"Graph revoke", "github.com/microsoftgraph/msgraph-sdk-go/users.(*ItemRevokeSignInSessionsRequestBuilder).Post", true},
		{"Graph get", "github.com/microsoftgraph/msgraph-sdk-go/users.(*UsersRequestBuilder).ToGetRequestInformation", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if found := caught([]string{test.symbol}); (len(found) > 0) != test.writes {
				t.Errorf("caught %q, want writes=%v", found, test.writes)
			}
		})
	}
}

// symbolTable gives the names of all symbols of a program.
func symbolTable(t *testing.T, program string) []string {
	t.Helper()
	var symbols []string
	for line := range strings.Lines(run(t, "go", "tool", "nm", program)) {
		if fields := strings.Fields(line); len(fields) >= 3 { // address, sort, name; the address is missing for undefined ones
			symbols = append(symbols, fields[2])
		}
	}
	return symbols
}
