package checkout

import (
	"strings"
	"unicode"

	"github.com/bojanz/currency"

	"paymenthub/internal/money"
)

// format writes an amount as people of the locale do, by CLDR: "$99.99",
// "99,99 $US", "¥300". An amount of no known currency is written as operators see it.
func (l Locale) format(m money.Money) string {
	amount, err := currency.NewAmountFromInt64(m.Minor, string(m.Currency))
	if err != nil {
		return m.String()
	}
	locale := currency.NewLocale(l.String())
	text := currency.NewFormatter(locale).Format(amount)
	symbol, _ := currency.GetSymbol(string(m.Currency), locale)
	if l.Direction() == "rtl" && strings.ContainsFunc(symbol, isLatin) {
		// From right to left, the sign at the end of "US$" would stand before it.
		text = strings.Replace(text, symbol, "\u2066"+symbol+"\u2069", 1)
	}
	return text
}

func isLatin(r rune) bool { return unicode.Is(unicode.Latin, r) }
