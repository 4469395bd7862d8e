package stripe

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"
)

// receiver is a merchant's webhook endpoint that checks signatures.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	secret  string
	refuse  int // how many deliveries to answer with 500 first
	kinds   []string
	invalid []error
}

func receive(t *testing.T, secret string) *receiver {
	r := &receiver{secret: secret}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse > 0 {
		r.refuse--
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	event, err := webhook.ConstructEvent(body, request.Header.Get("Stripe-Signature"), r.secret)
	if err != nil {
		r.invalid = append(r.invalid, err)
	}
	r.kinds = append(r.kinds, string(event.Type))
}

func (r *receiver) received(t *testing.T, kinds ...string) {
	t.Helper()
	require.Eventually(t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.kinds) >= len(kinds)
	}, 30*time.Second, 10*time.Millisecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Empty(t, r.invalid)
	require.ElementsMatch(t, kinds, r.kinds)
	r.kinds = nil
}

func TestWebhooksAreSignedAndComplete(t *testing.T) {
	shop := receive(t, "whsec_shop")
	h := start(t, Options{Webhooks: []Webhook{{URL: shop.URL, Secret: "whsec_shop"}}})
	pi, err := h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	shop.received(t, "payment_intent.created", "charge.succeeded", "payment_intent.succeeded")
	_, err = h.Refunds.New(&stripego.RefundParams{PaymentIntent: &pi.ID})
	require.NoError(t, err)
	shop.received(t, "charge.refunded", "refund.created", "charge.refund.updated")
	_, err = h.PaymentIntents.New(payment("4000000000000002"))
	require.Error(t, err)
	shop.received(t, "payment_intent.created", "charge.failed", "payment_intent.payment_failed")

	pi, err = h.PaymentIntents.New(payment(threeDS, manual))
	require.NoError(t, err)
	shop.received(t, "payment_intent.created", "payment_intent.requires_action")
	_, _ = h.post("/_sim/3ds/"+pi.ID, `{"outcome":"approve"}`)
	shop.received(t, "charge.succeeded", "payment_intent.amount_capturable_updated")
	_, err = h.PaymentIntents.Cancel(pi.ID, nil)
	require.NoError(t, err)
	shop.received(t, "charge.refunded", "payment_intent.canceled")

	list := h.Events.List(&stripego.EventListParams{Types: stripego.StringSlice([]string{"payment_intent.canceled", "charge.failed"})})
	require.True(t, list.Next())
	require.Equal(t, pi.ID, list.Event().GetObjectValue("id"))
	event, err := h.Events.Get(list.Event().ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.EventTypePaymentIntentCanceled, event.Type)
	require.True(t, list.Next())
	require.False(t, list.Next())
}

func TestRegisteredEndpointGetsWhatItWants(t *testing.T) {
	h := start(t, Options{})
	shop := receive(t, "")
	endpoint, err := h.WebhookEndpoints.New(&stripego.WebhookEndpointParams{
		URL: &shop.URL, EnabledEvents: stripego.StringSlice([]string{"charge.captured"}),
	})
	require.NoError(t, err)
	shop.secret = endpoint.Secret
	pi, err := h.PaymentIntents.New(payment(visa, manual))
	require.NoError(t, err)
	_, err = h.as("sk_test_two").PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	_, err = h.PaymentIntents.Capture(pi.ID, nil)
	require.NoError(t, err)
	shop.received(t, "charge.captured")

	list := h.WebhookEndpoints.List(nil)
	require.True(t, list.Next())
	require.Empty(t, list.WebhookEndpoint().Secret)
	deleted, err := h.WebhookEndpoints.Del(endpoint.ID, nil)
	require.NoError(t, err)
	require.True(t, deleted.Deleted)
	require.False(t, h.WebhookEndpoints.List(nil).Next())
}

func TestUndeliveredEventsAreRetriedAfterARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "simulator.db")
	shop := receive(t, "whsec_shop")
	shop.refuse = 3
	h := startAt(t, Options{DataFile: file, Webhooks: []Webhook{{URL: shop.URL, Secret: "whsec_shop"}}}, still())
	_, err := h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	h.flush() // each is tried once, and not again before the restart
	require.Eventually(t, func() bool {
		shop.mu.Lock()
		defer shop.mu.Unlock()
		return shop.refuse == 0
	}, 30*time.Second, 5*time.Millisecond)
	h.stop()
	start(t, Options{DataFile: file, Webhooks: []Webhook{{URL: shop.URL, Secret: "whsec_shop"}}})
	shop.received(t, "payment_intent.created", "charge.succeeded", "payment_intent.succeeded")
}
