package mollie

import (
	"context"
	"net/http"
	"time"

	"github.com/VictorAvelar/mollie-api-go/v4/mollie"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// refundCanceled is a status that the library does not name: the refund was canceled
// in Mollie's dashboard before it was processed.
// Source: docs.mollie.com/docs/refunds, "Refund statuses".
const refundCanceled mollie.RefundStatus = "canceled"

// newRefund is what is asked of Mollie.
// Source: docs.mollie.com/reference/create-refund.
type newRefund struct {
	Amount   *mollie.Amount    `json:"amount"`
	Metadata map[string]string `json:"metadata"`
}

func refundsPath(reference string) string { return paymentsPath + "/" + reference + "/refunds" }

// Refund implements gateway.Gateway. When Mollie may have forgotten the call's key,
// the refund of an earlier call is looked for first, by calls of their own.
func (a *Adapter) Refund(ctx context.Context, r gateway.Refund) (o payment.Outcome) {
	defer a.logged("refund", r.Call, time.Now(), &o)
	amount, err := toMollie(r.Amount)
	switch {
	case err != nil:
		return unsendable(err)
	case !isWord(r.GatewayReference):
		return payment.Unknown("the payment's reference at Mollie is not known")
	case forgotten(r.Call):
		if o := a.findRefund(ctx, r.Call); o.Class != payment.OutcomeAbsent {
			return o
		}
	}
	meta := metadata(r.Call)
	meta[metaRefund] = r.RefundID
	at := a.begin(ctx)
	defer at.cancel()
	var made mollie.Refund
	if err := a.exchange(at, http.MethodPost, refundsPath(r.GatewayReference), r.IdempotencyKey, newRefund{amount, meta}, &made); err != nil {
		return failed(r.Call, at, err)
	}
	return ofRefund(&made, r.Call)
}

// ofRefund reads what became of a refund. It leaves the account when there is money
// for it, and is told as done or failed days later.
func ofRefund(r *mollie.Refund, c gateway.Call) payment.Outcome {
	if !isWord(r.ID) || ours(r.Metadata, metaTransaction) != c.TransactionID {
		return payment.Unknown("the answer is not our refund")
	}
	amount, err := fromMollie(r.Amount)
	if err != nil || amount.Currency != c.Amount.Currency {
		return payment.Unknown("the refund's amount or currency cannot be read")
	}
	var o payment.Outcome
	switch r.Status {
	case mollie.Refunded:
		o = payment.Outcome{Class: payment.OutcomeSucceeded, Amount: amount.Minor}
	case mollie.Queued, mollie.Pending, mollie.Processing:
		o = payment.Outcome{Class: payment.OutcomeAccepted}
	case mollie.Failed:
		o = refundDeclined(payment.DeclineGeneric, r.Status)
	case refundCanceled:
		o = refundDeclined(payment.DeclineState, r.Status)
	default:
		o = payment.Unknown("the refund has a status that the hub does not know")
	}
	o.GatewayReference, o.TransactionReference = c.GatewayReference, r.ID
	return o
}

func refundDeclined(code payment.DeclineCode, status mollie.RefundStatus) payment.Outcome {
	d := payment.NewDecline(code)
	d.GatewayCode = string(status)
	return payment.Declined(d)
}
