package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/api/openapi/conform"
	"paymenthub/internal/id"
)

// What is tested of every route of the table is tested of all that there is.
func TestNoRouteIsServedBesideTheTable(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.Metrics = prometheus.NewRegistry() })
	known := map[string]bool{"GET /metrics": true} // for operators: middleware.Internal
	for _, r := range api.Routes() {
		known[r.Method+" "+r.Path] = true
	}
	served := s.handler.(interface{ Routes() gin.RoutesInfo }).Routes()
	require.Len(t, served, len(known))
	for _, r := range served {
		require.True(t, known[r.Method+" "+r.Path], "%s %s is served and not in the table", r.Method, r.Path)
	}
}

// A refund must not tell what is another merchant's from what is not there.
func TestRefundOfAnUnknownPaymentNamesTheField(t *testing.T) {
	s := newStage(t)
	for _, name := range []string{"x", "rf_01HZY3K8V4N5T6W7X8Y9Z0A1B2", id.New(id.Payment)} {
		w := s.call(http.MethodPost, "/v3/payments/refunds", `{"intent_id":"`+name+`"}`)
		require.Equal(t, http.StatusNotFound, w.Code)
		e := failure(t, w)
		require.Equal(t, "There is no such payment intent.", e["message"])
		require.Equal(t, "intent_id", e["param"])
	}
}

// Names that databases do not take reach none: Postgres refuses NUL, bytes that
// are no UTF-8, and to index long texts, such as the path beside an
// Idempotency-Key.
func TestPathsThatNobodyCanWriteDownNameNothing(t *testing.T) {
	s := newStage(t)
	for _, segment := range []string{"%00", "%ff%fe", "a%0Ab", "%7f", strings.Repeat("0123456789", 60), "4242%204242%204242%204242"} {
		w := s.call(http.MethodPost, intents+"/"+segment+"/cancel", "", "Idempotency-Key", "a key")
		require.Equal(t, http.StatusNotFound, w.Code, segment)
		require.Equal(t, "There is nothing at this path.", failure(t, w)["message"])
	}
	require.Empty(t, s.memory.requests)
}

// Every type of event that is documented can be asked for.
func TestEventsAreListedByEveryType(t *testing.T) {
	s := newStage(t)
	types := conform.Document(t, "/v3/events").Components.Schemas["EventType"].Value.Enum
	require.NotEmpty(t, types)
	for _, name := range types {
		require.Equal(t, http.StatusOK, s.call(http.MethodGet, "/v3/events?type="+name.(string), "").Code, name)
	}
	for _, kind := range []id.Prefix{id.Payment, id.Refund, id.Dispute, id.WebhookEndpoint} {
		require.Equal(t, http.StatusOK, s.call(http.MethodGet, "/v3/events?object_id="+id.New(kind), "").Code, kind)
	}
}
