package e2e

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// face is a state of the page and how a shopper comes to see it.
type face struct {
	name  string
	reach func(t *testing.T, s till, open func(p hosted)) // open opens a payment's page in the language that is looked at
	seen  string                                          // what is true of the page once it is there
}

// faces are all that the page shows.
var faces = []face{
	{"form", func(t *testing.T, s till, open func(hosted)) {
		open(s.host(t, purchaseOf(object{"customer_email": nil})))
	}, `!document.getElementById("pay").disabled`},
	{"form-filled", func(t *testing.T, s till, open func(hosted)) {
		open(s.host(t, purchaseOf()))
		s.fill("number", "378282246310005")
		s.fill("expiry", "1240")
		s.fill("code", "1234")
		s.fill("name", "Jane Doe")
	}, `document.getElementById("mark").dataset.brand === "amex"`},
	{"form-wrong", func(t *testing.T, s till, open func(hosted)) {
		open(s.host(t, purchaseOf(object{"customer_email": nil})))
		s.fill("number", "4242424242424241")
		s.fill("expiry", "0120")
		s.press(kb.Enter)
	}, `document.activeElement.id === "email" && document.querySelectorAll(".error:not([hidden])").length === 5`},
	{"form-declined", func(t *testing.T, s till, open func(hosted)) {
		p := s.host(t, purchaseOf())
		require.Equal(t, http.StatusPaymentRequired, s.checkOut(t, p, noFunds).status)
		open(p)
	}, `document.activeElement.id === "alert"`},
	{"busy", func(t *testing.T, s till, open func(hosted)) {
		open(s.host(t, purchaseOf()))
		s.window.do(chromedp.Evaluate[chromedp.Void](`window.fetch = () => new Promise(() => {})`))
		s.enter(visa)
	}, `document.getElementById("pay").getAttribute("aria-busy") === "true"`},
	{"waiting", func(t *testing.T, s till, open func(hosted)) {
		open(s.host(t, purchaseOf()))
		s.window.do(chromedp.Evaluate[chromedp.Void](`window.fetch = async () => Response.json({ success: true, data: { status: "processing" } })`))
		s.enter(visa)
	}, `document.getElementById("status").textContent.length > 20`},
	{"unreachable", func(t *testing.T, s till, open func(hosted)) {
		open(s.host(t, purchaseOf()))
		s.window.do(chromedp.Evaluate[chromedp.Void](`window.fetch = async () => { throw new TypeError("lost") }; window.setTimeout = f => f()`))
		s.enter(visa)
	}, `document.activeElement.id === "alert"`},
	{"processing", func(t *testing.T, s till, open func(hosted)) {
		p := s.host(t, purchaseOf())
		s.hub.deafen(t) // for as long as the page is looked at
		s.hub.fault(t, "confirm", "reset_after")
		require.Equal(t, "processing", data[shown](t, s.checkOut(t, p, visa), http.StatusOK).Status)
		open(p)
		s.window.do(chromedp.Evaluate[chromedp.Void](`window.fetch = () => new Promise(() => {})`))
	}, `document.body.className === "processing"`},
	{"action", func(t *testing.T, s till, open func(hosted)) {
		p := s.host(t, purchaseOf())
		require.NotNil(t, data[shown](t, s.checkOut(t, p, threeDS), http.StatusOK).NextAction)
		open(p)
	}, `document.body.className === "action"`},
	{"paid", func(t *testing.T, s till, open func(hosted)) {
		p := s.host(t, purchaseOf())
		require.Equal(t, "captured", data[shown](t, s.checkOut(t, p, visa), http.StatusOK).Status)
		open(p)
	}, `document.body.className === "paid"`},
	{"declined", func(t *testing.T, s till, open func(hosted)) {
		p := s.host(t, purchaseOf())
		for range 3 {
			require.Equal(t, http.StatusPaymentRequired, s.checkOut(t, p, noFunds).status)
		}
		open(p)
	}, `document.body.className === "declined"`},
	{"canceled", func(t *testing.T, s till, open func(hosted)) {
		p := s.host(t, purchaseOf())
		require.Equal(t, http.StatusOK, s.call(t, hostedIntents+"/"+p.ID+"/cancel", object{}).status)
		open(p)
	}, `document.body.className === "canceled"`},
	{"expired", func(t *testing.T, s till, open func(hosted)) {
		p := s.host(t, purchaseOf())
		s.hub.expire(t, p.ID)
		open(p)
	}, `document.body.className === "expired"`},
	{"plain", func(t *testing.T, s till, open func(hosted)) { // of the Hub façade: no shop to go back to
		p := s.create(t, object{"amount": 1234560, "currency": "KWD"})
		address := s.hub.API + "/checkout/" + p.ID + "?client_secret=" + p.ClientSecret
		open(hosted{ID: p.ID, ClientSecret: p.ClientSecret, CheckoutURL: &address})
	}, `!document.getElementById("pay").disabled`},
}

// mirrored are the faces whose layout is different from right to left.
var mirrored = []string{"form-filled", "form-wrong", "form-declined", "paid"}

