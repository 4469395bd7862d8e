package stripe

import (
	"errors"
	"math"
	"strings"

	"paymenthub/internal/gateway"
	"paymenthub/internal/money"
)

var (
	errCurrency = errors.New("stripe: the currency is not supported")
	errAmount   = errors.New("stripe: the amount cannot be written in Stripe's unit")
)

// unit relates Stripe's unit of a currency to the hub's ISO 4217 minor unit:
// stripe = hub × times ÷ by, and stripe must be a multiple of step.
type unit struct{ times, by, step int64 }

var isoUnit = unit{1, 1, 1}

// units are the currencies that Stripe counts otherwise than ISO 4217 does.
// Source: docs.stripe.com/currencies, "Zero-decimal currencies", "Three-decimal
// currencies" and "Special cases".
var units = map[money.Currency]unit{
	// No minor unit any more; Stripe keeps two decimals that must be 00.
	"ISK": {100, 1, 100},
	"UGX": {100, 1, 100},
	// ISO 4217 gives the ariary two decimals, Stripe counts whole ariary.
	"MGA": {1, 100, 1},
	// Three decimals, of which the last must be 0.
	"BHD": {1, 1, 10},
	"JOD": {1, 1, 10},
	"KWD": {1, 1, 10},
	"OMR": {1, 1, 10},
	"TND": {1, 1, 10},
}

// currencies are those that Stripe charges cards in, as far as ISO 4217 still
// lists them. Source: docs.stripe.com/currencies, "Presentment currencies".
var currencies = currencySet(`
	AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP CNY COP CRC
	CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD JOD JPY
	KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO
	NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB TJS TND
	TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XOF XPF YER ZAR ZMW`)

func currencySet(codes string) map[money.Currency]bool {
	set := map[money.Currency]bool{}
	for _, code := range strings.Fields(codes) {
		set[money.Currency(code)] = true
	}
	return set
}

// limits are the steps of amounts where Stripe's unit is not ISO 4217's, or not every
// amount of it can be charged.
func limits() map[money.Currency]gateway.Limit {
	steps := map[money.Currency]gateway.Limit{}
	for c := range units {
		for _, step := range []int64{1, 10, 100, 1000} {
			if _, err := toStripe(money.New(step, c)); err == nil {
				steps[c] = gateway.Limit{Step: step}
				break
			}
		}
	}
	return steps
}

func unitOf(c money.Currency) unit {
	if u, ok := units[c]; ok {
		return u
	}
	return isoUnit
}

// toStripe writes an amount in Stripe's unit, exactly.
// Errors: errCurrency, errAmount.
func toStripe(m money.Money) (int64, error) {
	if !currencies[m.Currency] {
		return 0, errCurrency
	}
	u := unitOf(m.Currency)
	amount, ok := rescale(m.Minor, u.times, u.by)
	if !ok || amount%u.step != 0 {
		return 0, errAmount
	}
	return amount, nil
}

// fromStripe reads an amount of Stripe's, exactly. It takes every ISO 4217
// currency: accounts settle in some that cards are not charged in.
// Errors: errCurrency, errAmount.
func fromStripe(amount int64, code string) (money.Money, error) {
	c, err := money.ParseCurrency(code)
	if err != nil {
		return money.Money{}, errCurrency
	}
	u := unitOf(c)
	minor, ok := rescale(amount, u.by, u.times)
	if !ok {
		return money.Money{}, errAmount
	}
	return money.New(minor, c), nil
}

// rescale returns amount × times ÷ by; false when that is no 64-bit integer.
func rescale(amount, times, by int64) (int64, bool) {
	if amount > math.MaxInt64/times || amount < math.MinInt64/times {
		return 0, false
	}
	product := amount * times
	return product / by, product%by == 0
}
