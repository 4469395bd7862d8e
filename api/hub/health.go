package hub

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
)

// Bounds of health checks.
const (
	checkTime    = 2 * time.Second // each check may take
	checkedEvery = time.Second     // an answer is believed for
)

// Check is one part that the hub cannot work without.
type Check struct {
	Name  string
	Check func(ctx context.Context) error
}

// health remembers what the checks said, so that being asked often costs nothing.
type health struct {
	checks []Check

	mu        sync.Mutex
	checkedAt time.Time
	results   map[string]openapi.HealthChecks
	healthy   bool
}

// GetHealth is GET /v3/payments/health.
func (a *API) GetHealth(c *gin.Context) {
	if _, err := decode.Query(c.Request); err != nil {
		middleware.Fail(c, err)
		return
	}
	now := a.clock.Now()
	results, healthy := a.health.check(c.Request.Context(), now)
	v := openapi.Health{Status: openapi.HealthStatusOk, Checks: results, Time: utc(now)}
	if middleware.Key(c) != nil {
		v.Version = optional(a.version)
	}
	status := http.StatusOK
	if !healthy {
		v.Status, status = openapi.HealthStatusUnavailable, http.StatusServiceUnavailable
		c.Header("Retry-After", "1")
	}
	send(c, status, v)
}

// check runs all checks at once, or returns what they said a moment ago. The
// map that it returns is never changed.
func (h *health) check(ctx context.Context, now time.Time) (map[string]openapi.HealthChecks, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.results != nil && now.Sub(h.checkedAt).Abs() < checkedEvery {
		return h.results, h.healthy
	}
	// The answer is for others too, so it does not end with this request.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTime)
	defer cancel()
	began := time.Now()
	failed := make([]bool, len(h.checks))
	var all sync.WaitGroup
	for i, check := range h.checks {
		all.Go(func() { failed[i] = !check.passes(ctx) })
	}
	all.Wait()
	// The time that the checks took counts: who waited for them meanwhile is
	// answered with what they said.
	h.results, h.healthy, h.checkedAt = make(map[string]openapi.HealthChecks, len(h.checks)), true, now.Add(time.Since(began))
	for i, check := range h.checks {
		h.results[check.Name] = openapi.HealthChecksOk
		if failed[i] {
			h.results[check.Name], h.healthy = openapi.HealthChecksFailed, false
		}
	}
	return h.results, h.healthy
}

// passes runs one check, and waits no longer than ctx even for one that does
// not heed it.
func (c Check) passes(ctx context.Context) bool {
	done := make(chan error, 1)
	go func() { done <- c.Check(ctx) }()
	select {
	case err := <-done:
		return err == nil
	case <-ctx.Done():
		return false
	}
}
