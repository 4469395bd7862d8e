package verify

import (
	"math"

	"paymenthub/internal/money"
)

// unitsOfStripe is the witness that counts as Stripe does. All others count in ISO
// 4217's minor units, whatever the provider's own are.
const unitsOfStripe = "stripe"

// Stripe counts these currencies in hundredths although ISO 4217 gives them no
// decimals, and the ariary whole although ISO 4217 gives it two.
// Source: docs.stripe.com/currencies, "Special cases" and "Zero-decimal currencies".
const ariary money.Currency = "MGA"

var inHundredths = map[money.Currency]bool{"ISK": true, "UGX": true}

// hubAmount reads the amount of a provider's witness in the hub's minor unit; false
// when it has no exact counterpart there.
func hubAmount(provider string, amount int64, code string) (money.Money, bool) {
	currency, err := money.ParseCurrency(code)
	switch {
	case err != nil:
		return money.Money{}, false
	case provider != unitsOfStripe:
		return money.New(amount, currency), true
	case inHundredths[currency]:
		return money.New(amount/100, currency), amount%100 == 0
	case currency == ariary:
		return money.New(amount*100, currency), amount <= math.MaxInt64/100 && amount >= math.MinInt64/100
	default:
		return money.New(amount, currency), true
	}
}
