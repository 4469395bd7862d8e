package config

import (
	"fmt"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Redacted is the configuration as YAML, as it would stand in a file, but for
// secrets, which read "[set]" or "[empty]", and passwords inside URLs.
func (c Config) Redacted() ([]byte, error) { return yaml.Marshal(c) }

// URL is an address that may hold a password, which is not shown wherever the
// address is formatted, logged or marshalled. string(u) is the address itself.
type URL string

// String returns the address without passwords, neither in its user part nor in
// its query (Postgres takes them there too). What is no address reads "[set]":
// it may be a password wherever it stands.
func (u URL) String() string {
	if u == "" {
		return ""
	}
	parsed, err := url.Parse(string(u))
	if err != nil || parsed.Scheme == "" || parsed.Opaque != "" {
		return "[set]"
	}
	query := parsed.Query()
	for name := range query {
		if strings.Contains(strings.ToLower(name), "password") {
			query.Set(name, "xxxxx")
		}
	}
	parsed.RawQuery = query.Encode()
	return parsed.Redacted()
}

// Format implements fmt.Formatter, so that no verb shows a password.
func (u URL) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(u.String())) }

// MarshalText implements encoding.TextMarshaler, for JSON and YAML.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }
