package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

const thanks = `"return_url":"https://shop.example/thanks"`

func TestAMethodThatIsPaidAtTheProvider(t *testing.T) {
	for name, want := range map[string]payment.MethodType{
		"paypal": payment.MethodPayPal, "ideal": payment.MethodIDEAL, "bancontact": payment.MethodBancontact,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.core.outcome = payment.RequiresAction
			method := `"payment_method":{"type":"` + name + `"}`
			w := s.call(http.MethodPost, intents, `{"amount":1000,"currency":"EUR","confirm":true,`+thanks+`,`+method+`}`)
			require.Equal(t, http.StatusOK, w.Code, w.Body.String())
			made := fields(t, w)
			require.Equal(t, "requires_action", made["status"])
			require.Equal(t, "redirect", made["next_action"].(map[string]any)["type"])
			require.Equal(t, payment.Method{Type: want}, s.core.methods[0])

			open := fields(t, s.call(http.MethodPost, intents, create))["id"].(string)
			w = s.call(http.MethodPost, intents+"/"+open+"/confirm", `{`+thanks+`,`+method+`}`)
			require.Equal(t, http.StatusOK, w.Code, w.Body.String())
			require.Equal(t, payment.Method{Type: want, ReturnURL: "https://shop.example/thanks"}, s.core.methods[1])

			s.core.attempts = []payment.Attempt{{ID: id.New(id.Attempt), Gateway: "mollie", Method: want, Status: payment.AttemptRequiresAction, CreatedAt: time.Now()}}
			shown := fields(t, s.call(http.MethodGet, intents+"/"+open, ""))["attempts"].([]any)[0].(map[string]any)
			require.Equal(t, name, shown["method"])
			require.Nil(t, shown["card"])
		})
	}
}

func TestAShopperComesBackFromTheProvider(t *testing.T) {
	s := newStage(t)
	s.core.outcome = payment.RequiresAction
	const paypal = `"payment_method":{"type":"paypal"}`
	refused := func(path, body string) {
		t.Helper()
		w := s.call(http.MethodPost, path, body)
		require.Equal(t, http.StatusBadRequest, w.Code, body)
		require.Equal(t, "return_url", failure(t, w)["param"], body)
	}
	refused(intents, `{"amount":1000,"currency":"EUR","confirm":true,`+paypal+`}`)
	bare := fields(t, s.call(http.MethodPost, intents, `{"amount":1000,"currency":"EUR"}`))["id"].(string)
	refused(intents+"/"+bare+"/confirm", `{`+paypal+`}`)
	require.Empty(t, s.core.methods, "nothing was confirmed")

	// The payment's own address is enough.
	known := fields(t, s.call(http.MethodPost, intents, `{"amount":1000,"currency":"EUR",`+thanks+`}`))["id"].(string)
	require.Equal(t, http.StatusOK, s.call(http.MethodPost, intents+"/"+known+"/confirm", `{`+paypal+`}`).Code)
	require.Equal(t, http.StatusNotFound, s.call(http.MethodPost, intents+"/"+id.New(id.Payment)+"/confirm", `{`+paypal+`}`).Code)
}

func TestAMethodThatIsPaidAtTheProviderIsNoMoreThanItsType(t *testing.T) {
	s := newStage(t)
	typed := strings.Replace(card, `"card"`, `"ideal"`, 1)
	for more, param := range map[string]string{
		`"payment_method":` + typed: "payment_method.card",
		`"payment_method":{"type":"ideal","id":"` + id.New(id.PaymentMethod) + `"}`: "payment_method.id",
		`"save_payment_method":true,"payment_method":{"type":"ideal"}`:              "save_payment_method",
		`"off_session":true,"payment_method":{"type":"ideal"}`:                      "off_session",
		`"payment_method":{"type":"IDEAL"}`:                                         "payment_method.type",
		`"payment_method":{"type":"ideal","bank":"INGBNL2A"}`:                       "payment_method.bank",
	} {
		w := s.call(http.MethodPost, intents, `{"amount":1000,"currency":"EUR","confirm":true,`+thanks+`,`+more+`}`)
		require.Equal(t, http.StatusBadRequest, w.Code, more)
		require.Equal(t, param, failure(t, w)["param"], more)
	}
	w := s.call(http.MethodPost, intents, `{"amount":1000,"currency":"EUR","confirm":true,"payment_method":{"type":"sofort"}}`)
	require.Contains(t, failure(t, w)["message"], "'card', 'saved', 'paypal', 'ideal' or 'bancontact'")
}
