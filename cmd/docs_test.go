package cmd_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/leaver-audit/leaver/fixtures/company"
	"github.com/leaver-audit/leaver/fixtures/docs"
	"github.com/leaver-audit/leaver/scanners"
	"github.com/leaver-audit/leaver/scanners/all"
	"github.com/leaver-audit/leaver/scanners/scannertest"
)

var update = flag.Bool("update", false, "rewrite the generated parts of docs/")

// TestConnectorPages compares docs/connectors with the package comments and the configuration types of the connectors.
func TestConnectorPages(t *testing.T) {
	pages := map[string]string{}
	index := []string{
		"# Connectors", "",
		"The kinds of people and account sources. What all of them have in common is in [configuration](../configuration.md).", "",
	}
	for _, p := range parse(t, sources(t)) {
		name, isConnector := p.connector()
		if !isConnector {
			continue
		}
		page, synopsis := connectorPage(t, p, name)
		pages[name+".md"] = page
		index = append(index, fmt.Sprintf("- [`%s`](%s.md): %s", name, name, synopsis))
	}
	pages["README.md"] = generated("the connectors' package comments and kinds") + strings.Join(index, "\n") + "\n\n" + capabilities()
	dir := filepath.Join(root, "docs", "connectors")
	for name, text := range pages {
		docs.Compare(t, filepath.Join(dir, name), text, *update)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if pages[e.Name()] == "" {
			t.Errorf("docs/connectors/%s describes no connector", e.Name())
		}
	}
}

// capabilities is the table of what each connector can state of an account, from what the conformance suite holds it to.
func capabilities() string {
	kinds := all.Kinds()
	var text strings.Builder
	text.WriteString("## What each can state of an account\n\n| |")
	for _, k := range kinds {
		text.WriteString(" `" + k.Name + "` |")
	}
	text.WriteString("\n|---|" + strings.Repeat("---|", len(kinds)) + "\n")
	for _, row := range []struct {
		name string
		of   func(scanners.Facts) string
	}{
		{"enabled or disabled", func(f scanners.Facts) string { return f.Enabled }},
		{"last activity", func(f scanners.Facts) string { return f.LastActivity }},
		{"its precision", func(f scanners.Facts) string { return f.Precision }},
		{"created", func(f scanners.Facts) string { return f.Created }},
		{"grants", func(f scanners.Facts) string { return f.Grants }},
		{"licences", func(f scanners.Facts) string { return f.Licences }},
		{"privileged", func(f scanners.Facts) string { return f.Privileged }},
		{"manager, sponsor, owner", func(f scanners.Facts) string { return f.Manager }},
		{"proof of completeness", func(f scanners.Facts) string { return f.Completeness }},
		{"look-up of one account", func(f scanners.Facts) string { return f.Lookup }},
		{"rights that it needs", func(f scanners.Facts) string { return f.Rights }},
	} {
		text.WriteString("| " + row.name + " |")
		for _, k := range kinds {
			text.WriteString(" " + cmp.Or(strings.ReplaceAll(row.of(k.Facts), "|", "\\|"), "–") + " |")
		}
		text.WriteString("\n")
	}
	return text.String()
}

// TestFaultMatrix compares docs/faults.md with what the conformance suite saw: every connector against every fault.
func TestFaultMatrix(t *testing.T) {
	seen := map[string]map[string]string{} // connector, fault
	kinds := all.Kinds()
	for _, k := range kinds {
		text, err := os.ReadFile(filepath.Join(root, "scanners", k.Name, scannertest.OutcomesFile))
		if err != nil {
			t.Fatalf("%v: no test of %s keeps what the faults led to; see scannertest.Subject", err, k.Name)
		}
		var outcomes map[string]string
		if err := json.Unmarshal(text, &outcomes); err != nil {
			t.Fatalf("%s: %v", k.Name, err)
		}
		seen[k.Name] = outcomes
	}
	var page strings.Builder
	page.WriteString("# Faults\n\n" + generated("what the conformance suite saw (scanners/*/"+scannertest.OutcomesFile+")") +
		"What each connector makes of a system that misbehaves. The conformance suite (`scanners/scannertest`) plays every fault to every connector\n" +
		"whose system can have it, with 25 accounts to read, and fails when a scan with missing records is called complete, or when a fault that passes\n" +
		"by itself costs anything. A dash: the system or its protocol cannot have the fault. What else a connector is tried against is in its own tests.\n\n" +
		"| fault | has to be |")
	for _, k := range kinds {
		page.WriteString(" `" + k.Name + "` |")
	}
	page.WriteString("\n|---|---|" + strings.Repeat("---|", len(kinds)) + "\n")
	for _, f := range scannertest.Faults() {
		page.WriteString("| " + f.String() + " | " + f.Expected() + " |")
		for _, k := range kinds {
			page.WriteString(" " + cmp.Or(seen[k.Name][f.String()], "–") + " |")
			delete(seen[k.Name], f.String())
		}
		page.WriteString("\n")
	}
	for _, k := range kinds {
		for fault := range seen[k.Name] {
			t.Errorf("%s keeps an outcome of %q, which is no fault", k.Name, fault)
		}
	}
	docs.Compare(t, filepath.Join(root, "docs", "faults.md"), page.String(), *update)
}

