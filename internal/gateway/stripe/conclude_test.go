package stripe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/stripe"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

func TestWhatEventsSettle(t *testing.T) {
	call := gateway.Call{PaymentID: "pay_1", TransactionID: "txn_1", GatewayReference: "pi_1", Amount: money.New(12_000, "AED")}
	const declined, unknown, succeeded = payment.OutcomeDeclined, payment.OutcomeUnknown, payment.OutcomeSucceeded
	for _, c := range []struct {
		members                             string
		authorization, sale, capture, voids payment.OutcomeClass
	}{
		{`"status":"requires_payment_method"`, unknown, unknown, unknown, unknown},
		{`"status":"requires_confirmation"`, unknown, unknown, unknown, unknown},
		{`"status":"requires_action","next_action":{"type":"redirect_to_url","redirect_to_url":{"url":"https://x.example"}}`, unknown, unknown, unknown, unknown},
		{`"status":"processing"`, unknown, unknown, unknown, unknown},
		{`"status":"brand_new"`, unknown, unknown, unknown, unknown},
		{`"status":"requires_payment_method","last_payment_error":{"type":"card_error","code":"card_declined","decline_code":"lost_card"}`, declined, declined, unknown, unknown},
		{`"status":"requires_capture","amount_capturable":12000`, succeeded, unknown, unknown, unknown},
		{`"status":"succeeded","amount_received":12000`, succeeded, succeeded, succeeded, declined},
		{`"status":"canceled","cancellation_reason":"automatic"`, declined, declined, declined, succeeded},
		{`"status":"succeeded","amount_received":"12000"`, unknown, unknown, unknown, unknown},
	} {
		body := eventOf("payment_intent.anything", intentOf(c.members))
		for kind, want := range map[payment.TransactionKind]payment.OutcomeClass{
			payment.Authorization: c.authorization, payment.Sale: c.sale, payment.Capture: c.capture, payment.Void: c.voids,
			payment.RefundOfSale: unknown,
		} {
			l := gateway.Lookup{Call: call, Kind: kind}
			o := (&stripe.Adapter{}).Conclude(body, l)
			require.Equal(t, want, o.Class, "%s of %s: %+v", kind, c.members, o)
			require.Nil(t, o.Fee)
			require.Empty(t, o.RedirectURL)
			if want == unknown {
				require.NotEmpty(t, o.Detail)
				continue
			}
			require.Equal(t, "ch_1", o.TransactionReference)
			l.Amount.Currency = "USD"
			require.Equal(t, unknown, (&stripe.Adapter{}).Conclude(body, l).Class, "another currency")
		}
	}
}

// The network's own words are in the event as they are in an answer.
func TestAnEventTellsWhyTheIssuerDeclined(t *testing.T) {
	body := eventOf("payment_intent.payment_failed", intentOf(`"status":"requires_payment_method","last_payment_error":
		{"type":"card_error","code":"card_declined","decline_code":"generic_decline","network_decline_code":"61","network_advice_code":"03"}`))
	o := (&stripe.Adapter{}).Conclude(body, gateway.Lookup{
		Call: gateway.Call{PaymentID: "pay_1", TransactionID: "txn_1", Amount: money.New(12_000, "AED")}, Kind: payment.Sale,
	})
	require.Equal(t, payment.OutcomeDeclined, o.Class)
	require.Equal(t, payment.DeclineLimitExceeded, o.Decline.Code)
	require.Equal(t, payment.AdviceNeverRetry, o.Decline.Advice)
	require.Equal(t, "61", o.ResponseCode)
}

// A card is saved as well when only a webhook tells that it was charged. The event
// names the charge, which holds the network's id, and does not tell it.
func TestAnEventTellsWhichCardIsKept(t *testing.T) {
	l := gateway.Lookup{Call: gateway.Call{PaymentID: "pay_1", TransactionID: "txn_1", Amount: money.New(12_000, "AED")}, Kind: payment.Sale}
	of := func(members string) *payment.Kept {
		return (&stripe.Adapter{}).Conclude(eventOf("payment_intent.anything", intentOf(members)), l).Kept
	}
	const saved = `,"customer":"cus_1","payment_method":"pm_1","setup_future_usage":"off_session"`
	require.Equal(t, &payment.Kept{CustomerReference: "cus_1", MethodReference: "pm_1"}, of(`"status":"succeeded","amount_received":12000`+saved))
	require.Equal(t, &payment.Kept{CustomerReference: "cus_1"}, of(`"status":"canceled","cancellation_reason":"automatic"`+saved))
	require.Nil(t, of(`"status":"succeeded","amount_received":12000,"customer":"cus_1","payment_method":"pm_1"`), "paid with a card that is kept already")
}

func TestWhatEventsSettleOfRefunds(t *testing.T) {
	l := gateway.Lookup{
		Call: gateway.Call{PaymentID: "pay_1", TransactionID: "txn_2", GatewayReference: "pi_1", Amount: money.New(500, "ISK")},
		Kind: payment.RefundOfSale, RefundID: "rf_1",
	}
	conclude := func(members string, l gateway.Lookup) payment.Outcome {
		return (&stripe.Adapter{}).Conclude(eventOf("refund.updated", `{"id":"re_1","object":"refund","amount":50000,"currency":"isk",
			"metadata":{"payment_id":"pay_1","transaction_id":"txn_2","refund_id":"rf_1"},`+members+`}`), l)
	}
	done := conclude(`"payment_intent":"pi_1","status":"succeeded"`, l)
	require.Equal(t, payment.Outcome{
		Class: payment.OutcomeSucceeded, Amount: 500, GatewayReference: "pi_1", TransactionReference: "re_1",
	}, done)
	for reason, want := range map[string]payment.DeclineCode{
		`"lost_or_stolen_card"`: payment.DeclineLostOrStolen, `"expired_or_canceled_card"`: payment.DeclineExpiredCard,
		`"insufficient_funds"`: payment.DeclineState, `"merchant_request"`: payment.DeclineState,
		`"declined"`: payment.DeclineGeneric, `"unknown"`: payment.DeclineGeneric, `"4242 4242"`: payment.DeclineGeneric, `null`: payment.DeclineGeneric,
	} {
		o := conclude(`"payment_intent":"pi_1","status":"failed","failure_reason":`+reason, l)
		require.Equal(t, payment.OutcomeDeclined, o.Class, reason)
		require.Equal(t, want, o.Decline.Code, reason)
		require.NotContains(t, o.Decline.GatewayCode, "4242")
	}
	require.Equal(t, payment.OutcomeDeclined, conclude(`"payment_intent":"pi_1","status":"canceled"`, l).Class)

	other, elsewhere, sale := l, l, l
	other.TransactionID, elsewhere.GatewayReference, sale.Kind = "txn_3", "pi_9", payment.Sale
	for why, o := range map[string]payment.Outcome{
		"open":            conclude(`"payment_intent":"pi_1","status":"pending"`, l),
		"a new status":    conclude(`"payment_intent":"pi_1","status":"brand_new"`, l),
		"another refund":  conclude(`"payment_intent":"pi_1","status":"succeeded"`, other),
		"another payment": conclude(`"payment_intent":"pi_1","status":"succeeded"`, elsewhere),
		"no payment":      conclude(`"payment_intent":null,"status":"succeeded"`, l),
		"another kind":    conclude(`"payment_intent":"pi_1","status":"succeeded"`, sale),
	} {
		require.Equal(t, payment.OutcomeUnknown, o.Class, "%s: %+v", why, o)
		require.NotEmpty(t, o.Detail, why)
	}
}
