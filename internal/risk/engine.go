package risk

import (
	"context"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/recall"
)

// Bounds of the engine's memory.
const (
	// cacheTTL is how long a scope's rules are believed; what a merchant changes
	// holds at once in the process that changed it, and within this in all others.
	cacheTTL   = 3 * time.Second
	cacheLimit = 10_000 // scopes
)

// Repository keeps rules and sightings.
type Repository interface {
	// Rules returns what a scope has stored. Errors: fault.NotFound when it never
	// replaced the defaults.
	Rules(ctx context.Context, scope merchant.Scope) (Rules, error)
	// PutRules stores rules as the successor of the version before theirs, and
	// reports whether that one was there still. Of simultaneous calls one wins.
	PutRules(ctx context.Context, r Rules) (mine bool, err error)
	// Evidence returns a sighting and the counts that are wanted.
	// Errors: fault.NotFound when the sighting is not there.
	Evidence(ctx context.Context, w Wanted) (Evidence, error)
	// DeleteOldSightings removes up to limit sightings from before a time, oldest first.
	DeleteOldSightings(ctx context.Context, before time.Time, limit int) (int64, error)
}

// Wanted names the evidence of one attempt. Of each rule that counts, attempts
// within its window before the sighting are counted, and all after it: those
// of other requests that are under way.
type Wanted struct {
	Scope       merchant.Scope
	OperationID string
	Card        Count
	IP          Count
	Email       Count
}

// Count asks for a count that stops at Limit; 0 asks for none.
type Count struct {
	Window time.Duration
	Limit  int
}

// Options are what an engine works with.
type Options struct {
	Repository Repository
	// Sandbox and Live know the countries of each environment's cards.
	Sandbox Countries
	Live    Countries
	// TestCard is the fingerprint that the sandbox's card that is declined by fraud
	// has for a merchant; nil: no card is.
	TestCard func(merchantID string) string
	Clock    clock.Clock
}

// Engine judges attempts by their merchants' rules. It is safe for concurrent use.
type Engine struct {
	options Options

	known *recall.Memory[merchant.Scope, *judge]
}

// NewEngine makes an engine with an empty memory.
func NewEngine(o Options) *Engine {
	return &Engine{options: o, known: recall.New[merchant.Scope, *judge](cacheTTL, cacheLimit, o.Clock)}
}

// Assess judges an attempt whose sighting is stored already. It implements
// payment.RiskAssessor. Errors: whatever the repository reports; an attempt
// that cannot be judged now does not pass.
func (e *Engine) Assess(ctx context.Context, s Subject) (Assessment, error) {
	j, err := e.judge(ctx, s.Scope)
	if err != nil {
		return Assessment{}, err
	}
	if !j.needsSighting() {
		return j.assess(s, ofCard(s)), nil
	}
	r := j.rules
	evidence, err := e.options.Repository.Evidence(ctx, Wanted{
		Scope: s.Scope, OperationID: s.OperationID,
		Card: r.VelocityCard.count(), IP: r.VelocityIP.count(), Email: r.VelocityEmail.count(),
	})
	if fault.Is(err, fault.NotFound) {
		// It was brought by a hub from before sightings: what the attempt itself
		// tells must do, since an error would hold the payment up for ever.
		return j.assess(s, ofCard(s)), nil
	}
	if err != nil {
		return Assessment{}, err
	}
	return j.assess(s, evidence), nil
}

// ofCard is what an attempt tells by its card alone.
func ofCard(s Subject) Evidence {
	return Evidence{Sighting: Sighting{Fingerprint: s.Card.Fingerprint, BIN: s.Card.BIN}}
}

func (v Velocity) count() Count {
	if !v.Enabled {
		return Count{}
	}
	return Count{Window: v.Span(), Limit: v.Limit + 1}
}

// judge returns the scope's judge, by rules that were read a moment ago.
func (e *Engine) judge(ctx context.Context, scope merchant.Scope) (*judge, error) {
	return e.known.Get(ctx, scope, func(ctx context.Context) (*judge, error) {
		rules, err := e.Rules(ctx, scope)
		if err != nil {
			return nil, err
		}
		return e.newJudge(rules), nil
	})
}

func (e *Engine) newJudge(r Rules) *judge {
	switch {
	case r.Scope.Environment == merchant.Live:
		return newJudge(r, e.options.Live, "")
	case e.options.TestCard == nil:
		return newJudge(r, e.options.Sandbox, "")
	default:
		return newJudge(r, e.options.Sandbox, e.options.TestCard(r.Scope.MerchantID))
	}
}

// Rules returns the rules of a scope as they are stored, or the defaults.
func (e *Engine) Rules(ctx context.Context, scope merchant.Scope) (Rules, error) {
	r, err := e.options.Repository.Rules(ctx, scope)
	if fault.Is(err, fault.NotFound) {
		return Defaults(scope), nil
	}
	return r, err
}

// replaceTries bounds how often Replace tries again when others replace the same
// rules at the same time.
const replaceTries = 5

// Replace stores rules in the place of what their scope has, and returns what is
// stored then. seen is the version that the caller has read; nil replaces any.
//
// Errors: fault.Invalid naming the field, fault.InvalidState when the version is
// another by now.
func (e *Engine) Replace(ctx context.Context, r Rules, seen *int) (Rules, error) {
	if err := r.Validate(); err != nil {
		return Rules{}, err
	}
	defer e.known.Forget(r.Scope)
	for range replaceTries {
		current, err := e.Rules(ctx, r.Scope)
		if err != nil {
			return Rules{}, err
		}
		if seen != nil && *seen != current.Version {
			return Rules{}, fault.New(fault.InvalidState,
				"The rules are at version %d, not %d: somebody changed them. Read them again.", current.Version, *seen)
		}
		r.Version, r.UpdatedAt = current.Version+1, e.options.Clock.Now()
		mine, err := e.options.Repository.PutRules(ctx, r)
		if err != nil {
			return Rules{}, err
		}
		if mine {
			return r, nil
		}
	}
	return Rules{}, fault.New(fault.InvalidState, "The rules are being changed by others over and over. Read them again.")
}

// DeleteOldSightings removes up to limit sightings that are past their time.
func (e *Engine) DeleteOldSightings(ctx context.Context, limit int) (int64, error) {
	return e.options.Repository.DeleteOldSightings(ctx, e.options.Clock.Now().Add(-SightingLifetime), limit)
}
