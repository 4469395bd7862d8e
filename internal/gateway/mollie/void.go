package mollie

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/VictorAvelar/mollie-api-go/v4/mollie"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Capture implements gateway.Gateway. Payments are taken at once; there is nothing
// to capture, and nothing is sent.
func (*Adapter) Capture(context.Context, gateway.Call) payment.Outcome {
	return payment.Declined(payment.NewDecline(payment.DeclineNotPermitted))
}

// Void implements gateway.Gateway: the payment that waits for the shopper is
// canceled. One that ended unpaid is a success. When Mollie refuses because of the
// payment's state or method, a second call reads that. Where Mollie cannot be told to
// cancel it, the void is accepted: the payment ends by itself when its time is up.
func (a *Adapter) Void(ctx context.Context, c gateway.Call) (o payment.Outcome) {
	defer a.logged("void", c, time.Now(), &o)
	if !isWord(c.GatewayReference) {
		return payment.Unknown("the payment's reference at Mollie is not known")
	}
	at := a.begin(ctx)
	defer at.cancel()
	var canceled mollie.Payment
	err := a.exchange(at, http.MethodDelete, paymentsPath+"/"+c.GatewayReference, "", nil, &canceled)
	if no := (*refusal)(nil); errors.As(err, &no) && no.Status == http.StatusUnprocessableEntity {
		return a.afterRefusedVoid(ctx, c)
	}
	if err != nil {
		return failed(c, at, err)
	}
	return ofVoid(&canceled, c)
}

func (a *Adapter) afterRefusedVoid(ctx context.Context, c gateway.Call) payment.Outcome {
	p, o := a.retrieve(ctx, c)
	if p == nil {
		return o
	}
	if o = ofVoid(p, c); o.Class == payment.OutcomeAbsent {
		// It can be canceled and yet was refused: whatever was in its way is over.
		return refer(payment.Unknown("the void was refused by the payment's state, which allows it now"), p)
	}
	return o
}
