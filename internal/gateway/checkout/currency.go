package checkout

import (
	"errors"
	"strings"

	"paymenthub/internal/gateway"
	"paymenthub/internal/money"
)

var (
	errCurrency = errors.New("checkout: the currency is not supported")
	errAmount   = errors.New("checkout: the amount cannot be written in Checkout.com's unit")
)

// maxAmount is the largest amount in Checkout.com's unit: nine digits.
// Source: checkout.com/docs/resources/calculating-the-amount.
const maxAmount = 999_999_999

// unit relates Checkout.com's unit of a currency to the hub's ISO 4217 minor unit:
// theirs = hub × times, and theirs must be a multiple of step.
type unit struct{ times, step int64 }

// units are the currencies that are counted otherwise than ISO 4217 does, or not in
// every amount. Source: checkout.com/docs/resources/calculating-the-amount.
var units = map[money.Currency]unit{
	// No minor unit; Checkout.com counts two decimals that must be 00.
	"CLP": {100, 100},
	// Three decimals, of which the last must be 0.
	"BHD": {1, 10},
	"IQD": {1, 10},
	"JOD": {1, 10},
	"KWD": {1, 10},
	"LYD": {1, 10},
	"OMR": {1, 10},
	"TND": {1, 10},
}

// currencies are those that payments can be asked in, as far as ISO 4217 still lists
// them, and without those of sanctioned countries.
// Source: checkout.com/docs/resources/codes/currency-codes.
var currencies = currencySet(`
	AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP
	CRC CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD
	ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN
	MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RWF SAR SBD SCR SEK SGD SHP SOS SRD SZL
	THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XOF XPF YER ZAR ZMW`)

func currencySet(codes string) map[money.Currency]bool {
	set := map[money.Currency]bool{}
	for _, code := range strings.Fields(codes) {
		set[money.Currency(code)] = true
	}
	return set
}

func unitOf(c money.Currency) unit {
	if u, ok := units[c]; ok {
		return u
	}
	return unit{1, 1}
}

// limits bound every currency by the length of Checkout.com's amounts.
func limits() map[money.Currency]gateway.Limit {
	bounds := map[money.Currency]gateway.Limit{}
	for c := range currencies {
		u := unitOf(c)
		bounds[c] = gateway.Limit{Min: u.step / u.times, Max: maxAmount / u.times}
	}
	return bounds
}

// toCheckout writes an amount in Checkout.com's unit, exactly.
// Errors: errCurrency, errAmount.
func toCheckout(m money.Money) (int64, error) {
	if !currencies[m.Currency] {
		return 0, errCurrency
	}
	u := unitOf(m.Currency)
	if m.Minor < 1 || m.Minor > maxAmount/u.times || m.Minor*u.times%u.step != 0 {
		return 0, errAmount
	}
	return m.Minor * u.times, nil
}

// fromCheckout reads an amount of Checkout.com's, exactly. Errors: errCurrency,
// errAmount.
func fromCheckout(amount int64, code string) (money.Money, error) {
	c, err := money.ParseCurrency(code)
	if err != nil {
		return money.Money{}, errCurrency
	}
	u := unitOf(c)
	if amount%u.times != 0 {
		return money.Money{}, errAmount
	}
	return money.New(amount/u.times, c), nil
}
