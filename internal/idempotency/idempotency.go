// Package idempotency makes a write that is sent twice act once. A request with
// an Idempotency-Key reserves the key before anything happens; the reservation
// mints the ULID from which every id of the request is made, so that a retry
// after a crash goes on with the same objects.
package idempotency

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
)

// Bounds (contracts/README.md).
const (
	MaxKeyLength = 255            // characters
	Retention    = 24 * time.Hour // how long a key is remembered
)

// lease is how long a request may run before a retry takes it over. Taking over
// is safe at any time, since both act on the same ids; the lease only saves work.
const lease = 15 * time.Second

// skew is how far the clocks of the hub's processes may differ. A lock that ends
// later than that allows was made by a clock that was wrong, and holds nobody up.
const skew = 15 * time.Second

// Slot is what a key is unique within.
type Slot struct {
	Scope  merchant.Scope
	Method string
	Path   string
	Key    string
}

// Request is a remembered request.
type Request struct {
	Slot
	Digest      []byte // keyed digest of the body; bodies hold card data and are never kept
	OperationID string // the ULID minted for the request
	LockedUntil time.Time
	ExpiresAt   time.Time
	Response    *Response // nil until the request has ended
}

// Response is the first answer, kept sealed: it may hold client secrets.
type Response struct {
	Status     int
	KeyVersion int
	Sealed     []byte
}

// Store keeps requests.
type Store interface {
	// Reserve stores r unless its slot is taken by a request that has not
	// expired at now, and returns the request that holds the slot and whether it
	// is r. An expired request is replaced. Of simultaneous calls one wins.
	Reserve(ctx context.Context, r Request, now time.Time) (held Request, mine bool, err error)
	// TakeOver moves the end of the lock of a request without a response, if it
	// still is what the caller saw; zero means unlocked. Of simultaneous calls one
	// wins.
	TakeOver(ctx context.Context, s Slot, seen, until time.Time) (mine bool, err error)
	// Complete stores the response.
	Complete(ctx context.Context, s Slot, response Response) error
	// Unlock ends the lock and keeps the request, so that a retry goes on at once.
	Unlock(ctx context.Context, s Slot) error
	// Forget removes the request: nothing happened.
	Forget(ctx context.Context, s Slot) error
	// DeleteExpired removes up to limit requests that expired before now.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int64, error)
}

// Sealer seals responses and digests bodies.
type Sealer interface {
	SealBytes(plain []byte, id string) (version int, sealed []byte)
	OpenBytes(version int, sealed []byte, id string) ([]byte, error)
	Digest(b []byte) []byte
}

// Guard is the idempotency service.
type Guard struct {
	store  Store
	sealer Sealer
	clock  clock.Clock
	wait   time.Duration
}

// NewGuard makes a guard. A second request with a running key waits up to wait
// for the first one's answer.
func NewGuard(store Store, sealer Sealer, c clock.Clock, wait time.Duration) *Guard {
	return &Guard{store: store, sealer: sealer, clock: c, wait: wait}
}

// Replay is a remembered answer.
type Replay struct {
	Status int
	Body   []byte
}

// Reservation is the right to carry a request out.
type Reservation struct {
	OperationID string
	// Resumed says that an earlier try of this request ended without an answer:
	// it may have made objects already.
	Resumed bool
}

// Begin reserves the slot for a request with this body. It returns either the
// right to carry the request out, or the answer of the request that was carried
// out already.
//
// Errors: fault.IdempotencyConflict when the key came with another body,
// fault.IdempotencyRunning when the first request still runs after the wait.
func (g *Guard) Begin(ctx context.Context, s Slot, body []byte) (Reservation, *Replay, error) {
	digest := g.sealer.Digest(body)
	deadline := time.Now().Add(g.wait)
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		now := g.clock.Now()
		held, mine, err := g.store.Reserve(ctx, Request{
			Slot: s, Digest: digest, OperationID: id.NewSuffix(), LockedUntil: now.Add(lease), ExpiresAt: now.Add(Retention),
		}, now)
		if err != nil {
			return Reservation{}, nil, err
		}
		if mine {
			return Reservation{OperationID: held.OperationID}, nil, nil
		}
		if string(held.Digest) != string(digest) {
			return Reservation{}, nil, fault.New(fault.IdempotencyConflict, "This Idempotency-Key was used with another request. Send a new key.")
		}
		if held.Response != nil {
			body, err := g.sealer.OpenBytes(held.Response.KeyVersion, held.Response.Sealed, s.row())
			return Reservation{}, &Replay{Status: held.Response.Status, Body: body}, err
		}
		if !held.LockedUntil.After(now) || held.LockedUntil.After(now.Add(lease+skew)) {
			mine, err := g.store.TakeOver(ctx, s, held.LockedUntil, now.Add(lease))
			if err != nil || mine {
				return Reservation{OperationID: held.OperationID, Resumed: true}, nil, err
			}
		}
		if time.Now().After(deadline) {
			return Reservation{}, nil, fault.New(fault.IdempotencyRunning, "The first request with this Idempotency-Key is still running. Retry shortly.").After(time.Second)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return Reservation{}, nil, ctx.Err()
		}
	}
}

// Complete remembers the answer of a request that was carried out.
func (g *Guard) Complete(ctx context.Context, s Slot, status int, body []byte) error {
	version, sealed := g.sealer.SealBytes(body, s.row())
	return g.store.Complete(ctx, s, Response{Status: status, KeyVersion: version, Sealed: sealed})
}

// Release lets a retry carry the same operation on: the request ended without
// an answer that may be remembered.
func (g *Guard) Release(ctx context.Context, s Slot) error { return g.store.Unlock(ctx, s) }

// Forget drops the reservation of a request that did nothing.
func (g *Guard) Forget(ctx context.Context, s Slot) error { return g.store.Forget(ctx, s) }

// row names the slot in the seal of its response.
func (s Slot) row() string {
	parts, _ := json.Marshal([]string{s.Scope.MerchantID, string(s.Scope.Environment), s.Method, s.Path, s.Key})
	return base64.RawURLEncoding.EncodeToString(parts)
}
