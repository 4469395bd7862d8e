package paypal

import (
	"errors"
	"strconv"
	"strings"

	"paymenthub/internal/money"
)

var (
	errCurrency = errors.New("paypal: the currency is not supported")
	errAmount   = errors.New("paypal: the amount cannot be written with PayPal's decimals")
)

// currencies are those that every account can be paid in. PayPal lists the renminbi and
// the ringgit too, for accounts in their own countries alone.
// Source: developer.paypal.com/docs/api/reference/currency-codes, "PayPal account payments".
var currencies = currencySet(`
	AUD BRL CAD CHF CZK DKK EUR GBP HKD HUF ILS JPY MXN NOK NZD PHP PLN RUB SEK SGD THB TWD USD`)

// decimals are the currencies that PayPal writes with other decimals than ISO 4217
// gives them.
// Source: there, footnote 1: "This currency does not support decimals."
var decimals = map[money.Currency]int{"HUF": 0, "TWD": 0}

func currencySet(codes string) map[money.Currency]bool {
	set := map[money.Currency]bool{}
	for _, code := range strings.Fields(codes) {
		set[money.Currency(code)] = true
	}
	return set
}

// amount is money in PayPal's words: a decimal number, "120.00", "300".
type amount struct {
	Currency string `json:"currency_code"`
	Value    string `json:"value"`
}

// toPayPal writes an amount, exactly.
// Errors: errCurrency, errAmount.
func toPayPal(m money.Money) (amount, error) {
	if !currencies[m.Currency] {
		return amount{}, errCurrency
	}
	if m.Minor <= 0 {
		return amount{}, errAmount
	}
	digits := strconv.FormatInt(m.Minor, 10)
	exponent, shown := m.Currency.Exponent(), m.Currency.Exponent()
	if d, ok := decimals[m.Currency]; ok {
		shown = d
	}
	if missing := exponent + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, fraction := digits[:len(digits)-exponent], digits[len(digits)-exponent:]
	if strings.Trim(fraction[shown:], "0") != "" {
		return amount{}, errAmount
	}
	if shown > 0 {
		whole += "." + fraction[:shown]
	}
	return amount{string(m.Currency), whole}, nil
}

// money reads an amount, exactly and in minor units. It takes every ISO 4217 currency:
// accounts settle in some that shoppers are not charged in.
// Errors: errCurrency, errAmount.
func (a amount) money() (money.Money, error) {
	currency, err := money.ParseCurrency(a.Currency)
	if err != nil {
		return money.Money{}, errCurrency
	}
	whole, fraction, _ := strings.Cut(a.Value, ".")
	exponent := currency.Exponent()
	if len(fraction) > exponent {
		if strings.Trim(fraction[exponent:], "0") != "" {
			return money.Money{}, errAmount
		}
		fraction = fraction[:exponent]
	}
	digits := whole + fraction + strings.Repeat("0", exponent-len(fraction))
	if whole == "" || strings.Trim(digits, "0123456789") != "" {
		return money.Money{}, errAmount
	}
	minor, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return money.Money{}, errAmount
	}
	return money.New(minor, currency), nil
}
