package paypal

import (
	"errors"
	"net/http"
	"strings"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// getAuthorization is GET /v2/payments/authorizations/{id}.
func getAuthorization(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	o, err := owning(q, r.Account, r.PathValue("id"))
	if err != nil {
		return chassis.Answer{}, err
	}
	if o.Authorization == nil || o.Authorization.ID != r.PathValue("id") {
		return chassis.Answer{}, missing()
	}
	return chassis.JSON(http.StatusOK, o.holdView(true)), nil
}

// held finds the order of an authorization. Errors: PayPal's.
func held(tx *chassis.Tx, id string) (*order, error) {
	o, err := owning(tx, tx.Account, id)
	if err == nil && (o.Authorization == nil || o.Authorization.ID != id) {
		return nil, missing()
	}
	return o, err
}

// captureAuthorization is POST /v2/payments/authorizations/{id}/capture.
func captureAuthorization(r *chassis.Request) (chassis.Effect, error) {
	var body struct {
		Amount       *amount `json:"amount"`
		InvoiceID    string  `json:"invoice_id"`
		FinalCapture bool    `json:"final_capture"`
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		o, err := held(tx, r.PathValue("id"))
		if err != nil {
			return chassis.Answer{}, err
		}
		units := o.Amount - o.captured()
		if body.Amount != nil {
			var issue string
			if units, issue = body.Amount.units(); issue != "" {
				return chassis.Answer{}, unprocessable(issue)
			}
		}
		switch status := o.Authorization.Status; {
		case status == statusVoided:
			return chassis.Answer{}, unprocessable("AUTHORIZATION_VOIDED")
		case status == statusCaptured:
			return chassis.Answer{}, unprocessable("AUTHORIZATION_ALREADY_CAPTURED")
		case body.Amount != nil && body.Amount.Currency != o.Currency:
			return chassis.Answer{}, unprocessable("AUTH_CAPTURE_CURRENCY_MISMATCH")
		case units+o.captured() > o.Amount:
			return chassis.Answer{}, unprocessable("MAX_CAPTURE_AMOUNT_EXCEEDED")
		}
		o.Authorization.Status, o.Authorization.UpdatedAt = statusPartiallyCaptured, tx.Now()
		if body.FinalCapture || units+o.captured() == o.Amount {
			o.Authorization.Status = statusCaptured
		}
		c := capture{ID: newID(), Amount: units, InvoiceID: body.InvoiceID, Final: body.FinalCapture, CreatedAt: tx.Now()}
		err = o.take(tx, c)
		return chassis.JSON(http.StatusCreated, o.captureView(c, true)), err
	}, nil
}

// voidAuthorization is POST /v2/payments/authorizations/{id}/void.
func voidAuthorization(r *chassis.Request) (chassis.Effect, error) {
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		o, err := held(tx, r.PathValue("id"))
		if err != nil {
			return chassis.Answer{}, err
		}
		switch o.Authorization.Status {
		case statusVoided:
			return chassis.Answer{}, unprocessable("PREVIOUSLY_VOIDED")
		case statusCaptured, statusPartiallyCaptured:
			return chassis.Answer{}, unprocessable("PREVIOUSLY_CAPTURED")
		}
		o.Authorization.Status, o.Authorization.UpdatedAt = statusVoided, tx.Now()
		err = errors.Join(o.kept(tx), o.tellHold(tx, "PAYMENT.AUTHORIZATION.VOIDED", "A payment authorization was voided"))
		return chassis.Answer{Status: http.StatusNoContent}, err
	}, nil
}

// getCapture is GET /v2/payments/captures/{id}.
func getCapture(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	o, err := owning(q, r.Account, r.PathValue("id"))
	if err != nil {
		return chassis.Answer{}, err
	}
	c := o.capture(r.PathValue("id"))
	if c == nil {
		return chassis.Answer{}, missing()
	}
	return chassis.JSON(http.StatusOK, o.captureView(*c, true)), nil
}

