package hub

import (
	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// CreateIntent is POST /v3/payments/intents.
func (a *API) CreateIntent(c *gin.Context) (any, error) {
	var body openapi.CreateIntentRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	n, err := newPayment(body)
	if err != nil {
		return nil, err
	}
	method, err := a.firstMethod(body)
	if err != nil {
		return nil, err
	}
	n.ID, n.Scope = id.Join(id.Payment, middleware.OperationID(c)), middleware.Scope(c)
	middleware.SetPayment(c, n.ID)
	p, err := a.payments.Create(c.Request.Context(), n, method)
	if err != nil || method == nil {
		return a.intent(p), err
	}
	return a.attempted(p)
}

// attempted answers with what became of an attempt to take the payment.
func (a *API) attempted(p payment.Intent) (any, error) {
	switch p.Status {
	case payment.RequiresPaymentMethod, payment.Failed:
		if p.LastError != nil {
			return nil, &payment.DeclinedError{Intent: p, Decline: *p.LastError}
		}
	case payment.Expired, payment.Canceled:
		return nil, payment.WrongState(p, "confirmed")
	}
	return a.intent(p), nil
}

// GetIntent is GET /v3/payments/intents/{id}.
func (a *API) GetIntent(c *gin.Context) (any, error) {
	paymentID, err := a.namedIntent(c)
	if err != nil {
		return nil, err
	}
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	p, err := a.payments.Get(c.Request.Context(), middleware.Scope(c), paymentID)
	if err != nil {
		return nil, err
	}
	tried, err := a.payments.Attempts(c.Request.Context(), p)
	if err != nil {
		return nil, err
	}
	v := a.intent(p)
	v.Attempts = attempts(tried)
	return v, nil
}

// ListIntents is GET /v3/payments/intents.
func (a *API) ListIntents(c *gin.Context) (any, error) {
	page, values, err := listQuery(c, id.Payment, "status", "customer_id", "created[gte]", "created[lt]")
	if err != nil {
		return nil, err
	}
	f := payment.Filter{Page: page.ofPayments()}
	if f.Status, err = choice(values, "status", payment.Statuses...); err != nil {
		return nil, err
	}
	if f.CustomerID, err = reference(values, "customer_id", id.Customer); err != nil {
		return nil, err
	}
	if f.CreatedFrom, err = decode.Time(values, "created[gte]"); err != nil {
		return nil, err
	}
	if f.CreatedBefore, err = decode.Time(values, "created[lt]"); err != nil {
		return nil, err
	}
	rows, more, err := a.payments.List(c.Request.Context(), middleware.Scope(c), f)
	if err != nil {
		return nil, err
	}
	return openapi.PaymentIntentList{Object: listObject, Data: views(rows, a.intent), HasMore: more}, nil
}

// ConfirmIntent is POST /v3/payments/intents/{id}/confirm.
func (a *API) ConfirmIntent(c *gin.Context) (any, error) {
	paymentID, err := a.namedIntent(c)
	if err != nil {
		return nil, err
	}
	var body openapi.ConfirmIntentRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	if err := a.mayConfirm(middleware.Key(c), paymentID, body.ClientSecret); err != nil {
		return nil, err
	}
	method, err := a.method(body.PaymentMethod, methodOptions{save: body.SavePaymentMethod, offSession: body.OffSession, returnURL: body.ReturnURL})
	if err != nil {
		return nil, err
	}
	if middleware.Key(c).Kind == merchant.PublishableKey { // it is the shopper who calls
		method.Shopper.IP = middleware.ClientIP(c)
		if method.Saved != "" {
			return nil, fault.New(fault.Forbidden, "A saved payment method is charged with a secret key alone.")
		}
	}
	if err := a.mayComeBack(c, paymentID, method); err != nil {
		return nil, err
	}
	p, err := a.payments.Confirm(c.Request.Context(), middleware.Scope(c), paymentID, middleware.OperationID(c), method)
	if err != nil {
		return nil, err
	}
	if middleware.Key(c).Kind == merchant.PublishableKey { // what it is exchanged at is the merchant's business
		p.Conversion, p.SettledAmount, p.SettledCurrency = nil, nil, ""
	}
	return a.attempted(p)
}

// mayComeBack checks that the shopper of a confirmation has an address to come back
// to; the payment is read where the confirmation has none.
func (a *API) mayComeBack(c *gin.Context, paymentID string, m payment.Method) error {
	if comesBack(m, "") == nil {
		return nil
	}
	p, err := a.payments.Get(c.Request.Context(), middleware.Scope(c), paymentID)
	if err != nil {
		return err
	}
	return comesBack(m, p.ReturnURL)
}

// mayConfirm asks publishable keys for the client secret, which a secret key
// may send as well.
func (a *API) mayConfirm(key *merchant.Key, paymentID string, secret *string) error {
	if secret == nil && key.Kind == merchant.PublishableKey {
		return &fault.Error{
			Code: fault.Unauthenticated, Param: "client_secret",
			Message: "Confirming with a publishable key takes the payment intent's 'client_secret'.",
		}
	}
	if secret != nil && !a.secrets.Check(paymentID, *secret) {
		return &fault.Error{Code: fault.Unauthenticated, Param: "client_secret", Message: "This is not the payment intent's client secret."}
	}
	return nil
}

// CaptureIntent is POST /v3/payments/intents/{id}/capture.
func (a *API) CaptureIntent(c *gin.Context) (any, error) {
	paymentID, err := a.namedIntent(c)
	if err != nil {
		return nil, err
	}
	var body openapi.CaptureIntentRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	amount, err := decode.PartOrAll(body.Amount)
	if err != nil {
		return nil, err
	}
	p, err := a.payments.Capture(c.Request.Context(), middleware.Scope(c), paymentID, middleware.OperationID(c), amount)
	return a.intent(p), err
}

// CancelIntent is POST /v3/payments/intents/{id}/cancel.
func (a *API) CancelIntent(c *gin.Context) (any, error) {
	paymentID, err := a.namedIntent(c)
	if err != nil {
		return nil, err
	}
	var body openapi.CancelIntentRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	reason := text(body.Reason)
	if err := decode.Text("reason", reason, 500); err != nil {
		return nil, err
	}
	p, err := a.payments.Cancel(c.Request.Context(), middleware.Scope(c), paymentID, middleware.OperationID(c), reason)
	return a.intent(p), err
}

// namedIntent returns the payment id in the path and tells the log of it.
func (a *API) namedIntent(c *gin.Context) (string, error) {
	paymentID, err := middleware.PathID(c, id.Payment, "payment intent")
	if err == nil {
		middleware.SetPayment(c, paymentID)
	}
	return paymentID, err
}
