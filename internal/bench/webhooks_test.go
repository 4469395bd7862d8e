package bench

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	domain "paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

// told is a hub that delivers as it is told to.
type told struct {
	domain.Repository
	mu        sync.Mutex
	endpoints map[string][]string // URLs by merchant
	events    int
	lose      bool // the first delivery of all
	fails     error
	network   http.RoundTripper // nil: the machine's
}

func (h *told) CreateMerchant(context.Context, domain.Merchant) error { return nil }

func (h *told) Create(_ context.Context, n webhook.NewEndpoint) (webhook.Endpoint, vault.Secret, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.endpoints[n.Scope.MerchantID] = append(h.endpoints[n.Scope.MerchantID], n.URL)
	return webhook.Endpoint{}, "", nil
}

func (h *told) Insert(_ context.Context, c payment.Change) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events++
	for _, url := range h.endpoints[c.Intent.Scope.MerchantID] {
		if h.lose {
			h.lose = false
			continue
		}
		go func() {
			request, _ := http.NewRequest(http.MethodPost, url, http.NoBody)
			request.Header.Set("webhook-id", c.Events[0].ID)
			if response, err := (&http.Client{Transport: h.network}).Do(request); err == nil {
				_ = response.Body.Close()
			}
		}()
	}
	return h.fails
}

// near is a network on which everything takes 10 ms, and nothing else is reached than a sink.
type near struct{ sink *sink }

func (n near) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(10 * time.Millisecond)
	if r.URL.String() == n.sink.refused {
		return nil, errors.New("connection refused")
	}
	w := httptest.NewRecorder()
	n.sink.server.Handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func open(t *testing.T) (*told, Hub, *sink) {
	h := &told{endpoints: map[string][]string{}}
	s, err := openSink()
	require.NoError(t, err)
	t.Cleanup(s.close)
	return h, Hub{Merchants: h, Payments: h, Endpoints: h}, s
}

func TestAnAudienceIsSpreadOverMerchants(t *testing.T) {
	t.Parallel()
	h, hub, s := open(t)
	scopes, err := hub.gather(t.Context(), s, 1000, 100)
	require.NoError(t, err)
	require.Len(t, scopes, 50)
	for _, scope := range scopes {
		urls := map[string]int{}
		for _, url := range h.endpoints[scope.MerchantID] {
			urls[url]++
		}
		require.Equal(t, map[string]int{s.url: 18, s.broken: 1, s.refused: 1}, urls)
	}
	scopes, err = hub.gather(t.Context(), s, 1, 0)
	require.NoError(t, err)
	require.Equal(t, []string{s.url}, h.endpoints[scopes[0].MerchantID])
}

func TestDeliveriesAreCountedWhereEndpointsWork(t *testing.T) {
	t.Parallel()
	h, hub, s := open(t)
	scopes, err := hub.gather(t.Context(), s, 10, 1)
	require.NoError(t, err)
	h.network = near{s}
	synctest.Test(t, func(t *testing.T) { // a slow machine tells fewer events
		w := teller{hub: hub, sink: s, scopes: scopes, perEvent: 9, callers: 4}
		most, err := w.tell(t.Context(), 200*time.Millisecond, 0)
		require.NoError(t, err)
		require.Zero(t, most.errors)
		require.Len(t, most.latencies, 9*h.events)
		require.InDelta(t, float64(9*h.events)/most.elapsed.Seconds(), most.figures().PerSecond, 1)

		h.events = 0
		paced, err := w.tell(t.Context(), 500*time.Millisecond, 50*time.Millisecond)
		require.NoError(t, err)
		require.InDelta(t, 10, h.events, 1, "one in every pause")
		require.Len(t, paced.latencies, 9*h.events)
		require.InDelta(t, 10, paced.lag().P95, 0)
	})
}

func TestMissingDeliveriesAreCounted(t *testing.T) {
	t.Parallel()
	h, hub, s := open(t)
	scopes, err := hub.gather(t.Context(), s, 2, 0)
	require.NoError(t, err)
	h.lose = true
	measured := &samples{}
	w := teller{hub: hub, sink: s, scopes: scopes, perEvent: 2}
	require.NoError(t, w.write(t.Context(), scopes[0], measured, func() { t.Error("not all have arrived") }))
	require.Eventually(t, func() bool {
		measured.mu.Lock()
		defer measured.mu.Unlock()
		return len(measured.latencies) == 1
	}, 30*time.Second, time.Millisecond)
	_, missing := s.drain(10 * time.Millisecond)
	require.Equal(t, 1, missing)
	_, missing = s.drain(time.Second)
	require.Zero(t, missing, "given up")

	h.fails = errors.New("disk full")
	w.callers = 2
	_, err = w.tell(t.Context(), 100*time.Millisecond, 0)
	require.ErrorIs(t, err, h.fails)
}
