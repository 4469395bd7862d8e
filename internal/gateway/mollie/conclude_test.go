package mollie_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/mollie"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

func TestWhatEventsSettle(t *testing.T) {
	call := gateway.Call{PaymentID: "pay_1", TransactionID: "txn_1", GatewayReference: "tr_1", Amount: money.New(12_000, "EUR")}
	const declined, unknown, succeeded = payment.OutcomeDeclined, payment.OutcomeUnknown, payment.OutcomeSucceeded
	for _, c := range []struct {
		members     string
		sale, voids payment.OutcomeClass
	}{
		{`"status":"open","isCancelable":true,"_links":{"checkout":{"href":"https://x.example"}}`, unknown, unknown},
		{`"status":"open"`, unknown, unknown},
		{`"status":"pending"`, unknown, unknown},
		{`"status":"authorized"`, unknown, unknown},
		{`"status":"brand_new"`, unknown, unknown},
		{`"status":"paid"`, succeeded, declined},
		{`"status":"failed"`, declined, succeeded},
		{`"status":"canceled"`, declined, succeeded},
		{`"status":"expired"`, declined, succeeded},
		{`"status":7`, unknown, unknown},
	} {
		body := eventOf("payment.anything", "tr_1", paymentOf(c.members))
		for kind, want := range map[payment.TransactionKind]payment.OutcomeClass{
			payment.Sale: c.sale, payment.Void: c.voids, payment.Authorization: unknown, payment.Capture: unknown, payment.RefundOfSale: unknown,
		} {
			l := gateway.Lookup{Call: call, Kind: kind}
			o := (&mollie.Adapter{}).Conclude(body, l)
			require.Equal(t, want, o.Class, "%s of %s: %+v", kind, c.members, o)
			if want == unknown {
				require.NotEmpty(t, o.Detail, c.members)
				require.Empty(t, o.RedirectURL)
				continue
			}
			require.Equal(t, "tr_1", o.TransactionReference)
			l.Amount.Currency = "USD"
			require.Equal(t, unknown, (&mollie.Adapter{}).Conclude(body, l).Class, "another currency")
		}
	}
}

func TestWhatEventsSettleOfRefunds(t *testing.T) {
	l := gateway.Lookup{
		Call: gateway.Call{PaymentID: "pay_1", TransactionID: "txn_2", GatewayReference: "tr_1", Amount: money.New(500, "EUR")},
		Kind: payment.RefundOfSale, RefundID: "rf_1",
	}
	conclude := func(members string, l gateway.Lookup) payment.Outcome {
		return (&mollie.Adapter{}).Conclude(eventOf("refund.anything", "re_1", refundOf(members)), l)
	}
	require.Equal(t, payment.Outcome{
		Class: payment.OutcomeSucceeded, Amount: 500, GatewayReference: "tr_1", TransactionReference: "re_1",
	}, conclude(`"status":"refunded"`, l))
	for status, code := range map[string]payment.DeclineCode{"failed": payment.DeclineGeneric, "canceled": payment.DeclineState} {
		o := conclude(`"status":"`+status+`"`, l)
		require.Equal(t, payment.OutcomeDeclined, o.Class, status)
		require.Equal(t, code, o.Decline.Code, status)
		require.Equal(t, status, o.Decline.GatewayCode)
	}
	other, elsewhere, sale, yen := l, l, l, l
	other.TransactionID, elsewhere.GatewayReference, sale.Kind, yen.Amount.Currency = "txn_3", "tr_9", payment.Sale, "JPY"
	for why, o := range map[string]payment.Outcome{
		"queued":           conclude(`"status":"queued"`, l),
		"pending":          conclude(`"status":"pending"`, l),
		"processing":       conclude(`"status":"processing"`, l),
		"a new status":     conclude(`"status":"brand_new"`, l),
		"another refund":   conclude(`"status":"refunded"`, other),
		"another payment":  conclude(`"status":"refunded"`, elsewhere),
		"another kind":     conclude(`"status":"refunded"`, sale),
		"another currency": conclude(`"status":"refunded"`, yen),
	} {
		require.Equal(t, payment.OutcomeUnknown, o.Class, "%s: %+v", why, o)
		require.NotEmpty(t, o.Detail, why)
	}
}
