package paypal

import (
	"context"
	"net/http"
	"time"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// refundRequest asks to give back part of a capture.
type refundRequest struct {
	Amount    amount `json:"amount"`
	CustomID  string `json:"custom_id"`
	InvoiceID string `json:"invoice_id"`
}

// Refund implements gateway.Gateway. A call before it reads which capture the order
// has; when PayPal refuses, a call after it reads what the order has become.
func (a *Adapter) Refund(ctx context.Context, r gateway.Refund) (o payment.Outcome) {
	defer a.logged("refund", r.Call, time.Now(), &o)
	sum, err := toPayPal(r.Amount)
	if err != nil {
		return unsendable(err)
	}
	found, o := a.target(ctx, r.Call)
	if found == nil {
		return gone(o, r.Call, payment.RefundOfSale)
	}
	if o = ofRefundIn(found, r.Call); o.Class != payment.OutcomeAbsent {
		return o
	}
	taken := found.captured()
	if taken == nil || taken.Status == statusDeclined || taken.Status == statusFailed {
		return refer(declinedBy(payment.DeclineState, ""), found)
	}
	at := a.begin(ctx)
	defer at.cancel()
	var made refund
	err = a.send(at, request{http.MethodPost, capturesPath + taken.ID + "/refund", r.IdempotencyKey, refundRequest{
		Amount:    sum,
		CustomID:  ours{payment: r.PaymentID, transaction: r.TransactionID, refund: r.RefundID, order: found.ID}.String(),
		InvoiceID: r.TransactionID,
	}}, &made)
	if refused := refusalIn(err); refused.decides() {
		return a.afterRefusal(ctx, r.Call, refused, ofRefundIn)
	}
	if err != nil {
		return failed(r.Call, at, err)
	}
	return ofRefund(&made, r.Call)
}

// ofRefundIn looks for the refund among those of the order; it is Absent when it is
// none of them.
func ofRefundIn(found *order, c gateway.Call) payment.Outcome {
	for i := range found.unit().Payments.Refunds {
		if made := &found.unit().Payments.Refunds[i]; made.InvoiceID == c.TransactionID {
			return ofRefund(made, c)
		}
	}
	return payment.Outcome{Class: payment.OutcomeAbsent, GatewayReference: found.ID}
}

func ofRefund(made *refund, c gateway.Call) payment.Outcome {
	if !isReference(made.ID) {
		return payment.Unknown("the answer is not a refund")
	}
	sum, err := made.Amount.money()
	if err != nil || sum.Currency != c.Amount.Currency {
		return payment.Unknown("the refund's amount or currency cannot be read")
	}
	var o payment.Outcome
	switch made.Status {
	case statusCompleted:
		o = payment.Outcome{Class: payment.OutcomeSucceeded, Amount: sum.Minor}
	case statusPending:
		o = payment.Outcome{Class: payment.OutcomeAccepted}
	case statusFailed:
		o = declinedBy(payment.DeclineGeneric, made.Status)
	case statusCanceled:
		o = declinedBy(payment.DeclineState, made.Status)
	default:
		o = payment.Unknown("the refund has a status that the hub does not know")
	}
	o.GatewayReference, o.TransactionReference = c.GatewayReference, made.ID
	return o
}
