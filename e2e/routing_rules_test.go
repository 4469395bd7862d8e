package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const routingStats = "/v3/routing/stats"

// ruled is a payment and the rule that decides it.
type ruled struct {
	card    string
	fields  object
	rule    string
	gateway string
}

// hypothesis is the same payment as one that nobody makes.
func (r ruled) hypothesis(p intent) object {
	return object{
		"amount": p.Amount, "currency": p.Currency, "metadata": p.Metadata, "intent_id": p.ID,
		"card": object{"brand": p.Attempts[0].Card.Brand, "bin": r.card[:8]},
	}
}

// simulated is what would be decided for a payment that nobody makes.
func (c client) simulated(t testing.TB, hypothesis object) decision {
	t.Helper()
	return read[decision](t, c.post(t, simulateRouting, hypothesis), http.StatusOK)
}

func TestRulesDecideAndAreExplained(t *testing.T) {
	onEveryone(t, nil, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		const french, doNotHonor = "4000002500000003", "4000000000000002"
		rules := []object{
			{"name": "large", "when": "amount >= 1_000_000", "use": []string{"adyen"}},
			{"name": "dollars", "when": `currency == "USD" and brand == "mastercard"`, "use": []string{"checkout", "stripe"}},
			{"name": "from France", "when": `country == "FR" and region == "eea"`, "use": []string{"adyen", "stripe"}},
			{"name": "app", "when": `metadata.channel in ["app", "kiosk"]`, "split": object{"stripe": 30, "checkout": 30, "adyen": 40}},
		}
		profile := s.routes(t, routingRules(rules...))
		for _, r := range []ruled{
			{visa, object{"amount": 1_000_000}, "large", "adyen"},
			{visa, object{"amount": 999_999}, "", "stripe"},
			{mastercard, object{"currency": "USD"}, "dollars", "checkout"},
			{visa, object{"currency": "USD"}, "", "stripe"},
			{french, nil, "from France", "adyen"},
			{visa, object{"metadata": object{"channel": "web"}}, "", "stripe"},
		} {
			p := s.pay(t, r.card, r.fields).intent(t)
			require.Equal(t, r.gateway, p.Gateway, "%v", r)
			p = s.intent(t, p.ID)
			chosen := p.Attempts[0].Routing
			require.Equal(t, []any{profile, 1, r.rule}, []any{chosen.Profile, chosen.Version, chosen.Rule})
			require.Equal(t, *chosen, s.simulated(t, r.hypothesis(p)), "the simulation says the same")
			h.onlyChargeAt(t, r.gateway, p.ID)
		}
		t.Run("shares", func(t *testing.T) { sharesOut(t, s) })
		t.Run("versions", func(t *testing.T) { goesBack(t, s, profile, rules) })
		t.Run("faults", func(t *testing.T) { faultyRules(t, s, profile) })
		f := s.pay(t, doNotHonor, object{"amount": 2_000_000}).failure(t, http.StatusPaymentRequired, "payment_failed")
		requireTried(t, s.intent(t, f.Intent.ID), "listed", tried{"adyen", "declined", "do_not_honor"})
		t.Run("statistics", func(t *testing.T) { counted(t, s) })
		h.verify(t)
	})
}

// sharesOut: of a split, the payment's id decides, so that it is decided the same again.
func sharesOut(t *testing.T, s shop) {
	shares, seen := map[string]int{"stripe": 30, "checkout": 30, "adyen": 40}, map[string]int{}
	for range 12 {
		p := s.create(t, object{"metadata": object{"channel": "app"}})
		h := object{"amount": p.Amount, "currency": p.Currency, "metadata": p.Metadata, "intent_id": p.ID}
		d := s.simulated(t, h)
		require.Equal(t, []any{"split", "app", shares[d.gateways()[0]]}, []any{d.Strategy, d.Rule, d.Share})
		require.ElementsMatch(t, []string{"stripe", "checkout", "adyen"}, d.gateways(), "the others follow")
		require.Equal(t, d, s.simulated(t, h))
		require.Equal(t, d.gateways()[0], s.confirm(t, p.ID, with(visa)).intent(t).Gateway)
		seen[d.gateways()[0]]++
	}
	require.Greater(t, len(seen), 1, "%v", seen)
}

