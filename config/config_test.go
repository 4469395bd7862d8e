package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"paymenthub/config"
)

const (
	keyA = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	keyB = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
	keyC = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="
	keyD = "YGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn8="
)

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hub.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func valid() config.Config {
	c := config.Default()
	c.Database.SQLiteFile = "hub.db"
	c.Temporal.Address = "127.0.0.1:7233"
	c.Keys = config.Keys{
		Vault:       config.VaultKeys{Active: 1, Keys: map[string]config.Key{"1": keyA}},
		Fingerprint: keyB, ClientSecret: keyC,
		Codec: config.CodecKeys{Active: "k1", Keys: map[string]config.Key{"k1": keyD}},
	}
	c.Gateways.Catalogue, c.Gateways.Sandbox = catalogue, config.Accounts{"stripe": stripe("sk_test_x", "")}
	return c
}

func TestEachSourceWinsOverTheOneBefore(t *testing.T) {
	path := file(t, `
server:
  addr: 127.0.0.1:1001
  request_timeout: 30s
  trusted_proxies: [10.0.0.0/8]
log: {level: warn, format: console}
rate_limits: {hub: {per_minute: 7}}
`)
	t.Setenv("PAYMENTHUB_SERVER_ADDR", "127.0.0.1:1002")
	t.Setenv("PAYMENTHUB_LOG_LEVEL", "error")
	t.Setenv("PAYMENTHUB_LOG_FORMAT", "") // empty is unset
	t.Setenv("PAYMENTHUB_TEMPORAL_TLS", "true")
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	flags.String("addr", "127.0.0.1:9999", "")
	flags.String("database-url", "", "")
	flags.String("log-level", "debug", "")
	require.NoError(t, flags.Parse([]string{"--addr", "127.0.0.1:1003", "--database-url", "postgres://db/hub"}))

	c, err := config.Load(config.Sources{File: path, Flags: flags})
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:1003", c.Server.Addr, "flag over variable")
	require.Equal(t, "error", c.Log.Level, "variable over file; a flag that was not given does not count")
	require.Equal(t, "console", c.Log.Format, "file over default")
	require.Equal(t, 30*time.Second, c.Server.RequestTimeout)
	require.Equal(t, []string{"10.0.0.0/8"}, c.Server.TrustedProxies)
	require.Equal(t, 7, c.RateLimits.Hub.PerMinute)
	require.Equal(t, 100, c.RateLimits.Hub.Burst, "default beside a sibling from the file")
	require.True(t, c.Temporal.TLS)
	require.Equal(t, config.URL("postgres://db/hub"), c.Database.URL)
}

