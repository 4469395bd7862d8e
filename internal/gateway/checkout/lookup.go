package checkout

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// types are those of the actions that transactions are.
var types = map[payment.TransactionKind]string{
	payment.Capture: typeCapture, payment.Void: typeVoid, payment.RefundOfSale: typeRefund,
}

func authorizing(kind payment.TransactionKind) bool {
	return kind == payment.Authorization || kind == payment.Sale
}

// Lookup implements gateway.Gateway. It takes two calls: the payment, which is looked
// for by our transaction id when its reference is not known, and its actions; a
// capture, void or refund that is among them takes one, unless it is a void that was
// refused.
//
// Checkout.com does not say how soon a search by reference shows a payment. One that
// it does not show yet is sent again under its key, which Checkout.com knows for 24
// hours. Source: checkout.com/docs/developer-resources/api/idempotency.
func (a *Adapter) Lookup(ctx context.Context, l gateway.Lookup) (o payment.Outcome) {
	defer a.logged("lookup "+string(l.Kind), l.Call, time.Now(), &o)
	return a.find(ctx, l)
}

// find is Lookup, also for those that must know before they send a call again.
func (a *Adapter) find(ctx context.Context, l gateway.Lookup) payment.Outcome {
	switch {
	case l.GatewayReference != "" && !isWord(l.GatewayReference):
		return payment.Unknown("that is no reference of Checkout.com's")
	case l.GatewayReference == "" && !authorizing(l.Kind):
		return payment.Unknown("the payment's reference at Checkout.com is not known")
	case !authorizing(l.Kind):
		return a.findMovement(ctx, l.Call, l.Kind)
	}
	p, o := a.findPayment(ctx, l.Call)
	if p == nil {
		return o
	}
	if p.Metadata.ours(metaTransaction) != l.TransactionID {
		return at(payment.Unknown("Checkout.com's payment carries another transaction id than ours"), p.ID, p.ID)
	}
	if p.Status == statusPending {
		return waiting(*p)
	}
	actions, o := a.actions(ctx, l.Call, p.ID)
	if actions == nil {
		return o
	}
	return withActions(*p, actions, l.Kind)
}

// withActions reads an authorization or sale with what the issuer said of it, which
// is known from the actions alone.
func withActions(p paymentAnswer, actions []action, kind payment.TransactionKind) payment.Outcome {
	var said result
	for _, one := range actions {
		switch {
		case one.Type == typeAuthorization:
			said, p.AuthCode = one.result, one.AuthCode
		case one.Type == typeCapture && kind == payment.Sale && p.Status == statusAuthorized && one.Approved != nil && !*one.Approved:
			return at(payment.Unknown("Checkout.com holds the amount of a sale: its capture was refused"), p.ID, p.ID)
		}
	}
	if p.Status == statusDeclined && said.ResponseCode == "" {
		return at(payment.Unknown("the payment is declined, and Checkout.com does not say yet why"), p.ID, p.ID)
	}
	return ofPayment(p, said, kind)
}

// findPayment reads the payment of an authorization or sale; without one, the
// outcome says why.
func (a *Adapter) findPayment(ctx context.Context, c gateway.Call) (*paymentAnswer, payment.Outcome) {
	if c.GatewayReference != "" {
		return a.retrieve(ctx, c)
	}
	at := a.begin(ctx)
	defer at.cancel()
	var found struct {
		Data []paymentAnswer `json:"data"`
	}
	query := url.Values{"reference": {c.TransactionID}, "limit": {"10"}}
	if err := a.exchange(at, http.MethodGet, "/payments?"+query.Encode(), "", nil, &found); err != nil {
		return nil, unread(c, at, err)
	}
	ours := slices.DeleteFunc(found.Data, func(p paymentAnswer) bool { return p.Metadata.ours(metaPayment) != c.PaymentID })
	switch len(ours) {
	case 0:
		return nil, payment.Outcome{Class: payment.OutcomeAbsent}
	case 1:
		return a.checked(&ours[0], c)
	default:
		return nil, payment.Unknown("Checkout.com has more than one payment of this transaction")
	}
}

