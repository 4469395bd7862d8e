package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// chargesAt is what a provider other than Stripe charged for a payment.
func (h *hub) chargesAt(t testing.TB, provider, paymentID string) (made []charge) {
	t.Helper()
	res, err := web.Get(h.Simulators[provider] + "/_sim/charges")
	require.NoError(t, err)
	defer res.Body.Close()
	var record struct{ Charges []charge }
	require.NoError(t, json.NewDecoder(res.Body).Decode(&record))
	for _, c := range record.Charges {
		if c.Metadata["payment_id"] == paymentID {
			made = append(made, c)
		}
	}
	return made
}

func TestShopperPaysByAnotherMethod(t *testing.T) {
	t.Parallel()
	h := idleHub(t, sqlite)
	require.NoError(t, h.start("--simulators", "mollie,paypal"))
	s, site := newAcquirer(t, h), merchantSite(t)
	w := openWindow(t, h.API, h.Simulators["mollie"], h.Simulators["paypal"], site.URL)
	shop := till{s, w, site}.named(t)

	t.Run("iDEAL, at the second try", func(t *testing.T) {
		p := shop.offer(t, object{"currency": "EUR"})
		shop.heading(form)
		shop.tabTo("Pay with iDEAL")
		shop.press(kb.Enter)
		shop.heading("How shall this iDEAL payment end?")
		shop.tabTo("Failed")
		shop.press(kb.Enter)
		shop.alert("The payment was not completed. Try again, or choose another way to pay. You have not been charged. You can try twice more.")
		require.Empty(t, h.chargesAt(t, "mollie", p.ID))

		shop.tabTo("Pay with iDEAL")
		shop.press(kb.Enter)
		shop.heading("How shall this iDEAL payment end?")
		shop.back() // to a page that does not send them away again
		shop.heading("Pay with iDEAL")
		shop.requireAccessible("waiting for iDEAL")
		shop.tabTo("Continue to iDEAL")
		shop.press(kb.Enter)
		shop.heading("How shall this iDEAL payment end?")
		shop.tabTo("Paid")
		shop.press(kb.Enter)
		shop.landed(t, p)
		require.Equal(t, "captured", shop.acquired(t, p.ID).Status)
		require.Len(t, h.chargesAt(t, "mollie", p.ID), 1)
		h.requireNoCharge(t, p.ID)
	})

	t.Run("PayPal, where nothing else is taken", func(t *testing.T) {
		p := shop.create(t, object{"currency": "EUR", "routing": "paypal", "return_url": site.URL + "/thanks?order=998"})
		shop.open(fmt.Sprintf("%s/checkout/%s?client_secret=%s", h.API, p.ID, url.QueryEscape(p.ClientSecret)))
		shop.heading(form)
		require.Zero(t, see[int](w, `document.querySelectorAll("input").length`), "no gateway takes a card")
		shop.requireAccessible("PayPal alone")
		shop.tabTo("Pay with PayPal")
		shop.press(kb.Enter)
		shop.heading("Pay with PayPal?")
		require.Empty(t, h.chargesAt(t, "paypal", p.ID))
		shop.tabTo("Approve payment")
		shop.press(kb.Enter)
		requireBackAt(w, site.URL, p, "succeeded")
		require.Equal(t, "succeeded", shop.intent(t, p.ID).Status)
		require.Len(t, h.chargesAt(t, "paypal", p.ID), 1, "taken once, when the shopper had agreed")
	})

	t.Run("Bancontact, without a script", func(t *testing.T) {
		p := shop.host(t, purchaseOf(object{"currency": "EUR", "success_url": site.URL + "/thanks?order=998"}))
		jar, err := cookiejar.New(nil)
		require.NoError(t, err)
		shopper := &http.Client{Timeout: browserLimit, Jar: jar}
		page, err := shopper.Get(*p.CheckoutURL)
		require.NoError(t, err)
		require.NoError(t, page.Body.Close())
		away, err := shopper.PostForm(h.API+"/checkout/"+p.ID+"/pay", url.Values{"method": {"bancontact"}})
		require.NoError(t, err)
		require.NoError(t, away.Body.Close())
		address, sent := strings.CutPrefix(away.Header.Get("Refresh"), "0; url=")
		require.True(t, sent, "%s %v", away.Status, away.Header)
		back, err := shopper.PostForm(address, url.Values{"status": {"paid"}})
		require.NoError(t, err)
		require.NoError(t, back.Body.Close())
		require.Equal(t, site.URL+"/thanks?order=998&payment_intent="+p.ID, back.Request.URL.String())
		require.Len(t, h.chargesAt(t, "mollie", p.ID), 1)
	})
}
