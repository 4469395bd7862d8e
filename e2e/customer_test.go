package e2e

import (
	"maps"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	customers      = "/v3/customers"
	paymentMethods = "/v3/payment_methods"
)

type customer struct {
	ID      string            `json:"id"`
	Email   *string           `json:"email"`
	Name    *string           `json:"name"`
	Default *string           `json:"default_payment_method"`
	Meta    map[string]string `json:"metadata"`
}

type method struct {
	ID                   string  `json:"id"`
	Status               string  `json:"status"`
	CustomerID           string  `json:"customer_id"`
	Gateway              string  `json:"gateway"`
	NetworkTransactionID *string `json:"network_transaction_id"`
	IntentID             *string `json:"intent_id"`
	DetachedAt           *string `json:"detached_at"`
	Card                 struct {
		Brand       string `json:"brand"`
		Last4       string `json:"last4"`
		Fingerprint string `json:"fingerprint"`
	} `json:"card"`
}

// token is a card that the simulator keeps, or kept.
type token struct {
	ID       string            `json:"id"`
	Customer string            `json:"customer"`
	Last4    string            `json:"last4"`
	Metadata map[string]string `json:"metadata"`
}

func (c client) newCustomer(t testing.TB, fields ...object) customer {
	t.Helper()
	told := object{}
	for _, f := range fields {
		maps.Copy(told, f)
	}
	return read[customer](t, c.post(t, customers, told), http.StatusOK)
}

func (c client) customer(t testing.TB, id string) customer {
	t.Helper()
	return read[customer](t, c.get(t, customers+"/"+id), http.StatusOK)
}

// methods are the payment methods of a customer that can be paid with.
func (c client) methods(t testing.TB, customerID string) []method {
	t.Helper()
	return read[list[method]](t, c.get(t, paymentMethods+"?customer_id="+customerID), http.StatusOK).Data
}

// keeping is a request to keep a card for a customer.
func keeping(customerID, number string) object {
	o := card(number)
	o["customer_id"] = customerID
	return o
}

func (c client) keep(t testing.TB, customerID, number string) method {
	t.Helper()
	return read[method](t, c.post(t, paymentMethods, keeping(customerID, number)), http.StatusOK)
}

// savedBy makes an order of a customer pay with a method, with or without the
// shopper.
func savedBy(customerID, methodID string, offSession bool) object {
	return object{"customer_id": customerID, "confirm": true, "off_session": offSession, "payment_method": object{"type": "saved", "id": methodID}}
}

// tokens are the cards that the provider keeps for a customer of ours.
func (h *hub) tokens(t testing.TB, customerID string) (kept []token) {
	t.Helper()
	known := map[string]bool{}
	for _, c := range read[struct{ Customers []token }](t, h.simulator(t, http.MethodGet, "/_sim/customers", nil), http.StatusOK).Customers {
		if c.Metadata["customer_id"] == customerID {
			known[c.ID] = true
		}
	}
	require.LessOrEqual(t, len(known), 1, "one customer of the hub is one of the provider's")
	all := read[struct {
		PaymentMethods []token `json:"payment_methods"`
	}](t, h.simulator(t, http.MethodGet, "/_sim/payment_methods", nil), http.StatusOK)
	for _, m := range all.PaymentMethods {
		if known[m.Customer] {
			kept = append(kept, m)
		}
	}
	return kept
}

