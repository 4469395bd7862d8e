package mollie

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/VictorAvelar/mollie-api-go/v4/mollie"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// maxDescription is how many characters of a description Mollie takes.
// Source: docs.mollie.com/reference/create-payment, "description".
const maxDescription = 255

const paymentsPath = "v2/payments"

// newPayment is what is asked of Mollie.
// Source: docs.mollie.com/reference/create-payment.
type newPayment struct {
	Amount      *mollie.Amount       `json:"amount"`
	Description string               `json:"description"`
	RedirectURL string               `json:"redirectUrl,omitempty"`
	Method      mollie.PaymentMethod `json:"method"`
	Metadata    map[string]string    `json:"metadata"`
}

// Authorize implements gateway.Gateway: a payment is made, which waits for the
// shopper at Mollie's page. When Mollie may have forgotten the call's key, the payment
// of an earlier call is looked for first, by calls of their own.
func (a *Adapter) Authorize(ctx context.Context, req gateway.Authorization) (o payment.Outcome) {
	defer a.logged("authorize", req.Call, time.Now(), &o)
	if code := unfit(req); code != "" {
		return payment.Declined(payment.NewDecline(code))
	}
	amount, err := toMollie(req.Amount)
	if err != nil {
		return unsendable(err)
	}
	if forgotten(req.Call) {
		if o := a.findPayment(ctx, gateway.Lookup{Call: req.Call, Kind: payment.Sale}); o.Class != payment.OutcomeAbsent {
			return o
		}
	}
	at := a.begin(ctx)
	defer at.cancel()
	var made mollie.Payment
	if err := a.exchange(at, http.MethodPost, paymentsPath, req.IdempotencyKey, newPayment{
		Amount: amount, Description: description(req), RedirectURL: req.ReturnURL, Method: methods[req.Method], Metadata: metadata(req.Call),
	}, &made); err != nil {
		return failed(req.Call, at, err)
	}
	return ofPayment(&made, gateway.Lookup{Call: req.Call, Kind: payment.Sale})
}

// description is what the shopper reads at Mollie's page and on the bank's
// statement. Mollie wants one.
func description(req gateway.Authorization) string {
	text := []rune(cmp.Or(req.Description, req.StatementDescriptor, req.PaymentID))
	return string(text[:min(len(text), maxDescription)])
}

// unsendable declines an amount that cannot be asked of Mollie at all.
func unsendable(err error) payment.Outcome {
	code := payment.DeclineAmount
	if errors.Is(err, errCurrency) {
		code = payment.DeclineCurrency
	}
	return payment.Declined(payment.NewDecline(code))
}
