package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAuthorizeHoldsAndSaleTakes(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		described := object{
			"description": "Order #12345", "metadata": object{"order_id": "12345"},
			"customer": object{"id": "12345", "email": "shopper@example.com", "name": "A. Shopper", "loyalty": object{"level": 3}},
		}
		for _, test := range []struct {
			path, status string
			captured     int64
			books        accounts
			charged      string
		}{
			{"/authorize", "authorized", 0, held(9999), "authorized"},
			{"/sale", "captured", 9999, sold(9999, 0), "captured"},
		} {
			p := s.call(t, acquiring+test.path, purchase(visa, described)).payment(t, http.StatusCreated)
			require.Regexp(t, `^pi_[0-9A-Z]{26}$`, p.ID)
			require.NotNil(t, p.AuthCode)
			require.NotNil(t, p.FraudScore)
			require.InDelta(t, 35, *p.FraudScore, 35, "not declined: 0 to 70")
			require.WithinDuration(t, time.Now(), p.CreatedAt, time.Minute)
			want := acquired{
				ID: p.ID, Status: test.status, Amount: 9999, Currency: "USD", AmountCaptured: test.captured,
				Card: &cardSummary{"visa", "4242", 12, 2040}, AuthCode: p.AuthCode, ResponseCode: ptr("00"), ResponseMessage: ptr("Approved"),
				FraudScore: p.FraudScore, Description: ptr("Order #12345"), Metadata: map[string]string{"order_id": "12345"},
				Gateway: "stripe", ExpiresAt: p.ExpiresAt, CreatedAt: p.CreatedAt,
			}
			require.Equal(t, want, p)
			require.Equal(t, p, s.acquired(t, p.ID))
			require.Equal(t, test.charged, h.onlyCharge(t, p.ID).Status)
			require.Equal(t, test.books, s.books(t, p.ID))
		}
		require.WithinDuration(t, time.Now().Add(7*24*time.Hour), s.authorize(t).ExpiresAt, time.Minute, "it says when the hold ends")
		require.Equal(t, "mastercard", s.call(t, acquiring+"/sale", purchase(mastercard)).payment(t, 201).Card.Brand)
	})
}

func ptr[T any](v T) *T { return &v }

// The contract's members stand in the contract's order.
func TestPaymentIsPrintedAsTheContractPrintsIt(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		a := s.call(t, acquiring+"/authorize", purchase(visa))
		for _, name := range []string{"Request-Id", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} {
			require.NotEmpty(t, a.header.Get(name), name)
		}
		require.Equal(t, []string{"application/json; charset=utf-8", "no-store", "nosniff"},
			[]string{a.header.Get("Content-Type"), a.header.Get("Cache-Control"), a.header.Get("X-Content-Type-Options")})
		raw := string(a.raw)
		require.True(t, strings.HasPrefix(raw, `{"success":true,"data":{"id":"pi_`), raw)
		at := 0
		for _, name := range []string{
			"id", "status", "amount", "currency", "amount_captured", "amount_refunded", "card", "auth_code", "response_code",
			"response_message", "fraud_score", "description", "metadata", "gateway", "expires_at", "created_at",
		} {
			next := strings.Index(raw[at:], `"`+name+`":`)
			require.GreaterOrEqual(t, next, 0, "%s stands before its turn in %s", name, raw)
			at += next
		}
		refused := string(s.call(t, acquiring+"/authorize", purchase(visa, object{"amount": 0})).raw)
		require.Regexp(t, `^\{"success":false,"error":\{"code":"INVALID_AMOUNT","message":"[^"]+","details":\{"field":"amount"\},"request_id":"req_[0-9A-Z]{26}"\}\}$`, refused)
	})
}

// refusedCards are the declined test cards of contracts/acquiring.md.
var refusedCards = []struct{ number, word, code, reason string }{
	{"4000000000000002", "CARD_DECLINED", "05", "do_not_honor"},
	{noFunds, "CARD_DECLINED", "51", "insufficient_funds"},
	{"4000000000000069", "CARD_DECLINED", "54", "expired_card"},
	{"4000000000000127", "CARD_DECLINED", "N7", "incorrect_cvc"},
	{"4000000000000119", "CARD_DECLINED", "96", "processing_error"},
	{"4000000000000259", "FRAUD_DECLINED", "", "fraudulent"},
}

