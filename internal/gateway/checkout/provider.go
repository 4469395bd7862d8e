package checkout

import (
	"strings"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
)

// Names of the credentials.
const (
	credentialKey     = "secret_key"
	credentialChannel = "processing_channel_id"
	credentialWebhook = "webhook_secret"
)

// sandboxKey is how secret keys of the sandbox begin.
// Source: checkout.com/docs/developer-resources/api/manage-api-keys.
const sandboxKey = "sk_sbox_"

// Provider is Checkout.com's entry in the catalogue.
var Provider = gateway.Provider{
	Name: Name, Title: "Checkout.com",
	Credentials: []gateway.Credential{
		{Name: credentialKey, Title: "Secret key", Required: true},
		{Name: credentialChannel, Title: "Processing channel ID", Required: true, Public: true},
		{Name: credentialWebhook, Title: "Signature key of the webhook"},
	},
	Capabilities: capabilities,
	New:          newAccount,
}

// newAccount makes the adapter of an account. A key of the other environment is
// refused at once: Checkout.com would only say that it does not know it.
func newAccount(s gateway.Settings) (gateway.Gateway, error) {
	for _, name := range []string{credentialKey, credentialChannel} {
		if strings.TrimSpace(s.Values[name]) == "" {
			return nil, fault.Field("credentials."+name, "Field 'credentials.%s' is required.", name)
		}
	}
	const field = "credentials." + credentialKey
	base := s.BaseURL
	if base == "" {
		base = sandboxURL
		if s.Live {
			base = liveURL
		}
		switch ofSandbox := strings.HasPrefix(strings.TrimSpace(s.Values[credentialKey]), sandboxKey); {
		case s.Live && ofSandbox:
			return nil, fault.Field(field, "Field '%s' is a key of the sandbox; live payments would move no money.", field)
		case !s.Live && !ofSandbox:
			return nil, fault.Field(field, "Field '%s' must be a key of the sandbox, which begins with '%s'.", field, sandboxKey)
		}
	}
	return New(Options{
		SecretKey: s.Values[credentialKey], ProcessingChannelID: s.Values[credentialChannel], WebhookSecret: s.Values[credentialWebhook],
		BaseURL: base, HTTPClient: s.HTTPClient, Timeout: s.Timeout, Logger: s.Logger,
	})
}
