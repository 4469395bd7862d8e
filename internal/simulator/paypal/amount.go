package paypal

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/bojanz/currency"
)

// wholeOnly are the currencies that PayPal writes without decimals.
var wholeOnly = map[string]bool{"HUF": true, "JPY": true, "TWD": true}

// taken are the currencies that PayPal takes.
var taken = func() map[string]bool {
	set := map[string]bool{}
	for _, code := range strings.Fields(`AUD BRL CAD CHF CZK DKK EUR GBP HKD HUF ILS JPY MXN NOK NZD PHP PLN RUB SEK SGD THB TWD USD`) {
		set[code] = true
	}
	return set
}()

// amount is money in PayPal's words, "120.00".
type amount struct {
	Currency string `json:"currency_code"`
	Value    string `json:"value"`
}

// decimals is how many of them PayPal writes.
func decimals(code string) int {
	if wholeOnly[code] {
		return 0
	}
	return 2
}

// units reads an amount in the smallest unit that PayPal writes; the issue says what
// is wrong with it.
func (a amount) units() (units int64, issue string) {
	const most = 13 // digits
	whole, fraction, pointed := strings.Cut(a.Value, ".")
	want := decimals(a.Currency)
	switch {
	case !taken[a.Currency]:
		return 0, "CURRENCY_NOT_SUPPORTED"
	case whole == "" || strings.Trim(whole+fraction, "0123456789") != "" || len(whole) > most:
		return 0, "INVALID_PARAMETER_SYNTAX"
	case want == 0 && pointed:
		return 0, "DECIMALS_NOT_SUPPORTED"
	case len(fraction) > want:
		return 0, "DECIMAL_PRECISION"
	}
	units, _ = strconv.ParseInt(whole+fraction+strings.Repeat("0", want-len(fraction)), 10, 64)
	if units == 0 {
		return 0, "CANNOT_BE_ZERO_OR_NEGATIVE"
	}
	return units, ""
}

// money writes units as PayPal does.
func money(units int64, code string) amount {
	text := strconv.FormatInt(units, 10)
	if d := decimals(code); d > 0 {
		if missing := d + 1 - len(text); missing > 0 {
			text = strings.Repeat("0", missing) + text
		}
		text = text[:len(text)-d] + "." + text[len(text)-d:]
	}
	return amount{code, text}
}

// minor is units in the minor unit of ISO 4217, for the witness record.
func minor(units int64, code string) int64 { return units * perUnit(code) }

// perUnit is how many minor units by ISO 4217 PayPal's smallest unit is.
func perUnit(code string) int64 {
	digits, _ := currency.GetDigits(code)
	per := int64(1)
	for range int(digits) - decimals(code) {
		per *= 10
	}
	return per
}

// feeOf is what PayPal keeps of a capture: 3.49 % and, with decimals, 0.49.
func feeOf(units int64, code string) int64 {
	share := new(big.Int).Mul(big.NewInt(units), big.NewInt(349))
	fee := share.Add(share, big.NewInt(5_000)).Quo(share, big.NewInt(10_000)).Int64()
	if !wholeOnly[code] {
		fee += 49
	}
	return min(fee, units)
}
