package config

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// strict fills v, which must be settable, from n. Mistakes are noted in f; key is the dotted path of n. Keys in skip are
// passed over at the top level when the struct has no field for them.
func (f *file) strict(n *yaml.Node, v reflect.Value, key string, skip ...string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if _, known := f.at[key]; !known {
		f.at[key] = position{n.Line, n.Column}
	}
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		f.strict(n, v.Elem(), key, skip...)
		return
	}
	if f.custom(n, v, key) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		f.mapping(n, v, key, skip)
	case reflect.Map:
		f.table(n, v, key)
	case reflect.Slice:
		f.list(n, v, key)
	case reflect.Interface:
		if err := n.Decode(v.Addr().Interface()); err != nil {
			f.fail(key, "", "%v", err)
		}
	default:
		f.scalar(n, v, key)
	}
}

// custom handles types that read themselves, durations and raw nodes. It reports whether v was one of them.
func (f *file) custom(n *yaml.Node, v reflect.Value, key string) bool {
	var err error
	switch into := v.Addr().Interface().(type) {
	case *yaml.Node:
		*into = *n
	case *time.Duration:
		*into, err = ParseDuration(n.Value)
	case yaml.Unmarshaler:
		err = into.UnmarshalYAML(n)
	case selfReader:
		err = into.UnmarshalYAML(func(form any) error {
			own := &file{path: f.path, at: map[string]position{}}
			own.strict(n, reflect.ValueOf(form).Elem(), key)
			return join(own.mistakes)
		})
	case encoding.TextUnmarshaler:
		if n.Kind != yaml.ScalarNode {
			f.fail(key, "", "wants one value, not a %s", kindName(n))
			return true
		}
		err = into.UnmarshalText([]byte(n.Value))
	default:
		return false
	}
	var told *Error
	switch {
	case errors.As(err, &told):
		f.mistakes = append(f.mistakes, told)
	case err != nil:
		f.fail(key, "", "%v", err)
	}
	return true
}

// selfReader is the form of a type that reads itself without knowing the YAML library: it is handed a function that
// decodes its value, strictly, into whatever form it tries.
type selfReader interface {
	UnmarshalYAML(decode func(any) error) error
}

func (f *file) mapping(n *yaml.Node, v reflect.Value, key string, skip []string) {
	if n.Kind != yaml.MappingNode {
		f.fail(key, "known keys: "+strings.Join(keysOf(v.Type()), ", "), "wants keys and values, not a %s", kindName(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		full := strings.TrimPrefix(key+"."+name.Value, ".")
		f.at[full] = position{name.Line, name.Column}
		field, ok := fieldOf(v, name.Value)
		switch {
		case ok:
			f.strict(value, field, full)
		case !slices.Contains(skip, name.Value):
			f.unknown(full, name.Value, append(keysOf(v.Type()), skip...))
		}
	}
}

func (f *file) unknown(key, name string, known []string) {
	problem := "unknown key"
	if near := nearest(name, known); near != "" {
		problem += fmt.Sprintf("; did you mean %q?", near)
	}
	known = slices.DeleteFunc(known, func(k string) bool { return slices.Contains(unsupportedKeys(), k) })
	slices.Sort(known)
	f.fail(key, "known keys here: "+strings.Join(slices.Compact(known), ", "), "%s", problem)
}

func (f *file) table(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.MappingNode {
		f.fail(key, "", "wants keys and values, not a %s", kindName(n))
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.Content)/2))
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		full := key + "." + name.Value
		f.at[full] = position{name.Line, name.Column}
		k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.scalar(name, k, full)
		f.strict(n.Content[i+1], e, full)
		v.SetMapIndex(k, e)
	}
}

func (f *file) list(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.SequenceNode {
		f.fail(key, "write it as [a, b] or as lines that start with a dash", "wants a list, not a %s", kindName(n))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		f.strict(item, v.Index(i), fmt.Sprintf("%s[%d]", key, i))
	}
}

func (f *file) scalar(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.ScalarNode {
		f.fail(key, "", "wants one value, not a %s", kindName(n))
		return
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value)
	case reflect.Bool:
		var b bool
		b, err = parseBool(n)
		v.SetBool(b)
	case reflect.Int, reflect.Int32, reflect.Int64:
		err = setInt(n, v)
	case reflect.Float64:
		var x float64
		if x, err = strconv.ParseFloat(n.Value, 64); err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			err = fmt.Errorf("%q is not a number", n.Value)
		}
		v.SetFloat(x)
	default:
		err = fmt.Errorf("%q cannot be read into a %s", n.Value, v.Type())
	}
	if err != nil {
		f.fail(key, "", "%v", err)
	}
}

func parseBool(n *yaml.Node) (bool, error) {
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 {
		switch strings.ToLower(n.Value) {
		case "true", "yes", "on":
			return true, nil
		case "false", "no", "off":
			return false, nil
		}
	}
	return false, fmt.Errorf("%q is neither true nor false", n.Value)
}

// setInt reads decimal digits only: YAML would take 010 for eight.
func setInt(n *yaml.Node, v reflect.Value) error {
	i, err := strconv.ParseInt(n.Value, 10, v.Type().Bits())
	if err != nil || strconv.FormatInt(i, 10) != n.Value {
		return fmt.Errorf("%q is not a whole number", n.Value)
	}
	v.SetInt(i)
	return nil
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "mapping"
	case yaml.SequenceNode:
		return "list"
	default:
		return "single value"
	}
}

// fieldOf returns the field of struct v that the YAML key name fills.
func fieldOf(v reflect.Value, name string) (reflect.Value, bool) {
	for i := range v.NumField() {
		key, inline, ok := keyOf(v.Type().Field(i))
		if !ok {
			continue
		}
		if inline {
			if field, found := fieldOf(v.Field(i), name); found {
				return field, true
			}
			continue
		}
		if key == name {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// keysOf returns the YAML keys of struct type t, in the order of its fields.
func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		switch key, inline, ok := keyOf(t.Field(i)); {
		case inline && ok:
			keys = append(keys, keysOf(t.Field(i).Type)...)
		case ok:
			keys = append(keys, key)
		}
	}
	return keys
}

// keyOf reads the yaml tag of a field: its key, or whether its own fields stand in the parent's place. ok is false for
// fields that no key fills.
func keyOf(field reflect.StructField) (key string, inline, ok bool) {
	tag := field.Tag.Get("yaml")
	name, options, _ := strings.Cut(tag, ",")
	inline = slices.Contains(strings.Split(options, ","), "inline")
	switch {
	case name == "-" || !field.IsExported() && !inline:
		return "", false, false
	case inline:
		return "", true, field.Type.Kind() == reflect.Struct
	case name == "":
		name = strings.ToLower(field.Name)
	}
	return name, false, true
}
