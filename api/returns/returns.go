// Package returns is where shoppers come back to from their issuer's page. It
// speaks to browsers: its answers are redirects and small pages.
package returns

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"paymenthub/api/middleware"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

// policy lets the page use its own style and nothing else.
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Payments is what the façade asks of the payment core; payment.Service is it.
type Payments interface {
	ActionReturned(ctx context.Context, paymentID, query string) (payment.Intent, error)
	Attempts(ctx context.Context, p payment.Intent) ([]payment.Attempt, error)
}

// Returns serves the shopper's way back.
type Returns struct {
	payments Payments
	secrets  payment.ClientSecrets
}

// New makes it.
func New(p Payments, secrets payment.ClientSecrets) *Returns {
	return &Returns{payments: p, secrets: secrets}
}

// maxAdded bounds what a provider may add to the address, in bytes.
const maxAdded = 16 << 10 // Adyen's alone may have 10,000 characters

// added is what the provider added to the hub's own address, "" when it is too long.
func added(query url.Values) string {
	query.Del(payment.ReturnToken)
	if text := query.Encode(); len(text) <= maxAdded {
		return text
	}
	return ""
}

// Facade is what the shared middleware needs to know.
func (r *Returns) Facade() *middleware.Facade {
	return &middleware.Facade{Name: "return", KeyOf: func(*http.Request) string { return "" }, Render: renderError}
}

// Return is GET /return/{payment_id}: it lets the payment go on, and sends the
// shopper to the merchant with what became of it. The query that the issuer or
// gateway added goes to the gateway where it asks for it, and decides nothing: only
// the gateway's own answer counts. Whoever has
// the payment's id without the token of the address that the gateway was given is
// told as much as of a payment that is not there.
func (r *Returns) Return(c *gin.Context) {
	c.Header("Content-Security-Policy", policy)
	paymentID := c.Param("payment_id")
	if !id.Valid(id.Payment, paymentID) || !r.secrets.CheckReturn(paymentID, c.Query(payment.ReturnToken)) {
		middleware.Fail(c, fault.New(fault.NotFound, "There is no such payment."))
		return
	}
	middleware.SetPayment(c, paymentID)
	p, err := r.payments.ActionReturned(c.Request.Context(), paymentID, added(c.Request.URL.Query()))
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	target, err := r.target(c.Request.Context(), p)
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	if target != "" {
		c.Redirect(http.StatusSeeOther, target)
		return
	}
	answer := write(http.StatusOK, outcomeOf(p.Status))
	c.Data(answer.Status, answer.ContentType, answer.Body)
}

// target is where the shopper goes on to: where the latest attempt wanted them,
// else back to the hosted page they came from, or past it where they have paid,
// else where the payment wants them. "" when that is nowhere.
func (r *Returns) target(ctx context.Context, p payment.Intent) (string, error) {
	attempts, err := r.payments.Attempts(ctx, p)
	if err != nil {
		return "", err
	}
	outcome := outcomeOf(p.Status)
	if n := len(attempts); n > 0 && attempts[n-1].ReturnURL != "" {
		return withOutcome(attempts[n-1].ReturnURL, p.ID, outcome), nil
	}
	if p.Checkout == nil {
		return withOutcome(p.ReturnURL, p.ID, outcome), nil
	}
	if paid := p.Checkout.PaidURL(p.ID); paid != "" && outcome == succeeded {
		return paid, nil
	}
	return "/checkout/" + p.ID, nil
}

const succeeded = "succeeded"

// outcomeOf says in the word of the query what became of the payment.
func outcomeOf(s payment.Status) string {
	switch s {
	case payment.Succeeded, payment.RequiresCapture:
		return succeeded
	case payment.RequiresPaymentMethod, payment.Failed, payment.Canceled, payment.Expired:
		return "failed"
	default:
		return "processing"
	}
}

// withOutcome adds the outcome to a return URL, replacing what it says of it; ""
// where there is none.
func withOutcome(returnURL, paymentID, outcome string) string {
	u, err := url.Parse(returnURL)
	if err != nil || returnURL == "" {
		return ""
	}
	query := u.Query()
	query.Set("payment_intent", paymentID)
	query.Set("redirect_status", outcome)
	u.RawQuery = query.Encode()
	return u.String()
}

type text struct{ Outcome, Title, Message string }

var texts = map[string]text{
	"succeeded":  {"succeeded", "Payment confirmed", "Thank you. You can close this window and return to the shop."},
	"failed":     {"failed", "Payment not completed", "The payment did not go through and nothing was charged. You can close this window and try again in the shop."},
	"processing": {"processing", "Payment is being processed", "Your bank has not given its final answer yet. You can close this window; the shop will tell you how it ended."},
	"unknown":    {"failed", "Payment not found", "This address belongs to no payment. You can close this window."},
	"busy":       {"processing", "Please try again", "The payment could not be looked at just now. Reload this page in a moment; nothing is charged twice."},
}

func renderError(err error, _ string) middleware.Answer {
	switch f := fault.From(err); f.Code {
	case fault.NotFound:
		return write(http.StatusNotFound, "unknown")
	case fault.RateLimited:
		return write(http.StatusTooManyRequests, "busy")
	case fault.Unavailable:
		return write(http.StatusServiceUnavailable, "busy")
	default:
		return write(http.StatusInternalServerError, "busy")
	}
}

func write(status int, name string) middleware.Answer {
	var body bytes.Buffer
	if err := page.Execute(&body, texts[name]); err != nil {
		panic(errors.New("returns: the page does not execute")) // a defect of the template
	}
	return middleware.Answer{Status: status, ContentType: "text/html; charset=utf-8", Body: body.Bytes()}
}
