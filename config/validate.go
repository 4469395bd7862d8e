package config

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
)

// Need is a part of the hub that a command cannot do without.
type Need string

// The parts.
const (
	NeedServer   Need = "server"
	NeedDatabase Need = "database"
	NeedTemporal Need = "temporal"
	NeedKeys     Need = "keys"
	NeedGateways Need = "gateways"
)

// Validate reports every fault at once, one line each, with the key, the
// variable and what to do. What is set must be right; what is missing is a
// fault only in the parts that are needed: all of them when none is named.
func (c Config) Validate(needs ...Need) error {
	if len(needs) == 0 {
		needs = []Need{NeedServer, NeedDatabase, NeedTemporal, NeedKeys, NeedGateways}
	}
	f := faults{needs: needs}
	f.server(c.Server)
	f.database(c.Database)
	f.temporal(c.Temporal)
	f.keys(c.Keys)
	f.gateways(c.Gateways)
	f.rateLimit("rate_limits.hub", c.RateLimits.Hub)
	f.rateLimit("rate_limits.public", c.RateLimits.Public)
	f.rateLimit("rate_limits.gateway_accounts", c.RateLimits.GatewayAccounts)
	f.rateLimit("rate_limits.redeliveries", c.RateLimits.Redeliveries)
	f.acquiringLimits(c.RateLimits.Acquiring)
	f.check(c.Payments.Wait > 0 && c.Payments.Wait < c.Server.RequestTimeout, "payments.wait",
		"must be more than 0 and less than server.request_timeout (%s)", c.Server.RequestTimeout)
	f.readable("risk.bin_file", c.Risk.BINFile)
	f.fx(c.FX)
	f.routing(c.Routing)
	f.mail(c.Mail)
	live := c.Gateways.realLive()
	f.webhooks(c.Webhooks, live)
	if c.Clock.Offset != 0 && live != "" {
		f.check(false, "clock.offset", "is for simulators; remove it, or %s%s (%s_…)", liveAccounts, live, envOf(liveAccounts+live))
	}
	f.check(slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level), "log.level",
		"must be debug, info, warn or error")
	f.check(slices.Contains([]string{"json", "console"}, c.Log.Format), "log.format", "must be json or console")
	if c.Telemetry.OTLPEndpoint != "" {
		f.httpURL("telemetry.otlp_endpoint", c.Telemetry.OTLPEndpoint)
	}
	f.between("telemetry.sample_percent", c.Telemetry.SamplePercent, 0, 100)
	return errors.Join(f.found...)
}

// faults collects what is wrong.
type faults struct {
	needs []Need
	found []error
}

func (f *faults) check(ok bool, key, format string, args ...any) {
	if !ok {
		f.found = append(f.found, fault(key, format, args...))
	}
}

func (f *faults) need(n Need) bool { return slices.Contains(f.needs, n) }

func (f *faults) between(key string, value, low, high int) {
	f.check(value >= low && value <= high, key, "must be %d to %d", low, high)
}

func (f *faults) server(s Server) {
	f.address("server.addr", s.Addr, true)
	f.check((s.TLSCert == "") == (s.TLSKey == ""), "server.tls_cert", "and server.tls_key (%s) go together; set both or neither", envOf("server.tls_key"))
	f.readable("server.tls_cert", s.TLSCert)
	f.readable("server.tls_key", s.TLSKey)
	switch {
	case s.PublicURL != "":
		f.publicURL(s.PublicURL)
	case f.need(NeedServer):
		f.check(onLoopback(s.Addr), "server.public_url", "is not set; give the address under which shoppers reach the hub, https://pay.example.com")
	}
	for _, network := range s.TrustedProxies {
		_, err := netip.ParsePrefix(network)
		f.check(err == nil, "server.trusted_proxies", "has %q, which is no network; write it as 10.0.0.0/8", network)
	}
	f.check(s.RequestTimeout >= minTimeout && s.RequestTimeout <= maxRequestTimeout, "server.request_timeout",
		"must be %s to %s", minTimeout, maxRequestTimeout)
	f.between("server.max_in_flight", s.MaxInFlight, 1, 100_000)
	f.check(s.DrainTimeout >= minTimeout && s.DrainTimeout <= maxDrainTimeout, "server.drain_timeout",
		"must be %s to %s", minTimeout, maxDrainTimeout)
}

func (f *faults) database(d Database) {
	if d.URL != "" {
		f.postgresURL(d.URL)
	}
	f.check(d.URL != "" || d.SQLiteFile != "" || !f.need(NeedDatabase), "database.url",
		"is not set; give postgres://user:password@host:5432/name, or a file in database.sqlite_file (%s)", envOf("database.sqlite_file"))
	f.between("database.max_conns", d.MaxConns, 0, 10_000)
}

func (f *faults) temporal(t Temporal) {
	if t.Address != "" {
		f.address("temporal.address", t.Address, false)
	}
	f.check(t.Address != "" || !f.need(NeedTemporal), "temporal.address", "is not set; give the frontend's host:port, such as temporal:7233")
	f.check(t.Namespace != "", "temporal.namespace", "is empty; \"default\" is the usual one")
}

func (f *faults) rateLimit(key string, l RateLimit) {
	f.between(key+".per_minute", l.PerMinute, 1, 1_000_000)
	f.between(key+".burst", l.Burst, 1, 1_000_000)
}

func (f *faults) acquiringLimits(l AcquiringLimits) {
	f.between("rate_limits.acquiring.payments_per_second", l.PaymentsPerSecond, 1, 1_000_000)
	f.between("rate_limits.acquiring.payments_per_hour", l.PaymentsPerHour, 1, 1_000_000_000)
	f.between("rate_limits.acquiring.transactions_per_second", l.TransactionsPerSecond, 1, 1_000_000)
	f.between("rate_limits.acquiring.public_per_second", l.PublicPerSecond, 1, 1_000_000)
}

// address checks host:port. Where the hub listens the host may be empty and the
// port 0 (any free one).
func (f *faults) address(key, value string, listen bool) {
	host, port, err := net.SplitHostPort(value)
	number, notNumber := strconv.ParseUint(port, 10, 16)
	ok := err == nil && notNumber == nil && (listen || host != "" && number > 0)
	f.check(ok, key, "must be host:port, such as 127.0.0.1:8080")
}

func (f *faults) readable(key, file string) {
	if file == "" {
		return
	}
	opened, err := os.Open(file)
	if err != nil {
		f.check(false, key, "cannot be read: %w", err)
		return
	}
	_ = opened.Close()
}

func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
