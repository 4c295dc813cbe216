package policies

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/leaver-audit/leaver/scanners"
)

// The kinds of rights, as connectors write them in [scanners.Grant].
const (
	RightGroup       = "group"
	RightRole        = "role"
	RightApplication = "application"
	RightLicence     = "licence"
)

// Right is one right of an account, for decisions and plans.
type Right struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// String gives "group Sales".
func (r Right) String() string { return r.Type + " " + cmp.Or(r.Name, r.ID) }

// Rights describes rights by their kind and by name or id, in some systems or, without Sources, in all. In a name "*" stands
// for any text and "?" for one character, and nothing else has a meaning; case is not regarded.
type Rights struct {
	Sources      []string
	Groups       []string
	Roles        []string
	Applications []string
	Licences     []string
}

// Names are the names and patterns for a kind of right.
func (r *Rights) Names(kind string) []string {
	switch kind {
	case RightGroup:
		return r.Groups
	case RightRole:
		return r.Roles
	case RightApplication:
		return r.Applications
	case RightLicence:
		return r.Licences
	default:
		return nil
	}
}

// RightKinds are the kinds of rights that a stage can name.
func RightKinds() []string { return []string{RightGroup, RightRole, RightApplication, RightLicence} }

func (r *Rights) check(what string) error {
	if len(r.Groups)+len(r.Roles)+len(r.Applications)+len(r.Licences) == 0 {
		return fmt.Errorf("an entry of %s names nothing\nhint: add groups, roles, applications or licences", what)
	}
	for _, kind := range RightKinds() {
		if slices.Contains(r.Names(kind), "") {
			return fmt.Errorf("an entry of %s has an empty name", what)
		}
	}
	return nil
}

// Matches reports whether the right of an account in the given system is among r.
func (r *Rights) Matches(system string, right Right) bool {
	if len(r.Sources) > 0 && !slices.Contains(r.Sources, system) {
		return false
	}
	return slices.ContainsFunc(r.Names(right.Type), func(name string) bool {
		return nameMatches(name, right.Name) || nameMatches(name, right.ID)
	})
}

func anyMatches(list []Rights, system string, right Right) bool {
	return slices.ContainsFunc(list, func(r Rights) bool { return r.Matches(system, right) })
}

// nameMatches compares a whole name with a pattern. Brackets stand for themselves: "Sales [EMEA]" is the name of a group.
func nameMatches(pattern, name string) bool {
	plain := func(s string) string { return strings.ReplaceAll(globText(s), "[", "\x03") }
	ok, err := path.Match(plain(pattern), plain(name))
	return err == nil && ok && name != ""
}

// held is a right that an account holds, and whether it can be taken from that very account.
type held struct {
	Right
	removable bool
}

// rightsOf lists what an account holds, each right once, in order. A licence that a group brings is no right of the account's
// own.
func rightsOf(a *scanners.Account) []held {
	var list []held
	for _, g := range a.Grants {
		list = append(list, held{Right{g.Type, g.ID, g.Name}, g.Direct && g.Removable})
	}
	for _, licence := range a.Licences {
		listed := func(h held) bool {
			return h.Type == RightLicence && (strings.EqualFold(h.Name, licence) || strings.EqualFold(h.ID, licence))
		}
		if !slices.ContainsFunc(list, listed) {
			list = append(list, held{Right{RightLicence, licence, licence}, true})
		}
	}
	slices.SortFunc(list, func(a, b held) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return slices.CompactFunc(list, func(a, b held) bool { return a.Right == b.Right && a.removable == b.removable })
}
