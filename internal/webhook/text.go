package webhook

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"paymenthub/internal/card"
	"paymenthub/internal/fault"
)

// MaxDescription bounds an endpoint's description, in characters.
const MaxDescription = 500

// checkDescription takes one line of text that may rest in the database in the clear: no
// card number (PCI DSS 3.5), and nothing that ends a line of a log or a page.
// Errors: fault.Invalid of the field description.
func checkDescription(text string) error {
	wrong := func(format string, args ...any) error {
		return fault.Field("description", "Field 'description' "+format, args...)
	}
	switch {
	case !utf8.ValidString(text):
		return wrong("must be UTF-8.")
	case utf8.RuneCountInString(text) > MaxDescription:
		return wrong("must have at most %d characters.", MaxDescription)
	case strings.ContainsFunc(text, unicode.IsControl):
		return wrong("must be one line without control characters.")
	case card.HoldsNumber(text):
		return wrong("must not hold a card number.")
	}
	return nil
}

// checkURLText sees to it that a URL, which rests in the database in the clear, holds no
// card number (PCI DSS 3.5): neither as it is written nor as its reader understands it.
// Errors: fault.Invalid of the field url.
func checkURLText(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return refuse("must be an absolute URL, such as https://shop.example/webhooks.")
	}
	query, err := url.QueryUnescape(u.RawQuery)
	if err != nil {
		return refuse("must have a query that is percent-encoded.")
	}
	if card.HoldsNumber(raw) || card.HoldsNumber(u.Path) || card.HoldsNumber(query) {
		return refuse("must not hold a card number.")
	}
	return nil
}