func TestDeclinedCardsSayWhy(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		for _, test := range refusedCards {
			for _, path := range []string{"/authorize", "/sale"} {
				r := s.call(t, acquiring+path, purchase(test.number)).refused(t, http.StatusPaymentRequired, test.word)
				require.Equal(t, []string{test.code, test.reason, ""}, []string{r.Details.ResponseCode, r.Details.DeclineCode, r.Details.Field})
				require.NotEmpty(t, r.Details.Advice)
				require.Equal(t, ptr(0), r.Details.AttemptsRemaining, "a decline is final")

				p := s.acquired(t, r.Details.PaymentID)
				require.Equal(t, "failed", p.Status)
				require.Zero(t, p.AmountCaptured)
				require.Equal(t, test.number[12:], p.Card.Last4)
				require.Equal(t, test.code, deref(p.ResponseCode))
				require.Equal(t, r.Message, deref(p.ResponseMessage))
				require.Nil(t, p.AuthCode)
				require.Equal(t, test.word == "FRAUD_DECLINED", *p.FraudScore > 70, "score %d", *p.FraudScore)
				require.Empty(t, s.books(t, p.ID))
				h.requireNoCharge(t, p.ID)
			}
		}
	})
}

func deref[T any](v *T) (zero T) {
	if v == nil {
		return zero
	}
	return *v
}

func TestChallengedPaymentGoesOnAfterTheShopper(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		for path, status := range map[string]string{"/authorize": "authorized", "/sale": "captured"} {
			p := s.call(t, acquiring+path, purchase(threeDS, object{"return_url": thanks})).payment(t, http.StatusCreated)
			require.Equal(t, "processing", p.Status)
			require.Equal(t, "redirect", p.NextAction.Type)
			h.requireNoCharge(t, p.ID)
			s.act(t, "void", p.ID, nil).refused(t, http.StatusConflict, "INVALID_STATE")
			s.act(t, "capture", p.ID, nil).refused(t, http.StatusConflict, "INVALID_STATE")
			challenged := intent{ID: p.ID, NextAction: p.NextAction}
			requireSentTo(t, comeBack(t, h, challenged, answerChallenge(t, h, challenged, "approve")), challenged, "succeeded")
			p = s.acquired(t, p.ID)
			require.Equal(t, status, p.Status)
			require.Nil(t, p.NextAction)
			require.Equal(t, ptr("00"), p.ResponseCode)
		}
		p := s.call(t, acquiring+"/sale", purchase(threeDS)).payment(t, http.StatusCreated)
		challenged := intent{ID: p.ID, NextAction: p.NextAction}
		comeBack(t, h, challenged, answerChallenge(t, h, challenged, "fail"))
		require.Equal(t, "failed", s.acquired(t, p.ID).Status, "a decline is final")
	})
}

