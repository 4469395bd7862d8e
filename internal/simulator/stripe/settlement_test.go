package stripe

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v76"

	"paymenthub/internal/simulator"
)

const (
	pendingRefund = "4000000000007726"
	failedRefund  = "4000000000005126"
)

// refunded pays with a card and refunds 4000 of it under the key "refund".
func (h *harness) refunded(number string) (*stripego.PaymentIntent, *stripego.Refund) {
	h.t.Helper()
	pi, err := h.PaymentIntents.New(payment(number))
	require.NoError(h.t, err)
	made, err := h.Refunds.New(refundParams(pi))
	require.NoError(h.t, err)
	return pi, made
}

func refundParams(pi *stripego.PaymentIntent) *stripego.RefundParams {
	p := &stripego.RefundParams{PaymentIntent: &pi.ID, Amount: stripego.Int64(4000)}
	p.SetIdempotencyKey("refund")
	return p
}

func (h *harness) becomes(refundID string, status stripego.RefundStatus) *stripego.Refund {
	h.t.Helper()
	var seen *stripego.Refund
	require.Eventually(h.t, func() bool {
		p := &stripego.RefundParams{}
		p.AddExpand("failure_balance_transaction")
		p.AddExpand("charge")
		var err error
		seen, err = h.Refunds.Get(refundID, p)
		return err == nil && seen.Status == status
	}, 30*time.Second, 10*time.Millisecond)
	return seen
}

func (h *harness) witnessedRefunds() []simulator.Refund {
	h.t.Helper()
	var record struct{ Refunds []simulator.Refund }
	h.get("/_sim/refunds", &record)
	return record.Refunds
}

func (h *harness) settleRefund(id, status string) (int, string) {
	h.t.Helper()
	return h.post("/_sim/refunds/"+id, `{"status":"`+status+`"}`)
}

func TestPendingRefundSucceedsLater(t *testing.T) {
	shop := receive(t, "whsec_shop")
	h, later := startWithClock(t, Options{SettleAfter: time.Hour, Webhooks: []Webhook{{URL: shop.URL, Secret: "whsec_shop"}}})
	pi, made := h.refunded(pendingRefund)
	require.Equal(t, stripego.RefundStatusPending, made.Status)
	require.Equal(t, "pending", h.witnessedRefunds()[0].Status)
	require.Equal(t, int64(4000), h.charges()[0].AmountRefunded)
	shop.received(t, append(paid, "charge.refunded", "refund.created", "charge.refund.updated")...)

	later(time.Hour)
	settled := h.becomes(made.ID, stripego.RefundStatusSucceeded)
	require.Empty(t, settled.FailureReason)
	require.Equal(t, "succeeded", h.witnessedRefunds()[0].Status)
	require.Equal(t, int64(4000), settled.Charge.AmountRefunded)
	shop.received(t, "refund.updated", "charge.refund.updated")
	list := h.Refunds.List(&stripego.RefundListParams{PaymentIntent: &pi.ID})
	require.True(t, list.Next())
	require.Equal(t, stripego.RefundStatusSucceeded, list.Refund().Status)

	again, err := h.Refunds.New(refundParams(pi))
	require.NoError(t, err)
	require.Equal(t, stripego.RefundStatusPending, again.Status, "a replay gives the first answer")
	require.Equal(t, made.ID, again.ID)
}

