package adyen

import (
	"encoding/hex"
	"strings"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
)

// Names of the credentials.
const (
	credentialKey     = "api_key"
	credentialAccount = "merchant_account"
	credentialHMAC    = "hmac_key"
	credentialPrefix  = "live_prefix"
)

// Provider is Adyen's entry in the catalogue.
var Provider = gateway.Provider{
	Name: Name, Title: "Adyen",
	Credentials: []gateway.Credential{
		{Name: credentialKey, Title: "API key", Required: true},
		{Name: credentialAccount, Title: "Merchant account", Required: true, Public: true},
		{Name: credentialHMAC, Title: "HMAC key of the standard webhook"},
		{Name: credentialPrefix, Title: "Live endpoint URL prefix", Public: true},
	},
	Capabilities: capabilities,
	New:          newAccount,
}

// newAccount makes the adapter of an account. Adyen's keys do not say whether they are
// live ones; the address does: test payments never go to a live one.
func newAccount(s gateway.Settings) (gateway.Gateway, error) {
	prefix := s.Values[credentialPrefix]
	for _, name := range []string{credentialKey, credentialAccount} {
		if strings.TrimSpace(s.Values[name]) == "" {
			return nil, wrong(name, "is required")
		}
	}
	for _, key := range strings.FieldsFunc(s.Values[credentialHMAC], betweenKeys) {
		if _, err := hex.DecodeString(key); err != nil {
			return nil, wrong(credentialHMAC, "must be hexadecimal, as the Customer Area shows it")
		}
	}
	switch {
	case prefix != "" && !livePrefixes.MatchString(prefix):
		return nil, wrong(credentialPrefix, "must be letters, digits and hyphens, as the Customer Area shows it")
	case s.Live && prefix == "" && s.BaseURL == "":
		return nil, wrong(credentialPrefix, "is required of a live account: it is part of its address")
	case !s.Live:
		prefix = ""
	}
	return New(Options{
		APIKey: s.Values[credentialKey], MerchantAccount: s.Values[credentialAccount], HMACKey: s.Values[credentialHMAC], LivePrefix: prefix,
		BaseURL: s.BaseURL, HTTPClient: s.HTTPClient, Timeout: s.Timeout, Logger: s.Logger,
	})
}

func wrong(credential, why string) error {
	return fault.Field("credentials."+credential, "Field 'credentials.%s' %s.", credential, why)
}
