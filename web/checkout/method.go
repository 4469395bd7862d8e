package checkout

import "paymenthub/internal/payment"

// methodNames are the names of the methods that are paid at their provider's own
// page: they are the same in every language.
var methodNames = map[payment.MethodType]string{
	payment.MethodPayPal: "PayPal", payment.MethodIDEAL: "iDEAL", payment.MethodBancontact: "Bancontact",
}

// isOther reports whether a method is paid at its provider's page.
func isOther(m payment.MethodType) bool { return methodNames[m] != "" }

// choice is a method that the shopper can choose beside a card.
type choice struct {
	Method payment.MethodType
	Label  string
}

// Choices are the methods that the page offers beside the card's form.
func (p page) Choices() []choice {
	if p.State != Form {
		return nil
	}
	var all []choice
	for _, m := range p.Payment.Methods {
		if isOther(m) {
			all = append(all, choice{m, p.by(m, "methods.pay")})
		}
	}
	return all
}

// Heading stands above the choices.
func (p page) Heading() string {
	if p.Payment.Cards {
		return p.T("methods.or")
	}
	return p.T("methods.title")
}

// away: the shopper is at the page of a method's provider.
func (p page) away() bool { return p.State == Action && isOther(p.Payment.Method) }

// Continue leads on to the page of the issuer or provider.
func (p page) Continue() string {
	if p.away() {
		return p.by(p.Payment.Method, "away.continue")
	}
	return p.T("continue")
}

// by is a text that names a method.
func (p page) by(m payment.MethodType, name string) string {
	return p.Locale.say(name, "method", methodNames[m], "merchant", p.Payment.Merchant)
}
