package gateway

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/routing"
)

// Router implements payment.Router: it knows which accounts can take a payment, and an
// engine decides between them.
type Router struct {
	registry *Registry
	engine   *routing.Engine
}

// NewRouter makes a router.
func NewRouter(r *Registry, e *routing.Engine) *Router { return &Router{registry: r, engine: e} }

// Route implements payment.Router. For a payment that is not stored yet it is a
// forecast: only an attempt can be what finds out whether a broken gateway works again.
func (r *Router) Route(ctx context.Context, q payment.RouteRequest) (routing.Decision, error) {
	p := q.Intent
	question := routing.Question{
		Scope: p.Scope, PaymentID: p.ID, Amount: p.Money(), Method: string(q.Method), Brand: q.Card.Brand, BIN: q.Card.BIN,
		BillingCountry: q.BillingCountry, CustomerID: p.CustomerID, Metadata: p.Metadata, At: r.engine.Now(), Attempt: p.Status != "",
	}
	return r.route(ctx, asked{RouteRequest: q, question: question, decide: r.engine.Decide})
}

// Simulate answers for a hypothetical payment what Route would answer, by rules that
// need not be active.
func (r *Router) Simulate(ctx context.Context, h routing.Hypothesis) (routing.Decision, error) {
	intent := payment.Intent{
		ID: h.PaymentID, Scope: h.Scope, Amount: h.Amount.Minor, Currency: h.Amount.Currency, CaptureMethod: payment.CaptureAutomatic, Routing: h.Routing,
	}
	if h.Manual {
		intent.CaptureMethod = payment.CaptureManual
	}
	a := asked{
		RouteRequest: payment.RouteRequest{Intent: intent, Method: payment.MethodType(h.Method)}, question: h.Question, decide: r.engine.Decide,
	}
	if h.Rules != nil {
		a.decide = func(_ context.Context, q routing.Question) (routing.Decision, error) {
			return r.engine.DecideBy(q, *h.Rules)
		}
	}
	return r.route(ctx, a)
}

// Names returns the accounts that a merchant can use, in order of preference.
func (r *Router) Names(ctx context.Context, scope merchant.Scope) ([]string, error) {
	accounts, err := r.registry.Of(ctx, scope)
	names := make([]string, 0, len(accounts))
	for _, a := range accounts {
		names = append(names, a.Name)
	}
	return names, err
}

