package gateway

import (
	"context"
	"fmt"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// Registry holds the gateways of each environment, in order of preference.
type Registry struct {
	byEnvironment map[merchant.Environment][]Gateway
}

// NewRegistry makes an empty registry.
func NewRegistry() *Registry {
	return &Registry{byEnvironment: map[merchant.Environment][]Gateway{}}
}

// Register adds a gateway to an environment, after those that are there. A
// name registered twice is an error.
func (r *Registry) Register(env merchant.Environment, g Gateway) error {
	for _, known := range r.byEnvironment[env] {
		if known.Name() == g.Name() {
			return fmt.Errorf("gateway %q is registered twice for %s", g.Name(), env)
		}
	}
	r.byEnvironment[env] = append(r.byEnvironment[env], g)
	return nil
}

// Find returns the gateway of this name. Errors: fault.NotFound.
func (r *Registry) Find(env merchant.Environment, name string) (Gateway, error) {
	for _, g := range r.byEnvironment[env] {
		if g.Name() == name {
			return g, nil
		}
	}
	return nil, fault.New(fault.NotFound, "No gateway %q is set up for %s.", name, env)
}

// Keeper implements customer.Gateways: the first gateway that keeps cards.
func (r *Registry) Keeper(env merchant.Environment) (string, error) {
	for _, g := range r.byEnvironment[env] {
		if g.Capabilities().SavesCards {
			return g.Name(), nil
		}
	}
	return "", fault.New(fault.Unavailable, "No gateway that keeps cards is set up for %s.", env)
}

// Account returns the gateway of a provider's account, as it stands in the path
// of its webhooks: each environment has one account of a provider, named as the
// environment. Errors: fault.NotFound.
func (r *Registry) Account(name, account string) (merchant.Environment, Gateway, error) {
	env := merchant.Environment(account)
	g, err := r.Find(env, name)
	if err != nil {
		return "", nil, fault.New(fault.NotFound, "There is no account of this gateway here.")
	}
	return env, g, nil
}

// Route implements payment.Router: the gateway that the payment names, or the
// first that takes its currency.
func (r *Registry) Route(_ context.Context, p payment.Intent) (string, error) {
	env := p.Scope.Environment
	if p.Routing != payment.RoutingAuto {
		g, err := r.Find(env, p.Routing)
		if err != nil {
			return "", fault.Field("routing", "Field 'routing' must be 'auto' or the name of a gateway that is set up for %s.", env)
		}
		if !g.Capabilities().Takes(p.Currency) {
			return "", fault.Field("currency", "Gateway '%s' does not take %s.", g.Name(), p.Currency)
		}
		return g.Name(), nil
	}
	for _, g := range r.byEnvironment[env] {
		if g.Capabilities().Takes(p.Currency) {
			return g.Name(), nil
		}
	}
	if len(r.byEnvironment[env]) == 0 {
		return "", fault.New(fault.Unavailable, "No gateway is set up for %s.", env)
	}
	return "", fault.Field("currency", "No gateway that is set up for %s takes %s.", env, p.Currency)
}
