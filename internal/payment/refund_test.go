package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
)

// A refund's failure is told in words that help whoever refunds, not whoever pays.
func TestAFailedRefundSaysWhatToDo(t *testing.T) {
	p := payment.Intent{ID: "pi_1", Scope: scope, Status: payment.Succeeded, Currency: "USD", Amount: 500, AmountCaptured: 500, AmountRefundPending: 500}
	r := payment.Refund{ID: "rf_1", Scope: scope, PaymentID: "pi_1", Amount: 500, Currency: "USD", Status: payment.RefundPending}
	movement := payment.Transaction{ID: "txn_1", Kind: payment.RefundOfSale, Amount: 500, Currency: "USD"}
	refuse := func(code payment.DeclineCode) payment.Decline {
		c, err := p.RecordRefund(r, movement, payment.Declined(payment.NewDecline(code)), time.Now())
		require.NoError(t, err)
		require.Equal(t, code, c.Refund.Failure.Code)
		return *c.Refund.Failure
	}
	expired := refuse(payment.DeclineExpiredCard)
	require.Equal(t, payment.AdviceOtherMethod, expired.Advice)
	require.Contains(t, expired.Message, "Pay the shopper back in another way")
	require.Equal(t, payment.NewDecline(payment.DeclineState), refuse(payment.DeclineState))
}
