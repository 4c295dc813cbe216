package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itchyny/gojq"
)

// maxSteps bounds one evaluation: a field takes some dozens. An expression that runs on fails on the record that made it so.
const maxSteps = 200_000

// expr is a compiled expression in the language of jq. The zero value gives nothing.
type expr struct {
	text string
	code *gojq.Code
}

// outside are the functions that would let an expression see more than its record: the environment, other inputs, files, the
// clock and zone of the machine, or end the program.
func outside() []string {
	return []string{"env", "$ENV", "input", "inputs", "input_filename", "input_line_number", "debug", "stderr", "halt", "halt_error", "now",
		"localtime", "strflocaltime", "get_search_list", "modulemeta", "$__prog_args"}
}

// variables are what expressions know beside their input: the headers of the answer, in lower case, and the list's name.
func variables() []string { return []string{"$header", "$list"} }

// compile reads an expression. key is where it stands in the configuration.
func compile(key, text string) (expr, error) {
	if text == "" {
		return expr{}, nil
	}
	query, err := gojq.Parse(text)
	if err != nil {
		column := len(text) + 1
		var wrong *gojq.ParseError
		if errors.As(err, &wrong) {
			column = max(wrong.Offset-len(wrong.Token)+1, 1)
		}
		return expr{}, fmt.Errorf("%s: column %d of %q: %w\nhint: expressions are in the language of jq, such as .profile.email", key, column, text, err)
	}
	if name := reaches(reflect.ValueOf(query)); name != "" {
		return expr{}, fmt.Errorf("%s: column %d of %q: %s would see more than the record", key, strings.Index(text, name)+1, text, name)
	}
	code, err := gojq.Compile(query, gojq.WithVariables(variables()))
	if err != nil {
		return expr{}, fmt.Errorf("%s: column %d of %q: %w", key, column(text, err), text, err)
	}
	return expr{text, code}, nil
}

// column is where the name stands that an error of the compiler ends with.
func column(text string, err error) int {
	message := err.Error()
	name, _, _ := strings.Cut(message[strings.LastIndexByte(message, ' ')+1:], "/")
	return max(strings.Index(text, name), 0) + 1
}

// reaches gives the first function of a query that is among those outside, and "import" for a module.
func reaches(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		if f, ok := v.Interface().(*gojq.Func); ok && slices.Contains(outside(), f.Name) {
			return f.Name
		}
		if _, ok := v.Interface().(*gojq.Import); ok {
			return "import"
		}
		return reaches(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if name := reaches(v.Index(i)); name != "" {
				return name
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				continue
			}
			if name := reaches(v.Field(i)); name != "" {
				return name
			}
		}
	}
	return ""
}

// scope is what an expression is evaluated in.
type scope struct {
	input  any
	header map[string]any
	list   string
	// seen are the values of expressions that were evaluated before in the same scope; nil where none are kept.
	seen map[*gojq.Code][]any
}

// all gives every value of an expression.
func (e expr) all(s scope) ([]any, error) {
	if e.code == nil {
		return nil, nil
	}
	if values, known := s.seen[e.code]; known {
		return values, nil
	}
	if s.header == nil {
		s.header = map[string]any{}
	}
	values := []any{}
	results := e.code.RunWithContext(&steps{left: maxSteps}, s.input, s.header, s.list)
	for {
		v, more := results.Next()
		if !more {
			if s.seen != nil {
				s.seen[e.code] = values
			}
			return values, nil
		}
		if err, failed := v.(error); failed {
			return nil, fmt.Errorf("%s: %w", e.text, err)
		}
		values = append(values, v)
	}
}

// one gives the only value of an expression, nil when there is none.
func (e expr) one(s scope) (any, error) {
	values, err := e.all(s)
	switch {
	case err != nil || len(values) == 0:
		return nil, err
	case len(values) > 1:
		return nil, fmt.Errorf("%s gives %d values where one is expected", e.text, len(values))
	}
	return values[0], nil
}

// steps is a context that ends after a number of steps: the interpreter looks at it before each. Time would not do: the same
// record has to give the same account on a slow machine.
type steps struct{ left int }

var errSteps = errors.New("the expression does not come to an end")

// Deadline implements context.Context.
func (*steps) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements context.Context.
func (s *steps) Done() <-chan struct{} {
	if s.left--; s.left > 0 {
		return nil
	}
	over := make(chan struct{})
	close(over)
	return over
}

// Err implements context.Context.
func (s *steps) Err() error {
	if s.left > 0 {
		return nil
	}
	return errSteps
}

// Value implements context.Context.
func (*steps) Value(any) any { return nil }

var _ context.Context = (*steps)(nil)

// decode reads JSON with its numbers as they are written.
func decode(raw []byte) (any, error) {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return v, nil
}

// text is a text, or a number as a text.
func text(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return strings.TrimSpace(v), nil
	case json.Number:
		return v.String(), nil
	case int:
		return strconv.Itoa(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case *big.Int:
		return v.String(), nil
	}
	return "", fmt.Errorf("%s is no text", marshalled(v))
}

// texts are all texts that an expression gives, lists taken apart, each once.
func texts(values []any) ([]string, error) {
	var all []string
	for _, v := range values {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, one := range list {
			t, err := text(one)
			if err != nil {
				return nil, err
			}
			if t != "" && !slices.Contains(all, t) {
				all = append(all, t)
			}
		}
	}
	return all, nil
}

// shown is a value for people to read.
func shown(v any) string {
	if t, err := text(v); err == nil {
		return t
	}
	return marshalled(v)
}

// marshalled is the beginning of a value in JSON.
func marshalled(v any) string {
	raw, err := gojq.Marshal(v)
	if err != nil {
		return fmt.Sprintf("a %T", v)
	}
	if len(raw) > 60 {
		return strings.ToValidUTF8(string(raw[:60]), "?") + "…"
	}
	return string(raw)
}
