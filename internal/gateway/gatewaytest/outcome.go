package gatewaytest

import (
	"cmp"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// send makes a call; repeated, it is made again under its key.
type send func(b *bench, repeated bool) payment.Outcome

// sending makes the call of a transaction for the first time, and remembers how.
func (b *bench) sending(transactionID string, s send) payment.Outcome {
	b.sent[transactionID] = s
	return s(b, false)
}

// The calls, with what the provider answers at once.

func (b *bench) authorize(c gateway.Call, card vault.Card, capture bool) payment.Outcome {
	return b.authorizing(b.authorization(c, card, capture))
}

func (b *bench) authorizing(a gateway.Authorization) payment.Outcome {
	return b.sending(a.TransactionID, func(b *bench, repeated bool) payment.Outcome {
		a.Repeated = a.Repeated || repeated
		return b.gateway.Authorize(b.Context(), a)
	})
}

func (b *bench) capturing(c gateway.Call) payment.Outcome {
	return b.sending(c.TransactionID, func(b *bench, repeated bool) payment.Outcome {
		c.Repeated = c.Repeated || repeated
		return b.gateway.Capture(b.Context(), c)
	})
}

func (b *bench) voiding(c gateway.Call) payment.Outcome {
	return b.sending(c.TransactionID, func(b *bench, repeated bool) payment.Outcome {
		c.Repeated = c.Repeated || repeated
		return b.gateway.Void(b.Context(), c)
	})
}

func (b *bench) refunding(r gateway.Refund) payment.Outcome {
	return b.sending(r.TransactionID, func(b *bench, repeated bool) payment.Outcome {
		r.Repeated = r.Repeated || repeated
		return b.gateway.Refund(b.Context(), r)
	})
}

// completing takes a payment that is ready; what is learned by repeating is still
// learned from its authorization.
func (b *bench) completing(c gateway.Call, capture bool) payment.Outcome {
	b.Helper()
	completer, ok := b.gateway.(gateway.Completer)
	require.True(b, ok, "a look-up finds a payment ready, and the gateway completes none")
	c.Repeated = true // as the hub says it: the shopper took their time
	return completer.Complete(b.Context(), gateway.Completion{Call: c, Capture: capture})
}

// The same, with how the transaction ends.

// pay lets the shopper take part where that is asked for, and remembers in c what
// the hub does: the provider's reference and what the shopper came back with.
func (b *bench) pay(c *gateway.Call, card vault.Card, capture bool) payment.Outcome {
	b.Helper()
	return b.ends(c, kindOf(capture), b.authorize(*c, card, capture))
}

// ends lets a payment by a method other than cards end with the shopper's consent.
func (b *bench) ends(c *gateway.Call, kind payment.TransactionKind, o payment.Outcome) payment.Outcome {
	b.Helper()
	if b.method() != payment.MethodCard && (kind == payment.Sale || kind == payment.Authorization) && o.Class == payment.OutcomeActionRequired {
		b.returns(c, o, true)
		o = b.settled(*c, kind, b.learn(*c, kind))
		c.GatewayReference = cmp.Or(o.GatewayReference, c.GatewayReference)
		return o
	}
	return b.settled(*c, kind, o)
}

// returns lets the shopper pass or refuse at the provider's page and come back.
func (b *bench) returns(c *gateway.Call, asked payment.Outcome, pass bool) {
	b.Helper()
	c.GatewayReference = asked.GatewayReference
	c.Returned = b.Authenticate(b.T, asked, pass)
}

func (b *bench) capture(c gateway.Call) payment.Outcome {
	b.Helper()
	return b.settled(c, payment.Capture, b.capturing(c))
}

func (b *bench) void(c gateway.Call) payment.Outcome {
	b.Helper()
	return b.settled(c, payment.Void, b.voiding(c))
}

func (b *bench) refund(c gateway.Call) payment.Outcome {
	b.Helper()
	return b.settled(c, payment.RefundOfSale, b.refunding(refundOf(c)))
}

// lookup finds out how a transaction ended.
func (b *bench) lookup(c gateway.Call, kind payment.TransactionKind) payment.Outcome {
	b.Helper()
	return b.settled(c, kind, b.learn(c, kind))
}

// learn finds out what is known of a transaction now, as the hub does: the provider
// is asked, and one that cannot be asked is sent the call again under its key.
func (b *bench) learn(c gateway.Call, kind payment.TransactionKind) payment.Outcome {
	b.Helper()
	l := lookupOf(c, kind)
	o := b.gateway.Lookup(b.Context(), l)
	if o.Class != payment.OutcomeUnknown || b.gateway.Capabilities().RepeatedFor == 0 {
		return o
	}
	if said, ok := b.concluded(l); ok {
		return said
	}
	if again, sent := b.sent[c.TransactionID]; sent {
		return again(b, true)
	}
	return o
}

// concluded is what the webhooks say of how a transaction ended.
func (b *bench) concluded(l gateway.Lookup) (payment.Outcome, bool) {
	b.Helper()
	b.listen()
	for _, w := range b.heard {
		if said := b.gateway.Conclude(w.Body, l); said.Decided() {
			return said, true
		}
	}
	return payment.Outcome{}, false
}

// settled waits for the end of what the provider has accepted, and completes what the
// shopper has agreed to. What waits for the shopper, and what is not known, stays so.
func (b *bench) settled(c gateway.Call, kind payment.TransactionKind, o payment.Outcome) payment.Outcome {
	b.Helper()
	if o.Class == payment.OutcomeReady {
		o = b.completing(c, kind == payment.Sale)
	}
	if o.Class != payment.OutcomeAccepted {
		return o
	}
	if kind == payment.RefundOfSale && b.method() != payment.MethodCard && b.SettleRefund != nil {
		b.SettleRefund(b.T, o, true)
	}
	l := lookupOf(c, kind)
	if l.GatewayReference == "" {
		l.GatewayReference = o.GatewayReference
	}
	require.Eventually(b, func() bool {
		if found := b.gateway.Lookup(b.Context(), l); found.Class != payment.OutcomeUnknown && found.Class != payment.OutcomeReady {
			o = found
			return found.Class != payment.OutcomeAccepted
		}
		said, ok := b.concluded(l)
		if ok {
			o = said
		}
		return ok
	}, Patience, 10*time.Millisecond, "the provider does not settle the %s", kind)
	return o
}

// absent: the provider never carried the transaction out, as far as it can tell.
func (b *bench) absent(c gateway.Call, kind payment.TransactionKind) {
	b.Helper()
	o := b.gateway.Lookup(b.Context(), lookupOf(c, kind))
	if b.gateway.Capabilities().RepeatedFor > 0 && o.Class == payment.OutcomeUnknown {
		require.NotEmpty(b, o.Detail, "an operator must learn why")
		return
	}
	b.is(payment.OutcomeAbsent, o)
}

// decided repeats ask until it says how a transaction ended: a provider may
// still be busy with a call that was given up.
func (b *bench) decided(ask func() payment.Outcome) payment.Outcome {
	b.Helper()
	var o payment.Outcome
	require.Eventually(b, func() bool {
		o = ask()
		return o.Class != payment.OutcomeUnknown
	}, Patience, 20*time.Millisecond)
	return o
}