func TestACardSavedAtAPaymentPaysAgain(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		c := s.newCustomer(t, object{"email": "ada@example.com", "name": "Ada", "metadata": object{"crm": "4711"}})
		require.Equal(t, map[string]string{"crm": "4711"}, c.Meta)
		first := s.pay(t, visa, object{"customer_id": c.ID, "save_payment_method": true}).intent(t)
		require.Equal(t, "succeeded", first.Status)

		saved := s.methods(t, c.ID)
		require.Len(t, saved, 1)
		m := saved[0]
		require.Equal(t, []string{first.ID, "visa", "4242", "stripe"}, []string{*m.IntentID, m.Card.Brand, m.Card.Last4, m.Gateway})
		require.NotEmpty(t, *m.NetworkTransactionID)
		require.Equal(t, m.ID, *s.customer(t, c.ID).Default)
		require.Len(t, h.tokens(t, c.ID), 1)

		for _, offSession := range []bool{true, false} {
			again := s.post(t, intents, order(object{"amount": 700}, savedBy(c.ID, m.ID, offSession))).intent(t)
			require.Equal(t, "succeeded", again.Status)
			h.onlyCharge(t, again.ID)
			tried := s.intent(t, again.ID).Attempts
			require.Equal(t, []string{"4242", m.Card.Fingerprint}, []string{tried[0].Card.Last4, tried[0].Card.Fingerprint})
		}
		later := s.create(t, object{"customer_id": c.ID, "capture_method": "manual"})
		held := s.confirm(t, later.ID, object{"off_session": true, "payment_method": object{"type": "saved", "id": m.ID}}).intent(t)
		require.Equal(t, "requires_capture", held.Status)
		require.Equal(t, "succeeded", s.capture(t, held.ID, nil).intent(t).Status)
		require.Len(t, h.tokens(t, c.ID), 1, "paying again keeps nothing more")
		require.Len(t, all(t, s.client, intents, map[string][]string{"customer_id": {c.ID}}, func(p intent) string { return p.ID }), 4)

		// Only this customer's payments are paid with it, and by a secret key.
		other := s.newCustomer(t)
		for _, customerID := range []any{other.ID, nil} {
			body := order(savedBy(c.ID, m.ID, true))
			body["customer_id"] = customerID
			require.Equal(t, "payment_method.id", s.post(t, intents, body).failure(t, 400, "validation_failed").Param)
		}
		require.Equal(t, "customer_id", s.post(t, intents, order(object{"customer_id": "cus_01HZY3K8V4N5T6W7X8Y9Z0A1B2"})).failure(t, 400, "validation_failed").Param)
		browser := s.newKey(t, "--kind", "publishable")
		open := s.create(t, object{"customer_id": c.ID})
		browser.confirm(t, open.ID, object{"client_secret": open.ClientSecret, "payment_method": object{"type": "saved", "id": m.ID}}).failure(t, 403, "forbidden")
		h.requireNoCharge(t, open.ID)
		requireAgreement(t, s)
	})
}

func TestADetachedCardPaysNoMore(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		c := s.newCustomer(t)
		first, second := s.keep(t, c.ID, visa), s.keep(t, c.ID, mastercard)
		require.Equal(t, first.ID, *s.customer(t, c.ID).Default)
		s.post(t, paymentMethods+"/"+second.ID+"/default", nil)
		require.Equal(t, second.ID, *s.customer(t, c.ID).Default)
		require.Len(t, s.methods(t, c.ID), 2)
		require.Len(t, h.tokens(t, c.ID), 2)

		for range 2 {
			gone := read[method](t, s.post(t, paymentMethods+"/"+second.ID+"/detach", nil), 200)
			require.Equal(t, "detached", gone.Status)
			require.NotNil(t, gone.DetachedAt)
		}
		require.Nil(t, s.customer(t, c.ID).Default)
		require.Equal(t, first.ID, s.methods(t, c.ID)[0].ID)
		require.Equal(t, "4242", h.tokens(t, c.ID)[0].Last4)
		require.Len(t, h.tokens(t, c.ID), 1)
		require.Equal(t, "payment_method.id", s.post(t, intents, order(savedBy(c.ID, second.ID, true))).failure(t, 400, "validation_failed").Param)
		s.post(t, paymentMethods+"/"+second.ID+"/default", nil).failure(t, 409, "invalid_state")
	})
}

