package verify_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/verify"
)

// TestRunningHubRaisesNoAlarm lets the hub capture a payment after the witness
// was read for the first time.
func TestRunningHubRaisesNoAlarm(t *testing.T) {
	w := sqliteTown(t)
	var reads int
	witness := w.record.serve(t, func() {
		if reads++; reads != 4 { // the first read of disputes, charges and refunds is over
			return
		}
		t.Fatal("a fourth read without a change in between")
	})
	require.Empty(t, w.verified(witness).Violations)

	reads = 0
	witness = w.record.serve(t, func() {
		if reads++; reads != 3 {
			return
		}
		// charges were read and refunds are not: now the payment is captured
		before := w.named["authorized"]
		after := w.tell(w.capture(before, 5000), w.yes())
		w.record.change(before, func(c row) row { return c.with("status", "captured").with("amount_captured", 5000) })
		w.name("authorized", after)
	})
	report := w.verified(witness)
	require.Empty(t, report.Violations)
	require.EqualValues(t, 6, reads, "what seemed to disagree was looked at again")
	require.EqualValues(t, 3, report.Unsettled)
}

// TestRestlessPaymentIsUnsettled lets a payment change whenever it is looked at.
func TestRestlessPaymentIsUnsettled(t *testing.T) {
	w := sqliteTown(t)
	w.record.change(w.named["sold"], func(row) row { return nil })
	witness := w.record.serve(t, func() {
		raised, err := w.named["sold"].Intent.Raise("again", w.now())
		w.name("sold", w.apply(raised, err))
	})
	report := w.verified(witness)
	require.Empty(t, report.Violations)
	require.EqualValues(t, 4, report.Unsettled)
}

// TestUnknownOutcomeIsNotJudged: while the hub does not know, the provider may
// have charged or not.
func TestUnknownOutcomeIsNotJudged(t *testing.T) {
	w := sqliteTown(t)
	charge := w.record.chargeOf(w.named["sold"])
	for _, name := range []string{"processing", "acting"} {
		p := w.named[name].Intent
		w.record.charges = append(w.record.charges, charge.with("id", "ch_"+p.ID).with("metadata", metadataOf(p)))
	}
	report := w.verified(w.record.serve(t, nil))
	require.Empty(t, report.Violations)
	require.EqualValues(t, 4, report.Unsettled)

	w.record.charges = append(w.record.charges, w.record.charges[len(w.record.charges)-1].with("id", "ch_twice"))
	require.Equal(t, []verify.Rule{verify.ProviderOneCharge}, rulesOf(w.verified(w.record.serve(t, nil))), "but never twice")
}

func TestPendingRefundMayBeCarriedOut(t *testing.T) {
	w := sqliteTown(t)
	pending := w.refunds[payment.RefundPending]
	w.record.refunds = append(w.record.refunds, w.record.refunds[0].with("id", "re_2").with("amount", pending.Amount).
		with("metadata", row{"payment_id": pending.PaymentID, "refund_id": pending.ID}))
	w.record.change(w.named["refunded"], func(c row) row { return c.with("amount_refunded", 1000+pending.Amount) })
	require.Empty(t, w.verified(w.record.serve(t, nil)).Violations)

	failed := w.refunds[payment.RefundFailed]
	w.record.refunds = append(w.record.refunds, w.record.refunds[0].with("id", "re_3").with("amount", failed.Amount).
		with("metadata", row{"payment_id": failed.PaymentID, "refund_id": failed.ID}))
	require.Equal(t, []verify.Rule{verify.ProviderRefundAgrees}, rulesOf(w.verified(w.record.serve(t, nil))), "a failed one may not")
}

// disputeAtProvider has the provider open a dispute of the payment that was sold.
func (w *town) disputeAtProvider() payment.DisputeReport {
	p := w.named["sold"].Intent
	w.record.disputes = append(w.record.disputes, w.record.disputes[0].with("id", "du_1").with("charge", "ch_"+p.ID).
		with("amount", 700).with("status", "needs_response").with("withdrawn", 700))
	return payment.DisputeReport{Reference: "du_1", Amount: money.New(700, "USD"), Status: payment.DisputeNeedsResponse, Withdrawn: true, OpenedAt: w.now()}
}

