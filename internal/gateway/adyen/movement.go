package adyen

import (
	"context"
	"encoding/json"
	"time"

	"github.com/adyen/adyen-go-api-library/v21/src/checkout"
	"github.com/adyen/adyen-go-api-library/v21/src/common"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Capture implements gateway.Gateway. Adyen carries it out later, and releases what is
// not captured.
func (a *Adapter) Capture(ctx context.Context, c gateway.Call) (o payment.Outcome) {
	defer a.logged("capture", c, time.Now(), &o)
	amount, err := toAdyen(c.Amount)
	if err != nil {
		return unsendable(err)
	}
	return a.move(ctx, c, "/captures", &checkout.PaymentCaptureRequest{
		MerchantAccount: a.account, Amount: checkout.Amount{Currency: string(c.Amount.Currency), Value: amount},
		Reference: given(reference(c, payment.Capture)),
	})
}

// Void implements gateway.Gateway: the authorisation is cancelled, later. A payment
// that waits for the shopper has no pspReference, and is cancelled by the reference
// that the hub gave it: should Adyen authorise it all the same, it is released. While
// the shopper is away nothing can be authorised, so that Adyen's word that the request
// arrived is the end of it; once they came back, the webhook tells whether the payment
// was cancelled or is made.
func (a *Adapter) Void(ctx context.Context, c gateway.Call) (o payment.Outcome) {
	defer a.logged("void", c, time.Now(), &o)
	if !waits(c.GatewayReference) {
		return a.move(ctx, c, "/cancels", &checkout.PaymentCancelRequest{
			MerchantAccount: a.account, Reference: given(reference(c, payment.Void)),
		})
	}
	o = a.ask(ctx, c, "/cancels", &checkout.StandalonePaymentCancelRequest{
		MerchantAccount: a.account, PaymentReference: c.GatewayReference, Reference: given(reference(c, payment.Void)),
	})
	switch {
	case o.Class == payment.OutcomeDeclined:
		// The hub would now ask what became of the payment, which Adyen does not tell.
		return payment.Unknown(o.Detail + "; the payment waits on, and is to be cancelled again")
	case o.Class == payment.OutcomeAccepted && redirectResult(c.Returned) == "":
		o.Class, o.Amount = payment.OutcomeSucceeded, c.Amount.Minor
	}
	return o
}

// Refund implements gateway.Gateway. Adyen carries it out later.
func (a *Adapter) Refund(ctx context.Context, r gateway.Refund) (o payment.Outcome) {
	defer a.logged("refund", r.Call, time.Now(), &o)
	amount, err := toAdyen(r.Amount)
	if err != nil {
		return unsendable(err)
	}
	return a.move(ctx, r.Call, "/refunds", &checkout.PaymentRefundRequest{
		MerchantAccount: a.account, Amount: checkout.Amount{Currency: string(r.Amount.Currency), Value: amount},
		MerchantRefundReason: *common.NewNullableString(refundReason(r.Reason)), Reference: given(refundReference(r.PaymentID, r.RefundID)),
	})
}

// refundReason is Adyen's word.
func refundReason(r payment.RefundReason) *string {
	switch r {
	case "duplicate":
		return given("DUPLICATE")
	case "fraudulent":
		return given("FRAUD")
	case "requested_by_customer":
		return given("CUSTOMER REQUEST")
	default:
		return given("OTHER")
	}
}

// move asks for a change of an authorised payment.
func (a *Adapter) move(ctx context.Context, c gateway.Call, what string, body any) payment.Outcome {
	if wordOf(c.GatewayReference) == "" {
		return payment.Unknown("the payment's reference at Adyen is not known")
	}
	return a.ask(ctx, c, "/payments/"+c.GatewayReference+what, body)
}

// statusReceived is Adyen's one word for a change that it has taken.
const statusReceived = "received"

// ask sends a change, and reads whether Adyen has taken it.
func (a *Adapter) ask(ctx context.Context, c gateway.Call, path string, body any) payment.Outcome {
	at := a.begin(ctx)
	defer at.cancel()
	r, err := a.post(at, path, c.IdempotencyKey, body)
	if err != nil {
		return unanswered(c, at, err)
	}
	if !r.accepted() {
		return refusedBy(c, r, payment.DeclineGatewayConfiguration)
	}
	var taken struct {
		Status       string `json:"status"`
		PSPReference string `json:"pspReference"`
	}
	if json.Unmarshal(r.body, &taken) != nil || taken.Status != statusReceived || wordOf(taken.PSPReference) == "" {
		return payment.Unknown("the answer is not that of a request which was received")
	}
	return payment.Outcome{Class: payment.OutcomeAccepted, GatewayReference: c.GatewayReference, TransactionReference: taken.PSPReference}
}
