package mollie

import (
	"encoding/json"

	"github.com/VictorAvelar/mollie-api-go/v4/mollie"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Conclude implements gateway.Gateway. An event holds the object as a look-up
// would have found it at that moment.
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
		return concludeRefund(e.Embedded.Entity, l)
	case kind == objectPayment && l.Kind != payment.RefundOfSale:
		return concludePayment(e.Embedded.Entity, l)
	default:
		return payment.Unknown("the webhook tells nothing of such a transaction")
	}
}

// concludePayment takes an end for one: Mollie's payments never leave those states.
func concludePayment(object json.RawMessage, l gateway.Lookup) payment.Outcome {
	var p mollie.Payment
	switch {
	case json.Unmarshal(object, &p) != nil:
		return payment.Unknown("the payment in the webhook cannot be read")
	case l.GatewayReference != "" && p.ID != l.GatewayReference:
		return payment.Unknown("the webhook is about another payment of Mollie's")
	case l.GatewayReference == "" && l.Kind != payment.Sale:
		return payment.Unknown("the payment's reference at Mollie is not known")
	}
	return ofPayment(&p, l)
}

// concludeRefund takes a success for an end, although a bank may send a refund
// back later: Mollie then sends another event.
func concludeRefund(object json.RawMessage, l gateway.Lookup) payment.Outcome {
	var r mollie.Refund
	switch {
	case json.Unmarshal(object, &r) != nil:
		return payment.Unknown("the refund in the webhook cannot be read")
	case ours(r.Metadata, metaTransaction) != l.TransactionID || ours(r.Metadata, metaPayment) != l.PaymentID:
		return payment.Unknown("the webhook is about another refund")
	case l.GatewayReference != "" && r.PaymentID != l.GatewayReference:
		return payment.Unknown("the webhook is about a refund of another payment of Mollie's")
	}
	return ofRefund(&r, l.Call)
}