// A card that needs the shopper each time is saved after 3-D Secure, pays with
// them, and is declined without them.
func TestASavedCardThatNeedsTheShopperDeclinesWithoutThem(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		c := s.newCustomer(t)
		p := challenged(t, s, object{"return_url": thanks, "customer_id": c.ID, "save_payment_method": true})
		require.Empty(t, s.methods(t, c.ID))
		requireSentTo(t, comeBack(t, h, p, answerChallenge(t, h, p, "approve")), p, "succeeded")
		m := s.methods(t, c.ID)[0]
		require.Equal(t, p.ID, *m.IntentID)

		f := s.post(t, intents, order(savedBy(c.ID, m.ID, true))).failure(t, http.StatusPaymentRequired, "payment_failed")
		require.Equal(t, []string{"authentication_required", "authenticate_shopper"}, []string{f.DeclineCode, f.Advice})
		require.Equal(t, "requires_payment_method", f.Intent.Status)
		h.requireNoCharge(t, f.Intent.ID)

		// With the shopper there, the same payment is taken after all.
		p = s.confirm(t, f.Intent.ID, object{"return_url": thanks, "payment_method": object{"type": "saved", "id": m.ID}}).intent(t)
		require.Equal(t, "requires_action", p.Status)
		requireSentTo(t, comeBack(t, h, p, answerChallenge(t, h, p, "approve")), p, "succeeded")
		h.onlyCharge(t, p.ID)
	})
}

func TestACardIsKeptByAPI(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		c := s.newCustomer(t)
		body := keeping(c.ID, visa)
		body["network_transaction_id"] = "016153570198200"
		m := read[method](t, s.post(t, paymentMethods, body, idempotent("keep")), 200)
		require.Equal(t, []string{"active", c.ID, "016153570198200"}, []string{m.Status, m.CustomerID, *m.NetworkTransactionID})
		require.Nil(t, m.IntentID)
		again := s.post(t, paymentMethods, body, idempotent("keep"))
		require.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
		require.Equal(t, m, read[method](t, s.get(t, paymentMethods+"/"+m.ID), 200))
		require.Len(t, h.tokens(t, c.ID), 1)
		require.Equal(t, m.ID, h.tokens(t, c.ID)[0].Metadata["payment_method_id"])
		require.Equal(t, "succeeded", s.post(t, intents, order(savedBy(c.ID, m.ID, true))).intent(t).Status)

		f := s.post(t, paymentMethods, keeping(c.ID, noFunds)).failure(t, http.StatusPaymentRequired, "payment_failed")
		require.Equal(t, "insufficient_funds", f.DeclineCode)
		require.Len(t, s.methods(t, c.ID), 1)
		require.Len(t, h.tokens(t, c.ID), 1)
		require.Equal(t, "customer_id", s.post(t, paymentMethods, keeping("cus_01HZY3K8V4N5T6W7X8Y9Z0A1B2", visa)).failure(t, 404, "not_found").Param)
	})
}

// The hub is killed when the provider has kept the card and nobody has heard of it.
func TestAHubKilledWhileACardIsKeptKeepsItOnce(t *testing.T) {
	// The hub is to be killed while it waits for the provider.
	onOwn(t, []string{"PAYMENTHUB_GATEWAYS_TIMEOUT=30s"}, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		c := s.newCustomer(t)
		for _, operation := range []string{"create_customer", "attach"} {
			before := len(h.tokens(t, c.ID))
			h.fault(t, operation, "timeout_after")
			sent := make(chan error, 1)
			go func() {
				_, err := s.send(t, http.MethodPost, paymentMethods, keeping(c.ID, visa), idempotent(operation))
				sent <- err
			}()
			await(t, settleLimit, "the provider is asked", func() bool {
				return string(h.simulator(t, http.MethodGet, "/_sim/faults", nil).raw) == "{\"faults\":[]}\n"
			})
			h.process.kill()
			require.Error(t, <-sent)
			require.NoError(t, h.start())
			var a answer
			await(t, retryLimit, "an answer", func() bool {
				var err error
				a, err = s.send(t, http.MethodPost, paymentMethods, keeping(c.ID, visa), idempotent(operation))
				return err == nil && a.header.Get("Retry-After") == ""
			})
			m := read[method](t, a, http.StatusOK)
			require.Equal(t, "active", m.Status)
			require.Len(t, h.tokens(t, c.ID), before+1, operation)
			require.Len(t, s.methods(t, c.ID), before+1, operation)
		}
		h.verify(t)
	})
}
