package simulator

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// record is a witness with two charges, and refunds that cannot be read.
type record struct{}

func (record) Charges(context.Context) iter.Seq2[Charge, error] {
	return func(yield func(Charge, error) bool) {
		at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
		_ = yield(Charge{ID: "ch_1", Amount: 5, Currency: "usd", Status: Captured, AmountCaptured: 5, Metadata: []byte(`{"a":"b"}`), CreatedAt: at}, nil) &&
			yield(Charge{ID: "ch_2", Amount: 7, Currency: "eur", Status: Voided, Metadata: []byte(`{}`), CreatedAt: at}, nil)
	}
}

func (record) Refunds(context.Context) iter.Seq2[Refund, error] {
	return func(yield func(Refund, error) bool) { yield(Refund{}, errors.New("disk gone")) }
}

func (record) Disputes(context.Context) iter.Seq2[Dispute, error] {
	return func(yield func(Dispute, error) bool) {
		at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
		yield(Dispute{ID: "du_1", Charge: "ch_1", PaymentIntent: "pi_1", Amount: 5, Currency: "usd", Status: "lost", Withdrawn: 5, Fee: 1500, CreatedAt: at}, nil)
	}
}

func (record) PaymentMethods(context.Context) iter.Seq2[PaymentMethod, error] {
	return func(yield func(PaymentMethod, error) bool) {
		at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
		yield(PaymentMethod{ID: "pm_1", Customer: "cus_1", Last4: "4242", Metadata: []byte(`{}`), CreatedAt: at}, nil)
	}
}

func (record) Customers(context.Context) iter.Seq2[Customer, error] {
	return func(yield func(Customer, error) bool) { yield(Customer{}, errors.New("disk gone")) }
}

func TestWitnessAnswersEveryChargeOrBreaksOff(t *testing.T) {
	mux := http.NewServeMux()
	RegisterWitness(mux, record{})
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_sim/charges", nil))
	require.JSONEq(t, `{"charges":[
		{"id":"ch_1","amount":5,"currency":"usd","status":"captured","amount_captured":5,"amount_refunded":0,"idempotency_key":"","metadata":{"a":"b"},"created_at":"2030-01-02T03:04:05Z"},
		{"id":"ch_2","amount":7,"currency":"eur","status":"voided","amount_captured":0,"amount_refunded":0,"idempotency_key":"","metadata":{},"created_at":"2030-01-02T03:04:05Z"}]}`, w.Body.String())
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_sim/disputes", nil))
	require.JSONEq(t, `{"disputes":[{"id":"du_1","charge":"ch_1","payment_intent":"pi_1","amount":5,"currency":"usd","status":"lost",
		"withdrawn":5,"fee":1500,"created_at":"2030-01-02T03:04:05Z"}]}`, w.Body.String())
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_sim/payment_methods", nil))
	require.JSONEq(t, `{"payment_methods":[{"id":"pm_1","customer":"cus_1","last4":"4242","metadata":{},"created_at":"2030-01-02T03:04:05Z"}]}`, w.Body.String())
	for _, path := range []string{"/_sim/refunds", "/_sim/customers"} {
		require.PanicsWithValue(t, http.ErrAbortHandler, func() {
			mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
		}, "a short list must not look like a whole one")
	}
}
