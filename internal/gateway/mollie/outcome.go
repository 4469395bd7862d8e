package mollie

import (
	"github.com/VictorAvelar/mollie-api-go/v4/mollie"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// The statuses of a payment, of which the last four are final.
// Source: docs.mollie.com/docs/handling-payment-status.
const (
	statusOpen     = "open"    // waits for the shopper
	statusPending  = "pending" // the shopper has acted, the bank has not
	statusPaid     = "paid"
	statusFailed   = "failed"
	statusCanceled = "canceled"
	statusExpired  = "expired"
)

// ofPayment reads what became of a transaction from its payment, whose metadata
// names the sale, also for a void.
func ofPayment(p *mollie.Payment, l gateway.Lookup) payment.Outcome {
	switch {
	case l.Kind == payment.Void:
		return ofVoid(p, l.Call)
	case l.Kind != payment.Sale:
		return payment.Unknown("Mollie takes payments at once: it has no authorizations and captures")
	case ours(p.Metadata, metaTransaction) != l.TransactionID:
		return refer(payment.Unknown("Mollie's payment carries another transaction id than ours"), p)
	default:
		return ofSale(p, l.Call)
	}
}

// ofSale reads what became of a sale from the payment's status.
func ofSale(p *mollie.Payment, c gateway.Call) payment.Outcome {
	if o, ok := agrees(p, c); !ok {
		return o
	}
	switch p.Status {
	case statusOpen:
		if p.Links.Checkout == nil || p.Links.Checkout.Href == "" {
			return refer(payment.Unknown("the shopper must act, and Mollie does not say where"), p)
		}
		return refer(payment.Outcome{Class: payment.OutcomeActionRequired, RedirectURL: p.Links.Checkout.Href}, p)
	case statusPending:
		return refer(payment.Outcome{Class: payment.OutcomeAccepted}, p)
	case statusPaid:
		return paid(p)
	case statusFailed, statusCanceled, statusExpired:
		return refer(unpaid(p.Status, p.Details.FailureReason), p)
	default:
		return refer(payment.Unknown("the payment has a status that the hub does not know"), p)
	}
}

// ofVoid tells whether the payment is given up. One that is open is absent where
// Mollie can still be told to cancel it; where it cannot, as of iDEAL, Mollie ends it
// by itself within the method's time, unless the shopper pays before.
func ofVoid(p *mollie.Payment, c gateway.Call) payment.Outcome {
	if o, ok := agrees(p, c); !ok {
		return o
	}
	switch p.Status {
	case statusFailed, statusCanceled, statusExpired:
		amount, err := fromMollie(p.Amount)
		if err != nil {
			return refer(payment.Unknown("Mollie's amount has no counterpart in our minor unit"), p)
		}
		return refer(payment.Outcome{Class: payment.OutcomeSucceeded, Amount: amount.Minor}, p)
	case statusPaid:
		d := payment.NewDecline(payment.DeclineState)
		d.GatewayCode = p.Status
		return refer(payment.Declined(d), p)
	case statusOpen:
		if p.IsCancelable {
			return refer(payment.Outcome{Class: payment.OutcomeAbsent}, p)
		}
		return refer(payment.Outcome{Class: payment.OutcomeAccepted, Detail: "Mollie does not cancel it, and ends it when its time is up"}, p)
	default:
		return refer(payment.Unknown("the payment is being processed and may still end either way"), p)
	}
}

// agrees checks that the answer is the payment that was asked about.
func agrees(p *mollie.Payment, c gateway.Call) (payment.Outcome, bool) {
	if !isWord(p.ID) || p.Status == "" {
		return payment.Unknown("the answer is not a payment"), false
	}
	if ours(p.Metadata, metaPayment) != c.PaymentID {
		return refer(payment.Unknown("Mollie's payment carries another payment id than ours"), p), false
	}
	if p.Amount == nil || p.Amount.Currency != string(c.Amount.Currency) {
		return refer(payment.Unknown("Mollie's payment has another currency than ours"), p), false
	}
	return payment.Outcome{}, true
}

// paid is a success. What PayPal kept is the only fee that Mollie tells with a
// payment; its own it bills by the month. What cannot be read exactly stays unsaid,
// for reconciliation to settle.
func paid(p *mollie.Payment) payment.Outcome {
	amount, err := fromMollie(p.Amount)
	if err != nil {
		return refer(payment.Unknown("Mollie's amount has no counterpart in our minor unit"), p)
	}
	o := payment.Outcome{Class: payment.OutcomeSucceeded, Amount: amount.Minor}
	if fee, err := fromMollie(&p.Details.PaypalFee); err == nil {
		o.Fee = &fee
	}
	if settled, err := fromMollie(p.SettlementAmount); err == nil {
		o.Settled = &settled
	}
	return refer(o, p)
}

// refer adds Mollie's id of the payment, which is that of the movement, too.
func refer(o payment.Outcome, p *mollie.Payment) payment.Outcome {
	o.GatewayReference, o.TransactionReference = p.ID, p.ID
	return o
}
