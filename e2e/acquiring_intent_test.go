package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPaymentIntentIsMadeForTheCheckoutPage(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		p := s.host(t, object{
			"success_url": "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}", "cancel_url": "http://localhost:8080/cart/{CHECKOUT_SESSION_ID}",
			"order_id": "12345", "description": "Order #12345", "capture_method": "manual", "customer_email": "shopper@example.com",
			"metadata": object{"a": "b"},
		})
		require.Regexp(t, `^pi_[0-9A-Z]{26}$`, p.ID)
		require.True(t, strings.HasPrefix(p.ClientSecret, p.ID+"_secret_"))
		require.WithinDuration(t, time.Now().Add(time.Hour), p.ExpiresAt, time.Minute)
		require.Equal(t, hosted{
			ID: p.ID, ClientSecret: p.ClientSecret, CheckoutURL: ptr(h.API + "/checkout/" + p.ID + "?client_secret=" + p.ClientSecret),
			Status: "created", Amount: 9999, Currency: "USD", CaptureMethod: "manual",
			SuccessURL: ptr("https://shop.example/thanks?session=" + p.ID), CancelURL: ptr("http://localhost:8080/cart/" + p.ID),
			OrderID: ptr("12345"), Description: ptr("Order #12345"), CustomerEmail: ptr("shopper@example.com"),
			Metadata: map[string]string{"a": "b"}, ExpiresAt: p.ExpiresAt, CreatedAt: p.CreatedAt,
		}, p)
		plain := s.host(t)
		require.Equal(t, []any{"automatic", plain.SuccessURL}, []any{plain.CaptureMethod, plain.CancelURL}, "the defaults")
		require.Equal(t, []string{"payment_intent.created"}, s.told(t, p.ID))
		asPayment := s.acquired(t, p.ID)
		require.Equal(t, []any{"created", ptr("12345"), (*cardSummary)(nil)}, []any{asPayment.Status, asPayment.OrderID, asPayment.Card})
		for _, what := range []string{"capture", "void"} {
			s.act(t, what, p.ID, nil).refused(t, http.StatusConflict, "INVALID_STATE")
		}
		s.act(t, "refund", p.ID, nil).refused(t, http.StatusBadRequest, "NOT_CAPTURED")
	})
}

func TestFaultyPaymentIntentsNameTheField(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		for _, test := range []struct {
			over        object
			word, field string
		}{
			{object{"amount": 0}, "INVALID_AMOUNT", "amount"},
			{object{"currency": "AED"}, "UNSUPPORTED_CURRENCY", "currency"},
			{object{"success_url": nil}, "VALIDATION_ERROR", "success_url"},
			{object{"success_url": ""}, "VALIDATION_ERROR", "success_url"},
			{object{"success_url": "http://shop.example/"}, "VALIDATION_ERROR", "success_url"},
			{object{"success_url": "javascript:alert(1)"}, "VALIDATION_ERROR", "success_url"},
			{object{"success_url": "/thanks"}, "VALIDATION_ERROR", "success_url"},
			{object{"success_url": "https://user:word@shop.example/"}, "VALIDATION_ERROR", "success_url"},
			{object{"cancel_url": "http://localhost.shop.example/"}, "VALIDATION_ERROR", "cancel_url"},
			{object{"cancel_url": ""}, "VALIDATION_ERROR", "cancel_url"},
			{object{"capture_method": "later"}, "VALIDATION_ERROR", "capture_method"},
			{object{"customer_email": "nobody"}, "VALIDATION_ERROR", "customer_email"},
			{object{"order_id": strings.Repeat("o", 201)}, "VALIDATION_ERROR", "order_id"},
			{object{"description": strings.Repeat("d", 1001)}, "VALIDATION_ERROR", "description"},
			{object{"metadata": object{"a": nil}}, "VALIDATION_ERROR", "metadata.a"},
			{object{"customer": object{}}, "VALIDATION_ERROR", "customer"},
		} {
			r := s.call(t, hostedIntents, hostedOrder(test.over)).refused(t, http.StatusBadRequest, test.word)
			require.Equal(t, test.field, r.Details.Field, "%v", test.over)
		}
		for _, local := range []string{"http://localhost/", "http://127.0.0.1:3000/x", "http://[::1]:3000/x"} {
			require.Equal(t, local, *s.host(t, object{"success_url": local}).SuccessURL)
		}
	})
}

