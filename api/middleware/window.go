package middleware

import (
	"sync"
	"time"

	"paymenthub/internal/clock"
)

// Windows is a Limiter in memory that counts: from its first request on, a name
// may make so many until the window is over.
type Windows struct {
	requests int
	length   time.Duration
	clock    clock.Clock

	mu    sync.Mutex
	open  map[string]*window
	swept time.Time
}

type window struct {
	ends time.Time
	made int
}

// NewWindows makes a limiter of that many requests in a window of time.
func NewWindows(requests int, length time.Duration, c clock.Clock) *Windows {
	return &Windows{requests: requests, length: length, clock: c, open: map[string]*window{}, swept: c.Now()}
}

// Take implements Limiter.
func (w *Windows) Take(name string) Decision {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.swept) >= sweepEvery {
		w.sweep(now)
	}
	current := w.open[name]
	if current == nil || !now.Before(current.ends) {
		current = &window{ends: now.Add(w.length)}
		w.open[name] = current
	}
	d := Decision{Allowed: current.made < w.requests, Limit: w.requests, Reset: current.ends.Sub(now)}
	if !d.Allowed {
		d.RetryAfter = d.Reset
		return d
	}
	current.made++
	d.Remaining = w.requests - current.made
	return d
}

// sweep forgets windows that are over. Names are merchants: there are never so
// many that memory would need another bound.
func (w *Windows) sweep(now time.Time) {
	w.swept = now
	for name, of := range w.open {
		if !now.Before(of.ends) {
			delete(w.open, name)
		}
	}
}
