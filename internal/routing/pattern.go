package routing

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"
)

// Steps are what evaluations are bounded by. One is an instruction of a compiled
// pattern, which takes about 4 µs over the longest value of metadata, 500 characters;
// the others are taken to be worth as many as they cost.
const (
	maxSteps      = 1000   // of a condition
	maxStepsOfSet = 10_000 // of a rule set: 40 ms in the worst case
	stepsOfName   = 20     // of a class by its name, as \pL
	runesPerStep  = 64     // of a class: bounds of its ranges
	numbersInStep = 100    // of a range
)

// stepsOf are those of functions and operators that read whole texts.
var stepsOf = map[string]int{"lower": 4, "upper": 4, "trim": 20, "indexOf": 1, "contains": 1}

// folded is what makes a pattern ignore case; wide is what may make ranges beyond
// ASCII, through which reading such a pattern goes character by character.
var (
	folded = regexp.MustCompile(`\(\?[a-zA-Z-]*i`)
	wide   = regexp.MustCompile(`\\[pPx]|-[^\x00-\x7F]`)
)

// patternSteps returns how many steps a pattern is worth, without compiling it: at
// least the instructions that it compiles to. It has read the pattern only if that was
// cheap; else steps are more than maxSteps, or there is an error, as when it is wrong.
func patternSteps(pattern string) (int, error) {
	named := stepsOfName * (strings.Count(pattern, `\p`) + strings.Count(pattern, `\P`))
	if named > maxSteps {
		return named, nil
	}
	if folded.MatchString(pattern) && wide.MatchString(pattern) {
		return 0, errors.New(`a pattern that ignores case cannot have \p, \P, \x, or ranges beyond ASCII`)
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, err
	}
	return named + 2 + instructions(tree), nil // 2: its begin and its end
}

// instructions is an upper bound of those that a part of a pattern compiles to.
func instructions(re *syntax.Regexp) int {
	n := 0
	for _, sub := range re.Sub {
		n += instructions(sub)
	}
	switch re.Op {
	case syntax.OpLiteral:
		return max(1, len(re.Rune))
	case syntax.OpCharClass:
		return 1 + len(re.Rune)/runesPerStep
	case syntax.OpAlternate:
		return n + len(re.Sub)
	case syntax.OpRepeat: // is written out: x{2,} is xx+, x{1,3} is x(x(x)?)?
		copies, optional := re.Max, re.Max-re.Min
		if re.Max < 0 {
			copies, optional = re.Min+1, 1
		}
		return copies*n + optional + 1
	case syntax.OpConcat, syntax.OpQuest, syntax.OpPlus:
		return n + 1
	case syntax.OpCapture, syntax.OpStar: // a capture has two ends, and x* of an x that may be empty is (x+)?
		return n + 2
	default:
		return 1
	}
}
