package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// The limits of a configuration file. They are far above what people write and far below what hurts.
const (
	maxBytes = 4 << 20
	maxDepth = 32
	// maxNodes counts nodes after aliases are followed, so that a small file cannot unfold into a huge one.
	maxNodes = 200_000
)

// position is a place in a file, counted from 1.
type position struct{ line, column int }

// file is one YAML file while it is read: where its keys stand and what is wrong with it.
type file struct {
	path     string
	at       map[string]position
	mistakes []*Error
}

// fail notes a mistake at the place of key.
func (f *file) fail(key, hint, format string, args ...any) {
	at := f.place(key)
	f.mistakes = append(f.mistakes, &Error{f.path, at.line, at.column, key, fmt.Sprintf(format, args...), hint})
}

// place returns where key stands; for a key that is missing, where its nearest existing parent stands.
func (f *file) place(key string) position {
	for key != "" {
		if at, ok := f.at[key]; ok {
			return at
		}
		key = key[:max(strings.LastIndexAny(key, ".["), 0)]
	}
	return position{}
}

// where returns "file:line" of key, for messages of later stages.
func (f *file) where(key string) string { return fmt.Sprintf("%s:%d", f.path, f.place(key).line) }

// readLimited reads a whole file and refuses one that is larger than a configuration can be.
func readLimited(path string) ([]byte, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", path, err)
	}
	if len(text) > maxBytes {
		return nil, &Error{File: path, Problem: fmt.Sprintf("the file is larger than %d MiB", maxBytes>>20),
			Hint: "leaver.yaml holds settings; data belongs into the files that it names"}
	}
	return text, nil
}

// parse turns text into the node of its one document and refuses whatever could unfold beyond the limits.
func parse(path string, text []byte) (*yaml.Node, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	var document yaml.Node
	if err := yaml.Load(text, &document); err != nil {
		return nil, syntaxError(path, err)
	}
	if len(document.Content) != 1 {
		return nil, &Error{File: path, Problem: "the file is empty", Hint: `"leaver init" writes one to start from`}
	}
	root := document.Content[0]
	nodes := 0
	if err := checkNode(path, root, 0, &nodes); err != nil {
		return nil, err
	}
	return root, nil
}

func checkNode(path string, n *yaml.Node, depth int, nodes *int) error {
	*nodes++
	if depth > maxDepth {
		return &Error{File: path, Line: n.Line, Column: n.Column,
			Problem: fmt.Sprintf("nested more than %d levels deep", maxDepth)}
	}
	if *nodes > maxNodes {
		return &Error{File: path, Line: n.Line, Column: n.Column,
			Problem: fmt.Sprintf("more than %d values after aliases are followed", maxNodes)}
	}
	if n.Kind == yaml.AliasNode {
		return checkNode(path, n.Alias, depth+1, nodes)
	}
	if n.Kind == yaml.MappingNode {
		if err := checkKeys(path, n); err != nil {
			return err
		}
	}
	for _, child := range n.Content {
		if err := checkNode(path, child, depth+1, nodes); err != nil {
			return err
		}
	}
	return nil
}

// checkKeys refuses keys that are no plain text, merge keys and keys that are there twice.
func checkKeys(path string, n *yaml.Node) error {
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		problem, hint := "", ""
		switch line, twice := seen[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			problem = "a key has to be plain text"
		case key.ShortTag() == "!!merge":
			problem, hint = `merge keys ("<<") are not supported`, "write the keys out"
		case twice:
			problem = fmt.Sprintf("key %q is already set on line %d", key.Value, line)
			hint = "keep one of them"
		}
		if problem != "" {
			return &Error{path, key.Line, key.Column, "", problem, hint}
		}
		seen[key.Value] = key.Line
	}
	return nil
}

var yamlPrefix = regexp.MustCompile(`^(yaml: )+`)

// syntaxError gives an error of the YAML library the form of all others.
func syntaxError(path string, err error) error {
	var one *yaml.LoadError
	if many := (*yaml.LoadErrors)(nil); errors.As(err, &many) && len(many.Errors) > 0 {
		one = many.Errors[0]
	}
	if one == nil && !errors.As(err, &one) {
		return fmt.Errorf("%s: %w", path, err)
	}
	problem := yamlPrefix.ReplaceAllString(one.Message, "")
	if strings.Contains(problem, "no documents") {
		problem = "the file is empty"
	}
	return &Error{path, one.Mark.Line, one.Mark.Column, "", problem,
		"YAML indents with spaces; text with : or # in it needs quotes"}
}
