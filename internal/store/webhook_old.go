package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/webhook"
)

// Waiting returns up to limit retrying deliveries whose next attempt was due before the
// time, or that were postponed to before it, the longest overdue first.
func (r Webhooks) Waiting(ctx context.Context, before time.Time, limit int) (found []webhook.Delivery, err error) {
	err = r.store.view(ctx, "list lost webhook deliveries", func(db *gorm.DB) error {
		var rows []deliveryRow
		err := db.Where("revive_at IS NOT NULL AND revive_at < ?", at(before)).Order("revive_at, id").Limit(limit).Find(&rows).Error
		if err != nil {
			return err
		}
		found, err = convert(rows, deliveryRow.delivery)
		return err
	})
	return found, err
}

// Postpone hides a retrying delivery from Waiting until a time. When its next attempt
// is made stays as it is.
func (r Webhooks) Postpone(ctx context.Context, deliveryID string, until time.Time) error {
	return r.store.write(ctx, "postpone webhook delivery", func(db *gorm.DB) error {
		_, err := update(db, deliveryRow{}.TableName(), []column{{"revive_at", at(until)}},
			"id = ? AND revive_at IS NOT NULL AND revive_at < ?", deliveryID, at(until))
		return err
	})
}

// oldEvent is an event past its time.
type oldEvent struct{ ID, MerchantID, Environment string }

// DeleteOld removes up to limit events that happened before the time, with their
// deliveries and attempts, oldest first, and as many notices, ended replays and buckets
// of activity of that age. It returns how many events there were.
func (r Webhooks) DeleteOld(ctx context.Context, before time.Time, limit int) (deleted int64, err error) {
	err = r.store.transact(ctx, "delete old events", func(tx *gorm.DB) error {
		var old []oldEvent
		err := tx.Raw("SELECT id, merchant_id, environment FROM events WHERE created_at < ? ORDER BY created_at LIMIT ?", at(before), limit).Scan(&old).Error
		if err != nil {
			return err
		}
		ids := make([]string, 0, len(old))
		for _, e := range old {
			ids = append(ids, e.ID)
		}
		slices.SortFunc(old, func(a, b oldEvent) int { return strings.Compare(a.ID, b.ID) }) // as by everyone who does the same
		err = tx.Exec("DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE event_id IN "+members(tx)+
			locking(tx, " ORDER BY id FOR UPDATE")+")", listed(ids)).Error
		if err != nil {
			return err
		}
		deleted = 0
		for _, e := range old {
			done := tx.Exec("DELETE FROM events WHERE merchant_id = ? AND environment = ? AND id = ?", e.MerchantID, e.Environment, e.ID)
			if done.Error != nil {
				return done.Error
			}
			deleted += done.RowsAffected
		}
		return deleteOldTraces(tx, before, limit)
	})
	return deleted, err
}

// deleteOldTraces removes what else is kept no longer than events, and leaves what is
// being written for later.
func deleteOldTraces(tx *gorm.DB, before time.Time, limit int) error {
	for _, statement := range []string{
		"DELETE FROM notices WHERE id IN (SELECT id FROM notices WHERE created_at < ? ORDER BY created_at LIMIT ?%s)",
		"DELETE FROM webhook_replays WHERE id IN (SELECT id FROM webhook_replays WHERE ended_at IS NOT NULL AND ended_at < ? ORDER BY ended_at LIMIT ?%s)",
		"DELETE FROM webhook_activity WHERE (endpoint_id, at) IN (SELECT endpoint_id, at FROM webhook_activity WHERE at < ? ORDER BY at LIMIT ?%s)",
	} {
		if err := tx.Exec(fmt.Sprintf(statement, locking(tx, " FOR UPDATE SKIP LOCKED")), at(before), limit).Error; err != nil {
			return err
		}
	}
	return nil
}
