package dialect

import (
	"cmp"

	"paymenthub/api/acquiring"
	openapi "paymenthub/api/openapi/acquiring"
	"paymenthub/internal/event"
	"paymenthub/internal/payment"
)

// acquiringRefund is what payment.refunded tells. The payment is read for what is left of it.
type acquiringRefund struct {
	ID        string                    `json:"id"` // rf_…
	PaymentID string                    `json:"payment_id"`
	Amount    int64                     `json:"amount"` // minor units
	Currency  string                    `json:"currency"`
	Status    openapi.TransactionStatus `json:"status"`
	Reason    *string                   `json:"reason"` // the merchant's own words, else the kind of reason
}

func acquiringData(e event.Event) (any, error) {
	switch e.Type {
	case event.PaymentCreated, event.PaymentAuthorized, event.PaymentSucceeded, event.PaymentFailed, event.PaymentCanceled:
		told, err := read[payment.Told](e)
		return acquiring.RenderPayment(told), err
	case event.RefundCompleted:
		r, err := read[payment.Refund](e)
		return acquiringRefund{
			ID: r.ID, PaymentID: r.PaymentID, Amount: r.Amount, Currency: string(r.Currency),
			Status: openapi.TransactionStatusRefunded, Reason: optional(cmp.Or(r.Note, string(r.Reason))),
		}, err
	default:
		return nil, errNoWord
	}
}
