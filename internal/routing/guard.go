package routing

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// guarded refuses what could cost more than its length shows, and counts the steps of
// the rest. The expression need not have been checked.
func guarded(tree *parser.Tree) (steps int, err error) {
	g := &guard{}
	ast.Walk(&tree.Node, g)
	return g.steps, g.fault(tree)
}

// bounded refuses what could grow. The expression has been checked: its types are known.
func bounded(tree *parser.Tree) error {
	b := &bounds{}
	ast.Walk(&tree.Node, b)
	return b.fault(tree)
}

// refusal keeps the first fault that was found.
type refusal struct{ first *file.Error }

func (r *refusal) refuse(n ast.Node, why string) {
	if r.first == nil {
		r.first = &file.Error{Location: n.Location(), Message: why}
	}
}

func (r *refusal) fault(tree *parser.Tree) error {
	if r.first == nil {
		return nil
	}
	return r.first.Bind(tree.Source)
}

type guard struct {
	refusal
	steps int
}

// Visit implements ast.Visitor.
func (g *guard) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.PredicateNode, *ast.PointerNode:
		g.refuse(n, "loops are not available in conditions")
	case *ast.BuiltinNode:
		if !slices.Contains(functions, n.Name) {
			g.refuse(n, "function "+n.Name+" is not available in conditions")
		}
		g.count(n, stepsOf[n.Name])
	case *ast.IdentifierNode:
		if n.Value == "$env" {
			g.refuse(n, "unknown name $env")
		}
	case *ast.BinaryNode:
		g.binary(n)
	}
}

func (g *guard) binary(n *ast.BinaryNode) {
	g.count(n, stepsOf[n.Operator])
	switch n.Operator {
	case "matches":
		g.pattern(n)
	case "..":
		from, isFrom := n.Left.(*ast.IntegerNode)
		to, isTo := n.Right.(*ast.IntegerNode)
		if !isFrom || !isTo || to.Value-from.Value > maxRange {
			g.refuse(n, "a range must be written out, as 8..17")
			return
		}
		g.count(n, max(0, to.Value-from.Value)/numbersInStep)
	case "**", "^":
		g.refuse(n, "powers are not available in conditions")
	}
}

func (g *guard) pattern(n *ast.BinaryNode) {
	text, constant := n.Right.(*ast.StringNode)
	if !constant {
		g.refuse(n, "a pattern must be written out, not computed")
		return
	}
	if g.first != nil {
		return
	}
	steps, err := patternSteps(text.Value)
	if err != nil {
		g.refuse(text, err.Error())
	}
	g.count(text, steps)
}

func (g *guard) count(n ast.Node, steps int) {
	g.steps += steps
	if g.steps > maxSteps {
		g.refuse(n, fmt.Sprintf("patterns, functions of texts and ranges take %d steps up to here, of at most %d", g.steps, maxSteps))
	}
}

type bounds struct{ refusal }

// Visit implements ast.Visitor.
func (b *bounds) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		if n.Operator == "+" && !(number(n.Left) && number(n.Right)) {
			b.refuse(n, "only numbers can be added in conditions")
		}
	case *ast.VariableDeclaratorNode:
		if k := n.Value.Type().Kind(); !number(n.Value) && k != reflect.String && k != reflect.Bool {
			b.refuse(n, "let can name a number, a text, true or false, and nothing else")
		}
	}
}

func number(n ast.Node) bool {
	switch n.Type().Kind() {
	case reflect.Int, reflect.Int64, reflect.Float64:
		return true
	default:
		return false
	}
}
