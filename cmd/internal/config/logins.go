package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/leaver-audit/leaver/reconcile"
)

// loginRule is one rule as written.
type loginRule struct {
	Source string `yaml:"source" doc:"Name of the source of the secondary accounts."`
	Match  string `yaml:"match" doc:"Regular expression for the whole login, with one group, such as adm-(.+)."`
	To     string `yaml:"to" doc:"Login of the primary account; $1 stands for the group (default $1)."`
	Of     string `yaml:"of" doc:"Name of the source of the primary accounts; the same source by default."`
}

func (f *file) loginRules(rules []loginRule, c *Config) []reconcile.LoginRule {
	var out []reconcile.LoginRule
	for i, r := range rules {
		key := fmt.Sprintf("correlation.login_rules[%d]", i)
		rule := reconcile.LoginRule{Source: r.Source, Of: or(optional(r.Of), r.Source), To: or(optional(r.To), "$1"), Place: f.where(key)}
		f.oneOf(key+".source", r.Source, names(c.Sources))
		if r.Of != "" {
			f.oneOf(key+".of", r.Of, names(c.Sources))
		}
		if !strings.Contains(rule.To, "$1") && !strings.Contains(rule.To, "${1}") {
			f.fail(key+".to", "for example to: $1", "%q leads every account to one", rule.To)
		}
		rule.Match = f.oneGroup(key+".match", r.Match)
		out = append(out, rule)
	}
	return out
}

// oneGroup compiles an expression for a whole login, without regard to case.
func (f *file) oneGroup(key, text string) *regexp.Regexp {
	if !f.need(key, text) {
		return nil
	}
	compiled, err := regexp.Compile("(?is)^(?:" + text + ")$")
	switch {
	case err != nil:
		f.fail(key, "for example match: adm-(.+)", "%q is no regular expression: %v", text, err)
	case compiled.NumSubexp() != 1:
		f.fail(key, "for example match: adm-(.+)", "%q has %d groups and wants one", text, compiled.NumSubexp())
	}
	return compiled
}
