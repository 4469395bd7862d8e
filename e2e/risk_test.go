package e2e

import (
	"fmt"
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

// Of many attempts at once no more pass than are allowed, and what was counted
// and set is counted and set after a restart.
func TestRiskHoldsAtOnceAndAcrossARestart(t *testing.T) {
	onOwn(t, nil, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		s.setRules(t, object{"velocity_card": object{"enabled": true, "points": 100, "limit": 5}})
		answers := make(chan answer, 20)
		for i := range cap(answers) {
			go func() {
				a, err := s.send(t, http.MethodPost, intents, order(paidWith(visa)), idempotent(fmt.Sprint("at once ", i)))
				if err != nil {
					a.raw = []byte(err.Error())
				}
				answers <- a
			}()
		}
		passed := 0
		for range cap(answers) {
			a := <-answers
			require.Contains(t, []int{http.StatusOK, http.StatusPaymentRequired}, a.status, "%s", a.raw)
			if a.status == http.StatusOK {
				passed++
			}
		}
		require.LessOrEqual(t, passed, 5)

		rules := s.rules(t)
		_, err := h.process.interrupt()
		require.NoError(t, err)
		require.NoError(t, h.start())
		require.Equal(t, rules, s.rules(t))
		judged := s.judgments(t, refusedAsFraud(t, h, s.pay(t, visa, nil)))
		require.Equal(t, "velocity_card", judged[0].Reasons[0].Rule)
		require.Equal(t, "succeeded", s.pay(t, mastercard, nil).intent(t).Status)
	})
}
