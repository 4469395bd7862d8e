// Package hub is the Hub façade (contracts/hub.md): payment intents, refunds,
// disputes, customers and their payment methods, risk rules, settings, routing, gateway
// accounts, events, webhook endpoints and the ledger, in its own words.
package hub

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"paymenthub/api/middleware"
	"paymenthub/internal/clock"
	"paymenthub/internal/event"
	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/notice"
	"paymenthub/internal/payment"
	"paymenthub/internal/webhook"
)

// Payments is what the façade asks of the payment core; payment.Service is it.
type Payments interface {
	Create(ctx context.Context, n payment.New, method *payment.Method) (payment.Intent, error)
	Get(ctx context.Context, scope merchant.Scope, paymentID string) (payment.Intent, error)
	Attempts(ctx context.Context, p payment.Intent) ([]payment.Attempt, error)
	List(ctx context.Context, scope merchant.Scope, f payment.Filter) ([]payment.Intent, bool, error)
	Confirm(ctx context.Context, scope merchant.Scope, paymentID, operationID string, method payment.Method) (payment.Intent, error)
	Capture(ctx context.Context, scope merchant.Scope, paymentID, operationID string, amount int64) (payment.Intent, error)
	Cancel(ctx context.Context, scope merchant.Scope, paymentID, operationID, reason string) (payment.Intent, error)
	Refund(ctx context.Context, scope merchant.Scope, paymentID string, n payment.NewRefund) (payment.Refund, error)
	GetRefund(ctx context.Context, scope merchant.Scope, refundID string) (payment.Refund, error)
	ListRefunds(ctx context.Context, scope merchant.Scope, f payment.RefundFilter) ([]payment.Refund, bool, error)
	GetDispute(ctx context.Context, scope merchant.Scope, disputeID string) (payment.Dispute, error)
	ListDisputes(ctx context.Context, scope merchant.Scope, f payment.DisputeFilter) ([]payment.Dispute, bool, error)
}

// Options are what the façade stands on.
type Options struct {
	Payments  Payments
	Customers Customers
	Accounts  GatewayAccounts
	Webhooks  Webhooks
	Renderer  webhook.Renderer
	Notices   notice.Repository
	Events    event.Repository
	Ledger    ledger.Repository
	Risk      Risk
	FX        FX
	Routing   Routing
	Settings  merchant.SettingsRepository
	Secrets   payment.ClientSecrets
	PublicURL string // where providers reach the hub, without a slash at its end
	Checks    []Check
	Version   string
	Clock     clock.Clock
}

// API is the façade.
type API struct {
	payments  Payments
	customers Customers
	accounts  GatewayAccounts
	webhooks  Webhooks
	renderer  webhook.Renderer
	notices   notice.Repository
	events    event.Repository
	ledger    ledger.Repository
	risk      Risk
	fx        FX
	routing   Routing
	settings  merchant.SettingsRepository
	secrets   payment.ClientSecrets
	publicURL string
	version   string
	clock     clock.Clock
	health    *health
}

// New makes the façade.
func New(o Options) *API {
	return &API{
		payments: o.Payments, customers: o.Customers, accounts: o.Accounts, webhooks: o.Webhooks, renderer: o.Renderer, notices: o.Notices, events: o.Events, ledger: o.Ledger, risk: o.Risk, fx: o.FX, routing: o.Routing, settings: o.Settings, secrets: o.Secrets,
		publicURL: o.PublicURL, version: o.Version, clock: o.Clock, health: &health{checks: o.Checks},
	}
}

// Facade is what the shared middleware needs to know.
func (a *API) Facade() *middleware.Facade {
	return &middleware.Facade{Name: "hub", KeyOf: middleware.Bearer, Challenge: `Bearer realm="paymenthub"`, Render: a.renderError}
}

// Answer makes a handler of a function that returns what to answer with.
func Answer(serve func(*gin.Context) (any, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		v, err := serve(c)
		if err != nil {
			middleware.Fail(c, err)
			return
		}
		send(c, http.StatusOK, v)
	}
}

const contentType = "application/json; charset=utf-8"

func send(c *gin.Context, status int, v any) {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	c.Data(status, contentType, body)
}

// optional turns an empty string into null.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// utc writes a time as the contract wants it: RFC 3339 in UTC.
func utc(t time.Time) time.Time { return t.UTC() }