// goesBack: a draft decides nothing, a version that is active decides at once, and what
// was decided by one that is no more can still be read.
func goesBack(t *testing.T, s shop, profile string, rules []object) {
	versions := routingProfiles + "/" + profile + "/versions"
	large := object{"amount": 1_000_000, "currency": "AED"}
	changed := append([]object{{"name": "large", "when": "amount >= 1_000_000", "use": []string{"checkout"}}}, rules[1:]...)
	require.Equal(t, http.StatusOK, s.post(t, versions, routingRules(changed...)).status)
	require.Equal(t, []string{"adyen"}, ptr(s.simulated(t, large)).gateways(), "it is a draft")
	drafted := s.simulated(t, object{"amount": 1_000_000, "currency": "AED", "routing": profile, "version": 2})
	require.Equal(t, []string{"checkout"}, drafted.gateways())

	s.activate(t, profile, 2)
	p := s.pay(t, visa, object{"amount": 1_000_000}).intent(t)
	require.Equal(t, []any{"checkout", 2}, []any{p.Gateway, s.intent(t, p.ID).Attempts[0].Routing.Version})
	s.do(t, http.MethodPut, versions+"/2", routingRules(rules...)).failure(t, http.StatusConflict, "invalid_state")
	require.Equal(t, http.StatusOK, s.post(t, routingProfiles+"/"+profile+"/rollback", object{}).status)
	back := s.pay(t, visa, object{"amount": 1_000_000}).intent(t)
	require.Equal(t, []any{"adyen", 1}, []any{back.Gateway, s.intent(t, back.ID).Attempts[0].Routing.Version})
	require.Equal(t, 2, s.intent(t, p.ID).Attempts[0].Routing.Version)
	require.Contains(t, string(s.get(t, versions+"/2").raw), `"retired"`)
	s.resolved(t, p.ID)
}

// faultyRules: what is wrong is said when it is written, and where.
func faultyRules(t *testing.T, s shop, profile string) {
	good := object{"name": "good", "when": "true", "use": []string{"stripe"}}
	for _, test := range []struct {
		rule  object
		param string
		says  string
	}{
		{object{"when": `currency == "EUR" and amuont > 5`, "use": []string{"stripe"}}, "rules[1].when", "(line 1, column 23)"},
		{object{"when": "currency == \"EUR\"\n  and amount > \"5\"", "use": []string{"stripe"}}, "rules[1].when", "(line 2, column 14)"},
		{object{"when": `amount + 1`, "use": []string{"stripe"}}, "rules[1].when", "bool"},
		{object{"when": `currency == `, "use": []string{"stripe"}}, "rules[1].when", "(line 1, column"},
		{object{"when": `all(1..9, # > 0)`, "use": []string{"stripe"}}, "rules[1].when", "(line 1, column"},
		{object{"when": "true", "use": []string{"stripe", "acme"}}, "rules[1].use", "acme"},
		{object{"when": "true", "split": object{"stripe": 50, "adyen": 49}}, "rules[1].split", "100"},
		{object{"when": "true"}, "rules[1]", "use"},
	} {
		test.rule["name"] = "faulty"
		f := s.post(t, routingProfiles+"/"+profile+"/versions", routingRules(good, test.rule)).failure(t, http.StatusBadRequest, "validation_failed")
		require.True(t, strings.HasPrefix(f.Param, test.param), "%s for %v", f.Param, test.rule)
		require.Contains(t, f.Message, test.says)
		if strings.HasPrefix(test.says, "(line") {
			require.Contains(t, f.Message, "^", "the place is marked")
		}
		f = s.post(t, simulateRouting, object{"amount": 1, "currency": "EUR", "rules": routingRules(good, test.rule)}).failure(t, http.StatusBadRequest, "validation_failed")
		require.True(t, strings.HasPrefix(f.Param, "rules."+test.param), f.Param)
	}
}

// counted: rates come with their counts and with how sure they are.
func counted(t *testing.T, s shop) {
	type rate struct {
		Gateway                    string
		Approved, Declined, Failed int
		Rate, Low, High            *float64
	}
	sums := map[string]rate{}
	await(t, settleLimit, "what was seen at Adyen is counted", func() bool {
		clear(sums)
		for _, r := range read[struct{ Rates []rate }](t, s.get(t, routingStats), http.StatusOK).Rates {
			n := r.Approved + r.Declined + r.Failed
			if n == 0 { // a call was seen, and its outcome is about to be
				require.Nil(t, r.Rate)
				continue
			}
			require.InDelta(t, float64(r.Approved)/float64(n), *r.Rate, 0.0001)
			require.LessOrEqual(t, *r.Low, *r.Rate)
			require.GreaterOrEqual(t, *r.High, *r.Rate)
			require.Less(t, *r.Low, *r.High, "nothing is sure after %d payments", n)
			sum := sums[r.Gateway]
			sum.Approved, sum.Declined, sum.Failed = sum.Approved+r.Approved, sum.Declined+r.Declined, sum.Failed+r.Failed
			sums[r.Gateway] = sum
		}
		return sums["adyen"].Declined == 1
	})
	require.GreaterOrEqual(t, sums["adyen"].Approved, 3)
	require.GreaterOrEqual(t, sums["stripe"].Approved, 3)
	require.Zero(t, sums["stripe"].Declined)
}
