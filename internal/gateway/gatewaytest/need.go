package gatewaytest

import (
	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// need says what of it a gateway does not promise, "" when it has all that the case
// is about. What the capabilities promise is never left out.
type need func(Harness) string

func always(Harness) string { return "" }

func byCard(h Harness) string {
	if h.method() != payment.MethodCard {
		return "the method is not a card"
	}
	return ""
}

func holds(h Harness) string {
	if !h.Gateway.Capabilities().Methods[h.method()].ManualCapture {
		return "the gateway does not hold a payment by this method for a later capture"
	}
	return ""
}

func holdsInPart(h Harness) string {
	if !h.Gateway.Capabilities().PartialCapture {
		return "the gateway captures no part of a hold"
	}
	return holds(h)
}

func saves(h Harness) string {
	if !h.Gateway.Capabilities().SavesCards {
		return "the gateway keeps no cards"
	}
	return byCard(h)
}

func enrolls(h Harness) string {
	if lacks := saves(h); lacks != "" {
		return lacks
	}
	if h.Customers == nil {
		return "the provider's customers are not made by a call of their own"
	}
	return ""
}

// remembers: what a call did can be found without its key.
func remembers(h Harness) string {
	if h.Gateway.Capabilities().RepeatedFor > 0 {
		return "the provider cannot be asked: calls are sent again under their key alone"
	}
	return ""
}

func completes(h Harness) string {
	if _, ok := h.Gateway.(gateway.Completer); !ok {
		return "the gateway completes no payments"
	}
	return ""
}

// takesAtOnce: the provider takes a payment as soon as the shopper has agreed, so that
// giving up one that waits for them is a call.
func takesAtOnce(h Harness) string {
	if completes(h) == "" {
		return "the provider takes nothing before it is told to"
	}
	return ""
}

func refundsPend(h Harness) string {
	if h.SettleRefund == nil || h.RefundPends == (vault.Card{}) && byCard(h) == "" {
		return "refunds are not open for long"
	}
	return ""
}

func refundsFailLate(h Harness) string {
	if h.SettleRefund == nil || h.RefundFails == (vault.Card{}) {
		return "refunds that succeeded are not taken back"
	}
	return byCard(h)
}

func disputes(h Harness) string {
	if h.OpenDispute == nil {
		return "the provider tells of no disputes of this method"
	}
	return ""
}

func inquires(h Harness) string {
	if !h.Hints.Inquiries {
		return "the provider has no inquiries"
	}
	return disputes(h)
}

// all needs everything that the others need.
func all(needs ...need) need {
	return func(h Harness) string {
		for _, n := range needs {
			if lacks := n(h); lacks != "" {
				return lacks
			}
		}
		return ""
	}
}
