package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Secret is a value that prints as "[set]" or "[empty]" wherever it is
// formatted, logged or marshalled.
type Secret string

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer.
func (s Secret) String() string {
	if s == "" {
		return "[empty]"
	}
	return "[set]"
}

// Format implements fmt.Formatter, so that no verb shows the value.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText implements encoding.TextMarshaler, for JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// KeySize is the size of every key in bytes (AES-256, HMAC-SHA256).
const KeySize = 32

// Key is a key of KeySize bytes in standard base64. It prints as a Secret does.
type Key string

// Bytes decodes the key. Errors never quote it.
func (k Key) Bytes() ([]byte, error) {
	raw := strings.TrimSpace(string(k))
	if raw == "" {
		return nil, errors.New("is not set; make one with: openssl rand -base64 32")
	}
	b, err := base64.StdEncoding.DecodeString(raw)
	if err != nil {
		return nil, errors.New("is not base64; make one with: openssl rand -base64 32")
	}
	if len(b) != KeySize {
		return nil, fmt.Errorf("has %d bytes and needs %d; make one with: openssl rand -base64 32", len(b), KeySize)
	}
	if strings.Count(string(b), string(b[:1])) == KeySize {
		return nil, errors.New("repeats one byte; make one with: openssl rand -base64 32")
	}
	return b, nil
}

// String implements fmt.Stringer.
func (k Key) String() string { return Secret(k).String() }

// Format implements fmt.Formatter, so that no verb shows the key.
func (k Key) Format(f fmt.State, verb rune) { Secret(k).Format(f, verb) }

// MarshalText implements encoding.TextMarshaler, for JSON and YAML.
func (k Key) MarshalText() ([]byte, error) { return Secret(k).MarshalText() }
