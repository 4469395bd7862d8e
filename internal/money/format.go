package money

import (
	"strings"
	"unicode"

	"github.com/bojanz/currency"
)

// Format writes the amount as people of a locale do, by CLDR, with all the decimals
// that ISO 4217 gives its currency: "$99.99", "99,99 $US", "¥300". rightToLeft says
// which way the text around it runs. An amount of no known currency is written as
// operators see it (String).
func (m Money) Format(locale string, rightToLeft bool) string {
	amount, err := currency.NewAmountFromInt64(m.Minor, string(m.Currency))
	if err != nil {
		return m.String()
	}
	of := currency.NewLocale(locale)
	text := currency.NewFormatter(of).Format(amount)
	symbol, _ := currency.GetSymbol(string(m.Currency), of)
	if rightToLeft && strings.ContainsFunc(symbol, isLatin) {
		// From right to left, the sign at the end of "US$" would stand before it.
		text = strings.Replace(text, symbol, "\u2066"+symbol+"\u2069", 1)
	}
	return text
}

func isLatin(r rune) bool { return unicode.Is(unicode.Latin, r) }
