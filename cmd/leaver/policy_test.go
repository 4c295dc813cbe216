package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

// TestClausesOfRules: every clause that a deprovisioning rule can have is in the table of docs/policies.md with a case of the
// examples, every such case passes, and no clause of the examples is without cases both ways.
func TestClausesOfRules(t *testing.T) {
	docs := filepath.Join("..", "..", "docs")
	passed := map[string]bool{}
	for _, folder := range []string{"policies", filepath.Join("policies", "graceful")} {
		result := tryExamples(t, filepath.Join(docs, folder, "leaver.yaml"))
		for _, c := range result.Cases {
			passed[c.Name] = len(c.Wrong) == 0
		}
		for _, r := range result.Coverage {
			if untried := r.Untried(); len(untried) > 0 {
				t.Errorf("rule %q of the examples: %v", r.Rule, untried)
			}
		}
	}
	page, err := os.ReadFile(filepath.Join(docs, "policies.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| clause | example | case |\n|---|---|---|\n")
	clauses := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 3 {
			break
		}
		clauses++
		if name := strings.TrimSuffix(cells[2], " |"); !passed[name] {
			t.Errorf("%s: no case %q passes", cells[0], name)
		}
	}
	if clauses < 25 {
		t.Errorf("the table has %d clauses", clauses)
	}
}

// tryExamples runs the cases beside the rules of a configuration.
func tryExamples(t *testing.T, path string) tested {
	t.Helper()
	var out, errOut bytes.Buffer
	if code := run(t.Context(), []string{"policy", "test", "--json", "-c", path}, &out, &errOut); code != exitOK {
		t.Fatalf("%s: exit %d\n%s%s", path, code, out.String(), errOut.String())
	}
	var result tested
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		t.Fatal(err)
	}
	return result
}

// TestExamplesFitTheSchemas: what an editor says of the examples and the starter is what leaver says.
func TestExamplesFitTheSchemas(t *testing.T) {
	examples := filepath.Join("..", "..", "docs", "policies")
	for what, files := range map[string][]string{"policy": {"policies/clauses.yaml", "graceful/policies/contractor.yaml", "graceful/policies/retirement.yaml"},
		"cases": {"policies/clauses.test.yaml", "graceful/policies/contractor.test.yaml", "graceful/policies/retirement.test.yaml"}} {
		var out bytes.Buffer
		if code := run(t.Context(), []string{"policy", "schema", what}, &out, &out); code != exitOK {
			t.Fatalf("exit %d: %s", code, out.String())
		}
		doc, err := jsonschema.UnmarshalJSON(&out)
		if err != nil {
			t.Fatal(err)
		}
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource("own.json", doc); err != nil {
			t.Fatal(err)
		}
		schema, err := compiler.Compile("own.json")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(filepath.Join(examples, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, document := range strings.Split(string(text), "\n---\n") {
				var value any
				if err := yaml.Load([]byte(document), &value); err != nil {
					t.Fatal(err)
				}
				if err := schema.Validate(plainText(value)); err != nil {
					t.Errorf("%s: %v\n%s", name, err, document)
				}
			}
		}
		if schema.Validate(map[string]any{"name": "a", "trigger": map[string]any{}, "action": "lock", "cases": []any{}, "grase": 1}) == nil {
			t.Errorf("%s: a misspelt key fits", what)
		}
		if what == "policy" && schema.Validate(map[string]any{"name": "a", "trigger": map[string]any{}}) == nil {
			t.Error("a rule without action and stages fits")
		}
	}
}

// plainText writes dates as text, which is how an editor sees them.
func plainText(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		return value
	}
	var plain any
	if json.Unmarshal(bytes.ReplaceAll(text, []byte("T00:00:00Z"), nil), &plain) != nil {
		return value
	}
	return plain
}
