package policies

import (
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// facts are what a hook is evaluated over: everything that is known of one account at one instant. They are the activation
// of its variables, and stand for each of the objects account, person, source and verdict.
type facts struct {
	v   *reconcile.Verdict
	now time.Time
	// kind is that of v; rule_match for an account without a finding, which is what a rule would make of it.
	kind reconcile.Kind
}

func newFacts(v *reconcile.Verdict, now time.Time) *facts {
	f := &facts{v: v, now: now, kind: v.Kind}
	if f.kind == reconcile.KindNone {
		f.kind = reconcile.RuleMatch
	}
	return f
}

// ResolveName gives a hook its variables.
func (f *facts) ResolveName(name string) (any, bool) {
	switch name {
	case "account", "person", "source", "verdict":
		return f, true
	case "now":
		return types.Timestamp{Time: f.now}, true
	default:
		return nil, false
	}
}

// Parent says that there are no variables but these.
func (f *facts) Parent() interpreter.Activation { return nil }

// The ids by which an unknown value of CEL says why it is one: the source stated that there is no value, or nothing.
const (
	absentID = 1
	unreadID = 2
)

// objectName is the name of the type of a variable.
func objectName(variable string) string { return "leaver." + variable }

const grantName = "leaver.grant"

// provider describes the objects to the compiler and reads their fields.
type provider struct {
	types.Provider
	fields map[string]map[string]*types.FieldType
}

func newProvider(rest types.Provider) *provider {
	p := &provider{rest, map[string]map[string]*types.FieldType{grantName: grantFields()}}
	for _, fact := range hookFacts {
		name := objectName(fact.object)
		if p.fields[name] == nil {
			p.fields[name] = map[string]*types.FieldType{}
		}
		p.fields[name][fact.name] = fact.field()
	}
	return p
}

// FindStructType finds the objects.
func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if _, ok := p.fields[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return p.Provider.FindStructType(name)
}

// FindStructFieldNames lists the fields of an object.
func (p *provider) FindStructFieldNames(name string) ([]string, bool) {
	fields, ok := p.fields[name]
	if !ok {
		return p.Provider.FindStructFieldNames(name)
	}
	var names []string
	for field := range fields {
		names = append(names, field)
	}
	slices.Sort(names)
	return names, true
}

// FindStructFieldType finds one field of an object.
func (p *provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	fields, ok := p.fields[name]
	if !ok {
		return p.Provider.FindStructFieldType(name, field)
	}
	found, ok := fields[field]
	return found, ok
}

// adapter hands values of CEL through. The objects themselves are no values: only their fields are.
type adapter struct{ types.Adapter }

// NativeToValue makes a value of CEL.
func (a adapter) NativeToValue(value any) ref.Val {
	switch v := value.(type) {
	case ref.Val:
		return v
	case *facts:
		return types.NewErr("account, person, source and verdict are no values of their own: ask for their fields")
	default:
		return a.Adapter.NativeToValue(value)
	}
}

// hookEnv is the environment of every hook: the standard functions of CEL, days(), our variables, has() of our own, and the
// limits of the compiler.
func hookEnv() (*cel.Env, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	options := []cel.EnvOption{
		cel.CustomTypeAdapter(adapter{registry}), cel.CustomTypeProvider(newProvider(registry)),
		cel.ClearMacros(), cel.Macros(cel.AllMacro, cel.ExistsMacro, cel.ExistsOneMacro, cel.MapMacro, cel.FilterMacro,
			cel.GlobalMacro("has", 1, expandHas)),
		cel.EnableMacroCallTracking(), cel.DefaultUTCTimeZone(true),
		cel.ParserRecursionLimit(maxHookDepth), cel.ParserExpressionSizeLimit(maxHookText), cel.ExpressionNodeLimit(maxHookNodes),
		cel.ParserErrorRecoveryLimit(4), cel.RegexProgramSizeLimit(maxHookRegexp),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals(),
			cel.ValidateHomogeneousAggregateLiterals()),
		cel.Variable("now", cel.TimestampType),
		cel.Function("days", cel.Overload("days_int", []*cel.Type{cel.IntType}, cel.DurationType, cel.UnaryBinding(days))),
		cel.Function(hasFact, cel.Overload("has_fact", []*cel.Type{cel.TypeParamType("T")}, cel.BoolType,
			cel.OverloadIsNonStrict(), cel.UnaryBinding(has))),
	}
	for _, name := range []string{"account", "person", "source", "verdict"} {
		options = append(options, cel.Variable(name, cel.ObjectType(objectName(name))))
	}
	return cel.NewEnv(options...)
}

// days makes a duration, which CEL itself writes in hours.
func days(n ref.Val) ref.Val {
	count, ok := n.(types.Int)
	if !ok || count < -maxDays || count > maxDays {
		return types.NewErr("days(%v) is not between -%d and %d", n, maxDays, maxDays)
	}
	return types.Duration{Duration: time.Duration(count) * 24 * time.Hour}
}

const maxDays = 36_500

// hasFact is the function that has(x.y) becomes. Users cannot write its name.
const hasFact = "@has_fact"

// expandHas replaces CEL's own has(), for which a fact is there or not: it would turn unknown into false, and !has() into a
// rule that unknown satisfies.
func expandHas(eh cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
	if args[0].Kind() != ast.SelectKind {
		return nil, eh.NewError(args[0].ID(), "has() takes one fact, such as has(account.expires)")
	}
	return eh.NewCall(hasFact, args[0]), nil
}

func has(value ref.Val) ref.Val {
	switch v := value.(type) {
	case *types.Err:
		return v
	case *types.Unknown:
		if slices.Contains(v.IDs(), unreadID) {
			return v
		}
		return types.False
	default:
		return types.True
	}
}

// sizes tells the estimate of costs how long lists and texts of an account are at most supposed to be. Where one is longer,
// the limit at run time holds.
type sizes struct{}

const (
	usualList   = 500
	usualGrants = 2_000
	usualText   = 256
)

// EstimateSize bounds the facts by their type.
func (sizes) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	if len(node.Path()) == 0 || node.Type() == nil {
		return nil
	}
	switch node.Type().Kind() {
	case types.ListKind:
		if node.Path()[len(node.Path())-1] == "grants" {
			return &cost.SizeEstimate{Max: usualGrants}
		}
		return &cost.SizeEstimate{Max: usualList}
	case types.StringKind:
		return &cost.SizeEstimate{Max: usualText}
	default:
		return nil
	}
}

// EstimateCallCost leaves functions to CEL, but for has(), which it does not know.
func (sizes) EstimateCallCost(function, _ string, _ *cost.AstNode, _ []cost.AstNode) *cost.CallEstimate {
	if function == hasFact {
		return &cost.CallEstimate{CostEstimate: cost.FixedCostEstimate(1)}
	}
	return nil
}

// grant is one right of an account as a value of CEL.
type grant struct {
	ref.Val
	g *scanners.Grant
}

// Value is the grant.
func (g grant) Value() any { return g.g }

// Type is the object type of grants.
func (g grant) Type() ref.Type { return types.NewObjectType(grantName) }

// Equal compares two grants.
func (g grant) Equal(other ref.Val) ref.Val {
	o, ok := other.(grant)
	return types.Bool(ok && *o.g == *g.g)
}
