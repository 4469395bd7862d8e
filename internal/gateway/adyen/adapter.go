// Package adyen takes card payments through Adyen's Checkout API, version 71, in the
// types of adyen-go-api-library. One method of the adapter is one HTTP call.
//
// Adyen differs from most providers in what the hub must know:
//
//   - Captures, cancellations and refunds are answered with "received": their outcome
//     is payment.OutcomeAccepted, and a webhook tells how they ended (Conclude).
//   - Nothing can be looked up. A call whose answer was lost is sent again under its
//     key (Capabilities.RepeatedFor): Adyen answers as it did the first time.
//   - A sale is an authorisation that Adyen captures at once by itself. It counts as
//     captured once it is authorised, as for Adyen's merchants. No webhook confirms that;
//     CAPTURE_FAILED, which says that it was not so, contradicts a sale and is raised.
//   - A shopper who authenticated comes back with a redirectResult. The payment is
//     made when that is handed over (Complete); until then it has no pspReference, and
//     its gateway reference is the hub's own, by which it can be cancelled.
//   - Webhooks sign eight fields, not their whole body, and no time. What the hub finds
//     its payments by is in one of them: the reference (reference.go).
package adyen

import (
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/adyen/adyen-go-api-library/v21/src/adyen"
	"github.com/adyen/adyen-go-api-library/v21/src/common"
	"go.uber.org/zap"

	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/wire"
	"paymenthub/internal/payment"
)

// Name is the gateway's name, as merchants write it.
const Name = "adyen"

const (
	defaultTimeout = 8 * time.Second
	// authorizationWindow is the shortest for which the large networks hold an online
	// payment of a shopper who is there; Adyen itself keeps it for longer.
	// Source: docs.adyen.com/online-payments/adjust-authorisation, "Validity".
	authorizationWindow = 7 * 24 * time.Hour
	// keysKept is how long Adyen answers a key as it did the first time: at least.
	// Source: docs.adyen.com/development-resources/api-idempotency.
	keysKept = 7 * 24 * time.Hour
)

// Options configure an adapter.
type Options struct {
	APIKey          string // of the API credential; required
	MerchantAccount string // required
	// HMACKey checks the signatures of the account's webhooks: hexadecimal, as the
	// Customer Area shows it. While one is being replaced there may be several,
	// separated by commas. Empty means that the account takes no webhooks.
	HMACKey string
	// LivePrefix is the company's own part of the live address; "" means the test
	// address.
	LivePrefix string
	// BaseURL is where the API is, without its version; empty means Adyen's own.
	BaseURL string
	// HTTPClient carries the calls; nil means a client of the adapter's own. Its
	// redirects are not followed: a card must not travel to another address.
	HTTPClient *http.Client
	// Timeout bounds each HTTP call; 0 means 8 s.
	Timeout time.Duration
	Logger  *zap.Logger // nil: none
}

// Adapter implements gateway.Gateway, gateway.Completer and gateway.DisputeTeller. It is safe for
// concurrent use.
type Adapter struct {
	api      *common.Client
	account  string
	hmacKeys []string
	timeout  time.Duration
	log      *zap.Logger
}

var (
	_ gateway.Gateway       = (*Adapter)(nil)
	_ gateway.Completer     = (*Adapter)(nil)
	_ gateway.DisputeTeller = (*Adapter)(nil)
)

// livePrefixes are what a live address can begin with.
// Source: docs.adyen.com/development-resources/live-endpoints.
var livePrefixes = regexp.MustCompile(`^[0-9A-Za-z]+(-[0-9A-Za-z]+)*$`)

// New makes an adapter. It sends nothing.
// Errors: a missing key or merchant account, an address or HMAC key that is none.
func New(o Options) (*Adapter, error) {
	switch {
	case strings.TrimSpace(o.APIKey) == "":
		return nil, errors.New("adyen: the API key is missing")
	case strings.TrimSpace(o.MerchantAccount) == "":
		return nil, errors.New("adyen: the merchant account is missing")
	case o.LivePrefix != "" && !livePrefixes.MatchString(o.LivePrefix):
		return nil, errors.New("adyen: the live prefix must be letters, digits and hyphens")
	}
	keys := strings.FieldsFunc(o.HMACKey, betweenKeys)
	for _, key := range keys {
		if _, err := hex.DecodeString(key); err != nil {
			return nil, errors.New("adyen: the HMAC key must be hexadecimal")
		}
	}
	endpoint, err := o.endpoint()
	if err != nil {
		return nil, err
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	return &Adapter{
		// The library's own constructor prints a line for a client that is handed to
		// it, and changes the process's default one where none is.
		api:     &common.Client{Cfg: &common.Config{ApiKey: o.APIKey, CheckoutEndpoint: endpoint, HTTPClient: wire.NewClient(o.HTTPClient)}},
		account: o.MerchantAccount, hmacKeys: keys, timeout: o.Timeout, log: o.Logger,
	}, nil
}

// betweenKeys tells what separates HMAC keys from HMAC keys.
func betweenKeys(r rune) bool { return r == ',' || unicode.IsSpace(r) }

// endpoint is the address of the Checkout API, with its version.
func (o Options) endpoint() (string, error) {
	base := adyen.CheckoutEndpointTest
	switch {
	case o.BaseURL != "":
		u, err := url.Parse(o.BaseURL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return "", errors.New("adyen: the base URL must be an http or https address")
		}
		base = strings.TrimSuffix(o.BaseURL, "/")
	case o.LivePrefix != "":
		base = adyen.EndpointProtocol + o.LivePrefix + adyen.CheckoutEndpointLiveSuffix
	}
	return base + "/" + adyen.CheckoutAPIVersion, nil
}

// Provider implements gateway.Gateway.
func (*Adapter) Provider() string { return Name }

// capabilities name no fees: Adyen's public prices (adyen.com/pricing, "Interchange++")
// add the interchange of each card, which no list tells.
var capabilities = gateway.Capabilities{
	Methods:             map[payment.MethodType]gateway.MethodSupport{payment.MethodCard: {ManualCapture: true}},
	AuthorizationWindow: authorizationWindow, PartialCapture: true, Untold: true, RepeatedFor: keysKept, Currencies: currencies,
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
	a.log.Debug("adyen call", fields...)
}
