package verify_test

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"testing"

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

// TestRealAdapterAndSimulatorAgree leads payments through the Stripe adapter and
// the simulator, so that their words are the ones that are compared.
func TestRealAdapterAndSimulatorAgree(t *testing.T) {
	sim, err := simstripe.Open(simstripe.Options{DataFile: filepath.Join(t.TempDir(), "simulator.db")})
	require.NoError(t, err)
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, sim.Close())
	})
	adapter, err := stripe.New(stripe.Options{SecretKey: "sk_test_verify", BaseURL: server.URL})
	require.NoError(t, err)
	w := &town{World: storetest.NewWorld(t, openSQLite(t)), t: t}

	call := func(a payment.Aggregate) gateway.Call {
		return gateway.Call{
			Scope: a.Intent.Scope, PaymentID: a.Intent.ID, AttemptID: a.Attempt.ID, TransactionID: a.Transaction.ID,
			IdempotencyKey: a.Transaction.IdempotencyKey, GatewayReference: a.Attempt.GatewayReference,
			Amount: a.Transaction.Money(), CreatedAt: a.Transaction.CreatedAt,
		}
	}
	record := func(a payment.Aggregate, o payment.Outcome) payment.Aggregate {
		require.True(t, o.Decided(), "%+v", o)
		return w.apply(a.Record(o, w.now()))
	}
	pay := func(method payment.CaptureMethod, card plainCard) payment.Aggregate {
		a := w.try(w.open(method))
		return record(a, adapter.Authorize(ctx, gateway.Authorization{Call: call(a), Capture: method == payment.CaptureAutomatic, Instrument: card}))
	}
	const good, bad = "4242424242424242", "4000000000000002"
	pay(payment.CaptureAutomatic, bad)
	pay(payment.CaptureManual, good)
	capturing := w.capture(pay(payment.CaptureManual, good), 3000)
	record(capturing, adapter.Capture(ctx, call(capturing)))
	voiding := w.void(pay(payment.CaptureManual, good), payment.VoidCanceled)
	record(voiding, adapter.Void(ctx, call(voiding)))
	sold := pay(payment.CaptureAutomatic, good)
	opened, err := sold.Intent.OpenRefund(*sold.Attempt, payment.NewRefund{ID: id.New(id.Refund), Amount: 1200}, w.now())
	refunding := w.apply(opened, err)
	refunding.Attempt = sold.Attempt
	back := adapter.Refund(ctx, gateway.Refund{Call: call(refunding), RefundID: opened.Refund.ID})
	settled, err := refunding.Intent.RecordRefund(*opened.Refund, *opened.Transaction, back, w.now())
	w.apply(settled, err)

	report := w.verified(verify.Witness{Name: "stripe", URL: server.URL + "/"})
	require.Empty(t, report.Violations)
	require.EqualValues(t, 4, report.Charges)
	require.EqualValues(t, 1, report.Refunds)

	stray := w.try(w.open(payment.CaptureAutomatic))
	lost := adapter.Authorize(ctx, gateway.Authorization{Call: call(stray), Capture: true, Instrument: plainCard(good)})
	require.Equal(t, payment.OutcomeSucceeded, lost.Class)
	report = w.verified(verify.Witness{Name: "stripe", URL: server.URL})
	require.Empty(t, report.Violations, "the hub does not know yet")
	record(stray, payment.Outcome{Class: payment.OutcomeDeclined, Decline: &payment.Decline{Code: payment.DeclineGeneric}})
	report = w.verified(verify.Witness{Name: "stripe", URL: server.URL})
	require.Equal(t, []verify.Rule{verify.ProviderChargeAgrees}, rulesOf(report), "but is wrong to say that nothing was charged")
}
