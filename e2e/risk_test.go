package e2e

import (
	"maps"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

const riskRules = "/v3/risk/rules"

// rules reads the rules of the client's environment.
func (c client) rules(t testing.TB) object {
	t.Helper()
	return read[object](t, c.get(t, riskRules), http.StatusOK)
}

// setRules changes members of the rules, and of those that are objects, members.
func (c client) setRules(t testing.TB, changes object) object {
	t.Helper()
	rules := c.rules(t)
	for name, change := range changes {
		if members, ok := change.(object); ok {
			for member, v := range members {
				rules[name].(map[string]any)[member] = v
			}
			continue
		}
		rules[name] = change
	}
	return read[object](t, c.do(t, http.MethodPut, riskRules, rules), http.StatusOK)
}

// judgments are the assessments of a payment's attempts, oldest first.
func (c client) judgments(t testing.TB, paymentID string) []assessment {
	t.Helper()
	var all []assessment
	for _, a := range c.intent(t, paymentID).Attempts {
		require.NotNil(t, a.Risk)
		all = append(all, *a.Risk)
	}
	return all
}

// refusedAsFraud holds that a payment was declined by risk, and returns its id.
func refusedAsFraud(t *testing.T, h *hub, a answer) string {
	t.Helper()
	f := a.failure(t, http.StatusPaymentRequired, "payment_failed")
	require.Equal(t, "fraudulent", f.DeclineCode)
	require.Equal(t, "requires_payment_method", f.Intent.Status)
	h.requireNoCharge(t, f.Intent.ID)
	return f.Intent.ID
}

func TestAttemptsAreCountedByTheMerchantsRules(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s, other := newShop(t, h), newShop(t, h)
		defaults := s.rules(t)
		require.EqualValues(t, 0, defaults["version"])
		require.EqualValues(t, 70, defaults["decline_above"])
		require.Equal(t, false, defaults["velocity_card"].(map[string]any)["enabled"], "the sandbox's test cards give their results however often they are tried")
		require.Equal(t, true, s.newKey(t, "--environment", "live").rules(t)["velocity_card"].(map[string]any)["enabled"])

		stored := s.setRules(t, object{"velocity_card": object{"enabled": true, "points": 80, "limit": 2}})
		require.EqualValues(t, 1, stored["version"])
		require.Equal(t, stored, s.rules(t))
		first := s.paid(t, 500)
		s.paid(t, 500)
		refused := refusedAsFraud(t, h, s.pay(t, visa, nil))
		require.Equal(t, []assessment{{Score: 0, Action: "allow", Reasons: []reason{}}}, s.judgments(t, first.ID))
		require.Equal(t, []assessment{{Score: 80, Action: "decline", Reasons: []reason{
			{"velocity_card", 80, "At least 3 attempts with this card in 1 h, 2 are allowed."},
		}}}, s.judgments(t, refused))

		p := s.confirm(t, refused, with(mastercard)).intent(t)
		require.Equal(t, "succeeded", p.Status, "another card is another story")
		for range 3 {
			other.paid(t, 500)
		}
		require.EqualValues(t, 0, other.rules(t)["version"])

		defaults["version"] = 0 // what was read before the change
		s.do(t, http.MethodPut, riskRules, defaults).failure(t, http.StatusConflict, "invalid_state")
		s.setRules(t, object{"velocity_card": object{"enabled": false}})
		s.paid(t, 500)
	})
}

func TestListsAndTheTestCardDecide(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		judged := s.judgments(t, refusedAsFraud(t, h, s.pay(t, fraudulent, nil)))
		require.Greater(t, judged[0].Score, 70)
		require.Equal(t, "test_card", judged[0].Reasons[0].Rule)

		s.setRules(t, object{"block_list": []object{{"type": "bin", "value": "424242"}}})
		judged = s.judgments(t, refusedAsFraud(t, h, s.pay(t, visa, nil)))
		require.Equal(t, []assessment{{100, "decline", []reason{{"block_list", 100, "The block list names the card's leading digits."}}}}, judged)
		p := s.pay(t, mastercard, nil).intent(t)

		card := s.intent(t, p.ID).Attempts[0].Card.Fingerprint
		require.Len(t, card, 32)
		s.setRules(t, object{"block_list": []object{}, "allow_list": []object{{"type": "card_fingerprint", "value": card}},
			"amount_limit": object{"enabled": true, "points": 90, "limits": []object{{"currency": "AED", "amount": 11999}}}})
		refusedAsFraud(t, h, s.pay(t, visa, nil))
		p = s.pay(t, mastercard, nil).intent(t)
		require.Equal(t, "succeeded", p.Status)
		judged = s.judgments(t, p.ID)
		require.Zero(t, judged[0].Score)
		require.Equal(t, []reason{
			{"amount_limit", 90, "The amount, AED 120.00, is above AED 119.99."}, {"allow_list", -90, "The allow list names the card."},
		}, judged[0].Reasons)
	})
}

func TestABandOfScoresNeedsAuthentication(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		s.setRules(t, object{"amount_limit": object{"enabled": true, "points": 41, "limits": []object{{"currency": "AED", "amount": 11999}}}})
		p := s.pay(t, visa, object{"return_url": thanks}).intent(t)
		require.Equal(t, "requires_action", p.Status)
		require.Equal(t, "challenge", s.judgments(t, p.ID)[0].Action)
		comeBack(t, h, p, answerChallenge(t, h, p, "approve"))
		require.Equal(t, "succeeded", s.intent(t, p.ID).Status)
		require.Equal(t, "succeeded", s.pay(t, visa, object{"amount": 11999}).intent(t).Status)
	})
}

