package config

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/leaver-audit/leaver/policies"
)

// hookText is a hook as written, and where.
type hookText struct {
	Text string
	node *yaml.Node
}

// UnmarshalYAML takes one text.
func (h *hookText) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return errors.New("wants one expression, not a " + kindName(n))
	}
	h.Text, h.node = n.Value, n
	return nil
}

// MarshalYAML gives the text, for the digest of the rule.
func (h *hookText) MarshalYAML() (any, error) { return h.Text, nil }

// JSONSchema says what an editor may expect.
func (*hookText) JSONSchema() map[string]any { return object{"type": "string", "minLength": 1} }

// hook compiles a hook. A mistake in it is told at its own place in the file.
func (f *file) hook(key string, h *hookText, text []byte) *policies.Hook {
	switch {
	case h == nil || h.node == nil:
		return nil
	case strings.TrimSpace(h.Text) == "":
		f.fail(key, "write an expression, or remove the key", "the expression is empty")
		return nil
	}
	compiled, err := policies.CompileHook(h.Text)
	var told *policies.HookError
	switch {
	case errors.As(err, &told):
		at := placeIn(text, h.node, told.Line, told.Column)
		f.mistakes = append(f.mistakes, &Error{f.path, at.line, at.column, key, told.Problem,
			"docs/policies.md lists the facts that a hook can ask for"})
	case err != nil:
		f.fail(key, "", "%v", err)
	}
	return compiled
}

// placeIn finds line and column of a scalar's text in the file that holds it. YAML folds and quotes, but it keeps every
// character that is no blank, in order: the n-th of the text is the n-th of the scalar in the file.
func placeIn(file []byte, n *yaml.Node, line, column int) position {
	wanted := ink(n.Value, line, column)
	at := position{n.Line, n.Column}
	rest := from(file, at)
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		_, rest, _ = strings.Cut(rest, "\n") // the indicator has a line of its own
		at = position{n.Line + 1, 1}
	}
	quote := n.Style & (yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle)
	if quote != 0 && rest != "" {
		rest, at.column = rest[1:], at.column+1
	}
	escaped := false
	for _, r := range rest {
		opens := !escaped && (quote == yaml.DoubleQuotedStyle && r == '\\' || quote == yaml.SingleQuotedStyle && r == '\'')
		if !unicode.IsSpace(r) && !opens {
			if wanted == 0 {
				return at
			}
			wanted--
		}
		escaped = opens
		at.column++
		if r == '\n' {
			at = position{at.line + 1, 1}
		}
	}
	return position{n.Line, n.Column}
}

// ink counts the characters that are no blanks before line and column of text.
func ink(text string, line, column int) int {
	count, at := 0, position{1, 1}
	for _, r := range text {
		if at.line > line || at.line == line && at.column >= column {
			break
		}
		if !unicode.IsSpace(r) {
			count++
		}
		at.column++
		if r == '\n' {
			at = position{at.line + 1, 1}
		}
	}
	return count
}

// from is the part of a file that begins at the given place.
func from(file []byte, at position) string {
	lines := bytes.SplitAfterN(bytes.TrimPrefix(file, []byte("\ufeff")), []byte("\n"), at.line)
	if len(lines) < at.line {
		return ""
	}
	rest := []rune(string(lines[at.line-1]))
	return string(rest[min(at.column-1, len(rest)):])
}

// offset is a duration that may be negative.
type offset struct{ time.Duration }

// UnmarshalText reads the form of ParseDuration, behind a minus sign or not.
func (o *offset) UnmarshalText(text []byte) error {
	rest, negative := strings.CutPrefix(string(text), "-")
	d, err := ParseDuration(rest)
	if o.Duration = d; negative {
		o.Duration = -d
	}
	return err
}

// MarshalText writes what UnmarshalText reads.
func (o offset) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// JSONSchema says what an editor may expect.
func (*offset) JSONSchema() map[string]any {
	return object{"type": []string{"string", "integer"}, "minimum": 0, "maximum": 0, "pattern": "^-?(0|" + durationPattern + ")$"}
}

// splitPlace takes "file:line" apart.
func splitPlace(place string) (path string, line int) {
	i := strings.LastIndexByte(place, ':')
	if i < 0 {
		return place, 0
	}
	line, _ = strconv.Atoi(place[i+1:])
	return place[:i], line
}
