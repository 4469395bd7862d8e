// Package paypal takes payments from PayPal accounts: Orders v2, spoken through the
// request primitives of plutov/paypal, whose typed methods lack idempotency keys. One
// method of the adapter is one HTTP call, except where it says so; the access token,
// kept until shortly before it ends, is fetched by a call of its own.
//
// A payment is an order. The shopper approves it at PayPal, which takes nothing; the
// adapter's Complete then captures or authorizes it. PayPal's id of the order is the
// hub's gateway reference, those of its authorization, capture and refunds are
// transaction references. Captures and refunds name their parent by its own id, which
// the order tells: they take a call more to read it.
package paypal

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/plutov/paypal/v4"
	"go.uber.org/zap"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/wire"
	"paymenthub/internal/payment"
)

// Name is the gateway's name, as merchants write it.
const Name = "paypal"

// PayPal's addresses. Source: developer.paypal.com/api/rest/requests, "API domains".
const (
	liveURL    = "https://api-m.paypal.com"
	sandboxURL = "https://api-m.sandbox.paypal.com"
)

const defaultTimeout = 8 * time.Second

// Options configure an adapter.
type Options struct {
	// ClientID and ClientSecret are those of the account's REST app; required.
	ClientID, ClientSecret string
	// WebhookID is PayPal's id of the webhook that the app has at the hub, which its
	// signatures are over. Empty means that the account takes no webhooks.
	WebhookID string
	Live      bool // PayPal's live address, and not that of its sandbox
	// BaseURL is where a simulator is, whose webhooks' certificate is then trusted as
	// it comes from there; empty means PayPal's own address.
	BaseURL string
	// HTTPClient carries the calls; nil means a client of the adapter's own. Its
	// redirects are not followed.
	HTTPClient *http.Client
	// Timeout bounds each HTTP call; 0 means 8 s.
	Timeout time.Duration
	Logger  *zap.Logger // nil: none
}

// Adapter implements gateway.Gateway and gateway.Completer. It is safe for
// concurrent use.
type Adapter struct {
	api          *paypal.Client
	tokens       *tokens
	certificates *certificates
	webhookID    string
	timeout      time.Duration
	log          *zap.Logger
}

var (
	_ gateway.Gateway   = (*Adapter)(nil)
	_ gateway.Completer = (*Adapter)(nil)
)

// New makes an adapter. It sends nothing.
// Errors: fault.Invalid for missing credentials, or a base URL that is none.
func New(o Options) (*Adapter, error) {
	for _, c := range []struct{ name, value string }{{credentialID, o.ClientID}, {credentialSecret, o.ClientSecret}} {
		if strings.TrimSpace(c.value) == "" {
			return nil, fault.Field("credentials."+c.name, "Field 'credentials.%s' is required.", c.name)
		}
	}
	base := sandboxURL
	if o.Live {
		base = liveURL
	}
	if o.BaseURL != "" {
		u, err := url.Parse(o.BaseURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fault.New(fault.Invalid, "PayPal's base URL must be an http or https address.")
		}
		base = strings.TrimSuffix(o.BaseURL, "/")
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	api, err := paypal.NewClient(o.ClientID, o.ClientSecret, base)
	if err != nil {
		return nil, fault.New(fault.Invalid, "PayPal's credentials cannot be used.").Because(err)
	}
	client := wire.NewClient(o.HTTPClient)
	client.Transport = watched{client.Transport}
	api.SetHTTPClient(client)
	return &Adapter{
		api: api, tokens: &tokens{api: api, timeout: o.Timeout}, certificates: newCertificates(client, o.BaseURL, o.Live),
		webhookID: strings.TrimSpace(o.WebhookID), timeout: o.Timeout, log: o.Logger,
	}, nil
}

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
	a.log.Debug("paypal call", fields...)
}

// StoreMethod implements gateway.Gateway: this adapter keeps no payment methods.
func (*Adapter) StoreMethod(context.Context, gateway.Storage) payment.Outcome { return keepsNothing() }

// FindMethod implements gateway.Gateway.
func (*Adapter) FindMethod(context.Context, gateway.MethodLookup) payment.Outcome {
	return keepsNothing()
}

// DetachMethod implements gateway.Gateway.
func (*Adapter) DetachMethod(context.Context, gateway.Detachment) payment.Outcome {
	return keepsNothing()
}

func keepsNothing() payment.Outcome {
	return payment.Declined(payment.NewDecline(payment.DeclineNotPermitted))
}
