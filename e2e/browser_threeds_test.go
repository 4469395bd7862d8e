package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// merchantSite is a merchant's page that shoppers come back to.
func merchantSite(t *testing.T) *httptest.Server {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,"><h1>Back at the shop</h1>`))
	}))
	t.Cleanup(site.Close)
	return site
}

// The buttons of the issuer's page.
const (
	approveButton = "Approve payment"
	failButton    = "Fail authentication"
)

// answerByKeyboard opens the issuer's page and answers without a mouse.
func answerByKeyboard(w *window, p intent, button string) {
	w.Helper()
	w.open(p.NextAction.URL)
	w.heading("Is this payment yours?")
	w.tabTo(button)
	w.press(kb.Enter)
}

func requireBackAt(w *window, site string, p intent, outcome string) {
	w.Helper()
	w.heading("Back at the shop")
	at, err := url.Parse(see[string](w, `location.href`))
	require.NoError(w, err)
	require.Equal(w, site+"/thanks", at.Scheme+"://"+at.Host+at.Path)
	require.Equal(w, url.Values{"order": {"998"}, "payment_intent": {p.ID}, "redirect_status": {outcome}}, at.Query())
}

func TestShopperAnswersInABrowser(t *testing.T) {
	t.Parallel()
	s := newShop(t, shared(t, sqlite))
	site := merchantSite(t)
	for _, test := range []struct{ button, outcome, status, title, over string }{
		{approveButton, "succeeded", "succeeded", "Payment confirmed", "Payment approved"},
		{failButton, "failed", "requires_payment_method", "Payment not completed", "Payment not approved"},
	} {
		charges := map[string]int{"succeeded": 1}[test.outcome]
		t.Run(test.outcome+", to the shop", func(t *testing.T) {
			t.Parallel()
			w := openWindow(t, s.hub.API, s.hub.Simulators["stripe"], site.URL)
			p := challenged(t, s, object{"return_url": site.URL + "/thanks?order=998"})
			answerByKeyboard(w, p, test.button)
			requireBackAt(w, site.URL, p, test.outcome)
			require.Equal(t, test.status, s.intent(t, p.ID).Status)

			// Chromium keeps the page whole, buttons and all, whatever the page says
			// of storing it: whoever goes back can press one again.
			w.back()
			w.heading("Is this payment yours?")
			w.tabTo(approveButton)
			w.press(kb.Enter)
			requireBackAt(w, site.URL, p, test.outcome)
			require.Len(t, s.hub.charges(t)[p.ID], charges)

			w.open(p.NextAction.URL)
			w.heading(test.over)
			require.Zero(t, see[int](w, `document.querySelectorAll("button").length`), "nothing is left to press")
			w.do(chromedp.Reload())
			w.heading(test.over)
			require.Equal(t, test.status, s.intent(t, p.ID).Status)
			require.Len(t, s.hub.charges(t)[p.ID], charges)
		})
		t.Run(test.outcome+", without a shop to go to", func(t *testing.T) {
			t.Parallel()
			w := openWindow(t, s.hub.API, s.hub.Simulators["stripe"])
			p := challenged(t, s, nil)
			answerByKeyboard(w, p, test.button)
			w.heading(test.title)
			require.Equal(t, test.title, see[string](w, `document.title`))
			require.Equal(t, test.status, s.intent(t, p.ID).Status)
			w.do(chromedp.Reload())
			w.heading(test.title)
			require.Len(t, s.hub.charges(t)[p.ID], charges)
		})
	}
}

func TestShopperGoesBackAndAnswersTheOtherWay(t *testing.T) {
	t.Parallel()
	s := newShop(t, shared(t, sqlite))
	site := merchantSite(t)
	w := openWindow(t, s.hub.API, s.hub.Simulators["stripe"], site.URL)
	p := challenged(t, s, object{"return_url": site.URL + "/thanks?order=998"})
	w.open(p.NextAction.URL)
	answerChallenge(t, s.hub, p, "approve") // in another tab, which the first does not know of
	w.tabTo(failButton)
	w.press(kb.Enter)
	requireBackAt(w, site.URL, p, "succeeded")
	require.Equal(t, "succeeded", s.intent(t, p.ID).Status)
	s.hub.onlyCharge(t, p.ID)
}

func TestShopperLeavesWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	s := newShop(t, shared(t, sqlite))
	site := merchantSite(t)
	w := openWindow(t, s.hub.API, s.hub.Simulators["stripe"], site.URL)
	p := challenged(t, s, object{"return_url": site.URL + "/thanks?order=998"})
	answerByKeyboard(w, p, "Leave without answering")
	requireBackAt(w, site.URL, p, "processing")
	w.back()
	w.heading("Is this payment yours?")
	w.tabTo(approveButton)
	w.press(kb.Enter)
	requireBackAt(w, site.URL, p, "succeeded")
	s.hub.onlyCharge(t, p.ID)
}
