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

// What was sent more than a day ago is looked for before it is sent again: its key
// protects no more.
func TestCallsWhoseKeysAreForgotten(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	adapter := newAdapter(t, p.url, nil)
	call := gateway.Call{
		Scope:     merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox},
		PaymentID: id.New(id.Payment), AttemptID: id.New(id.Attempt), TransactionID: id.New(id.Transaction),
		IdempotencyKey: "the first", Amount: money.New(12_000, "EUR"), CreatedAt: time.Now().Add(-25 * time.Hour), Repeated: true,
	}
	sale := gateway.Authorization{Call: call, Capture: true, Method: payment.MethodCard, Instrument: goldenCard{}}
	sold := adapter.Authorize(t.Context(), sale)
	require.Equal(t, payment.OutcomeAccepted, sold.Class, "%+v", sold)
	require.Eventually(t, func() bool {
		sale.IdempotencyKey += "x" // what a key that is forgotten comes to
		return adapter.Authorize(t.Context(), sale).Class == payment.OutcomeSucceeded
	}, gatewaytest.Patience, 10*time.Millisecond)

	call.GatewayReference, call.TransactionID, call.Amount.Minor = sold.GatewayReference, id.New(id.Transaction), 5_000
	refund := gateway.Refund{Call: call, RefundID: id.New(id.Refund)}
	require.Eventually(t, func() bool {
		refund.IdempotencyKey += "x"
		return adapter.Refund(t.Context(), refund).Class == payment.OutcomeSucceeded
	}, gatewaytest.Patience, 10*time.Millisecond)

	charges := p.charges(t)
	require.Len(t, charges, 1)
	require.EqualValues(t, 12_000, charges[0].AmountCaptured)
	require.EqualValues(t, 5_000, charges[0].AmountRefunded)
}
