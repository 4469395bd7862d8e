// Package clock is the one source of the current time outside workflows, so
// that tests can set it.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time in UTC, to the microsecond: the precision both
// databases keep.
type Clock interface{ Now() time.Time }

// System is the machine's clock.
type System struct{}

// Now implements Clock.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Offset is the machine's clock set wrong by a fixed time.
type Offset time.Duration

// Now implements Clock.
func (o Offset) Now() time.Time { return System{}.Now().Add(time.Duration(o)) }

// Manual is a clock that moves only when told to. It is safe for concurrent use.
type Manual struct {
	mu  sync.Mutex
	now time.Time
}

// NewManual starts a manual clock at t.
func NewManual(t time.Time) *Manual { return &Manual{now: t.UTC().Truncate(time.Microsecond)} }

// Now implements Clock.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Advance moves the clock by d.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}
