package config

import (
	"fmt"
	"path"
	"reflect"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/scanners"
)

func (f *file) exclusions(list string, entries []exclusion, c *Config) []policies.Exclusion {
	var out []policies.Exclusion
	for i, e := range entries {
		out = append(out, f.exclusion(fmt.Sprintf("%s[%d]", list, i), e, c))
	}
	return out
}

// exclusion checks one entry. Who owns it, why and until when are mandatory, and so is something that it matches.
func (f *file) exclusion(key string, e exclusion, c *Config) policies.Exclusion {
	f.need(key+".id", e.ID)
	f.need(key+".owner", e.Owner)
	f.need(key+".reason", e.Reason)
	out := policies.Exclusion{ID: e.ID, Owner: e.Owner, Reason: e.Reason, Approver: e.Approver, Applications: e.Applications,
		Source: e.Source, Account: e.Account, Person: e.Person, Group: e.Group, Pattern: e.Pattern, Broad: e.Broad, Place: f.where(key)}
	f.scope(key, e, c, &out)
	out.Expires = f.endOfDay(key+".expires", e.Expires, c.Zone)
	if e.Created == "" {
		return out
	}
	created, err := scanners.ParseDate(e.Created)
	if err != nil {
		f.fail(key+".created", "", "%v", err)
		return out
	}
	out.Created = created.Midnight(c.Zone)
	if !out.Expires.IsZero() && !out.Expires.After(out.Created) {
		f.fail(key+".expires", "", "lies before created")
	}
	return out
}

// scope checks what an exclusion matches.
func (f *file) scope(key string, e exclusion, c *Config, out *policies.Exclusion) {
	if e.Source != "" {
		f.oneOf(key+".source", e.Source, names(c.Sources))
	}
	for i, name := range e.Applications {
		f.oneOf(fmt.Sprintf("%s.applications[%d]", key, i), name, names(c.Sources))
	}
	partly := e.Source+e.Account+e.Person+e.Group+e.Pattern+e.Regexp != ""
	switch {
	case !partly && len(e.Applications) == 0:
		f.fail(key, "set at least one of applications, source, account, person, group, pattern, regexp", "matches nothing")
	case partly && len(e.Applications) > 0:
		f.fail(key+".applications", "for a part of one system use source in place of applications", "names whole applications and parts of them")
	}
	if _, err := path.Match(e.Pattern, ""); err != nil {
		f.fail(key+".pattern", "* matches any text, ? one character", "%q is not a pattern", e.Pattern)
	}
	if e.Regexp == "" {
		return
	}
	var err error
	if out.Regexp, err = policies.CompileRegexp(e.Regexp); err != nil {
		f.fail(key+".regexp", "it is compared with the whole login, without regard to case", "%q is not a regular expression: %v", e.Regexp, err)
	}
}

// exclusionsFile reads a file that holds nothing but a list of exclusions.
func (f *file) exclusionsFile(name string, c *Config) []policies.Exclusion {
	place := c.ResolvePath(name)
	text, err := readLimited(place)
	if err != nil {
		f.fail("exclusions_file", "the path is relative to the folder of "+f.path, "%v", err)
		return nil
	}
	root, err := parse(place, text)
	if err != nil {
		f.fail("exclusions_file", "", "%v", err)
		return nil
	}
	own := &file{path: place, at: map[string]position{}}
	var entries []exclusion
	if root.Kind == yaml.SequenceNode {
		own.list(root, reflect.ValueOf(&entries).Elem(), "")
	} else {
		own.fail("", "the file is a list: each entry starts with - id: …", "wants a list, not a %s", kindName(root))
	}
	out := own.exclusions("", entries, c)
	f.mistakes = append(f.mistakes, own.mistakes...)
	return out
}

// CheckAt refuses exclusions that run for longer than a year, from their creation or else from now: nobody would look at
// them again.
func (c *Config) CheckAt(now time.Time) error {
	var mistakes []*Error
	for _, e := range c.Exclusions {
		from := e.Created
		if from.IsZero() {
			from = now
		}
		if e.Expires.Sub(from) > policies.MaxExclusion {
			mistakes = append(mistakes, &Error{File: c.Path, Key: "exclusions",
				Problem: fmt.Sprintf("%s: exclusion %q runs for more than %s", e.Place, e.ID, FormatDuration(policies.MaxExclusion)),
				Hint:    "choose an earlier expires: and renew it in time"})
		}
	}
	return join(mistakes)
}

func (f *file) uniqueExclusions(c *Config) {
	first := map[string]string{}
	for _, e := range c.Exclusions {
		if at, twice := first[e.ID]; twice && e.ID != "" {
			f.fail("exclusions", "each exclusion has an id of its own", "%s: id %q is already used at %s", e.Place, e.ID, at)
		}
		first[e.ID] = e.Place
	}
}

func (f *file) breakGlass(entries []breakGlass, c *Config) []BreakGlass {
	var out []BreakGlass
	for i, b := range entries {
		key := fmt.Sprintf("break_glass[%d]", i)
		f.oneOf(key+".source", b.Source, names(c.Sources))
		f.need(key+".account", b.Account)
		f.need(key+".owner", b.Owner)
		same := func(o BreakGlass) bool { return o.Source == b.Source && o.Account == b.Account }
		if slices.ContainsFunc(out, same) {
			f.fail(key, "", "account %q of %q is listed twice", b.Account, b.Source)
		}
		out = append(out, BreakGlass{b.Source, b.Account, b.Owner, b.Reason, b.TestWithin, f.where(key)})
	}
	return out
}

func (f *file) neverTouch(entries []protected, c *Config) []Protected {
	var out []Protected
	for i, p := range entries {
		key := fmt.Sprintf("never_touch[%d]", i)
		f.oneOf(key+".source", p.Source, names(c.Sources))
		f.need(key+".account", p.Account)
		f.need(key+".reason", p.Reason)
		out = append(out, Protected(p))
	}
	return out
}
