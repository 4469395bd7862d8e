package acquiring

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	openapi "paymenthub/api/openapi/acquiring"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

// Authorize is POST /api/v1/payments/authorize.
func (a *API) Authorize(c *gin.Context) (answer, error) { return a.pay(c, payment.CaptureManual) }

// Sale is POST /api/v1/payments/sale.
func (a *API) Sale(c *gin.Context) (answer, error) { return a.pay(c, payment.CaptureAutomatic) }

// pay makes a payment and takes it in the same call. There is one attempt: the
// merchant makes another payment after a decline.
func (a *API) pay(c *gin.Context, capture payment.CaptureMethod) (answer, error) {
	var body openapi.PaymentRequest
	if err := readRequest(c, &body); err != nil {
		return answer{}, err
	}
	n := payment.New{
		ID: id.Join(id.Payment, middleware.OperationID(c)), Scope: middleware.Scope(c), Amount: body.Amount,
		CaptureMethod: capture, Routing: "auto", ReturnURL: text(body.ReturnURL), Description: text(body.Description), AttemptLimit: 1,
	}
	middleware.SetPayment(c, n.ID)
	method, err := a.checkPayment(body, &n)
	if err != nil {
		return answer{}, err
	}
	if n.Currency, err = a.currency(c.Request.Context(), n.Scope, body.Currency); err != nil {
		return answer{}, err
	}
	if n.CustomerID, err = a.known(c.Request.Context(), n.Scope, n.Customer.Reference); err != nil {
		return answer{}, err
	}
	p, err := a.payments.Create(c.Request.Context(), n, &method)
	if err != nil {
		return answer{}, err
	}
	if err := attempted(p); err != nil {
		return answer{}, err
	}
	return a.shown(c, http.StatusCreated, p)
}

// checkPayment checks what a merchant asks for, all but its currency, takes it
// over and returns how the shopper pays.
func (a *API) checkPayment(body openapi.PaymentRequest, n *payment.New) (payment.Method, error) {
	if err := decode.Amount(body.Amount); err != nil {
		return payment.Method{}, err
	}
	method := payment.Method{Type: payment.MethodCard}
	var err error
	if n.Customer, method.Shopper, err = readCustomer(body.Customer); err != nil {
		return method, err
	}
	if err := decode.Text("description", n.Description, maxDescription); err != nil {
		return method, err
	}
	if body.ReturnURL != nil {
		if err := decode.URL("return_url", *body.ReturnURL); err != nil {
			return method, err
		}
	}
	if body.Metadata != nil {
		n.Metadata = *body.Metadata
	}
	method.Card, err = a.card(body.Card)
	return method, err
}

// attempted says what is wrong after an attempt to take a payment, if anything is.
func attempted(p payment.Intent) error {
	switch p.Status {
	case payment.RequiresPaymentMethod, payment.Failed:
		if p.LastError != nil {
			return &payment.DeclinedError{Intent: p, Decline: *p.LastError}
		}
	case payment.Expired, payment.Canceled:
		return wrongState(p, "paid")
	}
	return nil
}

// GetPayment is GET /api/v1/payments/{id}.
func (a *API) GetPayment(c *gin.Context) (answer, error) {
	paymentID, err := namedPayment(c)
	if err != nil {
		return answer{}, err
	}
	if _, err := decode.Query(c.Request); err != nil {
		return answer{}, err
	}
	p, err := a.existing(c, paymentID)
	if err != nil {
		return answer{}, err
	}
	return a.shown(c, http.StatusOK, p)
}

// CapturePayment is POST /api/v1/payments/{id}/capture.
func (a *API) CapturePayment(c *gin.Context) (answer, error) {
	paymentID, err := namedPayment(c)
	if err != nil {
		return answer{}, err
	}
	var body openapi.CaptureRequest
	if err := readRequest(c, &body); err != nil {
		return answer{}, err
	}
	amount, err := decode.PartOrAll(body.Amount)
	if err != nil {
		return answer{}, err
	}
	p, err := a.payments.Capture(c.Request.Context(), middleware.Scope(c), paymentID, middleware.OperationID(c), amount)
	var refused *payment.DeclinedError
	if errors.As(err, &refused) && refused.Decline.Code == payment.DeclineAuthorizationExpired {
		return answer{}, refuse(authorizationExpired, fault.New(fault.InvalidState, "%s", refused.Decline.Message))
	}
	if err != nil {
		return answer{}, a.explain(c, paymentID, err, capture)
	}
	return a.shown(c, http.StatusOK, p)
}

