package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/scanners"
)

// stage is one stage of a graceful rule as written.
type stage struct {
	Name   string   `yaml:"name" doc:"Name of the stage, unique within its rule."`
	Days   int      `yaml:"days" doc:"Whole days after the instant that grace.from names (the end of employment), -3 for three days before it."`
	Unit   string   `yaml:"unit" doc:"calendar (default) or business, with the holidays of grace."`
	Date   string   `yaml:"date" doc:"The day on which the stage begins, in place of days."`
	Action string   `yaml:"action" doc:"report (a notice), revoke and reclaim (some rights), lock or delete (the account)."`
	Revoke []rights `yaml:"revoke" doc:"The rights that go, for revoke and reclaim; of them those that the account holds and that can be taken from it."`
	Keep   []rights `yaml:"keep" doc:"The rights that stay although revoke names them."`
}

// rights names rights of an account as written.
type rights struct {
	Sources      []string `yaml:"sources" doc:"Systems in which it is meant; all when empty."`
	Groups       []string `yaml:"groups" doc:"Names or ids of groups. * is any text, ? any character; case is not regarded."`
	Roles        []string `yaml:"roles" doc:"Of roles."`
	Applications []string `yaml:"applications" doc:"Of application assignments."`
	Licences     []string `yaml:"licences" doc:"Of licences."`
}

type handOver struct {
	To []string `yaml:"to" doc:"Who takes over, the first who is there: manager, sponsor, owner, a mail address, or a person as people-source/id."`
}

// stages checks the stages of a rule, and to whom it hands over.
func (f *file) stages(doc *rule, c *Config, r *policies.Rule) {
	for i, s := range doc.Stages {
		r.Stages = append(r.Stages, f.stage(fmt.Sprintf("stages[%d]", i), s, c))
	}
	if doc.HandOver == nil {
		return
	}
	r.HandOver = doc.HandOver.To
	if len(r.HandOver) == 0 {
		f.fail("hand_over", "for example hand_over: {to: [manager, iam@example.com]}", "it names nobody")
	}
	for i, to := range r.HandOver {
		f.recipient(fmt.Sprintf("hand_over.to[%d]", i), to, c)
	}
}

func (f *file) stage(key string, s stage, c *Config) policies.Stage {
	out := policies.Stage{Name: s.Name, Days: s.Days, Business: s.Unit == "business", Action: s.Action}
	if s.Unit != "" {
		f.oneOf(key+".unit", s.Unit, []string{"calendar", "business"})
	}
	if s.Date != "" {
		date, err := scanners.ParseDate(s.Date)
		if err != nil {
			f.fail(key+".date", "", "%v", err)
		}
		out.Date = date
	}
	known := len(f.mistakes)
	f.need(key+".name", s.Name)
	f.oneOf(key+".action", s.Action, policies.Actions())
	out.Revoke, out.Keep = f.rights(key+".revoke", s.Revoke, c), f.rights(key+".keep", s.Keep, c)
	if err := out.Check(); err != nil && len(f.mistakes) == known {
		problem, hint, _ := strings.Cut(err.Error(), "\nhint: ")
		f.fail(key, hint, "%s", problem)
	}
	return out
}

func (f *file) rights(key string, list []rights, c *Config) []policies.Rights {
	var out []policies.Rights
	for i, r := range list {
		for j, source := range r.Sources {
			f.oneOf(fmt.Sprintf("%s[%d].sources[%d]", key, i, j), source, names(c.Sources))
		}
		out = append(out, policies.Rights(r))
	}
	return out
}

// notices checks who is told before a decision of a rule. Somebody has to send it: a rule that waits for a notice that nobody
// sends would never act.
func (f *file) notices(n *ruleNotify, c *Config) *policies.Notify {
	if n == nil {
		return nil
	}
	if c.Notify.Notices == nil {
		f.fail("notify", "add notify: {notices: {from: …, server: …, domains: […]}} to leaver.yaml", "leaver.yaml does not say how notices go out")
	}
	for i, to := range n.To {
		f.recipient(fmt.Sprintf("notify.to[%d]", i), to, c)
	}
	return &policies.Notify{To: n.To, Before: or(n.Before, 0)}
}

// recipient checks one of those to whom a rule hands over, or who is told.
func (f *file) recipient(key, to string, c *Config) {
	words := []string{policies.ToManager, policies.ToSponsor, policies.ToOwner}
	source, id, person := strings.Cut(to, "/")
	switch {
	case slices.Contains(words, to):
	case strings.Contains(to, "@"):
		f.mailAddress(key, to)
	case person && id != "":
		f.oneOf(key, source, names(c.People))
	default:
		problem := fmt.Sprintf("unknown recipient %q", to)
		if near := nearest(to, words); near != "" {
			problem += fmt.Sprintf("; did you mean %q?", near)
		}
		f.fail(key, "it is manager, sponsor, owner, a mail address, or a person as people-source/id", "%s", problem)
	}
}
