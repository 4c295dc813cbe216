package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/scanners"
)

var errUnsupported = errors.New("not supported yet: this version does not act on it, so it is refused\nhint: remove the key")

func typeFor[T any]() reflect.Type { return reflect.TypeFor[T]() }

// Load reads and checks the configuration file at path. kinds are the connectors that "kind:" may name. The error joins
// every mistake found (up to ten), each an [*Error].
func Load(path string, kinds []scanners.Kind) (*Config, error) {
	text, err := readLimited(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &Error{File: path, Problem: "the file does not exist",
			Hint: `"leaver init" writes one to start from; "-c FILE" names another`}
	}
	if err != nil {
		return nil, err
	}
	root, err := parse(path, text)
	if err != nil {
		return nil, err
	}
	f := &file{path: path, at: map[string]position{}}
	var doc document
	f.strict(root, reflect.ValueOf(&doc).Elem(), "")
	f.secrets(root, "")
	c := f.resolve(&doc, kinds)
	c.text = text
	if err := join(f.mistakes); err != nil {
		return nil, err
	}
	return c, nil
}

func (f *file) resolve(doc *document, kinds []scanners.Kind) *Config {
	c := &Config{Path: f.path, Dir: filepath.Dir(f.path), Organisation: doc.Organisation, Timezone: doc.Timezone}
	f.need("organisation", doc.Organisation)
	c.Zone = f.zone("timezone", doc.Timezone, true)
	if f.need("state", doc.State) {
		c.State = c.ResolvePath(doc.State)
	}
	c.People = f.sources("people", doc.People, c.Zone, kinds)
	c.Sources = f.sources("sources", doc.Sources, c.Zone, kinds)
	f.uniqueNames(c)
	c.Correlation = f.correlation(doc.Correlation)
	c.Correlation.LoginRules = f.loginRules(doc.Correlation.LoginRules, c)
	c.Correlation.Classifier = f.classifiers(doc.Correlation.Classifier, c)
	c.Thresholds = f.thresholds(doc.Thresholds)
	c.Gates = f.gates(doc.Gates, c.Zone, slices.Concat(names(c.People), names(c.Sources)))
	c.Limits = f.limits(doc.Limits)
	c.Policies = f.policies(c, doc.Policies)
	c.Holidays = f.holidays(doc.Holidays)
	c.Exclusions = f.exclusions("exclusions", doc.Exclusions, c)
	if doc.ExclusionsFile != "" {
		c.Exclusions = append(c.Exclusions, f.exclusionsFile(doc.ExclusionsFile, c)...)
	}
	f.uniqueExclusions(c)
	c.BreakGlass = f.breakGlass(doc.BreakGlass, c)
	c.NeverTouch = f.neverTouch(doc.NeverTouch, c)
	if doc.Links != "" {
		c.LinksFile = c.ResolvePath(doc.Links)
		c.Links = f.linksFile(c)
	}
	c.Report = f.report(doc.Report, c)
	c.SigningKey = doc.SigningKey
	if doc.SigningKey != "" && !isReference(doc.SigningKey) {
		f.fail("signing_key", secretHint, "wants a reference to a key, not the key")
	}
	if doc.Checkpoints != "" {
		c.Checkpoints = c.ResolvePath(doc.Checkpoints)
	}
	c.Schedules = f.schedules(doc.Schedule, c)
	c.Notify = f.notify(doc.Notify, c)
	return c
}

// ResolvePath returns path as it is when absolute, else within the folder of leaver.yaml.
func (c *Config) ResolvePath(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(c.Dir, path)
}

// zone loads an IANA zone. It returns UTC after a mistake, so that checking can go on.
func (f *file) zone(key, name string, needed bool) *time.Location {
	if name == "" && needed {
		f.fail(key, "write the IANA name, for example timezone: Europe/Berlin", "is missing")
		return time.UTC
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		f.fail(key, "use an IANA name such as Europe/Berlin or UTC", "unknown time zone %q", name)
		return time.UTC
	}
	return zone
}