// VoidPayment is POST /api/v1/payments/{id}/void.
func (a *API) VoidPayment(c *gin.Context) (answer, error) {
	paymentID, err := namedPayment(c)
	if err != nil {
		return answer{}, err
	}
	var body openapi.VoidRequest
	if err := readRequest(c, &body); err != nil {
		return answer{}, err
	}
	reason := text(body.Reason)
	if err := decode.Text("reason", reason, maxReason); err != nil {
		return answer{}, err
	}
	p, err := a.existing(c, paymentID)
	if err != nil {
		return answer{}, err
	}
	if !wasAuthorized(p) && !p.Status.Terminal() { // an intent is cancelled, not voided
		return answer{}, wrongState(p, "voided")
	}
	p, err = a.payments.Cancel(c.Request.Context(), middleware.Scope(c), paymentID, middleware.OperationID(c), reason)
	if err != nil {
		return answer{}, a.explain(c, paymentID, err, void)
	}
	return a.shown(c, http.StatusOK, p)
}

// RefundPayment is POST /api/v1/payments/{id}/refund.
func (a *API) RefundPayment(c *gin.Context) (answer, error) {
	paymentID, err := namedPayment(c)
	if err != nil {
		return answer{}, err
	}
	var body openapi.RefundRequest
	if err := readRequest(c, &body); err != nil {
		return answer{}, err
	}
	n := payment.NewRefund{ID: id.Join(id.Refund, middleware.OperationID(c)), Note: text(body.Reason)}
	if n.Amount, err = decode.PartOrAll(body.Amount); err != nil {
		return answer{}, err
	}
	if err := decode.Text("reason", n.Note, maxReason); err != nil {
		return answer{}, err
	}
	if n.Note != "" {
		n.Reason = "other"
	}
	r, p, err := a.payments.RefundAndWait(c.Request.Context(), middleware.Scope(c), paymentID, n)
	if err != nil {
		return answer{}, a.explain(c, paymentID, err, refund)
	}
	if r.Status == payment.RefundFailed && r.Failure != nil {
		return answer{}, &payment.DeclinedError{Intent: p, Decline: *r.Failure}
	}
	return a.shown(c, http.StatusOK, p)
}

// existing returns a payment of the key's merchant and environment.
func (a *API) existing(c *gin.Context, paymentID string) (payment.Intent, error) {
	p, err := a.payments.Get(c.Request.Context(), middleware.Scope(c), paymentID)
	if fault.Is(err, fault.NotFound) {
		return p, a.elsewhere(c, paymentID)
	}
	return p, err
}

// elsewhere says of a payment that is not in the key's scope whether it is in the
// merchant's other environment. Of what is another merchant's nothing is said.
func (a *API) elsewhere(c *gin.Context, paymentID string) error {
	p, err := a.payments.Find(c.Request.Context(), paymentID)
	switch {
	case err == nil && p.Scope.MerchantID == middleware.Scope(c).MerchantID && p.Scope != middleware.Scope(c):
		return refuse(wrongMerchant, fault.New(fault.Unauthenticated, "This payment is in your other environment. Use a key of that one."))
	case err == nil, fault.Is(err, fault.NotFound):
		return fault.New(fault.NotFound, "There is no such payment.")
	default:
		return err
	}
}

// shown answers with a payment.
func (a *API) shown(c *gin.Context, status int, p payment.Intent) (answer, error) {
	tried, err := a.payments.Attempts(c.Request.Context(), p)
	if err != nil {
		return answer{}, err
	}
	return answer{status, openapi.PaymentAnswer{Success: true, Data: renderPayment(p, tried)}}, nil
}