// The page is accessible in every state, theme and size, and from right to left.
// With SCREENSHOTS there are pictures of all states in both directions.
func TestHostedPageIsAccessible(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"en", "ar"} {
		for _, f := range faces {
			if locale == "ar" && os.Getenv("SCREENSHOTS") == "" && !slices.Contains(mirrored, f.name) {
				continue
			}
			t.Run(locale+" "+f.name, func(t *testing.T) {
				t.Parallel()
				h := shared(t, sqlite)
				if f.name == "processing" { // its provider fails
					h = newHub(t, sqlite)
				}
				s := openTillAt(t, h)
				brand := object{"display_name": map[string]string{"en": "Café Atlas", "ar": "مقهى أطلس"}[locale], "brand_color": "#7a3b12", "logo": object{"media_type": "image/png", "data": logo}}
				if f.name == "plain" {
					brand = object{"display_name": "Nordlicht Fahrräder", "brand_color": "#ffd400"}
				}
				require.Equal(t, http.StatusOK, s.shop.do(t, http.MethodPut, settings, brand).status)
				f.reach(t, s, func(p hosted) { s.open(*p.CheckoutURL + "&locale=" + locale) })
				s.until(f.seen)
				s.requireAccessible("checkout-" + locale + "-" + f.name)
			})
		}
	}
	t.Run("missing", func(t *testing.T) {
		t.Parallel()
		s := openTill(t)
		s.expect(missingAnswer)
		s.window.do(chromedp.Navigate(s.hub.API + "/checkout/pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2"))
		s.heading("We cannot show this page")
		s.requireAccessible("checkout-en-missing")
	})
}

// At 320 pixels, which is 1280 at four times the size (WCAG 2.2, 1.4.10), nothing
// scrolls sideways or is cut off.
func TestHostedPageFitsASmallScreen(t *testing.T) {
	t.Parallel()
	s := openTill(t)
	long := "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
	require.Equal(t, http.StatusOK, s.shop.do(t, http.MethodPut, settings, object{"display_name": long}).status)
	p := s.host(t, purchaseOf(object{"amount": 999_999_999_999, "order_id": long, "description": long, "customer_email": nil}))
	for _, locale := range []string{"de", "ar", "fr", "es"} {
		s.open(*p.CheckoutURL + "&locale=" + locale)
		s.until(`!document.getElementById("pay").disabled`)
		s.wear(light, device{width: 320, height: 568, mobile: true})
		require.LessOrEqual(t, see[int64](s.window, `document.documentElement.scrollWidth`), int64(320), locale)
		outside := see[int](s.window, `[...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && !e.closest(".unseen, svg")).filter(e => { const b = e.getBoundingClientRect(); return b.width && (b.left < 0 || b.right > 320.5); }).length`)
		require.Zero(t, outside, locale)
	}
}

// What is typed is put into its form, with the caret where it was.
func TestCardNumbersAreWrittenAsTheyAreTyped(t *testing.T) {
	t.Parallel()
	s := openTill(t)
	s.open(*s.host(t, purchaseOf()).CheckoutURL)
	s.until(`!document.getElementById("pay").disabled`)
	caret := func() int { return see[int](s.window, `document.activeElement.selectionStart`) }
	for _, test := range []struct{ typed, shown, brand string }{
		{"4242424242424242", "4242 4242 4242 4242", "visa"}, {"5555555555554444", "5555 5555 5555 4444", "mastercard"},
		{"378282246310005", "3782 822463 10005", "amex"}, {"36227206271667", "3622 720627 1667", "diners"},
		{"6799990100000000019", "6799 9901 0000 0000 019", "maestro"}, {"٤٢٤٢-42", "4242 42", "visa"}, {"9", "9", "unknown"},
	} {
		s.fill("number", test.typed)
		require.Equal(t, test.shown, s.value("number"))
		require.Equal(t, test.brand, see[string](s.window, `document.getElementById("mark").dataset.brand`), test.typed)
		require.Equal(t, len(test.shown), caret())
	}
	s.fill("number", "42424242")
	place := func(at int) {
		s.window.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.activeElement.setSelectionRange(%d, %d)`, at, at)))
	}
	place(2)
	s.press("1")
	require.Equal(t, []any{"4214 2424 2", 3}, []any{s.value("number"), caret()})
	place(5)
	s.press(kb.Backspace)
	require.Equal(t, []any{"4212 4242", 3}, []any{s.value("number"), caret()}, "a separator takes its digit along")
	place(4)
	s.press(kb.Delete)
	require.Equal(t, []any{"4212 242", 4}, []any{s.value("number"), caret()})

	for typed, shown := range map[string]string{"5": "05 / ", "0427": "04 / 27", "12/2031": "12 / 31", "1": "1", "12": "12 / "} {
		s.fill("expiry", typed)
		require.Equal(t, shown, s.value("expiry"), typed)
	}
	s.fill("expiry", "12")
	s.press(kb.Backspace)
	require.Equal(t, "1", s.value("expiry"))
	s.fill("code", "12a3456")
	require.Equal(t, "123", s.value("code"))
}
