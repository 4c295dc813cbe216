// Package cmd_test holds the rules of the house as tests: what may import what, which habits are kept everywhere, what
// the nightly program is linked from, and that the generated pages of docs/ agree with the code.
//
// Each rule says why it exists. For each there is a planted violation in planted_test.go, so that a rule which has gone
// blind is noticed.
package cmd_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/leaver-audit/leaver"
	root   = ".." // of the module, seen from this folder
)

// rule is one rule of the house for the packages of the module.
type rule struct {
	name string
	// reason is what the rule is for. It is printed with every violation.
	reason string
	check  func(*pkg) []fault
}

// fault is one violation.
type fault struct {
	pos  token.Position
	text string
}

// pkg is one folder with Go files, its external tests included.
type pkg struct {
	dir   string // below the module's root, with slashes; "." for the root itself
	fset  *token.FileSet
	files []*file
	// uses says what each name in the files that are not tests refers to. Other packages are known by path only.
	uses  map[*ast.Ident]types.Object
	scope *types.Scope
}

// file is one Go file.
type file struct {
	*ast.File
	name string // below the module's root
	test bool
}

func (p *pkg) fault(at ast.Node, format string, args ...any) fault {
	return fault{p.fset.Position(at.Pos()), fmt.Sprintf(format, args...)}
}

// product are the files that are not tests.
func (p *pkg) product() []*file {
	return slices.DeleteFunc(slices.Clone(p.files), func(f *file) bool { return f.test })
}

// within reports whether dir matches one of the patterns: a folder, or a folder and all below it ("scanners/...").
func within(dir string, patterns ...string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		tree, isTree := strings.CutSuffix(pattern, "/...")
		return dir == tree || isTree && strings.HasPrefix(dir, tree+"/")
	})
}

func TestHouseRules(t *testing.T) {
	pkgs := parse(t, sources(t))
	if len(pkgs) < 5 {
		t.Fatalf("only %d packages found below %s", len(pkgs), root)
	}
	for _, rule := range rules() {
		t.Run(rule.name, func(t *testing.T) {
			var faults []fault
			for _, p := range pkgs {
				faults = append(faults, rule.check(p)...)
			}
			if len(faults) > 0 {
				t.Errorf("\n%sthe rule is there because %s", describe(faults), rule.reason)
			}
		})
	}
}

// describe gives the faults as text, one a line.
func describe(faults []fault) string {
	var text strings.Builder
	for _, f := range faults {
		fmt.Fprintf(&text, "%s:%d: %s\n", f.pos.Filename, f.pos.Line, f.text)
	}
	return text.String()
}

func rules() []rule { return slices.Concat(importRules(), habitRules(), stateRules(), shapeRules()) }

// sources reads every Go file of the module: name below the root, text.
func sources(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	eachFile(t, func(name string, text []byte) {
		if strings.HasSuffix(name, ".go") && !strings.HasPrefix(name, ".ci/") && !strings.Contains(name, "testdata/") {
			texts[name] = string(text)
		}
	})
	return texts
}

// notCommitted are folders of the root that git ignores, or its own.
var notCommitted = []string{".git", "bin", "demo", "tmp"}

// eachFile reads every file that is or could be committed.
func eachFile(t *testing.T, do func(name string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, at)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains(notCommitted, name) {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		do(filepath.ToSlash(name), text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// parse turns the texts of Go files into packages, sorted by folder.
func parse(t *testing.T, texts map[string]string) []*pkg {
	t.Helper()
	fset := token.NewFileSet()
	byDir := map[string]*pkg{}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		parsed, err := parser.ParseFile(fset, name, texts[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("not looked at: %v", err)
			continue
		}
		dir := path.Dir(name)
		if byDir[dir] == nil {
			byDir[dir] = &pkg{dir: dir, fset: fset}
		}
		byDir[dir].files = append(byDir[dir].files, &file{parsed, name, strings.HasSuffix(name, "_test.go")})
	}
	pkgs := slices.SortedFunc(maps.Values(byDir), func(a, b *pkg) int { return strings.Compare(a.dir, b.dir) })
	for _, p := range pkgs {
		p.resolve()
	}
	return pkgs
}

// resolve finds out what the names of a package mean. It is content with what can be known without the packages that
// this one imports: errors of the checker are no concern here, the compiler reports the real ones.
func (p *pkg) resolve() {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: hollow{}, Error: func(error) {}}
	var files []*ast.File
	for _, f := range p.product() {
		files = append(files, f.File)
	}
	checked, _ := config.Check(module+"/"+p.dir, p.fset, files, info)
	p.uses, p.scope = info.Uses, checked.Scope()
}

// hollow imports every package as an empty one of the right path.
type hollow struct{}

// Import gives the package the name that its path ends with, major version aside.
func (hollow) Import(at string) (*types.Package, error) {
	name := path.Base(at)
	if version, isVersion := strings.CutPrefix(name, "v"); isVersion {
		if _, err := strconv.Atoi(version); err == nil {
			name = path.Base(path.Dir(at))
		}
	}
	empty := types.NewPackage(at, name)
	empty.MarkComplete()
	return empty, nil
}

// selected is the path and name of a selector such as time.Now, or empty when x is not the name of a package.
func (p *pkg) selected(s *ast.SelectorExpr) (importPath, name string) {
	x, ok := s.X.(*ast.Ident)
	if !ok {
		return "", ""
	}
	imported, ok := p.uses[x].(*types.PkgName)
	if !ok {
		return "", ""
	}
	return imported.Imported().Path(), s.Sel.Name
}

// run runs a command in the root of the module and gives its standard output.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		said := ""
		if exit, ok := err.(*exec.ExitError); ok {
			said = string(exit.Stderr)
		}
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, said)
	}
	return string(out)
}

// missing skips the test for want of something, unless CI says that nothing may be wanting.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}
