package paypal

import (
	"encoding/json"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Conclude implements gateway.Gateway. Captures and refunds that ended, and
// authorizations that were made or are over, settle their transaction for good; orders
// never do.
func (*Adapter) Conclude(body []byte, l gateway.Lookup) payment.Outcome {
	unknown := payment.Unknown("the webhook does not say what became of it")
	e, err := readEvent(body)
	if err != nil {
		return unknown
	}
	o := unknown
	switch kindOf(e.Type) {
	case kindAuthorization:
		var held authorization
		if json.Unmarshal(e.Resource, &held) == nil && held.concerns(l) {
			o = held.conclude(l)
		}
	case kindCapture:
		var taken capture
		if json.Unmarshal(e.Resource, &taken) == nil && taken.concerns(l) {
			o = taken.conclude(l)
		}
	case kindRefund:
		var made refund
		if json.Unmarshal(e.Resource, &made) == nil && made.concerns(l) {
			o = made.conclude(l)
		}
	}
	if !o.Decided() {
		return unknown
	}
	return o
}

// concerns reports whether a movement is one of the payment.
func (m movement) concerns(l gateway.Lookup) bool {
	names, ok := readOurs(m.CustomID)
	order := m.SupplementaryData.RelatedIDs.OrderID
	if names.order != "" {
		order = names.order
	}
	return ok && isReference(m.ID) && names.payment == l.PaymentID && m.Amount.Currency == string(l.Amount.Currency) &&
		(l.GatewayReference == order || l.GatewayReference == "" && authorizing(l.Kind))
}

// of reports whether the movement is of the order that the transaction made.
func (m movement) of(l gateway.Lookup) bool {
	names, _ := readOurs(m.CustomID)
	return names.transaction == l.TransactionID
}

func (held authorization) conclude(l gateway.Lookup) payment.Outcome {
	orderID := held.SupplementaryData.RelatedIDs.OrderID
	found := &order{ID: orderID, PurchaseUnits: []unit{{Payments: payments{Authorizations: []authorization{held}}}}}
	switch {
	case l.Kind == payment.Authorization && held.of(l):
		return ofHold(&held, orderID)
	case l.Kind == payment.Capture && !held.of(l) && held.Status == statusVoided:
		return ofCapture(found, l.Call)
	case l.Kind == payment.Void && !held.of(l):
		return ofVoid(found, l.Call)
	default:
		return payment.Outcome{}
	}
}

func (taken capture) conclude(l gateway.Lookup) payment.Outcome {
	related := taken.SupplementaryData.RelatedIDs
	names, _ := readOurs(taken.CustomID)
	done := captureState(taken.Status) == payment.NoticeCaptured
	held := authorization{movement: movement{ID: related.AuthorizationID, Status: statusCaptured}}
	held.Amount, _ = toPayPal(names.amount)
	found := &order{ID: related.OrderID, PurchaseUnits: []unit{{Payments: payments{Captures: []capture{taken}}}}}
	if related.AuthorizationID != "" {
		found.PurchaseUnits[0].Payments.Authorizations = []authorization{held}
	}
	switch {
	case l.Kind == payment.Sale && related.AuthorizationID == "" && taken.of(l):
		return ofTaken(&taken, l.Call, related.OrderID)
	case l.Kind == payment.Authorization && related.AuthorizationID != "" && taken.of(l) && done:
		return ofHold(&held, related.OrderID)
	case l.Kind == payment.Capture && taken.InvoiceID == l.TransactionID:
		return ofTaken(&taken, l.Call, related.OrderID)
	case l.Kind == payment.Void && !taken.of(l) && done:
		return ofVoid(found, l.Call)
	default:
		return payment.Outcome{}
	}
}

func (made refund) conclude(l gateway.Lookup) payment.Outcome {
	if l.Kind != payment.RefundOfSale || made.InvoiceID != l.TransactionID {
		return payment.Outcome{}
	}
	return ofRefund(&made, l.Call)
}
