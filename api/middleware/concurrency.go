package middleware

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"paymenthub/internal/fault"
)

// queueWait is how long a request waits for its turn.
const queueWait = 2 * time.Second

// Gate bounds how many requests run at once. As many again may wait for their
// turn, briefly; the rest are refused, so that overload ends in quick answers
// and not in slow ones for all. Writes leave a quarter of the places to reads,
// which go on while a part that only writes need is slow.
type Gate struct {
	places  chan struct{}
	writes  chan struct{} // the places that writes may take
	waiting atomic.Int64
}

// NewGate makes a gate for limit requests at once.
func NewGate(limit int) *Gate {
	return &Gate{places: make(chan struct{}, limit), writes: make(chan struct{}, limit-limit/4)}
}

// Handle is the station.
func (g *Gate) Handle(c *gin.Context) {
	if draining(c.Request.Context()) {
		c.Header("Connection", "close")
		Fail(c, fault.New(fault.Unavailable, "The service is restarting. Retry with the same Idempotency-Key.").After(time.Second))
		return
	}
	until := time.Now().Add(queueWait)
	for _, places := range g.needs(c.Request.Method) {
		if !g.enter(c.Request.Context(), places, until) {
			Fail(c, fault.New(fault.Unavailable, "The service is overloaded. Retry with the same Idempotency-Key.").After(time.Second))
			return
		}
		defer func() { <-places }()
	}
	c.Next()
}

// needs is where a request needs a place, in order.
func (g *Gate) needs(method string) []chan struct{} {
	if method == http.MethodGet {
		return []chan struct{}{g.places}
	}
	return []chan struct{}{g.writes, g.places}
}

// enter takes a place. It reports false when there is none before until or ctx
// ends, or when too many wait already.
func (g *Gate) enter(ctx context.Context, places chan struct{}, until time.Time) bool {
	select {
	case places <- struct{}{}:
		return true
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > int64(cap(g.places)) {
		return false
	}
	patience := time.NewTimer(time.Until(until))
	defer patience.Stop()
	select {
	case places <- struct{}{}:
		return true
	case <-patience.C:
	case <-ctx.Done():
	}
	return false
}