// Each rule alone, as the acquiring façade tells what it declines.
func TestEachRuleDeclinesSales(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		address, email := object{"ip_address": "198.51.100.7"}, object{"email": "again@example.com"}
		for _, test := range []struct {
			rule             string
			limit            object
			welcome, suspect object // customers; the second comes after the first
			text             string
		}{
			{"customer_mismatch", object{}, object{"name": "Ada Shopper"}, object{"name": "Grace Hopper"}, "The name on the card is not the customer's."},
			{"bin_country_billing", object{}, object{"country": "US"}, object{"country": "ma"}, "The card is from US, the billing address is in MA."},
			{"bin_country_ip", object{}, object{"ip_address": "8.8.8.8"}, object{"ip_address": "193.0.6.139"}, "The card is from US, the IP address is from NL."},
			{"velocity_ip", object{"limit": 1}, address, address, "At least 2 attempts from this IP address in 1 h, 1 are allowed."},
			{"velocity_email", object{"limit": 1}, email, email, "At least 2 attempts with this e-mail address in 1 h, 1 are allowed."},
		} {
			on := object{"enabled": true, "points": 71}
			maps.Copy(on, test.limit)
			s.setRules(t, object{test.rule: on})
			s.sell(t, object{"customer": test.welcome})
			r := s.call(t, acquiring+"/sale", purchase(visa, object{"customer": test.suspect})).refused(t, http.StatusPaymentRequired, "FRAUD_DECLINED")
			require.Equal(t, "fraudulent", r.Details.DeclineCode, test.rule)
			require.Equal(t, []assessment{{71, "decline", []reason{{test.rule, 71, test.text}}}}, s.judgments(t, r.Details.PaymentID))
			p := s.acquired(t, r.Details.PaymentID)
			require.Equal(t, []any{"failed", ptr(71)}, []any{p.Status, p.FraudScore}, test.rule)
			h.requireNoCharge(t, p.ID)
			s.sell(t) // of what is not known no rule says anything
			s.setRules(t, object{test.rule: object{"enabled": false}})
		}
	})
}

// The shopper's address is the one that confirms; the e-mail address is the one that
// the merchant told, and the shopper's where the merchant told none.
func TestListsKnowTheShopperWhoConfirms(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		confirm := func(p hosted, email string) answer {
			return s.browser().post(t, publicIntents+"/"+p.ID+"/confirm", object{"client_secret": p.ClientSecret, "card": plastic(visa), "customer_email": email})
		}
		refused := func(p hosted, email, what string) {
			t.Helper()
			r := confirm(p, email).refused(t, http.StatusPaymentRequired, "FRAUD_DECLINED")
			require.Equal(t, []any{p.ID, ptr(2)}, []any{r.Details.PaymentID, r.Details.AttemptsRemaining})
			require.Equal(t, []assessment{{100, "decline", []reason{{"block_list", 100, "The block list names " + what + "."}}}}, s.judgments(t, p.ID))
			h.requireNoCharge(t, p.ID)
		}
		block := func(kind, value string) {
			s.setRules(t, object{"block_list": []object{{"type": kind, "value": value}}})
		}
		block("ip", "127.0.0.0/8")
		p := s.host(t)
		refused(p, "jane@example.com", "the shopper's IP address")
		s.sell(t) // the merchant's server is no shopper

		block("email", "blocked@example.com")
		require.Equal(t, "captured", data[shown](t, confirm(p, "jane@example.com"), http.StatusOK).Status)
		refused(s.host(t, object{"customer_email": "Blocked@Example.com"}), "jane@example.com", "the e-mail address")
		p = s.host(t)
		refused(p, "blocked@example.com", "the e-mail address")
		require.Equal(t, "captured", data[shown](t, confirm(p, "jane@example.com"), http.StatusOK).Status, "each attempt tells its own")
	})
}

// No more attempts pass than are allowed, one after the other or at once, at
// whichever process they arrive; and what was counted and set is counted and set
// after a restart.
func TestRiskHoldsAcrossProcessesAndARestart(t *testing.T) {
	onParts(t, nil, func(t *testing.T, p *parts) {
		s := newShop(t, p.hub)
		doors := []client{s.client, {p.startSecond(t), s.key}}
		s.setRules(t, object{"velocity_card": object{"enabled": true, "points": 100, "limit": 2}})
		for i := range 6 {
			if a := doors[i%2].pay(t, visa, nil); i < 2 {
				require.Equal(t, "succeeded", a.intent(t).Status)
			} else {
				refusedAsFraud(t, p.hub, a)
			}
		}
		passed := 0
		for _, a := range together(20, func(i int) answer { return doors[i%2].pay(t, mastercard, nil) }) {
			require.Contains(t, []int{http.StatusOK, http.StatusPaymentRequired}, a.status, "%s", a.raw)
			if a.status == http.StatusOK {
				passed++
			}
		}
		require.LessOrEqual(t, passed, 2)

		rules := s.rules(t)
		_, err := p.process.interrupt()
		require.NoError(t, err)
		p.startServe(t)
		for _, door := range doors {
			require.Equal(t, rules, door.rules(t))
			judged := s.judgments(t, refusedAsFraud(t, p.hub, door.pay(t, visa, nil)))
			require.Equal(t, "velocity_card", judged[0].Reasons[0].Rule)
			require.Equal(t, "succeeded", door.pay(t, refundsSettleLater, nil).intent(t).Status, "another card is another story")
		}
	})
}
