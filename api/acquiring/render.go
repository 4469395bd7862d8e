package acquiring

import (
	"cmp"

	openapi "paymenthub/api/openapi/acquiring"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// statusOf says a payment's state in the contract's words.
func statusOf(p payment.Intent) openapi.PaymentStatus {
	switch p.Status {
	case payment.RequiresConfirmation, payment.RequiresPaymentMethod:
		return openapi.PaymentStatusCreated
	case payment.RequiresCapture:
		return openapi.PaymentStatusAuthorized
	case payment.Succeeded:
		return statusOfCaptured(p)
	case payment.Canceled:
		if wasAuthorized(p) {
			return openapi.PaymentStatusVoided
		}
		return openapi.PaymentStatusCanceled
	case payment.Failed:
		return openapi.PaymentStatusFailed
	case payment.Expired:
		return openapi.PaymentStatusExpired
	default:
		return openapi.PaymentStatusProcessing
	}
}

func statusOfCaptured(p payment.Intent) openapi.PaymentStatus {
	switch {
	case p.AmountRefundPending > 0:
		return openapi.PaymentStatusProcessing
	case p.AmountRefunded == 0:
		return openapi.PaymentStatusCaptured
	case p.AmountRefunded < p.AmountCaptured:
		return openapi.PaymentStatusPartiallyRefunded
	default:
		return openapi.PaymentStatusRefunded
	}
}

// wasAuthorized reports whether the payment was ever held for capture.
func wasAuthorized(p payment.Intent) bool { return !p.AuthorizedUntil.IsZero() }

// attemptsLeft is how often the payment may still be tried.
func attemptsLeft(p payment.Intent) int {
	if p.Status.Terminal() || p.Status == payment.RequiresCapture {
		return 0
	}
	return max(p.AttemptLimit-p.Confirmations(), 0)
}

// renderPayment renders a payment with what its latest attempt has shown; tried
// lists its attempts, oldest first.
func renderPayment(p payment.Intent, tried []payment.Attempt) openapi.Payment {
	v := openapi.Payment{
		ID: p.ID, Status: statusOf(p), Amount: p.Amount, Currency: string(p.Currency),
		AmountCaptured: p.AmountCaptured, AmountRefunded: p.AmountRefunded, Description: optional(p.Description),
		Metadata: p.Metadata, Gateway: p.Gateway, NextAction: nextAction(p), ExpiresAt: utc(p.ExpiresAt), CreatedAt: utc(p.CreatedAt),
	}
	if wasAuthorized(p) {
		v.ExpiresAt = utc(p.AuthorizedUntil)
	}
	if p.Checkout != nil {
		v.OrderID = optional(p.Checkout.OrderID)
	}
	if len(tried) == 0 {
		return v
	}
	last := tried[len(tried)-1]
	if paidByCard(last) {
		v.Card = &openapi.CardSummary{Brand: last.Card.Brand, Last4: last.Card.Last4, ExpMonth: last.Card.ExpMonth, ExpYear: last.Card.ExpYear}
	}
	v.AuthCode = optional(last.AuthCode)
	v.ResponseCode, v.ResponseMessage = response(last)
	if last.Risk != nil {
		v.FraudScore = &last.Risk.Score
	}
	return v
}

// RenderPayment renders a payment for those who are told of an event. Where the event
// was about no attempt, the payment's last refusal is all that is known of any.
func RenderPayment(told payment.Told) openapi.Payment {
	if told.Attempt != nil {
		return renderPayment(told.Intent, []payment.Attempt{*told.Attempt})
	}
	v := renderPayment(told.Intent, nil)
	if refused := told.LastError; refused != nil {
		v.ResponseCode, v.ResponseMessage = optional(refused.IssuerCode), optional(refused.Message)
	}
	return v
}

// approved is ISO 8583's response code of an approval.
const approved = "00"

// response says what the issuer answered to an attempt; nil while it has not.
func response(a payment.Attempt) (code, message *string) {
	switch {
	case a.Decline != nil:
		return optional(a.Decline.IssuerCode), optional(a.Decline.Message)
	case !paidByCard(a):
		return nil, nil // there is no issuer
	case a.Status == payment.AttemptAuthorized, a.Status == payment.AttemptCaptured, a.Status == payment.AttemptVoided && a.AuthCode != "":
		given := a.ResponseCode
		if given == "" {
			given = approved
		}
		return &given, optional("Approved")
	default:
		return nil, nil
	}
}

// paidByCard: attempts from before there were other methods do not say so.
func paidByCard(a payment.Attempt) bool { return a.Method == "" || a.Method == payment.MethodCard }

func nextAction(p payment.Intent) *openapi.NextAction {
	if p.Status != payment.RequiresAction || p.RedirectURL == "" {
		return nil
	}
	return &openapi.NextAction{Type: openapi.NextActionTypeRedirect, URL: p.RedirectURL}
}

// renderIntent renders a payment intent for the merchant.
func (a *API) renderIntent(p payment.Intent) openapi.PaymentIntent {
	secret := a.secrets.For(p.ID)
	v := openapi.PaymentIntent{
		ID: p.ID, ClientSecret: secret, Status: statusOf(p), Amount: p.Amount, Currency: string(p.Currency),
		CaptureMethod: openapi.CaptureMethod(p.CaptureMethod), Description: optional(p.Description),
		CustomerEmail: optional(cmp.Or(p.Customer.Email, p.Customer.ShopperEmail)), Metadata: p.Metadata, ExpiresAt: utc(p.ExpiresAt), CreatedAt: utc(p.CreatedAt),
	}
	if p.Checkout != nil {
		v.CheckoutURL = optional(a.publicURL + "/checkout/" + p.ID + "?client_secret=" + secret)
		v.SuccessURL, v.CancelURL = optional(p.Checkout.SuccessURL), optional(p.Checkout.CancelURL)
		v.OrderID = optional(p.Checkout.OrderID)
	}
	return v
}

// renderPublic renders a payment intent for the shopper.
func renderPublic(p payment.Intent, s merchant.Settings) openapi.PublicIntent {
	return openapi.PublicIntent{
		ID: p.ID, Amount: p.Amount, Currency: string(p.Currency), Description: optional(p.Description),
		MerchantName: s.DisplayName, Status: statusOf(p), ExpiresAt: utc(p.ExpiresAt),
		AttemptsRemaining: attemptsLeft(p), NextAction: nextAction(p),
	}
}

// renderTransaction renders a movement. A sale that succeeded is a capture, any
// other an authorization.
func renderTransaction(t payment.Transaction) openapi.Transaction {
	kind := t.Kind
	if kind == payment.Sale {
		kind = payment.Authorization
		if t.Status == payment.TransactionSucceeded {
			kind = payment.Capture
		}
	}
	return openapi.Transaction{
		ID: t.ID, PaymentID: t.PaymentID, Type: openapi.TransactionType(kind), Amount: t.Amount, Currency: string(t.Currency),
		Status: movement[t.Result()], Gateway: t.Gateway, GatewayReference: optional(t.GatewayReference), CreatedAt: utc(t.CreatedAt),
	}
}

// movement says what a movement came to.
var movement = map[payment.TransactionResult]openapi.TransactionStatus{
	payment.ResultPending:    openapi.TransactionStatusProcessing,
	payment.ResultAuthorized: openapi.TransactionStatusAuthorized,
	payment.ResultCaptured:   openapi.TransactionStatusCaptured,
	payment.ResultVoided:     openapi.TransactionStatusVoided,
	payment.ResultRefunded:   openapi.TransactionStatusRefunded,
	payment.ResultDeclined:   openapi.TransactionStatusFailed,
}
