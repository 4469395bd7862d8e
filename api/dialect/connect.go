package dialect

import (
	"paymenthub/internal/event"
	"paymenthub/internal/payment"
)

// connectPayment is a payment as the Connect façade reads it (contracts/connect-client.md).
type connectPayment struct {
	PaymentID       string  `json:"payment_id"`
	Status          string  `json:"status"`
	Amount          int64   `json:"amount"`   // minor units
	Currency        string  `json:"currency"` // ISO 4217, in lower case
	ClientReference *string `json:"client_reference"`
}

func connectData(e event.Event) (any, error) {
	switch e.Type {
	case event.PaymentCreated, event.PaymentRequiresAction, event.PaymentAuthorized, event.PaymentSucceeded, event.PaymentFailed, event.PaymentCanceled:
	default:
		return nil, errNoWord
	}
	p, err := read[payment.Intent](e)
	return connectPayment{
		PaymentID: p.ID, Status: connectStatus(p.Status), Amount: p.Amount, Currency: p.Currency.Lower(),
		ClientReference: optional(p.Metadata["client_reference"]),
	}, err
}

// connectStatus says a payment's state in the contract's words, which know neither a
// hold that waits for capture nor an end by time.
func connectStatus(s payment.Status) string {
	switch s {
	case payment.RequiresConfirmation, payment.RequiresPaymentMethod:
		return "requires_payment_method"
	case payment.RequiresAction:
		return "requires_action"
	case payment.Succeeded:
		return "succeeded"
	case payment.Canceled:
		return "canceled"
	case payment.Failed, payment.Expired:
		return "failed"
	default:
		return "processing"
	}
}
