package acquiring

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	openapi "paymenthub/api/openapi/acquiring"
	"paymenthub/internal/customer"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

// sessionPlaceholder stands for the intent's id in the URLs that shoppers are
// sent to.
const sessionPlaceholder = "{CHECKOUT_SESSION_ID}"

// CreatePaymentIntent is POST /api/v1/payment-intents.
func (a *API) CreatePaymentIntent(c *gin.Context) (answer, error) {
	var body openapi.PaymentIntentRequest
	if err := readRequest(c, &body); err != nil {
		return answer{}, err
	}
	n := payment.New{
		ID: id.Join(id.Payment, middleware.OperationID(c)), Scope: middleware.Scope(c), Amount: body.Amount,
		Routing: "auto", CaptureMethod: payment.CaptureAutomatic, Description: text(body.Description),
		CustomerID: text(body.CustomerID), Customer: payment.Customer{Email: text(body.CustomerEmail)},
	}
	middleware.SetPayment(c, n.ID)
	if err := checkIntent(body, &n); err != nil {
		return answer{}, err
	}
	var err error
	if n.Currency, err = a.currency(c.Request.Context(), n.Scope, body.Currency); err != nil {
		return answer{}, err
	}
	p, err := a.payments.Create(c.Request.Context(), n, nil)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusCreated, openapi.PaymentIntentAnswer{Success: true, Data: a.renderIntent(p)}}, nil
}

// checkIntent checks what a merchant asks for, all but its currency, and takes it
// over.
func checkIntent(body openapi.PaymentIntentRequest, n *payment.New) error {
	if err := decode.Amount(body.Amount); err != nil {
		return err
	}
	if body.CaptureMethod != nil {
		n.CaptureMethod = payment.CaptureMethod(*body.CaptureMethod)
	}
	if n.CaptureMethod != payment.CaptureAutomatic && n.CaptureMethod != payment.CaptureManual {
		return fault.Field("capture_method", "Field 'capture_method' must be 'automatic' or 'manual'.")
	}
	if body.CustomerID != nil && !id.Valid(id.Customer, n.CustomerID) {
		return customer.Unknown()
	}
	if body.Metadata != nil {
		n.Metadata = *body.Metadata
	}
	own := func(url string) string { return strings.ReplaceAll(url, sessionPlaceholder, n.ID) }
	n.Checkout = &payment.Checkout{SuccessURL: own(body.SuccessURL), OrderID: text(body.OrderID)}
	if err := returnAddress("success_url", n.Checkout.SuccessURL); err != nil {
		return err
	}
	if n.Checkout.CancelURL = n.Checkout.SuccessURL; body.CancelURL != nil {
		n.Checkout.CancelURL = own(*body.CancelURL)
		if err := returnAddress("cancel_url", n.Checkout.CancelURL); err != nil {
			return err
		}
	}
	if err := decode.Text("order_id", n.Checkout.OrderID, maxName); err != nil {
		return err
	}
	if err := decode.Text("description", n.Description, maxDescription); err != nil {
		return err
	}
	return email("customer_email", body.CustomerEmail)
}

// CancelPaymentIntent is POST /api/v1/payment-intents/{id}/cancel.
func (a *API) CancelPaymentIntent(c *gin.Context) (answer, error) {
	paymentID, err := namedPayment(c)
	if err != nil {
		return answer{}, err
	}
	var body openapi.CancelRequest
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
	if p.Status == payment.RequiresCapture { // what is authorized is voided, not cancelled
		return answer{}, refuse(alreadyCompleted, wrongState(p, "canceled"))
	}
	p, err = a.payments.Cancel(c.Request.Context(), middleware.Scope(c), paymentID, middleware.OperationID(c), reason)
	if fault.Is(err, fault.InvalidState) {
		p, err = a.canceledBefore(c, paymentID, err)
	}
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, openapi.PaymentIntentAnswer{Success: true, Data: a.renderIntent(p)}}, nil
}

// canceledBefore returns a payment that could not be cancelled if that is because
// it was before.
func (a *API) canceledBefore(c *gin.Context, paymentID string, refusal error) (payment.Intent, error) {
	now, err := a.existing(c, paymentID)
	if err == nil && statusOf(now) == openapi.PaymentStatusCanceled {
		return now, nil
	}
	return now, a.explain(c, paymentID, refusal, cancel)
}
