package account

import (
	"context"
	"maps"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/routing"
)

// maxStale bounds how often a change is tried again because another came between.
const maxStale = 3

// Options are what a service works with.
type Options struct {
	Repository Repository
	Sealer     Sealer
	Connector  Connector
	Clock      clock.Clock
	// Changed is told of each account that was connected or changed, so that this
	// process knows it at once; the others do within seconds.
	Changed func(Account)
}

// Service is what the façade calls.
type Service struct{ Options }

// NewService makes a service.
func NewService(o Options) *Service { return &Service{o} }

// New is an account that a merchant connects.
type New struct {
	OperationID string // ULID of the request; it decides the account's name
	Scope       merchant.Scope
	Provider    string
	Label       string
	Priority    int
	Credentials Credentials
	Fees        routing.Fees
}

// Changes are what a merchant changes of an account; nil ones stay.
type Changes struct {
	Label    *string
	Priority *int
	Status   *Status
	// Credentials take the place of those of the same names, and an empty one ends
	// its own; the others stay.
	Credentials Credentials
	Fees        *routing.Fees
}

// Providers lists who can be connected.
func (s *Service) Providers() []Provider { return s.Connector.Providers() }

// Get returns an account. Errors: fault.NotFound.
func (s *Service) Get(ctx context.Context, scope merchant.Scope, name string) (Account, error) {
	return s.Repository.Account(ctx, scope, name)
}

// List lists accounts, newest first, and says whether there are more.
func (s *Service) List(ctx context.Context, scope merchant.Scope, p Page) ([]Account, bool, error) {
	return s.Repository.Accounts(ctx, scope, p)
}

// Connect stores an account once its provider has taken the credentials. Connecting
// again under the same operation returns the first one.
//
// Errors: fault.Invalid naming "provider" or "credentials.<name>", fault.InvalidState
// when there are MaxAccounts, fault.Unavailable when the provider could not be asked.
func (s *Service) Connect(ctx context.Context, n New) (Account, error) {
	p, known := s.provider(n.Provider)
	if !known {
		return Account{}, fault.Field("provider", "Field 'provider' must be one of those that GET /v3/gateway_accounts/providers lists.")
	}
	name := NameOf(p.Name, n.OperationID)
	if made, err := s.Repository.Account(ctx, n.Scope, name); !fault.Is(err, fault.NotFound) {
		return made, err
	}
	if err := p.check(n.Credentials); err != nil {
		return Account{}, err
	}
	count, err := s.Repository.Count(ctx, n.Scope)
	switch {
	case err != nil:
		return Account{}, err
	case count >= MaxAccounts:
		return Account{}, fault.New(fault.InvalidState, "There are %d gateway accounts already, and there cannot be more.", count)
	}
	at, err := s.Connector.Probe(ctx, p.Name, n.Scope.Environment, n.Credentials)
	if err != nil {
		return Account{}, err
	}
	now := s.Clock.Now().UTC().Truncate(time.Microsecond)
	a := Account{
		Name: name, Provider: p.Name, ProviderAccount: at, Scope: n.Scope, Label: n.Label, Status: Active,
		Priority: n.Priority, Fees: n.Fees, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if err := a.seal(s.Sealer, p, n.Credentials); err != nil {
		return Account{}, err
	}
	if err := s.Repository.Insert(ctx, a); err != nil {
		return Account{}, err
	}
	s.Changed(a)
	return s.Repository.Account(ctx, n.Scope, name)
}

// Update changes an account. New credentials, and those of an account that takes
// payments again, are tried at the provider before anything is stored, and must be of
// the same account there.
//
// Errors: fault.NotFound, and those of Connect; fault.Invalid naming the credential that
// is of another account; fault.Unavailable when others change the account all the time.
func (s *Service) Update(ctx context.Context, scope merchant.Scope, name string, c Changes) (Account, error) {
	for range maxStale {
		before, err := s.Repository.Account(ctx, scope, name)
		if err != nil {
			return Account{}, err
		}
		after, err := s.changed(ctx, before, c)
		if err != nil {
			return Account{}, err
		}
		mine, err := s.Repository.Update(ctx, after)
		if err != nil {
			return Account{}, err
		}
		if mine {
			s.Changed(after)
			return after, nil
		}
	}
	return Account{}, fault.New(fault.Unavailable, "The account was changed by others at the same time. Try again.").After(time.Second)
}

// changed is the account with the changes, once the provider has taken them.
func (s *Service) changed(ctx context.Context, a Account, c Changes) (Account, error) {
	wasDisabled := a.Status == Disabled
	apply(&a.Label, c.Label)
	apply(&a.Priority, c.Priority)
	apply(&a.Status, c.Status)
	apply(&a.Fees, c.Fees)
	a.Version++
	a.UpdatedAt = s.Clock.Now().UTC().Truncate(time.Microsecond)
	if len(c.Credentials) == 0 && (!wasDisabled || a.Status == Disabled) {
		return a, nil
	}
	p, known := s.provider(a.Provider)
	if !known {
		return a, fault.New(fault.InvalidState, "This hub does not speak to the provider of this account any more.")
	}
	opened, err := a.Open(s.Sealer)
	if err != nil {
		return a, err
	}
	rotated, err := p.rotate(opened, c.Credentials)
	if err != nil {
		return a, err
	}
	at, err := s.Connector.Probe(ctx, a.Provider, a.Scope.Environment, rotated)
	if err != nil {
		return a, err
	}
	if at != a.ProviderAccount {
		return a, p.elsewhere(c.Credentials)
	}
	return a, a.seal(s.Sealer, p, rotated)
}

// apply writes what is given over what was there.
func apply[T any](over *T, given *T) {
	if given != nil {
		*over = *given
	}
}

func (s *Service) provider(name string) (Provider, bool) {
	for _, p := range s.Connector.Providers() {
		if p.Name == name {
			return p, true
		}
	}
	return Provider{}, false
}

// rotate is credentials with others in their place. What says which account it is
// cannot change: payments that the account took would be looked for at another one.
func (p Provider) rotate(held, given Credentials) (Credentials, error) {
	rotated := maps.Clone(held)
	for name, value := range given {
		c := p.credential(name)
		switch {
		case c.Name == "":
			return nil, p.unknown(name)
		case c.Required && c.Public && value != held[name]:
			return nil, fault.Field("credentials."+name, "Field 'credentials.%s' cannot change: it says which account this is. Connect another one.", name)
		case value == "":
			delete(rotated, name)
		default:
			rotated[name] = value
		}
	}
	return rotated, p.check(rotated)
}

// elsewhere refuses credentials of another account than the one that they were given
// for. A payment whose outcome is unknown would be looked for there, be found absent,
// and be charged again.
func (p Provider) elsewhere(given Credentials) error {
	field := "credentials"
	for _, c := range p.Credentials {
		if _, named := given[c.Name]; named && c.Required {
			field += "." + c.Name
			break
		}
	}
	return fault.Field(field, "Field '%s' is of another account at %s, where the payments of this one are not. Connect that account on its own instead.", field, p.Title)
}
