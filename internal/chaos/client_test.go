package chaos

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hubOf is clients of a hub that gives the answers one after the other.
func hubOf(t *testing.T, answers ...func(http.ResponseWriter)) (*clients, *diary) {
	t.Helper()
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "key 1", r.Header.Get("Idempotency-Key"))
		mu.Lock()
		defer mu.Unlock()
		next := answers[0]
		answers = answers[1:]
		next(w)
	}))
	t.Cleanup(server.Close)
	d := &diary{began: time.Now()}
	return newClients(&World{hub: server.URL}, d), d
}

func status(code int, body string, headers ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

const intentBody = `{"object":"payment_intent","id":"pi_1","status":"succeeded"}`

func TestClientsAskUntilTheyAreAnswered(t *testing.T) {
	c, d := hubOf(t,
		func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		status(503, `{"error":{"code":"unavailable"}}`, "Retry-After", "1"),
		status(409, `{"error":{"code":"idempotency_running"}}`, "Retry-After", "1"),
		status(429, `{"error":{"code":"rate_limited"}}`, "Retry-After", "1"),
		status(200, intentBody))
	sent := 0
	told, ok := c.persist(t.Context(), request{told: Told{Method: http.MethodPost, Path: "/", Key: "key 1"}, sent: func() { sent++ }})
	require.True(t, ok)
	require.Equal(t, "pi_1", told.Intent.ID)
	require.Equal(t, []int{1, 4, 1}, []int{sent, d.resent, len(d.told)})
	require.Empty(t, d.violations)
}

func TestClientsNoteWhatTheHubMayNotAnswer(t *testing.T) {
	c, d := hubOf(t, status(500, `{"error":{"code":"internal_error"}}`), status(503, `{"error":{"code":"unavailable"}}`), status(200, "oops"))
	_, ok := c.persist(t.Context(), request{told: Told{Method: http.MethodPost, Path: "/", Key: "key 1"}})
	require.True(t, ok)
	var rules []string
	for _, v := range d.violations {
		rules = append(rules, v.Rule)
	}
	require.Equal(t, []string{"internal_error", "retry_after", "unreadable"}, rules)
}

func TestUnansweredRequestsAreViolations(t *testing.T) {
	c, d := hubOf(t, status(503, `{"error":{}}`, "Retry-After", "1"), status(503, `{"error":{}}`, "Retry-After", "1"), status(503, `{"error":{}}`, "Retry-After", "1"))
	ctx, cancel := context.WithTimeout(t.Context(), 2*retryPause)
	defer cancel()
	_, ok := c.persist(ctx, request{told: Told{Method: http.MethodPost, Path: "/", Key: "key 1"}})
	require.False(t, ok)
	require.Len(t, d.violations, 1)
	require.Equal(t, "unanswered", d.violations[0].Rule)
}
