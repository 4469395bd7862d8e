package dialect

import (
	"cmp"

	"paymenthub/internal/event"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// cashierMessage is the Cashier façade's message (contracts/cashier.md). Its signature is
// of these bytes: the order of the fields is the contract's.
type cashierMessage struct {
	TransactionID   string `json:"transaction_id"`
	UserID          string `json:"user_id"`
	TrackingID      string `json:"tracking_id"`
	Status          string `json:"status"`
	Currency        string `json:"currency"`
	Amount          string `json:"amount"` // with the currency's decimals, "200.00"
	TransactionType string `json:"transaction_type"`
}

const (
	cashierSuccessful = "successful"
	cashierRejected   = "rejected"
	cashierDeposit    = "deposit"
)

func cashierBody(e event.Event) (any, error) {
	switch e.Type {
	case event.WebhookEndpointTest:
		return cashierMessage{
			TransactionID: e.ID, UserID: "test", TrackingID: "test", Status: cashierRejected, // nobody is to be credited by it
			Currency: "EUR", Amount: money.New(0, "EUR").Decimal(), TransactionType: cashierDeposit,
		}, nil
	case event.PaymentSucceeded, event.PaymentFailed, event.PaymentCanceled:
	default:
		return nil, errNoWord
	}
	p, err := read[payment.Intent](e)
	v := cashierMessage{
		TransactionID: p.ID, UserID: cmp.Or(p.Metadata["user_id"], p.Customer.Reference, p.CustomerID),
		TrackingID: p.Metadata["tracking_id"], Status: cashierRejected,
		Currency: string(p.Currency), Amount: p.Money().Decimal(), TransactionType: cashierDeposit,
	}
	if v.TrackingID == "" && p.Checkout != nil {
		v.TrackingID = p.Checkout.OrderID
	}
	if e.Type == event.PaymentSucceeded { // users are credited by it: what was taken counts, not what was asked for
		v.Status, v.Amount = cashierSuccessful, money.New(p.AmountCaptured, p.Currency).Decimal()
	}
	return v, err
}
