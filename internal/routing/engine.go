package routing

import (
	"cmp"
	"context"
	"slices"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/recall"
)

// Bounds of the engine's memory.
const (
	// profilesTTL is how long a scope's profiles are believed; what a merchant changes
	// holds at once in the process that changed it, and within this in all others.
	profilesTTL   = 3 * time.Second
	profilesLimit = 10_000 // scopes
	// plansTTL is how long compiled rules are kept: a version that was active never changes.
	plansTTL   = time.Hour
	plansLimit = 2000
)

// Countries knows where cards are from.
type Countries interface {
	// OfBIN returns the ISO 3166-1 alpha-2 country of the bank that issues cards with
	// these leading digits, "" when it is not known.
	OfBIN(bin string) string
}

// Options are what an engine works with.
type Options struct {
	Repository Repository
	Health     *Health   // nil: one of its own
	Outcomes   *Outcomes // nil: one of its own
	// Sandbox and Live know the countries of each environment's cards; nil: none.
	Sandbox Countries
	Live    Countries
	Rates   Rates // nil: fees in another currency than the payment's have no rate
	Clock   clock.Clock
}

// Engine decides where payments go. It is safe for concurrent use.
type Engine struct {
	options  Options
	profiles *recall.Memory[merchant.Scope, []Profile]
	plans    *recall.Memory[planName, *plan]
}

type planName struct {
	profile string
	version int
}

// NewEngine makes an engine with an empty memory.
func NewEngine(o Options) *Engine {
	if o.Health == nil {
		o.Health = NewHealth("")
	}
	if o.Outcomes == nil {
		o.Outcomes = NewOutcomes("")
	}
	return &Engine{
		options: o, profiles: recall.New[merchant.Scope, []Profile](profilesTTL, profilesLimit, o.Clock),
		plans: recall.New[planName, *plan](plansTTL, plansLimit, o.Clock),
	}
}

// ErrNoProfile is the error of a question that names a profile of nobody's, or of
// somebody else's.
var ErrNoProfile = fault.New(fault.NotFound, "There is no such routing profile.")

// Decide answers a question by the active rules of its profile, from memory but for
// what a merchant may have changed within the last seconds.
// Errors: ErrNoProfile; whatever the repository reports.
func (e *Engine) Decide(ctx context.Context, q Question) (Decision, error) {
	p, err := e.plan(ctx, q.Scope, q.Profile)
	if err != nil {
		return Decision{}, err
	}
	return e.decide(q, p), nil
}

// DecideBy answers a question by rules that nobody activated.
// Errors: fault.Invalid naming the field of a rule that does not compile.
func (e *Engine) DecideBy(q Question, rules RuleSet) (Decision, error) {
	p, err := newPlan(rules)
	if err != nil {
		return Decision{}, err
	}
	return e.decide(q, p), nil
}

// Only is the decision where nothing is to be decided: one gateway can take the
// payment, by name or because it keeps the card.
func (e *Engine) Only(q Question, why Strategy) Decision {
	now := e.options.Clock.Now()
	q.CardCountry = e.country(q)
	t := e.options.Health.examine(&q, now)
	d := Decision{Strategy: why, Choices: listed(namesOf(q.Candidates)), At: now, Region: RegionOf(cmp.Or(q.CardCountry, q.BillingCountry))}
	t.apply(&d)
	return d
}

func (e *Engine) decide(q Question, p *plan) Decision {
	now := e.options.Clock.Now()
	q.CardCountry = e.country(q)
	t := e.options.Health.examine(&q, now)
	d := p.choose(&q, t.usable, ranking{
		question: &q, region: RegionOf(cmp.Or(q.CardCountry, q.BillingCountry)), outcomes: e.options.Outcomes, rates: e.options.Rates, now: now,
	})
	d.At = now
	t.apply(&d)
	if t.probe != "" && !d.Probe {
		e.options.Health.ReleaseProbe(Account{q.Scope.Environment, t.probe}, q.PaymentID)
	}
	return d
}

func (e *Engine) country(q Question) string {
	of := e.options.Sandbox
	if q.Scope.Environment == merchant.Live {
		of = e.options.Live
	}
	if q.CardCountry != "" || q.BIN == "" || of == nil {
		return q.CardCountry
	}
	return of.OfBIN(q.BIN)
}

// standard decides for merchants who wrote nothing.
var standard = &plan{rules: Standard()}

// plan returns the rules that decide.
func (e *Engine) plan(ctx context.Context, scope merchant.Scope, profileID string) (*plan, error) {
	all, err := e.profiles.Get(ctx, scope, func(ctx context.Context) ([]Profile, error) {
		return e.options.Repository.Profiles(ctx, scope)
	})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(p Profile) bool { return p.ID == profileID || profileID == "" && p.Default })
	switch {
	case i < 0 && profileID != "":
		return nil, ErrNoProfile
	case i < 0 || all[i].Active == 0:
		return standard, nil
	}
	name := planName{all[i].ID, all[i].Active}
	return e.plans.Get(ctx, name, func(ctx context.Context) (*plan, error) {
		v, err := e.options.Repository.Version(ctx, scope, name.profile, name.version)
		if err != nil {
			return nil, err
		}
		return storedPlan(name.profile, name.version, v.Rules), nil
	})
}

// Now is the engine's time.
func (e *Engine) Now() time.Time { return e.options.Clock.Now() }

// Forget makes the engine ask anew for a scope's profiles.
func (e *Engine) Forget(scope merchant.Scope) { e.profiles.Forget(scope) }

// Observe takes in what was seen of a gateway.
func (e *Engine) Observe(o Observation) {
	now := e.options.Clock.Now()
	e.options.Outcomes.Observe(o, now)
	if o.Called {
		e.options.Health.Called(Account{o.Scope.Environment, o.Gateway}, o.Broken, o.Latency >= Slow, now)
	}
}
