package checkout

import (
	"html"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
)

func offering(cards bool, methods ...payment.MethodType) *Payment {
	p := aPayment()
	p.Cards, p.Methods = cards, methods
	return p
}

func TestThePageOffersOtherMethods(t *testing.T) {
	all := offering(true, payment.MethodCard, payment.MethodPayPal, payment.MethodIDEAL, payment.MethodBancontact)
	for _, name := range languages {
		page := html.UnescapeString(draw(Form, Match(name, ""), all))
		require.Contains(t, page, `<form class="methods" method="post" action="/checkout/`+all.ID+`/pay" aria-labelledby="methods-title">`)
		require.Equal(t, 3, strings.Count(page, `<button class="method" name="method"`), "a card has its own form")
		for method, brand := range methodNames {
			require.Regexp(t, `<button class="method" name="method" value="`+string(method)+`" type="submit"><bdi>[^<]*`+brand, page, name)
		}
		require.Contains(t, page, `id="number"`)
	}
	require.Contains(t, html.UnescapeString(draw(Form, Match("en", ""), all)), "<bdi>Pay with iDEAL</bdi>")

	drawn := Draw(View{State: Form, Locale: Match("", ""), Payment: all})
	require.Contains(t, drawn.Policy, "form-action 'self';")
	require.NotContains(t, drawn.Policy, "unsafe")
	require.Contains(t, Draw(View{State: Action, Locale: Match("", ""), Payment: all}).Policy, "form-action 'none';")
	require.NotContains(t, draw(Form, Match("", ""), offering(true)), "methods")
}

func TestAPageWithoutCardsAsksForNone(t *testing.T) {
	page := draw(Form, Match("en", ""), offering(false, payment.MethodBancontact))
	require.NotContains(t, page, `id="form"`)
	require.NotContains(t, page, "<noscript>", "nothing here needs the script")
	require.NotContains(t, page, "<input")
	require.Contains(t, page, "Choose how to pay")
	require.Contains(t, page, `aria-labelledby="methods-title"`)
	require.NotContains(t, page, "card-title")
}

func TestThePageNamesTheMethodThatIsUnderWay(t *testing.T) {
	p := offering(true, payment.MethodPayPal)
	p.Method = payment.MethodPayPal
	for _, name := range languages {
		page := html.UnescapeString(draw(Action, Match(name, ""), p))
		require.Regexp(t, `<h1>[^<]*PayPal[^<]*</h1>`, page)
		require.Regexp(t, `<a class="main" href="https://issuer.example/3ds\?x=1&y=2">[^<]*PayPal`, page, name)
		require.NotContains(t, page, "{method}")
	}
	p.LastDecline, p.AttemptsLeft = payment.DeclineAuthentication, 2
	page := draw(Form, Match("en", ""), p)
	require.Regexp(t, `<p id="alert-text">[^<]*choose another way to pay. You have not been charged.</p>`, page)
}
