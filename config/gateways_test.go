package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/config"
)

// catalogue is a catalogue of two providers, of which one has modes as Stripe has.
var catalogue = []config.Provider{
	{
		Name: "stripe", Credentials: []config.Credential{{Name: "secret_key", Required: true}, {Name: "webhook_secret"}},
		Check: func(a config.Account, live bool) (string, string) {
			switch key := a.Reveal()["secret_key"]; {
			case !live && strings.HasPrefix(key, "sk_live_"):
				return "secret_key", "is a live key; test payments would move real money"
			case live && a.BaseURL == "" && strings.HasPrefix(key, "sk_test_"):
				return "secret_key", "is a test key; live payments would move no money"
			default:
				return "", ""
			}
		},
	},
	{
		Name: "adyen", Credentials: []config.Credential{{Name: "api_key", Required: true}, {Name: "merchant_account", Required: true}, {Name: "hmac_key"}},
		Check: func(config.Account, bool) (string, string) { return "", "" },
	},
}

func stripe(key config.Secret, baseURL config.URL) config.Account {
	return config.Account{Credentials: map[string]config.Secret{"secret_key": key}, BaseURL: baseURL}
}

func base() *config.Config {
	c := config.Default()
	c.Gateways.Catalogue = catalogue
	return &c
}

func TestAccountsFromFileAndVariables(t *testing.T) {
	path := file(t, `
gateways:
  order: [adyen, stripe]
  sandbox:
    stripe: {secret_key: sk_test_file, webhook_secret: whsec_file}
    adyen: {api_key: key_file, merchant_account: ExampleECOM, base_url: "http://127.0.0.1:12113"}
`)
	t.Setenv("PAYMENTHUB_GATEWAYS_SANDBOX_STRIPE_SECRET_KEY", "sk_test_variable")
	t.Setenv("PAYMENTHUB_GATEWAYS_SANDBOX_STRIPE_BASE_URL", "http://127.0.0.1:12111")
	t.Setenv("PAYMENTHUB_GATEWAYS_LIVE_ADYEN_API_KEY", "key_variable")
	t.Setenv("PAYMENTHUB_GATEWAYS_LIVE_ADYEN_MERCHANT_ACCOUNT", "") // empty is unset
	over := base()
	over.Gateways.Sandbox = config.Accounts{"stripe": {Credentials: map[string]config.Secret{"webhook_secret": "whsec_base"}}}
	c, err := config.Load(config.Sources{Base: over, File: path})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"secret_key": "sk_test_variable", "webhook_secret": "whsec_file"}, c.Gateways.Sandbox["stripe"].Reveal())
	require.Equal(t, config.URL("http://127.0.0.1:12111"), c.Gateways.Sandbox["stripe"].BaseURL)
	require.Equal(t, map[string]string{"api_key": "key_file", "merchant_account": "ExampleECOM"}, c.Gateways.Sandbox["adyen"].Reveal())
	require.Equal(t, map[string]string{"api_key": "key_variable"}, c.Gateways.Live["adyen"].Reveal())
	require.Equal(t, []string{"adyen", "stripe"}, c.Gateways.Connected(c.Gateways.Sandbox))
	require.Equal(t, []string{"adyen"}, c.Gateways.Connected(c.Gateways.Live))
	require.Equal(t, map[string]string{"webhook_secret": "whsec_base"}, over.Gateways.Sandbox["stripe"].Reveal(), "what it was loaded over is as it was")
	require.NotContains(t, over.Gateways.Sandbox, "adyen")

	require.ErrorContains(t, c.Validate(config.NeedGateways),
		"gateways.live.adyen.merchant_account (PAYMENTHUB_GATEWAYS_LIVE_ADYEN_MERCHANT_ACCOUNT) is not set, but other settings of the account are")
	printed, err := c.Redacted()
	require.NoError(t, err)
	for _, secret := range []string{"sk_test_variable", "whsec_file", "key_file", "key_variable"} {
		require.NotContains(t, string(printed), secret)
	}
	require.Contains(t, string(printed), "base_url: http://127.0.0.1:12113")
	require.Contains(t, string(printed), "api_key: '[set]'")
}

func TestMisspeltAccountsAreNamed(t *testing.T) {
	t.Setenv("PAYMENTHUB_GATEWAYS_SANDBOX_STRIP_SECRET_KEY", "hunter2")
	t.Setenv("PAYMENTHUB_GATEWAYS_LIVE_ADYEN_APIKEY", "hunter2")
	t.Setenv("PAYMENTHUB_GATEWAYS_LIVE_MOLLI_KEY", "")
	_, err := config.Load(config.Sources{Base: base(), File: file(t, `
gateways:
  live: {stripe: {secretkey: hunter2}, klarna: {key: hunter2}}
`)})
	for _, part := range []string{
		`PAYMENTHUB_GATEWAYS_SANDBOX_STRIP_SECRET_KEY: there is no provider "strip"; there are stripe, adyen`,
		`PAYMENTHUB_GATEWAYS_LIVE_ADYEN_APIKEY: there is no setting "apikey" of adyen; it has api_key, merchant_account, hmac_key, base_url`,
		`there is no setting "gateways.live.stripe.secretkey"`, `there is no setting "gateways.live.klarna.key"`,
	} {
		require.ErrorContains(t, err, part)
	}
	require.NotContains(t, err.Error(), "hunter2")
	require.NotContains(t, err.Error(), "MOLLI")
}

func TestOrderOfGateways(t *testing.T) {
	c := valid()
	c.Gateways.Live = config.Accounts{"stripe": stripe("sk_live_x", ""), "adyen": {
		Credentials: map[string]config.Secret{"api_key": "x", "merchant_account": "ExampleECOM"},
	}}
	require.Equal(t, []string{"stripe", "adyen"}, c.Gateways.Connected(c.Gateways.Live), "the catalogue's")
	t.Setenv("PAYMENTHUB_GATEWAYS_ORDER", "adyen")
	loaded, err := config.Load(config.Sources{Base: &c})
	require.NoError(t, err)
	require.Equal(t, []string{"adyen", "stripe"}, loaded.Gateways.Connected(loaded.Gateways.Live))
	require.NoError(t, loaded.Validate())
	c.Gateways.Order = []string{"adyen", "klarna", "adyen"}
	err = c.Validate()
	require.ErrorContains(t, err, `gateways.order (PAYMENTHUB_GATEWAYS_ORDER) has "klarna", which is no provider`)
	require.ErrorContains(t, err, `gateways.order (PAYMENTHUB_GATEWAYS_ORDER) has "adyen" twice`)
}

func TestAnAccountHasWhatEveryoneNeeds(t *testing.T) {
	c := valid()
	c.Gateways.Live = config.Accounts{"stripe": {Credentials: map[string]config.Secret{"webhook_secret": "whsec_x"}}}
	require.NoError(t, c.Validate(), "a webhook's secret alone is no account")
	require.Empty(t, c.Gateways.Connected(c.Gateways.Live))
	c.Gateways.Live = config.Accounts{"stripe": {BaseURL: "https://stripe.example.com"}}
	require.ErrorContains(t, c.Validate(), "gateways.live.stripe.secret_key (PAYMENTHUB_GATEWAYS_LIVE_STRIPE_SECRET_KEY) is not set")
	c.Gateways.Live = config.Accounts{"klarna": stripe("x", "")}
	require.ErrorContains(t, c.Validate(), "gateways.live.klarna (PAYMENTHUB_GATEWAYS_LIVE_KLARNA) is no provider; there are stripe, adyen")
}
