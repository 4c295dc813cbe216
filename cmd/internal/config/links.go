package config

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// link is one entry of the file that the key links names, as written.
type link struct {
	Source   string        `yaml:"source" doc:"Name of a source."`
	Account  string        `yaml:"account" doc:"Immutable id of the account, letter for letter; not a login."`
	Person   string        `yaml:"person,omitempty" doc:"Whose account it is, as source/id of a people source."`
	Accepted *acceptedLink `yaml:"accepted,omitempty" doc:"Instead of person: the account is no person's own, and accepted."`
	Not      string        `yaml:"not,omitempty" doc:"Instead of person: whose account it is not, whatever its keys say."`
	By       string        `yaml:"by" doc:"Who made the entry."`
	Second   string        `yaml:"second" doc:"Who approved it; neither who made it nor the person whom it is about."`
	At       string        `yaml:"at" doc:"Day from which it holds, as 2006-01-02."`
	Reason   string        `yaml:"reason" doc:"Why."`
	Until    string        `yaml:"until,omitempty" doc:"Last day on which it holds, as 2006-01-02; without it the entry does not end."`
}

type acceptedLink struct {
	Owner  string `yaml:"owner" doc:"Who answers for it, as source/id of a people source."`
	Kind   string `yaml:"kind" doc:"service, shared, guest, machine or test."`
	Review string `yaml:"review" doc:"Last day before somebody has to look at it again, as 2006-01-02."`
}

// linksFile reads the link table: a file that holds nothing but a list. An empty file is an empty table.
func (f *file) linksFile(c *Config) []reconcile.Link {
	text, err := readLimited(c.LinksFile)
	if err != nil {
		f.fail("links", "the path is relative to the folder of "+f.path+"; start with an empty file", "%v", err)
		return nil
	}
	links, mistakes, err := c.parseLinks(text)
	if err != nil {
		f.fail("links", "", "%v", err)
	}
	f.mistakes = append(f.mistakes, mistakes...)
	return links
}

// parseLinks reads and checks the text of a link table.
func (c *Config) parseLinks(text []byte) ([]reconcile.Link, []*Error, error) {
	if blank(text) {
		return nil, nil, nil
	}
	root, err := parse(c.LinksFile, text)
	if err != nil {
		return nil, nil, err
	}
	f := &file{path: c.LinksFile, at: map[string]position{}}
	var entries []link
	if root.Kind != yaml.SequenceNode {
		f.fail("", "the file is a list: each entry starts with - source: …", "wants a list, not a %s", kindName(root))
		return nil, f.mistakes, nil
	}
	f.list(root, reflect.ValueOf(&entries).Elem(), "")
	var out []reconcile.Link
	for i, e := range entries {
		key := fmt.Sprintf("[%d]", i)
		l := f.link(key, e, c)
		f.contradiction(key, &l, out)
		out = append(out, l)
	}
	return out, f.mistakes, nil
}

// blank reports whether text has no line beside comments and empty ones.
func blank(text []byte) bool {
	for line := range bytes.Lines(bytes.TrimPrefix(text, []byte("\ufeff"))) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}

// link checks one entry.
func (f *file) link(key string, e link, c *Config) reconcile.Link {
	l := reconcile.Link{Source: e.Source, Account: e.Account, Person: e.Person, Not: e.Not, By: e.By, Second: e.Second,
		Reason: e.Reason, Place: f.where(key)}
	f.oneOf(key+".source", e.Source, names(c.Sources))
	f.need(key+".account", e.Account)
	f.need(key+".by", e.By)
	f.need(key+".reason", e.Reason)
	f.linkForm(key, e, &l, c)
	if subject := l.Subject(); subject != "" {
		f.personRef(key, subject, c)
	}
	f.secondApprover(key, &l)
	l.At = f.startOfDay(key+".at", e.At, c.Zone)
	if e.Until != "" {
		l.Until = f.endOfDay(key+".until", e.Until, c.Zone)
		if !l.Until.IsZero() && !l.Until.After(l.At) {
			f.fail(key+".until", "", "lies before at")
		}
	}
	return l
}

