package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/event"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

// Why something is not delivered again.
var (
	errDisabled  = fault.New(fault.InvalidState, "The webhook endpoint is disabled. Enable it first.")
	errDeleted   = fault.New(fault.InvalidState, "The webhook endpoint was deleted. Add another one.")
	errForgotten = fault.New(fault.InvalidState, "The event is kept no longer, so it cannot be delivered again.")
	errUnspoken  = fault.New(fault.InvalidState, "The dialect of the webhook endpoint has no name for this event. Send it to an endpoint of the dialect 'hub'.")
)

// rowsOf reads rows whose order and locks the statement says.
func rowsOf[R any](tx *gorm.DB, statement string, args ...any) (rows []R, err error) {
	err = tx.Raw(statement, args...).Scan(&rows).Error
	return rows, err
}

// Redeliver begins another round of a delivery, unless its attempt is pending or it
// retries. Errors: fault.NotFound; fault.InvalidState when its endpoint is disabled or
// deleted, its event is kept no longer, or it waits for the end of the endpoint's pause.
func (r Webhooks) Redeliver(ctx context.Context, scope merchant.Scope, deliveryID string, now time.Time) (d webhook.Delivery, err error) {
	err = r.store.transact(ctx, "redeliver webhook", func(tx *gorm.DB) error {
		rows, err := rowsOf[deliveryRow](tx, "SELECT * FROM webhook_deliveries WHERE id = ? AND merchant_id = ? AND environment = ?"+
			locking(tx, lockRows), deliveryID, scope.MerchantID, string(scope.Environment))
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return missing("webhook delivery", deliveryID)
		}
		endpoint, err := hearingOf(tx, scope, rows[0].EndpointID)
		if err != nil {
			return err
		}
		if _, err := one(within(tx, scope).Where("id = ?", rows[0].EventID), "event", rows[0].EventID, eventRow.event); err != nil {
			return otherwise(err, errForgotten)
		}
		d, err = asked(tx, rows[0], endpoint, now)
		return err
	})
	return d, err
}

// otherwise replaces fault.NotFound.
func otherwise(err, instead error) error {
	if fault.Is(err, fault.NotFound) {
		return instead
	}
	return err
}

// hearingOf reads an endpoint that is to be told something again. Errors: errDeleted,
// errDisabled.
func hearingOf(tx *gorm.DB, scope merchant.Scope, endpointID string) (webhook.Endpoint, error) {
	e, err := one(endpointsWithin(tx, scope).Where("id = ?", endpointID), "webhook endpoint", endpointID, endpointRow.endpoint)
	if err != nil {
		return e, otherwise(err, errDeleted)
	}
	if !e.Enabled() {
		return e, errDisabled
	}
	return e, nil
}

// again begins another round of a delivery that has ended.
func again(tx *gorm.DB, d webhook.Delivery, now time.Time) (webhook.Delivery, error) {
	d = d.Again(now)
	row := newDeliveryRow(d)
	_, err := update(tx, row.TableName(), row.changes(), "id = ?", d.ID)
	return d, err
}

// asked begins another round of a delivery that somebody asks for, where it has ended. What
// waits for the end of its endpoint's pause cannot be sent sooner, and that is said.
func asked(tx *gorm.DB, row deliveryRow, endpoint webhook.Endpoint, now time.Time) (webhook.Delivery, error) {
	d, err := row.delivery()
	switch {
	case err != nil:
		return d, err
	case d.Status.Ended():
		return again(tx, d, now)
	case d.Status == webhook.Pending && endpoint.Health.Paused(now):
		return d, fault.New(fault.InvalidState, "The webhook endpoint is paused after failures. The message is sent after the pause, which ends at %s.",
			endpoint.Health.PausedUntil.UTC().Format(time.RFC3339))
	}
	return d, nil
}

// afresh is a delivery that nobody has made, though the event is older. Its id comes
// after another one: what is made of several events is sent in the order of their ids.
func afresh(e event.Event, after, endpointID, name string, now time.Time) webhook.Delivery {
	d := newDelivery(id.NewAfter(id.WebhookDelivery, after), e, endpointID, name)
	d.Trigger, d.ClaimedUntil = webhook.ByRedelivery, now
	d.RoundStartedAt, d.NextAttemptAt, d.CreatedAt, d.UpdatedAt = now, now, now, now
	return d
}

// Address makes the delivery of an event to an endpoint where there is none, also when
// the endpoint does not ask for such events, else it is Redeliver of the one there is.
// Errors: fault.NotFound; fault.InvalidState as with Redeliver, and when the endpoint's
// dialect has no name for the event.
func (r Webhooks) Address(ctx context.Context, scope merchant.Scope, eventID, endpointID string, now time.Time) (d webhook.Delivery, err error) {
	err = r.store.transact(ctx, "address webhook", func(tx *gorm.DB) error {
		told, err := one(within(tx, scope).Where("id = ?", eventID), "event", eventID, eventRow.event)
		if err != nil {
			return err
		}
		if _, err := one(endpointsWithin(tx, scope).Where("id = ?", endpointID), "webhook endpoint", endpointID, endpointRow.endpoint); err != nil {
			return err
		}
		endpoint, err := hearingOf(tx, scope, endpointID)
		if err != nil {
			return err
		}
		names := endpoint.Dialect.Names(told)
		if len(names) == 0 {
			return errUnspoken
		}
		name := endpoint.Name(names)
		if name == "" {
			name = names[0]
		}
		d = afresh(told, "", endpointID, name, now)
		written, err := insert(tx, "ON CONFLICT (event_id, endpoint_id) DO NOTHING", newDeliveryRow(d))
		if err != nil || written == 1 {
			return err
		}
		rows, err := rowsOf[deliveryRow](tx, "SELECT * FROM webhook_deliveries WHERE event_id = ? AND endpoint_id = ?"+locking(tx, lockRows), eventID, endpointID)
		if err != nil {
			return err
		}
		if len(rows) == 0 { // removed in this moment, with its event
			return errForgotten
		}
		d, err = asked(tx, rows[0], endpoint, now)
		return err
	})
	return d, err
}

// AddTest stores a test event and its delivery to the one endpoint that is tried, claimed
// by this process, and returns it as stored. Errors: webhook.ErrTaken when the delivery's
// id is, in any scope.
func (r Webhooks) AddTest(ctx context.Context, e event.Event, d webhook.Delivery) (webhook.Delivery, error) {
	d.ClaimedUntil = d.CreatedAt
	if through := r.store.dispatcher.Load(); through != nil {
		d.ClaimedBy, d.ClaimedUntil = through.instance, through.clock.Now().Add(webhook.ClaimFor)
	}
	err := r.store.transact(ctx, "add webhook test", func(tx *gorm.DB) error {
		if _, err := insert(tx, "", newEventRow(e)); err != nil {
			return err
		}
		written, err := insert(tx, "ON CONFLICT (id) DO NOTHING", newDeliveryRow(d))
		return atLeastOne(written, err, webhook.ErrTaken)
	})
	return d, err
}
