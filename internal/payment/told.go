package payment

import "paymenthub/internal/risk"

// Told is the object of a payment's events: the payment as a change left it, and of
// the attempt that the change was about what may be told.
type Told struct {
	Intent
	Attempt *Attempt `json:"attempt,omitempty"` // nil where no gateway was involved, and in events from before it was told
}

// told is the change's payment for those who are told of it.
func (c *Change) told() Told {
	t := Told{Intent: c.Intent}
	if c.Attempt != nil {
		outline := c.Attempt.outline()
		t.Attempt = &outline
	}
	return t
}

// outline is what may be told of an attempt. It leads nowhere: no token, no way back and
// nothing by which cards or shoppers could be compared.
func (a Attempt) outline() Attempt {
	o := Attempt{
		ID: a.ID, PaymentID: a.PaymentID, Number: a.Number, Gateway: a.Gateway, Status: a.Status, Method: a.Method,
		Card:     CardSummary{Brand: a.Card.Brand, Last4: a.Card.Last4, ExpMonth: a.Card.ExpMonth, ExpYear: a.Card.ExpYear},
		AuthCode: a.AuthCode, ResponseCode: a.ResponseCode, Decline: a.Decline, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
	}
	if a.Risk != nil {
		o.Risk = &risk.Assessment{Score: a.Risk.Score, Action: a.Risk.Action}
	}
	return o
}
