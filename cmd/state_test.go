package cmd_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

func stateRules() []rule {
	return []rule{{
		name: "no package-level state",
		reason: "a variable of a package is shared by every run, test and goroutine of the process: two sources scanned side " +
			"by side would meet in it, and a run would depend on the one before. What stays are errors to compare with, " +
			"compiled expressions, embedded files and tables that nobody writes to",
		check: func(p *pkg) []fault { return append(variables(p), writes(p)...) },
	}}
}

// makers are the functions whose results may be kept in a package-level variable, because they cannot be changed.
var makers = []string{"errors.New", "fmt.Errorf", "regexp.MustCompile", "template.Must", "strings.NewReplacer", "big.NewInt", "language.MustParse"}

// stamped are the variables of the programs that the linker fills in, see Makefile.
var stamped = []string{"stamped", "revision"}

// variables finds package-level variables of a sort that invites change.
func variables(p *pkg) []fault {
	var faults []fault
	for _, f := range p.product() {
		for _, decl := range f.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.VAR {
				continue
			}
			for _, spec := range gen.Specs {
				faults = append(faults, p.variable(gen, spec.(*ast.ValueSpec))...)
			}
		}
	}
	return faults
}

func (p *pkg) variable(gen *ast.GenDecl, spec *ast.ValueSpec) []fault {
	var faults []fault
	for i, name := range spec.Names {
		switch {
		case name.Name == "_", embedded(gen.Doc), embedded(spec.Doc):
		case slices.Contains(stamped, name.Name) && len(spec.Values) == 0 && within(p.dir, "cmd/leaver", "cmd/leaver-remediate"):
		case i >= len(spec.Values):
			faults = append(faults, p.fault(name, "var %s has no value: it waits to be written", name.Name))
		case !constant(name.Name, spec.Values[i]):
			faults = append(faults, p.fault(name, "var %s: make it a constant, a function, or a field of what uses it", name.Name))
		}
	}
	return faults
}

// constant reports whether the value of a variable is of a sort that may stay.
func constant(name string, value ast.Expr) bool {
	switch v := value.(type) {
	case *ast.CompositeLit:
		return true
	case *ast.UnaryExpr:
		_, literal := v.X.(*ast.CompositeLit)
		return literal && v.Op == token.AND && strings.HasPrefix(strings.ToLower(name), "err")
	case *ast.CallExpr:
		if _, conversion := v.Fun.(*ast.ArrayType); conversion {
			return true
		}
		return slices.Contains(makers, types.ExprString(v.Fun))
	}
	return false
}

func embedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// writes finds the places that change a package-level variable or hand out its address.
func writes(p *pkg) []fault {
	var faults []fault
	report := func(at ast.Expr, how string) {
		if name := p.global(at); name != "" {
			faults = append(faults, p.fault(at, "%s %s, a variable of a package", how, name))
		}
	}
	for _, f := range p.product() {
		ast.Inspect(f.File, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, left := range n.Lhs {
						report(left, "assigns to")
					}
				}
			case *ast.IncDecStmt:
				report(n.X, "changes")
			case *ast.RangeStmt:
				if n.Tok == token.ASSIGN {
					report(n.Key, "assigns to")
					report(n.Value, "assigns to")
				}
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					report(n.X, "takes the address of")
				}
			case *ast.CallExpr:
				if len(n.Args) > 0 && p.changes(n.Fun) {
					report(n.Args[0], "changes")
				}
			}
			return true
		})
	}
	return faults
}

// changes reports whether a function changes its first argument: a builtin, or one that sorts in place.
func (p *pkg) changes(fun ast.Expr) bool {
	switch f := fun.(type) {
	case *ast.Ident:
		_, builtin := p.uses[f].(*types.Builtin)
		return builtin && slices.Contains([]string{"delete", "clear", "copy"}, f.Name)
	case *ast.SelectorExpr:
		importPath, name := p.selected(f)
		return importPath == "sort" && !strings.HasPrefix(name, "Search") ||
			importPath == "slices" && (name == "Sort" || name == "SortFunc" || name == "SortStableFunc" || name == "Reverse") ||
			importPath == "maps" && (name == "Copy" || name == "DeleteFunc" || name == "Insert")
	}
	return false
}

// global is the name of the package-level variable that an expression is a part of, or empty.
func (p *pkg) global(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		if v, ok := p.uses[x].(*types.Var); ok && v.Parent() == p.scope {
			return x.Name
		}
	case *ast.SelectorExpr:
		if importPath, name := p.selected(x); importPath != "" {
			if ast.IsExported(name) {
				return importPath + "." + name
			}
			return ""
		}
		return p.global(x.X)
	case *ast.IndexExpr:
		return p.global(x.X)
	case *ast.SliceExpr:
		return p.global(x.X)
	case *ast.StarExpr:
		return p.global(x.X)
	case *ast.ParenExpr:
		return p.global(x.X)
	}
	return ""
}
