package stripe

import (
	"context"
	"time"

	"github.com/stripe/stripe-go/v76"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Refund implements gateway.Gateway.
func (a *Adapter) Refund(ctx context.Context, r gateway.Refund) (o payment.Outcome) {
	defer a.logged("refund", r.Call, time.Now(), &o)
	amount, err := toStripe(r.Amount)
	if err != nil {
		return unsendable(err)
	}
	meta := metadata(r.Call)
	meta[metaRefund] = r.RefundID
	call := a.begin(ctx)
	defer call.cancel()
	refund, err := a.api.Refunds.New(&stripe.RefundParams{
		Params:        call.params(r.IdempotencyKey),
		PaymentIntent: stripe.String(r.GatewayReference),
		Amount:        stripe.Int64(amount),
		Reason:        refundReason(r.Reason),
		Metadata:      meta,
	})
	if err != nil {
		return failed(r.Call, call, err)
	}
	return ofRefund(refund, r.Call)
}

// refundReason is Stripe's word; "other" has none and is left out.
func refundReason(r payment.RefundReason) *string {
	switch r {
	case "duplicate", "fraudulent", "requested_by_customer":
		return stripe.String(string(r))
	default:
		return nil
	}
}

// refundFailures maps Refund.failure_reason.
// Source: docs.stripe.com/refunds, "Failed refunds".
var refundFailures = map[stripe.RefundFailureReason]payment.DeclineCode{
	"lost_or_stolen_card":                payment.DeclineLostOrStolen,
	"expired_or_canceled_card":           payment.DeclineExpiredCard,
	"charge_for_pending_refund_disputed": payment.DeclineState,
	"insufficient_funds":                 payment.DeclineState, // the account's balance, not the card's
	"merchant_request":                   payment.DeclineState,
	"declined":                           payment.DeclineGeneric,
	"unknown":                            payment.DeclineGeneric,
}

func ofRefund(refund *stripe.Refund, c gateway.Call) payment.Outcome {
	if refund.ID == "" {
		return payment.Unknown("the answer is not a refund")
	}
	amount, err := fromStripe(refund.Amount, string(refund.Currency))
	if err != nil || amount.Currency != c.Amount.Currency {
		return payment.Unknown("the refund's amount or currency cannot be read")
	}
	var o payment.Outcome
	switch refund.Status {
	case stripe.RefundStatusSucceeded:
		o = payment.Outcome{Class: payment.OutcomeSucceeded, Amount: amount.Minor}
	case stripe.RefundStatusPending, stripe.RefundStatusRequiresAction:
		o = payment.Outcome{Class: payment.OutcomeAccepted}
	case stripe.RefundStatusFailed:
		code, ok := refundFailures[refund.FailureReason]
		if !ok {
			code = payment.DeclineGeneric
		}
		o = declinedBy(code, word(string(refund.FailureReason)))
	case stripe.RefundStatusCanceled:
		o = declinedBy(payment.DeclineState, "canceled")
	default:
		o = payment.Unknown("the refund has a status that the hub does not know")
	}
	o.GatewayReference, o.TransactionReference = c.GatewayReference, refund.ID
	return o
}
