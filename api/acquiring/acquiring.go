// Package acquiring is the acquiring façade (contracts/acquiring.md): authorize,
// sale, capture, void and refund, payment intents with a hosted checkout page,
// and transactions, in its own words.
package acquiring

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"paymenthub/api/middleware"
	"paymenthub/internal/clock"
	"paymenthub/internal/customer"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// Payments is what the façade asks of the payment core; payment.Service is it.
type Payments interface {
	Create(ctx context.Context, n payment.New, method *payment.Method) (payment.Intent, error)
	Get(ctx context.Context, scope merchant.Scope, paymentID string) (payment.Intent, error)
	Find(ctx context.Context, paymentID string) (payment.Intent, error)
	Attempts(ctx context.Context, p payment.Intent) ([]payment.Attempt, error)
	Confirm(ctx context.Context, scope merchant.Scope, paymentID, operationID string, method payment.Method) (payment.Intent, error)
	Capture(ctx context.Context, scope merchant.Scope, paymentID, operationID string, amount int64) (payment.Intent, error)
	Cancel(ctx context.Context, scope merchant.Scope, paymentID, operationID, reason string) (payment.Intent, error)
	RefundAndWait(ctx context.Context, scope merchant.Scope, paymentID string, n payment.NewRefund) (payment.Refund, payment.Intent, error)
	GetTransaction(ctx context.Context, scope merchant.Scope, transactionID string) (payment.Transaction, error)
	ListTransactions(ctx context.Context, scope merchant.Scope, f payment.TransactionFilter) (rows []payment.Transaction, total int64, err error)
}

// Settings reads what merchants have chosen; merchant.SettingsCache does.
type Settings interface {
	Settings(ctx context.Context, scope merchant.Scope) (merchant.Settings, error)
}

// Customers finds the merchant's customers; customer.Service is it.
type Customers interface {
	// Get returns a customer. Errors: fault.NotFound.
	Get(ctx context.Context, scope merchant.Scope, customerID string) (customer.Customer, error)
}

// Options are what the façade stands on.
type Options struct {
	Payments  Payments
	Customers Customers
	Settings  Settings
	Secrets   payment.ClientSecrets
	PublicURL string // where shoppers reach the hub, without a slash at its end
	Clock     clock.Clock
}

// API is the façade.
type API struct {
	payments  Payments
	customers Customers
	settings  Settings
	secrets   payment.ClientSecrets
	publicURL string
	clock     clock.Clock
}

// New makes the façade.
func New(o Options) *API {
	return &API{
		payments: o.Payments, customers: o.Customers, settings: o.Settings, secrets: o.Secrets, publicURL: o.PublicURL, clock: o.Clock,
	}
}

// Facade is what the shared middleware needs to know of the routes for servers.
func (a *API) Facade() *middleware.Facade {
	return &middleware.Facade{Name: "acquiring", KeyOf: keyOf, Challenge: `Bearer realm="paymenthub"`, Render: renderError}
}

// PublicFacade is what it needs to know of the routes for browsers.
func (a *API) PublicFacade() *middleware.Facade {
	return &middleware.Facade{Name: "acquiring_public", KeyOf: func(*http.Request) string { return "" }, Render: renderPublicError}
}

// keyOf takes the API key out of X-API-Key or Authorization; both may carry it
// when they agree.
func keyOf(r *http.Request) string {
	named, bearer := r.Header.Values("X-Api-Key"), middleware.Bearer(r)
	switch {
	case len(named) == 0:
		return bearer
	case len(named) > 1, r.Header.Get("Authorization") != "" && bearer != named[0]:
		return ""
	default:
		return named[0]
	}
}

// answer is what a handler answers with.
type answer struct {
	status int
	body   any
}

// Answer makes a handler of a function that returns what to answer with.
func Answer(serve func(*gin.Context) (answer, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		v, err := serve(c)
		if err != nil {
			middleware.Fail(c, err)
			return
		}
		body, err := json.Marshal(v.body, json.Deterministic(true))
		if err != nil {
			middleware.Fail(c, err)
			return
		}
		c.Data(v.status, contentType, body)
	}
}

const contentType = "application/json; charset=utf-8"

// optional turns an empty string into null.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// text turns null into an empty string.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// utc writes a time as the contract wants it: RFC 3339 in UTC.
func utc(t time.Time) time.Time { return t.UTC() }
