package stripe

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkCreateConfirm is the hot path: create and confirm in one call, with
// an inline card, automatic capture and the charge expanded; without a socket.
func BenchmarkCreateConfirm(b *testing.B) {
	h := start(b, Options{})
	handler := h.sim.Handler()
	body := "amount=9999&currency=usd&confirm=true&return_url=https%3A%2F%2Fshop.example&payment_method_types[0]=card" +
		"&payment_method_data[type]=card&payment_method_data[card][number]=4242424242424242&payment_method_data[card][exp_month]=12" +
		"&payment_method_data[card][exp_year]=2040&payment_method_data[card][cvc]=123&metadata[payment_id]=pi_01J&metadata[attempt]=1" +
		"&metadata[merchant_id]=mch_01J&expand[0]=latest_charge.balance_transaction"
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		r := httptest.NewRequest(http.MethodPost, "/v1/payment_intents", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer sk_test_one")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Idempotency-Key", "key-"+strconv.Itoa(n))
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body.String())
		}
	}
}
