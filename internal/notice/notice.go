// Package notice tells merchants what they should know and did not ask for: it is kept
// to be read, and mailed to those who gave an address.
package notice

import (
	"context"
	"time"

	"paymenthub/internal/merchant"
)

// EndpointDisabled is the kind of notice that tells that a webhook endpoint is told
// nothing any more, because it failed for too long or answered that it is gone.
const EndpointDisabled = "webhook_endpoint.disabled"

// Notice is one thing that a merchant should know.
type Notice struct {
	ID        string // ntc_…
	Scope     merchant.Scope
	Kind      string
	ObjectID  string // of what it is about
	Text      string // for people
	CreatedAt time.Time
	MailedAt  time.Time // zero: it did not go out by mail
}

// Page asks for Limit rows (1 to 100) beside a row's id, newest first. At most one of
// the cursors is set.
type Page struct {
	Limit         int
	StartingAfter string
	EndingBefore  string
}

// Repository reads notices. They are written with the change that they tell of.
type Repository interface {
	// ListNotices lists newest first, and whether there are more.
	ListNotices(ctx context.Context, scope merchant.Scope, p Page) ([]Notice, bool, error)
}
