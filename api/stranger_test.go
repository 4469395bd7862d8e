package api_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/internal/payment"
)

// Whoever has no key and sends slowly keeps nobody waiting: a place among those
// that are handled is taken by requests that were heard to their end.
func TestSlowStrangersTakeNobodysPlace(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.MaxInFlight = 4 })
	server := httptest.NewServer(s.handler)
	defer server.Close()
	p := s.offered(nil)
	for i := range 24 {
		path := "/api/public/payment-intents/" + p.ID + "/confirm?client_secret=" + s.secrets.For(p.ID)
		if i%2 == 1 {
			path = "/webhooks/stripe/sandbox"
		}
		slow, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		defer slow.Close()
		_, err = fmt.Fprintf(slow, "POST %s HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", path)
		require.NoError(t, err)
	}
	time.Sleep(100 * time.Millisecond) // all of them are being read
	for range 5 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+intents+"/"+p.ID+"/cancel", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+s.sk)
		res, err := server.Client().Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.NotEqual(t, http.StatusServiceUnavailable, res.StatusCode)
	}
}

func TestShoppersLearnLittleOfADecline(t *testing.T) {
	s := newStage(t)
	p := s.offered(nil)
	refusal := payment.NewDecline(payment.DeclineLostOrStolen)
	refusal.IssuerCode = "41"
	s.core.decline, s.core.outcome = &refusal, payment.RequiresPaymentMethod
	w := s.call(http.MethodPost, "/api/public/payment-intents/"+p.ID+"/confirm?client_secret="+s.secrets.For(p.ID), `{`+plastic+`}`)
	require.Equal(t, http.StatusPaymentRequired, w.Code)
	e := tell(t, w).Error
	require.Equal(t, "CARD_DECLINED", e.Code)
	require.Equal(t, "generic_decline", e.Details["decline_code"])
	for _, name := range []string{"response_code", "advice"} {
		require.NotContains(t, e.Details, name)
	}
	for _, hint := range []string{"41", "lost", "stolen", "again"} {
		require.NotContains(t, e.Message, hint)
	}
}
