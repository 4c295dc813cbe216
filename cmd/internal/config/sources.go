package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/leaver-audit/leaver/scanners"
)

// slug is what a source may be called: the name becomes part of file names and ids.
var slug = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

const maxAllocation = 64

func (f *file) sources(list string, entries []yaml.Node, zone *time.Location, kinds []scanners.Kind) []Source {
	if len(entries) == 0 {
		f.fail(list, `"leaver init" writes an example of each`, "is missing: at least one entry is needed")
	}
	var out []Source
	for i := range entries {
		out = append(out, f.source(fmt.Sprintf("%s[%d]", list, i), &entries[i], zone, kinds, list == "people"))
	}
	return out
}

func (f *file) source(key string, n *yaml.Node, zone *time.Location, kinds []scanners.Kind, people bool) Source {
	var g generic
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	f.at[key] = position{n.Line, n.Column}
	if n.Kind != yaml.MappingNode {
		f.fail(key, "an entry starts with - name: …", "wants keys and values, not a %s", kindName(n))
		return Source{}
	}
	f.strict(only(n, keysOf(typeFor[generic]())), reflect.ValueOf(&g).Elem(), key)
	s := Source{Name: g.Name, Allocation: or(g.Allocation, 1), Canaries: g.Canaries, Contractors: g.Contractors, Zone: zone, Place: f.where(key)}
	if f.need(key+".name", g.Name) && !slug.MatchString(g.Name) {
		f.fail(key+".name", "use lower-case letters, digits, - and _, at most 63 of them", "%q cannot be a name", g.Name)
	}
	if g.Contractors && !people {
		f.fail(key+".contractors", "set it at the source of people", "is about people")
	}
	if g.Zone != "" {
		s.Zone = f.zone(key+".zone", g.Zone, false)
	}
	if s.Allocation < 1 || s.Allocation > maxAllocation {
		f.fail(key+".allocation", "", "has to be between 1 and %d", maxAllocation)
	}
	if kind, ok := f.kind(key+".kind", g.Kind, kinds, people); ok {
		s.Connector = kind
		s.Decode = f.decoder(key, n)
		f.tryDecode(key, n, kind, people)
	}
	return s
}

// kind finds the connector and checks that it can be what the entry wants.
func (f *file) kind(key, name string, kinds []scanners.Kind, people bool) (scanners.Kind, bool) {
	var known []string
	for _, k := range kinds {
		if people && k.People != nil || !people && k.Accounts != nil {
			if k.Name == name {
				return k, true
			}
			known = append(known, k.Name)
		}
	}
	f.oneOf(key, name, known)
	return scanners.Kind{}, false
}

// decoder returns the Decode of a source entry. Each call reports its own mistakes, with file, line and column.
func (f *file) decoder(key string, n *yaml.Node) scanners.Decode {
	path := f.path
	return func(into any) error {
		own := &file{path: path, at: map[string]position{}}
		v := reflect.ValueOf(into)
		if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
			return fmt.Errorf("%s: %s: cannot decode into a %T", path, key, into)
		}
		own.strict(n, v.Elem(), key, keysOf(typeFor[generic]())...)
		return join(own.mistakes)
	}
}

// tryDecode decodes the connector's keys once, into a value that is thrown away, to tell every mistake at once.
func (f *file) tryDecode(key string, n *yaml.Node, kind scanners.Kind, people bool) {
	fresh := kind.Config
	if people {
		fresh = kind.PeopleConfig
	}
	if fresh == nil {
		return
	}
	f.strict(n, reflect.ValueOf(fresh()).Elem(), key, keysOf(typeFor[generic]())...)
}

// only returns a copy of mapping n with the given keys.
func only(n *yaml.Node, keys []string) *yaml.Node {
	some := *n
	some.Content = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		if slices.Contains(keys, n.Content[i].Value) {
			some.Content = append(some.Content, n.Content[i], n.Content[i+1])
		}
	}
	return &some
}

// uniqueNames checks names over people and sources together: snapshots and findings are named after them.
func (f *file) uniqueNames(c *Config) {
	first := map[string]string{}
	for _, list := range []struct {
		key     string
		sources []Source
	}{{"people", c.People}, {"sources", c.Sources}} {
		for i, s := range list.sources {
			if at, twice := first[s.Name]; twice && s.Name != "" {
				f.fail(fmt.Sprintf("%s[%d].name", list.key, i), "names are unique over people and sources",
					"%q is already the name of the entry at %s", s.Name, at)
			}
			first[s.Name] = s.Place
		}
	}
}

var secretKey = regexp.MustCompile(`(^|_)(password|passphrase|secret|token|api_key|private_key|credential)$`)
var urlPassword = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://[^/?#@\s]*:[^/?#@\s]+@`)

// secrets refuses credentials that are written out. The message never shows the value.
func (f *file) secrets(n *yaml.Node, key string) {
	if n.Kind == yaml.AliasNode {
		return // its anchor is visited where it stands
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i].Value, n.Content[i+1]
			full := strings.TrimPrefix(key+"."+name, ".")
			if value.Kind == yaml.AliasNode && value.Alias.Kind == yaml.ScalarNode {
				value = value.Alias
			}
			if secretKey.MatchString(name) && value.Kind == yaml.ScalarNode && value.Value != "" && !isReference(value.Value) {
				f.literal(full, n.Content[i], "a secret cannot be written here")
				continue
			}
			f.secrets(value, full)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			f.secrets(item, fmt.Sprintf("%s[%d]", key, i))
		}
	case yaml.ScalarNode:
		if urlPassword.MatchString(n.Value) {
			f.literal(key, n, "the address holds a password")
		}
	}
}

func (f *file) literal(key string, n *yaml.Node, problem string) {
	f.at[key] = position{n.Line, n.Column}
	f.fail(key, secretHint, "%s", problem)
}