// refundCapture is POST /v2/payments/captures/{id}/refund.
func refundCapture(r *chassis.Request) (chassis.Effect, error) {
	var body struct {
		Amount    *amount `json:"amount"`
		CustomID  string  `json:"custom_id"`
		InvoiceID string  `json:"invoice_id"`
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if len(body.CustomID) > maxCustom || len(body.InvoiceID) > maxInvoice {
		return nil, invalid("INVALID_STRING_LENGTH")
	}
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		o, err := owning(tx, tx.Account, r.PathValue("id"))
		if err != nil {
			return chassis.Answer{}, err
		}
		c := o.capture(r.PathValue("id"))
		if c == nil {
			return chassis.Answer{}, missing()
		}
		left := c.Amount - o.refunded(c.ID)
		units := left
		if body.Amount != nil {
			var issue string
			if units, issue = body.Amount.units(); issue != "" {
				return chassis.Answer{}, unprocessable(issue)
			}
		}
		switch {
		case c.Pending:
			return chassis.Answer{}, unprocessable("PENDING_CAPTURE")
		case body.Amount != nil && body.Amount.Currency != o.Currency:
			return chassis.Answer{}, unprocessable("REFUND_CAPTURE_CURRENCY_MISMATCH")
		case left == 0:
			return chassis.Answer{}, unprocessable("CAPTURE_FULLY_REFUNDED")
		case units > left:
			return chassis.Answer{}, unprocessable("REFUND_AMOUNT_EXCEEDED")
		}
		made := refund{
			ID: newID(), Capture: c.ID, Amount: units, CustomID: body.CustomID, InvoiceID: body.InvoiceID, Key: tx.Key, CreatedAt: tx.Now(),
		}
		if made.CustomID == "" {
			made.CustomID = o.CustomID
		}
		o.Refunds = append(o.Refunds, made)
		err = errors.Join(tx.Save(chassis.KindRefund, made.ID, o.ID), o.refundSettled(tx, made, "PAYMENT.CAPTURE.REFUNDED"))
		return chassis.JSON(http.StatusCreated, o.refundView(made)), err
	}, nil
}

// refundSettled writes down what became of a refund, and tells of it.
func (o *order) refundSettled(tx *chassis.Tx, made refund, event string) error {
	status := "succeeded"
	if made.Failed {
		status = "failed"
	}
	return errors.Join(o.kept(tx), tx.WitnessRefund(simulator.Refund{
		ID: made.ID, Charge: o.charge(), PaymentIntent: o.ID, Amount: minor(made.Amount, o.Currency), Currency: strings.ToLower(o.Currency),
		Status: status, IdempotencyKey: made.Key, Metadata: chassis.Marshal(metadata(made.CustomID)),
	}), tell(tx, event, "refund", "A refund is "+made.status(), o.refundView(made)))
}

// getRefund is GET /v2/payments/refunds/{id}.
func getRefund(q chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	o, err := owning(q, r.Account, r.PathValue("id"))
	if err != nil {
		return chassis.Answer{}, err
	}
	for _, made := range o.Refunds {
		if made.ID == r.PathValue("id") {
			return chassis.JSON(http.StatusOK, o.refundView(made)), nil
		}
	}
	return chassis.Answer{}, missing()
}

// settleRefund takes a refund back, or lets it stand after all.
func settleRefund(tx *chassis.Tx, id string, succeeded bool) error {
	o, err := owning(tx, tx.Account, id)
	if err != nil {
		return chassis.NotFound("id")
	}
	for i := range o.Refunds {
		made := &o.Refunds[i]
		if made.ID != id || made.Failed != succeeded {
			continue
		}
		if c := o.capture(made.Capture); succeeded && o.refunded(c.ID)+made.Amount > c.Amount {
			return chassis.Conflict("status", "more would be refunded than was captured")
		}
		made.Failed = !succeeded
		event := "PAYMENT.CAPTURE.REFUNDED"
		if made.Failed {
			event = "PAYMENT.REFUND.FAILED"
		}
		return o.refundSettled(tx, *made, event)
	}
	return nil
}
