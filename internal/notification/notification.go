// Package notification keeps what payment providers tell the hub unasked: their
// webhooks. Each is stored, as it came, before the provider is told that it
// arrived; it then makes the payment's workflow look, and what the hub cannot
// reconcile with its own records is kept for an operator and never applied.
package notification

import (
	"context"
	"net/http"
	"time"

	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// Status is what became of a notification.
type Status string

// The states. The hub moves a notification once, out of the first; an operator
// closes what was raised.
const (
	Received Status = "received" // stored, not yet applied
	Applied  Status = "applied"  // the hub knows what it tells
	Ignored  Status = "ignored"  // it concerns nothing that the hub keeps
	Raised   Status = "raised"   // it contradicts the hub's records: an operator must look
	Closed   Status = "closed"   // an operator has looked
)

// Notification is one webhook of a provider.
type Notification struct {
	ID          string // gwn_…
	Environment merchant.Environment
	Gateway     string
	EventID     string // the provider's; unique per environment and gateway
	Type        string // the provider's word
	Notice      payment.Notice
	KeyVersion  int
	// Sealed is the body as it came: providers put personal data into it. It is empty of
	// what is ignored at a merchant's own account.
	Sealed     []byte
	Status     Status
	Why        string // it was raised, and what the operator noted
	MerchantID string // "" until its payment is found
	PaymentID  string
	ReceivedAt time.Time
	UpdatedAt  time.Time
	DueAt      time.Time // when it is to be applied, or tried again; zero when final
}

// Filter selects notifications; empty fields select all.
type Filter struct {
	Status        Status
	PaymentID     string
	StartingAfter string // older than this id
	Limit         int    // 1 to 100
}

// Repository keeps notifications.
type Repository interface {
	// Keep stores a notification unless its event is stored already, and returns
	// the one that is stored and whether it is n.
	Keep(ctx context.Context, n Notification) (kept Notification, first bool, err error)
	// Find returns a notification. Errors: fault.NotFound.
	Find(ctx context.Context, notificationID string) (Notification, error)
	// Settle moves a received notification to a final state, with Why,
	// MerchantID, PaymentID and UpdatedAt of n, and with its body when it is ignored.
	// One that is final already stays as it is.
	Settle(ctx context.Context, n Notification) error
	// Close moves a raised notification to closed, with the operator's note, and
	// reports whether there was one.
	Close(ctx context.Context, notificationID, note string, at time.Time) (bool, error)
	// Postpone says when a received notification is to be tried again.
	Postpone(ctx context.Context, notificationID string, until time.Time) error
	// Due returns up to limit received notifications whose DueAt has passed, or
	// lies after beyond, oldest first.
	Due(ctx context.Context, now, beyond time.Time, limit int) ([]Notification, error)
	// List returns notifications newest first, and whether there are more.
	List(ctx context.Context, f Filter) ([]Notification, bool, error)
	// DeleteOld removes up to limit applied, ignored and closed notifications that
	// were received before the time.
	DeleteOld(ctx context.Context, before time.Time, limit int) (int64, error)
}

// Reader checks and reads what a provider sends.
type Reader interface {
	// ReadNotification checks the provider's signature over the body as it came
	// and says what it tells. Errors: fault.Unauthenticated when the signature is
	// missing, wrong or too old; fault.Invalid when the body cannot be read.
	ReadNotification(header http.Header, body []byte, now time.Time) (payment.Notice, error)
}

// Sealer seals bodies.
type Sealer interface {
	SealBytes(plain []byte, id string) (version int, sealed []byte)
	OpenBytes(version int, sealed []byte, id string) ([]byte, error)
}
