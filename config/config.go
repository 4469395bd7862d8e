// Package config is the hub's one typed configuration. Values come, each source
// over the one before, from the defaults, an optional YAML file, PAYMENTHUB_*
// environment variables and command-line flags. Only the command line and the
// composition root read it; every other package takes its own Options.
package config

import "time"

// Config is everything that can be set. A field's key is the path of its yaml
// names, "server.tls_cert", and its variable the same in capitals,
// PAYMENTHUB_SERVER_TLS_CERT.
type Config struct {
	Server     Server     `yaml:"server"`
	Database   Database   `yaml:"database"`
	Temporal   Temporal   `yaml:"temporal"`
	Keys       Keys       `yaml:"keys"`
	Gateways   Gateways   `yaml:"gateways"`
	RateLimits RateLimits `yaml:"rate_limits"`
	Payments   Payments   `yaml:"payments"`
	Risk       Risk       `yaml:"risk"`
	Routing    Routing    `yaml:"routing"`
	FX         FX         `yaml:"fx"`
	Webhooks   Webhooks   `yaml:"webhooks"`
	Mail       Mail       `yaml:"mail"`
	Clock      Clock      `yaml:"clock"`
	Log        Log        `yaml:"log"`
	Telemetry  Telemetry  `yaml:"telemetry"`
}

// Server is the HTTP side.
type Server struct {
	// Addr is where the API listens, host:port.
	Addr string `yaml:"addr"`
	// TLSCert and TLSKey are PEM files; both or neither.
	TLSCert string `yaml:"tls_cert"`
	TLSKey  string `yaml:"tls_key"`
	// PublicURL is how shoppers and gateways reach the API; needed unless Addr is
	// on loopback.
	PublicURL URL `yaml:"public_url"`
	// TrustedProxies are the networks (CIDR) whose X-Forwarded-* headers count.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// RequestTimeout bounds the handling of one request, 1 s to 2 min.
	RequestTimeout time.Duration `yaml:"request_timeout"`
	// MaxInFlight bounds the requests that are handled at once; writes may take
	// three quarters of it.
	MaxInFlight int `yaml:"max_in_flight"`
	// DrainTimeout bounds how long requests that run may take to end when the hub
	// stops, 1 s to 5 min; its worker then has as long as a gateway call takes,
	// at most half of this.
	DrainTimeout time.Duration `yaml:"drain_timeout"`
}

// Database is where the hub's records are. URL wins over SQLiteFile.
type Database struct {
	// URL of a Postgres database, postgres://user:password@host:5432/name.
	URL URL `yaml:"url"`
	// SQLiteFile is the path of a SQLite file.
	SQLiteFile string `yaml:"sqlite_file"`
	// MaxConns bounds the connection pool; 0 leaves it to the store.
	MaxConns int `yaml:"max_conns"`
}

// Temporal is the cluster that runs the workflows.
type Temporal struct {
	// Address of the frontend, host:port.
	Address   string `yaml:"address"`
	Namespace string `yaml:"namespace"`
	// APIKey of Temporal Cloud; it implies TLS.
	APIKey Secret `yaml:"api_key"`
	// TLS encrypts the connection to the frontend.
	TLS bool `yaml:"tls"`
}

// Keys are the hub's own keys.
type Keys struct {
	Vault VaultKeys `yaml:"vault"`
	// Fingerprint recognises the same card again; it must never change.
	Fingerprint Key `yaml:"fingerprint"`
	// ClientSecret derives the client secrets of payments.
	ClientSecret Key       `yaml:"client_secret"`
	Codec        CodecKeys `yaml:"codec"`
}

// VaultKeys seal cards. Rotate by adding a version and making it the active
// one; older versions stay for as long as cards are sealed with them.
type VaultKeys struct {
	Active int `yaml:"active"`
	// Keys by version. As a variable: "1:<key>,2:<key>".
	Keys map[string]Key `yaml:"keys"`
}

// CodecKeys seal what Temporal stores. Rotate as VaultKeys.
type CodecKeys struct {
	Active string `yaml:"active"`
	// Keys by id (a-z, 0-9, - and _). As a variable: "k1:<key>,k2:<key>".
	Keys map[string]Key `yaml:"keys"`
}

