package store

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

// tasks reads what attempts at deliveries need. gone are those whose event is kept no
// longer. One that cannot be read is left out, and the error says so.
func (r Webhooks) tasks(ctx context.Context, rows []deliveryRow) (found []webhook.Task, gone []deliveryRow, err error) {
	ids, asking := make([]string, 0, len(rows)), make([]string, 0, len(rows))
	for _, row := range rows {
		ids, asking = append(ids, row.ID), append(asking, row.EndpointID)
	}
	events, endpoints := map[string]eventRow{}, map[string]endpointRow{}
	err = r.store.view(ctx, "read what webhook deliveries tell", func(db *gorm.DB) error {
		var told []eventRow
		err := db.Raw(`SELECT e.* FROM webhook_deliveries d
			JOIN events e ON e.merchant_id = d.merchant_id AND e.environment = d.environment AND e.id = d.event_id
			WHERE d.id IN `+members(db), listed(ids)).Scan(&told).Error
		if err != nil {
			return err
		}
		for _, row := range told {
			events[row.ID] = row
		}
		var asked []endpointRow
		err = db.Raw("SELECT * FROM webhook_endpoints WHERE id IN "+members(db), listed(asking)).Scan(&asked).Error
		for _, row := range asked {
			endpoints[row.ID] = row
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	var failed []error
	for _, row := range rows {
		told, kept := events[row.EventID]
		if !kept {
			gone = append(gone, row)
			continue
		}
		task, err := newTask(row, endpoints[row.EndpointID], told)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s to %s: %w", row.ID, row.EndpointID, err))
			continue
		}
		found = append(found, task)
	}
	return found, gone, translate("read what webhook deliveries tell", errors.Join(failed...))
}

func newTask(row deliveryRow, asked endpointRow, told eventRow) (t webhook.Task, err error) {
	if t.Delivery, err = row.delivery(); err != nil {
		return t, err
	}
	if t.Endpoint, err = asked.endpoint(); err != nil {
		return t, err
	}
	t.Event, err = told.event()
	return t, err
}

// Tasks returns several deliveries of the scope with what they tell, in any order, without
// those whose event is kept no longer.
func (r Webhooks) Tasks(ctx context.Context, scope merchant.Scope, deliveryIDs []string) ([]webhook.Task, error) {
	if len(deliveryIDs) == 0 {
		return nil, nil
	}
	var rows []deliveryRow
	err := r.store.view(ctx, "read webhook deliveries", func(db *gorm.DB) error {
		return within(db, scope).Where("id IN "+members(db), listed(deliveryIDs)).Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	found, _, err := r.tasks(ctx, rows)
	return found, err
}

// Task returns a delivery with what an attempt needs. What a deleted endpoint was to be
// told is canceled, also before it is written down. Errors: fault.NotFound when delivery
// or event is gone.
func (r Webhooks) Task(ctx context.Context, deliveryID string) (webhook.Task, error) {
	var row deliveryRow
	err := r.store.view(ctx, "read webhook delivery", func(db *gorm.DB) (err error) {
		row, err = one(db.Where("id = ?", deliveryID), "webhook delivery", deliveryID, func(row deliveryRow) (deliveryRow, error) { return row, nil })
		return err
	})
	if err != nil {
		return webhook.Task{}, err
	}
	found, _, err := r.tasks(ctx, []deliveryRow{row})
	if err == nil && len(found) == 0 {
		err = missing("webhook delivery with an event", deliveryID)
	}
	if err != nil {
		return webhook.Task{}, err
	}
	t := found[0]
	if t.Endpoint.Disabled == webhook.Deleted && !t.Delivery.Status.Ended() {
		t.Delivery = t.Delivery.Abandoned(t.Endpoint.DisabledAt)
	}
	return t, nil
}