func TestShopperSeesAndPaysAnIntent(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		for capture, status := range map[string]string{"automatic": "captured", "manual": "authorized"} {
			p := s.host(t, object{"capture_method": capture, "description": "Order #12345", "customer_email": "shopper@example.com", "metadata": object{"a": "b"}})
			a := s.browser().get(t, publicIntents+"/"+p.ID+"?client_secret="+p.ClientSecret)
			require.Equal(t, shown{
				ID: p.ID, Amount: 9999, Currency: "USD", Description: ptr("Order #12345"), MerchantName: t.Name(),
				Status: "created", ExpiresAt: p.ExpiresAt, AttemptsRemaining: 3,
			}, data[shown](t, a, http.StatusOK))
			for _, hidden := range []string{"secret", "shopper@example.com", "metadata", "shop.example"} {
				require.NotContains(t, string(a.raw), hidden)
			}

			paid := data[shown](t, s.checkOut(t, p, visa), http.StatusOK)
			require.Equal(t, []any{status, 0}, []any{paid.Status, paid.AttemptsRemaining})
			require.Equal(t, paid, s.show(t, p))
			require.Equal(t, status, s.acquired(t, p.ID).Status)
			s.checkOut(t, p, visa).refused(t, http.StatusConflict, "INVALID_STATE")
			s.call(t, hostedIntents+"/"+p.ID+"/cancel", nil).refused(t, http.StatusBadRequest, "ALREADY_COMPLETED")
			h.onlyCharge(t, p.ID)
		}
		p := s.host(t)
		body := object{"card": plastic(visa), "customer_email": "later@example.com", "save_card": false}
		confirm := publicIntents + "/" + p.ID + "/confirm?client_secret=" + p.ClientSecret
		require.Equal(t, "captured", data[shown](t, s.browser().post(t, confirm, body), http.StatusOK).Status, "the secret may come in the query")
	})
}

func TestClientSecretOpensItsOwnIntentAlone(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		p, other := s.host(t), s.host(t)
		for _, secret := range []string{"", other.ClientSecret, p.ClientSecret + "0", p.ClientSecret[:len(p.ClientSecret)-1], p.ID + "_secret_", s.key} {
			r := s.browser().get(t, publicIntents+"/"+p.ID+"?"+url.Values{"client_secret": {secret}}.Encode()).refused(t, http.StatusUnauthorized, "INVALID_CLIENT_SECRET")
			require.Equal(t, "client_secret", r.Details.Field)
			s.browser().post(t, publicIntents+"/"+p.ID+"/confirm", object{"client_secret": secret, "card": plastic(visa)}).refused(t, http.StatusUnauthorized, "INVALID_CLIENT_SECRET")
		}
		nobody := "pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2"
		s.browser().get(t, publicIntents+"/"+nobody+"?client_secret="+p.ClientSecret).refused(t, http.StatusUnauthorized, "INVALID_CLIENT_SECRET")
		s.browser().get(t, publicIntents+"/"+p.ID).refused(t, http.StatusUnauthorized, "INVALID_CLIENT_SECRET")
		s.fetch(t, publicIntents+"/"+p.ID).refused(t, http.StatusUnauthorized, "INVALID_CLIENT_SECRET")
		require.Equal(t, "created", s.show(t, p).Status)
	})
}

func TestShopperHasThreeAttempts(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		p := s.host(t)
		for i, test := range []struct{ number, word string }{
			{noFunds, "CARD_DECLINED"}, {"4000000000000259", "FRAUD_DECLINED"}, {"4000000000000127", "CARD_DECLINED"},
		} {
			r := s.checkOut(t, p, test.number).refused(t, http.StatusPaymentRequired, test.word)
			require.Equal(t, []any{ptr(2 - i), p.ID}, []any{r.Details.AttemptsRemaining, r.Details.PaymentID})
			seen := s.show(t, p)
			require.Equal(t, []any{[]string{"created", "created", "failed"}[i], 2 - i}, []any{seen.Status, seen.AttemptsRemaining})
		}
		s.checkOut(t, p, visa).refused(t, http.StatusGone, "MAX_ATTEMPTS")
		h.requireNoCharge(t, p.ID)

		again := s.host(t)
		s.checkOut(t, again, noFunds).refused(t, http.StatusPaymentRequired, "CARD_DECLINED")
		require.Equal(t, "captured", data[shown](t, s.checkOut(t, again, visa), http.StatusOK).Status)
	})
}

// The hour counts, not the moment at which its end is written down.
func TestIntentIsNotPaidAfterItsHour(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		fresh, declined := s.host(t), s.host(t)
		s.checkOut(t, declined, noFunds).refused(t, http.StatusPaymentRequired, "CARD_DECLINED")
		for _, p := range []hosted{fresh, declined} {
			h.expire(t, p.ID)
			s.checkOut(t, p, visa).refused(t, http.StatusGone, "INTENT_EXPIRED")
			s.confirm(t, p.ID, with(visa)).failure(t, http.StatusConflict, "invalid_state")
			h.requireNoCharge(t, p.ID)
		}
	})
}

