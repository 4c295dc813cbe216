package cmd_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestContributing adds the connector that CONTRIBUTING.md shows to a copy of the module, as the page says: its files, one line
// in scanners/all, `make docs`. Everything that looks at a connector has to be content, and the program has to know it.
func TestContributing(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped with -short: it builds the program once more")
	}
	text, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	eachFile(t, func(name string, text []byte) { put(t, filepath.Join(dir, name), string(text)) })
	added := regexp.MustCompile("(?ms)^```go\n// (scanners/badge/\\w+\\.go)\n\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	if len(added) != 3 {
		t.Fatalf("%d files of the example found on the page", len(added))
	}
	for _, file := range added {
		put(t, filepath.Join(dir, file[1]), file[2])
	}
	list := filepath.Join(dir, "scanners", "all", "all.go")
	source, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	listed := strings.Replace(string(source), "return []scanners.Kind{\n", "return []scanners.Kind{\n\t\tbadge.Kind(),\n", 1)
	put(t, list, strings.Replace(listed, "\"\n)", "\"\n\t\""+module+"/scanners/badge\"\n)", 1))

	in := func(program string, args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), program, args...)
		c.Dir = dir
		c.Env = append(os.Environ(), "TOKEN=s3cret")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", c, err, out)
		}
		return string(out)
	}
	if bad := in("gofmt", "-l", "scanners/badge"); bad != "" {
		t.Errorf("not formatted by gofmt: %s", bad)
	}
	in("go", "vet", "./scanners/badge")
	in("go", "test", "./scanners/badge", "-update")
	in("go", "test", "./cmd", "-run", "^(TestConnectorPages|TestFaultMatrix)$", "-update")
	in("go", "test", "./scanners/badge", "./scanners/all")
	in("go", "test", "./cmd", "-run", "^(TestHouseRules|TestConnectorPages|TestFaultMatrix|TestConnectorsAreWhole)$")
	in("go", "build", "-o", "leaver", "./cmd/leaver")
	usesExample(t, dir, in)
}

// usesExample runs the program with a source of the new kind.
func usesExample(t *testing.T, dir string, in func(string, ...string) string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		fmt.Fprint(w, `{"total":1,"people":[{"id":"p1","login":"jdoe","active":true,"swipe":"2026-02-27T08:00:00Z"}],"next":""}`)
	}))
	defer server.Close()
	put(t, filepath.Join(dir, "hr.csv"), "id,mail,end\n1001,jdoe@corp.example,2025-03-31\n1002,eve@corp.example,\n")
	put(t, filepath.Join(dir, "leaver.yaml"), fmt.Sprintf(`organisation: Example
timezone: UTC
state: state
people: [{name: hr, kind: table, path: hr.csv, columns: {id: id, mail: mail, end: end}, last_day: inclusive}]
sources: [{name: doors, kind: badge, url: %q, token: "env:TOKEN"}]
correlation: {keys: [employee_id, mail]}
thresholds: {profile: custom, dormant: 90d, never_used: 45d}
`, server.URL))
	var result struct {
		Sources []struct {
			Name, Coverage string
			Read           int
		}
	}
	out := in("./leaver", "run", "--json")
	if err := json.Unmarshal([]byte(out[strings.Index(out, "{"):]), &result); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(result.Sources) != 1 || result.Sources[0].Read != 1 || result.Sources[0].Coverage != "complete (proved)" {
		t.Errorf("leaver run read %+v", result.Sources)
	}
}

// put writes a file and the folders above it.
func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
