package routing

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"paymenthub/internal/fault"
)

// Bounds of a rule set.
const (
	MaxRules    = 100
	MaxRuleName = 60 // characters
	maxGateways = 20 // that one rule names
)

// RuleSet is what a merchant wrote: the first rule whose condition holds, and of whose
// gateways one can take the payment, decides; otherwise the default does.
type RuleSet struct {
	Rules   []Rule  `json:"rules"`
	Default Default `json:"default"`
}

// Rule is one line. Exactly one of Use, Split and Strategy says what it does.
type Rule struct {
	Name string `json:"name"`
	When string `json:"when"` // an expression over Facts
	// Use are the gateways to try, in order, and no others.
	Use []string `json:"use,omitempty"`
	// Split shares payments out over gateways, in percent that add up to 100. The
	// others follow, the largest share first, where the first may not be the last.
	Split map[string]int `json:"split,omitempty"`
	// Strategy orders all gateways.
	Strategy Strategy `json:"strategy,omitempty"`
}

// Default decides where no rule does.
type Default struct {
	Strategy Strategy `json:"strategy"`
	// Order is the preference: what holds with Order, and with the others as long as
	// the gateways do not differ. Gateways that are not named follow in the operator's order.
	Order []string `json:"order,omitempty"`
}

// Standard is what holds for a merchant who wrote nothing.
func Standard() RuleSet { return RuleSet{Rules: []Rule{}, Default: Default{Strategy: Order}} }

var gatewayName = regexp.MustCompile(`^[a-z][A-Za-z0-9_-]{0,63}$`)

// Check checks every rule, and that known has each gateway that is named.
// Errors: fault.Invalid naming the field, "rules[2].when".
func (s RuleSet) Check(known []string) error {
	_, err := s.compile()
	if err != nil {
		return err
	}
	for i, r := range s.Rules {
		if err := r.check(fmt.Sprintf("rules[%d]", i), known); err != nil {
			return err
		}
	}
	if !slices.Contains([]Strategy{Order, Success, Cost, Value}, s.Default.Strategy) {
		return fault.Field("default.strategy", "Field 'default.strategy' must be 'order', 'success', 'cost' or 'value'.")
	}
	return checkGateways("default.order", s.Default.Order, known)
}

// compile compiles the conditions. Errors: as Check's.
func (s RuleSet) compile() ([]condition, error) {
	if len(s.Rules) > MaxRules {
		return nil, fault.Field("rules", "Field 'rules' must have at most %d rules.", MaxRules)
	}
	all, steps := make([]condition, 0, len(s.Rules)), 0
	for i, r := range s.Rules {
		field := fmt.Sprintf("rules[%d].when", i)
		c, err := compile(r.When)
		if err != nil {
			return nil, fault.Field(field, "Field '%s' %s", field, err)
		}
		if steps += c.steps; steps > maxStepsOfSet {
			return nil, fault.Field(field, "Field '%s' is one too many: the patterns, functions of texts and ranges of all conditions"+
				" take %d steps up to here, of at most %d.", field, steps, maxStepsOfSet)
		}
		all = append(all, c)
	}
	return all, nil
}

func (r Rule) check(field string, known []string) error {
	if err := checkName(field+".name", r.Name); err != nil {
		return err
	}
	said := 0
	for _, given := range []bool{len(r.Use) > 0, len(r.Split) > 0, r.Strategy != ""} {
		if given {
			said++
		}
	}
	switch {
	case said != 1:
		return fault.Field(field, "Field '%s' must have exactly one of 'use', 'split' and 'strategy'.", field)
	case r.Strategy != "" && !slices.Contains([]Strategy{Automatic, Order, Success, Cost, Value}, r.Strategy):
		return fault.Field(field+".strategy", "Field '%s.strategy' must be 'auto', 'order', 'success', 'cost' or 'value'.", field)
	case len(r.Split) > 0:
		return r.checkSplit(field+".split", known)
	default:
		return checkGateways(field+".use", r.Use, known)
	}
}

// checkName checks the name of a rule or a profile: that it can be seen, and that what
// is seen is what it says.
func checkName(field, name string) error {
	hidden := func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }
	visible := func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }
	if utf8.RuneCountInString(name) > MaxRuleName || strings.ContainsFunc(name, hidden) || !strings.ContainsFunc(name, visible) {
		return fault.Field(field, "Field '%s' must have 1 to %d characters, none of them a control or format character, and one that can be seen.",
			field, MaxRuleName)
	}
	return nil
}

func (r Rule) checkSplit(field string, known []string) error {
	sum := 0
	for _, name := range slices.Sorted(maps.Keys(r.Split)) {
		share := r.Split[name]
		if share < 0 || share > 100 {
			return fault.Field(field, "Field '%s' must share out whole percents from 0 to 100.", field)
		}
		sum += share
	}
	if sum != 100 {
		return fault.Field(field, "Field '%s' must add up to 100 percent, not %d.", field, sum)
	}
	return checkGateways(field, slices.Sorted(maps.Keys(r.Split)), known)
}

func checkGateways(field string, names, known []string) error {
	if len(names) > maxGateways {
		return fault.Field(field, "Field '%s' must name at most %d gateways.", field, maxGateways)
	}
	for i, name := range names {
		switch {
		case !gatewayName.MatchString(name):
			return fault.Field(field, "Field '%s' must name gateways, such as 'stripe'.", field)
		case !slices.Contains(known, name):
			return fault.Field(field, "Field '%s' names gateway '%s', which is not set up.", field, name)
		case slices.Contains(names[:i], name):
			return fault.Field(field, "Field '%s' names gateway '%s' twice.", field, name)
		}
	}
	return nil
}
