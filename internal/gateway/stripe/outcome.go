package stripe

import (
	"encoding/json"
	"time"

	"github.com/stripe/stripe-go/v76"

	"paymenthub/internal/gateway"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// approvedCode is ISO 8583's field 39 for an approval. Stripe tells that the
// network approved, not the code, which then is this one.
const approvedCode = "00"

// ofAuthorization reads what became of an authorization or sale from the
// PaymentIntent's status.
func ofAuthorization(intent *stripe.PaymentIntent, c gateway.Call, kind payment.TransactionKind) payment.Outcome {
	if o, ok := agrees(intent, c); !ok {
		return o
	}
	switch intent.Status {
	case stripe.PaymentIntentStatusRequiresCapture:
		if kind == payment.Sale {
			return refer(payment.Unknown("Stripe holds the amount of a sale instead of capturing it"), intent)
		}
		o := approved(intent, intent.Amount)
		if until := captureBefore(intent.LatestCharge); until > 0 {
			o.AuthorizedUntil = time.Unix(until, 0).UTC()
		}
		return o
	case stripe.PaymentIntentStatusSucceeded:
		if kind == payment.Sale {
			return approved(intent, intent.AmountReceived)
		}
		return approved(intent, intent.Amount) // held, and captured since
	case stripe.PaymentIntentStatusProcessing:
		return refer(payment.Outcome{Class: payment.OutcomeAccepted}, intent)
	case stripe.PaymentIntentStatusRequiresAction:
		return waiting(intent)
	case stripe.PaymentIntentStatusRequiresPaymentMethod:
		if intent.LastPaymentError == nil {
			return refer(payment.Unknown("the payment waits for a card without saying why"), intent)
		}
		return refer(declinedAs(readRefusal(intent.LastPaymentError, lastErrorWords(intent))), intent)
	case stripe.PaymentIntentStatusCanceled:
		return canceled(intent)
	default:
		// requires_confirmation: a PaymentIntent confirmed in the call that makes
		// it is never seen in it, unless it is being confirmed at this moment.
		return refer(payment.Unknown("the payment is not confirmed yet"), intent)
	}
}

// ofCapture is Absent while the amount is still held.
func ofCapture(intent *stripe.PaymentIntent, c gateway.Call) payment.Outcome {
	if o, ok := agrees(intent, c); !ok {
		return o
	}
	switch intent.Status {
	case stripe.PaymentIntentStatusSucceeded:
		return approved(intent, intent.AmountReceived)
	case stripe.PaymentIntentStatusRequiresCapture:
		return refer(payment.Outcome{Class: payment.OutcomeAbsent}, intent)
	case stripe.PaymentIntentStatusProcessing:
		return refer(payment.Outcome{Class: payment.OutcomeAccepted}, intent)
	case stripe.PaymentIntentStatusCanceled:
		return canceled(intent)
	default:
		return refer(declinedBy(payment.DeclineState, string(intent.Status)), intent)
	}
}

// ofVoid is Absent while there is still something to release.
func ofVoid(intent *stripe.PaymentIntent, c gateway.Call) payment.Outcome {
	if o, ok := agrees(intent, c); !ok {
		return o
	}
	switch intent.Status {
	case stripe.PaymentIntentStatusCanceled:
		return amounting(payment.Outcome{Class: payment.OutcomeSucceeded}, intent, intent.Amount)
	case stripe.PaymentIntentStatusSucceeded:
		return refer(declinedBy(payment.DeclineState, string(intent.Status)), intent)
	case stripe.PaymentIntentStatusProcessing:
		return refer(payment.Unknown("the payment is being processed and may still end either way"), intent)
	default:
		return refer(payment.Outcome{Class: payment.OutcomeAbsent}, intent)
	}
}

// agrees checks that the answer is the payment that was asked about.
func agrees(intent *stripe.PaymentIntent, c gateway.Call) (payment.Outcome, bool) {
	if intent.ID == "" || intent.Status == "" {
		return payment.Unknown("the answer is not a payment"), false
	}
	if of := intent.Metadata[metaPayment]; of != c.PaymentID {
		return refer(payment.Unknown("Stripe's payment carries another payment id than ours"), intent), false
	}
	if code, err := money.ParseCurrency(string(intent.Currency)); err != nil || code != c.Amount.Currency {
		return refer(payment.Unknown("Stripe's payment has another currency than ours"), intent), false
	}
	return payment.Outcome{}, true
}

// approved is a success of an amount in Stripe's unit.
func approved(intent *stripe.PaymentIntent, amount int64) payment.Outcome {
	o := payment.Outcome{Class: payment.OutcomeSucceeded}
	charge := intent.LatestCharge
	if charge == nil {
		return amounting(o, intent, amount)
	}
	if charge.Outcome != nil && charge.Outcome.NetworkStatus == "approved_by_network" {
		o.ResponseCode = approvedCode
	}
	o.AuthCode = unlistedOf(intent).AuthorizationCode
	if books := charge.BalanceTransaction; books != nil && books.Currency != "" {
		// What cannot be read exactly stays unsaid, for reconciliation to settle.
		if fee, err := fromStripe(books.Fee, string(books.Currency)); err == nil {
			o.Fee = &fee
		}
		if settled, err := fromStripe(books.Amount, string(books.Currency)); err == nil {
			o.Settled = &settled
		}
	}
	return amounting(o, intent, amount)
}

// amounting sets the amount, given in Stripe's unit, and the references.
func amounting(o payment.Outcome, intent *stripe.PaymentIntent, amount int64) payment.Outcome {
	m, err := fromStripe(amount, string(intent.Currency))
	if err != nil {
		return refer(payment.Unknown("Stripe's amount has no counterpart in our minor unit"), intent)
	}
	o.Amount = m.Minor
	return refer(o, intent)
}

func waiting(intent *stripe.PaymentIntent) payment.Outcome {
	next := intent.NextAction
	if next == nil || next.RedirectToURL == nil || next.RedirectToURL.URL == "" {
		return refer(payment.Unknown("the shopper must act, and Stripe does not say where"), intent)
	}
	return refer(payment.Outcome{Class: payment.OutcomeActionRequired, RedirectURL: next.RedirectToURL.URL}, intent)
}

// canceled tells an expired hold from one that was released on purpose.
func canceled(intent *stripe.PaymentIntent) payment.Outcome {
	code := payment.DeclineState
	if intent.CancellationReason == stripe.PaymentIntentCancellationReasonAutomatic {
		code = payment.DeclineAuthorizationExpired
	}
	return refer(declinedBy(code, string(intent.Status)), intent)
}

// refer adds Stripe's ids of the payment and of the movement: the charge, or
// the payment itself while there is none.
func refer(o payment.Outcome, intent *stripe.PaymentIntent) payment.Outcome {
	o.GatewayReference, o.TransactionReference = intent.ID, intent.ID
	if intent.LatestCharge != nil && intent.LatestCharge.ID != "" {
		o.TransactionReference = intent.LatestCharge.ID
	}
	o.Kept = kept(intent, o.Class == payment.OutcomeSucceeded)
	return o
}

// kept is what Stripe keeps of a payment that was to save its card: the customer
// in any case, the card once it was authorized.
func kept(intent *stripe.PaymentIntent, authorized bool) *payment.Kept {
	if intent.SetupFutureUsage == "" || intent.Customer == nil {
		return nil
	}
	k := &payment.Kept{CustomerReference: intent.Customer.ID}
	if authorized && intent.PaymentMethod != nil {
		k.MethodReference = intent.PaymentMethod.ID
		k.NetworkTransactionID = unlistedOf(intent).NetworkTransactionID
	}
	return k
}

func captureBefore(charge *stripe.Charge) int64 {
	if charge == nil || charge.PaymentMethodDetails == nil || charge.PaymentMethodDetails.Card == nil {
		return 0
	}
	return charge.PaymentMethodDetails.Card.CaptureBefore
}

// unlisted are fields of a charge's card that the API answers and stripe-go has
// no place for.
type unlisted struct {
	AuthorizationCode    string `json:"authorization_code"`
	NetworkTransactionID string `json:"network_transaction_id"`
}

func unlistedOf(intent *stripe.PaymentIntent) unlisted {
	var more struct {
		LatestCharge struct {
			PaymentMethodDetails struct {
				Card unlisted `json:"card"`
			} `json:"payment_method_details"`
		} `json:"latest_charge"`
	}
	if intent.LastResponse == nil || json.Unmarshal(intent.LastResponse.RawJSON, &more) != nil {
		return unlisted{}
	}
	return more.LatestCharge.PaymentMethodDetails.Card
}