func TestFileNamedByVariable(t *testing.T) {
	t.Setenv(config.EnvFile, file(t, "temporal: {namespace: payments}"))
	c, err := config.Load(config.Sources{})
	require.NoError(t, err)
	require.Equal(t, "payments", c.Temporal.Namespace)
	_, err = config.Load(config.Sources{File: filepath.Join(t.TempDir(), "none.yaml")})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestKeysFromFileAndVariable(t *testing.T) {
	path := file(t, "keys:\n  vault: {active: 1, keys: {1: "+keyA+"}}\n  codec: {active: k1, keys: {k1: "+keyB+"}}\n")
	c, err := config.Load(config.Sources{File: path})
	require.NoError(t, err)
	require.Equal(t, map[string]config.Key{"1": keyA}, c.Keys.Vault.Keys)

	t.Setenv("PAYMENTHUB_KEYS_VAULT_KEYS", "1:"+keyA+", 2:"+keyC)
	t.Setenv("PAYMENTHUB_KEYS_VAULT_ACTIVE", "2")
	t.Setenv("PAYMENTHUB_SERVER_TRUSTED_PROXIES", "10.0.0.0/8, 192.168.0.0/16")
	c, err = config.Load(config.Sources{File: path})
	require.NoError(t, err)
	versions, err := c.Keys.Vault.ByVersion()
	require.NoError(t, err)
	require.Len(t, versions, 2)
	require.Len(t, versions[2], config.KeySize)
	require.Equal(t, 2, c.Keys.Vault.Active)
	require.Equal(t, []string{"10.0.0.0/8", "192.168.0.0/16"}, c.Server.TrustedProxies)
	ids, err := c.Keys.Codec.ByID()
	require.NoError(t, err)
	require.Len(t, ids["k1"], config.KeySize)
}

func TestUnknownKeysAndWrongTypesAreErrorsTogether(t *testing.T) {
	path := file(t, `
servr: {addr: x}
database: {uri: secret-in-the-wrong-place}
server: {request_timeout: 20, max_in_flight: many}
payments: {wait: soon}
rate_limits: {hub: {burst: 1.5}}
temporal: {tls: perhaps}
keys: {vault: {keys: hunter2}}
`)
	_, err := config.Load(config.Sources{File: path})
	require.Error(t, err)
	for _, part := range []string{
		`no setting "servr.addr"`, `no setting "database.uri"`,
		"server.request_timeout (PAYMENTHUB_SERVER_REQUEST_TIMEOUT) must be a duration",
		"server.max_in_flight (PAYMENTHUB_SERVER_MAX_IN_FLIGHT) must be a whole number",
		"payments.wait (PAYMENTHUB_PAYMENTS_WAIT) must be a duration",
		"rate_limits.hub.burst (PAYMENTHUB_RATE_LIMITS_HUB_BURST) must be a whole number",
		"temporal.tls (PAYMENTHUB_TEMPORAL_TLS) must be true or false",
		"keys.vault.keys (PAYMENTHUB_KEYS_VAULT_KEYS) must look like",
	} {
		require.ErrorContains(t, err, part)
	}
	require.NotContains(t, err.Error(), "hunter2")
	require.NotContains(t, err.Error(), "secret-in-the-wrong-place")
	_, err = config.Load(config.Sources{File: file(t, "server: 7")})
	require.ErrorContains(t, err, `no setting "server"`)
	_, err = config.Load(config.Sources{File: file(t, "log: {level: info}\nlog: {level: warn}")})
	require.ErrorContains(t, err, "already defined")
}

func TestValidate(t *testing.T) {
	require.NoError(t, valid().Validate())
	require.NoError(t, config.Default().Validate(config.NeedServer), "the defaults are right")
	c := valid()
	c.Gateways.Sandbox = config.Accounts{"stripe": stripe("sk_test_x", "http://simulator:12111")}
	c.Gateways.Live = config.Accounts{"stripe": stripe("sk_test_simulator", "http://127.0.0.1:12111")}
	require.NoError(t, c.Validate(), "simulators, the live one on loopback")
	c.Gateways.Live = config.Accounts{"stripe": stripe("sk_test_simulator", "http://simulator:12111")}
	require.ErrorContains(t, c.Validate(), "gateways.live.stripe.base_url (PAYMENTHUB_GATEWAYS_LIVE_STRIPE_BASE_URL) must be https")
	onlyDatabase := config.Default()
	onlyDatabase.Database.URL = "postgres://db/hub"
	require.NoError(t, onlyDatabase.Validate(config.NeedDatabase))
}

func TestAcquiringLimits(t *testing.T) {
	c, err := config.Load(config.Sources{})
	require.NoError(t, err)
	require.Equal(t, config.AcquiringLimits{PaymentsPerSecond: 20, PaymentsPerHour: 10_000, TransactionsPerSecond: 100, PublicPerSecond: 50},
		c.RateLimits.Acquiring, "contracts/acquiring.md")
	for name, zero := range map[string]func(*config.AcquiringLimits){
		"payments_per_second":     func(l *config.AcquiringLimits) { l.PaymentsPerSecond = 0 },
		"payments_per_hour":       func(l *config.AcquiringLimits) { l.PaymentsPerHour = 0 },
		"transactions_per_second": func(l *config.AcquiringLimits) { l.TransactionsPerSecond = 0 },
		"public_per_second":       func(l *config.AcquiringLimits) { l.PublicPerSecond = 0 },
	} {
		c := valid()
		zero(&c.RateLimits.Acquiring)
		err := c.Validate()
		require.ErrorContains(t, err, "rate_limits.acquiring."+name+" (PAYMENTHUB_RATE_LIMITS_ACQUIRING_"+strings.ToUpper(name)+")")
		require.NotContains(t, err.Error(), "\n", "it is the only fault")
	}
}

func TestValidateReportsAllFaultsAtOnce(t *testing.T) {
	c := config.Config{
		Server: config.Server{
			Addr: "8080", TLSCert: "/nowhere/cert.pem", PublicURL: "https://user:hunter2@pay.example.com/x",
			TrustedProxies: []string{"10.0.0.1"},
		},
		Database: config.Database{URL: "mysql://root:hunter2@db/hub", MaxConns: -1},
		Temporal: config.Temporal{Address: "temporal"},
		Keys: config.Keys{
			Vault:       config.VaultKeys{Active: 3, Keys: map[string]config.Key{"one": keyA, "2": "aHVudGVyMg=="}},
			Fingerprint: keyA,
			Codec:       config.CodecKeys{Keys: map[string]config.Key{"K 1": keyB}},
		},
		Gateways: config.Gateways{
			Catalogue: catalogue,
			Sandbox:   config.Accounts{"stripe": stripe("sk_live_hunter2", "ftp://gateway.example.com")},
			Live:      config.Accounts{"stripe": stripe("sk_test_hunter2", "")},
		},
		Risk:      config.Risk{BINFile: "/no/such/file.csv"},
		Routing:   config.Routing{RetryCaps: config.RetryCaps{Visa: -1, Mastercard: 1001}},
		FX:        config.FX{Sources: []string{"table", "table", "reuters"}, ECBFile: "/no/such/file.xml", MarginBPS: 2001, MaxAge: time.Minute},
		Webhooks:  config.Webhooks{Ports: []int{70000}, AllowLoopback: true},
		Mail:      config.Mail{SMTPURL: "https://mail.example.com", From: "the hub"},
		Log:       config.Log{Level: "loud", Format: "xml"},
		Telemetry: config.Telemetry{OTLPEndpoint: "collector:4317", SamplePercent: 101},
	}
	err := c.Validate()
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
	lines := strings.Split(err.Error(), "\n")
	for _, key := range []string{
		"server.addr", "server.tls_cert", "server.public_url", "server.trusted_proxies",
		"server.request_timeout", "server.max_in_flight", "server.drain_timeout", "database.url", "database.max_conns", "temporal.address", "temporal.namespace",
		"keys.vault.keys", "keys.vault.active", "keys.client_secret", "keys.codec.keys", "keys.codec.active",
		"gateways.timeout", "gateways.sandbox.stripe.secret_key", "gateways.sandbox.stripe.base_url", "gateways.live.stripe.secret_key",
		"rate_limits.hub.per_minute", "rate_limits.public.burst", "rate_limits.gateway_accounts.per_minute", "rate_limits.gateway_accounts.burst", "rate_limits.redeliveries.per_minute", "rate_limits.redeliveries.burst", "rate_limits.acquiring.payments_per_second",
		"rate_limits.acquiring.payments_per_hour", "rate_limits.acquiring.transactions_per_second", "rate_limits.acquiring.public_per_second", "payments.wait", "risk.bin_file", "routing.retry_caps.visa", "routing.retry_caps.mastercard", "fx.sources", "fx.ecb_file", "fx.margin_bps", "fx.max_age", "fx.quote_for", "webhooks.ports", "webhooks.allow_loopback", "mail.smtp_url", "mail.from", "log.level", "log.format",
		"telemetry.otlp_endpoint", "telemetry.sample_percent",
	} {
		variable := "PAYMENTHUB_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
		found := false
		for _, line := range lines {
			found = found || strings.HasPrefix(line, key+" ("+variable+") ")
		}
		require.True(t, found, "no fault names %s:\n%s", key, err)
	}
	require.ErrorContains(t, err, `key "one" is the same key as keys.fingerprint`)
	require.ErrorContains(t, err, `key "2" has 7 bytes and needs 32`)
}

func TestValidateSaysWhatIsMissing(t *testing.T) {
	c := config.Default()
	c.Server.Addr = ":8080"
	err := c.Validate()
	for _, key := range []string{
		"server.public_url", "database.url", "temporal.address", "keys.vault.keys", "keys.fingerprint",
		"keys.client_secret", "keys.codec.keys", "gateways.sandbox.stripe.secret_key",
	} {
		require.ErrorContains(t, err, key+" (")
	}
	require.Len(t, strings.Split(err.Error(), "\n"), 8)
}

func TestPrintedConfigurationHasNoSecret(t *testing.T) {
	c := valid()
	c.Database.URL = "postgres://hub:hunter2@db:5432/hub?sslmode=require&sslpassword=hunter2"
	c.Temporal.APIKey = "hunter2"
	c.Gateways.Live = config.Accounts{"stripe": stripe("sk_live_hunter2", "https://u:hunter2@host")}
	c.Telemetry.OTLPEndpoint = "http://u:hunter2@collector:4318"
	printed, err := c.Redacted()
	require.NoError(t, err)
	text := string(printed)
	for _, secret := range []string{"hunter2", "sk_test_x", keyA, keyB, keyC, keyD} {
		require.NotContains(t, text, secret)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			require.NotContains(t, fmt.Sprintf(verb, c), secret)
		}
	}
	for _, line := range []string{
		"url: postgres://hub:xxxxx@db:5432/hub?", "api_key: '[set]'", "fingerprint: '[set]'", `"1": '[set]'`,
		"request_timeout: 20s", "tls_cert: \"\"", "secret_key: '[set]'",
	} {
		require.Contains(t, text, line)
	}
	c.Database.URL = "host=db password=hunter2"
	printed, err = c.Redacted()
	require.NoError(t, err)
	require.NotContains(t, string(printed), "hunter2")
	empty, err := config.Default().Redacted()
	require.NoError(t, err)
	require.Contains(t, string(empty), "api_key: '[empty]'")
}
