// Package recall remembers for a moment what many ask for, so that a hot path asks
// the database nothing: of all who ask for the same at once one looks it up, and the
// others wait for the answer.
package recall

import (
	"context"
	"errors"
	"sync"
	"time"

	"paymenthub/internal/clock"
)

// Memory remembers values by key. It is safe for concurrent use.
type Memory[K comparable, V any] struct {
	believed time.Duration
	limit    int
	clock    clock.Clock

	mu    sync.Mutex
	known map[K]*answer[V]
}

type answer[V any] struct {
	ready   chan struct{} // closed when value and err are set
	value   V
	err     error
	expires time.Time
}

// errAbandoned is what those who wait are told when the one who asks panics.
var errAbandoned = errors.New("recall: the look-up was abandoned")

// New makes an empty memory. An answer is believed for a time from when it was asked
// for. Above limit answers all are forgotten.
func New[K comparable, V any](believed time.Duration, limit int, c clock.Clock) *Memory[K, V] {
	return &Memory[K, V]{believed: believed, limit: limit, clock: c, known: map[K]*answer[V]{}}
}

// Get returns what is remembered, or asks. The question is not bound to the caller's
// context, since others wait for it too; errors are not remembered. Errors: those of
// ask, and the context's when it ends while another asks.
func (m *Memory[K, V]) Get(ctx context.Context, key K, ask func(context.Context) (V, error)) (V, error) {
	now := m.clock.Now()
	m.mu.Lock()
	a := m.known[key]
	if a != nil && !a.stale(now) {
		m.mu.Unlock()
		select {
		case <-a.ready:
			return a.value, a.err
		case <-ctx.Done():
			var none V
			return none, ctx.Err()
		}
	}
	if len(m.known) >= m.limit {
		clear(m.known)
	}
	a = &answer[V]{ready: make(chan struct{}), err: errAbandoned, expires: now.Add(m.believed)}
	m.known[key] = a
	m.mu.Unlock()

	defer func() {
		close(a.ready)
		if a.err != nil {
			m.drop(key, a)
		}
	}()
	a.value, a.err = ask(context.WithoutCancel(ctx))
	return a.value, a.err
}

// Forget drops what is remembered of a key. A look-up that is under way answers
// only those who wait for it already.
func (m *Memory[K, V]) Forget(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, key)
}

// drop forgets an answer, unless another has taken its place.
func (m *Memory[K, V]) drop(key K, a *answer[V]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known[key] == a {
		delete(m.known, key)
	}
}

// stale reports whether a finished answer is too old; an unfinished one is not.
func (a *answer[V]) stale(now time.Time) bool {
	select {
	case <-a.ready:
		return !now.Before(a.expires)
	default:
		return false
	}
}
