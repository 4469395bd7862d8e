package merchant

import (
	"context"
	"sync"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/recall"
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

	known *recall.Memory[string, lookup] // by SHA-256 of the presented key
	mu    sync.Mutex
	used  map[string]time.Time
}

// lookup is what was found for a presented key.
type lookup struct {
	key   Key
	found bool
}

// NewAuthenticator makes an authenticator with an empty memory.
func NewAuthenticator(repo Repository, c clock.Clock) *Authenticator {
	return &Authenticator{repo: repo, clock: c, known: recall.New[string, lookup](cacheTTL, cacheLimit, c), used: map[string]time.Time{}}
}

// Authenticate finds the key. Errors: fault.Unauthenticated, and whatever the
// repository reports when it cannot be asked.
func (a *Authenticator) Authenticate(ctx context.Context, presented string) (Key, error) {
	now := a.clock.Now()
	l, err := a.known.Get(ctx, hash(presented), func(ctx context.Context) (lookup, error) { return a.ask(ctx, presented) })
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

func (a *Authenticator) ask(ctx context.Context, presented string) (lookup, error) {
	keys, err := a.repo.KeysByPrefix(ctx, prefixOf(presented))
	if err != nil {
		return lookup{}, err
	}
	for _, k := range keys {
		if k.matches(presented) {
			return lookup{key: k, found: true}, nil
		}
	}
	return lookup{}, nil
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
