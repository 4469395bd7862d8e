package store

import (
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/clock"
	"paymenthub/internal/event"
	"paymenthub/internal/id"
	"paymenthub/internal/webhook"
)

// dispatcher is what makes the first attempts at the deliveries that this process writes.
type dispatcher struct {
	instance string
	clock    clock.Clock
	hand     func([]webhook.Task)
}

// DeliverThrough has the deliveries that this process writes handed to its dispatcher,
// named instance, as soon as they are committed. The clock is the dispatcher's: both
// judge by it until when a delivery is claimed. Without this they are left to the
// dispatchers of other processes.
func (s *Store) DeliverThrough(instance string, c clock.Clock, hand func([]webhook.Task)) {
	s.dispatcher.Store(&dispatcher{instance: instance, clock: c, hand: hand})
}

// outbox is what the events of one transaction are to be delivered as. A transaction
// may be run again: each run has an outbox of its own.
type outbox struct {
	through *dispatcher // nil: none
	tasks   []webhook.Task
}

func (s *Store) newOutbox() outbox { return outbox{through: s.dispatcher.Load()} }

// send hands what was claimed to the dispatcher, once the transaction is committed.
func (o *outbox) send() {
	if len(o.tasks) > 0 {
		o.through.hand(o.tasks)
	}
}

// hearing is an endpoint that may be told of an event, with the last delivery about the
// event's object that is pending there.
type hearing struct {
	Endpoint  endpointRow `gorm:"embedded"`
	PendingID string
	PendingBy string
}

// hearers reads the enabled endpoints of an event's scope.
const hearers = `SELECT e.*, COALESCE(p.id, '') AS pending_id, COALESCE(p.claimed_by, '') AS pending_by
	FROM webhook_endpoints e LEFT JOIN webhook_deliveries p ON p.id = (SELECT d.id FROM webhook_deliveries d
		WHERE d.endpoint_id = e.id AND d.object_id = ? AND d.status = 'pending' ORDER BY d.id DESC LIMIT 1)
	WHERE e.merchant_id = ? AND e.environment = ? AND e.disabled <> 'deleted' AND e.disabled = '' ORDER BY e.id`

// address writes deliveries of events to the endpoints that ask for them, in the events'
// own transaction. All events are of one scope.
func (o *outbox) address(tx *gorm.DB, events []event.Event) error {
	for _, e := range events {
		found := make([]hearing, 0, 1) // GORM makes room for 20 otherwise, also for none
		err := tx.Raw(hearers, e.ObjectID, e.Scope.MerchantID, string(e.Scope.Environment)).Scan(&found).Error
		if err != nil || len(found) == 0 {
			return err
		}
		if err := o.tell(tx, e, found); err != nil {
			return err
		}
	}
	return nil
}

// tell writes the deliveries of one event.
func (o *outbox) tell(tx *gorm.DB, e event.Event, found []hearing) error {
	now := e.CreatedAt // for a process without a dispatcher; those that take its rows have clocks of their own
	if o.through != nil {
		now = o.through.clock.Now()
	}
	names := map[webhook.Dialect][]string{}
	rows := make([]deliveryRow, 0, len(found))
	for _, h := range found {
		endpoint, err := h.Endpoint.endpoint()
		if err != nil {
			return err
		}
		called, known := names[endpoint.Dialect]
		if !known {
			called = endpoint.Dialect.Names(e)
			names[endpoint.Dialect] = called
		}
		name := endpoint.Name(called)
		if name == "" {
			continue
		}
		d := newDelivery(id.NewAfter(id.WebhookDelivery, h.PendingID), e, endpoint.ID, name)
		o.claim(&d, endpoint, h, now)
		if d.ClaimedBy != "" {
			o.tasks = append(o.tasks, webhook.Task{Delivery: d, Endpoint: endpoint, Event: e, After: h.PendingID})
		}
		rows = append(rows, newDeliveryRow(d))
	}
	_, err := insert(tx, "", rows...)
	return err
}

// newDelivery is the first round of an event's way to an endpoint.
func newDelivery(deliveryID string, e event.Event, endpointID, name string) webhook.Delivery {
	return webhook.Delivery{
		ID: deliveryID, Scope: e.Scope, EventID: e.ID, EndpointID: endpointID, ObjectID: e.ObjectID, Type: name,
		Status: webhook.Pending, Trigger: webhook.ByEvent, Round: 1, RoundStartedAt: e.CreatedAt, NextAttemptAt: e.CreatedAt,
		CreatedAt: e.CreatedAt, UpdatedAt: e.CreatedAt,
	}
}

// claim has the delivery made by this process, unless it must wait: for the end of the
// endpoint's pause, for the one message that is tried first after it, or for an earlier
// delivery that is not in this process's hands. Claim knows when it need not any more:
// nothing is rewritten then.
func (o *outbox) claim(d *webhook.Delivery, e webhook.Endpoint, h hearing, now time.Time) {
	switch {
	case o.through == nil, e.Health.Paused(now), e.Health.Probing(), h.PendingID != "" && h.PendingBy != o.through.instance:
		d.ClaimedUntil = now
	default:
		d.ClaimedBy, d.ClaimedUntil = o.through.instance, now.Add(webhook.ClaimFor)
	}
}
