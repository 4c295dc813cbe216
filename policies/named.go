package policies

import (
	"fmt"

	"github.com/leaver-audit/leaver/scanners"
)

// Named finds the names and patterns in stages that match no right of any account: misspelt ones, most likely. It is shown each
// account of a run once and is not safe for concurrent use.
type Named struct {
	list []named
}

// named is one name or pattern of a stage.
type named struct {
	rule    *Rule
	stage   string
	does    string // takes or keeps
	kind    string
	name    string
	rights  Rights
	matched bool
}

// NewNamed looks for the names in the stages of the rules.
func NewNamed(rules []Rule) *Named {
	n := &Named{}
	for i := range rules {
		for _, stage := range rules[i].Stages {
			n.add(&rules[i], stage.Name, "takes", stage.Revoke)
			n.add(&rules[i], stage.Name, "keeps", stage.Keep)
		}
	}
	return n
}

func (n *Named) add(rule *Rule, stage, does string, list []Rights) {
	for _, r := range list {
		for _, kind := range RightKinds() {
			for _, name := range r.Names(kind) {
				n.list = append(n.list, named{rule: rule, stage: stage, does: does, kind: kind, name: name, rights: r.only(kind, name)})
			}
		}
	}
}

// only is one name of r.
func (r Rights) only(kind, name string) Rights {
	one := Rights{Sources: r.Sources}
	switch kind {
	case RightGroup:
		one.Groups = []string{name}
	case RightRole:
		one.Roles = []string{name}
	case RightApplication:
		one.Applications = []string{name}
	case RightLicence:
		one.Licences = []string{name}
	}
	return one
}

// Count takes note of what one account holds.
func (n *Named) Count(a *scanners.Account) {
	if len(n.list) == 0 {
		return
	}
	for _, h := range rightsOf(a) {
		for i := range n.list {
			if one := &n.list[i]; !one.matched && one.rights.Matches(a.System, h.Right) {
				one.matched = true
			}
		}
	}
}

// Unmatched lists what matched nothing.
func (n *Named) Unmatched() []Remark {
	var list []Remark
	for i := range n.list {
		if one := &n.list[i]; !one.matched {
			list = append(list, Remark{one.rule.Place, one.rule.Name, fmt.Sprintf("stage %q %s nothing by %q: it matches no %s of any account", one.stage, one.does, one.name, one.kind)})
		}
	}
	return list
}
