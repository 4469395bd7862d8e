package middleware

import (
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"paymenthub/internal/fault"
)

// queueWait is how long a request waits for its turn.
const queueWait = 2 * time.Second

// Gate bounds how many requests run at once. As many again may wait for their
// turn, briefly; the rest are refused, so that overload ends in quick answers
// and not in slow ones for all.
type Gate struct {
	running chan struct{}
	waiting atomic.Int64
}

// NewGate makes a gate for limit requests at once.
func NewGate(limit int) *Gate { return &Gate{running: make(chan struct{}, limit)} }

// Handle is the station.
func (g *Gate) Handle(c *gin.Context) {
	if !g.enter(c) {
		Fail(c, fault.New(fault.Unavailable, "The service is overloaded. Retry with the same Idempotency-Key.").After(time.Second))
		return
	}
	defer func() { <-g.running }()
	c.Next()
}

func (g *Gate) enter(c *gin.Context) bool {
	select {
	case g.running <- struct{}{}:
		return true
	default:
	}
	if g.waiting.Add(1) > int64(cap(g.running)) {
		g.waiting.Add(-1)
		return false
	}
	defer g.waiting.Add(-1)
	patience := time.NewTimer(queueWait)
	defer patience.Stop()
	select {
	case g.running <- struct{}{}:
		return true
	case <-patience.C:
	case <-c.Request.Context().Done():
	}
	return false
}