// NamesInRules are Names, and the providers that rules may name instead of an account.
func (r *Router) NamesInRules(ctx context.Context, scope merchant.Scope) ([]string, error) {
	accounts, err := r.registry.Of(ctx, scope)
	var names []string
	for _, a := range accounts {
		for _, name := range []string{a.Name, a.Provider()} {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names, err
}

// asked is a request with what the engine is asked in the end.
type asked struct {
	payment.RouteRequest
	question routing.Question
	decide   func(context.Context, routing.Question) (routing.Decision, error)
}

func (r *Router) route(ctx context.Context, q asked) (routing.Decision, error) {
	p := q.Intent
	accounts, err := r.registry.Of(ctx, p.Scope)
	if err != nil {
		return routing.Decision{}, err
	}
	if len(accounts) == 0 {
		return routing.Decision{}, fault.New(fault.Unavailable, "No gateway is set up for %s.", p.Scope.Environment)
	}
	decide := q.decide
	switch {
	case q.KeptBy != "":
		accounts = slices.DeleteFunc(accounts, func(a *Account) bool { return a.Name != q.KeptBy })
		decide = r.only(routing.Saved)
	case id.Valid(id.RoutingProfile, p.Routing):
		q.question.Profile = p.Routing
	case p.Routing != payment.RoutingAuto:
		if accounts, err = r.named(ctx, p.Scope, p.Routing); err != nil {
			return routing.Decision{}, err
		}
		decide = r.only(routing.Named)
	}
	if len(accounts) == 0 {
		return routing.Decision{}, noSuchRouting(p.Scope.Environment)
	}
	var excluded []routing.Exclusion
	for _, a := range accounts {
		c := a.Capabilities()
		if why := refusal(c, q.RouteRequest); why != "" {
			excluded = append(excluded, routing.Exclusion{Gateway: a.Name, Why: why})
			continue
		}
		q.question.Candidates = append(q.question.Candidates, routing.Candidate{Gateway: a.Name, Provider: a.Provider(), Fees: c.Fees})
	}
	if len(q.question.Candidates) == 0 {
		return routing.Decision{}, impossible(accounts, q.RouteRequest, excluded)
	}
	d, err := decide(ctx, q.question)
	if errors.Is(err, routing.ErrNoProfile) {
		return routing.Decision{}, noSuchRouting(p.Scope.Environment)
	}
	d.Excluded = slices.Concat(excluded, d.Excluded)
	return d, err
}

// only makes the decision where one gateway can take the payment.
func (r *Router) only(why routing.Strategy) func(context.Context, routing.Question) (routing.Decision, error) {
	return func(_ context.Context, q routing.Question) (routing.Decision, error) {
		return r.engine.Only(q, why), nil
	}
}

// named returns the one account that a merchant means by a name, none when there is none.
func (r *Router) named(ctx context.Context, scope merchant.Scope, name string) ([]*Account, error) {
	a, err := r.registry.Named(ctx, scope, name)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, nil
	case err != nil:
		return nil, err
	default:
		return []*Account{a}, nil
	}
}

func noSuchRouting(env merchant.Environment) error {
	return fault.Field("routing", "Field 'routing' must be 'auto', the name of a gateway that is set up for %s, or the id of a routing profile.", env)
}

// refusal says why an account cannot take the payment, "" when it can. Before a
// method is known, one that would do is enough.
func refusal(c Capabilities, q payment.RouteRequest) (why string) {
	methods := []payment.MethodType{q.Method}
	switch {
	case q.Save && !c.SavesCards:
		return "keeps no cards"
	case q.Method == "":
		methods = payment.MethodTypes
	}
	for _, m := range methods {
		why = c.Refusal(Order{Method: m, Amount: q.Intent.Money(), Manual: q.Intent.CaptureMethod == payment.CaptureManual})
		if why == "" {
			return ""
		}
	}
	return cmp.Or(c.currencyRefusal(q.Intent.Money()), why)
}

// impossible words the error of a payment that no account can take, and names the
// field that is in the way of all. Shoppers read it too: it names no account but the one
// that the payment names.
func impossible(accounts []*Account, q payment.RouteRequest, excluded []routing.Exclusion) error {
	p, who := q.Intent, "No gateway that is set up for "+string(q.Intent.Scope.Environment)
	if able := slices.DeleteFunc(slices.Clone(accounts), func(a *Account) bool {
		_, takes := a.Capabilities().Methods[q.Method]
		return !takes
	}); len(able) > 0 {
		accounts, who = able, who+", and takes payments by "+string(q.Method)+","
	}
	all := func(refuses func(Capabilities) bool) bool {
		return !slices.ContainsFunc(accounts, func(a *Account) bool { return !refuses(a.Capabilities()) })
	}
	field, why := "payment_method.type", "takes this payment by "+cmp.Or(string(q.Method), "any method")
	switch {
	case all(func(c Capabilities) bool { return c.Currencies != nil && !c.Currencies[p.Currency] }):
		field, why = "currency", "takes "+string(p.Currency)
	case all(func(c Capabilities) bool { return c.currencyRefusal(p.Money()) != "" }):
		field, why = "amount", "takes "+p.Money().String()
	case q.Save && all(func(c Capabilities) bool { return !c.SavesCards }):
		field, why = "save_payment_method", "keeps cards"
	case q.Method == "" || all(func(c Capabilities) bool { _, takes := c.Methods[q.Method]; return takes }):
		field, why = "capture_method", "can hold this payment for a later capture"
	}
	if len(accounts) == 1 {
		return fault.Field(field, "Gateway '%s' %s.", accounts[0].Name, excluded[0].Why)
	}
	return fault.Field(field, "%s %s.", who, why)
}
