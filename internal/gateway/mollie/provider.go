package mollie

import (
	"strings"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
)

// Names of the credentials.
const (
	credentialKey     = "api_key"
	credentialWebhook = "webhook_secret"
)

// How the keys of a profile begin.
// Source: docs.mollie.com/reference/authentication, "API keys".
const (
	testKey = "test_"
	liveKey = "live_"
)

// Provider is Mollie's entry in the catalogue.
var Provider = gateway.Provider{
	Name: Name, Title: "Mollie",
	Credentials: []gateway.Credential{
		{Name: credentialKey, Title: "API key", Required: true},
		{Name: credentialWebhook, Title: "Signing secret of the webhook"},
	},
	Capabilities: capabilities,
	New:          newAccount,
}

// newAccount makes the adapter of an account. A key of the other mode would let test
// payments move real money, or live ones none; an access token of an organization
// has both modes, and would need to be told a profile with each payment.
func newAccount(s gateway.Settings) (gateway.Gateway, error) {
	const field = "credentials." + credentialKey
	key := strings.TrimSpace(s.Values[credentialKey])
	switch {
	case key == "":
		return nil, fault.Field(field, "Field '%s' is required.", field)
	case !strings.HasPrefix(key, testKey) && !strings.HasPrefix(key, liveKey):
		return nil, fault.Field(field, "Field '%s' must be the API key of a profile, which begins with '%s' or '%s'.", field, testKey, liveKey)
	case !s.Live && strings.HasPrefix(key, liveKey):
		return nil, fault.Field(field, "Field '%s' is a live key; test payments would move real money.", field)
	case s.Live && s.BaseURL == "" && strings.HasPrefix(key, testKey):
		return nil, fault.Field(field, "Field '%s' is a test key; live payments would move no money.", field)
	}
	return New(Options{
		APIKey: key, WebhookSecret: s.Values[credentialWebhook], BaseURL: s.BaseURL,
		HTTPClient: s.HTTPClient, Timeout: s.Timeout, Logger: s.Logger,
	})
}
