package paypal

import (
	"context"
	"net/http"
	"slices"
	"time"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// captureRequest asks for a part of a hold, the rest of which PayPal releases.
type captureRequest struct {
	Amount       amount `json:"amount"`
	InvoiceID    string `json:"invoice_id"`
	FinalCapture bool   `json:"final_capture"`
}

// Capture implements gateway.Gateway. A call before it reads which authorization the
// order has; PayPal would capture more than it holds, so the amount is compared here.
// When PayPal refuses, a call after it reads what the order has become.
func (a *Adapter) Capture(ctx context.Context, c gateway.Call) (o payment.Outcome) {
	defer a.logged("capture", c, time.Now(), &o)
	sum, err := toPayPal(c.Amount)
	if err != nil {
		return unsendable(err)
	}
	found, o := a.target(ctx, c)
	if found == nil {
		return gone(o, c, payment.Capture)
	}
	if o = ofCapture(found, c); o.Class != payment.OutcomeAbsent {
		return o
	}
	held := found.authorization()
	if most, err := held.Amount.money(); err != nil || c.Amount.Minor > most.Minor {
		return refer(declinedBy(payment.DeclineAmount, ""), found)
	}
	at := a.begin(ctx)
	defer at.cancel()
	var taken capture
	err = a.send(at, request{
		http.MethodPost, authorizationsPath + held.ID + "/capture", c.IdempotencyKey, captureRequest{sum, c.TransactionID, true},
	}, &taken)
	if refused := refusalIn(err); refused.decides() {
		return a.afterRefusal(ctx, c, refused, ofCapture)
	}
	if err != nil {
		return failed(c, at, err)
	}
	return ofTaken(&taken, c, found.ID)
}

// Void implements gateway.Gateway: the authorization is voided. A call before it reads
// which one that is. An order that waits for the shopper, or to be taken, cannot be
// canceled at PayPal; it takes nothing by itself, so that giving it up is not to
// complete it, which needs no call: only, until a completion can be on its way no more,
// that is not certain. When PayPal refuses, a call after it reads what the order has
// become.
func (a *Adapter) Void(ctx context.Context, c gateway.Call) (o payment.Outcome) {
	defer a.logged("void", c, time.Now(), &o)
	found, o := a.target(ctx, c)
	if found == nil {
		return gone(o, c, payment.Void)
	}
	if o = ofVoid(found, c); o.Class != payment.OutcomeAbsent {
		return o
	}
	switch {
	case found.untaken() && mayBeTaken(c):
		return refer(payment.Unknown("PayPal has not taken the order; "+onItsWay), found)
	case found.untaken():
		return amounting(payment.Outcome{Class: payment.OutcomeSucceeded}, found.unit().Amount, found, found.ID)
	}
	held := found.authorization()
	at := a.begin(ctx)
	defer at.cancel()
	err := a.send(at, request{http.MethodPost, authorizationsPath + held.ID + "/void", c.IdempotencyKey, struct{}{}}, nil)
	if refused := refusalIn(err); refused.decides() {
		return a.afterRefusal(ctx, c, refused, ofVoid)
	}
	if err != nil {
		return failed(c, at, err)
	}
	return amounting(payment.Outcome{Class: payment.OutcomeSucceeded}, held.Amount, found, held.ID)
}

// afterRefusal decides a refused movement by the order: what happened, what is in its
// way, or, when the order would still allow it, the reason that PayPal gave. That a hold
// is over, which the order does not show (yet), decides nothing.
func (a *Adapter) afterRefusal(ctx context.Context, c gateway.Call, refused *refusal, decide func(*order, gateway.Call) payment.Outcome) payment.Outcome {
	found, o := a.target(ctx, c)
	if found == nil {
		return refer(payment.Unknown(described(refused)+"; then "+o.Detail), &order{ID: c.GatewayReference})
	}
	switch o = decide(found, c); {
	case o.Class != payment.OutcomeAbsent:
		return o
	case slices.Contains(holdIssues, refused.issue()):
		return refer(payment.Unknown(described(refused)+", which its order does not show"), found)
	default:
		return refused.of(c)
	}
}

// target reads the order of a movement. Without one, the outcome says what that means
// for the movement, of which nothing was sent.
func (a *Adapter) target(ctx context.Context, c gateway.Call) (*order, payment.Outcome) {
	found, o := a.read(ctx, c)
	switch {
	case found == nil && o.Class == payment.OutcomeUnknown && ctx.Err() == nil:
		return nil, withheld(c, payment.NewDecline(payment.DeclineGatewayUnavailable), o.Detail)
	case found == nil:
		return nil, o
	}
	if o, ok := agrees(found, c); !ok {
		return nil, o
	}
	return found, payment.Outcome{}
}
