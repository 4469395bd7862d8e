package webhook

import (
	"context"
	"errors"
	"time"

	"paymenthub/internal/event"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
)

// ErrStale is returned when a record has changed since it was read.
var ErrStale = errors.New("webhook: the record has changed since it was read")

// ErrTaken is returned when an id is to be given a second time, to something else.
var ErrTaken = fault.New(fault.IdempotencyConflict, "This request was made already, with other contents. Send it again as a new one.")

// Page asks for Limit rows (1 to 100) beside a row's id, newest first. At most one of
// the cursors is set.
type Page struct {
	Limit         int
	StartingAfter string
	EndingBefore  string
}

// DeliveryFilter selects deliveries. EventID or EndpointID, or neither, is set; other
// empty fields select all.
type DeliveryFilter struct {
	EventID    string
	EndpointID string
	Status     Status
	Type       string
	Page       Page
}

// Bucket is how many attempts at an endpoint ended in one stretch of time.
type Bucket struct {
	EndpointID string
	At         time.Time // its beginning, a multiple of BucketLength
	Succeeded  int
	Failed     int
	Took       time.Duration // of all attempts together
}

// BucketLength is the stretch of time that attempts are counted in.
const BucketLength = 5 * time.Minute

// Endpoints keeps endpoints. store.Webhooks is it and the other ports.
type Endpoints interface {
	// CreateEndpoint stores a new endpoint. Errors: fault.InvalidState when the scope has
	// MaxEndpoints, also when several come at once; ErrTaken when its id is, in any scope.
	CreateEndpoint(ctx context.Context, e Endpoint) error
	// Endpoint returns one endpoint. Errors: fault.NotFound, also for a deleted one.
	Endpoint(ctx context.Context, scope merchant.Scope, endpointID string) (Endpoint, error)
	// ListEndpoints lists newest first, and whether there are more.
	ListEndpoints(ctx context.Context, scope merchant.Scope, p Page) ([]Endpoint, bool, error)
	// UpdateEndpoint stores what the merchant has changed: all but Health, which is reset
	// where the endpoint was enabled or got another URL. Errors: ErrStale unless the
	// stored Version is one less, fault.NotFound.
	UpdateEndpoint(ctx context.Context, e Endpoint) error
	// DeleteEndpoint removes an endpoint for good, its sealed part with it. It is told
	// nothing from then on; what is not delivered yet is canceled, where there is much of it
	// by CancelDeleted, and deliveries stay to be looked at. Errors: fault.NotFound.
	DeleteEndpoint(ctx context.Context, scope merchant.Scope, endpointID string, now time.Time) error
	// Activity returns the buckets of a scope's endpoints, or of one of them, from a time
	// on, oldest first.
	Activity(ctx context.Context, scope merchant.Scope, endpointID string, from time.Time) ([]Bucket, error)
}

// Deliveries keeps deliveries to be looked at.
type Deliveries interface {
	// Delivery returns one delivery. Errors: fault.NotFound.
	Delivery(ctx context.Context, scope merchant.Scope, deliveryID string) (Delivery, error)
	// ListDeliveries lists newest first, and whether there are more.
	ListDeliveries(ctx context.Context, scope merchant.Scope, f DeliveryFilter) ([]Delivery, bool, error)
	// Attempts returns a delivery's attempts, oldest first.
	Attempts(ctx context.Context, scope merchant.Scope, deliveryID string) ([]Attempt, error)
	// LastAttempts returns, by delivery id, the last attempt of each of several deliveries of
	// the scope as they were read: one that was made since is not told of. What was not
	// tried has none.
	LastAttempts(ctx context.Context, scope merchant.Scope, of []Delivery) (map[string]Attempt, error)
	// Tasks returns several deliveries of the scope with what they tell, in any order,
	// without those whose event is kept no longer.
	Tasks(ctx context.Context, scope merchant.Scope, deliveryIDs []string) ([]Task, error)
	// Redeliver begins another round of a delivery, unless its attempt is pending or it
	// retries, and returns it as it stands. Errors: fault.NotFound; fault.InvalidState
	// when its endpoint is disabled or deleted, its event is kept no longer, or it is pending
	// and its endpoint paused.
	Redeliver(ctx context.Context, scope merchant.Scope, deliveryID string, now time.Time) (Delivery, error)
	// Address makes the delivery of an event to an endpoint where there is none, pending
	// and to be claimed, by the name that the endpoint asks for or else the most fitting;
	// where there is one it is Redeliver. Errors: those of Redeliver; fault.InvalidState
	// when the dialect has no word for the event.
	Address(ctx context.Context, scope merchant.Scope, eventID, endpointID string, now time.Time) (Delivery, error)
	// AddTest stores a test event and its delivery, claimed by this process, and returns it
	// as stored. Errors: ErrTaken when the delivery's id is, in any scope.
	AddTest(ctx context.Context, e event.Event, d Delivery) (Delivery, error)
}

