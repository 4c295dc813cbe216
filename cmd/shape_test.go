package cmd_test

import (
	"go/ast"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

func shapeRules() []rule {
	return []rule{
		{
			name: "no channels in the API",
			reason: "whoever stops reading a channel leaks the goroutine that writes to it, and a channel has no place for the " +
				"final answer, which here is the coverage. Callbacks where I/O is, iterators for what we stored",
			check: noChannels,
		},
		{
			name:   "every exported symbol is documented",
			reason: "units, zones, errors and the source of a fact stand nowhere else; a reader must not need the code behind it",
			check:  undocumented,
		},
		{
			name:   "every package has a comment",
			reason: "it is the manual of the package, and for connectors also the page in docs/connectors",
			check:  noPackageComment,
		},
		{
			name: "functions and files fit the eye",
			reason: "a function beyond 60 lines or a file beyond 500 is read by nobody as a whole; those that stay longer say why, " +
				"in the list oversized",
			check: tooLong,
		},
	}
}

const (
	maxFunc = 60
	maxFile = 500
)

// oversized are the functions ("file.go:Func") and files that may be longer, each with its reason.
var oversized = map[string]string{
	"reports/workbook_test.go": "short tests in a row, each of one promise of the workbook, read through the same few helpers",
}

// topLevel are the folders of the root, fixed when the program was ordered.
var topLevel = []string{"cmd", "scanners", "reconcile", "policies", "reports", "fixtures", "docs", ".ci"}

func TestTopLevelFolders(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !slices.Contains(topLevel, e.Name()) && !slices.Contains(notCommitted, e.Name()) {
			t.Errorf("folder %s at the top level: there is none but %s, so that a newcomer sees the whole flow in one listing",
				e.Name(), strings.Join(topLevel, ", "))
		}
	}
}

func TestOversizedListIsCurrent(t *testing.T) {
	long := map[string]bool{}
	for _, p := range parse(t, sources(t)) {
		for _, l := range p.lengths() {
			long[l.what] = l.lines > l.limit
		}
	}
	for what, reason := range oversized {
		if !long[what] {
			t.Errorf("%s is not too long, or is gone: take it off the list", what)
		}
		if reason == "" {
			t.Errorf("%s has no reason", what)
		}
	}
}

func noChannels(p *pkg) []fault {
	if !within(p.dir, "scanners/...", "reconcile/...", "policies/...", "reports/...") {
		return nil
	}
	var faults []fault
	p.exported(func(name string, node ast.Node, _ string) {
		for _, part := range public(node) {
			ast.Inspect(part, func(n ast.Node) bool {
				if c, ok := n.(*ast.ChanType); ok {
					faults = append(faults, p.fault(c, "%s has a channel in its signature", name))
				}
				return true
			})
		}
	})
	return faults
}

// public are the parts of an exported declaration that its users see: the signature of a function, the exported fields
// of a struct, the type of everything else.
func public(node ast.Node) []ast.Node {
	switch d := node.(type) {
	case *ast.FuncDecl:
		return []ast.Node{d.Type}
	case *ast.ValueSpec:
		if d.Type != nil {
			return []ast.Node{d.Type}
		}
	case *ast.TypeSpec:
		fields, ok := d.Type.(*ast.StructType)
		if !ok {
			return []ast.Node{d.Type}
		}
		var seen []ast.Node
		for _, field := range fields.Fields.List {
			if len(field.Names) == 0 || slices.ContainsFunc(field.Names, (*ast.Ident).IsExported) {
				seen = append(seen, field.Type)
			}
		}
		return seen
	}
	return nil
}

func undocumented(p *pkg) []fault {
	var faults []fault
	p.exported(func(name string, node ast.Node, doc string) {
		if doc == "" {
			faults = append(faults, p.fault(node, "%s has no comment", name))
		}
	})
	return faults
}

// exported visits the exported declarations of the product's files, with their comments. Of methods it visits those of
// exported types. A comment on a group of constants or variables counts for each of them.
func (p *pkg) exported(visit func(name string, node ast.Node, doc string)) {
	for _, f := range p.product() {
		for _, decl := range f.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				receiver := receiverOf(d)
				if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver)) {
					visit(strings.TrimPrefix(receiver+"."+d.Name.Name, "."), d, notes(d.Doc))
				}
			case *ast.GenDecl:
				exportedSpecs(d, visit)
			}
		}
	}
}

func exportedSpecs(d *ast.GenDecl, visit func(name string, node ast.Node, doc string)) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() {
				visit(s.Name.Name, s, notes(d.Doc, s.Doc, s.Comment))
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() {
					visit(name.Name, s, notes(d.Doc, s.Doc, s.Comment))
				}
			}
		}
	}
}

// receiverOf is the name of the type that a method belongs to.
func receiverOf(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	x := d.Recv.List[0].Type
	for {
		switch t := x.(type) {
		case *ast.StarExpr:
			x = t.X
		case *ast.IndexExpr:
			x = t.X
		case *ast.IndexListExpr:
			x = t.X
		case *ast.Ident:
			return t.Name
		default:
			return ""
		}
	}
}

func noPackageComment(p *pkg) []fault {
	files := p.product()
	if len(files) == 0 {
		return nil
	}
	want := "Package " + files[0].Name.Name + " "
	if files[0].Name.Name == "main" {
		want = ""
	}
	for _, f := range files {
		if text := f.Doc.Text(); text != "" && strings.HasPrefix(text, want) {
			return nil
		}
	}
	return []fault{p.fault(files[0].File, "no file of %s has a package comment that starts with %q", p.dir, want)}
}

// length is the length in lines of a file or of a function that is not a test.
type length struct {
	what  string
	node  ast.Node
	lines int
	limit int
}

func (p *pkg) lengths() []length {
	var all []length
	for _, f := range p.files {
		all = append(all, length{f.name, f.File, p.line(f.FileEnd), maxFile})
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && !f.test {
				all = append(all, length{f.name + ":" + fn.Name.Name, fn, p.line(fn.End()) - p.line(fn.Pos()) + 1, maxFunc})
			}
		}
	}
	return all
}

func (p *pkg) line(at token.Pos) int { return p.fset.Position(at).Line }

func tooLong(p *pkg) []fault {
	var faults []fault
	for _, l := range p.lengths() {
		if l.lines > l.limit && oversized[l.what] == "" {
			faults = append(faults, p.fault(l.node, "%s has %d lines, more than %d", l.what, l.lines, l.limit))
		}
	}
	return faults
}
