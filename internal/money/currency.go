package money

import (
	"fmt"
	"strings"

	"github.com/bojanz/currency"
)

// Currency is an ISO 4217 alphabetic code in upper case, "USD".
type Currency string

// ErrUnknownCurrency is returned for what is no current ISO 4217 code.
var ErrUnknownCurrency = fmt.Errorf("money: unknown currency")

// ParseCurrency reads a code in any case.
// Errors: ErrUnknownCurrency.
func ParseCurrency(code string) (Currency, error) {
	if len(code) != 3 {
		return "", ErrUnknownCurrency
	}
	upper := strings.ToUpper(code)
	if !currency.IsValid(upper) {
		return "", ErrUnknownCurrency
	}
	return Currency(upper), nil
}

// Exponent is the number of decimals of the currency's minor unit by ISO 4217
// (list one): JPY 0, USD 2, KWD 3, CLF 4. CLDR's own counts, which are about what
// people write, differ for some and are not meant (docs/CURRENCIES.md). It is 0 for
// an unknown currency.
func (c Currency) Exponent() int {
	digits, ok := currency.GetDigits(string(c))
	if !ok {
		return 0
	}
	return int(digits)
}

// Lower is the code in lower case, as some providers write it.
func (c Currency) Lower() string { return strings.ToLower(string(c)) }
