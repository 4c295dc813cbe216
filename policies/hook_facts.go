package policies

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// hookFact is one fact that hooks can ask for.
type hookFact struct {
	object, name string
	typ          *cel.Type
	doc          string
	get          func(*facts) scanners.Fact[ref.Val]
}

// FactDoc describes one fact that a hook can ask for: "account.created", "timestamp" and a sentence.
type FactDoc struct{ Name, Type, Doc string }

// HookFacts lists every fact that a hook can ask for, in the order of the documentation.
func HookFacts() []FactDoc {
	var list []FactDoc
	for _, f := range hookFacts {
		list = append(list, FactDoc{f.object + "." + f.name, strings.NewReplacer("leaver.", "", "google.protobuf.Timestamp", "timestamp").Replace(f.typ.String()), f.doc})
	}
	return list
}

func factByName(name string) (hookFact, bool) {
	for _, f := range hookFacts {
		if f.object+"."+f.name == name {
			return f, true
		}
	}
	return hookFact{}, false
}

// field is the fact as the compiler of CEL wants it.
func (h hookFact) field() *types.FieldType {
	trail := types.NewAttributeTrail(h.object + "." + h.name)
	absent, unread := types.NewUnknown(absentID, trail), types.NewUnknown(unreadID, trail)
	return &types.FieldType{Type: h.typ, IsSet: func(any) bool { return true },
		GetFrom: func(object any) (any, error) {
			f, ok := object.(*facts)
			if !ok {
				return nil, fmt.Errorf("%s.%s of something else", h.object, h.name)
			}
			switch fact := h.get(f); fact.State {
			case scanners.StateKnown:
				return fact.Value, nil
			case scanners.StateNever:
				return absent, nil
			default:
				return unread, nil
			}
		}}
}

// describe writes the fact of one account for an explanation.
func (h hookFact) describe(f *facts) string {
	switch fact := h.get(f); {
	case fact.IsNever():
		return "has no value"
	case fact.IsUnknown() && fact.Reason != "":
		return "is unknown (" + fact.Reason + ")"
	case fact.IsUnknown():
		return "is unknown"
	default:
		return "= " + valueText(fact.Value)
	}
}

func valueText(value ref.Val) string {
	switch v := value.(type) {
	case types.Timestamp:
		return day(v.Time)
	case types.String:
		return fmt.Sprintf("%q", string(v))
	default:
		if list, ok := value.Value().([]string); ok {
			return fmt.Sprintf("%q", list)
		}
		if list, ok := value.Value().([]ref.Val); ok {
			return fmt.Sprintf("%d of them", len(list))
		}
		return fmt.Sprint(value.Value())
	}
}

func known(v ref.Val) scanners.Fact[ref.Val] { return scanners.Known(v) }

func convert[T any](f scanners.Fact[T], to func(T) ref.Val) scanners.Fact[ref.Val] {
	out := scanners.Fact[ref.Val]{State: f.State, Reason: f.Reason}
	if f.IsKnown() {
		out.Value = to(f.Value)
	}
	return out
}

func truth(f scanners.Fact[bool]) scanners.Fact[ref.Val] {
	return convert(f, func(b bool) ref.Val { return types.Bool(b) })
}

func number(f scanners.Fact[int64]) scanners.Fact[ref.Val] {
	return convert(f, func(n int64) ref.Val { return types.Int(n) })
}

func moment(f scanners.Fact[time.Time]) scanners.Fact[ref.Val] {
	return convert(f, func(t time.Time) ref.Val { return types.Timestamp{Time: t} })
}

// instantOf is an instant whose zero value means that there is none.
func instantOf(t time.Time) scanners.Fact[ref.Val] {
	if t.IsZero() {
		return scanners.Never[ref.Val]()
	}
	return known(types.Timestamp{Time: t})
}

// text is unknown when it is empty: sources do not tell "none" from "not read".
func text(s string) scanners.Fact[ref.Val] {
	if s == "" {
		return scanners.Unknown[ref.Val]("the source gives none")
	}
	return known(types.String(s))
}

// texts is unknown when it is empty, as [text].
func texts(list []string) scanners.Fact[ref.Val] {
	if len(list) == 0 {
		return scanners.Unknown[ref.Val]("the source gives none")
	}
	return known(types.NewStringList(adapter{types.DefaultTypeAdapter}, list))
}

func grants(list []scanners.Grant) scanners.Fact[ref.Val] {
	if len(list) == 0 {
		return scanners.Unknown[ref.Val]("the source gives none")
	}
	values := make([]ref.Val, len(list))
	for i := range list {
		values[i] = grant{g: &list[i]}
	}
	return known(types.NewRefValList(adapter{types.DefaultTypeAdapter}, values))
}

func grantFields() map[string]*types.FieldType {
	field := func(typ *cel.Type, get func(*scanners.Grant) ref.Val) *types.FieldType {
		return &types.FieldType{Type: typ, IsSet: func(any) bool { return true }, GetFrom: func(object any) (any, error) {
			g, ok := object.(*scanners.Grant)
			if !ok {
				return nil, fmt.Errorf("a grant is needed")
			}
			return get(g), nil
		}}
	}
	return map[string]*types.FieldType{
		"id":     field(cel.StringType, func(g *scanners.Grant) ref.Val { return types.String(g.ID) }),
		"name":   field(cel.StringType, func(g *scanners.Grant) ref.Val { return types.String(g.Name) }),
		"type":   field(cel.StringType, func(g *scanners.Grant) ref.Val { return types.String(g.Type) }),
		"direct": field(cel.BoolType, func(g *scanners.Grant) ref.Val { return types.Bool(g.Direct) }),
	}
}

// ofPerson is a fact of the person that the account belongs to; it has no value where nobody was found.
func ofPerson[T any](to func(T) scanners.Fact[ref.Val], get func(*reconcile.Person) T) func(*facts) scanners.Fact[ref.Val] {
	return func(f *facts) scanners.Fact[ref.Val] {
		if f.v.Person == nil {
			return scanners.Never[ref.Val]()
		}
		return to(get(f.v.Person))
	}
}

func ofAccount[T any](to func(T) scanners.Fact[ref.Val], get func(*scanners.Account) T) func(*facts) scanners.Fact[ref.Val] {
	return func(f *facts) scanners.Fact[ref.Val] { return to(get(f.v.Account)) }
}

// kindOf hides rule_match, as flags hides what only a finding brings: a hook has to say the same of an account before and
// after it made the finding.
func (f *facts) kindOf() reconcile.Kind {
	if f.kind == reconcile.RuleMatch {
		return reconcile.KindNone
	}
	return f.kind
}

func (f *facts) flags() []string {
	flags := f.v.Flags
	if f.kind == reconcile.RuleMatch {
		flags &^= reconcile.FailedLogins
	}
	return flags.List()
}

func wholeDaysSince(t scanners.Fact[time.Time], now time.Time) scanners.Fact[ref.Val] {
	return convert(t, func(t time.Time) ref.Val { return types.Int(max(0, int64(now.Sub(t)/(24*time.Hour)))) })
}

func employmentTypes(p *reconcile.Person) []string {
	var list []string
	for _, e := range p.Employments {
		if e.Type != "" && !slices.Contains(list, e.Type) {
			list = append(list, e.Type)
		}
	}
	return list
}
