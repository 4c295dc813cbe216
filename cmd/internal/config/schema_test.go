package config

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/leaver-audit/leaver/scanners"
)

func compiled(t *testing.T, kinds []scanners.Kind) *jsonschema.Schema {
	t.Helper()
	text, err := Schema(kinds)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("leaver.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("leaver.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(t *testing.T, schema *jsonschema.Schema, text string) error {
	t.Helper()
	var value any
	if err := yaml.Load([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

func TestSchema(t *testing.T) {
	schema := compiled(t, fakeKinds())
	for name, text := range map[string]string{"smallest": smallest, "starter": Starter(),
		"one for a list": strings.Replace(smallest, "path: crm.csv", "path: crm.csv\n    dates: iso", 1),
		"a list":         strings.Replace(smallest, "path: crm.csv", "path: crm.csv\n    dates: [iso, serial]", 1),
		"gates":          smallest + "gates: {people_lost: {count: 3, percent: 2%}, max_age: 2d, overrides: [{gate: mail_drop, until: \"2026-12-01\", reason: r, owner: o}]}\n"} {
		if err := validate(t, schema, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string][2]string{
		"misspelt key":           {"timezone:", "timezon:"},
		"misspelt connector key": {"    last_day:", "    lastday:"},
		"unknown kind":           {"kind: table", "kind: tabel"},
		"unknown profile":        {"profile: custom", "profile: sox"},
		"duration":               {"dormant: 90d", "dormant: 90 days"},
		"unsupported key":        {"state: state", "state: state\nnotify: {to: x}"},
		"missing key":            {"state: state\n", ""},
	} {
		if err := validate(t, schema, strings.Replace(smallest, change[0], change[1], 1)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSchemaIsTheSameEveryTime(t *testing.T) {
	first, _ := Schema(fakeKinds())
	for range 5 {
		if again, _ := Schema(fakeKinds()); !bytes.Equal(first, again) {
			t.Fatal("two schemas differ")
		}
	}
}
