package routing

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// Bounds of a condition. Without loops an evaluation takes at most a step for each
// node, and what takes longer is counted (maxSteps). No value is longer than what it
// is made of: texts cannot be joined, and lists not be put into each other by name.
const (
	MaxCondition  = 2000 // characters
	maxNodes      = 500
	maxRange      = 10_000 // numbers in a range
	memoryPerRule = 20_000 // elements of lists that one evaluation may make
)

// functions are those of the expression language that only compute. None of them
// loops, reads the clock, or grows what it is given.
var functions = []string{"len", "lower", "upper", "trim", "abs", "min", "max", "hasPrefix", "hasSuffix", "indexOf"}

// condition is a compiled expression. It is safe for concurrent use.
type condition struct {
	program *vm.Program
	steps   int   // at most maxSteps
	unfit   error // why a stored condition cannot be evaluated any more
}

// compile checks an expression and makes a condition of it. Its error says what is
// wrong where, with the line and a mark below the place.
func compile(text string) (condition, error) {
	if strings.TrimSpace(text) == "" {
		return condition{}, errors.New("must be an expression that is true or false; the one that is always true is `true`")
	}
	if n := len([]rune(text)); n > MaxCondition {
		return condition{}, fmt.Errorf("must have at most %d characters, not %d", MaxCondition, n)
	}
	config := language()
	tree, err := parser.ParseWithConfig(text, config)
	if err != nil {
		return condition{}, explain(err)
	}
	// First of all: the language's own check compiles the patterns.
	steps, err := guarded(tree)
	if err != nil {
		return condition{}, explain(err)
	}
	if _, err := checker.Check(tree, config); err != nil {
		return condition{}, explain(err)
	}
	if err := bounded(tree); err != nil {
		return condition{}, explain(err)
	}
	if err := possible(tree); err != nil {
		return condition{}, explain(err)
	}
	if err := optimizer.Optimize(&tree.Node, config); err != nil {
		return condition{}, explain(err)
	}
	program, err := compiler.Compile(tree, config)
	if err != nil {
		return condition{}, explain(err)
	}
	return condition{program: program, steps: steps}, nil
}

// language is what conditions are written in. It serves one compilation.
func language() *conf.Config {
	config := conf.CreateNew()
	for _, option := range []expr.Option{expr.Env(Facts{}), expr.AsBool(), expr.WarnOnAny(), expr.MaxNodes(maxNodes)} {
		option(config)
	}
	for name := range config.Builtins {
		if !slices.Contains(functions, name) {
			delete(config.Builtins, name)
		}
	}
	return config
}

// explain drops what the language's own error says beside message, place and snippet.
func explain(err error) error {
	var at *file.Error
	if !errors.As(err, &at) {
		return err
	}
	return fmt.Errorf("%s (line %d, column %d)%s", at.Message, at.Line, at.Column+1, at.Snippet)
}

// holds evaluates the condition.
func (c condition) holds(machine *vm.VM, f *Facts) (bool, error) {
	if c.unfit != nil {
		return false, c.unfit
	}
	machine.MemoryBudget = memoryPerRule
	out, err := machine.Run(c.program, f)
	if err != nil {
		return false, err
	}
	return out.(bool), nil
}