func TestFaultyPurchasesNameTheField(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		in := func(field string, v any) object {
			c := plastic(visa)
			c[field] = v
			return object{"card": c}
		}
		for i, test := range []struct {
			over        object
			word, field string
		}{
			{object{"amount": 0}, "INVALID_AMOUNT", "amount"},
			{object{"amount": -1}, "INVALID_AMOUNT", "amount"},
			{object{"amount": 99.99}, "INVALID_AMOUNT", "amount"},
			{object{"amount": "9999"}, "INVALID_AMOUNT", "amount"},
			{object{"amount": nil}, "INVALID_AMOUNT", "amount"},
			{object{"amount": int64(1) << 53}, "INVALID_AMOUNT", "amount"},
			{object{"currency": "AED"}, "UNSUPPORTED_CURRENCY", "currency"},
			{object{"currency": "XXX"}, "UNSUPPORTED_CURRENCY", "currency"},
			{object{"currency": "US"}, "UNSUPPORTED_CURRENCY", "currency"},
			{object{"currency": nil}, "UNSUPPORTED_CURRENCY", "currency"},
			{object{"card": nil}, "INVALID_CARD", "card"},
			{object{"card": object{}}, "INVALID_CARD", "card"},
			{object{"card": "visa"}, "INVALID_CARD", "card"},
			{in("number", "4242424242424241"), "INVALID_CARD", "card.number"},
			{in("number", "424242424242424"), "INVALID_CARD", "card.number"},
			{in("number", "4242"), "INVALID_CARD", "card.number"},
			{in("number", ""), "INVALID_CARD", "card.number"},
			{in("number", 4242), "INVALID_CARD", "card.number"},
			{in("exp_month", 13), "INVALID_CARD", "card.exp_month"},
			{in("exp_month", 0), "INVALID_CARD", "card.exp_month"},
			{in("exp_year", 2020), "INVALID_CARD", "card.exp_year"},
			{in("exp_year", 30), "INVALID_CARD", "card.exp_year"},
			{in("cvv", "12"), "INVALID_CARD", "card.cvv"},
			{in("cvv", "1234"), "INVALID_CARD", "card.cvv"},
			{in("cvc", "123"), "INVALID_CARD", "card.cvc"},
			{in("holder_name", strings.Repeat("n", 101)), "INVALID_CARD", "card.holder_name"},
			{object{"amuont": 1}, "VALIDATION_ERROR", "amuont"},
			{object{"description": visa}, "VALIDATION_ERROR", "description"},
			{object{"description": strings.Repeat("d", 1001)}, "VALIDATION_ERROR", "description"},
			{object{"metadata": object{"a": 1}}, "VALIDATION_ERROR", "metadata.a"},
			{object{"metadata": "a"}, "VALIDATION_ERROR", "metadata"},
			{object{"customer": "me"}, "VALIDATION_ERROR", "customer"},
			{object{"customer": object{"email": "nobody"}}, "VALIDATION_ERROR", "customer.email"},
			{object{"customer": object{"email": "A <a@example.com>"}}, "VALIDATION_ERROR", "customer.email"},
			{object{"customer": object{"id": 5}}, "VALIDATION_ERROR", "customer.id"},
			{object{"customer": object{"name": strings.Repeat("n", 201)}}, "VALIDATION_ERROR", "customer.name"},
			{object{"customer": object{"ip_address": "1.2.3"}}, "VALIDATION_ERROR", "customer.ip_address"},
			{object{"customer": object{"country": "Morocco"}}, "VALIDATION_ERROR", "customer.country"},
			{object{"return_url": "http://shop.example/"}, "VALIDATION_ERROR", "return_url"},
		} {
			path := []string{"/authorize", "/sale"}[i%2]
			r := s.call(t, acquiring+path, purchase(visa, test.over)).refused(t, http.StatusBadRequest, test.word)
			require.Equal(t, test.field, r.Details.Field, "%v", test.over)
			require.NotContains(t, r.Message, "4242")
		}
		for _, body := range []string{``, `{`, `[]`, `{"amount":1,"amount":1}`, `null`} {
			r := s.call(t, acquiring+"/sale", body)
			require.Equal(t, http.StatusBadRequest, r.status, "%s answers %s", body, r.raw)
		}
		require.Empty(t, all(t, s.client, intents, nil, func(p intent) string { return p.ID }), "nothing was made")
	})
}

// American Express has four digits in its code and fifteen in its number.
func TestCardsAreCheckedByTheirBrand(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		amex := plastic("378282246310005")
		s.call(t, acquiring+"/sale", purchase(visa, object{"card": amex})).refused(t, http.StatusBadRequest, "INVALID_CARD")
		amex["cvv"] = "1234"
		require.Equal(t, "amex", s.call(t, acquiring+"/sale", purchase(visa, object{"card": amex})).payment(t, 201).Card.Brand)

		now := time.Now().UTC()
		ending := plastic("4242 4242 4242 4242")
		ending["exp_month"], ending["exp_year"] = int(now.Month()), now.Year()
		s.call(t, acquiring+"/sale", purchase(visa, object{"card": ending})).payment(t, http.StatusCreated)
		past := now.AddDate(0, 0, -now.Day()).AddDate(0, 0, -31) // two months ago: over everywhere
		ending["exp_month"], ending["exp_year"] = int(past.Month()), past.Year()
		s.call(t, acquiring+"/sale", purchase(visa, object{"card": ending})).refused(t, http.StatusBadRequest, "INVALID_CARD")
	})
}

