package mollie

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

func refundOf(value, currency string) m {
	return m{"amount": m{"currency": currency, "value": value}, "metadata": m{"refund_id": "rf_1"}}
}

func (w *world) refunded(payment, value, currency string) string {
	w.Helper()
	made := w.ok(http.MethodPost, "/v2/payments/"+payment+"/refunds", refundOf(value, currency))
	require.Equal(w, "pending", made["status"])
	return made["id"].(string)
}

func (w *world) refund(payment, id string) map[string]any {
	w.Helper()
	return w.ok(http.MethodGet, "/v2/payments/"+payment+"/refunds/"+id, nil)
}

func TestRefundsSettle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.ended("ideal", "120.00", "EUR", "approve")
	good, bad := w.refunded(id, "40.00", "EUR"), w.refunded(id, "13.13", "EUR")
	w.hears("refund.pending", good)
	require.Zero(t, w.charges()[0].AmountRefunded, "nothing has left yet")
	p := w.payment(id)
	require.Equal(t, m{"currency": "EUR", "value": "66.87"}, p["amountRemaining"])
	list := w.ok(http.MethodGet, "/v2/payments/"+id+"/refunds?limit=250", nil)
	require.EqualValues(t, 2, list["count"])
	require.Equal(t, bad, list["_embedded"].(m)["refunds"].([]any)[0].(m)["id"], "the newest first")

	w.pass(61 * time.Minute) // a restart, and what is due is done
	w.hears("refund.refunded", good)
	w.hears("refund.failed", bad)
	require.Equal(t, "refunded", w.refund(id, good)["status"])
	require.Equal(t, "failed", w.refund(id, bad)["status"])
	charge := w.charges()[0]
	require.Equal(t, simulator.PartiallyRefunded, charge.Status)
	require.EqualValues(t, 4_000, charge.AmountRefunded)
	require.Equal(t, m{"currency": "EUR", "value": "80.00"}, w.payment(id)["amountRemaining"])
}

func TestRefundsAreSettledOnDemand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.ended("bancontact", "120.00", "EUR", "approve")
	refund := w.refunded(id, "120.00", "EUR")
	for range 2 {
		w.ok(http.MethodPost, "/_sim/refunds/"+refund, m{"status": "succeeded"})
	}
	require.Equal(t, simulator.Refunded, w.charges()[0].Status)
	w.ok(http.MethodPost, "/_sim/refunds/"+refund, m{"status": "failed"}) // the bank sends it back
	w.hears("refund.failed", refund)
	require.Equal(t, simulator.Captured, w.charges()[0].Status)
	status, _, _ := w.call("sandbox", http.MethodPost, "/_sim/refunds/"+refund, "", m{"status": "succeeded"})
	require.Equal(t, http.StatusConflict, status)
	w.refunded(id, "120.00", "EUR")
}

func TestWhichRefundsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	waiting, paid := w.opened("ideal", "5.00", "EUR"), w.ended("ideal", "5.00", "EUR", "approve")
	fails := func(payment, value, currency string) []any {
		status, field := w.fails(http.MethodPost, "/v2/payments/"+payment+"/refunds", refundOf(value, currency))
		return []any{status, field}
	}
	require.Equal(t, []any{404, nil}, fails("tr_none", "1.00", "EUR"))
	require.Equal(t, []any{422, nil}, fails(waiting, "1.00", "EUR"))
	require.Equal(t, []any{422, "amount"}, fails(paid, "1.0", "EUR"))
	require.Equal(t, []any{422, "amount"}, fails(paid, "5.01", "EUR"))
	require.Equal(t, []any{422, "amount.currency"}, fails(paid, "1.00", "USD"))
	w.refunded(paid, "3.00", "EUR")
	require.Equal(t, []any{422, "amount"}, fails(paid, "2.01", "EUR"))
	w.refunded(paid, "2.00", "EUR")
	require.Equal(t, []any{422, nil}, fails(paid, "0.01", "EUR"))
	status, _ := w.fails(http.MethodGet, "/v2/payments/"+paid+"/refunds/re_none", nil)
	require.Equal(t, http.StatusNotFound, status)
}

