package checkout_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/gatewaytest"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// A void that was lost, of a payment whose shopper then fails to authenticate, is a
// success: were it declined, a canceled payment could be paid again.
func TestVoidOfWhatTheShopperFailed(t *testing.T) {
	t.Parallel()
	for _, capture := range []bool{true, false} {
		p := startProvider(t)
		adapter := newAdapter(t, p.url, nil)
		call := gateway.Call{
			Scope:     merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox},
			PaymentID: id.New(id.Payment), AttemptID: id.New(id.Attempt), TransactionID: id.New(id.Transaction),
			IdempotencyKey: "the payment", Amount: money.New(12_000, "EUR"), CreatedAt: time.Now(),
		}
		waits := adapter.Authorize(t.Context(), gateway.Authorization{
			Call: call, Capture: capture, Method: payment.MethodCard, Instrument: goldenCard{}, Challenge: true, ReturnURL: "https://shop.example/back",
		})
		require.Equal(t, payment.OutcomeActionRequired, waits.Class, "%+v", waits)

		void := call
		void.GatewayReference, void.TransactionID, void.IdempotencyKey = waits.GatewayReference, id.New(id.Transaction), "the void"
		p.injectFault(t, gatewaytest.Void, gatewaytest.ResetBefore)
		lost := adapter.Void(t.Context(), void)
		require.Equal(t, payment.OutcomeUnknown, lost.Class, "%+v", lost)

		p.authenticate(t, waits, false)
		void.Repeated = true
		for _, o := range []payment.Outcome{
			adapter.Lookup(t.Context(), gateway.Lookup{Call: void, Kind: payment.Void}), adapter.Void(t.Context(), void),
		} {
			require.Equal(t, payment.OutcomeSucceeded, o.Class, "%+v", o)
			require.EqualValues(t, 12_000, o.Amount)
		}
		require.Empty(t, p.charges(t))
	}
}
