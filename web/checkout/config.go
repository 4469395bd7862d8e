package checkout

import (
	"strings"

	"paymenthub/internal/card"
	"paymenthub/internal/payment"
)

// config is what the page's script works with, as JSON in the page.
type config struct {
	State      State                          `json:"state"`
	Payment    string                         `json:"payment"`
	Secret     string                         `json:"secret"`
	SuccessURL string                         `json:"success_url,omitempty"`
	ExpiresIn  int64                          `json:"expires_in"` // seconds from when the page was made
	Brands     []card.Brand                   `json:"brands,omitempty"`
	Texts      map[string]string              `json:"texts,omitempty"`
	Declines   map[payment.DeclineCode]string `json:"declines,omitempty"`
}

// spoken are the texts that the script says; those with a dot at the end stand
// for all that begin so.
var spoken = []string{
	"pay", "retry", "busy", "redirecting", "forwarding", "waiting", "retrying", "unreachable", "refused", "expires", "uncharged",
	"email.", "number.", "expiry.", "code.", "name.", "attempts.",
}

// Config is the script's configuration.
func (p page) Config() config {
	c := config{
		State: p.State, Payment: p.Payment.ID, Secret: p.Payment.Secret, SuccessURL: p.Payment.SuccessURL,
		ExpiresIn: int64(p.Payment.ExpiresIn.Seconds()),
	}
	switch p.State {
	case Form:
		c.Brands, c.Declines = card.Brands(), map[payment.DeclineCode]string{}
		for code, name := range declineTexts {
			c.Declines[code] = p.T(name)
		}
	case Processing, Action:
	default:
		return c
	}
	c.Texts = map[string]string{}
	for name := range catalogs[p.Locale.Language] {
		for _, wanted := range spoken {
			if name == wanted || strings.HasSuffix(wanted, ".") && strings.HasPrefix(name, wanted) {
				c.Texts[name] = p.T(name)
			}
		}
	}
	return c
}

// declineTexts says to shoppers what to do about a decline. Those that hint at
// fraud, or at a card that was reported, get no text of their own: whoever holds
// such a card must not learn that it is known.
var declineTexts = map[payment.DeclineCode]string{
	payment.DeclineGeneric:              "declined.generic",
	payment.DeclineInsufficientFunds:    "declined.funds",
	payment.DeclineExpiredCard:          "declined.expired",
	payment.DeclineIncorrectCVC:         "declined.code",
	payment.DeclineIncorrectNumber:      "declined.number",
	payment.DeclineInvalidExpiry:        "declined.expiry",
	payment.DeclineAuthentication:       "declined.authentication",
	payment.DeclineAuthenticationNeeded: "declined.authentication",
	payment.DeclineLimitExceeded:        "declined.limit",
	payment.DeclineNotPermitted:         "declined.card",
	payment.DeclineCardNotSupported:     "declined.card",
	payment.DeclineCurrency:             "declined.card",
	payment.DeclineAmount:               "declined.card",
	payment.DeclineIssuerUnavailable:    "declined.later",
	payment.DeclineProcessingError:      "declined.later",
	payment.DeclineGatewayUnavailable:   "declined.later",
	payment.DeclineGatewayConfiguration: "declined.later",
}

func declineText(code payment.DeclineCode) string {
	if name, ok := declineTexts[code]; ok {
		return name
	}
	return declineTexts[payment.DeclineGeneric]
}