// retrieve reads a payment by its reference; without one, the outcome says why.
func (a *Adapter) retrieve(ctx context.Context, c gateway.Call) (*paymentAnswer, payment.Outcome) {
	at := a.begin(ctx)
	defer at.cancel()
	var p paymentAnswer
	if err := a.exchange(at, http.MethodGet, "/payments/"+c.GatewayReference, "", nil, &p); err != nil {
		return nil, unread(c, at, err)
	}
	return a.checked(&p, c)
}

// checked makes sure that a payment is the one that was asked about.
func (*Adapter) checked(p *paymentAnswer, c gateway.Call) (*paymentAnswer, payment.Outcome) {
	switch {
	case !isWord(p.ID) || p.Status == "" || c.GatewayReference != "" && p.ID != c.GatewayReference:
		return nil, payment.Unknown("the answer is not the payment")
	case p.Metadata.ours(metaPayment) != c.PaymentID:
		return nil, at(payment.Unknown("Checkout.com's payment carries another payment id than ours"), p.ID, p.ID)
	}
	if o, ok := agrees(*p, c); !ok {
		return nil, o
	}
	return p, payment.Outcome{}
}

// actions reads the actions of a payment; without any, the outcome says why.
func (a *Adapter) actions(ctx context.Context, c gateway.Call, reference string) ([]action, payment.Outcome) {
	at := a.begin(ctx)
	defer at.cancel()
	found := []action{}
	if err := a.exchange(at, http.MethodGet, "/payments/"+reference+"/actions", "", nil, &found); err != nil {
		return nil, unread(c, at, err)
	}
	return found, payment.Outcome{}
}

// findMovement looks for a capture, void or refund among the payment's actions; when
// it is not there, the payment's status tells.
func (a *Adapter) findMovement(ctx context.Context, c gateway.Call, kind payment.TransactionKind) payment.Outcome {
	actions, o := a.actions(ctx, c, c.GatewayReference)
	if actions == nil {
		return o
	}
	for _, one := range actions {
		if one.Type == types[kind] && isOurs(one, c) {
			o := ofAction(one, c.GatewayReference, c)
			if kind == payment.Void && o.Class == payment.OutcomeDeclined {
				return a.ofRefusedVoid(ctx, c, o)
			}
			return o
		}
	}
	p, o := a.retrieve(ctx, c)
	switch {
	case p == nil:
		return o
	case kind == payment.RefundOfSale:
		return at(payment.Outcome{Class: payment.OutcomeAbsent}, p.ID, p.ID)
	default:
		return ofMovement(*p, kind)
	}
}

// ofRefusedVoid reads what a void that was accepted and then refused comes to: the
// payment may have ended by itself meanwhile, or still wait for the shopper.
func (a *Adapter) ofRefusedVoid(ctx context.Context, c gateway.Call, refused payment.Outcome) payment.Outcome {
	p, o := a.retrieve(ctx, c)
	switch {
	case p == nil:
		return o
	case unpaid(p.Status):
		return voided(*p)
	case p.Status == statusPending:
		return at(payment.Unknown("the void was refused, and the payment waits for the shopper"), p.ID, p.ID)
	default:
		return refused
	}
}

// isOurs reports whether an action is the transaction of a call.
func isOurs(one action, c gateway.Call) bool {
	return one.Metadata.ours(metaPayment) == c.PaymentID && (one.Metadata.ours(metaMovement) == c.TransactionID || one.Metadata.ours(metaTransaction) == c.TransactionID)
}

// unread is the outcome of a read that failed: nothing is known from it.
func unread(c gateway.Call, at call, err error) payment.Outcome {
	o := payment.Unknown("look-up failed: " + unreadBecause(at, err))
	o.GatewayReference = c.GatewayReference
	return o
}

// unreadBecause says for operators why a read failed.
func unreadBecause(at call, err error) string {
	if no := (*refusal)(nil); errors.As(err, &no) {
		return no.Error()
	}
	return silence(at, err)
}
