package interleave

import (
	"context"
	"fmt"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// keptCard is a card that the provider keeps, or kept.
type keptCard struct {
	method   string // our id of it; "" of those that payments saved
	customer string // "" once it is detached
	card     vault.Card
}

// Kept counts the cards that the provider keeps for its customer.
func (p *Provider) Kept(customerReference string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.kept {
		if k.customer == customerReference {
			n++
		}
	}
	return n
}

// keep keeps a card for a customer, whose reference follows from our id.
func (p *Provider) keep(save gateway.SaveFor, card vault.Card) *payment.Kept {
	k := &payment.Kept{
		CustomerReference: "gw_" + save.CustomerID, MethodReference: fmt.Sprintf("gw_card_%d", len(p.kept)+1), NetworkTransactionID: "ntx",
	}
	p.kept[k.MethodReference] = &keptCard{customer: k.CustomerReference, card: card}
	return k
}

// StoreMethod implements gateway.Gateway.
func (p *Provider) StoreMethod(ctx context.Context, s gateway.Storage) payment.Outcome {
	call := callOf(s.MethodCall)
	card, err := s.Instrument.Open(ctx)
	if err != nil {
		return declineUnsent(call, payment.DeclineProcessingError)
	}
	return p.receive("store method", call, func() payment.Outcome {
		if card.Number.Reveal() == CardDeclined {
			return payment.Declined(payment.NewDecline(payment.DeclineGeneric))
		}
		k := p.keep(s.Save, card)
		p.kept[k.MethodReference].method = s.MethodID
		return payment.Outcome{Class: payment.OutcomeSucceeded, Kept: k}
	})
}

// FindMethod implements gateway.Gateway.
func (p *Provider) FindMethod(_ context.Context, l gateway.MethodLookup) payment.Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.plan != nil && p.plan("find method") != NoFault {
		return payment.Unknown("the look-up failed")
	}
	for token, k := range p.kept {
		if k.method == l.MethodID && k.customer != "" {
			return payment.Outcome{Class: payment.OutcomeSucceeded, Kept: &payment.Kept{CustomerReference: k.customer, MethodReference: token}}
		}
	}
	return payment.Outcome{Class: payment.OutcomeAbsent}
}

// DetachMethod implements gateway.Gateway.
func (p *Provider) DetachMethod(_ context.Context, d gateway.Detachment) payment.Outcome {
	return p.receive("detach method", callOf(d.MethodCall), func() payment.Outcome {
		if k := p.kept[d.Stored.MethodReference]; k != nil {
			k.customer = ""
		}
		return payment.Outcome{Class: payment.OutcomeSucceeded}
	})
}

func callOf(m gateway.MethodCall) gateway.Call {
	return gateway.Call{Scope: m.Scope, IdempotencyKey: m.IdempotencyKey, Repeated: m.Repeated, CreatedAt: m.CreatedAt}
}

// chargeKept charges a kept card; one that is detached declines, and one that
// needs the shopper does without them.
func (p *Provider) chargeKept(a gateway.Authorization) payment.Outcome {
	k := p.kept[a.Stored.MethodReference]
	if k == nil || k.customer != a.Stored.CustomerReference {
		return payment.Declined(payment.NewDecline(payment.DeclineMethodDetached))
	}
	if a.MerchantInitiated && k.card.Number.Reveal() == CardChallenge {
		return payment.Declined(payment.NewDecline(payment.DeclineAuthenticationNeeded))
	}
	return p.charge(a, k.card)
}
