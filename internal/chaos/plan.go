package chaos

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Database is what the hub of a world stands on.
type Database string

// The databases.
const (
	SQLite   Database = "sqlite"
	Postgres Database = "postgres"
)

// Merchants is how many merchants a world has.
const Merchants = 2

// MaxSteps bounds a plan.
const MaxSteps = 10_000

// Plan is what happens to the world of one seed.
type Plan struct {
	Seed     uint64
	Database Database
	// MaxConns bounds the hub's connection pool; 0 leaves it to the hub.
	MaxConns int
	Webhooks Webhooks // how the provider delivers from the beginning
	Payments []Payment
	Steps    []Step
}

// Payment is one payment of the plan.
type Payment struct {
	Merchant int // 0 to Merchants-1
	Amount   int64
	Currency string
	Manual   bool // captured later
	Story    string
}

// Step is an operation or a fault, never both.
type Step struct {
	Gap       time.Duration // after the step before
	Operation *Operation
	Fault     *Fault
}

// Act is what a client or a shopper does.
type Act string

// The acts. ActShopper is the shopper at the issuer's page.
const (
	ActCreate  Act = "create"
	ActPay     Act = "pay" // create and confirm in one call
	ActConfirm Act = "confirm"
	ActCapture Act = "capture"
	ActCancel  Act = "cancel"
	ActRefund  Act = "refund"
	ActShopper Act = "shopper"
	ActRead    Act = "read"
	ActList    Act = "list"
)

// confirms reports whether the act asks a gateway to charge a card.
func (a Act) confirms() bool { return a == ActPay || a == ActConfirm }

// Operation is one thing that a client does.
type Operation struct {
	Act     Act
	Client  int
	Payment int    // index in Plan.Payments; of ActList, the merchant's number
	Card    Card   // of ActPay and ActConfirm
	Amount  int64  // of ActCapture and ActRefund; 0 means all
	Approve bool   // of ActShopper: the shopper passes the challenge
	Return  bool   // of ActShopper: the shopper comes back to the hub
	Twice   bool   // the same request under the same key, twice at once
	Hasty   bool   // sent without waiting until the payment's state is known
	Needs   []int  // indexes of the steps that must have ended before
	Reason  string // of ActCancel and ActRefund
}

// New makes the plan of a seed: the same for the same arguments, always.
func New(seed uint64, steps int, database Database) Plan {
	p := &planner{
		rng:  rand.New(rand.NewPCG(seed, uint64(len(database))<<32|uint64(steps))),
		plan: Plan{Seed: seed, Database: database},
	}
	p.settle()
	p.heavyLeft = max(2, steps/stepsPerHeavyFault)
	for len(p.plan.Steps) < steps {
		if len(p.plan.Steps) > 2 && p.chance(faultPercent) {
			p.fault()
		} else {
			p.act()
		}
	}
	return p.plan
}

const (
	faultPercent = 28
	// openStories is how many payments are under way at a time.
	openStories = 8
	// stepsPerHeavyFault bounds how many faults stop a process: each costs the
	// world a second or more.
	stepsPerHeavyFault = 11
)

type planner struct {
	rng       *rand.Rand
	plan      Plan
	open      []*story
	heavyLeft int
}

// story is what is still to happen to a payment.
type story struct {
	payment int
	stages  []stage
	last    []int // steps of the stage before
}

// stage is operations that are sent at once, when the stage before has ended.
type stage []Operation

func (p *planner) chance(percent int) bool { return p.rng.IntN(100) < percent }

// between is low to high, both included.
func (p *planner) between(low, high int) int { return low + p.rng.IntN(high-low+1) }

func (p *planner) millis(low, high int) time.Duration {
	return time.Duration(p.between(low, high)) * time.Millisecond
}

func pick[T any](p *planner, from ...T) T { return from[p.rng.IntN(len(from))] }

