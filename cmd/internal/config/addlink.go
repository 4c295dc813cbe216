package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/leaver-audit/leaver/reconcile"
)

// AddLink appends an entry to the link table and returns it as the table now has it. What the file held stays as it is,
// comments included, and the new text takes its place whole or not at all. An entry that the table could not be loaded with,
// such as one that contradicts another, is refused.
func (c *Config) AddLink(l reconcile.Link) (reconcile.Link, error) {
	if c.LinksFile == "" {
		return l, &Error{File: c.Path, Key: "links", Problem: "no link table is configured",
			Hint: "make an empty file and name it, for example links: links.yaml"}
	}
	path, err := filepath.EvalSymlinks(c.LinksFile)
	if err != nil {
		return l, err
	}
	old, err := readLimited(path)
	if err != nil {
		return l, err
	}
	before, mistakes, err := c.parseLinks(old)
	if err = errors.Join(err, join(mistakes)); err != nil {
		return l, err
	}
	text, err := appendLink(old, c.linkOf(&l))
	if err != nil {
		return l, fmt.Errorf("%s: %w", c.LinksFile, err)
	}
	after, mistakes, err := c.parseLinks(text)
	switch err = errors.Join(err, join(mistakes)); {
	case err != nil:
		return l, fmt.Errorf("nothing was written: %w", err)
	case len(after) != len(before)+1:
		return l, fmt.Errorf("%s: the entry does not fit behind what the file holds\nhint: write the list as lines that start with a dash", c.LinksFile)
	}
	return after[len(before)], replaceFile(path, old, text)
}

// linkOf is the written form of l.
func (c *Config) linkOf(l *reconcile.Link) link {
	lastDay := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Add(-time.Second).In(c.Zone).Format(time.DateOnly)
	}
	e := link{Source: l.Source, Account: l.Account, Person: l.Person, Not: l.Not, By: l.By, Second: l.Second,
		At: l.At.In(c.Zone).Format(time.DateOnly), Reason: l.Reason, Until: lastDay(l.Until)}
	if l.Owner != "" {
		e.Accepted = &acceptedLink{Owner: l.Owner, Kind: string(l.Kind), Review: lastDay(l.Review)}
	}
	return e
}

var emptyList = regexp.MustCompile(`(?m)^[ \t]*\[[ \t]*\][ \t]*$`)

// appendLink returns old with one more entry, indented as the others are.
func appendLink(old []byte, e link) ([]byte, error) {
	entry, err := yaml.Marshal([]link{e})
	if err != nil {
		return nil, err
	}
	indent := ""
	if !blank(old) {
		root, err := parse("", old)
		switch {
		case err != nil:
			return nil, err
		case len(root.Content) == 0:
			old = emptyList.ReplaceAll(old, nil)
		case root.Style&yaml.FlowStyle != 0:
			return nil, errors.New("the list is written in brackets\nhint: write it as lines that start with a dash")
		default:
			indent = strings.Repeat(" ", root.Column-1)
		}
	}
	var text bytes.Buffer
	text.Write(old)
	if len(old) > 0 && old[len(old)-1] != '\n' {
		text.WriteByte('\n')
	}
	for line := range bytes.Lines(entry) {
		text.WriteString(indent)
		text.Write(line)
	}
	return text.Bytes(), nil
}

// replaceFile puts text in the place of old, unless the file holds something else by now.
func replaceFile(path string, old, text []byte) (err error) {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(out.Name()))
		}
	}()
	_, err = out.Write(text)
	if err = errors.Join(err, out.Chmod(info.Mode().Perm()), out.Sync(), out.Close()); err != nil {
		return err
	}
	now, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, old) {
		return fmt.Errorf("%s: somebody else changed the file at the same time\nhint: try again", path)
	}
	return os.Rename(out.Name(), path)
}
