package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"paymenthub/api"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

func TestLiveKeysNeedTLS(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.TrustedProxies = []string{"10.0.0.0/8"} })
	for _, c := range []struct {
		from, proto, forwarded, url string
		want                        int
	}{
		{"127.0.0.1:5", "", "", "", 200},
		{"[::1]:5", "", "", "", 200},
		{"192.0.2.7:5", "", "", "", 403},
		{"192.0.2.7:5", "https", "", "", 403}, // nobody trusts this one's word
		{"192.0.2.7:5", "https", "127.0.0.1", "", 403},
		{"10.1.2.3:5", "https", "192.0.2.7", "", 200},
		{"10.1.2.3:5", "http", "192.0.2.7", "", 403},
		{"10.1.2.3:5", "https, http", "192.0.2.7", "", 403},
		{"10.1.2.3:5", "", "192.0.2.7", "", 403},
		{"192.0.2.7:5", "", "", "https://hub.example", 200},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", c.url+intents, nil)
		r.RemoteAddr = c.from
		r.Header.Set("Authorization", "Bearer "+s.live)
		if c.proto != "" {
			r.Header.Set("X-Forwarded-Proto", c.proto)
		}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		require.Equal(t, c.want, serve(s, r).Code, "%+v", c)
		r.Header.Set("Authorization", "Bearer "+s.sk)
		require.Equal(t, 200, serve(s, r).Code, "sandbox keys may go in the clear")
	}
}

func TestPermissions(t *testing.T) {
	s := newStage(t)
	reader := "Bearer " + s.key(s.scope, merchant.SecretKey, merchant.ReadPayments)
	require.Equal(t, 200, s.call("GET", intents, "", "Authorization", reader).Code)
	w := s.call("POST", intents, create, "Authorization", reader)
	require.Equal(t, 403, w.Code)
	require.Equal(t, "This key lacks the permission 'payments:write'.", failure(t, w)["message"])
}

// A health check has two seconds, which a slow machine may take: where it is asked for, time
// passes in a bubble.
func TestRateLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, func(o *api.Options) { o.HubLimit = api.RateLimit{PerMinute: 60, Burst: 3} })
		for left := 2; left >= 0; left-- {
			w := s.call("GET", intents, "")
			require.Equal(t, 200, w.Code)
			require.Equal(t, []string{"60"}, w.Header()["Ratelimit-Limit"])
			require.Equal(t, []string{string(rune('0' + left))}, w.Header()["Ratelimit-Remaining"])
			require.Equal(t, []string{string(rune('3' - left))}, w.Header()["Ratelimit-Reset"])
		}
		w := s.call("POST", intents, create, "Idempotency-Key", "a")
		require.Equal(t, 429, w.Code)
		require.Equal(t, "1", w.Header().Get("Retry-After"))
		require.Equal(t, "rate_limited", failure(t, w)["code"])
		require.Empty(t, s.memory.requests)
		require.Equal(t, 200, s.call("GET", "/v3/payments/health", "", "Authorization", "Bearer "+s.pk).Code, "another key has its own")
		s.clock.Advance(time.Second)
		require.Equal(t, 200, s.call("GET", intents, "").Code)
	})
}

func TestOneShopperCannotUseUpAPublishableKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, func(o *api.Options) { o.PublicLimit = api.RateLimit{PerMinute: 60, Burst: 2} })
		from := func(address string) int {
			r := s.request("GET", "/v3/payments/health", "", "Authorization", "Bearer "+s.pk)
			r.RemoteAddr = address
			return serve(s, r).Code
		}
		require.Equal(t, []int{200, 200, 429}, []int{from("192.0.2.1:1"), from("192.0.2.1:2"), from("192.0.2.1:3")})
		require.Equal(t, 200, from("192.0.2.2:1"))
	})
}

func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down error
		s := newStage(t, func(o *api.Options) {
			o.Health = append(o.Health, api.Check{Name: "temporal", Check: func(context.Context) error { return down }})
		})
		get := func(headers ...string) *httptest.ResponseRecorder {
			return s.call("GET", "/v3/payments/health", "", headers...)
		}
		require.JSONEq(t, `{"status":"ok","version":"1.2.3","checks":{"database":"ok","temporal":"ok"},"time":"2026-04-21T09:30:00.123456Z"}`, get().Body.String())
		require.NotContains(t, get("Authorization", "").Body.String(), "version")
		require.Equal(t, 401, get("Authorization", "Bearer sk_live_wrong").Code)
		down = errors.New("secret address of the cluster")
		require.Equal(t, 200, get().Code, "believed for a second")
		s.clock.Advance(2 * time.Second)
		w := get()
		require.Equal(t, 503, w.Code)
		require.JSONEq(t, `{"status":"unavailable","version":"1.2.3","checks":{"database":"ok","temporal":"failed"},"time":"2026-04-21T09:30:02.123456Z"}`, w.Body.String())
	})
}

