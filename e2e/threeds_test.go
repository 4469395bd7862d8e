package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/config"
	"paymenthub/internal/payment"
)

const thanks = "https://shop.example/thanks?order=998&redirect_status=old"

// challenged makes a payment that waits for the shopper.
func challenged(t *testing.T, s shop, fields object) intent {
	t.Helper()
	p := s.pay(t, threeDS, fields).intent(t)
	require.Equal(t, "requires_action", p.Status)
	require.Equal(t, "redirect", p.NextAction.Type)
	require.True(t, strings.HasPrefix(p.NextAction.URL, s.hub.Simulators["stripe"]+"/3ds/"), p.NextAction.URL)
	s.hub.requireNoCharge(t, p.ID)
	return p
}

// answerChallenge is the shopper at the issuer's page, pressing a button. It
// returns the address to which the page sends the browser.
func answerChallenge(t *testing.T, h *hub, p intent, outcome string) string {
	t.Helper()
	path := strings.TrimPrefix(p.NextAction.URL, h.Simulators["stripe"])
	page := h.simulator(t, http.MethodGet, path, nil)
	require.Equal(t, http.StatusOK, page.status)
	require.Contains(t, string(page.raw), `value="approve"`)
	pressed := h.simulator(t, http.MethodPost, path, "outcome="+outcome)
	require.Equal(t, http.StatusSeeOther, pressed.status, "%s", pressed.raw)
	return pressed.header.Get("Location")
}

// returnPath is where the hub has gateways send the payment's shopper.
func (h *hub) returnPath(t testing.TB, paymentID string) string {
	t.Helper()
	return "/return/" + paymentID + "?return_token=" + h.secrets(t).ForReturn(paymentID)
}

// secrets are what the hub derives from its key in the data folder.
func (h *hub) secrets(t testing.TB) payment.ClientSecrets {
	t.Helper()
	keys, err := config.DevKeys(h.dir.Keys())
	require.NoError(t, err)
	key, err := keys.ClientSecret.Bytes()
	require.NoError(t, err)
	return payment.NewClientSecrets(key)
}

// comeBack is the shopper's browser on its way to the merchant.
func comeBack(t *testing.T, h *hub, p intent, location string) answer {
	t.Helper()
	require.True(t, strings.HasPrefix(location, h.API+"/return/"+p.ID+"?"), location)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(h.story(t, p.ID))
		}
	})
	return client{api: h.API}.get(t, strings.TrimPrefix(location, h.API))
}

func requireSentTo(t *testing.T, a answer, p intent, outcome string) {
	t.Helper()
	require.Equal(t, http.StatusSeeOther, a.status, "%s", a.raw)
	target, err := url.Parse(a.header.Get("Location"))
	require.NoError(t, err)
	require.Equal(t, "https://shop.example/thanks", target.Scheme+"://"+target.Host+target.Path)
	require.Equal(t, url.Values{"order": {"998"}, "payment_intent": {p.ID}, "redirect_status": {outcome}}, target.Query())
}

func TestAuthenticatedShopperPays(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		for _, test := range []struct{ capture, status, charged string }{
			{"automatic", "succeeded", "captured"}, {"manual", "requires_capture", "authorized"},
		} {
			p := challenged(t, s, object{"return_url": thanks, "capture_method": test.capture})
			back := comeBack(t, h, p, answerChallenge(t, h, p, "approve"))
			requireSentTo(t, back, p, "succeeded")
			got := s.intent(t, p.ID)
			require.Equal(t, test.status, got.Status, "known by the time the shopper is back")
			require.Nil(t, got.NextAction)
			require.Equal(t, test.charged, h.onlyCharge(t, p.ID).Status)
			require.Equal(t, "payment_intent.requires_action", s.told(t, p.ID)[1])
			require.Len(t, s.told(t, p.ID), 3)

			again := comeBack(t, h, p, h.API+h.returnPath(t, p.ID)+"&reloaded=1")
			requireSentTo(t, again, p, "succeeded")
			h.onlyCharge(t, p.ID)
		}
	})
}

func TestShopperWhoFailsAuthenticationMayTryAnotherCard(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		p := s.create(t, object{"return_url": "https://shop.example/elsewhere"})
		p = s.confirm(t, p.ID, object{"payment_method": card(threeDS), "return_url": thanks}).intent(t)
		require.Equal(t, "requires_action", p.Status)
		back := comeBack(t, h, p, answerChallenge(t, h, p, "fail"))
		requireSentTo(t, back, p, "failed")
		got := s.intent(t, p.ID)
		require.Equal(t, "requires_payment_method", got.Status)
		require.Equal(t, "authentication_failed", got.LastError.DeclineCode)
		require.Equal(t, "authenticate_shopper", got.LastError.Advice)
		h.requireNoCharge(t, p.ID)
		require.Empty(t, s.books(t, p.ID))

		require.Equal(t, "succeeded", s.confirm(t, p.ID, with(visa)).intent(t).Status)
		h.onlyCharge(t, p.ID)
	})
}

func TestShopperWhoReturnsTwiceAtOnceChangesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		for _, test := range []struct{ button, status, outcome string }{
			{"approve", "requires_capture", "succeeded"}, {"fail", "requires_payment_method", "failed"},
		} {
			for range 5 {
				p := challenged(t, s, object{"return_url": thanks, "capture_method": "manual"})
				location := answerChallenge(t, h, p, test.button)
				for _, back := range together(6, func(int) answer { return comeBack(t, h, p, location) }) {
					requireSentTo(t, back, p, test.outcome)
				}
				time.Sleep(300 * time.Millisecond)
				require.Equal(t, test.status, s.intent(t, p.ID).Status, "after the shopper pressed %s", test.button)
			}
		}
	})
}

func TestPaymentIsCanceledWhileTheShopperIsAway(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		p := challenged(t, s, object{"return_url": thanks})
		require.Equal(t, "canceled", s.cancel(t, p.ID, nil).intent(t).Status)
		late := h.simulator(t, http.MethodPost, strings.TrimPrefix(p.NextAction.URL, h.Simulators["stripe"]), "outcome=approve")
		require.Equal(t, http.StatusSeeOther, late.status)
		requireSentTo(t, comeBack(t, h, p, late.header.Get("Location")), p, "failed")
		require.Equal(t, "canceled", s.intent(t, p.ID).Status)
		h.requireNoCharge(t, p.ID)
		require.Empty(t, s.books(t, p.ID))
	})
}

func TestShopperWhoNeverReturnsIsFoundOut(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the hub to ask the gateway, 15 s")
	}
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		p := challenged(t, s, nil)
		path := strings.TrimPrefix(p.NextAction.URL, h.Simulators["stripe"])
		require.Equal(t, http.StatusSeeOther, h.simulator(t, http.MethodPost, path, "outcome=approve").status)
		await(t, settleLimit, "the hub asks the gateway by itself", func() bool { return s.intent(t, p.ID).Status == "succeeded" })
		h.onlyCharge(t, p.ID)

		page := client{api: h.API}.get(t, h.returnPath(t, p.ID))
		require.Equal(t, http.StatusOK, page.status, "without a return URL the hub has a page")
		require.Contains(t, string(page.raw), "Payment confirmed")
		require.NotContains(t, string(page.raw), p.ClientSecret)
		for _, nothing := range []string{"/return/" + p.ID, h.returnPath(t, "pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2")} {
			require.Equal(t, http.StatusNotFound, client{api: h.API}.get(t, nothing).status)
		}
	})
}