// connector is the name of the connector that the package is, if it is one.
func (p *pkg) connector() (name string, is bool) {
	name, is = strings.CutPrefix(p.dir, "scanners/")
	return name, is && !strings.Contains(name, "/") && name != "all" && name != "scannertest"
}

// TestConnectorsAreWhole: a connector that is not on the list cannot be configured, and one that does not pass the
// conformance suite may take a short list for a complete one.
func TestConnectorsAreWhole(t *testing.T) {
	imports := map[string]map[string]bool{} // folder, then what its files import
	pkgs := parse(t, sources(t))
	for _, p := range pkgs {
		imports[p.dir] = map[string]bool{}
		p.eachImport(func(f *file, dir, imported string) string {
			imports[dir][strings.TrimPrefix(imported, module+"/")] = true
			return ""
		})
	}
	for _, p := range pkgs {
		if _, ok := p.connector(); !ok {
			continue
		}
		if !imports["scanners/all"][p.dir] {
			t.Errorf("%s is not listed in scanners/all", p.dir)
		}
		if !imports[p.dir]["scanners/scannertest"] {
			t.Errorf("no test of %s runs the conformance suite of scanners/scannertest", p.dir)
		}
	}
}

// TestConfigurationKeys compares the table of keys in docs/configuration.md with the types that leaver.yaml is read into.
func TestConfigurationKeys(t *testing.T) {
	var tables strings.Builder
	for _, p := range parse(t, sources(t)) {
		if p.dir != "cmd/internal/config" {
			continue
		}
		structs := p.structs()
		for _, part := range []struct{ name, title string }{
			{"document", "leaver.yaml"}, {"generic", "Every entry of `people` and `sources`"}, {"rule", "A rule in a file below `policies`"},
		} {
			fmt.Fprintf(&tables, "\n### %s\n\n%s", part.title, table(keysOf(structs, structs[part.name], "")))
		}
	}
	docs.ComparePart(t, filepath.Join(root, "docs", "configuration.md"), "keys", tables.String()+"\n", *update)
}

// TestSpecialSituations compares docs/situations.md with the situations that the invented company plays.
func TestSpecialSituations(t *testing.T) {
	var text strings.Builder
	text.WriteString("# Special situations\n\n" + generated("fixtures/company/situations.go") +
		"What leaver concludes where people, accounts and their keys are not as simple as one would like. An invented company plays\n" +
		"each of them; its event log, which knows the truth, is compared with the verdict on every account, night after night\n" +
		"(`go test ./reconcile -run TestTruth`), and with what the program reports (`make demo`). The numbers are the accounts that a\n" +
		"company of 100,000 has to hold of each situation, so that none disappears from the comparison.\n")
	group := ""
	for _, s := range company.Situations() {
		if s.Group != group {
			group = s.Group
			fmt.Fprintf(&text, "\n## %s%s\n\n| situation | what follows | accounts | played as |\n|---|---|---|---|\n", strings.ToUpper(group[:1]), group[1:])
		}
		least, cases := fmt.Sprintf("%d", s.Least), strings.Join(s.Cases, "; ")
		if s.Elsewhere != "" {
			least, cases = "–", "by the tests of `"+s.Elsewhere+"`"
		}
		fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", s.Name, s.Outcome, least, cases)
	}
	docs.Compare(t, filepath.Join(root, "docs", "situations.md"), text.String(), *update)
}

// TestExitCodes compares docs/exit-codes.md with the constants of the two programs.
func TestExitCodes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "exit-codes.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{} // code: whether a program gives it in this version
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		code := strings.Trim(cells[1], " *`")
		if _, err := strconv.Atoi(code); err == nil {
			documented[code] = !strings.Contains(line, "reserved")
		}
	}
	given := map[string]bool{}
	for _, p := range parse(t, sources(t)) {
		if within(p.dir, "cmd/leaver", "cmd/leaver-remediate") {
			maps.Copy(given, p.exitCodes())
		}
	}
	for code := range given {
		if !documented[code] {
			t.Errorf("exit code %s is not in docs/exit-codes.md", code)
		}
	}
	for code, inUse := range documented {
		if inUse && !given[code] {
			t.Errorf("docs/exit-codes.md tells of exit code %s, which no program gives; mark it as reserved", code)
		}
	}
	if len(given) < 5 {
		t.Errorf("only the exit codes %v were found in the programs", given)
	}
}

// exitCodes are the values of the package's constants that are named exit….
func (p *pkg) exitCodes() map[string]bool {
	codes := map[string]bool{}
	for _, f := range p.product() {
		ast.Inspect(f.File, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				for i, name := range spec.Names {
					if strings.HasPrefix(name.Name, "exit") && i < len(spec.Values) {
						if value, ok := spec.Values[i].(*ast.BasicLit); ok && value.Kind == token.INT {
							codes[value.Value] = true
						}
					}
				}
			}
			return true
		})
	}
	return codes
}