func TestOverloadIsRefusedQuickly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, func(o *api.Options) { o.MaxInFlight = 1 })
		release := make(chan struct{})
		entered := make(chan struct{}, 3)
		s.core.before = func(context.Context) { entered <- struct{}{}; <-release }
		codes := make(chan int, 2)
		send := func() { codes <- serve(s, s.request("POST", intents, create)).Code }
		go send()
		<-entered
		go send()
		synctest.Wait() // it waits for its turn
		start := time.Now()
		w := s.call("GET", intents, "")
		require.Equal(t, "1", w.Header().Get("Retry-After"))
		require.Equal(t, 503, w.Code)
		require.Equal(t, "unavailable", failure(t, w)["code"])
		require.Zero(t, time.Since(start))
		require.Equal(t, 200, s.call("GET", "/v3/payments/health", "").Code, "health does not queue")
		close(release)
		require.Equal(t, 200, <-codes)
		require.Equal(t, 200, <-codes)
	})
}

func TestPanicsAndFaultsTellNothing(t *testing.T) {
	s := newStage(t)
	s.core.before = func(context.Context) { var m map[string]int; m["x"] = 1 }
	w := s.call("POST", intents, create)
	require.Equal(t, 500, w.Code)
	require.Equal(t, "internal_error", failure(t, w)["code"])
	require.NotContains(t, w.Body.String(), "nil map")
	require.NotContains(t, w.Body.String(), ".go")
	panics := s.logs.FilterMessage("panic").All()
	require.Len(t, panics, 1)
	require.Contains(t, panics[0].ContextMap()["panic"], "nil map")
	require.Contains(t, panics[0].ContextMap()["stack"], "fakes_test.go")
	require.Equal(t, w.Header().Get("Request-Id"), panics[0].ContextMap()["request_id"])
}

func TestLogMetricsAndTraces(t *testing.T) {
	registry, spans := prometheus.NewRegistry(), tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	s := newStage(t, func(o *api.Options) { o.Metrics, o.TracerProvider = registry, provider })
	paymentID := s.open()
	s.call("GET", intents+"/"+paymentID+"?client_secret=hidden", "")
	s.call("POST", "/made/up/path", "")
	lines := s.logs.FilterMessage("request").All()
	require.Len(t, lines, 3)
	first := lines[0].ContextMap()
	require.Equal(t, "/v3/payments/intents", first["route"])
	require.Equal(t, paymentID, first["payment_id"])
	require.EqualValues(t, 200, first["status"])
	require.Len(t, first["trace_id"], 32)
	require.Equal(t, "/v3/payments/intents/:id", lines[1].ContextMap()["route"])
	require.Equal(t, "unmatched", lines[2].ContextMap()["route"])
	require.Len(t, spans.GetSpans(), 3)
	for _, span := range spans.GetSpans() {
		for _, a := range span.Attributes {
			require.NotContains(t, a.Value.String(), "hidden")
		}
	}

	scrape := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
	scrape.RemoteAddr = "127.0.0.1:9"
	w := serve(s, scrape)
	require.Equal(t, 200, w.Code)
	require.Contains(t, w.Body.String(), `paymenthub_http_request_duration_seconds_count{method="GET",route="/v3/payments/intents/:id",status="400"} 1`)
	require.NotContains(t, w.Body.String(), "made")
	for _, from := range []string{"192.0.2.1:9", "garbage"} {
		scrape.RemoteAddr = from
		require.Equal(t, 404, serve(s, scrape).Code)
	}
	scrape.RemoteAddr = "10.0.0.1:9"
	scrape.Header.Set("X-Forwarded-For", "192.0.2.1")
	require.Equal(t, 404, serve(s, scrape).Code, "not through a proxy")
}

func TestTheShopperReturns(t *testing.T) {
	s := newStage(t)
	paymentID := s.open()
	back := func(status payment.Status, returnURL string) *httptest.ResponseRecorder {
		p := s.core.payments[paymentID]
		p.Status, p.ReturnURL = status, returnURL
		s.core.payments[paymentID] = p
		return s.call("GET", s.back(paymentID)+"&payment_intent_client_secret=x", "", "Authorization", "")
	}
	w := back(payment.Succeeded, "https://shop.example/done?order=7&redirect_status=hoax#end")
	require.Equal(t, 303, w.Code)
	require.Equal(t, "https://shop.example/done?order=7&payment_intent="+paymentID+"&redirect_status=succeeded#end", w.Header().Get("Location"))
	require.Contains(t, back(payment.RequiresPaymentMethod, "https://shop.example/").Header().Get("Location"), "redirect_status=failed")
	require.Contains(t, back(payment.Processing, "https://shop.example/").Header().Get("Location"), "redirect_status=processing")
	s.core.attempts = []payment.Attempt{{ReturnURL: "https://shop.example/first"}, {ReturnURL: "https://shop.example/second"}}
	require.True(t, strings.HasPrefix(back(payment.Succeeded, "https://shop.example/").Header().Get("Location"), "https://shop.example/second?"))
	s.core.attempts = nil

	w = back(payment.Succeeded, "")
	require.Equal(t, 200, w.Code)
	require.Contains(t, w.Body.String(), "Payment confirmed")
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
	for _, unknown := range []string{s.back("pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2"), "/return/<script>", "/return/" + paymentID, "/return/" + paymentID + "?return_token=" + strings.Repeat("0", 32)} {
		w = s.call("GET", unknown, "")
		require.Equal(t, 404, w.Code)
		require.Contains(t, w.Body.String(), "Payment not found")
		require.NotContains(t, w.Body.String(), "script")
	}
}
