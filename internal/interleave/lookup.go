package interleave

import (
	"context"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Lookup implements gateway.Gateway. It tells the truth of the moment: what is
// still on its way is absent.
func (p *Provider) Lookup(_ context.Context, l gateway.Lookup) payment.Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.plan != nil && p.plan("look up") != NoFault {
		return payment.Unknown("the look-up failed")
	}
	for _, c := range p.byID[l.PaymentID] {
		switch {
		case l.Kind == payment.Authorization || l.Kind == payment.Sale:
			if c.TransactionID == l.TransactionID {
				return c.authorization()
			}
		case c.Reference != l.GatewayReference:
		case l.Kind == payment.Capture:
			return c.ofCapture()
		case l.Kind == payment.Void:
			return c.ofVoid()
		default:
			return c.ofRefund(l.TransactionID)
		}
	}
	return payment.Outcome{Class: payment.OutcomeAbsent}
}

// authorization is what became of the authorization or sale.
func (c *Charge) authorization() payment.Outcome {
	switch c.Status {
	case Acting:
		o := c.refer(payment.Outcome{Class: payment.OutcomeActionRequired})
		o.RedirectURL = "https://issuer.example/act"
		return o
	case Refusal:
		return c.decline(payment.DeclineGeneric)
	case Voided:
		return c.decline(payment.DeclineState)
	default:
		return c.moved(c.Amount)
	}
}

// ofCapture is absent while the amount is still held.
func (c *Charge) ofCapture() payment.Outcome {
	switch c.Status {
	case Captured:
		return c.moved(c.Captured)
	case Held:
		return c.refer(payment.Outcome{Class: payment.OutcomeAbsent})
	default:
		return c.decline(payment.DeclineState)
	}
}

// afterRefusedCapture tells a capture of this transaction from another's.
func (c *Charge) afterRefusedCapture(call gateway.Call) payment.Outcome {
	switch {
	case c.Status == Captured && c.CapturedBy != call.TransactionID:
		return c.decline(payment.DeclineState)
	case c.Status == Held:
		return payment.Unknown("refused by a state that allows it now")
	default:
		return c.ofCapture()
	}
}

// ofVoid is absent while there is something to release.
func (c *Charge) ofVoid() payment.Outcome {
	switch c.Status {
	case Voided:
		return c.moved(c.Amount)
	case Captured:
		return c.decline(payment.DeclineState)
	default:
		return c.refer(payment.Outcome{Class: payment.OutcomeAbsent})
	}
}

func (c *Charge) moved(amount int64) payment.Outcome {
	return c.refer(payment.Outcome{Class: payment.OutcomeSucceeded, Amount: amount})
}

func (c *Charge) decline(code payment.DeclineCode) payment.Outcome {
	return c.refer(payment.Declined(payment.NewDecline(code)))
}

func (c *Charge) refer(o payment.Outcome) payment.Outcome {
	o.GatewayReference, o.TransactionReference, o.Kept = c.Reference, "ch_"+c.Reference, c.Kept
	return o
}
