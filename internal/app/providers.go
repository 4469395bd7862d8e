package app

import (
	"strings"

	"paymenthub/config"
	"paymenthub/internal/account"
	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/adyen"
	"paymenthub/internal/gateway/checkout"
	"paymenthub/internal/gateway/mollie"
	"paymenthub/internal/gateway/paypal"
	"paymenthub/internal/gateway/stripe"
	"paymenthub/internal/merchant"
)

// providers are those that the hub has an adapter for, in the order in which they are
// preferred unless the operator says otherwise.
var providers = gateway.Catalogue{
	stripe.Provider,
	checkout.Provider,
	adyen.Provider,
	mollie.Provider,
	paypal.Provider,
}

// Providers tells the configuration at whom there can be accounts.
func Providers() []config.Provider {
	known := make([]config.Provider, 0, len(providers))
	for _, p := range providers {
		told := config.Provider{Name: p.Name, Check: check(p)}
		for _, c := range p.Credentials {
			told.Credentials = append(told.Credentials, config.Credential{Name: c.Name, Required: c.Required})
		}
		known = append(known, told)
	}
	return known
}

// check asks a provider's adapter what is wrong with an account.
func check(p gateway.Provider) func(config.Account, bool) (string, string) {
	return func(a config.Account, live bool) (credential, problem string) {
		_, err := p.New(gateway.Settings{Values: a.Reveal(), Live: live, BaseURL: string(a.BaseURL)})
		if err == nil {
			return "", ""
		}
		f := fault.From(err)
		credential, named := strings.CutPrefix(f.Param, "credentials.")
		if f.Code != fault.Invalid || !named {
			return p.Credentials[0].Name, "and what is set beside it make no account"
		}
		return credential, strings.TrimPrefix(f.Message, "Field '"+f.Param+"' ")
	}
}

// openAccounts registers the operator's accounts, and adds those of merchants.
func (h *Hub) openAccounts() error {
	client := h.gatewayClient()
	settings := func(provider string, env merchant.Environment) gateway.Settings {
		return gateway.Settings{
			BaseURL: string(h.operators(env)[provider].BaseURL), HTTPClient: client, Timeout: h.config.Gateways.Timeout, Logger: h.log,
		}
	}
	for _, env := range []merchant.Environment{merchant.Sandbox, merchant.Live} {
		accounts := h.operators(env)
		for _, name := range h.config.Gateways.Connected(accounts) {
			p, _ := providers.Find(name)
			s := settings(name, env)
			s.Values, s.Live = accounts[name].Reveal(), env == merchant.Live
			adapter, err := p.New(s)
			if err != nil {
				return err
			}
			if err := h.gateways.Register(env, adapter); err != nil {
				return err
			}
		}
	}
	connector := gateway.NewConnector(providers, settings)
	connected := gateway.NewConnected(gateway.ConnectedOptions{
		Repository: h.store.GatewayAccounts(), Sealer: h.vault, Connector: connector, Clock: h.clock, Logger: h.log,
	})
	h.gateways.Connect(connected)
	h.accounts = account.NewService(account.Options{
		Repository: h.store.GatewayAccounts(), Sealer: h.vault, Connector: connector, Clock: h.clock, Changed: connected.Forget,
	})
	return nil
}

// operators are the operator's accounts of an environment.
func (h *Hub) operators(env merchant.Environment) config.Accounts {
	if env == merchant.Live {
		return h.config.Gateways.Live
	}
	return h.config.Gateways.Sandbox
}
