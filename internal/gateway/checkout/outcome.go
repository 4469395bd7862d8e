package checkout

import (
	"paymenthub/internal/gateway"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// ofRequest reads the answer to the request of a payment. It has no metadata: the
// reference ties it to the call.
func ofRequest(p paymentAnswer, c gateway.Call, kind payment.TransactionKind) payment.Outcome {
	switch {
	case !isWord(p.ID) || p.Status == "":
		return payment.Unknown("the answer is not a payment")
	case p.Reference != c.TransactionID:
		return at(payment.Unknown("Checkout.com's payment carries another reference than ours"), p.ID, p.ID)
	case p.Status == statusPending:
		return waiting(p)
	}
	if o, ok := agrees(p, c); !ok {
		return o
	}
	return ofPayment(p, p.result, kind)
}

// agrees checks that a payment has the currency that was asked for.
func agrees(p paymentAnswer, c gateway.Call) (payment.Outcome, bool) {
	if code, err := money.ParseCurrency(p.Currency); err != nil || code != c.Amount.Currency {
		return at(payment.Unknown("Checkout.com's payment has another currency than ours"), p.ID, p.ID), false
	}
	return payment.Outcome{}, true
}

// ofPayment reads what became of an authorization or sale, with what the issuer said
// of it.
func ofPayment(p paymentAnswer, said result, kind payment.TransactionKind) payment.Outcome {
	switch p.Status {
	case statusPending:
		return waiting(p)
	case statusAuthorized:
		if kind == payment.Sale {
			return at(payment.Outcome{Class: payment.OutcomeAccepted}, p.ID, p.ID)
		}
		o := amounting(p, said, p.Amount)
		o.AuthorizedUntil = moment(p.ExpiresOn)
		return o
	case statusCaptured, statusPartiallyCaptured, statusPartiallyRefunded, statusRefunded:
		if kind == payment.Sale {
			return amounting(p, said, p.Balances.TotalCaptured)
		}
		return amounting(p, said, p.Amount) // held, and captured since
	case statusDeclined:
		return at(declinedAs(said), p.ID, p.ID)
	case statusVoided, statusCanceled, statusExpired:
		return ended(p.ID, p.Status)
	default:
		return at(payment.Unknown("the payment has a status that the hub does not know"), p.ID, p.ID)
	}
}

// amounting is a success of an amount in Checkout.com's unit.
func amounting(p paymentAnswer, said result, amount int64) payment.Outcome {
	m, err := fromCheckout(amount, p.Currency)
	if err != nil || m.Minor <= 0 {
		return at(payment.Unknown("Checkout.com's amount has no counterpart in our minor unit"), p.ID, p.ID)
	}
	return at(payment.Outcome{
		Class: payment.OutcomeSucceeded, Amount: m.Minor, AuthCode: authCode(p.AuthCode), ResponseCode: said.issuerCode(),
	}, p.ID, p.ID)
}

func authCode(code string) string {
	if !isWord(code) {
		return ""
	}
	return code
}

// waiting is a payment whose shopper must act.
func waiting(p paymentAnswer) payment.Outcome {
	if p.Links.Redirect.Href == "" {
		return at(payment.Unknown("the shopper must act, and Checkout.com does not say where"), p.ID, p.ID)
	}
	return at(payment.Outcome{Class: payment.OutcomeActionRequired, RedirectURL: p.Links.Redirect.Href}, p.ID, p.ID)
}

// ended is a payment that holds nothing any more.
func ended(id, status string) payment.Outcome {
	if status == statusExpired {
		return at(declinedBy(payment.DeclineAuthorizationExpired, "expired"), id, id)
	}
	return at(declinedBy(payment.DeclineState, "voided"), id, id)
}

// captured is a capture or void that comes too late.
func captured(id string) payment.Outcome {
	return at(declinedBy(payment.DeclineState, "captured"), id, id)
}

// unpaid reports whether a payment has ended, and nothing is held of it or was taken.
func unpaid(status string) bool {
	return status == statusDeclined || status == statusVoided || status == statusCanceled || status == statusExpired
}

// ofMovement reads a capture, void or refund from the payment's status, when none of
// the payment's actions is this one. What a void was to end may have ended by itself,
// as when the shopper failed to authenticate: that is as good as a void.
func ofMovement(p paymentAnswer, kind payment.TransactionKind) payment.Outcome {
	if kind == payment.Void && unpaid(p.Status) {
		return voided(p)
	}
	switch p.Status {
	case statusAuthorized:
		return at(payment.Outcome{Class: payment.OutcomeAbsent}, p.ID, p.ID)
	case statusPending:
		if kind == payment.Void {
			return at(payment.Outcome{Class: payment.OutcomeAbsent}, p.ID, p.ID)
		}
		return at(declinedBy(payment.DeclineState, "pending"), p.ID, p.ID)
	case statusCaptured, statusPartiallyCaptured, statusPartiallyRefunded, statusRefunded:
		return captured(p.ID)
	case statusVoided, statusCanceled, statusExpired:
		return ended(p.ID, p.Status)
	case statusDeclined:
		return at(declinedBy(payment.DeclineState, "declined"), p.ID, p.ID)
	default:
		return at(payment.Unknown("the payment has a status that the hub does not know"), p.ID, p.ID)
	}
}

// voided is a payment of which nothing is held, though no action of its is the void.
func voided(p paymentAnswer) payment.Outcome {
	o := amounting(p, result{}, p.Amount)
	o.AuthCode = ""
	return o
}

// ofAction reads a capture, void or refund from the action that it is. One without
// a result is still to be carried out.
func ofAction(a action, reference string, c gateway.Call) payment.Outcome {
	if a.Approved == nil || a.ResponseCode == "" || a.ResponseCode == codeDeferred {
		return at(payment.Outcome{Class: payment.OutcomeAccepted}, reference, a.ID)
	}
	return ofEnd(a, *a.Approved, reference, c)
}

// ofEnd reads how a capture, void or refund ended.
func ofEnd(a action, approved bool, reference string, c gateway.Call) payment.Outcome {
	if !approved {
		return at(declinedAs(a.result), reference, a.ID)
	}
	m, err := fromCheckout(a.Amount, string(c.Amount.Currency))
	if err != nil || m.Minor <= 0 {
		return at(payment.Unknown("Checkout.com's amount has no counterpart in our minor unit"), reference, a.ID)
	}
	return at(payment.Outcome{Class: payment.OutcomeSucceeded, Amount: m.Minor}, reference, a.ID)
}

// at adds Checkout.com's ids of the payment and of the movement, which of an
// authorization or sale is the payment itself.
func at(o payment.Outcome, reference, movement string) payment.Outcome {
	o.GatewayReference, o.TransactionReference = reference, movement
	return o
}