func TestChargebacksTakeTheMoneyUntilTheyAreReversed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.ended("paypal", "120.00", "USD", "approve")
	opened := w.ok(http.MethodPost, "/_sim/disputes", m{"payment": id, "amount": 5_000})
	name := opened["id"].(string)
	list := w.ok(http.MethodGet, "/v2/payments/"+id+"/chargebacks", nil)
	require.EqualValues(t, 1, list["count"])
	chargeback := list["_embedded"].(m)["chargebacks"].([]any)[0].(m)
	require.Equal(t, name, id+"."+chargeback["id"].(string))
	require.Nil(t, chargeback["reversedAt"])
	require.Equal(t, chargeback, w.hears("chargeback.received", chargeback["id"].(string)).Event["_embedded"].(m)["entity"])
	require.Equal(t, m{"currency": "USD", "value": "50.00"}, w.payment(id)["amountChargedBack"])
	require.EqualValues(t, 5_000, w.disputes()[0].Withdrawn)
	require.Equal(t, []string{name, "lost"}, []string{w.disputes()[0].ID, w.disputes()[0].Status})

	w.ok(http.MethodPost, "/_sim/disputes/"+name, m{"status": "lost"}) // it stays as it is
	for range 2 {
		w.ok(http.MethodPost, "/_sim/disputes/"+name, m{"status": "won"})
	}
	read := w.ok(http.MethodGet, "/v2/payments/"+id+"/chargebacks/"+chargeback["id"].(string), nil)
	require.NotEmpty(t, read["reversedAt"])
	w.hears("chargeback.reversed", chargeback["id"].(string))
	require.NotContains(t, w.payment(id), "amountChargedBack")
	require.Equal(t, []any{int64(0), "won"}, []any{w.disputes()[0].Withdrawn, w.disputes()[0].Status})

	for _, c := range []struct {
		path   string
		body   m
		status int
	}{
		{"/_sim/disputes/" + name, m{"status": "under_review"}, 400},
		{"/_sim/disputes/" + name, m{"status": "lost"}, 409},
		{"/_sim/disputes/tr_1.chb_none", m{"status": "won"}, 404},
		{"/_sim/disputes", m{"payment": id, "inquiry": true}, 400},
		{"/_sim/disputes", m{"payment": id, "reason": "fraud"}, 400},
		{"/_sim/disputes", m{"payment": id, "amount": 12_001}, 409},
		{"/_sim/disputes", m{"payment": "tr_none"}, 404},
		{"/_sim/disputes", m{"payment": w.ended("ideal", "5.00", "EUR", "approve")}, 409},
		{"/_sim/disputes", m{"payment": w.opened("paypal", "5.00", "EUR")}, 409},
	} {
		status, _, object := w.call("sandbox", http.MethodPost, c.path, "", c.body)
		require.Equal(t, c.status, status, "%s %v: %v", c.path, c.body, object)
	}
}

func (w *world) disputes() []simulator.Dispute {
	w.Helper()
	var found []simulator.Dispute
	for _, d := range w.ok(http.MethodGet, "/_sim/disputes", nil)["disputes"].([]any) {
		row := d.(m)
		found = append(found, simulator.Dispute{ID: row["id"].(string), Status: row["status"].(string), Withdrawn: int64(row["withdrawn"].(float64))})
	}
	return found
}

func TestWebhooksAreSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	event := w.hears("payment.paid", w.ended("ideal", "5.00", "EUR", "approve"))
	mac := hmac.New(sha256.New, []byte(Credentials("sandbox")["webhook_secret"]))
	mac.Write(event.Body)
	require.Equal(t, []string{"sha256=" + hex.EncodeToString(mac.Sum(nil))}, event.Header.Values("X-Mollie-Signature"))
	require.Equal(t, "application/json", event.Header.Get("Content-Type"))

	r, err := http.NewRequest(http.MethodPost, "http://hub.example", nil)
	require.NoError(t, err)
	sign(r, chassis.Delivery{Event: chassis.Event{Body: event.Body}, Credentials: map[string]string{"webhook_secret": "one, two"}})
	require.Len(t, r.Header.Values("X-Mollie-Signature"), 2, "while a secret is replaced")
}
