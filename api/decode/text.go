package decode

import (
	"net/mail"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"paymenthub/internal/fault"
)

// Text checks free text: at most limit characters, no control characters but
// line breaks and tabs (databases refuse NUL), no card number (PCI DSS 3.5
// forbids to keep one in the clear).
func Text(param, value string, limit int) error {
	if utf8.RuneCountInString(value) > limit {
		return fault.Field(param, "Field '%s' must have at most %d characters.", param, limit)
	}
	for _, r := range value {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return fault.Field(param, "Field '%s' must not hold control characters.", param)
		}
	}
	if HoldsCardNumber(value) {
		return fault.Field(param, "Field '%s' must not hold a card number.", param)
	}
	return nil
}

// maxEmail is the longest address (RFC 5321, 4.5.3.1.3).
const maxEmail = 254

// Email checks an e-mail address, without a name beside it.
func Email(param, value string) error {
	if err := Text(param, value, maxEmail); err != nil {
		return err
	}
	if address, err := mail.ParseAddress(value); err != nil || address.Address != value {
		return fault.Field(param, "Field '%s' must be an e-mail address.", param)
	}
	return nil
}

// maxURL is what every browser and proxy takes.
const maxURL = 2048

// URL checks an address that shoppers are sent to: absolute, https (http only
// for loopback hosts), without credentials.
func URL(param, value string) error {
	if err := Text(param, value, maxURL); err != nil {
		return err
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.ContainsAny(value, " \n\r\t\\") {
		return fault.Field(param, "Field '%s' must be an absolute URL.", param)
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return fault.Field(param, "Field '%s' must be an https URL.", param)
	}
	return nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
