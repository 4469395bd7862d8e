package interleave

import (
	"context"
	"fmt"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// RefundStatus is where a refund stands at the provider.
type RefundStatus string

// The states of a refund. One that succeeded may fail yet: it is taken back.
const (
	RefundPending   RefundStatus = "pending"
	RefundSucceeded RefundStatus = "succeeded"
	RefundFailed    RefundStatus = "failed"
)

// Refund is money that the provider gave back, or was to.
type Refund struct {
	ID            string // ours
	TransactionID string
	Reference     string
	Amount        int64
	Status        RefundStatus
}

// Refunded is the sum that was given back, or is about to be.
func (c Charge) Refunded() (sum int64) {
	for _, r := range c.Refunds {
		if r.Status != RefundFailed {
			sum += r.Amount
		}
	}
	return sum
}

// Refund implements gateway.Gateway.
func (p *Provider) Refund(_ context.Context, r gateway.Refund) payment.Outcome {
	return p.receive("refund", r.Call, func() payment.Outcome {
		c := p.find(r.GatewayReference)
		if c == nil || c.Status != Captured || r.Amount.Minor > c.Captured-c.Refunded() {
			return payment.Declined(payment.NewDecline(payment.DeclineState))
		}
		back := Refund{
			ID: r.RefundID, TransactionID: r.TransactionID, Reference: fmt.Sprintf("re_%s_%d", c.Reference, len(c.Refunds)+1),
			Amount: r.Amount.Minor, Status: RefundSucceeded,
		}
		if p.slow[c.PaymentID] {
			back.Status = RefundPending
		}
		c.Refunds = append(c.Refunds, back)
		p.tell(message{Charge: *c, Refund: &back})
		return c.returned(back)
	})
}

// Delay leaves the refunds of a payment pending until MoveRefunds.
func (p *Provider) Delay(paymentID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slow[paymentID] = true
}

// MoveRefunds has the refunds of a payment that are in a state go on to
// another, where choose picks them. It reports whether there were any.
func (p *Provider) MoveRefunds(paymentID string, from, to RefundStatus, choose func() bool) (moved bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.byID[paymentID] {
		for i := range c.Refunds {
			if r := &c.Refunds[i]; r.Status == from && choose() {
				r.Status, moved = to, true
				told := *r
				p.tell(message{Charge: *c, Refund: &told})
			}
		}
	}
	return moved
}

func (c *Charge) ofRefund(transactionID string) payment.Outcome {
	for _, r := range c.Refunds {
		if r.TransactionID == transactionID {
			return c.returned(r)
		}
	}
	return c.refer(payment.Outcome{Class: payment.OutcomeAbsent})
}

func (c *Charge) returned(r Refund) (o payment.Outcome) {
	switch r.Status {
	case RefundPending:
		o = c.refer(payment.Outcome{Class: payment.OutcomeAccepted})
	case RefundFailed:
		o = c.decline(payment.DeclineGeneric)
	default:
		o = c.moved(r.Amount)
	}
	o.TransactionReference = r.Reference
	return o
}
