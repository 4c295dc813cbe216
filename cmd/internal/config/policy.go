package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/leaver-audit/leaver/policies"
)

// rule is one document of a policy file as written.
type rule struct {
	APIVersion  string      `yaml:"apiVersion" doc:"leaver/v1."`
	Kind        string      `yaml:"kind" doc:"Policy."`
	Name        string      `yaml:"name" doc:"Unique name of the rule."`
	Description string      `yaml:"description" doc:"One sentence for the Rules sheet."`
	Active      *bool       `yaml:"active" doc:"Whether the rule decides (default true)."`
	Effective   effective   `yaml:"effective" doc:"The days on which the rule decides; all when empty."`
	Trigger     trigger     `yaml:"trigger" doc:"Which accounts the rule selects; every clause has to hold."`
	Grace       grace       `yaml:"grace" doc:"How long a selected account may wait."`
	Exclude     []exclusion `yaml:"exclude" doc:"Exclusions that hold for this rule only."`
	Action      string      `yaml:"action" doc:"report, lock, revoke, reclaim or delete; of a rule with stages each stage has its own."`
	Stages      []stage     `yaml:"stages,omitempty" doc:"What is due step by step, in the order of the dates: strategy graceful."`
	HandOver    *handOver   `yaml:"hand_over,omitempty" doc:"Who takes over what the owner leaves behind, for a rule with stages."`
	Notify      *ruleNotify `yaml:"notify,omitempty" doc:"Who is told before a decision of the rule becomes due; it needs notify.notices in leaver.yaml."`
	Allocation  allocation  `yaml:"allocation" doc:"Process allocation size: how fast the action may be carried out."`
	Schedule    *cron       `yaml:"schedule" doc:"When decisions may become due; at any time without it. Findings are made on every run."`
	Strategy    string      `yaml:"strategy" doc:"scheduled (decisions queue by their due date), graceful (stages) or detective (it only reports); it may be left out, the action or the stages say which."`
	Controls    []string    `yaml:"controls" doc:"Framework ids that the rule serves."`
}

type effective struct {
	From  string `yaml:"from" doc:"First day on which the rule decides, as 2006-01-02."`
	Until string `yaml:"until" doc:"Last day on which the rule decides, as 2006-01-02."`
}

type trigger struct {
	Status       []string  `yaml:"status" doc:"States of the owner: ended, vanished, suspended, on_leave, prehire, employed."`
	EndDate      *endDate  `yaml:"end_date" doc:"Holds when the stated end of employment plus the offset has passed."`
	Kinds        []string  `yaml:"kinds" doc:"Finding kinds. With rule_match also accounts without a finding."`
	Flags        []string  `yaml:"flags" doc:"Flags that all have to be set."`
	FailedLogins int64     `yaml:"failed_logins" doc:"Least number of failed sign-ins that the source counts."`
	Sources      []string  `yaml:"sources" doc:"Systems that the rule is for; all when empty."`
	Hook         *hookText `yaml:"hook" doc:"An expression in CEL over account, person, source, verdict and now, asked when all else holds."`
}

type endDate struct {
	Offset    offset `yaml:"offset" doc:"How long after the end, such as 0 or 3d; -3d selects three days before it."`
	BeforeEnd bool   `yaml:"before_end" doc:"Lets decisions of a negative offset become due before the end, approved one by one (default false: notice only)."`
}

type grace struct {
	Days      int            `yaml:"days" doc:"Whole days."`
	Unit      string         `yaml:"unit" doc:"calendar (default) or business: Monday to Friday without holidays, in the person's zone."`
	Holidays  string         `yaml:"holidays" doc:"The list of holidays in leaver.yaml that business days leave out (default: the list named default, if there is one)."`
	From      string         `yaml:"from" doc:"end_date (default), first_seen, or notified: when the notice of notify went out."`
	PerSystem map[string]int `yaml:"per_system" doc:"Other numbers of days for some systems."`
}

type ruleNotify struct {
	To     []string       `yaml:"to" doc:"Who is told, the first who is there and has a mail address: manager, sponsor, owner, a mail address, or a person as people-source/id."`
	Before *time.Duration `yaml:"before" doc:"How long before the decision becomes due, at least; not with grace from notified."`
}

type allocation struct {
	Tasks     int             `yaml:"tasks" doc:"How many tasks of the rule may run at the same time (1 to 64)."`
	PerMinute int             `yaml:"per_minute" doc:"How many may be started per minute (1 to 6000)."`
	PerSystem map[string]pace `yaml:"per_system" doc:"Other numbers for some systems."`
}

type pace struct {
	Tasks     int `yaml:"tasks" doc:"How many tasks may run at the same time."`
	PerMinute int `yaml:"per_minute" doc:"How many may be started per minute."`
}

type cron struct {
	Cron   string `yaml:"cron" doc:"A cron expression: minute, hour, day of the month, month, day of the week."`
	Zone   string `yaml:"zone" doc:"IANA zone that it is meant in (default UTC)."`
	Active *bool  `yaml:"active" doc:"While false, nothing of the rule becomes due (default true)."`
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
			r := f.rule(&doc, c, text)
			r.Place = fmt.Sprintf("%s:%d", path, root.Line)
			mistakes = append(mistakes, f.mistakes...)
			all = append(all, r)
		}
	}
	if err := join(mistakes); err != nil {
		return nil, err
	}
	if err := c.uniqueInRules(all); err != nil {
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