// settle chooses what holds for the whole run.
func (p *planner) settle() {
	if p.chance(25) {
		p.plan.MaxConns = p.between(1, 3)
	}
	p.plan.Webhooks = p.webhooks()
}

// act adds the next stage of a payment's story, or a read.
func (p *planner) act() {
	if p.chance(10) {
		p.look()
		return
	}
	if len(p.open) < openStories && (len(p.open) == 0 || p.chance(50)) {
		p.open = append(p.open, p.begin())
	}
	i := p.rng.IntN(len(p.open))
	s := p.open[i]
	var steps []int
	for n, operation := range s.stages[0] {
		operation.Payment, operation.Needs = s.payment, s.last
		operation.Client = p.between(0, 2)
		operation.Twice = operation.Act != ActShopper && p.chance(8)
		gap := p.millis(20, 180)
		if n > 0 {
			gap = 0
		}
		steps = append(steps, len(p.plan.Steps))
		p.plan.Steps = append(p.plan.Steps, Step{Gap: gap, Operation: &operation})
	}
	if s.stages, s.last = s.stages[1:], steps; len(s.stages) == 0 {
		p.open = slices.Delete(p.open, i, i+1)
	}
}

// look adds a read, which waits for nothing but the payment's beginning.
func (p *planner) look() {
	operation := Operation{Act: ActList, Payment: p.between(0, Merchants-1)}
	if made := p.makers(); len(made) > 0 && p.chance(60) {
		step := pick(p, made...)
		operation = Operation{Act: ActRead, Payment: p.plan.Steps[step].Operation.Payment, Needs: []int{step}}
	}
	operation.Client = p.between(0, 2)
	p.plan.Steps = append(p.plan.Steps, Step{Gap: p.millis(20, 180), Operation: &operation})
}

// makers are the steps that make a payment.
func (p *planner) makers() []int {
	var steps []int
	for i, s := range p.plan.Steps {
		if s.Operation != nil && s.Operation.Act.makes() {
			steps = append(steps, i)
		}
	}
	return steps
}

// makes reports whether the act makes its payment.
func (a Act) makes() bool { return a == ActCreate || a == ActPay }

// Print writes the plan for people.
func (p Plan) Print(w io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "seed %d, %d steps, %s", p.Seed, len(p.Steps), p.Database)
	if p.MaxConns > 0 {
		fmt.Fprintf(&text, ", connection pool of %d", p.MaxConns)
	}
	fmt.Fprintf(&text, ", %s\n", p.Webhooks)
	for i, s := range p.Steps {
		fmt.Fprintf(&text, "%4d  +%-6s ", i, s.Gap)
		if s.Fault != nil {
			fmt.Fprintf(&text, "FAULT     %s\n", s.Fault)
			continue
		}
		fmt.Fprintf(&text, "client %d  %s\n", s.Operation.Client, p.describe(*s.Operation))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func (p Plan) describe(o Operation) string {
	if o.Act == ActList {
		return fmt.Sprintf("list the payments of merchant %d", o.Payment)
	}
	about := p.Payments[o.Payment]
	text := fmt.Sprintf("payment %d: %s", o.Payment, o.Act)
	switch {
	case o.Act.makes():
		text += fmt.Sprintf(" %d %s for merchant %d (%s)", about.Amount, about.Currency, about.Merchant, about.Story)
	case o.Amount > 0:
		text += fmt.Sprintf(" %d of %d", o.Amount, about.Amount)
	case o.Act == ActShopper:
		text += fmt.Sprintf(" passes=%t comes back=%t", o.Approve, o.Return)
	}
	for _, more := range []struct {
		on   bool
		word string
	}{
		{o.Card != "", ", card " + string(o.Card)}, {o.Twice, ", twice at once"}, {o.Hasty, ", hastily"},
		{len(o.Needs) > 0, fmt.Sprintf(", after %v", o.Needs)},
	} {
		if more.on {
			text += more.word
		}
	}
	return text
}