// Gateways are the operator's accounts at payment providers, by environment.
type Gateways struct {
	// Timeout bounds one call to a provider, 1 s to 30 s.
	Timeout time.Duration `yaml:"timeout"`
	// Order names providers by preference. Those that it does not name follow, in the
	// order of the catalogue.
	Order   []string `yaml:"order"`
	Sandbox Accounts `yaml:"sandbox"`
	Live    Accounts `yaml:"live"`
	// Catalogue lists the providers that there can be accounts at. It is no setting.
	Catalogue []Provider `yaml:"-"`
}

// RateLimits bound what callers may ask.
type RateLimits struct {
	// Hub is per API key on the hub façade.
	Hub RateLimit `yaml:"hub"`
	// Public is per client address on what needs no secret key.
	Public RateLimit `yaml:"public"`
	// GatewayAccounts is per merchant and environment on connecting and changing
	// gateway accounts, which has the hub call providers.
	GatewayAccounts RateLimit `yaml:"gateway_accounts"`
	// Redeliveries is per merchant and environment on testing webhook endpoints and on
	// sending messages again, which has the hub call merchants' servers.
	Redeliveries RateLimit `yaml:"redeliveries"`
	// Acquiring is the acquiring façade's.
	Acquiring AcquiringLimits `yaml:"acquiring"`
}

// AcquiringLimits are requests in a unit of time.
type AcquiringLimits struct {
	PaymentsPerSecond     int `yaml:"payments_per_second"`     // per merchant and environment
	PaymentsPerHour       int `yaml:"payments_per_hour"`       // per merchant and environment
	TransactionsPerSecond int `yaml:"transactions_per_second"` // per merchant and environment
	PublicPerSecond       int `yaml:"public_per_second"`       // per client address
}

// RateLimit is a token bucket.
type RateLimit struct {
	PerMinute int `yaml:"per_minute"`
	Burst     int `yaml:"burst"`
}

// Payments is how payments are handled.
type Payments struct {
	// Wait is how long a confirmation waits for its outcome before it answers
	// "processing"; less than server.request_timeout.
	Wait time.Duration `yaml:"wait"`
}

// Risk is what attempts to pay are judged by, beside each merchant's own rules.
type Risk struct {
	// BINFile is a CSV file of live cards' countries: rows of the first and last
	// BIN of a range, 6 to 8 digits each, and an ISO 3166-1 country code. Without
	// it the hub does not know where live cards are from.
	BINFile string `yaml:"bin_file"`
}

// Clock is how the hub tells the time.
type Clock struct {
	// Offset is added to the machine's time, to try what a wrong clock does. It is
	// refused beside a live account at a real provider.
	Offset time.Duration `yaml:"offset"`
}

// Log is what is logged and how.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn or error
	Format string `yaml:"format"` // json or console
}

// Telemetry is where traces go.
type Telemetry struct {
	// OTLPEndpoint is the URL of an OTLP/HTTP receiver, http://host:4318; empty
	// turns tracing off.
	OTLPEndpoint URL `yaml:"otlp_endpoint"`
	// SamplePercent is the share of requests traced, 0 to 100.
	SamplePercent int `yaml:"sample_percent"`
}

// Default returns what holds where nothing is set.
func Default() Config {
	return Config{
		Server:   Server{Addr: "127.0.0.1:8080", RequestTimeout: 20 * time.Second, MaxInFlight: 512, DrainTimeout: 30 * time.Second},
		Temporal: Temporal{Namespace: "default"},
		Gateways: Gateways{Timeout: 8 * time.Second},
		RateLimits: RateLimits{
			Hub:             RateLimit{PerMinute: 600, Burst: 100},
			Public:          RateLimit{PerMinute: 120, Burst: 30},
			GatewayAccounts: RateLimit{PerMinute: 10, Burst: 30},
			Redeliveries:    RateLimit{PerMinute: 30, Burst: 10},
			Acquiring: AcquiringLimits{
				PaymentsPerSecond: 20, PaymentsPerHour: 10_000, TransactionsPerSecond: 100, PublicPerSecond: 50,
			},
		},
		Payments:  Payments{Wait: 10 * time.Second},
		FX:        defaultFX(),
		Webhooks:  defaultWebhooks(),
		Log:       Log{Level: "info", Format: "json"},
		Telemetry: Telemetry{SamplePercent: 100},
	}
}
