package stripe

import (
	"encoding/json"

	"github.com/stripe/stripe-go/v76"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Conclude implements gateway.Gateway. An event holds the object as a look-up
// would have found it at that moment, except that the charge is only named: what
// Stripe's books and the issuer said of it is not there.
func (*Adapter) Conclude(body []byte, l gateway.Lookup) payment.Outcome {
	o := concluded(body, l)
	if !o.Decided() && o.Class != payment.OutcomeUnknown {
		return payment.Unknown("the webhook does not say how the transaction ended")
	}
	return o
}

func concluded(body []byte, l gateway.Lookup) payment.Outcome {
	e, err := readEvent(body)
	if err != nil {
		return payment.Unknown("the webhook cannot be read")
	}
	switch kind := e.kind(); {
	case kind == objectRefund && l.Kind == payment.RefundOfSale:
		return concludeRefund(e.Data.Object, l)
	case kind == objectPayment && l.Kind != payment.RefundOfSale:
		return concludePayment(e.Data.Object, l)
	default:
		return payment.Unknown("the webhook tells nothing of such a transaction")
	}
}

func concludePayment(object json.RawMessage, l gateway.Lookup) payment.Outcome {
	intent := &stripe.PaymentIntent{}
	if json.Unmarshal(object, intent) != nil {
		return payment.Unknown("the payment in the webhook cannot be read")
	}
	intent.LastResponse = &stripe.APIResponse{RawJSON: object}
	switch {
	case l.GatewayReference != "" && intent.ID != l.GatewayReference:
		return payment.Unknown("the webhook is about another payment of Stripe's")
	case l.GatewayReference == "" && !authorizing(l.Kind):
		return payment.Unknown("the payment's reference at Stripe is not known")
	case l.Kind == payment.Capture && !final(intent.Status):
		// It may be captured since; only the authorization is certain.
		return payment.Unknown("the webhook is of before the capture")
	}
	return ofIntent(intent, l)
}

// final reports whether a payment never leaves the state.
// Source: docs.stripe.com/payments/paymentintents/lifecycle.
func final(s stripe.PaymentIntentStatus) bool {
	return s == stripe.PaymentIntentStatusSucceeded || s == stripe.PaymentIntentStatusCanceled
}

// concludeRefund takes a success for an end, although Stripe may take a refund
// back later: it then sends another event.
func concludeRefund(object json.RawMessage, l gateway.Lookup) payment.Outcome {
	refund := &stripe.Refund{}
	switch {
	case json.Unmarshal(object, refund) != nil:
		return payment.Unknown("the refund in the webhook cannot be read")
	case refund.Metadata[metaTransaction] != l.TransactionID || refund.Metadata[metaPayment] != l.PaymentID:
		return payment.Unknown("the webhook is about another refund")
	case l.GatewayReference != "" && (refund.PaymentIntent == nil || refund.PaymentIntent.ID != l.GatewayReference):
		return payment.Unknown("the webhook is about a refund of another payment of Stripe's")
	}
	return ofRefund(refund, l.Call)
}
