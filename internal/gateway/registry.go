package gateway

import (
	"context"
	"fmt"
	"slices"

	"paymenthub/internal/account"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/routing"
)

// Account is a gateway as payments know it: an account at a provider, under a name
// that is never given to another one.
type Account struct {
	// Name is the provider's for the account of the hub's operator, "stripe", and
	// "stripe_01HZ…" for a merchant's own.
	Name        string
	Environment merchant.Environment
	MerchantID  string // whose it is; "" of the operator's, which every merchant uses
	Gateway
	fees routing.Fees // its own; nil: those of the provider's price list
}

// Capabilities implements Gateway: those of the adapter, at the account's own price.
func (a *Account) Capabilities() Capabilities {
	c := a.Gateway.Capabilities()
	if a.fees != nil {
		c.Fees = a.fees
	}
	return c
}

// Registry holds the gateways of each environment: the operator's accounts, in order
// of preference, and those that merchants have connected.
type Registry struct {
	operators map[merchant.Environment][]*Account
	connected *Connected // nil: merchants connect none
}

// NewRegistry makes an empty registry.
func NewRegistry() *Registry {
	return &Registry{operators: map[merchant.Environment][]*Account{}}
}

// Register adds the operator's account at a provider to an environment, after those
// that are there. A provider registered twice is an error.
func (r *Registry) Register(env merchant.Environment, g Gateway) error {
	for _, known := range r.operators[env] {
		if known.Name == g.Provider() {
			return fmt.Errorf("gateway %q is registered twice for %s", known.Name, env)
		}
	}
	r.operators[env] = append(r.operators[env], &Account{Name: g.Provider(), Environment: env, Gateway: g})
	return nil
}

// Connect adds the accounts that merchants have connected. It is to be called before
// anybody asks.
func (r *Registry) Connect(c *Connected) { r.connected = c }

// Operators lists the operator's accounts of an environment, in order of preference.
func (r *Registry) Operators(env merchant.Environment) []*Account {
	return slices.Clone(r.operators[env])
}

// Find returns the account of this name, whoever's it is and whether or not it takes
// new payments. Errors: fault.NotFound.
func (r *Registry) Find(ctx context.Context, env merchant.Environment, name string) (*Account, error) {
	for _, a := range r.operators[env] {
		if a.Name == name {
			return a, nil
		}
	}
	if r.connected != nil && account.ValidName(name) {
		a, err := r.connected.find(ctx, name)
		if err != nil {
			return nil, err
		}
		if a.Environment == env {
			return a, nil
		}
	}
	return nil, notSetUp(env, name)
}

// Of returns the accounts that a merchant can use, in order of preference: their own
// by priority and age, then the operator's.
func (r *Registry) Of(ctx context.Context, scope merchant.Scope) ([]*Account, error) {
	if r.connected == nil {
		return slices.Clone(r.operators[scope.Environment]), nil
	}
	own, err := r.connected.of(ctx, scope)
	if err != nil {
		return nil, err
	}
	return slices.Concat(own, r.operators[scope.Environment]), nil
}

// Named returns the account that a merchant means by a name: the account of exactly
// this name, or, for a provider's name, the first of the merchant's own accounts
// there, and the operator's when they have none. It takes new payments.
// Errors: fault.NotFound.
func (r *Registry) Named(ctx context.Context, scope merchant.Scope, name string) (*Account, error) {
	all, err := r.Of(ctx, scope)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if a.Name == name || a.Provider() == name {
			return a, nil
		}
	}
	return nil, notSetUp(scope.Environment, name)
}

// Keeper implements customer.Gateways: the first gateway that keeps cards.
func (r *Registry) Keeper(ctx context.Context, scope merchant.Scope) (string, error) {
	accounts, err := r.Of(ctx, scope)
	if err != nil {
		return "", err
	}
	for _, a := range accounts {
		if a.Capabilities().SavesCards {
			return a.Name, nil
		}
	}
	return "", fault.New(fault.Unavailable, "No gateway that keeps cards is set up for %s.", scope.Environment)
}

// Webhooks returns the account of a provider as it stands in the path of its
// webhooks: the operator's under its environment, a merchant's own under its name.
// Errors: fault.NotFound.
func (r *Registry) Webhooks(ctx context.Context, provider, of string) (*Account, error) {
	if env := merchant.Environment(of); env.Valid() {
		for _, a := range r.operators[env] {
			if a.Name == provider {
				return a, nil
			}
		}
		return nil, noAccount()
	}
	if r.connected == nil || !account.ValidName(of) || account.ProviderOf(of) != provider {
		return nil, noAccount()
	}
	a, err := r.connected.find(ctx, of)
	if fault.Is(err, fault.NotFound) {
		return nil, noAccount()
	}
	return a, err
}

// Known reports whether Webhooks answers without asking the database for a name that
// this process has not met.
func (r *Registry) Known(provider, of string) bool {
	if merchant.Environment(of).Valid() || r.connected == nil || !account.ValidName(of) || account.ProviderOf(of) != provider {
		return true
	}
	return r.connected.met(of)
}

func notSetUp(env merchant.Environment, name string) error {
	return fault.New(fault.NotFound, "No gateway %q is set up for %s.", name, env)
}

func noAccount() error { return fault.New(fault.NotFound, "There is no account of this gateway here.") }
