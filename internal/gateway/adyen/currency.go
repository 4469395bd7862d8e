package adyen

import (
	"errors"
	"math"
	"strings"

	"paymenthub/internal/money"
)

var (
	errCurrency = errors.New("adyen: the currency is not supported")
	errAmount   = errors.New("adyen: the amount cannot be written in Adyen's unit")
)

// currencies are those that Adyen takes, as far as ISO 4217 still lists them.
// Source: docs.adyen.com/development-resources/currency-codes, read in November 2026.
var currencies = currencySet(`
	AED ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BMD BND BOB BRL BSD BWP BYN BZD CAD CHF CLP CNY COP CRC CUP CVE CZK
	DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD ISK JMD JOD JPY
	KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LYD MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
	NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SOS SRD STN SVC SZL THB TND TOP TRY
	TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XOF XPF YER ZAR ZMW`)

// exponents are the currencies whose decimals Adyen counts otherwise than ISO 4217
// does: "differs from standard" in the table of the same source.
var exponents = map[money.Currency]int{"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}

func currencySet(codes string) map[money.Currency]bool {
	set := map[money.Currency]bool{}
	for _, code := range strings.Fields(codes) {
		set[money.Currency(code)] = true
	}
	return set
}

// exponent is how many decimals Adyen counts of a currency.
func exponent(c money.Currency) int {
	if decimals, ok := exponents[c]; ok {
		return decimals
	}
	return c.Exponent()
}

// toAdyen writes an amount in Adyen's unit, exactly. Errors: errCurrency, errAmount.
func toAdyen(m money.Money) (int64, error) {
	if !currencies[m.Currency] {
		return 0, errCurrency
	}
	amount, ok := rescale(m.Minor, exponent(m.Currency)-m.Currency.Exponent())
	if !ok {
		return 0, errAmount
	}
	return amount, nil
}

// fromAdyen reads an amount of Adyen's, exactly. Errors: errCurrency, errAmount.
func fromAdyen(amount int64, code string) (money.Money, error) {
	c, err := money.ParseCurrency(code)
	if err != nil {
		return money.Money{}, errCurrency
	}
	minor, ok := rescale(amount, c.Exponent()-exponent(c))
	if !ok {
		return money.Money{}, errAmount
	}
	return money.New(minor, c), nil
}

// rescale moves an amount by a number of decimals; false when that is no 64-bit integer.
func rescale(amount int64, decimals int) (int64, bool) {
	for ; decimals > 0; decimals-- {
		if amount > math.MaxInt64/10 || amount < math.MinInt64/10 {
			return 0, false
		}
		amount *= 10
	}
	for ; decimals < 0; decimals++ {
		if amount%10 != 0 {
			return 0, false
		}
		amount /= 10
	}
	return amount, true
}
