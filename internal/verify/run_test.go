package verify_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
	"paymenthub/internal/verify"
)

// TestRunningHubRaisesNoAlarm lets the hub capture a payment after the witness
// was read for the first time.
func TestRunningHubRaisesNoAlarm(t *testing.T) {
	w := newTown(t, openSQLite(t))
	var reads int
	witness := w.record.serve(t, func() {
		if reads++; reads != 3 { // the first read of charges and refunds is over
			return
		}
		t.Fatal("a third read without a change in between")
	})
	require.Empty(t, w.verified(witness).Violations)

	reads = 0
	witness = w.record.serve(t, func() {
		if reads++; reads != 2 {
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
	require.EqualValues(t, 4, reads, "what seemed to disagree was looked at again")
	require.EqualValues(t, 3, report.Unsettled)
}

// TestRestlessPaymentIsUnsettled lets a payment change whenever it is looked at.
func TestRestlessPaymentIsUnsettled(t *testing.T) {
	w := newTown(t, openSQLite(t))
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
	w := newTown(t, openSQLite(t))
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
	w := newTown(t, openSQLite(t))
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

// TestBrokenWitnessIsAnError: a short record must never pass for a whole one.
func TestBrokenWitnessIsAnError(t *testing.T) {
	w := newTown(t, openSQLite(t))
	for name, answer := range map[string]string{
		"cut off": `{"charges":[{"id":"ch_1"},`, "unfinished": `{"charges":[]`, "another list": `{"refunds":[]}`, "an error": `{"error":"x"}`, "nothing": ``,
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
	w := newTown(t, openSQLite(t))
	foreign := w.record.chargeOf(w.named["sold"]).with("metadata", row{})
	for range verify.MaxViolations + 7 {
		w.record.charges = append(w.record.charges, foreign)
	}
	report := w.verified(w.record.serve(t, nil))
	require.Len(t, report.Violations, verify.MaxViolations)
	require.EqualValues(t, verify.MaxViolations+7, report.Total)
}

func TestAwaitQuiet(t *testing.T) {
	w := newTown(t, openSQLite(t))
	quiet, err := verify.AwaitQuiet(ctx, w.Store, 10*time.Millisecond)
	require.NoError(t, err)
	require.False(t, quiet)
	w.force("UPDATE payment_intents SET status = 'canceled' WHERE status = 'processing'", "UPDATE refunds SET status = 'failed' WHERE status = 'pending'")
	quiet, err = verify.AwaitQuiet(ctx, w.Store, time.Minute)
	require.NoError(t, err)
	require.True(t, quiet)
}

// many stores n payments that were sold, each with its charge.
func (w *town) many(n int) {
	for range n {
		w.record.witness(w.sell(payment.CaptureAutomatic))
	}
}

// TestMemoryStaysBounded: three times the payments take no more memory.
func TestMemoryStaysBounded(t *testing.T) {
	w := newTown(t, openSQLite(t))
	inUse := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	peak := func() (most int64) {
		witness := w.record.serve(t, nil)
		before := inUse() // the test's own record of the charges grows
		_, err := verify.Run(ctx, verify.Options{Store: w.Store, Clock: w.Clock, Witnesses: []verify.Witness{witness}, Progress: func(int64, int64) {
			most = max(most, inUse()-before)
		}})
		require.NoError(t, err)
		return most
	}
	w.many(1000)
	few := peak()
	w.many(2000)
	many := peak()
	t.Logf("%d KB with 1,000 payments, %d KB with 3,000", few>>10, many>>10)
	require.Less(t, many, few+1<<20)
}

// BenchmarkRun verifies 20,000 payments with their provider's record.
func BenchmarkRun(b *testing.B) {
	w := newTown(b, openSQLite(b))
	w.many(20_000)
	witness := w.record.serve(b, nil)
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		report := w.verified(witness)
		runtime.GC()
		runtime.ReadMemStats(&after)
		require.Empty(b, report.Violations)
	}
	b.ReportMetric(float64(after.HeapAlloc>>10)-float64(before.HeapAlloc>>10), "KB-kept")
}
