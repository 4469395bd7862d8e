package gateway

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"paymenthub/internal/account"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
)

// Catalogue lists the providers that the hub has adapters for, in the order in which
// they are preferred unless the operator says otherwise.
type Catalogue []Provider

// Find returns the provider of a name.
func (c Catalogue) Find(name string) (Provider, bool) {
	for _, p := range c {
		if p.Name == name {
			return p, true
		}
	}
	return Provider{}, false
}

// Connector implements account.Connector over a catalogue.
type Connector struct {
	catalogue Catalogue
	settings  func(provider string, env merchant.Environment) Settings
}

var _ account.Connector = (*Connector)(nil)

// NewConnector makes a connector. settings are those of an account at a provider but
// for its credentials: they are the operator's, and no merchant chooses where the hub
// sends what it sends.
func NewConnector(c Catalogue, settings func(provider string, env merchant.Environment) Settings) *Connector {
	return &Connector{catalogue: c, settings: settings}
}

// Providers implements account.Connector.
func (c *Connector) Providers() []account.Provider {
	providers := make([]account.Provider, 0, len(c.catalogue))
	for _, p := range c.catalogue {
		told := account.Provider{Name: p.Name, Title: p.Title, Currencies: len(p.Capabilities.Currencies)}
		for _, wanted := range p.Credentials {
			told.Credentials = append(told.Credentials, account.Credential(wanted))
		}
		for _, m := range slices.Sorted(maps.Keys(p.Capabilities.Methods)) {
			told.Methods = append(told.Methods, string(m))
		}
		providers = append(providers, told)
	}
	return providers
}

// retryProbe is when a provider that did not answer may be asked again.
const retryProbe = 5 * time.Second

// Probe implements account.Connector.
func (c *Connector) Probe(ctx context.Context, provider string, env merchant.Environment, credentials account.Credentials) (string, error) {
	g, err := c.open(provider, env, credentials)
	if err != nil {
		return "", refusedCredentials(provider, err)
	}
	accountID, err := g.Probe(ctx)
	switch {
	case err == nil:
		return accountID, nil
	case fault.Is(err, fault.Invalid):
		return "", refusedCredentials(provider, err)
	default:
		return "", fault.New(fault.Unavailable, "The provider did not say whether it takes the credentials. Retry with the same Idempotency-Key.").
			Because(err).After(retryProbe)
	}
}

// refusedCredentials is what merchants are told of credentials that an adapter or its
// provider does not take. What is no fault of ours may quote them.
func refusedCredentials(provider string, err error) error {
	if f := fault.From(err); f.Code == fault.Invalid && f.Param != "" {
		return f
	}
	return fault.Field("credentials", "The credentials do not connect an account at %s.", provider)
}

// open makes the adapter of an account. It sends nothing.
func (c *Connector) open(provider string, env merchant.Environment, credentials account.Credentials) (Gateway, error) {
	p, known := c.catalogue.Find(provider)
	if !known {
		return nil, fmt.Errorf("gateway: there is no adapter for %q", provider)
	}
	s := c.settings(provider, env)
	s.Values, s.Live = credentials.Reveal(), env == merchant.Live
	return p.New(s)
}