// upToDate fails when a file is not the wanted text, or writes it when asked to.
func generated(from string) string {
	return "<!-- generated from " + from + " by `make docs`, do not edit -->\n\n"
}

// connectorPage is the page of one connector and its one-line description.
func connectorPage(t *testing.T, p *pkg, name string) (page, synopsis string) {
	t.Helper()
	var files []*ast.File
	for _, f := range p.product() {
		files = append(files, f.File)
	}
	manual, err := doc.NewFromFiles(p.fset, files, module+"/"+p.dir, doc.PreserveAST)
	if err != nil {
		t.Fatal(err)
	}
	printer := manual.Printer()
	printer.HeadingLevel = 2
	printer.HeadingID = func(*comment.Heading) string { return "" }
	printer.DocLinkURL = func(l *comment.DocLink) string {
		if in, ours := strings.CutPrefix(l.ImportPath, module+"/"); ours {
			return "../../" + in
		}
		return "../../" + p.dir
	}
	page = generated(p.dir) + "# Connector `" + name + "`\n\n" + string(printer.Markdown(manual.Parser().Parse(manual.Doc)))
	structs := p.structs()
	for _, part := range []struct{ name, title string }{
		{"Config", "Keys"}, {"AccountConfig", "Keys of an account source"}, {"PeopleConfig", "Keys of a people source"},
	} {
		if structs[part.name] != nil {
			page += "\n## " + part.title + "\n\n" + table(keysOf(structs, structs[part.name], ""))
		}
	}
	synopsis = manual.Synopsis(manual.Doc)
	return page, strings.TrimPrefix(synopsis, "Package "+path.Base(p.dir)+" ")
}

// structs are the package's struct types by name.
func (p *pkg) structs() map[string]*ast.StructType {
	all := map[string]*ast.StructType{}
	for _, f := range p.product() {
		ast.Inspect(f.File, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if s, ok := spec.Type.(*ast.StructType); ok {
					all[spec.Name.Name] = s
				}
			}
			return true
		})
	}
	return all
}

// key is one key of the configuration with its description.
type key struct{ name, text string }

// keysOf lists the keys that a struct is read from, those of the structs in it included. The description is the doc tag
// of the field, else its comment.
func keysOf(structs map[string]*ast.StructType, s *ast.StructType, prefix string) []key {
	var keys []key
	for _, field := range s.Fields.List {
		if field.Tag == nil {
			continue
		}
		quoted, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			continue
		}
		tag := reflect.StructTag(quoted)
		name, options, _ := strings.Cut(tag.Get("yaml"), ",")
		typ, list := typeName(field.Type)
		if name == "-" || typ == "unsupported" {
			continue
		}
		if options == "inline" {
			keys = append(keys, keysOf(structs, structs[typ], prefix)...)
			continue
		}
		keys = append(keys, key{prefix + name, description(tag, field)})
		if inner := structs[typ]; inner != nil {
			keys = append(keys, keysOf(structs, inner, prefix+name+list+".")...)
		}
	}
	return keys
}

func description(tag reflect.StructTag, field *ast.Field) string {
	if text := tag.Get("doc"); text != "" {
		return text
	}
	return strings.Join(strings.Fields(notes(field.Doc, field.Comment)), " ")
}

// typeName is the name of a type of the same package, and "[]" when it is a list of it.
func typeName(x ast.Expr) (name, list string) {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name, ""
	case *ast.StarExpr:
		return typeName(x.X)
	case *ast.ArrayType:
		name, _ := typeName(x.Elt)
		return name, "[]"
	}
	return "", ""
}

func table(keys []key) string {
	var text strings.Builder
	text.WriteString("| key | meaning |\n|---|---|\n")
	for _, k := range keys {
		fmt.Fprintf(&text, "| `%s` | %s |\n", k.name, strings.ReplaceAll(k.text, "|", "\\|"))
	}
	return text.String()
}

// TestKeysOf plants the forms in which a configuration is written down.
func TestKeysOf(t *testing.T) {
	pkgs := parse(t, map[string]string{"scanners/x/a.go": `package x
type Config struct {
	Shared ` + "`yaml:\",inline\"`" + `
	URL string ` + "`yaml:\"url\" doc:\"Where | what.\"`" + `
	Items []Item ` + "`yaml:\"items,omitempty\"`" + ` // Several.
	Old *unsupported ` + "`yaml:\"old\"`" + `
	hidden int
}
type Shared struct {
	// Path is
	// long.
	Path *string ` + "`yaml:\"path\"`" + `
}
type Item struct {
	Name string ` + "`yaml:\"name\" doc:\"Its name.\"`" + `
}`})
	structs := pkgs[0].structs()
	want := "| key | meaning |\n|---|---|\n| `path` | Path is long. |\n| `url` | Where \\| what. |\n| `items` | Several. |\n| `items[].name` | Its name. |\n"
	if diff := gocmp.Diff(want, table(keysOf(structs, structs["Config"], ""))); diff != "" {
		t.Error(diff)
	}
	if names := slices.Sorted(maps.Keys(structs)); !slices.Equal(names, []string{"Config", "Item", "Shared"}) {
		t.Errorf("found the structs %q", names)
	}
}
