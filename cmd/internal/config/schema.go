package config

import (
	"encoding"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// object is a JSON Schema under construction. encoding/json writes its keys in a fixed order.
type object = map[string]any

// described is implemented by configuration types that read themselves and know their own schema.
type described interface{ JSONSchema() map[string]any }

// Schema returns the JSON Schema (draft 2020-12) of leaver.yaml with the given connectors, for editors. It is derived from
// the types that [Load] fills. It is not stricter than Load, but knows nothing of rules between keys.
func Schema(kinds []scanners.Kind) ([]byte, error) {
	root := schemaOf(typeFor[document]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "leaver.yaml"
	root["required"] = []string{"organisation", "timezone", "state", "people", "sources", "correlation", "thresholds"}
	properties := root["properties"].(object)
	properties["people"].(object)["items"] = entrySchema(kinds, true)
	properties["sources"].(object)["items"] = entrySchema(kinds, false)
	for _, list := range []string{"people", "sources"} {
		properties[list].(object)["minItems"] = 1
	}
	tighten(properties)
	return json.MarshalIndent(root, "", "  ")
}

// ownSchema is the schema of another file than leaver.yaml.
func ownSchema(t reflect.Type, title string, required []string, tighten func(root object)) ([]byte, error) {
	root := schemaOf(t)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"], root["required"] = title, required
	if tighten != nil {
		tighten(root)
	}
	return json.MarshalIndent(root, "", "  ")
}

// tighten adds what the Go types cannot say: closed lists of words and mandatory keys.
func tighten(properties object) {
	enum := func(parent, key string, words []string) {
		properties[parent].(object)["properties"].(object)[key].(object)["enum"] = words
	}
	enum("thresholds", "profile", slices.Sorted(maps.Keys(reconcile.Profiles())))
	enum("correlation", "zeros", []string{"strip", "keep"})
	properties["thresholds"].(object)["required"] = []string{"profile"}
	properties["correlation"].(object)["required"] = []string{"keys"}
	properties["exclusions"].(object)["items"].(object)["required"] = []string{"id", "owner", "reason", "expires"}
	properties["break_glass"].(object)["items"].(object)["required"] = []string{"source", "account", "owner"}
	properties["schedule"].(object)["items"].(object)["required"] = []string{"name", "cron"}
	overrides := properties["gates"].(object)["properties"].(object)["overrides"].(object)["items"].(object)
	overrides["required"] = []string{"gate", "until", "reason", "owner"}
	overrides["properties"].(object)["gate"].(object)["enum"] = gateNames()
}

// entrySchema is the schema of one source: for each connector the generic keys and its own.
func entrySchema(kinds []scanners.Kind, people bool) object {
	var forms []any
	for _, kind := range kinds {
		open, fresh := kind.Accounts != nil, kind.Config
		if people {
			open, fresh = kind.People != nil, kind.PeopleConfig
		}
		if open {
			forms = append(forms, kindSchema(kind, fresh))
		}
	}
	if len(forms) == 1 {
		return forms[0].(object)
	}
	return object{"oneOf": forms}
}

func kindSchema(kind scanners.Kind, fresh func() any) object {
	entry := schemaOf(typeFor[generic]())
	properties := entry["properties"].(object)
	if fresh == nil {
		delete(entry, "additionalProperties")
	} else {
		own := schemaOf(reflect.TypeOf(fresh()).Elem())
		if keys, ok := own["properties"].(object); ok {
			maps.Copy(keys, properties)
			entry["properties"] = keys
		}
	}
	entry["properties"].(object)["kind"] = object{"const": kind.Name, "description": kind.Summary}
	entry["properties"].(object)["name"] = object{"type": "string", "pattern": slug.String()}
	entry["required"] = []string{"name", "kind"}
	return entry
}

// schemaOf derives the schema of one configuration type.
func schemaOf(t reflect.Type) object {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if own, ok := reflect.New(t).Interface().(described); ok {
		return own.JSONSchema()
	}
	if s, ok := customSchema(t); ok {
		return s
	}
	switch t.Kind() {
	case reflect.Struct:
		return structSchema(t)
	case reflect.Map:
		return object{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Slice:
		return object{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.String:
		return object{"type": []string{"string", "number", "boolean"}}
	default:
		return object{}
	}
}

// durationPattern is the form that ParseDuration reads.
const durationPattern = `([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?`

// customSchema knows the types that strict reads in their own way. Any other type that reads itself may be anything.
func customSchema(t reflect.Type) (object, bool) {
	switch t {
	case typeFor[yaml.Node]():
		return object{}, true
	case typeFor[unsupported]():
		return object{"not": object{}}, true
	case typeFor[time.Duration]():
		return object{"type": "string", "pattern": "^" + durationPattern + "$"}, true
	case typeFor[limit]():
		return object{"type": []string{"string", "integer"}, "minimum": 0, "maximum": 0,
			"pattern": "^(off|immediately|0|" + durationPattern + ")$"}, true
	case typeFor[Percent]():
		return object{"type": []string{"number", "string"}, "minimum": 0, "maximum": 100, "pattern": `^[0-9.]+%?$`}, true
	}
	value := reflect.New(t)
	if value.Type().Implements(typeFor[yaml.Unmarshaler]()) {
		return object{}, true
	}
	if value.Type().Implements(typeFor[selfReader]()) {
		if t.Kind() != reflect.Slice {
			return object{}, true
		}
		one := schemaOf(t.Elem()) // a list that one value may stand for
		return object{"anyOf": []any{one, object{"type": "array", "items": one}}}, true
	}
	if value.Type().Implements(typeFor[encoding.TextUnmarshaler]()) {
		return object{"type": []string{"string", "number", "boolean"}}, true
	}
	return nil, false
}

func structSchema(t reflect.Type) object {
	properties := object{}
	addFields(t, properties)
	return object{"type": "object", "properties": properties, "additionalProperties": false}
}

func addFields(t reflect.Type, properties object) {
	for i := range t.NumField() {
		field := t.Field(i)
		key, inline, ok := keyOf(field)
		switch {
		case inline && ok:
			addFields(field.Type, properties)
		case ok:
			property := schemaOf(field.Type)
			if doc := field.Tag.Get("doc"); doc != "" {
				property["description"] = doc
			}
			properties[key] = property
		}
	}
}
