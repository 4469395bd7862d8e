package paypal

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Bounds of texts, in characters. Source: developer.paypal.com/docs/api/orders/v2.
const (
	maxDescription    = 127
	maxSoftDescriptor = 22
)

// Authorize implements gateway.Gateway: an order is made, for the shopper to approve.
func (a *Adapter) Authorize(ctx context.Context, req gateway.Authorization) (o payment.Outcome) {
	defer a.logged("authorize", req.Call, time.Now(), &o)
	if req.Method != payment.MethodPayPal {
		return payment.Declined(payment.NewDecline(payment.DeclineNotPermitted))
	}
	sum, err := toPayPal(req.Amount)
	if err != nil {
		return unsendable(err)
	}
	kind := payment.Authorization
	if req.Capture {
		kind = payment.Sale
	}
	at := a.begin(ctx)
	defer at.cancel()
	var made order
	err = a.send(at, request{http.MethodPost, ordersPath, req.IdempotencyKey, newOrder(req, kind, sum)}, &made)
	if err != nil {
		return failed(req.Call, at, err)
	}
	return ofOrder(&made, req.Call, kind)
}

func newOrder(req gateway.Authorization, kind payment.TransactionKind, sum amount) orderRequest {
	asked := orderRequest{
		Intent: intentOf(kind),
		PurchaseUnits: []unitRequest{{
			ReferenceID: account(req.Scope),
			CustomID: ours{
				payment: req.PaymentID, attempt: req.AttemptID, transaction: req.TransactionID, amount: req.Amount,
			}.String(),
			InvoiceID:   req.TransactionID,
			Description: shortened(req.Description, maxDescription), SoftDescriptor: shortened(strings.Map(inDescriptor, req.StatementDescriptor), maxSoftDescriptor),
			Amount: sum,
		}},
	}
	asked.PaymentSource.PayPal.ExperienceContext = experience{
		PaymentMethodPreference: "IMMEDIATE_PAYMENT_REQUIRED", ShippingPreference: "NO_SHIPPING", UserAction: "PAY_NOW",
		ReturnURL: req.ReturnURL, CancelURL: cancelURL(req.ReturnURL),
	}
	return asked
}

// inDescriptor drops what a statement cannot show: PayPal takes letters, digits, hyphens,
// asterisks, points and spaces. Source: there, soft_descriptor.
func inDescriptor(r rune) rune {
	if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-*. ", r)) {
		return r
	}
	return -1
}

// shortened is a text of at most so many characters.
func shortened(text string, most int) string {
	if characters := []rune(text); len(characters) > most {
		return string(characters[:most])
	}
	return text
}

// Complete implements gateway.Completer: the order that the shopper approved is
// captured or authorized. When PayPal refuses, a second call reads the order: only
// that tells whether an earlier call has taken it. The calls before this one that count
// are completions: the making of the order took nothing.
func (a *Adapter) Complete(ctx context.Context, req gateway.Completion) (o payment.Outcome) {
	defer a.logged("complete", req.Call, time.Now(), &o)
	kind, action := payment.Authorization, "authorize"
	if req.Capture {
		kind, action = payment.Sale, "capture"
	}
	if !isReference(req.GatewayReference) {
		return noReference()
	}
	req.Repeated = req.Repeated || !req.CompletionSentAt.IsZero()
	at := a.begin(ctx)
	defer at.cancel()
	var done order
	err := a.send(at, request{http.MethodPost, ordersPath + "/" + req.GatewayReference + "/" + action, req.IdempotencyKey + "-" + action, struct{}{}}, &done)
	if refused := refusalIn(err); refused.decides() {
		return a.afterRefusedCompletion(ctx, req.Call, kind, refused)
	}
	if err != nil {
		return failed(req.Call, at, err)
	}
	if o = ofOrder(&done, req.Call, kind); o.Class == payment.OutcomeReady {
		return refer(payment.Unknown("PayPal was told to take the payment, and does not say that it did"), &done)
	}
	return o
}

// afterRefusedCompletion decides by the order. One that PayPal has not taken was
// refused for the reason that it gave: it takes an order once, whoever asks. Where the
// order does not show that reason (yet), nothing is known; nor while an earlier
// completion may arrive, which PayPal need not refuse.
func (a *Adapter) afterRefusedCompletion(ctx context.Context, c gateway.Call, kind payment.TransactionKind, refused *refusal) payment.Outcome {
	found, o := a.read(ctx, c)
	if found == nil {
		return gone(o, c, kind)
	}
	o = ofOrder(found, c, kind)
	switch d := refused.decline(); {
	case o.Class != payment.OutcomeReady && o.Class != payment.OutcomeActionRequired:
		return o
	case o.Class == payment.OutcomeActionRequired && refused.issue() == issueNotApproved:
		return o
	case d.Code == payment.DeclineState || refused.issue() == issueNotApproved:
		return refer(payment.Unknown(described(refused)+", which its order does not show"), found)
	case mayBeTaken(c):
		return refer(payment.Unknown(described(refused)+"; "+onItsWay), found)
	default:
		return refer(payment.Declined(d), found)
	}
}
