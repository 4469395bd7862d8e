package paypal

import (
	"context"
	"net/http"
	"time"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Lookup implements gateway.Gateway: the order is read, and with it what it was
// authorized, captured and refunded. An order whose id is not known cannot be looked
// for; it is sent again under its key instead (gateway.Capabilities.RepeatedFor). Once
// the key is forgotten the order is over too: nobody learned where to approve it.
func (a *Adapter) Lookup(ctx context.Context, l gateway.Lookup) (o payment.Outcome) {
	defer a.logged("lookup "+string(l.Kind), l.Call, time.Now(), &o)
	if l.GatewayReference == "" && authorizing(l.Kind) && time.Since(l.CreatedAt) > keysKept {
		return payment.Outcome{Class: payment.OutcomeAbsent}
	}
	found, o := a.read(ctx, l.Call)
	if found == nil {
		return gone(o, l.Call, l.Kind)
	}
	if o, ok := agrees(found, l.Call); !ok {
		return o
	}
	switch l.Kind {
	case payment.Capture:
		return ofCapture(found, l.Call)
	case payment.Void:
		return ofVoid(found, l.Call)
	case payment.RefundOfSale:
		return ofRefundIn(found, l.Call)
	default:
		return ofOrder(found, l.Call, l.Kind)
	}
}

func authorizing(kind payment.TransactionKind) bool {
	return kind == payment.Authorization || kind == payment.Sale
}

// read reads the order of a call. Without one, the outcome is unknown and says why, or
// Absent: PayPal has no such order any more.
func (a *Adapter) read(ctx context.Context, c gateway.Call) (*order, payment.Outcome) {
	if !isReference(c.GatewayReference) {
		return nil, noReference()
	}
	at := a.begin(ctx)
	defer at.cancel()
	var found order
	err := a.send(at, request{method: http.MethodGet, path: ordersPath + "/" + c.GatewayReference}, &found)
	if refused := refusalIn(err); refused != nil && refused.status == http.StatusNotFound && refused.name == nameNotFound {
		return nil, payment.Outcome{Class: payment.OutcomeAbsent, GatewayReference: c.GatewayReference, Detail: described(refused)}
	}
	if err != nil {
		o := payment.Unknown("look-up failed: " + because(at, err))
		o.GatewayReference = c.GatewayReference
		return nil, o
	}
	if found.ID != c.GatewayReference || found.Status == "" || len(found.PurchaseUnits) != 1 {
		return nil, payment.Unknown("the answer is not this order")
	}
	return &found, payment.Outcome{}
}

// gone is what becomes of a transaction whose order PayPal has no more. It keeps every
// order that it took something for, and drops the others when their time is up. While it
// may still be told to take one, that is not certain.
func gone(o payment.Outcome, c gateway.Call, kind payment.TransactionKind) payment.Outcome {
	certain := !mayBeTaken(c)
	switch {
	case o.Class != payment.OutcomeAbsent:
		return o
	case kind == payment.Void && certain:
		return payment.Outcome{
			Class: payment.OutcomeSucceeded, Amount: c.Amount.Minor, GatewayReference: c.GatewayReference, TransactionReference: c.GatewayReference,
		}
	case authorizing(kind) && certain && time.Since(c.CreatedAt) > orderLife:
		expired := declinedBy(payment.DeclineAuthentication, nameNotFound)
		expired.GatewayReference = c.GatewayReference
		return expired
	default:
		unknown := payment.Unknown("PayPal does not know the order: " + o.Detail)
		unknown.GatewayReference = c.GatewayReference
		return unknown
	}
}

func noReference() payment.Outcome { return payment.Unknown("the order's id at PayPal is not known") }