// linkForm checks that the entry says exactly one of the three things that it can say.
func (f *file) linkForm(key string, e link, l *reconcile.Link, c *Config) {
	forms := 0
	for _, set := range []bool{e.Person != "", e.Accepted != nil, e.Not != ""} {
		if set {
			forms++
		}
	}
	if forms != 1 {
		f.fail(key, "person: whose it is; accepted: who answers for it; not: whose it is not", "wants exactly one of person, accepted, not")
	}
	if e.Accepted == nil {
		return
	}
	l.Owner = e.Accepted.Owner
	f.need(key+".accepted.owner", l.Owner)
	l.Kind = scanners.AccountKind(e.Accepted.Kind)
	f.acceptable(key+".accepted.kind", e.Accepted.Kind)
	l.Review = f.endOfDay(key+".accepted.review", e.Accepted.Review, c.Zone)
}

// acceptable checks a kind whose accounts are nobody's own and still judged.
func (f *file) acceptable(key, kind string) {
	switch scanners.AccountKind(kind) {
	case scanners.KindBreakGlass:
		f.fail(key, "list it below break_glass, where every report shows it", "an emergency account is not accepted here")
	case scanners.KindAdmin, scanners.KindPerson:
		f.fail(key, "write person: source/id", "an account of kind %s belongs to a person", kind)
	default:
		f.oneOf(key, kind, []string{"service", "shared", "guest", "machine", "test"})
	}
}

func (f *file) personRef(key, ref string, c *Config) {
	source, id, found := strings.Cut(ref, "/")
	if !found || id == "" || !slices.Contains(names(c.People), source) {
		f.fail(key, "write source/id, with one of the people sources "+strings.Join(names(c.People), ", "), "%q names no person", ref)
	}
}

// secondApprover needs somebody else than who made the entry, and else than the person it is about as far as the name tells;
// the run, which knows that person's addresses, looks again.
func (f *file) secondApprover(key string, l *reconcile.Link) {
	_, id, _ := strings.Cut(l.Subject(), "/")
	second := reconcile.Fold(l.Second)
	switch {
	case second == "":
		f.fail(key+".second", "second: somebody else who looked at it and agrees", "a link needs a second approver")
	case second == reconcile.Fold(l.By):
		f.fail(key+".second", "a second person has to agree", "%q made the entry", l.Second)
	case second == reconcile.Fold(l.Subject()) || id != "" && second == reconcile.Fold(id):
		f.fail(key+".second", "somebody else has to agree", "%q is the person whom it is about", l.Second)
	}
}

// startOfDay reads a mandatory date and returns its first instant.
func (f *file) startOfDay(key, text string, zone *time.Location) time.Time {
	date, ok := f.date(key, text)
	if !ok {
		return time.Time{}
	}
	return date.Midnight(zone)
}

// contradiction refuses an entry that says again, or denies, what an earlier one says of the same account at the same time.
func (f *file) contradiction(key string, l *reconcile.Link, earlier []reconcile.Link) {
	for i := range earlier {
		o := &earlier[i]
		if o.Source != l.Source || o.Account != l.Account || !overlap(o, l) {
			continue
		}
		about := reconcile.Fold(o.Subject()) == reconcile.Fold(l.Subject())
		switch {
		case about && (o.Not == "") == (l.Not == "") && o.Kind == l.Kind:
			f.fail(key, "keep one of them", "says the same as %s", o.Place)
		case o.Not == "" && l.Not == "", about && (o.Not == "") != (l.Not == ""):
			f.fail(key, "end the older entry with until, or take one out", "contradicts %s", o.Place)
		}
	}
}

// overlap reports whether both entries hold on some day.
func overlap(x, y *reconcile.Link) bool {
	ends := func(a, b *reconcile.Link) bool { return !a.Until.IsZero() && !a.Until.After(b.At) }
	return !ends(x, y) && !ends(y, x)
}
