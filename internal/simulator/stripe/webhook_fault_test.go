package stripe

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (h *harness) webhooks(body string) {
	h.t.Helper()
	status, text := h.post("/_sim/webhooks", body)
	require.Equal(h.t, http.StatusOK, status, text)
}

func (h *harness) pending() int64 {
	h.t.Helper()
	var state struct{ Pending int64 }
	h.get("/_sim/webhooks", &state)
	return state.Pending
}

// quiet waits until nothing is left to be delivered.
func (h *harness) quiet() {
	h.t.Helper()
	require.Eventually(h.t, func() bool { return h.pending() == 0 }, 30*time.Second, 10*time.Millisecond)
}

func (h *harness) flush() {
	h.t.Helper()
	status, text := h.post("/_sim/webhooks/flush", "")
	require.Equal(h.t, http.StatusOK, status, text)
}

var paid = []string{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded"}

func TestConfiguredEndpointsAreOfAccounts(t *testing.T) {
	one, two, all := receive(t, "whsec_one"), receive(t, "whsec_two"), receive(t, "whsec_all")
	h := start(t, Options{Webhooks: []Webhook{
		{URL: all.URL, Secret: "whsec_all", Events: []string{"charge.succeeded", "charge.captured"}},
		{SecretKey: "sk_test_one", URL: one.URL, Secret: "whsec_one"},
		{SecretKey: "sk_test_two", URL: two.URL, Secret: "whsec_two", Events: []string{"payment_intent.succeeded"}},
	}})
	_, err := h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	one.received(t, paid...)
	all.received(t, "charge.succeeded")
	_, err = h.as("sk_test_two").PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	two.received(t, "payment_intent.succeeded")
	all.received(t, "charge.succeeded")
	_, err = h.as("sk_test_three").PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	all.received(t, "charge.succeeded")
	h.quiet()
	one.received(t)
	two.received(t)
}

func TestWebhookAddressIsChecked(t *testing.T) {
	_, err := Open(Options{DataFile: filepath.Join(t.TempDir(), "simulator.db"), Webhooks: []Webhook{{URL: "localhost:80"}}})
	require.ErrorContains(t, err, "URL")
}

func TestEndpointThatMovedGetsWhatWasPending(t *testing.T) {
	file := filepath.Join(t.TempDir(), "simulator.db")
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	other := Webhook{SecretKey: "sk_test_other", URL: gone.URL}
	clock := still()
	h := startAt(t, Options{DataFile: file, Webhooks: []Webhook{other, {SecretKey: "sk_test_one", URL: gone.URL, Secret: "whsec_old"}}}, clock)
	_, err := h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	h.stop()
	shop := receive(t, "whsec_new")
	h = startAt(t, Options{DataFile: file, Webhooks: []Webhook{{SecretKey: "sk_test_one", URL: shop.URL, Secret: "whsec_new"}, other}}, clock)
	require.Equal(t, int64(3), h.pending())
	h.flush()
	shop.received(t, paid...)
}

func TestDuplicatedDeliveries(t *testing.T) {
	shop := receive(t, "whsec_shop")
	h := start(t, Options{Webhooks: []Webhook{{URL: shop.URL, Secret: "whsec_shop"}}})
	h.webhooks(`{"duplicate_percent":100}`)
	_, err := h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	shop.received(t, append(paid, paid...)...)
	h.quiet()
}

func TestDelayedDeliveriesComeLateOrWhenFlushed(t *testing.T) {
	shop := receive(t, "whsec_shop")
	h, later := startWithClock(t, Options{Webhooks: []Webhook{{URL: shop.URL, Secret: "whsec_shop"}}})
	h.webhooks(`{"delay_percent":100,"delay_ms":60000}`)
	_, err := h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	require.Equal(t, int64(3), h.pending())
	shop.received(t) // nothing yet
	later(time.Minute)
	shop.received(t, paid...)
	h.quiet()

	pi, err := h.PaymentIntents.New(payment(visa, manual))
	require.NoError(t, err)
	require.Equal(t, int64(3), h.pending())
	response, _ := h.raw(http.MethodDelete, "/_sim/webhooks", "", nil)
	require.Equal(t, http.StatusNoContent, response.StatusCode)
	_, err = h.PaymentIntents.Capture(pi.ID, nil)
	require.NoError(t, err)
	shop.received(t, "charge.captured", "payment_intent.succeeded") // before the events of the payment itself
	h.flush()
	shop.received(t, "payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated")
}

func TestDroppedDeliveriesComeWithTheFirstRetry(t *testing.T) {
	shop := receive(t, "whsec_shop")
	h := start(t, Options{Webhooks: []Webhook{{URL: shop.URL, Secret: "whsec_shop"}}})
	h.webhooks(`{"drop_percent":100}`)
	began := time.Now()
	_, err := h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	shop.received(t, paid...)
	require.GreaterOrEqual(t, time.Since(began), time.Second)
}

func TestFlushTriesAgainWhenTheReceiverIsBack(t *testing.T) {
	shop := receive(t, "whsec_shop")
	shop.refuse = 6 // each of the three deliveries twice
	h := startAt(t, Options{Webhooks: []Webhook{{URL: shop.URL, Secret: "whsec_shop"}}}, still())
	_, err := h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		h.flush()
		return h.pending() == 0
	}, 30*time.Second, 20*time.Millisecond)
	shop.received(t, paid...)
}

// TestOutboxOfAnOlderFileIsDelivered opens a file whose outbox was the table
// deliveries of earlier simulators.
func TestOutboxOfAnOlderFileIsDelivered(t *testing.T) {
	file := filepath.Join(t.TempDir(), "simulator.db")
	shop := receive(t, "whsec_shop")
	options := Options{DataFile: file, Webhooks: []Webhook{{URL: shop.URL, Secret: "whsec_shop"}}}
	h := start(t, options)
	h.webhooks(`{"delay_percent":100,"delay_ms":60000}`)
	_, err := h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	h.stop()
	db, err := sql.Open("sqlite", dataSource(file, false))
	require.NoError(t, err)
	_, err = db.ExecContext(context.Background(), `CREATE TABLE deliveries (event INTEGER NOT NULL, endpoint INTEGER NOT NULL,
		attempts INTEGER NOT NULL, due INTEGER NOT NULL, PRIMARY KEY (event, endpoint)) STRICT, WITHOUT ROWID;
		INSERT INTO deliveries SELECT event, endpoint, attempts, event FROM outbox; DROP TABLE outbox`)
	require.NoError(t, err)
	require.NoError(t, db.Close())

	h = start(t, options)
	shop.received(t, paid...)
	h.stop()
	start(t, options) // moved once, and for good
}
