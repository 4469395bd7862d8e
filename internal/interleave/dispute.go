package interleave

import (
	"context"
	"errors"
	"fmt"

	"paymenthub/internal/gateway"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// DisputeStatus is where a dispute stands at the provider.
type DisputeStatus string

// The states of a dispute. All but the inquiry keep its amount from the
// merchant until it is won.
const (
	DisputeInquiry  DisputeStatus = "warning_needs_response"
	DisputeOpen     DisputeStatus = "needs_response"
	DisputeReviewed DisputeStatus = "under_review"
	DisputeWon      DisputeStatus = "won"
	DisputeLost     DisputeStatus = "lost"
)

var disputeStatuses = map[DisputeStatus]payment.DisputeStatus{
	DisputeInquiry: payment.DisputeInquiry, DisputeOpen: payment.DisputeNeedsResponse, DisputeReviewed: payment.DisputeUnderReview,
	DisputeWon: payment.DisputeWon, DisputeLost: payment.DisputeLost,
}

// Dispute is a shopper's objection to a charge.
type Dispute struct {
	Reference string
	Amount    int64
	Status    DisputeStatus
}

// Kept is what the merchant is without because of the dispute.
func (d Dispute) Kept() int64 {
	if d.Status == DisputeInquiry || d.Status == DisputeWon {
		return 0
	}
	return d.Amount
}

// Says is the dispute's state in the hub's words.
func (d Dispute) Says() payment.DisputeStatus { return disputeStatuses[d.Status] }

// Object opens a dispute of the captured charge of a payment and returns its
// reference, empty when nothing is captured.
func (p *Provider) Object(paymentID string, amount int64, status DisputeStatus) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.byID[paymentID] {
		if c.Status == Captured {
			d := Dispute{Reference: fmt.Sprintf("du_%s_%d", c.Reference, len(c.Disputes)+1), Amount: amount, Status: status}
			c.Disputes = append(c.Disputes, d)
			p.tell(message{Charge: *c, Dispute: &d})
			return d.Reference
		}
	}
	return ""
}

// MoveDispute has a dispute go on to a state.
func (p *Provider) MoveDispute(reference string, to DisputeStatus) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, d := p.dispute(reference); d != nil {
		d.Status = to
		told := *d
		p.tell(message{Charge: *c, Dispute: &told})
	}
}

// Dispute implements gateway.Gateway.
func (p *Provider) Dispute(_ context.Context, l gateway.DisputeLookup) (payment.DisputeReport, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.plan != nil && p.plan("look up") != NoFault {
		return payment.DisputeReport{}, errors.New("the look-up failed")
	}
	c, d := p.dispute(l.Reference)
	if d == nil {
		return payment.DisputeReport{}, errors.New("there is no such dispute")
	}
	return payment.DisputeReport{
		Reference: d.Reference, Amount: money.New(d.Amount, c.Currency), Reason: "general", Status: d.Says(),
		Withdrawn: d.Status != DisputeInquiry, Reinstated: d.Status == DisputeWon,
	}, nil
}

func (p *Provider) dispute(reference string) (*Charge, *Dispute) {
	for _, c := range p.charges {
		for i := range c.Disputes {
			if c.Disputes[i].Reference == reference {
				return c, &c.Disputes[i]
			}
		}
	}
	return nil, nil
}
