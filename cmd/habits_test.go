package cmd_test

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

func habitRules() []rule {
	return []rule{
		{
			name: "no init",
			reason: "what happens at start must be readable from main on; registration by init makes the program depend on " +
				"what else is linked. A list is returned by a function, as in scanners/all",
			check: noInit,
		},
		{
			name: "the clock is passed in",
			reason: "a night must be re-performable: the same inputs and the same as-of give the same report. Only cmd looks at " +
				"the clock",
			check: banned(ban{
				path: "time", names: []string{"Now", "Since", "Until"},
				except: []string{"cmd/...", "fixtures/demo/...", "fixtures/servers/...", "scanners/scannertest"},
				advice: "take the time as an argument or from Env.Now",
			}),
		},
		{
			name: "no client of our own making",
			reason: "the transport that is handed in refuses every request that could write, goes through the proxy of the " +
				"configuration and reaches listed hosts only; a client made on the spot does none of it",
			check: func(p *pkg) []fault { return append(noHTTPDefaults(p), noHTTPClient(p)...) },
		},
		{
			name: "the environment is read in one place",
			reason: "what a run depends on is sealed with it; a variable read elsewhere would be an input that nobody sees. " +
				"Secrets come as references through the configuration",
			check: banned(ban{
				path: "os", names: []string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"},
				except: []string{"cmd/internal/config/...", "fixtures/servers/..."},
				advice: "let cmd/internal/config read it (fixtures/servers may ask for CI, which turns a missing server into a failure)",
			}),
		},
		{
			name:   "printing is for programs",
			reason: "stdout carries the result of a command and nothing else; a stage that prints would corrupt --json",
			check: banned(ban{
				path: "fmt", names: []string{"Print", "Printf", "Println"},
				except: []string{"cmd/...", "reports/...", "fixtures/demo/..."},
				advice: "return the text or write to an io.Writer",
			}),
		},
	}
}

// ban forbids some functions of one package outside some folders; tests may use them.
type ban struct {
	path   string
	names  []string
	except []string
	advice string
}

func banned(b ban) func(*pkg) []fault {
	return func(p *pkg) []fault {
		if within(p.dir, b.except...) {
			return nil
		}
		return p.selectors(func(importPath, name string) string {
			if importPath != b.path || !slices.Contains(b.names, name) {
				return ""
			}
			return fmt.Sprintf("%s.%s in %s: %s", b.path, name, p.dir, b.advice)
		})
	}
}

// selectors asks wrong for every name of another package that the product's files use.
func (p *pkg) selectors(wrong func(importPath, name string) string) []fault {
	var faults []fault
	for _, f := range p.product() {
		ast.Inspect(f.File, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if importPath, name := p.selected(s); importPath != "" {
					if text := wrong(importPath, name); text != "" {
						faults = append(faults, p.fault(n, "%s", text))
					}
				}
			}
			return true
		})
	}
	return faults
}

func noInit(p *pkg) []fault {
	var faults []fault
	for _, f := range p.files {
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				faults = append(faults, p.fault(fn, "func init"))
			}
		}
	}
	return faults
}

func noHTTPDefaults(p *pkg) []fault {
	names := []string{"DefaultClient", "DefaultTransport", "Get", "Head", "Post", "PostForm"}
	return p.selectors(func(importPath, name string) string {
		if importPath != "net/http" || !slices.Contains(names, name) {
			return ""
		}
		return "http." + name + ": use the transport that is handed in"
	})
}

// noHTTPClient finds values of http.Client in scanners, however they are made.
func noHTTPClient(p *pkg) []fault {
	if !within(p.dir, "scanners/...") || p.dir == "scanners/internal/api" { // which makes the clients that SDKs want
		return nil
	}
	return p.selectors(func(importPath, name string) string {
		if importPath != "net/http" || name != "Client" {
			return ""
		}
		return "http.Client: a connector sends its requests through Env.HTTP"
	})
}

// notes are the comments of a declaration that hold text, directives aside.
func notes(docs ...*ast.CommentGroup) string {
	var text strings.Builder
	for _, doc := range docs {
		text.WriteString(doc.Text())
	}
	return strings.TrimSpace(text.String())
}
