package stripe

import (
	"context"
	"time"

	"github.com/stripe/stripe-go/v76"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Capture implements gateway.Gateway. Stripe releases what is not captured.
// When Stripe refuses because of the payment's state, a second call reads that
// state.
func (a *Adapter) Capture(ctx context.Context, c gateway.Call) (o payment.Outcome) {
	defer a.logged("capture", c, time.Now(), &o)
	amount, err := toStripe(c.Amount)
	if err != nil {
		return unsendable(err)
	}
	call := a.begin(ctx)
	defer call.cancel()
	intent, err := a.api.PaymentIntents.Capture(c.GatewayReference, &stripe.PaymentIntentCaptureParams{
		Params:          call.params(c.IdempotencyKey),
		AmountToCapture: stripe.Int64(amount),
		Metadata:        map[string]string{metaCapture: c.TransactionID},
		Expand:          intentExpansion(),
	})
	switch {
	case forbiddenByState(err):
		return a.inspect(ctx, c, afterRefusedCapture)
	case err != nil:
		return failed(c, call, err)
	}
	return ofCapture(intent, c)
}

// Void implements gateway.Gateway: the PaymentIntent is canceled, whether it
// holds an amount or waits for the shopper. One that is canceled already is a
// success. When Stripe refuses because of the payment's state, a second call
// reads that state.
func (a *Adapter) Void(ctx context.Context, c gateway.Call) (o payment.Outcome) {
	defer a.logged("void", c, time.Now(), &o)
	call := a.begin(ctx)
	defer call.cancel()
	intent, err := a.api.PaymentIntents.Cancel(c.GatewayReference, &stripe.PaymentIntentCancelParams{
		Params: call.params(c.IdempotencyKey),
		Expand: intentExpansion(),
	})
	switch {
	case forbiddenByState(err):
		return a.inspect(ctx, c, afterRefusedVoid)
	case err != nil:
		return failed(c, call, err)
	}
	return ofVoid(intent, c)
}

// inspect decides a refused operation by the state that refused it.
func (a *Adapter) inspect(ctx context.Context, c gateway.Call, decide func(*stripe.PaymentIntent, gateway.Call) payment.Outcome) payment.Outcome {
	intent, o := a.retrieve(ctx, c, c.GatewayReference)
	if intent == nil {
		return o
	}
	return decide(intent, c)
}

// afterRefusedCapture tells a capture that this transaction made before from
// one that came from elsewhere.
func afterRefusedCapture(intent *stripe.PaymentIntent, c gateway.Call) payment.Outcome {
	if intent.Status == stripe.PaymentIntentStatusSucceeded && intent.Metadata[metaCapture] != c.TransactionID {
		return refer(declinedBy(payment.DeclineState, "charge_already_captured"), intent)
	}
	o := ofCapture(intent, c)
	if o.Class == payment.OutcomeAbsent {
		// It holds the amount and yet refuses: whatever was in its way is over.
		return refer(payment.Unknown("the capture was refused by the payment's state, which allows it now"), intent)
	}
	return o
}

func afterRefusedVoid(intent *stripe.PaymentIntent, c gateway.Call) payment.Outcome {
	o := ofVoid(intent, c)
	if o.Class == payment.OutcomeAbsent {
		return refer(payment.Unknown("the void was refused by the payment's state, which allows it now"), intent)
	}
	return o
}
