package webhook

import (
	"maps"
	"slices"
	"strings"

	"paymenthub/internal/card"
	"paymenthub/internal/fault"
	"paymenthub/internal/vault"
)

// The bounds of the headers that a merchant adds to messages.
const (
	MaxHeaders     = 10
	MaxHeaderName  = 64   // characters
	MaxHeaderValue = 1024 // characters
	MaxHeaderBytes = 4096 // all names and values together
)

// reserved are headers that the hub or its connections set, in lower case; of those
// that end with "*", all that begin so. A Cookie is a browser's, and proxies take it apart.
var reserved = []string{
	"host", "content-*", "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "http2-settings", "expect",
	"cookie", "proxy-*", "user-agent", "accept-encoding", "webhook-*", "x-amica-signature", "x-webhook-signature", "x-signature*",
}

// CheckHeaders says what is wrong with the headers that a merchant adds to messages. A
// name is a token of RFC 9110 and not one that the hub sets; a value is visible ASCII with
// spaces and tabs inside, so that it cannot begin another line.
// Errors: fault.Invalid of the field headers, or of headers.<name>; they never hold a value.
func CheckHeaders(headers map[string]vault.Secret) error {
	if len(headers) > MaxHeaders {
		return fault.Field("headers", "Field 'headers' must have at most %d headers.", MaxHeaders)
	}
	seen, size := map[string]bool{}, 0
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value := headers[name].Reveal()
		if !token(name) || len(name) > MaxHeaderName || card.HoldsNumber(name) { // such a name is not repeated
			return fault.Field("headers", "Field 'headers' must have names of at most %d letters, digits and hyphens.", MaxHeaderName)
		}
		lower, field := strings.ToLower(name), "headers."+name
		switch {
		case seen[lower]:
			return fault.Field(field, "Field '%s' is given twice: names of headers do not differ by case.", field)
		case slices.ContainsFunc(reserved, func(r string) bool { return Matches(r, lower) }):
			return fault.Field(field, "Field '%s' is a header that webhooks set themselves: choose another name.", field)
		case value == "" || len(value) > MaxHeaderValue:
			return fault.Field(field, "Field '%s' must have 1 to %d characters.", field, MaxHeaderValue)
		case strings.IndexFunc(value, outsideValue) >= 0 || strings.Trim(value, " \t") != value:
			return fault.Field(field, "Field '%s' must be visible ASCII characters, with spaces inside only.", field)
		}
		seen[lower] = true
		size += len(name) + len(value)
	}
	if size > MaxHeaderBytes {
		return fault.Field("headers", "Field 'headers' must have at most %d characters together.", MaxHeaderBytes)
	}
	return nil
}

// token reports whether a name is one that RFC 9110 (5.6.2) allows.
func token(name string) bool {
	return name != "" && strings.IndexFunc(name, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	}) < 0
}

func outsideValue(r rune) bool { return (r < ' ' || r >= 0x7f) && r != '\t' }
