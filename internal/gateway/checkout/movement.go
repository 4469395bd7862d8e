package checkout

import (
	"context"
	"errors"
	"net/http"
	"time"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Capture implements gateway.Gateway. Checkout.com releases what is not captured.
// When it refuses because of the payment's state, two more calls read that state.
func (a *Adapter) Capture(ctx context.Context, c gateway.Call) (o payment.Outcome) {
	defer a.logged("capture", c, time.Now(), &o)
	amount, err := toCheckout(c.Amount)
	if err != nil {
		return unsendable(err)
	}
	return a.move(ctx, c, payment.Capture, "/captures", actionRequest{Amount: amount, Reference: c.TransactionID, Metadata: movementMetadata(c)})
}

// Void implements gateway.Gateway. One that is voided already is a success. When
// Checkout.com refuses because of the payment's state, two more calls read that
// state; a payment that waits for the shopper ends by itself within 15 minutes.
func (a *Adapter) Void(ctx context.Context, c gateway.Call) (o payment.Outcome) {
	defer a.logged("void", c, time.Now(), &o)
	return a.move(ctx, c, payment.Void, "/voids", actionRequest{Reference: c.TransactionID, Metadata: movementMetadata(c)})
}

// Refund implements gateway.Gateway. When Checkout.com refuses because of the
// payment's state, another call reads that state. It has no field for the reason.
func (a *Adapter) Refund(ctx context.Context, r gateway.Refund) (o payment.Outcome) {
	defer a.logged("refund", r.Call, time.Now(), &o)
	amount, err := toCheckout(r.Amount)
	if err != nil {
		return unsendable(err)
	}
	meta := metadata(r.Call)
	meta[metaRefund] = r.RefundID
	return a.move(ctx, r.Call, payment.RefundOfSale, "/refunds", actionRequest{Amount: amount, Reference: r.TransactionID, Metadata: meta})
}

// move asks for a capture, void or refund, which Checkout.com accepts and carries
// out later. When it may have forgotten the call's key, what an earlier call did is
// looked for first.
func (a *Adapter) move(ctx context.Context, c gateway.Call, kind payment.TransactionKind, path string, body actionRequest) payment.Outcome {
	if !isWord(c.GatewayReference) {
		return payment.Unknown("the payment's reference at Checkout.com is not known")
	}
	if forgotten(c) {
		if o := a.findMovement(ctx, c, kind); o.Class != payment.OutcomeAbsent {
			return o
		}
	}
	call := a.begin(ctx)
	defer call.cancel()
	var answer accepted
	err := a.exchange(call, http.MethodPost, "/payments/"+c.GatewayReference+path, c.IdempotencyKey, body, &answer)
	switch {
	case forbiddenByState(err):
		return a.afterRefused(ctx, c, kind)
	case err != nil:
		return failed(c, call, err)
	case !isWord(answer.ActionID) || answer.Reference != "" && answer.Reference != c.TransactionID:
		return payment.Unknown("the answer is not about what was asked for")
	}
	return payment.Outcome{Class: payment.OutcomeAccepted, GatewayReference: c.GatewayReference, TransactionReference: answer.ActionID}
}

// forbiddenByState reports whether Checkout.com said that the payment's state forbids
// an operation. Source: api-reference.checkout.com, "Capture not allowed" and such.
func forbiddenByState(err error) bool {
	no := (*refusal)(nil)
	return errors.As(err, &no) && no.Status == http.StatusForbidden
}

// afterRefused decides a refused operation by the state that refused it: this
// transaction may have been carried out before.
func (a *Adapter) afterRefused(ctx context.Context, c gateway.Call, kind payment.TransactionKind) payment.Outcome {
	o := a.findMovement(ctx, c, kind)
	switch {
	case o.Class != payment.OutcomeAbsent:
		return o
	case kind == payment.RefundOfSale:
		return at(declinedBy(payment.DeclineState, "not_refundable"), c.GatewayReference, c.GatewayReference)
	default:
		// It is as it must be for that: whatever was in its way is over, or the
		// payment waits for the shopper.
		return at(payment.Unknown("the payment's state refused it, and would allow it now"), c.GatewayReference, c.GatewayReference)
	}
}
