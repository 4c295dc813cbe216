package policies

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// Hook is one CEL expression that selects accounts, compiled. Its text is its only exported form: JSON and YAML hold the
// text, and reading compiles it again.
//
// A hook asks for facts of account, person, source, verdict, and for now; [HookFacts] lists them with their types. It is
// typed and must come to true or false. A fact that the source could not state is neither: it makes unknown whatever rests
// on it, !x as well as x, unless the rest of the expression decides alone. Unknown never selects. has(account.expires) is
// true for a value, false for a stated absence (never expires) and unknown for an unknown fact. An empty text or list is an
// unknown fact: sources do not tell "none" from "not read".
//
// An evaluation that costs more than [HookCostLimit], or fails in another way, is an error for that account and never a no.
type Hook struct {
	text    string
	cost    uint64
	facts   []string
	program cel.Program
	clauses []hookClause
}

// hookClause is one of the expressions that a hook joins by &&.
type hookClause struct {
	text    string
	facts   []string
	program cel.Program
}

// The limits of a hook. HookCostLimit is in CEL's cost units, of which an ordinary hook takes some tens per account.
const (
	HookCostLimit = 100_000
	maxHookText   = 4_000
	maxHookNodes  = 2_000
	maxHookDepth  = 50
	maxHookRegexp = 2_000
)

// HookError is a mistake in the text of a hook. Line and Column count from 1 within the text.
type HookError struct {
	Line, Column int
	Problem      string
}

// Error gives "line:column: problem".
func (e *HookError) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Problem) }

// CompileHook checks a hook and makes it ready. The error is a [*HookError].
func CompileHook(text string) (*Hook, error) {
	env, err := hookEnv()
	if err != nil {
		return nil, &HookError{1, 1, err.Error()}
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, firstIssue(issues)
	}
	if checked.OutputType() != cel.BoolType {
		return nil, &HookError{1, 1, fmt.Sprintf("the hook comes to a %s, not to true or false", checked.OutputType())}
	}
	h := &Hook{text: text, facts: factsOf(checked.NativeRep().Expr())}
	if len(h.facts) == 0 {
		return nil, &HookError{1, 1, "the hook asks for no fact of account, person, source or verdict, and would be the same for every account"}
	}
	estimate, err := env.EstimateCost(checked, sizes{})
	if err != nil {
		return nil, &HookError{1, 1, err.Error()}
	}
	if h.cost = estimate.Max; h.cost > HookCostLimit {
		return nil, costError(checked.NativeRep(), h.cost)
	}
	if h.program, err = hookProgram(env, checked.NativeRep()); err != nil {
		return nil, &HookError{1, 1, err.Error()}
	}
	return h, h.split(env, checked.NativeRep())
}

// hookProgram counts what an evaluation costs, which takes half of its time, unless the cost cannot depend on the account.
func hookProgram(env *cel.Env, checked *ast.AST) (cel.Program, error) {
	if bounded(checked) {
		return env.PlanProgram(checked, cel.EvalOptions(cel.OptOptimize))
	}
	return env.PlanProgram(checked, cel.CostLimit(HookCostLimit), cel.EvalOptions(cel.OptOptimize))
}

// bounded reports whether an expression takes the same few steps for every account: it has no loop, and calls nothing but
// comparisons, logic, has(), days(), arithmetic on numbers and times, and "in" with a list that is written out.
func bounded(checked *ast.AST) bool {
	steps := []string{operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional, operators.Equals, operators.NotEquals,
		operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals, hasFact, "days"}
	sizes := []types.Kind{types.IntKind, types.UintKind, types.DoubleKind, types.TimestampKind, types.DurationKind}
	calls := ast.MatchDescendants(ast.NavigateAST(checked), ast.KindMatcher(ast.CallKind))
	loops := ast.MatchDescendants(ast.NavigateAST(checked), ast.KindMatcher(ast.ComprehensionKind))
	return len(loops) == 0 && !slices.ContainsFunc(calls, func(e ast.NavigableExpr) bool {
		switch call := e.AsCall(); call.FunctionName() {
		case operators.Add, operators.Subtract, operators.Negate:
			return !slices.Contains(sizes, e.Type().Kind())
		case operators.In:
			return call.Args()[1].Kind() != ast.ListKind
		default:
			return !slices.Contains(steps, call.FunctionName())
		}
	})
}

