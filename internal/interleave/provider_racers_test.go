package interleave_test

import (
	"context"
	"math/rand/v2"
	"net/http"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/interleave"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// What providers do by themselves.

// banking settles refunds late, one way or the other.
var banking = racer{enter: func(r *race) func(context.Context) {
	r.provider.Delay(r.id)
	random := rand.New(rand.NewPCG(r.random.Uint64(), 2))
	coin := func() bool { return random.IntN(2) == 0 }
	return func(ctx context.Context) {
		for range 3 {
			interleave.Point(ctx, "bank")
			r.provider.MoveRefunds(r.id, interleave.RefundPending, interleave.RefundSucceeded, coin)
			r.provider.MoveRefunds(r.id, interleave.RefundPending, interleave.RefundFailed, coin)
		}
	}
}}

// takingBack undoes a refund that has succeeded.
var takingBack = racer{enter: func(r *race) func(context.Context) {
	return func(ctx context.Context) {
		once := true
		first := func() (yes bool) {
			yes, once = once, false
			return yes
		}
		for range 6 {
			interleave.Point(ctx, "bank")
			if r.provider.MoveRefunds(r.id, interleave.RefundSucceeded, interleave.RefundFailed, first) {
				return
			}
		}
	}
}}

// objecting opens a dispute and has it go from state to state.
func objecting(part int64, states ...interleave.DisputeStatus) racer {
	return racer{enter: func(r *race) func(context.Context) {
		return func(ctx context.Context) {
			reference := ""
			for range 8 {
				interleave.Point(ctx, "shopper objects")
				if reference = r.provider.Object(r.id, part, states[0]); reference != "" {
					break
				}
			}
			for _, next := range states[1:] {
				interleave.Point(ctx, "dispute "+string(next))
				r.provider.MoveDispute(reference, next)
			}
		}
	}}
}

// disputeSteps are workers that write down how disputes stand, each as if it
// were the only one.
var disputeSteps = racer{workers: 2, enter: func(r *race) func(context.Context) {
	return func(ctx context.Context) {
		for range 3 {
			interleave.Point(ctx, "dispute step")
			for _, c := range r.provider.Charges(r.id) {
				for _, d := range c.Disputes {
					r.disputeLook(ctx, payment.DisputeRef{
						Environment: merchant.Sandbox, Gateway: r.provider.Provider(), Reference: d.Reference, PaymentID: r.id,
					})
				}
			}
		}
	}
}}

// garble makes a webhook tell what never happened.
type garble func(*interleave.Charge) (*interleave.Refund, *interleave.Dispute)

// mistaking delivers webhooks that are duly signed and wrong, and one that is
// not signed.
func mistaking(all ...garble) racer {
	return racer{enter: func(r *race) func(context.Context) {
		r.telling = true
		return func(ctx context.Context) {
			for _, wrong := range all {
				interleave.Point(ctx, "mistake")
				if w, ok := r.provider.Mistake(r.id, wrong); ok {
					r.mistaken[w.ID] = true
					r.deliver(ctx, w)
					r.deliver(ctx, w)
					err := r.receiver.Receive(ctx, r.provider.Provider(), string(merchant.Sandbox), http.Header{}, w.Body)
					r.demand(fault.Is(err, fault.Unauthenticated), "%v", err)
				}
			}
		}
	}}
}

// onCharge makes a mistake about the charge itself.
func onCharge(change func(*interleave.Charge)) garble {
	return func(c *interleave.Charge) (*interleave.Refund, *interleave.Dispute) {
		change(c)
		return nil, nil
	}
}

var (
	anotherAmount      = onCharge(func(c *interleave.Charge) { c.Amount++ })
	anotherCurrency    = onCharge(func(c *interleave.Charge) { c.Currency = "EUR" })
	anotherTransaction = onCharge(func(c *interleave.Charge) { c.TransactionID = id.New(id.Transaction) })
	anotherPayment     = onCharge(func(c *interleave.Charge) { c.PaymentID = id.New(id.Payment) })
	capturedAfterAll   = onCharge(func(c *interleave.Charge) { c.Status, c.Captured = interleave.Captured, c.Amount })
	moreCaptured       = onCharge(func(c *interleave.Charge) { c.Status, c.Captured = interleave.Captured, c.Captured+1 })
	releasedAfterAll   = onCharge(func(c *interleave.Charge) { c.Status = interleave.Voided })
	anotherRefund      = func(*interleave.Charge) (*interleave.Refund, *interleave.Dispute) {
		return &interleave.Refund{ID: id.New(id.Refund), Amount: 100, Status: interleave.RefundSucceeded}, nil
	}
	refundOfMore = func(c *interleave.Charge) (*interleave.Refund, *interleave.Dispute) {
		r := c.Refunds[0]
		r.Amount++
		return &r, nil
	}
	disputeOfMore = func(*interleave.Charge) (*interleave.Refund, *interleave.Dispute) {
		return nil, &interleave.Dispute{Reference: "du_mistaken", Amount: amount + 1, Status: interleave.DisputeOpen}
	}
	disputeElsewhere = func(c *interleave.Charge) (*interleave.Refund, *interleave.Dispute) {
		c.Reference = "gw_elsewhere"
		return nil, &interleave.Dispute{Reference: "du_elsewhere", Amount: 1, Status: interleave.DisputeOpen}
	}
)
