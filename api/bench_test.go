package api_test

import (
	"net/http/httptest"
	"strconv"
	"testing"

	"paymenthub/api"
)

// BenchmarkOneShot is what the API adds to a payment that is confirmed as it is
// created: stations, idempotency in memory, decoding, validation, rendering.
func BenchmarkOneShot(b *testing.B) {
	s := newStage(b, func(o *api.Options) { o.HubLimit = api.RateLimit{PerMinute: 1 << 30, Burst: 1 << 30} })
	body := `{"amount":12000,"currency":"AED","confirm":true,"metadata":{"order_id":"ord_998"},"payment_method":` + card + `}`
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r := s.request("POST", intents, body, "Idempotency-Key", strconv.Itoa(i))
		s.handler.ServeHTTP(httptest.NewRecorder(), r)
	}
}
