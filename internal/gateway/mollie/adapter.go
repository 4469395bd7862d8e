// Package mollie takes iDEAL, Bancontact and PayPal payments through Mollie's API,
// version 2. All are paid at Mollie's page and taken at once: there is nothing to
// hold, to capture or to keep. One method of the adapter is one HTTP call, except
// where it says so.
//
// Requests are made and signed, and answers typed, by mollie-api-go. Its calls for
// payments and refunds are not used: they send the method as a list, from which
// Mollie has the shopper choose on a page of its own, and take idempotency keys from
// a generator that does not know for which call.
package mollie

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/VictorAvelar/mollie-api-go/v4/mollie"
	"go.uber.org/zap"

	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/wire"
	"paymenthub/internal/payment"
)

// Name is the gateway's name, as merchants write it.
const Name = "mollie"

const defaultTimeout = 8 * time.Second

// Options configure an adapter.
type Options struct {
	APIKey string // of a profile of the account, test_… or live_…; required
	// WebhookSecret checks the signatures of the account's webhooks. While one is
	// being replaced there may be several, separated by commas. Empty means that the
	// account takes no webhooks.
	WebhookSecret string
	// BaseURL is where the API is; empty means Mollie's own address.
	BaseURL string
	// HTTPClient carries the calls; nil means a client of the adapter's own. Its
	// redirects are not followed.
	HTTPClient *http.Client
	// Timeout bounds each HTTP call; 0 means 8 s.
	Timeout time.Duration
	Logger  *zap.Logger // nil: none
}

// Adapter implements gateway.Gateway. It is safe for concurrent use.
type Adapter struct {
	api            *mollie.Client
	webhookSecrets []string
	timeout        time.Duration
	log            *zap.Logger
}

var _ gateway.Gateway = (*Adapter)(nil)

// New makes an adapter. It sends nothing.
// Errors: a missing key, a base URL that is none.
func New(o Options) (*Adapter, error) {
	base, err := url.Parse(strings.TrimSuffix(o.BaseURL, "/") + "/")
	if o.BaseURL != "" && (err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https")) {
		return nil, errors.New("mollie: the base URL must be an http or https address")
	}
	// Test and live mode are the key's; the library's own are for access tokens.
	api, err := mollie.NewClient(wire.NewClient(o.HTTPClient), mollie.NewConfig(false, ""))
	if err != nil {
		return nil, err
	}
	if err := api.WithAuthenticationValue(strings.TrimSpace(o.APIKey)); err != nil {
		return nil, errors.New("mollie: the API key is missing")
	}
	if o.BaseURL != "" {
		api.BaseURL = base
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	return &Adapter{
		api: api, webhookSecrets: strings.FieldsFunc(o.WebhookSecret, betweenSecrets), timeout: o.Timeout, log: o.Logger,
	}, nil
}

// betweenSecrets tells what separates the secrets of webhooks from secrets.
func betweenSecrets(r rune) bool { return r == ',' || unicode.IsSpace(r) }

// Provider implements gateway.Gateway.
func (*Adapter) Provider() string { return Name }

// Capabilities implements gateway.Gateway.
func (*Adapter) Capabilities() gateway.Capabilities { return capabilities }

// logged writes one line for each finished operation, without the provider's texts.
// It is to be deferred.
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
	a.log.Debug("mollie call", fields...)
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
