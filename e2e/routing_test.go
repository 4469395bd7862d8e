package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/api/openapi/generate"
)

const (
	routingProfiles = "/v3/routing/profiles"
	simulateRouting = "/v3/routing/simulate"
)

// routingRules are rules that change nothing for the payments of other tests.
func routingRules(rules ...object) object {
	if rules == nil {
		rules = []object{{"name": "yen", "when": `currency == "JPY" and metadata.tier == "none"`, "use": []string{"stripe"}}}
	}
	return object{"rules": rules, "default": object{"strategy": "order"}}
}

// routes makes a routing profile with versions, and returns its id. The first two are
// activated in turns, so that one can go back from each to the other.
func (c client) routes(t testing.TB, versions ...object) string {
	t.Helper()
	profile := read[idOnly](t, c.post(t, routingProfiles, object{"name": "Main"}), http.StatusOK).ID
	for _, rules := range versions {
		require.Equal(t, http.StatusOK, c.post(t, routingProfiles+"/"+profile+"/versions", rules).status)
	}
	for i := range 4 {
		if number := i%2 + 1; number <= len(versions) {
			c.activate(t, profile, number)
		}
	}
	return profile
}

func (c client) activate(t testing.TB, profile string, number int) {
	t.Helper()
	a := c.post(t, fmt.Sprintf("%s/%s/versions/%d/activate", routingProfiles, profile, number), object{})
	require.Equal(t, http.StatusOK, a.status, "%s", a.raw)
}

// ofRouting are the values of requests about routing.
func ofRouting(p generate.Place) (any, bool) {
	draft := p.Operation == "createRoutingVersion" || p.Operation == "putRoutingVersion"
	choose := func(from ...any) (any, bool) { return from[p.Random.IntN(len(from))], true }
	rules := []object{{"name": "Änderung", "when": `region == "eea" and hour in 0..23`, "split": object{"stripe": 100}}, {"name": "b", "when": "true", "strategy": "cost"}}
	switch {
	case p.In == "path" && p.Name == "version":
		return map[string]any{"putRoutingVersion": 3, "activateRoutingVersion": 1 + p.Random.IntN(2), "getRoutingVersion": 1}[p.Operation], true
	case strings.HasSuffix(p.Operation, "RoutingProfile") && p.Name == "name":
		return choose("Main", "Größe", strings.Repeat("ü", 60))
	case p.Operation == "updateRoutingProfile" && p.Name == "default":
		return false, true // another one would not be it any more
	case draft && p.Name == "rules", p.Name == "rules.rules":
		return choose([]object{}, rules)
	case strings.HasSuffix(p.Name, "default.order"):
		return []string{"stripe"}, true
	case p.Operation != "simulateRouting":
		return nil, false
	}
	switch p.Name {
	case "version", "method":
		return nil, true // of a profile's; against a card
	case "card.brand":
		return "visa", true
	case "card.bin":
		return "42424242", true
	case "card.country", "billing_country":
		return "GB", true
	case "routing":
		return choose("auto", "stripe")
	}
	return nil, false
}

func TestPaymentsGoWhereTheRulesSay(t *testing.T) {
	onEveryone(t, nil, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		profile := s.routes(t, routingRules(
			object{"name": "gold", "when": `metadata.tier == "gold" and bin startsWith "424242" and card_country == "US"`, "use": []string{"adyen", "checkout"}},
			object{"name": "shared", "when": `currency == "GBP"`, "split": object{"stripe": 50, "checkout": 50}},
		))
		gold := object{"currency": "EUR", "metadata": object{"tier": "gold"}}
		p := s.pay(t, visa, gold).intent(t)
		require.Equal(t, []string{"succeeded", "adyen"}, []string{p.Status, p.Gateway})
		h.onlyChargeAt(t, "adyen", p.ID)
		chosen := s.intent(t, p.ID).Attempts[0].Routing
		require.Equal(t, "listed", chosen.Strategy)
		require.Equal(t, "stripe", s.pay(t, visa, object{"currency": "EUR"}).intent(t).Gateway, "the operator's order")

		simulated := read[object](t, s.post(t, simulateRouting, object{
			"amount": 12_000, "currency": "EUR", "metadata": object{"tier": "gold"}, "card": object{"brand": "visa", "bin": "42424242"},
		}), http.StatusOK)
		require.Equal(t, []any{"listed", "gold", profile}, []any{simulated["strategy"], simulated["rule"], simulated["profile"]})

		other := s.routes(t, routingRules(object{"name": "all", "when": "true", "use": []string{"checkout"}}))
		require.Equal(t, "checkout", s.pay(t, visa, object{"currency": "EUR", "routing": other}).intent(t).Gateway, "another profile, by its id")
		require.Equal(t, "routing", s.post(t, intents, object{"amount": 1, "currency": "EUR", "routing": newShop(t, h).routes(t)}).failure(t, http.StatusBadRequest, "validation_failed").Param)

		s.post(t, routingProfiles+"/"+profile+"/versions", routingRules())
		s.activate(t, profile, 2)
		require.Equal(t, "stripe", s.pay(t, visa, gold).intent(t).Gateway)
		require.Equal(t, http.StatusOK, s.post(t, routingProfiles+"/"+profile+"/rollback", object{}).status)
		require.Equal(t, "adyen", s.pay(t, visa, gold).intent(t).Gateway)

		await(t, settleLimit, "what was seen is counted", func() bool {
			stats := read[object](t, s.get(t, "/v3/routing/stats"), http.StatusOK)
			approved := map[string]float64{}
			for _, row := range stats["rates"].([]any) {
				r := row.(map[string]any)
				approved[r["gateway"].(string)] += r["approved"].(float64)
			}
			return approved["adyen"] == 2 && approved["stripe"] == 2 && approved["checkout"] == 1
		})
	})
}
