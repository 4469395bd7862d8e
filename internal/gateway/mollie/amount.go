package mollie

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/VictorAvelar/mollie-api-go/v4/mollie"

	"paymenthub/internal/money"
)

var (
	errCurrency = errors.New("mollie: the currency is not supported")
	errAmount   = errors.New("mollie: the amount cannot be written in Mollie's way")
)

// wholeOnly are the currencies that Mollie writes with two decimals, as ISO 4217
// does, and PayPal counts whole: the decimals must be 00.
// Source: docs.mollie.com/docs/paypal, "Minimum transaction amount".
var wholeOnly = map[money.Currency]bool{"HUF": true, "TWD": true}

// toMollie writes an amount as decimals of its currency: "12.50", "300". Mollie
// counts every currency that the hub asks it for as ISO 4217 does.
// Source: docs.mollie.com/docs/multicurrency, "Decimal places".
// Errors: errCurrency, errAmount.
func toMollie(m money.Money) (*mollie.Amount, error) {
	exponent := m.Currency.Exponent()
	scale := scaleOf(exponent)
	switch {
	case !currencies[m.Currency]:
		return nil, errCurrency
	case m.Minor < 1 || wholeOnly[m.Currency] && m.Minor%scale != 0:
		return nil, errAmount
	}
	value := strconv.FormatInt(m.Minor/scale, 10)
	if exponent > 0 {
		value += fmt.Sprintf(".%0*d", exponent, m.Minor%scale)
	}
	return &mollie.Amount{Currency: string(m.Currency), Value: value}, nil
}

// fromMollie reads an amount, which is not negative and has exactly the decimals of
// its currency.
// Errors: errCurrency, errAmount.
func fromMollie(a *mollie.Amount) (money.Money, error) {
	if a == nil {
		return money.Money{}, errAmount
	}
	currency, err := money.ParseCurrency(a.Currency)
	if err != nil {
		return money.Money{}, errCurrency
	}
	whole, decimals, dotted := strings.Cut(a.Value, ".")
	digits := whole + decimals
	if len(decimals) != currency.Exponent() || dotted != (currency.Exponent() > 0) || whole == "" || strings.Trim(digits, "0123456789") != "" {
		return money.Money{}, errAmount
	}
	minor, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return money.Money{}, errAmount
	}
	return money.New(minor, currency), nil
}

func scaleOf(exponent int) int64 {
	scale := int64(1)
	for range exponent {
		scale *= 10
	}
	return scale
}
