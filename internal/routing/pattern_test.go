package routing

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/expr-lang/expr/vm"
	"github.com/stretchr/testify/require"
)

func matching(pattern string) string { return fmt.Sprintf("metadata.a matches `%s`", pattern) }

// spent is the processor time that this process has taken, which does not pass while the
// machine stalls. No test runs beside those that ask.
func spent(t *testing.T) time.Duration {
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Each of these would take from seconds to for ever, or all the memory there is.
func TestWhatCostsTooMuchIsRefusedAtOnce(t *testing.T) {
	begun := spent(t)
	for text, want := range map[string]string{
		matching(strings.Repeat("a{0,1000}", 200)):                                    "steps up to here, of at most 1000 (line 1, column 20)",
		matching("(((a{10}){10}){10}){10}"):                                           "invalid repeat count",
		matching("((a{10}){10}){11}"):                                                 "invalid repeat count",
		matching("((ab){100}){10}"):                                                   "steps up to here",
		matching("((|){1000}){1,}"):                                                   "steps up to here",
		matching("[" + strings.Repeat(`\pL`, 600) + "]"):                              "take 12000 steps",
		matching(`^\pL{400}\pL{500}$`):                                                "steps up to here",
		matching("(?i)[" + strings.Repeat(`B-\x{1e942}`, 150) + "]"):                  `a pattern that ignores case cannot have \p, \P, \x, or ranges beyond ASCII (line 1, column 20)`,
		matching("(?s-m:(?mi:" + strings.Repeat("[B-\U0001e942]", 190) + "))"):        "a pattern that ignores case",
		matching("a{600}") + "\n or " + matching("b{600}"):                            "of at most 1000 (line 2, column 24)",
		strings.Repeat("lower(", 251) + "brand" + strings.Repeat(")", 251) + ` == ""`: "steps up to here",
		strings.Repeat("trim(brand, bin) == brand or ", 60) + "true":                  "steps up to here",
		strings.Repeat("amount in 1..10000 or ", 11) + "true":                         "steps up to here",
		"let a0 = metadata.a; " + doubled(40, "let a%d = a%d + a%d; ") + `a40 == ""`:  "only numbers can be added",
		"let a0 = [1]; let b0 = [1]; " + doubled(30, "let a%[1]d = [a%[2]d, a%[2]d]; let b%[1]d = [b%[2]d, b%[2]d]; ") + "a30 == b30": "let can name",
	} {
		_, err := compile(text)
		require.ErrorContains(t, err, want, text)
	}
	require.Less(t, spent(t)-begun, 2*time.Second)
}

func doubled(times int, line string) string {
	var b strings.Builder
	for i := 1; i <= times; i++ {
		if strings.Contains(line, "[1]") {
			fmt.Fprintf(&b, line, i, i-1)
		} else {
			fmt.Fprintf(&b, line, i, i-1, i-1)
		}
	}
	return b.String()
}

func TestStepsAreNoFewerThanInstructions(t *testing.T) {
	for _, pattern := range []string{
		``, `a`, `^gold$`, `(?i)^(gold|silver)-[0-9]+$`, `a?b*c+`, `(a*)*`, `(|)*`, `(|a)+`, `(?:)`, `(?:){5}`, `(?:|){3,}`, `[^\x00-\x{10FFFF}]`, `x{0}`, `x{0,0}y`,
		`x{0,}`, `x{1,}`, `x{2,}`, `(x*){2,}`, `(x*){0,}`, `x{3}`, `x{0,3}`, `x{1,3}`, `((a|b){2,4}c?){3,5}`, `(?s).*`, `\bfoo\B`, `(?m)^a$`, `\pL{3}`, `[[:alpha:]]{2,}?`,
		`abc|abd|acd|bcd|[x-z]`, `a||b`, `(?P<n>x)`, `^(4242|4000|5105)[0-9]{2,4}`, `(a{0,9}){0,9}`, `\Qa.b\E`, `(?i)straße`,
	} {
		tree, err := syntax.Parse(pattern, syntax.Perl)
		require.NoError(t, err, pattern)
		steps, err := patternSteps(pattern)
		require.NoError(t, err, pattern)
		program, err := syntax.Compile(tree.Simplify())
		require.NoError(t, err, pattern)
		require.GreaterOrEqual(t, steps, len(program.Inst), pattern)
		require.LessOrEqual(t, steps, 100+2*len(program.Inst), pattern)
	}
}

func TestARuleSetIsBoundedAsAWhole(t *testing.T) {
	rules := Standard()
	for range 10 {
		rules.Rules = append(rules.Rules, Rule{Name: "r", When: matching("(?:.?){300}x"), Use: []string{"a"}})
	}
	require.NoError(t, rules.Check([]string{"a"}))
	all, err := rules.compile()
	require.NoError(t, err)
	facts := Facts{Metadata: map[string]string{"a": strings.Repeat("ж", 500)}}
	begun := spent(t)
	for _, c := range all {
		holds, err := c.holds(new(vm.VM), &facts)
		require.NoError(t, err)
		require.False(t, holds)
	}
	require.Less(t, spent(t)-begun, 2*time.Second) // some 20 ms

	rules.Rules = append(rules.Rules, rules.Rules...)
	require.ErrorContains(t, rules.Check([]string{"a"}), "Field 'rules[")
	require.ErrorContains(t, rules.Check([]string{"a"}), "steps up to here, of at most 10000.")
}

func TestNamesCanBeSeen(t *testing.T) {
	for name, fine := range map[string]bool{
		"Amex": true, "日本 😀": true, "a": true, strings.Repeat("ü", MaxRuleName): true,
		"": false, "  ": false, "\u00a0\u3000": false, "a\u202eb": false, "\u200b": false, "a\ufeff": false, "a\nb": false, "a\u2028b": false,
		strings.Repeat("ü", MaxRuleName+1): false,
	} {
		rules := Standard()
		rules.Rules = []Rule{{Name: name, When: "true", Use: []string{"a"}}}
		err := rules.Check([]string{"a"})
		if fine {
			require.NoError(t, err, "%q", name)
			require.NoError(t, checkName("name", name))
			continue
		}
		require.ErrorContains(t, err, "Field 'rules[0].name' must have 1 to 60 characters", "%q", name)
		require.ErrorContains(t, checkName("name", name), "Field 'name' must have")
	}
}
