package stripe

import (
	"strings"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
)

// Names of the credentials.
const (
	credentialKey     = "secret_key"
	credentialWebhook = "webhook_secret"
)

// Provider is Stripe's entry in the catalogue.
var Provider = gateway.Provider{
	Name: Name, Title: "Stripe",
	Credentials: []gateway.Credential{
		{Name: credentialKey, Title: "Secret key", Required: true},
		{Name: credentialWebhook, Title: "Signing secret of the webhook endpoint"},
	},
	Capabilities: capabilities,
	New:          newAccount,
}

// newAccount makes the adapter of an account. A key of the other mode would let test
// payments move real money, or live ones none.
func newAccount(s gateway.Settings) (gateway.Gateway, error) {
	key := s.Values[credentialKey]
	switch {
	case strings.TrimSpace(key) == "":
		return nil, fault.Field("credentials."+credentialKey, "Field 'credentials.%s' is required.", credentialKey)
	case !s.Live && ofMode("live", key):
		return nil, fault.Field("credentials."+credentialKey, "Field 'credentials.%s' is a live key; test payments would move real money.", credentialKey)
	case s.Live && s.BaseURL == "" && ofMode("test", key):
		return nil, fault.Field("credentials."+credentialKey, "Field 'credentials.%s' is a test key; live payments would move no money.", credentialKey)
	}
	return New(Options{
		SecretKey: key, WebhookSecret: s.Values[credentialWebhook], BaseURL: s.BaseURL,
		HTTPClient: s.HTTPClient, Timeout: s.Timeout, Logger: s.Logger,
	})
}

// ofMode reports whether a secret or restricted key says that it is of the mode.
// Source: docs.stripe.com/keys.
func ofMode(mode, key string) bool {
	return strings.HasPrefix(key, "sk_"+mode+"_") || strings.HasPrefix(key, "rk_"+mode+"_")
}
