package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/api/console"
	"paymenthub/internal/clock"
)

func TestTheConsoleIsServedWhereItIsAskedForAlone(t *testing.T) {
	const page = "/console/webhooks"
	without := newStage(t)
	w := serve(without, without.request(http.MethodGet, page, ""))
	require.Equal(t, http.StatusNotFound, w.Code)
	require.Contains(t, w.Header().Get("Content-Type"), "application/json")

	with := newStage(t, func(o *api.Options) {
		o.Console = console.New(console.Options{Merchant: func() string { return "" }, Clock: clock.System{}})
	})
	for path, want := range map[string]int{page: http.StatusServiceUnavailable, "/console/elsewhere": http.StatusNotFound} {
		r := with.request(http.MethodGet, path, "")
		r.Host, r.RemoteAddr = "localhost:8080", "127.0.0.1:9"
		w = serve(with, r)
		require.Equal(t, want, w.Code, path)
		require.Contains(t, w.Header().Get("Content-Type"), "text/html", "people read it")
	}
	r := with.request(http.MethodGet, page, "")
	r.Host, r.RemoteAddr = "hub.example", "127.0.0.1:9"
	require.Equal(t, http.StatusForbidden, serve(with, r).Code)
	r.Host, r.RemoteAddr = "localhost:8080", "192.0.2.1:9"
	require.Equal(t, http.StatusForbidden, serve(with, r).Code, "the hub listens on all networks")
	r.Header.Set("X-Forwarded-For", "127.0.0.1")
	require.Equal(t, http.StatusForbidden, serve(with, r).Code, "as somebody says")
}

// What comes of an address typed by hand, or of a client that is no browser, is the
// caller's doing and no failure of the hub.
func TestTheConsoleAskedInTheWrongWay(t *testing.T) {
	s := newStage(t, func(o *api.Options) {
		o.Console = console.New(console.Options{Merchant: func() string { return "" }, Clock: clock.System{}})
	})
	const root, one = "/console/webhooks", "/console/webhooks/endpoints/we_01KA0000000000000000000001"
	for _, c := range []struct {
		method, path, body, says string
		status                   int
	}{
		{http.MethodGet, one + "/test", "", "Not in this way", http.StatusMethodNotAllowed},
		{http.MethodHead, root, "", "", http.StatusMethodNotAllowed},
		{http.MethodPut, one, "a=b", "Not in this way", http.StatusMethodNotAllowed},
		{http.MethodPost, root + "/endpoints", `{}`, "not a form", http.StatusUnsupportedMediaType},
		{http.MethodPost, root + "/endpoints", strings.Repeat("a", 2<<20), "too large", http.StatusRequestEntityTooLarge},
	} {
		r := s.request(c.method, c.path, c.body)
		r.Host, r.RemoteAddr = "localhost:8080", "127.0.0.1:9"
		w := serve(s, r)
		require.Equal(t, c.status, w.Code, "%s %s", c.method, c.path)
		require.Contains(t, w.Header().Get("Content-Type"), "text/html")
		require.Contains(t, w.Body.String(), c.says)
	}
}

// Whoever looks at the console is not counted: its pages look again and again, and the
// checkout of the same address has a limit to itself.
func TestTheConsoleHasNoRateLimit(t *testing.T) {
	s := newStage(t, func(o *api.Options) {
		o.Console = console.New(console.Options{Merchant: func() string { return "" }, Clock: clock.System{}})
		o.PublicLimit = api.RateLimit{PerMinute: 1, Burst: 1}
	})
	for range 5 {
		r := s.request(http.MethodGet, "/console/webhooks?part=rows", "")
		r.Host, r.RemoteAddr = "localhost:8080", "127.0.0.1:9"
		w := serve(s, r)
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Empty(t, w.Header().Get("RateLimit-Limit"))
	}
}