func (f *file) correlation(c correlation) Correlation {
	known := []string{"employee_id", "mail", "anchor"}
	out := Correlation{Keys: c.Keys, KeepZeros: c.Zeros == "keep", MailDomains: map[string]string{}}
	if len(c.Keys) == 0 {
		f.fail("correlation.keys", "for example correlation: {keys: [employee_id, mail]}", "is missing")
	}
	for i, key := range c.Keys {
		at := fmt.Sprintf("correlation.keys[%d]", i)
		if f.oneOf(at, key, known) && slices.Contains(c.Keys[:i], key) {
			f.fail(at, "", "%q is listed twice", key)
		}
	}
	if c.Zeros != "" {
		f.oneOf("correlation.zeros", c.Zeros, []string{"strip", "keep"})
	}
	for old, current := range c.MailDomains {
		f.mailDomain(out.MailDomains, c.MailDomains, old, current)
	}
	return out
}

func (f *file) mailDomain(into, all map[string]string, old, current string) {
	key := "correlation.mail_domains." + old
	old, current = strings.ToLower(strings.TrimPrefix(old, "@")), strings.ToLower(strings.TrimPrefix(current, "@"))
	_, chained := all[current]
	switch {
	case old == "" || current == "" || strings.Contains(old+current, "@"):
		f.fail(key, "write old.example: new.example", "wants two mail domains")
	case chained || old == current:
		f.fail(key, "map every old domain straight to the current one", "%q is itself an old domain", current)
	default:
		into[old] = current
	}
}

// policies returns the files that hold rules, sorted.
func (f *file) policies(c *Config, value string) []string {
	path := c.ResolvePath(or(optional(value), "policies"))
	info, err := os.Stat(path)
	var found []string
	switch {
	case err == nil && info.IsDir():
		found = f.policyFiles(path)
	case err == nil:
		return []string{path}
	case value == "":
		return nil
	default:
		if found, err = filepath.Glob(path); err != nil {
			f.fail("policies", "", "%q is not a path or a pattern: %v", value, err)
			return nil
		}
	}
	if len(found) == 0 && value != "" {
		f.fail("policies", "the path is relative to the folder of "+f.path, "no rule file at %q", path)
	}
	slices.Sort(found)
	return slices.DeleteFunc(found, isCases)
}

// policyFiles finds the rule files of a folder and of those in it. Names that begin with a dot are left out, as tools make
// them. A link to a folder is refused: it would not be followed, and its rules would be missing without a word.
func (f *file) policyFiles(dir string) []string {
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case entry.Type()&os.ModeSymlink != 0:
			if info, err := os.Stat(path); err != nil || info.IsDir() {
				f.fail("policies", "put the rules themselves there, or name their folder", "%q is a link that leads to no file", path)
				return nil
			}
		case entry.IsDir():
			return nil
		}
		if ending := strings.ToLower(filepath.Ext(path)); ending == ".yaml" || ending == ".yml" {
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		f.fail("policies", "", "%v", err)
	}
	return found
}

// isCases reports whether a file holds the cases of "leaver policy test", which stand beside the rules.
func isCases(path string) bool {
	name := strings.ToLower(filepath.Base(path))
	return strings.HasSuffix(name, ".test.yaml") || strings.HasSuffix(name, ".test.yml")
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (f *file) report(r report, c *Config) Report {
	out := Report{CSV: r.Formats == nil, JSONLines: r.Formats == nil}
	if r.Path != "" {
		out.Path = c.ResolvePath(r.Path)
		if !strings.EqualFold(filepath.Ext(r.Path), ".xlsx") {
			f.fail("report.path", "for example report: {path: report.xlsx}", "%q does not end in .xlsx", r.Path)
		}
	}
	for i, format := range r.Formats {
		f.oneOf(fmt.Sprintf("report.formats[%d]", i), format, []string{"csv", "jsonl"})
	}
	out.CSV = out.CSV || slices.Contains(r.Formats, "csv")
	out.JSONLines = out.JSONLines || slices.Contains(r.Formats, "jsonl")
	return out
}

func names(sources []Source) []string {
	var all []string
	for _, s := range sources {
		all = append(all, s.Name)
	}
	return all
}