func TestRefundFailsLaterAndTheMoneyIsBack(t *testing.T) {
	shop := receive(t, "whsec_shop")
	h, later := startWithClock(t, Options{SettleAfter: time.Hour, Webhooks: []Webhook{{URL: shop.URL, Secret: "whsec_shop", Events: []string{"refund.updated", "charge.refund.updated"}}}})
	pi, made := h.refunded(failedRefund)
	require.Equal(t, stripego.RefundStatusSucceeded, made.Status)
	require.Equal(t, simulator.PartiallyRefunded, h.charges()[0].Status)
	shop.received(t, "charge.refund.updated")

	later(time.Hour)
	settled := h.becomes(made.ID, stripego.RefundStatusFailed)
	require.Equal(t, stripego.RefundFailureReasonExpiredOrCanceledCard, settled.FailureReason)
	back := settled.FailureBalanceTransaction
	require.Equal(t, stripego.BalanceTransactionTypeRefundFailure, back.Type)
	require.Equal(t, int64(4000), back.Net)
	require.Zero(t, settled.Charge.AmountRefunded)
	require.False(t, settled.Charge.Refunded)
	shop.received(t, "refund.updated", "charge.refund.updated")
	require.Equal(t, "failed", h.witnessedRefunds()[0].Status)
	require.Equal(t, simulator.Captured, h.charges()[0].Status)
	balance, err := h.Balance.Get(nil)
	require.NoError(t, err)
	require.Equal(t, int64(9999-320), balance.Available[0].Amount)
	booked := h.BalanceTransactions.List(&stripego.BalanceTransactionListParams{Source: &made.ID})
	require.True(t, booked.Next())
	require.Equal(t, back.ID, booked.BalanceTransaction().ID)
	require.True(t, booked.Next())
	require.Equal(t, int64(-4000), booked.BalanceTransaction().Amount)
	require.False(t, booked.Next())

	all, err := h.Refunds.New(&stripego.RefundParams{PaymentIntent: &pi.ID})
	require.NoError(t, err)
	require.Equal(t, int64(9999), all.Amount, "all of it can be refunded again")
}

func TestRefundsSettleOnDemand(t *testing.T) {
	h := start(t, Options{SettleAfter: time.Hour})
	_, made := h.refunded(pendingRefund)
	status, text := h.settleRefund(made.ID, "failed")
	require.Equal(t, http.StatusOK, status, text)
	require.Contains(t, text, `"status":"failed"`)
	h.becomes(made.ID, stripego.RefundStatusFailed)
	require.Zero(t, h.charges()[0].AmountRefunded)
	status, _ = h.settleRefund(made.ID, "failed")
	require.Equal(t, http.StatusOK, status, "twice changes nothing")
	require.Zero(t, h.charges()[0].AmountRefunded)
	status, text = h.settleRefund(made.ID, "succeeded")
	require.Equal(t, http.StatusConflict, status, text)
	require.Contains(t, text, `"field":"status"`)
	status, text = h.settleRefund(made.ID, "pending")
	require.Equal(t, http.StatusBadRequest, status, text)
	status, _ = h.settleRefund("re_unknown", "failed")
	require.Equal(t, http.StatusNotFound, status)
	status, text = h.post("/_sim/refunds/"+made.ID, `{"state":"failed"}`)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, text, `"field":"state"`)

	// What was settled on demand does not settle once more by itself.
	pi, err := h.PaymentIntents.New(payment(failedRefund))
	require.NoError(t, err)
	kept, err := h.Refunds.New(&stripego.RefundParams{PaymentIntent: &pi.ID})
	require.NoError(t, err)
	status, _ = h.settleRefund(kept.ID, "succeeded")
	require.Equal(t, http.StatusOK, status)
	var waiting int
	require.NoError(t, h.sim.store.readers.QueryRow(`SELECT COUNT(*) FROM settlements`).Scan(&waiting))
	require.Zero(t, waiting)

	// A refund of an ordinary card can fail, too.
	pi, err = h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	plain, err := h.Refunds.New(&stripego.RefundParams{PaymentIntent: &pi.ID})
	require.NoError(t, err)
	status, _ = h.settleRefund(plain.ID, "failed")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, simulator.Captured, h.charges()[2].Status)
}

func TestRefundsSettleAfterARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "simulator.db")
	h := start(t, Options{DataFile: file, SettleAfter: time.Hour})
	_, made := h.refunded(pendingRefund)
	h.stop()
	h = startAt(t, Options{DataFile: file}, func() time.Time { return time.Now().Add(59 * time.Minute) })
	require.Equal(t, "pending", h.witnessedRefunds()[0].Status)
	h.stop()
	h = startAt(t, Options{DataFile: file, Frozen: true}, func() time.Time { return time.Now().Add(61 * time.Minute) })
	time.Sleep(100 * time.Millisecond) // enough for what would happen by itself
	require.Equal(t, "pending", h.witnessedRefunds()[0].Status)
	h.stop()
	h = startAt(t, Options{DataFile: file}, func() time.Time { return time.Now().Add(61 * time.Minute) })
	h.becomes(made.ID, stripego.RefundStatusSucceeded)
}
