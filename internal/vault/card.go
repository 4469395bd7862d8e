// Package vault keeps card data between the request that brought it and the
// gateway call that uses it: sealed with AES-256-GCM, gone as soon as the
// gateway has answered. Plain card data exists only in a handler, on its way
// in, and in a gateway adapter, on its way out.
package vault

import (
	"strings"
	"time"
)

// Secret is a string that prints, formats and marshals as "[redacted]".
type Secret string

const redacted = "[redacted]"

// String implements fmt.Stringer.
func (Secret) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return redacted }

// MarshalText implements encoding.TextMarshaler, and with it JSON.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Reveal returns the secret. Only the vault and gateway adapters call it.
func (s Secret) Reveal() string { return string(s) }

// Card is card data in the clear.
type Card struct {
	Number     Secret
	CVC        Secret // empty once forgotten
	ExpMonth   int    // 1 to 12
	ExpYear    int    // four digits
	HolderName Secret
}

// Last4 returns the number's last four digits, which may be shown (PCI DSS 3.4).
func (c Card) Last4() string {
	n := c.Number.Reveal()
	if len(n) < 4 {
		return ""
	}
	return n[len(n)-4:]
}

// ExpiredAt reports whether the card's month is over everywhere at t: cards
// are good through the last day of the month printed on them.
func (c Card) ExpiredAt(t time.Time) bool {
	end := time.Date(c.ExpYear, time.Month(c.ExpMonth)+1, 1, 12, 0, 0, 0, time.UTC)
	return !t.Before(end)
}

// Brand returns the network that the number's leading digits (BIN) belong to,
// by the networks' published ranges, or "unknown".
func (c Card) Brand() string {
	n := c.Number.Reveal()
	for _, r := range binRanges {
		width := len(r.low)
		if len(n) >= width && n[:width] >= r.low && n[:width] <= r.high {
			return r.brand
		}
	}
	return "unknown"
}

// binRanges are inclusive ranges of leading digits, the more specific first
// (ISO/IEC 7812 assignments as the networks publish them).
var binRanges = []struct{ low, high, brand string }{
	{"34", "34", "amex"}, {"37", "37", "amex"},
	{"300", "305", "diners"}, {"36", "36", "diners"}, {"38", "39", "diners"},
	{"3528", "3589", "jcb"},
	{"6011", "6011", "discover"}, {"644", "649", "discover"}, {"65", "65", "discover"},
	{"62", "62", "unionpay"}, {"81", "81", "unionpay"},
	{"2221", "2720", "mastercard"}, {"51", "55", "mastercard"},
	{"50", "50", "maestro"}, {"56", "58", "maestro"}, {"60", "69", "maestro"},
	{"4", "4", "visa"},
}

// cvcLength is the number of digits of the card verification code.
func cvcLength(brand string) int {
	if brand == "amex" {
		return 4
	}
	return 3
}

// Luhn reports whether the check digit of a number, digits only, is right
// (ISO/IEC 7812-1, annex B).
func Luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		digit := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if digit *= 2; digit > 9 {
				digit -= 9
			}
		}
		sum += digit
	}
	return sum%10 == 0
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
