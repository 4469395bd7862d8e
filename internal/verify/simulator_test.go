package verify_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/stripe"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
	simstripe "paymenthub/internal/simulator/stripe"
	"paymenthub/internal/store/storetest"
	"paymenthub/internal/vault"
	"paymenthub/internal/verify"
)

// plainCard is a test card outside of any vault.
type plainCard string

func (c plainCard) Open(context.Context) (vault.Card, error) {
	return vault.Card{Number: vault.Secret(c), ExpMonth: 12, ExpYear: 2040, CVC: "123"}, nil
}

// stripeTown is a hub whose payments go through the Stripe adapter to the
// simulator, so that their words are the ones that are compared.
type stripeTown struct {
	*town
	url     string
	adapter *stripe.Adapter
}

func newStripeTown(t *testing.T) *stripeTown {
	sim, err := simstripe.Open(simstripe.Options{DataFile: filepath.Join(t.TempDir(), "simulator.db")})
	require.NoError(t, err)
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, sim.Close())
	})
	adapter, err := stripe.New(stripe.Options{SecretKey: "sk_test_verify", BaseURL: server.URL, Timeout: time.Minute})
	require.NoError(t, err)
	return &stripeTown{town: &town{World: storetest.NewWorld(t, storetest.Migrated.SQLite(t)), t: t}, url: server.URL, adapter: adapter}
}

func (w *stripeTown) call(a payment.Aggregate) gateway.Call {
	return gateway.Call{
		Scope: a.Intent.Scope, PaymentID: a.Intent.ID, AttemptID: a.Attempt.ID, TransactionID: a.Transaction.ID,
		IdempotencyKey: a.Transaction.IdempotencyKey, GatewayReference: a.Attempt.GatewayReference,
		Amount: a.Transaction.Money(), CreatedAt: a.Transaction.CreatedAt,
	}
}

func (w *stripeTown) decided(a payment.Aggregate, o payment.Outcome) payment.Aggregate {
	require.True(w.t, o.Decided(), "%+v", o)
	return w.apply(a.Record(o, w.now()))
}

func (w *stripeTown) pay(method payment.CaptureMethod, card plainCard) payment.Aggregate {
	a := w.try(w.open(method))
	return w.decided(a, w.adapter.Authorize(ctx, gateway.Authorization{Call: w.call(a), Capture: method == payment.CaptureAutomatic, Instrument: card}))
}

// refund gives back 1200 of the payment. The aggregate is of before the answer.
func (w *stripeTown) refund(sold payment.Aggregate) (asked payment.Aggregate, settled payment.Change) {
	opened, err := sold.Intent.OpenRefund(*sold.Attempt, payment.NewRefund{ID: id.New(id.Refund), Amount: 1200}, w.now())
	asked = w.apply(opened, err)
	asked.Attempt = sold.Attempt
	back := w.adapter.Refund(ctx, gateway.Refund{Call: w.call(asked), RefundID: opened.Refund.ID})
	settled, err = asked.Intent.RecordRefund(*opened.Refund, *opened.Transaction, back, w.now())
	w.apply(settled, err)
	return asked, settled
}

// act tells the simulator what the shopper's bank does.
func (w *stripeTown) act(path, body string) (answer struct{ ID string }) {
	response, err := http.Post(w.url+"/_sim/"+path, "application/json", strings.NewReader(body))
	require.NoError(w.t, err)
	defer func() { _ = response.Body.Close() }()
	require.Less(w.t, response.StatusCode, 300, path)
	require.NoError(w.t, json.NewDecoder(response.Body).Decode(&answer))
	return answer
}

func (w *stripeTown) compared() verify.Report {
	return w.verified(verify.Witness{Name: "stripe", URL: w.url + "/"})
}

const good, bad plainCard = "4242424242424242", "4000000000000002"

func TestRealAdapterAndSimulatorAgree(t *testing.T) {
	w := newStripeTown(t)
	w.pay(payment.CaptureAutomatic, bad)
	w.pay(payment.CaptureManual, good)
	capturing := w.capture(w.pay(payment.CaptureManual, good), 3000)
	w.decided(capturing, w.adapter.Capture(ctx, w.call(capturing)))
	voiding := w.void(w.pay(payment.CaptureManual, good), payment.VoidCanceled)
	w.decided(voiding, w.adapter.Void(ctx, w.call(voiding)))
	w.refund(w.pay(payment.CaptureAutomatic, good))

	report := w.compared()
	require.Empty(t, report.Violations)
	require.EqualValues(t, 4, report.Charges)
	require.EqualValues(t, 1, report.Refunds)

	stray := w.try(w.open(payment.CaptureAutomatic))
	lost := w.adapter.Authorize(ctx, gateway.Authorization{Call: w.call(stray), Capture: true, Instrument: good})
	require.Equal(t, payment.OutcomeSucceeded, lost.Class)
	require.Empty(t, w.compared().Violations, "the hub does not know yet")
	w.decided(stray, payment.Outcome{Class: payment.OutcomeDeclined, Decline: &payment.Decline{Code: payment.DeclineGeneric}})
	require.Equal(t, []verify.Rule{verify.ProviderChargeAgrees}, rulesOf(w.compared()), "but is wrong to say that nothing was charged")
}

// TestRealDisputeAgrees has a dispute opened, answered and won at the simulator.
func TestRealDisputeAgrees(t *testing.T) {
	w := newStripeTown(t)
	disputed := w.pay(payment.CaptureAutomatic, good)
	complaint := w.act("disputes", `{"payment_intent":"`+disputed.Attempt.GatewayReference+`","amount":700}`)
	unheard := verify.ProviderDisputeKnown
	var known *payment.Dispute
	for _, status := range []string{"", "under_review", "won"} {
		if status != "" {
			w.act("disputes/"+complaint.ID, `{"status":"`+status+`"}`)
		}
		require.Equal(t, []verify.Rule{unheard}, rulesOf(w.compared()), "the hub was not told of %q", status)
		told, err := w.adapter.Dispute(ctx, gateway.DisputeLookup{Scope: disputed.Intent.Scope, Reference: complaint.ID})
		require.NoError(t, err)
		change := w.Disputed(t, disputed.Intent, known, told)
		disputed.Intent, known = w.apply(change, nil).Intent, change.Dispute
		report := w.compared()
		require.Empty(t, report.Violations)
		require.EqualValues(t, 1, report.Disputes)
		unheard = verify.ProviderDisputeAgrees
	}
}

// TestRealReversalAgrees has the simulator take a settled refund back.
func TestRealReversalAgrees(t *testing.T) {
	w := newStripeTown(t)
	asked, settled := w.refund(w.pay(payment.CaptureAutomatic, good))
	require.Empty(t, w.compared().Violations)
	w.act("refunds/"+settled.Transaction.GatewayReference, `{"status":"failed"}`)
	require.Equal(t, []verify.Rule{verify.ProviderRefundAgrees}, rulesOf(w.compared()), "the hub was not told")
	failed := w.adapter.Lookup(ctx, gateway.Lookup{Call: w.call(asked), Kind: payment.RefundOfSale, RefundID: settled.Refund.ID})
	require.Equal(t, payment.OutcomeDeclined, failed.Class)
	w.apply(settled.Intent.ReverseRefund(*settled.Refund, *settled.Transaction, *failed.Decline, w.now()))
	require.Empty(t, w.compared().Violations)
}