func TestShopperIsSentToTheIssuer(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		p := s.host(t)
		waiting := data[shown](t, s.checkOut(t, p, threeDS), http.StatusOK)
		require.Equal(t, "processing", waiting.Status)
		require.Equal(t, waiting, s.show(t, p))
		s.checkOut(t, p, visa).refused(t, http.StatusConflict, "INVALID_STATE")
		answerChallenge(t, h, intent{ID: p.ID, NextAction: waiting.NextAction}, "approve")
		s.browser().get(t, h.returnPath(t, p.ID))
		done := s.show(t, p)
		require.Equal(t, "captured", done.Status)
		require.Nil(t, done.NextAction)
	})
}

func TestFaultyConfirmationsNameTheField(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		p := s.host(t)
		number := plastic(visa)
		number["number"] = "4242424242424241"
		for _, test := range []struct {
			over        object
			word, field string
		}{
			{object{"card": nil}, "INVALID_CARD", "card"},
			{object{"card": number}, "INVALID_CARD", "card.number"},
			{object{"customer_email": "nobody"}, "VALIDATION_ERROR", "customer_email"},
			{object{"save_card": "yes"}, "VALIDATION_ERROR", "save_card"},
			{object{"amount": 1}, "INVALID_AMOUNT", "amount"},
			{object{"client_secret": 5}, "VALIDATION_ERROR", "client_secret"},
		} {
			body := object{"client_secret": p.ClientSecret, "card": plastic(visa)}
			for k, v := range test.over {
				body[k] = v
			}
			r := s.browser().post(t, publicIntents+"/"+p.ID+"/confirm", body).refused(t, http.StatusBadRequest, test.word)
			require.Equal(t, test.field, r.Details.Field, "%v", test.over)
		}
		require.Equal(t, 3, s.show(t, p).AttemptsRemaining)
	})
}

func TestShopperMayHaveTheCardKept(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		someone := s.newCustomer(t)
		p := s.host(t, object{"customer_id": someone.ID})
		confirm := func(p hosted, save bool) answer {
			return s.browser().post(t, publicIntents+"/"+p.ID+"/confirm", object{"client_secret": p.ClientSecret, "card": plastic(visa), "save_card": save})
		}
		require.Equal(t, "captured", data[shown](t, confirm(p, true), http.StatusOK).Status)
		require.Len(t, s.methods(t, someone.ID), 1)
		require.Equal(t, "captured", data[shown](t, confirm(s.host(t, object{"customer_id": someone.ID}), false), http.StatusOK).Status)
		require.Len(t, s.methods(t, someone.ID), 1, "without consent nothing is kept")

		r := confirm(s.host(t), true).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
		require.Equal(t, "save_card", r.Details.Field)
		for _, unknown := range []string{"cus_01HZY3K8V4N5T6W7X8Y9Z0A1B2", "12345"} {
			r := s.call(t, hostedIntents, hostedOrder(object{"customer_id": unknown})).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
			require.Equal(t, "customer_id", r.Details.Field)
		}
		sold := s.sell(t, object{"customer": object{"id": someone.ID}})
		require.Contains(t, string(s.get(t, intents+"/"+sold.ID).raw), `"customer_id":"`+someone.ID+`"`)
	})
}

func TestPaymentIntentIsCanceled(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		p := s.host(t)
		cancel := func(id string) answer {
			return s.call(t, hostedIntents+"/"+id+"/cancel", object{"reason": "out of stock"})
		}
		canceled := data[hosted](t, cancel(p.ID), http.StatusOK)
		require.Equal(t, "canceled", canceled.Status)
		require.Equal(t, canceled, data[hosted](t, cancel(p.ID), http.StatusOK), "again")
		require.Equal(t, "canceled", s.show(t, p).Status)
		require.Equal(t, "canceled", s.acquired(t, p.ID).Status)
		s.checkOut(t, p, visa).refused(t, http.StatusConflict, "INVALID_STATE")
		require.Equal(t, []string{"payment_intent.created", "payment_intent.canceled"}, s.told(t, p.ID))
		h.requireNoCharge(t, p.ID)

		away := s.host(t)
		data[shown](t, s.checkOut(t, away, threeDS), http.StatusOK)
		require.Equal(t, "canceled", data[hosted](t, cancel(away.ID), http.StatusOK).Status, "while the shopper is at the issuer's page")

		voided := s.authorize(t)
		cancel(voided.ID).refused(t, http.StatusBadRequest, "ALREADY_COMPLETED")
		s.act(t, "void", voided.ID, nil).payment(t, http.StatusOK)
		for _, completed := range []string{voided.ID, s.sell(t).ID} {
			cancel(completed).refused(t, http.StatusBadRequest, "ALREADY_COMPLETED")
		}
		cancel("pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2").refused(t, http.StatusNotFound, "NOT_FOUND")
		live := s.newKey(t, "--environment", "live")
		client{api: h.API}.post(t, hostedIntents+"/"+p.ID+"/cancel", nil, header{"X-API-Key", live.key}).refused(t, http.StatusUnauthorized, "WRONG_MERCHANT")
	})
}