func TestMerchantsTakeThreeCurrencies(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		for _, currency := range []string{"USD", "EUR", "MAD", "eur"} {
			p := s.sell(t, object{"currency": currency, "amount": 150})
			require.Equal(t, strings.ToUpper(currency), p.Currency)
		}
		r := s.call(t, acquiring+"/sale", purchase(visa, object{"currency": "JPY"})).refused(t, http.StatusBadRequest, "UNSUPPORTED_CURRENCY")
		require.Contains(t, r.Message, "USD, EUR, MAD")
	})
}

func TestKeysComeInEitherHeader(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		p := s.sell(t)
		path := acquiring + "/" + p.ID
		bearer := func(key string) header { return header{"Authorization", "Bearer " + key} }
		ask := func(headers ...header) answer { return client{api: h.API}.do(t, http.MethodGet, path, nil, headers...) }
		for _, headers := range [][]header{{s.apiKey}, {bearer(s.key)}, {s.apiKey, bearer(s.key)}} {
			require.Equal(t, p, ask(headers...).payment(t, http.StatusOK))
		}
		for name, headers := range map[string][]header{
			"none": nil, "wrong": {{"X-API-Key", "sk_sandbox_wrong"}}, "two that differ": {s.apiKey, bearer("sk_sandbox_wrong")},
			"a bearer that is right beside one that is not": {{"X-API-Key", "sk_sandbox_wrong"}, bearer(s.key)},
			"another scheme": {s.apiKey, {"Authorization", "Basic " + s.key}},
		} {
			a := ask(headers...)
			a.refused(t, http.StatusUnauthorized, "UNAUTHORIZED")
			require.NotEmpty(t, a.header.Get("WWW-Authenticate"), name)
		}
		publishable := s.newKey(t, "--kind", "publishable")
		ask(header{"X-API-Key", publishable.key}).refused(t, http.StatusForbidden, "FORBIDDEN")
		reader := s.newKey(t, "--permission", "payments:read")
		require.Equal(t, p, ask(header{"X-API-Key", reader.key}).payment(t, http.StatusOK))
		client{api: h.API}.post(t, path+"/refund", nil, header{"X-API-Key", reader.key}).refused(t, http.StatusForbidden, "FORBIDDEN")
	})
}

func TestPaymentsOfOthersAreNotThere(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s, other := newAcquirer(t, h), newAcquirer(t, h)
		p := s.authorize(t)
		live := s.newKey(t, "--environment", "live")
		as := func(key, method, path string) answer {
			return client{api: h.API}.do(t, method, path, nil, header{"X-API-Key", key})
		}
		for _, what := range []string{"", "/capture", "/void", "/refund"} {
			method := http.MethodPost
			if what == "" {
				method = http.MethodGet
			}
			as(live.key, method, acquiring+"/"+p.ID+what).refused(t, http.StatusUnauthorized, "WRONG_MERCHANT")
			as(other.key, method, acquiring+"/"+p.ID+what).refused(t, http.StatusNotFound, "NOT_FOUND")
			for _, unknown := range []string{"pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2", "x", "pay_1"} {
				as(s.key, method, acquiring+"/"+unknown+what).refused(t, http.StatusNotFound, "NOT_FOUND")
			}
		}
		require.Equal(t, p, s.acquired(t, p.ID))
		as(s.key, http.MethodDelete, acquiring+"/"+p.ID).refused(t, http.StatusMethodNotAllowed, "VALIDATION_ERROR")
		as(s.key, http.MethodPost, "/api/v1/payouts").refused(t, http.StatusNotFound, "NOT_FOUND")
		as(s.key, http.MethodGet, "/api/public/nothing").refused(t, http.StatusNotFound, "NOT_FOUND")
	})
}

func TestOddRequestsAreRefusedInTheFacadesWords(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		s.call(t, acquiring+"/sale", purchase(visa), header{"Content-Type", "text/plain"}).refused(t, http.StatusUnsupportedMediaType, "VALIDATION_ERROR")
		s.call(t, acquiring+"/sale", `{"description":"`+strings.Repeat("x", 1<<20)+`"}`).refused(t, http.StatusRequestEntityTooLarge, "VALIDATION_ERROR")
		r := s.call(t, acquiring+"/sale?dry_run=1", purchase(visa)).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
		require.Equal(t, "dry_run", r.Details.Field)
		r = s.call(t, acquiring+"/sale", purchase(visa), idempotent("")).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
		require.Equal(t, "Idempotency-Key", r.Details.Field)
	})
}
