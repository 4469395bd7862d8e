package adyen_test

import (
	"maps"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/adyen"
)

// caller notes where calls go.
type caller struct{ to []string }

// RoundTrip implements http.RoundTripper.
func (c *caller) RoundTrip(r *http.Request) (*http.Response, error) {
	c.to = append(c.to, r.URL.String())
	return nil, http.ErrServerClosed
}

func TestAccountsOfTheCatalogue(t *testing.T) {
	t.Parallel()
	given := map[string]string{"api_key": "AQE1", "merchant_account": "ShopNL", "hmac_key": "ABCDEF", "live_prefix": "1797a841fbb37ca7-AdyenDemo"}
	with := func(name, value string) map[string]string {
		values := maps.Clone(given)
		values[name] = value
		return values
	}
	for name, c := range map[string]struct {
		gateway.Settings
		address, wrong string
	}{
		"a test account":                  {gateway.Settings{Values: given}, "https://checkout-test.adyen.com/checkout/v71/paymentMethods", ""},
		"a live account":                  {gateway.Settings{Values: given, Live: true}, "https://1797a841fbb37ca7-AdyenDemo-checkout-live.adyenpayments.com/checkout/v71/paymentMethods", ""},
		"a simulator":                     {gateway.Settings{Values: with("live_prefix", ""), Live: true, BaseURL: "http://127.0.0.1:1/"}, "http://127.0.0.1:1/v71/paymentMethods", ""},
		"no key":                          {gateway.Settings{Values: with("api_key", " ")}, "", "credentials.api_key"},
		"no merchant account":             {gateway.Settings{Values: with("merchant_account", "")}, "", "credentials.merchant_account"},
		"an HMAC key that is none":        {gateway.Settings{Values: with("hmac_key", "ABCDEF, secret")}, "", "credentials.hmac_key"},
		"a live account without a prefix": {gateway.Settings{Values: with("live_prefix", ""), Live: true}, "", "credentials.live_prefix"},
		"a prefix of another address":     {gateway.Settings{Values: with("live_prefix", "evil.example/"), Live: true}, "", "credentials.live_prefix"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := &caller{}
			c.HTTPClient = &http.Client{Transport: calls}
			g, err := adyen.Provider.New(c.Settings)
			if c.wrong != "" {
				var wrong *fault.Error
				require.ErrorAs(t, err, &wrong)
				require.Equal(t, c.wrong, wrong.Param)
				return
			}
			require.NoError(t, err)
			require.Equal(t, adyen.Provider.Name, g.Provider())
			require.Equal(t, adyen.Provider.Capabilities, g.Capabilities())
			_, err = g.Probe(t.Context())
			require.True(t, fault.Is(err, fault.Unavailable))
			require.Equal(t, []string{c.address}, calls.to)
		})
	}
}

func TestOptionsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, o := range []adyen.Options{
		{}, {APIKey: "k"}, {APIKey: "k", MerchantAccount: "m", BaseURL: "ftp://x"}, {APIKey: "k", MerchantAccount: "m", BaseURL: "nowhere"},
		{APIKey: "k", MerchantAccount: "m", HMACKey: "xyz"}, {APIKey: "k", MerchantAccount: "m", LivePrefix: "a/b"},
	} {
		_, err := adyen.New(o)
		require.Error(t, err)
	}
}
