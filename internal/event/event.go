// Package event holds what the hub tells merchants about: facts that happened
// to their objects, written in the transaction of the change they tell of.
package event

import (
	"context"
	"encoding/json"
	"time"

	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
)

// Type names what happened, "payment_intent.succeeded".
type Type string

// The events of payments and refunds (contracts/hub.md), and of disputes.
const (
	PaymentCreated        Type = "payment_intent.created"
	PaymentRequiresAction Type = "payment_intent.requires_action"
	PaymentAuthorized     Type = "payment_intent.authorized"
	PaymentSucceeded      Type = "payment_intent.succeeded"
	PaymentFailed         Type = "payment_intent.failed"
	PaymentCanceled       Type = "payment_intent.canceled"
	RefundCreated         Type = "refund.created"
	RefundCompleted       Type = "refund.completed"
	RefundFailed          Type = "refund.failed"
	DisputeCreated        Type = "dispute.created"
	DisputeUpdated        Type = "dispute.updated"
	DisputeClosed         Type = "dispute.closed"
	// WebhookEndpointDisabled tells that an endpoint is told nothing any more because it
	// failed for too long or answered that it is gone.
	WebhookEndpointDisabled Type = "webhook_endpoint.disabled"
	// WebhookEndpointTest goes to the one endpoint that is tried.
	WebhookEndpointTest Type = "webhook_endpoint.test"
)

// Types lists the events that are told to whoever asks for them: all but the test.
var Types = []Type{
	PaymentCreated, PaymentRequiresAction, PaymentAuthorized, PaymentSucceeded, PaymentFailed, PaymentCanceled,
	RefundCreated, RefundCompleted, RefundFailed, DisputeCreated, DisputeUpdated, DisputeClosed, WebhookEndpointDisabled,
}

// KeptFor is how long events and their deliveries are kept.
const KeptFor = 30 * 24 * time.Hour

// Event is one fact. Object is the domain object as it was right after the
// change; each façade renders it in its own words.
type Event struct {
	ID        string
	Scope     merchant.Scope
	Type      Type
	ObjectID  string
	Object    json.RawMessage
	CreatedAt time.Time
}

// New makes an event about object, which must marshal to JSON.
func New(scope merchant.Scope, kind Type, objectID string, object any, at time.Time) (Event, error) {
	raw, err := json.Marshal(object)
	if err != nil {
		return Event{}, err
	}
	return Event{ID: id.New(id.Event), Scope: scope, Type: kind, ObjectID: objectID, Object: raw, CreatedAt: at}, nil
}

// Add appends an event to those of the same change. Its id sorts after theirs, so that
// they can be told in the order in which they happened.
func Add(to []Event, scope merchant.Scope, kind Type, objectID string, object any, at time.Time) ([]Event, error) {
	e, err := New(scope, kind, objectID, object, at)
	if err != nil {
		return nil, err
	}
	if len(to) > 0 {
		e.ID = id.NewAfter(id.Event, to[len(to)-1].ID)
	}
	return append(to, e), nil
}

// Filter selects events; empty fields select all.
type Filter struct {
	Type          Type
	ObjectID      string
	Limit         int    // 1 to 100
	StartingAfter string // older than this id
	EndingBefore  string // newer than this id
}

// Repository reads events. They are written only with the change they tell of.
type Repository interface {
	// FindEvent returns one event. Errors: fault.NotFound.
	FindEvent(ctx context.Context, scope merchant.Scope, eventID string) (Event, error)
	// ListEvents lists newest first, and whether there are more.
	ListEvents(ctx context.Context, scope merchant.Scope, filter Filter) ([]Event, bool, error)
}
