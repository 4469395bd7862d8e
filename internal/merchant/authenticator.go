package merchant

import (
	"context"
	"sync"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
)

// Bounds of the authenticator's memory.
const (
	// cacheTTL is how long a look-up is believed; a revoked key stops working
	// within it (the contract allows 5 s).
	cacheTTL = 3 * time.Second
	// cacheLimit bounds the remembered keys, wrong ones included.
	cacheLimit = 10_000
)

// Authenticator turns a presented key into who it stands for. It remembers
// look-ups briefly, so that the hot path asks the database nothing, and gathers
// last-used times, which Flush writes.
type Authenticator struct {
	repo  Repository
	clock clock.Clock

	mu    sync.Mutex
	known map[string]*lookup // by SHA-256 of the presented key
	used  map[string]time.Time
}

type lookup struct {
	key     Key
	found   bool
	expires time.Time
	ready   chan struct{} // closed when the fields above are set
	err     error
}

// NewAuthenticator makes an authenticator with an empty memory.
func NewAuthenticator(repo Repository, c clock.Clock) *Authenticator {
	return &Authenticator{repo: repo, clock: c, known: map[string]*lookup{}, used: map[string]time.Time{}}
}

// Authenticate finds the key. Errors: fault.Unauthenticated, and whatever the
// repository reports when it cannot be asked.
func (a *Authenticator) Authenticate(ctx context.Context, presented string) (Key, error) {
	now := a.clock.Now()
	l, err := a.lookup(ctx, presented, now)
	if err != nil {
		return Key{}, err
	}
	if !l.found || !l.key.UsableAt(now) {
		return Key{}, fault.New(fault.Unauthenticated, "The API key is missing, wrong or no longer valid.")
	}
	a.mu.Lock()
	a.used[l.key.ID] = now
	a.mu.Unlock()
	return l.key, nil
}

// lookup returns a remembered answer or asks once for all who wait for it.
func (a *Authenticator) lookup(ctx context.Context, presented string, now time.Time) (*lookup, error) {
	digest := hash(presented)
	a.mu.Lock()
	l := a.known[digest]
	if l != nil && !l.stale(now) {
		a.mu.Unlock()
		select {
		case <-l.ready:
			return l, l.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if len(a.known) >= cacheLimit {
		clear(a.known)
	}
	l = &lookup{ready: make(chan struct{})}
	a.known[digest] = l
	a.mu.Unlock()

	l.key, l.found, l.err = a.ask(ctx, presented)
	l.expires = now.Add(cacheTTL)
	close(l.ready)
	if l.err != nil {
		a.mu.Lock()
		delete(a.known, digest)
		a.mu.Unlock()
	}
	return l, l.err
}

// stale reports whether a finished answer is too old; an unfinished one is not.
func (l *lookup) stale(now time.Time) bool {
	select {
	case <-l.ready:
		return !now.Before(l.expires)
	default:
		return false
	}
}

func (a *Authenticator) ask(ctx context.Context, presented string) (Key, bool, error) {
	keys, err := a.repo.KeysByPrefix(ctx, prefixOf(presented))
	if err != nil {
		return Key{}, false, err
	}
	for _, k := range keys {
		if k.matches(presented) {
			return k, true, nil
		}
	}
	return Key{}, false, nil
}

// Flush writes the last-used times gathered since the last call.
func (a *Authenticator) Flush(ctx context.Context) error {
	a.mu.Lock()
	used := a.used
	a.used = map[string]time.Time{}
	a.mu.Unlock()
	if len(used) == 0 {
		return nil
	}
	return a.repo.TouchKeys(ctx, used)
}
