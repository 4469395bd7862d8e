package routing

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

	"paymenthub/internal/card"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// possible refuses literals that are compared with a fact that never has them: such a
// condition never holds, or always, and looks as if it said something. What is computed
// is left alone. The expression has been checked: no name stands for anything else.
func possible(tree *parser.Tree) error {
	l := &literals{}
	ast.Walk(&tree.Node, l)
	return l.fault(tree)
}

// domain is the closed set of values that a fact can have.
type domain struct {
	said     string            // what it holds, after "it is"
	text     func(string) bool // holds a text; nil: of the whole numbers from to to
	from, to int
}

// domains are those of the facts that have one. What may be unknown may be empty.
var domains = map[string]domain{
	"currency":        {said: `an ISO 4217 code in upper case, as "EUR"`, text: isCurrency},
	"card_country":    countries,
	"billing_country": countries,
	"country":         countries,
	"region":          texts(append(slices.Sorted(maps.Keys(regions)), "")...),
	"brand":           texts(append(brandCodes(), "")...),
	"method":          texts("card", "paypal", "ideal", "bancontact", ""),
	"environment":     texts(merchant.Sandbox, merchant.Live),
	"hour":            {said: "0 to 23", from: 0, to: 23},
	"weekday":         {said: "1 (Monday) to 7 (Sunday)", from: 1, to: 7},
}

// countries are not looked up: BIN tables and merchants know some that ISO 3166-1 does
// not have, as XK.
var countries = domain{said: `two upper-case letters (ISO 3166-1 alpha-2), or ""`, text: regexp.MustCompile(`^([A-Z]{2})?$`).MatchString}

func isCurrency(code string) bool {
	c, err := money.ParseCurrency(code)
	return err == nil && string(c) == code
}

func brandCodes() []string {
	var all []string
	for _, b := range card.Brands() {
		all = append(all, b.Code)
	}
	return all
}

func texts[T ~string](all ...T) domain {
	quoted := make([]string, 0, len(all))
	for _, t := range all {
		quoted = append(quoted, fmt.Sprintf("%q", t))
	}
	last := len(all) - 1
	return domain{
		said: strings.Join(quoted[:last], ", ") + " or " + quoted[last],
		text: func(s string) bool { return slices.Contains(all, T(s)) },
	}
}

// has reports whether the domain holds the value of a literal.
func (d domain) has(value any) bool {
	switch v := value.(type) {
	case string:
		return d.text != nil && d.text(v)
	case float64:
		return d.text == nil && v == float64(int(v)) && int(v) >= d.from && int(v) <= d.to
	default:
		return false
	}
}

// hint says what a value that the domain does not hold should have been.
func (d domain) hint(value any) string {
	if s, is := value.(string); is && d.text != nil {
		s = strings.TrimSpace(s)
		for _, spelt := range []string{strings.ToUpper(s), strings.ToLower(s)} {
			if spelt != "" && d.text(spelt) {
				return fmt.Sprintf("is written %q", spelt)
			}
		}
	}
	return "is never this; it is " + d.said
}

type literals struct{ refusal }

// Visit implements ast.Visitor.
func (l *literals) Visit(node *ast.Node) {
	n, is := (*node).(*ast.BinaryNode)
	if !is {
		return
	}
	switch n.Operator {
	case "==", "!=":
		l.compare(n.Left, n.Right)
	case "in":
		l.among(n)
	}
}

func (l *literals) among(n *ast.BinaryNode) {
	switch right := n.Right.(type) {
	case *ast.ArrayNode:
		for _, element := range right.Nodes {
			l.compare(n.Left, element)
		}
	case *ast.BinaryNode:
		from, isFrom := right.Left.(*ast.IntegerNode)
		to, isTo := right.Right.(*ast.IntegerNode)
		if right.Operator != ".." || !isFrom || !isTo {
			return
		}
		l.compare(n.Left, from)
		l.compare(n.Left, to)
		if name, _, known := fact(n.Left); known && from.Value > to.Value {
			l.refuse(right, fmt.Sprintf("no number is in %d..%d; say (%s >= %d or %s <= %d)", from.Value, to.Value, name, from.Value, name, to.Value))
		}
	}
}

// compare checks the literal among two nodes whose other one is a fact with a domain.
func (l *literals) compare(a, b ast.Node) {
	name, d, known := fact(a)
	if !known {
		a, b = b, a
		name, d, known = fact(a)
	}
	if value := literal(b); known && value != nil && !d.has(value) {
		l.refuse(b, name+" "+d.hint(value))
	}
}

// fact returns the domain of the fact that a node names.
func fact(n ast.Node) (name string, d domain, known bool) {
	identifier, is := n.(*ast.IdentifierNode)
	if !is {
		return "", domain{}, false
	}
	d, known = domains[identifier.Value]
	return identifier.Value, d, known
}

// literal returns the value that a node writes out: a string, a float64, a bool, or
// absent for nil. It returns nil for every other node.
func literal(n ast.Node) any {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.IntegerNode:
		return float64(n.Value)
	case *ast.FloatNode:
		return n.Value
	case *ast.BoolNode:
		return n.Value
	case *ast.NilNode:
		return absent{}
	case *ast.UnaryNode:
		switch v, is := literal(n.Node).(float64); {
		case is && n.Operator == "-":
			return -v
		case is && n.Operator == "+":
			return v
		}
	}
	return nil
}

// absent is the value of the literal nil, which no fact has.
type absent struct{}
