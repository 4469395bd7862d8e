package routing

import (
	"slices"
	"sync"
	"time"

	"github.com/expr-lang/expr/vm"
)

// plan is a rule set that is ready to decide.
type plan struct {
	profile    string
	version    int
	rules      RuleSet
	conditions []condition
}

// storedPlan is a plan of rules that were checked when they were saved. A condition that
// would not be taken any more, such as one with a currency that has ended, costs its rule
// alone: it counts as one that failed.
func storedPlan(profile string, version int, rules RuleSet) *plan {
	p := &plan{profile: profile, version: version, rules: rules}
	for _, r := range rules.Rules {
		c, err := compile(r.When)
		c.unfit = err
		p.conditions = append(p.conditions, c)
	}
	return p
}

// newPlan is a plan of rules that nobody has checked. Errors: as RuleSet.Check's.
func newPlan(rules RuleSet) (*plan, error) {
	conditions, err := rules.compile()
	return &plan{rules: rules, conditions: conditions}, err
}

// machines evaluate conditions; one is used by one decision at a time.
var machines = sync.Pool{New: func() any { return new(vm.VM) }}

// choose decides among candidates that are well: by the first rule that is about the
// payment and has one of them, or by the default.
func (p *plan) choose(q *Question, usable []Candidate, r ranking) Decision {
	d := Decision{Profile: p.profile, Version: p.version, Region: r.region}
	facts := q.facts()
	machine := machines.Get().(*vm.VM)
	defer machines.Put(machine)
	for i, rule := range p.rules.Rules {
		switch holds, err := p.conditions[i].holds(machine, &facts); {
		case err != nil:
			d.Failed = append(d.Failed, rule.Name)
			continue
		case !holds:
			continue
		case rule.Strategy == Automatic:
			d.Rule = rule.Name
			p.order(&d, p.rules.Default.Strategy, usable, r)
			return d
		case p.follow(&d, rule, usable, r):
			d.Rule = rule.Name
			return d
		}
	}
	p.order(&d, p.rules.Default.Strategy, usable, r)
	return d
}

// follow does what a rule says; false when none of its gateways is there.
func (p *plan) follow(d *Decision, rule Rule, usable []Candidate, r ranking) bool {
	switch {
	case rule.Strategy != "":
		p.order(d, rule.Strategy, usable, r)
	case len(rule.Split) > 0:
		names, share := split(rule.Split, usable, r.question.PaymentID)
		d.Strategy, d.Share, d.Choices = Split, share, listed(names)
	default:
		d.Strategy, d.Choices = Listed, listed(meant(rule.Use, usable))
	}
	return len(d.Choices) > 0
}

// order puts all candidates into order: by preference, and as a strategy compares them.
func (p *plan) order(d *Decision, s Strategy, usable []Candidate, r ranking) {
	preferred := slices.Clone(usable)
	place := func(c Candidate) int {
		if i := slices.Index(p.rules.Default.Order, c.Gateway); i >= 0 {
			return i
		}
		if i := slices.Index(p.rules.Default.Order, c.Provider); i >= 0 {
			return i
		}
		return len(p.rules.Default.Order)
	}
	slices.SortStableFunc(preferred, func(a, b Candidate) int { return place(a) - place(b) })
	choices := make([]Choice, 0, len(preferred))
	for _, c := range preferred {
		choices = append(choices, r.choice(c, s))
	}
	d.Strategy, d.Choices = s, sorted(choices, s)
	if s == Success || s == Value {
		d.Explored = r.explore(d.Choices, s)
	}
}

// meant are the candidates that a rule names, in its order.
func meant(names []string, usable []Candidate) []string {
	found := make([]string, 0, len(names))
	for _, name := range names {
		if account := named(name, usable); account != "" && !slices.Contains(found, account) {
			found = append(found, account)
		}
	}
	return found
}

func namesOf(candidates []Candidate) []string {
	names := make([]string, 0, len(candidates))
	for _, c := range candidates {
		names = append(names, c.Gateway)
	}
	return names
}

func listed(names []string) []Choice {
	choices := make([]Choice, 0, len(names))
	for _, name := range names {
		choices = append(choices, Choice{Gateway: name})
	}
	return choices
}

// triage sorts candidates by their health.
type triage struct {
	usable   []Candidate
	excluded []Exclusion
	state    map[string]State // of those that are not closed
	probe    string           // the gateway for which this payment is the probe
	down     bool             // all are switched off
}

// examine finds out who can be asked. One that is broken is asked where no other is
// left; one that is switched off never: all of them being so is what the decision says.
func (h *Health) examine(q *Question, now time.Time) triage {
	t := triage{}
	var broken []Candidate
	for _, c := range q.Candidates {
		a := Account{q.Scope.Environment, c.Gateway}
		s := h.Standing(a, q.PaymentID, q.Attempt, now)
		if s.State != Closed {
			if t.state == nil {
				t.state = map[string]State{}
			}
			t.state[c.Gateway] = s.State
		}
		switch {
		case s.Usable():
			t.usable = append(t.usable, c)
		case s.Forced == ForcedDown:
			t.excluded = append(t.excluded, Exclusion{c.Gateway, "is switched off by the operator"})
		case q.Attempt && t.probe == "" && s.MayProbe && h.TakeProbe(a, q.PaymentID, now):
			t.probe = c.Gateway
			t.usable = append(t.usable, c)
		default:
			broken = append(broken, c)
			t.excluded = append(t.excluded, Exclusion{c.Gateway, "does not work at the moment"})
		}
	}
	switch {
	case len(t.usable) > 0:
	case len(broken) > 0:
		t.usable = broken
		t.excluded = slices.DeleteFunc(t.excluded, func(e Exclusion) bool { return slices.Contains(namesOf(broken), e.Gateway) })
	default:
		t.usable, t.excluded, t.down = q.Candidates, nil, true
	}
	return t
}

// apply tells the decision what the triage found.
func (t triage) apply(d *Decision) {
	d.Excluded, d.Down = t.excluded, t.down
	for i := range d.Choices {
		d.Choices[i].Health = t.state[d.Choices[i].Gateway]
	}
	i := slices.IndexFunc(d.Choices, func(c Choice) bool { return c.Gateway == t.probe })
	if t.probe == "" || i < 0 {
		return
	}
	first := d.Choices[i]
	copy(d.Choices[1:i+1], d.Choices[:i])
	d.Choices[0], d.Probe, d.Explored = first, true, false
}
