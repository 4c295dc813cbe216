package cmd_test

import (
	"bytes"
	"strings"
	"testing"
)

// registries are the hosts of package registries. They are spelt in pieces so that this file does not name one.
func registries() []string {
	host := func(parts ...string) string { return strings.Join(parts, ".") }
	return []string{
		host("proxy", "golang", "org"), host("sum", "golang", "org"), host("registry", "npmjs", "org"), host("pypi", "org"),
		host("files", "pythonhosted", "org"), host("crates", "io"), host("rubygems", "org"), host("repo", "maven", "apache", "org"),
		host("deb", "debian", "org"), host("security", "debian", "org"), host("archive", "ubuntu", "com"),
		host("dl-cdn", "alpinelinux", "org"), host("registry-1", "docker", "io"),
	}
}

// TestNoRegistryIsNamed: packages come from wherever the machine at hand is set up to get them from, a mirror or an
// offline copy. A host written into a file would be wrong there, and would be asked behind the operator's back.
func TestNoRegistryIsNamed(t *testing.T) {
	files := 0
	eachFile(t, func(name string, text []byte) {
		files++
		if found := namedRegistry(text); found != "" {
			t.Errorf("%s names the package registry %s", name, found)
		}
	})
	if files < 50 {
		t.Errorf("only %d files were looked at", files)
	}
}

func namedRegistry(text []byte) string {
	text = bytes.ToLower(text)
	for _, host := range registries() {
		if bytes.Contains(text, []byte(host)) {
			return host
		}
	}
	return ""
}

func TestNamedRegistryIsFound(t *testing.T) {
	for _, host := range registries() {
		if namedRegistry([]byte("get it from https://"+strings.ToUpper(host)+"/x")) == "" {
			t.Errorf("%s is not found", host)
		}
	}
	if found := namedRegistry([]byte("go get golang.org/x/mod")); found != "" {
		t.Errorf("a module's path was taken for the registry %s", found)
	}
}
