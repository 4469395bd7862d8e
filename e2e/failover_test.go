package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// faultAt asks a provider's simulator for one fault of an operation.
func (h *hub) faultAt(t testing.TB, provider, operation, kind string) {
	t.Helper()
	a := h.simulatorOf(t, provider, http.MethodPost, "/_sim/faults", object{"operation": operation, "fault": kind, "count": 1})
	require.Equal(t, http.StatusCreated, a.status, "%s", a.raw)
}

// The calls with which providers of cards are asked for a payment.
const (
	atStripe   = "create_payment_intent"
	atCheckout = "request_payment"
)

// tried is where a confirmation was tried and what became of it.
type tried struct{ gateway, status, declineCode string }

// requireTried holds that a payment was tried so, by one decision.
func requireTried(t *testing.T, p intent, strategy string, want ...tried) {
	t.Helper()
	var made []tried
	for _, a := range p.Attempts {
		made = append(made, tried{a.Gateway, a.Status, deref(a.DeclineCode)})
		require.Equal(t, strategy, a.Routing.Strategy)
		require.Equal(t, p.Attempts[0].Routing, a.Routing, "one confirmation, one decision")
		require.Equal(t, p.Attempts[0].Card, a.Card)
	}
	require.Equal(t, want, made)
}

func TestARefusedPaymentIsTriedAtTheNextGateway(t *testing.T) {
	onEveryone(t, patient, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		settle := map[string]func(*testing.T){}
		for _, test := range []struct {
			name string
			run  func(t *testing.T, s shop) (settled func(*testing.T))
		}{
			{"a gateway is busy", busyGateway},
			{"an issuer declines without a reason", declinedEverywhere},
			{"what no other gateway may try", triedOnce},
			{"at the acquiring façade", acquiredElsewhere},
			{"the outcome is unknown", unknownIsNotTriedOn},
		} {
			t.Run(test.name, func(t *testing.T) { settle[test.name+", in the end"] = test.run(t, s) })
		}
		if t.Failed() {
			return
		}
		sideBySide(t, settle)
		t.Run("a hub that is killed in between", func(t *testing.T) { killedBetweenGateways(t, s) })
		h.verify(t)
	})
}

// busyGateway: the first gateway certainly charged nothing, and the next one takes the
// payment within the same request.
func busyGateway(t *testing.T, s shop) func(*testing.T) {
	s.hub.faultAt(t, "stripe", atStripe, "http_429")
	p := s.pay(t, visa, object{"currency": "EUR", "capture_method": "manual"}).intent(t)
	require.Equal(t, []string{"requires_capture", "checkout"}, []string{p.Status, p.Gateway})
	require.Nil(t, p.LastError)
	got := s.intent(t, p.ID)
	requireTried(t, got, "order", tried{"stripe", "declined", "gateway_unavailable"}, tried{"checkout", "authorized", ""})
	require.Equal(t, []string{"stripe", "checkout", "adyen"}, got.Attempts[0].Routing.gateways())
	require.Equal(t, "authorized", s.hub.onlyChargeAt(t, "checkout", p.ID).Status)
	require.Equal(t, held(12000), s.books(t, p.ID))
	require.Equal(t, []string{"payment_intent.created", "payment_intent.authorized"}, s.told(t, p.ID))
	s.capture(t, p.ID, object{"amount": 5000}).intent(t)
	return func(t *testing.T) {
		require.Equal(t, int64(5000), s.resolved(t, p.ID).AmountCaptured)
		require.Equal(t, int64(5000), s.hub.onlyChargeAt(t, "checkout", p.ID).AmountCaptured)
	}
}

// declinedEverywhere: at most three gateways are tried, and it is one confirmation.
func declinedEverywhere(t *testing.T, s shop) func(*testing.T) {
	const doNotHonor = "4000000000000002"
	f := s.pay(t, doNotHonor, object{"currency": "EUR"}).failure(t, http.StatusPaymentRequired, "payment_failed")
	require.Equal(t, []string{"do_not_honor", "requires_payment_method"}, []string{f.DeclineCode, f.Intent.Status})
	p := s.intent(t, f.Intent.ID)
	requireTried(t, p, "order",
		tried{"stripe", "declined", "do_not_honor"}, tried{"checkout", "declined", "do_not_honor"}, tried{"adyen", "declined", "do_not_honor"})
	require.Equal(t, []string{"payment_intent.created", "payment_intent.failed"}, s.told(t, p.ID), "the shopper was refused once")
	for _, want := range []string{"requires_payment_method", "failed"} {
		f = s.confirm(t, p.ID, with(noFunds)).failure(t, http.StatusPaymentRequired, "payment_failed")
		require.Equal(t, want, f.Intent.Status)
	}
	return func(t *testing.T) {
		require.Empty(t, s.hub.charged(t, p.ID))
		require.Empty(t, s.books(t, p.ID))
	}
}

