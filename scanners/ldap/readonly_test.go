package ldap

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCannotWrite reads the symbol table of a program that links the connector: the library's writing methods are not in it,
// although a call of methods by name keeps all that interfaces can reach.
func TestCannotWrite(t *testing.T) {
	t.Parallel()
	if found := writers(t, "reads"); len(found) > 0 {
		t.Errorf("the connector links %s", strings.Join(found, ", "))
	}
	if found := writers(t, "writes"); len(found) < 5 {
		t.Errorf("a program that stores the connection in an interface links only %v: this test would notice nothing", found)
	}
}

var writer = regexp.MustCompile(`go-ldap/ldap/v3\.\(\*Conn\)\.(Add|Del|Modify\w*|PasswordModify|Extended|SearchAsync|Syncrepl|DirSync\w*)$`)

func writers(t *testing.T, program string) []string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), program)
	if out, err := exec.Command("go", "build", "-o", binary, "./testdata/"+program).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	out, err := exec.Command("go", "tool", "nm", binary).Output()
	if err != nil {
		t.Fatalf("go tool nm: %v", err)
	}
	var found []string
	search := false
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := fields[len(fields)-1]
		search = search || strings.HasSuffix(name, "ldap/v3.(*Conn).Search")
		if m := writer.FindStringSubmatch(name); m != nil {
			found = append(found, m[1])
		}
	}
	if !search {
		t.Fatalf("%s has no symbol of a search: the symbol table is not what it should be", program)
	}
	return found
}
