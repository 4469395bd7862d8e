package mollie

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bojanz/currency"
)

// amount is Mollie's: decimals of the currency, as text.
type amount struct {
	Currency string `json:"currency"`
	Value    string `json:"value"`
}

// magicRefund is the value of refunds that fail when they settle, without its dot.
const magicRefund = "1313"

func (a amount) magic() bool { return strings.ReplaceAll(a.Value, ".", "") == magicRefund }

// minor is the amount in minor units by ISO 4217; false when it is not written with
// exactly the decimals of its currency, or is not positive.
func (a amount) minor() (int64, bool) {
	decimals, known := currency.GetDigits(a.Currency)
	whole, rest, dotted := strings.Cut(a.Value, ".")
	digits := whole + rest
	if !known || len(rest) != int(decimals) || dotted != (decimals > 0) || whole == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	minor, err := strconv.ParseInt(digits, 10, 64)
	return minor, err == nil && minor > 0
}

// amountOf writes minor units as Mollie does.
func amountOf(minor int64, code string) *amount {
	decimals, _ := currency.GetDigits(code)
	text := fmt.Sprintf("%0*d", int(decimals)+1, minor)
	if at := len(text) - int(decimals); at < len(text) {
		text = text[:at] + "." + text[at:]
	}
	return &amount{code, text}
}