// Result is an attempt at a delivery and the delivery as it was before it. Attempt is
// nil where the delivery ended without one (Late, Refused).
type Result struct {
	Before  Delivery
	Attempt *Attempt
	Version int // of the endpoint, as the attempt was begun
	After   Delivery
}

// ClaimFor is how long a process has a delivery to itself before others may take it.
const ClaimFor = 30 * time.Second

// Queue is the deliveries on their way: what the dispatcher and the retries work with.
type Queue interface {
	// Claim takes pending deliveries whose claim has passed for the process until a time:
	// of each endpoint that is not paused up to perEndpoint, oldest first, and one where
	// it is Probing and nobody has one; of one object's to an endpoint the oldest pending
	// alone. Deliveries of disabled endpoints come too, to be refused, those of deleted ones
	// never. Late ones are ended instead, whatever the endpoint's health. An error may come
	// with tasks: they are claimed, and the error is of others.
	Claim(ctx context.Context, by string, now, until time.Time, perEndpoint, limit int) ([]Task, error)
	// Renew keeps the claims of the process on pending deliveries, and returns which it has
	// kept. The others are another's or have ended, or are being recorded at this moment.
	Renew(ctx context.Context, by string, deliveryIDs []string, until time.Time) ([]string, error)
	// Release gives claims up: any process may take the deliveries from the time on. That
	// is now for those of a paused endpoint: Claim knows when its pause ends.
	Release(ctx context.Context, by string, deliveryIDs []string, from time.Time) error
	// Record writes what came of attempts in one transaction: delivery, attempt, health
	// of the endpoint, activity; and disables endpoints that answered 410 or are GivenUp,
	// with the event and the notice of it. A result whose delivery has moved on since is left out.
	// It returns the results that were written. Where somebody else holds an endpoint its
	// health is written afterwards, or after the next attempt.
	Record(ctx context.Context, now time.Time, results []Result) ([]Result, error)
	// Task returns a delivery with what an attempt needs, whatever its state; that of a
	// deleted endpoint is Canceled, unless it had ended. Errors: fault.NotFound when delivery
	// or event is gone.
	Task(ctx context.Context, deliveryID string) (Task, error)
	// Refresh reads endpoints again, also disabled ones; of a deleted one nothing but that
	// it is Deleted matters.
	Refresh(ctx context.Context, endpointIDs []string) ([]Endpoint, error)
	// Waiting returns up to limit retrying deliveries whose next attempt was due before
	// the time: their workflow was lost. Postpone hides one of them until a time.
	Waiting(ctx context.Context, before time.Time, limit int) ([]Delivery, error)
	Postpone(ctx context.Context, deliveryID string, until time.Time) error
	// CancelDeleted cancels up to limit deliveries that deleted endpoints were to be told,
	// and returns how many.
	CancelDeleted(ctx context.Context, now time.Time, limit int) (int64, error)
	// DeleteOld removes up to limit events that happened before the time, with their
	// deliveries and attempts, oldest first; and activity of that age.
	DeleteOld(ctx context.Context, before time.Time, limit int) (int64, error)
}

// Renderer renders the body of a message: a delivery's event in the words of a dialect.
type Renderer interface {
	Render(d Dialect, name string, e event.Event) ([]byte, error)
}

// Sender makes one request to an endpoint. It never fails: what went wrong is in the attempt.
type Sender interface {
	// Send fills all of the attempt but DeliveryID, Number and Round.
	Send(ctx context.Context, url string, header []Header, masked []string, body []byte) Attempt
}

// Header is one line of a request's header.
type Header struct{ Name, Value string }

// Retrier carries a delivery on from its first failed attempt.
type Retrier interface {
	// StartRetries starts the workflow of the delivery's round, or finds it.
	StartRetries(ctx context.Context, d Delivery) error
	// AttemptNow has the workflow of a retrying delivery make an attempt at once; the next
	// one of its schedule keeps its time.
	AttemptNow(ctx context.Context, d Delivery) error
}
