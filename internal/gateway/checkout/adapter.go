// Package checkout takes card payments through Checkout.com, by its public API
// reference and without a library: it needs six requests. One method of the adapter
// is one HTTP call, except where it says so.
//
// Checkout.com decides about an authorization at once and about all else later: what
// captures, voids and refunds, and the capture within a sale, come to is told by
// webhooks and found among the actions of the payment.
package checkout

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"go.uber.org/zap"

	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/wire"
	"paymenthub/internal/payment"
)

// Name is the gateway's name, as merchants write it.
const Name = "checkout"

const (
	defaultTimeout = 8 * time.Second
	// authorizationWindow is how long an authorization can be captured, unless
	// Checkout.com says otherwise with it.
	// Source: checkout.com/docs/payments/manage-payments/capture-a-payment.
	authorizationWindow = 7 * 24 * time.Hour
	// Source: checkout.com/docs/developer-resources/api/api-endpoints.
	liveURL    = "https://api.checkout.com"
	sandboxURL = "https://api.sandbox.checkout.com"
)

// Options configure an adapter.
type Options struct {
	SecretKey           string // of the account; required
	ProcessingChannelID string // pc_…; required
	// WebhookSecret checks the signatures of the account's webhooks. While one is
	// being replaced there may be several, separated by commas. Empty means that the
	// account takes no webhooks.
	WebhookSecret string
	// BaseURL is where the API is; empty means Checkout.com's sandbox.
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
	http           *http.Client
	baseURL        string
	secretKey      string
	channel        string
	webhookSecrets []string
	timeout        time.Duration
	log            *zap.Logger
}

var _ gateway.Gateway = (*Adapter)(nil)

// New makes an adapter. It sends nothing.
// Errors: a missing key or channel, a base URL that is none.
func New(o Options) (*Adapter, error) {
	if strings.TrimSpace(o.SecretKey) == "" {
		return nil, errors.New("checkout: the secret key is missing")
	}
	if strings.TrimSpace(o.ProcessingChannelID) == "" {
		return nil, errors.New("checkout: the processing channel is missing")
	}
	if o.BaseURL == "" {
		o.BaseURL = sandboxURL
	}
	u, err := url.Parse(o.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("checkout: the base URL must be an http or https address")
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	return &Adapter{
		http: wire.NewClient(o.HTTPClient), baseURL: strings.TrimSuffix(o.BaseURL, "/"), secretKey: strings.TrimSpace(o.SecretKey),
		channel: strings.TrimSpace(o.ProcessingChannelID), webhookSecrets: strings.FieldsFunc(o.WebhookSecret, betweenSecrets),
		timeout: o.Timeout, log: o.Logger,
	}, nil
}

// betweenSecrets tells what separates the secrets of webhooks from secrets.
func betweenSecrets(r rune) bool { return r == ',' || unicode.IsSpace(r) }

// Provider implements gateway.Gateway.
func (*Adapter) Provider() string { return Name }

// capabilities have no fees: Checkout.com has no public price list, and agrees on its
// prices with each merchant.
var capabilities = gateway.Capabilities{
	Methods:             map[payment.MethodType]gateway.MethodSupport{payment.MethodCard: {ManualCapture: true}},
	AuthorizationWindow: authorizationWindow, PartialCapture: true, Currencies: currencies, Limits: limits(),
}

// Capabilities implements gateway.Gateway.
func (*Adapter) Capabilities() gateway.Capabilities { return capabilities }

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
	a.log.Debug("checkout call", fields...)
}

// Names of the metadata that ties Checkout.com's payments and actions to ours. A
// payment has the first five. An action may be told with metadata of its own alone
// or with that of its payment: a capture or void therefore names its transaction by
// another name, and a refund by the same.
const (
	metaPayment     = "payment_id"
	metaAttempt     = "attempt_id"
	metaTransaction = "transaction_id"
	metaMerchant    = "merchant_id"
	metaEnvironment = "environment"
	metaMovement    = "movement_transaction_id" // of a capture or void
	metaRefund      = "refund_id"
)

func metadata(c gateway.Call) map[string]string {
	return map[string]string{
		metaPayment:     c.PaymentID,
		metaAttempt:     c.AttemptID,
		metaTransaction: c.TransactionID,
		metaMerchant:    c.Scope.MerchantID,
		metaEnvironment: string(c.Scope.Environment),
	}
}

// movementMetadata is that of a capture or void.
func movementMetadata(c gateway.Call) map[string]string {
	meta := metadata(c)
	delete(meta, metaTransaction)
	meta[metaMovement] = c.TransactionID
	return meta
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
