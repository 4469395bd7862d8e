package stripe

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v76"
)

func (h *harness) challenge() *stripego.PaymentIntent {
	pi, err := h.PaymentIntents.New(payment(threeDS, keyed("confirming call")))
	require.NoError(h.t, err)
	require.Equal(h.t, stripego.PaymentIntentStatusRequiresAction, pi.Status)
	require.Equal(h.t, stripego.PaymentIntentNextActionTypeRedirectToURL, pi.NextAction.Type)
	require.Empty(h.t, h.charges(), "nothing is charged before the shopper answers")
	return pi
}

// answer is a browser that posts the form and does not follow the redirect.
func (h *harness) answer(page, outcome string) *url.URL {
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := browser.PostForm(page, url.Values{"outcome": {outcome}})
	require.NoError(h.t, err)
	require.NoError(h.t, response.Body.Close())
	require.Equal(h.t, http.StatusSeeOther, response.StatusCode)
	location, err := response.Location()
	require.NoError(h.t, err)
	return location
}

func TestShopperApprovesTheChallenge(t *testing.T) {
	h := start(t, Options{})
	pi := h.challenge()
	page := pi.NextAction.RedirectToURL.URL
	response, text := h.raw(http.MethodGet, page[len(h.server.URL):], "", nil)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Contains(t, text, "99.99 USD")
	require.Contains(t, text, `value="approve"`)
	require.NotContains(t, text, "<script")

	target := h.answer(page, "approve")
	require.Equal(t, "shop.example", target.Host)
	require.Equal(t, "7", target.Query().Get("order"))
	require.Equal(t, pi.ID, target.Query().Get("payment_intent"))
	require.Equal(t, pi.ClientSecret, target.Query().Get("payment_intent_client_secret"))
	require.Equal(t, "succeeded", target.Query().Get("redirect_status"))
	require.Equal(t, "succeeded", h.answer(page, "fail").Query().Get("redirect_status"), "a second answer changes nothing")

	p := &stripego.PaymentIntentParams{}
	p.AddExpand("latest_charge")
	pi, err := h.PaymentIntents.Get(pi.ID, p)
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusSucceeded, pi.Status)
	require.Equal(t, "authenticated", string(pi.LatestCharge.PaymentMethodDetails.Card.ThreeDSecure.Result))
	require.Len(t, h.charges(), 1)
	require.Equal(t, "confirming call", h.charges()[0].IdempotencyKey)
}

func TestShopperFailsTheChallengeAndTriesAgain(t *testing.T) {
	h := start(t, Options{})
	pi := h.challenge()
	require.Equal(t, "failed", h.answer(pi.NextAction.RedirectToURL.URL, "fail").Query().Get("redirect_status"))
	pi, err := h.PaymentIntents.Get(pi.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusRequiresPaymentMethod, pi.Status)
	require.Equal(t, stripego.ErrorCodePaymentIntentAuthenticationFailure, pi.LastPaymentError.Code)
	require.Empty(t, h.charges())

	retry := &stripego.PaymentIntentConfirmParams{PaymentMethodData: &stripego.PaymentIntentPaymentMethodDataParams{Type: stripego.String("card")}}
	for name, value := range map[string]string{"number": visa, "exp_month": "1", "exp_year": "40", "cvc": "123"} {
		retry.AddExtra("payment_method_data[card]["+name+"]", value)
	}
	pi, err = h.PaymentIntents.Confirm(pi.ID, retry)
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusSucceeded, pi.Status)
	require.Nil(t, pi.LastPaymentError)
}

func TestChallengeAnsweredByATest(t *testing.T) {
	h := start(t, Options{})
	pi, err := h.PaymentIntents.New(payment(threeDS, manual))
	require.NoError(t, err)
	status, _ := h.post("/_sim/3ds/"+pi.ID, `{"outcome":"perhaps"}`)
	require.Equal(t, http.StatusBadRequest, status)
	status, text := h.post("/_sim/3ds/"+pi.ID, `{"outcome":"approve"}`)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "requires_capture")
	status, _ = h.post("/_sim/3ds/"+pi.ID, `{"outcome":"approve"}`)
	require.Equal(t, http.StatusConflict, status)
}

func TestCanceledChallengeCannotBeAnswered(t *testing.T) {
	h := start(t, Options{})
	pi := h.challenge()
	page := pi.NextAction.RedirectToURL.URL
	_, err := h.PaymentIntents.Cancel(pi.ID, nil)
	require.NoError(t, err)
	require.Equal(t, "failed", h.answer(page, "approve").Query().Get("redirect_status"))
	require.Empty(t, h.charges())
	response, _ := h.raw(http.MethodGet, "/3ds/3ds_unknown", "", nil)
	require.Equal(t, http.StatusNotFound, response.StatusCode)
}

func TestOffSessionChallengeIsADecline(t *testing.T) {
	h := start(t, Options{})
	_, err := h.PaymentIntents.New(payment(threeDS, func(p *stripego.PaymentIntentParams) { p.OffSession = stripego.Bool(true) }))
	e := stripeError(t, err)
	require.Equal(t, stripego.ErrorCodeAuthenticationRequired, e.Code)
	require.Equal(t, http.StatusPaymentRequired, e.HTTPStatusCode)
}
