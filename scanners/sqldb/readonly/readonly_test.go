package readonly

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestHandleOnlyReads: a handle can ask and be closed, its rows can be read and closed, and neither shows what is behind it.
func TestHandleOnlyReads(t *testing.T) {
	for _, test := range []struct {
		typ  reflect.Type
		want []string
	}{
		{reflect.TypeFor[*Handle](), []string{"Close", "Query"}},
		{reflect.TypeFor[*Rows](), []string{"Close", "Columns", "Err", "Next", "Types", "Values"}},
	} {
		var got []string
		for i := range test.typ.NumMethod() {
			got = append(got, test.typ.Method(i).Name)
			for j := range test.typ.Method(i).Type.NumOut() {
				if out := test.typ.Method(i).Type.Out(j); strings.Contains(out.PkgPath()+out.String(), "sql.") {
					t.Errorf("%v.%s hands out a %v", test.typ, got[i], out)
				}
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%v has the methods %v, want %v", test.typ, got, test.want)
		}
		for i := range test.typ.Elem().NumField() {
			if f := test.typ.Elem().Field(i); f.IsExported() || f.Anonymous {
				t.Errorf("%v shows its field %s", test.typ, f.Name)
			}
		}
	}
}

// writing are the methods of database/sql and of the drivers by which something could be changed or kept.
var writing = []string{"Exec", "ExecContext", "Prepare", "PrepareContext", "Stmt", "StmtContext", "Commit", "Raw", "Begin", "SendBatch", "CopyFrom"}

// TestSourceNeverWrites reads the code of this package: no call by any of those names is in it, however it may be reached.
func TestSourceNeverWrites(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 6 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, found := range calls(t, name, nil) {
			t.Errorf("%s calls %s", name, found)
		}
	}
	for _, method := range writing {
		text := "package p\nfunc f() { x.y." + method + "(ctx) }"
		if found := calls(t, "planted.go", text); len(found) != 1 || found[0] != method {
			t.Errorf("a call of %s is not seen: %v", method, found)
		}
	}
}

func calls(t *testing.T, name string, text any) (found []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains(writing, s.Sel.Name) {
			found = append(found, s.Sel.Name)
		}
		return true
	})
	return found
}
