package money_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/bojanz/currency"
	"github.com/stretchr/testify/require"

	"paymenthub/internal/money"
)

// notTwo are the codes of ISO 4217 list one (published by SIX, the maintenance
// agency) whose minor unit is not a hundredth. All others of the list have two
// decimals, also those of which nobody uses the minor unit.
var notTwo = map[int][]string{
	0: {
		"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF",
	},
	3: {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"},
	4: {"CLF", "UYW"},
}

// fewerInCLDR have fewer decimals in CLDR (supplemental data, currency fractions) than
// ISO 4217 gives them: the first ones always, the others in cash. Here they must not.
var fewerInCLDR = []string{
	"AFN", "ALL", "IQD", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER",
	"COP", "CRC", "CZK", "GYD", "HUF", "IDR", "MNT", "MUR", "NOK", "PKR", "SEK", "TWD", "TZS", "UZS",
}

func TestEveryCurrencyHasTheExponentOfISO4217(t *testing.T) {
	want := map[string]int{}
	for exponent, codes := range notTwo {
		for _, code := range codes {
			want[code] = exponent
		}
	}
	all := currency.GetCurrencyCodes()
	require.Len(t, all, 165, "the list has changed: compare it with ISO 4217 list one again")
	for _, code := range all {
		c, err := money.ParseCurrency(code)
		require.NoError(t, err, code)
		exponent, other := want[code]
		if !other {
			exponent = 2
		}
		require.Equal(t, exponent, c.Exponent(), code)
		delete(want, code)
	}
	require.Empty(t, want, "of the list, but not known")
}

// TestDecimalsAreThoseOfISO4217 holds that what people are shown is what is charged:
// no locale drops decimals of a currency.
func TestDecimalsAreThoseOfISO4217(t *testing.T) {
	for _, code := range append(fewerInCLDR, "USD", "JPY", "KWD", "CLF", "UYW") {
		c := money.Currency(code)
		for _, locale := range []string{"en", "de", "fr", "ar", "hu"} {
			text := money.New(1_234_567, c).Format(locale, locale == "ar")
			require.Equal(t, 7, strings.Count(strings.Map(digitsOnly, text), "d"), "%s in %s: %q", code, locale, text)
		}
	}
}

func digitsOnly(r rune) rune {
	if unicode.IsDigit(r) {
		return 'd'
	}
	return -1
}

func TestAmountsAreWrittenByLocale(t *testing.T) {
	for _, test := range []struct {
		amount money.Money
		locale string
		rtl    bool
		want   string
	}{
		{money.New(9999, "USD"), "en", false, "$99.99"},
		{money.New(9999, "USD"), "fr-CA", false, "99,99\u00a0$\u00a0US"},
		{money.New(1234, "JPY"), "en", false, "¥1,234"},
		{money.New(123_456, "HUF"), "hu", false, "1234,56\u00a0Ft"},
		{money.New(12_345, "CLF"), "en", false, "CLF\u00a01.2345"},
		{money.New(9999, "USD"), "ar", true, "\u200f99.99\u00a0\u2066US$\u2069"},
		{money.New(9999, "USD"), "ar", false, "\u200f99.99\u00a0US$"},
		{money.New(5, "ZZZ"), "en", false, "ZZZ 5"},
	} {
		require.Equal(t, test.want, test.amount.Format(test.locale, test.rtl))
	}
}
