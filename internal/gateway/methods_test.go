package gateway_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/routing"
)

// account is a gateway of which nothing but its capabilities is asked.
type account struct {
	gateway.Gateway
	name string
	can  gateway.Capabilities
}

func (a account) Provider() string                   { return a.name }
func (a account) Capabilities() gateway.Capabilities { return a.can }

// plain stores nothing of routing: every merchant has the default.
type plain struct{ routing.Repository }

func (plain) Profiles(context.Context, merchant.Scope) ([]routing.Profile, error) { return nil, nil }

func routerOf(t *testing.T, accounts ...account) *gateway.Router {
	t.Helper()
	registry := gateway.NewRegistry()
	for _, a := range accounts {
		require.NoError(t, registry.Register(merchant.Sandbox, a))
	}
	now := clock.NewManual(time.Date(2026, 4, 21, 9, 30, 0, 0, time.UTC))
	return gateway.NewRouter(registry, routing.NewEngine(routing.Options{Repository: plain{}, Clock: now}))
}

func TestTheMethodsThatAPaymentCanBePaidWith(t *testing.T) {
	euros := map[money.Currency]bool{"EUR": true}
	cards := account{name: "stripe", can: gateway.Capabilities{Methods: map[payment.MethodType]gateway.MethodSupport{payment.MethodCard: {ManualCapture: true}}}}
	banks := account{name: "mollie", can: gateway.Capabilities{Methods: map[payment.MethodType]gateway.MethodSupport{
		payment.MethodIDEAL: {Currencies: euros}, payment.MethodBancontact: {Currencies: euros}, payment.MethodPayPal: {Currencies: euros},
	}, Limits: map[money.Currency]gateway.Limit{"EUR": {Max: 5_000_000}}}}
	wallet := account{name: "paypal", can: gateway.Capabilities{Methods: map[payment.MethodType]gateway.MethodSupport{payment.MethodPayPal: {ManualCapture: true}}}}
	router := routerOf(t, cards, banks, wallet)

	const card, paypal, ideal, bancontact = payment.MethodCard, payment.MethodPayPal, payment.MethodIDEAL, payment.MethodBancontact
	for name, c := range map[string]struct {
		change func(*payment.Intent)
		want   []payment.MethodType
	}{
		"euros":            {nil, []payment.MethodType{card, paypal, ideal, bancontact}},
		"dollars":          {func(p *payment.Intent) { p.Currency = "USD" }, []payment.MethodType{card, paypal}},
		"captured later":   {func(p *payment.Intent) { p.CaptureMethod = payment.CaptureManual }, []payment.MethodType{card, paypal}},
		"too much":         {func(p *payment.Intent) { p.Amount = 5_000_001 }, []payment.MethodType{card, paypal}},
		"by one gateway":   {func(p *payment.Intent) { p.Routing = "mollie" }, []payment.MethodType{paypal, ideal, bancontact}},
		"by one that left": {func(p *payment.Intent) { p.Routing = "gone" }, nil},
	} {
		p := payment.Intent{
			ID: id.New(id.Payment), Scope: merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox}, Status: payment.RequiresConfirmation,
			Amount: 12_000, Currency: "EUR", CaptureMethod: payment.CaptureAutomatic, Routing: payment.RoutingAuto,
		}
		if c.change != nil {
			c.change(&p)
		}
		offered, err := router.Methods(t.Context(), p)
		require.NoError(t, err, name)
		require.Equal(t, c.want, offered, name)
	}
	p := payment.Intent{Scope: merchant.Scope{Environment: merchant.Live}, Routing: payment.RoutingAuto, Amount: 1, Currency: "EUR"}
	_, err := router.Methods(t.Context(), p)
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
}
