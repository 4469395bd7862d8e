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
// confirmed with the card in one call.
func (a *Adapter) Authorize(ctx context.Context, req gateway.Authorization) (o payment.Outcome) {
	defer a.logged("authorize", req.Call, time.Now(), &o)
	amount, err := toStripe(req.Amount)
	if err != nil {
		return unsendable(err)
	}
	card, err := req.Instrument.Open(ctx)
	if err != nil {
		return refused(req.Call, payment.NewDecline(payment.DeclineProcessingError), "the vault did not hand out the card")
	}
	call := a.begin(ctx)
	defer call.cancel()
	intent, err := a.api.PaymentIntents.New(intentParams(call.params(req.IdempotencyKey), req, amount, card))
	if err != nil {
		return failed(req.Call, call, err)
	}
	kind := payment.Authorization
	if req.Capture {
		kind = payment.Sale
	}
	return ofAuthorization(intent, req.Call, kind)
}

func intentParams(common stripe.Params, req gateway.Authorization, amount int64, card vault.Card) *stripe.PaymentIntentParams {
	captureMethod := stripe.PaymentIntentCaptureMethodManual
	if req.Capture {
		captureMethod = stripe.PaymentIntentCaptureMethodAutomatic
	}
	p := &stripe.PaymentIntentParams{
		Params:             common,
		Amount:             stripe.Int64(amount),
		Currency:           stripe.String(req.Amount.Currency.Lower()),
		CaptureMethod:      stripe.String(string(captureMethod)),
		Confirm:            stripe.Bool(true),
		PaymentMethodTypes: stripe.StringSlice([]string{string(stripe.PaymentMethodTypeCard)}),
		PaymentMethodData: &stripe.PaymentIntentPaymentMethodDataParams{
			Type:           stripe.String(string(stripe.PaymentMethodTypeCard)),
			BillingDetails: &stripe.PaymentIntentPaymentMethodDataBillingDetailsParams{Name: given(card.HolderName.Reveal())},
		},
		ReturnURL:   given(req.ReturnURL),
		Description: given(req.Description),
		// Stripe takes a whole descriptor for other methods than cards only.
		StatementDescriptorSuffix: given(req.StatementDescriptor),
		Metadata:                  metadata(req.Call),
		Expand:                    intentExpansion(),
	}
	// stripe-go has no fields for a card's own data here; the API has.
	p.AddExtra("payment_method_data[card][number]", card.Number.Reveal())
	p.AddExtra("payment_method_data[card][exp_month]", strconv.Itoa(card.ExpMonth))
	p.AddExtra("payment_method_data[card][exp_year]", strconv.Itoa(card.ExpYear))
	if cvc := card.CVC.Reveal(); cvc != "" {
		p.AddExtra("payment_method_data[card][cvc]", cvc)
	}
	return p
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
