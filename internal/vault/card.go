// Package vault keeps card data between the request that brought it and the
// gateway call that uses it: sealed with AES-256-GCM, gone as soon as the
// gateway has answered. Plain card data exists only in a handler, on its way
// in, and in a gateway adapter, on its way out.
package vault

import (
	"time"

	"paymenthub/internal/card"
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

// BIN returns the number's leading digits that may be kept and shown beside the
// last four: 8, or 6 of numbers of fewer than 16 digits (PCI SSC FAQ 1091).
func (c Card) BIN() string { return card.BIN(c.Number.Reveal()) }

// ExpiredAt reports whether the card's month is over everywhere at t: cards
// are good through the last day of the month printed on them.
func (c Card) ExpiredAt(t time.Time) bool { return card.ExpiredAt(c.ExpMonth, c.ExpYear, t) }

// Brand returns the code of the brand that the number's leading digits belong
// to, one of package card's; card.Unknown when no network publishes them.
func (c Card) Brand() string { return card.BrandOf(c.Number.Reveal()).Code }
