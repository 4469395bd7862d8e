// Package stripe takes card payments through Stripe: PaymentIntents of API
// version 2023-10-16, spoken by stripe-go with its own retries off. One method
// of the adapter is one HTTP call, except where it says so.
package stripe

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
	"go.uber.org/zap"

	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/wire"
	"paymenthub/internal/payment"
)

// Name is the gateway's name, as merchants write it.
const Name = "stripe"

const (
	defaultTimeout = 8 * time.Second
	// authorizationWindow is how long Stripe holds an online card payment. Some
	// networks hold shorter; each authorization then says so itself.
	// Source: docs.stripe.com/payments/place-a-hold-on-a-payment-method.
	authorizationWindow = 7 * 24 * time.Hour
)

// Options configure an adapter.
type Options struct {
	SecretKey string // the account's secret key; required
	// WebhookSecret checks the signatures of the account's webhooks (whsec_…).
	// While one is being rolled there may be several, separated by commas. Empty
	// means that the account takes no webhooks.
	WebhookSecret string
	// BaseURL is where the API is; empty means Stripe's own address.
	BaseURL string
	// HTTPClient carries the calls; nil means a client of the adapter's own. Its
	// redirects are not followed: a card must not travel to another address.
	HTTPClient *http.Client
	// Timeout bounds each HTTP call; 0 means 8 s.
	Timeout time.Duration
	Logger  *zap.Logger // nil: none
}

// Adapter implements gateway.Gateway. It is safe for concurrent use.
type Adapter struct {
	api            *client.API
	webhookSecrets []string
	timeout        time.Duration
	log            *zap.Logger
}

var _ gateway.Gateway = (*Adapter)(nil)

// New makes an adapter. It sends nothing.
// Errors: a missing key, a base URL that is none.
func New(o Options) (*Adapter, error) {
	if strings.TrimSpace(o.SecretKey) == "" {
		return nil, errors.New("stripe: the secret key is missing")
	}
	if o.BaseURL != "" {
		u, err := url.Parse(o.BaseURL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, errors.New("stripe: the base URL must be an http or https address")
		}
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	httpClient := wire.NewClient(o.HTTPClient)
	backend := func(kind stripe.SupportedBackend) stripe.Backend {
		config := &stripe.BackendConfig{
			EnableTelemetry:   stripe.Bool(false),
			HTTPClient:        httpClient,
			LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull}, // it would log bodies
			MaxNetworkRetries: stripe.Int64(0),
		}
		if o.BaseURL != "" {
			config.URL = stripe.String(o.BaseURL)
		}
		return stripe.GetBackendWithConfig(kind, config)
	}
	return &Adapter{
		api: client.New(o.SecretKey, &stripe.Backends{
			API:     backend(stripe.APIBackend),
			Connect: backend(stripe.ConnectBackend),
			Uploads: backend(stripe.UploadsBackend),
		}),
		webhookSecrets: strings.FieldsFunc(o.WebhookSecret, betweenSecrets),
		timeout:        o.Timeout, log: o.Logger,
	}, nil
}

// betweenSecrets tells what separates the secrets of webhooks from secrets.
func betweenSecrets(r rune) bool { return r == ',' || unicode.IsSpace(r) }

// Provider implements gateway.Gateway.
func (*Adapter) Provider() string { return Name }

var capabilities = gateway.Capabilities{
	Methods:             map[payment.MethodType]gateway.MethodSupport{payment.MethodCard: {ManualCapture: true}},
	AuthorizationWindow: authorizationWindow, PartialCapture: true, SavesCards: true, Currencies: currencies, Limits: limits(), Fees: fees,
}

// Capabilities implements gateway.Gateway.
func (*Adapter) Capabilities() gateway.Capabilities {
	return capabilities
}

// logged writes one line for each finished operation, without card data and
// without the provider's texts. It is to be deferred.
func (a *Adapter) logged(operation string, c gateway.Call, started time.Time, o *payment.Outcome) {
	fields := []zap.Field{
		zap.String("operation", operation),
		zap.String("payment_id", c.PaymentID),
		zap.String("transaction_id", c.TransactionID),
		zap.String("gateway_reference", o.GatewayReference),
		zap.String("outcome", string(o.Class)),
		zap.String("detail", o.Detail),
		zap.Duration("took", time.Since(started)),
	}
	if o.Decline != nil {
		fields = append(fields, zap.String("decline", string(o.Decline.Code)), zap.String("gateway_code", o.Decline.GatewayCode))
	}
	a.log.Debug("stripe call", fields...)
}

// Names of the metadata that ties Stripe's objects to ours.
const (
	metaPayment     = "payment_id"
	metaAttempt     = "attempt_id"
	metaTransaction = "transaction_id"
	metaCapture     = "capture_transaction_id" // written by the capture
	metaRefund      = "refund_id"
	metaMerchant    = "merchant_id"
	metaEnvironment = "environment"
	metaKey         = "idempotency_key"
	metaCustomer    = "customer_id"
	metaMethod      = "payment_method_id"
)

func metadata(c gateway.Call) map[string]string {
	return map[string]string{
		metaPayment:     c.PaymentID,
		metaAttempt:     c.AttemptID,
		metaTransaction: c.TransactionID,
		metaMerchant:    c.Scope.MerchantID,
		metaEnvironment: string(c.Scope.Environment),
		metaKey:         c.IdempotencyKey,
	}
}

// call is one HTTP call on its way.
type call struct {
	parent context.Context
	ctx    context.Context // with the adapter's time limit
	wire   *wire.Wire
	cancel context.CancelFunc
}

// begin starts the clock of one HTTP call; its cancel must be called.
func (a *Adapter) begin(ctx context.Context) call {
	limited, cancel := context.WithTimeout(ctx, a.timeout)
	traced, wire := wire.Watch(limited)
	return call{parent: ctx, ctx: traced, wire: wire, cancel: cancel}
}

// params are the common parameters of a call that changes something.
func (c call) params(idempotencyKey string) stripe.Params {
	return stripe.Params{Context: c.ctx, IdempotencyKey: stripe.String(idempotencyKey)}
}
