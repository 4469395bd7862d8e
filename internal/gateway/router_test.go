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

// ruled has one profile for everybody, with these rules.
type ruled struct {
	routing.Repository
	profile string
	rules   routing.RuleSet
}

func (r ruled) Profiles(_ context.Context, scope merchant.Scope) ([]routing.Profile, error) {
	return []routing.Profile{{ID: r.profile, Scope: scope, Active: 1}}, nil
}

func (r ruled) Version(context.Context, merchant.Scope, string, int) (routing.Version, error) {
	return routing.Version{ProfileID: r.profile, Number: 1, Rules: r.rules}, nil
}

var cardsOnly = gateway.Capabilities{Methods: map[payment.MethodType]gateway.MethodSupport{payment.MethodCard: {ManualCapture: true}}}

func TestARouteIsDecidedAmongTheAccountsThatCanTakeThePayment(t *testing.T) {
	euros, bounded := cardsOnly, cardsOnly
	euros.Currencies = map[money.Currency]bool{"EUR": true}
	bounded.Limits = map[money.Currency]gateway.Limit{"USD": {Max: 100}}
	registry := gateway.NewRegistry()
	for _, a := range []account{{name: "one", can: euros}, {name: "two", can: bounded}, {name: "three", can: cardsOnly}} {
		require.NoError(t, registry.Register(merchant.Sandbox, a))
	}
	profile := id.New(id.RoutingProfile)
	at := clock.NewManual(time.Date(2026, 4, 21, 9, 30, 0, 0, time.UTC))
	health := routing.NewHealth("one")
	engine := routing.NewEngine(routing.Options{Clock: at, Health: health, Repository: ruled{profile: profile, rules: routing.RuleSet{
		Rules:   []routing.Rule{{Name: "British", When: `billing_country == "GB" and metadata.tier == "gold" and brand == "visa"`, Use: []string{"three", "one"}}},
		Default: routing.Default{Strategy: routing.Order},
	}}})
	router := gateway.NewRouter(registry, engine)
	ask := func(change func(*payment.RouteRequest)) (routing.Decision, error) {
		q := payment.RouteRequest{Method: payment.MethodCard, Card: payment.CardSummary{Brand: "visa"}, BillingCountry: "GB", Intent: payment.Intent{
			ID: id.New(id.Payment), Scope: merchant.Scope{MerchantID: "mch_1", Environment: merchant.Sandbox}, Status: payment.RequiresConfirmation,
			Amount: 500, Currency: "USD", Routing: payment.RoutingAuto, CaptureMethod: payment.CaptureAutomatic, Metadata: map[string]string{"tier": "gold"},
		}}
		change(&q)
		return router.Route(t.Context(), q)
	}
	names := func(d routing.Decision) (all []string) {
		for _, c := range d.Choices {
			all = append(all, c.Gateway)
		}
		return all
	}
	to := func(name string) func(*payment.RouteRequest) {
		return func(q *payment.RouteRequest) { q.Intent.Routing = name }
	}

	d, err := ask(to(payment.RoutingAuto))
	require.NoError(t, err)
	require.Equal(t, []string{"three"}, names(d))
	require.Equal(t, []routing.Exclusion{{Gateway: "one", Why: "does not take USD"}, {Gateway: "two", Why: "takes at most USD 1.00"}}, d.Excluded)
	d, err = ask(func(q *payment.RouteRequest) { to(profile)(q); q.Intent.Currency = "EUR" })
	require.NoError(t, err)
	require.Equal(t, []any{"British", profile, routing.GB}, []any{d.Rule, d.Profile, d.Region})
	require.Equal(t, []string{"three", "one"}, names(d))
	d, err = ask(func(q *payment.RouteRequest) { to("three")(q); q.KeptBy = "three" })
	require.NoError(t, err)
	require.Equal(t, routing.Saved, d.Strategy)
	d, err = ask(to("three"))
	require.NoError(t, err)
	require.Equal(t, routing.Named, d.Strategy)

	for name, param := range map[string]string{"one": "currency", "four": "routing", id.New(id.RoutingProfile): "routing"} {
		_, err = ask(to(name))
		require.Equal(t, param, fault.From(err).Param, name)
	}
	_, err = ask(func(q *payment.RouteRequest) { q.KeptBy = "gone" })
	require.Equal(t, "routing", fault.From(err).Param)
	_, err = ask(func(q *payment.RouteRequest) { q.Method = payment.MethodPayPal })
	require.Equal(t, "payment_method.type", fault.From(err).Param)
	_, err = ask(func(q *payment.RouteRequest) { q.Intent.Scope.Environment = merchant.Live })
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)

	for range 5 {
		engine.Observe(routing.Observation{Cell: routing.Cell{Scope: merchant.Scope{Environment: merchant.Sandbox}, Gateway: "three"}, Called: true, Broken: true})
	}
	euro := func(q *payment.RouteRequest) { to(profile)(q); q.Intent.Currency = "EUR" }
	d, err = ask(euro)
	require.NoError(t, err)
	require.Equal(t, []string{"one"}, names(d), "the rule's other gateway")
	d, err = ask(to("three"))
	require.NoError(t, err)
	require.Equal(t, []routing.Choice{{Gateway: "three", Health: routing.Open}}, d.Choices, "there is no other")
}

func TestASimulationIsNeverAProbe(t *testing.T) {
	registry := gateway.NewRegistry()
	require.NoError(t, registry.Register(merchant.Sandbox, account{name: "one", can: cardsOnly}))
	at := clock.NewManual(time.Date(2026, 4, 21, 9, 30, 0, 0, time.UTC))
	router := gateway.NewRouter(registry, routing.NewEngine(routing.Options{Clock: at, Repository: plain{}}))
	h := routing.Hypothesis{Routing: payment.RoutingAuto, Question: routing.Question{
		Scope: merchant.Scope{MerchantID: "mch_1", Environment: merchant.Sandbox}, Amount: money.New(100, "EUR"), At: at.Now().Add(-time.Hour),
	}}
	d, err := router.Simulate(t.Context(), h)
	require.NoError(t, err)
	require.Equal(t, []any{routing.Order, "one", at.Now(), false}, []any{d.Strategy, d.Gateway(), d.At, d.Probe})
	h.Rules = &routing.RuleSet{Rules: []routing.Rule{{Name: "r", When: "hour == 8", Use: []string{"one"}}}, Default: routing.Default{Strategy: routing.Order}}
	d, err = router.Simulate(t.Context(), h)
	require.NoError(t, err)
	require.Equal(t, "r", d.Rule, "at the time that was asked for")
	h.Rules.Rules[0].When = "hour =="
	_, err = router.Simulate(t.Context(), h)
	require.Equal(t, "rules[0].when", fault.From(err).Param)
	h.Rules, h.Method, h.Manual = nil, string(payment.MethodIDEAL), true
	_, err = router.Simulate(t.Context(), h)
	require.Equal(t, "payment_method.type", fault.From(err).Param)

	names, err := router.NamesInRules(t.Context(), h.Scope)
	require.NoError(t, err)
	require.Equal(t, []string{"one"}, names)
}
