package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// classifier is one rule as written.
type classifier struct {
	Source   string `yaml:"source" doc:"Name of a source; all when empty."`
	Login    string `yaml:"login" doc:"Pattern of the whole login: * is any text, ? one character; or a regular expression after re:, such as re:svc[0-9]+."`
	OU       string `yaml:"ou" doc:"DN of the folder below which the account stands in a directory."`
	Group    string `yaml:"group" doc:"Pattern of the name or id of a grant that the account holds."`
	Kind     string `yaml:"kind" doc:"admin, service, shared, guest, machine or test."`
	Reason   string `yaml:"reason" doc:"Why; printed beside the kind."`
	Override bool   `yaml:"override" doc:"Whether the rule also decides where the source says of itself what kind the account is."`
}

// Classifier is one rule about the kind of accounts. Every condition that it states has to hold.
type Classifier struct {
	Source   string
	Login    *regexp.Regexp
	OU       string
	Group    *regexp.Regexp
	Kind     scanners.AccountKind
	Reason   string
	Override bool
	Place    string
}

func (f *file) classifiers(rules []classifier, c *Config) []Classifier {
	var out []Classifier
	for i, r := range rules {
		key := fmt.Sprintf("correlation.classifier[%d]", i)
		if r.Source != "" {
			f.oneOf(key+".source", r.Source, names(c.Sources))
		}
		if r.Login+r.OU+r.Group == "" {
			f.fail(key, "set at least one of login, ou, group", "matches every account")
		}
		f.need(key+".reason", r.Reason)
		f.classified(key+".kind", r.Kind)
		out = append(out, Classifier{r.Source, f.pattern(key+".login", r.Login), r.OU, f.pattern(key+".group", r.Group),
			scanners.AccountKind(r.Kind), r.Reason, r.Override, f.where(key)})
	}
	return out
}

// classified checks a kind. An emergency account gets no finding, so a pattern must not make one.
func (f *file) classified(key, kind string) {
	if scanners.AccountKind(kind) == scanners.KindBreakGlass {
		f.fail(key, "list each of them below break_glass, where every report shows it", "no pattern makes an emergency account")
		return
	}
	f.oneOf(key, kind, []string{"admin", "service", "shared", "guest", "machine", "test"})
}

// pattern compiles a pattern of a whole text without regard to case; nil for an empty one.
func (f *file) pattern(key, text string) *regexp.Regexp {
	if text == "" {
		return nil
	}
	expr, isRegexp := strings.CutPrefix(text, "re:")
	if !isRegexp {
		expr = strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(text))
	}
	compiled, err := regexp.Compile("(?is)^(?:" + expr + ")$")
	if err != nil {
		f.fail(key, "* and ? are wildcards; a regular expression follows re:", "%q is not a pattern: %v", text, err)
		return nil
	}
	return compiled
}

// Matches reports whether the rule is about a, and the fact that made it so.
func (r *Classifier) Matches(a *scanners.Account) (fact string, yes bool) {
	if r.Source != "" && r.Source != a.System {
		return "", false
	}
	var facts []string
	if r.Login != nil {
		login, found := matching(r.Login, a.Logins)
		if !found {
			return "", false
		}
		facts = append(facts, "login "+login)
	}
	if r.OU != "" {
		if !reconcile.Below(a.DN, r.OU) {
			return "", false
		}
		facts = append(facts, "below "+r.OU)
	}
	if r.Group != nil {
		var held []string
		for _, g := range a.Grants {
			held = append(held, g.Name, g.ID)
		}
		group, found := matching(r.Group, held)
		if !found {
			return "", false
		}
		facts = append(facts, "group "+group)
	}
	return strings.Join(facts, ", "), len(facts) > 0
}

func matching(pattern *regexp.Regexp, texts []string) (string, bool) {
	for _, text := range texts {
		if text != "" && pattern.MatchString(reconcile.Fold(text)) {
			return text, true
		}
	}
	return "", false
}

// Classify gives a the kind of the first rule that matches it, and returns the number of that rule, -1 for none. What the
// source says of the kind itself stays, unless the rule overrides it.
func (c *Config) Classify(a *scanners.Account) (rule int) {
	for i := range c.Correlation.Classifier {
		r := &c.Correlation.Classifier[i]
		if a.Kind != "" && !r.Override {
			continue
		}
		if fact, yes := r.Matches(a); yes {
			a.Kind, a.KindWhy = r.Kind, fmt.Sprintf("%s: %s (%s)", fact, r.Reason, r.Place)
			return i
		}
	}
	return -1
}
