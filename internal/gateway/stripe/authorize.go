package stripe

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/stripe/stripe-go/v76"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// Authorize implements gateway.Gateway: a PaymentIntent is created and
// confirmed with the card in one call. Saving the card of a customer who is new
// to Stripe takes one call before it.
func (a *Adapter) Authorize(ctx context.Context, req gateway.Authorization) (o payment.Outcome) {
	defer a.logged("authorize", req.Call, time.Now(), &o)
	amount, err := toStripe(req.Amount)
	if err != nil {
		return unsendable(err)
	}
	params, o := a.intentParams(ctx, req, amount)
	if params == nil {
		return o
	}
	call := a.begin(ctx)
	defer call.cancel()
	params.Params.Context, params.IdempotencyKey = call.ctx, stripe.String(req.IdempotencyKey)
	intent, err := a.api.PaymentIntents.New(params)
	if err != nil {
		return failed(req.Call, call, err)
	}
	kind := payment.Authorization
	if req.Capture {
		kind = payment.Sale
	}
	return ofAuthorization(intent, req.Call, kind)
}

// intentParams says what is asked of Stripe; without any, the outcome says why. A
// customer who is new to Stripe is made here, by a call of its own.
func (a *Adapter) intentParams(ctx context.Context, req gateway.Authorization, amount int64) (*stripe.PaymentIntentParams, payment.Outcome) {
	captureMethod := stripe.PaymentIntentCaptureMethodManual
	if req.Capture {
		captureMethod = stripe.PaymentIntentCaptureMethodAutomatic
	}
	p := &stripe.PaymentIntentParams{
		Amount:             stripe.Int64(amount),
		Currency:           stripe.String(req.Amount.Currency.Lower()),
		CaptureMethod:      stripe.String(string(captureMethod)),
		Confirm:            stripe.Bool(true),
		PaymentMethodTypes: stripe.StringSlice([]string{string(stripe.PaymentMethodTypeCard)}),
		ReturnURL:          given(req.ReturnURL),
		Description:        given(req.Description),
		// Stripe takes a whole descriptor for other methods than cards only.
		StatementDescriptorSuffix: given(req.StatementDescriptor),
		Metadata:                  metadata(req.Call),
		Expand:                    intentExpansion(),
	}
	if req.Challenge {
		p.PaymentMethodOptions = &stripe.PaymentIntentPaymentMethodOptionsParams{
			Card: &stripe.PaymentIntentPaymentMethodOptionsCardParams{RequestThreeDSecure: stripe.String("any")},
		}
	}
	if req.MerchantInitiated {
		p.OffSession, p.ReturnURL = stripe.Bool(true), nil // nobody is there to be sent anywhere
	}
	if req.Stored != nil {
		p.Customer, p.PaymentMethod = given(req.Stored.CustomerReference), given(req.Stored.MethodReference)
		return p, payment.Outcome{}
	}
	card, err := req.Instrument.Open(ctx)
	if err != nil {
		return nil, refused(req.Call, payment.NewDecline(payment.DeclineProcessingError), "the vault did not hand out the card")
	}
	addCard(p, card)
	if req.Save != nil {
		reference, o := a.customer(ctx, req.Call, *req.Save)
		if o.Class == payment.OutcomeUnknown { // that is about the customer: nothing was sent for the payment
			o = refused(req.Call, payment.NewDecline(payment.DeclineGatewayUnavailable), o.Detail)
		}
		if reference == "" {
			return nil, o
		}
		p.Customer, p.SetupFutureUsage = &reference, stripe.String(string(stripe.PaymentIntentSetupFutureUsageOffSession))
	}
	return p, payment.Outcome{}
}

func addCard(p *stripe.PaymentIntentParams, card vault.Card) {
	p.PaymentMethodData = &stripe.PaymentIntentPaymentMethodDataParams{
		Type:           stripe.String(string(stripe.PaymentMethodTypeCard)),
		BillingDetails: &stripe.PaymentIntentPaymentMethodDataBillingDetailsParams{Name: given(card.HolderName.Reveal())},
	}
	// stripe-go has no fields for a card's own data here; the API has.
	p.AddExtra("payment_method_data[card][number]", card.Number.Reveal())
	p.AddExtra("payment_method_data[card][exp_month]", strconv.Itoa(card.ExpMonth))
	p.AddExtra("payment_method_data[card][exp_year]", strconv.Itoa(card.ExpYear))
	if cvc := card.CVC.Reveal(); cvc != "" {
		p.AddExtra("payment_method_data[card][cvc]", cvc)
	}
}

// intentExpansion asks for the charge and what Stripe's own books say of it.
func intentExpansion() []*string {
	return stripe.StringSlice([]string{"latest_charge.balance_transaction"})
}

// given is nil for a parameter that is not to be sent.
func given(value string) *string {
	if value == "" {
		return nil
	}
	return &value
}

// unsendable declines an amount that cannot be asked of Stripe at all.
func unsendable(err error) payment.Outcome {
	code := payment.DeclineAmount
	if errors.Is(err, errCurrency) {
		code = payment.DeclineCurrency
	}
	return payment.Declined(payment.NewDecline(code))
}
