package adyen

import (
	"errors"
	"strings"

	"github.com/bojanz/currency"
)

// amount is an amount in Adyen's unit.
type amount struct {
	Currency string `json:"currency"`
	Value    int64  `json:"value"`
}

// decimals are those that Adyen counts otherwise than ISO 4217 does.
// Source: docs.adyen.com/development-resources/currency-codes.
var decimals = map[string]int{"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}

var errAmount = errors.New("the amount cannot be written in this unit")

// known reports whether the currency is one that can be taken.
func (a amount) known() bool {
	_, listed := currency.GetDigits(a.Currency)
	return listed && a.Currency == strings.ToUpper(a.Currency) && a.Currency != "XXX"
}

// minor is the amount in minor units by ISO 4217, as the record has it.
func (a amount) minor() (int64, error) {
	shift, err := difference(a.Currency)
	if err != nil {
		return 0, err
	}
	return move(a.Value, -shift)
}

// fromMinor is an amount in minor units in Adyen's.
func fromMinor(minor int64, code string) (amount, error) {
	shift, err := difference(code)
	if err != nil {
		return amount{}, err
	}
	value, err := move(minor, shift)
	return amount{code, value}, err
}

// difference is how many decimals Adyen counts more of a currency than ISO 4217.
func difference(code string) (int, error) {
	iso, listed := currency.GetDigits(code)
	if !listed {
		return 0, errAmount
	}
	own, differs := decimals[code]
	if !differs {
		return 0, nil
	}
	return own - int(iso), nil
}

// move moves a value by some decimals, exactly.
func move(value int64, decimals int) (int64, error) {
	for ; decimals > 0; decimals-- {
		value *= 10
	}
	for ; decimals < 0; decimals++ {
		if value%10 != 0 {
			return 0, errAmount
		}
		value /= 10
	}
	return value, nil
}
