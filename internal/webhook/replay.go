package webhook

import (
	"context"
	"time"

	"paymenthub/internal/merchant"
)

// ReplayKind says what a replay sends again.
type ReplayKind string

// The kinds of replays.
const (
	ReplayFailed ReplayKind = "failed" // deliveries that failed since From, for good or to be tried again
	ReplayRange  ReplayKind = "range"  // every event from From to To that the endpoint asks for, delivered before or not
)

// ReplayStatus is where a replay is.
type ReplayStatus string

// The states of a replay.
const (
	ReplayRunning   ReplayStatus = "running"
	ReplayCompleted ReplayStatus = "completed" // everything was queued
	ReplayStopped   ReplayStatus = "stopped"   // its endpoint was disabled or deleted
)

// ReplayRate is how many deliveries a replay queues in a second.
const ReplayRate = 50

// Replay has many deliveries to an endpoint begin again, and those that wait for their next
// attempt attempted now. The workflow queues them in
// pages, oldest first, and writes down where it is.
type Replay struct {
	ID         string // whr_…
	Scope      merchant.Scope
	EndpointID string
	Kind       ReplayKind
	From, To   time.Time
	Status     ReplayStatus
	Total      int    // deliveries or events that were there when it began; in a range, those of all types
	Seen       int    // of Total, looked at so far
	Queued     int    // deliveries begun again, or attempted before their time
	Cursor     string // id of the last delivery or event seen
	CreatedAt  time.Time
	UpdatedAt  time.Time
	EndedAt    time.Time
}

// Replays keeps replays.
type Replays interface {
	// CreateReplay counts what there is to send again and stores the replay with it. One
	// that is stored already is returned as it is. Errors: fault.NotFound for the
	// endpoint, fault.InvalidState when it is disabled or the scope has a replay running.
	CreateReplay(ctx context.Context, r Replay) (Replay, error)
	// Replay returns one replay. Errors: fault.NotFound.
	Replay(ctx context.Context, scope merchant.Scope, replayID string) (Replay, error)
	ListReplays(ctx context.Context, scope merchant.Scope, endpointID string, p Page) ([]Replay, bool, error)
	// Advance queues the next page of up to limit, and returns the replay after it and those
	// of the page that retry, which are to be attempted now: they are Waiting from then on. It
	// is one transaction: sent again, it goes on from where it is.
	Advance(ctx context.Context, replayID string, limit int, now time.Time) (Replay, []Delivery, error)
	// StaleReplays returns running replays not touched since a time: their workflow was lost.
	StaleReplays(ctx context.Context, before time.Time, limit int) ([]Replay, error)
}

// Replayer starts the workflow of a replay.
type Replayer interface {
	StartReplay(ctx context.Context, r Replay) error
}