// triedOnce: networks forbid to try a lost card again, and funds are nowhere else.
func triedOnce(t *testing.T, s shop) func(*testing.T) {
	var refused []string
	for number, code := range map[string]string{lostCard: "lost_or_stolen_card", noFunds: "insufficient_funds"} {
		f := s.pay(t, number, object{"currency": "EUR"}).failure(t, http.StatusPaymentRequired, "payment_failed")
		require.Equal(t, code, f.DeclineCode)
		p := s.intent(t, f.Intent.ID)
		requireTried(t, p, "order", tried{"stripe", "declined", code})
		require.Equal(t, []string{"stripe", "checkout", "adyen"}, p.Attempts[0].Routing.gateways(), "there were others")
		refused = append(refused, p.ID)
	}
	return func(t *testing.T) {
		for _, id := range refused {
			require.Empty(t, s.hub.charged(t, id))
		}
	}
}

// unknownIsNotTriedOn: an answer that was lost may have been a yes.
func unknownIsNotTriedOn(t *testing.T, s shop) func(*testing.T) {
	hear := s.hub.deafen(t)
	p := s.hub.unknown(t, atStripe, "timeout_after", func() answer { return s.pay(t, visa, object{"currency": "EUR"}) })
	requireTried(t, s.intent(t, p.ID), "order", tried{"stripe", "pending", ""})
	hear()
	return func(t *testing.T) {
		require.Equal(t, "succeeded", s.resolved(t, p.ID).Status)
		requireTried(t, s.intent(t, p.ID), "order", tried{"stripe", "captured", ""})
		require.Equal(t, int64(12000), s.hub.onlyChargeAt(t, "stripe", p.ID).AmountCaptured)
	}
}

func acquiredElsewhere(t *testing.T, s shop) func(*testing.T) {
	a := s.acquirer()
	s.hub.faultAt(t, "stripe", atStripe, "http_429")
	made := a.call(t, acquiring+"/sale", purchase(visa)).payment(t, http.StatusCreated)
	require.Equal(t, "checkout", made.Gateway)
	return func(t *testing.T) {
		require.Equal(t, "succeeded", s.resolved(t, made.ID).Status)
		requireTried(t, s.intent(t, made.ID), "order", tried{"stripe", "declined", "gateway_unavailable"}, tried{"checkout", "captured", ""})
		require.Equal(t, made.Amount, s.hub.onlyChargeAt(t, "checkout", made.ID).AmountCaptured)
	}
}

// killedBetweenGateways kills the hub when the second gateway has charged and has not
// answered.
func killedBetweenGateways(t *testing.T, s shop) {
	for strike := 1; !cutBetweenGateways(t, s); strike++ {
		require.Less(t, strike, strikes, "the hub is killed before it answers")
	}
}

// cutBetweenGateways reports whether the hub was killed in time.
func cutBetweenGateways(t *testing.T, s shop) (hit bool) {
	h, before := s.hub, s.payments(t)[0]
	h.faultAt(t, "stripe", atStripe, "http_429")
	h.faultAt(t, "checkout", atCheckout, "timeout_after")
	sent := make(chan error, 1)
	go func() {
		_, err := s.send(t, http.MethodPost, intents, order(paidWith(visa), object{"currency": "EUR"}))
		sent <- err
	}()
	id := before
	await(t, settleLimit, "the second gateway has charged", func() bool {
		id = s.payments(t)[0]
		return id != before && len(h.chargesAt(t, "checkout", id)) == 1
	})
	h.process.kill()
	hit = <-sent != nil
	require.NoError(t, h.start(simulators()...))
	require.Equal(t, "succeeded", s.resolved(t, id).Status)
	requireTried(t, s.intent(t, id), "order", tried{"stripe", "declined", "gateway_unavailable"}, tried{"checkout", "captured", ""})
	require.Equal(t, int64(12000), h.onlyChargeAt(t, "checkout", id).AmountCaptured)
	return hit
}
