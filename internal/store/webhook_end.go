package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/event"
	"paymenthub/internal/webhook"
)

// Why deliveries ended that no attempt was made of.
const (
	whyForgotten = "Its event is kept no longer."
	whyCanceled  = "The endpoint was deleted."
)

// cancelAtOnce is how many deliveries one transaction cancels, and cancelBatches how many
// transactions whoever deletes an endpoint waits for.
const (
	cancelAtOnce  = 500
	cancelBatches = 4
)

// ending lists the columns of deliveries that end without an attempt.
func ending(s webhook.Status, why string, now time.Time) []column {
	return []column{
		{"status", string(s)}, {"why", why}, {"next_attempt_at", nil}, {"claimed_by", ""}, {"claimed_until", nil}, {"revive_at", nil},
		{"ended_at", at(now)}, {"updated_at", at(now)},
	}
}

// endLate ends deliveries that nobody has and that come too late.
func (r Webhooks) endLate(ctx context.Context, of map[webhook.Dialect][]string, now time.Time) error {
	for dialect, ids := range of {
		if len(ids) == 0 {
			continue
		}
		end, _ := webhook.Delivery{}.Late(dialect, now) // whatever has not begun is late
		err := r.store.transact(ctx, "end late webhook deliveries", func(tx *gorm.DB) error {
			_, err := update(tx, deliveryRow{}.TableName(), ending(end.Status, end.Why, now), `id IN (SELECT id FROM webhook_deliveries
				WHERE id IN `+members(tx)+` AND status = 'pending' AND claimed_until <= ?`+locking(tx, lockFree)+`)`, listed(ids), at(now))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// endForgotten ends claimed deliveries without an event, as when they were asked for
// again in the moment that it was removed.
func (r Webhooks) endForgotten(ctx context.Context, rows []deliveryRow, by string, now time.Time) error {
	if len(rows) == 0 {
		return nil
	}
	ids := make([]string, 0, len(rows))
	for _, row := range rows {
		ids = append(ids, row.ID)
	}
	return r.store.transact(ctx, "end forgotten webhook deliveries", func(tx *gorm.DB) error {
		_, err := update(tx, deliveryRow{}.TableName(), ending(webhook.Failed, whyForgotten, now), `id IN (SELECT id FROM webhook_deliveries
			WHERE id IN `+members(tx)+` AND status = 'pending' AND claimed_by = ?`+locking(tx, lockRows)+`)`, listed(ids), by)
		return err
	})
}

// CancelDeleted cancels up to limit deliveries that deleted endpoints were to be told,
// and returns how many. Those that an attempt is being recorded of are left for later.
// Of endpoints that were deleted before all events that are kept there is nothing left.
func (r Webhooks) CancelDeleted(ctx context.Context, now time.Time, limit int) (int64, error) {
	return r.cancel(ctx, "SELECT d.id FROM webhook_endpoints e JOIN webhook_deliveries d ON d.endpoint_id = e.id"+
		" WHERE e.disabled = 'deleted' AND e.disabled_at > ? AND d.status IN ('pending', 'retrying') AND d.status <> 'succeeded' LIMIT ?",
		now, at(now.Add(-2*event.KeptFor)), limit)
}

// cancelOf cancels what a deleted endpoint was to be told: the first of it.
func (r Webhooks) cancelOf(ctx context.Context, endpointID string, now time.Time) error {
	for range cancelBatches {
		canceled, err := r.cancel(ctx, "SELECT d.id FROM webhook_deliveries d WHERE d.endpoint_id = ?"+
			" AND d.status IN ('pending', 'retrying') AND d.status <> 'succeeded' LIMIT ?", now, endpointID, cancelAtOnce)
		if err != nil || canceled < cancelAtOnce {
			return err
		}
	}
	return nil
}

// cancel cancels the deliveries that a statement finds, but for those that are locked.
func (r Webhooks) cancel(ctx context.Context, which string, now time.Time, args ...any) (canceled int64, err error) {
	err = r.store.transact(ctx, "cancel webhook deliveries", func(tx *gorm.DB) (err error) {
		canceled, err = update(tx, deliveryRow{}.TableName(), ending(webhook.Canceled, whyCanceled, now),
			"id IN ("+which+locking(tx, " FOR NO KEY UPDATE OF d SKIP LOCKED")+")", args...)
		return err
	})
	return canceled, err
}