// firstIssue is the first complaint of the compiler.
func firstIssue(issues *cel.Issues) *HookError {
	all := issues.Errors()
	first := all[0]
	message, _, _ := strings.Cut(first.Message, "\n")
	return &HookError{max(first.Location.Line(), 1), first.Location.Column() + 1, message}
}

// costError points at the first loop in the text: loops are what makes a hook dear.
func costError(checked *ast.AST, cost uint64) *HookError {
	e := &HookError{1, 1, fmt.Sprintf("the hook may cost %d units for one account, the limit is %d", cost, HookCostLimit)}
	first := math.MaxInt
	for _, loop := range ast.MatchDescendants(ast.NavigateAST(checked), ast.KindMatcher(ast.ComprehensionKind)) {
		at := checked.SourceInfo().GetStartLocation(loop.ID())
		if order := at.Line()<<16 + at.Column(); order < first {
			first, e.Line, e.Column = order, max(at.Line(), 1), at.Column()+1
		}
	}
	return e
}

// split compiles each expression that the hook joins by && on its own, for explanations.
func (h *Hook) split(env *cel.Env, checked *ast.AST) error {
	for _, part := range conjuncts(checked.Expr()) {
		text, err := cel.ExprToString(part, checked.SourceInfo())
		if err != nil {
			return &HookError{1, 1, err.Error()}
		}
		one, issues := env.Compile(text)
		if issues.Err() != nil {
			return firstIssue(issues)
		}
		program, err := hookProgram(env, one.NativeRep())
		if err != nil {
			return &HookError{1, 1, err.Error()}
		}
		h.clauses = append(h.clauses, hookClause{text, factsOf(one.NativeRep().Expr()), program})
	}
	return nil
}

func conjuncts(e ast.Expr) []ast.Expr {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.LogicalAnd {
		return []ast.Expr{e}
	}
	var all []ast.Expr
	for _, arg := range e.AsCall().Args() {
		all = append(all, conjuncts(arg)...)
	}
	return all
}

// factsOf lists the facts that e asks for, "account.created", in the order of the text and each once.
func factsOf(e ast.Expr) []string {
	var names []string
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.SelectKind || e.AsSelect().Operand().Kind() != ast.IdentKind {
			return
		}
		name := e.AsSelect().Operand().AsIdent() + "." + e.AsSelect().FieldName()
		if _, known := factByName(name); known && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}))
	return names
}

// String is the text of the hook.
func (h *Hook) String() string { return h.text }

// Cost is the most that the hook is expected to cost for one account, in CEL's units, when no list of the account is longer
// than [HookFacts] supposes.
func (h *Hook) Cost() uint64 { return h.cost }

// Facts lists the facts that the hook asks for, such as "account.created".
func (h *Hook) Facts() []string { return h.facts }

// MarshalText gives the text.
func (h *Hook) MarshalText() ([]byte, error) { return []byte(h.text), nil }

// UnmarshalText compiles the text.
func (h *Hook) UnmarshalText(text []byte) error {
	compiled, err := CompileHook(string(text))
	if err != nil {
		return fmt.Errorf("hook %q: %w", text, err)
	}
	*h = *compiled
	return nil
}

// Equal reports whether both hooks have the same text.
func (h *Hook) Equal(other *Hook) bool {
	return h == nil && other == nil || h != nil && other != nil && h.text == other.text
}

// answer is what a hook, or one clause of it, says of an account.
type answer uint8

const (
	no answer = iota
	yes
	unknown
	failed
)

// ask evaluates the hook. The error says why it failed.
func (h *Hook) ask(f *facts) (answer, error) { return ask(h.program, f) }

func ask(program cel.Program, f *facts) (answer, error) {
	out, _, err := program.Eval(f)
	if err != nil {
		return failed, err
	}
	switch out {
	case types.True:
		return yes, nil
	case types.False:
		return no, nil
	}
	if types.IsUnknown(out) {
		return unknown, nil
	}
	return failed, fmt.Errorf("came to a %s", out.Type().TypeName())
}

// explain applies every clause of the hook, also those that a no before them makes needless.
func (h *Hook) explain(f *facts) []Clause {
	var list []Clause
	for _, c := range h.clauses {
		var has []string
		for _, name := range c.facts {
			fact, _ := factByName(name)
			has = append(has, name+" "+fact.describe(f))
		}
		said, err := ask(c.program, f)
		switch {
		case err != nil:
			has = append(has, "failed: "+err.Error())
		case said == unknown:
			has = append(has, "so nobody knows")
		}
		list = append(list, Clause{"hook", c.text, strings.Join(has, ", "), said == yes})
	}
	return list
}