// TestProviderIsAheadOfItsWebhook: a provider opens a dispute by itself, and the
// hub hears of it only later.
func TestProviderIsAheadOfItsWebhook(t *testing.T) {
	w := sqliteTown(t)
	report, reads := w.disputeAtProvider(), 0
	witness := w.record.serve(t, func() {
		if reads++; reads == 7 { // the first read and one round are over: now the webhook comes
			w.name("sold", w.apply(w.Disputed(t, w.named["sold"].Intent, nil, report), nil))
		}
	})
	verified, err := verify.Run(ctx, verify.Options{
		Store: w.Store, Clock: w.Clock, Witnesses: []verify.Witness{witness}, Patience: 20 * time.Millisecond,
	})
	require.NoError(t, err)
	require.Empty(t, verified.Violations)
	require.EqualValues(t, 12, reads)
	require.EqualValues(t, 3, verified.Unsettled)
}

// TestStoredNotificationIsAwaited: what a provider did is not unknown to the hub
// while its notification waits to be applied.
func TestStoredNotificationIsAwaited(t *testing.T) {
	w := sqliteTown(t)
	w.disputeAtProvider()
	witness := w.record.serve(t, nil)
	require.Equal(t, []verify.Rule{verify.ProviderDisputeKnown}, rulesOf(w.verified(witness)))

	p := w.named["sold"].Intent
	w.force(fmt.Sprintf("UPDATE gateway_notifications SET merchant_id = '%s', payment_id = '%s' WHERE status = 'received'", p.Scope.MerchantID, p.ID))
	report := w.verified(witness)
	require.Empty(t, report.Violations)
	require.EqualValues(t, 4, report.Unsettled)
}

func TestOperatorIsNeeded(t *testing.T) {
	w := sqliteTown(t)
	w.set("processing", "attention = 'look'")
	w.force("UPDATE refunds SET attention = 'look' WHERE status = 'pending'", "UPDATE gateway_notifications SET status = 'raised' WHERE status = 'ignored'",
		fmt.Sprintf("UPDATE payment_methods SET forgotten_at = NULL, attention = 'look', due_at = %s WHERE id = '%s'", w.ago(29*time.Minute), w.forgotten.ID))
	report := w.verified()
	require.Empty(t, report.Violations)
	require.Equal(t, verify.NeedsOperator{Payments: 1, Refunds: 1, Methods: 1, Notifications: 2}, report.NeedsOperator)
	require.EqualValues(t, 5, report.NeedsOperator.Total())
}

// TestBrokenWitnessIsAnError: a short record must never pass for a whole one.
func TestBrokenWitnessIsAnError(t *testing.T) {
	w := sqliteTown(t)
	for name, answer := range map[string]string{
		"cut off": `{"disputes":[{"id":"du_1"},`, "unfinished": `{"disputes":[]`, "another list": `{"refunds":[]}`, "an error": `{"error":"x"}`, "nothing": ``,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) }))
		_, err := verify.Run(ctx, verify.Options{Store: w.Store, Clock: w.Clock, Witnesses: []verify.Witness{{Name: "stripe", URL: server.URL}}})
		require.Error(t, err, name)
		server.Close()
	}
	missing := httptest.NewServer(http.NotFoundHandler())
	defer missing.Close()
	_, err := verify.Run(ctx, verify.Options{Store: w.Store, Clock: w.Clock, Witnesses: []verify.Witness{{Name: "stripe", URL: missing.URL}}})
	require.ErrorContains(t, err, "404")
}

func TestViolationsAreBounded(t *testing.T) {
	w := sqliteTown(t)
	foreign := w.record.chargeOf(w.named["sold"]).with("metadata", row{})
	for range verify.MaxViolations + 7 {
		w.record.charges = append(w.record.charges, foreign)
	}
	report := w.verified(w.record.serve(t, nil))
	require.Len(t, report.Violations, verify.MaxViolations)
	require.EqualValues(t, verify.MaxViolations+7, report.Total)
}

func TestAwaitQuiet(t *testing.T) {
	w := sqliteTown(t)
	quiet, err := verify.AwaitQuiet(ctx, w.Store, 10*time.Millisecond)
	require.NoError(t, err)
	require.False(t, quiet)
	w.force("UPDATE payment_intents SET status = 'canceled' WHERE status = 'processing'", "UPDATE refunds SET status = 'failed' WHERE status = 'pending'")
	quiet, err = verify.AwaitQuiet(ctx, w.Store, 10*time.Millisecond)
	require.NoError(t, err)
	require.False(t, quiet, "a notification waits to be applied")
	w.force("UPDATE gateway_notifications SET status = 'applied' WHERE status = 'received'")
	quiet, err = verify.AwaitQuiet(ctx, w.Store, time.Minute)
	require.NoError(t, err)
	require.True(t, quiet)
}
