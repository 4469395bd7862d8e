package paypal

import (
	"time"

	"paymenthub/internal/gateway"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/routing"
)

// Names of the credentials.
const (
	credentialID      = "client_id"
	credentialSecret  = "client_secret"
	credentialWebhook = "webhook_id"
)

// Provider is PayPal's entry in the catalogue.
var Provider = gateway.Provider{
	Name: Name, Title: "PayPal",
	Credentials: []gateway.Credential{
		{Name: credentialID, Title: "Client ID", Required: true, Public: true},
		{Name: credentialSecret, Title: "Secret", Required: true},
		{Name: credentialWebhook, Title: "Webhook ID", Public: true},
	},
	Capabilities: capabilities,
	New:          newAccount,
}

func newAccount(s gateway.Settings) (gateway.Gateway, error) {
	a, err := New(Options{
		ClientID: s.Values[credentialID], ClientSecret: s.Values[credentialSecret], WebhookID: s.Values[credentialWebhook],
		Live: s.Live, BaseURL: s.BaseURL, HTTPClient: s.HTTPClient, Timeout: s.Timeout, Logger: s.Logger,
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

const (
	// honorPeriod is how long PayPal honors an authorization in full. It may be captured
	// for 29 days, but then at the risk that the funds are gone.
	// Source: developer.paypal.com/docs/checkout/standard/customize/authorization-honor.
	honorPeriod = 3 * 24 * time.Hour
	// keysKept is how long PayPal keeps the request id of an order; those of captures of
	// authorizations, voids and refunds 45 days. Source: PayPal-Request-Id in
	// developer.paypal.com/docs/api/orders/v2 and …/payments/v2.
	keysKept = 6 * time.Hour
	// orderLife is how long an order waits for the shopper, and then to be taken.
	// Source: PayPal's answer in github.com/paypal/Checkout-PHP-SDK, issue 84.
	orderLife = 3 * time.Hour
)

// capabilities name no limits: PayPal has none that hold for all accounts, and refuses
// what is above the account's own.
var capabilities = gateway.Capabilities{
	Methods:             map[payment.MethodType]gateway.MethodSupport{payment.MethodPayPal: {ManualCapture: true}},
	AuthorizationWindow: honorPeriod, PartialCapture: true, RepeatedFor: keysKept, Currencies: currencies, Fees: fees,
}

// fees are the list prices of an account in the United States for "PayPal Checkout",
// with the fixed fees of the currencies that it names first. Accounts in other
// countries pay other prices, and their own belong into their settings.
// Source: paypal.com/us/business/paypal-business-fees, as of 2026.
var fees = routing.Fees{
	{Method: string(payment.MethodPayPal), Currency: "USD", BasisPoints: 349, Fixed: money.New(49, "USD")},
	{Method: string(payment.MethodPayPal), Currency: "EUR", BasisPoints: 349, Fixed: money.New(39, "EUR")},
	{Method: string(payment.MethodPayPal), Currency: "GBP", BasisPoints: 349, Fixed: money.New(39, "GBP")},
	{Method: string(payment.MethodPayPal), Currency: "CAD", BasisPoints: 349, Fixed: money.New(59, "CAD")},
	{Method: string(payment.MethodPayPal), Currency: "AUD", BasisPoints: 349, Fixed: money.New(59, "AUD")},
}
