package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// rule is one document of a policy file as written.
type rule struct {
	APIVersion  string      `yaml:"apiVersion" doc:"leaver/v1."`
	Kind        string      `yaml:"kind" doc:"Policy."`
	Name        string      `yaml:"name" doc:"Unique name of the rule."`
	Description string      `yaml:"description" doc:"One sentence for the Rules sheet."`
	Active      *bool       `yaml:"active" doc:"Whether the rule decides (default true)."`
	Trigger     trigger     `yaml:"trigger" doc:"Which accounts the rule selects; every clause has to hold."`
	Grace       grace       `yaml:"grace" doc:"How long a selected account may wait."`
	Exclude     []exclusion `yaml:"exclude" doc:"Exclusions that hold for this rule only."`
	Action      string      `yaml:"action" doc:"report, lock, revoke, reclaim or delete."`
	Controls    []string    `yaml:"controls" doc:"Framework ids that the rule serves."`
}

type trigger struct {
	Status  []string `yaml:"status" doc:"States of the owner: ended, vanished, suspended, on_leave, prehire, employed."`
	EndDate *endDate `yaml:"end_date" doc:"Holds when the stated end of employment plus the offset has passed."`
	Kinds   []string `yaml:"kinds" doc:"Finding kinds."`
	Flags   []string `yaml:"flags" doc:"Flags that all have to be set."`
	Sources []string `yaml:"sources" doc:"Systems that the rule is for; all when empty."`
}

type endDate struct {
	Offset time.Duration `yaml:"offset" doc:"How long after the end, such as 0 or 3d."`
}

type grace struct {
	Days    int            `yaml:"days" doc:"Whole calendar days."`
	From    string         `yaml:"from" doc:"end_date (default) or first_seen."`
	Sources map[string]int `yaml:"sources" doc:"Other numbers of days for some systems."`
}

// Rules reads every policy file of the configuration, sorted by rule name.
func (c *Config) Rules() ([]policies.Rule, error) {
	var all []policies.Rule
	var mistakes []*Error
	for _, path := range c.Policies {
		text, err := readLimited(path)
		if err != nil {
			return nil, err
		}
		documents, err := parseAll(path, text)
		if err != nil {
			return nil, err
		}
		for _, root := range documents {
			f := &file{path: path, at: map[string]position{}}
			var doc rule
			f.strict(root, reflect.ValueOf(&doc).Elem(), "")
			r := f.rule(&doc, c)
			r.Place = fmt.Sprintf("%s:%d", path, root.Line)
			mistakes = append(mistakes, f.mistakes...)
			all = append(all, r)
		}
	}
	if err := join(mistakes); err != nil {
		return nil, err
	}
	return all, policies.SortRules(all)
}

// parseAll returns the node of every document in text, each within the limits of [parse].
func parseAll(path string, text []byte) ([]*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	if err != nil {
		return nil, syntaxError(path, err)
	}
	var roots []*yaml.Node
	nodes := 0
	for {
		var document yaml.Node
		err := loader.Load(&document)
		if errors.Is(err, io.EOF) {
			return roots, nil
		}
		if err != nil {
			return nil, syntaxError(path, err)
		}
		if len(document.Content) != 1 || document.Content[0].ShortTag() == "!!null" {
			continue
		}
		if err := checkNode(path, document.Content[0], 0, &nodes); err != nil {
			return nil, err
		}
		roots = append(roots, document.Content[0])
	}
}

func (f *file) rule(doc *rule, c *Config) policies.Rule {
	if doc.APIVersion != "" {
		f.oneOf("apiVersion", doc.APIVersion, []string{"leaver/v1"})
	}
	if doc.Kind != "" {
		f.oneOf("kind", doc.Kind, []string{"Policy"})
	}
	r := policies.Rule{
		Name: doc.Name, Description: doc.Description, Active: or(doc.Active, true), Action: doc.Action,
		Grace:    policies.Grace{Days: doc.Grace.Days, From: doc.Grace.From, Sources: doc.Grace.Sources},
		Exclude:  f.exclusions("exclude", doc.Exclude, c),
		Controls: doc.Controls,
	}
	if r.Grace.From == "" {
		r.Grace.From = policies.FromEndDate
	}
	r.Trigger = f.trigger(doc.Trigger, c)
	for source := range doc.Grace.Sources {
		f.oneOf("grace.sources."+source, source, names(c.Sources))
	}
	if err := r.Check(); err != nil && len(f.mistakes) == 0 {
		problem, hint, _ := strings.Cut(err.Error(), "\nhint: ")
		f.fail("name", hint, "%s", problem)
	}
	r.Digest = ruleDigest(doc)
	return r
}

func (f *file) trigger(t trigger, c *Config) policies.Trigger {
	out := policies.Trigger{Sources: t.Sources}
	for _, state := range t.Status {
		out.Status = append(out.Status, reconcile.PersonState(state))
	}
	for i, kind := range t.Kinds {
		f.oneOf(fmt.Sprintf("trigger.kinds[%d]", i), kind, kindNames())
		out.Kinds = append(out.Kinds, reconcile.Kind(kind))
	}
	for i, source := range t.Sources {
		f.oneOf(fmt.Sprintf("trigger.sources[%d]", i), source, names(c.Sources))
	}
	flags, err := reconcile.ParseFlags(t.Flags)
	if err != nil {
		f.fail("trigger.flags", "known flags: "+strings.Join(reconcile.Flags(1<<32-1).List(), ", "), "%v", err)
	}
	out.Flags = flags
	if t.EndDate != nil {
		out.EndDate = &policies.EndDate{Offset: t.EndDate.Offset}
	}
	return out
}

func kindNames() []string {
	var all []string
	for _, k := range reconcile.Kinds() {
		all = append(all, string(k))
	}
	return all
}

// ruleDigest is the SHA-256 of the rule with its comments and layout left out.
func ruleDigest(doc *rule) string {
	canonical, err := yaml.Dump(doc)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}
